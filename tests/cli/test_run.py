"""``wasmz run`` and ``wasmz FILE`` as users see them: what is printed where, and the exit codes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.commands import ROOT, only_line_of_error, output, start

wasmtime = pytest.importorskip("wasmtime")


# wasmz FILE


def test_a_library_lists_its_exports(folder: Path) -> None:
    lines = output(folder, "sums.wasm").splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"export {name}" for name in ("add", "half", "both", "nothing", "divide", "memory", "answer")
    ]
    assert re.search(r"func.*i32.*i32.*->.*i32", lines[0])
    assert output(folder, "empty.wasm") == "no exports\n"


def test_a_library_is_called(folder: Path) -> None:
    assert output(folder, "sums.wasm", "add", "2", "40") == "42\n"
    assert output(folder, "run", "sums.wasm", "add", "0x10", "-17") == "-1\n"


def test_a_command_runs(folder: Path) -> None:
    done = start(folder, "command.wasm", "a", "--b", "c d", "-h")
    assert (done.returncode, done.stderr) == (5, "")
    assert done.stdout == "command.wasm\na\n--b\nc d\n-h\n"
    done = start(folder, "run", "command.wasm", "--", "--env", "x")
    assert (done.returncode, done.stdout) == (3, "command.wasm\n--env\nx\n")
    done = start(folder, "run", "--args", "x 'y z'", "command.wasm", "w")
    assert (done.returncode, done.stdout) == (4, "command.wasm\nw\nx\ny z\n")


def test_environment(folder: Path) -> None:
    done = start(folder, "run", "--env", "A=1", "--env", "B=x=y", "environment.wasm", SECRET="no")
    assert done.returncode == 0
    assert done.stdout.split("\0")[0].startswith("A=1")
    assert "SECRET" not in done.stdout
    # Without a value, it gets this process's, if there is one.
    assert "SECRET=yes\0" in start(folder, "run", "--env", "SECRET", "environment.wasm", SECRET="yes").stdout
    assert "NO_SUCH" not in start(folder, "run", "--env", "WASMZ_NO_SUCH", "environment.wasm").stdout


# run --invoke


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (("--invoke", "add", "sums.wasm", "1", "2"), "3\n"),
        (("sums.wasm", "--invoke", "add", "2147483647", "1"), "-2147483648\n"),
        (("sums.wasm", "--invoke=add", "4294967295", "0"), "-1\n"),
        (("sums.wasm", "--invoke", "half", "1"), "0.5\n"),
        (("sums.wasm", "--invoke", "both", "21"), "21\n-42\n"),
        (("sums.wasm", "--invoke", "nothing"), ""),
        (("--stub", "needy.wasm", "--invoke", "safe"), "7\n"),
        (("--opt-level", "0", "--no-cache", "--verify", "sums.wasm", "--invoke", "divide", "7", "-2"), "-3\n"),
    ],
)
def test_invoke(folder: Path, words: tuple[str, ...], printed: str) -> None:
    assert output(folder, "run", *words) == printed


@pytest.mark.parametrize(
    "words",
    [
        ("sums.wasm", "--invoke", "missing"),
        ("sums.wasm", "--invoke", "memory"),
        ("sums.wasm", "--invoke", "add", "1"),
        ("sums.wasm", "--invoke", "add", "1", "2", "3"),
        ("sums.wasm", "--invoke", "add", "one", "2"),
        ("sums.wasm", "--invoke", "half", "x"),
        ("sums.wasm", "subtract"),
        ("missing.wasm",),
        ("--opt-level", "9", "sums.wasm"),
        ("--mem-limit", "0", "sums.wasm"),
        ("--unknown", "sums.wasm"),
        (),
    ],
)
def test_wrong_usage(folder: Path, words: tuple[str, ...]) -> None:
    done = start(folder, "run", *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error: " in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [("--env", "=b"), ("--dir", ""), ("--dir", "::/x"), ("--tcplisten", "127.0.0.1:65536"), ("--args", "'open")],
)
def test_options_that_mean_nothing(folder: Path, words: tuple[str, str]) -> None:
    done = start(folder, "run", *words, "command.wasm")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr and "Traceback" not in done.stderr and "Warning" not in done.stderr


KINDS = """
(module
  (func (export "v") (param v128) (result v128) (local.get 0))
  (func (export "refs") (param externref funcref) (result externref funcref) (local.get 0) (local.get 1))
  (func (export "f") (param f64) (result f64) (local.get 0))
  (func (export "i") (param i32 i64) (result i64) (local.get 1)))
"""


def test_values_of_every_type(folder: Path) -> None:
    (folder / "kinds.wasm").write_bytes(wasmtime.wat2wasm(KINDS))
    vector = bytes(range(16)).hex()
    assert output(folder, "kinds.wasm", "v", vector) == f"0x{vector}\n"
    assert output(folder, "kinds.wasm", "v", f"0x{vector}") == f"0x{vector}\n"
    assert output(folder, "kinds.wasm", "refs", "some text", "null") == "some text\nnull\n"
    assert output(folder, "kinds.wasm", "refs", "null", "null") == "null\nnull\n"
    assert output(folder, "kinds.wasm", "f", "-0x1.8p1") == "-3.0\n"
    assert output(folder, "kinds.wasm", "i", "4294967295", "0x8000000000000000") == f"{-(2**63)}\n"
    for words in (
        ("v", "00"), ("v", "x" * 32), ("refs", "null", "f"), ("f", "one"),
        ("i", "4294967296", "0"), ("i", "0", "-9223372036854775809"), ("i", "1.0", "0"),
    ):  # fmt: skip
        done = start(folder, "kinds.wasm", *words)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert " is not a value of type " in done.stderr and "Traceback" not in done.stderr


def test_where_bytes_are_never_compared_with_numbers(folder: Path) -> None:
    """`python -bb`, as some run their tests."""
    words = ("-m", "wasmz", "run", "--no-cache", "--eager-compile", str(ROOT / "examples" / "mandelbrot.wasm"))
    for flags in (("-bb", "-W", "error"), ()):
        done = subprocess.run(
            [sys.executable, *flags, *words], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")


# Errors


@pytest.mark.parametrize("command", ["run", "validate", "compile", "inspect", "dis"])
@pytest.mark.parametrize("name", ["page", "broken"])
def test_invalid_module(folder: Path, command: str, name: str) -> None:
    done = start(folder, command, f"{name}.wasm")
    assert "InvalidWasm" in only_line_of_error(done)
    assert done.stdout == ""
    assert not (folder / f"{name}.pyc").exists()


@pytest.mark.parametrize("command", ["run", "validate", "compile", "inspect", "dis"])
def test_missing_file(folder: Path, command: str) -> None:
    done = start(folder, command, "missing.wasm")
    assert done.returncode == 2
    assert "missing.wasm" in done.stderr and "Traceback" not in done.stderr


def test_missing_imports(folder: Path) -> None:
    done = start(folder, "needy.wasm", "safe")
    assert "missing" in only_line_of_error(done)


def test_trap_with_backtrace(folder: Path) -> None:
    done = start(folder, "traps.wasm")
    assert (done.returncode, done.stdout) == (1, "")
    first, *frames = done.stderr.splitlines()
    assert first == "wasmz: trap: unreachable"
    assert [re.sub(r" at 0x[0-9a-f]+$", "", frame).split() for frame in frames] == [
        ["0:", "faulty!inner"],
        ["1:", "faulty!middle"],
        ["2:", "faulty!_start"],
    ]
    done = start(folder, "sums.wasm", "divide", "1", "0")
    assert done.returncode == 1
    first, *frames = done.stderr.splitlines()
    assert first == "wasmz: trap: integer divide by zero"
    assert ["divide" in frames[0], "outer" in frames[1], len(frames)] == [True, True, 2]
    done = start(folder, "run", "--stub", "needy.wasm", "--invoke", "unsafe")
    assert done.returncode == 1 and "Traceback" not in done.stderr


def test_memory_limit(folder: Path) -> None:
    (folder / "large.wasm").write_bytes(wasmtime.wat2wasm('(module (memory 32) (func (export "f")))'))
    assert output(folder, "run", "--mem-limit", "2", "large.wasm", "--invoke", "f") == ""
    refused = start(folder, "run", "--mem-limit", "1", "large.wasm", "--invoke", "f")
    assert "memory" in only_line_of_error(refused).lower()


# Diagnostics


def test_phases(folder: Path) -> None:
    done = start(folder, "sums.wasm", "add", "1", "2", WASMZ_PHASE_DIAG="1")
    assert done.stdout == "3\n"
    phases = re.findall(r"^\[phase\] (\w+) +([0-9.]+) ms$", done.stderr, re.MULTILINE)
    assert {"compile", "instantiate", "run"} <= {name for name, _ in phases}
    assert len(phases) == len(done.stderr.splitlines())
    assert "compile" in start(folder, "traps.wasm", WASMZ_PHASE_DIAG="1").stderr


def test_growth_is_traced(folder: Path) -> None:
    wat = '(module (memory 1 3) (table 2 funcref) (func (export "f") (result i32) (memory.grow (i32.const 2))))'
    (folder / "grows.wasm").write_bytes(wasmtime.wat2wasm(wat))
    done = start(folder, "run", "--mem-trace", "--invoke", "f", "grows.wasm")
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert sorted(done.stderr.splitlines()) == [
        "[memory] 0 -> 65,536 bytes",
        "[memory] 65,536 -> 196,608 bytes",
        "[table] 0 -> 2 elements",
    ]


def test_memory_statistics(folder: Path) -> None:
    done = start(folder, "run", "--mem-stats", "sums.wasm", "--invoke", "nothing")
    assert done.returncode == 0 and "65536" in done.stderr.replace(",", "")


# Ctrl-C


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
@pytest.mark.parametrize("command", [("run", "spin.wasm"), ("compile", "--jobs", "2", "large.wasm")])
def test_ctrl_c(folder: Path, command: tuple[str, ...]) -> None:
    """It ends the command and all of its processes at once, with the status that shells give such programs."""
    (folder / "spin.wasm").write_bytes(wasmtime.wat2wasm('(module (func (export "_start") (loop (br 0))))'))
    body = "(local.set 0 (i64.rotl (i64.add (local.get 0) (local.get 1)) (i64.const 7)))" * 300
    # Half a minute's work, so that it is still running after three seconds on every machine.
    functions = f"(func (param i64 i64) (result i64) {body} (local.get 0))" * 2_000
    (folder / "large.wasm").write_bytes(wasmtime.wat2wasm(f"(module {functions})"))
    process = subprocess.Popen(
        [sys.executable, "-m", "wasmz", *command],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    time.sleep(3)
    # As a terminal does: to all processes of the group.
    os.killpg(process.pid, signal.SIGINT)
    try:
        printed, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, printed) == (130, b"")
    assert not (folder / "large.pyc").exists() and not list(folder.glob(".*"))
    # The processes of multiprocessing itself need a moment to end.
    deadline = time.monotonic() + 20
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.05)
