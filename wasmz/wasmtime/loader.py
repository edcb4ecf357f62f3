"""When imported, makes Python import ``.wasm`` and ``.wat`` files, as in older versions of the binding.

import wasmtime.loader
import lib                              # lib.wasm or lib.wat on sys.path
lib.add(1, 2)

Functions take no store: they are in one that all these modules share, with WASI. Imports of a module come from Python
modules of those names.
"""

from __future__ import annotations

import functools
import importlib
import sys
from importlib import abc, machinery, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._exportable import Extern
from wasmz.wasmtime._func import Func
from wasmz.wasmtime._linker import Linker
from wasmz.wasmtime._module import Module
from wasmz.wasmtime._store import Store
from wasmz.wasmtime._types import FuncType
from wasmz.wasmtime._wasi import WasiConfig

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

_SUFFIXES = (".wasm", ".wat")

store: Store = Store()
linker: Linker = Linker(store.engine)
linker.define_wasi()
linker.allow_shadowing = True
_wasi = WasiConfig()
_wasi.inherit_stdin()
_wasi.inherit_stdout()
_wasi.inherit_stderr()
store.set_wasi(_wasi)


class _Loader(abc.Loader):
    def create_module(self, spec: machinery.ModuleSpec) -> ModuleType | None:
        """``None``: Python makes the module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Instantiates the file's module. ``ImportError``: it is not valid, or an import was not found."""
        spec = module.__spec__
        path = None if spec is None else spec.origin
        if path is None:
            raise ImportError(f"there is no file for {module.__name__}", name=module.__name__)
        try:
            self._instantiate(module, path)
        except (WasmtimeError, AttributeError) as error:
            raise ImportError(f"cannot import {path}: {error}", name=module.__name__, path=path) from error

    def _instantiate(self, module: ModuleType, path: str) -> None:
        compiled = Module.from_file(store.engine, path)
        for wanted in compiled.imports:
            name = wanted.name or ""
            if wanted.module != "wasi_snapshot_preview1":
                item = getattr(importlib.import_module(wanted.module), name)
                if isinstance(item, functools.partial) and isinstance(item.func, Func):
                    item = item.func
                if not isinstance(item, Extern) and isinstance(wanted.type, FuncType):
                    item = Func(store, wanted.type, item)
                linker.define(store, wanted.module, name, item)
        exports = linker.instantiate(store, compiled).exports(store)
        for name, item in exports.items():
            module.__dict__[name] = functools.partial(item, store) if isinstance(item, Func) else item


class _Finder(abc.MetaPathFinder):
    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> machinery.ModuleSpec | None:
        """The specification of a module whose file exists."""
        name = fullname.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            for suffix in _SUFFIXES:
                file = Path(folder or ".", name + suffix)
                if file.is_file():
                    return util.spec_from_file_location(fullname, file, loader=_Loader())
        return None


# After Python's own finders, so that a file lib.py comes first.
sys.meta_path.append(_Finder())
