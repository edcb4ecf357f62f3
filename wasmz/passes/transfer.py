"""What an operation makes of the intervals of its operands: one rule an operation (see `intervals.py`).

i32.and   0..4294967295, 0..255     ->   0..255
i32.add   1..10, 5..5               ->   6..15
"""

from __future__ import annotations

from collections.abc import Callable

from wasmz.ir.facts import OPS, Op, constant_of
from wasmz.ir.nodes import Value
from wasmz.passes.intervals import (
    BITS,
    FULL,
    HALF,
    MODULUS,
    NUMBER_TYPES,
    Fact,
    from_signed,
    from_unsigned,
    join,
    make_fact,
    wrapped,
)


def _result_type(op: Op) -> str:
    """The type of a bounded result: truths, lengths and fields are i32."""
    return "i64" if op.type == "i64" and op.bounds != (0, 1) else "i32"


# Comparison of integers -> their type, and which one it is.
COMPARISONS = {
    op.name: (op.type, op.kind) for op in OPS.values() if op.compares and op.type in BITS and op.name == op.base
}

# Results that do not depend on anything.
FIXED: dict[str, Fact] = {
    op.name: (from_signed if op.bounds[0] < 0 else from_unsigned)(_result_type(op), *op.bounds)
    for op in OPS.values()
    if op.bounds is not None
}

_Rule = Callable[[Value, list[Fact]], Fact]
TRANSFER: dict[str, _Rule] = {}


def _rule(*names: str) -> Callable[[_Rule], _Rule]:
    def register(rule: _Rule) -> _Rule:
        for name in names:
            for op in (f"i32.{name}", f"i64.{name}"):
                TRANSFER[op] = rule
        return rule

    return register


def known_zeros(value: Value) -> int:
    """How many of the lowest bits are certainly zero."""
    op = value.op
    constant = constant_of(value)
    if constant is not None:
        return 64 if not constant else (constant & -constant).bit_length() - 1
    if op in ("i32.and", "i64.and"):
        return max(known_zeros(arg) if constant_of(arg) is not None else 0 for arg in value.args)
    if op in ("i32.shl", "i64.shl"):
        return (constant_of(value.args[1]) or 0) % OPS[op].bits
    return 0


@_rule("const")
def _const(value: Value, facts: list[Fact]) -> Fact:
    return from_unsigned(OPS[value.op].type, value.imm, value.imm)


@_rule("add")
def _add(value: Value, facts: list[Fact]) -> Fact:
    a, b = facts
    return wrapped(OPS[value.op].type, (a[0] + b[0], a[1] + b[1]), (a[2] + b[2], a[3] + b[3]))


@_rule("sub")
def _sub(value: Value, facts: list[Fact]) -> Fact:
    a, b = facts
    return wrapped(OPS[value.op].type, (a[0] - b[1], a[1] - b[0]), (a[2] - b[3], a[3] - b[2]))


@_rule("mul")
def _mul(value: Value, facts: list[Fact]) -> Fact:
    a, b = facts
    corners = (a[2] * b[2], a[2] * b[3], a[3] * b[2], a[3] * b[3])
    return wrapped(OPS[value.op].type, (a[0] * b[0], a[1] * b[1]), (min(corners), max(corners)))


@_rule("and")
def _and(value: Value, facts: list[Fact]) -> Fact:
    a, b = facts
    type = OPS[value.op].type
    low = 0
    mask = constant_of(value.args[1])
    if mask is not None and not (MODULUS[type] - mask) & (MODULUS[type] - mask - 1):
        # The lowest bits are cleared, all others stay.
        low = a[0] & mask
    if a[2] >= 0 or b[2] >= 0 or low:
        return from_unsigned(type, low, min(a[1], b[1]))
    # Both may be negative: so may the result, whose magnitude is that of the larger one at most.
    low = -(1 << (-1 - min(a[2], b[2])).bit_length())
    return make_fact(type, 0, min(a[1], b[1]), low, max(a[3], b[3], 0))


@_rule("or")
def _or(value: Value, facts: list[Fact]) -> Fact:
    a, b = facts
    high = (1 << max(a[1], b[1]).bit_length()) - 1
    low, top = _signed_bitwise(a, b)
    return make_fact(OPS[value.op].type, max(a[0], b[0]), high, low, top)


@_rule("xor")
def _xor(value: Value, facts: list[Fact]) -> Fact:
    a, b = facts
    high = (1 << max(a[1], b[1]).bit_length()) - 1
    low, top = _signed_bitwise(a, b)
    return make_fact(OPS[value.op].type, 0, high, low, top)


def _signed_bitwise(a: Fact, b: Fact) -> tuple[int, int]:
    """Bounds of an or or exclusive or of signed numbers: sign extension reaches as far as that of the operands."""
    bits = max(x.bit_length() if x >= 0 else (~x).bit_length() for x in (a[2], a[3], b[2], b[3]))
    may_be_negative = a[2] < 0 or b[2] < 0
    return (-(1 << bits) if may_be_negative else 0), (1 << bits) - 1


@_rule("shl")
def _shl(value: Value, facts: list[Fact]) -> Fact:
    type = OPS[value.op].type
    count = constant_of(value.args[1])
    if count is None:
        return FULL[type]
    a = facts[0]
    count %= BITS[type]
    return wrapped(type, (a[0] << count, a[1] << count), (a[2] << count, a[3] << count))


@_rule("shr_u")
def _shr_u(value: Value, facts: list[Fact]) -> Fact:
    type = OPS[value.op].type
    a, b = facts
    count = constant_of(value.args[1])
    if count is None:
        return from_unsigned(type, 0, a[1] >> b[0] if b[1] < BITS[type] else a[1])
    count %= BITS[type]
    return from_unsigned(type, a[0] >> count, a[1] >> count)


@_rule("shr_s")
def _shr_s(value: Value, facts: list[Fact]) -> Fact:
    type = OPS[value.op].type
    a = facts[0]
    count = constant_of(value.args[1])
    if count is None:
        return from_signed(type, min(a[2], 0), max(a[3], -1))
    count %= BITS[type]
    return from_signed(type, a[2] >> count, a[3] >> count)


@_rule("div_u")
def _div_u(value: Value, facts: list[Fact]) -> Fact:
    a, b = facts
    return from_unsigned(OPS[value.op].type, a[0] // max(b[1], 1), a[1] // max(b[0], 1))


@_rule("rem_u")
def _rem_u(value: Value, facts: list[Fact]) -> Fact:
    a, b = facts
    return from_unsigned(OPS[value.op].type, 0, min(a[1], max(b[1] - 1, 0)))


@_rule("div_s")
def _div_s(value: Value, facts: list[Fact]) -> Fact:
    type = OPS[value.op].type
    a, b = facts
    if a[2] >= 0 and b[2] >= 0:
        return _div_u(value, facts)
    divisor = max(b[2], 1)
    reach = max(abs(a[2]), abs(a[3])) // divisor
    return from_signed(type, max(-reach, -HALF[type]), min(reach, HALF[type] - 1))


@_rule("rem_s")
def _rem_s(value: Value, facts: list[Fact]) -> Fact:
    a, b = facts
    reach = max(max(abs(b[2]), abs(b[3])) - 1, 0)
    return from_signed(OPS[value.op].type, max(-reach, min(a[2], 0)), min(reach, max(a[3], 0)))


@_rule("extend8_s", "extend16_s", "extend32_s")
def _extend(value: Value, facts: list[Fact]) -> Fact:
    half = 1 << (OPS[value.op].narrow - 1)
    a = facts[0]
    if a[2] >= -half and a[3] < half:
        return a
    return from_signed(OPS[value.op].type, -half, half - 1)


def _extend_i32_s(value: Value, facts: list[Fact]) -> Fact:
    return from_signed("i64", facts[0][2], facts[0][3])


def _extend_i32_u(value: Value, facts: list[Fact]) -> Fact:
    return from_unsigned("i64", facts[0][0], facts[0][1])


def _wrap(value: Value, facts: list[Fact]) -> Fact:
    a = facts[0]
    if a[1] < MODULUS["i32"]:
        return from_unsigned("i32", a[0], a[1])
    if a[2] >= -HALF["i32"] and a[3] < HALF["i32"]:
        return from_signed("i32", a[2], a[3])
    return FULL["i32"]


def _select(value: Value, facts: list[Fact]) -> Fact:
    type = NUMBER_TYPES.get(value.type)
    return join(facts[0], facts[1]) if type is not None else FULL["i32"]


def _copy(value: Value, facts: list[Fact]) -> Fact:
    return facts[0]


TRANSFER |= {
    "i64.extend_i32_s": _extend_i32_s,
    "i64.extend_i32_u": _extend_i32_u,
    "i32.wrap_i64": _wrap,
    "select": _select,
    "copy": _copy,
}
