"""Memories of 65536 pages: accesses at the last bytes of the address space, and loops that end, or wrap, there."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from wasmtime import wat2wasm

import wasmz
from wasmz.runtime.memory import linear as memory_module
from wasmz.types import MEMORY32_LIMIT_BYTES, MemoryType

pytestmark = pytest.mark.skipif(not memory_module._CAN_RESERVE, reason="address space cannot be reserved here")

FULL = 1 << 32
FORMS: list[dict[str, Any]] = [
    *({"opt_level": level, "compile_mode": "eager"} for level in (0, 2)),
    {},
    {"_thresholds": (4, 4, 0, 1)},
]
# Load, store, the width of both in bytes.
ACCESSES = [
    ("i32.load8_u", "i32.store8", 1),
    ("i32.load16_u", "i32.store16", 2),
    ("i32.load", "i32.store", 4),
    ("i64.load8_u", "i64.store8", 1),
    ("i64.load16_u", "i64.store16", 2),
    ("i64.load32_u", "i64.store32", 4),
    ("i64.load", "i64.store", 8),
]
OFFSETS = (0, 1, 3, 8, 65_535, 0x7FFF_FFFF, 0xFFFF_FFF8, 0xFFFF_FFFF)


def accesses() -> str:
    """Functions for each access and offset, of an address, and of one that is a sum."""
    lines = []
    added, moved = "(i32.add (local.get 0) (local.get 1))", "(i32.add (local.get 0) (i32.const 12))"
    both = "(local.get 0) (local.get 1)"
    for load, store, _ in ACCESSES:
        type = load[:3]
        for offset in OFFSETS:
            name, where = f"{load}_{offset}", f"offset={offset}"
            lines += [
                f'(func (export "{name}") (param i32) (result {type}) ({load} {where} (local.get 0)))',
                f'(func (export "{name}_sum") (param i32 i32) (result {type}) ({load} {where} {added}))',
                f'(func (export "{name}_next") (param i32) (result {type}) ({load} {where} {moved}))',
                f'(func (export "{store}_{type}_{offset}") (param i32 {type}) ({store} {where} {both}))',
            ]
    return "\n".join(lines)


LOOPS = """
  ;; Stores words from an address on until it has wrapped to zero, and says how many.
  (func (export "to_the_end") (param $p i32) (result i32)
    (local $n i32)
    (loop $l
      (i32.store (local.get $p) (i32.const 0x01010101))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $l (local.tee $p (i32.add (local.get $p) (i32.const 4)))))
    (local.get $n))
  (func (export "past_the_end") (param $p i32) (param $n i32) (result i32)
    (loop $l
      (i32.store8 (local.get $p) (i32.const 5))
      (local.set $p (i32.add (local.get $p) (i32.const 24)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $p))
  (func (export "sum") (param $p i32) (param $end i32) (result i32)
    (local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s) (i32.load8_u (local.get $p))))
      (br_if $l (i32.ne (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $end))))
    (local.get $s))
  (func (export "find") (param $p i32) (result i32)
    (loop $l
      (if (i32.eq (i32.load8_u (local.get $p)) (i32.const 9)) (then (return (local.get $p))))
      (br_if $l (local.tee $p (i32.add (local.get $p) (i32.const 1)))))
    (i32.const -1))
  (func (export "copy") (param $to i32) (param $from i32) (param $n i32) (result i32)
    (loop $l
      (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $to))
"""

SIZES = """
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
"""


def make(form: dict[str, Any], memory: str, body: str) -> Any:
    engine = wasmz.Engine(wasmz.Config(use_cache=False, **form))
    module = wasmz.Module.compile(engine, wat2wasm(f'(module (memory (export "m") {memory}) {body})'))
    return wasmz.Instance(wasmz.Store(engine), module).exports


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("pages", [65_536, 1])
def test_every_access_at_the_end(form: dict[str, Any], pages: int) -> None:
    exports = make(form, str(pages), accesses() + SIZES)
    if pages == 1:
        assert exports.grow(65_535) == 1
    assert (exports.size(), len(exports.m)) == (65_536, FULL)
    exports.m[-32:] = bytes(range(1, 33))
    for load, store, width in ACCESSES:
        for offset in OFFSETS:
            for effective in (FULL - 16, FULL - width - 1, FULL - width, FULL - width + 1, FULL - 1, FULL, FULL + 3):
                base = effective - offset
                if not 0 <= base < FULL:
                    continue
                calls = [(exports[f"{load}_{offset}"], (base,))]
                for first in (0, 5, 0x8000_0000, 0xFFFF_FFFF):
                    # The added number wraps; the offset does not.
                    calls.append((exports[f"{load}_{offset}_sum"], ((base - first) % FULL, first)))
                calls.append((exports[f"{load}_{offset}_next"], ((base - 12) % FULL,)))
                put = exports[f"{store}_{load[:3]}_{offset}"]
                for call, arguments in calls:
                    if effective + width > FULL:
                        with pytest.raises(wasmz.Trap, match="out of bounds memory access"):
                            call(*arguments)
                        with pytest.raises(wasmz.Trap, match="out of bounds memory access"):
                            put(base, 1)
                        continue
                    wanted = int.from_bytes(exports.m.read(effective, width), "little")
                    assert call(*arguments) % FULL**2 == wanted
                    put(base, wanted)
    assert exports.m[-32:] == bytes(range(1, 33))


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("grown", [False, True])
def test_loops_that_end_where_the_address_space_does(form: dict[str, Any], grown: bool) -> None:
    exports = make(form, "1" if grown else "65536", LOOPS + SIZES)
    if grown and form.get("compile_mode") == "eager" and form["opt_level"]:
        # Compiled for smaller memories, which then cannot grow so far.
        assert (exports.grow(65_535), exports.grow(65_534), exports.grow(1)) == (-1, 1, -1)
        return
    if grown:
        assert exports.grow(65_535) == 1
    memory = exports.m
    for _ in range(30):
        assert exports.to_the_end(-64) == 16
        assert memory[FULL - 68 : FULL] == b"\0" * 4 + b"\1" * 64
        assert exports.sum(-64, 0) == 64
        memory[FULL - 1] = 9
        assert exports.find(-64) == -1 and memory[-1] == 9
        memory[FULL - 1] = 0
        memory.write(0, b"\0" * 64)
        assert exports.find(-50) == -1
        assert exports.past_the_end(-30, 3) == 42
        assert (memory[FULL - 30], memory[FULL - 6], memory[18]) == (5, 5, 5)
        memory.write(-8, b"abcdefgh")
        memory.write(0, b"ijkl")
        assert exports.copy(100, -8, 12) == 112
        assert memory.read(100, 12) == b"abcdefghijkl"
        memory.write(200, b"ABCDEFGHIJKL")
        assert exports.copy(-8, 200, 12) == 4
        assert (memory.read(-8, 8), memory.read(0, 4)) == (b"ABCDEFGH", b"IJKL")
        memory.write(-128, b"\0" * 128)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_code_that_relies_on_a_gap_keeps_the_memory_from_filling_it(form: dict[str, Any]) -> None:
    exports = make({**form, "opt_level": 2}, "2", LOOPS + SIZES)
    exports.m.write(60, b"\1" * 10)
    for _ in range(200):
        assert exports.sum(0, 0x10000) == 10
    assert exports.grow(65_000) == 2
    if "compile_mode" in form or "_thresholds" in form:
        assert (exports.grow(534), exports.grow(533), exports.grow(1)) == (-1, 65_002, -1)
        assert len(exports.m) == MEMORY32_LIMIT_BYTES


def test_an_imported_memory_that_is_full_already() -> None:
    data = wat2wasm(f'(module (import "e" "m" (memory 1)) {LOOPS})')
    for form in FORMS:
        engine = wasmz.Engine(wasmz.Config(use_cache=False, **form))
        store = wasmz.Store(engine)
        linker = wasmz.Linker(engine)
        memory = wasmz.Memory(store, MemoryType(65_536))
        linker.define("e", "m", memory)
        module = wasmz.Module.compile(engine, data)
        if form.get("compile_mode") == "eager" and form["opt_level"]:
            with pytest.raises(wasmz.LinkError, match="at most 65535"):
                wasmz.Instance(store, module, linker)
            continue
        exports = wasmz.Instance(store, module, linker).exports
        for _ in range(40):
            assert exports.to_the_end(-64) == 16
            assert exports.sum(-64, 0) == 64
        store.close()


def test_python_and_the_last_bytes() -> None:
    memory = wasmz.Memory(wasmz.Store(), MemoryType(65_536))
    memory[-1] = 7
    memory.write(-4, b"abc")
    assert memory[FULL - 4 : FULL] == memory[-4:] == memory[-4:0] == memory.read(-4, 4) == b"abc\7"
    assert memory[-4:-1] == b"abc"
    assert memory.read_value(-4, "I") == 0x07636261
    memory[-2:] = b"xy"
    memory[-4:-2] = b"vw"
    assert memory[-4:0] == b"vwxy"
    for part in (slice(-4, 1), slice(-1, 5)):
        with pytest.raises(IndexError, match="wrap"):
            memory[part]
    assert memory.grow(1) == -1
    with pytest.raises(MemoryError):
        wasmz.Memory(memory.store, MemoryType(65_537))
    assert sys.getsizeof(memory) < 1000
