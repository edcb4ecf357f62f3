"""Floating-point lanes: arithmetic, comparisons, and bitwise operations.

    f32x4_add(ONE, ONE)     -> TWO              with ONE = 0x3F80_0000 in each lane
    f64x2_lt(ZERO, ONE)     -> 0xFFFF...        all bits set in lanes where it holds

Lanes are unpacked by ``struct``. Results are put together in a buffer that is written as floats and read as integers;
writing rounds to singles as the instructions do. Nothing may interrupt between the first write and the last read:
CPython switches threads only at calls and backward jumps, so everything that needs calls is computed before.

NaN results have the payloads that the machine gives them: canonical if all NaN operands are (specification 4.3.3).
``abs``, ``neg``, ``pmin`` and ``pmax`` change or select bits.
"""

from __future__ import annotations

from struct import Struct

from wasmz.runtime.numeric.floats import (
    f32_ceil,
    f32_floor,
    f32_nearest,
    f32_sqrt,
    f32_trunc,
    f64_ceil,
    f64_div,
    f64_floor,
    f64_max,
    f64_min,
    f64_nearest,
    f64_sqrt,
    f64_trunc,
)
from wasmz.runtime.simd.lanes import lows, tops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Unary = Callable[[int], int]
    Binary = Callable[[int, int], int]

__wasmz_frame__ = "helper"

HELPERS: dict[str, Callable[..., Any]] = {}

unpack_f32: Callable[[bytes], tuple[Any, ...]] = Struct("<4f").unpack
unpack_f64: Callable[[bytes], tuple[Any, ...]] = Struct("<2d").unpack

_bytes = memoryview(bytearray(16))
singles: memoryview[float] = _bytes.cast("f")
doubles: memoryview[float] = _bytes.cast("d")
halves: memoryview[int] = _bytes.cast("Q")

# Lanes with all bits set.
_F0, _F1, _F2, _F3 = (0xFFFF_FFFF << 32 * _lane for _lane in range(4))
_D0, _D1 = (0xFFFF_FFFF_FFFF_FFFF << 64 * _lane for _lane in range(2))


def f32x4_add(a: int, b: int) -> int:
    a0, a1, a2, a3 = unpack_f32(a.to_bytes(16, "little"))
    b0, b1, b2, b3 = unpack_f32(b.to_bytes(16, "little"))
    singles[0] = a0 + b0
    singles[1] = a1 + b1
    singles[2] = a2 + b2
    singles[3] = a3 + b3
    return halves[0] | halves[1] << 64


def f32x4_sub(a: int, b: int) -> int:
    a0, a1, a2, a3 = unpack_f32(a.to_bytes(16, "little"))
    b0, b1, b2, b3 = unpack_f32(b.to_bytes(16, "little"))
    singles[0] = a0 - b0
    singles[1] = a1 - b1
    singles[2] = a2 - b2
    singles[3] = a3 - b3
    return halves[0] | halves[1] << 64


def f32x4_mul(a: int, b: int) -> int:
    a0, a1, a2, a3 = unpack_f32(a.to_bytes(16, "little"))
    b0, b1, b2, b3 = unpack_f32(b.to_bytes(16, "little"))
    singles[0] = a0 * b0
    singles[1] = a1 * b1
    singles[2] = a2 * b2
    singles[3] = a3 * b3
    return halves[0] | halves[1] << 64


def f32x4_relaxed_madd(a: int, b: int, c: int) -> int:
    """Not fused: the product is rounded, too. (An exact product would need ``math.fma``, which 3.13 added.)"""
    return f32x4_add(f32x4_mul(a, b), c)


def f32x4_relaxed_nmadd(a: int, b: int, c: int) -> int:
    return f32x4_sub(c, f32x4_mul(a, b))


def f64x2_add(a: int, b: int) -> int:
    a0, a1 = unpack_f64(a.to_bytes(16, "little"))
    b0, b1 = unpack_f64(b.to_bytes(16, "little"))
    doubles[0] = a0 + b0
    doubles[1] = a1 + b1
    return halves[0] | halves[1] << 64


def f64x2_sub(a: int, b: int) -> int:
    a0, a1 = unpack_f64(a.to_bytes(16, "little"))
    b0, b1 = unpack_f64(b.to_bytes(16, "little"))
    doubles[0] = a0 - b0
    doubles[1] = a1 - b1
    return halves[0] | halves[1] << 64


def f64x2_mul(a: int, b: int) -> int:
    a0, a1 = unpack_f64(a.to_bytes(16, "little"))
    b0, b1 = unpack_f64(b.to_bytes(16, "little"))
    doubles[0] = a0 * b0
    doubles[1] = a1 * b1
    return halves[0] | halves[1] << 64


def f64x2_relaxed_madd(a: int, b: int, c: int) -> int:
    a0, a1 = unpack_f64(a.to_bytes(16, "little"))
    b0, b1 = unpack_f64(b.to_bytes(16, "little"))
    c0, c1 = unpack_f64(c.to_bytes(16, "little"))
    doubles[0] = a0 * b0 + c0
    doubles[1] = a1 * b1 + c1
    return halves[0] | halves[1] << 64


def f64x2_relaxed_nmadd(a: int, b: int, c: int) -> int:
    a0, a1 = unpack_f64(a.to_bytes(16, "little"))
    b0, b1 = unpack_f64(b.to_bytes(16, "little"))
    c0, c1 = unpack_f64(c.to_bytes(16, "little"))
    doubles[0] = c0 - a0 * b0
    doubles[1] = c1 - a1 * b1
    return halves[0] | halves[1] << 64


def _on_singles(function: Callable[[float], float]) -> Unary:
    def operation(a: int) -> int:
        r0, r1, r2, r3 = map(function, unpack_f32(a.to_bytes(16, "little")))
        singles[0] = r0
        singles[1] = r1
        singles[2] = r2
        singles[3] = r3
        return halves[0] | halves[1] << 64

    return operation


def _on_pairs_of_singles(function: Callable[[float, float], float]) -> Binary:
    def operation(a: int, b: int) -> int:
        r0, r1, r2, r3 = map(function, unpack_f32(a.to_bytes(16, "little")), unpack_f32(b.to_bytes(16, "little")))
        singles[0] = r0
        singles[1] = r1
        singles[2] = r2
        singles[3] = r3
        return halves[0] | halves[1] << 64

    return operation


def _on_doubles(function: Callable[[float], float]) -> Unary:
    def operation(a: int) -> int:
        r0, r1 = map(function, unpack_f64(a.to_bytes(16, "little")))
        doubles[0] = r0
        doubles[1] = r1
        return halves[0] | halves[1] << 64

    return operation


def _on_pairs_of_doubles(function: Callable[[float, float], float]) -> Binary:
    def operation(a: int, b: int) -> int:
        r0, r1 = map(function, unpack_f64(a.to_bytes(16, "little")), unpack_f64(b.to_bytes(16, "little")))
        doubles[0] = r0
        doubles[1] = r1
        return halves[0] | halves[1] << 64

    return operation


def f32x4_eq(a: int, b: int) -> int:
    a0, a1, a2, a3 = unpack_f32(a.to_bytes(16, "little"))
    b0, b1, b2, b3 = unpack_f32(b.to_bytes(16, "little"))
    return (_F0 if a0 == b0 else 0) | (_F1 if a1 == b1 else 0) | (_F2 if a2 == b2 else 0) | (_F3 if a3 == b3 else 0)


def f32x4_ne(a: int, b: int) -> int:
    a0, a1, a2, a3 = unpack_f32(a.to_bytes(16, "little"))
    b0, b1, b2, b3 = unpack_f32(b.to_bytes(16, "little"))
    return (_F0 if a0 != b0 else 0) | (_F1 if a1 != b1 else 0) | (_F2 if a2 != b2 else 0) | (_F3 if a3 != b3 else 0)


def f32x4_lt(a: int, b: int) -> int:
    a0, a1, a2, a3 = unpack_f32(a.to_bytes(16, "little"))
    b0, b1, b2, b3 = unpack_f32(b.to_bytes(16, "little"))
    return (_F0 if a0 < b0 else 0) | (_F1 if a1 < b1 else 0) | (_F2 if a2 < b2 else 0) | (_F3 if a3 < b3 else 0)


def f32x4_le(a: int, b: int) -> int:
    a0, a1, a2, a3 = unpack_f32(a.to_bytes(16, "little"))
    b0, b1, b2, b3 = unpack_f32(b.to_bytes(16, "little"))
    return (_F0 if a0 <= b0 else 0) | (_F1 if a1 <= b1 else 0) | (_F2 if a2 <= b2 else 0) | (_F3 if a3 <= b3 else 0)


def f64x2_eq(a: int, b: int) -> int:
    a0, a1 = unpack_f64(a.to_bytes(16, "little"))
    b0, b1 = unpack_f64(b.to_bytes(16, "little"))
    return (_D0 if a0 == b0 else 0) | (_D1 if a1 == b1 else 0)


def f64x2_ne(a: int, b: int) -> int:
    a0, a1 = unpack_f64(a.to_bytes(16, "little"))
    b0, b1 = unpack_f64(b.to_bytes(16, "little"))
    return (_D0 if a0 != b0 else 0) | (_D1 if a1 != b1 else 0)


def f64x2_lt(a: int, b: int) -> int:
    a0, a1 = unpack_f64(a.to_bytes(16, "little"))
    b0, b1 = unpack_f64(b.to_bytes(16, "little"))
    return (_D0 if a0 < b0 else 0) | (_D1 if a1 < b1 else 0)


def f64x2_le(a: int, b: int) -> int:
    a0, a1 = unpack_f64(a.to_bytes(16, "little"))
    b0, b1 = unpack_f64(b.to_bytes(16, "little"))
    return (_D0 if a0 <= b0 else 0) | (_D1 if a1 <= b1 else 0)


def _mirrored(function: Binary) -> Binary:
    return lambda a, b: function(b, a)


def _bitwise(shape: str, bits: int, less: Binary) -> dict[str, Callable[..., int]]:
    """Operations that select or change bits, whatever they mean: signalling NaNs stay signalling."""
    top, low = tops(bits), lows(bits)

    def abs(a: int) -> int:
        return a & low

    def neg(a: int) -> int:
        return a ^ top

    def pmin(a: int, b: int) -> int:
        return a ^ ((a ^ b) & less(b, a))

    def pmax(a: int, b: int) -> int:
        return a ^ ((a ^ b) & less(a, b))

    return {f"{shape}_{function.__name__}": function for function in (abs, neg, pmin, pmax)}


HELPERS.update(
    (function.__name__, function)
    for function in (
        *(f32x4_add, f32x4_sub, f32x4_mul, f32x4_relaxed_madd, f32x4_relaxed_nmadd),
        *(f64x2_add, f64x2_sub, f64x2_mul, f64x2_relaxed_madd, f64x2_relaxed_nmadd),
        *(f32x4_eq, f32x4_ne, f32x4_lt, f32x4_le, f64x2_eq, f64x2_ne, f64x2_lt, f64x2_le),
    )
)
HELPERS.update(_bitwise("f32x4", 32, f32x4_lt))
HELPERS.update(_bitwise("f64x2", 64, f64x2_lt))
HELPERS.update(
    {
        "f32x4_gt": _mirrored(f32x4_lt),
        "f32x4_ge": _mirrored(f32x4_le),
        "f64x2_gt": _mirrored(f64x2_lt),
        "f64x2_ge": _mirrored(f64x2_le),
        "f32x4_ceil": _on_singles(f32_ceil),
        "f32x4_floor": _on_singles(f32_floor),
        "f32x4_trunc": _on_singles(f32_trunc),
        "f32x4_nearest": _on_singles(f32_nearest),
        "f32x4_sqrt": _on_singles(f32_sqrt),
        "f64x2_ceil": _on_doubles(f64_ceil),
        "f64x2_floor": _on_doubles(f64_floor),
        "f64x2_trunc": _on_doubles(f64_trunc),
        "f64x2_nearest": _on_doubles(f64_nearest),
        "f64x2_sqrt": _on_doubles(f64_sqrt),
        # For singles, rounding the quotient twice is correct; minima and maxima need no rounding.
        "f32x4_div": _on_pairs_of_singles(f64_div),
        "f32x4_min": _on_pairs_of_singles(f64_min),
        "f32x4_max": _on_pairs_of_singles(f64_max),
        "f64x2_div": _on_pairs_of_doubles(f64_div),
        "f64x2_min": _on_pairs_of_doubles(f64_min),
        "f64x2_max": _on_pairs_of_doubles(f64_max),
    }
)
# The relaxed operations may treat NaNs and zeros in any way; these do as the others.
for _shape in ("f32x4", "f64x2"):
    for _name in ("min", "max"):
        HELPERS[f"{_shape}_relaxed_{_name}"] = HELPERS[f"{_shape}_{_name}"]
