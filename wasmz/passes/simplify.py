"""Algebra: rules that find a simpler operation, or an operand, for a WebAssembly operation. `values.py` applies them.

    i32.add (i32.add v0 4) 8           ->   i32.add v0 12
    i32.shr_s (i32.shl v0 24) 24       ->   i32.extend8_s v0
    i32.eqz (i32.lt_u v0 v1)           ->   i32.ge_u v0 v1
    select v0 v0 v1                    ->   v0
    i32.rem_u v0 8                     ->   i32.and v0 7

Constants stand second already where operands may be exchanged, and operations on constants alone have been evaluated.
Floats are left alone, but for conversions back and forth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Union

from wasmz.ir.facts import COMPARISONS, INVERSE
from wasmz.ir.nodes import BOOL, Value
from wasmz.passes.intervals import BITS
from wasmz.types import ValType


class Maker(Protocol):
    """What makes new values, in front of the one at hand."""

    def constant(self, type: ValType, number: int) -> Value:
        """An integer constant of the given type."""

    def int_constant(self, type: ValType, number: int) -> Value:
        """A Python int (see `represent.py`)."""

    def make(self, op: str, type: ValType, args: tuple[Value, ...]) -> Value:
        """An operation; one that was computed before if there is one."""


# Gives the value that stands for the operation, the operation itself if it was changed, or ``None``.
Rule = Callable[[Maker, Value], Union[Value, None]]
RULES: dict[str, Rule] = {}

_INTEGERS = ("i32", "i64")
_MASKS = {"i32": 0xFFFF_FFFF, "i64": 0xFFFF_FFFF_FFFF_FFFF}
_CONSTANTS = frozenset({"i32.const", "i64.const"})

# Operations that give 0 or 1.
BOOLEANS = COMPARISONS | {"i32.eqz", "i64.eqz", "ref.is_null", "ref.test", "ref.eq"}
# Of floats, only these two are each other's opposite.
_INVERSE = {
    **INVERSE,
    **{f"{type}.{one}": f"{type}.{other}" for type in ("f32", "f64") for one, other in (("eq", "ne"), ("ne", "eq"))},
}
# Comparisons with exchanged operands.
MIRRORED = {
    f"{type}.{one}{sign}": f"{type}.{other}{sign}"
    for type in _INTEGERS
    for one, other in (("lt", "gt"), ("gt", "lt"), ("le", "ge"), ("ge", "le"))
    for sign in ("_s", "_u")
}
_HOLDS_FOR_EQUALS = frozenset({"eq", "le_s", "le_u", "ge_s", "ge_u"})

_LOADED_BITS = {
    "i32.load8_u": 0xFF, "i64.load8_u": 0xFF, "i32.load16_u": 0xFFFF, "i64.load16_u": 0xFFFF,
    "i64.load32_u": 0xFFFF_FFFF, "i64.extend_i32_u": 0xFFFF_FFFF,
}  # fmt: skip
_EXTENDING_LOADS = {
    f"{type}.extend{bits}_s": f"{type}.load{bits}_s"
    for type, bits in (("i32", 8), ("i32", 16), ("i64", 8), ("i64", 16), ("i64", 32))
}


def _rule(*names: str) -> Callable[[Rule], Rule]:
    """Registers a rule; ``*.add`` stands for that of both integer types."""

    def register(rule: Rule) -> Rule:
        for name in names:
            for op in (f"i32{name[1:]}", f"i64{name[1:]}") if name[0] == "*" else (name,):
                if op in RULES:
                    raise ValueError(f"{op} has a rule already")
                RULES[op] = rule
        return rule

    return register


def is_boolean(value: Value) -> bool:
    """Whether a value is 0 or 1 (or a bool)."""
    if value.op in BOOLEANS or value.type is BOOL:
        return True
    if value.op == "i32.and":
        return value.args[1].op in _CONSTANTS and value.args[1].imm == 1
    return value.op == "i32.const" and value.imm <= 1


def possible_bits(value: Value) -> int:
    """A mask of the bits that may be set in a value."""
    op = value.op
    if op in _CONSTANTS:
        return int(value.imm)
    known = _LOADED_BITS.get(op)
    if known is not None:
        return known
    if op in BOOLEANS:
        return 1
    mask = _MASKS[op[:3]] if op[:3] in _MASKS else (1 << 64) - 1
    args = value.args
    if len(args) == 2 and args[1].op in _CONSTANTS:
        if op.endswith(".and"):
            return int(args[1].imm)
        if op.endswith(".shr_u"):
            return mask >> int(args[1].imm) % mask.bit_length()
    return mask


def _number(value: Value) -> int | None:
    return value.imm if value.op in _CONSTANTS else None


def _become(value: Value, op: str, *args: Value) -> Value:
    value.op = op
    value.args = args
    value.imm = None
    return value


def _with_constant(maker: Maker, value: Value, operand: Value, number: int) -> Value:
    """The same operation on another operand and a constant."""
    value.args = (operand, maker.constant(operand.type, number))  # type: ignore[arg-type]
    return value


def _inner_constant(outer: Value, op: str) -> int | None:
    """The constant of an operation that only this one uses."""
    inner = outer.args[0]
    return _number(inner.args[1]) if inner.op == op and inner.uses == 1 else None


@_rule("*.add")
def _add(maker: Maker, value: Value) -> Value | None:
    first, second = value.args
    type = value.op[:3]
    number = _number(second)
    subtraction = f"{type}.sub"
    if number is not None:
        if not number:
            return first
        inner = _number(first.args[1]) if first.op == value.op else None
        if inner is not None:
            # However often the inner sum is used: constants of addresses go into the view, and cost nothing there.
            total = (inner + number) & _MASKS[type]
            return _with_constant(maker, value, first.args[0], total) if total else first.args[0]
        if first.op == subtraction and first.uses == 1 and first.args[0].op in _CONSTANTS:
            start = maker.constant(first.type, (first.args[0].imm + number) & _MASKS[type])  # type: ignore[arg-type]
            return _become(value, subtraction, start, first.args[1])
        return None
    for one, other in ((first, second), (second, first)):
        if one.op == subtraction:
            if one.args[1] is other:
                return one.args[0]
            if _number(one.args[0]) == 0:
                return _become(value, subtraction, other, one.args[1])
    return None


@_rule("*.sub")
def _sub(maker: Maker, value: Value) -> Value | None:
    first, second = value.args
    type = value.op[:3]
    addition = f"{type}.add"
    if first is second:
        return maker.constant(value.type, 0)  # type: ignore[arg-type]
    number = _number(second)
    if number is not None:
        if not number:
            return first
        opposite = maker.constant(value.type, -number & _MASKS[type])  # type: ignore[arg-type]
        return _become(value, addition, first, opposite)
    if first.op == addition:
        if first.args[0] is second:
            return first.args[1]
        if first.args[1] is second:
            return first.args[0]
    if second.op == value.op and _number(second.args[0]) == 0:
        return _become(value, addition, first, second.args[1])
    return None


@_rule("*.mul")
def _mul(maker: Maker, value: Value) -> Value | None:
    first, second = value.args
    type = value.op[:3]
    number = _number(second)
    if number is None:
        return None
    if not number:
        return second
    if number == 1:
        return first
    if number == _MASKS[type]:
        return _become(value, f"{type}.sub", maker.constant(value.type, 0), first)  # type: ignore[arg-type]
    inner = _inner_constant(value, value.op)
    if inner is not None:
        return _with_constant(maker, value, first.args[0], inner * number & _MASKS[type])
    return None


@_rule("*.and")
def _and(maker: Maker, value: Value) -> Value | None:
    first, second = value.args
    type = value.op[:3]
    if first is second:
        return first
    number = _number(second)
    if number is None:
        return None
    possible = possible_bits(first)
    if not possible & ~number:
        return first
    if not possible & number:
        return maker.constant(value.type, 0)  # type: ignore[arg-type]
    inner = _inner_constant(value, value.op)
    if inner is not None:
        return _with_constant(maker, value, first.args[0], inner & number)
    if first.op == f"{type}.or" and not (_number(first.args[1]) or number) & number:
        return _with_constant(maker, value, first.args[0], number)
    if first.op in _EXTENDING_LOADS and not number >> int(first.op[10:-2]):
        return _with_constant(maker, value, first.args[0], number)
    if first.op == f"{type}.shr_s" and first.args[1].op in _CONSTANTS and first.uses == 1:
        count = first.args[1].imm % BITS[type]
        if not number & ~(_MASKS[type] >> count):
            shifted = maker.make(f"{type}.shr_u", value.type, first.args)  # type: ignore[arg-type]
            return _with_constant(maker, value, shifted, number)
    return None


@_rule("*.or")
def _or(maker: Maker, value: Value) -> Value | None:
    first, second = value.args
    if first is second:
        return first
    number = _number(second)
    if number is None:
        return None
    if not number:
        return first
    if number == _MASKS[value.op[:3]]:
        return second
    inner = _inner_constant(value, value.op)
    if inner is not None:
        return _with_constant(maker, value, first.args[0], inner | number)
    return None


@_rule("*.xor")
def _xor(maker: Maker, value: Value) -> Value | None:
    first, second = value.args
    if first is second:
        return maker.constant(value.type, 0)  # type: ignore[arg-type]
    number = _number(second)
    if number is None:
        return None
    if not number:
        return first
    inner = _inner_constant(value, value.op)
    if inner is not None:
        return _with_constant(maker, value, first.args[0], inner ^ number)
    if number == 1 and value.op == "i32.xor" and is_boolean(first):
        return _become(value, "i32.eqz", first)
    return None


@_rule("*.shl")
def _shl(maker: Maker, value: Value) -> Value | None:
    first, type, count = value.args[0], value.op[:3], _count(value)
    if count is None:
        return None
    if not count:
        return first
    inner = _inner_constant(value, value.op)
    if inner is not None:
        if inner % BITS[type] + count >= BITS[type]:
            return maker.constant(value.type, 0)  # type: ignore[arg-type]
        return _with_constant(maker, value, first.args[0], inner % BITS[type] + count)
    if first.op in (f"{type}.shr_u", f"{type}.shr_s") and _count(first) == count:
        value.op = f"{type}.and"
        return _with_constant(maker, value, first.args[0], _MASKS[type] << count & _MASKS[type])
    return _normal_count(maker, value, count)


@_rule("*.shr_u")
def _shr_u(maker: Maker, value: Value) -> Value | None:
    first, type, count = value.args[0], value.op[:3], _count(value)
    if count is None:
        return None
    if not count:
        return first
    possible = possible_bits(first)
    if not possible >> count:
        return maker.constant(value.type, 0)  # type: ignore[arg-type]
    inner = _inner_constant(value, value.op)
    if inner is not None:
        # Together less than the width, or nothing would have been possible.
        return _with_constant(maker, value, first.args[0], inner % BITS[type] + count)
    if first.op == f"{type}.shl" and _count(first) == count:
        value.op = f"{type}.and"
        return _with_constant(maker, value, first.args[0], _MASKS[type] >> count)
    mask = _number(first.args[1]) if first.op == f"{type}.and" else None
    if mask is not None and mask >> count == _MASKS[type] >> count:
        value.args = (first.args[0], value.args[1])
        return value
    return _normal_count(maker, value, count)


@_rule("*.shr_s")
def _shr_s(maker: Maker, value: Value) -> Value | None:
    first, type, count = value.args[0], value.op[:3], _count(value)
    if count is None:
        return None
    if not count:
        return first
    bits = BITS[type]
    if possible_bits(first) >> (bits - 1) == 0:
        return _become(value, f"{type}.shr_u", *value.args)
    if first.op == f"{type}.shl" and _count(first) == count:
        extension = f"{type}.extend{bits - count}_s"
        if extension in _EXTENDING_LOADS:
            return _become(value, extension, first.args[0])
    inner = _inner_constant(value, value.op)
    if inner is not None:
        return _with_constant(maker, value, first.args[0], min(inner % bits + count, bits - 1))
    return _normal_count(maker, value, count)


def _count(shift: Value) -> int | None:
    """How far a shift shifts, if that is constant."""
    number = _number(shift.args[1])
    return None if number is None else number % BITS[shift.op[:3]]


def _normal_count(maker: Maker, value: Value, count: int) -> Value | None:
    return None if count == value.args[1].imm else _with_constant(maker, value, value.args[0], count)


@_rule("*.rotl", "*.rotr")
def _rotate(maker: Maker, value: Value) -> Value | None:
    count = _count(value)
    if count is None:
        return None
    return _normal_count(maker, value, count) if count else value.args[0]


@_rule("*.div_u", "*.rem_u", "*.div_s", "*.rem_s")
def _divide(maker: Maker, value: Value) -> Value | None:
    first, second = value.args
    number = _number(second)
    if not number:
        return None
    type, name = value.op[:3], value.op[4:]
    if number == 1:
        return first if name[0] == "d" else maker.constant(value.type, 0)  # type: ignore[arg-type]
    if number & (number - 1) or (name[-1] == "s" and (possible_bits(first) | number) >> (BITS[type] - 1)):
        return None
    if name[0] == "r":
        value.op = f"{type}.and"
        return _with_constant(maker, value, first, number - 1)
    value.op = f"{type}.shr_u"
    return _with_constant(maker, value, first, number.bit_length() - 1)


@_rule("i32.eqz", "i64.eqz")
def _eqz(maker: Maker, value: Value) -> Value | None:
    first = value.args[0]
    op = first.op
    if op in _INVERSE:
        return _become(value, _INVERSE[op], *first.args)
    if op in ("i32.eqz", "i64.eqz") and is_boolean(first.args[0]) and first.args[0].type is value.type:
        return first.args[0]
    if op == "i64.extend_i32_u" or op == "i64.extend_i32_s":
        return _become(value, "i32.eqz", first.args[0])
    if op in (f"{value.op[:3]}.xor", f"{value.op[:3]}.sub") and first.uses == 1:
        return _become(value, f"{value.op[:3]}.eq", *first.args)
    return None


@_rule("*.eq", "*.ne")
def _equals(maker: Maker, value: Value) -> Value | None:
    first, second = value.args
    type, name = value.op[:3], value.op[4:]
    number = _number(second)
    if number is None:
        if first is second:
            return maker.constant(ValType.I32, int(name == "eq"))
        if first.op == second.op and first.op in ("i64.extend_i32_u", "i64.extend_i32_s"):
            return _become(value, f"i32.{name}", first.args[0], second.args[0])
        return None
    if number & ~possible_bits(first):
        return maker.constant(ValType.I32, int(name == "ne"))
    if type == "i32" and number <= 1 and is_boolean(first) and first.type is value.type:
        return first if (name == "eq") == bool(number) else _become(value, "i32.eqz", first)
    if number == 0 and name == "eq":
        return _become(value, f"{type}.eqz", first)
    inner = _inner_constant(value, f"{type}.add")
    if inner is not None:
        return _with_constant(maker, value, first.args[0], (number - inner) & _MASKS[type])
    if first.op == "i64.extend_i32_u":
        value.op = f"i32.{name}"
        return _with_constant(maker, value, first.args[0], number)
    if number == 0 and first.op in (f"{type}.xor", f"{type}.sub") and first.uses == 1:
        return _become(value, value.op, *first.args)
    return None


@_rule("*.lt_u", "*.gt_u", "*.le_u", "*.ge_u", "*.lt_s", "*.gt_s", "*.le_s", "*.ge_s")
def _order(maker: Maker, value: Value) -> Value | None:
    first, second = value.args
    type, name = value.op[:3], value.op[4:]
    if first is second:
        return maker.constant(ValType.I32, int(name in _HOLDS_FOR_EQUALS))
    number = _number(second)
    if number is None:
        return _become(value, MIRRORED[value.op], second, first) if first.op in _CONSTANTS else None
    if name[-1] == "s":
        return None
    if number == _MASKS[type] and name in ("gt_u", "le_u"):
        return maker.constant(ValType.I32, int(name == "le_u"))
    if number == 0 and name in ("lt_u", "ge_u"):
        return maker.constant(ValType.I32, int(name == "ge_u"))
    if (number == 0 and name == "le_u") or (number == 1 and name == "lt_u"):
        return _become(value, f"{type}.eqz", first)
    if (number == 0 and name == "gt_u") or (number == 1 and name == "ge_u"):
        value.op = f"{type}.ne"
        return _with_constant(maker, value, first, 0)
    return None


@_rule("select")
def _select(maker: Maker, value: Value) -> Value | None:
    first, second, condition = value.args
    if first is second:
        return first
    if condition.op == "i32.const":
        return first if condition.imm else second
    if condition.op == "i32.eqz" and condition.args[0].type is ValType.I32:
        value.args = (second, first, condition.args[0])
        return value
    if condition.op == "i32.ne" and _number(condition.args[1]) == 0:
        value.args = (first, second, condition.args[0])
        return value
    if value.type is ValType.I32 and condition.type is ValType.I32 and is_boolean(condition):
        numbers = (_number(first), _number(second))
        if numbers == (1, 0):
            return condition
        if numbers == (0, 1):
            return _become(value, "i32.eqz", condition)
    return None


@_rule("i32.wrap_i64")
def _wrap(maker: Maker, value: Value) -> Value | None:
    first = value.args[0]
    if first.op in ("i64.extend_i32_u", "i64.extend_i32_s"):
        return first.args[0]
    if first.op == "i64.and" and first.args[1].op == "i64.const" and first.args[1].imm & 0xFFFF_FFFF == 0xFFFF_FFFF:
        return _become(value, value.op, first.args[0])
    return None


@_rule("i64.extend_i32_s")
def _extend_i32_s(maker: Maker, value: Value) -> Value | None:
    if possible_bits(value.args[0]) >> 31 == 0:
        return _become(value, "i64.extend_i32_u", value.args[0])
    return None


@_rule(*_EXTENDING_LOADS)
def _extend(maker: Maker, value: Value) -> Value | None:
    first = value.args[0]
    bits = int(value.op[10:-2])
    if first.op == value.op or first.op == _EXTENDING_LOADS[value.op] or possible_bits(first) >> (bits - 1) == 0:
        return first
    mask = (1 << bits) - 1
    if first.op == f"{value.op[:3]}.and" and first.args[1].op in _CONSTANTS and first.args[1].imm & mask == mask:
        return _become(value, value.op, first.args[0])
    return None


@_rule("i32.reinterpret_f32", "i64.reinterpret_f64")
def _reinterpret(maker: Maker, value: Value) -> Value | None:
    # Not the other way round: what came from a float is quiet already, what came from an integer need not be.
    first = value.args[0]
    if first.op in ("f32.reinterpret_i32", "f64.reinterpret_i64"):
        return first.args[0]
    return None
