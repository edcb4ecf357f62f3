"""Writes Python from the table of lanes: for each vector operation, a function that writes the operations on lanes.

f32x4.pmin a b = select b a (f32.lt b a) : 620 50

def _f32x4_pmin(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("select", F32, y, x, writer.add("f32.lt", I32, y, x)) for x, y in zip(a, b, strict=True)]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from wasmz.ir.facts import OPS
from wasmz.passes.rules.lane_support import COUNTS, VECTOR_SHAPES
from wasmz.passes.rules.table import Item, Node, parse_result
from wasmz.types import ValType
from wasmz.wasm.instructions import BY_NAME

_HEADER = '''"""Made from lanes.rules by ``python -m wasmz.passes.rules.generate``: change that file, not this one."""

from __future__ import annotations

from collections.abc import Sequence

from wasmz.ir.nodes import Value
from wasmz.passes.rules.lane_support import NONE, Operand, Rule, Writer
from wasmz.types import ValType

I32, I64, F32, F64 = ValType.I32, ValType.I64, ValType.F32, ValType.F64
'''
_SCALAR = "n"
# The variables for lanes of the vectors a, b and c in the generated function.
_LANES = {"a": "x", "b": "y", "c": "z"}


class LaneRule(NamedTuple):
    """A rule for one vector operation, with the names of operations in full.

    Attributes:
        op: the vector operation.
        operands: their names.
        result: what a lane of the result is.
        costs: those of the vector operation, and of each lane.
        text: the line of the table.
    """

    op: str
    operands: tuple[str, ...]
    result: Node
    costs: tuple[int, int]
    text: str

    @property
    def shapes(self) -> tuple[str, ...]:
        """For each operand the type of its lanes, or empty for a number."""
        found = dict(_shapes(self.result))
        return tuple(found[name] if name != _SCALAR else "" for name in self.operands)


def parse_lane_rules(text: str) -> Iterator[LaneRule]:
    """The rules of the table, in order."""
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        rule, _, costs = line.partition(" : ")
        left, _, right = rule.partition(" = ")
        heads, *operands = left.split()
        shape, _, kinds = heads.partition(".")
        whole, each = map(int, costs.split())
        for kind in kinds.split("|"):
            result = parse_result(right.replace("$", kind))
            if f"{shape}.{kind}" not in OPS or result.ops[0] not in OPS:
                raise ValueError(f"no rule: {line}")
            yield LaneRule(f"{shape}.{kind}", tuple(operands), result, (whole, each), line)


def _shapes(node: Node) -> Iterator[tuple[str, str]]:
    """The operands in a result, with the types that it needs."""
    row = BY_NAME[node.ops[0]]
    for number, item in enumerate(node.args):
        if isinstance(item, Node):
            yield from _shapes(item)
        elif isinstance(item, str) and row.params is not None:
            yield item, str(row.params[number])


def render_lanes(text: str) -> str:
    """The Python of the table."""
    rules = list(parse_lane_rules(text))
    lines = [_HEADER.rstrip()]
    table = ["", "", "RULES: dict[str, Rule] = {"]
    for rule in rules:
        name = "_" + rule.op.replace(".", "_")
        lines += ["", "", f"def {name}(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:"]
        lines += [f"    {line}" for line in _body(rule)]
        shapes = ", ".join(f'"{shape}"' if shape else "NONE" for shape in rule.shapes)
        result = VECTOR_SHAPES[rule.op.partition(".")[0]]
        table.append(
            f'    "{rule.op}": Rule(({shapes},), "{_shape_of(rule, result)}", {name}, '
            f"{rule.costs[0]}, {rule.costs[1]}),"
        )
    return "\n".join([*lines, *table, "}"]) + "\n"


def _shape_of(rule: LaneRule, shape: str) -> str:
    """The shape of the result's lanes: for comparisons, integers with all bits set or zero."""
    return shape.replace("f", "i") if OPS[rule.result.ops[0]].compares else shape


def _body(rule: LaneRule) -> Iterator[str]:
    vectors = [name for name, shape in zip(rule.operands, rule.shapes, strict=True) if shape]
    shape = VECTOR_SHAPES[rule.op.partition(".")[0]]
    names = dict(_LANES)
    yield f"{', '.join(rule.operands)} = args" if len(rule.operands) > 1 else f"{rule.operands[0]} = args[0]"
    for number, node in enumerate(_unvarying(rule.result)):
        # Values that are the same for all lanes are written once.
        names[str(node)] = f"same{number}"
        if isinstance(node, int):
            yield f'same{number} = writer.constant("{OPS[rule.result.ops[0]].type}", {node})'
        else:
            yield f"same{number} = {_written(node, shape, {_SCALAR: _SCALAR})}"
    given = COUNTS[next(wanted for wanted in rule.shapes if wanted)]
    count = COUNTS[shape]
    variables = ", ".join(_LANES[name] for name in vectors)
    lanes = f"zip({', '.join(vectors)}, strict=True)" if len(vectors) > 1 else vectors[0]
    if given > count:
        lanes += f"[:{count}]"
    written = f"[{_written(rule.result, shape, names)} for {variables} in {lanes}]"
    if OPS[rule.result.ops[0]].compares:
        yield f'return writer.masks(value, "{_shape_of(rule, shape)}", {written})'
    elif given < count:
        yield f'return {written} + [writer.constant("{shape}", 0) for _ in range({count - given})]'
    else:
        yield f"return {written}"


def _unvarying(node: Node) -> Iterator[Item]:
    for item in node.args:
        if isinstance(item, int) or (isinstance(item, Node) and set(item.args) == {_SCALAR}):
            yield item
        elif isinstance(item, Node):
            yield from _unvarying(item)


def _written(item: Item, shape: str, names: dict[str, str]) -> str:
    known = names.get(str(item))
    if known is not None or not isinstance(item, Node):
        return known if known is not None else str(item)
    op = item.ops[0]
    results = BY_NAME[op].results
    type = shape if results is None or results[0] is ValType.V128 else str(results[0])
    args = ", ".join(_written(arg, shape, names) for arg in item.args)
    return f'writer.add("{op}", {type.upper()}, {args})'
