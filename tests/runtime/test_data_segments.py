"""Active segments are copied and dropped when a module is instantiated; a trap leaves those after it as they were."""

from __future__ import annotations

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz.runtime.memory.memory_helpers import DataSegments

# An exported table that the host gives gets functions that copy a segment's bytes: they are there after a trap, too.
SOURCE = """
(module
  (import "env" "table" (table 3 funcref))
  (import "env" "memory" (memory 1))
  (func $first (memory.init 0 (i32.const 100) (i32.const 0) (i32.const 3)))
  (func $second (memory.init 1 (i32.const 100) (i32.const 0) (i32.const 3)))
  (func $third (memory.init 2 (i32.const 100) (i32.const 0) (i32.const 3)))
  (elem (i32.const 0) $first $second $third)
  (data (i32.const 0) "abc")
  (data (i32.const {offset}) "def")
  (data (i32.const 6) "ghi")
  (data "passive"))
"""


@pytest.fixture(params=["smart", "eager"])
def engine(request: pytest.FixtureRequest) -> wasmz.Engine:
    return wasmz.Engine(wasmz.Config(compile_mode=request.param, use_cache=False))


def instantiate(engine: wasmz.Engine, offset: int) -> tuple[wasmz.Memory, list[wasmz.Func], Exception | None]:
    store = wasmz.Store(engine)
    memory = wasmz.Memory(store, wasmz.MemoryType(1))
    table = wasmz.Table(store, wasmz.TableType(wasmz.ValType.FUNCREF, 3))
    linker = wasmz.Linker(engine)
    linker.define("env", "table", table)
    linker.define("env", "memory", memory)
    error = None
    try:
        wasmz.Instance(store, wasmz.Module.compile(engine, assemble(SOURCE.format(offset=offset))), linker)
    except wasmz.Trap as trap:
        error = trap
    return memory, [table[index] for index in range(3)], error


def test_active_segments_are_dropped(engine: wasmz.Engine) -> None:
    memory, functions, error = instantiate(engine, 3)
    assert error is None and memory[:9] == b"abcdefghi"
    for function in functions:
        with pytest.raises(wasmz.Trap, match="out of bounds"):
            function()


@pytest.mark.parametrize("offset", [65_534, -1])
def test_a_trap_leaves_the_rest(engine: wasmz.Engine, offset: int) -> None:
    memory, functions, error = instantiate(engine, offset)
    assert error is not None and "out of bounds" in str(error)
    assert memory[:9] == b"abc" + bytes(6)
    with pytest.raises(wasmz.Trap, match="out of bounds"):
        functions[0]()
    for function, content in zip(functions[1:], (b"def", b"ghi"), strict=True):
        function()
        assert memory[100:103] == content


def test_each_segment_is_one_object() -> None:
    store = wasmz.Store()
    memory = wasmz.Memory(store, wasmz.MemoryType(1))
    large = bytes(range(256)) * 1_000
    segments = DataSegments((("active", b"ab", 0, 7), ("passive", b"cd", 0, None), ("active", b"ef", 0, 2)))
    held = segments[2]
    assert held is segments[2] and held.content == b"ef"
    segments.copy_active([memory], lambda _: 0)
    assert memory[:9] == b"\0\0ef\0\0\0ab"
    assert (segments[0].content, segments[1].content, held.content) == (b"", b"cd", b"")
    grown = wasmz.Memory(store, wasmz.MemoryType(4))
    DataSegments((("active", large, 0, 5),)).copy_active([grown], lambda _: 0)
    assert grown[5 : 5 + len(large)] == large
