"""Wherever a module may be given, its text may be: in the interface, on the command line, for `import`."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import wasmz
from wasmz.text import assemble

ROOT = Path(__file__).resolve().parents[2]
SUM = '(module (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\08\\00\\00\\00\\06\\00\\00\\00hello\\n")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))))
"""
BAD = '(module\n  (func (export "f") (result i32)\n    i64.const 1))\n'

needs_processes = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")


def test_every_kind_of_source(tmp_path: Path) -> None:
    file = tmp_path / "sum.wat"
    file.write_text(SUM)
    anything = tmp_path / "sum.txt"
    anything.write_bytes(b"\xef\xbb\xbf ;; a comment\n" + SUM.encode())
    data = assemble(SUM)
    with file.open("rb") as opened:
        for source in (SUM, SUM.encode(), bytearray(SUM.encode()), file, str(file), anything, opened, data):
            wasmz.Module.validate(source) if source is not opened else None
            assert wasmz.instantiate(source).exports.add(2, 3) == 5
    assert wasmz.Module.compile(io.BytesIO(SUM.encode())).exports.keys() == {"add"}


def test_modules_of_text_use_the_cache_and_can_be_pickled(cache_dir: Path) -> None:
    import pickle

    engine = wasmz.Engine(wasmz.Config(cache_dir=cache_dir, compile_mode="eager"))
    module = wasmz.Module.compile(engine, SUM)
    assert [path.suffix for path in cache_dir.iterdir() if path.suffix == ".pyc"] == [".pyc"]
    again = pickle.loads(pickle.dumps(module))
    assert wasmz.Instance(wasmz.Store(again.engine), again).exports.add(1, 1) == 2


def test_what_is_neither(tmp_path: Path) -> None:
    for name, content, words in (
        ("a.wat", gzip.compress(b"(module)"), "this is gzip data"),
        ("b.wat", b"<html></html>", "this is HTML"),
        ("c.wat", b"\x7fELF\2\1\1\0", "ELF file"),
        ("d.wasm", b"hello, world\n", "this is text"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(wasmz.InvalidWasm, match=words) as caught:
            wasmz.Module.compile(tmp_path / name)
        assert not isinstance(caught.value, wasmz.InvalidText) and name in str(caught.value)
    (tmp_path / "e.wat").write_bytes(b"hello, world\n")
    with pytest.raises(wasmz.InvalidText, match=r"e\.wat:1:1: unexpected token|e\.wat:1:1: unknown operator hello"):
        wasmz.Module.compile(tmp_path / "e.wat")
    for path in (Path("(missing).wasm"), Path("(copy of) a.wat"), "missing.wat", "; (module)"):
        with pytest.raises(FileNotFoundError):
            wasmz.Module.compile(path)


@pytest.mark.parametrize(
    "text",
    [
        f"{SUM} ;; the end",
        f"{SUM}(; the end ;)",
        f"{SUM}\n",
        f"{SUM}\t\r\n ",
        f"\n\t  {SUM}",
        f";; a comment\n{SUM} ;; another",
        f"(; a comment ;) {SUM}",
        f"\ufeff{SUM}",
        '(func)(@custom "a" "b") ;; fields alone',
    ],
)
def test_text_is_known_by_how_it_begins(text: str) -> None:
    """However it ends: with a comment, with white space."""
    assert wasmz.Module.compile(text).exports.keys() <= {"add"}
    wasmz.Module.validate(text)


def test_text_with_a_mistake_is_no_path() -> None:
    for text in ("(module", "(module) trailing", "  (modul)", "(missing).wasm"):
        with pytest.raises(wasmz.InvalidText) as caught:
            wasmz.Module.validate(text)
        assert caught.value.line == 1


def test_a_path_that_begins_like_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is there goes before."""
    (tmp_path / "(module)").write_bytes(assemble(SUM))
    monkeypatch.chdir(tmp_path)
    assert wasmz.Module.compile("(module)").exports.keys() == {"add"}


# The command line


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WASMZ_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, "-m", "wasmz", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, encoding="utf-8"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the modules above."""
    for name, text in {"sum": SUM, "hello": HELLO, "bad": BAD}.items():
        (tmp_path / f"{name}.wat").write_text(text)
    (tmp_path / "sum.wasm").write_bytes(assemble(SUM))
    return tmp_path


@needs_processes
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("hello.wat", "hello"),
        ("run sum.wat --invoke add 2 40", "42"),
        ("inspect sum.wat", "export add"),
        ("validate sum.wat", "sum.wat: valid"),
        ("dis sum.wat add", "i32.add"),
        ("stubs sum.wat -o -", "def add"),
        ("compile sum.wat", "sum.pyc"),
        ("print sum.wat", "    local.get 0\n    local.get 1\n    i32.add\n"),
        ("print --fold sum.wasm", "    (i32.add (local.get 0) (local.get 1))\n"),
    ],
)
def test_commands(folder: Path, words: str, shown: str) -> None:
    done = run(folder, *words.split())
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout


@needs_processes
@pytest.mark.parametrize("command", ["run", "inspect", "validate", "dis", "stubs", "compile"])
def test_commands_show_the_place(folder: Path, command: str) -> None:
    (folder / "bad.wat").write_text("(module\n  (func\n    i32.ad))\n")
    done = run(folder, command, "bad.wat")
    assert done.returncode == 1
    assert "bad.wat:3:5: unknown operator i32.ad\n      i32.ad))\n      ^" in done.stderr
    assert "Traceback" not in done.stderr


@needs_processes
@pytest.mark.parametrize("command", ["run", "validate", "compile"])
def test_commands_show_where_code_is_invalid(folder: Path, command: str) -> None:
    done = run(folder, command, "bad.wat")
    assert done.returncode == 1
    assert "bad.wat:3:5: type mismatch" in done.stderr or "bad.wat:3:14: type mismatch" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


@needs_processes
def test_print_to_a_file(folder: Path) -> None:
    done = run(folder, "print", "sum.wasm", "-o", "printed.wat")
    assert done.returncode == 0 and done.stdout == ""
    assert assemble((folder / "printed.wat").read_bytes()) == (folder / "sum.wasm").read_bytes()
    done = run(folder, "print", "sum.wasm", "-o", "sum.wasm")
    assert done.returncode == 2 and "overwritten" in done.stderr


@needs_processes
def test_text_on_the_standard_input(folder: Path) -> None:
    command = [sys.executable, "-m", "wasmz", "print", "-", "--fold"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for text, status, shown in (
        (SUM, 0, "(i32.add (local.get 0)"),
        ("(module (oops))", 1, ":1:10: unknown operator oops"),
    ):
        done = subprocess.run(
            command, cwd=folder, env=environment, input=text, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == status and shown in done.stdout + done.stderr


@needs_processes
def test_bundles_of_text(folder: Path) -> None:
    """The sources of modules that are shipped are binary."""
    from wasmz.ship.bundle import set_files, this_python

    files = set_files(folder / "sum.wat", [this_python()], {})
    assert files["sum.wasm"] == assemble(SUM)
