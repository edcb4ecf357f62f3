"""Numeric helpers against independent arithmetic: Python integers, fractions, and numpy's single precision."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wasmz.errors import Trap, TrapCode
from wasmz.runtime.numeric import bits
from wasmz.runtime.numeric.conversions import HELPERS as CONVERSIONS
from wasmz.runtime.numeric.floats import HELPERS as FLOATS
from wasmz.runtime.numeric.integers import HELPERS as INTEGERS

HELPERS = {**INTEGERS, **FLOATS, **CONVERSIONS}

WIDTHS = {"i32": 32, "i64": 64}
EDGES = [0, 1, 2, 7, 31, 32, 33, 63, 64, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1]
EDGES_64 = [*EDGES, 2**32, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]

integers = {
    "i32": st.sampled_from(EDGES) | st.integers(0, 2**32 - 1),
    "i64": st.sampled_from(EDGES_64) | st.integers(0, 2**64 - 1),
}
few = settings(max_examples=60, deadline=None)


def signed(value: int, width: int) -> int:
    return value - (1 << width) if value >> (width - 1) else value


def outcome(function: Callable[..., Any], *args: Any) -> Any:
    """The result, or the reason of the trap."""
    try:
        return function(*args)
    except Trap as trap:
        return trap.code
    except ZeroDivisionError:
        return TrapCode.INTEGER_DIVISION_BY_ZERO


def reference_integer(name: str, width: int, a: int, b: int) -> Any:
    """Integer instructions by the specification's formulas (4.3.2), on exact integers."""
    modulus = 1 << width
    x, y, k = signed(a, width), signed(b, width), b % width
    if name in ("div_s", "div_u", "rem_s", "rem_u"):
        if b == 0:
            return TrapCode.INTEGER_DIVISION_BY_ZERO
        n, d = (x, y) if name.endswith("s") else (a, b)
        quotient = math.trunc(Fraction(n, d))
        if name == "div_s" and quotient == modulus // 2:
            return TrapCode.INTEGER_OVERFLOW
        return (quotient if name.startswith("div") else n - d * quotient) % modulus
    pattern = f"{a:0{width}b}"
    return {
        "add": lambda: (a + b) % modulus,
        "sub": lambda: (a - b) % modulus,
        "mul": lambda: a * b % modulus,
        "and": lambda: a & b,
        "or": lambda: a | b,
        "xor": lambda: a ^ b,
        "shl": lambda: a * 2**k % modulus,
        "shr_u": lambda: a // 2**k,
        "shr_s": lambda: math.floor(Fraction(x, 2**k)) % modulus,
        "rotl": lambda: int(pattern[k:] + pattern[:k], 2),
        "rotr": lambda: int(pattern[width - k :] + pattern[: width - k], 2),
        "eq": lambda: int(a == b),
        "ne": lambda: int(a != b),
        "lt_s": lambda: int(x < y),
        "lt_u": lambda: int(a < b),
        "gt_s": lambda: int(x > y),
        "gt_u": lambda: int(a > b),
        "le_s": lambda: int(x <= y),
        "le_u": lambda: int(a <= b),
        "ge_s": lambda: int(x >= y),
        "ge_u": lambda: int(a >= b),
    }[name]()


BINARY = [
    "add",
    "sub",
    "mul",
    "div_s",
    "div_u",
    "rem_s",
    "rem_u",
    "and",
    "or",
    "xor",
    "shl",
    "shr_s",
    "shr_u",
    "rotl",
    "rotr",
    "eq",
    "ne",
] + [f"{name}_{sign}" for name in ("lt", "gt", "le", "ge") for sign in "su"]


@pytest.mark.parametrize("type", WIDTHS)
@pytest.mark.parametrize("name", BINARY)
def test_integer_binary(type: str, name: str) -> None:
    width = WIDTHS[type]

    @few
    @given(integers[type], integers[type])
    @example(1 << (width - 1), (1 << width) - 1)
    @example(5, 0)
    def check(a: int, b: int) -> None:
        result = outcome(HELPERS[f"{type}_{name}"], a, b)
        assert result == reference_integer(name, width, a, b)
        assert type_of(result) in (int, TrapCode)

    check()


def type_of(value: object) -> type:
    return value.__class__


@pytest.mark.parametrize("type", WIDTHS)
def test_integer_unary(type: str) -> None:
    width = WIDTHS[type]

    @few
    @given(integers[type])
    def check(a: int) -> None:
        pattern = f"{a:0{width}b}"
        assert HELPERS[f"{type}_clz"](a) == len(pattern) - len(pattern.lstrip("0"))
        assert HELPERS[f"{type}_ctz"](a) == len(pattern) - len(pattern.rstrip("0"))
        assert HELPERS[f"{type}_popcnt"](a) == pattern.count("1")
        assert HELPERS[f"{type}_eqz"](a) == int("1" not in pattern)
        for part in (8, 16, 32):
            if part < width:
                assert HELPERS[f"{type}_extend{part}_s"](a) == signed(a % 2**part, part) % 2**width

    check()


@few
@given(integers["i64"])
def test_integer_widths(a: int) -> None:
    assert HELPERS["i32_wrap_i64"](a) == a % 2**32
    low = a % 2**32
    assert HELPERS["i64_extend_i32_u"](low) == low
    assert HELPERS["i64_extend_i32_s"](low) == signed(low, 32) % 2**64


# Floats: numpy computes in the precision of its operands, by the hardware.


def to_single(value: float) -> float:
    """The nearest single; ``OverflowError`` if that is an infinity."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


FLOATS = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -1.5, 0.1, 1e-45, 3.4028235e38, 1e300, -1e300, math.inf, -math.inf, math.nan]
doubles = st.sampled_from(FLOATS) | st.floats() | st.integers(-(2**70), 2**70).map(float)
singles = st.integers(0, 2**32 - 1).map(lambda pattern: struct.unpack("<f", struct.pack("<I", pattern))[0]) | (
    st.sampled_from([value for value in FLOATS if not 1e290 < abs(value) < math.inf]).map(to_single)
)
values_of = {"f32": singles, "f64": doubles}


def same(type: str, result: float, expected: float) -> bool:
    """Equal to the bit; any NaN has to be a quiet one."""
    if math.isnan(expected):
        quiet = 0x7FC0_0000 if type == "f32" else 0x7FF8_0000_0000_0000
        pattern = bits.f32_bits(result) if type == "f32" else bits.f64_bits(result)
        return pattern & quiet == quiet
    return struct.pack("<d", result) == struct.pack("<d", expected)


def by_numpy(name: str, type: str, *args: float) -> float:
    """What numpy's function of that name gives in the precision of a type; skips the test where numpy is missing."""
    numpy = pytest.importorskip("numpy", reason="it is compiled code")
    number = numpy.float32 if type == "f32" else numpy.float64
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        return float(getattr(numpy, name)(*map(number, args)))


def reference_extreme(is_min: bool, a: float, b: float) -> float:
    if math.isnan(a) or math.isnan(b):
        return math.nan

    # -0.0 is less than 0.0.
    def key(value: float) -> tuple[float, float]:
        return value, math.copysign(1, value)

    return min(a, b, key=key) if is_min else max(a, b, key=key)


@pytest.mark.parametrize("type", ["f32", "f64"])
def test_float_arithmetic(type: str) -> None:
    operators = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide"}

    @settings(max_examples=150, deadline=None)
    @given(values_of[type], values_of[type])
    def check(a: float, b: float) -> None:
        for name, operator in operators.items():
            assert same(type, HELPERS[f"{type}_{name}"](a, b), by_numpy(operator, type, a, b)), name
        assert same(type, HELPERS[f"{type}_min"](a, b), reference_extreme(True, a, b))
        assert same(type, HELPERS[f"{type}_max"](a, b), reference_extreme(False, a, b))
        for name, relation in (
            ("eq", a == b),
            ("ne", a != b),
            ("lt", a < b),
            ("gt", a > b),
            ("le", a <= b),
            ("ge", a >= b),
        ):
            assert HELPERS[f"{type}_{name}"](a, b) == int(relation)

    check()


@pytest.mark.parametrize("type", ["f32", "f64"])
def test_float_rounding(type: str) -> None:
    functions = {"sqrt": "sqrt", "ceil": "ceil", "floor": "floor", "trunc": "trunc", "nearest": "rint"}

    @settings(max_examples=150, deadline=None)
    @given(values_of[type])
    def check(a: float) -> None:
        for name, function in functions.items():
            assert same(type, HELPERS[f"{type}_{name}"](a), by_numpy(function, type, a)), name

    check()


@few
@given(st.integers(0, 2**32 - 1) | st.sampled_from([0x7F80_0001, 0x7FA0_0000, 0xFFBF_FFFF, 0x7FC0_0000, 0xFF80_0000]))
def test_single_bits_are_exact(pattern: int) -> None:
    value = bits.f32_from_bits(pattern)
    assert bits.f32_bits(value) == pattern
    assert bits.f32_bits(HELPERS["f32_neg"](value)) == pattern ^ 0x8000_0000
    assert bits.f32_bits(HELPERS["f32_abs"](value)) == pattern & 0x7FFF_FFFF
    assert bits.f32_bits(HELPERS["f32_copysign"](value, -1.0)) == pattern | 0x8000_0000
    if pattern & 0x7FFF_FFFF <= 0x7F80_0000:
        assert value == struct.unpack("<f", struct.pack("<I", pattern))[0]


@few
@given(st.integers(0, 2**64 - 1) | st.sampled_from([0x7FF0_0000_0000_0001, 0xFFF8_0000_0000_0000]))
def test_double_bits_are_exact(pattern: int) -> None:
    value = bits.f64_from_bits(pattern)
    assert bits.f64_bits(value) == pattern
    assert bits.f64_bits(HELPERS["f64_neg"](value)) == pattern ^ (1 << 63)
    assert bits.f64_bits(HELPERS["f64_abs"](value)) == pattern & ~(1 << 63)
    assert bits.f64_bits(HELPERS["f64_copysign"](value, -1.0)) == pattern | (1 << 63)


@pytest.mark.parametrize("pattern", [0x7F80_0001, 0x7FA0_0000, 0xFFBF_FFFF])
def test_arithmetic_quiets_signalling_singles(pattern: int) -> None:
    value = bits.f32_from_bits(pattern)
    for name in ("ceil", "floor", "trunc", "nearest", "sqrt", "round"):
        assert same("f32", HELPERS[f"f32_{name}"](value), math.nan), name
    for name in ("add", "sub", "mul", "div", "min", "max"):
        assert same("f32", HELPERS[f"f32_{name}"](value, 1.0), math.nan), name
        assert same("f32", HELPERS[f"f32_{name}"](0.0, value), math.nan), name
    assert same("f64", HELPERS["f64_promote_f32"](value), math.nan)


@settings(max_examples=200, deadline=None)
@given(doubles)
def test_demotion(a: float) -> None:
    assert same("f32", HELPERS["f32_demote_f64"](a), by_numpy("float32", "f64", a))


def nearest_single(exact: int) -> float:
    """The single nearest to an integer, ties to even, by exact arithmetic."""
    size = abs(exact)
    (pattern,) = struct.unpack("<I", struct.pack("<f", size))
    near = [struct.unpack("<f", struct.pack("<I", max(0, pattern + step)))[0] for step in (-1, 0, 1)]

    def key(value: float) -> tuple[Fraction, int]:
        return abs(Fraction(value) - size), struct.unpack("<I", struct.pack("<f", value))[0] & 1

    return math.copysign(min(near, key=key), exact)


@settings(max_examples=200, deadline=None)
@given(integers["i64"] | st.integers(2**24, 2**64 - 1).map(lambda n: (n & ~0x1FF_FFFF | 1) & (2**64 - 1)))
@example(0x7FFF_FF40_0000_0001)
@example(0x8000_0080_0000_0001)
@example(0x0020_0000_2000_0001)
def test_conversion_to_floats(a: int) -> None:
    low = a % 2**32
    for name, value, pattern in (
        ("i64_u", a, a),
        ("i64_s", signed(a, 64), a),
        ("i32_u", low, low),
        ("i32_s", signed(low, 32), low),
    ):
        assert HELPERS[f"f32_convert_{name}"](pattern) == nearest_single(value), name
        assert HELPERS[f"f64_convert_{name}"](pattern) == float(value), name


TRUNC_EDGES = [
    float(edge) + delta
    for edge in (-(2**63), -(2**31), -1, 0, 2**31, 2**32, 2**63, 2**64)
    for delta in (-1.0, -0.5, 0.0, 0.5, 1.0)
]


@pytest.mark.parametrize("type", WIDTHS)
@pytest.mark.parametrize("source", ["f32", "f64"])
@pytest.mark.parametrize("sign", ["s", "u"])
def test_truncation(type: str, source: str, sign: str) -> None:
    width = WIDTHS[type]
    lowest, highest = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if sign == "s" else (0, 2**width - 1)

    @settings(max_examples=150, deadline=None)
    @given(values_of[source] | st.sampled_from(TRUNC_EDGES).map(to_single if source == "f32" else float))
    def check(a: float) -> None:
        result = outcome(HELPERS[f"{type}_trunc_{source}_{sign}"], a)
        saturated = HELPERS[f"{type}_trunc_sat_{source}_{sign}"](a)
        if math.isnan(a):
            assert (result, saturated) == (TrapCode.BAD_CONVERSION_TO_INTEGER, 0)
            return
        whole = math.trunc(a) if math.isfinite(a) else (2**100 if a > 0 else -(2**100))
        if lowest <= whole <= highest:
            assert result == saturated == whole % 2**width
        else:
            assert result is TrapCode.INTEGER_OVERFLOW
            assert saturated == (lowest if whole < 0 else highest) % 2**width

    check()


def test_public_bits_reject_what_is_no_number() -> None:
    with pytest.raises(TypeError, match="f32_bits"):
        bits.f32_bits("1")  # type: ignore[arg-type]
    with pytest.raises(OverflowError):
        bits.f32_from_bits(2**32)
    with pytest.raises(TypeError):
        bits.f64_from_bits(1.5)  # type: ignore[arg-type]
    assert bits.f32_bits(0.1) == 0x3DCC_CCCD
    assert bits.f64_bits(1) == 0x3FF0_0000_0000_0000


def test_there_is_a_helper_for_every_numeric_instruction() -> None:
    from wasmz.wasm.instructions import BY_NAME

    numeric = {
        name.replace(".", "_")
        for name, row in BY_NAME.items()
        if row.access is None
        and row.params
        and row.results
        and name[:4] in ("i32.", "i64.", "f32.", "f64.")
        and not name.startswith("i64.add128")
        and len(row.results) == 1
        and "atomic" not in name
        and all(type.name in ("i32", "i64", "f32", "f64") for type in row.params)
    }
    assert numeric - set(HELPERS) == set()
    assert len(numeric) > 130
