"""WASI programs: streams, files, arguments and exits are the same as with the binding."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wasmz.wasmtime as ours

theirs = pytest.importorskip("wasmtime")

# Writes the arguments, the environment and what it reads, and a line of errors; then opens "file" in the directory for
# writing; and ends with the error number.
TEXT = r"""(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "oops\nfile")
    (func $put (param $fd i32) (param $at i32) (param $size i32)
        (i32.store (i32.const 0) (local.get $at))
        (i32.store (i32.const 4) (local.get $size))
        (drop (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
    (func (export "_start")
        (drop (call $args_sizes (i32.const 32) (i32.const 36)))
        (drop (call $args (i32.const 1024) (i32.const 2048)))
        (call $put (i32.const 1) (i32.const 2048) (i32.load (i32.const 36)))
        (drop (call $env_sizes (i32.const 32) (i32.const 36)))
        (drop (call $env (i32.const 1024) (i32.const 4096)))
        (call $put (i32.const 1) (i32.const 4096) (i32.load (i32.const 36)))
        (i32.store (i32.const 0) (i32.const 8192))
        (i32.store (i32.const 4) (i32.const 1000))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 40)))
        (call $put (i32.const 1) (i32.const 8192) (i32.load (i32.const 40)))
        (call $put (i32.const 2) (i32.const 16) (i32.const 5))
        (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 21) (i32.const 4) (i32.const 1)
            (i64.const 64) (i64.const 64) (i32.const 0) (i32.const 44)))))"""


def run(w: Any, configure: Callable[[Any, Path], None], folder: Path) -> list[Any]:
    """The status of the program, and what it wrote."""
    (folder / "in").write_bytes(b"typed")
    (folder / "dir").mkdir()
    engine = w.Engine()
    linker = w.Linker(engine)
    linker.define_wasi()
    config = w.WasiConfig()
    config.stdout_file = str(folder / "out")
    config.stderr_file = folder / "err"
    configure(config, folder)
    store = w.Store(engine)
    store.set_wasi(config)
    instance = linker.instantiate(store, w.Module(engine, bytes(theirs.wat2wasm(TEXT))))
    with pytest.raises(w.ExitTrap) as caught:
        instance.exports(store)["_start"](store)
    written = [(folder / name).read_bytes() for name in ("out", "err")]
    made = sorted(path.name for path in (folder / "dir").iterdir())
    store.close()
    return [caught.value.code, str(caught.value), *written, made]


def set_all(config: Any, folder: Path) -> None:
    config.argv = ["prog", "-v", "ä"]
    config.env = [["A", "1"], ("B", "x=y")]
    config.stdin_file = str(folder / "in")
    config.preopen_dir(str(folder / "dir"), "/")


CONFIGURATIONS: dict[str, Callable[[Any, Path], None]] = {
    "nothing": lambda config, folder: None,
    "all": set_all,
    "read-only": lambda config, folder: config.preopen_dir(str(folder / "dir"), "/", False),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_programs_do_the_same(name: str, tmp_path: Path) -> None:
    found = []
    for w in (theirs, ours):
        folder = tmp_path / w.__name__
        folder.mkdir()
        found.append(run(w, CONFIGURATIONS[name], folder))
    assert found[1] == found[0]


def test_functions_for_output() -> None:
    pieces: list[tuple[str, bytes]] = []
    store = ours.Store()
    linker = ours.Linker(store.engine)
    linker.define_wasi()
    config = ours.WasiConfig()
    config.argv = ["prog"]
    config.stdout_custom = lambda data: pieces.append(("out", data))
    config.stderr_custom = lambda data: pieces.append(("err", data)) or len(data)
    store.set_wasi(config)
    instance = linker.instantiate(store, ours.Module(store.engine, bytes(theirs.wat2wasm(TEXT))))
    with pytest.raises(ours.ExitTrap):
        instance.exports(store)["_start"](store)
    assert pieces == [("out", b"prog\0"), ("err", b"oops\n")]


def test_what_is_inherited_goes_past_pythons_buffers(tmp_path: Path) -> None:
    if sys.platform == "emscripten":
        pytest.skip("there are no processes here")
    (tmp_path / "prog.wasm").write_bytes(theirs.wat2wasm(TEXT))
    script = """import sys
import wasmz.wasmtime as w
store = w.Store()
linker = w.Linker(store.engine)
linker.define_wasi()
config = w.WasiConfig()
config.argv = ["prog"]
for name in ("stdin", "stdout", "stderr"):
    getattr(config, "inherit_" + name)()
store.set_wasi(config)
print("before", flush=True)
try:
    linker.instantiate(store, w.Module.from_file(store.engine, sys.argv[1])).exports(store)["_start"](store)
except w.ExitTrap:
    print("after")
"""
    command = [sys.executable, "-c", script, str(tmp_path / "prog.wasm")]
    done = subprocess.run(command, input=b"typed", capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"before\nprog\0typedafter\n", b"oops\n")


def test_files_are_closed_when_nobody_needs_them(tmp_path: Path) -> None:
    config = ours.WasiConfig()
    config.stdout_file = tmp_path / "a"
    config.stdout_file = tmp_path / "b"
    store = ours.Store()
    store.set_wasi(config)
    files = store._wasi._files  # type: ignore[union-attr]
    descriptor = files["stdout"].descriptor
    assert descriptor >= 0
    store.close()
    assert files["stdout"].descriptor == -1
    other = ours.WasiConfig()
    other.stderr_file = tmp_path / "c"
    del other
    gc.collect()


def test_a_store_without_wasi_says_so() -> None:
    store = ours.Store()
    linker = ours.Linker(store.engine)
    linker.define_wasi()
    with pytest.raises(ours.WasmtimeError, match="no WASI configuration: call Store.set_wasi"):
        linker.instantiate(store, ours.Module(store.engine, bytes(theirs.wat2wasm(TEXT))))
