"""Lets the runtime do many iterations of a loop at once, if it fills, copies, compares, searches or sums memory.

    b0:                                      b0:
      jump b1(v0)                              v5 = i32.sub v3 v0            iterations after which it goes on
    b1(v1: i32):                               v6 = i32.ge_u v5 12
      i32.store8 (0, 0, 0) v1 v2       ->      branch v6 b2 b1(v0)
      v4 = i32.add v1 1                      b2:
      v7 = i32.ne v4 v3                        v8 = memory.fill_rounds (0, 0, 1, 1) v0 v2 1 v5
      branch v7 b1(v4) b3                      v9 = i32.add v0 v8
                                               jump b1(v9)
                                             b1(v1: i32):                    as before

An operation does only iterations that lie wholly in bounds and after which the loop goes on, and returns their number.
The loop itself does the rest, at least the last iteration: so traps, and all values used after the loop, come from its
own code. `matching.py` decides which loops qualify; the operations are in ``runtime/memory/bulk.py``.
"""

from __future__ import annotations

from typing import Union

from wasmz.ir.analyses import loop_forest
from wasmz.ir.edit import incoming_edges
from wasmz.ir.facts import INTEGER_CONSTANTS
from wasmz.ir.nodes import Block, Edge, Function, Value
from wasmz.passes.analysis.induction import Form, as_signed
from wasmz.passes.analysis.intervals import BITS, HALF, MODULUS, NUMBER_TYPES
from wasmz.passes.context import Context
from wasmz.passes.loops.entry import LoopEntry
from wasmz.passes.loops.forms import RegularLoop, Test, find_regular_loop
from wasmz.passes.loops.matching import Copy, Fill, Find, Found, Gap, Idiom, Match, Span, Sum, recognise
from wasmz.types import ValType

# Fewer loads or stores cost less than the call.
_FEWEST_ACCESSES: dict[type[Idiom], int] = {Fill: 14, Copy: 11, Match: 16, Find: 16, Sum: 18}
# The iterations that are tried before a search.
_TRIED_ITERATIONS = 4
_ENDLESS = 0xFFFF_FFFF
_BITS_OF_FLOATS = {ValType.F32: ("i32.reinterpret_f32", ValType.I32), ValType.F64: ("i64.reinterpret_f64", ValType.I64)}


def run(function: Function, context: Context) -> None:
    """Puts operations before loops."""
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
    """Whether an iteration takes no fuel; or one unit, and no load, which may trap, would be tried before that."""
    return not regular.units or (regular.units == 1 and found.test is None)


class _Rewriting(LoopEntry):
    """Puts an operation that does most iterations before a loop."""

    def __init__(self, function: Function, before: Block, regular: RegularLoop, found: Found) -> None:
        super().__init__(function, before, regular.body[0].offset)
        self.regular = regular
        self.idiom, self.gaps, self.test = found
        self.fewest = _fewest_iterations(found.idiom)
        # Copies of values of the loop, in the open block.
        self.copies: dict[Value, Value] = {}

    def run(self, incoming: list[tuple[Block, Edge]]) -> None:
        """Rewrites, and updates the edges that enter the loop."""
        if any(self.is_short(gap) for gap in self.gaps):
            return
        count = self.count()
        if self.test is not None:
            count = self.try_first(self.test, count)
        if self.regular.units:
            count = self.add("fuel.limit", ValType.I32, count)
        done = self.operation(count)
        if self.regular.units:
            self.add("fuel.use", None, done)
        args = tuple([self.advance(param, done) for param in self.header.params])
        leaving = self.finish(self.header, args, self.entering.weight)
        incoming[:] = [edge for edge in incoming if edge[1] is not self.entering]
        incoming += [*self.leaving, (self.block, leaving)]

    def try_first(self, test: Test, count: Value) -> Value:
        """Tests the loads of the first iterations, as searches mostly end there; returns what is left of a count.

        A trap of such a load is the loop's first effect: there are no stores before it.
        """
        goes_on, condition = test
        params = self.header.params
        if isinstance(self.idiom, Copy):
            # The tried item is still to be stored.
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

    # The number of iterations

    def is_short(self, gap: Gap) -> bool:
        """Whether there are known to be too few iterations, or they cannot be counted."""
        if gap.step.terms:
            return False
        least = self.fewest * gap.step.constant
        left = self.resolve(gap.left, gap.type)
        return least >= HALF[NUMBER_TYPES[gap.type]] or (not left.terms and left.constant < least)

    def count(self) -> Value:
        """The least number of iterations after which the loop goes on. If these are too few, the loop does them.

        Mostly they are too few, so that is tested first.
        """
        counts = []
        for gap in self.gaps:
            type = gap.type
            count = self.form(gap.left, type)
            fewest = self.fewest
            if gap.step.terms:
                count = self.iterations_of(gap, count)
                type = ValType.I32
            else:
                fewest *= gap.step.constant
            enough = self.add(f"{type}.ge_u", ValType.I32, count, self.constant(type, fewest))
            self.leave_unless(enough)
            if gap.order is not None:
                low, high = self.form(gap.low, gap.type), self.form(gap.high, gap.type)
                self.leave_unless(self.add(f"{gap.type}.{gap.order}", ValType.I32, low, high))
            counts.append(count)
        least: Value | None = None
        for gap, count in zip(self.gaps, counts, strict=True):
            number = count if gap.step.terms else self.iterations_of(gap, count)
            if least is None:
                least = number
            else:
                is_less = self.add("i32.lt_u", ValType.I32, number, least)
                least = self.add("select", ValType.I32, number, least, is_less)
        return self.constant(ValType.I32, _ENDLESS) if least is None else least

    def leave_unless(self, condition: Value, *, goes_on: bool = True) -> None:
        super().leave_unless(condition, goes_on=goes_on)
        self.copies = {}

    def iterations_of(self, gap: Gap, count: Value) -> Value:
        """The gap divided by the step, as an i32."""
        type = gap.type
        step = gap.step
        if step.terms:
            # A step of zero makes the loop endless: then any number is right.
            divisor = self.form(step, type)
            is_zero = self.add(f"{type}.eqz", ValType.I32, divisor)
            if type is ValType.I64:
                is_zero = self.add("i64.extend_i32_u", type, is_zero)
            divisor = self.add(f"{type}.or", type, divisor, is_zero)
            count = self.add(f"{type}.div_u", type, count, divisor)
        elif step.constant & (step.constant - 1) == 0:
            if step.constant > 1:
                shift = self.constant(type, step.constant.bit_length() - 1)
                count = self.add(f"{type}.shr_u", type, count, shift)
        else:
            count = self.add(f"{type}.div_u", type, count, self.constant(type, step.constant))
        if type is ValType.I64:
            most = self.constant(type, _ENDLESS)
            count = self.add("select", type, count, most, self.add("i64.lt_u", ValType.I32, count, most))
            count = self.add("i32.wrap_i64", ValType.I32, count)
        return count

    # The operations

    def operation(self, count: Value) -> Value:
        """The operation; its result is the number of iterations it did."""
        idiom = self.idiom
        # The iterations may end where the address space does.
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

    # The loop's new first values

    def advance(self, param: Value, done: Value) -> Value:
        """A parameter after the iterations that were done."""
        old = self.first[param]
        type = param.type
        delta = self.regular.deltas.get(param)
        if delta is None:
            return self.summed(param, old, done)
        if not delta.terms:
            step = as_signed(delta.constant, NUMBER_TYPES[type])
            if abs(step) <= 1:
                op = {1: "add", -1: "sub", 0: ""}[step]
                return self.add(f"{type}.{op}", type, old, self.extend(done, type)) if op else old
        step_value = self.form(delta, type)  # type: ignore[arg-type]
        total = self.add(f"{type}.mul", type, self.extend(done, type), step_value)
        return self.add(f"{type}.add", type, old, total)

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

    def extend(self, done: Value, type: object) -> Value:
        return self.add("i64.extend_i32_u", ValType.I64, done) if type is ValType.I64 else done

    # Making values

    def value(self, value: Value) -> Value:
        """A value of the loop in its first iteration."""
        known = self.first.get(value) or self.copies.get(value)
        if known is not None:
            return known
        if value.block not in self.regular.inside:
            return value
        args = tuple([self.value(arg) for arg in value.args])
        copied = Value(value.op, value.type, args, value.imm, value.offset, self.block)
        self.block.body.append(copied)
        self.copies[value] = copied
        return copied

    def resolve(self, form: Form, type: ValType) -> Form:
        """A form with the constants that enter the loop in place of their parameters."""
        constant = form.constant
        terms = {}
        for term, factor in form.terms.items():
            entering = self.first.get(term, term)
            if entering.op in INTEGER_CONSTANTS:
                constant += factor * entering.imm
            else:
                terms[term] = factor
        return Form(constant % MODULUS[NUMBER_TYPES[type]], terms)

    def form(self, form: Form, type: ValType) -> Value:
        """The value of a form in the first iteration."""
        form = self.resolve(form, type)
        modulus = MODULUS[NUMBER_TYPES[type]]
        total: Union[Value, None] = None
        for term, factor in sorted(form.terms.items(), key=lambda item: item[1]):
            value = self.value(term)
            if total is not None and factor == modulus - 1:
                total = self.add(f"{type}.sub", type, total, value)
                continue
            if factor != 1:
                value = self.add(f"{type}.mul", type, value, self.constant(type, factor))
            total = value if total is None else self.add(f"{type}.add", type, total, value)
        if total is None:
            return self.constant(type, form.constant % modulus)
        if form.constant:
            total = self.add(f"{type}.add", type, total, self.constant(type, form.constant % modulus))
        return total


def _fewest_iterations(idiom: Idiom) -> int:
    """The least number of iterations that are worth a call."""
    fewest = _FEWEST_ACCESSES[type(idiom)]
    if isinstance(idiom, (Fill, Copy)):
        return max(2, -(-fewest // len(idiom.target.places)))
    if isinstance(idiom, Sum):
        # Sums of sums take another call.
        return max(2, -(-fewest * (2 if idiom.second else 1) // len(idiom.span.places)))
    return fewest
