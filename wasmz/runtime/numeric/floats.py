"""Floating-point instructions as functions of Python floats, named like them: ``f32.min`` -> ``f32_min``.

    f32_add(0.1, 0.2)       -> 0.30000001192092896      rounded to single precision
    f64_div(-1.0, 0.0)      -> -inf
    f64_min(0.0, -0.0)      -> -0.0
    f32_to_bits(1.5)        -> 0x3FC00000

An f32 is a float with exactly the value of the single; docs/abi.md says how signalling NaNs are represented. Arithmetic
returns quiet NaNs; ``abs``, ``neg`` and ``copysign`` change the sign bit only (specification 4.3.3). For singles,
square roots, quotients, sums, differences and products are computed in double precision and rounded again. The results
are correctly rounded, because a double has more than twice as many bits as a single, plus two.
"""

from __future__ import annotations

import math
from math import ceil, copysign, fabs, floor, inf, nan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

__wasmz_frame__ = "helper"

# Storing a float here and reading it back rounds it to a single: ties to even, overflow to infinity, NaN to quiet.
# The two subscripts cannot be interrupted: CPython switches threads only at calls and backward jumps.
_single_bytes = bytearray(4)
f32_scratch: memoryview[float] = memoryview(_single_bytes).cast("f")
_single_bits = memoryview(_single_bytes).cast("I")
_double_bytes = bytearray(8)
# The same for doubles: their bits are read from the other view.
f64_scratch: memoryview[float] = memoryview(_double_bytes).cast("d")
i64_scratch: memoryview[int] = memoryview(_double_bytes).cast("Q")

# Every double of at least this magnitude is an integer.
_INTEGERS: Final = 4503599627370496.0


# Bit patterns


def f64_to_bits(a: float) -> int:
    """The 64 bits of a double."""
    f64_scratch[0] = a
    return i64_scratch[0]


def f64_from_bits(a: int) -> float:
    """The double with these 64 bits."""
    i64_scratch[0] = a
    return f64_scratch[0]


def f32_to_bits(a: float) -> int:
    """The 32 bits of a single. The lowest mantissa bit of a NaN marks it as signalling."""
    if a == a:
        f32_scratch[0] = a
        return _single_bits[0]
    bits = f64_to_bits(a)
    upper = (bits >> 32 & 0x8000_0000) | 0x7F80_0000 | (bits >> 29 & 0x3F_FFFF)
    # A signalling NaN has a payload; without one it would be an infinity.
    return upper if bits & 1 and bits >> 29 & 0x3F_FFFF else upper | 0x40_0000


def f32_from_bits(a: int) -> float:
    """The single with these 32 bits; a signalling NaN is represented as a marked quiet one."""
    if a & 0x7FFF_FFFF <= 0x7F80_0000:
        _single_bits[0] = a
        return f32_scratch[0]
    marked = 0 if a & 0x40_0000 else 1
    return f64_from_bits((a & 0x8000_0000) << 32 | 0x7FF8_0000_0000_0000 | (a & 0x3F_FFFF) << 29 | marked)


i32_reinterpret_f32 = f32_to_bits
f32_reinterpret_i32 = f32_from_bits
i64_reinterpret_f64 = f64_to_bits
f64_reinterpret_i64 = f64_from_bits


# Rounding to singles


def f32_round(a: float) -> float:
    """The nearest single of a double."""
    f32_scratch[0] = a
    return f32_scratch[0]


f32_demote_f64 = f32_round


def f64_promote_f32(a: float) -> float:
    return a


def single_of_int(a: int) -> float:
    """The nearest single of an integer."""
    surplus = a.bit_length() - 53
    if surplus > 0:
        if surplus > 128:
            return inf if a > 0 else -inf
        # Rounding to odd first makes the second rounding correct: the lowest bit kept tells whether dropped bits were
        # set.
        magnitude = abs(a)
        kept = magnitude >> surplus
        if kept << surplus != magnitude:
            kept |= 1
        f32_scratch[0] = math.ldexp(kept if a > 0 else -kept, surplus)
    else:
        f32_scratch[0] = a
    return f32_scratch[0]


def float_of_real(value: Any) -> float | None:
    """The float of a real number; ``None`` if the value is not a real number, such as text."""
    kind = type(value)
    if isinstance(value, (str, bytes, bytearray)) or not (hasattr(kind, "__float__") or hasattr(kind, "__index__")):
        return None
    return float(value)


# Arithmetic


def f32_add(a: float, b: float) -> float:
    f32_scratch[0] = a + b
    return f32_scratch[0]


def f64_add(a: float, b: float) -> float:
    return a + b


def f32_sub(a: float, b: float) -> float:
    f32_scratch[0] = a - b
    return f32_scratch[0]


def f64_sub(a: float, b: float) -> float:
    return a - b


def f32_mul(a: float, b: float) -> float:
    f32_scratch[0] = a * b
    return f32_scratch[0]


def f64_mul(a: float, b: float) -> float:
    return a * b


def f64_div(a: float, b: float) -> float:
    if b:
        return a / b
    if a != a:
        return a + b
    return copysign(inf, a) * copysign(1.0, b) if a else nan


def f32_div(a: float, b: float) -> float:
    f32_scratch[0] = a / b if b else f64_div(a, b)
    return f32_scratch[0]


def f64_sqrt(a: float) -> float:
    if a < 0.0:
        return nan
    return math.sqrt(a)


def f32_sqrt(a: float) -> float:
    f32_scratch[0] = math.sqrt(a) if not a < 0.0 else nan
    return f32_scratch[0]


def f64_min(a: float, b: float) -> float:
    if a < b:
        return a
    if b < a:
        return b
    if a == b:
        return a if copysign(1.0, a) < 0.0 else b
    return a + b


def f64_max(a: float, b: float) -> float:
    if a > b:
        return a
    if b > a:
        return b
    if a == b:
        return a if copysign(1.0, a) > 0.0 else b
    return a + b


def f32_min(a: float, b: float) -> float:
    f32_scratch[0] = f64_min(a, b)
    return f32_scratch[0]


def f32_max(a: float, b: float) -> float:
    f32_scratch[0] = f64_max(a, b)
    return f32_scratch[0]


def f64_ceil(a: float) -> float:
    if -_INTEGERS < a < _INTEGERS:
        return float(ceil(a)) or copysign(0.0, a)
    return a if a == a else a + a


def f32_ceil(a: float) -> float:
    if -_INTEGERS < a < _INTEGERS:
        return float(ceil(a)) or copysign(0.0, a)
    return a if a == a else f32_round(a)


def f64_floor(a: float) -> float:
    if -_INTEGERS < a < _INTEGERS:
        return float(floor(a)) or copysign(0.0, a)
    return a if a == a else a + a


def f32_floor(a: float) -> float:
    if -_INTEGERS < a < _INTEGERS:
        return float(floor(a)) or copysign(0.0, a)
    return a if a == a else f32_round(a)


def f64_trunc(a: float) -> float:
    if -_INTEGERS < a < _INTEGERS:
        return float(int(a)) or copysign(0.0, a)
    return a if a == a else a + a


def f32_trunc(a: float) -> float:
    if -_INTEGERS < a < _INTEGERS:
        return float(int(a)) or copysign(0.0, a)
    return a if a == a else f32_round(a)


def f64_nearest(a: float) -> float:
    if -_INTEGERS < a < _INTEGERS:
        return float(round(a)) or copysign(0.0, a)
    return a if a == a else a + a


def f32_nearest(a: float) -> float:
    if -_INTEGERS < a < _INTEGERS:
        return float(round(a)) or copysign(0.0, a)
    return a if a == a else f32_round(a)


# Sign bits


def f32_neg(a: float) -> float:
    return -a


def f64_neg(a: float) -> float:
    return -a


# CPython calls functions that are written in C without a frame.
f32_abs: Callable[[float], float] = fabs
f64_abs: Callable[[float], float] = fabs
f32_copysign: Callable[[float, float], float] = copysign
f64_copysign: Callable[[float, float], float] = copysign


# Comparisons


def f32_eq(a: float, b: float) -> int:
    return 1 if a == b else 0


def f32_ne(a: float, b: float) -> int:
    return 1 if a != b else 0


def f32_lt(a: float, b: float) -> int:
    return 1 if a < b else 0


def f32_gt(a: float, b: float) -> int:
    return 1 if a > b else 0


def f32_le(a: float, b: float) -> int:
    return 1 if a <= b else 0


def f32_ge(a: float, b: float) -> int:
    return 1 if a >= b else 0


def f64_eq(a: float, b: float) -> int:
    return 1 if a == b else 0


def f64_ne(a: float, b: float) -> int:
    return 1 if a != b else 0


def f64_lt(a: float, b: float) -> int:
    return 1 if a < b else 0


def f64_gt(a: float, b: float) -> int:
    return 1 if a > b else 0


def f64_le(a: float, b: float) -> int:
    return 1 if a <= b else 0


def f64_ge(a: float, b: float) -> int:
    return 1 if a >= b else 0


# By name, for generated code (see find_helpers.py).
HELPERS = {name: item for name, item in vars().copy().items() if name.startswith(("i32_", "i64_", "f32_", "f64_"))}
