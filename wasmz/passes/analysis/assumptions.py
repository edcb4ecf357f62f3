"""Facts about the operands of a comparison that follow from its being true or false.

branch (i32.lt_u v1 v4)          if it is taken: v1 at most 254, v4 at least 1
branch (i32.and (...) (...))     if it is taken: both are true
"""

from __future__ import annotations

from typing import Union

from wasmz.ir.facts import INVERSE, MIRRORED, OPS, ZERO_TESTS
from wasmz.ir.nodes import Value
from wasmz.passes.analysis.intervals import FULL, Fact
from wasmz.passes.analysis.transfer import COMPARISONS
from wasmz.passes.analysis.value_facts import Facts
from wasmz.types import ValType

# By the suffix of comparisons' names: "lt_s" is the opposite of "ge_s".
_OPPOSITE = {OPS[op].kind: OPS[inverse].kind for op, inverse in INVERSE.items() if OPS[op].type == "i32"}
_MIRRORED = {OPS[op].kind: OPS[mirrored].kind for op, mirrored in MIRRORED.items() if OPS[op].type == "i32"}


# How a condition restricts its operands. An assumption has that, their type, and whether the first is the lesser one.
_EQUAL, _UNEQUAL, _BELOW, _LESS = range(4)
Assumption = tuple[int, str, Value, Union[Value, None], bool]

_ZERO: Fact = (0, 0, 0, 0)


class Conditions(Facts):
    """Facts, including those that conditions add."""

    def __init__(self) -> None:
        super().__init__()
        # Condition -> what follows if it is false, and if it is true.
        self._consequences: dict[Value, tuple[list[Assumption], list[Assumption]]] = {}

    def consequences(self, condition: Value, truth: bool) -> list[Assumption]:
        """What follows from a condition being true or false."""
        known = self._consequences.get(condition)
        if known is None:
            known = self._consequences[condition] = ([], [])
            for outcome in (False, True):
                _collect(condition, outcome, known[outcome])
        return known[truth]

    def suppose(self, condition: Value, truth: bool) -> int:
        """Assumes that a condition is true or false, until :meth:`take_back` is called with the result."""
        mark = len(self._undo)
        self.assume(self.consequences(condition, truth))
        return mark

    def assume(self, assumptions: list[Assumption]) -> None:
        """Adds the facts that follow from assumptions."""
        for kind, type, first, second, is_less in assumptions:
            a = first.fact
            b = _ZERO if second is None else second.fact
            if kind == _EQUAL:
                self._refine(first, type, *b)
                if second is not None:
                    self._refine(second, type, *a)
            elif kind == _UNEQUAL:
                self._refine_unequal(first, type, a, b)
                if second is not None:
                    self._refine_unequal(second, type, b, a)
            elif kind == _BELOW:
                _, top, low, high = FULL[type]
                self._refine(first, type, 0, b[1] - is_less, low, high)
                if second is not None:
                    self._refine(second, type, a[0] + is_less, top, low, high)
            else:
                _, top, low, high = FULL[type]
                self._refine(first, type, 0, top, low, b[3] - is_less)
                if second is not None:
                    self._refine(second, type, 0, top, a[2] + is_less, high)

    def _refine_unequal(self, value: Value, type: str, known: Fact, other: Fact) -> None:
        """Excludes a number at an end of an interval."""
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


def _collect(condition: Value, truth: bool, found: list[Assumption]) -> None:
    """Adds what follows from a condition being true or false."""
    op = condition.op
    if op in ZERO_TESTS:
        operand = condition.args[0]
        if op == "i32.eqz" and operand.op in COMPARISONS:
            _collect(operand, not truth, found)
        found.append((_EQUAL if truth else _UNEQUAL, OPS[op].type, operand, None, False))
        return
    parts = COMPARISONS.get(op)
    if parts is not None:
        type, name = parts
        found.append(_compared(type, name if truth else _OPPOSITE[name], *condition.args))
    elif condition.type is ValType.I32:
        found.append((_UNEQUAL if truth else _EQUAL, "i32", condition, None, False))
        if op == ("i32.and" if truth else "i32.or"):
            for operand in condition.args:
                if operand.op in COMPARISONS:
                    _collect(operand, truth, found)


def _compared(type: str, name: str, first: Value, second: Value) -> Assumption:
    if name[0] == "g":
        first, second, name = second, first, _MIRRORED[name]
    if name in ("eq", "ne"):
        return _EQUAL if name == "eq" else _UNEQUAL, type, first, second, False
    return _BELOW if name.endswith("u") else _LESS, type, first, second, name.startswith("lt")
