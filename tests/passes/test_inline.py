"""Inlining and direct calls in whole modules: what is known about a module, what becomes of calls, and backtraces."""

from __future__ import annotations

from collections import Counter

import pytest
import wasmtime

import wasmz
from wasmz.compile.front_end import load_module
from wasmz.compile.pipeline import ModuleCompiler
from wasmz.config import Config
from wasmz.errors import Trap, TrapCode

MODULE = """(module $m
  (import "env" "host" (func $host))
  (type $unary (func (param i32) (result i32)))
  (type $binary (func (param i32 i32) (result i32)))
  (memory 1)
  (global $unwritten (mut i32) (i32.const 1024))
  (global $written (mut i32) (i32.const 5))
  (global $shown (export "shown") (mut i32) (i32.const 6))
  (table $fixed 6 funcref)
  (table $changing 2 funcref)
  (elem (table $fixed) (i32.const 1) func $get $absolute $nothing)
  (elem (table $changing) (i32.const 0) func $get)
  (func $get (param i32) (result i32) (i32.load offset=8 (local.get 0)))
  (func $absolute (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 0))
      (then (i32.sub (i32.const 0) (local.get 0))) (else (local.get 0))))
  (func $pair (param i32) (result i32 i32) (local.get 0) (i32.const 7))
  (func $nothing)
  (func $count (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $count (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0))))
  (func $fail (unreachable))
  (func (export "all") (param i32) (result i32)
    (call $nothing)
    (call $pair (call $absolute (call $get (local.get 0))))
    (call $absolute (i32.sub))
    (i32.add (global.get $unwritten))
    (global.set $written (local.get 0)))
  (func (export "count") (param i32) (result i32) (call $count (local.get 0)))
  (func (export "fail") (call $nothing) (call $fail))
  (func (export "through_fixed") (param i32) (result i32)
    (call_indirect $fixed (type $unary) (local.get 0) (i32.const 2)))
  (func (export "null") (param i32) (result i32) (call_indirect $fixed (type $unary) (local.get 0) (i32.const 0)))
  (func (export "outside") (param i32) (result i32) (call_indirect $fixed (type $unary) (local.get 0) (i32.const 6)))
  (func (export "other_type") (param i32) (result i32)
    (call_indirect $fixed (type $binary) (local.get 0) (local.get 0) (i32.const 1)))
  (func (export "through_changing") (param i32) (result i32)
    (call_indirect $changing (type $unary) (local.get 0) (i32.const 0)))
  (func (export "change") (table.set $changing (i32.const 0) (ref.func $absolute)))
)"""


@pytest.fixture(scope="module")
def binary() -> bytes:
    return bytes(wasmtime.wat2wasm(MODULE))


@pytest.fixture(params=[[], ["inline"]], ids=["inlined", "called"])
def exports(binary: bytes, request: pytest.FixtureRequest) -> wasmz.Exports:
    engine = wasmz.Engine(Config(opt_level=2, use_cache=False, verify=True, disable_passes=request.param))
    linker = wasmz.Linker(engine)
    linker.define("env", "host", lambda: None)
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, binary), linker).exports


def _operations(binary: bytes, name: str, *passes: str) -> Counter[str]:
    module = load_module(binary)
    compiler = ModuleCompiler(binary, module, Config(opt_level=2, verify=True, disable_passes=passes))
    index = next(export.index for export in module.exports if export.name == name)
    function = compiler.build_index(index)
    compiler.optimise(function)
    return Counter(value.op for value in function.values())


def test_what_is_known_of_a_module(binary: bytes) -> None:
    context = ModuleCompiler(binary, load_module(binary), Config()).context
    assert context.constant_globals == {0: ("i32.const", 1024)}
    assert context.written_globals >= {1, 2}
    assert context.boxed_globals == {2}
    assert context.written_tables == {1}
    assert context.table_functions(0) == (None, 1, 2, 4, None, None)
    assert context.table_functions(1) is None


def test_small_functions_leave_no_calls(binary: bytes) -> None:
    assert not {"call", "call_indirect"} & set(_operations(binary, "all"))
    assert _operations(binary, "all", "inline")["call"] == 5


def test_calls_through_a_table_that_never_changes(binary: bytes) -> None:
    assert not {"call", "call_indirect"} & set(_operations(binary, "through_fixed"))
    assert _operations(binary, "through_changing")["call_indirect"] == 1


def test_recursion_is_not_unrolled_for_ever(binary: bytes) -> None:
    assert _operations(binary, "count")["call"] == 1


def test_results(exports: wasmz.Exports) -> None:
    assert exports.all(0) == 1024 + 7
    assert exports.count(100) == 100
    assert exports.through_fixed(-5) == 5
    assert exports.through_changing(0) == 0
    exports.change()
    assert exports.through_changing(-3) == 3


@pytest.mark.parametrize(
    ("name", "args", "code"),
    [
        ("all", (1 << 16,), TrapCode.MEMORY_OUT_OF_BOUNDS),
        ("fail", (), TrapCode.UNREACHABLE),
        ("null", (0,), TrapCode.INDIRECT_CALL_TO_NULL),
        ("outside", (0,), TrapCode.UNDEFINED_ELEMENT),
        ("other_type", (0,), TrapCode.BAD_SIGNATURE),
        ("count", (1 << 30,), TrapCode.STACK_OVERFLOW),
    ],
)
def test_traps(exports: wasmz.Exports, name: str, args: tuple[int, ...], code: TrapCode) -> None:
    with pytest.raises(Trap) as caught:
        getattr(exports, name)(*args)
    assert caught.value.code is code


def test_a_backtrace_names_the_inlined_function(exports: wasmz.Exports, binary: bytes) -> None:
    with pytest.raises(Trap) as caught:
        exports.all(1 << 16)
    inner, outer = caught.value.frames
    assert (inner.function_name, outer.function_name) == ("get", "all")
    bodies = {body.index: body for body in load_module(binary).bodies}
    for frame in (inner, outer):
        body = bodies[frame.function_index]
        assert body.start <= frame.byte_offset < body.end
