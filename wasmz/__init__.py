"""WebAssembly for Python, translated ahead of time into CPython bytecode.

    import wasmz

    module = wasmz.Module.compile("fib.wasm")
    instance = wasmz.Instance(wasmz.Store(), module)
    instance.exports.fib(30)

    wasmz.instantiate("fib.wasm").exports.fib(30)       # the same in one line
    wasmz.run("prog.wasm", ["-v"], stdin=b"input").stdout       # a program, to its end
    wasmz.guests.MicroPython(timeout=2).exec("1 + 1").value     # code that nobody trusts
    wasmz.bind("pkg/lib_bg.wasm").greet("you")                  # a package of npm, as Python functions

Names are imported when they are first used: `import wasmz` loads neither compiler nor runtime.
"""

from __future__ import annotations

from wasmz.startup.own_modules import install as _install

# First of all, as it makes all other imports shorter.
_install(__spec__)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz import component as component
    from wasmz import guests as guests
    from wasmz.artifact.cache import CacheWarning
    from wasmz.bindings import Bindings, bind
    from wasmz.component.component import Component
    from wasmz.config import Config
    from wasmz.errors import (
        ImplementationLimit,
        Interrupted,
        InvalidText,
        InvalidWasm,
        LinkError,
        MemoryLimit,
        OutOfFuel,
        Trap,
        TrapCode,
        UnsupportedFeature,
        WasiExit,
        WasmException,
        WasmFrame,
        WasmzError,
    )
    from wasmz.interop.javascript.values import JavaScriptError
    from wasmz.module import ArcModule, Module, instantiate
    from wasmz.programs import RunResult, run
    from wasmz.runtime.calls.func import Func
    from wasmz.runtime.calls.host import Caller, HostFunc
    from wasmz.runtime.gc.objects import ArrayRef, StructRef
    from wasmz.runtime.gc.references import I31Ref
    from wasmz.runtime.limits.budgets import ResourceLimiter
    from wasmz.runtime.link.engine import Engine
    from wasmz.runtime.link.instance import ExecResult, Exports, Instance
    from wasmz.runtime.link.linker import ImportList, Linker
    from wasmz.runtime.link.store import Store
    from wasmz.runtime.memory.globals import Global
    from wasmz.runtime.memory.linear import Memory
    from wasmz.runtime.memory.table import Table
    from wasmz.runtime.numeric.bits import f32_bits, f32_from_bits, f64_bits, f64_from_bits
    from wasmz.runtime.traps.exceptions import Tag
    from wasmz.runtime.wasi.memory_files import MemoryFileSystem
    from wasmz.runtime.wasi.wasi_config import WasiConfig
    from wasmz.ship.processes import worker_instance
    from wasmz.types import (
        ArrayType,
        DefinedType,
        ExportType,
        FieldType,
        FuncType,
        GlobalType,
        GroupReference,
        HeapType,
        ImportType,
        MemoryType,
        PackedType,
        RefType,
        StructType,
        SubType,
        TableType,
        TagType,
        ValType,
        define_group,
    )
    from wasmz.version import __version__
    from wasmz.wasmtime._install import install_as_wasmtime

_HOMES = {
    "wasmz.artifact.cache": ("CacheWarning",),
    "wasmz.bindings": ("Bindings", "bind"),
    "wasmz.component.component": ("Component",),
    "wasmz.config": ("Config",),
    "wasmz.errors": (
        "ImplementationLimit",
        "Interrupted",
        "InvalidText",
        "InvalidWasm",
        "LinkError",
        "MemoryLimit",
        "OutOfFuel",
        "Trap",
        "TrapCode",
        "UnsupportedFeature",
        "WasiExit",
        "WasmException",
        "WasmFrame",
        "WasmzError",
    ),
    "wasmz.interop.javascript.values": ("JavaScriptError",),
    "wasmz.module": ("ArcModule", "Module", "instantiate"),
    "wasmz.programs": ("RunResult", "run"),
    "wasmz.runtime.link.engine": ("Engine",),
    "wasmz.runtime.traps.exceptions": ("Tag",),
    "wasmz.runtime.calls.host": ("Caller", "Func", "HostFunc"),
    "wasmz.runtime.memory.globals": ("Global",),
    "wasmz.runtime.link.instance": ("ExecResult", "Exports", "Instance"),
    "wasmz.runtime.limits.budgets": ("ResourceLimiter",),
    "wasmz.runtime.link.linker": ("ImportList", "Linker"),
    "wasmz.runtime.gc.objects": ("ArrayRef", "StructRef"),
    "wasmz.runtime.gc.references": ("I31Ref",),
    "wasmz.runtime.memory.linear": ("Memory",),
    "wasmz.runtime.numeric.bits": ("f32_bits", "f32_from_bits", "f64_bits", "f64_from_bits"),
    "wasmz.runtime.link.store": ("Store",),
    "wasmz.runtime.memory.table": ("Table",),
    "wasmz.runtime.wasi.wasi_config": ("WasiConfig",),
    "wasmz.runtime.wasi.memory_files": ("MemoryFileSystem",),
    "wasmz.ship.processes": ("worker_instance",),
    "wasmz.types": (
        "ArrayType",
        "DefinedType",
        "ExportType",
        "FieldType",
        "FuncType",
        "GlobalType",
        "GroupReference",
        "HeapType",
        "ImportType",
        "MemoryType",
        "PackedType",
        "RefType",
        "StructType",
        "SubType",
        "TableType",
        "TagType",
        "ValType",
        "define_group",
    ),
    "wasmz.version": ("__version__",),
    "wasmz.wasmtime._install": ("install_as_wasmtime",),
}
# Packages of further names.
_ROOMS = ("component", "guests")
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ArcModule",
    "ArrayRef",
    "ArrayType",
    "Bindings",
    "CacheWarning",
    "Caller",
    "Component",
    "Config",
    "DefinedType",
    "Engine",
    "ExecResult",
    "ExportType",
    "Exports",
    "FieldType",
    "Func",
    "FuncType",
    "Global",
    "GlobalType",
    "GroupReference",
    "HeapType",
    "HostFunc",
    "I31Ref",
    "ImplementationLimit",
    "ImportList",
    "ImportType",
    "Instance",
    "Interrupted",
    "InvalidText",
    "InvalidWasm",
    "JavaScriptError",
    "LinkError",
    "Linker",
    "Memory",
    "MemoryFileSystem",
    "MemoryLimit",
    "MemoryType",
    "Module",
    "OutOfFuel",
    "PackedType",
    "RefType",
    "ResourceLimiter",
    "RunResult",
    "Store",
    "StructRef",
    "StructType",
    "SubType",
    "Table",
    "TableType",
    "Tag",
    "TagType",
    "Trap",
    "TrapCode",
    "UnsupportedFeature",
    "ValType",
    "WasiConfig",
    "WasiExit",
    "WasmException",
    "WasmFrame",
    "WasmzError",
    "__version__",
    "bind",
    "define_group",
    "f32_bits",
    "f32_from_bits",
    "f64_bits",
    "f64_from_bits",
    "install_as_wasmtime",
    "instantiate",
    "run",
    "worker_instance",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None and name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wasmz.startup.concurrency import load, without_collections

    with without_collections(stays=True):
        value = load(f"wasmz.{name}") if home is None else getattr(load(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
