"""Linkers: definitions of imports, by name.

linker = Linker(engine)
linker.define_func("env", "log", FuncType([ValType.i32()], []), print)
linker.define_wasi()
linker.instantiate(store, module)
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import wasmz
from wasmz.wasmtime._engine import Engine
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._exportable import import_item
from wasmz.wasmtime._func import Func, func_of, host_function
from wasmz.wasmtime._globals import Global
from wasmz.wasmtime._instance import Instance, instance_of, make_instance
from wasmz.wasmtime._instance_pre import InstancePre, instance_pre_of
from wasmz.wasmtime._managed import Managed
from wasmz.wasmtime._memory import Memory
from wasmz.wasmtime._module import Module
from wasmz.wasmtime._store import Store, Storelike
from wasmz.wasmtime._table import Table
from wasmz.wasmtime._types import (
    FuncType,
    GlobalType,
    MemoryType,
    TableType,
    extern_type,
    type_of,
    value_type,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_WASI = "wasi_snapshot_preview1"
_ZEROS = {"i32": 0, "i64": 0, "f32": 0.0, "f64": 0.0}


class Shadowing:
    """An attribute that can only be set: whether a linker allows shadowing."""

    def __init__(self, check: Callable[[Any], None]) -> None:
        """``check`` raises an error if the linker cannot be used."""
        self._check = check

    def __set__(self, linker: Any, allow: bool) -> None:
        self._check(linker)
        linker._allows_shadowing = bool(allow)

    def __get__(self, linker: Any, owner: type | None = None) -> Any:
        if linker is None:
            return self
        raise AttributeError("allow_shadowing can only be set")


class Linker(Managed[Any]):
    """Definitions for imports, by the names of modules and items.

    Attributes:
        engine: the engine of the modules that it links.
        allow_shadowing: whether a definition may replace an earlier one. It can only be set.
    """

    allow_shadowing: Shadowing = Shadowing(Managed._check_open)

    def __init__(self, engine: Engine) -> None:
        """Makes a linker without definitions."""
        engine._live()
        self.engine: Engine = engine
        self._allows_shadowing = False
        self._has_wasi = False
        # Objects of a store, or host functions, which belong to none yet.
        self._items: dict[tuple[str, str], Any] = {}

    def _add(self, module: str, name: str, item: Any) -> None:
        self._check_open()
        # Raises AttributeError for anything but text.
        module.encode()
        name.encode()
        if not self._allows_shadowing:
            is_wasi = self._has_wasi and module == _WASI and _is_wasi(name)
            if is_wasi or (module, name) in self._items:
                raise WasmtimeError(f"import of `{module}::{name}` defined twice")
        self._items[module, name] = item

    # Definitions

    def define(self, store: Storelike, module: str, name: str, item: Any) -> None:
        """Defines an item of a store.

        Raises:
            TypeError: the item cannot be imported.
            WasmtimeError: it belongs to another store; or the name is taken, and shadowing is not allowed.
        """
        import_item(store._live(), item)
        self._add(module, name, item)

    def define_func(
        self, module: str, name: str, ty: FuncType, func: Callable[..., Any], access_caller: bool = False
    ) -> None:
        """Defines a host function, for any store; see :class:`Func`.

        Raises:
            TypeError: ``ty`` is not a type. WasmtimeError: the name is taken, and shadowing is not allowed.
        """
        if not isinstance(ty, FuncType):
            raise TypeError("expected a FuncType")
        self._add(module, name, host_function(self.engine._has_epochs, ty, func, access_caller))

    def define_instance(self, store: Storelike, name: str, instance: Instance) -> None:
        """Defines all exports of an instance under the name.

        Raises:
            TypeError: it is not an instance. WasmtimeError: it belongs to another store; or a name is taken.
        """
        if not isinstance(instance, Instance):
            raise TypeError("expected an `Instance`")
        for export, item in instance.exports(store).items():
            self._add(name, export, item)

    def define_wasi(self) -> None:
        """Defines WASI preview 1; each store uses the configuration given to ``Store.set_wasi``.

        Raises:
            WasmtimeError: a name is taken, and shadowing is not allowed.
        """
        self._check_open()
        taken = [key for key in self._items if key[0] == _WASI and _is_wasi(key[1])]
        if not self._allows_shadowing and (taken or self._has_wasi):
            name = taken[0][1] if taken else "args_get"
            raise WasmtimeError(f"import of `{_WASI}::{name}` defined twice")
        for key in taken:
            del self._items[key]
        self._has_wasi = True

    def define_module(self, store: Storelike, name: str, module: Module) -> None:
        """Defines the exports of a module under the name.

        A WASI reactor is instantiated, and its ``_initialize`` is called. For a command, which exports ``_start``,
        each call of a function makes a new instance.

        Raises:
            TypeError: it is not a module. WasmtimeError, Trap: it cannot be instantiated; or a name is taken.
        """
        if not isinstance(module, Module):
            raise TypeError("expected a `Module`")
        owner = store._live()
        exports = module._live().exports
        if not isinstance(getattr(exports.get("_start"), "type", None), wasmz.FuncType):
            instance = self.instantiate(owner, module)
            initialize = instance.exports(owner).get("_initialize")
            if isinstance(initialize, Func):
                initialize(owner)
            self.define_instance(owner, name, instance)
            return
        pre = self.instantiate_pre(module)
        for export in exports.values():
            if isinstance(export.type, wasmz.FuncType):
                called = functools.partial(_call_anew, pre, owner, export.name)
                self._add(name, export.name, Func(owner, type_of(FuncType, export.type), called))
            elif export.name not in ("memory", "__indirect_function_table"):
                raise WasmtimeError(f"command export '{export.name}' is not a function")

    def define_unknown_imports_as_traps(self, module: Module) -> None:
        """Defines each imported function that has no definition: calling it raises ``WasmtimeError``."""
        for item in self._unknown(module):
            if isinstance(item.type, wasmz.FuncType):
                message = _undefined(item)
                function = host_function(False, type_of(FuncType, item.type), functools.partial(_fail, message), False)
                self._items[item.module_name, item.name] = function

    def define_unknown_imports_as_default_values(self, store: Storelike, module: Module) -> None:
        """Defines everything that the module imports and that has no definition: as zeros, null references, functions
        that return these, and memories and tables of the smallest size.


        Raises:
            WasmtimeError: a type has no such value.
        """
        owner = store._live()
        for item in self._unknown(module):
            self._items[item.module_name, item.name] = _default(owner, item)

    def _unknown(self, module: Any) -> list[wasmz.ImportType]:
        self._check_open()
        if not isinstance(module, Module):
            raise TypeError("expected a `Module`")
        return [item for item in module._live().imports if not self._is_defined(item.module_name, item.name)]

    def _is_defined(self, module: str, name: str) -> bool:
        return (module, name) in self._items or (self._has_wasi and module == _WASI and _is_wasi(name))

    # Use

    def _found(self, store: Store, items: dict[tuple[str, str], Any], module: Module) -> list[Any]:
        """The imports of an instance of wasmz's."""
        found = []
        for wanted in module._live().imports:
            item = items.get((wanted.module_name, wanted.name))
            if item is None and self._has_wasi and wanted.module_name == _WASI:
                item = store._wasi_function(wanted.name)
            elif item is not None and not isinstance(item, wasmz.HostFunc):
                item = import_item(store, item)
            if item is None:
                raise WasmtimeError(_undefined(wanted))
            found.append(item)
        return found

    def instantiate(self, store: Storelike, module: Module) -> Instance:
        """Instantiates a module with the definitions.

        Raises:
            WasmtimeError: an import is not defined, or has another type; or limits forbid it.
            Trap: the start function trapped, or a segment did not fit.
        """
        self._check_open()
        module._check_open()
        owner = store._live()
        return instance_of(owner, make_instance(owner, module, self._found(owner, self._items, module)))

    def instantiate_pre(self, module: Module) -> InstancePre:
        """Finds the imports of a module, for any number of instances.

        Raises:
            TypeError: it is not a module. WasmtimeError: an import is not defined.
        """
        for item in self._unknown(module):
            raise WasmtimeError(_undefined(item))
        items = dict(self._items)
        return instance_pre_of(module, lambda store: self._found(store, items, module))

    def get(self, store: Storelike, module: str, name: str) -> Any:
        """The item defined under these names. ``WasmtimeError``: there is none."""
        self._check_open()
        owner = store._live()
        item = self._items.get((module, name))
        if item is None and self._has_wasi and module == _WASI:
            item = owner._wasi_function(name)
        if item is None:
            raise WasmtimeError("item not defined in linker")
        if isinstance(item, wasmz.HostFunc):
            return func_of(owner, item, item.type)
        return item

    def get_default(self, store: Storelike, name: str) -> Func:
        """The default function of a defined module: its export ``""``, or ``_start``, or one that does nothing.

        Raises:
            WasmtimeError: its export ``""`` is not a function.
        """
        owner = store._live()
        for export in ("", "_start"):
            if self._is_defined(name, export):
                found = self.get(owner, name, export)
                if isinstance(found, Func):
                    return found
                raise WasmtimeError(f"default export in '{name}' is not a function")
        return Func(owner, FuncType([], []), lambda: None)


def _undefined(item: wasmz.ImportType) -> str:
    return f"unknown import: `{item.module_name}::{item.name}` has not been defined"


def _fail(message: str, *args: Any) -> Any:
    raise WasmtimeError(message)


def _call_anew(pre: InstancePre, store: Store, name: str, *args: Any) -> Any:
    return pre.instantiate(store).exports(store)[name](store, *args)


@functools.cache
def _wasi() -> wasmz.Linker:
    """A linker that shows which functions WASI defines."""
    linker = wasmz.Linker()
    linker.define_wasi()
    return linker


def _is_wasi(name: str) -> bool:
    return _wasi().get(_WASI, name) is not None


def _default(store: Store, item: wasmz.ImportType) -> Any:
    """The simplest item that an import can be."""
    type = extern_type(item.type)
    if isinstance(type, FuncType):
        results = [_ZEROS.get(result._kind) for result in type.results]
        value = None if not results else results[0] if len(results) == 1 else results
        return host_function(False, type, lambda *args: value, False)
    try:
        if isinstance(type, MemoryType):
            return Memory(store, type)
        if isinstance(type, TableType):
            return Table(store, type, None)
        if isinstance(type, GlobalType):
            kind = value_type(type._type.value_type)._kind
            return Global(store, type, _ZEROS.get(kind))
    except (TypeError, ValueError):
        pass
    raise WasmtimeError(f"no default value for import `{item.module_name}::{item.name}`")
