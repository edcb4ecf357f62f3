"""Evaluates operations on constants, by the runtime's own functions.

evaluate("i32.add", None, [4294967295, 1])     0
evaluate("int.add", None, [4294967295, 1])     4294967296
evaluate("i32.div_u", None, [1, 0])            None: it traps, and is left to run time
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from wasmz.errors import Trap
from wasmz.ir.facts import OPS
from wasmz.passes.rules.support import LARGEST, LONGEST_SHIFT
from wasmz.runtime.link.find_helpers import find_helper

_FOLDABLE: dict[str, Callable[..., int]] = {op.name: find_helper(op.helper) for op in OPS.values() if op.folds}

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
_WRAPS = frozenset({"int.wrap", "int.wrap.small", "int.wrap.natural"})


def evaluate(op: str, imm: Any, operands: Sequence[int]) -> int | None:
    """The result of an operation on constant integers; ``None`` if it is left to run time."""
    folded = _FOLDABLE.get(op)
    if folded is None:
        return _evaluate_python(op, imm, operands)
    if min(operands) < 0:
        return None
    try:
        return folded(*operands)
    except (Trap, ZeroDivisionError):
        return None


def _evaluate_python(op: str, imm: Any, operands: Sequence[int]) -> int | None:
    """Evaluates an operation on Python ints."""
    evaluated: int | None = None
    if op in _OPERATORS:
        if op in _SHIFTS and not 0 <= operands[1] <= LONGEST_SHIFT:
            return None
        try:
            evaluated = int(_OPERATORS[op](*operands))
        except ZeroDivisionError:
            return None
    elif op in _WRAPS:
        evaluated = operands[0] & ((1 << imm) - 1)
    elif op == "int.sign":
        evaluated = operands[0] - (operands[0] >> (imm - 1) << imm)
    return evaluated if evaluated is not None and -LARGEST < evaluated < LARGEST else None
