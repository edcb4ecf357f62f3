"""Conversions between integer and floating-point lanes, and between singles and doubles.

    i32x4_trunc_sat_f64x2_s_zero(a)     two doubles, rounded towards zero, in the lower half

If all lanes are in range, ``struct`` converts them; if it refuses, the slow path does.
"""

from __future__ import annotations

from struct import Struct, error

from wasmz.runtime.numeric.conversions import i32_trunc_sat_f64_s, i32_trunc_sat_f64_u
from wasmz.runtime.simd.float_lanes import doubles, halves, singles, unpack_f32, unpack_f64
from wasmz.runtime.simd.lanes import from_bytes, pack_i32, pack_u32, unpack_i32, unpack_u32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__wasmz_frame__ = "helper"

HELPERS: dict[str, Callable[..., Any]] = {}

_unpack_low_f32 = Struct("<2f8x").unpack
_unpack_low_i32 = Struct("<2i8x").unpack
_unpack_low_u32 = Struct("<2I8x").unpack
_pack_two_i32 = Struct("<2i").pack
_pack_two_u32 = Struct("<2I").pack

# What int() and struct raise for NaN, infinity, and numbers out of range.
_OUTSIDE = (error, ValueError, OverflowError)


def i32x4_trunc_sat_f32x4_s(a: int) -> int:
    lanes = unpack_f32(a.to_bytes(16, "little"))
    try:
        return from_bytes(pack_i32(*map(int, lanes)), "little")
    except _OUTSIDE:
        return from_bytes(pack_u32(*map(i32_trunc_sat_f64_s, lanes)), "little")


def i32x4_trunc_sat_f32x4_u(a: int) -> int:
    lanes = unpack_f32(a.to_bytes(16, "little"))
    try:
        return from_bytes(pack_u32(*map(int, lanes)), "little")
    except _OUTSIDE:
        return from_bytes(pack_u32(*map(i32_trunc_sat_f64_u, lanes)), "little")


def i32x4_trunc_sat_f64x2_s_zero(a: int) -> int:
    lanes = unpack_f64(a.to_bytes(16, "little"))
    try:
        return from_bytes(_pack_two_i32(*map(int, lanes)), "little")
    except _OUTSIDE:
        return from_bytes(_pack_two_u32(*map(i32_trunc_sat_f64_s, lanes)), "little")


def i32x4_trunc_sat_f64x2_u_zero(a: int) -> int:
    lanes = unpack_f64(a.to_bytes(16, "little"))
    try:
        return from_bytes(_pack_two_u32(*map(int, lanes)), "little")
    except _OUTSIDE:
        return from_bytes(_pack_two_u32(*map(i32_trunc_sat_f64_u, lanes)), "little")


def f32x4_convert_i32x4_s(a: int) -> int:
    singles[0], singles[1], singles[2], singles[3] = unpack_i32(a.to_bytes(16, "little"))
    return halves[0] | halves[1] << 64


def f32x4_convert_i32x4_u(a: int) -> int:
    singles[0], singles[1], singles[2], singles[3] = unpack_u32(a.to_bytes(16, "little"))
    return halves[0] | halves[1] << 64


def f64x2_convert_low_i32x4_s(a: int) -> int:
    doubles[0], doubles[1] = _unpack_low_i32(a.to_bytes(16, "little"))
    return halves[0] | halves[1] << 64


def f64x2_convert_low_i32x4_u(a: int) -> int:
    doubles[0], doubles[1] = _unpack_low_u32(a.to_bytes(16, "little"))
    return halves[0] | halves[1] << 64


def f32x4_demote_f64x2_zero(a: int) -> int:
    singles[0], singles[1] = unpack_f64(a.to_bytes(16, "little"))
    return halves[0]


def f64x2_promote_low_f32x4(a: int) -> int:
    low, high = _unpack_low_f32(a.to_bytes(16, "little"))
    # From CPython 3.14 on, `struct` keeps signalling NaNs as they are; products are quiet (specification 4.3.3).
    doubles[0], doubles[1] = low * 1.0, high * 1.0
    return halves[0] | halves[1] << 64


HELPERS.update(
    (function.__name__, function)
    for function in (
        *(i32x4_trunc_sat_f32x4_s, i32x4_trunc_sat_f32x4_u),
        *(i32x4_trunc_sat_f64x2_s_zero, i32x4_trunc_sat_f64x2_u_zero),
        *(f32x4_convert_i32x4_s, f32x4_convert_i32x4_u, f64x2_convert_low_i32x4_s, f64x2_convert_low_i32x4_u),
        *(f32x4_demote_f64x2_zero, f64x2_promote_low_f32x4),
    )
)
# For numbers out of range any result is allowed; these do as the others.
HELPERS.update(
    {
        "i32x4_relaxed_trunc_f32x4_s": i32x4_trunc_sat_f32x4_s,
        "i32x4_relaxed_trunc_f32x4_u": i32x4_trunc_sat_f32x4_u,
        "i32x4_relaxed_trunc_f64x2_s_zero": i32x4_trunc_sat_f64x2_s_zero,
        "i32x4_relaxed_trunc_f64x2_u_zero": i32x4_trunc_sat_f64x2_u_zero,
    }
)
