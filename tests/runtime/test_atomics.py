"""Atomic access: each operation against its definition, and several Python threads over one shared memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

import wasmz
from tests.differential.oracle import assemble
from tests.support.turns import run_in_turns
from wasmz.config import OPT_LEVELS
from wasmz.wasm.instructions import BY_NAME

_TYPES = {"i32": 32, "i64": 64}
_COMBINE: dict[str, Callable[[int, int], int]] = {
    "add": lambda old, new: old + new,
    "sub": lambda old, new: old - new,
    "and": lambda old, new: old & new,
    "or": lambda old, new: old | new,
    "xor": lambda old, new: old ^ new,
    "xchg": lambda old, new: new,
}
_CHANGES = [row for name, row in BY_NAME.items() if ".atomic.rmw" in name]
_MEMORY = '(memory (export "memory") 1 2 shared)'
FILLED = bytes(range(0x91, 0x91 + 32))


def _function(name: str, row: object, offset: int) -> str:
    params = " ".join(str(param) for param in row.params)  # type: ignore[attr-defined]
    results = " ".join(str(result) for result in row.results)  # type: ignore[attr-defined]
    operands = " ".join(f"(local.get {index})" for index in range(len(row.params)))  # type: ignore[attr-defined]
    return f'(func (export "{name}") (param {params}) (result {results}) ({name} offset={offset} {operands}))'


def _exports(text: str, level: int) -> wasmz.Exports:
    engine = wasmz.Engine(wasmz.Config(opt_level=level, verify=True, use_cache=False))
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(text))).exports


def _unsigned(number: int, bits: int) -> int:
    return number % 2**bits


@pytest.mark.parametrize("level", OPT_LEVELS)
def test_changes_by_their_definition(level: int) -> None:
    exports = _exports(f"(module {_MEMORY} {' '.join(_function(row.name, row, 8) for row in _CHANGES)})", level)
    memory = exports.memory
    for row in _CHANGES:
        assert row.access is not None
        bits, width = _TYPES[row.name[:3]], row.access.width
        operation = row.name.partition(".atomic.")[2].partition(".")[2].removesuffix("_u")
        for value in (0, 1, 0x80, 0xFFFF, 2**31, 2 ** (bits - 1), 2**bits - 1, 0x0123_4567_89AB_CDEF % 2**bits):
            memory[0:32] = FILLED
            old = int.from_bytes(FILLED[16 : 16 + width], "little")
            given = value - (value >> bits - 1) * 2**bits
            if operation == "cmpxchg":
                # Once with the value that is there, once with other bits above it.
                for expected in {old, old + 2 ** (8 * width) if 8 * width < bits else old ^ 1}:
                    memory[0:32] = FILLED
                    wanted = expected - (expected >> bits - 1) * 2**bits
                    assert _unsigned(exports[row.name](8, wanted, given), bits) == old
                    new = value % 2 ** (8 * width) if expected == old else old
                    assert memory[0:32] == FILLED[:16] + new.to_bytes(width, "little") + FILLED[16 + width :]
            else:
                assert _unsigned(exports[row.name](8, given), bits) == old
                new = _COMBINE[operation](old, value) % 2 ** (8 * width)
                assert memory[0:32] == FILLED[:16] + new.to_bytes(width, "little") + FILLED[16 + width :]
        for address in range(9, 8 + width):
            with pytest.raises(wasmz.Trap, match="unaligned atomic"):
                exports[row.name](address, *(0 for _ in row.params[1:]))
        for address in (65_536 - 8, -8, -width):
            with pytest.raises(wasmz.Trap, match="out of bounds memory access"):
                exports[row.name](address, *(0 for _ in row.params[1:]))


WAITING = f"""(module {_MEMORY}
  (func (export "wait32") (param i32 i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "wait64") (param i32 i64 i64) (result i32)
    (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "notify") (param i32 i32) (result i32) (memory.atomic.notify (local.get 0) (local.get 1)))
  (func (export "add") (param i32) (loop $next
    (drop (i32.atomic.rmw.add (i32.const 64) (i32.const 3)))
    (i32.store (i32.const 128) (i32.add (i32.load (i32.const 128)) (i32.const 0)))
    (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "load") (result i32) (i32.load (i32.const 65536))))"""

IMPORTING = WAITING.replace(_MEMORY, '(import "m" "m" (memory 1 2 shared))')


@pytest.mark.parametrize("level", OPT_LEVELS)
def test_wait_and_notify(level: int) -> None:
    exports = _exports(WAITING, level)
    assert exports.notify(0, -1) == 0
    assert exports.wait32(0, 1, -1) == 1
    assert exports.wait64(8, 1, -1) == 1
    started = time.monotonic()
    assert exports.wait32(0, 0, 20_000_000) == 2
    assert 0.02 <= time.monotonic() - started < 10
    assert exports.memory.waiting == {}
    for name, args, message in (
        ("wait32", (2, 0, 0), "unaligned atomic"),
        ("wait64", (4, 0, 0), "unaligned atomic"),
        ("notify", (2, 0), "unaligned atomic"),
        ("wait32", (65_536, 0, 0), "out of bounds memory access"),
        ("notify", (65_536, 0), "out of bounds memory access"),
    ):
        with pytest.raises(wasmz.Trap, match=message):
            exports[name](*args)


def test_waiting_needs_a_shared_memory() -> None:
    exports = _exports(WAITING.replace("shared", ""), 2)
    assert exports.notify(0, 1) == 0
    with pytest.raises(wasmz.Trap, match="expected shared memory"):
        exports.wait32(0, 0, 0)


def test_threads_are_woken_in_order() -> None:
    exports = _exports(WAITING, 2)
    woken: list[int] = []

    def wait(number: int) -> None:
        assert exports.wait32(0, 0, 60 * 10**9) == 0
        woken.append(number)

    threads = []
    for number in range(4):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        while len(exports.memory.waiting.get(0, ())) <= number:
            time.sleep(0.001)
    assert exports.notify(4, -1) == 0
    for number in range(2):
        assert exports.notify(0, 1) == 1
        threads[number].join(60)
    assert woken == [0, 1]
    assert exports.notify(0, -1) == 2
    for thread in threads:
        thread.join(60)
    assert sorted(woken) == [0, 1, 2, 3] and exports.memory.waiting == {}


@pytest.mark.parametrize("level", OPT_LEVELS)
def test_no_change_is_lost(level: int) -> None:
    engine = wasmz.Engine(wasmz.Config(opt_level=level, use_cache=False))
    module = wasmz.Module.compile(engine, assemble(IMPORTING))
    linker = wasmz.Linker(engine)
    memory = wasmz.Memory(wasmz.Store(engine), wasmz.MemoryType(1, 2, shared=True))
    linker.define("m", "m", memory)
    instances = [wasmz.Instance(wasmz.Store(engine), module, linker) for _ in range(4)]
    run_in_turns([partial(instance.call, "add", 3000) for instance in instances], 1e-5)
    assert memory.read_value(64, "I") == 3 * 3000 * 4


def test_all_see_a_memory_grow() -> None:
    engine = wasmz.Engine(wasmz.Config(use_cache=False))
    module = wasmz.Module.compile(engine, assemble(IMPORTING))
    linker = wasmz.Linker(engine)
    linker.define("m", "m", wasmz.Memory(wasmz.Store(engine), wasmz.MemoryType(1, 2, shared=True)))
    one, other = (wasmz.Instance(wasmz.Store(engine), module, linker) for _ in range(2))
    with pytest.raises(wasmz.Trap):
        other.call("load")
    assert one.call("grow") == 1
    assert other.call("load") == 0
    assert other.call("grow") == -1
