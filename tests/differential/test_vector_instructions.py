"""Every vector instruction, compiled alone, against arithmetic lane by lane: with variable and constant operands."""

from __future__ import annotations

import itertools
import random
from functools import cache
from typing import Any

import pytest

import wasmz
from tests.differential.arithmetic import NAN
from tests.differential.oracle import assemble
from tests.differential.vectors import SHAPES, evaluate_vector, join
from tests.differential.vocabulary import EDGES
from wasmz.config import OPT_LEVELS
from wasmz.wasm.instructions import BY_NAME
from wasmz.wasm.proposals import Proposal

INSTRUCTIONS = [
    name
    for name, row in BY_NAME.items()
    if row.proposal in (Proposal.SIMD, Proposal.RELAXED_SIMD) and row.access is None and name != "v128.const"
]
_EDGES: dict[int, tuple[int, ...]] = {
    8: (0, 1, 0x7F, 0x80, 0x81, 0xFF, 0x55, 0xAA, 0x0F, 0x10),
    16: (0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0xFF7F, 0xFF80, 0x5A5A),
    32: (0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_7FFF, 0xFFFF_8000),
    64: (0, 1, 0xFFFF_FFFF, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 0x8000_0000, 0x8000_0001_0000_0001),
}
_FLOAT_EDGES = {
    32: (*EDGES["f32"], 0x7FC0_0000, 0xFFC0_0001, 0x7F80_0001, 0xFFBF_FFFF, 0x4EFF_FFFF, 0x4F80_0000, 0x3F00_0000),
    64: (*EDGES["f64"], 0x7FF8 << 48, 0xFFF8 << 48 | 1, 0x7FF0 << 48 | 1, 0x41DF_FFFF_FFC0_0000, 0x3FE0 << 48),
}
_SHUFFLES = (
    tuple(range(16)),
    tuple(range(16, 32)),
    tuple(range(15, -1, -1)),
    tuple(range(3, 19)),
    (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3),
    (2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13),
    (1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12),
    (0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
    (0,) * 16,
    (31,) * 16,
    (0, 1, 2, 3, 20, 21, 22, 23, 8, 9, 10, 11, 28, 29, 30, 31),
    (5, 30, 11, 2, 17, 17, 9, 0, 31, 14, 22, 7, 26, 3, 12, 19),
)
_SAMPLES = 60


def test_every_vector_instruction_is_here() -> None:
    """All but the accesses to memory and ``v128.const``."""
    assert len(INSTRUCTIONS) == 256 - 22 - 1


def immediates_of(name: str) -> list[tuple[int, ...]]:
    if name.endswith("shuffle"):
        return list(_SHUFFLES)
    if "_lane" in name and "select" not in name:
        return [(lane,) for lane in range(128 // SHAPES[name.partition(".")[0]])]
    return [()]


@cache
def _plain(level: int) -> wasmz.Exports:
    """A function for each instruction and immediate, all in one module."""
    functions = []
    for name in INSTRUCTIONS:
        row = BY_NAME[name]
        params = [str(param) for param in row.params or ()]
        gets = " ".join(f"(local.get {index})" for index in range(len(params)))
        for lanes in immediates_of(name):
            written = " ".join(map(str, lanes))
            functions.append(
                f'(func (export "{name} {written}") (param {" ".join(params)}) (result {(row.results or ())[0]}) '
                f"({name} {written} {gets}))"
            )
    return _load(f"(module {' '.join(functions)})", level)


def _load(text: str, level: int) -> wasmz.Exports:
    engine = wasmz.Engine(wasmz.Config(opt_level=level, verify=True, use_cache=False))
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(text))).exports


def _vector(generator: random.Random, name: str) -> int:
    """Lanes of the sizes that the name speaks of, most of them edges."""
    shapes = [shape for shape in SHAPES if shape in name] or ["i8x16", "i64x2"]
    shape = generator.choice(shapes)
    bits = SHAPES[shape]
    edges = _FLOAT_EDGES[bits] if shape.startswith("f") else _EDGES[bits]
    if "swizzle" in name and generator.random() < 0.5:
        return join([generator.randrange(20) for _ in range(16)], 8)
    if generator.random() < 0.1:
        return join([generator.choice(edges)] * (128 // bits), bits)
    return join(
        [
            generator.choice(edges) if generator.random() < 0.8 else generator.getrandbits(bits)
            for _ in range(128 // bits)
        ],
        bits,
    )


def operand_of(generator: random.Random, name: str, type: str) -> int:
    if type == "v128":
        return _vector(generator, name)
    bits = int(type[1:])
    if type[0] == "f":
        return generator.choice(_FLOAT_EDGES[bits])
    return generator.choice((*_EDGES[bits], *range(8), 15, 16, 17, 31, 32, 33, 63, 64, generator.getrandbits(bits)))


def _to_python(type: str, bits: int) -> Any:
    if type == "v128":
        return bits.to_bytes(16, "little")
    if type[0] == "f":
        return wasmz.f32_from_bits(bits) if type == "f32" else wasmz.f64_from_bits(bits)
    width = int(type[1:])
    return bits - (1 << width) if bits >> width - 1 else bits


def to_bits(type: str, found: Any) -> int:
    if type == "v128":
        assert isinstance(found, bytes) and len(found) == 16
        return int.from_bytes(found, "little")
    if type[0] == "f":
        return wasmz.f32_bits(found) if type == "f32" else wasmz.f64_bits(found)
    assert isinstance(found, int) and not isinstance(found, bool)
    return found & (1 << int(type[1:])) - 1


def _check(call: Any, name: str, operands: tuple[int, ...], lanes: tuple[int, ...], given: list[int]) -> None:
    """Calls with the operands whose indices are ``given``; the others are in the function."""
    row = BY_NAME[name]
    params = [str(param) for param in row.params or ()]
    result = str((row.results or ())[0])
    found = to_bits(result, call(*(_to_python(params[index], operands[index]) for index in given)))
    bits, expected = evaluate_vector(name, *operands, lanes=lanes)
    quiet = {32: 0x7FC0_0000, 64: 0x7FF8 << 48}
    for index, lane in enumerate(expected):
        number = found >> bits * index & (1 << bits) - 1
        if lane == NAN:
            agrees = number & quiet[bits] == quiet[bits]
        else:
            agrees = number == lane
        shown = ", ".join(f"{operand:#x}" for operand in operands)
        assert agrees, f"{name} {lanes} ({shown}), lane {index}: {number:#x}, expected {lane!r}"
    if result != "v128":
        assert found >> bits == 0


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_edge_lanes(name: str) -> None:
    generator = random.Random(name)
    params = [str(param) for param in BY_NAME[name].params or ()]
    immediates = immediates_of(name)
    for lanes in immediates:
        for _ in range(max(4, _SAMPLES // len(immediates))):
            operands = tuple(operand_of(generator, name, param) for param in params)
            for level in OPT_LEVELS:
                call = _plain(level)[f"{name} {' '.join(map(str, lanes))}"]
                _check(call, name, operands, lanes, list(range(len(params))))


def _constant(type: str, bits: int) -> str:
    if type == "v128":
        return f"(v128.const i64x2 {bits & (1 << 64) - 1} {bits >> 64})"
    if type[0] == "f":
        return f"({type}.reinterpret_i{type[1:]} (i{type[1:]}.const {bits}))"
    return f"({type}.const {bits})"


@pytest.mark.parametrize("level", OPT_LEVELS)
def test_constant_operands(level: int) -> None:
    """Operands as constants, all or some, and the same one twice."""
    functions: list[str] = []
    calls: list[tuple[str, tuple[int, ...], tuple[int, ...], list[int]]] = []
    for name in INSTRUCTIONS:
        generator = random.Random(name)
        row = BY_NAME[name]
        params = [str(param) for param in row.params or ()]
        for number, lanes in enumerate(immediates_of(name)):
            operands = tuple(operand_of(generator, name, param) for param in params)
            if len(set(params)) == 1 and number % 2:
                operands = (operands[0],) * len(params)
            for constants in itertools.product((False, True), repeat=len(params)):
                if not any(constants):
                    continue
                given = [index for index, is_constant in enumerate(constants) if not is_constant]
                parts = [
                    _constant(param, operands[index]) if constants[index] else f"(local.get {given.index(index)})"
                    for index, param in enumerate(params)
                ]
                head = f'(func (export "{len(functions)}")' + "".join(f" (param {params[index]})" for index in given)
                written = " ".join(map(str, lanes))
                functions.append(f"{head} (result {(row.results or ())[0]}) ({name} {written} {' '.join(parts)}))")
                calls.append((name, operands, lanes, given))
    exports = _load(f"(module {' '.join(functions)})", level)
    for index, (name, operands, lanes, given) in enumerate(calls):
        _check(exports[str(index)], name, operands, lanes, given)


@pytest.mark.parametrize("level", OPT_LEVELS)
def test_operands_that_are_computed(level: int) -> None:
    """Operands that are on the stack when the operation comes, in every combination with others."""
    names = ("i8x16.add", "i16x8.sub", "v128.bitselect", "v128.andnot", "i32x4.eq", "i8x16.avgr_u", "i64x2.neg")
    functions: list[str] = []
    calls: list[tuple[str, int]] = []
    for name in names:
        count = len(BY_NAME[name].params or ())
        for kinds in itertools.product(range(3), repeat=count):
            shapes = (
                "(local.get {})",
                "(v128.not (v128.not (local.get {})))",
                "(block (result v128) (local.set 3 (local.get {0})) (v128.xor (local.get 3) (local.get 4)))",
            )
            parts = " ".join(shapes[kind].format(index) for index, kind in enumerate(kinds))
            calls.append((name, count))
            head = f'(func (export "{len(functions)}") (param v128 v128 v128) (result v128) (local v128 v128)'
            functions.append(f"{head} ({name} {parts}))")
    exports = _load(f"(module {' '.join(functions)})", level)
    generator = random.Random(1)
    for index, (name, count) in enumerate(calls):
        operands = tuple(_vector(generator, name) for _ in range(3))
        found = int.from_bytes(exports[str(index)](*(operand.to_bytes(16, "little") for operand in operands)), "little")
        bits, lanes = evaluate_vector(name, *operands[:count])
        assert found == join(lanes, bits), f"{name}, function {index}"
