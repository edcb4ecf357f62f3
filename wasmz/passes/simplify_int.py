"""Algebra on Python ints, which know no wrapping: rules for the operations that `represent` makes.

int.add (int.add v0 4) -1                  ->   int.add v0 3
int.and (int.wrap 32 v0) 255               ->   int.and v0 255
int.wrap 32 (int.and v0 65535)             ->   int.and v0 65535
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Union

from wasmz.ir.nodes import Value
from wasmz.passes.simplify import Maker
from wasmz.types import ValType

Rule = Callable[[Maker, Value], Union[Value, None]]

# Results beyond this are left for run time, if it comes to that.
_LARGEST = 1 << 128
_LONGEST_SHIFT = 128

_OPERATORS: dict[str, Callable[..., Any]] = {
    **{f"int.{name}": getattr(operator, name) for name in ("eq", "ne", "lt", "gt", "le", "ge", "add", "sub", "mul")},
    "int.and": operator.and_,
    "int.or": operator.or_,
    "int.xor": operator.xor,
    "int.shl": operator.lshift,
    "int.shr": operator.rshift,
    "int.neg": operator.neg,
    "int.not": operator.invert,
    "int.floordiv": operator.floordiv,
    "int.mod": operator.mod,
}
_SHIFTS = frozenset({"int.shl", "int.shr"})
_COMPARISONS = {
    "int.eq": True,
    "int.le": True,
    "int.ge": True,
    "int.ne": False,
    "int.lt": False,
    "int.gt": False,
}
_WRAPS = frozenset({"int.wrap", "int.wrap.small", "int.wrap.natural"})
COMMUTATIVE = frozenset({"int.add", "int.mul", "int.and", "int.or", "int.xor", "int.eq", "int.ne"})
MIRRORED = {"int.lt": "int.gt", "int.gt": "int.lt", "int.le": "int.ge", "int.ge": "int.le"}
# Operations that give their first operand when the second one is this.
_NEUTRAL = {"int.add": 0, "int.sub": 0, "int.or": 0, "int.xor": 0, "int.shl": 0, "int.shr": 0, "int.mul": 1}


def evaluate(op: str, imm: Any, operands: list[int]) -> int | None:
    """The result of an operation on constants, if it is one to be had now."""
    evaluated: int | None = None
    if op in _OPERATORS:
        if op in _SHIFTS and not 0 <= operands[1] <= _LONGEST_SHIFT:
            return None
        if op in ("int.floordiv", "int.mod") and not operands[1]:
            return None
        evaluated = int(_OPERATORS[op](*operands))
    elif op in _WRAPS:
        evaluated = operands[0] & ((1 << imm) - 1)
    elif op == "int.sign":
        evaluated = operands[0] - (operands[0] >> (imm - 1) << imm)
    return evaluated if evaluated is not None and -_LARGEST < evaluated < _LARGEST else None


def simplify(maker: Maker, value: Value) -> Value | None:
    """What stands for the operation, the operation itself if it was changed, or ``None``."""
    op = value.op
    first = value.args[0]
    if op in _WRAPS:
        return _wrap(value, first)
    if len(value.args) < 2:
        return first.args[0] if op in ("int.neg", "int.not") and first.op == op else None
    second = value.args[1]
    if second.op != "int.const":
        return _simplify_equal(maker, value) if first is second else _factor_out(maker, value)
    number = second.imm
    if _NEUTRAL.get(op) == number:
        return first
    if first.op == op and op in _COMBINED and first.args[1].op == "int.const":
        together = _COMBINED[op](first.args[1].imm, number)
        if first.uses == 1 and abs(together) < _LARGEST and (op not in _SHIFTS or together <= _LONGEST_SHIFT):
            value.args = (first.args[0], maker.int_constant(second.type, together))  # type: ignore[arg-type]
            return value
    if op == "int.and" and number >= 0 and first.op in _WRAPS and number < 1 << first.imm:
        value.args = (first.args[0], second)
        return value
    return None


_COMBINED: dict[str, Callable[[int, int], int]] = {
    "int.add": operator.add,
    "int.sub": operator.add,
    "int.shl": operator.add,
    "int.shr": operator.add,
    "int.and": operator.and_,
    "int.or": operator.or_,
    "int.xor": operator.xor,
}


def _simplify_equal(maker: Maker, value: Value) -> Value | None:
    """An operation on twice the same operand."""
    op = value.op
    if op in ("int.and", "int.or"):
        return value.args[0]
    if op in ("int.sub", "int.xor"):
        return maker.int_constant(value.type, 0)  # type: ignore[arg-type]
    if op in _COMPARISONS:
        # As a condition it was a bool perhaps.
        return maker.constant(ValType.I32, int(_COMPARISONS[op]))
    return None


def _factor_out(maker: Maker, value: Value) -> Value | None:
    """One multiplication for two: a * k + b * k, also where a third number is added to one of the products."""
    if value.op != "int.add":
        return None
    for product, rest in (value.args, value.args[::-1]):
        if product.op != "int.mul" or product.uses != 1 or rest.uses != 1:
            continue
        pairs: list[tuple[Value, Value | None]] = []
        if rest.op == "int.mul":
            pairs = [(rest, None)]
        elif rest.op == "int.add":
            pairs = [(rest.args[0], rest.args[1]), (rest.args[1], rest.args[0])]
        for other, third in pairs:
            factor = _common_factor(product, other) if other.op == "int.mul" and other.uses == 1 else None
            if factor is None:
                continue
            one, two = (item.args[item.args[0] is factor] for item in (product, other))
            type: ValType = value.type  # type: ignore[assignment]
            together = maker.make("int.mul", type, (maker.make("int.add", type, (one, two)), factor))
            if third is None:
                return together
            value.args = (together, third)
            return value
    return None


def _common_factor(product: Value, other: Value) -> Value | None:
    """An operand that two multiplications share; its own count of uses does not matter."""
    return next((operand for operand in reversed(product.args) if operand in other.args), None)


def _wrap(value: Value, first: Value) -> Value | None:
    """A reduction of what is reduced already."""
    if first.op in _WRAPS and first.imm <= value.imm:
        return first
    if first.op == "int.and" and first.args[1].op == "int.const" and 0 <= first.args[1].imm < 1 << value.imm:
        return first
    return None
