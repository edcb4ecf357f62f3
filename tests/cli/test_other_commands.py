"""All commands of ``wasmz`` except ``run`` and ``compile``: what is printed where, and the exit codes."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import ROOT, output, start
from tests.wasm.encode import KITCHEN_SINK

wasmtime = pytest.importorskip("wasmtime")


def test_validate(folder: Path) -> None:
    for name in ("sums", "command", "empty", "sink"):
        assert output(folder, "validate", f"{name}.wasm") == f"{name}.wasm: valid\n"


def test_inspect(folder: Path) -> None:
    lines = output(folder, "inspect", "sink.wasm").splitlines()
    size = len(KITCHEN_SINK)
    assert lines[0].startswith(f"sink.wasm: {size:,} bytes, 2 functions")
    assert [line.split(":")[0] for line in lines if line.startswith("import ")] == [f"import env.{c}" for c in "ftmg"]
    assert [line.split(":")[0] for line in lines if line.startswith("export ")] == ["export run", "export memory"]
    sections = [line.split()[1] for line in lines if line.startswith("section ")]
    # In the file's order (specification 5.5.2).
    assert len(sections) == 13 and sections[0] == "type"


def test_inspect_as_json(folder: Path) -> None:
    found = json.loads(output(folder, "inspect", "--json", "command.wasm"))
    assert found["exports"][-1].keys() == {"name", "kind", "type"}
    assert found["size"] == (folder / "command.wasm").stat().st_size
    assert sum(section["size"] for section in found["sections"]) < found["size"]


def test_dis_names_each_instruction(folder: Path) -> None:
    shown = output(folder, "dis", "sums.wasm", "add")
    for text in ("local.get 0", "local.get 1", "i32.add", "BINARY_OP", "RETURN_VALUE"):
        assert text in shown
    assert "f64.div" not in shown
    everything = output(folder, "dis", "sums.wasm")
    for text in ("i32.add", "f64.div", "i64.mul", "i32.div_s", "call"):
        assert text in everything
    assert output(folder, "dis", "sums.wasm", "0") == shown
    # Offsets are those of the bytes in the file.
    binary = (folder / "sums.wasm").read_bytes()
    (offset,) = re.findall(r"^(0x[0-9a-f]+) +i32\.add", shown, re.MULTILINE)
    assert binary[int(offset, 16)] == 0x6A
    assert start(folder, "dis", "sums.wasm", "nobody").returncode == 2


def test_what_has_no_body_is_not_shown(folder: Path) -> None:
    wat = '(module (import "env" "f" (func $far (param i32))) (export "again" (func $far)) (func))'
    (folder / "far.wasm").write_bytes(wasmtime.wat2wasm(wat))
    for name in ("again", "far", "0"):
        done = start(folder, "dis", "far.wasm", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert "is imported" in done.stderr
    assert "RESUME" in output(folder, "dis", "far.wasm", "1")


def test_the_cache_knows_names(folder: Path, tmp_path: Path) -> None:
    environment = {"WASMZ_CACHE_DIR": str(tmp_path / "cache")}
    (folder / "named.wasm").write_bytes(wasmtime.wat2wasm('(module $known (func (export "_start")))'))
    start(folder, "run", "named.wasm", **environment)
    assert start(folder, "cache", "list", **environment).stdout.rstrip().endswith("known, 1 function")


def test_options_that_would_be_ignored_are_refused(folder: Path) -> None:
    for command in ("compile", "dis"):
        for option in ("--no-cache", "--no-background-compile", "--eager-compile", "--compile-mode=lazy"):
            done = start(folder, command, option, "command.wasm")
            assert done.returncode == 2 and "No such option" in done.stderr


def test_help_and_version(folder: Path) -> None:
    import wasmz

    for words in (("--help",), ("-h",), ("run", "--help"), ("dis", "-h")):
        assert "Usage:" in output(folder, *words)
    assert wasmz.__version__ in output(folder, "--version")
    shown = output(folder, "--help")
    for command in ("run", "compile", "validate", "inspect", "dis"):
        assert re.search(rf"^  {command} ", shown, re.MULTILINE)


def test_modules_from_the_standard_input(folder: Path) -> None:
    wasm = (folder / "command.wasm").read_bytes()

    def piped(*words: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "wasmz", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            command, input=wasm, capture_output=True, cwd=folder, env=environment, timeout=60, check=False
        )

    # The program prints its own name.
    assert (piped("run", "-").stdout, piped("-").stdout) == (b"-\n", b"-\n")
    assert b"-: valid" in piped("validate", "-").stdout
    assert b"export _start" in piped("inspect", "-").stdout
    assert piped("compile", "-", "-o", "piped.pyc").returncode == 0
    assert (folder / "piped.pyc").exists()
    assert b"has no name" in piped("compile", "-").stderr
    assert b"has no name" in piped("stubs", "-").stderr
    assert b"-> None" in piped("stubs", "-", "-o", "-").stdout


def test_output_into_a_closed_pipe(folder: Path) -> None:
    """``wasmz ... | head``: no traceback when nobody reads any more."""
    process = subprocess.Popen(
        [sys.executable, "-m", "wasmz", "dis", "sums.wasm"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert isinstance(process.stdout, io.IOBase) and process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read().decode()
    process.stderr.close()
    process.wait(timeout=60)
    assert "Traceback" not in errors
