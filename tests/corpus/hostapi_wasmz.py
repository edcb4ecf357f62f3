"""The corpus' embedding interface (``hostapi``) on wasmz: ``WASMZ_CORPUS_ENGINE=wasmz`` selects this module.

inst = instantiate("lua/glue.wasm", {"env.abort": abort}, wasi=None)
inst.call("luaL_newstate")  -> 65576
"""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from hostapi import Glob, HostError, Mem, ProcExit, Tab, Trap  # type: ignore[import-not-found]

import wasmz
from wasmz import FuncType, ValType

# WASMZ_CORPUS_TIER: "eager" compiles everything at level 2 in advance; otherwise hot functions are compiled.
_ENGINE = wasmz.Engine(wasmz.Config(compile_mode=os.environ.get("WASMZ_CORPUS_MODE", "smart")))
_STORE = wasmz.Store(_ENGINE)
_NUMBER_TYPES = {"i32": ValType.I32, "i64": ValType.I64, "f32": ValType.F32, "f64": ValType.F64}
_WASI = "wasi_snapshot_preview1"

# The file named by CASE_REPORT gets the milliseconds of compiling and running at the end.
_report = {"compile_ms": 0.0, "run_ms": 0.0}
_depth = 0


@atexit.register
def _save_report() -> None:
    if path := os.environ.get("CASE_REPORT"):
        Path(path).write_text(json.dumps({key: round(value, 2) for key, value in _report.items()}), encoding="utf-8")


class Instance:
    """An instance as the drivers see it; the methods are documented in ``hostapi``."""

    def __init__(self, memory_name: str | None) -> None:
        self.memname = memory_name
        self.exports: list[str] = []
        self._items: dict[str, Any] = {}
        self._types: Mapping[str, Any] = {}
        self._imported: list[Any] = []

    def bind(self, instance: wasmz.Instance, types: Mapping[str, Any], imported: list[Any]) -> None:
        self._items = {name: instance.exports[name] for name in types}
        self._types = types
        self.exports = list(types)
        self._imported = imported

    @property
    def _memory(self) -> wasmz.Memory:
        if self.memname:
            memory: wasmz.Memory = self._items[self.memname]
            return memory
        return next(item for item in (*self._items.values(), *self._imported) if isinstance(item, wasmz.Memory))

    def read(self, address: int, size: int) -> bytes:
        return self._memory.read(address & 0xFFFF_FFFF, size) if size else b""

    def write(self, address: int, data: bytes) -> None:
        self._memory.write(address & 0xFFFF_FFFF, bytes(data))

    def mem_size(self) -> int:
        return self._memory.size_pages * 65_536

    def mem_grow(self, pages: int) -> int:
        return self._memory.grow(pages)

    def call(self, name: str, *args: Any) -> Any:
        if len(args) != len(self._types[name].type.params):
            raise Trap(f"{name} takes {self._types[name].type}")  # drivers probe for the number of parameters
        return _guarded(self._items[name], args)

    def table_call(self, table: str | Tab, index: int, *args: Any) -> Any:
        target = self._items[table] if isinstance(table, str) else table.obj
        function = target[index & 0xFFFF_FFFF]
        if function is None:
            raise Trap("null funcref")
        return _guarded(function, args)

    def global_get(self, name: str) -> Any:
        return self._items[name].value

    def global_set(self, name: str, value: Any) -> None:
        self._items[name].value = value

    def raw(self, name: str) -> Any:
        return self._items[name]


def instantiate(
    path: str | os.PathLike[str] | bytes,
    imports: dict[str, Any],
    wasi: dict[str, Any] | None = None,
    memname: str | None = None,
) -> Instance:
    """Compile, link and instantiate; functions that nobody defines raise ``HostError`` when called."""
    started = perf_counter()
    module = wasmz.Module.compile(_ENGINE, path)
    _report["compile_ms"] += (perf_counter() - started) * 1e3
    made = Instance(memname)
    linker = wasmz.Linker(_ENGINE)
    if wasi is not None:
        _define_wasi(linker, wasi)
    imported = []
    for item in module.imports:
        key = f"{item.module_name}.{item.name}"
        value = imports.get(key)
        if value is None and wasi is not None and item.module_name == _WASI:
            continue
        if isinstance(item.type, FuncType):
            if not isinstance(value, wasmz.Func):
                value = _adapt(made, value or _missing(key), item.type)
        else:
            if value is None:
                raise HostError(f"missing import {key}")
            value = _make(value) if isinstance(value, (Mem, Tab, Glob)) else value
            imported.append(value)
        linker.define(item.module_name, item.name, value)
    instance = _guarded(wasmz.Instance, (_STORE, module, linker))
    made.bind(instance, module.exports, imported)
    return made


def _guarded(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Call into wasm: traps and exits become the interface's own exceptions, a host function's pass untouched."""
    global _depth
    started = perf_counter()
    _depth += 1
    try:
        return function(*args)
    except wasmz.WasiExit as exit_:
        raise ProcExit(exit_.exit_code) from None
    except wasmz.Trap as trap:
        raise Trap(f"{trap}\n{trap.backtrace()}") from None
    finally:
        _depth -= 1
        if _depth == 0:
            _report["run_ms"] += (perf_counter() - started) * 1e3


def _adapt(instance: Instance, function: Callable[..., Any], signature: FuncType) -> wasmz.HostFunc:
    """A driver's callable takes the instance first, and what it returns counts only where the type has results."""
    if signature.results:

        def call(*args: Any) -> Any:
            return function(instance, *args)
    else:

        def call(*args: Any) -> Any:
            function(instance, *args)

    return wasmz.HostFunc(call, signature.params, signature.results)


def _missing(key: str) -> Callable[..., Any]:
    def call(*_: Any) -> Any:
        raise HostError(f"unimplemented import {key}")

    return call


def _make(item: Any) -> Any:
    """The store's object for a memory, table or global that the driver describes; made once."""
    if item.obj is not None:
        return item.obj
    if isinstance(item, Mem):
        item.obj = wasmz.Memory(_STORE, wasmz.MemoryType(item.min, item.max, item.shared))
    elif isinstance(item, Tab):
        item.obj = table = wasmz.Table(_STORE, wasmz.TableType(ValType.FUNCREF, item.min, item.max), None)
        item.grow = lambda count: table.grow(count, None)
        item.size = lambda: len(table)
    else:
        item.obj = variable = wasmz.Global(_STORE, wasmz.GlobalType(_NUMBER_TYPES[item.type], item.mutable), item.value)
        item.get = lambda: variable.value
        item.set = lambda value: setattr(variable, "value", value)
    return item.obj


def _define_wasi(linker: wasmz.Linker, settings: dict[str, Any]) -> None:
    """WASI with the settings of ``hostapi``: streams are files by path, or this process's where ``inherit`` is set."""
    otherwise = "inherit" if settings.get("inherit") else None
    linker.define_wasi(
        wasmz.WasiConfig(
            args=settings.get("args", []),
            env=settings.get("env", {}),
            stdin=_open(settings.get("stdin"), "rb", None),
            stdout=_open(settings.get("stdout"), "wb", otherwise),
            stderr=_open(settings.get("stderr"), "wb", otherwise),
        )
    )


def _open(path: str | None, mode: str, otherwise: Any) -> Any:
    return Path(path).open(mode) if path else otherwise
