"""Loops that read from iterators behave as in wasmtime, trap or not; see ``wasmz/passes/streams.py``."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.differential.oracle import assemble, compare
from wasmz.compile.front_end import load_module
from wasmz.compile.pipeline import ModuleCompiler
from wasmz.config import Config

_FILE = Path(__file__).parent / "streams.wat"
_BINARY = assemble(_FILE.read_text(encoding="utf-8"))
_END = 1 << 16
_NAMES = [export.name for export in load_module(_BINARY).exports if " " in export.name or export.name == "floats"]
# Iterations: too few for streams, enough, and too many for the memory.
_COUNTS = (1, 2, 7, 8, 12, 13, 14, 20, 21, 31, 32, 33, 64, 100)
_PLACES = (
    0,
    1,
    30,
    64,
    100,
    65436,
    _END - 1,
    _END - 21,
    _END - 36,
    _END - 64,
    _END - 128,
    _END,
    _END + 5,
    -1,
    -30,
    -200,
)


def _calls(name: str) -> list[tuple[str, tuple[Any, ...]]]:
    return [(name, (place, count)) for place in _PLACES for count in _COUNTS]


@pytest.mark.parametrize("name", _NAMES)
def test_loop_is_rewritten(name: str) -> None:
    module = load_module(_BINARY)
    compiler = ModuleCompiler(_BINARY, module, Config(opt_level=2, verify=True))
    function = compiler.build_index(next(export.index for export in module.exports if export.name == name))
    compiler.optimise(function)
    assert any(value.op == "memory.stream" for value in function.values())


@pytest.mark.parametrize("name", _NAMES)
def test_as_in_wasmtime(name: str) -> None:
    calls = _calls(name)
    assert compare(_BINARY, calls) == len(calls)


@pytest.mark.parametrize("name", _NAMES)
def test_as_in_wasmtime_behind_growth(name: str) -> None:
    """The views that are sliced have grown."""
    calls = [*_calls(name)[:40], ("grow", ()), *_calls(name), (name, (2 * _END - 30, 29)), (name, (2 * _END - 30, 60))]
    assert compare(_BINARY, calls) == len(calls)


@pytest.mark.parametrize("name", _NAMES)
def test_plain_views(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMZ_PLAIN_VIEWS", "1")
    calls = _calls(name)
    assert compare(_BINARY, calls, levels=(2,)) == len(calls)


def test_trap_is_that_of_the_load() -> None:
    """It says which instruction it was, and leaves the effects of the rounds before it."""
    places = []
    for level in (0, 2):
        engine = wasmz.Engine(wasmz.Config(opt_level=level, use_cache=False))
        instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, _BINARY))
        with pytest.raises(wasmz.Trap) as caught:
            instance.exports["effect in each round"](_END - 60, 100)
        assert caught.value.code is wasmz.TrapCode.MEMORY_OUT_OF_BOUNDS
        assert instance.exports.rounds.value == 30
        places.append(caught.value.frames[0].byte_offset)
    assert places[0] == places[1]


def test_streams_keep_nothing_when_a_function_has_returned() -> None:
    engine = wasmz.Engine(wasmz.Config(opt_level=2, use_cache=False))
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, _BINARY))
    instance.exports["floats"](0, 64)
    memory = weakref.ref(instance.exports.memory)
    del instance
    gc.collect()
    assert memory() is None
