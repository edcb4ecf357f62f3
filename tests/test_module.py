"""The face of the package: compiling from every kind of source, handles, and what an import loads."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import textwrap
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.support.turns import run_in_turns
from tests.wasm.encode import I32, KITCHEN_SINK, function

ROOT = Path(__file__).resolve().parent.parent

# f: i32 -> i32, the parameter + 5.
ADDS_5 = function(b"\x20\x00\x41\x05\x6a", I32, I32, before=b"\x07\x05\x01\x01f\x00\x00")


@pytest.fixture
def engine() -> wasmz.Engine:
    return wasmz.Engine(wasmz.Config(use_cache=False))


def result_of(module: wasmz.Module) -> Any:
    return wasmz.Instance(wasmz.Store(module.engine), module).exports.f(37)


# Sources


class SlowReader(io.RawIOBase):
    """A file that gives a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def read(self, size: int = -1) -> bytes:
        piece, self.rest = self.rest[:3], self.rest[3:]
        return piece


def test_every_kind_of_source(engine: wasmz.Engine, tmp_path: Path) -> None:
    path = tmp_path / "adds.wasm"
    path.write_bytes(ADDS_5)
    padded = b"xx" + ADDS_5 + b"yy"
    sources = (
        ADDS_5,
        bytearray(ADDS_5),
        memoryview(ADDS_5),
        memoryview(bytearray(padded))[2:-2],
        str(path),
        path,
        io.BytesIO(ADDS_5),
        SlowReader(ADDS_5),
    )
    for source in sources:
        assert result_of(wasmz.Module.compile(engine, source)) == 42
        wasmz.Module.validate(io.BytesIO(ADDS_5) if isinstance(source, io.IOBase) else source)
    with path.open("rb") as file:
        assert result_of(wasmz.Module.compile(engine, file)) == 42
        assert file.read() == b""


def test_engine_left_out(cache_dir: Path) -> None:
    assert result_of(wasmz.Module.compile(ADDS_5)) == 42
    assert wasmz.Module.compile(ADDS_5).engine.config == wasmz.Config()
    assert wasmz.instantiate(ADDS_5).exports.f(1) == 6


def test_source_may_change_afterwards(engine: wasmz.Engine) -> None:
    data = bytearray(ADDS_5)
    module = wasmz.Module.compile(engine, data)
    data[:] = bytes(len(data))
    assert result_of(module) == 42


def test_progress_counts_functions() -> None:
    engine = wasmz.Engine(wasmz.Config(compile_mode="eager", use_cache=False))
    seen: list[tuple[int, int]] = []
    data = (ROOT / "tests" / "programs" / "report.wasm").read_bytes()
    module = wasmz.Module.compile(engine, data, progress=lambda done, total: seen.append((done, total)))
    total = len(module.image.functions)
    assert seen == [(done, total) for done in range(1, total + 1)]


# Errors


def test_wrong_arguments(engine: wasmz.Engine, tmp_path: Path) -> None:
    for wrong in (5, 1.5, [ADDS_5], object()):
        with pytest.raises(TypeError, match="source must be bytes, a path or a binary file"):
            wasmz.Module.compile(engine, wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no source"):
        wasmz.Module.compile(engine)
    with pytest.raises(TypeError, match="must be an Engine"):
        wasmz.Module.compile(ADDS_5, ADDS_5)
    with pytest.raises(TypeError, match="binary mode"):
        wasmz.Module.compile(engine, io.StringIO("(module)"))  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        wasmz.Module.compile(engine, tmp_path / "missing.wasm")
    with pytest.raises(OSError):
        wasmz.Module.compile(engine, tmp_path)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "unexpected end"),
        (b"\0asn\1\0\0\0", "magic header not detected"),
        (b"\0asm\2\0\0\0", "unknown binary version"),
        (ADDS_5[:-1], "unexpected end|length out of bounds"),
        (function(b"\x20\x01", I32, I32), "unknown local"),
        (function(b"\x42\x00", I32, I32), "type mismatch"),
    ],
)
def test_invalid_modules(engine: wasmz.Engine, data: bytes, reason: str) -> None:
    for use in (wasmz.Module.validate, lambda data: wasmz.Module.compile(engine, data)):
        with pytest.raises(wasmz.InvalidWasm, match=reason) as caught:
            use(data)
        assert isinstance(caught.value, ValueError)
        assert caught.value.reason in str(caught.value)


def test_missing_imports_are_all_named(engine: wasmz.Engine) -> None:
    module = wasmz.Module.compile(engine, KITCHEN_SINK)
    with pytest.raises(wasmz.LinkError) as caught:
        wasmz.Instance(wasmz.Store(engine), module)
    assert len(caught.value.problems) == 4
    for name in "ftmg":
        assert any(f"env.{name}" in problem or f"'{name}'" in problem for problem in caught.value.problems)


# Handles


def test_handles_count(engine: wasmz.Engine) -> None:
    first = wasmz.Module.compile_arc(engine, ADDS_5)
    second = first.retain()
    third = second.retain()
    assert (first.count, third.count) == (3, 3)
    module = first.module
    assert second.module is module
    assert first.release_unwrap() is None
    assert second.count == 2
    for use in (lambda: first.module, lambda: first.count, first.retain, first.release_unwrap):
        with pytest.raises(ValueError, match="released"):
            use()
    assert "released" in repr(first)
    assert third.release_unwrap() is None
    assert second.release_unwrap() is module
    with pytest.raises(ValueError, match="released"):
        second.release_unwrap()
    assert result_of(module) == 42


def test_handles_in_threads(engine: wasmz.Engine) -> None:
    """However threads interleave, each handle is released once and one release gives the module."""
    first = wasmz.Module.compile_arc(engine, ADDS_5)
    module = first.module
    returned: list[wasmz.Module | None] = []
    barrier = threading.Barrier(8)

    def work(mine: wasmz.ArcModule) -> None:
        barrier.wait()
        for _ in range(200):
            other = mine.retain()
            assert other.module is module
            returned.append(other.release_unwrap())
        returned.append(mine.release_unwrap())

    run_in_turns([partial(work, first.retain()) for _ in range(8)])
    assert len(returned) == 8 * 201
    assert set(returned) == {None}
    assert first.count == 1
    assert first.release_unwrap() is module


def test_one_handle_released_by_many_threads(engine: wasmz.Engine) -> None:
    for _ in range(50):
        handle = wasmz.Module.compile_arc(engine, ADDS_5)
        outcomes: list[str] = []
        barrier = threading.Barrier(4)

        def work(handle: wasmz.ArcModule, barrier: threading.Barrier, outcomes: list[str]) -> None:
            barrier.wait()
            try:
                outcomes.append("module" if handle.release_unwrap() is not None else "none")
            except ValueError:
                outcomes.append("refused")

        threads = [threading.Thread(target=work, args=(handle, barrier, outcomes)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["module", "refused", "refused", "refused"]


# Instantiation in one line


def test_instantiate_with_imports(engine: wasmz.Engine) -> None:
    from tests.differential.oracle import assemble

    data = assemble(
        '(module (import "env" "twice" (func $twice (param i32) (result i32))) (import "env" "m" (memory 1))'
        '(func (export "f") (result i32) (i32.store (i32.const 4) (call $twice (i32.const 21)))'
        "(i32.load (i32.const 4))))"
    )
    store = wasmz.Store(engine)
    linker_memory = wasmz.Memory(store, wasmz.MemoryType(1))
    linker = wasmz.Linker(engine)
    linker.define("env", "m", linker_memory)
    linker.define("env", "twice", lambda x: 2 * x)
    instance = wasmz.Instance(store, wasmz.Module.compile(engine, data), linker)
    assert instance.exports.f() == 42
    assert linker_memory.read(4, 4) == b"\x2a\0\0\0"
    only_function = assemble(
        '(module (import "env" "twice" (func $twice (param i32) (result i32)))'
        '(func (export "f") (result i32) (call $twice (i32.const 4))))'
    )
    assert wasmz.instantiate(only_function, {"env": {"twice": lambda x: 2 * x}}, engine=engine).exports.f() == 8
    with pytest.raises(wasmz.LinkError, match="twice"):
        wasmz.instantiate(only_function, engine=engine)


# What the package is


def run_python(script: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


_COMPILER = ("wasmz.compile.pipeline", "wasmz.wasm", "wasmz.ir", "wasmz.passes", "wasmz.codegen", "bytecode")
_SHOW_LOADED = "print(*sorted(n for n in sys.modules if n.split('.')[0] in ('wasmz', 'bytecode')))"


def test_import_loads_nothing_else() -> None:
    printed = run_python(f"import wasmz, sys; {_SHOW_LOADED}")
    # What finds the other modules comes first.
    assert set(printed.split()) <= {"wasmz", "wasmz.startup", "wasmz.startup.own_modules"}


def test_names_are_loaded_by_themselves() -> None:
    printed = run_python(f"import wasmz, sys; wasmz.Config; {_SHOW_LOADED}")
    loaded = printed.split()
    assert "wasmz.config" in loaded
    assert not [name for name in loaded if name.startswith((*_COMPILER, "wasmz.runtime", "wasmz.module"))]


def test_modules_without_vectors_do_not_load_what_these_need() -> None:
    """At every level, in tiers, and when they run."""
    printed = run_python(
        f"""
        import sys, wasmz
        from pathlib import Path
        wasm = Path("benchmarks/kernels/sha256/kernel.wasm").read_bytes()
        for config in (*(wasmz.Config(opt_level=level, use_cache=False) for level in (0, 2)), wasmz.Config(
            compile_mode="eager", use_cache=False
        )):
            engine = wasmz.Engine(config)
            wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, wasm)).exports["run"](100)
        {_SHOW_LOADED}
        """
    )
    loaded = printed.split()
    assert "wasmz.passes.lanes" in loaded
    assert not [name for name in loaded if "simd" in name or name.startswith("wasmz.passes.lane_")]


def test_public_names() -> None:
    assert sorted(wasmz.__all__) == list(wasmz.__all__)
    assert len(set(wasmz.__all__)) == len(wasmz.__all__)
    for name in wasmz.__all__:
        assert getattr(wasmz, name) is not None, name
        assert name in dir(wasmz)
    assert set(wasmz._HOME_OF) == set(wasmz.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Moduel'"):
        wasmz.Moduel  # type: ignore[attr-defined]  # noqa: B018
    scope: dict[str, Any] = {}
    exec("from wasmz import *", scope)
    assert set(wasmz.__all__) <= set(scope)


def test_public_names_are_documented() -> None:
    for name in wasmz.__all__:
        item = getattr(wasmz, name)
        if isinstance(item, type) or callable(item):
            assert item.__doc__, name


def test_optimised_python_gives_the_same() -> None:
    """``python -O`` strips assertions; no module's content may be checked by one."""
    script = """
        import wasmz
        from tests.wasm.encode import F64, I32, I64, KITCHEN_SINK, function
        def attempt(call):
            try:
                return call()
            except wasmz.Trap as trap:
                return trap.code, trap.backtrace()
            except Exception as error:
                return type(error).__name__, str(error)
        engine = wasmz.Engine(wasmz.Config(use_cache=False))
        export = b"\\x07\\x05\\x01\\x01f\\x00\\x00"
        def make(code, *types):
            data = function(code, *types, before=export)
            return attempt(lambda: wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, data)))
        divide = make(b"\\x20\\x00\\x20\\x01\\x6d", I32 + I32, I32)
        for arguments in ((7, -2), (1, 0), (-2**31, -1), (1,), (2**40, 1), ("1", 1)):
            print(attempt(lambda: divide.exports.f(*arguments)))
        print(attempt(make(b"\\x00", b"", b"").exports.f))
        print(attempt(make(b"\\x10\\x00", b"", b"").exports.f))
        for code in (b"\\x20\\x05", b"\\x6a", b"\\x0b\\x0b", b"\\xff", b"\\x42\\x00", b"\\x0c\\x05", b""):
            print(make(code, I32, I32))
        for length in range(0, len(KITCHEN_SINK), 3):
            print(attempt(lambda: wasmz.Module.validate(KITCHEN_SINK[:length])))
        for place in range(8, len(KITCHEN_SINK)):
            damaged = bytearray(KITCHEN_SINK)
            damaged[place] ^= 0x41
            print(attempt(lambda: wasmz.Module.compile(engine, bytes(damaged)).exports.keys()))
        print(__debug__)
    """
    plain = run_python(script).splitlines()
    optimised = run_python(script, "-O").splitlines()
    assert (plain.pop(), optimised.pop()) == ("True", "False")
    assert plain == optimised
    assert plain[0] == "-3"
    assert "INTEGER_DIVISION_BY_ZERO" in plain[1] and "INTEGER_OVERFLOW" in plain[2]
    assert plain[3].startswith("('TypeError'") and plain[4].startswith("('OverflowError'")
    assert "UNREACHABLE" in plain[6] and "STACK_OVERFLOW" in plain[7]
    assert all("InvalidWasm" in line for line in plain[8:15])


def test_arguments_in_the_wrong_places() -> None:
    engine = wasmz.Engine()
    module = wasmz.Module.compile(engine, b"\0asm\1\0\0\0")
    with pytest.raises(TypeError, match="module must be a Module"):
        wasmz.Instance(module, wasmz.Store(engine))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="linker must be a Linker"):
        wasmz.Instance(wasmz.Store(engine), module, {})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="imports must be a mapping"):
        wasmz.instantiate(b"\0asm\1\0\0\0", {1})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="imported from 'env' must be a mapping"):
        wasmz.instantiate(b"\0asm\1\0\0\0", {"env": None})  # type: ignore[dict-item]


@pytest.mark.parametrize("field", ["fuel", "mem_limit_bytes", "table_limit", "max_call_depth", "cache_limit_bytes"])
def test_limits_are_integers(field: str) -> None:
    for value in ("1", 1.5):
        with pytest.raises(TypeError, match=f"{field} must be an integer"):
            wasmz.Config(**{field: value})


# Features that are switched off


def test_vectors_can_be_refused() -> None:
    wasmtime = pytest.importorskip("wasmtime")
    plain = wasmtime.wat2wasm('(module (func (export "f") (result v128) (v128.const i64x2 1 2)))')
    body = "(i8x16.relaxed_swizzle (local.get 0) (local.get 0))"
    relaxed = wasmtime.wat2wasm(f"(module (func (param v128) (result v128) {body}))")
    for mode in ("smart", "eager"):
        without = wasmz.Engine(wasmz.Config(simd=False, compile_mode=mode))
        for binary in (plain, relaxed):
            with pytest.raises(wasmz.UnsupportedFeature, match="SIMD"):
                wasmz.Module.compile(without, binary)
        strict = wasmz.Engine(wasmz.Config(relaxed_simd=False, compile_mode=mode))
        assert wasmz.Module.compile(strict, plain).exports["f"]
        with pytest.raises(wasmz.UnsupportedFeature, match="relaxed SIMD"):
            wasmz.Module.compile(strict, relaxed)
        # Nor does it come from the cache.
        wasmz.Module.compile(wasmz.Engine(wasmz.Config(compile_mode=mode)), relaxed)
        with pytest.raises(wasmz.UnsupportedFeature):
            wasmz.Module.compile(strict, relaxed)


# When functions are compiled

CALLS = """
(module
  (import "env" "host" (func $host (param i32) (result i32)))
  (func $leaf (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func $middle (param i32) (result i32) (i32.add (call $leaf (local.get 0)) (call $host (local.get 0))))
  (func (export "entry") (param i32) (result i32) (call $middle (local.get 0)))
  (func (export "other") (param i32) (result i32) (local.get 0)))
"""


def open_calls(cache_dir: Path, **settings: Any) -> wasmz.Module:
    wasmtime = pytest.importorskip("wasmtime")
    config = wasmz.Config(cache_dir=cache_dir, **settings)
    return wasmz.Module.compile(wasmz.Engine(config), wasmtime.wat2wasm(CALLS))


def run_entry(module: wasmz.Module) -> int:
    linker = wasmz.Linker(module.engine)
    linker.define("env", "host", lambda x: x)
    result: int = wasmz.Instance(wasmz.Store(module.engine), module, linker).exports.entry(5)
    return result


def pending(module: wasmz.Module) -> int:
    return module.mem_stats()["pending_function_count"]


def test_functions_are_compiled_on_demand(cache_dir: Path) -> None:
    module = open_calls(cache_dir)
    assert pending(module) == 4
    module.compile_function(4)
    assert pending(module) == 3
    for index in (0, 5, -1):
        with pytest.raises(IndexError, match="4 from 1 on"):
            module.compile_function(index)
    assert module.warmup("entry") == 3
    assert pending(module) == 0
    assert run_entry(module) == 20
    with pytest.raises(KeyError, match="nobody"):
        module.warmup("nobody")
    eager = open_calls(cache_dir, compile_mode="eager")
    eager.compile_function(4)
    eager.compile_all()
    assert (eager.warmup("entry"), run_entry(eager), pending(eager)) == (3, 20, 0)


@pytest.mark.parametrize("jobs", [1, 2])
def test_all_functions_are_compiled_and_kept(cache_dir: Path, jobs: int) -> None:
    module = open_calls(cache_dir)
    seen: list[tuple[int, int]] = []
    module.compile_all(jobs=jobs, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert (pending(module), run_entry(module)) == (0, 20)
    again = open_calls(cache_dir)
    assert (pending(again), run_entry(again)) == (0, 20)


def test_modes_of_compilation(cache_dir: Path) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    assert pending(open_calls(cache_dir, compile_mode="eager")) == 0
    assert pending(open_calls(cache_dir, compile_mode="lazy")) == 4
    with pytest.raises(ValueError, match="compile_mode must be one of 'smart', 'lazy', 'eager', not 'fast'"):
        wasmz.Config(compile_mode="fast")
    # (func (export "bad") (result i32)) and (func (export "good"))
    invalid = wasmtime.wat2wasm('(module (func (export "bad") (result i32) (i32.const 1)) (func (export "good")))')
    invalid = invalid.replace(b"\x41\x01\x0b", b"\x01\x01\x0b")
    for mode in ("smart", "eager"):
        with pytest.raises(wasmz.InvalidWasm):
            wasmz.Module.compile(wasmz.Engine(wasmz.Config(cache_dir=cache_dir, compile_mode=mode)), invalid)
    engine = wasmz.Engine(wasmz.Config(cache_dir=cache_dir, compile_mode="lazy"))
    module = wasmz.Module.compile(engine, invalid)
    exports = wasmz.Instance(wasmz.Store(engine), module).exports
    exports.good()
    with pytest.raises(wasmz.InvalidWasm, match="type mismatch"):
        exports.bad()
    with pytest.raises(wasmz.InvalidWasm, match="type mismatch"):
        module.compile_all()
    # The lazily compiled one in the cache does not replace a valid module.
    module.close()
    with pytest.raises(wasmz.InvalidWasm):
        wasmz.Module.compile(wasmz.Engine(wasmz.Config(cache_dir=cache_dir)), invalid)


def test_a_closed_engine_compiles_nothing() -> None:
    with wasmz.Engine() as engine:
        pass
    with pytest.raises(ValueError, match="closed"):
        wasmz.Module.compile(engine, b"\0asm\1\0\0\0")
