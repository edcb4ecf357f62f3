"""Writes Python from the tables of rewrite rules: a function for each operation, in which rules share common tests.

python -m wasmz.passes.rules.generate            writes the files that have changed
python -m wasmz.passes.rules.generate --check    only reports whether any would change

sub x 0  = x                     def _i32_sub(maker: Maker, value: Value) -> Value | None:
sub x c  = add x {-c}       ->       a0, a1 = value.args
                                     if a1.op in SIZED_CONSTANTS:
                                         n1 = a1.imm
                                         if n1 == 0:
                                             return a0
                                         value.op, value.args = "i32.add", (a0, maker.constant(I32, ...))
                                         return value
                                     return None
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from wasmz.ir.facts import OPS
from wasmz.passes.rules.generate_lanes import render_lanes
from wasmz.passes.rules.table import COMPARISON, CONSTANT_NAMES, OPPOSITE, Item, Node, Rule, read_rules
from wasmz.types import ValType
from wasmz.wasm.instructions import BY_NAME

HERE = Path(__file__).parent
TABLES = ("integers", "python_ints")
LANES = "lanes"

_HEADER = '''"""Made from {table}.rules by ``python -m wasmz.passes.rules.generate``: change that file, not this one."""

from __future__ import annotations

from wasmz.ir.facts import INVERSE, SIZED_CONSTANTS
from wasmz.ir.nodes import Value
from wasmz.passes.rules.support import LARGEST, LONGEST_SHIFT, Maker, Rule, is_boolean, possible_bits
from wasmz.types import ValType

I32, I64 = ValType.I32, ValType.I64
'''
_NAME = re.compile(r"\b(?:bits\((\w+)\)|is_power\((\w+)\)|log2\((\w+)\)|([a-zA-Z_]\w*))")


class Table(NamedTuple):
    """How tables differ: how a constant is recognised, and whether integers have a width."""

    test: str
    is_sized: bool


_KINDS = {"integers": Table("{}.op in SIZED_CONSTANTS", True), "python_ints": Table('{}.op == "int.const"', False)}


class Step(NamedTuple):
    """A test, or (without one) a line that names something."""

    text: str
    is_test: bool


class _Writer:
    """Writes one rule: the steps that match it, and the lines that apply it."""

    def __init__(self, rule: Rule, table: Table) -> None:
        self.rule = rule
        self.table = table
        self.bits = OPS[rule.pattern.ops[0]].bits or OPS[f"{rule.type}.add"].bits
        # Name in the rule -> variable of the generated function; for constants, the variable of their number.
        self.names: dict[str, str] = {}
        self.places: dict[str, str] = {}
        self.steps: list[Step] = []
        self.late: list[Step] = []
        self.match()

    def match(self) -> None:
        pattern = self.rule.pattern
        self.unpack(pattern, "value", "")
        nodes: list[tuple[Node, str]] = []
        others: list[tuple[str, str]] = []
        for number, item in enumerate(pattern.args):
            place = f"a{number}"
            if isinstance(item, Node):
                nodes.append((item, place))
            elif isinstance(item, int) or item in CONSTANT_NAMES:
                self.constant(item, place)
            else:
                others.append((item, place))
        for name, place in others:
            self.operand(name, place)
        for node, place in nodes:
            self.node(node, place)
        if self.rule.condition:
            for name in re.findall(r"\bbits\((\w+)\)", self.rule.condition):
                place = self.names[name]
                self.steps.append(Step(f"bits_{place} = possible_bits({place})", False))
            self.steps.append(Step(self.python(self.rule.condition), True))

    def unpack(self, node: Node, owner: str, place: str) -> None:
        names = [f"a{place}{number}" for number in range(len(node.args))]
        if any(item != "_" for item in node.args):
            text = f"{names[0]} = {owner}.args[0]" if len(names) == 1 else f"{', '.join(names)} = {owner}.args"
            self.steps.append(Step(text, False))
        if node.immediate:
            self.steps.append(Step(f"i{place} = {owner}.imm", False))
            self.names[node.immediate] = f"i{place}"

    def node(self, node: Node, place: str) -> None:
        ops = node.ops
        if ops == (COMPARISON,):
            test = f"{place}.op in INVERSE"
            self.names[OPPOSITE] = f"INVERSE[{place}.op]"
        else:
            test = f'{place}.op == "{ops[0]}"' if len(ops) == 1 else f"{place}.op in {ops!r}".replace("'", '"')
        self.steps.append(Step(test, True))
        if node.once:
            self.steps.append(Step(f"{place}.uses == 1", True))
        if node.name:
            self.names[node.name] = place
        self.unpack(node, place, place[1:])
        for number, item in enumerate(node.args):
            inner = f"{place}{number}"
            if isinstance(item, Node):
                self.node(item, inner)
            elif isinstance(item, int) or item in CONSTANT_NAMES:
                self.constant(item, inner)
            else:
                self.operand(item, inner)

    def constant(self, item: str | int, place: str) -> None:
        number = f"n{place[1:]}"
        self.steps.append(Step(self.table.test.format(place), True))
        self.steps.append(Step(f"{number} = {place}.imm", False))
        if isinstance(item, int):
            wanted = item & (1 << self.bits) - 1 if self.table.is_sized else item
            self.steps.append(Step(f"{number} == {_literal(wanted)}", True))
            self.places.setdefault(str(item), place)
        elif item in self.names:
            self.steps.append(Step(f"{number} == {self.names[item]}", True))
        else:
            self.names[item] = number
            self.places[item] = place

    def operand(self, name: str, place: str) -> None:
        if name == "_":
            return
        if name in self.names:
            self.steps.append(Step(f"{place} is {self.names[name]}", True))
        else:
            self.names[name] = place

    # Results

    def python(self, text: str) -> str:
        """An expression of the rule in terms of the function's variables."""

        def replaced(found: re.Match[str]) -> str:
            bits, power, log, name = found.groups()
            if bits:
                return f"bits_{self.names[bits]}"
            if power:
                number = self.names[power]
                return f"({number} > 0 and not {number} & {number} - 1)"
            if log:
                return f"({self.names[log]}.bit_length() - 1)"
            if name == "W":
                return str(self.bits)
            if name == "M":
                return _literal((1 << self.bits) - 1)
            is_attribute = found.start() > 0 and text[found.start() - 1] == "."
            return name if is_attribute else self.names.get(name, name)

        return _NAME.sub(replaced, text)

    def new_constant(self, text: str, type: str, place: str) -> str:
        expression = self.python(text[1:-1])
        if not self.table.is_sized and OPS[self.rule.pattern.ops[0]].compares:
            # A condition may have been a bool.
            return f"maker.constant(I32, {expression})"
        if not self.table.is_sized:
            return f"maker.int_constant({place}.type, {expression})"
        mask = (1 << OPS[f"{type}.const"].bits) - 1
        if re.fullmatch(r"-?\w+", expression) and expression.lstrip("-").isdigit():
            expression = _literal(int(expression) & mask)
        elif not re.fullmatch(r"n\d+", expression):
            is_simple = re.fullmatch(r"[\w ]+", expression) is not None
            expression = f"{expression if is_simple else f'({expression})'} & {_literal(mask)}"
        return f"maker.constant({type.upper()}, {expression})"

    def lines(self) -> Iterator[str]:
        """The lines that apply the rule."""
        result = self.rule.result
        root = self.rule.pattern.ops[0]
        if isinstance(result, str):
            if result[0] == "{":
                yield f"return {self.new_constant(result, _result_type(root), 'value')}"
            else:
                yield f"return {self.operand_of(result, '')}"
            return
        assert isinstance(result, Node)
        op = result.ops[0]
        name = self.names[OPPOSITE] if op == OPPOSITE else f'"{op}"'
        args = self.arguments(result)
        if op == root:
            yield f"value.args = ({args})"
        elif self.table.is_sized:
            yield f"value.op, value.args, value.imm = {name}, ({args}), None"
        else:
            yield f"value.op, value.args = {name}, ({args})"
        yield "return value"

    def arguments(self, node: Node) -> str:
        row = BY_NAME.get(node.ops[0])
        types = (
            [str(type) for type in row.params] if row is not None and row.params is not None else [self.rule.type] * 3
        )
        found = [self.argument(item, type) for item, type in zip(node.args, types, strict=False)]
        return ", ".join(found) + ("," if len(found) == 1 else "")

    def argument(self, item: Item, type: str) -> str:
        if isinstance(item, Node):
            made = "value.type" if not self.table.is_sized else _result_type(item.ops[0]).upper()
            return f'maker.make("{item.ops[0]}", {made}, ({self.arguments(item)}))'
        if isinstance(item, str) and item[0] == "{":
            return self.new_constant(item, type, "a1")
        return self.operand_of(item, type)

    def operand_of(self, item: str | int, type: str) -> str:
        return self.places.get(str(item)) or self.names[str(item)]


def _literal(number: int) -> str:
    return str(number) if abs(number) < 1 << 16 else f"{number:#_x}".upper().replace("X", "x")


def _result_type(op: str) -> str:
    results = BY_NAME[op].results if op in BY_NAME else None
    return "i64" if results and results[0] is ValType.I64 else "i32"


def write_function(op: str, rules: Sequence[Rule], table: Table) -> Iterator[str]:
    """The function for an operation."""
    yield f"def {function_name(op)}(maker: Maker, value: Value) -> Value | None:"
    writers = [_Writer(rule, table) for rule in rules]
    yield from _write_steps([(writer.steps, writer) for writer in writers], "    ")
    if not _always_returns(writers):
        yield "    return None"


def _always_returns(writers: Sequence[_Writer]) -> bool:
    return any(not any(step.is_test for step in writer.steps) for writer in writers)


def _write_steps(rules: list[tuple[list[Step], _Writer]], indent: str) -> Iterator[str]:
    """Writes steps; consecutive rules that begin with the same step share it."""
    index = 0
    while index < len(rules):
        steps, writer = rules[index]
        if not steps:
            yield from (indent + line for line in writer.lines())
            return
        step = steps[0]
        alike = [(steps[1:], writer)]
        index += 1
        while index < len(rules) and rules[index][0][:1] == [step]:
            alike.append((rules[index][0][1:], rules[index][1]))
            index += 1
        if step.is_test:
            yield f"{indent}if {step.text}:"
            yield from _write_steps(alike, indent + "    ")
        else:
            yield f"{indent}{step.text}"
            yield from _write_steps(alike, indent)


def function_name(op: str) -> str:
    """The name of the function for an operation's rules."""
    return "_" + op.replace(".", "_")


def render(name: str, rules: Sequence[Rule]) -> str:
    """The Python of a table."""
    by_op: dict[str, list[Rule]] = {}
    for rule in rules:
        by_op.setdefault(rule.pattern.ops[0], []).append(rule)
    lines = [_HEADER.format(table=name).rstrip()]
    for op, of_op in by_op.items():
        lines += ["", "", *write_function(op, of_op, _KINDS[name])]
    lines += ["", "", "RULES: dict[str, Rule] = {", *(f'    "{op}": {function_name(op)},' for op in by_op), "}"]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Writes or checks all generated files; returns 1 if one was not up to date."""
    is_stale = False
    for name in (*TABLES, LANES):
        target = HERE / f"{name}.py"
        table = HERE / f"{name}.rules"
        text = render_lanes(table.read_text(encoding="utf-8")) if name == LANES else render(name, read_rules(table))
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            is_stale = True
            sys.stdout.write(f"{target.name} is {'stale' if '--check' in arguments else 'written'}\n")
            if "--check" not in arguments:
                target.write_text(text, encoding="utf-8")
    return int(is_stale and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
