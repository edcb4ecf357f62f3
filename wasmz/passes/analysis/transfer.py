"""From the intervals of operands to those of results: one rule for each operation (see `intervals.py`).

i32.and   0..4294967295, 0..255     ->   0..255
i32.add   1..10, 5..5               ->   6..15
"""

from __future__ import annotations

from collections.abc import Callable

from wasmz.ir.facts import OPS, Op, constant_of
from wasmz.ir.nodes import Value
from wasmz.passes.analysis.intervals import (
    BITS,
    FULL,
    HALF,
    MODULUS,
    NUMBER_TYPES,
    Fact,
    Interval,
    bitwise_of,
    difference_of,
    from_signed,
    from_unsigned,
    join,
    left_shift_of,
    make_fact,
    product_of,
    right_shift_of,
    signed_of,
    sum_of,
    unsigned_of,
    wrapped,
)


def _result_type(op: Op) -> str:
    """The type of a bounded result: truths, lengths and fields are i32."""
    return "i64" if op.type == "i64" and op.bounds != (0, 1) else "i32"


# Comparison of integers -> their type, and the comparison.
COMPARISONS = {
    op.name: (op.type, op.kind) for op in OPS.values() if op.compares and op.type in BITS and op.name == op.base
}

# Results that do not depend on the operands.
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
            TRANSFER.update((op, rule) for op in (f"i32.{name}", f"i64.{name}") if op in OPS)
        return rule

    return register


def known_zeros(value: Value) -> int:
    """The number of lowest bits that are certainly zero."""
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


def _wrapping(calculate: Callable[[Interval, Interval], Interval]) -> _Rule:
    """The rule of an operation that wraps."""

    def rule(value: Value, facts: list[Fact]) -> Fact:
        one, other = facts
        unsigned = calculate(unsigned_of(one), unsigned_of(other))
        return wrapped(OPS[value.op].type, unsigned, calculate(signed_of(one), signed_of(other)))

    return rule


_rule("add")(_wrapping(sum_of))
_rule("sub")(_wrapping(difference_of))
_rule("mul")(_wrapping(product_of))


@_rule("and")
def _and(value: Value, facts: list[Fact]) -> Fact:
    (low, high, least, most), (_, other_high, other_least, other_most) = facts
    type, modulus = OPS[value.op].type, OPS[value.op].mask + 1
    mask = constant_of(value.args[1])
    # Where the lowest bits are cleared, all others stay.
    low = low & mask if mask is not None and not (modulus - mask) & (modulus - mask - 1) else 0
    high = min(high, other_high)
    if least >= 0 or other_least >= 0 or low:
        return from_unsigned(type, low, high)
    # Both may be negative: so may the result, whose magnitude is at most that of the larger one.
    lowest = -(1 << (-1 - min(least, other_least)).bit_length())
    return make_fact(type, 0, high, lowest, max(most, other_most, 0))


@_rule("or", "xor")
def _bitwise(value: Value, facts: list[Fact]) -> Fact:
    one, other = facts
    op = OPS[value.op]
    low, high = bitwise_of(unsigned_of(one), unsigned_of(other))
    if op.kind == "or":
        low = max(unsigned_of(one)[0], unsigned_of(other)[0])
    return make_fact(op.type, low, high, *bitwise_of(signed_of(one), signed_of(other)))


@_rule("shl")
def _shl(value: Value, facts: list[Fact]) -> Fact:
    op = OPS[value.op]
    count = constant_of(value.args[1])
    if count is None:
        return FULL[op.type]
    places = (count % op.bits, count % op.bits)
    return wrapped(op.type, left_shift_of(unsigned_of(facts[0]), places), left_shift_of(signed_of(facts[0]), places))


def _count_of(value: Value, fact: Fact) -> Interval:
    """The count of a shift, reduced to the width."""
    bits = OPS[value.op].bits
    count = constant_of(value.args[1])
    if count is not None:
        return count % bits, count % bits
    low, high = unsigned_of(fact)
    return (low, high) if high < bits else (0, bits - 1)


@_rule("shr_u")
def _shr_u(value: Value, facts: list[Fact]) -> Fact:
    one, count = facts
    return from_unsigned(OPS[value.op].type, *right_shift_of(unsigned_of(one), _count_of(value, count)))


@_rule("shr_s")
def _shr_s(value: Value, facts: list[Fact]) -> Fact:
    one, count = facts
    return from_signed(OPS[value.op].type, *right_shift_of(signed_of(one), _count_of(value, count)))


@_rule("div_u")
def _div_u(value: Value, facts: list[Fact]) -> Fact:
    (low, high), (least, most) = map(unsigned_of, facts)
    return from_unsigned(OPS[value.op].type, low // max(most, 1), high // max(least, 1))


@_rule("rem_u")
def _rem_u(value: Value, facts: list[Fact]) -> Fact:
    (_, high), (_, most) = map(unsigned_of, facts)
    return from_unsigned(OPS[value.op].type, 0, min(high, max(most - 1, 0)))


@_rule("div_s")
def _div_s(value: Value, facts: list[Fact]) -> Fact:
    op = OPS[value.op]
    (low, high), (least, _) = map(signed_of, facts)
    if low >= 0 and least >= 0:
        return _div_u(value, facts)
    reach = max(abs(low), abs(high)) // max(least, 1)
    return from_signed(op.type, max(-reach, -op.sign), min(reach, op.sign - 1))


@_rule("rem_s")
def _rem_s(value: Value, facts: list[Fact]) -> Fact:
    (low, high), (least, most) = map(signed_of, facts)
    reach = max(max(abs(least), abs(most)) - 1, 0)
    return from_signed(OPS[value.op].type, max(-reach, min(low, 0)), min(reach, max(high, 0)))


@_rule("extend8_s", "extend16_s", "extend32_s")
def _extend(value: Value, facts: list[Fact]) -> Fact:
    op = OPS[value.op]
    half = 1 << (op.narrow - 1)
    low, high = signed_of(facts[0])
    return facts[0] if low >= -half and high < half else from_signed(op.type, -half, half - 1)


def _extend_i32_s(value: Value, facts: list[Fact]) -> Fact:
    return from_signed("i64", *signed_of(facts[0]))


def _extend_i32_u(value: Value, facts: list[Fact]) -> Fact:
    return from_unsigned("i64", *unsigned_of(facts[0]))


def _wrap(value: Value, facts: list[Fact]) -> Fact:
    low, high, least, most = facts[0]
    if high < MODULUS["i32"]:
        return from_unsigned("i32", low, high)
    if least >= -HALF["i32"] and most < HALF["i32"]:
        return from_signed("i32", least, most)
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
