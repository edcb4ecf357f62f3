"""Ranges of integers: for each value an interval as an unsigned number, and one as a signed number.

    v1 = i32.load8_u v0      0..255
    v2 = i32.const -4        4294967292, or -4
    v3 = i32.add v1 v2       unsigned: anything; signed: -4..251
    branch (i32.lt_u v1 v4)  if it is taken: v1 at most 254, v4 at least 1
    v5 = i32.load v6         v6 at most the largest memory, from here on

The analysis walks the dominator tree. A fact from a condition or a memory access holds below it in the tree, and is
taken back on the way up. Parameters of loop headers start with the facts that enter the loop, and are widened to the
next of a few thresholds while the loop adds to them; a last walk tries whether less suffices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Union

from wasmz.ir.analyses import dominator_tree
from wasmz.ir.edit import distinct_edges
from wasmz.ir.facts import ACCESS_WIDTHS, INTEGER_CONSTANTS, SIZED_CONSTANTS
from wasmz.ir.nodes import Block, Edge, Function, Value
from wasmz.passes.analysis.assumptions import Assumption
from wasmz.passes.analysis.counting import Counting
from wasmz.passes.analysis.intervals import (
    FULL,
    NUMBER_TYPES,
    Fact,
    from_unsigned,
    join,
    make_fact,
    widen,
    within,
)
from wasmz.passes.analysis.transfer import FIXED, TRANSFER, Rule
from wasmz.passes.analysis.value_facts import Step, renewed, step_of, unknown
from wasmz.passes.context import Context, largest_size
from wasmz.types import MEMORY32_LIMIT_BYTES, ValType

_MOST_ITERATIONS = 12

# An access to memory: its address, the largest one with which it does not trap, the memory if code may rely on the gap
# after it, or -1.
_Access = tuple[Value, int, int]
# A value with its step, or one that accesses memory, without a rule and with its access.
_Step = tuple[Value, Union[Rule, None], Value, Any, Any]


class _Exit:
    """An edge that passes numbers.

    Attributes:
        assumptions: what holds if the edge is taken.
        passed: the parameters that are numbers, with their arguments and how to find facts of these.
    """

    __slots__ = ("assumptions", "is_back", "passed")

    def __init__(self, edge: Edge, is_back: bool, assumptions: list[Assumption]) -> None:
        self.is_back = is_back
        self.assumptions = assumptions
        self.passed: list[tuple[Value, Value, Step | None]] = [
            (param, arg, step_of(arg))
            for param, arg in zip(edge.block.params, edge.args, strict=True)
            if param.type in NUMBER_TYPES
        ]


class _Place:
    """What the walks do in a block, found once.

    Attributes:
        depth: how many blocks dominate it.
        params: its parameters that are numbers.
        assumptions: what its only incoming edge says.
        steps: values whose facts follow from others, with how to find them; accesses to memory.
        exits: the edges out of it that pass numbers.
    """

    __slots__ = ("assumptions", "block", "depth", "exits", "is_header", "params", "steps")

    def __init__(self, block: Block, depth: int, is_header: bool) -> None:
        self.block = block
        self.depth = depth
        self.is_header = is_header
        self.params: list[Value] = [param for param in block.params if param.type in NUMBER_TYPES]
        self.assumptions: list[Assumption] = []
        self.steps: list[_Step] = []
        self.exits: list[_Exit] = []


class RangeAnalysis(Counting):
    """Facts of all integers of a function in SSA form.

    After :meth:`solve`, each value has the fact at its definition. :meth:`revisit` visits all blocks, with facts as
    they are at each place.

    Attributes:
        parameter_bounds: upper bounds of the function's parameters that all callers respect.
    """

    def __init__(self, function: Function, context: Context) -> None:
        super().__init__()
        self.function = function
        # The largest size in bytes that each memory may have.
        self.memory_limits: list[int] = [largest_size(type) for type in context.memory_types]
        self.parameter_bounds: dict[int, int] = function.parameter_bounds
        tree = dominator_tree(function)
        self.order: list[Block] = tree.order
        self.position: dict[Block, int] = tree.position
        self.back_edges: dict[Block, list[tuple[Block, Edge]]] = {}
        way_counts: dict[Block, int] = dict.fromkeys(self.order, 0)
        for block in self.order:
            for edge in distinct_edges(block.terminator):
                way_counts[edge.block] += 1
                if self.position[edge.block] <= self.position[block]:
                    self.back_edges.setdefault(edge.block, []).append((block, edge))
                else:
                    self.entries.setdefault(edge.block, []).append(edge)
        # The facts that walked edges pass; for headers, the facts assumed of their parameters.
        self.returning: dict[Value, Fact] = {}
        self.assumed: dict[Value, Fact] = {}
        self._other_uses: dict[Value, int] = {}
        self._accessed: set[Value] = set()
        self._accesses: dict[Value, _Access] = {}
        self._prepare(tree.children(), way_counts)

    # What the walks do

    def _prepare(self, children: dict[Block, list[Block]], way_counts: dict[Block, int]) -> None:
        """Lists the blocks, each after those that dominate it, and what to do in each."""
        self._places: list[_Place] = []
        places: dict[Block, _Place] = {}
        work: list[tuple[Block, int]] = [(self.order[0], 0)]
        while work:
            block, depth = work.pop()
            place = places[block] = _Place(block, depth, block in self.back_edges)
            self._places.append(place)
            for param in block.params:
                param.fact = unknown(param)
            self._examine(place)
            work += [(child, depth + 1) for child in reversed(children[block])]
        if len(places) < len(self.function.blocks):
            self._give_up_unreachable(places)
        for place in self._places:
            self._follow(place, places, way_counts)

    def _give_up_unreachable(self, places: dict[Block, _Place]) -> None:
        for block in self.function.blocks:
            if block not in places:
                for value in (*block.params, *block.body):
                    value.fact = unknown(value)

    def _examine(self, place: _Place) -> None:
        """Finds the facts of a block's values that never change, and how to find the others."""
        steps = place.steps
        for value in place.block.body:
            op = value.op
            if op in SIZED_CONSTANTS:
                value.fact = from_unsigned(op[:3], value.imm, value.imm)
                continue
            fixed = FIXED.get(op)
            value.fact = unknown(value) if fixed is None else fixed
            if op in TRANSFER:
                step = step_of(value)
                if step is not None:
                    steps.append((value, *step))
            elif op in ACCESS_WIDTHS:
                access = self._find_access(value)
                if access is not None:
                    self._accesses[value] = access
                    steps.append((value, None, *access))
            elif op == "local.get":
                bound = self.parameter_bounds.get(value.imm)
                if bound is not None and value.type in NUMBER_TYPES:
                    value.fact = from_unsigned(NUMBER_TYPES[value.type], 0, bound)

    def _find_access(self, value: Value) -> _Access | None:
        """The access of a load or store, if it bounds its address."""
        address = value.args[0]
        if address.type is not ValType.I32:
            return None
        memory = value.imm[2]
        limits = self.memory_limits
        limit = limits[memory] if memory < len(limits) else MEMORY32_LIMIT_BYTES
        reached = limit - ACCESS_WIDTHS[value.op] - value.imm[1]
        return (address, reached, memory if limit == MEMORY32_LIMIT_BYTES else -1) if reached >= 0 else None

    def _follow(self, place: _Place, places: dict[Block, _Place], way_counts: dict[Block, int]) -> None:
        """Finds what a block's edges pass and say."""
        block = place.block
        terminator = block.terminator
        position = self.position[block]
        is_branch = terminator.op == "branch"
        for edge in distinct_edges(terminator):
            assumptions: list[Assumption] = []
            if is_branch and terminator.edges[0] is not terminator.edges[1]:
                assumptions = self.consequences(terminator.args[0], edge is terminator.edges[0])
                # In a block with a single incoming edge, that edge's condition is true.
                if way_counts[edge.block] == 1:
                    places[edge.block].assumptions = assumptions
            if edge.args:
                found = _Exit(edge, self.position[edge.block] <= position, assumptions)
                if found.passed:
                    place.exits.append(found)

    # Walks

    def solve(self) -> None:
        """Finds facts that hold on all paths through the loops."""
        if not self.back_edges:
            self._walk()
            return
        self._find_counting(self.order, self.back_edges)
        for attempt in range(_MOST_ITERATIONS):
            self._walk()
            if not self._grow(give_up=attempt >= _MOST_ITERATIONS - 2):
                break
        else:
            self._walk()
        self._narrow()

    def _grow(self, *, give_up: bool) -> bool:
        """Widens wrong assumptions about headers; returns whether there were any."""
        grown = False
        for header in self.back_edges:
            for param in header.params:
                type = NUMBER_TYPES.get(param.type)
                found = self.returning.get(param)
                if type is None or found is None:
                    continue
                assumed = self.assumed[param]
                if not within(found, assumed):
                    grown = True
                    self.assumed[param] = (
                        FULL[type] if give_up else widen(type, assumed, join(assumed, found), self._limits_of(param))
                    )
        return grown

    def _narrow(self) -> None:
        """Assumes only the facts of incoming and back edges; keeps that only if one walk shows that it suffices."""
        wide = self.assumed
        narrow = {}
        for param, fact in wide.items():
            entering = self.entering.get(param)
            found = self.returning.get(param)
            narrow[param] = fact if entering is None else entering if found is None else join(entering, found)
        if narrow == wide:
            return
        self.assumed = narrow
        self._walk()
        if any(not within(found, narrow[param]) for param, found in self.returning.items() if param in narrow):
            self.assumed = wide
            self._walk()

    def _walk(self) -> None:
        """Goes through all blocks, each after those that dominate it, and finds all facts."""
        self.entering = {}
        self.returning = {}
        undo = self._undo
        # By depth: how much of the log is of the blocks above.
        marks = [0] * (len(self._places) + 2)
        for place in self._places:
            depth = place.depth
            if len(undo) > marks[depth]:
                self.take_back(marks[depth])
            if place.params:
                self._enter(place)
            if place.assumptions:
                self.assume(place.assumptions)
            for value, rule, first, second, constant in place.steps:
                if rule is not None:
                    value.fact = rule(first.fact, second.fact, constant)
                elif second < first.fact[1]:
                    self._reach(first, second, constant)
            for exit in place.exits:
                self._pass(exit)
            marks[depth + 1] = len(undo)
        self.take_back(0)

    def revisit(self, visit: Callable[[Block], None]) -> None:
        """Calls ``visit(block)`` for each block, with the facts at its start.

        ``visit`` is to call :meth:`access` for each load and store in turn.
        """
        undo = self._undo
        marks = [0] * (len(self._places) + 2)
        for place in self._places:
            depth = place.depth
            if len(undo) > marks[depth]:
                self.take_back(marks[depth])
            if place.assumptions:
                self.assume(place.assumptions)
            visit(place.block)
            marks[depth + 1] = len(undo)
        self.take_back(0)

    def access(self, value: Value) -> None:
        """Adds what a load or store tells about its address if it does not trap."""
        found = self._accesses.get(value)
        if found is not None and found[1] < found[0].fact[1]:
            self._reach(*found)

    def _enter(self, place: _Place) -> None:
        """Takes over the facts that incoming edges pass."""
        entering = self.entering
        if not place.is_header:
            for param in place.params:
                fact = entering.get(param)
                param.fact = unknown(param) if fact is None else fact
            return
        for param in place.params:
            type = NUMBER_TYPES[param.type]
            first = entering.get(param)
            fact = FULL[type] if first is None else first
            assumed = self.assumed.get(param)
            if assumed is None or not within(fact, assumed):
                self.assumed[param] = fact = fact if assumed is None else join(fact, assumed)
            else:
                fact = assumed
            limit = self._limits.get(param)
            if limit is not None:
                fact = self._count(type, param, fact, *limit)
            countdown = self._countdowns.get(param)
            if countdown is not None and first is not None and first[0] >= countdown:
                fact = make_fact(type, countdown, min(fact[1], first[1]), fact[2], fact[3])
            param.fact = fact
        inductions = self._inductions.get(place.block)
        if inductions is not None:
            self._bound_inductions(inductions)

    def _pass(self, exit: _Exit) -> None:
        """Passes the facts of the arguments on, along an edge."""
        mark = len(self._undo)
        if exit.assumptions:
            self.assume(exit.assumptions)
        is_refined = len(self._undo) > mark
        is_back = exit.is_back
        incoming = self.returning if is_back else self.entering
        for param, arg, step in exit.passed:
            fact = renewed(arg, step) if step is not None and (is_back or is_refined) else arg.fact
            known = incoming.get(param)
            incoming[param] = fact if known is None else join(known, fact)
        if is_refined:
            self.take_back(mark)

    def _reach(self, address: Value, reached: int, memory: int) -> None:
        """Adds that an access has not trapped."""
        if memory >= 0 and memory not in self.function.gap_memories:
            self._note_gap(memory, address)
        self._refine(address, "i32", 0, reached, -(1 << 31), (1 << 31) - 1)

    def _note_gap(self, memory: int, address: Value) -> None:
        """Notes that code relies on the gap after a memory, if anything but accesses uses the address."""
        if not self._other_uses:
            self._count_other_uses()
        uses = self._other_uses
        alone = 0
        while uses.get(address, 0) == alone:
            # A fact about a sum with a constant is one about the other summand, too.
            if address.op != "i32.add" or address.args[1].op not in INTEGER_CONSTANTS:
                return
            address = address.args[0]
            if address in self._accessed:
                break
            alone = 1
        self.function.gap_memories.add(memory)

    def _count_other_uses(self) -> None:
        """Counts the uses of each value, except as an address, and finds the addresses."""
        uses = self._other_uses
        for block in self.order:
            used = [*block.terminator.args]
            for edge in block.terminator.edges:
                used += edge.args
            for value in block.body:
                if value.op in ACCESS_WIDTHS:
                    self._accessed.add(value.args[0])
                    used += value.args[1:]
                else:
                    used += value.args
            for value in used:
                uses[value] = uses.get(value, 0) + 1
