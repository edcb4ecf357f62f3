"""Every numeric instruction, compiled alone, against exact arithmetic: with variable and constant operands."""

from __future__ import annotations

import itertools
import struct
from functools import cache
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import wasmz
from tests.differential.arithmetic import NAN, Result, Trapped, evaluate
from tests.differential.oracle import assemble
from tests.differential.vocabulary import EDGES, SIGNATURES, constant
from wasmz.config import OPT_LEVELS
from wasmz.wasm.instructions import INSTRUCTIONS

_NAN_BITS = {"f32": (0x7FC0_0000, 0xFFC0_0001, 0x7F80_0001, 0xFFBF_FFFF), "f64": (0x7FF8 << 48, 0xFFF8 << 48 | 1)}
# Operands of the functions with constants: enough for every special case of an optimiser.
_CONSTANTS = {
    "i32": (0, 1, 8, 31, 32, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x8234_5678),
    "i64": (0, 1, 8, 63, 64, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 0x8234_5678_9ABC_DEF0),
    "f32": (0, 0x8000_0000, 0x3F80_0000, 0xBFC0_0000, 1, 0x7F7F_FFFF, 0xFF80_0000, 0x4F00_0000, 0x7FC0_0000),
    "f64": tuple(
        struct.unpack("<Q", struct.pack("<d", number))[0]
        for number in (0.0, -0.0, 1.0, -1.5, 5e-324, 1.7e308, -float("inf"), 2.0**31, float("nan"))
    ),
}


def test_every_numeric_instruction_is_here() -> None:
    """The instructions of the scalar groups of opcodes, 0x45 to 0xC4 and 0xFC 0 to 7 (specification 5.4.6)."""
    groups = {row.name for row in INSTRUCTIONS.values() if 0x45 <= row.opcode <= 0xC4}
    groups |= {row.name for row in INSTRUCTIONS.values() if 0xFC_0000 <= row.opcode <= 0xFC_0007}
    assert groups == set(SIGNATURES)
    assert len(SIGNATURES) == 128 + 8


def _to_python(type: str, bits: int) -> int | float:
    if type in ("f32", "f64"):
        return wasmz.f32_from_bits(bits) if type == "f32" else wasmz.f64_from_bits(bits)
    width = int(type[1:])
    return bits - (1 << width) if bits >> width - 1 else bits


def _is_expected(type: str, expected: Result, found: Any) -> bool:
    if type in ("i32", "i64"):
        return isinstance(found, int) and found == _to_python(type, int(expected))
    if not isinstance(found, float):
        return False
    if expected == NAN:
        quiet = 1 << 22 if type == "f32" else 1 << 51
        bits = wasmz.f32_bits(found) if type == "f32" else wasmz.f64_bits(found)
        return found != found and bool(bits & quiet)
    return (wasmz.f32_bits(found) if type == "f32" else wasmz.f64_bits(found)) == expected


def _load(text: str, level: int) -> wasmz.Exports:
    engine = wasmz.Engine(wasmz.Config(opt_level=level, verify=True, use_cache=False))
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(text))).exports


def _check(call: Any, arguments: tuple[Any, ...], name: str, operands: tuple[int, ...], what: str) -> None:
    result, _ = SIGNATURES[name]
    shown = ", ".join(map(hex, operands))
    try:
        expected = evaluate(name, *operands)
    except Trapped as trapped:
        with pytest.raises(wasmz.Trap) as caught:
            call(*arguments)
        assert caught.value.code.name == trapped.args[0], f"{name}({shown}), {what}"
        return
    found = call(*arguments)
    assert _is_expected(result, expected, found), f"{name}({shown}), {what}: {found!r}, expected {expected!r}"


def _edges(type: str) -> tuple[int, ...]:
    return EDGES[type] + _NAN_BITS.get(type, ())


@cache
def _plain(level: int) -> wasmz.Exports:
    functions = []
    for name, (result, params) in SIGNATURES.items():
        gets = " ".join(f"(local.get {i})" for i in range(len(params)))
        functions.append(f'(func (export "{name}") (param {" ".join(params)}) (result {result}) ({name} {gets}))')
    return _load(f"(module {' '.join(functions)})", level)


@pytest.mark.parametrize("level", OPT_LEVELS)
@pytest.mark.parametrize("name", SIGNATURES)
def test_edge_values(name: str, level: int) -> None:
    params = SIGNATURES[name][1]
    function = _plain(level)[name]
    edges = [_edges(type) for type in params]
    if len(edges) == 2:
        # All pairs of some values, and each value with the next ones.
        pairs = set(itertools.product(edges[0][:12], edges[1][:12]))
        pairs |= set(itertools.product(_CONSTANTS[params[0]], _CONSTANTS[params[1]]))
        for shift in (0, 1, 5):
            pairs |= set(zip(edges[0], edges[1][shift:] + edges[1][:shift], strict=True))
        cases: list[tuple[int, ...]] = sorted(pairs)
    else:
        cases = [(value,) for value in edges[0]]
    for operands in cases:
        arguments = tuple(_to_python(type, bits) for type, bits in zip(params, operands, strict=True))
        _check(function, arguments, name, operands, f"level {level}")


@st.composite
def _operands(draw: st.DrawFn, name: str) -> tuple[int, ...]:
    found = []
    for type in SIGNATURES[name][1]:
        width = int(type[1:])
        numbers = st.integers(0, (1 << width) - 1) | st.sampled_from(_edges(type))
        if type in ("f32", "f64"):
            code = "<f" if type == "f32" else "<d"
            numbers |= st.floats(width=width, allow_nan=False).map(  # type: ignore[arg-type]
                lambda number, code=code: int.from_bytes(struct.pack(code, number), "little")
            )
        found.append(draw(numbers))
    return tuple(found)


@pytest.mark.parametrize("name", SIGNATURES)
def test_random_values(name: str) -> None:
    params = SIGNATURES[name][1]

    @settings(max_examples=20, database=None, deadline=None, phases=[Phase.generate, Phase.shrink])
    @given(operands=_operands(name))
    def check(operands: tuple[int, ...]) -> None:
        arguments = tuple(_to_python(type, bits) for type, bits in zip(params, operands, strict=True))
        for level in OPT_LEVELS:
            _check(_plain(level)[name], arguments, name, operands, f"level {level}")

    check()


@pytest.mark.parametrize("level", OPT_LEVELS)
@pytest.mark.parametrize("name", SIGNATURES)
def test_constant_operands(name: str, level: int) -> None:
    """Operands as constants, all or one of them: what an optimiser evaluates or simplifies beforehand."""
    result, params = SIGNATURES[name]
    values = [_CONSTANTS[type] for type in params]
    functions: list[str] = []
    # Number of the function, its arguments, all operands of the instruction.
    calls: list[tuple[int, tuple[Any, ...], tuple[int, ...]]] = []
    for operands in itertools.product(*values):
        code = " ".join(constant(type, bits) for type, bits in zip(params, operands, strict=True))
        calls.append((len(functions), (), operands))
        functions.append(f'(func (export "{len(functions)}") (result {result}) ({name} {code}))')
    if len(params) == 2:
        for place in (0, 1):
            for bits in values[place]:
                parts = ["(local.get 0)", "(local.get 0)"]
                parts[place] = constant(params[place], bits)
                for other in values[1 - place]:
                    argument = _to_python(params[1 - place], other)
                    calls.append((len(functions), (argument,), (bits, other) if place == 0 else (other, bits)))
                head = f'(func (export "{len(functions)}") (param {params[1 - place]}) (result {result})'
                functions.append(f"{head} ({name} {' '.join(parts)}))")
    exports = _load(f"(module {' '.join(functions)})", level)
    for number, arguments, operands in calls:
        _check(exports[str(number)], arguments, name, operands, f"level {level}, constants, function {number}")


@pytest.mark.parametrize("level", OPT_LEVELS)
@pytest.mark.parametrize("type", ["f32", "f64"])
def test_nans_keep_their_bits_where_nothing_computes(type: str, level: int) -> None:
    """Moving a NaN about, and neg, abs, copysign, change no other bit (specification 4.3.3)."""
    integer = "i32" if type == "f32" else "i64"
    moves = {
        "local": f"(local $x {type}) (local.set $x (local.get 0)) (local.get $x)",
        "select": f"(select (local.get 0) ({type}.const 1) (i32.const 1))",
        "memory": f"({type}.store (i32.const 8) (local.get 0)) ({type}.load (i32.const 8))",
        "bits": f"({type}.reinterpret_{integer} ({integer}.reinterpret_{type} (local.get 0)))",
        "stored": f"({integer}.store (i32.const 8) ({integer}.reinterpret_{type} (local.get 0))) "
        f"({type}.load (i32.const 8))",
        "global": "(global.set $g (local.get 0)) (global.get $g)",
        "call": "(call $same (local.get 0))",
        "block": f"(block (result {type}) (br 0 (local.get 0)))",
        "neg": f"({type}.neg ({type}.neg (local.get 0)))",
        "copysign": f"({type}.copysign (local.get 0) (local.get 0))",
    }
    functions = [
        f'(func (export "{name}") (param {type}) (result {type}) {code})'
        f'(func (export "{name} as bits") (param {type}) (result {integer}) {code} {integer}.reinterpret_{type})'
        for name, code in moves.items()
    ]
    patterns = _NAN_BITS[type] if type == "f32" else (*_NAN_BITS[type], 0x7FF0_0000_0000_0001, 0xFFF7_FFFF_FFFF_FFFF)
    for number, bits in enumerate(patterns):
        functions.append(f'(func (export "const {number}") (result {type}) {constant(type, bits)})')
    exports = _load(
        f"(module (memory 1) (global $g (mut {type}) ({type}.const 0)) "
        f"(func $same (param {type}) (result {type}) (local.get 0)) {' '.join(functions)})",
        level,
    )
    to_bits = wasmz.f32_bits if type == "f32" else wasmz.f64_bits
    for number, bits in enumerate(patterns):
        assert hex(to_bits(exports[f"const {number}"]())) == hex(bits)
        for name in moves:
            found = exports[name](_to_python(type, bits))
            assert hex(to_bits(found)) == hex(bits), name
            assert exports[f"{name} as bits"](_to_python(type, bits)) == _to_python(integer, bits), name


def test_reference_agrees_with_the_machine() -> None:
    """The exact arithmetic itself, where Python's floats do the same."""
    numbers = [struct.unpack("<d", struct.pack("<Q", bits))[0] for bits in EDGES["f64"]]
    for (a, x), (b, y) in itertools.product(zip(EDGES["f64"], numbers, strict=True), repeat=2):
        for name, operation in (("add", float.__add__), ("sub", float.__sub__), ("mul", float.__mul__)):
            expected = evaluate(f"f64.{name}", a, b)
            result = operation(x, y)
            if expected == NAN:
                assert result != result
            else:
                assert struct.pack("<d", result) == int(expected).to_bytes(8, "little"), (name, x, y)
        if y:
            result = x / y
            expected = evaluate("f64.div", a, b)
            if expected == NAN:
                assert result != result
            else:
                assert struct.pack("<d", result) == int(expected).to_bytes(8, "little"), ("div", x, y)
