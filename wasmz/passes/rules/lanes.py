"""Made from lanes.rules by ``python -m wasmz.passes.rules.generate``: change that file, not this one."""

from __future__ import annotations

from collections.abc import Sequence

from wasmz.ir.nodes import Value
from wasmz.passes.rules.lane_support import NONE, Operand, Rule, Writer
from wasmz.types import ValType

I32, I64, F32, F64 = ValType.I32, ValType.I64, ValType.F32, ValType.F64


def _f32x4_add(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f32.add", F32, x, y) for x, y in zip(a, b, strict=True)]


def _f32x4_sub(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f32.sub", F32, x, y) for x, y in zip(a, b, strict=True)]


def _f32x4_mul(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f32.mul", F32, x, y) for x, y in zip(a, b, strict=True)]


def _f64x2_add(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f64.add", F64, x, y) for x, y in zip(a, b, strict=True)]


def _f64x2_sub(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f64.sub", F64, x, y) for x, y in zip(a, b, strict=True)]


def _f64x2_mul(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f64.mul", F64, x, y) for x, y in zip(a, b, strict=True)]


def _f32x4_div(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f32.div", F32, x, y) for x, y in zip(a, b, strict=True)]


def _f64x2_div(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f64.div", F64, x, y) for x, y in zip(a, b, strict=True)]


def _f32x4_min(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f32.min", F32, x, y) for x, y in zip(a, b, strict=True)]


def _f32x4_max(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f32.max", F32, x, y) for x, y in zip(a, b, strict=True)]


def _f64x2_min(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f64.min", F64, x, y) for x, y in zip(a, b, strict=True)]


def _f64x2_max(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f64.max", F64, x, y) for x, y in zip(a, b, strict=True)]


def _f32x4_relaxed_min(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f32.min", F32, x, y) for x, y in zip(a, b, strict=True)]


def _f32x4_relaxed_max(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f32.max", F32, x, y) for x, y in zip(a, b, strict=True)]


def _f64x2_relaxed_min(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f64.min", F64, x, y) for x, y in zip(a, b, strict=True)]


def _f64x2_relaxed_max(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("f64.max", F64, x, y) for x, y in zip(a, b, strict=True)]


def _f32x4_sqrt(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f32.sqrt", F32, x) for x in a]


def _f32x4_ceil(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f32.ceil", F32, x) for x in a]


def _f32x4_floor(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f32.floor", F32, x) for x in a]


def _f32x4_trunc(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f32.trunc", F32, x) for x in a]


def _f64x2_sqrt(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f64.sqrt", F64, x) for x in a]


def _f64x2_ceil(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f64.ceil", F64, x) for x in a]


def _f64x2_floor(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f64.floor", F64, x) for x in a]


def _f64x2_trunc(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f64.trunc", F64, x) for x in a]


def _f32x4_nearest(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f32.nearest", F32, x) for x in a]


def _f64x2_nearest(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f64.nearest", F64, x) for x in a]


def _f32x4_neg(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f32.neg", F32, x) for x in a]


def _f64x2_neg(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f64.neg", F64, x) for x in a]


def _f32x4_abs(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f32.abs", F32, x) for x in a]


def _f64x2_abs(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f64.abs", F64, x) for x in a]


def _f32x4_eq(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("f32.eq", I32, x, y) for x, y in zip(a, b, strict=True)])


def _f32x4_ne(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("f32.ne", I32, x, y) for x, y in zip(a, b, strict=True)])


def _f32x4_lt(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("f32.lt", I32, x, y) for x, y in zip(a, b, strict=True)])


def _f32x4_gt(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("f32.gt", I32, x, y) for x, y in zip(a, b, strict=True)])


def _f32x4_le(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("f32.le", I32, x, y) for x, y in zip(a, b, strict=True)])


def _f32x4_ge(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("f32.ge", I32, x, y) for x, y in zip(a, b, strict=True)])


def _f64x2_eq(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i64", [writer.add("f64.eq", I32, x, y) for x, y in zip(a, b, strict=True)])


def _f64x2_ne(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i64", [writer.add("f64.ne", I32, x, y) for x, y in zip(a, b, strict=True)])


def _f64x2_lt(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i64", [writer.add("f64.lt", I32, x, y) for x, y in zip(a, b, strict=True)])


def _f64x2_gt(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i64", [writer.add("f64.gt", I32, x, y) for x, y in zip(a, b, strict=True)])


def _f64x2_le(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i64", [writer.add("f64.le", I32, x, y) for x, y in zip(a, b, strict=True)])


def _f64x2_ge(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i64", [writer.add("f64.ge", I32, x, y) for x, y in zip(a, b, strict=True)])


def _f32x4_pmin(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("select", F32, y, x, writer.add("f32.lt", I32, y, x)) for x, y in zip(a, b, strict=True)]


def _f32x4_pmax(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("select", F32, y, x, writer.add("f32.lt", I32, x, y)) for x, y in zip(a, b, strict=True)]


def _f64x2_pmin(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("select", F64, y, x, writer.add("f64.lt", I32, y, x)) for x, y in zip(a, b, strict=True)]


def _f64x2_pmax(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("select", F64, y, x, writer.add("f64.lt", I32, x, y)) for x, y in zip(a, b, strict=True)]


def _f32x4_relaxed_madd(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b, c = args
    return [writer.add("f32.add", F32, writer.add("f32.mul", F32, x, y), z) for x, y, z in zip(a, b, c, strict=True)]


def _f32x4_relaxed_nmadd(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b, c = args
    return [writer.add("f32.sub", F32, z, writer.add("f32.mul", F32, x, y)) for x, y, z in zip(a, b, c, strict=True)]


def _f64x2_relaxed_madd(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b, c = args
    return [writer.add("f64.add", F64, writer.add("f64.mul", F64, x, y), z) for x, y, z in zip(a, b, c, strict=True)]


def _f64x2_relaxed_nmadd(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b, c = args
    return [writer.add("f64.sub", F64, z, writer.add("f64.mul", F64, x, y)) for x, y, z in zip(a, b, c, strict=True)]


def _i32x4_add(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("i32.add", I32, x, y) for x, y in zip(a, b, strict=True)]


def _i64x2_add(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("i64.add", I64, x, y) for x, y in zip(a, b, strict=True)]


def _i32x4_sub(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("i32.sub", I32, x, y) for x, y in zip(a, b, strict=True)]


def _i64x2_sub(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("i64.sub", I64, x, y) for x, y in zip(a, b, strict=True)]


def _i32x4_mul(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("i32.mul", I32, x, y) for x, y in zip(a, b, strict=True)]


def _i64x2_mul(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("i64.mul", I64, x, y) for x, y in zip(a, b, strict=True)]


def _i32x4_neg(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    same0 = writer.constant("i32", 0)
    return [writer.add("i32.sub", I32, same0, x) for x in a]


def _i64x2_neg(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    same0 = writer.constant("i64", 0)
    return [writer.add("i64.sub", I64, same0, x) for x in a]


def _i32x4_eq(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("i32.eq", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i32x4_ne(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("i32.ne", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i32x4_lt_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("i32.lt_s", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i32x4_lt_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("i32.lt_u", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i32x4_gt_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("i32.gt_s", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i32x4_gt_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("i32.gt_u", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i32x4_le_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("i32.le_s", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i32x4_le_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("i32.le_u", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i32x4_ge_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("i32.ge_s", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i32x4_ge_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i32", [writer.add("i32.ge_u", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i64x2_eq(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i64", [writer.add("i64.eq", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i64x2_ne(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i64", [writer.add("i64.ne", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i64x2_lt_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i64", [writer.add("i64.lt_s", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i64x2_gt_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i64", [writer.add("i64.gt_s", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i64x2_le_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i64", [writer.add("i64.le_s", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i64x2_ge_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return writer.masks(value, "i64", [writer.add("i64.ge_s", I32, x, y) for x, y in zip(a, b, strict=True)])


def _i32x4_min_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("select", I32, x, y, writer.add("i32.lt_s", I32, x, y)) for x, y in zip(a, b, strict=True)]


def _i32x4_min_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("select", I32, x, y, writer.add("i32.lt_u", I32, x, y)) for x, y in zip(a, b, strict=True)]


def _i32x4_max_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("select", I32, x, y, writer.add("i32.gt_s", I32, x, y)) for x, y in zip(a, b, strict=True)]


def _i32x4_max_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, b = args
    return [writer.add("select", I32, x, y, writer.add("i32.gt_u", I32, x, y)) for x, y in zip(a, b, strict=True)]


def _i32x4_shl(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, n = args
    return [writer.add("i32.shl", I32, x, n) for x in a]


def _i32x4_shr_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, n = args
    return [writer.add("i32.shr_u", I32, x, n) for x in a]


def _i32x4_shr_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, n = args
    return [writer.add("i32.shr_s", I32, x, n) for x in a]


def _i64x2_shl(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, n = args
    same0 = writer.add("i64.extend_i32_u", I64, n)
    return [writer.add("i64.shl", I64, x, same0) for x in a]


def _i64x2_shr_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, n = args
    same0 = writer.add("i64.extend_i32_u", I64, n)
    return [writer.add("i64.shr_u", I64, x, same0) for x in a]


def _i64x2_shr_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a, n = args
    same0 = writer.add("i64.extend_i32_u", I64, n)
    return [writer.add("i64.shr_s", I64, x, same0) for x in a]


def _f32x4_convert_i32x4_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f32.convert_i32_s", F32, x) for x in a]


def _f32x4_convert_i32x4_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f32.convert_i32_u", F32, x) for x in a]


def _f64x2_convert_low_i32x4_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f64.convert_i32_s", F64, x) for x in a[:2]]


def _f64x2_convert_low_i32x4_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f64.convert_i32_u", F64, x) for x in a[:2]]


def _i64x2_extend_low_i32x4_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("i64.extend_i32_s", I64, x) for x in a[:2]]


def _i64x2_extend_low_i32x4_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("i64.extend_i32_u", I64, x) for x in a[:2]]


def _i32x4_trunc_sat_f32x4_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("i32.trunc_sat_f32_s", I32, x) for x in a]


def _i32x4_relaxed_trunc_f32x4_s(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("i32.trunc_sat_f32_s", I32, x) for x in a]


def _i32x4_trunc_sat_f32x4_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("i32.trunc_sat_f32_u", I32, x) for x in a]


def _i32x4_relaxed_trunc_f32x4_u(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("i32.trunc_sat_f32_u", I32, x) for x in a]


def _i32x4_trunc_sat_f64x2_s_zero(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("i32.trunc_sat_f64_s", I32, x) for x in a] + [writer.constant("i32", 0) for _ in range(2)]


def _i32x4_relaxed_trunc_f64x2_s_zero(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("i32.trunc_sat_f64_s", I32, x) for x in a] + [writer.constant("i32", 0) for _ in range(2)]


def _i32x4_trunc_sat_f64x2_u_zero(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("i32.trunc_sat_f64_u", I32, x) for x in a] + [writer.constant("i32", 0) for _ in range(2)]


def _i32x4_relaxed_trunc_f64x2_u_zero(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("i32.trunc_sat_f64_u", I32, x) for x in a] + [writer.constant("i32", 0) for _ in range(2)]


def _f64x2_promote_low_f32x4(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f64.promote_f32", F64, x) for x in a[:2]]


def _f32x4_demote_f64x2_zero(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    a = args[0]
    return [writer.add("f32.demote_f64", F32, x) for x in a] + [writer.constant("f32", 0) for _ in range(2)]


RULES: dict[str, Rule] = {
    "f32x4.add": Rule(("f32", "f32",), "f32", _f32x4_add, 750, 55),
    "f32x4.sub": Rule(("f32", "f32",), "f32", _f32x4_sub, 750, 55),
    "f32x4.mul": Rule(("f32", "f32",), "f32", _f32x4_mul, 750, 55),
    "f64x2.add": Rule(("f64", "f64",), "f64", _f64x2_add, 600, 18),
    "f64x2.sub": Rule(("f64", "f64",), "f64", _f64x2_sub, 600, 18),
    "f64x2.mul": Rule(("f64", "f64",), "f64", _f64x2_mul, 600, 18),
    "f32x4.div": Rule(("f32", "f32",), "f32", _f32x4_div, 1500, 130),
    "f64x2.div": Rule(("f64", "f64",), "f64", _f64x2_div, 1150, 80),
    "f32x4.min": Rule(("f32", "f32",), "f32", _f32x4_min, 1550, 130),
    "f32x4.max": Rule(("f32", "f32",), "f32", _f32x4_max, 1550, 130),
    "f64x2.min": Rule(("f64", "f64",), "f64", _f64x2_min, 1250, 130),
    "f64x2.max": Rule(("f64", "f64",), "f64", _f64x2_max, 1250, 130),
    "f32x4.relaxed_min": Rule(("f32", "f32",), "f32", _f32x4_relaxed_min, 1550, 130),
    "f32x4.relaxed_max": Rule(("f32", "f32",), "f32", _f32x4_relaxed_max, 1550, 130),
    "f64x2.relaxed_min": Rule(("f64", "f64",), "f64", _f64x2_relaxed_min, 1250, 130),
    "f64x2.relaxed_max": Rule(("f64", "f64",), "f64", _f64x2_relaxed_max, 1250, 130),
    "f32x4.sqrt": Rule(("f32",), "f32", _f32x4_sqrt, 1400, 130),
    "f32x4.ceil": Rule(("f32",), "f32", _f32x4_ceil, 1400, 130),
    "f32x4.floor": Rule(("f32",), "f32", _f32x4_floor, 1400, 130),
    "f32x4.trunc": Rule(("f32",), "f32", _f32x4_trunc, 1400, 130),
    "f64x2.sqrt": Rule(("f64",), "f64", _f64x2_sqrt, 1000, 130),
    "f64x2.ceil": Rule(("f64",), "f64", _f64x2_ceil, 1000, 130),
    "f64x2.floor": Rule(("f64",), "f64", _f64x2_floor, 1000, 130),
    "f64x2.trunc": Rule(("f64",), "f64", _f64x2_trunc, 1000, 130),
    "f32x4.nearest": Rule(("f32",), "f32", _f32x4_nearest, 1800, 200),
    "f64x2.nearest": Rule(("f64",), "f64", _f64x2_nearest, 1200, 200),
    "f32x4.neg": Rule(("f32",), "f32", _f32x4_neg, 40, 20),
    "f64x2.neg": Rule(("f64",), "f64", _f64x2_neg, 40, 20),
    "f32x4.abs": Rule(("f32",), "f32", _f32x4_abs, 40, 70),
    "f64x2.abs": Rule(("f64",), "f64", _f64x2_abs, 40, 70),
    "f32x4.eq": Rule(("f32", "f32",), "i32", _f32x4_eq, 480, 60),
    "f32x4.ne": Rule(("f32", "f32",), "i32", _f32x4_ne, 480, 60),
    "f32x4.lt": Rule(("f32", "f32",), "i32", _f32x4_lt, 480, 60),
    "f32x4.gt": Rule(("f32", "f32",), "i32", _f32x4_gt, 480, 60),
    "f32x4.le": Rule(("f32", "f32",), "i32", _f32x4_le, 480, 60),
    "f32x4.ge": Rule(("f32", "f32",), "i32", _f32x4_ge, 480, 60),
    "f64x2.eq": Rule(("f64", "f64",), "i64", _f64x2_eq, 480, 60),
    "f64x2.ne": Rule(("f64", "f64",), "i64", _f64x2_ne, 480, 60),
    "f64x2.lt": Rule(("f64", "f64",), "i64", _f64x2_lt, 480, 60),
    "f64x2.gt": Rule(("f64", "f64",), "i64", _f64x2_gt, 480, 60),
    "f64x2.le": Rule(("f64", "f64",), "i64", _f64x2_le, 480, 60),
    "f64x2.ge": Rule(("f64", "f64",), "i64", _f64x2_ge, 480, 60),
    "f32x4.pmin": Rule(("f32", "f32",), "f32", _f32x4_pmin, 620, 50),
    "f32x4.pmax": Rule(("f32", "f32",), "f32", _f32x4_pmax, 620, 50),
    "f64x2.pmin": Rule(("f64", "f64",), "f64", _f64x2_pmin, 620, 50),
    "f64x2.pmax": Rule(("f64", "f64",), "f64", _f64x2_pmax, 620, 50),
    "f32x4.relaxed_madd": Rule(("f32", "f32", "f32",), "f32", _f32x4_relaxed_madd, 1300, 70),
    "f32x4.relaxed_nmadd": Rule(("f32", "f32", "f32",), "f32", _f32x4_relaxed_nmadd, 1300, 70),
    "f64x2.relaxed_madd": Rule(("f64", "f64", "f64",), "f64", _f64x2_relaxed_madd, 1300, 70),
    "f64x2.relaxed_nmadd": Rule(("f64", "f64", "f64",), "f64", _f64x2_relaxed_nmadd, 1300, 70),
    "i32x4.add": Rule(("i32", "i32",), "i32", _i32x4_add, 205, 40),
    "i64x2.add": Rule(("i64", "i64",), "i64", _i64x2_add, 205, 60),
    "i32x4.sub": Rule(("i32", "i32",), "i32", _i32x4_sub, 235, 40),
    "i64x2.sub": Rule(("i64", "i64",), "i64", _i64x2_sub, 235, 60),
    "i32x4.mul": Rule(("i32", "i32",), "i32", _i32x4_mul, 1130, 55),
    "i64x2.mul": Rule(("i64", "i64",), "i64", _i64x2_mul, 450, 90),
    "i32x4.neg": Rule(("i32",), "i32", _i32x4_neg, 165, 50),
    "i64x2.neg": Rule(("i64",), "i64", _i64x2_neg, 165, 50),
    "i32x4.eq": Rule(("i32", "i32",), "i32", _i32x4_eq, 320, 60),
    "i32x4.ne": Rule(("i32", "i32",), "i32", _i32x4_ne, 320, 60),
    "i32x4.lt_s": Rule(("i32", "i32",), "i32", _i32x4_lt_s, 320, 60),
    "i32x4.lt_u": Rule(("i32", "i32",), "i32", _i32x4_lt_u, 320, 60),
    "i32x4.gt_s": Rule(("i32", "i32",), "i32", _i32x4_gt_s, 320, 60),
    "i32x4.gt_u": Rule(("i32", "i32",), "i32", _i32x4_gt_u, 320, 60),
    "i32x4.le_s": Rule(("i32", "i32",), "i32", _i32x4_le_s, 320, 60),
    "i32x4.le_u": Rule(("i32", "i32",), "i32", _i32x4_le_u, 320, 60),
    "i32x4.ge_s": Rule(("i32", "i32",), "i32", _i32x4_ge_s, 320, 60),
    "i32x4.ge_u": Rule(("i32", "i32",), "i32", _i32x4_ge_u, 320, 60),
    "i64x2.eq": Rule(("i64", "i64",), "i64", _i64x2_eq, 320, 60),
    "i64x2.ne": Rule(("i64", "i64",), "i64", _i64x2_ne, 320, 60),
    "i64x2.lt_s": Rule(("i64", "i64",), "i64", _i64x2_lt_s, 320, 60),
    "i64x2.gt_s": Rule(("i64", "i64",), "i64", _i64x2_gt_s, 320, 60),
    "i64x2.le_s": Rule(("i64", "i64",), "i64", _i64x2_le_s, 320, 60),
    "i64x2.ge_s": Rule(("i64", "i64",), "i64", _i64x2_ge_s, 320, 60),
    "i32x4.min_s": Rule(("i32", "i32",), "i32", _i32x4_min_s, 450, 60),
    "i32x4.min_u": Rule(("i32", "i32",), "i32", _i32x4_min_u, 450, 60),
    "i32x4.max_s": Rule(("i32", "i32",), "i32", _i32x4_max_s, 450, 60),
    "i32x4.max_u": Rule(("i32", "i32",), "i32", _i32x4_max_u, 450, 60),
    "i32x4.shl": Rule(("i32", NONE,), "i32", _i32x4_shl, 50, 40),
    "i32x4.shr_u": Rule(("i32", NONE,), "i32", _i32x4_shr_u, 50, 30),
    "i32x4.shr_s": Rule(("i32", NONE,), "i32", _i32x4_shr_s, 115, 60),
    "i64x2.shl": Rule(("i64", NONE,), "i64", _i64x2_shl, 50, 40),
    "i64x2.shr_u": Rule(("i64", NONE,), "i64", _i64x2_shr_u, 50, 30),
    "i64x2.shr_s": Rule(("i64", NONE,), "i64", _i64x2_shr_s, 115, 60),
    "f32x4.convert_i32x4_s": Rule(("i32",), "f32", _f32x4_convert_i32x4_s, 730, 90),
    "f32x4.convert_i32x4_u": Rule(("i32",), "f32", _f32x4_convert_i32x4_u, 730, 90),
    "f64x2.convert_low_i32x4_s": Rule(("i32",), "f64", _f64x2_convert_low_i32x4_s, 500, 50),
    "f64x2.convert_low_i32x4_u": Rule(("i32",), "f64", _f64x2_convert_low_i32x4_u, 500, 50),
    "i64x2.extend_low_i32x4_s": Rule(("i32",), "i64", _i64x2_extend_low_i32x4_s, 190, 20),
    "i64x2.extend_low_i32x4_u": Rule(("i32",), "i64", _i64x2_extend_low_i32x4_u, 190, 20),
    "i32x4.trunc_sat_f32x4_s": Rule(("f32",), "i32", _i32x4_trunc_sat_f32x4_s, 1100, 150),
    "i32x4.relaxed_trunc_f32x4_s": Rule(("f32",), "i32", _i32x4_relaxed_trunc_f32x4_s, 1100, 150),
    "i32x4.trunc_sat_f32x4_u": Rule(("f32",), "i32", _i32x4_trunc_sat_f32x4_u, 1100, 150),
    "i32x4.relaxed_trunc_f32x4_u": Rule(("f32",), "i32", _i32x4_relaxed_trunc_f32x4_u, 1100, 150),
    "i32x4.trunc_sat_f64x2_s_zero": Rule(("f64",), "i32", _i32x4_trunc_sat_f64x2_s_zero, 700, 70),
    "i32x4.relaxed_trunc_f64x2_s_zero": Rule(("f64",), "i32", _i32x4_relaxed_trunc_f64x2_s_zero, 700, 70),
    "i32x4.trunc_sat_f64x2_u_zero": Rule(("f64",), "i32", _i32x4_trunc_sat_f64x2_u_zero, 700, 70),
    "i32x4.relaxed_trunc_f64x2_u_zero": Rule(("f64",), "i32", _i32x4_relaxed_trunc_f64x2_u_zero, 700, 70),
    "f64x2.promote_low_f32x4": Rule(("f32",), "f64", _f64x2_promote_low_f32x4, 350, 60),
    "f32x4.demote_f64x2_zero": Rule(("f64",), "f32", _f32x4_demote_f64x2_zero, 260, 50),
}
