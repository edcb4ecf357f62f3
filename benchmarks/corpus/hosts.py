"""What programs of the corpus need from an engine, the same for wasmz and pwasm.

    guest = open_wasmz(wasm, {"env.add": lambda guest, a, b: a + b}, level=2)
    guest.call("malloc", 10)       -> 65600
    guest.read(65600, 2)           -> b"\\0\\0"

Function imports get the guest first. Those that are missing raise an error when they are called. ``invoke_*`` and
longjmp, as emscripten compiles setjmp, are there by themselves.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod

# Whole processes are measured that import this file: it brings nothing along that an engine does not need.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    HostFunctions = Mapping[str, Callable[..., Any]]
else:
    HostFunctions = dict


class Guest(ABC):
    """An instance with a memory."""

    @abstractmethod
    def call(self, name: str, *args: Any) -> Any:
        """Calls an export."""

    @abstractmethod
    def read(self, address: int, size: int) -> bytes:
        """Bytes of the memory."""

    @abstractmethod
    def write(self, address: int, data: bytes) -> None:
        """Writes to the memory."""

    @abstractmethod
    def has_export(self, name: str) -> bool:
        """Whether there is an export of this name."""

    @abstractmethod
    def resize(self, size: int) -> bool:
        """Lets the memory have this size at least; whether that was possible."""

    def put(self, data: bytes, allocate: str = "malloc", *more: Any) -> int:
        """The address of a copy of the data in the guest's own memory."""
        address: int = self.call(allocate, len(data) or 1, *more) & 0xFFFFFFFF
        self.write(address, data)
        return address

    def string_at(self, address: int) -> str:
        """The string that ends with a zero byte."""
        data = b""
        while b"\0" not in data:
            data += self.read((address & 0xFFFFFFFF) + len(data), 32)
        return data.partition(b"\0")[0].decode(errors="replace")


class Bound(dict):  # type: ignore[type-arg]
    """Exports that were asked for: a program uses a few of them, and an engine may make each on first use."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        super().__init__()
        self.found = found

    def __missing__(self, name: str) -> Any:
        item = self[name] = self.found[name]
        return item


def open_wasmz(wasm: bytes, functions: HostFunctions, **config: Any) -> Guest:
    """An instance in wasmz; ``config`` are settings of ``wasmz.Config``."""
    import wasmz

    class WasmzGuest(Guest):
        instance: wasmz.Instance

        def call(self, name: str, *args: Any) -> Any:
            return self.exports[name](*args)

        def read(self, address: int, size: int) -> bytes:
            return self.memory.read(address & 0xFFFFFFFF, size)

        def write(self, address: int, data: bytes) -> None:
            self.memory.write(address & 0xFFFFFFFF, data)

        def has_export(self, name: str) -> bool:
            return name in module.exports

        def resize(self, size: int) -> bool:
            missing = (size + 65535) // 65536 - self.memory.size_pages
            return missing <= 0 or self.memory.grow(missing) != -1

        def bind(self, instance: wasmz.Instance) -> None:
            self.exports = Bound(instance.exports)
            memories = (item.name for item in module.exports.values() if isinstance(item.type, wasmz.MemoryType))
            self.memory = self.exports[next(memories)]

    engine = wasmz.Engine(wasmz.Config(**config))
    module = wasmz.Module.compile(engine, wasm)
    guest = WasmzGuest()
    linker = wasmz.Linker(engine)

    for item in module.imports:
        if not _is_of_setjmp(item.name):
            function = _bound(guest, f"{item.module_name}.{item.name}", functions)
            linker.define(item.module_name, item.name, function)
    linker.define_emscripten(module)
    guest.bind(wasmz.Instance(wasmz.Store(engine), module, linker))
    return guest


def open_pwasm(wasm: bytes, functions: HostFunctions, mode: str | None = "compile") -> Guest:
    """An instance in pwasm; ``None`` is its default mode."""
    import pwasm
    from pwasm.emscripten import EmscriptenSjLj

    class PwasmGuest(Guest):
        def call(self, name: str, *args: Any) -> Any:
            return self.exports[name](*args)

        def read(self, address: int, size: int) -> bytes:
            data: bytes = self.memory.read(address & 0xFFFFFFFF, size)
            return data

        def write(self, address: int, data: bytes) -> None:
            self.memory.write(address & 0xFFFFFFFF, data)

        def has_export(self, name: str) -> bool:
            return name in self.exports.found

        def resize(self, size: int) -> bool:
            missing = (size + 65535) // 65536 - self.memory.size
            return missing <= 0 or self.memory.grow(missing) != -1

        def bind(self, instance: Any) -> None:
            self.memory = instance.memories[0]
            self.exports = Bound(instance.exports)

    module = pwasm.decode_module(wasm)
    guest = PwasmGuest()
    jumps = EmscriptenSjLj()
    jumping = jumps.imports(module)
    imports: dict[str, dict[str, Any]] = {}
    for item in module.imports:
        function = jumping.get(item.name) or _bound(guest, f"{item.module}.{item.name}", functions)
        imports.setdefault(item.module, {})[item.name] = function
    instance = pwasm.instantiate(module, imports, mode=mode)
    if jumping:
        jumps.bind(instance)
    guest.bind(instance)
    return guest


def _is_of_setjmp(name: str) -> bool:
    """Whether an import is one of those by which emscripten's ``longjmp`` leaves functions."""
    return name.startswith("invoke_") or name == "_emscripten_throw_longjmp"


def _bound(guest: Guest, key: str, functions: HostFunctions) -> Callable[..., Any]:
    function = functions.get(key) or _SYSTEM.get(key.partition(".")[2])
    if function is None:

        def missing(*_: Any) -> Any:
            raise NotImplementedError(f"import {key}")

        return missing
    return lambda *args: function(guest, *args)


# What C libraries ask of a system that has no files, and output that nobody reads


def _write_output(guest: Guest, _: int, vectors: int, count: int, written: int) -> int:
    sizes = [struct.unpack("<I", guest.read(vectors + 8 * i + 4, 4))[0] for i in range(count)]
    guest.write(written, struct.pack("<I", sum(sizes)))
    return 0


def _describe_descriptor(guest: Guest, _: int, result: int) -> int:
    guest.write(result, struct.pack("<BxHxxxxQQ", 2, 0, 0, 0))
    return 0


def _no_environment(guest: Guest, count: int, size: int) -> int:
    guest.write(count, bytes(4))
    guest.write(size, bytes(4))
    return 0


def _copy(guest: Guest, target: int, source: int, size: int) -> int:
    guest.write(target, guest.read(source, size))
    return target


def _read_clock(guest: Guest, _: int, __: int, result: int) -> int:
    guest.write(result, (1_700_000_000 * 10**9).to_bytes(8, "little"))
    return 0


_SYSTEM: HostFunctions = {
    "fd_write": _write_output,
    "fd_close": lambda *_: 0,
    "fd_seek": lambda *_: 70,
    "fd_read": lambda *_: 8,
    "fd_fdstat_get": _describe_descriptor,
    "environ_sizes_get": _no_environment,
    "environ_get": lambda *_: 0,
    "clock_time_get": _read_clock,
    "emscripten_resize_heap": lambda guest, size: int(guest.resize(size & 0xFFFFFFFF)),
    "emscripten_memcpy_big": _copy,
    "emscripten_notify_memory_growth": lambda *_: None,
    "emscripten_date_now": lambda *_: 1.7e12,
    "_emscripten_get_now_is_monotonic": lambda *_: 1,
    "setTempRet0": lambda *_: None,
    "getTempRet0": lambda *_: 0,
    "_tzset_js": lambda *_: None,
    **dict.fromkeys(
        ("openat", "fcntl64", "ioctl", "dup3", "unlinkat", "rmdir", "renameat", "readlinkat"), lambda *_: -38
    ),
}
