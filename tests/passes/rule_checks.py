"""Evaluates both sides of a rewrite rule on edge values, for test_rules, which does so with every rule.

A rule is compiled alone and applied to each pattern that it may fit (constants, and operands about which more or less
is known); its result is evaluated beside the pattern, by the runtime's helpers.
"""

from __future__ import annotations

import itertools
import operator
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from wasmz.errors import Trap
from wasmz.ir import facts
from wasmz.ir.facts import OPS
from wasmz.ir.nodes import BOOL, Block, Value
from wasmz.passes.rules import generate, table
from wasmz.passes.rules.evaluation import evaluate as evaluate_int
from wasmz.passes.rules.table import Item, Node, Rule
from wasmz.runtime.link.find_helpers import find_helper
from wasmz.types import ValType
from wasmz.wasm.instructions import BY_NAME

_BLOCK = Block()
_MOST_CASES = 40
_MOST_EVALUATIONS = 60
_FLOATS = [0.0, -0.0, 1.5, -2.0, float("inf"), float("nan")]
_PYTHON_INTS = [
    0,
    1,
    -1,
    2,
    3,
    -5,
    31,
    255,
    -256,
    65535,
    (1 << 32) - 1,
    1 << 32,
    -(1 << 63),
    (1 << 64) + 12345,
    -(1 << 90),
]


class Leaf(NamedTuple):
    """An operand of which no more is known than its operation says, and numbers that it may be."""

    op: str
    type: ValType
    args: tuple[Value, ...]
    numbers: list[Any]


class Case(NamedTuple):
    """A pattern as values, and its leaves."""

    root: Value
    leaves: dict[str, Leaf]
    values: dict[str, Value]


class Maker:
    """Makes values of nothing that was computed before."""

    def constant(self, type: ValType, number: int) -> Value:
        assert 0 <= number <= facts.MASKS[str(type)], "a constant that is not reduced"
        return Value(f"{type}.const", type, (), number, 0, _BLOCK)

    def int_constant(self, type: ValType, number: int) -> Value:
        return Value("int.const", type, (), number, 0, _BLOCK)

    def make(self, op: str, type: ValType, args: tuple[Value, ...]) -> Value:
        return Value(op, type, args, None, 0, _BLOCK)


def check_rule(rule: Rule, name: str, earlier: list[Rule] | None = None) -> int:
    """Asserts that both sides agree wherever the rule is the first to fit; returns in how many cases it was."""
    alone = compile_rules(name, [rule])
    before = compile_rules(name, earlier) if earlier else lambda maker, value: None
    fitting = 0
    for expanded in table.expand_comparisons(rule):
        for case in _cases(expanded, name):
            if before(Maker(), _copy(case).root) is not None:
                continue
            again = _copy(case)
            result = alone(Maker(), again.root)
            if result is None:
                continue
            fitting += 1
            _compare(rule, case, again, result)
            if fitting % _MOST_CASES == 0:
                break
    return fitting


def compile_rules(name: str, rules: list[Rule]) -> Callable[[Any, Value], Any]:
    """The function of the rules of one operation."""
    namespace: dict[str, Any] = {}
    exec(generate.render(name, rules), namespace)
    return next(iter(namespace["RULES"].values()))  # type: ignore[no-any-return]


def _compare(rule: Rule, case: Case, again: Case, result: Value) -> None:
    names = list(case.leaves)
    choices = list(itertools.product(*(case.leaves[name].numbers for name in names)))
    if len(choices) > _MOST_EVALUATIONS:
        choices = random.Random(len(choices)).sample(choices, _MOST_EVALUATIONS)
    for numbers in choices:
        before = evaluate(case.root, {case.values[name]: number for name, number in zip(names, numbers, strict=True)})
        after = evaluate(result, {again.values[name]: number for name, number in zip(names, numbers, strict=True)})
        assert before is None or before == after, f"{rule.text}: {names} = {numbers}: {before} becomes {after}"


def evaluate(value: Value, known: dict[Value, Any]) -> Any:
    """The number that a value is; ``None`` if that traps."""
    if value in known:
        return known[value]
    if value.op in facts.CONSTANTS:
        return value.imm
    operands = [evaluate(arg, known) for arg in value.args]
    if None in operands:
        return None
    op = OPS[value.op]
    if op.type == "int":
        return evaluate_int(op.name, value.imm, operands)
    if op.name == "select":
        return operands[0] if operands[2] else operands[1]
    if op.type[0] == "f" and op.compares:
        return int(getattr(operator, op.compares)(*operands))
    try:
        return find_helper(op.helper)(*operands)
    except (Trap, ZeroDivisionError):
        return None


# Patterns as values


def _cases(rule: Rule, name: str) -> Iterator[Case]:
    """All patterns that the rule could fit, in an order that comes to everything soon."""
    sized = name == "integers"
    for type in ("i32", "i64") if rule.pattern.ops == ("select",) else (rule.type,):
        places = dict(_places(rule.pattern, type, "root"))
        variables = {what: kind for what, kind in places.items() if what not in table.CONSTANT_NAMES}
        constants = {what: kind for what, kind in places.items() if what in table.CONSTANT_NAMES}
        leaves = [list(_leaves(kind) if sized else _python_leaves(kind)) for kind in variables.values()]
        numbers = [_constants(kind) if sized else _PYTHON_INTS for kind in constants.values()]
        immediates = _immediates(rule.pattern)
        combinations = list(itertools.product(*leaves, *numbers, *[range(8, 65, 8)] * len(immediates)))
        random.Random(len(combinations)).shuffle(combinations)
        ops = list(_choices(rule.pattern))
        for number, combination in enumerate(combinations):
            chosen = dict(zip((*variables, *constants, *immediates), combination, strict=True))
            for root_type in (ValType.I32, BOOL) if number % 4 == 0 else (None,):
                builder = _Builder(chosen, ops[number % len(ops)], type, sized)
                root = builder.build(rule.pattern, "")
                if root_type is not None and root.type is ValType.I32 and OPS[root.op].bounds == (0, 1):
                    root.type = root_type
                yield Case(root, builder.leaves, builder.values)


def _copy(case: Case) -> Case:
    """The same again, as rules change values in place."""
    copies: dict[Value, Value] = {}

    def copy(value: Value) -> Value:
        if value not in copies:
            args = tuple([copy(arg) for arg in value.args])
            copies[value] = Value(value.op, value.type, args, value.imm, 0, _BLOCK)
            copies[value].uses = 1
        return copies[value]

    root = copy(case.root)
    return Case(root, case.leaves, {name: copy(value) for name, value in case.values.items()})


def _places(item: Item, type: str, path: str) -> Iterator[tuple[str, str]]:
    """What a pattern gives names to, with the types of these."""
    if isinstance(item, Node):
        if OPS[item.ops[0]].is_load:
            yield path, item.ops[0]
            return
        for number, (arg, kind) in enumerate(zip(item.args, _params(item, type), strict=True)):
            yield from _places(arg, kind, f"{path}_{number}")
    elif isinstance(item, str):
        yield (path if item == "_" else item), type


def _params(node: Node, type: str) -> list[str]:
    op = node.ops[0]
    if op == "select":
        return [type, type, "i32"]
    row = BY_NAME.get(op)
    return [str(param) for param in row.params or ()] if row is not None else [type] * len(node.args)


def _choices(node: Node) -> Iterator[dict[Node, str]]:
    """For each operation in a pattern that is one of several, which."""
    nodes = [*_nodes(node)]
    for ops in itertools.product(*(item.ops for item in nodes)):
        yield dict(zip(nodes, ops, strict=True))


def _nodes(item: Item) -> Iterator[Node]:
    if isinstance(item, Node):
        yield item
        for arg in item.args:
            yield from _nodes(arg)


def _immediates(pattern: Node) -> list[str]:
    return list(dict.fromkeys(node.immediate for node in _nodes(pattern) if node.immediate))


def _constants(type: str) -> list[int]:
    bits = OPS[f"{type}.add"].bits
    mask = (1 << bits) - 1
    small = [0, 1, 2, 3, 7, 8, 15, 16, 24, 31, 32, 33, 48, 56, bits - 1, bits, bits + 3]
    masks = [
        0x7F,
        0x80,
        0xFF,
        0x100,
        0xFFFF,
        0x1_0000,
        mask >> 1,
        mask >> 8,
        mask << 8,
        mask << 16,
        mask,
        mask - 1,
        1 << bits - 1,
    ]
    wide = [0xFFFF_FFFF, 1 << 32, (1 << 32) + 5] if bits == 64 else []
    return sorted({number & mask for number in (*small, *masks, *wide)})


def _numbers(bits: int) -> list[int]:
    top = 1 << bits
    return sorted(
        {
            0,
            1,
            2,
            0x7F % top,
            0x80 % top,
            0xFF % top,
            0x8000 % top,
            top // 2 - 1,
            top // 2,
            top - 2,
            top - 1,
            0x1234_5678_9ABC_DEF0 % top,
        }
    )


def _leaves(kind: str) -> Iterator[Leaf]:
    """Operands of a type, of which more and more is known."""
    if kind in ("f32", "f64"):
        yield Leaf("local.get", facts.VALUE_TYPES[kind], (), _FLOATS)
        return
    if kind in OPS and OPS[kind].is_load:
        op = OPS[kind]
        assert op.bounds is not None
        low, high = op.bounds
        yield Leaf(kind, facts.VALUE_TYPES[op.type], (), [number & op.mask for number in (low, -1, 0, 1, high)])
        return
    op = OPS[f"{kind}.add"]
    type = facts.VALUE_TYPES[kind]
    anything = Value("local.get", type, (), 0, 0, _BLOCK)
    yield Leaf("local.get", type, (), _numbers(op.bits))
    for bits in (8, 16, 32):
        if bits < op.bits:
            yield Leaf(f"{kind}.load{bits}_u", type, (), _numbers(bits))
    one = Value(f"{kind}.const", type, (), 1, 0, _BLOCK)
    yield Leaf(f"{kind}.and", type, (anything, one), [0, 1])
    if kind == "i32":
        yield Leaf("i32.eqz", type, (anything,), [0, 1])
        yield Leaf("i32.eqz", BOOL, (anything,), [0, 1])


def _python_leaves(kind: str) -> Iterator[Leaf]:
    yield Leaf("local.get", ValType.I64, (), _PYTHON_INTS)


class _Builder:
    def __init__(self, chosen: dict[str, Any], ops: dict[Node, str], type: str, sized: bool) -> None:
        self.chosen = chosen
        self.ops = ops
        self.type = type
        self.sized = sized
        self.leaves: dict[str, Leaf] = {}
        self.values: dict[str, Value] = {}

    def build(self, item: Item, type: str, path: str = "root") -> Value:
        if isinstance(item, int):
            return self.constant(item, type)
        if isinstance(item, str):
            what = self.chosen[path if item == "_" else item]
            return (
                self.leaf(path if item == "_" else item, what) if isinstance(what, Leaf) else self.constant(what, type)
            )
        op = self.ops[item]
        if OPS[op].is_load:
            return self.leaf(path, self.chosen[path])
        params = _params(item, self.type)
        args = tuple(
            [self.build(arg, kind, f"{path}_{n}") for n, (arg, kind) in enumerate(zip(item.args, params, strict=True))]
        )
        imm = self.chosen[item.immediate] if item.immediate else None
        value = Value(op, self.result_type(op), args, imm, 0, _BLOCK)
        value.uses = 1
        return value

    def result_type(self, op: str) -> ValType:
        results = BY_NAME[op].results if op in BY_NAME else None
        return results[0] if results else facts.VALUE_TYPES.get(self.type, ValType.I64)

    def constant(self, number: int, type: str) -> Value:
        if not self.sized:
            return Value("int.const", ValType.I64, (), number, 0, _BLOCK)
        return Value(f"{type}.const", facts.VALUE_TYPES[type], (), number & facts.MASKS[type], 0, _BLOCK)

    def leaf(self, name: str, leaf: Leaf) -> Value:
        if name not in self.values:
            self.leaves[name] = leaf
            self.values[name] = Value(leaf.op, leaf.type, leaf.args, 0, 0, _BLOCK)
        return self.values[name]
