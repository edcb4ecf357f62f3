"""Evaluates operations on constants, and simplifies those with one constant operand.

    v0 = i32.const 6             v0 = i32.const 6
    v1 = i32.const 7             v1 = i32.const 7
    v2 = i32.mul v0 v1      ->   v2 = i32.const 42
    v3 = local.get 0             v3 = local.get 0
    v4 = i32.add v0 v3           v4 = i32.add v3 v0

Integers are folded by the runtime's own functions (`wasmz.runtime.numeric.integers`). Operations that trap are left for
run time, and so is float arithmetic, whose NaNs are the machine's.
"""

from __future__ import annotations

from wasmz.ir.facts import COMMUTATIVE, INTEGER_BITS, MASKS, NUMERIC_CONSTANTS, SIZED_CONSTANTS
from wasmz.ir.nodes import Function, Value
from wasmz.passes.context import Context
from wasmz.passes.rules.evaluation import evaluate

# Operations that give their first operand when the second one is this constant (-1: all bits set).
_NEUTRAL = {
    "add": 0, "sub": 0, "or": 0, "xor": 0, "shl": 0, "shr_s": 0, "shr_u": 0, "rotl": 0, "rotr": 0,
    "mul": 1, "div_u": 1, "div_s": 1, "and": -1,
}  # fmt: skip
_NEUTRAL_OPERANDS = {
    f"{type}.{name}": operand & MASKS[type] for type in INTEGER_BITS for name, operand in _NEUTRAL.items()
}
# Operations that give zero when the second operand is zero.
_ABSORBING = frozenset(f"{type}.{name}" for type in INTEGER_BITS for name in ("mul", "and"))


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
                if first.op in NUMERIC_CONSTANTS:
                    value.op, value.args, value.imm = first.op, (), first.imm
                continue
            if len(args) == 2:
                second = args[1]
                if second.op in SIZED_CONSTANTS:
                    if first.op in SIZED_CONSTANTS:
                        _evaluate(value, first.imm, second.imm)
                    else:
                        _simplify(value, first, second.imm)
                elif first.op in SIZED_CONSTANTS and value.op in COMMUTATIVE:
                    value.args = (second, first)
                    _simplify(value, second, first.imm)
            elif len(args) == 1 and first.op in SIZED_CONSTANTS:
                _evaluate(value, first.imm)


def _evaluate(value: Value, *operands: int) -> None:
    result = evaluate(value.op, value.imm, operands)
    if result is not None:
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
