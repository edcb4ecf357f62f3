"""Exact bit patterns of floats, NaN payloads included: the public ``f32_bits`` and related functions.

f32_bits(1.5)                -> 0x3FC00000
f32_bits(f32_from_bits(n))   == n  for every 32-bit n, also for signalling NaNs
"""

from __future__ import annotations

from wasmz.runtime.calls import convert
from wasmz.runtime.numeric import floats


def f32_bits(value: float) -> int:
    """The 32 bits of a real number rounded to single precision.

    Raises:
        TypeError: not a real number.
    """
    return floats.f32_to_bits(convert.to_f32(value, "f32_bits"))


def f32_from_bits(bits: int) -> float:
    """The float that represents the single with these bits in wasmz.

    Raises:
        TypeError, OverflowError: not an integer of 32 bits.
    """
    return floats.f32_from_bits(convert.to_i32(bits, "f32_from_bits"))


def f64_bits(value: float) -> int:
    """The 64 bits of a real number as a double."""
    return floats.f64_to_bits(convert.to_f64(value, "f64_bits"))


def f64_from_bits(bits: int) -> float:
    """The float with these 64 bits.

    Raises:
        TypeError, OverflowError: not an integer of 64 bits.
    """
    return floats.f64_from_bits(convert.to_i64(bits, "f64_from_bits"))
