"""Lane-wise integer arithmetic, comparisons and shifts, by arithmetic across the whole word.

    i8x16_add(0x00FF, 0x0001)       -> 0x0000         the carry does not reach the next lane
    i8x16_lt_u(0x0102, 0x0201)      -> 0x00FF...      all bits set in lanes where it holds

With the highest bit of each lane cleared, sums and differences stay within their lanes; an exclusive or corrects that
bit afterwards. A mask of whole lanes is a vector with one bit per lane times the largest number of a lane.
"""

from __future__ import annotations

from wasmz.runtime.simd.lanes import (
    ALL,
    INTEGER_SHAPES,
    LOW_HALF,
    from_bytes,
    lows,
    ones,
    pack_u16,
    pack_u32,
    tops,
    unpack_u16,
    unpack_u32,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Unary = Callable[[int], int]
    Binary = Callable[[int, int], int]

__wasmz_frame__ = "helper"

HELPERS: dict[str, Callable[..., Any]] = {}


def _arithmetic(bits: int) -> dict[str, Callable[..., int]]:
    """Sums, differences, negation and absolute values."""
    top, low, high = tops(bits), lows(bits), bits - 1
    lane = (1 << bits) - 1

    def add(a: int, b: int) -> int:
        return ((a & low) + (b & low)) ^ ((a ^ b) & top)

    def sub(a: int, b: int) -> int:
        return ((a | top) - (b & low)) ^ ((a ^ b) & top) ^ top

    def neg(a: int) -> int:
        return (top - (a & low)) ^ (a & top) ^ top

    def abs(a: int) -> int:
        sign = (a & top) >> high
        # The largest magnitude fits a lane, so no carry leaves one.
        return (a ^ sign * lane) + sign

    return {"add": add, "sub": sub, "neg": neg, "abs": abs}


def _saturating(bits: int) -> dict[str, Binary]:
    """Sums and differences that saturate, and rounded averages."""
    one, top, low, high = ones(bits), tops(bits), lows(bits), bits - 1
    lane = (1 << bits) - 1
    upper = ALL ^ one

    def add_sat_u(a: int, b: int) -> int:
        sum = ((a & low) + (b & low)) ^ ((a ^ b) & top)
        carry = ((a & b) | ((a | b) & (sum ^ top))) & top
        return sum | (carry >> high) * lane

    def sub_sat_u(a: int, b: int) -> int:
        difference = (a | top) - (b & low)
        unlike = a ^ b
        # In its highest bit, `fits` tells where a >= b.
        fits = (difference ^ (unlike & (a ^ difference))) & top
        return (difference ^ (unlike & top) ^ top) & ((fits >> high) * lane)

    def add_sat_s(a: int, b: int) -> int:
        unlike = a ^ b
        sum = ((a & low) + (b & low)) ^ (unlike & top)
        over = (a ^ sum) & (unlike ^ top) & top
        if not over:
            return sum
        end = ((a & top) >> high) + low
        return sum ^ ((sum ^ end) & ((over >> high) * lane))

    def sub_sat_s(a: int, b: int) -> int:
        unlike = a ^ b
        difference = ((a | top) - (b & low)) ^ (unlike & top) ^ top
        over = (a ^ difference) & unlike & top
        if not over:
            return difference
        end = ((a & top) >> high) + low
        return difference ^ ((difference ^ end) & ((over >> high) * lane))

    def avgr_u(a: int, b: int) -> int:
        return (a | b) - (((a ^ b) & upper) >> 1)

    return {
        "add_sat_u": add_sat_u,
        "sub_sat_u": sub_sat_u,
        "add_sat_s": add_sat_s,
        "sub_sat_s": sub_sat_s,
        "avgr_u": avgr_u,
    }


def _equalities(bits: int) -> dict[str, Binary]:
    top, low, high = tops(bits), lows(bits), bits - 1
    lane = (1 << bits) - 1

    def eq(a: int, b: int) -> int:
        unlike = a ^ b
        return (((((unlike & low) + low) | unlike) & top ^ top) >> high) * lane

    def ne(a: int, b: int) -> int:
        unlike = a ^ b
        return (((((unlike & low) + low) | unlike) & top) >> high) * lane

    return {"eq": eq, "ne": ne}


def _orders(bits: int) -> dict[str, Binary]:
    """Comparisons, by the borrow of a difference; minima and maxima."""
    top, low, high = tops(bits), lows(bits), bits - 1
    lane = (1 << bits) - 1

    def ge_u(a: int, b: int) -> int:
        difference = (a | top) - (b & low)
        return ((difference ^ ((a ^ b) & (a ^ difference))) & top) >> high

    def ge_s(a: int, b: int) -> int:
        difference = (a | top) - (b & low)
        return ((difference ^ ((a ^ b) & (b ^ difference))) & top) >> high

    def lt_u(a: int, b: int) -> int:
        difference = (a | top) - (b & low)
        return ((difference ^ ((a ^ b) & (a ^ difference))) & top ^ top) >> high

    def lt_s(a: int, b: int) -> int:
        difference = (a | top) - (b & low)
        return ((difference ^ ((a ^ b) & (b ^ difference))) & top ^ top) >> high

    def at_least(bit: Binary) -> dict[str, Binary]:
        return {
            "ge": lambda a, b: bit(a, b) * lane,
            "le": lambda a, b: bit(b, a) * lane,
            "max": lambda a, b: b ^ ((a ^ b) & bit(a, b) * lane),
            "min": lambda a, b: a ^ ((a ^ b) & bit(a, b) * lane),
        }

    def below(bit: Binary) -> dict[str, Binary]:
        return {"lt": lambda a, b: bit(a, b) * lane, "gt": lambda a, b: bit(b, a) * lane}

    found: dict[str, Binary] = {}
    for sign, ge, lt in (("u", ge_u, lt_u), ("s", ge_s, lt_s)):
        for name, function in {**at_least(ge), **below(lt)}.items():
            found[f"{name}_{sign}"] = function
    return found


def _shifts(bits: int) -> dict[str, Binary]:
    """Shifts; the count is taken modulo the lane's width."""
    one, top, high = ones(bits), tops(bits), bits - 1
    kept = [one * ((1 << (bits - count)) - 1) for count in range(bits)]
    fills = [((1 << count) - 1) << (bits - count) for count in range(bits)]

    def shl(a: int, count: int) -> int:
        count &= high
        return (a & kept[count]) << count

    def shr_u(a: int, count: int) -> int:
        count &= high
        return a >> count & kept[count]

    def shr_s(a: int, count: int) -> int:
        count &= high
        return (a >> count & kept[count]) | ((a & top) >> high) * fills[count]

    return {"shl": shl, "shr_u": shr_u, "shr_s": shr_s}


def _tests(bits: int) -> dict[str, Unary]:
    top, low, high = tops(bits), lows(bits), bits - 1
    count = 128 // bits
    # Brings the highest bits of eight lanes side by side: the products of different pairs do not overlap.
    step = bits - 1
    gather = sum(1 << step * index for index in range(min(count, 8)))
    first = step * (min(count, 8) - 1) + high
    mask = (1 << min(count, 8)) - 1

    def all_true(a: int) -> int:
        return 1 if (((a & low) + low) | a) & top == top else 0

    def bitmask(a: int) -> int:
        return (a & top) * gather >> first & mask

    def bitmask_16(a: int) -> int:
        bits = (a & top) * gather >> first
        return bits & 0xFF | bits >> 56 & 0xFF00

    return {"all_true": all_true, "bitmask": bitmask_16 if count == 16 else bitmask}


_NOT_OF_64 = frozenset({"lt_u", "gt_u", "le_u", "ge_u", "min_s", "min_u", "max_s", "max_u"})

for _shape, _bits in INTEGER_SHAPES.items():
    _found: dict[str, Callable[..., int]] = {
        **_arithmetic(_bits),
        **_equalities(_bits),
        **_orders(_bits),
        **_shifts(_bits),
        **_tests(_bits),
    }
    if _bits <= 16:
        _found.update(_saturating(_bits))
    else:
        # The 64-bit shape lacks these.
        _found = {_name: _function for _name, _function in _found.items() if _bits == 32 or _name not in _NOT_OF_64}
    HELPERS.update((f"{_shape}_{_name}", _function) for _name, _function in _found.items())


_COUNTS = bytes(bin(byte).count("1") for byte in range(256))


def i8x16_popcnt(a: int) -> int:
    return from_bytes(a.to_bytes(16, "little").translate(_COUNTS), "little")


def i16x8_mul(a: int, b: int) -> int:
    a0, a1, a2, a3, a4, a5, a6, a7 = unpack_u16(a.to_bytes(16, "little"))
    b0, b1, b2, b3, b4, b5, b6, b7 = unpack_u16(b.to_bytes(16, "little"))
    return from_bytes(
        pack_u16(
            a0 * b0 & 0xFFFF,
            a1 * b1 & 0xFFFF,
            a2 * b2 & 0xFFFF,
            a3 * b3 & 0xFFFF,
            a4 * b4 & 0xFFFF,
            a5 * b5 & 0xFFFF,
            a6 * b6 & 0xFFFF,
            a7 * b7 & 0xFFFF,
        ),
        "little",
    )


def i32x4_mul(a: int, b: int) -> int:
    a0, a1, a2, a3 = unpack_u32(a.to_bytes(16, "little"))
    b0, b1, b2, b3 = unpack_u32(b.to_bytes(16, "little"))
    return from_bytes(
        pack_u32(a0 * b0 & 0xFFFF_FFFF, a1 * b1 & 0xFFFF_FFFF, a2 * b2 & 0xFFFF_FFFF, a3 * b3 & 0xFFFF_FFFF), "little"
    )


def i64x2_mul(a: int, b: int) -> int:
    return (a >> 64) * (b >> 64) << 64 & ALL | (a & LOW_HALF) * (b & LOW_HALF) & LOW_HALF


def v128_not(a: int) -> int:
    return a ^ ALL


def v128_and(a: int, b: int) -> int:
    return a & b


def v128_andnot(a: int, b: int) -> int:
    # a & ~b: the complement of b would be negative.
    return a ^ (a & b)


def v128_or(a: int, b: int) -> int:
    return a | b


def v128_xor(a: int, b: int) -> int:
    return a ^ b


def v128_bitselect(a: int, b: int, mask: int) -> int:
    return b ^ ((a ^ b) & mask)


def v128_any_true(a: int) -> int:
    return 1 if a else 0


HELPERS.update(
    (function.__name__, function)
    for function in (
        *(i8x16_popcnt, i16x8_mul, i32x4_mul, i64x2_mul),
        *(v128_not, v128_and, v128_andnot, v128_or, v128_xor, v128_bitselect, v128_any_true),
    )
)
# Each bit of the mask selects a bit, whatever the shape, as on some processors (docs/simd.md).
HELPERS.update((f"{_shape}_relaxed_laneselect", v128_bitselect) for _shape in INTEGER_SHAPES)
