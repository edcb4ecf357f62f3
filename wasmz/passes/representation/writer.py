"""Writes the new operations of a function: Python ints, converted where the next operation needs another form.

writer.as_unsigned(v1)                   v1 itself, or int.wrap 32 v1
writer.define(v3, "int.add", ...)        v3 becomes a sum, represented as what its uses want
"""

from __future__ import annotations

from wasmz.ir.nodes import BOOL, Block, Edge, Function, ResultType, Value
from wasmz.passes.analysis.intervals import BITS, HALF, MODULUS, NUMBER_TYPES
from wasmz.passes.analysis.ranges import RangeAnalysis
from wasmz.passes.context import Context
from wasmz.passes.representation.demand import (
    LOOSE,
    LOOSE_BITS,
    SIGNED,
    UNSIGNED,
    Demand,
    Held,
)
from wasmz.passes.representation.webs import Webs
from wasmz.types import ValType

# As what the bounds of sums are given that may grow: no decision looks further than that.
_UNBOUNDED = {"i32": 1 << 65, "i64": 1 << 129}
# An address that is used more often is reduced once instead.
_MOST_LOOSE_ACCESSES = 2
# What may lie beyond this is no sum of addresses and indices, but say a pointer in the low half of an i64: it would be
# tried in vain each time, which costs as much as thirty instructions.
_FARTHEST = 1 << 37
# Items of views may be 2, 4, 8 or 16 bytes apart.
_LARGEST_SCALE = 4


class Writer:
    """The state of rewriting one function. Values of the old function stay as they are: the analysis looks at them."""

    def __init__(self, function: Function, context: Context) -> None:
        self.function = function
        self.analysis: RangeAnalysis = RangeAnalysis(function, context)
        self.webs: Webs
        self.demand: dict[Value, Demand] = {}
        self.float_uses: dict[Value, set[str]] = {}
        self.hashes: set[Value] = set()
        # Conditions of selects, which are no branches.
        self.selecting: set[Value] = set()
        self.held: dict[Value, Held] = {}
        self.body: list[Value] = []
        self.block: Block = function.blocks[0]
        self.offset: int = 0
        self.edges: list[tuple[Edge, tuple[Value, ...]]] = []
        # Edges out of loops that need a block of their own for reductions: with their source and that block.
        self.split: list[tuple[Edge, Block, Block]] = []
        self.terminator_args: dict[Block, tuple[Value, ...]] = {}
        # Conversions made in the current block.
        self.unsigned: dict[Value, Value] = {}
        self.signed: dict[Value, Value] = {}
        # Loose values that were made not negative in the current block.
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
        """An operation that takes and gives canonical unsigned numbers, or none."""
        args = tuple([self.plain(arg) for arg in value.args]) if value.args else ()
        new = Value(value.op, value.type, args, value.imm, value.offset, self.block)
        self.body.append(new)
        self.held[value] = Held(new, UNSIGNED)
        return new

    def become(self, value: Value, op: str, args: tuple[Value, ...], form: int, imm: object = None) -> None:
        """Replaces a value by an operation whose result is held in a canonical form."""
        new = Value(op, value.type, args, imm, value.offset, self.block)
        self.body.append(new)
        self.held[value] = Held(new, form)

    def alias(self, value: Value, other: Value, form: int, low: int = 0, high: int = 0) -> None:
        """Lets another value stand for this one."""
        self.held[value] = Held(other, form, low, high)

    def define(
        self, value: Value, op: str, args: tuple[Value, ...], low: int, high: int, *, imm: object = None
    ) -> None:
        """Replaces a value by a Python operation with a result from ``low`` to ``high``, and reduces that if needed."""
        type = NUMBER_TYPES[value.type]
        modulus, half = MODULUS[type], HALF[type]
        demand = self.demand[value]
        new = Value(op, value.type, args, imm, value.offset, self.block)
        self.body.append(new)
        if low >= 0 and high < modulus:
            self.held[value] = Held(new, UNSIGNED)
            return
        if low >= -half and high < half and (demand.signed or demand.canonical or not demand.unsigned + demand.address):
            self.held[value] = Held(new, SIGNED)
            return
        if demand.signed > demand.unsigned + demand.address and -half <= low and high < modulus + half:
            self.held[value] = Held(self.add("int.sign", value.type, (new,), BITS[type]), SIGNED)
            return
        bounded = max(low.bit_length(), high.bit_length())
        if (
            not (demand.unsigned or demand.signed or demand.canonical)
            and bounded <= LOOSE_BITS[type]
            and (
                not demand.address
                or (low >= 0 and high < _FARTHEST and type == "i32" and demand.address <= _MOST_LOOSE_ACCESSES)
            )
        ):
            self.held[value] = Held(new, LOOSE, low, high)
            return
        reduced = self.add(_reduction(type, low, high, value in self.hashes), value.type, (new,), BITS[type])
        self.held[value] = Held(reduced, UNSIGNED)

    # Reading values

    def plain(self, arg: Value) -> Value:
        """An operand as most operations take it: integers unsigned."""
        return self.as_unsigned(arg) if arg.type in NUMBER_TYPES else self.held[arg].value

    def interval(self, arg: Value) -> tuple[int, int]:
        """Between which bounds the int lies that stands for a value here."""
        held = self.held[arg]
        if held.form == LOOSE:
            return held.low, held.high
        fact = self.analysis.fact(arg)
        return (fact[0], fact[1]) if held.form == UNSIGNED else (fact[2], fact[3])

    def any(self, arg: Value) -> Value:
        """An int that is congruent to the value."""
        return self.held[arg].value

    def as_unsigned(self, arg: Value) -> Value:
        held = self.held[arg]
        if held.form == UNSIGNED or (held.form == SIGNED and self.analysis.fact(arg)[2] >= 0):
            return held.value
        known = self.unsigned.get(arg)
        if known is None:
            type = NUMBER_TYPES[arg.type]
            op = "int.wrap.natural" if held.form == SIGNED else "int.wrap"
            known = self.add(op, arg.type, (held.value,), BITS[type])
            self.unsigned[arg] = known
        return known

    def as_signed(self, arg: Value) -> Value:
        held = self.held[arg]
        type = NUMBER_TYPES[arg.type]
        fact = self.analysis.fact(arg)
        if held.form == SIGNED or (held.form == UNSIGNED and fact[1] < HALF[type]):
            return held.value
        known = self.signed.get(arg)
        if known is None:
            if fact[2] == fact[3]:
                known = self.constant(arg.type, fact[2])
            else:
                known = self.add("int.sign", arg.type, (self.as_unsigned(arg),), BITS[type])
            self.signed[arg] = known
        return known

    def canonical(self, arg: Value) -> Value:
        """Unsigned or signed, as it is held."""
        return self.as_unsigned(arg) if self.held[arg].form == LOOSE else self.held[arg].value

    def truth(self, condition: Value) -> Value:
        """A value of which only the truth matters."""
        return self.held[condition].value if condition.type is BOOL else self.canonical(condition)

    def address(self, arg: Value, offset: int) -> tuple[Value, int, int, bool]:
        """How to get at an address: an index, what is added to it, the distance of items, and how certain that is.

        The address is the index times the distance plus what is added, if that is certain; otherwise it is congruent,
        and has to be tried again, reduced, where that is out of bounds.
        """
        if arg.type is not ValType.I32:
            return self.as_unsigned(arg), 0, 1, True
        index, added, scale = _take_apart(arg, self.demand)
        low, high = self.interval(index)
        held = self.held[index]
        is_unbounded = held.form == LOOSE and high >= MODULUS["i32"]
        if index is not arg and ((low < 0 and not is_unbounded) or offset + added >= MODULUS["i32"]):
            index, added, scale = arg, 0, 1
            low, high = self.interval(index)
            held = self.held[index]
        if low < 0:
            if not is_unbounded:
                return self.as_unsigned(index), 0, 1, True
            # What is negative is reduced, which is rarer than what is too large.
            natural = self.natural.get(index)
            if natural is None:
                natural = self.natural[index] = self.add("int.wrap.natural", ValType.I32, (held.value,), 32)
            return natural, added, scale, False
        if _FARTHEST <= high < _UNBOUNDED["i32"]:
            return self.as_unsigned(index), added, scale, scale == 1 and not added
        return self.any(index), added, scale, high * scale + added < MODULUS["i32"]


def _take_apart(arg: Value, demand: dict[Value, Demand]) -> tuple[Value, int, int]:
    """The index, the constant added to it and the factor that make an address, if only addresses are made of them."""
    added, scale = 0, 1
    if arg.op == "i32.add":
        second = arg.args[1]
        if second.op == "i32.const" and second.imm < HALF["i32"] and demand[arg].uses == demand[arg].address:
            arg, added = arg.args[0], second.imm
            if arg.op == "i32.shl" and demand[arg].uses > 1:
                return arg, added, scale
    if arg.op == "i32.shl" and (added or demand[arg].uses == demand[arg].address):
        second = arg.args[1]
        if second.op == "i32.const" and 0 < second.imm <= _LARGEST_SCALE:
            arg, scale = arg.args[0], 1 << second.imm
    return arg, added, scale


def _reduction(type: str, low: int, high: int, is_hash: bool) -> str:
    """How to reduce: results that are likely small are tested for that before (see `guard.py`)."""
    if is_hash:
        return "int.wrap"
    if low >= 0:
        return "int.wrap.small"
    return "int.wrap.natural" if high < MODULUS[type] else "int.wrap"
