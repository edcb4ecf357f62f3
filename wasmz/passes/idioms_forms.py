"""Sums of a loop's parameters, of constants and of what the loop does not change: what addresses and counts are.

    b1(v1: i32, v2: i32):
      v4 = i32.add v1 v3           v4 = v1 + v3, and v3 more each round than the parameter
      v5 = i32.load8_u v4
      v6 = i32.add v1 4            v6 = v1 + 4: each round adds 4 to v1
      v7 = i32.add v2 v5           v7 = v2 + v5: v2 is the sum of what is loaded
      branch v5 b1(v6, v7) b2

All of it is modulo 2^32 or 2^64.
"""

from __future__ import annotations

from typing import NamedTuple, Union

from wasmz.ir.edit import distinct_edges
from wasmz.ir.loops import Loop
from wasmz.ir.nodes import Block, Edge, Value
from wasmz.passes.intervals import HALF, MODULUS, NUMBER_TYPES
from wasmz.passes.values import NUMBERED

_MOST_BLOCKS = 5
_MOST_VALUES = 120


class Form(NamedTuple):
    """A constant, plus values times factors; all below the modulus."""

    constant: int
    terms: dict[Value, int]


# Whether the loop goes on when the value is not zero, and the value.
Test = tuple[bool, Value]


class Rounds:
    """A loop that takes the same way through its blocks each time, until a test leaves it.

    Attributes:
        header: its first block.
        back: the edge back to it.
        body: all values in the order of evaluation.
        tests: what it takes for a round to go on, each.
        deltas: what each round adds to a parameter of the header, as far as that is the same each time.
        sums: for other parameters, what a round adds to them.
    """

    def __init__(self, blocks: list[Block], back: Edge, tests: list[Test]) -> None:
        self.header = blocks[0]
        self.back = back
        self.tests = tests
        self.body = [value for block in blocks for value in block.body]
        self._inside = frozenset(blocks)
        self._forms: dict[Value, Form] = {}
        self._unchanged: dict[Value, bool] = {}
        self.deltas: dict[Value, Form] = {}
        self.sums: dict[Value, Form] = {}
        for param, arg in zip(self.header.params, back.args, strict=True):
            if param.type in NUMBER_TYPES:
                added = self.difference(self.form(arg), Form(0, {param: 1}), param)
                kind = self.deltas if all(self.is_unchanged(term) for term in added.terms) else self.sums
                kind[param] = added

    @property
    def is_regular(self) -> bool:
        """Whether something is known of each parameter."""
        return len(self.deltas) + len(self.sums) == len(self.header.params)

    def is_unchanged(self, value: Value) -> bool:
        """Whether a value is the same in each round, and can be computed before the loop."""
        if value.block not in self._inside:
            return True
        known = self._unchanged.get(value)
        if known is None:
            known = value.op in NUMBERED and value.op != "project" and all(self.is_unchanged(arg) for arg in value.args)
            self._unchanged[value] = known
        return known

    def form(self, value: Value) -> Form:
        """What an integer is the sum of."""
        known = self._forms.get(value)
        if known is None:
            known = self._forms[value] = self._take_apart(value)
        return known

    def _take_apart(self, value: Value) -> Form:
        type, _, name = value.op.partition(".")
        if name == "const":
            return Form(value.imm, {})
        if value.block in self._inside and type in MODULUS:
            if name in ("add", "sub"):
                first, second = (self.form(arg) for arg in value.args)
                return _combine(first, second, 1 if name == "add" else -1, MODULUS[type])
            if name in ("mul", "shl") and value.args[1].op == f"{type}.const":
                bits = 32 if type == "i32" else 64
                factor = value.args[1].imm if name == "mul" else 1 << value.args[1].imm % bits
                return _combine(Form(0, {}), self.form(value.args[0]), factor, MODULUS[type])
        return Form(0, {value: 1})

    @staticmethod
    def difference(one: Form, other: Form, like: Value) -> Form:
        """One form minus another one of the same type."""
        return _combine(one, other, -1, MODULUS[NUMBER_TYPES[like.type]])

    def step(self, form: Form, type: str) -> Form | None:
        """What a round adds to a form; ``None`` if that is not the same each time."""
        total = Form(0, {})
        for term, factor in form.terms.items():
            delta = self.deltas.get(term)
            if delta is not None:
                total = _combine(total, delta, factor, MODULUS[type])
            elif not self.is_unchanged(term):
                return None
        return total


def _combine(one: Form, other: Form, factor: int, modulus: int) -> Form:
    terms = dict(one.terms)
    for term, count in other.terms.items():
        count = (terms.get(term, 0) + factor * count) % modulus
        if count:
            terms[term] = count
        else:
            terms.pop(term, None)
    return Form((one.constant + factor * other.constant) % modulus, terms)


def as_signed(number: int, type: str) -> int:
    """The signed number that an unsigned one stands for."""
    return number - MODULUS[type] if number >= HALF[type] else number


def find_rounds(loop: Loop) -> Union[Rounds, None]:
    """The loop as rounds that are all alike, if it is an innermost one of few blocks in a row."""
    if loop.children or len(loop.own_blocks) > _MOST_BLOCKS:
        return None
    inside = loop.own_blocks
    if sum(len(block.body) for block in inside) > _MOST_VALUES:
        return None
    blocks: list[Block] = []
    tests: list[Test] = []
    block = loop.header
    while True:
        blocks.append(block)
        terminator = block.terminator
        staying = [edge for edge in distinct_edges(terminator) if edge.block in inside]
        if terminator.op not in ("jump", "branch") or len(staying) != 1:
            return None
        edge = staying[0]
        if terminator.op == "branch":
            tests.append((edge is terminator.edges[0], terminator.args[0]))
        block = edge.block
        if block is loop.header:
            break
        if block.params or block in blocks:
            return None
    if not tests or len(blocks) != len(inside):
        return None
    return Rounds(blocks, edge, tests)
