"""Support for rules: makers of new values, and facts about the bits of a value.

possible_bits(i32.load8_u v0)           255
possible_bits(i32.shr_u v0 24)          255
is_boolean(i32.lt_u v0 v1)              True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Union

from wasmz.ir.facts import BOOLEANS, OPS, SIZED_CONSTANTS
from wasmz.ir.nodes import BOOL, ResultType, Value
from wasmz.types import ValType

# Larger constants, and larger shifts, are left to run time.
LARGEST = 1 << 128
LONGEST_SHIFT = 128

# The bits of an integer whose operation has no width in its name.
_ALL_BITS = (1 << 64) - 1


class Maker(Protocol):
    """Makes new values before the current one."""

    def constant(self, type: ValType, number: int) -> Value:
        """An integer constant of the given type."""

    def int_constant(self, type: ResultType, number: int) -> Value:
        """A Python int (see `represent.py`)."""

    def make(self, op: str, type: ResultType, args: tuple[Value, ...]) -> Value:
        """An operation; an earlier one that computed the same if there is one."""


# Returns the value that replaces the operation; the operation itself, if it was changed; or ``None``.
Rule = Callable[[Maker, Value], Union[Value, None]]


def is_boolean(value: Value) -> bool:
    """Whether a value is 0 or 1 (or a bool)."""
    op = value.op
    if op in BOOLEANS or value.type is BOOL:
        return True
    if op == "i32.and":
        mask = value.args[1]
        return mask.op in SIZED_CONSTANTS and mask.imm == 1
    return op == "i32.const" and value.imm <= 1


def possible_bits(value: Value) -> int:
    """A mask of the bits that may be set in an integer."""
    op = value.op
    if op in SIZED_CONSTANTS:
        return int(value.imm)
    fact = OPS[op]
    bounds = fact.bounds
    if bounds is not None and bounds[0] >= 0:
        return (1 << bounds[1].bit_length()) - 1
    kind = fact.kind
    if kind == "and" or kind == "shr_u":
        second = value.args[1]
        if second.op in SIZED_CONSTANTS:
            return int(second.imm) if kind == "and" else fact.mask >> second.imm % fact.bits
    return fact.mask or _ALL_BITS
