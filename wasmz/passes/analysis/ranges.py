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

from wasmz.ir.analyses import dominator_tree
from wasmz.ir.edit import distinct_edges
from wasmz.ir.facts import ACCESS_WIDTHS as ACCESS_WIDTHS
from wasmz.ir.facts import INTEGER_CONSTANTS
from wasmz.ir.nodes import Block, Edge, Function, Value
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
from wasmz.passes.analysis.transfer import FIXED, TRANSFER
from wasmz.passes.context import Context, largest_size
from wasmz.types import MEMORY32_LIMIT_BYTES, ValType

_MOST_ITERATIONS = 12


class RangeAnalysis(Counting):
    """Facts of all integers of a function in SSA form.

    After :meth:`solve`, :meth:`walk` visits all blocks once more, with :attr:`facts` as they are at each place.

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
        self.children: dict[Block, list[Block]] = tree.children()
        self.way_counts: dict[Block, int] = dict.fromkeys(self.order, 0)
        self.back_edges: dict[Block, list[tuple[Block, Edge]]] = {}
        for block in self.order:
            for edge in distinct_edges(block.terminator):
                self.way_counts[edge.block] += 1
                if self.position[edge.block] <= self.position[block]:
                    self.back_edges.setdefault(edge.block, []).append((block, edge))
                else:
                    self.entries.setdefault(edge.block, []).append(edge)
        # The facts that walked edges pass; for headers, the facts assumed of their parameters.
        self.returning: dict[Value, Fact] = {}
        self.assumed: dict[Value, Fact] = {}
        # Block -> the condition under which its last incoming edge is taken.
        self._source: dict[Block, tuple[Value | None, bool]] = {}
        self._other_uses: dict[Value, int] = {}
        self._accessed: set[Value] = set()

    def solve(self) -> None:
        """Finds facts that hold on all paths through the loops."""
        visit = lambda block: False  # noqa: E731
        if not self.back_edges:
            self.walk(visit)
            return
        self._find_counting(self.order, self.back_edges)
        for attempt in range(_MOST_ITERATIONS):
            self.returning = {}
            self.walk(visit)
            grown = self._grow(give_up=attempt >= _MOST_ITERATIONS - 2)
            if not grown:
                break
        self._narrow(visit)

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

    def _narrow(self, visit: Callable[[Block], bool]) -> None:
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
        self.returning = {}
        self.walk(visit)
        if any(not within(found, narrow[param]) for param, found in self.returning.items() if param in narrow):
            self.assumed = wide
            self.walk(visit)

    def walk(self, visit: Callable[[Block], bool]) -> None:
        """Goes through all blocks, each after those that dominate it.

        ``visit(block)`` is called with the facts at the block's start. It returns whether it has called
        :meth:`transfer` for each value in turn; otherwise the walk does that.
        """
        self.facts.clear()
        self.entering: dict[Value, Fact] = {}
        undo = self._undo
        undo.clear()
        work: list[tuple[Block, int]] = [(self.order[0], -1)]
        while work:
            block, mark = work.pop()
            if mark >= 0:
                self.take_back(mark)
                continue
            work.append((block, len(undo)))
            self._enter(block)
            if not visit(block):
                transfer = self.transfer
                for value in block.body:
                    transfer(value)
            self._leave(block)
            for child in reversed(self.children[block]):
                work.append((child, -1))

    def _enter(self, block: Block) -> None:
        facts = self.facts
        is_header = block in self.back_edges
        for param in block.params:
            type = NUMBER_TYPES.get(param.type)
            if type is None:
                continue
            fact = self.entering.get(param, FULL[type])
            if is_header:
                limit = self._limits.get(param)
                assumed = self.assumed.get(param)
                if assumed is None or not within(fact, assumed):
                    self.assumed[param] = fact = fact if assumed is None else join(fact, assumed)
                else:
                    fact = assumed
                if limit is not None:
                    fact = self._count(type, param, fact, *limit)
                countdown = self._countdowns.get(param)
                first = self.entering.get(param)
                if countdown is not None and first is not None and first[0] >= countdown:
                    fact = make_fact(type, countdown, min(fact[1], first[1]), fact[2], fact[3])
            facts[param] = self.param_facts[param] = fact
        if is_header and block in self._inductions:
            self._bound_inductions(self._inductions[block])
        # In a block with a single incoming edge, that edge's condition is true.
        if self.way_counts[block] == 1:
            source, truth = self._source.get(block, (None, False))
            if source is not None:
                self.assume(source, truth)

    def _leave(self, block: Block) -> None:
        """Passes the facts of the arguments on, along each edge."""
        terminator = block.terminator
        edges = terminator.edges
        if not edges:
            return
        if terminator.op == "branch":
            condition = terminator.args[0]
            for edge, truth in zip(edges, (True, False), strict=True):
                self._source[edge.block] = (condition, truth)
                if edge.args:
                    mark = len(self._undo)
                    self.assume(condition, truth)
                    self._pass(block, edge, is_refined=len(self._undo) > mark)
                    self.take_back(mark)
        else:
            for edge in distinct_edges(terminator):
                if edge.args:
                    self._pass(block, edge)

    def _pass(self, block: Block, edge: Edge, *, is_refined: bool = False) -> None:
        is_back = self.position[edge.block] <= self.position[block]
        incoming = self.returning if is_back else self.entering
        for param, arg in zip(edge.block.params, edge.args, strict=True):
            type = NUMBER_TYPES.get(param.type)
            if type is not None:
                fact = self._now(arg) if is_back or is_refined else self.fact(arg)
                known = incoming.get(param)
                incoming[param] = fact if known is None else join(known, fact)

    def transfer(self, value: Value) -> None:
        """Finds the fact of a value of the body, and the facts that its evaluation gives about its operands."""
        op = value.op
        rule = TRANSFER.get(op)
        facts = self.facts
        if rule is not None:
            operands = []
            for arg in value.args:
                known = facts.get(arg)
                operands.append(known if known is not None else self.fact(arg))
            facts[value] = rule(value, operands)
            return
        if op == "local.get":
            bound = self.parameter_bounds.get(value.imm)
            if bound is not None and value.type in NUMBER_TYPES:
                self.facts[value] = from_unsigned(NUMBER_TYPES[value.type], 0, bound)
            return
        fixed = FIXED.get(op)
        if fixed is not None:
            self.facts[value] = fixed
        if op in ACCESS_WIDTHS:
            address = value.args[0]
            if address.type is ValType.I32:
                memory = value.imm[2]
                limits = self.memory_limits
                limit = limits[memory] if memory < len(limits) else MEMORY32_LIMIT_BYTES
                reached = limit - ACCESS_WIDTHS[op] - value.imm[1]
                if reached >= 0:
                    known = self.fact(address)
                    if reached < known[1]:
                        if limit == MEMORY32_LIMIT_BYTES and memory not in self.function.gap_memories:
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
