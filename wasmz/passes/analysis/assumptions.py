"""Facts about the operands of a comparison, from its being true or false.

branch (i32.lt_u v1 v4)          if it is taken: v1 at most 254, v4 at least 1
branch (i32.and (...) (...))     if it is taken: both are true
"""

from __future__ import annotations

from wasmz.ir.facts import INVERSE, MIRRORED, OPS, ZERO_TESTS
from wasmz.ir.nodes import Value
from wasmz.passes.analysis.intervals import HALF, MODULUS, Fact
from wasmz.passes.analysis.transfer import COMPARISONS
from wasmz.passes.analysis.value_facts import Facts
from wasmz.types import ValType

# By the suffix of comparisons' names: "lt_s" is the opposite of "ge_s".
_OPPOSITE = {OPS[op].kind: OPS[inverse].kind for op, inverse in INVERSE.items() if OPS[op].type == "i32"}
_MIRRORED = {OPS[op].kind: OPS[mirrored].kind for op, mirrored in MIRRORED.items() if OPS[op].type == "i32"}


class Conditions(Facts):
    """Facts that conditions add to."""

    def suppose(self, condition: Value, truth: bool) -> int:
        """Assumes that a condition is true or false until :meth:`take_back` is called with the result."""
        mark = len(self._undo)
        self.assume(condition, truth)
        return mark

    def assume(self, condition: Value, truth: bool) -> None:
        """Adds the facts that follow from a condition being true or false."""
        op = condition.op
        if op in ZERO_TESTS:
            operand = condition.args[0]
            if op == "i32.eqz" and operand.op in COMPARISONS:
                self.assume(operand, not truth)
            self._assume_compared(OPS[op].type, "eq", operand, None, truth)
            return
        parts = COMPARISONS.get(op)
        if parts is None:
            if condition.type is ValType.I32:
                self._assume_compared("i32", "eq", condition, None, not truth)
                if truth and op == "i32.and":
                    for operand in condition.args:
                        if operand.op in COMPARISONS:
                            self.assume(operand, True)
                elif not truth and op == "i32.or":
                    for operand in condition.args:
                        if operand.op in COMPARISONS:
                            self.assume(operand, False)
            return
        type, name = parts
        self._assume_compared(type, name, condition.args[0], condition.args[1], truth)

    def _assume_compared(self, type: str, name: str, first: Value, second: Value | None, truth: bool) -> None:
        a = self.fact(first)
        b = (0, 0, 0, 0) if second is None else self.fact(second)
        if not truth:
            name = _OPPOSITE[name]
        if name in ("gt_s", "gt_u", "ge_s", "ge_u"):
            if second is None:
                return
            first, second, a, b, name = second, first, b, a, _MIRRORED[name]
        low, high = -HALF[type], HALF[type] - 1
        top = MODULUS[type] - 1
        if name == "eq":
            self._refine(first, type, *b)
            if second is not None:
                self._refine(second, type, *a)
        elif name == "ne":
            self._refine_unequal(first, type, a, b)
            if second is not None:
                self._refine_unequal(second, type, b, a)
        elif name in ("lt_u", "le_u"):
            less = name == "lt_u"
            self._refine(first, type, 0, b[1] - less, low, high)
            if second is not None:
                self._refine(second, type, a[0] + less, top, low, high)
        else:
            less = name == "lt_s"
            self._refine(first, type, 0, top, low, b[3] - less)
            if second is not None:
                self._refine(second, type, 0, top, a[2] + less, high)

    def _refine_unequal(self, value: Value, type: str, known: Fact, other: Fact) -> None:
        """Excludes a number at the end of an interval."""
        ul, uh, sl, sh = known
        if other[0] == other[1]:
            excluded = other[0]
            ul += ul == excluded
            uh -= uh == excluded
        if other[2] == other[3]:
            excluded = other[2]
            sl += sl == excluded
            sh -= sh == excluded
        if (ul, uh, sl, sh) != known:
            self._refine(value, type, ul, uh, sl, sh)
