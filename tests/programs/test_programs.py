"""C and C++ programs run as commands: what they print is what they print under wasmtime; one computes in threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz.runtime.wasi.threads import define_threads

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAM = HERE / "report.wasm"
TEXT = b"The quick brown fox jumps over the lazy dog.\nThe dog sleeps; the fox does not.\n" * 20


def _under_wasmtime(
    arguments: list[str], env: dict[str, str], scratch: Path, program: Path = PROGRAM
) -> tuple[int, bytes]:
    wasmtime: Any = pytest.importorskip("wasmtime")
    config = wasmtime.Config()
    config.wasm_exceptions = True
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    (scratch / "stdin").write_bytes(TEXT)
    settings = wasmtime.WasiConfig()
    settings.argv = [program.name, *arguments]
    settings.env = list(env.items())
    settings.stdin_file = str(scratch / "stdin")
    settings.stdout_file = str(scratch / "stdout")
    store.set_wasi(settings)
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, str(program)))
    try:
        instance.exports(store)["_start"](store)
        status = 0
    except wasmtime.ExitTrap as exit_:
        status = exit_.code
    return status, (scratch / "stdout").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "env"),
    [([], {}), (["5000"], {"REPORT_TITLE": "naïve"}), (["100", "7", "--flag", "two words"], {})],
    ids=["plain", "environment", "status"],
)
def test_same_as_wasmtime(arguments: list[str], env: dict[str, str], tmp_path: Path) -> None:
    options = [word for key, value in env.items() for word in ("--env", f"{key}={value}")]
    command = [sys.executable, "-m", "wasmz", "run", *options, str(PROGRAM), "--", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, input=TEXT, capture_output=True, env=environment, cwd=tmp_path, timeout=300)
    assert (result.returncode, result.stdout) == _under_wasmtime(arguments, env, tmp_path)
    assert result.stderr == b"fopen: refused\n"


@pytest.mark.parametrize("options", [[], ["--opt-level", "0"], ["--eager-compile"]], ids=" ".join)
@pytest.mark.parametrize("name", ["jumps", "throwing"])
def test_exceptions_in_both_forms(name: str, options: list[str], tmp_path: Path) -> None:
    """``longjmp`` and C++ exceptions; wasmtime runs the final form, of which the other is the source."""
    status, expected = _under_wasmtime(["3"], {}, tmp_path, HERE / f"{name}.wasm")
    assert status == 0 and expected.count(b"\n") > 15
    for form in ([f"{name}.wasm"], ["--legacy-exceptions", f"{name}.legacy.wasm"]):
        command = [sys.executable, "-m", "wasmz", "run", *options, *form[:-1], str(HERE / form[-1]), "--", "3"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        result = subprocess.run(command, capture_output=True, env=environment, cwd=tmp_path, timeout=300)
        assert (result.returncode, result.stdout, result.stderr) == (0, expected, b"")


def test_exception_that_main_does_not_catch(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wasmz", "run", str(HERE / "throwing.wasm"), "--", "0", "throw"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=300)
    assert result.returncode == 1
    assert result.stderr.startswith("wasmz: unhandled WebAssembly exception of <Tag (i32)> with values (")
    assert "_start at 0x" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("options", [[], ["--opt-level", "0"], ["--eager-compile"]])
def test_threads(options: list[str], tmp_path: Path) -> None:
    primes = [
        number for number in range(2, 20_000) if all(number % divisor for divisor in range(2, 142) if divisor < number)
    ]
    command = [sys.executable, "-m", "wasmz", "run", *options, str(HERE / "primes.wasm")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=300)
    assert result.stderr == ""
    assert result.stdout == f"primes {len(primes)}\nsum {sum(primes)}\nchunks 40\n"


def _threaded(body: str) -> bytes:
    """A module whose only thread runs ``body``; the first one waits for ever."""
    return assemble(
        f"""(module (import "env" "memory" (memory 1 1 shared))
        (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "wasi_thread_start") (param i32 i32) {body})
        (func (export "_start") (drop (call $spawn (i32.const 7)))
          (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))"""
    )


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("(unreachable)", 1, "wasmz: trap: unreachable"),
        ("(call $exit (i32.add (local.get 0) (local.get 1)))", 8, ""),
    ],
)
def test_what_ends_a_thread_ends_the_program(body: str, status: int, message: str, tmp_path: Path) -> None:
    (tmp_path / "threads.wasm").write_bytes(_threaded(body))
    command = [sys.executable, "-m", "wasmz", "run", "threads.wasm"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=60)
    assert (result.returncode, result.stdout) == (status, "")
    assert result.stderr.startswith(message)


def test_threads_from_python() -> None:
    engine = wasmz.Engine()
    module = wasmz.Module.compile(engine, _threaded("(i32.store (local.get 1) (unreachable))"))
    linker = wasmz.Linker(engine)
    linker.define_wasi()
    threads = define_threads(linker, module)
    assert threads.spawn(64) == 1
    with pytest.raises(wasmz.Trap, match="unreachable"):
        threads.join(60)
