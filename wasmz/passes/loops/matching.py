"""Recognises loops over memory for which the runtime can do many iterations at once.

    b1(v1: i32):                              Fill: bytes from v1 + 8 on become v9, 1 address further each iteration,
      i32.store8 (0, 8, 0) v1 v9              for at least v5 - (v1 + 1) iterations after which the loop goes on
      v2 = i32.add v1 1
      branch (i32.ne v2 v5) b1(v2) b2

A loop is recognised as a whole or not at all: each load, store, test and parameter has a role.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Union

from wasmz.ir.facts import ACCESS_WIDTHS, INTEGER_CONSTANTS, INVERSE, NUMBERED, OPS
from wasmz.ir.nodes import Value
from wasmz.passes.analysis.induction import Form, as_signed
from wasmz.passes.analysis.intervals import MODULUS, NUMBER_TYPES
from wasmz.passes.loops.forms import RegularLoop, Test
from wasmz.passes.values import divides_safely
from wasmz.types import ValType

_LOADS = {name: width for name, width in ACCESS_WIDTHS.items() if name[3:8] == ".load" and name[0] in "if"}
_STORES = {name: width for name, width in ACCESS_WIDTHS.items() if name[3:9] == ".store" and name[0] in "if"}
_MOST_APART = 1 << 16
# A distance that no target of a copy has.
NEVER = 1 << 40


class Gap(NamedTuple):
    """The distance to the end of a loop by a test: each iteration reduces it by ``step``.

    ``order`` is the comparison of two forms that the test requires; ``None`` for a test of inequality.
    """

    type: ValType
    left: Form
    step: Form
    order: Union[str, None]
    low: Form
    high: Form


class Span(NamedTuple):
    """An iteration's accesses: ``size`` bytes at ``base + displacement``. ``places`` are theirs, in program order."""

    memory: int
    base: Form
    displacement: int
    width: int
    size: int
    places: tuple[int, ...]
    step: Form

    @property
    def stride(self) -> int:
        """The step of the base as a signed constant; 0 if it is not a constant."""
        return 0 if self.step.terms else as_signed(self.step.constant, "i32")

    @property
    def is_dense(self) -> bool:
        """Whether each iteration begins where the one before ends."""
        return abs(self.stride) == self.size


@dataclass(slots=True)
class Fill:
    """A loop that stores one value."""

    target: Span
    value: Value


@dataclass(slots=True)
class Copy:
    """A loop that loads and stores the loaded values; see ``memory_copy_rounds``. ``until`` tests a copied value."""

    target: Span
    source: Span
    ahead: int
    behind: int
    until: Union[Find, None] = None


@dataclass(slots=True)
class Match:
    """A loop that goes on while two loads return equal values."""

    one: Span
    other: Span


@dataclass(slots=True)
class Find:
    """A loop that goes on until a load returns a given value or, for a run, while it does."""

    span: Span
    value: Union[Value, None]
    bits: int
    is_run: bool


@dataclass(slots=True)
class Sum:
    """A loop that adds all bytes to parameters, and perhaps such sums to others."""

    span: Span
    first: list[Value] = field(default_factory=list)
    second: dict[Value, Value] = field(default_factory=dict)


Idiom = Union[Fill, Copy, Match, Find, Sum]


class Found(NamedTuple):
    """What a loop does, and what limits its iterations: counts, and a test of a loaded value."""

    idiom: Idiom
    gaps: list[Gap]
    test: Union[Test, None]


class _Failed(Exception):
    """The loop is none of these."""


def recognise(regular: RegularLoop) -> Found | None:
    """What a loop does, or ``None``."""
    try:
        return _Recognition(regular).run()
    except _Failed:
        return None


def find_gaps(regular: RegularLoop) -> list[Gap] | None:
    """The limits of a loop's iterations, if all of its tests are such."""
    recognition = _Recognition(regular)
    try:
        gaps = [recognition.gap(*_relation(condition, goes_on)) for goes_on, condition in regular.tests]
    except _Failed:
        return None
    found = [gap for gap in gaps if gap is not None]
    return found if len(found) == len(gaps) else None


class _Recognition:
    def __init__(self, regular: RegularLoop) -> None:
        self.regular = regular
        self.loads: list[Value] = []
        self.stores: list[Value] = []

    def run(self) -> Found:
        if not self.regular.is_regular:
            raise _Failed
        for value in self.regular.body:
            if value.op in _LOADS:
                self.loads.append(value)
            elif value.op in _STORES:
                self.stores.append(value)
            elif value.op not in NUMBERED and not divides_safely(value):
                raise _Failed
        if not self.loads and not self.stores:
            raise _Failed
        gaps: list[Gap] = []
        data: list[Union[Match, Find]] = []
        data_test: Union[Test, None] = None
        for goes_on, condition in self.regular.tests:
            relation, one, other = _relation(condition, goes_on)
            gap = self.gap(relation, one, other)
            if gap is not None:
                gaps.append(gap)
            else:
                data.append(self.data_test(relation, one, other))
                data_test = goes_on, condition
        if len(data) > 1:
            raise _Failed
        return Found(self.idiom(data[0] if data else None), gaps, data_test)

    def idiom(self, test: Union[Match, Find, None]) -> Idiom:
        sums = self.regular.sums
        if self.stores:
            if sums:
                raise _Failed
            value = self.stores[0].args[1]
            if self.loads:
                return self.copy(test)
            if test is None and self.regular.is_unchanged(value) and all(s.args[1] is value for s in self.stores):
                return Fill(self.span(self.stores, is_dense=False), value)
            raise _Failed
        if test is None:
            return self.sum()
        if sums or len(self.loads) != (2 if isinstance(test, Match) else 1):
            raise _Failed
        return test

    # Accesses

    def span(self, accesses: list[Value], *, is_dense: bool = True) -> Span:
        """Adjacent accesses of equal width."""
        regular = self.regular
        width = _width(accesses[0])
        memory = accesses[0].imm[2]
        first = regular.form(accesses[0].args[0])
        distances = []
        for access in accesses:
            form = regular.form(access.args[0])
            if (
                access.args[0].type is not ValType.I32
                or _width(access) != width
                or access.imm[2] != memory
                or form.terms != first.terms
            ):
                raise _Failed
            distances.append(as_signed((form.constant - first.constant) % MODULUS["i32"], "i32"))
        lowest = min(distances)
        if max(distances) - lowest > _MOST_APART:
            raise _Failed
        places = tuple(distance - lowest + access.imm[1] for distance, access in zip(distances, accesses, strict=True))
        start = min(places)
        if sorted(places) != list(range(start, start + width * len(places), width)):
            raise _Failed
        base = Form((first.constant + lowest) % MODULUS["i32"], first.terms)
        step = regular.change(base, MODULUS["i32"])
        if step is None or not (step.constant or step.terms):
            raise _Failed
        span = Span(memory, base, start, width, width * len(places), places, step)
        if not span.is_dense and (is_dense or 0 < abs(span.stride) < span.size):
            raise _Failed
        return span

    def copy(self, test: Union[Match, Find, None]) -> Copy:
        """Recognises a copy: each loaded value is stored, and nothing else."""
        stored = [store.args[1] for store in self.stores]
        if len(set(stored)) != len(stored) or set(stored) != set(self.loads):
            raise _Failed
        if any(_width(store) != _width(value) for store, value in zip(self.stores, stored, strict=True)):
            raise _Failed
        target, source = self.span(self.stores), self.span(stored)
        if target.stride != source.stride:
            raise _Failed
        shift = target.places[0] - source.places[0]
        if any(to - at != shift for to, at in zip(target.places, source.places, strict=True)):
            raise _Failed
        ahead, behind = self._distances(target, stored)
        if test is None:
            return Copy(target, source, ahead, behind)
        if not isinstance(test, Find) or len(stored) > 1:
            raise _Failed
        # A value that is tested first must not be stored first.
        return Copy(target, source, NEVER, behind, test)

    def _distances(self, target: Span, stored: list[Value]) -> tuple[int, int]:
        """How far ahead of or behind its source a target must be to be filled as if element by element."""
        order = list(target.places)
        accesses = [value for value in self.regular.body if value.op in _LOADS or value.op in _STORES]
        if len(order) == 1:
            return target.width, 0
        if all(value.op in _LOADS for value in accesses[: len(order)]):
            # The whole iteration is loaded before anything is stored.
            return target.size, 0
        alternates = all(
            accesses[2 * n] is load and accesses[2 * n + 1].args[-1] is load for n, load in enumerate(stored)
        )
        if alternates and order == sorted(order, reverse=target.stride < 0):
            return target.width, 0
        return target.size, target.size

    # Tests

    def gap(self, relation: str, one: Value, other: Union[Value, None]) -> Gap | None:
        """The test as a test of a count, or ``None``."""
        regular = self.regular
        if one.type not in NUMBER_TYPES:
            return None
        type = NUMBER_TYPES[one.type]
        first = regular.form(one)
        second = Form(0, {}) if other is None else regular.form(other)
        low_step, high_step = (regular.change(form, MODULUS[type]) for form in (first, second))
        if low_step is None or high_step is None or relation == "eq":
            return None
        zero = Form(0, {})
        if relation == "ne":
            left = regular.difference(second, first, one)
            step = regular.difference(low_step, high_step, one)
            if not step.terms and as_signed(step.constant, type) < 0:
                left, step = regular.difference(zero, left, one), regular.difference(zero, step, one)
            order = None
        else:
            if relation[0] == "g":
                relation = "l" + relation[1:]
                first, second, low_step, high_step = second, first, high_step, low_step
            left = regular.difference(second, first, one)
            # Either the lower one grows, or the higher one falls, by a constant.
            if high_step == zero:
                step = low_step
                if not step.terms and as_signed(step.constant, type) < 0:
                    raise _Failed
            else:
                step = regular.difference(zero, high_step, one)
                if low_step != zero or step.terms or as_signed(step.constant, type) <= 0:
                    raise _Failed
            order = relation
        if step == zero:
            return None
        return Gap(one.type, left, step, order, first, second)  # type: ignore[arg-type]

    def data_test(self, relation: str, one: Value, other: Union[Value, None]) -> Union[Match, Find]:
        """The test as a test of loaded values."""
        if relation not in ("eq", "ne"):
            raise _Failed
        if other is not None and one.op not in _LOADS:
            one, other = other, one
        if one.op not in _LOADS or one.op[0] != "i":
            raise _Failed
        if other is not None and other.op in _LOADS and other in self.loads:
            if relation != "eq" or other.op != one.op or one is other:
                raise _Failed
            match = Match(self.span([one]), self.span([other]))
            if match.one.stride != match.other.stride:
                raise _Failed
            return match
        if _width(one) != 1 or (other is not None and not self.regular.is_unchanged(other)):
            raise _Failed
        bits = OPS[one.op].bits if OPS[one.op].is_signed else 0
        return Find(self.span([one]), other, bits, relation == "eq")

    # Sums

    def sum(self) -> Sum:
        """Recognises sums: all parameters that are not counters are sums of the same bytes."""
        sums = self.regular.sums
        if not sums or not self.loads or any(not load.op.endswith("load8_u") for load in self.loads):
            raise _Failed
        found = Sum(self.span(self.loads))
        every = dict.fromkeys(self.loads, 1)
        for param, added in sums.items():
            if added.terms == every and not added.constant:
                found.first.append(param)
        down = found.span.stride < 0
        # In byte order: the first byte is part of the most sums.
        ranks = sorted(range(len(self.loads)), key=lambda n: found.span.places[n], reverse=not down)
        weights = {self.loads[n]: rank + 1 for rank, n in enumerate(ranks)}
        for param, added in sums.items():
            if param in found.first:
                continue
            for first in found.first:
                if first.type is param.type and added == Form(0, {first: len(self.loads), **weights}):
                    found.second[param] = first
                    break
            else:
                raise _Failed
        return found


def _width(access: Value) -> int:
    return _LOADS.get(access.op) or _STORES[access.op]


def _relation(condition: Value, truth: bool) -> tuple[str, Value, Union[Value, None]]:
    """The comparison that is true while the loop goes on: its name without type, and operands; ``None`` for zero."""
    while condition.op == "i32.eqz":
        condition = condition.args[0]
        truth = not truth
    op = condition.op
    found: tuple[str, Value, Union[Value, None]]
    if op == "i64.eqz":
        found = ("eq" if truth else "ne", condition.args[0], None)
    elif op in INVERSE and condition.args[0].type in NUMBER_TYPES:
        name = (op if truth else INVERSE[op]).partition(".")[2]
        found = (name, condition.args[0], condition.args[1])
    else:
        found = ("ne" if truth else "eq", condition, None)
    name, one, other = found
    if other is not None and other.op in INTEGER_CONSTANTS and not other.imm:
        other = None if name in ("eq", "ne") else other
    if other is None and one.op.endswith(".xor"):
        return name, one.args[0], one.args[1]
    return name, one, other
