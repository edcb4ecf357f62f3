"""Ranges of integers: for each value an interval as an unsigned number, and one as a signed number.

    v1 = i32.load8_u v0      0..255
    v2 = i32.const -4        4294967292, or -4
    v3 = i32.add v1 v2       unsigned: anything; signed: -4..251
    branch (i32.lt_u v1 v4)  if it is taken: v1 at most 254, v4 at least 1
    v5 = i32.load v6         v6 at most the largest memory, from here on

The analysis walks the dominator tree. A fact from a condition or a memory access holds below it in the tree, and is
taken back on the way up. Parameters of loop headers start with the facts that enter the loop, and are widened to the
next of a few thresholds while the loop adds to them; a last walk tries whether less suffices. All walks but the first
skip blocks for which nothing has changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from wasmz.ir.analyses import dominator_tree
from wasmz.ir.facts import ACCESS_WIDTHS, INTEGER_CONSTANTS
from wasmz.ir.nodes import Block, Edge, Function, Value
from wasmz.passes.analysis.counting import Counting
from wasmz.passes.analysis.intervals import FULL, NUMBER_TYPES, Fact, join, make_fact, widen, within
from wasmz.passes.analysis.places import PASSED, SKIPPED, VISITED, Exit, Place, Places
from wasmz.passes.analysis.value_facts import renewed, unknown
from wasmz.passes.context import Context, largest_size
from wasmz.types import MEMORY32_LIMIT_BYTES

_MOST_ITERATIONS = 12


class RangeAnalysis(Counting):
    """Facts of all integers of a function in SSA form.

    After :meth:`solve`, each value has the fact at its definition. :meth:`revisit` visits all blocks, with the facts
    that hold there.
    """

    def __init__(self, function: Function, context: Context) -> None:
        super().__init__()
        self.function = function
        tree = dominator_tree(function)
        self.order: list[Block] = tree.order
        self.position: dict[Block, int] = tree.position
        # The largest size in bytes that each memory may have.
        limits = [largest_size(type) for type in context.memory_types]
        self._places = Places(tree, limits, function.parameter_bounds, MEMORY32_LIMIT_BYTES)
        self.back_edges: dict[Block, list[tuple[Block, Edge]]] = self._places.follow(tree.order, self.consequences)
        self._headers: list[Place] = [self._places.of[header] for header in self.back_edges]
        self.entries: dict[Block, list[Edge]] = {
            place.block: [exit.edge for exit in place.incoming] for place in self._headers
        }
        # The facts assumed about parameters of headers.
        self.assumed: dict[Value, Fact] = {}
        # Value -> the places whose facts depend on it.
        self._readers: defaultdict[Value, list[Place]] = defaultdict(list)
        self._other_uses: dict[Value, int] = {}
        self._accessed: set[Value] = set()
        if len(tree.order) < len(function.blocks):
            for block in function.blocks:
                if block not in tree.position:
                    for value in (*block.params, *block.body):
                        value.fact = unknown(value)

    def solve(self) -> None:
        """Finds facts that hold on all paths through loops."""
        if not self.back_edges:
            self._walk()
            return
        self._find_counting(self.order, self.back_edges)
        self._walk()
        for attempt in range(_MOST_ITERATIONS):
            if not self._grow(give_up=attempt >= _MOST_ITERATIONS - 2):
                break
            self._walk_again()
        self._narrow()

    # Assumptions about headers

    def _returned(self, place: Place) -> list[Fact]:
        """The facts that back edges pass for a header's parameters."""
        first, *others = [exit.facts for exit in place.returning]
        for facts in others:
            first = [join(one, other) for one, other in zip(first, facts, strict=True)]
        return first

    def _grow(self, *, give_up: bool) -> bool:
        """Widens wrong assumptions about headers; returns whether there were any."""
        grown = False
        for place in self._headers:
            if not place.params:
                continue
            for param, found in zip(place.params, self._returned(place), strict=True):
                assumed = self.assumed[param]
                if not within(found, assumed):
                    grown = True
                    type = NUMBER_TYPES[param.type]
                    self.assumed[param] = (
                        FULL[type] if give_up else widen(type, assumed, join(assumed, found), self._limits_of(param))
                    )
                    self._need(place, -1)
        return grown

    def _narrow(self) -> None:
        """Tries the facts of incoming and back edges as assumptions; keeps them only if one walk confirms them."""
        wide = self.assumed
        narrow = dict(wide)
        for place in self._headers:
            if place.params:
                for param, found in zip(place.params, self._returned(place), strict=True):
                    entering = self.entering.get(param)
                    if entering is not None:
                        narrow[param] = join(entering, found)
        if self._suppose_of_headers(narrow) and any(
            not within(found, narrow[param])
            for place in self._headers
            if place.params
            for param, found in zip(place.params, self._returned(place), strict=True)
        ):
            self._suppose_of_headers(wide)

    def _suppose_of_headers(self, assumed: dict[Value, Fact]) -> bool:
        """Walks with other assumptions about headers; returns whether they differ from the last ones."""
        before, self.assumed = self.assumed, assumed
        changed = [place for place in self._headers if any(before[param] != assumed[param] for param in place.params)]
        for place in changed:
            self._need(place, -1)
        if changed:
            self._walk_again()
        return bool(changed)

    # Walks

    def _walk(self) -> None:
        """Visits all blocks, each after those that dominate it, and finds all facts."""
        undo = self._undo
        is_first = bool(self.back_edges)
        # By depth: the length of the log at the end of the blocks above.
        marks = [0] * (len(self._places.all) + 1)
        for place in self._places.all:
            depth = place.depth
            start = marks[depth]
            if len(undo) > start:
                self.take_back(start)
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
                exit.facts = self._passed(exit)
            end = marks[depth + 1] = len(undo)
            if is_first and end > start:
                place.log = {value: value.fact for value, _ in undo[start:]}
        self.take_back(0)

    def _walk_again(self) -> None:
        """Visits the blocks that are due, and those for which facts change because of that."""
        if not self._readers:
            self._find_readers()
        undo, places = self._undo, self._places.all
        marks = [0] * (len(places) + 1)
        position = 0
        while position < len(places):
            place = places[position]
            due = place.due
            if due == SKIPPED:
                position = place.end
                continue
            place.due = SKIPPED
            start = marks[place.depth]
            if len(undo) > start:
                self.take_back(start)
            if due == VISITED:
                self._visit_again(place)
            else:
                for value, fact in place.log.items():
                    undo.append((value, value.fact))
                    value.fact = fact
            marks[place.depth + 1] = len(undo)
            position += 1
        self.take_back(0)

    def _visit_again(self, place: Place) -> None:
        """Finds the facts of a block again. Then the readers of changed facts are due."""
        position = place.position
        changed: list[Value] = []
        if place.params:
            before = [param.fact for param in place.params]
            self._enter(place)
            changed = [param for param, fact in zip(place.params, before, strict=True) if param.fact != fact]
            # Facts about one counter of a loop follow from those about the others.
            changed += [param for param, _, _ in self._inductions.get(place.block, ())]
        undo, start = self._undo, len(self._undo)
        if place.assumptions:
            self.assume(place.assumptions)
        for value, rule, first, second, constant in place.steps:
            if rule is not None:
                fact = rule(first.fact, second.fact, constant)
                if fact != value.fact:
                    value.fact = fact
                    changed.append(value)
            elif second < first.fact[1]:
                self._reach(first, second, constant)
        for exit in place.exits:
            facts = self._passed(exit)
            if facts != exit.facts:
                exit.facts = facts
                if not exit.is_back:
                    self._need(exit.target, position)
        log = {value: value.fact for value, _ in undo[start:]}
        old = place.log
        if log != old:
            changed += [value for value in {**old, **log} if old.get(value) != log.get(value)]
            place.log = log
        for value in changed:
            for reader in self._readers.get(value, ()):
                if position < reader.position < place.end:
                    self._need(reader, position)

    def _need(self, place: Place, position: int) -> None:
        """Makes a walk that is at a position visit a place."""
        place.due = VISITED
        above = place.above
        while above is not None and above.position > position and above.due == SKIPPED:
            above.due = PASSED
            above = above.above

    def _find_readers(self) -> None:
        readers = self._readers
        for place in self._places.all:
            place.note_readers(readers)
        for place in self._headers:
            for param in place.params:
                limit = self._limits.get(param)
                if limit is not None and limit[3] is not None:
                    for value in (limit[3], *limit[3].args):
                        readers[value].append(place)
        # Facts about one counter of a loop follow from those about the others.
        for inductions in self._inductions.values():
            counters = [param for param, _, _ in inductions]
            together = [reader for param in counters for reader in readers[param]]
            readers.update(dict.fromkeys(counters, together))

    def revisit(self, visit: Callable[[Block], None]) -> None:
        """Calls ``visit(block)`` for each block, with the facts at its start.

        ``visit`` must call :meth:`access` for each load and store, in order.
        """
        undo = self._undo
        marks = [0] * (len(self._places.all) + 1)
        for place in self._places.all:
            depth = place.depth
            if len(undo) > marks[depth]:
                self.take_back(marks[depth])
            if place.assumptions:
                self.assume(place.assumptions)
            visit(place.block)
            marks[depth + 1] = len(undo)
        self.take_back(0)

    def access(self, value: Value) -> None:
        """Adds what follows about the address of a load or store that has not trapped."""
        found = self._places.accesses.get(value)
        if found is not None and found[1] < found[0].fact[1]:
            self._reach(*found)

    def _enter(self, place: Place) -> None:
        """Applies the facts that incoming edges pass."""
        incoming = place.incoming
        if not incoming:
            passed = [unknown(param) for param in place.params]
        else:
            passed = incoming[0].facts
            for exit in incoming[1:]:
                passed = [join(one, other) for one, other in zip(passed, exit.facts, strict=True)]
        if not place.returning:
            for param, fact in zip(place.params, passed, strict=True):
                param.fact = fact
            return
        for param, first in zip(place.params, passed, strict=True):
            self.entering[param] = fact = first
            assumed = self.assumed.get(param)
            if assumed is None or not within(fact, assumed):
                self.assumed[param] = fact = fact if assumed is None else join(fact, assumed)
            else:
                fact = assumed
            type = NUMBER_TYPES[param.type]
            limit = self._limits.get(param)
            if limit is not None:
                fact = self._count(type, param, fact, *limit)
            countdown = self._countdowns.get(param)
            if countdown is not None and first[0] >= countdown:
                fact = make_fact(type, countdown, min(fact[1], first[1]), fact[2], fact[3])
            param.fact = fact
        inductions = self._inductions.get(place.block)
        if inductions is not None:
            self._bound_inductions(inductions)

    def _passed(self, exit: Exit) -> list[Fact]:
        """The facts of the arguments that an edge passes."""
        mark = len(self._undo)
        if exit.assumptions:
            self.assume(exit.assumptions)
        is_refined = len(self._undo) > mark
        if not is_refined and not exit.is_back:
            return [arg.fact for _, arg, _ in exit.passed]
        facts = [arg.fact if step is None else renewed(arg, step) for _, arg, step in exit.passed]
        if is_refined:
            self.take_back(mark)
        return facts

    def _reach(self, address: Value, reached: int, memory: int) -> None:
        """Adds what follows from an access that has not trapped."""
        if memory >= 0 and memory not in self.function.gap_memories:
            self._note_gap(memory, address)
        self._refine(address, "i32", 0, reached, -(1 << 31), (1 << 31) - 1)

    def _note_gap(self, memory: int, address: Value) -> None:
        """Records that code relies on the gap after a memory, if the address has uses other than accesses."""
        if not self._other_uses:
            self._count_other_uses()
        uses = self._other_uses
        alone = 0
        while uses.get(address, 0) == alone:
            # A fact about a sum with a constant is also one about the other summand.
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
