"""The intervals of results from those of operands: a rule for each operation (see `intervals.py`).

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
    MAKERS,
    MODULUS,
    Fact,
    Interval,
    bitwise_of,
    from_signed,
    from_unsigned,
    join,
    left_shift_of,
    product_of,
    right_shift_of,
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

# The fact of a result, from those of the first two operands (twice the same for one operand), and the second operand,
# if it is a constant.
Rule = Callable[[Fact, Fact, "int | None"], Fact]


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


def _sums_of(type: str) -> dict[str, Rule]:
    """Rules for operations that wrap. If an operand may be anything, so may most results; that is decided quickly."""
    full = FULL[type]

    def add(one: Fact, other: Fact, constant: int | None) -> Fact:
        if one is full or other is full:
            return full
        return wrapped(type, (one[0] + other[0], one[1] + other[1]), (one[2] + other[2], one[3] + other[3]))

    def sub(one: Fact, other: Fact, constant: int | None) -> Fact:
        if one is full or other is full:
            return full
        return wrapped(type, (one[0] - other[1], one[1] - other[0]), (one[2] - other[3], one[3] - other[2]))

    def mul(one: Fact, other: Fact, constant: int | None) -> Fact:
        if (one is full and other[1]) or (other is full and one[1]):
            return full
        return wrapped(type, (one[0] * other[0], one[1] * other[1]), product_of(one[2:], other[2:]))

    return {"add": add, "sub": sub, "mul": mul}


def _bitwise_of(type: str) -> dict[str, Rule]:
    full, modulus, make, half = FULL[type], MODULUS[type], MAKERS[type], HALF[type]

    def conjunction(one: Fact, other: Fact, mask: int | None) -> Fact:
        low, high, least, most = one
        _, other_high, other_least, other_most = other
        # If only the lowest bits are cleared, all others stay.
        low = low & mask if mask is not None and not (modulus - mask) & (modulus - mask - 1) else 0
        if other_high < high:
            high = other_high
        if least >= 0 or other_least >= 0 or low:
            return make(low, high, -half, half - 1)
        # If both are negative, so may be the result, whose magnitude is at most that of the larger one.
        lowest = -(1 << (-1 - min(least, other_least)).bit_length())
        return make(0, high, lowest, max(most, other_most, 0))

    def disjunction(one: Fact, other: Fact, constant: int | None) -> Fact:
        _, high = bitwise_of(one[:2], other[:2])
        low = one[0] if one[0] > other[0] else other[0]
        return make(low, high, *bitwise_of(one[2:], other[2:]))

    def exclusive(one: Fact, other: Fact, constant: int | None) -> Fact:
        if one is full or other is full:
            return full
        return make(*bitwise_of(one[:2], other[:2]), *bitwise_of(one[2:], other[2:]))

    return {"and": conjunction, "or": disjunction, "xor": exclusive}


def _shifts_of(type: str) -> dict[str, Rule]:
    full, bits = FULL[type], BITS[type]

    def count_of(fact: Fact, count: int | None) -> Interval:
        """The count of a shift, reduced to the width."""
        if count is not None:
            return count % bits, count % bits
        return fact[:2] if fact[1] < bits else (0, bits - 1)

    def shl(one: Fact, other: Fact, count: int | None) -> Fact:
        if count is None:
            return full
        places = (count % bits, count % bits)
        return wrapped(type, left_shift_of(one[:2], places), left_shift_of(one[2:], places))

    def shr_u(one: Fact, other: Fact, count: int | None) -> Fact:
        return from_unsigned(type, *right_shift_of(one[:2], count_of(other, count)))

    def shr_s(one: Fact, other: Fact, count: int | None) -> Fact:
        return from_signed(type, *right_shift_of(one[2:], count_of(other, count)))

    return {"shl": shl, "shr_u": shr_u, "shr_s": shr_s}


def _divisions_of(type: str) -> dict[str, Rule]:
    half = HALF[type]

    def div_u(one: Fact, other: Fact, constant: int | None) -> Fact:
        return from_unsigned(type, one[0] // max(other[1], 1), one[1] // max(other[0], 1))

    def rem_u(one: Fact, other: Fact, constant: int | None) -> Fact:
        return from_unsigned(type, 0, min(one[1], max(other[1] - 1, 0)))

    def div_s(one: Fact, other: Fact, constant: int | None) -> Fact:
        low, high, least = one[2], one[3], other[2]
        if low >= 0 and least >= 0:
            return div_u(one, other, constant)
        reach = max(abs(low), abs(high)) // max(least, 1)
        return from_signed(type, max(-reach, -half), min(reach, half - 1))

    def rem_s(one: Fact, other: Fact, constant: int | None) -> Fact:
        low, high, least, most = one[2], one[3], other[2], other[3]
        reach = max(max(abs(least), abs(most)) - 1, 0)
        return from_signed(type, max(-reach, min(low, 0)), min(reach, max(high, 0)))

    return {"div_u": div_u, "rem_u": rem_u, "div_s": div_s, "rem_s": rem_s}


def _extension(type: str, bits: int) -> Rule:
    half = 1 << (bits - 1)
    extended = from_signed(type, -half, half - 1)
    return lambda one, other, constant: one if one[2] >= -half and one[3] < half else extended


def _extend_i32_s(one: Fact, other: Fact, constant: int | None) -> Fact:
    return from_signed("i64", one[2], one[3])


def _extend_i32_u(one: Fact, other: Fact, constant: int | None) -> Fact:
    return from_unsigned("i64", one[0], one[1])


def _wrap(one: Fact, other: Fact, constant: int | None) -> Fact:
    low, high, least, most = one
    if high < MODULUS["i32"]:
        return from_unsigned("i32", low, high)
    if least >= -HALF["i32"] and most < HALF["i32"]:
        return from_signed("i32", least, most)
    return FULL["i32"]


TRANSFER: dict[str, Rule] = {
    f"{type}.{name}": rule
    for type in BITS
    for make in (_sums_of, _bitwise_of, _shifts_of, _divisions_of)
    for name, rule in make(type).items()
}
TRANSFER |= {
    op.name: _extension(op.type, op.narrow)
    for op in OPS.values()
    if op.type in BITS and op.kind in ("extend8_s", "extend16_s", "extend32_s")
}
TRANSFER |= {
    "i64.extend_i32_s": _extend_i32_s,
    "i64.extend_i32_u": _extend_i32_u,
    "i32.wrap_i64": _wrap,
    # Nothing is known about values that are not numbers.
    "select": lambda one, other, constant: join(one, other),
    "copy": lambda one, other, constant: one,
}
