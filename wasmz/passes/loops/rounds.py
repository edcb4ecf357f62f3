"""Shared by operations that do many iterations of a regular loop: counts these, and enters the loop afterwards.

before:                          before:
  jump header(v0)                  v5 = i32.sub v3 v0            iterations after which it goes on
                         ->        v6 = i32.ge_u v5 12           enough of them?
                                   branch v6 next header(v0)
                                 next:
                                   v8 = ...                      the operation; its result is how many it did
                                   v9 = i32.add v0 v8
                                   jump header(v9)
"""

from __future__ import annotations

from typing import Union

from wasmz.ir.facts import INTEGER_CONSTANTS
from wasmz.ir.nodes import Block, Edge, Function, Value
from wasmz.passes.analysis.induction import Form, as_signed
from wasmz.passes.analysis.intervals import HALF, MODULUS, NUMBER_TYPES
from wasmz.passes.loops.forms import RegularLoop
from wasmz.passes.loops.matching import Gap
from wasmz.passes.loops.versioning import LoopEntry
from wasmz.types import ValType

_ENDLESS = 0xFFFF_FFFF


class RoundsBefore(LoopEntry):
    """Inserts an operation that does most iterations before a loop.

    Attributes:
        gaps: the limits of the iterations.
        fewest: the least number of iterations that are worth the operation.
        copies: copies of values of the loop, in the open block.
    """

    def __init__(self, function: Function, before: Block, regular: RegularLoop, gaps: list[Gap], fewest: int) -> None:
        super().__init__(function, before, regular.body[0].offset)
        self.regular: RegularLoop = regular
        self.gaps: list[Gap] = gaps
        self.fewest: int = fewest
        self.copies: dict[Value, Value] = {}

    def limited(self, count: Value) -> Value:
        """The part of a count of iterations for which there is fuel, if they take any: a unit each."""
        return self.add("fuel.limit", ValType.I32, count) if self.regular.units else count

    def reenter(self, done: Value, incoming: list[tuple[Block, Edge]]) -> None:
        """Takes the fuel for the iterations that were done, enters the loop, and updates the edges into it."""
        if self.regular.units:
            self.add("fuel.use", None, done)
        args = tuple([self.advance(param, done) for param in self.header.params])
        leaving = self.finish(self.header, args, self.entering.weight)
        incoming[:] = [edge for edge in incoming if edge[1] is not self.entering]
        incoming += [*self.leaving, (self.block, leaving)]

    # The number of iterations

    def is_short(self, gap: Gap) -> bool:
        """Whether there are known to be too few iterations, or they cannot be counted."""
        if gap.step.terms:
            return False
        least = self.fewest * gap.step.constant
        left = self.resolve(gap.left, gap.type)
        return least >= HALF[NUMBER_TYPES[gap.type]] or (not left.terms and left.constant < least)

    def count(self) -> Value:
        """The least number of iterations after which the loop goes on. If that is too small, the loop does them.

        It usually is, so that is tested first.
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
            # With a step of zero the loop is endless; then any number is correct.
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
        """Like :meth:`advance`, for a parameter to which iterations add what they load."""
        raise NotImplementedError

    def extend(self, done: Value, type: object) -> Value:
        return self.add("i64.extend_i32_u", ValType.I64, done) if type is ValType.I64 else done

    # Making values

    def value(self, value: Value) -> Value:
        """A value of the loop as it is in the first iteration."""
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
