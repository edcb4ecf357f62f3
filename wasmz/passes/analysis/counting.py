"""Bounds of loop counters: parameters to which each iteration adds a constant, and the limits at which they stop.

    i = first; do ... while (++i != n)       first <= i < n, if first < n and the step cannot jump over n
    p = start, i = 0; do p += 4 ... while (++i != 100)       start <= p <= start + 400

A counter that stays within bounds bounds the number of iterations, and so all other counters of its loop.
"""

from __future__ import annotations

from wasmz.ir.facts import INTEGER_CONSTANTS
from wasmz.ir.nodes import Block, Edge, Value
from wasmz.passes.analysis.assumptions import Conditions
from wasmz.passes.analysis.induction import find_step
from wasmz.passes.analysis.intervals import HALF, MODULUS, NUMBER_TYPES, Fact, make_fact
from wasmz.passes.analysis.transfer import COMPARISONS, known_zeros

_STEPS = frozenset(f"{type}.{name}" for type in MODULUS for name in ("add", "sub"))
# Numbers with larger steps are not treated as counters.
_LARGEST_STEP = 1 << 24
_LARGEST_STEP_TO_A_LIMIT = 1 << 16


class Counting(Conditions):
    """Facts about the counters of loops.

    Attributes:
        position: the position of each block in reverse postorder.
        entries: the edges into a header from outside its loop.
    """

    def __init__(self) -> None:
        super().__init__()
        self.position: dict[Block, int] = {}
        self.entries: dict[Block, list[Edge]] = {}
        # Facts once a counter has reached its limit: (step, reach, zero bits of the limit, limit).
        self._limits: dict[Value, tuple[int, int, int, Value | None]] = {}
        self._inductions: dict[Block, list[tuple[Value, str, int]]] = {}
        self._countdowns: dict[Value, int] = {}
        self._thresholds: dict[Value, list[Value]] = {}
        self._refining_family = False

    def _find_counting(self, order: list[Block], back_edges: dict[Block, list[tuple[Block, Edge]]]) -> None:
        """Examines all loops once, before the walks."""
        for header, edges in back_edges.items():
            self._find_inductions(header, edges)
            self._find_limits(header, edges)
        self._find_thresholds(order, back_edges)

    def _find_inductions(self, header: Block, back: list[tuple[Block, Edge]]) -> None:
        """Finds parameters to which each iteration of the loop adds the same constant."""
        found = []
        for index, param in enumerate(header.params):
            type = NUMBER_TYPES.get(param.type)
            args = {edge.args[index] for _, edge in back}
            if type is not None and len(args) == 1:
                step = find_step(param, args.pop())
                if step is not None and 0 < abs(step.constant) < _LARGEST_STEP:
                    found.append((param, type, step.constant))
        if len(found) > 1:
            self._inductions[header] = found

    def _find_limits(self, header: Block, back: list[tuple[Block, Edge]]) -> None:
        """Finds parameters to which a constant is added until the sum equals a value from before the loop.

        i = first; do ... while (++i != n)       first <= i < n, if first < n and the step cannot jump over n
        i = first; do ... while (i++ != n)       first <= i <= n, if first <= n
        """
        if len(back) != 1:
            return
        latch, edge = back[0]
        terminator = latch.terminator
        if terminator.op != "branch":
            return
        truth = terminator.edges[0] is edge
        condition = terminator.args[0]
        while condition.op == "i32.eqz" and condition.args[0].op in COMPARISONS:
            condition, truth = condition.args[0], not truth
        operands: tuple[Value | None, ...]
        if condition.op in ("i32.eqz", "i64.eqz"):
            operands, is_equality = (condition.args[0], None), True
        elif condition.op in COMPARISONS:
            operands, is_equality = condition.args, COMPARISONS[condition.op][1] == "eq"
            if COMPARISONS[condition.op][1] not in ("eq", "ne"):
                return
        else:
            operands, is_equality = (condition, None), False
        if is_equality == truth:
            return
        for param, arg in zip(header.params, edge.args, strict=True):
            found = find_step(param, arg) if arg in operands or param in operands else None
            if found is None:
                continue
            step = found.constant
            if step < 0 and tuple(operands) in ((arg, None), (arg,)):
                self._find_countdown(header, param, -step)
            if not 0 < step < _LARGEST_STEP_TO_A_LIMIT:
                continue
            tested = arg if arg in operands else param
            limit = operands[1] if operands[0] is tested else operands[0]
            reach = step if tested is arg else 0
            if limit is None:
                self._limits[param] = (step, reach, 64, None)
            elif limit is not tested and (
                limit.op in INTEGER_CONSTANTS or self.position[limit.block] < self.position[header]
            ):
                self._limits[param] = (step, reach, known_zeros(limit), limit)

    def _find_countdown(self, header: Block, param: Value, step: int) -> None:
        """Bounds a countdown to zero from below, by its step, if that is a power of two dividing the first value."""
        index = header.params.index(param)
        starts = [edge.args[index] for edge in self.entries[header]]
        if not step & (step - 1) and all(known_zeros(start) >= step.bit_length() - 1 for start in starts):
            self._countdowns[param] = step

    def _find_thresholds(self, order: list[Block], headers: dict[Block, list[tuple[Block, Edge]]]) -> None:
        """Finds the numbers that counters are compared with: likely limits of their growth."""
        for block in order:
            for value in block.body:
                if value.op in COMPARISONS:
                    first, second = value.args
                    for counter, limit in ((first, second), (second, first)):
                        if counter.op in _STEPS and counter.args[1].op in INTEGER_CONSTANTS:
                            counter = counter.args[0]
                        if counter.op == "param" and counter.block in headers:
                            self._thresholds.setdefault(counter, []).append(limit)

    def _limits_of(self, param: Value) -> list[int]:
        limits: list[int] = []
        for limit in self._thresholds.get(param, ()):
            fact = limit.fact
            limits += (fact[1] - 1, fact[1], fact[3] - 1, fact[3])
        return limits

    def _count(
        self, type: str, param: Value, fact: Fact, step: int, reach: int, zeros: int, limit: Value | None
    ) -> Fact:
        first = self.entering.get(param)
        if first is None:
            return fact
        last = (0, 0, 0, 0) if limit is None else self._now(limit)
        if first[0] != first[1]:
            return fact
        if step > 1 and (step & (step - 1) or step.bit_length() - 1 > min(zeros, _trailing_zeros(first[0]))):
            return fact
        if first[0] + reach <= last[0]:
            high = min(fact[1], last[1] - reach)
            return make_fact(type, first[0], high, fact[2], fact[3]) if first[0] <= high else fact
        if first[2] + reach <= last[2]:
            high = min(fact[3], last[3] - reach)
            return make_fact(type, fact[0], fact[1], first[2], high) if first[2] <= high else fact
        return fact

    def _bound_inductions(self, inductions: list[tuple[Value, str, int]]) -> None:
        """Bounds all counters of a loop by one that stays within bounds, without wrapping.

        This is sound although assumptions may depend on each other: in every iteration in which they are true, the
        counter has advanced by its step, so there were no more iterations than the bound.
        """
        iterations = -1
        for param, type, step in inductions:
            ul, uh, sl, sh = param.fact
            self._families.pop(param, None)
            is_signed = False
            if uh + step < MODULUS[type] and ul + step >= 0:
                count = (uh - ul) // abs(step)
            elif sh + step < HALF[type] and sl + step >= -HALF[type]:
                count = (sh - sl) // abs(step)
                is_signed = True
            else:
                continue
            first = self.entering.get(param)
            if first is not None and first[0] == first[1]:
                self._families[param] = (first[2] if is_signed else first[0], is_signed, step, inductions)
            iterations = count if iterations < 0 or count < iterations else iterations
        if iterations < 0:
            return
        for param, type, step in inductions:
            first = self.entering.get(param)
            if first is None:
                continue
            low, high = min(0, step * iterations), max(0, step * iterations)
            ul, uh, sl, sh = param.fact
            if first[0] + low >= 0 and first[1] + high < MODULUS[type]:
                ul, uh = max(ul, first[0] + low), min(uh, first[1] + high)
            if first[2] + low >= -HALF[type] and first[3] + high < HALF[type]:
                sl, sh = max(sl, first[2] + low), min(sh, first[3] + high)
            if ul <= uh and sl <= sh:
                param.fact = make_fact(type, ul, uh, sl, sh)

    def _learned(self, value: Value, found: Fact) -> None:
        if not self._refining_family:
            self._refine_family(value, found)

    def _refine_family(self, value: Value, found: Fact) -> None:
        """Bounds the other counters of a loop: a fact about one tells in which iterations it can be true."""
        first, is_signed, step, inductions = self._families[value]
        low, high = (found[2], found[3]) if is_signed else (found[0], found[1])
        near, far = sorted(((low - first) // step, (high - first) // step))
        # Rounded down, which is at most one iteration too early. Iterations are counted from zero.
        near = max(near, 0)
        self._refining_family = True
        for param, type, other_step in inductions:
            start = self.entering.get(param)
            if param is value or start is None or far < near:
                continue
            low, high = sorted((other_step * near, other_step * far))
            ul, uh, sl, sh = start[0] + low, start[1] + high, start[2] + low, start[3] + high
            if ul < 0 or uh >= MODULUS[type]:
                ul, uh = 0, MODULUS[type] - 1
            if sl < -HALF[type] or sh >= HALF[type]:
                sl, sh = -HALF[type], HALF[type] - 1
            self._refine(param, type, ul, uh, sl, sh)
        self._refining_family = False


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1 if number else 64
