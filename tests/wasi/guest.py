"""A guest that consists of WASI's functions: tests call them directly, with paths and bytes instead of addresses.

    guest = Guest(wasmz_calls(WasiConfig().preopen_dir(folder, "/")))
    error, descriptor = guest.open(3, "file", create=True, rights=READ | WRITE)
    guest.write(descriptor, b"abc")             -> (0, 3)

``wasmz_calls`` and ``wasmtime_calls`` give the same functions under either engine.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.runtime.handmade import instantiate, make_image
from wasmz.runtime.image import ExportSpec
from wasmz.runtime.link.linker import Linker
from wasmz.runtime.wasi.functions import FUNCTIONS, add_to_linker
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.types import MemoryType

NAMES = list(FUNCTIONS)
READ, WRITE = 1 << 1, 1 << 6
CREATE, DIRECTORY, EXCLUSIVE, TRUNCATE = 1, 2, 4, 8
FOLLOW = 1
PREVIEW1, UNSTABLE = "wasi_snapshot_preview1", "wasi_unstable"

# Addresses in the guest's memory for arguments and results.
RESULT, SECOND_RESULT, VECTORS, PATH, OTHER_PATH, DATA = 0, 64, 256, 4_096, 16_384, 65_536
PAGES = 4


class Calls(NamedTuple):
    """A guest's functions and memory under some engine."""

    call: Callable[..., Any]
    read: Callable[[int, int], bytes]
    write: Callable[[int, bytes], object]


def wasmz_calls(config: WasiConfig, module: str = PREVIEW1) -> Calls:
    """Under wasmz, without compiling anything."""
    image = make_image(
        [],
        imports=[(module, name, FUNCTIONS[name][0]) for name in NAMES],
        exports=[
            *(ExportSpec(name, "func", index) for index, name in enumerate(NAMES)),
            ExportSpec("memory", "memory", 0),
        ],
        memories=(MemoryType(PAGES),),
    )
    linker = Linker()
    add_to_linker(linker, config)
    exports: Any = instantiate(image, linker).exports

    def call(name: str, *args: int) -> int | None:
        result: int | None = exports[name](*args)
        return result

    return Calls(call, exports.memory.read, exports.memory.write)


def wasmtime_calls(folder: Path, guest_name: str = "/") -> Calls:
    """Under wasmtime, with one preopened directory."""
    import wasmtime

    letters = {"i": "i32", "I": "i64"}
    imports, functions = [], []
    for name in NAMES:
        params, _, results = FUNCTIONS[name][0].partition(":")
        types = f"(param {' '.join(letters[c] for c in params)}) (result {' '.join(letters[c] for c in results)})"
        imports.append(f'(import "{PREVIEW1}" "{name}" (func ${name} {types}))')
        # Exporting the import itself would not do: the functions look for the memory of the instance that calls them.
        arguments = " ".join(f"(local.get {number})" for number in range(len(params)))
        functions.append(f'(func (export "{name}") {types} (call ${name} {arguments}))')
    lines = ["(module", *imports, f'(memory (export "memory") {PAGES})', *functions, ")"]
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    config = wasmtime.WasiConfig()
    config.preopen_dir(str(folder), guest_name)
    store.set_wasi(config)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    instance = linker.instantiate(store, wasmtime.Module(engine, "\n".join(lines)))
    exports = instance.exports(store)
    memory = exports["memory"]

    def call(name: str, *args: int) -> int | None:
        result: int | None = exports[name](store, *args)
        return result

    return Calls(
        call,
        lambda address, size: bytes(memory.read(store, address, address + size)),
        lambda address, data: memory.write(store, data, address),
    )


class Guest:
    """What a program's C library would make of the functions. Each method gives the error number first."""

    def __init__(self, calls: Calls) -> None:
        self.call = calls.call
        self.memory_read = calls.read
        self.memory_write = calls.write

    def _path(self, path: str | bytes, address: int = PATH) -> tuple[int, int]:
        data = path.encode() if isinstance(path, str) else path
        self.memory_write(address, data)
        return address, len(data)

    def _number(self, address: int = RESULT) -> int:
        return int.from_bytes(self.memory_read(address, 4), "little")

    def open(
        self,
        directory: int,
        path: str | bytes,
        flags: int = 0,
        *,
        rights: int = 0,
        follow: bool = True,
        fd_flags: int = 0,
    ) -> tuple[int, int]:
        lookup = FOLLOW if follow else 0
        error = self.call("path_open", directory, lookup, *self._path(path), flags, rights, rights, fd_flags, RESULT)
        return error, self._number()

    def close(self, descriptor: int) -> int:
        return int(self.call("fd_close", descriptor))

    def vectors(self, *sizes: int) -> tuple[int, int]:
        """Lists pieces of memory, one behind the other."""
        address, table = DATA, b""
        for size in sizes:
            table += struct.pack("<II", address, size)
            address += size
        self.memory_write(VECTORS, table)
        return VECTORS, len(sizes)

    def read(self, descriptor: int, size: int, offset: int | None = None) -> tuple[int, bytes]:
        vectors = self.vectors(size)
        if offset is None:
            error = self.call("fd_read", descriptor, *vectors, RESULT)
        else:
            error = self.call("fd_pread", descriptor, *vectors, offset, RESULT)
        return error, b"" if error else self.memory_read(DATA, self._number())

    def write(self, descriptor: int, data: bytes, offset: int | None = None) -> tuple[int, int]:
        self.memory_write(DATA, data)
        vectors = self.vectors(len(data))
        if offset is None:
            error = self.call("fd_write", descriptor, *vectors, RESULT)
        else:
            error = self.call("fd_pwrite", descriptor, *vectors, offset, RESULT)
        return error, 0 if error else self._number()

    def seek(self, descriptor: int, offset: int, whence: int = 0) -> tuple[int, int]:
        error = self.call("fd_seek", descriptor, offset, whence, RESULT)
        return error, 0 if error else int.from_bytes(self.memory_read(RESULT, 8), "little")

    def stat(self, directory: int, path: str | bytes, *, follow: bool = True) -> tuple[int, tuple[int, ...]]:
        """Device, inode, type, links, size, three times."""
        lookup = FOLLOW if follow else 0
        error = self.call("path_filestat_get", directory, lookup, *self._path(path), RESULT)
        return error, () if error else struct.unpack("<QQB7xQQQQQ", self.memory_read(RESULT, 64))

    def fstat(self, descriptor: int) -> tuple[int, tuple[int, ...]]:
        error = self.call("fd_filestat_get", descriptor, RESULT)
        return error, () if error else struct.unpack("<QQB7xQQQQQ", self.memory_read(RESULT, 64))

    def fdstat(self, descriptor: int) -> tuple[int, tuple[int, ...]]:
        """Type, flags, rights, inheriting rights."""
        error = self.call("fd_fdstat_get", descriptor, RESULT)
        return error, () if error else struct.unpack("<BxHxxxxQQ", self.memory_read(RESULT, 24))

    def set_times(self, directory: int, path: str | bytes, accessed: int, modified: int, flags: int) -> int:
        return int(
            self.call("path_filestat_set_times", directory, FOLLOW, *self._path(path), accessed, modified, flags)
        )

    def mkdir(self, directory: int, path: str | bytes) -> int:
        return int(self.call("path_create_directory", directory, *self._path(path)))

    def rmdir(self, directory: int, path: str | bytes) -> int:
        return int(self.call("path_remove_directory", directory, *self._path(path)))

    def unlink(self, directory: int, path: str | bytes) -> int:
        return int(self.call("path_unlink_file", directory, *self._path(path)))

    def rename(self, directory: int, path: str | bytes, to: int, to_path: str | bytes) -> int:
        target = self._path(to_path, OTHER_PATH)
        return int(self.call("path_rename", directory, *self._path(path), to, *target))

    def link(self, directory: int, path: str | bytes, to: int, to_path: str | bytes, *, follow: bool = False) -> int:
        target = self._path(to_path, OTHER_PATH)
        return int(self.call("path_link", directory, FOLLOW if follow else 0, *self._path(path), to, *target))

    def symlink(self, target: str | bytes, directory: int, path: str | bytes) -> int:
        return int(self.call("path_symlink", *self._path(target, OTHER_PATH), directory, *self._path(path)))

    def readlink(self, directory: int, path: str | bytes, room: int = 256) -> tuple[int, bytes]:
        error = self.call("path_readlink", directory, *self._path(path), DATA, room, RESULT)
        return error, b"" if error else self.memory_read(DATA, self._number())

    def readdir(self, directory: int, room: int = 4_096) -> tuple[int, list[tuple[bytes, int]]]:
        """Names and types of all entries, read in portions of this size."""
        found: list[tuple[bytes, int]] = []
        cookie = 0
        while True:
            error = self.call("fd_readdir", directory, DATA, room, cookie, RESULT)
            if error:
                return error, found
            used = self._number()
            data = self.memory_read(DATA, used)
            position = 0
            while position + 24 <= used:
                following, _, length, file_type = struct.unpack_from("<QQIB", data, position)
                if position + 24 + length > used:
                    break
                found.append((data[position + 24 : position + 24 + length], file_type))
                cookie = following
                position += 24 + length
            if used < room:
                return 0, found
