"""Numbers and strings: exact to the bit, against independent arithmetic and wasmtime's parser."""

from __future__ import annotations

import math
import random
import struct
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wasmz.text import assemble
from wasmz.text.reading.literals import (
    OutOfRange,
    float_bits,
    integer,
    integer_bits,
    is_string,
    string_bytes,
    unsigned,
)
from wasmz.text.writing.literals import float_text
from wasmz.text.writing.names import identifier, quoted, quoted_bytes

_FORMATS = {32: (23, 127), 64: (52, 1023)}


def nearest(value: Fraction, bits: int) -> int | None:
    """The bits of the number nearest to a fraction, ties to even, by search among all; ``None`` beyond the largest."""
    fraction, bias = _FORMATS[bits]

    def number(index: int) -> Fraction:
        exponent, mantissa = index >> fraction, index & ((1 << fraction) - 1)
        if exponent:
            mantissa += 1 << fraction
        return mantissa * Fraction(2) ** (max(exponent, 1) - bias - fraction)

    magnitude = abs(value)
    low, high = 0, (2 * bias + 1) << fraction
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if number(middle) <= magnitude else (low, middle)
    below, above = magnitude - number(low), number(high) - magnitude
    found = high if above < below or (above == below and low & 1) else low
    if found >> fraction == 2 * bias + 1:
        return None
    return found | (value < 0) << (bits - 1)


def read(token: str, bits: int) -> int | None:
    """The bits that we read; ``None`` beyond the largest number."""
    try:
        return float_bits(token, bits)
    except OutOfRange:
        return None


@st.composite
def decimals(draw: st.DrawFn) -> str:
    """Decimal numbers, many of them next to where rounding changes."""
    bits = draw(st.integers(0, 0x7F7FFFFF))
    (value,) = struct.unpack("<f", struct.pack("<I", bits))
    (above,) = struct.unpack("<f", struct.pack("<I", bits + 1))
    if math.isinf(above) or draw(st.booleans()):
        return draw(st.from_regex(r"[0-9]{1,25}(\.[0-9]{0,25})?([eE][+-]?[0-9]{1,2})?", fullmatch=True))
    # Exactly half-way, and a little more or less.
    half = (Fraction(value) + Fraction(above)) / 2
    digits = 160
    scaled = half * 10**digits
    assert scaled.denominator == 1
    return f"{scaled.numerator + draw(st.sampled_from((-1, 0, 1)))}e-{digits}"


@settings(deadline=None)
@given(decimals(), st.sampled_from((32, 64)))
@example("16777217.000000000000000000001", 32)
@example("7.0064923216240853546186479164495806564013097093825788587853e-46", 32)
@example("7.0064923216240853546186479164495806564013097093825788587854e-46", 32)
@example("340282356779733661637539395458142568448", 32)
@example("340282356779733661637539395458142568447.9999999", 32)
@example("179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207", 64)
def test_decimal_numbers(token: str, bits: int) -> None:
    mantissa, _, exponent = token.lower().partition("e")
    whole, _, part = mantissa.partition(".")
    value = Fraction(int(whole + part)) * Fraction(10) ** (int(exponent or 0) - len(part))
    assert read(token, bits) == nearest(value, bits)


@settings(deadline=None)
@given(
    st.from_regex(r"[0-9a-f]{1,40}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{0,40}", fullmatch=True),
    st.integers(-1200, 1200),
    st.sampled_from((32, 64)),
)
@example("1", "000001", 0, 32)
@example("1", "0000011", 0, 32)
@example("1", "fffffe8", 127, 32)
@example("0", "000000000000000000000000000001", -30, 32)
def test_hexadecimal_numbers(whole: str, part: str, exponent: int, bits: int) -> None:
    value = Fraction(int(whole + part, 16)) * Fraction(2) ** (exponent - 4 * len(part))
    assert read(f"0x{whole}.{part}p{exponent}", bits) == nearest(value, bits)
    assert read(f"-0x{whole}.{part}P{exponent:+}", bits) == (
        None if nearest(value, bits) is None else (nearest(value, bits) or 0) | 1 << (bits - 1)
    )


@given(st.integers(0, 2**64 - 1))
@example(0)
@example(1 << 63)
@example(0x7FF0_0000_0000_0000)
@example(0x7FF8_0000_0000_0000)
@example(0xFFF0_0000_0000_0001)
def test_what_is_printed_reads_back(bits: int) -> None:
    assert float_bits(float_text(bits, 64), 64) == bits
    assert float_bits(float_text(bits & 0xFFFFFFFF, 32), 32) == bits & 0xFFFFFFFF
    assert float_bits(float_text(bits >> 32, 32), 32) == bits >> 32


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        (0x3DCCCCCD, "0.1"),
        (0x40490FDB, "3.1415927"),
        (0x7F7FFFFF, "3.4028235e+38"),
        (1, "1e-45"),
        (0x3F800000, "1"),
        (0x80000000, "-0"),
        (0x7F800000, "inf"),
        (0xFFC00000, "-nan"),
        (0x7FA00000, "nan:0x200000"),
    ],
)
def test_singles_are_printed_short(bits: int, text: str) -> None:
    assert float_text(bits, 32) == text


@pytest.mark.parametrize(
    ("token", "bits", "expected"),
    [
        ("nan", 32, 0x7FC00000),
        ("-nan:0x1", 32, 0xFF800001),
        ("+nan:0x7f_ffff", 32, 0x7FFFFFFF),
        ("nan:0xf_ffff_ffff_ffff", 64, 0x7FFFFFFFFFFFFFFF),
        ("+inf", 64, 0x7FF0000000000000),
        ("1_000.5e-0_1", 64, 0x4059033333333333),
        ("1e999999999999999999999", 64, None),
        ("1e-999999999999999999999", 64, 0),
        ("0e999999999999999999999", 32, 0),
        ("0x1p999999999999999999999", 64, None),
        ("0x1p-999999999999999999999", 32, 0),
        ("0x0p999999999999999999999", 64, 0),
        ("nan:0x0", 32, None),
        ("nan:0x80_0000", 32, None),
    ],
)
def test_special_numbers(token: str, bits: int, expected: int | None) -> None:
    assert read(token, bits) == expected


@pytest.mark.parametrize(
    "token", ["", "1_", "_1", "1__0", "0x", "0x1p", "1e", ".5", "0x.5", "+-1", "nan:1", "infinity", "0x1.g"]
)
def test_what_is_no_number(token: str) -> None:
    assert float_bits(token, 64) is None and integer(token) is None


@given(st.integers(-(2**64), 2**65), st.sampled_from((8, 16, 32, 64)), st.booleans())
def test_integers(value: int, bits: int, is_hexadecimal: bool) -> None:
    token = f"{'-' * (value < 0)}{abs(value):#x}" if is_hexadecimal else str(value)
    if -(1 << bits - 1) <= value < 1 << bits:
        assert integer_bits(token, bits) == value & (1 << bits) - 1
    else:
        with pytest.raises(OutOfRange, match=f"i{bits} constant out of range"):
            integer_bits(token, bits)


def test_long_numbers_take_no_time() -> None:
    """Not even those that Python refuses to convert."""
    zeros = "0" * 300_000
    assert integer(f"{zeros}17") == 17
    assert integer_bits(f"0x{zeros}_17", 32) == 23
    assert float_bits(f"{zeros}.{zeros}1", 32) == 0
    assert float_bits(f"0x{zeros}1.{zeros}1p0", 32) == 0x3F800000
    with pytest.raises(OutOfRange):
        unsigned("9" * 300_000, 32)


@given(st.binary(max_size=60), st.text(max_size=30))
def test_strings(data: bytes, text: str) -> None:
    written = [string_bytes(token) for token in quoted_bytes(data, 20)]
    assert b"".join(written) == data
    assert string_bytes(quoted(data)) == data
    assert string_bytes(quoted(text.encode())).decode() == text
    if text:
        module = assemble(f"(module (func {identifier(text)}) (start {identifier(text)}))")
        assert text.encode() in module


@pytest.mark.parametrize(
    ("token", "content"),
    [
        (r'"\t\n\r\"\'\\"', b"\t\n\r\"'\\"),
        (r'"\00\fF\u{1F4a9}"', b"\0\xff\xf0\x9f\x92\xa9"),
        (r'"\u{0000000000_7a}"', b"z"),
        ('"ä"', "ä".encode()),
    ],
)
def test_escapes(token: str, content: bytes) -> None:
    assert is_string(token) and string_bytes(token) == content


@pytest.mark.parametrize("token", ['"', '"a', '"\\"', '"\\z"', '"\\0"', '"\n"', '"a""b"', '"\\u{}"', '"\\u{_1}"', "a"])
def test_what_is_no_string(token: str) -> None:
    assert not is_string(token)


def test_wasmtime_reads_the_same_bits() -> None:
    wasmtime = pytest.importorskip("wasmtime")
    chosen = random.Random(7)
    constants = []
    for _ in range(400):
        digits = "".join(chosen.choices("0123456789", k=chosen.randrange(1, 30)))
        constants.append(f"f32.const 0.{digits}e{chosen.randrange(-50, 38)}")
        constants.append(f"f64.const 0.{digits}e{chosen.randrange(-330, 300)}")
        hexadecimal = f"0x{chosen.randrange(1, 1 << 80):x}.{chosen.getrandbits(60):x}p{chosen.randrange(-170, 40)}"
        constants += [f"f32.const {hexadecimal}", f"f64.const -{hexadecimal}"]
    text = f"(module (func {' '.join(f'({constant}) drop' for constant in constants)}))"
    assert assemble(text) == bytes(wasmtime.wat2wasm(text))
