"""Evaluates operations on constants, and simplifies those with one constant operand.

    v0 = i32.const 6             v0 = i32.const 6
    v1 = i32.const 7             v1 = i32.const 7
    v2 = i32.mul v0 v1      ->   v2 = i32.const 42
    v3 = local.get 0             v3 = local.get 0
    v4 = i32.add v0 v3           v4 = i32.add v3 v0

Integers are folded by the very functions that the runtime uses (`wasmz.runtime.integers`). What traps is left for run
time, and so is float arithmetic, whose NaNs are the machine's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wasmz.errors import Trap
from wasmz.ir.nodes import Function, Value
from wasmz.passes.context import Context
from wasmz.runtime.helpers import find_helper

_INTEGERS = ("i32", "i64")
_MASKS = {"i32": 0xFFFF_FFFF, "i64": 0xFFFF_FFFF_FFFF_FFFF}

_BINARY = (
    "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u",
    "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr",
    "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u",
)  # fmt: skip
_UNARY = ("clz", "ctz", "popcnt", "eqz", "extend8_s", "extend16_s")

FOLDABLE: dict[str, Callable[..., int]] = {
    f"{type}.{name}": find_helper(f"{type}_{name}") for type in _INTEGERS for name in (*_BINARY, *_UNARY)
}
FOLDABLE |= {
    name: find_helper(name.replace(".", "_"))
    for name in ("i32.wrap_i64", "i64.extend_i32_s", "i64.extend_i32_u", "i64.extend32_s")
}

_COMMUTATIVE = frozenset(
    f"{type}.{name}" for type in _INTEGERS for name in ("add", "mul", "and", "or", "xor", "eq", "ne")
)

# Operations that give their first operand when the second one is this constant (-1: all bits set).
_NEUTRAL = {
    "add": 0, "sub": 0, "or": 0, "xor": 0, "shl": 0, "shr_s": 0, "shr_u": 0, "rotl": 0, "rotr": 0,
    "mul": 1, "div_u": 1, "div_s": 1, "and": -1,
}  # fmt: skip
_NEUTRAL_OPERANDS = {
    f"{type}.{name}": operand & _MASKS[type] for type in _INTEGERS for name, operand in _NEUTRAL.items()
}
# Operations that give zero when the second operand is zero.
_ABSORBING = frozenset(f"{type}.{name}" for type in _INTEGERS for name in ("mul", "and"))

_CONSTANTS = frozenset({"i32.const", "i64.const"})


def run(function: Function, context: Context) -> None:
    """Folds in place."""
    for block in function.blocks:
        for value in block.body:
            args = value.args
            if not args:
                continue
            first = args[0]
            while first.op == "copy":
                first = first.args[0]
            if first is not args[0]:
                args = value.args = (first, *args[1:])
            if value.op == "copy":
                if first.op in _CONSTANTS or first.op in ("f32.const", "f64.const"):
                    value.op, value.args, value.imm = first.op, (), first.imm
                continue
            if len(args) == 2:
                second = args[1]
                if second.op in _CONSTANTS:
                    if first.op in _CONSTANTS:
                        _evaluate(value, first.imm, second.imm)
                    else:
                        _simplify(value, first, second.imm)
                elif first.op in _CONSTANTS and value.op in _COMMUTATIVE:
                    value.args = (second, first)
                    _simplify(value, second, first.imm)
            elif len(args) == 1 and first.op in _CONSTANTS:
                _evaluate(value, first.imm)


def _evaluate(value: Value, *operands: Any) -> None:
    evaluate = FOLDABLE.get(value.op)
    if evaluate is None:
        return
    try:
        result = evaluate(*operands)
    except (Trap, ZeroDivisionError):
        return
    _become_constant(value, result)


def _become_constant(value: Value, constant: int) -> None:
    value.op = f"{value.type}.const"
    value.args = ()
    value.imm = constant


def _simplify(value: Value, first: Value, second: int) -> None:
    if _NEUTRAL_OPERANDS.get(value.op) == second:
        value.op, value.args, value.imm = "copy", (first,), None
    elif second == 0 and value.op in _ABSORBING:
        _become_constant(value, 0)
