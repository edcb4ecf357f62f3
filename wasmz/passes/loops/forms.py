"""Sums of a loop's parameters, constants and invariant values: the form of addresses and counts.

    b1(v1: i32, v2: i32):
      v4 = i32.add v1 v3           v4 = v1 + v3, always v3 more than the parameter
      v5 = i32.load8_u v4
      v6 = i32.add v1 4            v6 = v1 + 4: each iteration adds 4 to v1
      v7 = i32.add v2 v5           v7 = v2 + v5: v2 is the sum of the loaded bytes
      branch v5 b1(v6, v7) b2

All of it is modulo 2^32 or 2^64.
"""

from __future__ import annotations

from typing import Union

from wasmz.ir.edit import distinct_edges
from wasmz.ir.loops import Loop
from wasmz.ir.nodes import Block, Edge, Value
from wasmz.passes.analysis.induction import Form, Induction, combine
from wasmz.passes.analysis.intervals import MODULUS, NUMBER_TYPES

_MOST_BLOCKS = 5
_MOST_VALUES = 120


# Whether the loop goes on if the value is not zero; and the value.
Test = tuple[bool, Value]


class RegularLoop(Induction):
    """A loop whose iterations all take the same path through its blocks, until a test leaves it.

    Attributes:
        header: its first block.
        back: the edge back to it.
        body: all values in the order of evaluation.
        tests: the conditions on which an iteration goes on.
        units: how many units of fuel an iteration takes, which are not part of ``body``.
        sums: what each iteration adds to the other parameters.
    """

    def __init__(self, blocks: list[Block], back: Edge, tests: list[Test]) -> None:
        super().__init__(frozenset(blocks))
        self.header: Block = blocks[0]
        self.back = back
        self.tests = tests
        every = [value for block in blocks for value in block.body]
        self.body: list[Value] = [value for value in every if value.op != "fuel.take"]
        self.units: int = len(every) - len(self.body)
        self.sums: dict[Value, Form] = {}
        for param, arg in zip(self.header.params, back.args, strict=True):
            if param.type in NUMBER_TYPES:
                added = self.difference(self.form(arg), Form(0, {param: 1}), param)
                kind = self.deltas if all(self.is_unchanged(term) for term in added.terms) else self.sums
                kind[param] = added

    @property
    def is_regular(self) -> bool:
        """Whether the change of each parameter is known."""
        return len(self.deltas) + len(self.sums) == len(self.header.params)

    @staticmethod
    def difference(one: Form, other: Form, like: Value) -> Form:
        """The difference of two forms of the same type."""
        return combine(one, other, -1, MODULUS[NUMBER_TYPES[like.type]])


def find_regular_loop(loop: Loop, most_values: int = _MOST_VALUES) -> Union[RegularLoop, None]:
    """The loop as a regular one, if it is an innermost loop of few blocks in a row."""
    if loop.children or len(loop.own_blocks) > _MOST_BLOCKS:
        return None
    inside = loop.own_blocks
    if sum(len(block.body) for block in inside) > most_values:
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
    return RegularLoop(blocks, edge, tests)
