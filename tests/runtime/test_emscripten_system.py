"""Emscripten's system calls and functions of the system, called by way of a module that exports its imports."""

from __future__ import annotations

import calendar
import random
import struct
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import wasmz
from wasmz.runtime.emscripten import times
from wasmz.runtime.emscripten.definitions import types_of
from wasmz.runtime.emscripten.functions import FUNCTIONS
from wasmz.runtime.emscripten.system_calls import CALLS
from wasmz.text import assemble

AT_FDCWD = -100
O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY = 1, 2, 0o100, 0o200, 0o1000, 0o2000, 0o200000
NOENT, EXIST, NOTDIR, ISDIR, INVAL, BADF, NOTEMPTY, PERM, FAULT, NOTTY, RANGE, NAMETOOLONG, ACCES = (
    *(-44, -20, -54, -31, -28, -8, -55, -63, -21, -59, -68, -37, -2),
)
WORDS = {"i": "i32", "I": "i64", "d": "f64"}


def module_of(names: dict[str, str]) -> bytes:
    """A module with a memory that imports functions of these types and exports them."""
    lines = ["(module"]
    for number, (name, signature) in enumerate(names.items()):
        params, _, results = signature.partition(":")
        place = "wasi_snapshot_preview1" if name.startswith(("fd_", "clock_")) else "env"
        type = f"(param {' '.join(WORDS[c] for c in params)}) (result {' '.join(WORDS[c] for c in results)})"
        lines.insert(1, f'(import "{place}" "{name}" (func $f{number} {type}))')
        lines.append(f'(export "{name}" (func $f{number}))')
    return assemble("\n".join(lines) + '(memory (export "memory") 4))')


ALL = {name: types_of(name)[0] for name in (*CALLS, *FUNCTIONS)}
WASI = {"fd_read": "iiii:i", "fd_write": "iiii:i", "fd_seek": "iIii:i", "fd_close": "i:i"}


class Guest:
    """A guest with strings at fixed addresses."""

    def __init__(self, *, config: wasmz.WasiConfig | None = None, names: dict[str, str] | None = None) -> None:
        module = wasmz.Module.compile(module_of({**WASI, **ALL} if names is None else names))
        linker = wasmz.Linker(module.engine)
        linker.define_wasi(config or wasmz.WasiConfig(stdout=None, stderr=None))
        linker.define_emscripten(module)
        self.instance = wasmz.Instance(wasmz.Store(module.engine), module, linker)
        self.memory = self.instance.first_memory
        self._next = 4096

    def text(self, text: str | bytes) -> int:
        data = text.encode() if isinstance(text, str) else text
        address = self._next
        self._next += len(data) + 1 + 16 & ~7
        self.memory.write(address, data + b"\0")
        return address

    def call(self, name: str, *args: Any) -> Any:
        args = tuple(self.text(arg) if isinstance(arg, (str, bytes)) else arg for arg in args)
        return self.instance.exports[f"__syscall_{name}"](*args)

    def open(self, path: str, flags: int = 0, folder: int = AT_FDCWD) -> int:
        return int(self.call("openat", folder, path, flags, 0))

    def read(self, descriptor: int, size: int = 100) -> bytes:
        self.memory.write(1024, struct.pack("<II", 65536, size))
        assert self.instance.exports.fd_read(descriptor, 1024, 1, 1040) == 0
        return self.memory.read(65536, self.memory.read_value(1040, "I"))

    def write(self, descriptor: int, data: bytes) -> int:
        self.memory.write(65536, data)
        self.memory.write(1024, struct.pack("<II", 65536, len(data)))
        return int(self.instance.exports.fd_write(descriptor, 1024, 1, 1040))

    def stat(self, name: str, *args: Any) -> dict[str, int]:
        assert self.call(name, *args, *([0] if name == "newfstatat" and len(args) == 3 else [])) == 0
        values = struct.unpack("<IIIIIIqiiqi4xqi4xqi4xQ", self.memory.read(2048, 96))
        return dict(
            zip("dev mode nlink uid gid rdev size blksize blocks at an mt mn ct cn ino".split(), values, strict=True)
        )

    def names(self, descriptor: int, size: int = 4096) -> list[tuple[str, int]]:
        found = []
        while used := self.call("getdents64", descriptor, 131072, size):
            assert used > 0
            data = self.memory.read(131072, used)
            place = 0
            while place < used:
                _, _, length, kind = struct.unpack_from("<QqHB", data, place)
                found.append((data[place + 19 : place + length].split(b"\0")[0].decode(), kind))
                place += length
        return found


@pytest.fixture
def files() -> wasmz.MemoryFileSystem:
    return wasmz.MemoryFileSystem({"a.txt": "some text", "d/b.txt": "more", "d/e/c.txt": ""})


@pytest.fixture
def guest(files: wasmz.MemoryFileSystem) -> Guest:
    return Guest(config=wasmz.WasiConfig(stdout=None, stderr=None).preopen_dir(files, "/"))


def test_files(guest: Guest, files: wasmz.MemoryFileSystem) -> None:
    number = guest.open("/a.txt")
    assert guest.read(number, 4) == b"some" and guest.read(number) == b" text"
    assert guest.write(number, b"x") == 8
    assert guest.open("none") == NOENT and guest.open("a.txt/x") == NOTDIR
    assert guest.open("a.txt", O_CREAT | O_EXCL | O_WRONLY) == EXIST and guest.open("d", O_WRONLY) == ISDIR
    new = guest.open("new", O_CREAT | O_RDWR)
    assert guest.write(new, b"12345") == 0 and files.read("new") == b"12345"
    assert guest.call("ftruncate64", new, 2) == 0 and files.read("new") == b"12"
    assert guest.call("ftruncate64", new, -1) == INVAL
    assert guest.call("truncate64", "/new", 1) == 0 and files.read("new") == b"1"
    added = guest.open("new", O_WRONLY | O_APPEND)
    assert guest.write(added, b"z") == 0 and files.read("new") == b"1z"
    assert guest.open("new", O_TRUNC | O_WRONLY) > 0 and files.read("new") == b""
    assert guest.call("fallocate", new, 0, 0, 10) == 0 and len(files.read("new")) == 10
    copy = guest.call("dup", new)
    assert copy not in (new, number) and guest.stat("fstat64", copy, 2048)["size"] == 10
    assert guest.instance.exports.fd_close(copy) == 0 and guest.call("dup", copy) == BADF
    assert guest.call("fdatasync", new) == 0 and guest.call("fadvise64", new, 0, 0, 0) == 0


def test_flags_and_terminals(guest: Guest) -> None:
    number = guest.open("a.txt", O_RDWR)
    guest.memory.write_value(512, "I", O_APPEND)
    assert guest.call("fcntl64", number, 3, 0) == O_RDWR
    assert guest.call("fcntl64", number, 4, 512) == 0 and guest.call("fcntl64", number, 3, 0) == O_RDWR | O_APPEND
    assert guest.call("fcntl64", guest.open("a.txt"), 3, 0) == 0
    assert guest.call("fcntl64", number, 0, 0) > number and guest.call("fcntl64", number, 99, 0) == INVAL
    assert guest.call("fcntl64", 77, 3, 0) == BADF
    assert guest.call("ioctl", number, 0x5413, 512) == NOTTY
    guest.memory.write_value(512, "I", 600)
    assert guest.call("ioctl", number, 0x541B, 512) == 0 and guest.memory.read_value(600, "I") == 9
    guest.memory.write(700, struct.pack("<iHHiHHiHH", number, 5, 9, 88, 1, 9, -1, 1, 9))
    assert guest.call("poll", 700, 3, 0) == 2
    assert [guest.memory.read_value(700 + 8 * n + 6, "H") for n in range(3)] == [5, 32, 0]


def test_attributes(guest: Guest) -> None:
    found = guest.stat("stat64", "/a.txt", 2048)
    assert (found["size"], found["mode"], found["nlink"], found["blksize"]) == (9, 0o100666, 1, 4096)
    assert found == guest.stat("lstat64", "a.txt", 2048) == guest.stat("newfstatat", AT_FDCWD, "d/../a.txt", 2048)
    assert found == guest.stat("fstat64", guest.open("a.txt"), 2048)
    assert abs(found["mt"] - time.time()) < 1000
    assert guest.stat("stat64", "d", 2048)["mode"] == 0o040777
    assert guest.call("stat64", "none", 2048) == NOENT and guest.call("stat64", "", 2048) == NOENT
    assert guest.call("stat64", "a.txt", 4 * 65536 - 8) == FAULT and guest.call("fstat64", 55, 2048) == BADF
    guest.memory.write(512, struct.pack("<qi4xqi", 1_000_000_000, 5, 0, 0x3FFFFFFE))
    assert guest.call("utimensat", AT_FDCWD, "a.txt", 512, 0) == 0
    after = guest.stat("stat64", "a.txt", 2048)
    assert (after["at"], after["an"], after["mt"]) == (1_000_000_000, 5, found["mt"])
    assert guest.call("utimensat", AT_FDCWD, "a.txt", 0, 0) == 0
    assert abs(guest.stat("stat64", "a.txt", 2048)["at"] - time.time()) < 1000
    for name, args in (("chmod", ()), ("fchmodat", (0,))):
        folder = (AT_FDCWD,) if name == "fchmodat" else ()
        assert guest.call(name, *folder, "a.txt", 0o600, *args) == 0
        assert guest.call(name, *folder, "none", 0o600, *args) == NOENT
    assert guest.call("faccessat", AT_FDCWD, "a.txt", 6, 0) == 0
    assert guest.call("faccessat", AT_FDCWD, "none", 0, 0) == NOENT
    assert guest.call("statfs64", "/", 48, 2048) == 0 and guest.memory.read_value(2052, "I") == 4096


def test_directories(guest: Guest, files: wasmz.MemoryFileSystem) -> None:
    root = guest.open("/", O_DIRECTORY)
    expected = {(".", 4), ("..", 4), ("a.txt", 8), ("d", 4)}
    assert set(guest.names(root)) == expected
    assert guest.call("getdents64", root, 131072, 4096) == 0
    assert guest.instance.exports.fd_seek(root, 0, 0, 1040) == 0
    assert set(guest.names(root, 300)) == expected
    assert guest.call("getdents64", guest.open("/", O_DIRECTORY), 131072, 10) == INVAL
    assert guest.call("getdents64", guest.open("a.txt"), 131072, 1000) == NOTDIR
    assert guest.call("mkdirat", AT_FDCWD, "new", 0o777) == 0 and guest.call("mkdirat", root, "new", 0) == EXIST
    assert guest.call("rmdir", "d") == NOTEMPTY and guest.call("rmdir", "new") == 0
    assert guest.call("unlinkat", root, "a.txt", 0) == 0 and "a.txt" not in files.paths()
    assert guest.call("unlinkat", root, "d", 0) == ISDIR
    assert guest.call("renameat", root, "d/b.txt", AT_FDCWD, "moved") == 0 and files.read("moved") == b"more"
    assert guest.call("symlink", "moved", "link") == 0 and guest.read(guest.open("link")) == b"more"
    assert guest.call("readlinkat", root, "link", 2048, 3) == 3 and guest.memory.read(2048, 3) == b"mov"
    assert guest.call("readlinkat", root, "moved", 2048, 3) == INVAL
    assert guest.stat("lstat64", "link", 2048)["mode"] == 0o120777
    assert guest.call("linkat", root, "moved", root, "second", 0) == 0
    assert guest.stat("stat64", "second", 2048)["nlink"] == 2


def test_the_current_directory(guest: Guest) -> None:
    assert guest.call("getcwd", 2048, 100) == 2 and guest.memory.read(2048, 2) == b"/\0"
    assert guest.call("chdir", "d") == 0 and guest.call("getcwd", 2048, 100) == 3
    assert guest.memory.read(2048, 3) == b"/d\0" and guest.call("getcwd", 2048, 2) == RANGE
    assert guest.read(guest.open("b.txt")) == b"more" and guest.read(guest.open("../a.txt")) == b"some text"
    assert guest.call("chdir", "b.txt") == NOTDIR and guest.call("chdir", "none") == NOENT
    inner = guest.open("e", O_DIRECTORY)
    assert guest.read(guest.open("../b.txt", folder=inner)) == b"more"
    assert guest.call("fchdir", inner) == 0 and guest.open("c.txt") > 0
    assert guest.call("fchdir", guest.open("c.txt")) == NOTDIR


def test_several_directories_are_chosen_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("of the host")
    inner = wasmz.MemoryFileSystem({"x": "inner"})
    config = wasmz.WasiConfig(stdout=None).preopen_dir(tmp_path, "/data", read_only=True).preopen_dir(inner, "/data/in")
    guest = Guest(config=config)
    assert guest.read(guest.open("/data/real.txt")) == b"of the host"
    assert guest.read(guest.open("/data/in/x")) == b"inner" and guest.read(guest.open("data/./in/../in/x")) == b"inner"
    assert guest.open("/database") == NOENT and guest.open("/") == NOENT and guest.open("/etc/passwd") == NOENT
    assert guest.open("/data/new", O_CREAT | O_WRONLY) == PERM
    assert guest.call("faccessat", AT_FDCWD, "/data/real.txt", 2, 0) == ACCES
    assert guest.stat("stat64", "/data/real.txt", 2048)["mode"] == 0o100444


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_nothing_leads_out(tmp_path: Path) -> None:
    """What escapes the directory would find the secret beside it."""
    (tmp_path / "secret").write_text("secret")
    inside = tmp_path / "inside"
    (inside / "d").mkdir(parents=True)
    (inside / "up").symlink_to("..")
    (inside / "d" / "far").symlink_to("../../secret")
    (inside / "absolute").symlink_to(tmp_path / "secret")
    guest = Guest(config=wasmz.WasiConfig(stdout=None).preopen_dir(inside, "/"))
    d = guest.open("d", O_DIRECTORY)
    for path in (
        "../secret",
        "/../secret",
        "d/../../secret",
        "up/secret",
        "d/far",
        "absolute",
        "/./../inside/../secret",
    ):
        assert guest.open(path) < 0, path
        assert guest.call("stat64", path, 2048) < 0, path
        if path not in ("d/far", "absolute"):  # these links themselves are inside
            assert guest.call("renameat", AT_FDCWD, path, AT_FDCWD, "taken") < 0, path
    for path in ("../../secret", "far", "../up/secret", "../../../../../../etc/passwd"):
        assert guest.open(path, folder=d) < 0, path
    assert guest.call("symlink", "/etc/passwd", "link") == PERM
    assert guest.call("chdir", "..") == 0 and guest.open("secret") == NOENT and guest.open("up/secret") < 0
    assert guest.call("openat", 12345, "secret", 0, 0) == BADF and guest.call("openat", 1, "secret", 0, 0) == NOTDIR
    assert (tmp_path / "secret").read_text() == "secret" and not (inside / "taken").exists()


def test_bad_strings(guest: Guest) -> None:
    end = 4 * 65536
    guest.memory.write(end - 4, b"abcd")
    assert guest.call("chdir", end - 4) == FAULT and guest.call("chdir", end + 100) == FAULT
    assert guest.call("chdir", b"x" * 5000) == NAMETOOLONG
    assert guest.call("chdir", b"\xff\xfe") == -25
    assert guest.call("getdents64", guest.open("/", O_DIRECTORY), end - 4, 4096) == FAULT


def test_pairs_of_i32() -> None:
    """Modules in which each i64 is two i32, as emscripten's were for years."""
    files = wasmz.MemoryFileSystem({"a": bytes(10)})
    names = {
        "__syscall_openat": "iiii:i",
        "fd_seek": "iiiii:i",
        "__syscall_ftruncate64": "iii:i",
        "clock_time_get": "iiii:i",
    }
    guest = Guest(config=wasmz.WasiConfig().preopen_dir(files, "/"), names={**names, "fd_read": "iiii:i"})
    exports, memory = guest.instance.exports, guest.memory
    number = guest.open("a", O_RDWR)
    assert exports.fd_seek(number, -3, -1, 2, 1040) == 0 and memory.read_value(1040, "Q") == 7
    assert exports.fd_seek(number, 5, 1, 0, 1040) == 0 and memory.read_value(1040, "Q") == (1 << 32) + 5
    assert exports.fd_seek(99, 0, 0, 0, 1040) == 8
    assert guest.call("ftruncate64", number, 3, 0) == 0 and len(files.read("a")) == 3
    assert guest.call("ftruncate64", number, -1, -1) == INVAL
    assert exports.clock_time_get(0, 0, 0, 1040) == 0
    assert abs(memory.read_value(1040, "Q") - time.time_ns()) < 10**12


@pytest.mark.parametrize("name", ["_localtime_js", "_gmtime_js"])
def test_dates(guest: Guest, name: str) -> None:
    rng = random.Random(5)
    for seconds in [
        0,
        -1,
        951_782_400,
        1_709_164_800,
        4_107_542_400,
        *(rng.randrange(-62_135_596_800, 253_402_300_799) for _ in range(200)),
    ]:
        guest.instance.exports[name](seconds, 2048)
        found = struct.unpack("<10i", guest.memory.read(2048, 40))
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        tm = moment.utctimetuple()
        assert found == (
            *(tm.tm_sec, tm.tm_min, tm.tm_hour, tm.tm_mday, tm.tm_mon - 1, tm.tm_year - 1900),
            *((tm.tm_wday + 1) % 7, tm.tm_yday - 1, 0, 0),
        )
        assert guest.instance.exports._mktime_js(2048) == seconds == calendar.timegm(tm)
    # A date that is none is put right: the 31st of February, 25 o'clock.
    guest.memory.write(2048, struct.pack("<10i", 0, 0, 25, 31, 1, 123, 0, 0, 0, 0))
    assert guest.instance.exports._timegm_js(2048) == calendar.timegm((2023, 3, 4, 1, 0, 0))
    assert struct.unpack("<10i", guest.memory.read(2048, 40))[2:5] == (1, 4, 2)
    guest.instance.exports[name]((1 << 63) - 1, 2048)
    assert times.civil(times.days_of(-400_000, 2, 29)) == (-400_000, 2, 29)


def test_the_rest(files: wasmz.MemoryFileSystem) -> None:
    out, err = bytearray(), bytearray()
    config = wasmz.WasiConfig(stdout=out, stderr=err, random=7).preopen_dir(files, "/")
    guest = Guest(config=config)
    exports = guest.instance.exports
    exports.emscripten_out(guest.text("to out"))
    exports.emscripten_console_error(guest.text("to err"))
    assert (bytes(out), bytes(err)) == (b"to out\n", b"to err\n")
    exports._tzset_js(512, 516, 520, 530)
    assert guest.memory.read(512, 22) == bytes(8) + b"UTC\0" + bytes(6) + b"UTC\0"
    assert exports.getentropy(600, 8) == 0 and guest.memory.read(600, 8) == random.Random(7).randbytes(8)
    # There is no function to allocate memory here.
    assert exports._mmap_js(9, 1, 2, guest.open("a.txt"), 0, 512, 516) == -52
    assert exports._mmap_js(9, 1, 2, 1, 0, 512, 516) == ACCES


def test_what_is_mapped() -> None:
    text = """(module
      (import "env" "_mmap_js" (func $map (param i32 i32 i32 i32 i64 i32 i32) (result i32)))
      (import "env" "_munmap_js" (func $unmap (param i32 i32 i32 i32 i32 i64) (result i32)))
      (import "env" "__syscall_openat" (func $open (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 4) (data (i32.const 64) "/a")
      (func (export "emscripten_builtin_memalign") (param i32 i32) (result i32) (i32.const 65536))
      (export "map" (func $map)) (export "unmap" (func $unmap)) (export "open" (func $open)))"""
    files = wasmz.MemoryFileSystem({"a": "0123456789"})
    module = wasmz.Module.compile(assemble(text))
    linker = wasmz.Linker(module.engine)
    linker.define_emscripten(module, wasmz.WasiConfig().preopen_dir(files, "/"))
    instance = wasmz.Instance(wasmz.Store(module.engine), module, linker)
    exports, memory = instance.exports, instance.first_memory
    number = exports.open(AT_FDCWD, 64, O_RDWR, 0)
    memory.write(65536, b"x" * 100)
    assert exports.map(100, 3, 1, number, 2, 512, 516) == 0
    assert (memory.read_value(512, "I"), memory.read_value(516, "I")) == (1, 65536)
    assert memory.read(65536, 10) == b"23456789\0\0"
    memory.write(65538, b"--")
    assert exports.unmap(65536, 100, 3, 1, number, 2) == 0 and files.read("a") == b"0123--6789"
    assert exports.map(1 << 20, 3, 1, number, 2, 512, 516) == FAULT and exports.map(9, 1, 1, 0, 0, 512, 516) == ACCES


def test_a_module_gets_nothing_that_is_not_listed() -> None:
    text = """(module (import "env" "__syscall_openat" (func (param i32 i32 i32 i32) (result i32)))
      (import "env" "__syscall_execve" (func (param i32 i32 i32) (result i32)))
      (import "env" "__syscall_socket" (func (param i32 i32 i32 i32 i32 i32) (result i32)))
      (import "env" "emscripten_run_script" (func (param i32)))
      (import "env" "__syscall_getcwd" (func (param f64) (result i32))))"""
    module = wasmz.Module.compile(assemble(text))
    linker = wasmz.Linker(module.engine)
    linker.define_emscripten(module)
    with pytest.raises(wasmz.LinkError) as caught:
        wasmz.Instance(wasmz.Store(module.engine), module, linker)
    missing = str(caught.value)
    for name in ("execve", "socket", "emscripten_run_script", "getcwd"):
        assert name in missing
    assert "openat" not in missing
    for name in (*CALLS, *FUNCTIONS):
        assert not any(word in name for word in ("exec", "fork", "socket", "connect", "kill", "run_script", "dlopen"))
