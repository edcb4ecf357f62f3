"""A command of WASI 0.3 under every circumstance: its streams, its end, its limits."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.wasi2.clients import LONG
from tests.wasi3.program import build
from wasmz.component import Linker
from wasmz.component.commands import is_command, run_command, run_command_async

if sys.platform == "emscripten":
    pytest.skip("no event loop can be run here", allow_module_level=True)

TEXT = bytes(range(256)) * 1000


def start(what: str, config: wasmz.WasiConfig | None = None, **limits: Any) -> Any:
    """An instance; what it writes is in ``config.stdout``."""
    config = wasmz.WasiConfig() if config is None else config
    config.args = ["program", what]
    engine = wasmz.Engine(wasmz.Config(**limits))
    linker = Linker(engine)
    linker.define_wasi(config)
    store = wasmz.Store(engine)
    store.set_deadline(LONG)
    return linker.instantiate(store, wasmz.Component.compile(engine, build()))


def run(what: str, config: wasmz.WasiConfig | None = None, **limits: Any) -> int:
    instance = start(what, config, **limits)
    with instance.store:
        return run_command(instance)


@pytest.mark.parametrize("what", ["copy", "direct", "file"])
def test_bytes_arrive(what: str) -> None:
    assert is_command(wasmz.Component.compile(build()))
    out, files = bytearray(), wasmz.MemoryFileSystem()
    config = wasmz.WasiConfig(stdin=TEXT, stdout=out).preopen_dir(files, "/")
    assert run(what, config) == 0
    assert out == TEXT
    if what == "file":
        assert files.read("out") == TEXT


def test_what_a_stream_was_not_asked_for_is_the_next_ones() -> None:
    out = bytearray()
    assert run("parts", wasmz.WasiConfig(stdin=b"one at a time", stdout=out)) == 0
    assert out == b"one at a time"


@pytest.mark.parametrize("what", ["copy", "direct", "parts"])
def test_pipes_are_waited_for(what: str) -> None:
    text = b"slowly" if what == "parts" else TEXT
    (theirs, ours), (read, write) = os.pipe(), os.pipe()
    found = bytearray()

    def feed() -> None:
        for at in range(0, len(text), 50_000):
            time.sleep(0.002)
            os.write(ours, text[at : at + 50_000])
        os.close(ours)

    def drain() -> None:
        while piece := os.read(read, 10_000):
            found.extend(piece)

    threads = [threading.Thread(target=feed), threading.Thread(target=drain)]
    for thread in threads:
        thread.start()
    assert run(what, wasmz.WasiConfig(stdin=theirs, stdout=write)) == 0
    os.close(write)
    for thread in threads:
        thread.join()
    for number in (theirs, read):
        os.close(number)
    assert found == text


def test_ends() -> None:
    assert run("none") == 1
    for what, error in (("exit", wasmz.WasiExit), ("trap", wasmz.Trap)):
        out = bytearray()
        with pytest.raises(error):
            run(what, wasmz.WasiConfig(stdout=out))
        assert out == b"bye"


def full_pipe() -> tuple[int, int, int]:
    """Both ends of a pipe, and how many bytes are in it."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    filled = 0
    try:
        while True:
            filled += os.write(write, bytes(4096))
    except BlockingIOError:
        os.set_blocking(write, True)
    return read, write, filled


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are not waited for there")
def test_the_deadline_ends_waiting_for_output() -> None:
    read, write, _ = full_pipe()
    instance = start("exit", wasmz.WasiConfig(stdout=write))
    instance.store.set_deadline(0.2)
    with pytest.raises(wasmz.Interrupted):
        run_command(instance)
    instance.store.close()
    # Its thread sees that, and leaves the pipe alone.
    while any(thread.name == "wasmz output" for thread in threading.enumerate()):
        time.sleep(0.01)
    os.close(read)
    os.close(write)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are not waited for there")
def test_output_of_a_full_pipe_arrives_before_the_end() -> None:
    read, write, filled = full_pipe()
    ended: list[int] = []

    def end() -> None:
        try:
            run("exit", wasmz.WasiConfig(stdout=write))
        except wasmz.WasiExit as error:
            ended.append(error.exit_code)
        os.close(write)

    thread = threading.Thread(target=end)
    thread.start()
    found = b""
    while piece := os.read(read, 1 << 16):
        found += piece
    thread.join()
    os.close(read)
    assert (found[filled:], ended) == (b"bye", [7])


def test_what_never_ends_is_stopped() -> None:
    for what in ("wait", "flood"):
        instance = start(what)
        instance.store.set_deadline(0.1)
        with instance.store, pytest.raises(wasmz.Interrupted):
            run_command(instance)
    read, write = os.pipe()
    instance = start("copy", wasmz.WasiConfig(stdin=read))
    instance.store.set_deadline(0.1)
    with instance.store, pytest.raises(wasmz.Interrupted):
        run_command(instance)
    os.close(read)
    os.close(write)
    with pytest.raises(wasmz.Trap, match="deadlock"):
        run("lock", wasmz.WasiConfig(stdout=None))


def test_memory_of_the_host_is_limited() -> None:
    with pytest.raises((wasmz.Trap, wasmz.MemoryLimit)):
        run("many", mem_limit_bytes=16 << 20)
    # Output that the host keeps counts, too: writing fails then, which ends the program's stream.
    out = bytearray()
    assert run("flood", wasmz.WasiConfig(stdout=out), mem_limit_bytes=8 << 20) == 0
    assert len(out) < 8 << 20


def test_event_loops() -> None:
    async def both() -> list[int]:
        one, other = bytearray(), bytearray()
        instances = [start("copy", wasmz.WasiConfig(stdin=TEXT, stdout=target)) for target in (one, other)]
        found = await asyncio.gather(*[run_command_async(instance) for instance in instances])
        assert one == other == TEXT
        with pytest.raises(RuntimeError, match="await run_command_async"):
            run_command(instances[0])
        return found

    assert asyncio.run(both()) == [0, 0]


def test_a_run_that_is_cancelled_ends() -> None:
    async def main() -> None:
        instance = start("wait")
        running = asyncio.ensure_future(run_command_async(instance))
        await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.wait([running], timeout=LONG)
        assert running.cancelled()

    asyncio.run(main())


def test_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "program.wasm"
    file.write_bytes(build())
    for what, status, out in (("copy", 0, b"in"), ("exit", 7, b"bye"), ("none", 1, b"")):
        command = [sys.executable, "-m", "wasmz", "run", str(file), what]
        done = subprocess.run(command, input=b"in", capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (status, out), done.stderr
    command = [sys.executable, "-m", "wasmz", "run", "--timeout", "0.2", str(file), "wait"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"wasmz: stopped after the 0.2 s of --timeout\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
def test_control_c(tmp_path: Path) -> None:
    file = tmp_path / "program.wasm"
    file.write_bytes(build())
    read, write = os.pipe()
    command = [sys.executable, "-m", "wasmz", "run", str(file), "copy"]
    with subprocess.Popen(command, stdin=read, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        os.write(write, b"x")
        assert running.stdout is not None
        # Now it waits for more.
        assert running.stdout.read(1) == b"x"
        running.send_signal(signal.SIGINT)
        assert running.wait(LONG) == 130
    os.close(read)
    os.close(write)
