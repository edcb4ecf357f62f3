"""Vectors in memory, especially at its end, and vectors in all places for values: against arithmetic on bytes."""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Any

import pytest

import wasmz
from tests.differential.oracle import assemble
from tests.differential.vectors import join, split
from wasmz.config import OPT_LEVELS
from wasmz.wasm.instructions import BY_NAME
from wasmz.wasm.proposals import Proposal

ACCESSES = [
    name for name, row in BY_NAME.items() if row.proposal is Proposal.SIMD and row.access is not None and row.params
]
_MEMORIES = {"narrow": "i32", "other": "i32", "wide": "i64"}
_OFFSETS = (0, 3, 0x1_0000 - 8, 0xFFFF_FFFF)
_SIZE = 0x1_0000
_EDGES = (0, 1, 7, 0x100, *range(_SIZE - 17, _SIZE + 1), 0xFFFF_FFF0, 0xFFFF_FFFF)


def test_every_access_is_here() -> None:
    assert len(ACCESSES) == 22


def _width(name: str) -> int:
    """Bytes that an access touches, by its name."""
    found = re.fullmatch(r"v128\.(?:load|store)(\d*)(?:x(\d))?\w*", name)
    assert found is not None
    return int(found[1] or 128) * int(found[2] or 1) // 8


def _lanes(name: str) -> list[int]:
    return list(range(16 // _width(name))) if name.endswith("_lane") else [-1]


def _loaded(name: str, data: bytes, vector: int, lane: int) -> int:
    """What a load gives for the bytes it finds."""
    number = int.from_bytes(data, "little")
    bits = 8 * len(data)
    if name.endswith("_splat"):
        return join([number] * (128 // bits), bits)
    if name.endswith("_lane"):
        lanes = split(vector, bits)
        lanes[lane] = number
        return join(lanes, bits)
    extended = re.search(r"load(\d+)x\d_([su])", name)
    if extended is None:
        return number
    narrow = int(extended[1])
    parts = [data[place : place + narrow // 8] for place in range(0, 8, narrow // 8)]
    return join([int.from_bytes(part, "little", signed=extended[2] == "s") for part in parts], 2 * narrow)


def _stored(vector: int, lane: int, width: int) -> bytes:
    data = vector.to_bytes(16, "little")
    return data if lane < 0 else data[lane * width : lane * width + width]


@cache
def _instance(level: int) -> wasmz.Exports:
    """For each access, lane, memory and offset a function of an address, and of a vector if there is one."""
    functions = [f'(memory ${name} (export "{name}") {type} 1 1)' for name, type in _MEMORIES.items()]
    for name in ACCESSES:
        for lane in _lanes(name):
            written = "" if lane < 0 else str(lane)
            takes = "v128" if "store" in name or lane >= 0 else ""
            result = "" if "store" in name else "(result v128)"
            for memory, type in _MEMORIES.items():
                for offset in _OFFSETS:
                    head = f'(func (export "{name} {lane} {memory} {offset}") (param {type} {takes}) {result}'
                    given = "(local.get 1)" if takes else ""
                    code = f"({name} ${memory} offset={offset} align=1 {written} (local.get 0) {given})"
                    functions.append(f"{head} {code})")
    engine = wasmz.Engine(wasmz.Config(opt_level=level, verify=True, use_cache=False))
    module = wasmz.Module.compile(engine, assemble(f"(module {' '.join(functions)})"))
    return wasmz.Instance(wasmz.Store(engine), module).exports


@pytest.mark.parametrize("level", OPT_LEVELS)
@pytest.mark.parametrize("name", ACCESSES)
def test_accesses(name: str, level: int) -> None:
    generator = random.Random(name)
    exports = _instance(level)
    width = _width(name)
    for memory, type in _MEMORIES.items():
        contents = generator.randbytes(_SIZE)
        exports[memory].write(0, contents)
        for offset in _OFFSETS:
            for address in (*_EDGES, *((1 << 64) - 1, 1 << 63) * (type == "i64"), _SIZE - offset - width):
                if address < 0:
                    continue
                lane = generator.choice(_lanes(name))
                vector = generator.getrandbits(128)
                call = exports[f"{name} {lane} {memory} {offset}"]
                arguments: list[Any] = [address - (1 << int(type[1:])) if address >> int(type[1:]) - 1 else address]
                if "store" in name or lane >= 0:
                    arguments.append(vector.to_bytes(16, "little"))
                place = address + offset
                shown = f"{name} lane {lane} at {address:#x} + {offset:#x}, memory {memory}"
                if place + width > _SIZE:
                    with pytest.raises(wasmz.Trap, match="out of bounds") as trap:
                        call(*arguments)
                    assert trap.value.code is wasmz.TrapCode.MEMORY_OUT_OF_BOUNDS, shown
                elif "store" in name:
                    assert call(*arguments) is None
                    new = _stored(vector, lane, width)
                    contents = contents[:place] + new + contents[place + width :]
                else:
                    expected = _loaded(name, contents[place : place + width], vector, lane)
                    assert int.from_bytes(call(*arguments), "little") == expected, shown
        # Nothing else was written, and accesses that trapped wrote nothing.
        assert exports[memory].read(0, _SIZE) == contents


_POSITIONS = """(module
  (import "host" "swap" (func $swap (param v128 i32 v128) (result v128 v128)))
  (import "host" "constant" (global $imported v128))
  (import "host" "variable" (global $shared (mut v128)))
  (type $unary (func (param v128) (result v128)))
  (global $own (export "own") (mut v128) (v128.const i64x2 5 6))
  (global $copy (export "copy") v128 (global.get $imported))
  (table 3 funcref) (elem (i32.const 0) $self $inverted $deep)
  (func $self (type $unary) (local.get 0))
  (func $inverted (type $unary) (v128.not (local.get 0)))
  (func $deep (type $unary) (return_call_indirect (type $unary) (local.get 0) (i32.const 1)))
  (func (export "default") (result v128) (local v128) (local.get 0))
  (func (export "select") (param v128 v128 i32) (result v128) (select (local.get 0) (local.get 1) (local.get 2)))
  (func (export "typed") (param v128 v128 i32) (result v128)
    (select (result v128) (local.get 0) (local.get 1) (local.get 2)))
  (func (export "if") (param v128 v128 i32) (result v128)
    (if (result v128) (local.get 2) (then (local.get 0)) (else (local.get 1))))
  (func (export "table") (param v128 i32) (result v128 i32)
    (block $a (result v128) (block $b (result v128) (block $c (result v128)
      (br_table $c $b $a (local.get 0) (local.get 1)))
      (return (i32.const 0))) (return (i32.const 1))) (i32.const 2))
  (func (export "indirect") (param v128 i32) (result v128)
    (call_indirect (type $unary) (local.get 0) (local.get 1)))
  (func (export "tee") (param v128 v128) (result v128)
    (i64x2.add (local.tee 0 (local.get 1)) (local.get 0)))
  (func (export "host") (param v128 v128) (result v128 v128) (call $swap (local.get 0) (i32.const -7) (local.get 1)))
  (func (export "globals") (param v128) (result v128 v128 v128 v128)
    (global.set $own (local.get 0))
    (global.set $shared (v128.not (local.get 0)))
    (global.get $own) (global.get $shared) (global.get $copy) (global.get $imported))
  (func (export "loop") (param v128 i32) (result v128)
    (loop $again (result v128)
      (local.set 0 (i8x16.add (local.get 0) (v128.const i32x4 0x01010101 0x01010101 0x01010101 0x01010101)))
      (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
      (br_if $again (local.get 1))
      (local.get 0)))
  (func (export "dropped") (param v128) (drop (local.get 0)))
)"""


@pytest.mark.parametrize("level", OPT_LEVELS)
@pytest.mark.parametrize("mode", ["eager", "smart"])
def test_positions(level: int, mode: str) -> None:
    """Vectors as parameters, results, locals, globals, operands of control, and in calls of every kind."""
    a, b = bytes(range(16)), bytes(range(200, 216))
    engine = wasmz.Engine(wasmz.Config(opt_level=level, compile_mode=mode, verify=True, use_cache=False))
    store = wasmz.Store(engine)
    module = wasmz.Module.compile(engine, assemble(_POSITIONS))
    seen: list[Any] = []

    def swap(first: bytes, number: int, second: bytes) -> tuple[bytes, bytes]:
        seen.append((first, number, second))
        return second, first

    linker = wasmz.Linker(engine)
    v128 = wasmz.ValType.V128
    linker.define("host", "swap", wasmz.HostFunc(swap, [v128, wasmz.ValType.I32, v128], [v128, v128]))
    linker.define("host", "constant", wasmz.Global(store, wasmz.GlobalType(v128, mutable=False), b))
    variable = wasmz.Global(store, wasmz.GlobalType(v128, mutable=True), bytes(16))
    linker.define("host", "variable", variable)
    exports = wasmz.Instance(store, module, linker).exports

    inverted = bytes(255 - byte for byte in a)
    for _ in range(3):
        assert exports["default"]() == bytes(16)
        for name in ("select", "typed", "if"):
            assert exports[name](a, b, 1) == a
            assert exports[name](a, b, 0) == b
        assert [exports["table"](a, index) for index in (0, 1, 2, 9, -1)] == [(a, 0), (a, 1), (a, 2), (a, 2), (a, 2)]
        assert [exports["indirect"](a, index) for index in (0, 1, 2)] == [a, inverted, inverted]
        with pytest.raises(wasmz.Trap):
            exports["indirect"](a, 3)
        assert exports["tee"](b, a) == b"".join(
            (2 * int.from_bytes(a[place : place + 8], "little")).to_bytes(8, "little") for place in (0, 8)
        )
        assert exports["host"](a, b) == (b, a)
        assert seen.pop() == (a, -7, b)
        assert exports["globals"](a) == (a, inverted, b, b)
        assert (exports["own"].value, variable.value, exports["copy"].value) == (a, inverted, b)
        exports["own"].value = bytearray(b)
        assert exports["own"].value == b
        assert exports["loop"](b, 60) == bytes(byte + 60 & 255 for byte in b)
        assert exports["dropped"](memoryview(a)) is None
    for wrong in (0, None, a[:15], a + b"x", "x" * 16, 1.0):
        with pytest.raises(TypeError, match="v128 as 16 bytes"):
            exports["dropped"](wrong)
        with pytest.raises(TypeError, match="v128 as 16 bytes"):
            exports["own"].value = wrong
    with pytest.raises(AttributeError):
        exports["copy"].value = a
