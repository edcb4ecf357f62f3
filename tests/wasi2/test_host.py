"""Functions of WASI 0.2's host side, called as linkers call them: streams, waiting, clocks, random bytes, limits."""

from __future__ import annotations

import errno
import io
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.wasi2.calls import MILLISECOND, check_items, payload
from wasmz.component.commands import run_command
from wasmz.errors import MemoryLimit, Trap
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.wasi2.cli import Cli
from wasmz.wasi2.clocks import Clocks
from wasmz.wasi2.filesystem import Descriptor, Files
from wasmz.wasi2.guest import Guest
from wasmz.wasi2.polling import Pollable, poll
from wasmz.wasi2.random import Random
from wasmz.wasi2.streams import InputStream, OutputStream
from wasmz.wasi2.worlds import INTERFACES, VERSION


def test_every_item_of_every_interface_is_there() -> None:
    check_items("wasmz.wasi2", INTERFACES)


def test_a_linker_gets_all_interfaces() -> None:
    linker = wasmz.component.Linker()
    linker.define_wasi()
    for name in INTERFACES:
        for version in ("0.2.0", "0.2.3", VERSION, "0.2.99"):
            assert linker.get(f"{name}@{version}") is not None, name
        assert linker.get(f"{name}@0.4.0") is None
    with pytest.raises(TypeError, match="config"):
        linker.define_wasi({})  # type: ignore[arg-type]


def test_arguments_environment_and_exit() -> None:
    ends: list[int] = []
    cli = Cli(Guest(WasiConfig(args=["a", b"\xff"], env={"A": "b=c", "E": ""}, on_exit=ends.append)))
    assert cli.get_arguments() == ["a", "\ufffd"]
    assert cli.get_environment() == [("A", "b=c"), ("E", "")]
    assert cli.initial_cwd() is None
    for status, code in ((wasmz.component.Ok(None), 0), (wasmz.component.Err(None), 1), (("err", None), 1)):
        with pytest.raises(wasmz.WasiExit) as caught:
            cli.exit(status)
        assert caught.value.exit_code == code
    with pytest.raises(wasmz.WasiExit) as caught:
        cli.exit_with_code(42)
    assert caught.value.exit_code == 42
    assert ends == [0, 1, 1, 42]
    assert cli.get_terminal_stdin() is None


def test_input() -> None:
    stream = Cli(Guest(WasiConfig(stdin=b"abcdef"))).get_stdin()
    assert stream.read(0) == b""
    assert stream.read(2) == b"ab"
    assert stream.skip(1) == 1
    assert stream.blocking_read(1 << 63) == b"def"
    assert payload(stream.blocking_read, 1) == "closed"
    assert payload(stream.read, 1) == "closed"
    assert stream.subscribe().ready()


@pytest.mark.skipif(sys.platform in ("win32", "emscripten"), reason="needs pipes to wait for")
def test_a_pipe_is_waited_for() -> None:
    ours, theirs = os.pipe()
    try:
        stream = Cli(Guest(WasiConfig(stdin=ours))).get_stdin()
        pollable = stream.subscribe()
        assert not pollable.ready()
        assert stream.read(10) == b""
        timer = threading.Timer(0.05, os.write, (theirs, b"late"))
        timer.start()
        pollable.block()
        assert stream.read(10) == b"late"
        timer.join()
    finally:
        os.close(theirs)
    assert payload(stream.blocking_read, 1) == "closed"
    os.close(ours)


def test_output() -> None:
    out = io.BytesIO()
    stream = Cli(Guest(WasiConfig(stdout=out))).get_stdout()
    assert stream.check_write() >= 4096
    stream.write(b"a" * 5000)
    stream.blocking_write_and_flush(b"b" * 4096)
    stream.write_zeroes(3)
    stream.blocking_write_zeroes_and_flush(2)
    assert out.getvalue() == b"a" * 5000 + b"b" * 4096 + bytes(5)
    for function, argument in (
        (stream.blocking_write_and_flush, bytes(4097)),
        (stream.write, bytes((1 << 20) + 1)),
        (stream.write_zeroes, 1 << 40),
        (stream.blocking_write_zeroes_and_flush, 4097),
    ):
        with pytest.raises(Trap):
            function(argument)
    source = Cli(Guest(WasiConfig(stdin=b"moved"))).get_stdin()
    assert stream.splice(source, 3) == 3
    assert stream.blocking_splice(source, 100) == 2
    assert out.getvalue().endswith(b"moved")
    stream.close()
    assert payload(stream.write, b"x") == "closed"


def test_output_that_fails() -> None:
    class Full(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "no space left")

    guest = Guest(WasiConfig(stdout=Full()))
    stream = Cli(guest).get_stdout()
    case, error = payload(stream.write, b"x")
    assert case == "last-operation-failed"
    assert "no space left" in error.to_debug_string()
    assert Files(guest).filesystem_error_code(error) == "insufficient-space"
    assert payload(stream.flush) == "closed"


def _file(content: bytes, guest: Guest | None = None) -> Descriptor:
    files = wasmz.MemoryFileSystem({"file": content})
    guest = Guest(WasiConfig().preopen_dir(files, "/"))
    ((directory, name),) = Files(guest).get_directories()
    assert name == "/"
    opened: Descriptor = directory.open_at((), "file", (), ("read", "write"))
    return opened


def test_streams_of_a_file() -> None:
    file = _file(b"0123456789")
    source: InputStream = file.read_via_stream(4)
    sink: OutputStream = file.write_via_stream(8)
    end: OutputStream = file.append_via_stream()
    assert source.read(3) == b"456"
    sink.write(b"ab")
    end.write(b"!")
    sink.write(b"cd")
    end.write(b"?")
    assert file.read(100, 0) == (b"01234567abcd?", False)
    assert file.read(100, 13) == (b"", True)
    assert source.blocking_read(100) == b"7abcd?"
    assert payload(file.read_via_stream, 1 << 63) == "invalid"
    assert payload(file.read_directory) == "not-directory"
    assert sorted(file.get_flags()) == ["read", "write"]
    assert file.get_type() == "regular-file"


def test_directories() -> None:
    files = wasmz.MemoryFileSystem({"b": b"", "a/c": b""})
    guest = Guest(WasiConfig().preopen_dir(files, "/").preopen_dir(files, "/ro", read_only=True))
    (directory, _), (read_only, _) = Files(guest).get_directories()
    stream = directory.read_directory()
    found = []
    while (entry := stream.read_directory_entry()) is not None:
        found.append((entry["name"], entry["type"]))
    assert sorted(found) == [("a", "directory"), ("b", "regular-file")]
    assert payload(directory.read, 1, 0) == "is-directory"
    assert directory.is_same_object(read_only)
    assert directory.metadata_hash() == read_only.metadata_hash() != directory.metadata_hash_at((), "b")
    assert read_only.get_flags() == ["read"]
    assert payload(read_only.open_at, (), "b", (), ("write",)) == "not-permitted"
    assert payload(read_only.open_at, (), "a", ("directory",), ("mutate-directory",)) == "not-permitted"
    child = read_only.open_at((), "a", ("directory",), ())
    assert payload(child.create_directory_at, "x") == "not-permitted"
    child.close()


def test_closing_twice_closes_nothing_of_others() -> None:
    files = wasmz.MemoryFileSystem({"a": b"a", "b": b"b"})
    guest = Guest(WasiConfig().preopen_dir(files, "/"))
    ((directory, _),) = Files(guest).get_directories()
    first = directory.open_at((), "a", (), ("read",))
    before = len(guest.process.table)
    first.close()
    second = directory.open_at((), "b", (), ("read",))
    first.close()
    assert len(guest.process.table) == before
    assert second.read(1, 0) == (b"b", False)
    directory.close()
    assert len(Files(guest).get_directories()) == 1


def test_clocks() -> None:
    clocks = Clocks(Guest(WasiConfig(realtime=1_700_000_000_123_456_789, monotonic=5)))
    assert clocks.wall_now() == {"seconds": 1_700_000_000, "nanoseconds": 123_456_789}
    assert clocks.now() == 5
    # A clock that does not follow the time goes on by the wait, which is over at once.
    start = time.monotonic()
    clocks.subscribe_duration(3600 * 1000 * MILLISECOND).block()
    assert time.monotonic() - start < 60
    assert clocks.now() >= 3600 * 1000 * MILLISECOND
    real = Clocks(Guest(WasiConfig()))
    before = real.now()
    real.subscribe_duration(20 * MILLISECOND).block()
    assert real.now() - before >= 20 * MILLISECOND
    assert not real.subscribe_instant((1 << 64) - 1).ready()
    assert real.subscribe_instant(0).ready()
    assert real.utc_offset(real.wall_now()) == 0


def test_poll() -> None:
    guest = Guest(WasiConfig())
    clocks = Clocks(guest)
    late, soon, now = (clocks.subscribe_duration(n * MILLISECOND) for n in (3_600_000, 20, 0))
    assert poll([late, now, soon, now]) == [1, 3]
    assert poll([late, soon]) == [1]
    assert poll([Pollable(guest, lambda wait, key: wait.add_ready(key)), late]) == [0]
    with pytest.raises(Trap):
        poll([])


def test_random_bytes() -> None:
    first, second = Random(Guest(WasiConfig(random=7))), Random(Guest(WasiConfig(random=7)))
    assert first.bytes(1000) == second.bytes(1000)
    assert first.number() == second.number() < 1 << 64
    assert first.seed() == second.seed()
    with pytest.raises(Trap):
        first.bytes(1 << 63)


def test_resources_count_against_the_limit() -> None:
    guest = Guest(WasiConfig())
    with wasmz.Store(wasmz.Engine(wasmz.Config(mem_limit_bytes=1 << 16))) as store:
        guest.join(store)
        clocks = Clocks(guest)
        made = []
        with pytest.raises(MemoryLimit):
            for _ in range(1 << 16):
                made.append(clocks.subscribe_duration(0))
        assert len(made) > 10
        used = store.host_budget.total_used
        for pollable in made:
            pollable.close()
            pollable.close()
        assert store.host_budget.total_used < used


def test_descriptors_are_limited() -> None:
    config = WasiConfig(max_descriptors=6).preopen_dir(wasmz.MemoryFileSystem({"a": b""}), "/")
    ((directory, _),) = Files(Guest(config)).get_directories()
    kept = [directory.open_at((), "a", (), ("read",)) for _ in range(2)]
    assert payload(directory.open_at, (), "a", (), ("read",)) == "insufficient-memory"
    kept[0].close()
    directory.open_at((), "a", (), ("read",)).close()


@pytest.mark.skipif(sys.platform == "emscripten", reason="needs threads")
def test_a_deadline_ends_waiting(tmp_path: Path) -> None:
    from tests.wasi2.components import component_of

    component = wasmz.Component.compile(component_of(Path(__file__).with_name("sleeping.wasm")))
    for thread in (False, True):
        ends: list[str] = []

        def run(ends: list[str] = ends) -> None:
            linker = wasmz.component.Linker(component.engine)
            linker.define_wasi(WasiConfig(args=["sleeping"]))
            with wasmz.Store(component.engine) as store:
                store.set_deadline(0.3)
                try:
                    run_command(linker.instantiate(store, component))
                except wasmz.Interrupted:
                    ends.append("interrupted")

        start = time.monotonic()
        if thread:
            worker = threading.Thread(target=run)
            worker.start()
            worker.join()
        else:
            run()
        assert ends == ["interrupted"]
        # It would sleep for an hour.
        assert time.monotonic() - start < 60


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_closed_store_closes_files(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 10)
    guest = Guest(WasiConfig().preopen_dir(tmp_path, "/"))
    store = wasmz.Store(wasmz.Engine())
    guest.join(store)
    ((directory, _),) = Files(guest).get_directories()
    file = directory.open_at((), "file", (), ("read",))
    kept = [directory, file, file.read_via_stream(0), directory.read_directory()]
    target = str(tmp_path)

    def open_paths() -> list[str]:
        links = Path("/proc/self/fd").iterdir()
        return [path for link in links if (path := os.path.realpath(link)).startswith(target)]

    assert len(open_paths()) == 2
    store.close()
    assert not open_paths()
    assert payload(kept[0].stat) == payload(kept[1].stat) == "bad-descriptor"
