"""Made from python_ints.rules by ``python -m wasmz.passes.rules.generate``: change that file, not this one."""

from __future__ import annotations

from wasmz.ir.facts import INVERSE, SIZED_CONSTANTS
from wasmz.ir.nodes import Value
from wasmz.passes.rules.support import LARGEST, LONGEST_SHIFT, Maker, Rule, is_boolean, possible_bits
from wasmz.types import ValType

I32, I64 = ValType.I32, ValType.I64


def _int_add(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op == "int.const":
        n1 = a1.imm
        if n1 == 0:
            return a0
        if a0.op == "int.add":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op == "int.const":
                    n01 = a01.imm
                    if abs(n01 + n1) < LARGEST:
                        value.args = (a00, maker.int_constant(a1.type, n01 + n1))
                        return value
    if a0.op == "int.mul":
        if a0.uses == 1:
            a00, a01 = a0.args
            if a1.op == "int.mul":
                if a1.uses == 1:
                    a10, a11 = a1.args
                    if a11 is a01:
                        value.op, value.args = "int.mul", (maker.make("int.add", value.type, (a00, a10)), a01)
                        return value
                    if a10 is a01:
                        value.op, value.args = "int.mul", (maker.make("int.add", value.type, (a00, a11)), a01)
                        return value
                    if a11 is a00:
                        value.op, value.args = "int.mul", (maker.make("int.add", value.type, (a01, a10)), a00)
                        return value
                    if a10 is a00:
                        value.op, value.args = "int.mul", (maker.make("int.add", value.type, (a01, a11)), a00)
                        return value
            if a1.op == "int.add":
                if a1.uses == 1:
                    a10, a11 = a1.args
                    if a10.op == "int.mul":
                        if a10.uses == 1:
                            a100, a101 = a10.args
                            if a101 is a01:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a00, a100)), a01)), a11)
                                return value
                            if a100 is a01:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a00, a101)), a01)), a11)
                                return value
                    if a11.op == "int.mul":
                        if a11.uses == 1:
                            a110, a111 = a11.args
                            if a111 is a01:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a00, a110)), a01)), a10)
                                return value
                            if a110 is a01:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a00, a111)), a01)), a10)
                                return value
                    if a10.op == "int.mul":
                        if a10.uses == 1:
                            a100, a101 = a10.args
                            if a101 is a00:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a01, a100)), a00)), a11)
                                return value
                            if a100 is a00:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a01, a101)), a00)), a11)
                                return value
                    if a11.op == "int.mul":
                        if a11.uses == 1:
                            a110, a111 = a11.args
                            if a111 is a00:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a01, a110)), a00)), a10)
                                return value
                            if a110 is a00:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a01, a111)), a00)), a10)
                                return value
    if a0.op == "int.add":
        if a0.uses == 1:
            a00, a01 = a0.args
            if a00.op == "int.mul":
                if a00.uses == 1:
                    a000, a001 = a00.args
                    if a1.op == "int.mul":
                        if a1.uses == 1:
                            a10, a11 = a1.args
                            if a11 is a001:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a10, a000)), a001)), a01)
                                return value
                            if a11 is a000:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a10, a001)), a000)), a01)
                                return value
            if a01.op == "int.mul":
                if a01.uses == 1:
                    a010, a011 = a01.args
                    if a1.op == "int.mul":
                        if a1.uses == 1:
                            a10, a11 = a1.args
                            if a11 is a011:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a10, a010)), a011)), a00)
                                return value
                            if a11 is a010:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a10, a011)), a010)), a00)
                                return value
            if a00.op == "int.mul":
                if a00.uses == 1:
                    a000, a001 = a00.args
                    if a1.op == "int.mul":
                        if a1.uses == 1:
                            a10, a11 = a1.args
                            if a10 is a001:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a11, a000)), a001)), a01)
                                return value
                            if a10 is a000:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a11, a001)), a000)), a01)
                                return value
            if a01.op == "int.mul":
                if a01.uses == 1:
                    a010, a011 = a01.args
                    if a1.op == "int.mul":
                        if a1.uses == 1:
                            a10, a11 = a1.args
                            if a10 is a011:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a11, a010)), a011)), a00)
                                return value
                            if a10 is a010:
                                value.args = (maker.make("int.mul", value.type, (maker.make("int.add", value.type, (a11, a011)), a010)), a00)
                                return value
    return None


def _int_sub(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op == "int.const":
        n1 = a1.imm
        if n1 == 0:
            return a0
        if a0.op == "int.sub":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op == "int.const":
                    n01 = a01.imm
                    if abs(n01 + n1) < LARGEST:
                        value.args = (a00, maker.int_constant(a1.type, n01 + n1))
                        return value
    if a1 is a0:
        return maker.int_constant(value.type, 0)
    return None


def _int_or(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op == "int.const":
        n1 = a1.imm
        if n1 == 0:
            return a0
        if a0.op == "int.or":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op == "int.const":
                    n01 = a01.imm
                    if abs(n01 | n1) < LARGEST:
                        value.args = (a00, maker.int_constant(a1.type, n01 | n1))
                        return value
    if a1 is a0:
        return a0
    return None


def _int_xor(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op == "int.const":
        n1 = a1.imm
        if n1 == 0:
            return a0
        if a0.op == "int.xor":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op == "int.const":
                    n01 = a01.imm
                    if abs(n01 ^ n1) < LARGEST:
                        value.args = (a00, maker.int_constant(a1.type, n01 ^ n1))
                        return value
    if a1 is a0:
        return maker.int_constant(value.type, 0)
    return None


def _int_shl(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op == "int.const":
        n1 = a1.imm
        if n1 == 0:
            return a0
        if a0.op == "int.shl":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op == "int.const":
                    n01 = a01.imm
                    if n01 + n1 <= LONGEST_SHIFT:
                        value.args = (a00, maker.int_constant(a1.type, n01 + n1))
                        return value
    return None


def _int_shr(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op == "int.const":
        n1 = a1.imm
        if n1 == 0:
            return a0
        if a0.op == "int.shr":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op == "int.const":
                    n01 = a01.imm
                    if n01 + n1 <= LONGEST_SHIFT:
                        value.args = (a00, maker.int_constant(a1.type, n01 + n1))
                        return value
    return None


def _int_mul(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op == "int.const":
        n1 = a1.imm
        if n1 == 1:
            return a0
    return None


def _int_and(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1.op == "int.const":
        n1 = a1.imm
        if a0.op == "int.and":
            if a0.uses == 1:
                a00, a01 = a0.args
                if a01.op == "int.const":
                    n01 = a01.imm
                    if abs(n01 & n1) < LARGEST:
                        value.args = (a00, maker.int_constant(a1.type, n01 & n1))
                        return value
    if a1 is a0:
        return a0
    if a1.op == "int.const":
        n1 = a1.imm
        if a0.op in ("int.wrap", "int.wrap.small", "int.wrap.natural"):
            a00 = a0.args[0]
            i0 = a0.imm
            if 0 <= n1 < 1 << i0:
                value.args = (a00, a1)
                return value
    return None


def _int_eq(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    return None


def _int_le(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    return None


def _int_ge(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 1)
    return None


def _int_ne(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    return None


def _int_lt(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    return None


def _int_gt(maker: Maker, value: Value) -> Value | None:
    a0, a1 = value.args
    if a1 is a0:
        return maker.constant(I32, 0)
    return None


def _int_neg(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    if a0.op == "int.neg":
        a00 = a0.args[0]
        return a00
    return None


def _int_not(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    if a0.op == "int.not":
        a00 = a0.args[0]
        return a00
    return None


def _int_wrap(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    i = value.imm
    if a0.op in ("int.wrap", "int.wrap.small", "int.wrap.natural"):
        i0 = a0.imm
        if i0 <= i:
            return a0
    if a0.op == "int.and":
        a00, a01 = a0.args
        if a01.op == "int.const":
            n01 = a01.imm
            if 0 <= n01 < 1 << i:
                return a0
    return None


def _int_wrap_small(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    i = value.imm
    if a0.op in ("int.wrap", "int.wrap.small", "int.wrap.natural"):
        i0 = a0.imm
        if i0 <= i:
            return a0
    if a0.op == "int.and":
        a00, a01 = a0.args
        if a01.op == "int.const":
            n01 = a01.imm
            if 0 <= n01 < 1 << i:
                return a0
    return None


def _int_wrap_natural(maker: Maker, value: Value) -> Value | None:
    a0 = value.args[0]
    i = value.imm
    if a0.op in ("int.wrap", "int.wrap.small", "int.wrap.natural"):
        i0 = a0.imm
        if i0 <= i:
            return a0
    if a0.op == "int.and":
        a00, a01 = a0.args
        if a01.op == "int.const":
            n01 = a01.imm
            if 0 <= n01 < 1 << i:
                return a0
    return None


RULES: dict[str, Rule] = {
    "int.add": _int_add,
    "int.sub": _int_sub,
    "int.or": _int_or,
    "int.xor": _int_xor,
    "int.shl": _int_shl,
    "int.shr": _int_shr,
    "int.mul": _int_mul,
    "int.and": _int_and,
    "int.eq": _int_eq,
    "int.le": _int_le,
    "int.ge": _int_ge,
    "int.ne": _int_ne,
    "int.lt": _int_lt,
    "int.gt": _int_gt,
    "int.neg": _int_neg,
    "int.not": _int_not,
    "int.wrap": _int_wrap,
    "int.wrap.small": _int_wrap_small,
    "int.wrap.natural": _int_wrap_natural,
}
