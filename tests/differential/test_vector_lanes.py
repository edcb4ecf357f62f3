"""Every operation that level 2 can split into lanes, against arithmetic lane by lane."""

from __future__ import annotations

import dataclasses
import random
import struct
from typing import Any

import pytest

import wasmz
from tests.differential.arithmetic import NAN
from tests.differential.oracle import assemble
from tests.differential.test_vector_instructions import immediates_of, operand_of
from tests.differential.vectors import evaluate_vector
from wasmz.ir.nodes import Function
from wasmz.passes.vectors import lane_rewriting, lane_rules
from wasmz.passes.vectors.lane_rules import RULES
from wasmz.wasm.instructions import BY_NAME

_COMPUTING = [name for name in RULES if BY_NAME[name].access is None] + ["i8x16.shuffle"]
_WHOLE_LANES = [
    (4, 5, 6, 7, 0, 1, 2, 3, 28, 29, 30, 31, 12, 13, 14, 15),
    (8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23),
]
_ADDRESS_OF_RESULT = 64
# What says nothing about the lanes is held in each shape once, as something in front of it wants it.
_SHAPES = {"f32x4": "f32x4.neg", "f64x2": "f64x2.neg", "i32x4": "i32x4.neg", "i64x2": "i64x2.neg"}


@pytest.fixture(autouse=True)
def taken_apart(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Whatever it costs; gives how many vectors of each function are."""
    for name, rule in RULES.items():
        monkeypatch.setitem(RULES, name, dataclasses.replace(rule, cost=1_000_000))
    for name in ("SELECT", "SHUFFLE"):
        monkeypatch.setattr(lane_rules, name, dataclasses.replace(getattr(lane_rules, name), cost=1_000_000))
    counts: list[int] = []
    original = lane_rewriting.take_apart

    def counting(function: Function) -> None:
        counts.append(len(lane_rewriting._Plan(function).chosen))
        original(function)

    monkeypatch.setattr(lane_rewriting, "take_apart", counting)
    return counts


def _module(name: str, lanes: tuple[int, ...], before: str) -> str:
    """Vectors are loaded, perhaps through two operations that do nothing together, and the result is stored."""
    row = BY_NAME[name]
    parts = []
    for index, param in enumerate(row.params or ()):
        if str(param) == "v128":
            loaded = f"(v128.load (i32.const {16 * index}))"
            parts.append(f"({before} ({before} {loaded}))" if before else loaded)
        else:
            parts.append(f"({param}.load (i32.const {16 * index}))")
    result = (row.results or ())[0]
    code = f"({name} {' '.join(map(str, lanes))} {' '.join(parts)})"
    return f'(module (memory (export "m") 1) (func (export "f") ({result}.store (i32.const 64) {code})))'


@pytest.mark.parametrize("name", _COMPUTING)
def test_operations(name: str, taken_apart: list[int]) -> None:
    generator = random.Random(name)
    engine = wasmz.Engine(wasmz.Config(opt_level=2, compile_mode="eager", verify=True, use_cache=False))
    row = BY_NAME[name]
    params = [str(param) for param in row.params or ()]
    result = str((row.results or ())[0])
    for lanes in _WHOLE_LANES if name.endswith("shuffle") else immediates_of(name):
        for before in _SHAPES.values() if name.startswith(("v128.", "i8x16.")) else ("",):
            text = _module(name, lanes, before)
            exports = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(text))).exports
            assert taken_apart.pop() >= params.count("v128"), "nothing was taken apart"
            for _ in range(25):
                operands = [operand_of(generator, name, param) for param in params]
                for index, operand in enumerate(operands):
                    exports["m"].write(16 * index, operand.to_bytes(16, "little"))
                exports["f"]()
                found = int.from_bytes(exports["m"].read(_ADDRESS_OF_RESULT, 16), "little")
                _check(name, operands, lanes, result, found)


def _check(name: str, operands: list[int], lanes: tuple[int, ...], result: str, found: int) -> None:
    bits, expected = evaluate_vector(name, *operands, lanes=lanes)
    quiet = {32: 0x7FC0_0000, 64: 0x7FF8 << 48}
    for index, lane in enumerate(expected):
        number = found >> bits * index & (1 << bits) - 1
        agrees = number & quiet[bits] == quiet[bits] if lane == NAN else number == lane
        shown = ", ".join(f"{operand:#x}" for operand in operands)
        assert agrees, f"{name} {lanes} ({shown}), lane {index}: {number:#x}, expected {lane!r}"


_MIXED = """(module (memory (export "m") 1)
  (func (export "f") (param v128 v128) (result v128) (local v128 v128)
    (local.set 2 (f32x4.lt (local.get 0) (local.get 1)))
    (local.set 3 (v128.bitselect (f32x4.add (local.get 0) (local.get 1)) (local.get 1) (local.get 2)))
    (v128.store (i32.const 0) (v128.and (local.get 3) (v128.not (local.get 2))))
    (v128.store (i32.const 16) (f64x2.add (local.get 3) (v128.xor (local.get 3) (local.get 2))))
    (i32.store (i32.const 32) (i32x4.bitmask (v128.or (local.get 2) (f32x4.eq (local.get 0) (local.get 0)))))
    (i32.store (i32.const 36) (i32x4.all_true (v128.andnot (local.get 2) (local.get 3))))
    (i32.store (i32.const 40) (v128.any_true (v128.xor (local.get 3) (local.get 0))))
    (v128.store64_lane 1 (i32.const 48) (i32x4.add (local.get 3) (local.get 2)))
    (v128.store (i32.const 64) (v128.load64_splat (i32.const 16)))
    (v128.store (i32.const 80) (f32x4.mul (v128.load32_splat (i32.const 20)) (v128.load64_zero (i32.const 8))))
    (v128.store (i32.const 96) (f64x2.promote_low_f32x4 (v128.load32_lane 1 (i32.const 64) (local.get 3))))
    (i8x16.add (local.get 3) (select (local.get 2) (local.get 3) (i32.load (i32.const 32))))))"""


def test_lanes_of_several_shapes(taken_apart: list[int]) -> None:
    """The same as without taking anything apart, where one vector is looked at in many ways."""
    generator = random.Random(5)
    # No NaN: which one the sum of two is differs.
    numbers = (0.0, -0.0, 1.0, -2.5, 1e-3, 3e5)
    calls = [[struct.pack("<4f", *(generator.choice(numbers) for _ in range(4))) for _ in "ab"] for _ in range(60)]
    found: list[list[Any]] = []
    for disabled in ((), ("lanes",)):
        config = wasmz.Config(opt_level=2, compile_mode="eager", verify=True, use_cache=False, disable_passes=disabled)
        engine = wasmz.Engine(config)
        exports = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(_MIXED))).exports
        found.append([(exports["f"](*call), exports["m"].read(0, 128)) for call in calls])
    assert taken_apart == [max(taken_apart)] and taken_apart[0] > 15
    for call, one, other in zip(calls, *found, strict=True):
        assert one == other, call
