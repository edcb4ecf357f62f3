"""Facts about integers at one place of the walk, and how they are refined.

facts.refine(v3, "i32", 0, 99, ...)        v3 = i32.add v1 4: v1 is at most 95, too
facts.take_back(mark)                      forgets that on the way up
"""

from __future__ import annotations

from wasmz.ir.facts import INTEGER_CONSTANTS, OPS, SIZED_CONSTANTS
from wasmz.ir.nodes import Value
from wasmz.passes.analysis.intervals import FULL, HALF, MODULUS, NUMBER_TYPES, Fact, from_unsigned, make_fact
from wasmz.passes.analysis.transfer import TRANSFER


class Facts:
    """Intervals by value, with a log of what to take back.

    Attributes:
        facts: the fact about each integer here.
        param_facts: the facts that the last walk found about blocks' parameters.
        entering: the facts that the walked edges pass to parameters of blocks.
    """

    def __init__(self) -> None:
        self.facts: dict[Value, Fact] = {}
        self.param_facts: dict[Value, Fact] = {}
        self.entering: dict[Value, Fact] = {}
        self._undo: list[tuple[Value, Fact | None]] = []

    def fact(self, value: Value) -> Fact:
        """The fact about a value here."""
        found = self.facts.get(value)
        if found is None:
            op = value.op
            if op in SIZED_CONSTANTS:
                found = from_unsigned(OPS[op].type, value.imm, value.imm)
                self.facts[value] = found
            else:
                found = FULL.get(NUMBER_TYPES.get(value.type, "i32"), FULL["i32"])
        return found

    def _now(self, value: Value) -> Fact:
        """The fact about a value from those about its operands here, which may be better than at its definition."""
        rule = TRANSFER.get(value.op)
        known = self.fact(value)
        if rule is None or value.op in INTEGER_CONSTANTS:
            return known
        found = rule(value, [self.fact(arg) for arg in value.args])
        ul, uh = max(known[0], found[0]), min(known[1], found[1])
        sl, sh = max(known[2], found[2]), min(known[3], found[3])
        return (ul, uh, sl, sh) if ul <= uh and sl <= sh else known

    def _refine(self, value: Value, type: str, ul: int, uh: int, sl: int, sh: int) -> None:
        """Refines the fact about a value, until the walk comes back up; contradictions are ignored."""
        known = self.fact(value)
        ul = ul if ul > known[0] else known[0]
        uh = uh if uh < known[1] else known[1]
        sl = sl if sl > known[2] else known[2]
        sh = sh if sh < known[3] else known[3]
        if ul > uh or sl > sh:
            # Unreachable: any fact is true, but others could not work with an empty interval.
            return
        found = make_fact(type, ul, uh, sl, sh)
        if found != known and found[0] <= found[1] and found[2] <= found[3]:
            self._undo.append((value, self.facts.get(value)))
            self.facts[value] = found
            if value.op == "i32.add" or value.op == "i64.add":
                step = value.args[1]
                if step.op in INTEGER_CONSTANTS:
                    self._refine_summand(value.args[0], type, found, step.imm)
            else:
                self._learned(value, found)

    def _refine_summand(self, value: Value, type: str, total: Fact, step: int) -> None:
        """Adds the fact about the other summand that follows from a sum with a constant."""
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
        self._refine(value, type, low, high, signed_low, signed_high)

    def _learned(self, value: Value, found: Fact) -> None:
        """Called with a refined fact about a value that is no sum."""

    def take_back(self, mark: int) -> None:
        """Forgets the facts added since."""
        undo, facts = self._undo, self.facts
        while len(undo) > mark:
            value, fact = undo.pop()
            if fact is None:
                facts.pop(value, None)
            else:
                facts[value] = fact
