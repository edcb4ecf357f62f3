"""C++'s exceptions by way of the host: as emscripten compiles `throw` and `catch` without -fwasm-exceptions."""

from __future__ import annotations

from typing import Any

import pytest

import wasmz
from wasmz.runtime.emscripten.exceptions import demangle
from wasmz.text import assemble

# Types: 1100 std::exception, 1120 std::runtime_error, which is derived from it, 1140 int, 1160 ns::Other. An object has
# the address of its table of virtual functions first: two destructors and what().
MODULE = r"""(module
  (import "env" "__cxa_throw" (func $throw (param i32 i32 i32)))
  (import "env" "__cxa_begin_catch" (func $begin (param i32) (result i32)))
  (import "env" "__cxa_end_catch" (func $end))
  (import "env" "__cxa_rethrow" (func $rethrow))
  (import "env" "__cxa_find_matching_catch_3" (func $find (param i32) (result i32)))
  (import "env" "__cxa_find_matching_catch_2" (func $find_none (result i32)))
  (import "env" "__cxa_uncaught_exceptions" (func $uncaught (result i32)))
  (import "env" "__resumeException" (func $resume (param i32)))
  (import "env" "llvm_eh_typeid_for" (func $typeid (param i32) (result i32)))
  (import "env" "getTempRet0" (func $upper (result i32)))
  (import "env" "invoke_v" (func $invoke_v (param i32)))
  (import "env" "invoke_vi" (func $invoke_vi (param i32 i32)))
  (import "env" "invoke_ii" (func $invoke_ii (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table (export "__indirect_function_table") 10 funcref)
  (elem (i32.const 1) $what $destroy $throw_one $catch_and_rethrow $again)
  (data (i32.const 1024) "St9exception\00")
  (data (i32.const 1040) "St13runtime_error\00")
  (data (i32.const 1060) "i\00")
  (data (i32.const 1064) "N2ns5OtherE\00")
  (data (i32.const 1080) "it went wrong\00")
  (data (i32.const 1100) "\00\00\00\00\00\04\00\00")
  (data (i32.const 1120) "\00\00\00\00\10\04\00\00\4c\04\00\00")
  (data (i32.const 1140) "\00\00\00\00\24\04\00\00")
  (data (i32.const 1160) "\00\00\00\00\28\04\00\00")
  (data (i32.const 1180) "\02\00\00\00\02\00\00\00\01\00\00\00")
  (global $threw (mut i32) (i32.const 0))
  (global $top (mut i32) (i32.const 4096))
  (global $destroyed (export "destroyed") (mut i32) (i32.const 0))
  (global $freed (export "freed") (mut i32) (i32.const 0))
  (func (export "malloc") (param i32) (result i32)
    (global.get $top) (global.set $top (i32.add (global.get $top) (i32.const 64))))
  (func (export "free") (param i32) (global.set $freed (i32.add (global.get $freed) (i32.const 1))))
  (func (export "setThrew") (param i32 i32) (global.set $threw (local.get 0)))
  (func (export "emscripten_stack_get_current") (result i32) (i32.const 60000))
  (func (export "_emscripten_stack_restore") (param i32))
  (func (export "__cxa_can_catch") (param $wanted i32) (param $thrown i32) (param i32) (result i32)
    (i32.or (i32.eq (local.get $wanted) (local.get $thrown))
      (i32.and (i32.eq (local.get $wanted) (i32.const 1100)) (i32.eq (local.get $thrown) (i32.const 1120)))))
  (func $what (param i32) (result i32) (i32.const 1080))
  (func $destroy (param i32) (global.set $destroyed (i32.add (global.get $destroyed) (i32.const 1))))
  (func $throw_one (param $type i32)
    (local $made i32)
    (if (i32.eqz (local.get $type)) (then (return)))
    (local.set $made (i32.add (global.get $top) (i32.const 24)))
    (global.set $top (i32.add (global.get $top) (i32.const 64)))
    (i32.store (local.get $made)
      (if (result i32) (i32.eq (local.get $type) (i32.const 1140)) (then (i32.const 42)) (else (i32.const 1180))))
    (call $throw (local.get $made) (local.get $type) (i32.const 2))
    (unreachable))
  ;; try { throw } catch (wanted&): 1 if it was caught, 2 if another type was, 0 if nothing was thrown.
  (func $try (export "try") (param $type i32) (param $wanted i32) (result i32)
    (local $object i32)
    (call $invoke_vi (i32.const 3) (local.get $type))
    (if (i32.eqz (global.get $threw)) (then (return (i32.const 0))))
    (global.set $threw (i32.const 0))
    (local.set $object (call $find (local.get $wanted)))
    (if (i32.eqz (i32.or (i32.eqz (local.get $wanted)) (i32.eq (call $upper) (call $typeid (local.get $wanted)))))
      (then (call $resume (local.get $object)) (unreachable)))
    (drop (call $begin (local.get $object)))
    (call $end)
    (i32.const 1))
  (func $catch_and_rethrow (param $type i32) (result i32)
    (local $object i32)
    (call $invoke_vi (i32.const 3) (local.get $type))
    (global.set $threw (i32.const 0))
    (drop (call $begin (call $find (i32.const 0))))
    (call $invoke_v (i32.const 5))
    (global.set $threw (i32.const 0))
    (local.set $object (call $find_none))
    (call $end)
    (call $resume (local.get $object))
    (unreachable))
  (func $again (call $rethrow) (unreachable))
  ;; try { try { throw } catch (...) { throw; } } catch (...) {}
  (func (export "twice") (param $type i32) (result i32)
    (drop (call $invoke_ii (i32.const 4) (local.get $type)))
    (if (i32.eqz (global.get $threw)) (then (return (i32.const 0))))
    (global.set $threw (i32.const 0))
    (drop (call $begin (call $find (i32.const 0))))
    (call $end)
    (i32.add (i32.const 10) (call $uncaught)))
  (func (export "throw") (param i32) (call $throw_one (local.get 0)))
  (func (export "end") (call $end))
  (func (export "bad") (param i32) (call $throw (i32.const 8) (local.get 0) (i32.const 0)))
  (func (export "rethrow") (call $rethrow)))"""
EXCEPTION, RUNTIME_ERROR, INT, OTHER = 1100, 1120, 1140, 1160


@pytest.fixture
def instance() -> wasmz.Instance:
    return wasmz.instantiate(assemble(MODULE))


def test_types_are_matched(instance: wasmz.Instance) -> None:
    run: Any = instance.exports["try"]
    assert run(0, INT) == 0 and run(INT, INT) == 1 and run(RUNTIME_ERROR, EXCEPTION) == 1 and run(OTHER, 0) == 1
    # Each object was destroyed when its handler had ended, and its memory freed.
    assert instance.exports.destroyed.value == instance.exports.freed.value == 3
    for type, wanted in ((INT, EXCEPTION), (EXCEPTION, RUNTIME_ERROR)):
        with pytest.raises(wasmz.Trap):
            run(type, wanted)
    assert run(INT, INT) == 1


def test_thrown_again(instance: wasmz.Instance) -> None:
    assert instance.exports.twice(RUNTIME_ERROR) == 10


@pytest.mark.parametrize(
    ("type", "text"),
    [
        (RUNTIME_ERROR, "an exception of C++ was not caught: std::runtime_error: it went wrong"),
        (EXCEPTION, "an exception of C++ was not caught: std::exception: it went wrong"),
        (INT, "an exception of C++ was not caught: int: 42"),
        (OTHER, "an exception of C++ was not caught: ns::Other"),
        (-4, "an exception of C++ was not caught"),
        (1090, "an exception of C++ was not caught"),
    ],
)
def test_what_was_not_caught(instance: wasmz.Instance, type: int, text: str) -> None:
    with pytest.raises(wasmz.Trap) as caught:
        instance.exports.throw(type)
    assert caught.value.message == text and str(caught.value).startswith(text)
    assert caught.value.code is wasmz.TrapCode.UNREACHABLE and caught.value.frames


def test_wrong_calls(instance: wasmz.Instance) -> None:
    for name, args in (("end", ()), ("rethrow", ()), ("bad", (INT,))):
        with pytest.raises(wasmz.Trap):
            instance.exports[name](*args)


def test_instances_have_their_own_exceptions() -> None:
    module = wasmz.Module.compile(assemble(MODULE))
    linker = wasmz.Linker(module.engine)
    linker.define_emscripten(module)
    first, second = (wasmz.Instance(wasmz.Store(module.engine), module, linker) for _ in range(2))
    with pytest.raises(wasmz.Trap):
        first.exports.throw(INT)
    assert second.exports["try"](RUNTIME_ERROR, EXCEPTION) == 1


@pytest.mark.parametrize(
    ("mangled", "name"),
    [
        ("St13runtime_error", "std::runtime_error"),
        ("N2ns5ErrorE", "ns::Error"),
        ("NSt3__212bad_functionE", "std::bad_function"),
        ("5Plain", "Plain"),
        ("PKc", "char const*"),
        ("i", "int"),
        ("NSt3__26vectorIiEE", "NSt3__26vectorIiEE"),
        ("99999999999999999999x", "99999999999999999999x"),
        ("", ""),
        ("0", "0"),
    ],
)
def test_names_of_types(mangled: str, name: str) -> None:
    assert demangle(mangled) == name
