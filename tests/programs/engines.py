"""An instance of a library in wasmtime or wasmz: what tests of libraries need of either.

library = UnderWasmz(path, "memory", {"emscripten_memcpy_big": copy}, wasmz.Config())
library.call("malloc", 100)         -> 65560
library.call_table("table", 3, 7)   calls what a table holds
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Union

import pytest

import wasmz

# Name of an import -> what is called with the library before the arguments.
Host = Mapping[str, Callable[..., Any]]


class UnderWasmtime:
    """An instance in wasmtime."""

    def __init__(self, path: Path, memory: str, host: Host) -> None:
        wasmtime: Any = pytest.importorskip("wasmtime")
        self.store = wasmtime.Store()
        module = wasmtime.Module.from_file(self.store.engine, str(path))
        imports = [wasmtime.Func(self.store, item.type, _bind(self, host, item.name)) for item in module.imports]
        self.exports = wasmtime.Instance(self.store, module, imports).exports(self.store)
        self.memory = self.exports[memory]

    def call(self, name: str, *args: float) -> Any:
        return self.exports[name](self.store, *args)

    def call_table(self, name: str, index: int, *args: float) -> Any:
        return self.exports[name].get(self.store, index)(self.store, *args)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.memory.read(self.store, address, address + size))

    def write(self, address: int, data: bytes) -> None:
        self.memory.write(self.store, data, address)


class UnderWasmz:
    """An instance in wasmz."""

    def __init__(self, path: Path, memory: str, host: Host, config: wasmz.Config) -> None:
        engine = wasmz.Engine(config)
        store, linker = wasmz.Store(engine), wasmz.Linker(engine)
        module = wasmz.Module.compile(engine, path)
        for item in module.imports:
            linker.define(item.module_name, item.name, _bind(self, host, item.name))
        self.exports = wasmz.Instance(store, module, linker).exports
        self.memory: wasmz.Memory = self.exports[memory]

    def call(self, name: str, *args: float) -> Any:
        return self.exports[name](*args)

    def call_table(self, name: str, index: int, *args: float) -> Any:
        return self.exports[name][index](*args)

    def read(self, address: int, size: int) -> bytes:
        return self.memory.read(address, size)

    def write(self, address: int, data: bytes) -> None:
        self.memory.write(address, data)


Library = Union[UnderWasmtime, UnderWasmz]


def _bind(library: Library, host: Host, name: str) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        if name not in host:
            raise AssertionError(f"the library calls {name}")
        return host[name](library, *args)

    return call


def copy(library: Library, to: int, start: int, size: int) -> None:
    """What emscripten imports for large copies."""
    library.write(to, library.read(start, size))


def copy_and_return(library: Library, to: int, start: int, size: int) -> int:
    """The same, as a ``memcpy``."""
    copy(library, to, start, size)
    return to
