"""Components that are commands, by ``wasmz run``, ``wasmz.run`` and the API: the same as under wasmtime."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import wasmz
from tests.wasi2.components import component_of, under_wasmtime

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests" / "programs"
TEXT = b"The quick brown fox jumps over the lazy dog.\nThe dog sleeps; the fox does not.\n" * 20


@pytest.fixture(scope="module")
def report() -> bytes:
    """A program that reads its input, and reports on it and on what it was given."""
    return component_of(PROGRAMS / "report.wasm")


@pytest.mark.parametrize(
    ("arguments", "env"),
    [([], {}), (["5000"], {"REPORT_TITLE": "naïve"}), (["100", "7", "--flag", "two words"], {})],
    ids=["plain", "environment", "status"],
)
def test_same_as_wasmtime(report: bytes, arguments: list[str], env: dict[str, str], tmp_path: Path) -> None:
    expected = under_wasmtime(report, ["report.wasm", *arguments], tmp_path, env=env, stdin=TEXT)
    (tmp_path / "report.wasm").write_bytes(report)
    result = wasmz.run(tmp_path / "report.wasm", arguments, env=env, stdin=TEXT)
    assert (result.returncode, result.stdout, result.stderr) == expected
    options = [word for key, value in env.items() for word in ("--env", f"{key}={value}")]
    command = [sys.executable, "-m", "wasmz", "run", *options, "report.wasm", "--", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, input=TEXT, capture_output=True, env=environment, cwd=tmp_path, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == expected


@pytest.mark.parametrize("kind", ["host", "memory"])
def test_files(kind: str, tmp_path: Path) -> None:
    """Everything that the C library does with files."""
    data = component_of(PROGRAMS / "files.wasm")
    for name in ("theirs", "ours"):
        (tmp_path / name).mkdir()
    expected = under_wasmtime(data, ["files.wasm"], tmp_path, env={}, folder=tmp_path / "theirs")
    folder = tmp_path / "ours" if kind == "host" else wasmz.MemoryFileSystem()
    result = wasmz.run(data, dirs={"/": folder})
    assert (result.returncode, result.stdout, result.stderr) == expected


def test_what_is_no_command(tmp_path: Path) -> None:
    empty = b"\0asm\x0d\0\1\0"
    with pytest.raises(ValueError, match="no program"):
        wasmz.run(empty)
    (tmp_path / "empty.wasm").write_bytes(empty)
    if sys.platform == "emscripten":
        pytest.skip("needs other processes")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "wasmz", "run"]
    done = subprocess.run([*command, "-"], input=empty, capture_output=True, env=environment, cwd=tmp_path, timeout=300)
    assert (done.returncode, done.stdout.strip()) == (0, b"no exports")
    done = subprocess.run(
        [*command, "--invoke", "f", "empty.wasm"], capture_output=True, env=environment, cwd=tmp_path, timeout=300
    )
    assert done.returncode == 2 and b"--invoke is for modules" in done.stderr


def test_its_input_may_come_from_a_file_object(report: bytes, tmp_path: Path) -> None:
    (tmp_path / "named.wasm").write_bytes(report)
    with (tmp_path / "named.wasm").open("rb") as file:
        result = wasmz.run(file, ["1"], stdin=b"x")
    assert result.args == ("named.wasm", "1")
    assert result.stdout == wasmz.run(tmp_path / "named.wasm", ["1"], stdin=b"x").stdout
