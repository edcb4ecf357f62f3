"""Facts about integers at the current place of the walk, and how they are refined.

facts.refine(v3, "i32", 0, 99, ...)        v3 = i32.add v1 4: v1 is at most 95, too
facts.take_back(mark)                      forgets that on the way up

A fact is stored in its value (``Value.fact``): during the walk that at the current place, afterwards that at the
value's definition.
"""

from __future__ import annotations

from wasmz.ir.facts import INTEGER_CONSTANTS
from wasmz.ir.nodes import Value
from wasmz.passes.analysis.intervals import FULL, HALF, MAKERS, MODULUS, NUMBER_TYPES, Fact
from wasmz.passes.analysis.transfer import TRANSFER, Rule

# How to find the fact of a result: its rule, the first two operands (twice the same for one operand), and the second
# operand, if it is a constant.
Step = tuple[Rule, Value, Value, "int | None"]

# For a counter that does not wrap: its first value, whether as a signed number, its step, and all counters of the loop
# with their types and steps.
Family = tuple[int, bool, int, list[tuple[Value, str, int]]]


class Facts:
    """Intervals stored in values, with a log for taking them back.

    Attributes:
        entering: the facts that the walked edges pass to parameters of blocks.
    """

    def __init__(self) -> None:
        self.entering: dict[Value, Fact] = {}
        self._undo: list[tuple[Value, Fact]] = []
        # Values whose facts imply facts about others, too: see `counting.py`.
        self._families: dict[Value, Family] = {}

    def _now(self, value: Value) -> Fact:
        """A value's fact by those of its operands here, which may be better than that at its definition."""
        step = step_of(value)
        return value.fact if step is None else renewed(value, step)

    def _refine(self, value: Value, type: str, ul: int, uh: int, sl: int, sh: int) -> None:
        """Refines the fact about a value until the walk leaves this place; ignores contradictions."""
        make, undo = MAKERS[type], self._undo
        while True:
            known = value.fact
            known_ul, known_uh, known_sl, known_sh = known
            if known_ul > ul:
                ul = known_ul
            if known_uh < uh:
                uh = known_uh
            if known_sl > sl:
                sl = known_sl
            if known_sh < sh:
                sh = known_sh
            if ul > uh or sl > sh:
                # Unreachable: any fact is true, but others could not work with an empty interval.
                return
            found = make(ul, uh, sl, sh)
            if found == known or found[0] > found[1] or found[2] > found[3]:
                return
            undo.append((value, known))
            value.fact = found
            if value.op != "i32.add" and value.op != "i64.add":
                if value in self._families:
                    self._learned(value, found)
                return
            value, step = value.args
            if step.op not in INTEGER_CONSTANTS:
                return
            ul, uh, sl, sh = _summand(type, found, step.imm)

    def _learned(self, value: Value, found: Fact) -> None:
        """Called when the fact about a value of a family was refined."""

    def take_back(self, mark: int) -> None:
        """Takes back the facts added since ``mark``."""
        undo = self._undo
        for value, fact in reversed(undo[mark:]):
            value.fact = fact
        del undo[mark:]


def _summand(type: str, total: Fact, step: int) -> Fact:
    """The bounds of a number, from those of its sum with a constant."""
    modulus, half = MODULUS[type], HALF[type]
    low, high = total[0] - step, total[1] - step
    if high < 0:
        low, high = low + modulus, high + modulus
    elif low < 0:
        low, high = 0, modulus - 1
    if step >= half:
        step -= modulus
    signed_low, signed_high = total[2] - step, total[3] - step
    if signed_low < -half or signed_high >= half:
        signed_low, signed_high = -half, half - 1
    return low, high, signed_low, signed_high


def step_of(value: Value) -> Step | None:
    """How to find a value's fact from those of its operands, if it follows from them."""
    rule = TRANSFER.get(value.op)
    if rule is None:
        return None
    args = value.args
    first = args[0]
    second = args[1] if len(args) > 1 else first
    return rule, first, second, second.imm if second.op in INTEGER_CONSTANTS else None


def renewed(value: Value, step: Step) -> Fact:
    """The fact about a value, combined with the fact that its operands imply now."""
    rule, first, second, constant = step
    known, found = value.fact, rule(first.fact, second.fact, constant)
    if found is known:
        return known
    ul, uh = max(known[0], found[0]), min(known[1], found[1])
    sl, sh = max(known[2], found[2]), min(known[3], found[3])
    return (ul, uh, sl, sh) if ul <= uh and sl <= sh else known


def unknown(value: Value) -> Fact:
    """The fact of a value of which only the type is known."""
    return FULL[NUMBER_TYPES.get(value.type, "i32")]
