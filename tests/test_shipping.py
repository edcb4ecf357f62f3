"""Pickled modules, and the instances of worker processes."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.wasm.encode import I32, function
from wasmz.compile import packing

ROOT = Path(__file__).resolve().parent.parent
ADDS_5 = function(b"\x20\x00\x41\x05\x6a", I32, I32, before=b"\x07\x05\x01\x01f\x00\x00")

CONFIGS = [
    pytest.param({"compile_mode": "eager"}, id="eager"),
    pytest.param({"compile_mode": "smart"}, id="auto"),
    pytest.param({"compile_mode": "smart", "opt_level": 0, "fuel": 100, "use_cache": False}, id="metered"),
]
configured = pytest.mark.parametrize("settings", CONFIGS)


def module_of(settings: dict[str, Any]) -> wasmz.Module:
    return wasmz.Module.compile(wasmz.Engine(wasmz.Config(**settings)), ADDS_5)


def call(module: wasmz.Module, argument: int) -> Any:
    return wasmz.Instance(wasmz.Store(module.engine), module).exports.f(argument)


def arrive(pickled: bytes) -> wasmz.Module:
    """What another process would make of it: this one must not have the module any more."""
    gc.collect()
    packing._here.clear()
    module = pickle.loads(pickled)
    assert isinstance(module, wasmz.Module)
    return module


@configured
def test_round_trip(settings: dict[str, Any], cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_of(settings)
    assert call(module, 1) == 6
    config = module.engine.config
    pickled = pickle.dumps(module)
    del module
    for path in cache_dir.iterdir():
        path.unlink()

    def refuse(*args: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr("wasmz.compile.pipeline.compile_module", refuse)
    monkeypatch.setattr("wasmz.compile.pipeline.load_module", refuse)
    arrived = arrive(pickled)
    assert arrived.engine.config == config
    assert call(arrived, 2) == 7
    assert list(arrived.exports) == ["f"]
    # It can be sent on.
    assert call(arrive(pickle.dumps(arrived)), 3) == 8


@configured
def test_code_of_another_version_is_compiled_again(
    settings: dict[str, Any], cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = module_of(settings)
    call(module, 1)
    pickled = pickle.dumps(module)
    monkeypatch.setattr(packing, "_stamp", lambda: b"otherone")
    assert call(arrive(pickled), 1) == 6


def test_in_the_same_process_it_is_the_same_module() -> None:
    module = module_of({})
    assert pickle.loads(pickle.dumps(module)) is module
    first = pickle.dumps(module)
    call(module, 1)
    # More is compiled now, but it is still the same module.
    assert pickle.loads(first) is pickle.loads(pickle.dumps(module)) is module


def test_closed_modules_stay_where_they_are() -> None:
    module = module_of({})
    module.close()
    with pytest.raises(ValueError, match="closed"):
        pickle.dumps(module)


def add_5(module: wasmz.Module, argument: int) -> int:
    result: int = wasmz.worker_instance(module).exports.f(argument)
    return result


def test_pool_of_processes() -> None:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    module = module_of({})
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(add_5, [module] * 20, range(20))) == list(range(5, 25))


def test_worker_has_one_instance_a_thread() -> None:
    module = module_of({})
    instance = wasmz.worker_instance(module)
    with pytest.raises(TypeError, match="module must be a Module, not 'lib.wasm'"):
        wasmz.worker_instance("lib.wasm")  # type: ignore[arg-type]
    assert wasmz.worker_instance(module) is instance
    assert wasmz.worker_instance(pickle.loads(pickle.dumps(module))) is instance
    others: list[wasmz.Instance] = []
    thread = threading.Thread(target=lambda: others.append(wasmz.worker_instance(module)))
    thread.start()
    thread.join()
    assert others and others[0] is not instance
    assert others[0].exports.f(1) == 6


def test_worker_defines_imports_once() -> None:
    importing = (
        b"\0asm\1\0\0\0\x01\x06\x01\x60\x01\x7f\x01\x7f\x02\x10\x01\x06helper\x05twice\x00\x00"
        b"\x03\x02\x01\x00\x07\x05\x01\x01f\x00\x01\x0a\x08\x01\x06\x00\x20\x00\x10\x00\x0b"
    )
    calls: list[wasmz.Linker] = []

    def define(linker: wasmz.Linker) -> None:
        calls.append(linker)
        linker.define("helper", "twice", lambda x: 2 * x)

    module = wasmz.Module.compile(importing)
    assert [wasmz.worker_instance(module, define).exports.f(x) for x in (1, 2, 3)] == [2, 4, 6]
    assert len(calls) == 1


def test_two_hundred_processes_on_an_empty_cache(tmp_path: Path, cache_dir: Path) -> None:
    """One result, no damaged file, nothing lost."""
    path = tmp_path / "adds.wasm"
    path.write_bytes(ADDS_5)
    script = textwrap.dedent("""
        import os, sys
        children = []
        import wasmz.module, wasmz.compile.pipeline, wasmz.compile.on_demand
        for number in range(200):
            child = os.fork()
            if not child:
                status = 1
                try:
                    mode = ("eager", "smart")[number % 2]
                    engine = wasmz.Engine(wasmz.Config(compile_mode=mode))
                    module = wasmz.Module.compile(engine, sys.argv[1])
                    status = int(wasmz.Instance(wasmz.Store(engine), module).exports.f(number) != number + 5)
                    module.close()
                finally:
                    os._exit(status)
            children.append(child)
        print(sum(os.waitpid(child, 0)[1] != 0 for child in children))
    """)
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(path)],
        capture_output=True, text=True, cwd=ROOT, timeout=300,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("0\n", "")
    assert sorted(path.suffix for path in cache_dir.iterdir()) == [".pyc", ".tiers"]
    for mode in ("eager", "smart"):
        assert call(module_of({"compile_mode": mode}), 1) == 6


def test_instances_stay_where_they_are() -> None:
    instance = wasmz.instantiate(b"\0asm\1\0\0\0")
    with pytest.raises(TypeError, match="pickle its module"):
        pickle.dumps(instance)
