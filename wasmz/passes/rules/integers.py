"""Made from integers.rules by ``python -m wasmz.passes.rules.generate``: change that file, not this one."""

from __future__ import annotations

from wasmz.ir.facts import INVERSE, SIZED_CONSTANTS
from wasmz.ir.nodes import Value
from wasmz.passes.rules.support import LARGEST, LONGEST_SHIFT, Maker, Rule, is_boolean, possible_bits
from wasmz.types import ValType

I32, I64 = ValType.I32, ValType.I64


def _i32_add(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return a0
        if a0.op == "i32.add":
            a00, a01 = a0.args
            if a01.op in SIZED_CONSTANTS:
                n01 = a01.imm
                if n01 + n1 == 0xFFFF_FFFF + 1:
                    return a00
                value.args = (a00, maker.constant(I32, (n01 + n1) & 0xFFFF_FFFF))
                return value
        if a0.op == "i32.sub":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a00.op in SIZED_CONSTANTS:
                    n00 = a00.imm
                    value.op, value.args, value.imm = "i32.sub", (maker.constant(I32, (n00 + n1) & 0xFFFF_FFFF), a01), None
                    return value
    if a0.op == "i32.sub":
        a00, a01 = a0.args
        if a01 is a1:
            return a00
        if a00.op in SIZED_CONSTANTS:
            n00 = a00.imm
            if n00 == 0:
                value.op, value.args, value.imm = "i32.sub", (a1, a01), None
                return value
    if a1.op == "i32.sub":
        a10, a11 = a1.args
        if a11 is a0:
            return a10
        if a10.op in SIZED_CONSTANTS:
            n10 = a10.imm
            if n10 == 0:
                value.op, value.args, value.imm = "i32.sub", (a0, a11), None
                return value
    return None


def _i64_add(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return a0
        if a0.op == "i64.add":
            a00, a01 = a0.args
            if a01.op in SIZED_CONSTANTS:
                n01 = a01.imm
                if n01 + n1 == 0xFFFF_FFFF_FFFF_FFFF + 1:
                    return a00
                value.args = (a00, maker.constant(I64, (n01 + n1) & 0xFFFF_FFFF_FFFF_FFFF))
                return value
        if a0.op == "i64.sub":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a00.op in SIZED_CONSTANTS:
                    n00 = a00.imm
                    value.op, value.args, value.imm = "i64.sub", (maker.constant(I64, (n00 + n1) & 0xFFFF_FFFF_FFFF_FFFF), a01), None
                    return value
    if a0.op == "i64.sub":
        a00, a01 = a0.args
        if a01 is a1:
            return a00
        if a00.op in SIZED_CONSTANTS:
            n00 = a00.imm
            if n00 == 0:
                value.op, value.args, value.imm = "i64.sub", (a1, a01), None
                return value
    if a1.op == "i64.sub":
        a10, a11 = a1.args
        if a11 is a0:
            return a10
        if a10.op in SIZED_CONSTANTS:
            n10 = a10.imm
            if n10 == 0:
                value.op, value.args, value.imm = "i64.sub", (a0, a11), None
                return value
    return None


def _i32_sub(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return a0
        value.op, value.args, value.imm = "i32.add", (a0, maker.constant(I32, (-n1) & 0xFFFF_FFFF)), None
        return value
    if a0.op == "i32.add":
        a00, a01 = a0.args
        if a00 is a1:
            return a01
        if a01 is a1:
            return a00
    if a1.op == "i32.sub":
        a10, a11 = a1.args
        if a10.op in SIZED_CONSTANTS:
            n10 = a10.imm
            if n10 == 0:
                value.op, value.args, value.imm = "i32.add", (a0, a11), None
                return value
    return None


def _i64_sub(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I64, 0)
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return a0
        value.op, value.args, value.imm = "i64.add", (a0, maker.constant(I64, (-n1) & 0xFFFF_FFFF_FFFF_FFFF)), None
        return value
    if a0.op == "i64.add":
        a00, a01 = a0.args
        if a00 is a1:
            return a01
        if a01 is a1:
            return a00
    if a1.op == "i64.sub":
        a10, a11 = a1.args
        if a10.op in SIZED_CONSTANTS:
            n10 = a10.imm
            if n10 == 0:
                value.op, value.args, value.imm = "i64.add", (a0, a11), None
                return value
    return None


def _i32_mul(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return maker.constant(I32, 0)
        if n1 == 1:
            return a0
        if n1 == 0xFFFF_FFFF:
            value.op, value.args, value.imm = "i32.sub", (maker.constant(I32, 0), a0), None
            return value
        if a0.op == "i32.mul":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I32, (n01 * n1) & 0xFFFF_FFFF))
                    return value
    return None


def _i64_mul(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return maker.constant(I64, 0)
        if n1 == 1:
            return a0
        if n1 == 0xFFFF_FFFF_FFFF_FFFF:
            value.op, value.args, value.imm = "i64.sub", (maker.constant(I64, 0), a0), None
            return value
        if a0.op == "i64.mul":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I64, (n01 * n1) & 0xFFFF_FFFF_FFFF_FFFF))
                    return value
    return None


def _i32_div_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 1:
            return a0
        if (n1 > 0 and not n1 & n1 - 1):
            value.op, value.args, value.imm = "i32.shr_u", (a0, maker.constant(I32, ((n1.bit_length() - 1)) & 0xFFFF_FFFF)), None
            return value
    return None


def _i64_div_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 1:
            return a0
        if (n1 > 0 and not n1 & n1 - 1):
            value.op, value.args, value.imm = "i64.shr_u", (a0, maker.constant(I64, ((n1.bit_length() - 1)) & 0xFFFF_FFFF_FFFF_FFFF)), None
            return value
    return None


def _i32_div_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 1:
            return a0
        bits_a0 = possible_bits(a0)
        if (n1 > 0 and not n1 & n1 - 1) and not (bits_a0 | n1) >> 32 - 1:
            value.op, value.args, value.imm = "i32.shr_u", (a0, maker.constant(I32, ((n1.bit_length() - 1)) & 0xFFFF_FFFF)), None
            return value
    return None


def _i64_div_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 1:
            return a0
        bits_a0 = possible_bits(a0)
        if (n1 > 0 and not n1 & n1 - 1) and not (bits_a0 | n1) >> 64 - 1:
            value.op, value.args, value.imm = "i64.shr_u", (a0, maker.constant(I64, ((n1.bit_length() - 1)) & 0xFFFF_FFFF_FFFF_FFFF)), None
            return value
    return None


def _i32_rem_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 1:
            return maker.constant(I32, 0)
        if (n1 > 0 and not n1 & n1 - 1):
            value.op, value.args, value.imm = "i32.and", (a0, maker.constant(I32, (n1 - 1) & 0xFFFF_FFFF)), None
            return value
    return None


def _i64_rem_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 1:
            return maker.constant(I64, 0)
        if (n1 > 0 and not n1 & n1 - 1):
            value.op, value.args, value.imm = "i64.and", (a0, maker.constant(I64, (n1 - 1) & 0xFFFF_FFFF_FFFF_FFFF)), None
            return value
    return None


def _i32_rem_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 1:
            return maker.constant(I32, 0)
        bits_a0 = possible_bits(a0)
        if (n1 > 0 and not n1 & n1 - 1) and not (bits_a0 | n1) >> 32 - 1:
            value.op, value.args, value.imm = "i32.and", (a0, maker.constant(I32, (n1 - 1) & 0xFFFF_FFFF)), None
            return value
    return None


def _i64_rem_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 1:
            return maker.constant(I64, 0)
        bits_a0 = possible_bits(a0)
        if (n1 > 0 and not n1 & n1 - 1) and not (bits_a0 | n1) >> 64 - 1:
            value.op, value.args, value.imm = "i64.and", (a0, maker.constant(I64, (n1 - 1) & 0xFFFF_FFFF_FFFF_FFFF)), None
            return value
    return None


def _i32_and(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return a0
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        bits_a0 = possible_bits(a0)
        if not bits_a0 & ~n1:
            return a0
        if not bits_a0 & n1:
            return maker.constant(I32, 0)
        if a0.op == "i32.and":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I32, (n01 & n1) & 0xFFFF_FFFF))
                    return value
        if a0.op == "i32.or":
            a00, a01 = a0.args
            if a01.op in SIZED_CONSTANTS:
                n01 = a01.imm
                if not n01 & n1:
                    value.args = (a00, a1)
                    return value
        if a0.op == "i32.extend8_s":
            a00 = a0.args[0]
            if not n1 >> 8:
                value.args = (a00, a1)
                return value
        if a0.op == "i32.extend16_s":
            a00 = a0.args[0]
            if not n1 >> 16:
                value.args = (a00, a1)
                return value
        if a0.op == "i32.shr_s":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    if not n1 & ~(0xFFFF_FFFF >> n01 % 32):
                        value.args = (maker.make("i32.shr_u", I32, (a00, a01)), a1)
                        return value
    return None


def _i64_and(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return a0
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        bits_a0 = possible_bits(a0)
        if not bits_a0 & ~n1:
            return a0
        if not bits_a0 & n1:
            return maker.constant(I64, 0)
        if a0.op == "i64.and":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I64, (n01 & n1) & 0xFFFF_FFFF_FFFF_FFFF))
                    return value
        if a0.op == "i64.or":
            a00, a01 = a0.args
            if a01.op in SIZED_CONSTANTS:
                n01 = a01.imm
                if not n01 & n1:
                    value.args = (a00, a1)
                    return value
        if a0.op == "i64.extend8_s":
            a00 = a0.args[0]
            if not n1 >> 8:
                value.args = (a00, a1)
                return value
        if a0.op == "i64.extend16_s":
            a00 = a0.args[0]
            if not n1 >> 16:
                value.args = (a00, a1)
                return value
        if a0.op == "i64.extend32_s":
            a00 = a0.args[0]
            if not n1 >> 32:
                value.args = (a00, a1)
                return value
        if a0.op == "i64.shr_s":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    if not n1 & ~(0xFFFF_FFFF_FFFF_FFFF >> n01 % 64):
                        value.args = (maker.make("i64.shr_u", I64, (a00, a01)), a1)
                        return value
    return None


def _i32_or(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return a0
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return a0
        if n1 == 0xFFFF_FFFF:
            return maker.constant(I32, 0xFFFF_FFFF)
        if a0.op == "i32.or":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I32, (n01 | n1) & 0xFFFF_FFFF))
                    return value
    return None


def _i64_or(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return a0
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return a0
        if n1 == 0xFFFF_FFFF_FFFF_FFFF:
            return maker.constant(I64, 0xFFFF_FFFF_FFFF_FFFF)
        if a0.op == "i64.or":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I64, (n01 | n1) & 0xFFFF_FFFF_FFFF_FFFF))
                    return value
    return None


def _i32_xor(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return a0
        if a0.op == "i32.xor":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I32, (n01 ^ n1) & 0xFFFF_FFFF))
                    return value
        if n1 == 1:
            if is_boolean(a0):
                value.op, value.args, value.imm = "i32.eqz", (a0,), None
                return value
    return None


def _i64_xor(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I64, 0)
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return a0
        if a0.op == "i64.xor":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I64, (n01 ^ n1) & 0xFFFF_FFFF_FFFF_FFFF))
                    return value
    return None


def _i32_shl(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 >= 32:
            value.args = (a0, maker.constant(I32, (n1 % 32) & 0xFFFF_FFFF))
            return value
        if n1 == 0:
            return a0
        if a0.op == "i32.shl":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    if n01 % 32 + n1 >= 32:
                        return maker.constant(I32, 0)
                    value.args = (a00, maker.constant(I32, (n01 % 32 + n1) & 0xFFFF_FFFF))
                    return value
        if a0.op in ("i32.shr_u", "i32.shr_s"):
            a00, a01 = a0.args
            if a01.op in SIZED_CONSTANTS:
                n01 = a01.imm
                if n01 == n1:
                    value.op, value.args, value.imm = "i32.and", (a00, maker.constant(I32, (0xFFFF_FFFF << n1) & 0xFFFF_FFFF)), None
                    return value
    return None


def _i64_shl(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 >= 64:
            value.args = (a0, maker.constant(I64, (n1 % 64) & 0xFFFF_FFFF_FFFF_FFFF))
            return value
        if n1 == 0:
            return a0
        if a0.op == "i64.shl":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    if n01 % 64 + n1 >= 64:
                        return maker.constant(I64, 0)
                    value.args = (a00, maker.constant(I64, (n01 % 64 + n1) & 0xFFFF_FFFF_FFFF_FFFF))
                    return value
        if a0.op in ("i64.shr_u", "i64.shr_s"):
            a00, a01 = a0.args
            if a01.op in SIZED_CONSTANTS:
                n01 = a01.imm
                if n01 == n1:
                    value.op, value.args, value.imm = "i64.and", (a00, maker.constant(I64, (0xFFFF_FFFF_FFFF_FFFF << n1) & 0xFFFF_FFFF_FFFF_FFFF)), None
                    return value
    return None


def _i32_shr_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 >= 32:
            value.args = (a0, maker.constant(I32, (n1 % 32) & 0xFFFF_FFFF))
            return value
        if n1 == 0:
            return a0
        bits_a0 = possible_bits(a0)
        if not bits_a0 >> n1:
            return maker.constant(I32, 0)
        if a0.op == "i32.shr_u":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    if n01 % 32 + n1 < 32:
                        value.args = (a00, maker.constant(I32, (n01 % 32 + n1) & 0xFFFF_FFFF))
                        return value
        if a0.op == "i32.shl":
            a00, a01 = a0.args
            if a01.op in SIZED_CONSTANTS:
                n01 = a01.imm
                if n01 == n1:
                    value.op, value.args, value.imm = "i32.and", (a00, maker.constant(I32, (0xFFFF_FFFF >> n1) & 0xFFFF_FFFF)), None
                    return value
        if a0.op == "i32.and":
            a00, a01 = a0.args
            if a01.op in SIZED_CONSTANTS:
                n01 = a01.imm
                if n01 >> n1 == 0xFFFF_FFFF >> n1:
                    value.args = (a00, a1)
                    return value
    return None


def _i64_shr_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 >= 64:
            value.args = (a0, maker.constant(I64, (n1 % 64) & 0xFFFF_FFFF_FFFF_FFFF))
            return value
        if n1 == 0:
            return a0
        bits_a0 = possible_bits(a0)
        if not bits_a0 >> n1:
            return maker.constant(I64, 0)
        if a0.op == "i64.shr_u":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    if n01 % 64 + n1 < 64:
                        value.args = (a00, maker.constant(I64, (n01 % 64 + n1) & 0xFFFF_FFFF_FFFF_FFFF))
                        return value
        if a0.op == "i64.shl":
            a00, a01 = a0.args
            if a01.op in SIZED_CONSTANTS:
                n01 = a01.imm
                if n01 == n1:
                    value.op, value.args, value.imm = "i64.and", (a00, maker.constant(I64, (0xFFFF_FFFF_FFFF_FFFF >> n1) & 0xFFFF_FFFF_FFFF_FFFF)), None
                    return value
        if a0.op == "i64.and":
            a00, a01 = a0.args
            if a01.op in SIZED_CONSTANTS:
                n01 = a01.imm
                if n01 >> n1 == 0xFFFF_FFFF_FFFF_FFFF >> n1:
                    value.args = (a00, a1)
                    return value
    return None


def _i32_shr_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 >= 32:
            value.args = (a0, maker.constant(I32, (n1 % 32) & 0xFFFF_FFFF))
            return value
        if n1 == 0:
            return a0
        bits_a0 = possible_bits(a0)
        if not bits_a0 >> 32 - 1:
            value.op, value.args, value.imm = "i32.shr_u", (a0, a1), None
            return value
        if n1 == 24:
            if a0.op == "i32.shl":
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    if n01 == 24:
                        value.op, value.args, value.imm = "i32.extend8_s", (a00,), None
                        return value
        if n1 == 16:
            if a0.op == "i32.shl":
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    if n01 == 16:
                        value.op, value.args, value.imm = "i32.extend16_s", (a00,), None
                        return value
        if a0.op == "i32.shr_s":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I32, (min(n01 % 32 + n1, 32 - 1)) & 0xFFFF_FFFF))
                    return value
    return None


def _i64_shr_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 >= 64:
            value.args = (a0, maker.constant(I64, (n1 % 64) & 0xFFFF_FFFF_FFFF_FFFF))
            return value
        if n1 == 0:
            return a0
        bits_a0 = possible_bits(a0)
        if not bits_a0 >> 64 - 1:
            value.op, value.args, value.imm = "i64.shr_u", (a0, a1), None
            return value
        if n1 == 56:
            if a0.op == "i64.shl":
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    if n01 == 56:
                        value.op, value.args, value.imm = "i64.extend8_s", (a00,), None
                        return value
        if n1 == 48:
            if a0.op == "i64.shl":
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    if n01 == 48:
                        value.op, value.args, value.imm = "i64.extend16_s", (a00,), None
                        return value
        if n1 == 32:
            if a0.op == "i64.shl":
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    if n01 == 32:
                        value.op, value.args, value.imm = "i64.extend32_s", (a00,), None
                        return value
        if a0.op == "i64.shr_s":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I64, (min(n01 % 64 + n1, 64 - 1)) & 0xFFFF_FFFF_FFFF_FFFF))
                    return value
    return None


def _i32_rotl(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 >= 32:
            value.args = (a0, maker.constant(I32, (n1 % 32) & 0xFFFF_FFFF))
            return value
        if n1 == 0:
            return a0
    return None


def _i64_rotl(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 >= 64:
            value.args = (a0, maker.constant(I64, (n1 % 64) & 0xFFFF_FFFF_FFFF_FFFF))
            return value
        if n1 == 0:
            return a0
    return None


def _i32_rotr(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 >= 32:
            value.args = (a0, maker.constant(I32, (n1 % 32) & 0xFFFF_FFFF))
            return value
        if n1 == 0:
            return a0
    return None


def _i64_rotr(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 >= 64:
            value.args = (a0, maker.constant(I64, (n1 % 64) & 0xFFFF_FFFF_FFFF_FFFF))
            return value
        if n1 == 0:
            return a0
    return None


def _i32_extend8_s(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    if a0.op == "i32.extend8_s":
        return a0
    if a0.op == "i32.load8_s":
        return a0
    bits_a0 = possible_bits(a0)
    if not bits_a0 >> 7:
        return a0
    if a0.op == "i32.and":
        a00, a01 = a0.args
        if a01.op in SIZED_CONSTANTS:
            n01 = a01.imm
            if n01 & 0xFF == 0xFF:
                value.args = (a00,)
                return value
    return None


def _i64_extend8_s(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    if a0.op == "i64.extend8_s":
        return a0
    if a0.op == "i64.load8_s":
        return a0
    bits_a0 = possible_bits(a0)
    if not bits_a0 >> 7:
        return a0
    if a0.op == "i64.and":
        a00, a01 = a0.args
        if a01.op in SIZED_CONSTANTS:
            n01 = a01.imm
            if n01 & 0xFF == 0xFF:
                value.args = (a00,)
                return value
    return None


def _i32_extend16_s(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    if a0.op == "i32.extend16_s":
        return a0
    if a0.op == "i32.load16_s":
        return a0
    bits_a0 = possible_bits(a0)
    if not bits_a0 >> 15:
        return a0
    if a0.op == "i32.and":
        a00, a01 = a0.args
        if a01.op in SIZED_CONSTANTS:
            n01 = a01.imm
            if n01 & 0xFFFF == 0xFFFF:
                value.args = (a00,)
                return value
    return None


def _i64_extend16_s(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    if a0.op == "i64.extend16_s":
        return a0
    if a0.op == "i64.load16_s":
        return a0
    bits_a0 = possible_bits(a0)
    if not bits_a0 >> 15:
        return a0
    if a0.op == "i64.and":
        a00, a01 = a0.args
        if a01.op in SIZED_CONSTANTS:
            n01 = a01.imm
            if n01 & 0xFFFF == 0xFFFF:
                value.args = (a00,)
                return value
    return None


def _i64_extend32_s(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    if a0.op == "i64.extend32_s":
        return a0
    if a0.op == "i64.load32_s":
        return a0
    bits_a0 = possible_bits(a0)
    if not bits_a0 >> 31:
        return a0
    if a0.op == "i64.and":
        a00, a01 = a0.args
        if a01.op in SIZED_CONSTANTS:
            n01 = a01.imm
            if n01 & 0xFFFF_FFFF == 0xFFFF_FFFF:
                value.args = (a00,)
                return value
    return None


def _i32_wrap_i64(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    if a0.op in ("i64.extend_i32_u", "i64.extend_i32_s"):
        a00 = a0.args[0]
        return a00
    if a0.op == "i64.and":
        a00, a01 = a0.args
        if a01.op in SIZED_CONSTANTS:
            n01 = a01.imm
            if n01 & 0xFFFF_FFFF == 0xFFFF_FFFF:
                value.args = (a00,)
                return value
    return None


def _i64_extend_i32_s(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    bits_a0 = possible_bits(a0)
    if not bits_a0 >> 31:
        value.op, value.args, value.imm = "i64.extend_i32_u", (a0,), None
        return value
    return None


def _i32_reinterpret_f32(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    if a0.op == "f32.reinterpret_i32":
        a00 = a0.args[0]
        return a00
    return None


def _i64_reinterpret_f64(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    if a0.op == "f64.reinterpret_i64":
        a00 = a0.args[0]
        return a00
    return None


def _i32_eqz(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    if a0.op in INVERSE:
        a00, a01 = a0.args
        value.op, value.args, value.imm = INVERSE[a0.op], (a00, a01), None
        return value
    if a0.op in ("i32.eqz", "i64.eqz"):
        a00 = a0.args[0]
        if is_boolean(a00) and a00.type is value.type:
            return a00
    if a0.op in ("i32.xor", "i32.sub"):
        if a0.uses == 1:
            a00, a01 = a0.args
            value.op, value.args, value.imm = "i32.eq", (a00, a01), None
            return value
    return None


def _i64_eqz(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    if a0.op in ("i32.eqz", "i64.eqz"):
        a00 = a0.args[0]
        if is_boolean(a00) and a00.type is value.type:
            return a00
    if a0.op in ("i64.extend_i32_u", "i64.extend_i32_s"):
        a00 = a0.args[0]
        value.op, value.args, value.imm = "i32.eqz", (a00,), None
        return value
    if a0.op in ("i64.xor", "i64.sub"):
        if a0.uses == 1:
            a00, a01 = a0.args
            value.op, value.args, value.imm = "i64.eq", (a00, a01), None
            return value
    return None


def _i32_eq(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        bits_a0 = possible_bits(a0)
        if n1 & ~bits_a0:
            return maker.constant(I32, 0)
        if n1 == 1:
            if is_boolean(a0) and a0.type is value.type:
                return a0
        if n1 == 0:
            value.op, value.args, value.imm = "i32.eqz", (a0,), None
            return value
        if a0.op == "i32.add":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I32, (n1 - n01) & 0xFFFF_FFFF))
                    return value
    return None


def _i64_eq(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    if a0.op == "i64.extend_i32_u":
        a00 = a0.args[0]
        if a1.op == "i64.extend_i32_u":
            a10 = a1.args[0]
            value.op, value.args, value.imm = "i32.eq", (a00, a10), None
            return value
    if a0.op == "i64.extend_i32_s":
        a00 = a0.args[0]
        if a1.op == "i64.extend_i32_s":
            a10 = a1.args[0]
            value.op, value.args, value.imm = "i32.eq", (a00, a10), None
            return value
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        bits_a0 = possible_bits(a0)
        if n1 & ~bits_a0:
            return maker.constant(I32, 0)
        if n1 == 0:
            value.op, value.args, value.imm = "i64.eqz", (a0,), None
            return value
        if a0.op == "i64.add":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I64, (n1 - n01) & 0xFFFF_FFFF_FFFF_FFFF))
                    return value
        if a0.op == "i64.extend_i32_u":
            a00 = a0.args[0]
            if not n1 >> 32:
                value.op, value.args, value.imm = "i32.eq", (a00, maker.constant(I32, n1)), None
                return value
    return None


def _i32_ne(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        bits_a0 = possible_bits(a0)
        if n1 & ~bits_a0:
            return maker.constant(I32, 1)
        if n1 == 0:
            if is_boolean(a0) and a0.type is value.type:
                return a0
        if n1 == 1:
            if is_boolean(a0) and a0.type is value.type:
                value.op, value.args, value.imm = "i32.eqz", (a0,), None
                return value
        if a0.op == "i32.add":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I32, (n1 - n01) & 0xFFFF_FFFF))
                    return value
        if n1 == 0:
            if a0.op in ("i32.xor", "i32.sub"):
                if a0.uses == 1:
                    a00, a01 = a0.args
                    value.args = (a00, a01)
                    return value
    return None


def _i64_ne(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    if a0.op == "i64.extend_i32_u":
        a00 = a0.args[0]
        if a1.op == "i64.extend_i32_u":
            a10 = a1.args[0]
            value.op, value.args, value.imm = "i32.ne", (a00, a10), None
            return value
    if a0.op == "i64.extend_i32_s":
        a00 = a0.args[0]
        if a1.op == "i64.extend_i32_s":
            a10 = a1.args[0]
            value.op, value.args, value.imm = "i32.ne", (a00, a10), None
            return value
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        bits_a0 = possible_bits(a0)
        if n1 & ~bits_a0:
            return maker.constant(I32, 1)
        if a0.op == "i64.add":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op in SIZED_CONSTANTS:
                    n01 = a01.imm
                    value.args = (a00, maker.constant(I64, (n1 - n01) & 0xFFFF_FFFF_FFFF_FFFF))
                    return value
        if a0.op == "i64.extend_i32_u":
            a00 = a0.args[0]
            if not n1 >> 32:
                value.op, value.args, value.imm = "i32.ne", (a00, maker.constant(I32, n1)), None
                return value
        if n1 == 0:
            if a0.op in ("i64.xor", "i64.sub"):
                if a0.uses == 1:
                    a00, a01 = a0.args
                    value.args = (a00, a01)
                    return value
    return None


def _i32_lt_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i32.gt_u", (a1, a0), None
        return value
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return maker.constant(I32, 0)
        if n1 == 1:
            value.op, value.args, value.imm = "i32.eqz", (a0,), None
            return value
    return None


def _i64_lt_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i64.gt_u", (a1, a0), None
        return value
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return maker.constant(I32, 0)
        if n1 == 1:
            value.op, value.args, value.imm = "i64.eqz", (a0,), None
            return value
    return None


def _i32_gt_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i32.lt_u", (a1, a0), None
        return value
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0xFFFF_FFFF:
            return maker.constant(I32, 0)
        if n1 == 0:
            value.op, value.args, value.imm = "i32.ne", (a0, a1), None
            return value
    return None


def _i64_gt_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i64.lt_u", (a1, a0), None
        return value
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0xFFFF_FFFF_FFFF_FFFF:
            return maker.constant(I32, 0)
        if n1 == 0:
            value.op, value.args, value.imm = "i64.ne", (a0, a1), None
            return value
    return None


def _i32_lt_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i32.gt_s", (a1, a0), None
        return value
    return None


def _i64_lt_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i64.gt_s", (a1, a0), None
        return value
    return None


def _i32_gt_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i32.lt_s", (a1, a0), None
        return value
    return None


def _i64_gt_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i64.lt_s", (a1, a0), None
        return value
    return None


def _i32_le_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i32.ge_u", (a1, a0), None
        return value
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0xFFFF_FFFF:
            return maker.constant(I32, 1)
        if n1 == 0:
            value.op, value.args, value.imm = "i32.eqz", (a0,), None
            return value
    return None


def _i64_le_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i64.ge_u", (a1, a0), None
        return value
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0xFFFF_FFFF_FFFF_FFFF:
            return maker.constant(I32, 1)
        if n1 == 0:
            value.op, value.args, value.imm = "i64.eqz", (a0,), None
            return value
    return None


def _i32_ge_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i32.le_u", (a1, a0), None
        return value
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return maker.constant(I32, 1)
        if n1 == 1:
            value.op, value.args, value.imm = "i32.ne", (a0, maker.constant(I32, 0)), None
            return value
    return None


def _i64_ge_u(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i64.le_u", (a1, a0), None
        return value
    if a1.op in SIZED_CONSTANTS:
        n1 = a1.imm
        if n1 == 0:
            return maker.constant(I32, 1)
        if n1 == 1:
            value.op, value.args, value.imm = "i64.ne", (a0, maker.constant(I64, 0)), None
            return value
    return None


def _i32_le_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i32.ge_s", (a1, a0), None
        return value
    return None


def _i64_le_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i64.ge_s", (a1, a0), None
        return value
    return None


def _i32_ge_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i32.le_s", (a1, a0), None
        return value
    return None


def _i64_ge_s(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        value.op, value.args, value.imm = "i64.le_s", (a1, a0), None
        return value
    return None


def _select(maker: Maker, value: Value) -> Value | None:
    a0, a1, a2 = value.args
    if a1 is a0:
        return a0
    if a2.op in SIZED_CONSTANTS:
        n2 = a2.imm
        if n2:
            return a0
        if not n2:
            return a1
    if a2.op == "i32.eqz":
        a20 = a2.args[0]
        if a20.type is I32:
            value.args = (a1, a0, a20)
            return value
    if a2.op == "i32.ne":
        a20, a21 = a2.args
        if a21.op in SIZED_CONSTANTS:
            n21 = a21.imm
            if n21 == 0:
                value.args = (a0, a1, a20)
                return value
    if a0.op in SIZED_CONSTANTS:
        n0 = a0.imm
        if n0 == 1:
            if a1.op in SIZED_CONSTANTS:
                n1 = a1.imm
                if n1 == 0:
                    if value.type is I32 and a2.type is I32 and is_boolean(a2):
                        return a2
        if n0 == 0:
            if a1.op in SIZED_CONSTANTS:
                n1 = a1.imm
                if n1 == 1:
                    if value.type is I32 and a2.type is I32 and is_boolean(a2):
                        value.op, value.args, value.imm = "i32.eqz", (a2,), None
                        return value
    return None


RULES: dict[str, Rule] = {
    "i32.add": _i32_add,
    "i64.add": _i64_add,
    "i32.sub": _i32_sub,
    "i64.sub": _i64_sub,
    "i32.mul": _i32_mul,
    "i64.mul": _i64_mul,
    "i32.div_u": _i32_div_u,
    "i64.div_u": _i64_div_u,
    "i32.div_s": _i32_div_s,
    "i64.div_s": _i64_div_s,
    "i32.rem_u": _i32_rem_u,
    "i64.rem_u": _i64_rem_u,
    "i32.rem_s": _i32_rem_s,
    "i64.rem_s": _i64_rem_s,
    "i32.and": _i32_and,
    "i64.and": _i64_and,
    "i32.or": _i32_or,
    "i64.or": _i64_or,
    "i32.xor": _i32_xor,
    "i64.xor": _i64_xor,
    "i32.shl": _i32_shl,
    "i64.shl": _i64_shl,
    "i32.shr_u": _i32_shr_u,
    "i64.shr_u": _i64_shr_u,
    "i32.shr_s": _i32_shr_s,
    "i64.shr_s": _i64_shr_s,
    "i32.rotl": _i32_rotl,
    "i64.rotl": _i64_rotl,
    "i32.rotr": _i32_rotr,
    "i64.rotr": _i64_rotr,
    "i32.extend8_s": _i32_extend8_s,
    "i64.extend8_s": _i64_extend8_s,
    "i32.extend16_s": _i32_extend16_s,
    "i64.extend16_s": _i64_extend16_s,
    "i64.extend32_s": _i64_extend32_s,
    "i32.wrap_i64": _i32_wrap_i64,
    "i64.extend_i32_s": _i64_extend_i32_s,
    "i32.reinterpret_f32": _i32_reinterpret_f32,
    "i64.reinterpret_f64": _i64_reinterpret_f64,
    "i32.eqz": _i32_eqz,
    "i64.eqz": _i64_eqz,
    "i32.eq": _i32_eq,
    "i64.eq": _i64_eq,
    "i32.ne": _i32_ne,
    "i64.ne": _i64_ne,
    "i32.lt_u": _i32_lt_u,
    "i64.lt_u": _i64_lt_u,
    "i32.gt_u": _i32_gt_u,
    "i64.gt_u": _i64_gt_u,
    "i32.lt_s": _i32_lt_s,
    "i64.lt_s": _i64_lt_s,
    "i32.gt_s": _i32_gt_s,
    "i64.gt_s": _i64_gt_s,
    "i32.le_u": _i32_le_u,
    "i64.le_u": _i64_le_u,
    "i32.ge_u": _i32_ge_u,
    "i64.ge_u": _i64_ge_u,
    "i32.le_s": _i32_le_s,
    "i64.le_s": _i64_le_s,
    "i32.ge_s": _i32_ge_s,
    "i64.ge_s": _i64_ge_s,
    "select": _select,
}
