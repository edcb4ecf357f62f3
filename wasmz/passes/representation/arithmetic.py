"""The rules of `represent.py`: how each integer operation becomes one of Python's.

i32.add, operands from 0 to 9           ->   int.add
i32.shr_u by a constant                 ->   int.shr of the operand represented as unsigned
i32.lt_s                                ->   int.lt of the operands represented as signed
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wasmz.ir.facts import LOADS, NARROW_STORES, OPS, SINGLE_ARITHMETIC, STORES, constant_of
from wasmz.ir.nodes import BOOL, Value
from wasmz.passes.analysis.intervals import (
    BITS,
    HALF,
    MODULUS,
    NUMBER_TYPES,
    Interval,
    bitwise_of,
    difference_of,
    inverse_of,
    left_shift_of,
    product_of,
    right_shift_of,
    signed_of,
    sum_of,
    unsigned_of,
)
from wasmz.passes.representation.demand import SIGNED, UNREDUCED, UNREDUCED_BITS, UNSIGNED, is_quiet_access
from wasmz.types import ValType

if TYPE_CHECKING:
    from wasmz.passes.representation.writer import Writer

Handler = Callable[["Writer", Value], None]
HANDLERS: dict[str, Handler] = {}

# Constants up to this are steps of counters and sizes of items; larger ones are multipliers and magic numbers.
_LARGEST_STEP = 1 << 16
_LARGEST_FACTOR_BITS = 29
_SMALL = 1 << 32

_WIDE_STORES = frozenset(name for name in STORES if name not in NARROW_STORES and OPS[name].type in BITS)
_SIGN_EXTENDING_LOADS = frozenset(name for name in LOADS if OPS[name].is_signed)
_WIDE_LOADS = frozenset({"i32.load", "i64.load"})


def _handles(*names: str) -> Callable[[Handler], Handler]:
    """Registers a rule for operations; ``*.add`` stands for both types' operation."""

    def register(handler: Handler) -> Handler:
        for name in names:
            for op in (f"i32{name[1:]}", f"i64{name[1:]}") if name.startswith("*") else (name,):
                HANDLERS[op] = handler
        return handler

    return register


def _signed(type: str, number: int) -> int:
    return number - MODULUS[type] if number >= HALF[type] else number


@_handles("*.add")
def _add(r: Writer, value: Value) -> None:
    first, second = value.args
    op = OPS[value.op]
    constant = constant_of(second)
    if constant is None:
        bounds = sum_of(r.interval(first), r.interval(second))
        r.define(value, "int.add", (first.note.value, second.note.value), *bounds)
    elif not constant:
        _same(r, value, first)
    else:
        low, high = sum_of(r.interval(first), (constant, constant))
        if constant >= op.sign and not (low >= 0 and high <= op.mask):
            constant -= op.mask + 1
        bounds = sum_of(r.interval(first), (constant, constant))
        r.define(value, "int.add", (first.note.value, r.constant(second.type, constant)), *bounds)


@_handles("*.sub")
def _sub(r: Writer, value: Value) -> None:
    first, second = value.args
    if constant_of(first) == 0:
        r.define(value, "int.neg", (second.note.value,), *difference_of((0, 0), r.interval(second)))
        return
    constant = constant_of(second)
    if constant is None:
        bounds = difference_of(r.interval(first), r.interval(second))
        r.define(value, "int.sub", (first.note.value, second.note.value), *bounds)
    else:
        constant = _signed(OPS[value.op].type, constant)
        bounds = difference_of(r.interval(first), (constant, constant))
        r.define(value, "int.sub", (first.note.value, r.constant(second.type, constant)), *bounds)


@_handles("*.mul")
def _mul(r: Writer, value: Value) -> None:
    first, second = value.args
    type = OPS[value.op].type
    constant = constant_of(second)
    one, other = r.interval(first), r.interval(second)
    operand, factor = first.note.value, second.note.value
    if constant is not None:
        number = _signed(type, constant) if constant > MODULUS[type] - _LARGEST_STEP else constant
        factor, other = r.constant(second.type, number), (number, number)
    if _bits_of(one) + _bits_of(other) > UNREDUCED_BITS[type]:
        # Reduces the larger operand; otherwise products could grow without bound.
        if constant is not None or _bits_of(one) >= _bits_of(other):
            operand, one = r.as_unsigned(first), unsigned_of(first.fact)
        else:
            factor, other = r.as_unsigned(second), unsigned_of(second.fact)
    r.define(value, "int.mul", (operand, factor), *product_of(one, other))


def _bits_of(interval: Interval) -> int:
    """The largest number of bits of numbers between two bounds."""
    low, high = interval
    return max(low.bit_length(), high.bit_length())


@_handles("i64.mul_high_u")
def _mul_high(r: Writer, value: Value) -> None:
    first, second = value.args
    product = r.add("int.mul", ValType.I64, (r.as_unsigned(first), r.as_unsigned(second)))
    r.become(value, "int.shr", (product, r.constant(ValType.I64, 64)), UNSIGNED)


@_handles("*.and")
def _and(r: Writer, value: Value) -> None:
    first, second = value.args
    mask = constant_of(second)
    one = low, high = r.interval(first)
    if mask is not None:
        if low >= 0 and high <= mask and not mask & (mask + 1):
            _same(r, value, first)
        else:
            r.become(value, "int.and", (first.note.value, second.note.value), UNSIGNED)
        return
    other = other_low, other_high = r.interval(second)
    largest = OPS[value.op].mask
    if (low >= 0 and high <= largest) or (other_low >= 0 and other_high <= largest):
        # The other operand may be unreduced: this one is reduced and not negative, and masks it.
        r.become(value, "int.and", (first.note.value, second.note.value), UNSIGNED)
    elif UNREDUCED not in (first.note.form, second.note.form):
        bits = max(_bits_of(one), _bits_of(other))
        r.define(value, "int.and", (first.note.value, second.note.value), -(1 << bits), (1 << bits) - 1)
    else:
        r.become(value, "int.and", (r.as_unsigned(first), second.note.value), UNSIGNED)


@_handles("*.or", "*.xor")
def _or(r: Writer, value: Value) -> None:
    first, second = value.args
    op = OPS[value.op]
    constant = constant_of(second)
    one, other = r.interval(first), r.interval(second)
    is_signed = first.note.form == SIGNED
    if constant == op.mask and op.kind == "xor":
        demand = value.note
        if first in r.hashes and one[0] >= 0:
            # CPython's operations on negative numbers of more than one digit take 10 ns more.
            r.define(value, "int.xor", (first.note.value, second.note.value), *bitwise_of(one, other))
        elif is_signed or not (demand.unsigned or demand.signed or demand.canonical or demand.address):
            r.define(value, "int.not", (first.note.value,), *inverse_of(one))
        else:
            r.become(value, "int.xor", (r.as_unsigned(first), second.note.value), UNSIGNED)
        return
    operand = second.note.value
    if constant is not None and one[0] < 0 and is_signed:
        number = _signed(op.type, constant)
        operand, other = r.constant(second.type, number), (number, number)
    r.define(value, f"int.{op.kind}", (first.note.value, operand), *bitwise_of(one, other))


def _shift_count(r: Writer, value: Value) -> tuple[Value, Interval]:
    """The count of a shift, reduced to the width, and its bounds."""
    bits = OPS[value.op].bits
    count = value.args[1]
    constant = constant_of(count)
    if constant is not None:
        constant %= bits
        return r.constant(count.type, constant), (constant, constant)
    low, high = unsigned_of(count.fact)
    if high < bits:
        return r.as_unsigned(count), (low, high)
    return r.add("int.and", count.type, (count.note.value, r.constant(count.type, bits - 1))), (0, bits - 1)


@_handles("*.shl")
def _shl(r: Writer, value: Value) -> None:
    first = value.args[0]
    count, places = _shift_count(r, value)
    one = r.interval(first)
    operand = first.note.value
    if _bits_of(one) > OPS[value.op].bits + 1:
        operand, one = r.as_unsigned(first), unsigned_of(first.fact)
    (low, high), (least, most) = one, places
    op = "int.shl"
    if least == most <= _LARGEST_FACTOR_BITS and low >= -_SMALL and high <= _SMALL:
        # CPython has a fast path for products of small ints, but none for shifts (16 against 22 ns).
        op, count = "int.mul", r.constant(value.type, 1 << least)
    r.define(value, op, (operand, count), *left_shift_of(one, places))


@_handles("*.shr_u")
def _shr_u(r: Writer, value: Value) -> None:
    count, _ = _shift_count(r, value)
    r.become(value, "int.shr", (r.as_unsigned(value.args[0]), count), UNSIGNED)


@_handles("*.shr_s")
def _shr_s(r: Writer, value: Value) -> None:
    first = value.args[0]
    count, places = _shift_count(r, value)
    bounds = right_shift_of(signed_of(first.fact), places)
    r.define(value, "int.shr", (r.as_signed(first), count), *bounds)


@_handles("*.rotl", "*.rotr")
def _rotate(r: Writer, value: Value) -> None:
    # A product with 2^width + 1 has the value twice in a row; shifted, it contains any rotation of it.
    first, count = value.args
    op = OPS[value.op]
    type, bits = op.type, op.bits
    constant = constant_of(count)
    twice = r.add("int.mul", value.type, (r.as_unsigned(first), r.constant(value.type, MODULUS[type] + 1)))
    if constant is not None:
        right = constant % bits if op.kind == "rotr" else -constant % bits
        places = r.constant(value.type, right)
        r.define(value, "int.shr", (twice, places), 0, (1 << (2 * bits - right)) - 1)
        return
    places = count.note.value
    if op.kind == "rotl":
        places = r.add("int.neg", value.type, (places,))
    places = r.add("int.and", value.type, (places, r.constant(value.type, bits - 1)))
    r.define(value, "int.shr", (twice, places), 0, (1 << 2 * bits) - 1)


@_handles("*.div_u", "*.rem_u")
def _divide(r: Writer, value: Value) -> None:
    op = "int.floordiv" if OPS[value.op].kind.startswith("div") else "int.mod"
    r.become(value, op, tuple(r.as_unsigned(arg) for arg in value.args), UNSIGNED)


@_handles("*.div_s", "*.rem_s")
def _divide_signed(r: Writer, value: Value) -> None:
    first, second = value.args
    type = OPS[value.op].type
    if first.fact[2] >= 0 and second.fact[2] >= 0:
        _divide(r, value)
        return
    constant = constant_of(second)
    if constant is None or not 1 < constant < HALF[type]:
        r.keep(value)
        return
    _, _, low, high = first.fact
    is_quotient = OPS[value.op].kind == "div_s"
    op = "int.quotient" if is_quotient else "int.remainder"
    reach = max(-low, high) // constant if is_quotient else constant - 1
    r.define(value, op, (r.as_signed(first), second.note.value), -reach, reach)


@_handles("*.extend8_s", "*.extend16_s", "i64.extend32_s")
def _extend(r: Writer, value: Value) -> None:
    first = value.args[0]
    bits = OPS[value.op].narrow
    half = 1 << (bits - 1)
    fact = first.fact
    if fact[2] >= -half and fact[3] < half and first.note.form != UNREDUCED:
        _same(r, value, first)
        return
    low, high = r.interval(first)
    operand = first.note.value
    if low < 0 or high >= 2 * half:
        operand = r.add("int.and", value.type, (operand, r.constant(value.type, 2 * half - 1)))
    r.define(value, "int.sign", (operand,), -half, half - 1, imm=bits)


def _same(r: Writer, value: Value, other: Value) -> None:
    """Makes the value an alias of another."""
    represented = other.note
    if represented.form == UNREDUCED:
        demand = value.note
        if demand.unsigned or demand.signed or demand.canonical or demand.address:
            r.alias(value, r.as_unsigned(other), UNSIGNED)
            return
    r.alias(value, represented.value, represented.form, represented.low, represented.high)


@_handles("copy")
def _copy(r: Writer, value: Value) -> None:
    other = value.args[0]
    if value.type in NUMBER_TYPES:
        _same(r, value, other)
    else:
        r.alias(value, other.note.value, UNSIGNED)


@_handles("i64.extend_i32_s")
def _extend_i32_s(r: Writer, value: Value) -> None:
    first = value.args[0]
    r.alias(value, r.as_signed(first), UNSIGNED if first.fact[2] >= 0 else SIGNED)


@_handles("i64.extend_i32_u")
def _extend_i32_u(r: Writer, value: Value) -> None:
    r.alias(value, r.as_unsigned(value.args[0]), UNSIGNED)


@_handles("i32.wrap_i64")
def _wrap(r: Writer, value: Value) -> None:
    first = value.args[0]
    low, high = r.interval(first)
    if low >= 0 and high < MODULUS["i32"]:
        r.alias(value, first.note.value, UNSIGNED)
    elif low >= -HALF["i32"] and high < HALF["i32"]:
        r.alias(value, first.note.value, SIGNED)
    else:
        demand = value.note
        if not (demand.unsigned or demand.signed or demand.canonical or demand.address):
            r.alias(value, first.note.value, UNREDUCED, low, high)
        else:
            r.become(value, "int.wrap", (first.note.value,), UNSIGNED, 32)


# Comparisons


def _is_free(r: Writer, arg: Value, form: int) -> bool:
    """Whether a value needs no conversion to a form."""
    represented = arg.note
    if represented.form == form or constant_of(arg) is not None:
        return True
    if represented.form == UNREDUCED:
        return False
    return arg.fact[2] >= 0


def _alike(r: Writer, args: tuple[Value, ...]) -> tuple[tuple[Value, ...], int]:
    """Operands in the same form: the one that costs less."""
    form = UNSIGNED
    if not all(_is_free(r, arg, UNSIGNED) for arg in args) and all(_is_free(r, arg, SIGNED) for arg in args):
        form = SIGNED
    read = r.as_signed if form == SIGNED else r.as_unsigned
    return tuple([read(arg) for arg in args]), form


@_handles("*.eq", "*.ne")
def _equal(r: Writer, value: Value) -> None:
    args, _ = _alike(r, value.args)
    r.become(value, f"int.{OPS[value.op].compares}", args, UNSIGNED)


@_handles("*.lt_u", "*.gt_u", "*.le_u", "*.ge_u")
def _compare_unsigned(r: Writer, value: Value) -> None:
    r.become(value, f"int.{OPS[value.op].compares}", tuple([r.as_unsigned(arg) for arg in value.args]), UNSIGNED)


@_handles("*.lt_s", "*.gt_s", "*.le_s", "*.ge_s")
def _compare_signed(r: Writer, value: Value) -> None:
    first, second = value.args
    costly = [arg for arg in value.args if not _is_free(r, arg, SIGNED)]
    if costly == [first] and _tests_sign(value, second):
        r.keep(value)
        return
    if value.type is BOOL and value not in r.selecting:
        # A branch on two unsigned numbers first tests whether both are small, which costs less than a conversion. So
        # does one on a number and a small constant, unless other uses need the conversion, too.
        constant = constant_of(second)
        is_small = constant is not None and 0 < constant < _LARGEST_STEP and first.note.signed == 1
        if len(costly) == 2 or (costly == [first] and is_small):
            r.keep(value)
            return
    r.become(value, f"int.{OPS[value.op].compares}", (r.as_signed(first), r.as_signed(second)), UNSIGNED)


def _tests_sign(value: Value, second: Value) -> bool:
    """Whether the comparison is equivalent to one of an unsigned number with 2^31."""
    constant = constant_of(second)
    op = OPS[value.op]
    if constant == 0:
        return op.compares in ("lt", "ge")
    return constant == op.mask and op.compares in ("gt", "le")


@_handles("*.eqz")
def _eqz(r: Writer, value: Value) -> None:
    r.become(value, value.op, (r.truth(value.args[0]),), UNSIGNED)


@_handles("select")
def _select(r: Writer, value: Value) -> None:
    first, second, condition = value.args
    if value.type not in NUMBER_TYPES:
        r.become(value, "select", (r.plain(first), r.plain(second), r.truth(condition)), UNSIGNED)
        return
    arms, form = _alike(r, (first, second))
    r.become(value, "select", (*arms, r.truth(condition)), form)


# Memory


def _load(r: Writer, value: Value) -> None:
    op, form = value.op, UNSIGNED
    if op in _SIGN_EXTENDING_LOADS:
        op, form = op + ".signed", SIGNED
    elif op in _WIDE_LOADS:
        demand = value.note
        if demand.signed > demand.unsigned + demand.address:
            op, form = op + ".signed", SIGNED
    elif op == "f32.load" and is_quiet_access(value, r.float_uses):
        op += ".quieting"
    address, imm, is_certain = _access(r, value)
    r.become(value, op if is_certain else op + ".loose", (address,), form, imm)


def _access(r: Writer, value: Value) -> tuple[Value, tuple[int, ...], bool]:
    """The index of an access, the immediate with the added constant and the factor, and whether that is exact."""
    address = value.args[0]
    if value.op in _SINGLES and not is_quiet_access(value, r.float_uses):
        return r.as_unsigned(address), value.imm, True
    alignment, offset, memory = value.imm
    index, added, scale, is_certain = r.address(address, offset)
    if is_certain and scale == 1:
        return index, (alignment, offset + added, memory), True
    return index, (alignment, offset, memory, added, scale), is_certain


_SINGLES = frozenset({"f32.load", "f32.store"})


def _store(r: Writer, value: Value) -> None:
    stored = value.args[1]
    op = value.op
    if op in _WIDE_STORES:
        new = r.canonical(stored)
        if stored.note.form == SIGNED and stored.fact[2] < 0:
            op += ".signed"
    elif op in NARROW_STORES:
        bits = NARROW_STORES[op]
        low, high = r.interval(stored)
        new = stored.note.value
        if low >= 0 and high < 1 << bits:
            op += ".fits"
        elif low >= -1 << (bits - 1) and high < 1 << (bits - 1):
            op += ".signed"
        else:
            new = r.add("int.and", stored.type, (new, r.constant(stored.type, (1 << bits) - 1)))
            op += ".fits"
    else:
        new = r.plain(stored)
        if op == "f32.store" and is_quiet_access(value, r.float_uses):
            op += ".quiet"
    address, imm, is_certain = _access(r, value)
    r.become(value, op if is_certain else op + ".loose", (address, new), UNSIGNED, imm)


HANDLERS |= dict.fromkeys(LOADS, _load) | dict.fromkeys(STORES, _store)


# Floats


@_handles("f64.convert_i32_s", "f64.convert_i64_s")
def _to_float_signed(r: Writer, value: Value) -> None:
    r.become(value, "int.to_float", (r.as_signed(value.args[0]),), UNSIGNED)


@_handles("f64.convert_i32_u", "f64.convert_i64_u")
def _to_float(r: Writer, value: Value) -> None:
    r.become(value, "int.to_float", (r.as_unsigned(value.args[0]),), UNSIGNED)


@_handles("f32.convert_i32_s", "f32.convert_i32_u", "f32.convert_i64_s", "f32.convert_i64_u")
def _to_single(r: Writer, value: Value) -> None:
    first = value.args[0]
    fact = first.fact
    is_signed = OPS[value.op].is_signed
    low, high = fact[2:] if is_signed else fact[:2]
    if max(-low, high) > _LARGEST_EXACT_DOUBLE:
        r.keep(value)
        return
    number = r.as_signed(first) if is_signed else r.as_unsigned(first)
    if max(-low, high) <= _LARGEST_EXACT_SINGLE or r.float_uses.get(value) == {"f32.store"}:
        # The store does the rounding.
        r.become(value, "int.to_float", (number,), UNSIGNED)
    else:
        double = r.add("int.to_float", ValType.F64, (number,))
        r.become(value, "f32.demote_f64", (double,), UNSIGNED)


# All ints up to this are exact as singles, and up to the next one as doubles: they are rounded only once.
_LARGEST_EXACT_SINGLE = 1 << 24
_LARGEST_EXACT_DOUBLE = 1 << 53


@_handles(*SINGLE_ARITHMETIC)
def _single(r: Writer, value: Value) -> None:
    op = value.op + ".unrounded" if r.float_uses.get(value) == {"f32.store"} else value.op
    r.become(value, op, tuple([r.plain(arg) for arg in value.args]), UNSIGNED)
