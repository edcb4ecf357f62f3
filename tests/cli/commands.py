"""Modules for tests of the command line, and ways to start it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.wasm.encode import HEADER, KITCHEN_SINK

wasmtime = pytest.importorskip("wasmtime")

ROOT = Path(__file__).resolve().parent.parent.parent

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


def write_modules(folder: Path) -> None:
    """Writes the modules above to a folder, and some files that are not modules."""
    texts = {"sums": SUMS, "command": COMMAND, "traps": TRAPS, "environment": ENVIRONMENT, "needy": NEEDY}
    for name, text in texts.items():
        (folder / f"{name}.wasm").write_bytes(wasmtime.wat2wasm(text))
    (folder / "empty.wasm").write_bytes(HEADER)
    (folder / "sink.wasm").write_bytes(KITCHEN_SINK)
    (folder / "page.wasm").write_text("<html></html>")
    (folder / "broken.wasm").write_bytes(wasmtime.wat2wasm(SUMS)[:-30])


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
