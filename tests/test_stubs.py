"""Stub files: they say what the exports are, and type checkers agree."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wasmz.stubs import render_stub

wasmtime = pytest.importorskip("wasmtime")

ROOT = Path(__file__).resolve().parent.parent

KINDS = """
(module $geo
  (type $pair (struct (field i32)))
  (func (export "area") (param $width i32) (param $height i64) (result f64) (f64.const 0))
  (func (export "many") (param f32 f64) (result i32 f32) (i32.const 0) (f32.const 0))
  (func (export "nothing"))
  (func (export "vector") (param v128) (result v128) (local.get 0))
  (func (export "references") (param funcref externref (ref null $pair)) (result funcref) (local.get 0))
  (func (export "odd names") (param $def i32) (param $a.b i32) (param $self i32))
  (func (export "class"))
  (func (export "quote\\"\\0a\\0d"))
  (memory (export "memory") 1)
  (table (export "table") 1 funcref)
  (global (export "counter") (mut i64) (i64.const 0)))
"""

EXPECTED = '''\
"""WebAssembly module geo."""

from collections.abc import Callable
from typing import Any
from wasmz import Global, Instance, Memory, Table

__wasm_instance__: Instance

def area(width: int, height: int, /) -> float: ...
def many(p0: float, p1: float, /) -> tuple[int, float]: ...
def nothing() -> None: ...
def vector(p0: bytes, /) -> bytes: ...
def references(p0: Callable[..., Any] | None, p1: Any, p2: Any, /) -> Callable[..., Any] | None: ...
# odd names: def _(p0: int, a_b: int, self: int, /) -> None: ...
# class: def _() -> None: ...
# quote???: def _() -> None: ...
memory: Memory
table: Table
counter: Global  # mutable int
'''


def test_every_kind_of_export() -> None:
    text = render_stub(bytes(wasmtime.wat2wasm(KINDS)))
    assert text == EXPECTED
    ast.parse(text)


def test_hostile_names_stay_in_their_places() -> None:
    binary = bytes(wasmtime.wat2wasm('(module $a (func (export "x\\0aimport os") (param $p i32)))'))
    for evil in (b"\n", b'"', b"\\"):
        text = render_stub(binary.replace(b"\x02\x01a", b"\x02\x01" + evil))
        tree = ast.parse(text)
        assert len(tree.body) == 3
        assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))


def test_mypy_uses_it(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "geo.wasm").write_bytes(wasmtime.wat2wasm(KINDS))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)}
    command = [sys.executable, "-m", "wasmz", "stubs", "geo.wasm"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=60)
    assert (tmp_path / "geo.pyi").read_text() == EXPECTED
    (tmp_path / "user.py").write_text("import geo\nx: float = geo.area(1, 2)\ny: str = geo.area(1, 'b')\n")
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", str(tmp_path / "mypy"), "user.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    lines = done.stdout.splitlines()
    assert {line.rpartition("[")[2] for line in lines} == {"arg-type]", "assignment]"}, done.stdout + done.stderr
    assert all(line.startswith("user.py:3:") for line in lines)
