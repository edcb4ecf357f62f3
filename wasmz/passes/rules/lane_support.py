"""Support for rules about lanes: shapes, a writer of operations on lanes, and the description of a rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wasmz.ir.facts import BITS, VALUE_TYPES
from wasmz.ir.nodes import Block, Value
from wasmz.types import ValType

# Shape of separate lanes -> their type.
SHAPES = VALUE_TYPES
SIZES = {shape: bits // 8 for shape, bits in BITS.items()}
COUNTS = {shape: 16 // size for shape, size in SIZES.items()}
VECTOR_SHAPES = {"i32x4": "i32", "i64x2": "i64", "f32x4": "f32", "f64x2": "f64"}
INTEGERS = {"i32": "i32", "i64": "i64", "f32": "i32", "f64": "i64"}

Lanes = list[Value]
# A vector operand's lanes, or another operand: a `Value`.
Operand = Any

# As the shape of an operand or result: a vector of any shape, that of the group; not a vector.
ANY = ""
NONE = "-"


class Writer:
    """Writes operations for one instruction to a block.

    Attributes:
        conditions: for comparisons, and their combinations, the i32 values that are true for each lane.
    """

    def __init__(self) -> None:
        self.conditions: dict[Value, Lanes] = {}
        self.block: Block = Block()
        self.offset = 0
        self.body: list[Value] = []

    def add(self, op: str, type: ValType | None, *args: Value, imm: Any = None) -> Value:
        """Appends an operation."""
        value = Value(op, type, args, imm, self.offset, self.block)
        self.body.append(value)
        return value

    def constant(self, shape: str, bits: int) -> Value:
        """A constant by its bits."""
        return self.add(f"{shape}.const", SHAPES[shape], imm=bits)

    def constants(self, shape: str, bits: int) -> Lanes:
        """The lanes of a ``v128.const``."""
        width = 8 * SIZES[shape]
        return [self.constant(shape, bits >> place & (1 << width) - 1) for place in range(0, 128, width)]

    def converted(self, lanes: Lanes, given: str, wanted: str) -> Lanes:
        """The same bits as lanes of another shape."""
        if given == wanted:
            return lanes
        if INTEGERS[given] != given:
            integer = INTEGERS[given]
            lanes = [self.add(f"{integer}.reinterpret_{given}", SHAPES[integer], lane) for lane in lanes]
            return self.converted(lanes, integer, wanted)
        integer = INTEGERS[wanted]
        i32, i64 = ValType.I32, ValType.I64
        if given == "i32" and integer == "i64":
            wide = [self.add("i64.extend_i32_u", i64, lane) for lane in lanes]
            count = self.constant("i64", 32)
            moved = [self.add("i64.shl", i64, lane, count) for lane in wide[1::2]]
            lanes = [self.add("i64.or", i64, low, high) for low, high in zip(wide[::2], moved, strict=True)]
        elif given == "i64" and integer == "i32":
            count = self.constant("i64", 32)
            halves = [half for lane in lanes for half in (lane, self.add("i64.shr_u", i64, lane, count))]
            lanes = [self.add("i32.wrap_i64", i32, half) for half in halves]
        if integer != wanted:
            lanes = [self.add(f"{wanted}.reinterpret_{integer}", SHAPES[wanted], lane) for lane in lanes]
        return lanes

    def masks(self, value: Value, shape: str, conditions: Lanes) -> Lanes:
        """Lanes with all bits set where a condition holds; also recorded as conditions."""
        self.conditions[value] = conditions
        zero = self.constant(shape, 0)
        if shape == "i64":
            conditions = [self.add("i64.extend_i32_u", ValType.I64, lane) for lane in conditions]
        return [self.add(f"{shape}.sub", SHAPES[shape], zero, lane) for lane in conditions]


# Writes an operation's lanes, from the operation, its operands and the shape of its group.
Emit = Callable[[Writer, Value, Sequence[Operand], str], Operand]


@dataclass(frozen=True)
class Rule:
    """The rule that splits an operation.

    Attributes:
        args: shapes of the operands.
        result: shape of the result.
        emit: writes the operations on lanes.
        cost: that of the vector operation.
        lane_cost: that of each lane.
    """

    args: tuple[str, ...]
    result: str
    emit: Emit
    cost: int
    lane_cost: int
