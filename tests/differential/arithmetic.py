"""Numeric instructions by exact arithmetic: integers and fractions, rounded once (specification, section 4.3).

    evaluate("f32.div", 0x3F800000, 0x40400000)      -> 0x3EAAAAAB: one third, rounded to a single
    evaluate("i32.div_s", 0x80000000, 0xFFFFFFFF)    raises Trapped("INTEGER_OVERFLOW")

Operands and results are bit patterns; a result that may be any NaN is :data:`NAN`. Shares nothing with wasmz.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Final, Union

NAN: Final = "nan"
Result = Union[int, str]


class Trapped(Exception):
    """The instruction traps; the argument is the kind."""


@dataclass(frozen=True, slots=True)
class Format:
    """A binary floating-point format of IEEE 754."""

    width: int
    fraction_bits: int

    @property
    def bias(self) -> int:
        return (1 << self.width - 2 - self.fraction_bits) - 1

    @property
    def infinity(self) -> int:
        return (1 << self.width - 1 - self.fraction_bits) - 1 << self.fraction_bits

    @property
    def sign(self) -> int:
        return 1 << self.width - 1

    def is_nan(self, bits: int) -> bool:
        return bits & ~self.sign > self.infinity

    def is_infinite(self, bits: int) -> bool:
        return bits & ~self.sign == self.infinity

    def value(self, bits: int) -> Fraction:
        """The exact value of a finite number."""
        exponent = (bits & ~self.sign) >> self.fraction_bits
        fraction = bits & (1 << self.fraction_bits) - 1
        if exponent:
            fraction |= 1 << self.fraction_bits
        magnitude = fraction * Fraction(2) ** (max(exponent, 1) - self.bias - self.fraction_bits)
        return -magnitude if bits & self.sign else magnitude

    def round(self, value: Fraction, sign_of_zero: int = 0) -> int:
        """The nearest number, ties to even; zero gets the sign given."""
        sign = self.sign if value < 0 else 0
        magnitude = abs(value)
        if not magnitude:
            return self.sign if sign_of_zero else 0
        exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
        if Fraction(2) ** exponent > magnitude:
            exponent -= 1
        # The unit in the last place, not below that of the subnormal numbers.
        unit = max(exponent, 1 - self.bias) - self.fraction_bits
        units = nearest_even(magnitude / Fraction(2) ** unit)
        if units == 2 << self.fraction_bits:
            units >>= 1
            unit += 1
        if units < 1 << self.fraction_bits:
            return sign | units
        biased = unit + self.fraction_bits + self.bias
        if biased << self.fraction_bits >= self.infinity:
            return sign | self.infinity
        return sign | biased << self.fraction_bits | units & (1 << self.fraction_bits) - 1


F32 = Format(32, 23)
F64 = Format(64, 52)
_FORMATS = {"f32": F32, "f64": F64}


def nearest_even(value: Fraction) -> int:
    """The nearest integer to a number that is not negative, ties to even."""
    whole, rest = divmod(value.numerator, value.denominator)
    twice = 2 * rest
    return whole + (twice > value.denominator or (twice == value.denominator and whole & 1))


def signed(bits: int, width: int) -> int:
    """The two's complement number that the bits stand for."""
    return bits - (1 << width) if bits >> width - 1 else bits


# Integers


def _divided(a: int, b: int) -> tuple[int, int]:
    """Quotient, rounded towards zero, and remainder."""
    quotient = abs(a) // abs(b)
    quotient = -quotient if (a < 0) != (b < 0) else quotient
    return quotient, a - quotient * b


def _integer(name: str, width: int, a: int, b: int) -> int:
    """A binary operation, or a comparison; the caller reduces the result."""
    comparisons: dict[str, Callable[[int, int], bool]] = {
        "eq": lambda x, y: x == y,
        "ne": lambda x, y: x != y,
        "lt": lambda x, y: x < y,
        "gt": lambda x, y: x > y,
        "le": lambda x, y: x <= y,
        "ge": lambda x, y: x >= y,
    }
    word, _, sign = name.partition("_")
    if sign == "s" and word != "shr":
        a, b = signed(a, width), signed(b, width)
    if word in comparisons:
        return int(comparisons[word](a, b))
    if word in ("div", "rem"):
        if b == 0:
            raise Trapped("INTEGER_DIVISION_BY_ZERO")
        quotient, remainder = _divided(a, b)
        if sign == "s" and word == "div" and quotient == 1 << width - 1:
            raise Trapped("INTEGER_OVERFLOW")
        return quotient if word == "div" else remainder
    count = b % width
    bits = f"{a:0{width}b}"
    if word == "rotl":
        return int(bits[count:] + bits[:count], 2)
    if word == "rotr":
        return int(bits[width - count :] + bits[: width - count], 2)
    if word == "shr":
        return int((bits[0] if sign == "s" else "0") * count + bits[: width - count], 2)
    if word == "shl":
        return int(bits[count:] + "0" * count, 2)
    if word in ("and", "or", "xor"):
        truth = {"and": ("11",), "or": ("11", "10", "01"), "xor": ("10", "01")}[word]
        other = f"{b:0{width}b}"
        return int("".join("01"[x + y in truth] for x, y in zip(bits, other, strict=True)), 2)
    return {"add": a + b, "sub": a - b, "mul": a * b}[word]


def _integer_unary(name: str, width: int, a: int) -> int:
    bits = f"{a:0{width}b}"
    if name == "clz":
        return len(bits) - len(bits.lstrip("0"))
    if name == "ctz":
        return len(bits) - len(bits.rstrip("0"))
    if name == "popcnt":
        return bits.count("1")
    if name == "eqz":
        return int("1" not in bits)
    size = int(name.removeprefix("extend").removesuffix("_s"))
    return signed(a % (1 << size), size)


# Floats


def _float_binary(name: str, form: Format, a: int, b: int) -> Result:
    if name == "copysign":
        return a & ~form.sign | b & form.sign
    if form.is_nan(a) or form.is_nan(b):
        return NAN
    negative = (a ^ b) & form.sign
    zero_a, zero_b = not a & ~form.sign, not b & ~form.sign
    infinite_a, infinite_b = form.is_infinite(a), form.is_infinite(b)
    if name == "sub":
        b ^= form.sign
        name, negative = "add", (a ^ b) & form.sign
    if name == "add":
        if infinite_a and infinite_b:
            return NAN if negative else a
        if infinite_a or infinite_b:
            return a if infinite_a else b
        # Of zeros, the sum is negative only if both are; an exact cancellation gives +0.
        return form.round(form.value(a) + form.value(b), sign_of_zero=a & b & form.sign)
    if name == "mul":
        if infinite_a or infinite_b:
            return NAN if zero_a or zero_b else negative | form.infinity
        return form.round(form.value(a) * form.value(b), negative) | negative
    if name == "div":
        if (infinite_a and infinite_b) or (zero_a and zero_b):
            return NAN
        if infinite_a or zero_b:
            return negative | form.infinity
        return negative if infinite_b else form.round(form.value(a) / form.value(b), negative) | negative
    # min and max: of the order in which -0 is below +0.
    ordered = sorted((a, b), key=lambda bits: _order(form, bits))
    return ordered[0] if name == "min" else ordered[1]


def _order(form: Format, bits: int) -> int:
    """A number that orders floats as their values are, with -0 below +0."""
    return -(bits & ~form.sign) - 1 if bits & form.sign else bits


def _float_comparison(name: str, form: Format, a: int, b: int) -> int:
    if form.is_nan(a) or form.is_nan(b):
        return int(name == "ne")
    x, y = (_order(form, bits) + (bits >> form.width - 1) for bits in (a, b))
    return int({"eq": x == y, "ne": x != y, "lt": x < y, "gt": x > y, "le": x <= y, "ge": x >= y}[name])


def _float_unary(name: str, form: Format, a: int) -> Result:
    sign = a & form.sign
    if name == "neg":
        return a ^ form.sign
    if name == "abs":
        return a & ~form.sign
    if form.is_nan(a):
        return NAN
    if name == "sqrt":
        if not a & ~form.sign:
            return a
        if sign:
            return NAN
        return a if form.is_infinite(a) else _square_root(form, form.value(a))
    if form.is_infinite(a):
        return a
    value = form.value(a)
    if name == "nearest":
        whole = nearest_even(abs(value)) * (-1 if value < 0 else 1)
    else:
        floor = value.numerator // value.denominator
        up = name == "ceil" or (name == "trunc" and value < 0)
        whole = floor + (up and floor != value)
    return form.round(Fraction(whole), sign) | (sign if not whole else 0)


def _square_root(form: Format, value: Fraction) -> int:
    # Scaled so that the integer root has many more digits than needed; a one stands for all the digits left out.
    numerator = value.numerator * value.denominator
    scale = 400
    root = isqrt(numerator << 2 * scale)
    exact = root * root == numerator << 2 * scale
    return form.round(Fraction(2 * root + (not exact), value.denominator << scale + 1))


# Conversions


def _truncated(name: str, width: int, form: Format, a: int) -> int:
    saturating, is_signed = "sat" in name, name.endswith("_s")
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if is_signed else (0, (1 << width) - 1)
    if form.is_nan(a):
        if saturating:
            return 0
        raise Trapped("BAD_CONVERSION_TO_INTEGER")
    if form.is_infinite(a):
        whole = low - 1 if a & form.sign else high + 1
    else:
        value = form.value(a)
        whole = abs(value.numerator) // value.denominator * (-1 if value < 0 else 1)
    if low <= whole <= high:
        return whole
    if saturating:
        return low if whole < low else high
    raise Trapped("INTEGER_OVERFLOW")


def _reformatted(source: Format, target: Format, a: int) -> Result:
    sign = target.sign if a & source.sign else 0
    if source.is_nan(a):
        return NAN
    return sign | (target.infinity if source.is_infinite(a) else target.round(abs(source.value(a))))


def evaluate(name: str, *operands: int) -> Result:
    """The result's bits, or :data:`NAN`.

    Raises:
        Trapped: with the kind of the trap.
    """
    type, _, word = name.partition(".")
    first = operands[0]
    if "reinterpret" in word:
        return first
    if word == "wrap_i64":
        return first % (1 << 32)
    if word == "demote_f64":
        return _reformatted(F64, F32, first)
    if word == "promote_f32":
        return _reformatted(F32, F64, first)
    if "convert" in word:
        width = 32 if "i32" in word else 64
        return _FORMATS[type].round(Fraction(signed(first, width) if word.endswith("_s") else first))
    if type in _FORMATS:
        form = _FORMATS[type]
        if word in ("eq", "ne", "lt", "gt", "le", "ge"):
            return _float_comparison(word, form, *operands)
        return _float_binary(word, form, *operands) if len(operands) == 2 else _float_unary(word, form, first)
    width = 32 if type == "i32" else 64
    if word.startswith("trunc"):
        return _truncated(word, width, F32 if "f32" in word else F64, first) % (1 << width)
    if word.startswith("extend_i32"):
        return (signed(first, 32) if word.endswith("_s") else first) % (1 << width)
    result = _integer(word, width, *operands) if len(operands) == 2 else _integer_unary(word, width, first)
    return result % (1 << width)
