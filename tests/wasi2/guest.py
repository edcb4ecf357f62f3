"""A guest that calls the functions of WASI 0.2's files directly, with the methods of the guest of preview 1's tests.

    guest = Guest2(WasiConfig().preopen_dir(folder, "/"))
    error, descriptor = guest.open(3, "file", CREATE, rights=READ | WRITE)      error numbers are preview 1's
    guest.write(descriptor, b"abc", 0)                                          -> (0, 3)

So the tests of what a guest may reach run over both versions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.wasi.guest import CREATE, DIRECTORY, EXCLUSIVE, READ, TRUNCATE, WRITE
from wasmz.errors import ComponentError
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.wasi2.errors import file_code
from wasmz.wasi2.filesystem import Descriptor, Files
from wasmz.wasi2.guest import Guest

# The first number that has the code: those that share one are not told apart.
_NUMBERS = {code: number for number in range(76, 0, -1) if (code := file_code(number)) != "io"}
_NUMBERS["io"] = Errno.IO
_OPEN = {CREATE: "create", DIRECTORY: "directory", EXCLUSIVE: "exclusive", TRUNCATE: "truncate"}
_RIGHTS = {READ: "read", WRITE: "write"}


def attempt(function: Callable[..., Any], *args: Any) -> tuple[int, Any]:
    """The error number of preview 1 for a function's result, and its value."""
    try:
        return 0, function(*args)
    except ComponentError as error:
        return _NUMBERS[error.payload], None


class Guest2:
    """Descriptors by number, the first preopened one being 3."""

    def __init__(self, config: WasiConfig) -> None:
        self.guest = Guest(config)
        self.table: dict[int, Descriptor] = {
            number: entry for number, (entry, _) in enumerate(Files(self.guest).get_directories(), 3)
        }
        self.seen = b""

    def call(self, name: str, *args: int) -> int:
        entry = self.table[args[0]]
        if name == "fd_filestat_set_times":
            times = [("timestamp", {"seconds": 0, "nanoseconds": time}) for time in args[1:3]]
            return attempt(entry.set_times, *times)[0]
        if name == "fd_filestat_set_size":
            return attempt(entry.set_size, args[1])[0]
        if name == "fd_allocate":
            # There is no such function.
            return Errno.BADF
        raise AssertionError(f"no {name} in WASI 0.2")

    def memory_read(self, address: int, size: int) -> bytes:
        """All that came to the guest so far."""
        return self.seen

    def open(
        self, directory: int, path: str, flags: int = 0, *, rights: int = 0, follow: bool = True
    ) -> tuple[int, int]:
        open_flags = [label for flag, label in _OPEN.items() if flags & flag]
        wanted = [label for flag, label in _RIGHTS.items() if rights & flag]
        error, opened = attempt(self.table[directory].open_at, _follow(follow), path, open_flags, wanted)
        if error:
            return error, 0
        number = max(self.table) + 1
        self.table[number] = opened
        return 0, number

    def close(self, descriptor: int) -> int:
        entry = self.table.pop(descriptor, None)
        if entry is not None:
            entry.close()
        return 0 if entry is not None else Errno.BADF

    def read(self, descriptor: int, size: int, offset: int = 0) -> tuple[int, bytes]:
        """Through a stream, as the adapter of modules reads."""
        error, stream = attempt(self.table[descriptor].read_via_stream, offset)
        if error:
            return error, b""
        try:
            content = bytes(stream.blocking_read(size))
        except ComponentError as failed:
            assert failed.payload == "closed"
            content = b""
        self.seen += content
        return 0, content

    def write(self, descriptor: int, data: bytes, offset: int = 0) -> tuple[int, int]:
        error, count = attempt(self.table[descriptor].write, data, offset)
        return error, count or 0

    def stat(self, directory: int, path: str, *, follow: bool = True) -> tuple[int, Any]:
        return attempt(self.table[directory].stat_at, _follow(follow), path)

    def set_times(self, directory: int, path: str, accessed: int, modified: int, flags: int) -> int:
        times = [("timestamp", {"seconds": 0, "nanoseconds": time}) for time in (accessed, modified)]
        return attempt(self.table[directory].set_times_at, _follow(True), path, *times)[0]

    def mkdir(self, directory: int, path: str) -> int:
        return attempt(self.table[directory].create_directory_at, path)[0]

    def rmdir(self, directory: int, path: str) -> int:
        return attempt(self.table[directory].remove_directory_at, path)[0]

    def unlink(self, directory: int, path: str) -> int:
        return attempt(self.table[directory].unlink_file_at, path)[0]

    def rename(self, directory: int, path: str, to: int, to_path: str) -> int:
        return attempt(self.table[directory].rename_at, path, self.table[to], to_path)[0]

    def link(self, directory: int, path: str, to: int, to_path: str, *, follow: bool = False) -> int:
        return attempt(self.table[directory].link_at, _follow(follow), path, self.table[to], to_path)[0]

    def symlink(self, target: str, directory: int, path: str) -> int:
        return attempt(self.table[directory].symlink_at, target, path)[0]

    def readlink(self, directory: int, path: str) -> tuple[int, bytes]:
        error, target = attempt(self.table[directory].readlink_at, path)
        found = b"" if error else target.encode()
        self.seen += found
        return error, found


def _follow(follow: bool) -> tuple[str, ...]:
    return ("symlink-follow",) if follow else ()
