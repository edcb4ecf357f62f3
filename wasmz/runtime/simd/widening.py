"""Integer operations whose results have lanes of another width: extending, narrowing, products and pairwise sums.

    i16x8_extend_low_i8x16_s(0xFF)          -> 0xFFFF
    i8x16_narrow_i16x8_u(0x0123, 0)         -> 0xFF
    i32x4_dot_i16x8_s(0x0002_0001, 0x0003_0004)  -> 1 * 4 + 2 * 3

``bytes.translate`` moves bytes: the translated string says which byte goes where, and the vector is the table.
"""

from __future__ import annotations

from operator import add, mul
from struct import Struct

from wasmz.runtime.simd.lanes import (
    LOW_HALF,
    from_bytes,
    lows,
    ones,
    pack_i16,
    pack_i32,
    pack_u32,
    tops,
    unpack_i8,
    unpack_i16,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Unary = Callable[[int], int]
    Binary = Callable[[int, int], int]

__wasmz_frame__ = "helper"

HELPERS: dict[str, Callable[..., Any]] = {}

# Narrow shape, wide shape, bits of a narrow lane, format letters of a narrow and a wide lane, if signed.
_PAIRS = (("i8x16", "i16x8", 8, "b", "h"), ("i16x8", "i32x4", 16, "h", "i"), ("i32x4", "i64x2", 32, "i", "q"))


def _extensions(bits: int) -> dict[str, Unary]:
    """Extends half of the lanes. ``top`` masks the places of their sign bits; ``fill`` times these is the sign."""
    size, wide = bits // 8, bits // 4
    top = ones(2 * bits) << (bits - 1)
    fill = (1 << (bits + 1)) - 2
    # Byte 16 of the table is zero.
    places = [bytes(lane * size + byte if byte < size else 16 for byte in range(wide)) for lane in range(16 // size)]
    low_places, high_places = b"".join(places[: 16 // wide]), b"".join(places[16 // wide :])
    kept = ones(64) * ((1 << 32) - 1)

    def low_u(a: int) -> int:
        return from_bytes(low_places.translate(a.to_bytes(256, "little")), "little")

    def high_u(a: int) -> int:
        return from_bytes(high_places.translate(a.to_bytes(256, "little")), "little")

    def low_u_32(a: int) -> int:
        a &= LOW_HALF
        return (a | a << 32) & kept

    def high_u_32(a: int) -> int:
        a >>= 64
        return (a | a << 32) & kept

    def low_s(a: int) -> int:
        a = from_bytes(low_places.translate(a.to_bytes(256, "little")), "little")
        return a | (a & top) * fill

    def high_s(a: int) -> int:
        a = from_bytes(high_places.translate(a.to_bytes(256, "little")), "little")
        return a | (a & top) * fill

    if bits == 32:
        return {"low_u": low_u_32, "high_u": high_u_32, "low_s": low_s, "high_s": high_s}
    return {"low_u": low_u, "high_u": high_u, "low_s": low_s, "high_s": high_s}


def _narrowing(bits: int) -> dict[str, Binary]:
    """Narrows both vectors' signed lanes of ``bits`` bits to half the width; out of range, to the nearest end."""
    half = bits // 2
    one, top, low, high = ones(bits, 256), tops(bits, 256), lows(bits, 256), bits - 1
    largest = (1 << half) - 1
    bias = one << (half - 1)
    # The bits between the highest bit of a narrow lane and that of the wide lane.
    between = one * (((1 << (high - half)) - 1) << half)
    carry = one * ((1 << high) - (1 << half))
    narrow_end = one * (largest >> 1)
    places = bytes(index for index in range(32) if index % (bits // 8) < half // 8)

    def narrow_s(a: int, b: int) -> int:
        a |= b << 128
        moved = ((a & low) + bias) ^ (a & top)
        outside = (((moved & between) + carry) | moved) & top
        if outside:
            end = ((a & top) >> high) + narrow_end
            a ^= (a ^ end) & ((outside >> high) * largest)
        return from_bytes(places.translate(a.to_bytes(256, "little")), "little")

    def narrow_u(a: int, b: int) -> int:
        a |= b << 128
        outside = (((a & between) + carry) | a) & top
        if outside:
            negative = a & top
            a |= (outside >> high) * largest
            a ^= a & ((negative >> high) * largest)
        return from_bytes(places.translate(a.to_bytes(256, "little")), "little")

    return {"s": narrow_s, "u": narrow_u}


def _products(narrow: str, wide: str, count: int) -> dict[str, Binary]:
    """Products of half of the lanes, twice as wide."""
    skipped = "8x"
    pack = Struct(f"<{count}{wide}").pack
    unpack_low = Struct(f"<{count}{narrow}{skipped}").unpack
    unpack_high = Struct(f"<{skipped}{count}{narrow}").unpack

    def low(a: int, b: int) -> int:
        return from_bytes(
            pack(*map(mul, unpack_low(a.to_bytes(16, "little")), unpack_low(b.to_bytes(16, "little")))), "little"
        )

    def high(a: int, b: int) -> int:
        return from_bytes(
            pack(*map(mul, unpack_high(a.to_bytes(16, "little")), unpack_high(b.to_bytes(16, "little")))), "little"
        )

    return {"low": low, "high": high}


def _pairwise(bits: int) -> dict[str, Unary]:
    """Pairwise sums. Signed numbers are summed with a bias that makes them positive, which is then subtracted."""
    wide = ones(2 * bits)
    kept = wide * ((1 << bits) - 1)
    signs = tops(bits)
    correction = wide * ((1 << (2 * bits - 1)) - (1 << bits))
    top = tops(2 * bits)

    def extadd_u(a: int) -> int:
        return (a & kept) + (a >> bits & kept)

    def extadd_s(a: int) -> int:
        a ^= signs
        return (a & kept) + (a >> bits & kept) + correction ^ top

    return {"s": extadd_s, "u": extadd_u}


for _narrow, _wide, _bits, _narrow_letter, _wide_letter in _PAIRS:
    for _name, _extend in _extensions(_bits).items():
        _half, _sign = _name.split("_")
        HELPERS[f"{_wide}_extend_{_half}_{_narrow}_{_sign}"] = _extend
    for _half, _product in _products(_narrow_letter, _wide_letter, 64 // _bits).items():
        HELPERS[f"{_wide}_extmul_{_half}_{_narrow}_s"] = _product
    for _half, _product in _products(_narrow_letter.upper(), _wide_letter.upper(), 64 // _bits).items():
        HELPERS[f"{_wide}_extmul_{_half}_{_narrow}_u"] = _product
    if _bits < 32:
        for _sign, _sum in _pairwise(_bits).items():
            HELPERS[f"{_wide}_extadd_pairwise_{_narrow}_{_sign}"] = _sum
        for _sign, _narrowed in _narrowing(2 * _bits).items():
            HELPERS[f"{_narrow}_narrow_{_wide}_{_sign}"] = _narrowed


def i32x4_dot_i16x8_s(a: int, b: int) -> int:
    a0, a1, a2, a3, a4, a5, a6, a7 = unpack_i16(a.to_bytes(16, "little"))
    b0, b1, b2, b3, b4, b5, b6, b7 = unpack_i16(b.to_bytes(16, "little"))
    # Only four times the lowest number is out of range, and wraps.
    return from_bytes(
        pack_u32(
            a0 * b0 + a1 * b1 & 0xFFFF_FFFF,
            a2 * b2 + a3 * b3 & 0xFFFF_FFFF,
            a4 * b4 + a5 * b5 & 0xFFFF_FFFF,
            a6 * b6 + a7 * b7 & 0xFFFF_FFFF,
        ),
        "little",
    )


def i16x8_q15mulr_sat_s(a: int, b: int) -> int:
    products = map(mul, unpack_i16(a.to_bytes(16, "little")), unpack_i16(b.to_bytes(16, "little")))
    rounded = [product + 0x4000 >> 15 for product in products]
    if 0x8000 in rounded:
        rounded = [min(number, 0x7FFF) for number in rounded]
    return from_bytes(pack_i16(*rounded), "little")


def _sums_of_products(a: int, b: int) -> list[int]:
    """Pairwise sums of products, signed. The only one out of range, four times the lowest number, becomes 32767."""
    products = list(map(mul, unpack_i8(a.to_bytes(16, "little")), unpack_i8(b.to_bytes(16, "little"))))
    sums = list(map(add, products[::2], products[1::2]))
    return [min(number, 0x7FFF) for number in sums] if 0x8000 in sums else sums


def i16x8_relaxed_dot_i8x16_i7x16_s(a: int, b: int) -> int:
    return from_bytes(pack_i16(*_sums_of_products(a, b)), "little")


def i32x4_relaxed_dot_i8x16_i7x16_add_s(a: int, b: int, c: int) -> int:
    pairs = _sums_of_products(a, b)
    sums = from_bytes(pack_i32(*map(add, pairs[::2], pairs[1::2])), "little")
    # Only this last sum may wrap.
    return ((sums & _LOW_32) + (c & _LOW_32)) ^ ((sums ^ c) & _TOP_32)


_LOW_32, _TOP_32 = lows(32), tops(32)

HELPERS.update(
    (function.__name__, function)
    for function in (
        i32x4_dot_i16x8_s,
        i16x8_q15mulr_sat_s,
        i16x8_relaxed_dot_i8x16_i7x16_s,
        i32x4_relaxed_dot_i8x16_i7x16_add_s,
    )
)
HELPERS["i16x8_relaxed_q15mulr_s"] = i16x8_q15mulr_sat_s
