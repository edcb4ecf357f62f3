"""Writes the new operations of a function on Python ints, with conversions where another form is needed.

writer.as_unsigned(v1)                   v1 itself, or int.wrap 32 v1
writer.define(v3, "int.add", ...)        v3 becomes a sum, represented as its uses want
"""

from __future__ import annotations

from wasmz.ir.nodes import BOOL, Block, Edge, Function, ResultType, Value
from wasmz.passes.analysis.intervals import BITS, HALF, MODULUS, NUMBER_TYPES
from wasmz.passes.analysis.ranges import RangeAnalysis
from wasmz.passes.context import Context
from wasmz.passes.representation.demand import (
    SIGNED,
    UNREDUCED,
    UNREDUCED_BITS,
    UNSIGNED,
    Represented,
    is_reduced_often,
)
from wasmz.passes.representation.webs import Webs
from wasmz.types import ValType

# The bounds of sums that may grow without a limit: every decision treats larger bounds alike.
_UNBOUNDED = {"i32": 1 << 65, "i64": 1 << 129}
# An address with more uses is reduced once instead.
_MOST_LOOSE_ACCESSES = 2
# A larger number is not a sum of addresses and indices, but for example a pointer in the low half of an i64: each
# access would fail first, which costs as much as thirty instructions.
_FARTHEST = 1 << 37
# Items of views may be 2, 4, 8 or 16 bytes apart.
_LARGEST_SCALE = 4


class Writer:
    """The state of rewriting one function. Values of the old function stay unchanged: the analysis reads them."""

    def __init__(self, function: Function, context: Context) -> None:
        self.function = function
        self.analysis: RangeAnalysis = RangeAnalysis(function, context)
        self.webs: Webs
        self.float_uses: dict[Value, set[str]] = {}
        self.hashes: set[Value] = set()
        # Conditions of selects (not of branches).
        self.selecting: set[Value] = set()
        self.body: list[Value] = []
        self.block: Block = function.blocks[0]
        self.offset: int = 0
        self.edges: list[tuple[Edge, tuple[Value, ...]]] = []
        # Edges out of loops that need a block of their own for reductions, with their source and that block.
        self.split: list[tuple[Edge, Block, Block]] = []
        self.terminator_args: dict[Block, tuple[Value, ...]] = {}
        # Conversions made in the current block.
        self.unsigned: dict[Value, Value] = {}
        self.signed: dict[Value, Value] = {}
        # Unreduced values that were made non-negative in the current block.
        self.natural: dict[Value, Value] = {}

    def add(self, op: str, type: ResultType, args: tuple[Value, ...], imm: object = None) -> Value:
        """Appends a new value to the block."""
        value = Value(op, type, args, imm, self.offset, self.block)
        self.body.append(value)
        return value

    def constant(self, type: ResultType, number: int) -> Value:
        """A Python int."""
        return self.add("int.const", type, (), number)

    def keep(self, value: Value) -> Value:
        """Keeps an operation on canonical unsigned numbers, or on no numbers."""
        old = value.args
        if old:
            plain = self.plain
            args = tuple([plain(arg) for arg in old])
            if args != old:
                new = Value(value.op, value.type, args, value.imm, value.offset, self.block)
                value.note.value = new
                value = new
        # Until something else is set, a value represents itself, unsigned.
        self.body.append(value)
        return value

    def become(self, value: Value, op: str, args: tuple[Value, ...], form: int, imm: object = None) -> None:
        """Replaces a value by an operation whose result has a canonical form."""
        new = Value(op, value.type, args, imm, value.offset, self.block)
        self.body.append(new)
        note = value.note
        note.value, note.form = new, form

    def alias(self, value: Value, other: Value, form: int, low: int = 0, high: int = 0) -> None:
        """Represents this value by another one."""
        value.note.become(other, form, low, high)

    def define(
        self, value: Value, op: str, args: tuple[Value, ...], low: int, high: int, *, imm: object = None
    ) -> None:
        """Replaces a value by a Python operation with a result from ``low`` to ``high``, reduced if needed."""
        type = NUMBER_TYPES[value.type]
        modulus, half = MODULUS[type], HALF[type]
        demand = value.note
        new = Value(op, value.type, args, imm, value.offset, self.block)
        self.body.append(new)
        if low >= 0 and high < modulus:
            demand.value = new
            return
        if low >= -half and high < half and (demand.signed or demand.canonical or not demand.unsigned + demand.address):
            value.note.become(new, SIGNED)
            return
        if demand.signed > demand.unsigned + demand.address and -half <= low and high < modulus + half:
            value.note.become(self.add("int.sign", value.type, (new,), BITS[type]), SIGNED)
            return
        bounded = max(low.bit_length(), high.bit_length())
        if (
            not (demand.unsigned or demand.signed or demand.canonical)
            and bounded <= UNREDUCED_BITS[type]
            and (
                not demand.address
                or (low >= 0 and high < _FARTHEST and type == "i32" and demand.address <= _MOST_LOOSE_ACCESSES)
            )
            and not (demand.bitwise and is_reduced_often(value))
        ):
            value.note.become(new, UNREDUCED, low, high)
            return
        reduced = self.add(_reduction(type, low, high, value in self.hashes), value.type, (new,), BITS[type])
        value.note.become(reduced, UNSIGNED)

    # Reading values

    def plain(self, arg: Value) -> Value:
        """An operand in the form that most operations take: integers are unsigned."""
        represented: Represented = arg.note
        if represented.form == UNSIGNED or arg.type not in NUMBER_TYPES:
            return represented.value
        return self.as_unsigned(arg)

    def interval(self, arg: Value) -> tuple[int, int]:
        """The bounds of the int that represents a value here."""
        represented: Represented = arg.note
        if represented.form == UNREDUCED:
            return represented.low, represented.high
        fact = arg.fact
        return (fact[0], fact[1]) if represented.form == UNSIGNED else (fact[2], fact[3])

    def any(self, arg: Value) -> Value:
        """An int that is congruent to the value."""
        value: Value = arg.note.value
        return value

    def as_unsigned(self, arg: Value) -> Value:
        represented: Represented = arg.note
        if represented.form == UNSIGNED or (represented.form == SIGNED and arg.fact[2] >= 0):
            return represented.value
        known = self.unsigned.get(arg)
        if known is None:
            type = NUMBER_TYPES[arg.type]
            op = "int.wrap.natural" if represented.form == SIGNED else "int.wrap"
            known = self.add(op, arg.type, (represented.value,), BITS[type])
            self.unsigned[arg] = known
        return known

    def as_signed(self, arg: Value) -> Value:
        represented: Represented = arg.note
        type = NUMBER_TYPES[arg.type]
        fact = arg.fact
        if represented.form == SIGNED or (represented.form == UNSIGNED and fact[1] < HALF[type]):
            return represented.value
        known = self.signed.get(arg)
        if known is None:
            if fact[2] == fact[3]:
                known = self.constant(arg.type, fact[2])
            else:
                known = self.add("int.sign", arg.type, (self.as_unsigned(arg),), BITS[type])
            self.signed[arg] = known
        return known

    def canonical(self, arg: Value) -> Value:
        """The value as an unsigned or a signed number, whichever represents it."""
        return self.as_unsigned(arg) if arg.note.form == UNREDUCED else arg.note.value

    def truth(self, condition: Value) -> Value:
        """A value of which only the truth is used."""
        return condition.note.value if condition.type is BOOL else self.canonical(condition)

    def address(self, arg: Value, offset: int) -> tuple[Value, int, int, bool]:
        """An address as an index, an added constant, the distance of items, and whether that is exact.

        If it is exact, the address is the index times the distance plus the constant. Otherwise it is congruent to
        that; if that is out of bounds, the access is repeated with the reduced address.
        """
        if arg.type is not ValType.I32:
            return self.as_unsigned(arg), 0, 1, True
        index, added, scale = _take_apart(arg)
        low, high = self.interval(index)
        represented = index.note
        is_unbounded = represented.form == UNREDUCED and high >= MODULUS["i32"]
        if index is not arg and ((low < 0 and not is_unbounded) or offset + added >= MODULUS["i32"]):
            index, added, scale = arg, 0, 1
            low, high = self.interval(index)
            represented = index.note
        if low < 0:
            if not is_unbounded:
                return self.as_unsigned(index), 0, 1, True
            # Negative numbers are reduced first; they are rarer than too large ones.
            natural = self.natural.get(index)
            if natural is None:
                natural = self.natural[index] = self.add("int.wrap.natural", ValType.I32, (represented.value,), 32)
            return natural, added, scale, False
        if _FARTHEST <= high < _UNBOUNDED["i32"]:
            return self.as_unsigned(index), added, scale, scale == 1 and not added
        return self.any(index), added, scale, high * scale + added < MODULUS["i32"]


def _take_apart(arg: Value) -> tuple[Value, int, int]:
    """Splits an address into index, added constant and factor, if they are used only for addresses."""
    added, scale = 0, 1
    if arg.op == "i32.add":
        second = arg.args[1]
        if second.op == "i32.const" and second.imm < HALF["i32"] and arg.note.uses == arg.note.address:
            arg, added = arg.args[0], second.imm
            if arg.op == "i32.shl" and arg.note.uses > 1:
                return arg, added, scale
    if arg.op == "i32.shl" and (added or arg.note.uses == arg.note.address):
        second = arg.args[1]
        if second.op == "i32.const" and 0 < second.imm <= _LARGEST_SCALE:
            arg, scale = arg.args[0], 1 << second.imm
    return arg, added, scale


def _reduction(type: str, low: int, high: int, is_hash: bool) -> str:
    """The operation that reduces: results that are likely small are tested for that first (see `guard.py`)."""
    if is_hash:
        return "int.wrap"
    if low >= 0:
        return "int.wrap.small"
    return "int.wrap.natural" if high < MODULUS[type] else "int.wrap"
