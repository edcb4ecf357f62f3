"""Imports, and what linkers define."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.dropin.scenarios import SCENARIOS, instantiate, scenario, theirs


@scenario("too few imports")
def _(w: Any) -> Any:
    return instantiate(w, '(module (import "a" "b" (func)))')


@scenario("a function of another type")
def _(w: Any) -> Any:
    store = w.Store()
    function = w.Func(store, w.FuncType([w.ValType.i64()], [w.ValType.f32()]), lambda: None)
    return instantiate(w, '(module (import "a" "b" (func (param i32 i64) (result f32))))', (function,), store)


@scenario("something of another kind")
def _(w: Any) -> Any:
    store = w.Store()
    function = w.Func(store, w.FuncType([], []), lambda: None)
    return instantiate(w, '(module (import "a" "b" (memory 1)))', (function,), store)


@scenario("two imports of one name")
def _(w: Any) -> Any:
    store = w.Store()
    functions = [w.Func(store, w.FuncType([], [w.ValType.i32()]), lambda n=n: n) for n in (3, 5)]
    text = """(module (import "" "" (func (result i32))) (import "" "" (func (result i32)))
        (func (export "f") (result i32) (i32.sub (call 0) (call 1))))"""
    _, exports = instantiate(w, text, tuple(functions), store)
    return exports["f"](store)


def linked(w: Any, text: str, change: Callable[[Any, Any], Any] = lambda linker, module: None) -> Any:
    store = w.Store()
    linker = w.Linker(store.engine)
    linker.define_func("env", "f", w.FuncType([], [w.ValType.i32()]), lambda: 7)
    module = w.Module(store.engine, bytes(theirs.wat2wasm(text)))
    change(linker, module)
    return linker.instantiate(store, module).exports(store)["f"](store)


IMPORTING = '(module (import "env" "f" (func (result i32))) (func (export "f") (result i32) (call 0)))'
UNKNOWN = '(module (import "env" "g" (func (result i32))) (func (export "f") (result i32) (call 0)))'
SCENARIOS["a linker's function"] = lambda w: linked(w, IMPORTING)
SCENARIOS["an unknown import"] = lambda w: linked(w, UNKNOWN)
SCENARIOS["an unknown import is called"] = lambda w: linked(
    w, UNKNOWN, lambda linker, module: linker.define_unknown_imports_as_traps(module)
)


@scenario("unknown imports as default values")
def _(w: Any) -> Any:
    text = """(module (import "a" "i" (func (result i32 f64))) (import "a" "m" (memory 2 3))
        (import "a" "g" (global (mut i64))) (import "a" "t" (table 3 funcref))
        (func (export "f") (result i32 f64 i64 i32 i32) call 0 global.get 0 memory.size table.size 0))"""
    store = w.Store()
    linker = w.Linker(store.engine)
    module = w.Module(store.engine, bytes(theirs.wat2wasm(text)))
    linker.define_unknown_imports_as_default_values(store, module)
    return linker.instantiate(store, module).exports(store)["f"](store)


@scenario("the same name twice")
def _(w: Any) -> Any:
    return linked(w, IMPORTING, lambda linker, _: linker.define_func("env", "f", w.FuncType([], []), print))


@scenario("a name of WASI")
def _(w: Any) -> Any:
    linker = w.Linker(w.Engine())
    linker.define_wasi()
    linker.define_func("wasi_snapshot_preview1", "fd_write", w.FuncType([], []), print)


@scenario("shadowing")
def _(w: Any) -> Any:
    def shadow(linker: Any, _: Any) -> None:
        linker.allow_shadowing = True
        linker.define_func("env", "f", w.FuncType([], [w.ValType.i32()]), lambda: 9)

    return linked(w, IMPORTING, shadow)


@scenario("a command as a module")
def _(w: Any) -> Any:
    text = """(module (global $n (mut i32) (i32.const 0)) (func (export "_start"))
        (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) global.get $n))"""
    return defined(w, text)


@scenario("a reactor as a module")
def _(w: Any) -> Any:
    text = """(module (global $n (mut i32) (i32.const 0)) (func (export "_initialize") (global.set $n (i32.const 40)))
        (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) global.get $n))"""
    return defined(w, text)


def defined(w: Any, text: str) -> Any:
    store = w.Store()
    linker = w.Linker(store.engine)
    linker.define_module(store, "m", w.Module(store.engine, bytes(theirs.wat2wasm(text))))
    count = linker.get(store, "m", "count")
    return [count(store), count(store), linker.get_default(store, "m")(store), linker.get_default(store, "n")(store)]


@scenario("an item that is not there")
def _(w: Any) -> Any:
    store = w.Store()
    return w.Linker(store.engine).get(store, "a", "b")
