"""Moves lanes to and from numbers, and between places in vectors.

    i16x8_splat(0x12345)                        -> 0x2345_2345_...
    i8x16_shuffle(a, b, bytes(range(16, 32)))   -> b
    i8x16_swizzle(a, 0xFF)                      -> lane 0 is zero: there is no lane 255

In helpers, a lane's number is that of its lowest bit.
"""

from __future__ import annotations

from math import isnan

from wasmz.runtime.numeric.floats import f32_from_bits, f32_to_bits, f64_from_bits, f64_to_bits
from wasmz.runtime.simd.float_lanes import doubles, halves, singles, unpack_f32, unpack_f64
from wasmz.runtime.simd.lanes import ALL, INTEGER_SHAPES, from_bytes, ones

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__wasmz_frame__ = "helper"

HELPERS: dict[str, Callable[..., Any]] = {}

_ONES_32, _ONES_64 = ones(32), ones(64)


def f32x4_splat(a: float) -> int:
    return f32_to_bits(a) * _ONES_32


def f64x2_splat(a: float) -> int:
    return f64_to_bits(a) * _ONES_64


def f32x4_extract_lane(a: int, shift: int) -> float:
    return f32_from_bits(a >> shift & 0xFFFF_FFFF)


def f64x2_extract_lane(a: int, shift: int) -> float:
    return f64_from_bits(a >> shift & 0xFFFF_FFFF_FFFF_FFFF)


def f32x4_replace_lane(a: int, b: float, shift: int) -> int:
    return a & (ALL ^ 0xFFFF_FFFF << shift) | f32_to_bits(b) << shift


def f64x2_replace_lane(a: int, b: float, shift: int) -> int:
    return a & (ALL ^ 0xFFFF_FFFF_FFFF_FFFF << shift) | f64_to_bits(b) << shift


def f32x4_pack(a: float, b: float, c: float, d: float) -> int:
    if a == a and b == b and c == c and d == d:
        singles[0] = a
        singles[1] = b
        singles[2] = c
        singles[3] = d
        return halves[0] | halves[1] << 64
    return f32_to_bits(a) | f32_to_bits(b) << 32 | f32_to_bits(c) << 64 | f32_to_bits(d) << 96


def f64x2_pack(a: float, b: float) -> int:
    doubles[0] = a
    doubles[1] = b
    return halves[0] | halves[1] << 64


def f32x4_unpack(a: int) -> tuple[float, ...]:
    lanes = unpack_f32(a.to_bytes(16, "little"))
    if isnan(sum(lanes)):
        # It may be a signalling NaN, whose bits must be kept.
        return tuple(f32_from_bits(a >> shift & 0xFFFF_FFFF) for shift in (0, 32, 64, 96))
    return lanes


def f64x2_unpack(a: int) -> tuple[float, ...]:
    return unpack_f64(a.to_bytes(16, "little"))


def i8x16_shuffle(a: int, b: int, lanes: bytes) -> int:
    return from_bytes(lanes.translate((a | b << 128).to_bytes(256, "little")), "little")


def i8x16_swizzle(a: int, lanes: int) -> int:
    # After the 16 bytes of the vector, the table is zero.
    return from_bytes(lanes.to_bytes(16, "little").translate(a.to_bytes(256, "little")), "little")


def _integer_moves(bits: int) -> dict[str, Callable[..., int]]:
    one, lane = ones(bits), (1 << bits) - 1

    def splat(a: int) -> int:
        return (a & lane) * one

    def replace_lane(a: int, b: int, shift: int) -> int:
        return a & (ALL ^ lane << shift) | (b & lane) << shift

    def extract_lane_u(a: int, shift: int) -> int:
        return a >> shift & lane

    def extract_lane_s(a: int, shift: int) -> int:
        return ((a >> shift & lane) ^ 1 << (bits - 1)) - (1 << (bits - 1)) & 0xFFFF_FFFF

    if bits <= 16:
        return {
            "splat": splat,
            "replace_lane": replace_lane,
            "extract_lane_u": extract_lane_u,
            "extract_lane_s": extract_lane_s,
        }
    return {"splat": splat, "replace_lane": replace_lane, "extract_lane": extract_lane_u}


for _shape, _bits in INTEGER_SHAPES.items():
    HELPERS.update((f"{_shape}_{_name}", _function) for _name, _function in _integer_moves(_bits).items())
HELPERS.update(
    (function.__name__, function)
    for function in (
        *(f32x4_splat, f64x2_splat, f32x4_extract_lane, f64x2_extract_lane, f32x4_replace_lane, f64x2_replace_lane),
        *(i8x16_shuffle, i8x16_swizzle),
        *(f32x4_pack, f64x2_pack, f32x4_unpack, f64x2_unpack),
    )
)
HELPERS["i8x16_relaxed_swizzle"] = i8x16_swizzle
