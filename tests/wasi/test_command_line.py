"""``wasmz run`` passes input, environment and sockets to a guest; deadlines end a guest that waits."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import wasmz

wasmtime = pytest.importorskip("wasmtime")

ROOT = Path(__file__).resolve().parents[2]

# Copies standard input to standard output, at most 1,000 bytes.
CAT = """
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 100))
    (i32.store (i32.const 4) (i32.const 1000))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
"""

# Accepts one connection, and sends back the first data.
ECHO = """
(module
  (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (if (call $accept (i32.const 3) (i32.const 0) (i32.const 16)) (then (call $exit (i32.const 1))))
    (i32.store (i32.const 0) (i32.const 100))
    (i32.store (i32.const 4) (i32.const 1000))
    (if (call $recv (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 4) (i32.const 8))
      (then (call $exit (i32.const 2))))
    (if (call $send (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 8))
      (then (call $exit (i32.const 3))))
    (call $exit (i32.const 9))))
"""

# Sleeps for 1,000 seconds.
SLEEPER = """
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 1000000000000))
    (drop (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))))
"""


def command(folder: Path, program: str, *options: str) -> list[str]:
    (folder / "guest.wasm").write_bytes(wasmtime.wat2wasm(program))
    return [sys.executable, "-m", "wasmz", "run", *options, str(folder / "guest.wasm")]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_input(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"from a file")
    for options, given, expected in (
        (["--stdin", str(tmp_path / "input")], b"ignored", b"from a file"),
        ([], b"from a pipe", b"from a pipe"),
    ):
        done = subprocess.run(
            command(tmp_path, CAT, *options), input=given, capture_output=True, env=environment(), timeout=100
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, expected, b"")


def test_a_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(command(tmp_path, ECHO, "--tcplisten", f"127.0.0.1:{port}"), env=environment()) as server:
        for _ in range(200):
            try:
                client = socket.create_connection(("127.0.0.1", port), timeout=10)
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        with client:
            client.sendall(b"echo!")
            assert client.recv(100) == b"echo!"
        assert server.wait(30) == 9


def make_sleeper() -> tuple[Any, wasmz.Store]:
    engine = wasmz.Engine()
    linker = wasmz.Linker(engine)
    linker.define_wasi()
    store = wasmz.Store(engine)
    return wasmz.Instance(store, wasmz.Module.compile(engine, wasmtime.wat2wasm(SLEEPER)), linker), store


def test_a_deadline_ends_a_sleep() -> None:
    instance, store = make_sleeper()
    store.set_deadline(0.2)
    before = time.monotonic()
    with pytest.raises(wasmz.Interrupted):
        instance.run_start_function()
    assert time.monotonic() - before < 5


def test_interrupting_a_sleep_in_another_thread() -> None:
    instance, store = make_sleeper()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            instance.run_start_function()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.3)
    store.interrupt()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(failures[0], wasmz.Interrupted)
