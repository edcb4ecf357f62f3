"""Functions one by one: sockets, waiting, layouts of the previous interface, configurations."""

from __future__ import annotations

import io
import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.wasi.guest import (
    CREATE,
    DATA,
    DIRECTORY,
    FOLLOW,
    READ,
    RESULT,
    SECOND_RESULT,
    UNSTABLE,
    VECTORS,
    WRITE,
    Guest,
    wasmz_calls,
)
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.memory_files import MemoryFileSystem
from wasmz.runtime.wasi.wasi_config import WasiConfig

EVENTS = 16_384
CLOCK, FD_READ, FD_WRITE = 0, 1, 2
NONBLOCK = 4

needs_sockets = pytest.mark.skipif(sys.platform == "emscripten", reason="sockets do nothing in a browser's sandbox")
needs_pipes = pytest.mark.skipif(os.name != "posix", reason="only sockets can be waited for on Windows")


def make_guest(config: WasiConfig | None = None, module: str = "wasi_snapshot_preview1") -> Guest:
    return Guest(wasmz_calls(config or WasiConfig(), module))


def clock(
    user_data: int, duration_ns: int, *, number: int = 1, absolute: bool = False, unstable: bool = False
) -> bytes:
    extra = bytes(8) if unstable else b""
    return struct.pack("<QB7x", user_data, CLOCK) + extra + struct.pack("<I4xQQH6x", number, duration_ns, 0, absolute)


def descriptor(user_data: int, kind: int, number: int, *, unstable: bool = False) -> bytes:
    return struct.pack("<QB7xI", user_data, kind, number) + bytes(36 if unstable else 28)


def poll(guest: Guest, *subscriptions: bytes) -> list[tuple[int, ...]]:
    """User data, error, kind, number of bytes, flags of each event."""
    guest.memory_write(DATA, b"".join(subscriptions))
    assert guest.call("poll_oneoff", DATA, EVENTS, len(subscriptions), RESULT) == 0
    count = int.from_bytes(guest.memory_read(RESULT, 4), "little")
    return list(struct.iter_unpack("<QHB5xQH6x", guest.memory_read(EVENTS, 32 * count)))


# Sockets


@needs_sockets
def test_a_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        guest = make_guest(WasiConfig().preopen_socket(listening))
        file_type, _, rights, _ = guest.fdstat(3)[1]
        assert (file_type, rights >> 29 & 1) == (6, 1)
        # Nobody is there yet.
        assert guest.call("fd_fdstat_set_flags", 3, NONBLOCK) == 0
        assert guest.call("sock_accept", 3, 0, RESULT) == Errno.AGAIN
        assert poll(guest, descriptor(1, FD_READ, 3), clock(2, 1_000_000)) == [(2, 0, CLOCK, 0, 0)]
        with socket.create_connection(listening.getsockname()) as client:
            assert [event[:3] for event in poll(guest, descriptor(1, FD_READ, 3))] == [(1, 0, FD_READ)]
            assert guest.call("sock_accept", 3, 0, RESULT) == 0
            connection = guest._number()
            assert connection == 4
            client.sendall(b"hello, guest")
            assert poll(guest, descriptor(7, FD_READ, connection))[0][:2] == (7, 0)
            # Looking does not take.
            for flags in (1, 0):
                assert guest.call("sock_recv", 4, *guest.vectors(3, 4), flags, RESULT, SECOND_RESULT) == 0
                assert guest.memory_read(DATA, guest._number()) == b"hello, "
                assert guest.memory_read(SECOND_RESULT, 2) == bytes(2)
            assert guest.read(connection, 100) == (0, b"guest")
            guest.memory_write(DATA, b"hello, client")
            guest.memory_write(VECTORS, struct.pack("<IIII", DATA, 7, DATA + 7, 6))
            assert guest.call("sock_send", connection, VECTORS, 2, 0, RESULT) == 0
            assert guest.write(connection, b"!") == (0, 1)
            assert guest.call("sock_shutdown", connection, 2) == 0
            received = b""
            while part := client.recv(100):
                received += part
            assert received == b"hello, client!"
            client.shutdown(socket.SHUT_WR)
            assert poll(guest, descriptor(7, FD_READ, connection)) == [(7, 0, FD_READ, 0, 1)]
            assert guest.read(connection, 100) == (0, b"")
        assert guest.close(connection) == 0
        assert guest.call("sock_recv", connection, *guest.vectors(1), 0, RESULT, SECOND_RESULT) == Errno.BADF
    assert guest.call("sock_shutdown", 1, 1) == Errno.NOTSOCK


@needs_sockets
def test_a_connection() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        guest = make_guest(WasiConfig().preopen_socket(ours))
        assert guest.call("sock_accept", 3, 0, RESULT) == Errno.INVAL
        assert guest.seek(3, 0)[0] == Errno.SPIPE
        assert guest.call("sock_shutdown", 3, 4) == Errno.INVAL
        assert guest.call("sock_recv", 3, *guest.vectors(1), 8, RESULT, SECOND_RESULT) == Errno.INVAL
        assert guest.call("fd_fdstat_set_flags", 3, NONBLOCK) == 0
        assert guest.read(3, 1)[0] == Errno.AGAIN
        assert guest.fdstat(3)[1][1] == NONBLOCK
        theirs.sendall(b"abcdef")
        assert guest.call("sock_recv", 3, *guest.vectors(6), 2, RESULT, SECOND_RESULT) == 0
        assert guest.memory_read(DATA, 6) == b"abcdef"
        assert [event[2] for event in poll(guest, descriptor(1, FD_READ, 3), descriptor(2, FD_WRITE, 3))] == [FD_WRITE]


# Waiting


@needs_pipes
def test_waiting_for_a_pipe() -> None:
    reading, writing = os.pipe()
    try:
        guest = make_guest(WasiConfig(stdin=reading))
        before = time.monotonic()
        assert poll(guest, descriptor(1, FD_READ, 0), clock(2, 30_000_000)) == [(2, 0, CLOCK, 0, 0)]
        assert time.monotonic() - before >= 0.03
        # A guest that does not want to wait gets an error, and the pipe is not changed for others.
        assert guest.call("fd_fdstat_set_flags", 0, NONBLOCK) == 0
        assert guest.read(0, 10)[0] == Errno.AGAIN
        assert os.get_blocking(reading)
        threading.Timer(0.03, os.write, (writing, b"input")).start()
        assert poll(guest, descriptor(1, FD_READ, 0), clock(2, 10**11)) == [(1, 0, FD_READ, 5, 0)]
        assert guest.read(0, 10) == (0, b"input")
    finally:
        os.close(reading)
        os.close(writing)


def test_what_is_always_ready(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    guest = make_guest(WasiConfig(stdin=b"abc", stdout=None).preopen_dir(tmp_path, "/"))
    file = guest.open(3, "file", rights=READ | WRITE)[1]
    guest.seek(file, 2)
    events = poll(
        guest,
        descriptor(1, FD_READ, file),
        descriptor(2, FD_WRITE, file),
        descriptor(3, FD_READ, 0),
        descriptor(4, FD_WRITE, 1),
        descriptor(5, FD_READ, 99),
        clock(6, 10**12),
        clock(7, 5, number=9),
    )
    assert events == [
        (1, 0, FD_READ, 3, 0),
        (2, 0, FD_WRITE, 1, 0),
        (3, 0, FD_READ, 1, 0),
        (4, 0, FD_WRITE, 1, 0),
        (5, Errno.BADF, FD_READ, 0, 0),
        (7, Errno.INVAL, CLOCK, 0, 0),
    ]
    guest.memory_write(DATA, descriptor(1, 3, 0))
    assert guest.call("poll_oneoff", DATA, EVENTS, 1, RESULT) == Errno.INVAL


def test_a_moment_that_is_over() -> None:
    guest = make_guest()
    past = time.monotonic_ns() - 10**9
    assert poll(guest, clock(1, past, absolute=True), clock(2, 10**12)) == [(1, 0, CLOCK, 0, 0)]


# The former interface


def test_former_layouts(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    guest = make_guest(WasiConfig(stdout=None).preopen_dir(tmp_path, "/"), UNSTABLE)
    assert guest.call("path_filestat_get", 3, FOLLOW, *guest._path("file"), RESULT) == 0
    _, inode, file_type, links, size, *times = struct.unpack("<QQB3xIQQQQ", guest.memory_read(RESULT, 56))
    found = (tmp_path / "file").stat()
    assert (inode, file_type, links, size) == (found.st_ino, 4, 1, 10)
    assert times[1] == found.st_mtime_ns
    file = guest.open(3, "file", rights=READ)[1]
    guest.memory_write(RESULT, b"\xaa" * 64)
    assert guest.call("fd_filestat_get", file, RESULT) == 0
    assert struct.unpack("<QQB3xIQQQQ", guest.memory_read(RESULT, 56))[1:5] == (inode, 4, 1, 10)
    # It has 56 bytes, not more.
    assert guest.memory_read(56, 8) == b"\xaa" * 8
    # In the previous interface, 0 means from here, 1 from the end, 2 from the start.
    assert guest.seek(file, 4, 2) == (0, 4)
    assert guest.seek(file, 2, 0) == (0, 6)
    assert guest.seek(file, -1, 1) == (0, 9)
    assert guest.seek(file, 0, 3)[0] == Errno.INVAL
    events = poll(guest, clock(1, 1_000, unstable=True), descriptor(2, FD_READ, file, unstable=True))
    assert (2, 0, FD_READ, 1, 0) in events


def test_both_names_are_one_process(tmp_path: Path) -> None:
    from tests.runtime.handmade import instantiate, make_image
    from wasmz.runtime.image import ExportSpec
    from wasmz.runtime.link.linker import Linker
    from wasmz.types import MemoryType

    image = make_image(
        [],
        imports=[("wasi_unstable", "path_open", "iiiiiIIii:i"), ("wasi_snapshot_preview1", "fd_close", "i:i")],
        exports=[
            ExportSpec("open", "func", 0),
            ExportSpec("close", "func", 1),
            ExportSpec("memory", "memory", 0),
        ],
        memories=(MemoryType(1),),
    )
    linker = Linker()
    linker.define_wasi(WasiConfig().preopen_dir(tmp_path, "/"))
    exports: Any = instantiate(image, linker).exports
    exports.memory.write(64, b".")
    assert exports.open(3, 0, 64, 1, 0, 0, 0, 0, 0) == 0
    assert exports.close(4) == 0
    assert exports.close(4) == Errno.BADF


# What a configuration gives


def test_streams_of_all_kinds(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        assert make_guest(WasiConfig(stdout=file.fileno())).write(1, b"straight") == (0, 8)
    assert (tmp_path / "out").read_bytes() == b"straight"
    with (tmp_path / "out").open("rb", buffering=0) as file:
        guest = make_guest(WasiConfig(stdin=file.fileno()))
        assert guest.read(0, 5) == (0, b"strai")
        assert guest.read(0, 50) == (0, b"ght")
        assert guest.read(0, 50) == (0, b"")
    with (tmp_path / "out").open("rb") as buffered:
        guest = make_guest(WasiConfig(stdin=buffered))
        assert guest.read(0, 3) + guest.read(0, 99) == (0, b"str", 0, b"aight")
    asked = []

    def source(size: int) -> bytes:
        asked.append(size)
        return b"" if len(asked) > 2 else b"xyz"

    guest = make_guest(WasiConfig(stdin=source))
    assert [guest.read(0, 2)[1] for _ in range(5)] == [b"xy", b"z", b"xy", b"z", b""]
    for bad in ({"stdin": 10_000}, {"stdout": 10_000}, {"stderr": -5}):
        with pytest.raises(ValueError, match="open file descriptor"):
            make_guest(WasiConfig(**bad))  # type: ignore[arg-type]


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMZ_TEST_A", "1")
    monkeypatch.setenv("WASMZ_TEST_B", "2")
    assert WasiConfig().env == {}
    assert WasiConfig(env={"X": "y"}, inherit_env=["WASMZ_TEST_A", "WASMZ_TEST_MISSING"]).env == {
        "WASMZ_TEST_A": "1",
        "X": "y",
    }
    everything = WasiConfig(env={"WASMZ_TEST_B": "own"}, inherit_env=True).env
    assert (everything["WASMZ_TEST_A"], everything["WASMZ_TEST_B"]) == ("1", "own")
    with pytest.raises(TypeError, match="inherit_env"):
        WasiConfig(inherit_env="PATH")


def clock_time(guest: Guest, number: int) -> int:
    assert guest.call("clock_time_get", number, 0, RESULT) == 0
    return int.from_bytes(guest.memory_read(RESULT, 8), "little")


def test_fixed_clocks_and_randomness() -> None:
    def run() -> tuple[Any, ...]:
        guest = make_guest(WasiConfig(realtime=10**18, monotonic=5, random=42))
        times = [clock_time(guest, 0), clock_time(guest, 0), clock_time(guest, 1)]
        before = time.monotonic()
        # An hour, for the guest.
        assert poll(guest, clock(1, 3600 * 10**9)) == [(1, 0, CLOCK, 0, 0)]
        assert time.monotonic() - before < 5
        times.append(clock_time(guest, 1))
        assert guest.call("random_get", DATA, 70_000) == 0
        return (*times, guest.memory_read(DATA, 70_000))

    first = run()
    assert first == run()
    assert first[0] == 10**18 < first[1]
    assert first[3] - first[2] >= 3600 * 10**9
    guest = make_guest(WasiConfig(realtime=lambda: 77, random=bytes))
    assert clock_time(guest, 0) == 77
    guest.call("random_get", DATA, 16)
    assert guest.memory_read(DATA, 16) == bytes(16)
    for bad in ({"realtime": "now"}, {"random": 1.5}, {"on_exit": 3}):
        with pytest.raises(TypeError, match="must be callable"):
            WasiConfig(**bad)  # type: ignore[arg-type]


def test_exit() -> None:
    import wasmz

    statuses: list[int] = []
    out = io.BytesIO()
    guest = make_guest(WasiConfig(stdout=io.BufferedWriter(out), on_exit=statuses.append))  # type: ignore[arg-type]
    guest.write(1, b"last words")
    with pytest.raises(wasmz.WasiExit):
        guest.call("proc_exit", 3)
    assert statuses == [3]
    assert out.getvalue() == b"last words"


def test_preopens(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make_guest(WasiConfig().preopen_dir(tmp_path / "missing", "/"))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        make_guest(WasiConfig().preopen_dir(tmp_path / "file", "/"))
    with pytest.raises(TypeError, match="host must be"):
        WasiConfig().preopen_dir(5, "/")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="cannot have a directory"):
        WasiConfig().preopen_dir(tmp_path, "a\0b")
    with pytest.raises(TypeError, match="socket"):
        WasiConfig().preopen_socket(5)
    guest = make_guest(WasiConfig().preopen_dir(tmp_path, "/größe").preopen_dir(MemoryFileSystem()))
    names = []
    for number in (3, 4):
        assert guest.call("fd_prestat_get", number, RESULT) == 0
        tag, size = struct.unpack("<II", guest.memory_read(RESULT, 8))
        assert guest.call("fd_prestat_dir_name", number, DATA, size - 1) == Errno.NAMETOOLONG
        assert (tag, guest.call("fd_prestat_dir_name", number, DATA, size)) == (0, 0)
        names.append(guest.memory_read(DATA, size).decode())
    assert names == ["/größe", "/"]


# Files in memory, seen from Python


def test_memory_file_system() -> None:
    files = MemoryFileSystem({"a.txt": "text", "/lib/b.bin": b"\x00\x01"}, now=lambda: 123)
    files.make_directories("empty/deep")
    assert files.paths() == ["a.txt", "empty/", "empty/deep/", "lib/", "lib/b.bin"]
    assert (files.read("/a.txt"), files.read("lib/b.bin")) == (b"text", b"\x00\x01")
    guest = make_guest(WasiConfig().preopen_dir(files, "/"))
    error, file = guest.open(3, "lib/new", CREATE, rights=READ | WRITE)
    assert error == 0
    assert guest.write(file, b"from the guest") == (0, 14)
    assert files.read("lib/new") == b"from the guest"
    assert guest.fstat(file)[1][5:] == (123, 123, 123)
    # Removed, but open.
    assert guest.unlink(3, "lib/new") == 0
    assert guest.read(file, 4, 5) == (0, b"the ")
    assert guest.fstat(file)[1][3] == 0
    files.write("a.txt", b"changed")
    assert guest.read(guest.open(3, "a.txt", rights=READ)[1], 20) == (0, b"changed")
    with pytest.raises(FileNotFoundError):
        files.read("lib/new")
    with pytest.raises(IsADirectoryError):
        files.read("lib")
    with pytest.raises(NotADirectoryError):
        files.write("a.txt/b", b"")
    with pytest.raises(ValueError, match="plain path"):
        files.read("../x")
    with pytest.raises(OSError, match="space"):
        MemoryFileSystem({"a": bytes(100)}, limit_bytes=50)


def test_directories_that_move_in_memory() -> None:
    guest = make_guest(WasiConfig().preopen_dir(MemoryFileSystem({"a/b/c/file": b""}), "/"))
    assert guest.rename(3, "a", 3, "a/b/inside") == Errno.INVAL
    assert guest.rename(3, "a/b", 3, "moved") == 0
    assert guest.stat(3, "moved/c/file")[0] == 0
    directory = guest.open(3, "moved", DIRECTORY, rights=READ)[1]
    assert guest.unlink(3, "moved/c/file") == 0
    assert guest.rmdir(3, "moved/c") == 0
    assert guest.rmdir(3, "moved") == 0
    # Nothing can be added to a removed directory.
    assert guest.mkdir(directory, "new") == Errno.NOENT
    assert guest.open(directory, "new", CREATE, rights=WRITE)[0] == Errno.NOENT
    assert guest.readdir(directory)[1] == [(b".", 3), (b"..", 3)]
