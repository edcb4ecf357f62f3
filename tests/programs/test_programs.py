"""A C program with printf, malloc and qsort runs as a command and prints what it prints under wasmtime."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAM = HERE / "report.wasm"
TEXT = b"The quick brown fox jumps over the lazy dog.\nThe dog sleeps; the fox does not.\n" * 20


def _under_wasmtime(arguments: list[str], env: dict[str, str], scratch: Path) -> tuple[int, bytes]:
    wasmtime: Any = pytest.importorskip("wasmtime")
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    (scratch / "stdin").write_bytes(TEXT)
    settings = wasmtime.WasiConfig()
    settings.argv = ["report.wasm", *arguments]
    settings.env = list(env.items())
    settings.stdin_file = str(scratch / "stdin")
    settings.stdout_file = str(scratch / "stdout")
    store.set_wasi(settings)
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, str(PROGRAM)))
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
