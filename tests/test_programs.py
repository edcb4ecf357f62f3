"""Programs that run to their end: their input, output and exit."""

from __future__ import annotations

import io
import sys
import threading
import time
import traceback
from pathlib import Path

import pytest

import wasmz
from tests.differential.oracle import assemble

EXAMPLES = Path(__file__).parent.parent / "examples"

# Copies its input to its output, and its arguments to stderr; the exit status is the number of arguments.
ECHO = """
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $both (param $to i32) (param $address i32) (param $size i32)
    (i32.store (i32.const 0) (local.get $address))
    (i32.store (i32.const 4) (local.get $size))
    (drop (call $write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (drop (call $sizes (i32.const 16) (i32.const 20)))
    (drop (call $args (i32.const 64) (i32.const 1024)))
    (call $both (i32.const 2) (i32.const 1024) (i32.load (i32.const 20)))
    (i32.store (i32.const 0) (i32.const 4096))
    (i32.store (i32.const 4) (i32.const 4096))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $both (i32.const 1) (i32.const 4096) (i32.load (i32.const 8)))
    (call $exit (i32.load (i32.const 16)))))
"""


def test_what_a_program_gets_and_leaves() -> None:
    result = wasmz.run(assemble(ECHO), ["one", "two"], stdin=b"input")
    assert result == wasmz.RunResult(("main.wasm", "one", "two"), 3, b"input", b"main.wasm\0one\0two\0")
    assert not result.timed_out
    with pytest.raises(wasmz.WasiExit, match="exit status 3"):
        result.check_returncode()


FLOOD = """
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $error i32)
    (i32.store (i32.const 4) (i32.const 65536))
    (loop $again
      (local.set $error (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br_if $again (i32.eqz (local.get $error))))
    (call $exit (local.get $error))))
"""


def test_captured_output_counts_against_the_limit_of_memory() -> None:
    engine = wasmz.Engine(wasmz.Config(mem_limit_bytes=1 << 20))
    result = wasmz.run(assemble(FLOOD), engine=engine)
    # The guest's memory is a page, and another page is free.
    assert (result.returncode, len(result.stdout)) == (51, 1 << 20)


def test_output_that_the_host_takes_counts_no_more() -> None:
    engine = wasmz.Engine(wasmz.Config(mem_limit_bytes=1 << 20))
    output = bytearray()
    config = wasmz.WasiConfig(stdout=output)
    linker = wasmz.Linker(engine)
    linker.define_wasi(config)
    module = wasmz.Module(engine, assemble(FLOOD))
    for before in (0, 100, 5000):
        # Each store has a limit of its own, and what existed before does not count for the guest.
        output[before:] = bytes(max(0, before - len(output)))
        with wasmz.Store(engine) as store:
            instance = wasmz.Instance(store, module, linker)
            for _ in range(2):
                del output[before:]
                with pytest.raises(wasmz.WasiExit):
                    instance.exports._start()
                assert len(output) == before + (1 << 20)


@pytest.mark.parametrize("stdin", ["gr\u00fc\u00df", io.BytesIO("gr\u00fc\u00df".encode())])
def test_text(stdin: object) -> None:
    result = wasmz.run(wasmz.Module.compile(assemble(ECHO)), stdin=stdin, text=True)
    assert (result.stdout, result.stderr, result.returncode) == ("gr\u00fc\u00df", "main.wasm\0", 1)


def test_output_that_is_not_captured(capsys: pytest.CaptureFixture[str]) -> None:
    result = wasmz.run(assemble(ECHO), stdin=b"shown", capture_output=False)
    assert (result.stdout, result.stderr) == (None, None)
    assert capsys.readouterr().out == "shown"


def test_a_file_by_its_path() -> None:
    result = wasmz.run(EXAMPLES / "mandelbrot.wasm", check=True)
    assert result.args == ("mandelbrot.wasm",) and b"@@@@" in result.stdout


def test_directories(tmp_path: Path) -> None:
    """It sees those that it is given, by the names that they are given."""
    names = wasmz.instantiate(
        assemble("""
        (module
          (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $name (param i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "_start")
            (drop (call $name (i32.const 3) (i32.const 64) (i32.const 5)))
            (i32.store (i32.const 0) (i32.const 64))
            (i32.store (i32.const 4) (i32.const 5))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
        """),
        wasi=True,
    ).module
    files = wasmz.MemoryFileSystem()
    assert wasmz.run(names, dirs={"/data": tmp_path}).stdout == b"/data"
    assert wasmz.run(names, dirs={"/data": files}).stdout == b"/data"
    assert wasmz.run(names).stdout == bytes(5)


@pytest.mark.skipif(sys.platform == "emscripten", reason="no threads here")
def test_the_time_is_up() -> None:
    result = wasmz.run(assemble('(module (func (export "_start") (loop (br 0))))'), timeout=0.05)
    assert result.timed_out and result.returncode == 1
    with pytest.raises(wasmz.Interrupted):
        result.check_returncode()


def test_traps_and_exits() -> None:
    trapping = assemble('(module (func $f unreachable) (func (export "_start") (call $f)))')
    result = wasmz.run(trapping)
    assert result.returncode == 1 and result.trap is not None and not result.timed_out
    assert str(result.trap).startswith("unreachable, in f at 0x")
    with pytest.raises(wasmz.Trap, match="unreachable"):
        wasmz.run(trapping, check=True)
    thrown = wasmz.run(assemble('(module (tag $t) (func (export "_start") (throw $t)))'))
    assert isinstance(thrown.trap, wasmz.WasmException)


def test_more_imports() -> None:
    said: list[int] = []
    wasm = assemble('(module (import "my" "say" (func (param i32))) (func (export "_start") (call 0 (i32.const 5))))')
    assert wasmz.run(wasm, imports={"my": {"say": said.append}}).returncode == 0
    assert said == [5]


def test_what_is_no_program() -> None:
    with pytest.raises(ValueError, match="neither _start nor a main function"):
        wasmz.run(EXAMPLES / "factorial.wasm")


def test_exceptions_of_the_host_pass() -> None:
    def fail() -> None:
        raise LookupError("the host's")

    wasm = assemble('(module (import "my" "fail" (func)) (func (export "_start") (call 0)))')
    with pytest.raises(LookupError, match="the host's"):
        wasmz.run(wasm, imports={"my": {"fail": fail}})


def _threaded(in_thread: str, in_main: str) -> bytes:
    """A program that starts a thread and goes on."""
    return assemble(f"""
      (module
        (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
        (import "env" "memory" (memory 1 1 shared))
        (func (export "wasi_thread_start") (param i32 i32) {in_thread})
        (func (export "_start") (drop (call $spawn (i32.const 0))) {in_main}))
    """)


@pytest.mark.skipif(sys.platform == "emscripten", reason="no threads here")
def test_a_program_ends_with_its_threads() -> None:
    """What ends one of them ends the program, and the end of the program stops them."""
    spin = "(loop (br 0))"
    trapped = wasmz.run(_threaded("unreachable", spin), timeout=60)
    assert trapped.trap is not None and not trapped.timed_out
    assert trapped.trap.message == "unreachable"
    assert wasmz.run(_threaded(spin, "")).returncode == 0
    assert wasmz.run(_threaded(spin, spin), timeout=0.2).timed_out
    end = time.monotonic() + 20
    while any(thread.name.startswith("wasi-thread") for thread in threading.enumerate()):
        assert time.monotonic() < end, "a thread of a program that has ended goes on"
        time.sleep(0.01)


# Beside programs


def test_wasi_in_one_line() -> None:
    output = bytearray()
    config = wasmz.WasiConfig(["prog"], stdin=b"given", stdout=output, stderr=None)
    instance = wasmz.instantiate(assemble(ECHO), wasi=config)
    with pytest.raises(wasmz.WasiExit):
        instance.run_start_function()
    assert output == b"given"


def test_contexts_close() -> None:
    wasm = assemble('(module (memory (export "memory") 1) (func (export "f")))')
    with wasmz.instantiate(wasm) as instance:
        memory = instance.exports.memory
    with pytest.raises(ValueError, match="closed"):
        instance.exports.f()
    with wasmz.Memory(wasmz.Store(), wasmz.MemoryType(1)) as memory:
        memory[0] = 1
    assert memory.size_bytes == 0
    with wasmz.Module.compile_arc(wasm) as handle:
        other = handle.retain()
    assert other.count == 1
    with pytest.raises(ValueError, match="released"):
        handle.retain()
    with other:
        assert isinstance(other.release_unwrap(), wasmz.Module)


def test_a_result_is_false_after_a_trap() -> None:
    instance = wasmz.instantiate(
        assemble('(module (func (export "zero") (result i32) (i32.const 0)) (func (export "trap") unreachable))')
    )
    assert instance.try_call("zero") and instance.try_call("zero").ok == 0
    assert not instance.try_call("trap")


def test_a_traceback_has_the_guests_frames_and_the_users() -> None:
    """Those of functions that are compiled first, of helpers and of adapters are left out."""
    wasm = assemble("""
      (module $lib
        (import "env" "back" (func $back))
        (func $inner (export "inner") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
        (func $outer (export "outer") (call $back)))
    """)

    def back() -> None:
        instance.exports.inner(1, 0)

    instance = wasmz.instantiate(wasm, {"env": {"back": back}})
    for _ in range(2):
        with pytest.raises(wasmz.Trap) as caught:
            instance.exports.outer()
        entries = traceback.extract_tb(caught.value.__traceback__)
        names = [(Path(entry.filename).name, entry.name) for entry in entries]
        assert names == [
            ("test_programs.py", "test_a_traceback_has_the_guests_frames_and_the_users"),
            ("<wasm export>", "outer"),
            ("<wasm lib>", "outer"),
            ("test_programs.py", "back"),
            ("<wasm export>", "inner"),
            ("<wasm lib>", "inner"),
        ]
        assert entries[-1].lineno == caught.value.frames[0].byte_offset
        assert "direct cause" not in "".join(traceback.format_exception(caught.value))
