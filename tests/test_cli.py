"""The command line, as its users meet it: what is printed where, and the exit codes."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.wasm.encode import HEADER, KITCHEN_SINK
from wasmz.runtime.image import FORMAT

wasmtime = pytest.importorskip("wasmtime")

ROOT = Path(__file__).resolve().parent.parent

SUMS = """
(module $sums
  (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func $half (export "half") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2)))
  (func (export "both") (param i64) (result i64 i64) (local.get 0) (i64.mul (local.get 0) (i64.const -2)))
  (func (export "nothing"))
  (func $divide (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func $outer (export "divide") (param i32 i32) (result i32) (call $divide (local.get 0) (local.get 1)))
  (memory (export "memory") 1 2)
  (global (export "answer") i32 (i32.const 42)))
"""
# Writes each of its arguments in a line, then exits with their number, counting its own name.
COMMAND = """
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $place i32) (local $end i32)
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $args (i32.const 1024) (i32.const 4096)))
    (local.set $place (i32.const 4096))
    (local.set $end (i32.add (i32.const 4096) (i32.load (i32.const 4))))
    (loop $next  ;; the zeros between arguments become line feeds
      (if (i32.lt_u (local.get $place) (local.get $end))
        (then
          (if (i32.eqz (i32.load8_u (local.get $place))) (then (i32.store8 (local.get $place) (i32.const 10))))
          (local.set $place (i32.add (local.get $place) (i32.const 1)))
          (br $next))))
    (i32.store (i32.const 16) (i32.const 4096))
    (i32.store (i32.const 20) (i32.load (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
    (call $exit (i32.load (i32.const 0)))))
"""
TRAPS = """
(module $faulty
  (func $inner unreachable)
  (func $middle (call $inner))
  (func (export "_start") (call $middle)))
"""
ENVIRONMENT = """
(module
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 20)))
    (drop (call $get (i32.const 1024) (i32.const 4096)))
    (i32.store (i32.const 16) (i32.const 4096))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))))
"""
NEEDY = """
(module (import "env" "missing" (func $missing (param i32)))
  (func (export "safe") (result i32) (i32.const 7))
  (func (export "unsafe") (call $missing (i32.const 1))))
"""


@pytest.fixture
def folder(tmp_path: Path, cache_dir: Path) -> Path:
    """A folder with the modules above, and some that are none."""
    texts = {"sums": SUMS, "command": COMMAND, "traps": TRAPS, "environment": ENVIRONMENT, "needy": NEEDY}
    for name, text in texts.items():
        (tmp_path / f"{name}.wasm").write_bytes(wasmtime.wat2wasm(text))
    (tmp_path / "empty.wasm").write_bytes(HEADER)
    (tmp_path / "sink.wasm").write_bytes(KITCHEN_SINK)
    (tmp_path / "page.wasm").write_text("<html></html>")
    (tmp_path / "broken.wasm").write_bytes(wasmtime.wat2wasm(SUMS)[:-30])
    return tmp_path


def start(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wasmz", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **environment},
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def output(folder: Path, *words: str, **environment: str) -> str:
    done = start(folder, *words, **environment)
    assert (done.returncode, done.stderr) == (0, ""), words
    return done.stdout


def only_line_of_error(done: subprocess.CompletedProcess[str]) -> str:
    """What a failed command said on stderr: one line, and no traceback."""
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("wasmz: ")
    return line


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
    # Without a value, it is this process's, if there is one.
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


def test_compiled_files_of_other_versions(folder: Path) -> None:
    assert start(folder, "compile", "sums.wasm", "-o", "old.pyc").returncode == 0
    form = FORMAT.encode()
    old = (folder / "old.pyc").read_bytes()
    assert form in old
    (folder / "old.pyc").write_bytes(old.replace(form, form[:-1] + b"?"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for words, kind in ((("-c", "import old"), "ImportError: cannot import old: "), (("old.pyc",), "")):
        done = subprocess.run(
            [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
        )
        last = done.stderr.splitlines()[-1]
        assert done.returncode == 1
        assert last == f"{kind}the image was made by another version of wasmz: compile it again"
        assert ("Traceback" in done.stderr) is bool(kind)


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


# Other commands


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
    # As the file has them (specification 5.5.2).
    assert len(sections) == 13 and sections[0] == "type"


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


def test_compile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert output(folder, "compile", "sums.wasm").startswith("sums.pyc: ")
    assert output(folder, "compile", "sums.wasm", "-o", "other_sums.pyc").startswith("other_sums.pyc: ")
    assert (folder / "sums.pyc").read_bytes() == (folder / "other_sums.pyc").read_bytes()
    monkeypatch.syspath_prepend(str(folder))
    module = importlib.import_module("other_sums")
    try:
        assert module.add(2, 40) == 42
        assert module.both(1) == (1, -2)
        assert module.answer.value == 42
        assert len(module.memory) == 65_536
    finally:
        del sys.modules["other_sums"]


def test_compiled_program(folder: Path) -> None:
    output(folder, "compile", "command.wasm")
    done = subprocess.run(
        [sys.executable, "command.pyc", "x", "y"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.splitlines()[1:] == ["x", "y"]


def test_compiling_to_nowhere(folder: Path) -> None:
    only_line_of_error(start(folder, "compile", "sums.wasm", "-o", "no/such/folder.pyc"))


def test_help_and_version(folder: Path) -> None:
    import wasmz

    for words in (("--help",), ("-h",), ("run", "--help"), ("dis", "-h")):
        assert "Usage:" in output(folder, *words)
    assert wasmz.__version__ in output(folder, "--version")
    shown = output(folder, "--help")
    for command in ("run", "compile", "validate", "inspect", "dis"):
        assert re.search(rf"^  {command} ", shown, re.MULTILINE)


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


# Where output goes


def test_output_is_no_input(folder: Path) -> None:
    """A module is never written over, whatever it is called."""
    (folder / "link.wasm").symlink_to("command.wasm")
    content = (folder / "command.wasm").read_bytes()
    for words in (
        ("compile", "command.wasm", "-o", "command.wasm"),
        ("compile", "command.wasm", "-o", "link.wasm"),
        ("compile", "link.wasm", "--standalone", "-o", "./command.wasm"),
        ("stubs", "command.wasm", "-o", "command.wasm"),
        ("run", "--profile-out", "command.wasm", "command.wasm"),
    ):
        done = start(folder, *words)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert "overwritten" in done.stderr
        assert (folder / "command.wasm").read_bytes() == content


@pytest.mark.skipif(os.name != "posix", reason="permissions and devices are those of POSIX")
def test_output_has_the_permissions_of_new_files(folder: Path) -> None:
    old = os.umask(0o022)
    try:
        output(folder, "compile", "sums.wasm")
        output(folder, "stubs", "sums.wasm")
        output(folder, "compile", "sums.wasm", "--python", sys.executable, "-o", "set")
        output(folder, "compile", "command.wasm", "--standalone")
    finally:
        os.umask(old)
    for name in ("sums.pyc", "sums.pyi", "set/sums.py"):
        assert (folder / name).stat().st_mode & 0o777 == 0o644, name
    assert (folder / "command.pyz").stat().st_mode & 0o777 == 0o755


@pytest.mark.skipif(os.name != "posix", reason="permissions and devices are those of POSIX")
def test_output_to_what_is_no_file(folder: Path) -> None:
    """A pipe is written to, and not replaced by a file: nor is ``/dev/null``."""
    os.mkfifo(folder / "pipe")
    process = subprocess.Popen(["cat", "pipe"], cwd=folder, stdout=subprocess.PIPE)
    output(folder, "compile", "sums.wasm", "-o", "pipe")
    received, _ = process.communicate(timeout=60)
    output(folder, "compile", "sums.wasm")
    assert received == (folder / "sums.pyc").read_bytes()
    assert (folder / "pipe").is_fifo()
    printed = subprocess.run(
        [sys.executable, "-m", "wasmz", "compile", "sums.wasm", "-o", "-"],
        capture_output=True, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60,
    )  # fmt: skip
    assert (printed.returncode, printed.stdout, printed.stderr) == (0, received, b"")
    (folder / "there").mkdir()
    (folder / "link.pyc").symlink_to("there/linked.pyc")
    output(folder, "compile", "sums.wasm", "-o", "link.pyc")
    assert (folder / "link.pyc").is_symlink() and (folder / "there" / "linked.pyc").read_bytes() == received


@pytest.mark.parametrize(
    ("target", "reason"),
    [("there", "there: "), ("no/such/folder.pyc", "no/such/folder.pyc: "), ("", ".: ")],
)
def test_errors_name_the_output(folder: Path, target: str, reason: str) -> None:
    (folder / "there").mkdir()
    for command in ("compile", "stubs"):
        done = start(folder, command, "sums.wasm", "-o", target)
        if command == "compile":
            assert only_line_of_error(done).startswith(f"wasmz: {reason}")
        assert done.returncode and "Traceback" not in done.stderr
    assert not list(folder.glob(".*"))


def test_compiled_files_keep_limits(folder: Path) -> None:
    """What ``compile`` is told of limits holds when the file runs; growth past them gives -1."""
    texts = {
        "endless": "(loop (br 0))",
        "bomb": "(if (i32.eq (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable))",
    }
    for name, body in texts.items():
        wat = f'(module (memory 1) (func (export "_start") {body}))'
        (folder / f"{name}.wasm").write_bytes(wasmtime.wat2wasm(wat))
    cases = (("endless", ("--fuel", "100"), "fuel"), ("bomb", ("--mem-limit", "2"), "unreachable"))
    for name, limit, message in cases:
        output(folder, "compile", f"{name}.wasm", *limit)
        output(folder, "compile", f"{name}.wasm", *limit, "--standalone")
        output(folder, "compile", f"{name}.wasm", *limit, "--python", sys.executable, "-o", f"{name}_set")
        for target in (f"{name}.pyc", f"{name}.pyz", f"{name}_set/{name}.py"):
            done = subprocess.run(
                [sys.executable, target],
                capture_output=True, text=True, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60,
            )  # fmt: skip
            assert done.returncode == 1, target
            assert message in done.stderr and done.stderr.startswith("trap: "), done.stderr


def test_compiled_programs_end_in_one_way(folder: Path) -> None:
    """A trap of the start function, or of a segment, ends a program as a trap in ``_start`` does."""
    texts = {
        "starts": '(func $s unreachable) (start $s) (func (export "_start"))',
        "segment": '(memory 1) (data (i32.const 65536) "x") (func (export "_start"))',
        "plain": '(func (export "_start") unreachable)',
    }
    for name, body in texts.items():
        (folder / f"{name}.wasm").write_bytes(wasmtime.wat2wasm(f"(module {body})"))
        output(folder, "compile", f"{name}.wasm")
        done = subprocess.run(
            [sys.executable, f"{name}.pyc"],
            capture_output=True, text=True, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stderr.startswith("trap: ")) == (1, True), done.stderr


def test_options_of_other_forms(folder: Path) -> None:
    done = start(folder, "compile", "sums.wasm", "--no-wasm")
    assert done.returncode == 2 and "--python" in done.stderr


# Arguments and results of every kind

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


@pytest.mark.parametrize(
    "words",
    [("--env", "=b"), ("--dir", ""), ("--dir", "::/x"), ("--tcplisten", "127.0.0.1:65536"), ("--args", "'open")],
)
def test_options_that_mean_nothing(folder: Path, words: tuple[str, str]) -> None:
    done = start(folder, "run", *words, "command.wasm")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr and "Traceback" not in done.stderr and "Warning" not in done.stderr


# Ctrl-C


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
@pytest.mark.parametrize("command", [("run", "spin.wasm"), ("compile", "--jobs", "2", "large.wasm")])
def test_ctrl_c(folder: Path, command: tuple[str, ...]) -> None:
    """It ends the command and all of its processes at once, with the status that shells give such programs."""
    (folder / "spin.wasm").write_bytes(wasmtime.wat2wasm('(module (func (export "_start") (loop (br 0))))'))
    body = "(local.set 0 (i64.rotl (i64.add (local.get 0) (local.get 1)) (i64.const 7)))" * 300
    # Half a minute's work, so that it is going on after three seconds on every machine.
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
    # Those that multiprocessing has for itself need a moment.
    deadline = time.monotonic() + 20
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.05)


def test_what_has_no_body_is_not_shown(folder: Path) -> None:
    wat = '(module (import "env" "f" (func $far (param i32))) (export "again" (func $far)) (func))'
    (folder / "far.wasm").write_bytes(wasmtime.wat2wasm(wat))
    for name in ("again", "far", "0"):
        done = start(folder, "dis", "far.wasm", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert "is imported" in done.stderr
    assert "RESUME" in output(folder, "dis", "far.wasm", "1")


def test_compiled_files_that_import_more_than_wasi(folder: Path) -> None:
    output(folder, "compile", "needy.wasm")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    message = "import env.missing is not defined: expected function (i32) -> ()\n"
    imported = f"ImportError: cannot import needy: {message}"
    for words, said in ((["needy.pyc"], message), (["-c", "import needy"], imported)):
        done = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, cwd=folder, env=environment, timeout=60
        )
        assert done.returncode == 1
        assert done.stderr.endswith(said)
        assert "-c" in words or done.stderr == said


# What comes from the standard input, and what is for programs


def test_modules_from_the_standard_input(folder: Path) -> None:
    wasm = (folder / "command.wasm").read_bytes()

    def piped(*words: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "wasmz", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            command, input=wasm, capture_output=True, cwd=folder, env=environment, timeout=60, check=False
        )

    # The program prints its name.
    assert (piped("run", "-").stdout, piped("-").stdout) == (b"-\n", b"-\n")
    assert b"-: valid" in piped("validate", "-").stdout
    assert b"export _start" in piped("inspect", "-").stdout
    assert piped("compile", "-", "-o", "piped.pyc").returncode == 0
    assert (folder / "piped.pyc").exists()
    assert b"has no name" in piped("compile", "-").stderr
    assert b"has no name" in piped("stubs", "-").stderr
    assert b"-> None" in piped("stubs", "-", "-o", "-").stdout


def test_inspect_as_json(folder: Path) -> None:
    found = json.loads(output(folder, "inspect", "--json", "command.wasm"))
    assert found["exports"][-1].keys() == {"name", "kind", "type"}
    assert found["size"] == (folder / "command.wasm").stat().st_size
    assert sum(section["size"] for section in found["sections"]) < found["size"]


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
