"""Emscripten's conventions: longjmp through the host, main with arguments, a memory that grows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wasmz
from wasmz.interop.registry import families_of
from wasmz.runtime.link.emscripten import define_emscripten, has_main, run_main

wasmtime = pytest.importorskip("wasmtime")

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
(module
  (import "env" "invoke_ii" (func $invoke_ii (param i32 i32) (result i32)))
  (import "env" "invoke_vi" (func $invoke_vi (param i32 i32)))
  (import "env" "invoke_d" (func $invoke_d (param i32) (result f64)))
  (import "env" "_emscripten_throw_longjmp" (func $throw))
  (import "env" "emscripten_longjmp" (func $long_jump (param i32 i32)))
  (import "env" "emscripten_notify_memory_growth" (func $grown (param i32)))
  (import "env" "emscripten_resize_heap" (func $resize (param i32) (result i32)))
  (memory (export "memory") 1 3)
  (table (export "__indirect_function_table") 8 funcref)
  (elem (i32.const 1) $square $jump $nested $jump_twice $half $old_jump)
  (global $sp (mut i32) (i32.const 60000))
  (global $threw (mut i32) (i32.const 0))
  (global $value (mut i32) (i32.const 0))
  (func (export "emscripten_stack_get_current") (result i32) (global.get $sp))
  (func (export "_emscripten_stack_restore") (param i32) (global.set $sp (local.get 0)))
  (func $allocate (export "_emscripten_stack_alloc") (param i32) (result i32)
    (global.set $sp (i32.and (i32.sub (global.get $sp) (local.get 0)) (i32.const -16)))
    (global.get $sp))
  (func (export "setThrew") (param i32 i32)
    (if (i32.eqz (global.get $threw))
      (then (global.set $threw (local.get 0)) (global.set $value (local.get 1)))))
  (func $square (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))
  (func $jump (param i32) (result i32)
    (drop (call $allocate (local.get 0)))
    (call $throw)
    (unreachable))
  (func $nested (param i32) (result i32)
    (drop (call $allocate (i32.const 64)))
    (i32.add (call $invoke_ii (i32.const 2) (local.get 0)) (i32.const 5)))
  (func $jump_twice (param i32)
    (drop (call $invoke_ii (i32.const 2) (local.get 0)))
    (call $throw))
  (func $half (result f64) (call $throw) (unreachable))
  (func $old_jump (param i32) (result i32) (call $long_jump (i32.const 4096) (local.get 0)) (unreachable))
  (func (export "call") (param i32 i32) (result i32) (call $invoke_ii (local.get 0) (local.get 1)))
  (func (export "call_void") (param i32 i32) (call $invoke_vi (local.get 0) (local.get 1)))
  (func (export "call_double") (param i32) (result f64) (call $invoke_d (local.get 0)))
  (func (export "state") (result i32 i32 i32)
    (global.get $threw) (global.get $value) (global.get $sp) (global.set $threw (i32.const 0)))
  (func (export "grow") (result i32)
    (drop (memory.grow (i32.const 1)))
    (call $grown (i32.const 0))
    (call $resize (i32.const 196608)))
  (func (export "__main_argc_argv") (param $count i32) (param $words i32) (result i32)
    (i32.add
      (i32.mul (local.get $count) (i32.const 10))
      (i32.sub (i32.load8_u (i32.load offset=4 (local.get $words))) (i32.const 48))))
)
"""


@pytest.fixture(params=[0, 2])
def instance(request: pytest.FixtureRequest) -> wasmz.Instance:
    engine = wasmz.Engine(wasmz.Config(opt_level=request.param, use_cache=False, verify=True))
    module = wasmz.Module.compile(engine, wasmtime.wat2wasm(PROGRAM))
    assert families_of(module) == ["emscripten"]
    linker = wasmz.Linker(engine)
    linker.define_emscripten(module)
    return wasmz.Instance(wasmz.Store(engine), module, linker)


def test_calls_that_return(instance: wasmz.Instance) -> None:
    exports: Any = instance.exports
    assert exports.call(1, -7) == 49
    assert exports.state() == (0, 0, 60_000)


def test_long_jumps(instance: wasmz.Instance) -> None:
    exports: Any = instance.exports
    assert exports.call(2, 160) == 0
    assert exports.state() == (1, 0, 60_000)
    # The innermost call catches it, and the outer ones go on.
    assert exports.call(3, 32) == 5
    assert exports.state() == (1, 0, 59_936)
    exports._emscripten_stack_restore(60_000)
    exports.call_void(4, 48)
    assert exports.state() == (1, 0, 60_000)
    assert exports.call_double(5) == 0.0
    assert exports.state() == (1, 0, 60_000)
    # In older modules, the host passes on the buffer and the value.
    assert exports.call(6, 9) == 0
    assert exports.state() == (4_096, 9, 60_000)


def test_traps_are_no_long_jumps(instance: wasmz.Instance) -> None:
    for index, code in ((0, "INDIRECT_CALL_TO_NULL"), (8, "TABLE_OUT_OF_BOUNDS"), (-1, "TABLE_OUT_OF_BOUNDS")):
        with pytest.raises(wasmz.Trap) as caught:
            instance.exports.call(index, 0)
        assert caught.value.code.name == code
    with pytest.raises(wasmz.Trap) as caught:
        instance.exports.call(4, 0)
    assert caught.value.code.name == "BAD_SIGNATURE"
    assert instance.exports.state() == (0, 0, 60_000)


@pytest.mark.parametrize("names", [("stackSave", "stackRestore"), ("stack_save", "stack_restore")])
def test_instances_that_share_a_linker(names: tuple[str, str]) -> None:
    """Each is called with its own stack and table, in whatever order; the exports have had several names."""
    text = PROGRAM.replace("emscripten_stack_get_current", names[0]).replace("_emscripten_stack_restore", names[1])
    engine = wasmz.Engine(wasmz.Config(use_cache=False, verify=True))
    module = wasmz.Module.compile(engine, wasmtime.wat2wasm(text))
    linker = wasmz.Linker(engine)
    linker.define_emscripten(module)
    store = wasmz.Store(engine)
    one, other = (wasmz.Instance(store, module, linker) for _ in range(2))
    other.exports["__indirect_function_table"][1] = None
    other.exports[names[1]](40_000)
    for _ in range(3):
        assert one.exports.call(1, 6) == 36
        with pytest.raises(wasmz.Trap, match="null|uninitialized"):
            other.exports.call(1, 6)
        assert [instance.exports.call(2, 160) for instance in (one, other)] == [0, 0]
        assert one.exports.state() == (1, 0, 60_000)
        assert other.exports.state() == (1, 0, 40_000)
    # The table may grow and change meanwhile.
    table = one.exports["__indirect_function_table"]
    table.grow(2, table[1])
    assert one.exports.call(9, 5) == 25
    table[9] = table[5]
    with pytest.raises(wasmz.Trap) as caught:
        one.exports.call(9, 5)
    assert caught.value.code.name == "BAD_SIGNATURE"


def test_memory(instance: wasmz.Instance) -> None:
    assert instance.exports.grow() == 1
    assert instance.first_memory.size_pages == 3
    assert instance.exports.grow() == 1
    assert instance.first_memory.size_pages == 3


def test_main(instance: wasmz.Instance, tmp_path: Path) -> None:
    assert has_main(instance.module)
    assert run_main(instance, ["prog", "7", "ä"]) == 37
    (tmp_path / "prog.wasm").write_bytes(wasmtime.wat2wasm(PROGRAM))
    command = [sys.executable, "-m", "wasmz", "run", str(tmp_path / "prog.wasm"), "--", "5"]
    assert subprocess.run(command, cwd=ROOT, timeout=100).returncode == 25


# What calls itself through `invoke_ii`, as deep as its argument says; `jump` at the end, if it is asked for.
RECURSION = """
(module
  (import "env" "invoke_ii" (func $invoke_ii (param i32 i32) (result i32)))
  (import "env" "invoke_dfIi" (func $invoke_dfIi (param i32 f32 i64 i32) (result f64)))
  (import "env" "_emscripten_throw_longjmp" (func $throw))
  (table (export "__indirect_function_table") 4 funcref)
  (elem (i32.const 1) $down $mixed $count)
  (global $sp (mut i32) (i32.const 60000))
  (global $threw (mut i32) (i32.const 0))
  (global $counted (export "counted") (mut i32) (i32.const 0))
  (func (export "emscripten_stack_get_current") (result i32) (global.get $sp))
  (func (export "_emscripten_stack_restore") (param i32) (global.set $sp (local.get 0)))
  (func (export "setThrew") (param i32 i32) (global.set $threw (local.get 0)))
  (func (export "overflow") (global.set $counted (i32.add (global.get $counted) (i32.const 1))) (call $throw))
  (func $down (export "down") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const -1))))
    (i32.sub (call $invoke_ii (i32.const 1) (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
  (func $mixed (param f32 i64 i32) (result f64)
    (f64.add
      (f64.promote_f32 (local.get 0))
      (f64.convert_i64_s (i64.add (local.get 1) (i64.extend_i32_s (local.get 2))))))
  (func (export "mix") (param f32 i64 i32) (result f64)
    (call $invoke_dfIi (i32.const 2) (local.get 0) (local.get 1) (local.get 2)))
  (func $count (param i32) (result i32) (unreachable))
  (func (export "trap") (result i32) (call $invoke_ii (i32.const 3) (i32.const 0)))
)
"""


def _recursive(text: str = RECURSION, level: int = 2, **defined: Any) -> wasmz.Instance:
    engine = wasmz.Engine(wasmz.Config(opt_level=level, use_cache=False, verify=True))
    module = wasmz.Module.compile(engine, wasmtime.wat2wasm(text))
    linker = wasmz.Linker(engine)
    define_emscripten(linker, module, **defined)
    return wasmz.Instance(wasmz.Store(engine), module, linker)


@pytest.mark.parametrize("level", [0, 2])
def test_calls_nest_as_deep_as_others(level: int) -> None:
    """There is no limit for calls through the host, and a trap at the usual one."""
    exports: Any = _recursive(level=level).exports
    assert exports.down(3_000) == -3_001
    for _ in range(2):
        with pytest.raises(wasmz.Trap) as caught:
            exports.down(1_000_000)
        assert caught.value.code.name == "STACK_OVERFLOW"
    assert exports.down(3_000) == -3_001
    with pytest.raises(wasmz.Trap) as caught:
        exports.trap()
    assert [frame.function_index for frame in caught.value.frames] == [10, 11]


def test_values_of_all_types() -> None:
    exports: Any = _recursive().exports
    assert exports.mix(0.5, -(2**62), -5) == 0.5 + float(-(2**62) - 5)
    assert exports.mix(float("inf"), 7, 1) == float("inf")


def test_too_many_nested_calls_end_by_an_export() -> None:
    exports: Any = _recursive(overflow="overflow").exports
    assert exports.down(300) == -301
    assert exports.counted.value == 0
    # The 301st call is not made: it returns zero.
    assert exports.down(1_000) == -301
    assert exports.counted.value == 1
    assert exports.down(300) == -301


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(param i32) (global.set $sp (local.get 0))", "(param i64) (global.set $sp (i32.wrap_i64 (local.get 0)))"),
        ("(param i32 i32) (global.set $threw (local.get 0))", "(param i32 i64) (global.set $threw (local.get 0))"),
    ],
)
def test_exports_of_other_types(old: str, new: str) -> None:
    """What the exports take and return is converted then, as for any host."""
    assert old in RECURSION
    exports: Any = _recursive(RECURSION.replace(old, new)).exports
    assert exports.down(100) == -101
    assert exports.mix(0.5, 3, 4) == 7.5


def test_a_module_without_the_exports() -> None:
    exports: Any = _recursive(RECURSION.replace("emscripten_stack_get_current", "other")).exports
    with pytest.raises(KeyError, match="exports none of"):
        exports.trap()
