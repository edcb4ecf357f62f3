"""``wasmz compile``: the files that it writes, and how they run."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import ROOT, only_line_of_error, output, start
from wasmz.runtime.image import FORMAT

wasmtime = pytest.importorskip("wasmtime")


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


# Where output goes


def test_compiling_to_nowhere(folder: Path) -> None:
    only_line_of_error(start(folder, "compile", "sums.wasm", "-o", "no/such/folder.pyc"))


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
