"""Builds the IR of wide arithmetic: numbers of 128 bits as pairs, the low half first (proposal "wide arithmetic").

    i64.add128                    v4 = i64.add low low'
    (low, high, low', high')  ->  v5 = i64.lt_u v4 low                       the carry
                                  v6 = i64.extend_i32_u v5
                                  v7 = i64.add (i64.add high high') v6

Only the high half of a product needs a new operation, ``i64.mul_high_u``; passes know all the others.
"""

from __future__ import annotations

from wasmz.ir.nodes import Value
from wasmz.irbuild.builder import _Builder, _builds
from wasmz.types import ValType

I32, I64 = ValType.I32, ValType.I64


@_builds("i64.add128")
def _add128(builder: _Builder, imm: None, offset: int) -> None:
    low, high, other_low, other_high = builder.pop(4)
    total = builder.add("i64.add", I64, (low, other_low), None, offset)
    carry = _extended(builder, builder.add("i64.lt_u", I32, (total, low), None, offset), offset)
    upper = builder.add("i64.add", I64, (high, other_high), None, offset)
    builder.stack.append(total)
    builder.push("i64.add", I64, (upper, carry), None, offset)


@_builds("i64.sub128")
def _sub128(builder: _Builder, imm: None, offset: int) -> None:
    low, high, other_low, other_high = builder.pop(4)
    difference = builder.add("i64.sub", I64, (low, other_low), None, offset)
    borrow = _extended(builder, builder.add("i64.lt_u", I32, (low, other_low), None, offset), offset)
    upper = builder.add("i64.sub", I64, (high, other_high), None, offset)
    builder.stack.append(difference)
    builder.push("i64.sub", I64, (upper, borrow), None, offset)


@_builds("i64.mul_wide_u")
def _mul_wide_u(builder: _Builder, imm: None, offset: int) -> None:
    factors = builder.pop(2)
    builder.push("i64.mul", I64, factors, None, offset)
    builder.push("i64.mul_high_u", I64, factors, None, offset)


@_builds("i64.mul_wide_s")
def _mul_wide_s(builder: _Builder, imm: None, offset: int) -> None:
    # A negative number is the unsigned one less 2^64. So the high half of the unsigned product is too large by the
    # other factor.
    one, other = builder.pop(2)
    builder.push("i64.mul", I64, (one, other), None, offset)
    high = builder.add("i64.mul_high_u", I64, (one, other), None, offset)
    width = builder.add("i64.const", I64, (), 63, offset)
    for factor, too_much in ((one, other), (other, one)):
        sign = builder.add("i64.shr_s", I64, (factor, width), None, offset)
        surplus = builder.add("i64.and", I64, (sign, too_much), None, offset)
        high = builder.add("i64.sub", I64, (high, surplus), None, offset)
    builder.stack.append(high)


def _extended(builder: _Builder, condition: Value, offset: int) -> Value:
    return builder.add("i64.extend_i32_u", I64, (condition,), None, offset)
