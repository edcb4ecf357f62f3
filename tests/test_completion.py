"""What shells are told may come next, and what a terminal shows: completion, colours, widths."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wasmz.text import assemble

ROOT = Path(__file__).resolve().parent.parent
WAT = """(module
  (import "env" "log" (func $log (param i32)))
  (func $inner (result i32) (i32.const 7))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "answer") (result i32) (i32.mul (call $inner) (i32.const 6)))
  (memory (export "memory") 1))"""

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lib.wasm").write_bytes(assemble(WAT))
    (tmp_path / "lib.wat").write_text(WAT)
    (tmp_path / "broken.wasm").write_bytes(b"\0asm\1\0\0\0\1\xff")
    return tmp_path


def environment(folder: Path, **more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")}
    return own | {"PYTHONPATH": str(ROOT), "WASMZ_CACHE_DIR": str(folder / "cache"), "TERM": "xterm"} | more


def complete(folder: Path, words: str, shell: str = "bash") -> list[str]:
    """What the shell's script is told for a command line whose last word is not finished; each as ``type,value``."""
    before = words.split(" ")
    asked = {"_WASMZ_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(before) - 1)}
    if shell == "fish":
        asked |= {"COMP_WORDS": words.rsplit(" ", 1)[0], "COMP_CWORD": before[-1]}
    command = [sys.executable, "-m", "wasmz"]
    done = subprocess.run(command, cwd=folder, env=environment(folder, **asked), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize("file", ["lib.wasm", "lib.wat"])
@pytest.mark.parametrize("start", ["wasmz run {} --invoke ", "wasmz {} --invoke ", "wasmz run {} --func "])
def test_exported_functions(folder: Path, start: str, file: str) -> None:
    start = start.format(file)
    assert complete(folder, start) == ["plain,add", "plain,answer"]
    assert complete(folder, f"{start}an") == ["plain,answer"]
    assert complete(folder, f"{start}x") == []


def test_words_after_the_file(folder: Path) -> None:
    assert complete(folder, "wasmz run lib.wasm a") == ["plain,add", "plain,answer", "file,a"]
    assert complete(folder, "wasmz run lib.wasm add ") == ["file,"]
    assert complete(folder, "wasmz run lib.wasm --invoke=an") == ["plain,answer"]
    assert "plain,--invoke" in complete(folder, "wasmz run lib.wasm --in")


def test_functions_of_dis(folder: Path) -> None:
    assert complete(folder, "wasmz dis lib.wasm ") == ["plain,add", "plain,answer", "plain,inner"]
    assert complete(folder, "wasmz dis lib.wasm add i") == ["plain,inner"]
    assert "plain,streams" in complete(folder, "wasmz dis lib.wasm --after ")


def test_commands_and_files(folder: Path) -> None:
    assert complete(folder, "wasmz comp") == ["plain,compile", "plain,completion", "file,comp"]
    assert complete(folder, "wasmz run ") == ["file,"]
    assert complete(folder, "wasmz completion ") == ["plain,bash", "plain,zsh", "plain,fish"]
    assert complete(folder, "wasmz cache p") == ["plain,prune"]


@pytest.mark.parametrize("file", ["broken.wasm", "missing.wasm", "-", "."])
def test_what_cannot_be_read_has_no_functions(folder: Path, file: str) -> None:
    assert complete(folder, f"wasmz run {file} --invoke ") == []


def test_other_shells(folder: Path) -> None:
    # Type, word and help, a line each; and all in one.
    assert complete(folder, "wasmz run lib.wasm --invoke an", "zsh") == ["plain", "answer", "_"]
    assert complete(folder, "wasmz run lib.wasm --invoke an", "fish") == ["plain,answer"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_those_of_the_shells(folder: Path, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    command = [sys.executable, "-m", "wasmz", "completion", shell]
    made = subprocess.run(command, env=environment(folder), capture_output=True, text=True)
    assert made.returncode == 0 and "_WASMZ_COMPLETE" in made.stdout
    (folder / "script").write_text(made.stdout)
    checked = subprocess.run([program, "-n", "script"], cwd=folder, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_in_bash(folder: Path) -> None:
    """The script itself, in a shell that is asked as for a tabulator."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    program = folder / "wasmz"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m wasmz "$@"\n')
    program.chmod(0o755)
    script = """eval "$(./wasmz completion bash)"
COMP_WORDS=(./wasmz run lib.wasm --invoke an) COMP_CWORD=4
_wasmz_completion ./wasmz
printf '%s\\n' "${COMPREPLY[@]}"
"""
    done = subprocess.run([bash, "-c", script], cwd=folder, env=environment(folder), capture_output=True, text=True)
    assert done.stdout == "answer\n", done.stderr


# Widths and colours


def on_terminal(folder: Path, *words: str, columns: int = 80, **more: str) -> str:
    """What a command writes to a terminal."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    fcntl, struct, termios = pytest.importorskip("fcntl"), __import__("struct"), pytest.importorskip("termios")
    own, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [sys.executable, "-m", "wasmz", *words]
    with subprocess.Popen(command, cwd=folder, env=environment(folder, **more), stdout=other, stderr=other) as process:
        os.close(other)
        shown = b""
        while True:
            try:
                piece = os.read(own, 65_536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        process.wait()
    os.close(own)
    return shown.decode().replace("\r\n", "\n")


_COLOUR = re.compile(r"\x1b\[[\d;]*m")


@pytest.mark.parametrize(
    "words", [("dis", "lib.wasm"), ("print", "lib.wasm"), ("inspect", "lib.wasm"), ("run", "no.wat")]
)
def test_colours_are_for_terminals_that_want_them(folder: Path, words: tuple[str, ...]) -> None:
    (folder / "no.wat").write_text("(modul)")
    coloured = on_terminal(folder, *words)
    assert _COLOUR.search(coloured)
    plain = _COLOUR.sub("", coloured)
    for setting in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert on_terminal(folder, *words, **setting) == plain
    piped = subprocess.run(
        [sys.executable, "-m", "wasmz", *words], cwd=folder, env=environment(folder), capture_output=True, text=True
    )
    assert piped.stdout + piped.stderr == plain


@pytest.mark.parametrize("columns", [60, 80, 132])
def test_dis_fits_the_terminal(folder: Path, columns: int) -> None:
    shown = _COLOUR.sub("", on_terminal(folder, "dis", "lib.wasm", columns=columns)).splitlines()
    assert max(map(len, shown)) <= columns
    assert any(len(line) > columns // 2 for line in shown)


@pytest.mark.parametrize("module", ["factorial", "mandelbrot", "caesar"])
def test_dis_loses_nothing(folder: Path, module: str) -> None:
    """Narrow lines have the words of wide ones, in the same order within a column."""
    path = str(ROOT / "examples" / f"{module}.wasm")
    counts = []
    for width in ("72", "80", "400"):
        command = [sys.executable, "-m", "wasmz", "dis", "--width", width, path]
        done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True)
        lines = [line for line in done.stdout.splitlines() if not line.startswith((";", "func "))]
        assert done.returncode == 0 and max(map(len, lines)) <= int(width)
        counts.append("".join(sorted("".join(lines).replace(" ", ""))))
    assert counts[0] == counts[1] == counts[2]
