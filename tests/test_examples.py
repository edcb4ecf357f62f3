"""The examples run, and print what they demonstrate."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"

EXPECTED = {
    "call_export.py": """\
factorial(20) = 2432902008176640000
factorial(21) = -4249290049419214848 (64 bits wrap)
mean(1, 4) = 2.5
divide(-17, 5) = (-3, -2)
divide(1, 0) traps: integer divide by zero
divide(2**33, 1) is refused: not an i32
""",
    "host_functions.py": """\
imports env.f: (f64) -> (f64)
imports env.report: (i32, f64) -> ()
root 1.521379707 after 40 steps, starting with [1.5, 1.75, 1.625]
the host's own exception: no value at 0.5
""",
    "memory_as_buffer.py": """\
16 letters shifted
slice: b'Khoor, ZheDvvhpeob!'
view, after shifting back: b'Hello, WebAssembly!'
read: Jello, WebAssembly!
2 pages, then 3
""",
    "wasi_files.py": """\
29 lines, 7 failures
hard.txt
in.txt
soft.txt
1: t
""",
    "wasi_program.py": """\
exit status 0, 9 lines, no errors
..:::-=#@@@=:
..;-+##@@@@#:
exit status 2, errors: usage: mandelbrot [WIDTH [HEIGHT]]
""",
}


# Its workers are processes of a library that warns itself.
DASK = "dask_map.py"


def test_every_script_is_here() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {*EXPECTED, DASK}


def test_dask(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(EXAMPLES / DASK)]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=300)
    assert result.stdout == "".join(f"{n:2}! = {math.factorial(n)}\n" for n in range(21)), result.stderr


@pytest.mark.parametrize("name", EXPECTED)
def test_script(name: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", str(EXAMPLES / name)]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert result.stderr == ""
    assert result.stdout == EXPECTED[name]
