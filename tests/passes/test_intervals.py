"""Bounds of results contain all results, and where they are exact no more: tried on everything in a small range."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any

import pytest

from wasmz.ir.facts import OPS
from wasmz.passes.analysis import intervals
from wasmz.passes.analysis.intervals import Fact, Interval, from_signed, from_unsigned, signed_of, unsigned_of
from wasmz.passes.analysis.transfer import FIXED, TRANSFER
from wasmz.runtime.link.find_helpers import find_helper

SMALL = [(low, high) for low in range(-5, 6) for high in range(low, 6)]
COUNTS = [(low, high) for low in range(4) for high in range(low, 4)]


@pytest.mark.parametrize(
    ("bounds", "calculate", "others", "is_exact"),
    [
        (intervals.sum_of, operator.add, SMALL, True),
        (intervals.difference_of, operator.sub, SMALL, True),
        (intervals.product_of, operator.mul, SMALL, True),
        (intervals.left_shift_of, operator.lshift, COUNTS, True),
        (intervals.right_shift_of, operator.rshift, COUNTS, True),
        (intervals.bitwise_of, operator.or_, SMALL, False),
        (intervals.bitwise_of, operator.xor, SMALL, False),
    ],
)
def test_arithmetic_without_wrapping(
    bounds: Callable[[Interval, Interval], Interval],
    calculate: Callable[[int, int], int],
    others: list[Interval],
    is_exact: bool,
) -> None:
    for one, other in itertools.product(SMALL, others):
        low, high = bounds(one, other)
        found = [calculate(a, b) for a in range(one[0], one[1] + 1) for b in range(other[0], other[1] + 1)]
        assert low <= min(found) and max(found) <= high
        assert not is_exact or (low, high) == (min(found), max(found))


def test_inverse() -> None:
    for one in SMALL:
        found = [~number for number in range(one[0], one[1] + 1)]
        assert intervals.inverse_of(one) == (min(found), max(found))


def _facts(type: str) -> list[tuple[Fact, list[int]]]:
    """Facts, each with numbers that it holds of."""
    half, modulus = OPS[f"{type}.add"].sign, OPS[f"{type}.add"].mask + 1
    unsigned = [(0, 3), (5, 5), (0, 255), (half - 2, half + 2), (modulus - 4, modulus - 1), (0, modulus - 1), (1, half)]
    signed = [(-3, 2), (-half, -half + 2), (-128, 127), (-1, -1), (half - 3, half - 1)]
    found = [(from_unsigned(type, low, high), _between(low, high)) for low, high in unsigned]
    return found + [(from_signed(type, low, high), [n % modulus for n in _between(low, high)]) for low, high in signed]


def _between(low: int, high: int) -> list[int]:
    return sorted({low, min(low + 1, high), (low + high) // 2, max(high - 1, low), high})


# `copy` and `select` have no helper.
@pytest.mark.parametrize("op", sorted(name for name in TRANSFER if OPS[name].folds))
def test_what_operations_make_of_facts(op: str) -> None:
    """Of numbers that the operands may be, the result lies within what is said of it."""
    fact, helper = OPS[op], find_helper(OPS[op].helper)
    source = "i64" if op == "i32.wrap_i64" else "i32" if fact.kind.startswith("extend_i32") else fact.type
    count = 1 if fact.kind.startswith(("extend", "wrap")) else 2
    for operands in itertools.product(_facts(source), repeat=count):
        first, second = operands[0][0], operands[-1][0]
        known = TRANSFER[op](first, second, second[0] if count == 2 and second[0] == second[1] else None)
        _check(known, helper, fact.bits, [numbers for _, numbers in operands])


def _check(known: Fact, helper: Callable[..., Any], bits: int, numbers: list[list[int]]) -> None:
    (low, high), (least, most) = unsigned_of(known), signed_of(known)
    for chosen in itertools.product(*numbers):
        try:
            result = helper(*chosen)
        except Exception:  # what traps has no result
            continue
        assert low <= result <= high, chosen
        assert least <= (result - (1 << bits) if result >> (bits - 1) else result) <= most, chosen


def test_fixed_bounds_are_those_of_the_table() -> None:
    assert FIXED["i64.load16_s"] == from_signed("i64", -0x8000, 0x7FFF)
    assert FIXED["i64.eq"] == FIXED["f64.lt"] == from_unsigned("i32", 0, 1)
    assert FIXED["array.get.i8"] == from_unsigned("i32", 0, 255)
