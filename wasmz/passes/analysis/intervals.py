"""Intervals of integers, as unsigned and as signed numbers, and the arithmetic on them.

from_unsigned("i32", 0, 255)            (0, 255, 0, 255)
from_signed("i32", -4, 251)             (0, 4294967295, -4, 251)
"""

from __future__ import annotations

from collections.abc import Callable

from wasmz.ir.facts import INTEGER_BITS
from wasmz.ir.facts import NUMBER_TYPES as NUMBER_TYPES

# The least and greatest value as an unsigned number, and those as a signed number.
Fact = tuple[int, int, int, int]

BITS = INTEGER_BITS
MODULUS = {type: 1 << bits for type, bits in BITS.items()}
HALF = {type: 1 << (bits - 1) for type, bits in BITS.items()}
FULL: dict[str, Fact] = {type: (0, MODULUS[type] - 1, -HALF[type], HALF[type] - 1) for type in MODULUS}

# Thresholds for growing intervals. Below 2^31 they leave room for the step of a counter.
_UPPER = {
    type: sorted({(1 << 30) - 1, HALF[type] - (1 << 16), HALF[type] - 2, HALF[type] - 1, MODULUS[type] - 2})
    for type in MODULUS
}


def _maker(modulus: int, half: int) -> Callable[[int, int, int, int], Fact]:
    def make(ul: int, uh: int, sl: int, sh: int) -> Fact:
        if uh < half:
            if ul > sl:
                sl = ul
            if uh < sh:
                sh = uh
        elif ul >= half:
            if ul - modulus > sl:
                sl = ul - modulus
            if uh - modulus < sh:
                sh = uh - modulus
        if sl >= 0:
            if sl > ul:
                ul = sl
            if sh < uh:
                uh = sh
        elif sh < 0:
            if sl + modulus > ul:
                ul = sl + modulus
            if sh + modulus < uh:
                uh = sh + modulus
        return (ul, uh, sl, sh)

    return make


# By type, the function that makes a fact from both intervals; each narrows the other.
MAKERS = {type: _maker(MODULUS[type], HALF[type]) for type in MODULUS}


def make_fact(type: str, ul: int, uh: int, sl: int, sh: int) -> Fact:
    """A fact from both intervals; each narrows the other."""
    return MAKERS[type](ul, uh, sl, sh)


def from_unsigned(type: str, low: int, high: int) -> Fact:
    """The fact of an unsigned interval."""
    return MAKERS[type](low, high, -HALF[type], HALF[type] - 1)


def from_signed(type: str, low: int, high: int) -> Fact:
    """The fact of a signed interval."""
    return MAKERS[type](0, MODULUS[type] - 1, low, high)


def wrapped(type: str, unsigned: tuple[int, int], signed: tuple[int, int]) -> Fact:
    """The fact of a result, from its intervals before wrapping, for unsigned and for signed operands."""
    modulus, half = MODULUS[type], HALF[type]
    ul, uh = unsigned
    sl, sh = signed
    is_signed = sl >= -half and sh < half
    if uh >= modulus or ul < 0:
        if ul >= modulus and uh < 2 * modulus:
            ul, uh = ul - modulus, uh - modulus
        elif uh < 0 and ul >= -modulus:
            ul, uh = ul + modulus, uh + modulus
        elif is_signed:
            ul, uh = 0, modulus - 1
        else:
            return FULL[type]
    return MAKERS[type](ul, uh, sl, sh) if is_signed else MAKERS[type](ul, uh, -half, half - 1)


def join(one: Fact, other: Fact) -> Fact:
    """The fact of a value that has one of two facts."""
    if one is other:
        return one
    return (
        one[0] if one[0] < other[0] else other[0],
        one[1] if one[1] > other[1] else other[1],
        one[2] if one[2] < other[2] else other[2],
        one[3] if one[3] > other[3] else other[3],
    )


def within(one: Fact, other: Fact) -> bool:
    """Whether the first fact implies the second."""
    return one[0] >= other[0] and one[1] <= other[1] and one[2] >= other[2] and one[3] <= other[3]


def widen(type: str, old: Fact, new: Fact, limits: list[int]) -> Fact:
    """The next larger fact to try for a value that a loop grows from ``old`` to ``new``; ``limits`` may bound it."""
    full = FULL[type]
    steps = sorted({*_UPPER[type], *limits})
    ul = old[0] if new[0] >= old[0] else 0
    sl = old[2] if new[2] >= old[2] else 0 if new[2] >= 0 else -1 if new[2] >= -1 else full[2]
    uh = old[1] if new[1] <= old[1] else next((limit for limit in steps if new[1] <= limit <= full[1]), full[1])
    sh = old[3] if new[3] <= old[3] else next((limit for limit in steps if new[3] <= limit <= full[3]), full[3])
    return make_fact(type, ul, uh, sl, sh)


# Arithmetic without wrapping: the result's bounds from the operands'. It applies to Python's operators and, before they
# wrap, to unsigned and signed numbers of a width.
Interval = tuple[int, int]


def sum_of(one: Interval, other: Interval) -> Interval:
    """Bounds of ``one + other``."""
    (low, high), (other_low, other_high) = one, other
    return low + other_low, high + other_high


def difference_of(one: Interval, other: Interval) -> Interval:
    """Bounds of ``one - other``."""
    (low, high), (other_low, other_high) = one, other
    return low - other_high, high - other_low


def product_of(one: Interval, other: Interval) -> Interval:
    """Bounds of ``one * other``."""
    (low, high), (other_low, other_high) = one, other
    corners = (low * other_low, low * other_high, high * other_low, high * other_high)
    return min(corners), max(corners)


def left_shift_of(one: Interval, count: Interval) -> Interval:
    """Bounds of ``one << count``."""
    (low, high), (least, most) = one, count
    return low << (most if low < 0 else least), high << (most if high >= 0 else least)


def right_shift_of(one: Interval, count: Interval) -> Interval:
    """Bounds of ``one >> count``."""
    (low, high), (least, most) = one, count
    return low >> (least if low < 0 else most), high >> (least if high >= 0 else most)


def inverse_of(one: Interval) -> Interval:
    """Bounds of ``~one``."""
    low, high = one
    return -high - 1, -low - 1


def bitwise_of(one: Interval, other: Interval) -> Interval:
    """Bounds of ``one | other`` and ``one ^ other``: the result has as many significant bits as the operands."""
    bits = max([(number if number >= 0 else ~number).bit_length() for number in (*one, *other)])
    return (0 if one[0] >= 0 and other[0] >= 0 else -(1 << bits)), (1 << bits) - 1


def unsigned_of(fact: Fact) -> Interval:
    """The bounds of a number as an unsigned one."""
    low, high, _, _ = fact
    return low, high


def signed_of(fact: Fact) -> Interval:
    """The bounds of a number as a signed one."""
    _, _, low, high = fact
    return low, high
