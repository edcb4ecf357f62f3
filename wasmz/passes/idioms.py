"""Makes the runtime do many iterations of a loop at once, if it fills, copies, compares, searches or sums memory.

    b0:                                      b0:
      jump b1(v0)                              v5 = i32.sub v3 v0            iterations after which it goes on
    b1(v1: i32):                               v6 = i32.ge_u v5 12
      i32.store8 (0, 0, 0) v1 v2       ->      branch v6 b2 b1(v0)
      v4 = i32.add v1 1                      b2:
      v7 = i32.ne v4 v3                        v8 = memory.fill_rounds (0, 0, 1, 1) v0 v2 1 v5
      branch v7 b1(v4) b3                      v9 = i32.add v0 v8
                                               jump b1(v9)
                                             b1(v1: i32):                    as before

An operation does only iterations that are wholly in bounds and after which the loop goes on, and returns their number.
The loop itself does the rest, at least the last iteration. So traps, and all values used after the loop, come from its
own code. `matching.py` decides which loops qualify; the operations are in ``runtime/memory/bulk.py``.
"""

from __future__ import annotations

from typing import Union

from wasmz.ir.analyses import loop_forest
from wasmz.ir.edit import incoming_edges
from wasmz.ir.nodes import Block, Edge, Function, Value
from wasmz.passes.analysis.intervals import BITS, NUMBER_TYPES
from wasmz.passes.context import Context
from wasmz.passes.loops.forms import RegularLoop, Test, find_regular_loop
from wasmz.passes.loops.matching import Copy, Fill, Find, Found, Idiom, Match, Span, Sum, recognise
from wasmz.passes.loops.rounds import RoundsBefore
from wasmz.types import ValType

# With fewer loads or stores than these, the call costs more than it saves.
_FEWEST_ACCESSES: dict[type[Idiom], int] = {Fill: 14, Copy: 11, Match: 16, Find: 16, Sum: 18}
# How many iterations are tried before a search.
_TRIED_ITERATIONS = 4
_BITS_OF_FLOATS = {ValType.F32: ("i32.reinterpret_f32", ValType.I32), ValType.F64: ("i64.reinterpret_f64", ValType.I64)}


def run(function: Function, context: Context) -> None:
    """Inserts operations before loops."""
    if not function.is_ssa or function.is_represented:
        return
    forest = loop_forest(function)
    incoming: dict[Block, list[tuple[Block, Edge]]] | None = None
    for loop in forest.loops:
        regular = find_regular_loop(loop)
        found = None if regular is None else recognise(regular)
        if regular is not None and found is not None and _can_count_fuel(regular, found):
            if incoming is None:
                incoming = incoming_edges(function)
            before = forest.preheader(function, loop, incoming[loop.header])
            _Rewriting(function, before, regular, found).run(incoming[loop.header])


def _can_count_fuel(regular: RegularLoop, found: Found) -> bool:
    """Whether an iteration takes no fuel; or one unit, and no load, which may trap, is tried before that."""
    return not regular.units or (regular.units == 1 and found.test is None)


class _Rewriting(RoundsBefore):
    """Inserts an operation that does most iterations before a loop."""

    def __init__(self, function: Function, before: Block, regular: RegularLoop, found: Found) -> None:
        super().__init__(function, before, regular, found.gaps, _fewest_iterations(found.idiom))
        self.idiom: Idiom = found.idiom
        self.test: Union[Test, None] = found.test

    def run(self, incoming: list[tuple[Block, Edge]]) -> None:
        """Rewrites the function, and updates the edges into the loop."""
        if any(self.is_short(gap) for gap in self.gaps):
            return
        count = self.count()
        if self.test is not None:
            count = self.try_first(self.test, count)
        self.reenter(self.operation(self.limited(count)), incoming)

    def try_first(self, test: Test, count: Value) -> Value:
        """Tests the loads of the first iterations, where searches often end; returns the remaining count.

        A trap of such a load is the loop's first effect: no stores precede it.
        """
        goes_on, condition = test
        params = self.header.params
        if isinstance(self.idiom, Copy):
            # The item that was tried must still be stored.
            self.leave_unless(self.value(condition), goes_on=goes_on)
            return count
        start = self.first
        for tried in range(_TRIED_ITERATIONS):
            self.leave_unless(self.value(condition), goes_on=goes_on)
            self.first = start
            done = self.constant(ValType.I32, tried + 1)
            self.first = {param: self.advance(param, done) for param in params}
            self.copies = {}
        return self.add("i32.sub", ValType.I32, count, self.constant(ValType.I32, _TRIED_ITERATIONS))

    # The operations

    def operation(self, count: Value) -> Value:
        """The operation; its result is the number of iterations it did."""
        idiom = self.idiom
        # The iterations may reach the end of the address space.
        self.function.gap_memories.add(-1)
        if isinstance(idiom, Fill):
            span = idiom.target
            value = self.value(idiom.value)
            if value.type in _BITS_OF_FLOATS:
                value = self.add(*_BITS_OF_FLOATS[value.type], value)
            imm = (span.memory, span.displacement, span.width, span.size)
            step = self.form(span.step, ValType.I32)
            return self.add("memory.fill_rounds", ValType.I32, self.base(span), value, step, count, imm=imm)
        if isinstance(idiom, Copy):
            if idiom.until is not None:
                count = self.find(idiom.until, count)
            to, at = idiom.target, idiom.source
            places = (to.memory, at.memory, to.displacement, at.displacement)
            imm = (*places, to.stride, idiom.ahead, idiom.behind)  # type: ignore[assignment]
            return self.add("memory.copy_rounds", ValType.I32, self.base(to), self.base(at), count, imm=imm)
        if isinstance(idiom, Match):
            one, other = idiom.one, idiom.other
            places = (one.memory, other.memory, one.displacement, other.displacement)
            imm = (*places, one.width, one.stride)  # type: ignore[assignment]
            return self.add("memory.match_rounds", ValType.I32, self.base(one), self.base(other), count, imm=imm)
        if isinstance(idiom, Find):
            return self.find(idiom, count)
        span = idiom.span
        imm = (span.memory, span.displacement, span.size, span.stride)
        return self.add("memory.rounds_within", ValType.I32, self.base(span), count, imm=imm)

    def find(self, idiom: Find, count: Value) -> Value:
        span = idiom.span
        value = self.constant(ValType.I32, 0) if idiom.value is None else self.value(idiom.value)
        imm = (span.memory, span.displacement, span.stride, idiom.bits, int(idiom.is_run))
        return self.add("memory.find_rounds", ValType.I32, self.base(span), value, count, imm=imm)

    def base(self, span: Span) -> Value:
        return self.form(span.base, ValType.I32)

    def summed(self, param: Value, old: Value, done: Value) -> Value:
        idiom = self.idiom
        if not isinstance(idiom, Sum):
            raise TypeError(f"no sum: {idiom}")
        type: ValType = param.type  # type: ignore[assignment]
        span = idiom.span
        imm = (span.memory, span.displacement, span.stride, BITS[NUMBER_TYPES[type]])
        first = idiom.second.get(param)
        op = "memory.sum_rounds" if first is None else "memory.weighted_rounds"
        total = self.add(op, type, self.base(span), done, imm=imm)
        if first is not None:
            count = self.add(f"{type}.mul", type, self.extend(done, type), self.constant(type, span.size))
            carried = self.add(f"{type}.mul", type, count, self.first[first])
            total = self.add(f"{type}.add", type, total, carried)
        return self.add(f"{type}.add", type, old, total)


def _fewest_iterations(idiom: Idiom) -> int:
    """The least number of iterations that are worth a call."""
    fewest = _FEWEST_ACCESSES[type(idiom)]
    if isinstance(idiom, (Fill, Copy)):
        return max(2, -(-fewest // len(idiom.target.places)))
    if isinstance(idiom, Sum):
        # Sums of sums take another call.
        return max(2, -(-fewest * (2 if idiom.second else 1) // len(idiom.span.places)))
    return fewest
