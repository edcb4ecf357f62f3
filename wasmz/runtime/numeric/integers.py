"""Integer instructions as functions of unsigned Python integers, named like them: ``i32.div_s`` -> ``i32_div_s``.

    i32_div_s(0xFFFFFFF9, 2)  -> 0xFFFFFFFD             -7 / 2 = -3
    i32_lt_s(0xFFFFFFFF, 1)   -> 1
    i64_clz(1)                -> 63

Generated code inlines the simple ones and calls the others; constant folding uses all of them. Division by zero raises
Python's own ``ZeroDivisionError``, which becomes a trap at the boundary.
"""

from __future__ import annotations

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__wasmz_frame__ = "helper"


def i32_clz(a: int) -> int:
    return 32 - a.bit_length()


def i32_ctz(a: int) -> int:
    return (a & -a).bit_length() - 1 if a else 32


# CPython calls functions that are written in C without a frame.
i32_popcnt: Callable[[int], int] = int.bit_count
i64_popcnt: Callable[[int], int] = int.bit_count


def i32_add(a: int, b: int) -> int:
    return (a + b) & 0xFFFF_FFFF


def i32_sub(a: int, b: int) -> int:
    return (a - b) & 0xFFFF_FFFF


def i32_mul(a: int, b: int) -> int:
    return (a * b) & 0xFFFF_FFFF


def i32_div_s(a: int, b: int) -> int:
    # Divides magnitudes, because Python rounds downwards and WebAssembly towards zero.
    if a < 0x8000_0000:
        return a // b if b < 0x8000_0000 else -(a // (0x1_0000_0000 - b)) & 0xFFFF_FFFF
    a = 0x1_0000_0000 - a
    if b < 0x8000_0000:
        return -(a // b) & 0xFFFF_FFFF
    quotient = a // (0x1_0000_0000 - b)
    if quotient == 0x8000_0000:
        raise Trap(TrapCode.INTEGER_OVERFLOW)
    return quotient


def i32_div_u(a: int, b: int) -> int:
    return a // b


def i32_rem_s(a: int, b: int) -> int:
    if b >= 0x8000_0000:
        b = 0x1_0000_0000 - b
    return a % b if a < 0x8000_0000 else -((0x1_0000_0000 - a) % b) & 0xFFFF_FFFF


def i32_rem_u(a: int, b: int) -> int:
    return a % b


def i32_and(a: int, b: int) -> int:
    return a & b


def i32_or(a: int, b: int) -> int:
    return a | b


def i32_xor(a: int, b: int) -> int:
    return a ^ b


def i32_shl(a: int, b: int) -> int:
    return (a << (b & 31)) & 0xFFFF_FFFF


def i32_shr_s(a: int, b: int) -> int:
    if a < 0x8000_0000:
        return a >> (b & 31)
    return ((a - 0x1_0000_0000) >> (b & 31)) & 0xFFFF_FFFF


def i32_shr_u(a: int, b: int) -> int:
    return a >> (b & 31)


def i32_rotl(a: int, b: int) -> int:
    b &= 31
    return ((a << b) | (a >> (32 - b))) & 0xFFFF_FFFF


def i32_rotr(a: int, b: int) -> int:
    b &= 31
    return ((a >> b) | (a << (32 - b))) & 0xFFFF_FFFF


def i32_eqz(a: int) -> int:
    return 0 if a else 1


def i32_eq(a: int, b: int) -> int:
    return 1 if a == b else 0


def i32_ne(a: int, b: int) -> int:
    return 1 if a != b else 0


def i32_lt_u(a: int, b: int) -> int:
    return 1 if a < b else 0


def i32_lt_s(a: int, b: int) -> int:
    # Flipping the sign bits turns the signed order into the unsigned one.
    return 1 if a ^ 0x8000_0000 < b ^ 0x8000_0000 else 0


def i32_gt_u(a: int, b: int) -> int:
    return 1 if a > b else 0


def i32_gt_s(a: int, b: int) -> int:
    # Flipping the sign bits turns the signed order into the unsigned one.
    return 1 if a ^ 0x8000_0000 > b ^ 0x8000_0000 else 0


def i32_le_u(a: int, b: int) -> int:
    return 1 if a <= b else 0


def i32_le_s(a: int, b: int) -> int:
    # Flipping the sign bits turns the signed order into the unsigned one.
    return 1 if a ^ 0x8000_0000 <= b ^ 0x8000_0000 else 0


def i32_ge_u(a: int, b: int) -> int:
    return 1 if a >= b else 0


def i32_ge_s(a: int, b: int) -> int:
    # Flipping the sign bits turns the signed order into the unsigned one.
    return 1 if a ^ 0x8000_0000 >= b ^ 0x8000_0000 else 0


def i32_extend8_s(a: int) -> int:
    return (((a & 0xFF) ^ 0x80) - 0x80) & 0xFFFF_FFFF


def i32_extend16_s(a: int) -> int:
    return (((a & 0xFFFF) ^ 0x8000) - 0x8000) & 0xFFFF_FFFF


def i64_clz(a: int) -> int:
    return 64 - a.bit_length()


def i64_ctz(a: int) -> int:
    return (a & -a).bit_length() - 1 if a else 64


def i64_add(a: int, b: int) -> int:
    return (a + b) & 0xFFFF_FFFF_FFFF_FFFF


def i64_sub(a: int, b: int) -> int:
    return (a - b) & 0xFFFF_FFFF_FFFF_FFFF


def i64_mul(a: int, b: int) -> int:
    return (a * b) & 0xFFFF_FFFF_FFFF_FFFF


def i64_div_s(a: int, b: int) -> int:
    # Divides magnitudes, because Python rounds downwards and WebAssembly towards zero.
    if a < 0x8000_0000_0000_0000:
        return a // b if b < 0x8000_0000_0000_0000 else -(a // (0x1_0000_0000_0000_0000 - b)) & 0xFFFF_FFFF_FFFF_FFFF
    a = 0x1_0000_0000_0000_0000 - a
    if b < 0x8000_0000_0000_0000:
        return -(a // b) & 0xFFFF_FFFF_FFFF_FFFF
    quotient = a // (0x1_0000_0000_0000_0000 - b)
    if quotient == 0x8000_0000_0000_0000:
        raise Trap(TrapCode.INTEGER_OVERFLOW)
    return quotient


def i64_div_u(a: int, b: int) -> int:
    return a // b


def i64_rem_s(a: int, b: int) -> int:
    if b >= 0x8000_0000_0000_0000:
        b = 0x1_0000_0000_0000_0000 - b
    return a % b if a < 0x8000_0000_0000_0000 else -((0x1_0000_0000_0000_0000 - a) % b) & 0xFFFF_FFFF_FFFF_FFFF


def i64_rem_u(a: int, b: int) -> int:
    return a % b


def i64_and(a: int, b: int) -> int:
    return a & b


def i64_or(a: int, b: int) -> int:
    return a | b


def i64_xor(a: int, b: int) -> int:
    return a ^ b


def i64_shl(a: int, b: int) -> int:
    return (a << (b & 63)) & 0xFFFF_FFFF_FFFF_FFFF


def i64_shr_s(a: int, b: int) -> int:
    if a < 0x8000_0000_0000_0000:
        return a >> (b & 63)
    return ((a - 0x1_0000_0000_0000_0000) >> (b & 63)) & 0xFFFF_FFFF_FFFF_FFFF


def i64_shr_u(a: int, b: int) -> int:
    return a >> (b & 63)


def i64_rotl(a: int, b: int) -> int:
    b &= 63
    return ((a << b) | (a >> (64 - b))) & 0xFFFF_FFFF_FFFF_FFFF


def i64_rotr(a: int, b: int) -> int:
    b &= 63
    return ((a >> b) | (a << (64 - b))) & 0xFFFF_FFFF_FFFF_FFFF


def i64_eqz(a: int) -> int:
    return 0 if a else 1


def i64_eq(a: int, b: int) -> int:
    return 1 if a == b else 0


def i64_ne(a: int, b: int) -> int:
    return 1 if a != b else 0


def i64_lt_u(a: int, b: int) -> int:
    return 1 if a < b else 0


def i64_lt_s(a: int, b: int) -> int:
    # Flipping the sign bits turns the signed order into the unsigned one.
    return 1 if a ^ 0x8000_0000_0000_0000 < b ^ 0x8000_0000_0000_0000 else 0


def i64_gt_u(a: int, b: int) -> int:
    return 1 if a > b else 0


def i64_gt_s(a: int, b: int) -> int:
    # Flipping the sign bits turns the signed order into the unsigned one.
    return 1 if a ^ 0x8000_0000_0000_0000 > b ^ 0x8000_0000_0000_0000 else 0


def i64_le_u(a: int, b: int) -> int:
    return 1 if a <= b else 0


def i64_le_s(a: int, b: int) -> int:
    # Flipping the sign bits turns the signed order into the unsigned one.
    return 1 if a ^ 0x8000_0000_0000_0000 <= b ^ 0x8000_0000_0000_0000 else 0


def i64_ge_u(a: int, b: int) -> int:
    return 1 if a >= b else 0


def i64_ge_s(a: int, b: int) -> int:
    # Flipping the sign bits turns the signed order into the unsigned one.
    return 1 if a ^ 0x8000_0000_0000_0000 >= b ^ 0x8000_0000_0000_0000 else 0


def i64_extend8_s(a: int) -> int:
    return (((a & 0xFF) ^ 0x80) - 0x80) & 0xFFFF_FFFF_FFFF_FFFF


def i64_extend16_s(a: int) -> int:
    return (((a & 0xFFFF) ^ 0x8000) - 0x8000) & 0xFFFF_FFFF_FFFF_FFFF


def i64_extend32_s(a: int) -> int:
    return (((a & 0xFFFF_FFFF) ^ 0x8000_0000) - 0x8000_0000) & 0xFFFF_FFFF_FFFF_FFFF


def i32_wrap_i64(a: int) -> int:
    return a & 0xFFFF_FFFF


def i64_extend_i32_s(a: int) -> int:
    return a if a < 0x8000_0000 else a + 0xFFFF_FFFF_0000_0000


def i64_extend_i32_u(a: int) -> int:
    return a


# By name, for generated code (see find_helpers.py).
HELPERS = {name: item for name, item in vars().copy().items() if name.startswith(("i32_", "i64_", "f32_", "f64_"))}
