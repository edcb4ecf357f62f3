"""Conversions between integers and floats, named like the instructions: ``i32.trunc_f64_s`` -> ``i32_trunc_f64_s``.

    i32_trunc_f64_s(-1.9)        -> 0xFFFFFFFF
    i32_trunc_sat_f64_u(-5.0)    -> 0
    f32_convert_i64_u(2**64 - 1) -> 1.8446744073709552e+19

Integers are unsigned. Truncating a NaN or a number out of range traps, unless the conversion saturates.
"""

from __future__ import annotations

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap
from wasmz.runtime.numeric.floats import f32_scratch, single_of_int

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__wasmz_frame__ = "helper"


def _refuse(a: float) -> NoReturn:
    raise Trap(TrapCode.INTEGER_OVERFLOW if a == a else TrapCode.BAD_CONVERSION_TO_INTEGER)


def i32_trunc_f64_s(a: float) -> int:
    if -2147483649.0 < a < 2147483648.0:
        return int(a) & 0xFFFF_FFFF
    _refuse(a)


def i32_trunc_f64_u(a: float) -> int:
    if -1.0 < a < 4294967296.0:
        return int(a)
    _refuse(a)


def i32_trunc_sat_f64_s(a: float) -> int:
    if -2147483649.0 < a < 2147483648.0:
        return int(a) & 0xFFFF_FFFF
    if a < 0.0:
        return 0x8000_0000
    return 0x7FFF_FFFF if a == a else 0


def i32_trunc_sat_f64_u(a: float) -> int:
    if -1.0 < a < 4294967296.0:
        return int(a)
    return 0xFFFF_FFFF if a > 0.0 else 0


# No single lies between the bounds for doubles and those for singles.
i32_trunc_f32_s = i32_trunc_f64_s
i32_trunc_f32_u = i32_trunc_f64_u
i32_trunc_sat_f32_s = i32_trunc_sat_f64_s
i32_trunc_sat_f32_u = i32_trunc_sat_f64_u


def i64_trunc_f64_s(a: float) -> int:
    if -9223372036854775808.0 <= a < 9223372036854775808.0:
        return int(a) & 0xFFFF_FFFF_FFFF_FFFF
    _refuse(a)


def i64_trunc_f64_u(a: float) -> int:
    if -1.0 < a < 18446744073709551616.0:
        return int(a)
    _refuse(a)


def i64_trunc_sat_f64_s(a: float) -> int:
    if -9223372036854775808.0 <= a < 9223372036854775808.0:
        return int(a) & 0xFFFF_FFFF_FFFF_FFFF
    if a < 0.0:
        return 0x8000_0000_0000_0000
    return 0x7FFF_FFFF_FFFF_FFFF if a == a else 0


def i64_trunc_sat_f64_u(a: float) -> int:
    if -1.0 < a < 18446744073709551616.0:
        return int(a)
    return 0xFFFF_FFFF_FFFF_FFFF if a > 0.0 else 0


# No single lies between the bounds for doubles and those for singles.
i64_trunc_f32_s = i64_trunc_f64_s
i64_trunc_f32_u = i64_trunc_f64_u
i64_trunc_sat_f32_s = i64_trunc_sat_f64_s
i64_trunc_sat_f32_u = i64_trunc_sat_f64_u


def f32_convert_i32_s(a: int) -> float:
    f32_scratch[0] = a if a < 0x8000_0000 else a - 0x1_0000_0000
    return f32_scratch[0]


def f32_convert_i32_u(a: int) -> float:
    f32_scratch[0] = a
    return f32_scratch[0]


def f64_convert_i32_s(a: int) -> float:
    return float(a if a < 0x8000_0000 else a - 0x1_0000_0000)


def f64_convert_i32_u(a: int) -> float:
    return float(a)


def f32_convert_i64_s(a: int) -> float:
    return single_of_int(a if a < 0x8000_0000_0000_0000 else a - 0x1_0000_0000_0000_0000)


def f32_convert_i64_u(a: int) -> float:
    return single_of_int(a)


def f64_convert_i64_s(a: int) -> float:
    return float(a if a < 0x8000_0000_0000_0000 else a - 0x1_0000_0000_0000_0000)


def f64_convert_i64_u(a: int) -> float:
    return float(a)


# By name, for generated code (see find_helpers.py).
HELPERS = {name: item for name, item in vars().copy().items() if name.startswith(("i32_", "i64_", "f32_", "f64_"))}
