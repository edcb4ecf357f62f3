"""The API of the package ``wasmtime`` (PyPI), over wasmz.

    import wasmz.wasmtime as wasmtime               in your own program
    wasmz.install_as_wasmtime()                     for everything that is imported afterwards
    python -m wasmz.wasmtime SCRIPT ARGS            for an unchanged program; -m MODULE works, too

docs/wasmtime.md lists the differences. Names and arguments are those of version 50, plus what only older versions have.
"""

from __future__ import annotations

from wasmz.wasmtime._config import Config
from wasmz.wasmtime._engine import Engine
from wasmz.wasmtime._error import ExitTrap, WasmtimeError
from wasmz.wasmtime._func import Func
from wasmz.wasmtime._globals import Global
from wasmz.wasmtime._instance import Instance
from wasmz.wasmtime._instance_pre import InstancePre
from wasmz.wasmtime._linker import Linker
from wasmz.wasmtime._managed import Managed
from wasmz.wasmtime._memory import Memory
from wasmz.wasmtime._module import Module
from wasmz.wasmtime._sharedmemory import SharedMemory
from wasmz.wasmtime._store import Caller, Store, StoreContext, Storelike
from wasmz.wasmtime._table import Table
from wasmz.wasmtime._tag import Tag
from wasmz.wasmtime._trap import Frame, Trap, TrapCode
from wasmz.wasmtime._types import (
    ExportType,
    FuncType,
    GlobalType,
    ImportType,
    Limits,
    MemoryType,
    TableType,
    TagType,
    ValType,
)
from wasmz.wasmtime._value import Val
from wasmz.wasmtime._wasi import DirPerms, FilePerms, WasiConfig
from wasmz.wasmtime._wat2wasm import wat2wasm

__all__ = [
    "Caller",
    "Config",
    "DirPerms",
    "Engine",
    "ExitTrap",
    "ExportType",
    "FilePerms",
    "Frame",
    "Func",
    "FuncType",
    "Global",
    "GlobalType",
    "ImportType",
    "Instance",
    "InstancePre",
    "Limits",
    "Linker",
    "Managed",
    "Memory",
    "MemoryType",
    "Module",
    "SharedMemory",
    "Store",
    "StoreContext",
    "Storelike",
    "Table",
    "TableType",
    "Tag",
    "TagType",
    "Trap",
    "TrapCode",
    "Val",
    "ValType",
    "WasiConfig",
    "WasmtimeError",
    "wat2wasm",
]
