"""Faults of passes cost a function its optimisation; they never crash the process or give a wrong result."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz.compile.faults import CompilerFaultWarning, attempt
from wasmz.ir.nodes import Function, Value, count_uses
from wasmz.passes import find_pass
from wasmz.passes.context import Context
from wasmz.types import ValType

SUM = """(module (func (export "sum") (param $n i32) (result i32) (local $s i32)
  (loop $l
    (local.set $s (i32.add (local.get $s) (local.get $n)))
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  (local.get $s)))"""

Fault = Callable[[Function, Context], None]


def use_a_value_that_is_not_set(function: Function, context: Context) -> None:
    """What a pass does that captures a value of a block that does not dominate its use."""
    unset = Value("int.neg", ValType.I32, (function.blocks[0].body[0],), None, 0, function.blocks[-1])
    for block in function.blocks:
        terminator = block.terminator
        if terminator.op == "return":
            terminator.args = (unset,)


def look_up_what_is_not_there(function: Function, context: Context) -> None:
    count_uses(None)  # type: ignore[arg-type]


def compile_sum(monkeypatch: pytest.MonkeyPatch, fault: Fault, **settings: object) -> wasmz.Instance:
    """The module, compiled with a pass that is at fault."""
    found = find_pass
    monkeypatch.setattr("wasmz.passes.find_pass", lambda name: fault if name == "streams" else found(name))
    engine = wasmz.Engine(wasmz.Config(use_cache=False, **settings))  # type: ignore[arg-type]
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(SUM)))


def sums(instance: wasmz.Instance) -> list[int]:
    return [instance.exports.sum(10), instance.exports.sum(100), instance.exports.sum(1000)]


@pytest.mark.parametrize("fault", [use_a_value_that_is_not_set, look_up_what_is_not_there])
@pytest.mark.parametrize(
    "settings", [{"compile_mode": "eager"}, {"_thresholds": (1, 1, 0, 0)}, {"_thresholds": (6, 6, 0, 1)}]
)
def test_the_function_is_right_without_the_pass(
    monkeypatch: pytest.MonkeyPatch, fault: Fault, settings: dict[str, object]
) -> None:
    monkeypatch.setenv("WASMZ_COMPILE_DIAG", "1")
    with pytest.warns(CompilerFaultWarning, match="function 0"):
        found = sums(compile_sum(monkeypatch, fault, **settings))
    assert found == [55, 5050, 500500]


def test_without_the_flag_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compile_sum(monkeypatch, look_up_what_is_not_there, compile_mode="eager").exports.sum(10) == 55


def test_verification_raises_the_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AttributeError):
        compile_sum(monkeypatch, look_up_what_is_not_there, compile_mode="eager", verify=True)
    with pytest.raises(AssertionError):
        compile_sum(monkeypatch, use_a_value_that_is_not_set, compile_mode="eager", verify=True)


def test_errors_about_the_module_are_no_faults() -> None:
    def refuse() -> NoReturn:
        raise wasmz.InvalidWasm("no")

    with pytest.raises(wasmz.InvalidWasm):
        attempt("f", refuse, lambda: 1)


@pytest.mark.skipif(not hasattr(signal, "raise_signal") or sys.platform == "emscripten", reason="no signals here")
@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals need the main thread")
def test_what_a_signal_handler_raises_is_no_fault() -> None:
    def interrupt(*_: object) -> NoReturn:
        raise ValueError("from the handler")

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        with pytest.raises(ValueError, match="from the handler"):
            attempt("f", lambda: signal.raise_signal(signal.SIGTERM), lambda: 1)
    finally:
        signal.signal(signal.SIGTERM, before)
