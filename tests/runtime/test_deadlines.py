"""A deadline stops every kind of busy guest, in every thread; what was being made then is made again later."""

from __future__ import annotations

import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from wasmtime import wat2wasm

import wasmz
from benchmarks.deadlines import KINDS, binary, latency
from wasmz import Config, Engine, Instance, Module, Store

# On an idle machine it is 5 to 20 ms.
PROMPTLY = 2.0

needs_threads = pytest.mark.skipif(sys.platform == "emscripten", reason="no threads here")


@needs_threads
@pytest.mark.parametrize("in_thread", [False, True], ids=["main", "thread"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_guest_is_stopped(kind: str, in_thread: bool) -> None:
    assert latency(kind, in_thread=in_thread) < PROMPTLY


@needs_threads
@pytest.mark.parametrize("kind", ["table.fill", "array.copy", "memory.copy of 256 MiB", "endless atomic wait"])
def test_every_guest_is_stopped_in_compiled_code(kind: str) -> None:
    assert latency(kind, in_thread=True, compile_mode="eager") < PROMPTLY


@needs_threads
def test_a_compilation_that_was_stopped_is_made_later() -> None:
    steps = "(local.set $x (i32.add (i32.mul (local.get $x) (local.get $y)) (i32.const 3)))" * 40
    # Most of a second, much longer than the deadline.
    body = f"(block (br_if 0 (local.get $y)) {steps})" * 5_000
    wasm = wat2wasm(
        f'(module (func (export "f") (param $x i32) (param $y i32) (result i32) {body} (local.get $x))'
        ' (func (export "g") (result i32) (i32.const 5)))'
    )
    store = Store(Engine(Config(use_cache=False)))
    exports = Instance(store, Module.compile(store.engine, wasm)).exports
    store.set_deadline(0.02)
    with pytest.raises(wasmz.Interrupted):
        exports.f(1, 1)
    store.set_deadline(None)
    assert (exports.f(7, 1), exports.f(1, 0), exports.g()) == (7, 3, 5)


@needs_threads
@pytest.mark.parametrize("compile_mode", ["eager", "smart"])
@pytest.mark.parametrize("in_thread", [False, True])
def test_short_calls_in_a_loop_of_the_host_are_stopped(compile_mode: Any, in_thread: bool) -> None:
    """Wherever the threads take turns: also if that is in the host's code nearly every time."""
    body = "(block (br_if 0 (local.get $y)) (local.set $x (i32.const 1)))" * 100
    wasm = wat2wasm(f'(module (func (export "f") (param $x i32) (param $y i32) (result i32) {body} (local.get $x)))')
    latest = []

    def call() -> None:
        store = Store(Engine(Config(use_cache=False, compile_mode=compile_mode)))
        f = Instance(store, Module.compile(store.engine, wasm)).exports.f
        for _ in range(20):
            assert f(3, 1) == 3
            store.set_deadline(0.01)
            begun = time.perf_counter()
            # Not endless, in case it is not stopped at all.
            with pytest.raises(wasmz.Interrupted):
                while time.perf_counter() - begun < 20:
                    f(3, 1)
            latest.append(time.perf_counter() - begun)
            store.set_deadline(None)

    _run(call, in_thread)
    assert len(latest) == 20
    assert sorted(latest)[10] < PROMPTLY


def _run(function: Callable[[], None], in_thread: bool) -> None:
    """Calls a function here, or in a thread of its own."""
    if in_thread:
        thread = threading.Thread(target=function)
        thread.start()
        thread.join()
    else:
        function()


@needs_threads
def test_interrupt_reaches_a_thread_that_waits() -> None:
    store = Store(Engine(Config(use_cache=False)))
    instance = Instance(store, Module.compile(store.engine, binary("endless atomic wait")))
    outcome: list[wasmz.ExecResult] = []
    thread = threading.Thread(target=lambda: outcome.append(instance.try_call("f")))
    thread.start()
    time.sleep(0.05)
    store.interrupt()
    thread.join(20)
    assert isinstance(outcome[0].trap, wasmz.Interrupted)


@needs_threads
def test_table_growth_that_is_stopped_leaves_nothing() -> None:
    wasm = wat2wasm(
        '(module (table (export "t") 1 funcref) (func (export "f") (loop $l'
        " (drop (table.grow (ref.null func) (i32.const 9000000)))"
        " (table.fill (i32.const 0) (ref.null func) (i32.const 1)) (br $l))))"
    )
    store = Store(Engine(Config(use_cache=False)))
    exports = Instance(store, Module.compile(store.engine, wasm)).exports
    store.set_deadline(0.01)
    with pytest.raises(wasmz.Interrupted):
        exports.f()
    assert len(exports.t) in (1, 9_000_001)
    assert store.table_budget.total_used == len(exports.t)


@needs_threads
@pytest.mark.parametrize("in_thread", [False, True])
@pytest.mark.parametrize("kind", ["finaliser", "callback", "dictionary"])
def test_nothing_is_stopped_where_exceptions_are_lost(kind: str, in_thread: bool) -> None:
    """CPython prints exceptions of finalisers and goes on."""

    class Slow:
        def __del__(self) -> None:
            if kind == "finaliser":
                spend()

    def spend() -> None:
        end = time.perf_counter() + 0.02
        while time.perf_counter() < end:
            pass

    def drop() -> None:
        values: weakref.WeakValueDictionary[int, Slow] = weakref.WeakValueDictionary()
        while True:
            if kind == "dictionary":
                made = [Slow() for _ in range(50)]
                values.update(enumerate(made))
                made.clear()
                continue
            one = Slow()
            if kind == "callback":
                weakref.finalize(one, spend)
            del one
            for _ in range(1000):
                pass

    lost: list[Any] = []
    text = '(module (import "env" "drop" (func $drop)) (func (export "f") (call $drop)))'
    instance = wasmz.instantiate(wat2wasm(text), {"env": {"drop": drop}})
    store = instance.store
    found: list[type[BaseException]] = []

    def call() -> None:
        try:
            instance.exports.f()
        except wasmz.Interrupted as error:
            found.append(type(error))

    with mock.patch.object(sys, "unraisablehook", lambda event: lost.append(event.exc_type)):
        for _ in range(5):
            store.set_deadline(0.03)
            _run(call, in_thread)
        store.set_deadline(None)
    assert found == [wasmz.Interrupted] * 5
    # In another thread, one may be on its way when an object goes: that is stopped once more.
    assert in_thread or not lost
