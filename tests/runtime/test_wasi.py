"""WASI preview 1: arguments, environment, clocks, random bytes, streams, exit."""

from __future__ import annotations

import errno
import io
import os
import struct
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.handmade import instantiate, make_image
from wasmz.errors import WasiExit
from wasmz.runtime.image import ExportSpec
from wasmz.runtime.link.linker import Linker
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.functions import FUNCTIONS, add_to_linker
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.types import MemoryType

NAMES = list(FUNCTIONS)


def guest(module: str = "wasi_snapshot_preview1", **config: Any) -> Any:
    """Exports of a guest that exports every function of WASI, and its memory as ``memory``."""
    image = make_image(
        [],
        imports=[(module, name, FUNCTIONS[name][0]) for name in NAMES],
        exports=[
            *(ExportSpec(name, "func", index) for index, name in enumerate(NAMES)),
            ExportSpec("memory", "memory", 0),
        ],
        memories=(MemoryType(1),),
    )
    linker = Linker()
    add_to_linker(linker, WasiConfig(**config))
    return instantiate(image, linker).exports


def write(wasi: Any, descriptor: int, *pieces: bytes) -> tuple[int, int]:
    vectors, address = b"", 1000
    for piece in pieces:
        wasi.memory.write(address, piece)
        vectors += struct.pack("<II", address, len(piece))
        address += len(piece)
    wasi.memory.write(16, vectors)
    error = wasi.fd_write(descriptor, 16, len(pieces), 8)
    return error, wasi.memory.read_value(8, "I")


def read(wasi: Any, *sizes: int) -> bytes:
    vectors, address = b"", 1000
    for size in sizes:
        vectors += struct.pack("<II", address, size)
        address += size
    wasi.memory.write(16, vectors)
    assert wasi.fd_read(0, 16, len(sizes), 8) == Errno.SUCCESS
    got: int = wasi.memory.read_value(8, "I")
    return bytes(wasi.memory.read(1000, got))


def strings(wasi: Any, kind: str) -> list[bytes]:
    assert wasi[f"{kind}_sizes_get"](0, 4) == Errno.SUCCESS
    count, size = wasi.memory.read_value(0, "II")
    assert wasi[f"{kind}_get"](16, 4096) == Errno.SUCCESS
    pointers = struct.unpack(f"<{count}I", wasi.memory.read(16, 4 * count))
    content = wasi.memory.read(4096, size)
    assert content.count(0) == count
    return [content[pointer - 4096 :].split(b"\0")[0] for pointer in pointers]


def test_all_functions_are_there() -> None:
    assert len(FUNCTIONS) == 46
    assert len(guest("wasi_unstable")) == 47


def test_arguments_and_environment() -> None:
    wasi = guest(args=["prog", "größer", b"\xff"], env={"A": "1", "B": ""})
    assert strings(wasi, "args") == [b"prog", "größer".encode(), b"\xff"]
    assert strings(wasi, "environ") == [b"A=1", b"B="]
    assert strings(guest(), "args") == []
    with pytest.raises(ValueError, match="zero byte"):
        WasiConfig(args=["a\0b"])
    with pytest.raises(ValueError, match="environment variable"):
        WasiConfig(env={"A=B": "1"})
    with pytest.raises(TypeError, match="sequence"):
        WasiConfig(args="prog")


def test_output_to_files_and_callables(tmp_path: Path) -> None:
    stream, pieces, array = io.BytesIO(), [], bytearray()
    assert write(guest(stdout=stream), 1, b"hello ", b"", b"world\n") == (0, 12)
    assert stream.getvalue() == b"hello world\n"
    assert write(guest(stderr=pieces.append), 2, b"one", b"two") == (0, 6)
    assert pieces == [b"one", b"two"]
    write(guest(stdout=array), 1, b"abc")
    assert array == b"abc"
    assert write(guest(stdout=None), 1, b"abc") == (0, 3)
    text = io.StringIO()
    wasi = guest(stdout=text)
    write(wasi, 1, "ä".encode()[:1])
    write(wasi, 1, "ä".encode()[1:] + b"\xff")
    assert text.getvalue() == "ä�"
    with (tmp_path / "out").open("wb") as file:
        write(guest(stdout=file), 1, b"to a file")
    assert (tmp_path / "out").read_bytes() == b"to a file"


def test_inherited_output(capfdbinary: Any) -> None:
    wasi = guest()
    write(wasi, 1, b"out\n")
    write(wasi, 2, b"err\n")
    assert capfdbinary.readouterr() == (b"out\n", b"err\n")


def test_input() -> None:
    wasi = guest(stdin=b"abcdef")
    assert read(wasi, 2, 2) == b"abcd"
    assert read(wasi, 0, 5) == b"ef"
    assert read(wasi, 5) == b""
    assert read(guest(), 5) == b""
    assert read(guest(stdin=io.StringIO("zwei\nzeilen")), 100) == b"zwei\n"
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb", buffering=0) as other:
        other.write(b"some")
        # A pipe that stays open gives what it has, and does not wait for more.
        assert read(guest(stdin=file), 100) == b"some"


def test_errors_of_streams() -> None:
    wasi = guest()
    assert write(wasi, 3, b"x")[0] == Errno.BADF
    assert write(wasi, 0, b"x")[0] == Errno.BADF
    assert wasi.fd_read(1, 0, 0, 0) == Errno.BADF
    assert wasi.fd_write(1, 65_530, 1, 0) == Errno.FAULT
    assert wasi.fd_write(1, 0, -1, 0) == Errno.FAULT
    assert wasi.fd_seek(1, 0, 0, 0) == Errno.SPIPE
    assert wasi.fd_tell(9, 0) == Errno.BADF
    assert wasi.fd_prestat_get(3, 0) == Errno.BADF
    assert wasi.path_open(3, 0, 0, 0, 0, 0, 0, 0, 0) == Errno.BADF
    assert wasi.path_open(0, 0, 0, 0, 0, 0, 0, 0, 0) == Errno.BADF
    assert wasi.sock_shutdown(1, 0) == Errno.NOTSOCK
    assert wasi.proc_raise(1) == Errno.NOTSUP

    def broken(_: bytes) -> None:
        raise BrokenPipeError(errno.EPIPE, "closed")

    assert write(guest(stdout=broken), 1, b"x")[0] == Errno.PIPE


def test_status_of_descriptors() -> None:
    wasi = guest(stdin=b"")
    assert wasi.fd_fdstat_get(1, 100) == 0
    kind, flags, rights, inherited = struct.unpack("<BxH4xQQ", wasi.memory.read(100, 24))
    assert (kind, flags, rights & 1 << 6, rights & 1 << 2, inherited) == (0, 0, 1 << 6, 0, 0)
    assert wasi.fd_filestat_get(0, 100) == 0
    assert wasi.fd_filestat_get(5, 100) == Errno.BADF
    assert wasi.fd_renumber(1, 2) == 0
    assert wasi.fd_close(1) == Errno.BADF
    assert wasi.fd_close(2) == 0
    assert wasi.fd_write(2, 0, 0, 0) == Errno.BADF


def test_clocks_and_random() -> None:
    wasi = guest()
    for clock, now in ((0, time.time_ns), (1, time.monotonic_ns)):
        before = now()
        assert wasi.clock_time_get(clock, 0, 0) == 0
        assert before <= wasi.memory.read_value(0, "Q") <= now()
        assert wasi.clock_res_get(clock, 0) == 0
        assert 0 < wasi.memory.read_value(0, "Q") < 10**9
    assert wasi.clock_time_get(9, 0, 0) == Errno.INVAL
    assert wasi.random_get(0, 64) == 0
    assert wasi.memory[0:64] != bytes(64)
    assert wasi.random_get(65_535, 2) == Errno.FAULT
    assert wasi.sched_yield() == 0


@pytest.mark.parametrize("module", ["wasi_snapshot_preview1", "wasi_unstable"])
def test_polling_a_clock_sleeps(module: str) -> None:
    wasi = guest(module)
    extra = b"" if module == "wasi_snapshot_preview1" else bytes(8)
    short = struct.pack("<QB7x", 7, 0) + extra + struct.pack("<I4xQQH6x", 1, 20_000_000, 0, 0)
    long = struct.pack("<QB7x", 8, 0) + extra + struct.pack("<I4xQQH6x", 1, 10**12, 0, 0)
    wasi.memory.write(0, long + short)
    before = time.monotonic()
    assert wasi.poll_oneoff(0, 1000, 2, 2000) == 0
    assert 0.019 < time.monotonic() - before < 5
    assert wasi.memory.read_value(2000, "I") == 1
    assert struct.unpack("<QHB", wasi.memory.read(1000, 11)) == (7, 0, 0)
    assert wasi.poll_oneoff(0, 1000, 0, 2000) == Errno.INVAL


def test_exit() -> None:
    stream = io.BytesIO()
    wasi = guest(stdout=stream)
    with pytest.raises(WasiExit) as caught:
        wasi.proc_exit(42)
    assert caught.value.exit_code == 42


def test_bad_streams_are_refused() -> None:
    for bad in ({"stdin": -1}, {"stdin": "text"}, {"stdin": 1.5}, {"stdout": -1}, {"stderr": "text"}):
        with pytest.raises((TypeError, ValueError), match="must be"):
            guest(**bad)


def test_inherited_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"typed")))
    assert read(guest(stdin="inherit"), 10) == b"typed"


def test_arguments_are_strings() -> None:
    for arguments in ([1], [Path("x")], [None]):
        with pytest.raises(TypeError, match="args must be strings"):
            WasiConfig(args=arguments)  # type: ignore[arg-type]
