"""The numpy expressions for operations on integers and floats, exact for each element to the last bit.

    OPERATIONS["i32.shr_s"].text       ->  "({0}.view(i4)>>({1}&i4(31)).view(i4)).view(u4)"

i32 and i64 are arrays (or scalars) of u4 and u8, f32 and f64 of f4 and f8, v128 of rows of 16 u1 (`array_vectors.py`).
The bits of NaN results differ from those of scalar code, so what is stored is tested for NaNs, which are left to the
loop (`array_text.py`). The same holds for integers made from NaNs; `copysign` is not supported. The names are those of
``wasmz/runtime/memory/arrays.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from wasmz.ir.facts import INTEGER_CONSTANTS, OPS
from wasmz.ir.nodes import Value
from wasmz.passes.loops.array_vectors import VECTOR_OPERATIONS, VECTOR_SHIFTS, VECTOR_SHUFFLES, shifts_by_constant
from wasmz.passes.values import divides_safely
from wasmz.types import ValType


def _always(value: Value) -> bool:
    return True


class Operation(NamedTuple):
    """An operation on arrays.

    Attributes:
        text: the expression.
        takes: whether it can do a given value.
        is_test: whether the result is an array of bools.
        guard: a condition that must be true for all elements of the operand, or ``None``.
        has_immediate: whether its immediate is its last operand.
    """

    text: str
    takes: Callable[[Value], bool] = _always
    is_test: bool = False
    guard: str | None = None
    has_immediate: bool = False


def _divides_by_positive(value: Value) -> bool:
    """Whether the value is a division by a constant that is positive as a signed number."""
    return divides_safely(value) and value.args[1].imm < OPS[value.op].sign


def _divides_unsigned(value: Value) -> bool:
    return divides_safely(value)


def _by_constant(value: Value) -> bool:
    return value.args[1].op in INTEGER_CONSTANTS and value.args[1].imm % OPS[value.op].bits != 0


def _of_integers() -> dict[str, Operation]:
    found: dict[str, Operation] = {}
    for type, u, i, bits in (("i32", "u4", "i4", 32), ("i64", "u8", "i8", 64)):
        count, signed = f"({{1}}&{u}({bits - 1}))", f"{{0}}.view({i})"
        for name, symbol in (("add", "+"), ("sub", "-"), ("mul", "*"), ("and", "&"), ("or", "|"), ("xor", "^")):
            found[f"{type}.{name}"] = Operation(f"({{0}}{symbol}{{1}})")
        found[f"{type}.shl"] = Operation(f"({{0}}<<{count})")
        found[f"{type}.shr_u"] = Operation(f"({{0}}>>{count})")
        found[f"{type}.shr_s"] = Operation(f"({signed}>>{count}.view({i})).view({u})")
        back = f"({u}({bits})-{count})"
        found[f"{type}.rotl"] = Operation(f"(({{0}}<<{count})|({{0}}>>{back}))", _by_constant)
        found[f"{type}.rotr"] = Operation(f"(({{0}}>>{count})|({{0}}<<{back}))", _by_constant)
        found[f"{type}.div_u"] = Operation("({0}//{1})", _divides_unsigned)
        found[f"{type}.rem_u"] = Operation("({0}%{1})", _divides_unsigned)
        rest = f"fmod({signed},{{1}}.view({i}))"
        found[f"{type}.rem_s"] = Operation(f"{rest}.view({u})", _divides_by_positive)
        found[f"{type}.div_s"] = Operation(f"(({signed}-{rest})//{{1}}.view({i})).view({u})", _divides_by_positive)
        found[f"{type}.extend8_s"] = Operation(f"{{0}}.astype(i1).astype({i}).view({u})")
        found[f"{type}.extend16_s"] = Operation(f"{{0}}.astype(i2).astype({i}).view({u})")
        found[f"{type}.eqz"] = Operation(f"({{0}}=={u}(0))", is_test=True)
        for name, symbol in _COMPARISONS:
            if name in ("eq", "ne"):
                found[f"{type}.{name}"] = Operation(f"({{0}}{symbol}{{1}})", is_test=True)
            else:
                found[f"{type}.{name}_u"] = Operation(f"({{0}}{symbol}{{1}})", is_test=True)
                found[f"{type}.{name}_s"] = Operation(f"({signed}{symbol}{{1}}.view({i}))", is_test=True)
    found["i64.extend32_s"] = Operation("{0}.astype(i4).astype(i8).view(u8)")
    found["i64.extend_i32_s"] = Operation("{0}.view(i4).astype(i8).view(u8)")
    found["i64.extend_i32_u"] = Operation("{0}.astype(u8)")
    found["i32.wrap_i64"] = Operation("{0}.astype(u4)")
    return found


def _of_floats() -> dict[str, Operation]:
    found: dict[str, Operation] = {}
    for type, f in (("f32", "f4"), ("f64", "f8")):
        for name, symbol in (("add", "+"), ("sub", "-"), ("mul", "*"), ("div", "/")):
            found[f"{type}.{name}"] = Operation(f"({{0}}{symbol}{{1}})")
        for name, function in _FUNCTIONS:
            found[f"{type}.{name}"] = Operation(f"{function}({{0}})")
        found[f"{type}.neg"] = Operation("(-{0})")
        found[f"{type}.min"] = Operation("smaller({0},{1})")
        found[f"{type}.max"] = Operation("larger({0},{1})")
        for name, symbol in _COMPARISONS:
            found[f"{type}.{name}"] = Operation(f"({{0}}{symbol}{{1}})", is_test=True)
        found[f"{type}.convert_i32_s"] = Operation(f"{{0}}.view(i4).astype({f})")
        found[f"{type}.convert_i32_u"] = Operation(f"{{0}}.astype({f})")
        # Numbers out of these bounds, where it saturates, are left to the loop.
        limits = ("({0}>-2147483649.0)&({0}<2147483648.0)", "({0}>-1.0)&({0}<4294967296.0)")
        wide = "{0}.astype(f8)" if type == "f32" else "{0}"
        for sign, limit in zip("su", limits, strict=True):
            guard = limit.replace("{0}", wide)
            found[f"i32.trunc_sat_{type}_{sign}"] = Operation(f"{wide}.astype(i8).astype(u4)", guard=guard)
    found["f64.convert_i64_s"] = Operation("{0}.view(i8).astype(f8)")
    found["f64.promote_f32"] = Operation("{0}.astype(f8)")
    found["f32.demote_f64"] = Operation("{0}.astype(f4)")
    for (type, f), (number, u) in zip((("f32", "f4"), ("f64", "f8")), (("i32", "u4"), ("i64", "u8")), strict=True):
        found[f"{type}.reinterpret_{number}"] = Operation(f"{{0}}.view({f}).copy()")
        found[f"{number}.reinterpret_{type}"] = Operation(f"{{0}}.view({u}).copy()", guard="{0}=={0}")
    return found


_COMPARISONS = (("eq", "=="), ("ne", "!="), ("lt", "<"), ("gt", ">"), ("le", "<="), ("ge", ">="))
_FUNCTIONS = (("abs", "absolute"), ("sqrt", "sqrt"), ("ceil", "ceil"), ("floor", "floor"), ("trunc", "trunc"),
              ("nearest", "rint"))  # fmt: skip

OPERATIONS: dict[str, Operation] = {
    **_of_integers(),
    **_of_floats(),
    "select": Operation("where({2},{0},{1})", lambda value: value.type is not ValType.V128),
    **{name: Operation(text) for name, text in VECTOR_OPERATIONS.items()},
    **{name: Operation(text, shifts_by_constant) for name, text in VECTOR_SHIFTS.items()},
    **{name: Operation(text, has_immediate=True) for name, text in VECTOR_SHUFFLES.items()},
}

# Load -> the dtype of its items, and the conversion to the result's.
LOADED: dict[str, tuple[str, str]] = {
    "i32.load": ("u4", ""),
    "i64.load": ("u8", ""),
    "f32.load": ("f4", ""),
    "f64.load": ("f8", ""),
    "v128.load": ("u1", ""),
    **{
        f"{type}.load{bits}_{sign}": (
            f"{'i' if sign == 's' else 'u'}{bits // 8}",
            f".astype(i{size}).view(u{size})" if sign == "s" else f".astype(u{size})",
        )
        for type, size in (("i32", 4), ("i64", 8))
        for bits in (8, 16, 32)
        for sign in "su"
        if bits < size * 8
    },
}
# Store -> the dtype of its items.
STORED: dict[str, str] = {
    "i32.store": "u4",
    "i64.store": "u8",
    "f32.store": "f4",
    "f64.store": "f8",
    "v128.store": "u1",
    **{f"i32.store{bits}": f"u{bits // 8}" for bits in (8, 16)},
    **{f"i64.store{bits}": f"u{bits // 8}" for bits in (8, 16, 32)},
}
