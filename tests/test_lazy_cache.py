"""The cache of lazily compiled functions: merged, complete, and with the better tier."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz.artifact.cache import CacheWarning, _Lock
from wasmz.artifact.pyc import DamagedFile, decode_functions
from wasmz.runtime.abi import BASELINE, OPTIMISED, CodeForm

ROOT = Path(__file__).resolve().parent.parent

COUNT = 12
TEXT = "\n".join(
    f"""(func (export "f{i}") (param i32) (result i32) (local i32)
          (loop $l (local.set 1 (i32.add (local.get 1) (i32.const {i})))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.get 1))"""
    for i in range(COUNT)
)
MODULE = assemble(f"(module {TEXT})")

# Calls f<argument 2>(argument 3) of the module in argument 1, and prints whether the compiler was needed.
SCRIPT = """
    import sys, wasmz
    engine = wasmz.Engine(wasmz.Config(compile_mode="smart"))
    exports = wasmz.instantiate(sys.argv[1], engine=engine).exports
    wanted = ("wasmz.compile.pipeline", "wasmz.ir", "wasmz.passes", "wasmz.codegen", "wasmz.wasm", "bytecode")
    result = exports["f" + sys.argv[2]](int(sys.argv[3]))
    print(result, any(name in sys.modules for name in wanted))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache directory."""
    path = tmp_path / "cache"
    monkeypatch.setenv("WASMZ_CACHE_DIR", str(path))
    return path


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "module.wasm"
    path.write_bytes(MODULE)
    return str(path)


def run(folder: Path, *args: object) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(SCRIPT), *map(str, args)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "WASMZ_CACHE_DIR": str(folder)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def kept(folder: Path) -> dict[tuple[int, int], bytes]:
    """The codes in the one file of the cache."""
    (path,) = folder.iterdir()
    return decode_functions(path.read_bytes())[1]


def call(index: int, count: int) -> None:
    """Calls a function in this process; the module is gone afterwards."""
    engine = wasmz.Engine(wasmz.Config(compile_mode="smart"))
    with wasmz.Module.compile(engine, MODULE) as module:
        exports = wasmz.Instance(wasmz.Store(engine), module).exports
        assert exports[f"f{index}"](count) == index * count


def test_next_process_needs_no_compiler(folder: Path, source: str) -> None:
    assert run(folder, source, 3, 4) == "12 True"
    assert run(folder, source, 3, 5) == "15 False"
    assert run(folder, source, 4, 5) == "20 True"
    assert run(folder, source, 3, 5) == "15 False"
    assert run(folder, source, 4, 6) == "24 False"
    assert set(kept(folder)) == {(3, BASELINE), (4, BASELINE)}


def test_image_is_kept_even_if_nothing_was_called(folder: Path) -> None:
    for _ in range(2):
        wasmz.Module.compile(wasmz.Engine(wasmz.Config(compile_mode="smart")), MODULE).close()
        assert kept(folder) == {}


def test_start_from_the_cache_imports_little(folder: Path, source: str) -> None:
    """What the standard library's larger modules would take is a third of such a start."""
    script = """
        import sys
        before = set(sys.modules)
        import wasmz
        exports = wasmz.instantiate(sys.argv[1]).exports
        assert exports.f3(4) == 12
        print(*sorted(set(sys.modules) - before))
    """
    call(3, 4)
    # Without site, whose own imports differ from machine to machine.
    done = subprocess.run(
        [sys.executable, "-S", "-c", textwrap.dedent(script), source],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "WASMZ_CACHE_DIR": str(folder), "PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    large = {"typing", "re", "enum", "functools", "collections", "contextlib", "dataclasses", "threading", "inspect"}
    assert not large & set(done.stdout.split())


def test_better_tier_is_kept(folder: Path) -> None:
    call(2, 10)
    assert set(kept(folder)) == {(2, BASELINE)}
    call(2, 100_000)
    assert set(kept(folder)) == {(2, BASELINE), (2, CodeForm.of(0))}
    # The continuation is used at the first request; the second call asks for optimised code, and only that is stored.
    engine = wasmz.Engine(wasmz.Config(compile_mode="smart"))
    with wasmz.Module.compile(engine, MODULE) as module:
        exports = wasmz.Instance(wasmz.Store(engine), module).exports
        for _ in range(3):
            assert exports.f2(100_000) == 200_000
    assert set(kept(folder)) == {(2, OPTIMISED)}
    call(2, 10)
    assert set(kept(folder)) == {(2, OPTIMISED)}


def test_kept_when_the_module_is_closed_or_collected(folder: Path) -> None:
    engine = wasmz.Engine(wasmz.Config(compile_mode="smart"))
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, MODULE))
    instance.exports.f1(1)
    assert not list(folder.iterdir())
    instance.module.close()
    assert set(kept(folder)) == {(1, BASELINE)}
    # An instance outlives its module.
    instance.exports.f5(1)
    assert set(kept(folder)) == {(1, BASELINE)}
    supply = instance.module.supply
    assert supply is not None
    supply.save()
    assert set(kept(folder)) == {(1, BASELINE), (5, BASELINE)}


def test_collection_does_not_wait_for_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module may be collected anywhere, also while the same thread holds the cache's lock: it is kept afterwards."""
    monkeypatch.setattr("wasmz.artifact.cache._LONGEST_WAIT", 0.1)
    engine = wasmz.Engine(wasmz.Config(compile_mode="smart"))
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, MODULE))
    instance.exports.f1(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with _Lock(str(folder)):
            del instance
            gc.collect()
        assert not list(folder.iterdir())
        call(2, 10)
    assert set(kept(folder)) == {(1, BASELINE), (2, BASELINE)}


def test_locked_cache_is_a_warning(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wasmz.artifact.cache._LONGEST_WAIT", 0.1)
    engine = wasmz.Engine(wasmz.Config(compile_mode="smart"))
    module = wasmz.Module.compile(engine, MODULE)
    wasmz.Instance(wasmz.Store(engine), module).exports.f1(1)
    with _Lock(str(folder)), pytest.warns(CacheWarning, match="locked by another process"):
        module.close()


def test_processes_at_once_lose_nothing(folder: Path, source: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda i: run(folder, source, i, 3), range(COUNT)))
    assert results == [f"{3 * i} True" for i in range(COUNT)]
    assert set(kept(folder)) == {(i, BASELINE) for i in range(COUNT)}


def test_options_have_files_of_their_own(folder: Path) -> None:
    for settings in ({}, {"opt_level": 0}, {"compile_mode": "eager"}):
        engine = wasmz.Engine(wasmz.Config(**{"compile_mode": "smart", **settings}))
        with wasmz.Module.compile(engine, MODULE) as module:
            wasmz.Instance(wasmz.Store(engine), module).exports.f1(1)
    assert len(list(folder.iterdir())) == 3


def test_any_damage_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call(1, 1)
    (path,) = folder.iterdir()
    whole = path.read_bytes()

    def refuse(*args: object) -> None:
        raise AssertionError("unmarshalled a damaged file")

    with monkeypatch.context() as patch:
        patch.setattr("marshal.loads", refuse)
        for length in range(len(whole)):
            with pytest.raises(DamagedFile):
                decode_functions(whole[:length])
        for byte in range(len(whole)):
            for bit in range(8) if byte < 16 else (byte % 8,):
                damaged = bytearray(whole)
                damaged[byte] ^= 1 << bit
                with pytest.raises(DamagedFile):
                    decode_functions(bytes(damaged))
    path.write_bytes(whole[:-1])
    call(1, 1)
    assert set(kept(folder)) == {(1, BASELINE)}


def test_a_cache_that_cannot_be_written_is_a_warning(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr("wasmz.artifact.cache.write_atomically", refuse)
    with pytest.warns(wasmz.artifact.cache.CacheWarning, match="cannot write to the cache"):
        call(1, 1)


def test_switched_off(folder: Path) -> None:
    engine = wasmz.Engine(wasmz.Config(compile_mode="smart", use_cache=False))
    with wasmz.Module.compile(engine, MODULE) as module:
        wasmz.Instance(wasmz.Store(engine), module).exports.f1(1)
    assert not folder.exists()
