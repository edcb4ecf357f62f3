"""What the walks of the range analysis do in each block, found once for all walks.

b1(v1: i32):                params v1; assumptions: v0 is not zero, if the only edge here says so
  v2 = i32.add v1 4         steps: v2 by the rule of i32.add, from v1 and 4
  v3 = i32.load v2                 v2 is at most the size of the memory less 4
  branch v3 b1(v2) b2       exits: v2 for v1, if v3 is not zero
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Union

from wasmz.ir.dominators import DominatorTree
from wasmz.ir.edit import distinct_edges
from wasmz.ir.facts import ACCESS_WIDTHS, NUMBER_TYPES, SIZED_CONSTANTS
from wasmz.ir.nodes import Block, Edge, Value
from wasmz.passes.analysis.assumptions import Assumption
from wasmz.passes.analysis.intervals import FULL, Fact, from_unsigned
from wasmz.passes.analysis.transfer import FIXED, TRANSFER, Rule
from wasmz.passes.analysis.value_facts import Step, step_of
from wasmz.types import ValType

# An access to memory: its address; the largest one with which it does not trap; the memory, if code may rely on the gap
# after it, or -1.
Access = tuple[Value, int, int]
# A value with its step; or a value that accesses memory, without a rule and with its access.
_Step = tuple[Value, Union[Rule, None], Value, Any, Any]

_CONSTANT, _DERIVED, _ACCESSING, _READING = range(4)
_KINDS: dict[str, int] = {
    **dict.fromkeys(ACCESS_WIDTHS, _ACCESSING),
    **dict.fromkeys(TRANSFER, _DERIVED),
    **dict.fromkeys(SIZED_CONSTANTS, _CONSTANT),
    "local.get": _READING,
}
_ADDITIONS = frozenset({"i32.add", "i64.add"})
_FULL_I32, _FULL_I64 = FULL["i32"], FULL["i64"]
# How much of the log a place needs in a walk: nothing, its old facts, or new ones.
SKIPPED, PASSED, VISITED = range(3)


class Exit:
    """An outgoing edge that passes numbers.

    Attributes:
        edge: the edge.
        assumptions: what holds if it is taken.
        passed: the parameters that are numbers, with their arguments and how to find facts about these.
        facts: the facts that the last walk passed for them.
        target: the place of its target.
    """

    __slots__ = ("assumptions", "edge", "facts", "is_back", "passed", "target")

    def __init__(self, edge: Edge, target: Place, is_back: bool, assumptions: list[Assumption]) -> None:
        self.edge: Edge = edge
        self.is_back: bool = is_back
        self.assumptions: list[Assumption] = assumptions
        self.target: Place = target
        self.facts: list[Fact] = []
        self.passed: list[tuple[Value, Value, Step | None]] = [
            (param, arg, step_of(arg))
            for param, arg in zip(edge.block.params, edge.args, strict=True)
            if param.type in NUMBER_TYPES
        ]


class Place:
    """A block, as the walks see it.

    Attributes:
        position: its number in the order of the walks; the blocks that it dominates follow, up to ``end``.
        depth: how many blocks dominate it.
        above: the place of its immediate dominator.
        params: its parameters that are numbers.
        assumptions: those on its only incoming edge.
        steps: values whose facts follow from others, with how to find them; and accesses to memory.
        exits: its outgoing edges that pass numbers.
        incoming: incoming edges that pass numbers, except back edges; ``returning``: the back edges.
        log: the refined facts that hold at its end, but not at the end of the place above.
        due: whether the next walk needs it.
    """

    __slots__ = (
        "above",
        "assumptions",
        "block",
        "depth",
        "due",
        "end",
        "exits",
        "incoming",
        "log",
        "params",
        "position",
        "returning",
        "steps",
    )

    def __init__(self, block: Block, position: int, above: Place | None) -> None:
        self.block: Block = block
        self.position: int = position
        self.end: int = position + 1
        self.above: Place | None = above
        self.depth: int = 0 if above is None else above.depth + 1
        self.params: list[Value] = [param for param in block.params if param.type in NUMBER_TYPES]
        self.assumptions: list[Assumption] = []
        self.steps: list[_Step] = []
        self.exits: list[Exit] = []
        self.incoming: list[Exit] = []
        self.returning: list[Exit] = []
        self.log: dict[Value, Fact] = {}
        self.due: int = SKIPPED

    def note_readers(self, readers: defaultdict[Value, list[Place]]) -> None:
        """Adds this place to the readers of each value, except constants, on whose facts the facts here depend."""
        used: list[Value] = []
        for _, rule, first, second, constant in self.steps:
            used.append(first)
            if rule is not None and constant is None and second is not first:
                used.append(second)
        assumed = self.assumptions
        for exit in self.exits:
            if exit.assumptions:
                assumed = [*assumed, *exit.assumptions]
            for _, arg, step in exit.passed:
                used.append(arg)
                if step is not None:
                    used += step[1:3]
        for _, _, one, other, _ in assumed:
            used.append(one)
            if other is not None:
                used.append(other)
        for value in used:
            while value.op not in SIZED_CONSTANTS:
                places = readers[value]
                if places and places[-1] is self:
                    break
                places.append(self)
                # A fact about a sum with a constant is also one about the other summand.
                if value.op not in _ADDITIONS or value.args[1].op not in SIZED_CONSTANTS:
                    break
                value = value.args[0]


class Places:
    """All places of a function, each after those that dominate it.

    Attributes:
        accesses: loads and stores that bound their addresses.
    """

    def __init__(self, tree: DominatorTree, limits: list[int], bounds: dict[int, int], largest: int) -> None:
        self._limits: list[int] = limits
        self._bounds: dict[int, int] = bounds
        self._largest: int = largest
        self.accesses: dict[Value, Access] = {}
        self.all: list[Place] = []
        self.of: dict[Block, Place] = {}
        children = tree.children()
        work: list[tuple[Block, Place | None]] = [(tree.order[0], None)]
        while work:
            block, above = work.pop()
            place = self.of[block] = Place(block, len(self.all), above)
            self.all.append(place)
            for param in block.params:
                param.fact = _FULL_I64 if param.type is ValType.I64 else _FULL_I32
            self._examine(place)
            below = children[block]
            if below:
                work += [(child, place) for child in reversed(below)]
        for place in reversed(self.all):
            if place.above is not None and place.above.end < place.end:
                place.above.end = place.end

    def _examine(self, place: Place) -> None:
        """Finds the facts about a block's values that never change, and how to find the others."""
        steps, fixed = place.steps, FIXED
        for value in place.block.body:
            op = value.op
            kind = _KINDS.get(op)
            if kind == _CONSTANT:
                number = value.imm
                signed = number
                if op == "i32.const":
                    if number >= 0x8000_0000:
                        signed = number - 0x1_0000_0000
                elif number >= 0x8000_0000_0000_0000:
                    signed = number - 0x1_0000_0000_0000_0000
                value.fact = (number, number, signed, signed)
                continue
            fact = fixed.get(op)
            if fact is None:
                fact = _FULL_I64 if value.type is ValType.I64 else _FULL_I32
            value.fact = fact
            if kind is None:
                continue
            if kind == _DERIVED:
                step = step_of(value)
                if step is not None:
                    steps.append((value, *step))
            elif kind == _ACCESSING:
                access = self._find_access(value)
                if access is not None:
                    self.accesses[value] = access
                    steps.append((value, None, *access))
            else:
                bound = self._bounds.get(value.imm)
                if bound is not None and value.type in NUMBER_TYPES:
                    value.fact = from_unsigned(NUMBER_TYPES[value.type], 0, bound)

    def _find_access(self, value: Value) -> Access | None:
        """The access of a load or store, if it bounds its address."""
        address = value.args[0]
        if address.type is not ValType.I32:
            return None
        _, offset, memory = value.imm
        limits = self._limits
        limit = limits[memory] if memory < len(limits) else self._largest
        reached = limit - ACCESS_WIDTHS[value.op] - offset
        return (address, reached, memory if limit == self._largest else -1) if reached >= 0 else None

    def follow(
        self, order: list[Block], consequences: Callable[[Value, bool], list[Assumption]]
    ) -> dict[Block, list[tuple[Block, Edge]]]:
        """Finds what edges pass and imply; returns the back edges, by their headers."""
        back: dict[Block, list[tuple[Block, Edge]]] = {}
        places = self.of
        counts = [0] * len(self.all)
        edges_of = [distinct_edges(block.terminator) for block in order]
        for edges in edges_of:
            for edge in edges:
                counts[places[edge.block].position] += 1
        walked: set[Block] = set()
        for block, edges in zip(order, edges_of, strict=True):
            walked.add(block)
            is_branch = len(edges) == 2 and block.terminator.op == "branch"
            for edge in edges:
                target = places[edge.block]
                # In a block with a single incoming edge, the condition on it is true.
                is_only = counts[target.position] == 1
                assumptions: list[Assumption] = []
                if is_branch and (is_only or target.params):
                    terminator = block.terminator
                    assumptions = consequences(terminator.args[0], edge is terminator.edges[0])
                    if is_only:
                        target.assumptions = assumptions
                is_back = edge.block in walked
                if is_back:
                    back.setdefault(edge.block, []).append((block, edge))
                if target.params:
                    exit = Exit(edge, target, is_back, assumptions)
                    places[block].exits.append(exit)
                    (target.returning if is_back else target.incoming).append(exit)
        return back
