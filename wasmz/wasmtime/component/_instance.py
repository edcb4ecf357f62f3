"""Instances of components.

instance = linker.instantiate(store, component)
instance.get_func(store, "run")
"""

from __future__ import annotations

from typing import Any, Union

import wasmz
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._store import Store, Storelike
from wasmz.wasmtime.component._component import ExportIndex, find_export
from wasmz.wasmtime.component._func import Func, component_func
from wasmz.wasmtime.component._values import Scope


class Instance:
    """A component that can run, in a store."""

    _store: Store
    _instance: wasmz.component.ComponentInstance
    _scope: Scope

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: linkers make instances."""
        raise WasmtimeError("Cannot directly construct an `Instance`")

    def get_export_index(self, store: Storelike, name: str, instance: ExportIndex | None = None) -> ExportIndex | None:
        """Finds an export as :meth:`Component.get_export_index` does."""
        self._check(store)
        return find_export(self._instance.component, name, instance)

    def get_func(self, store: Storelike, index: Union[ExportIndex, str]) -> Func | None:
        """The function that an export is, by what it was found by, or by its name; ``None`` if it is none."""
        found = self.get_export_index(store, index) if isinstance(index, str) else index
        if found is None:
            return None
        self._check(store)
        found._check_open()
        if found._extern.kind != "func" or found._component is not self._instance.component:
            return None
        exports: Any = self._instance.exports
        for name in found._path:
            exports = exports[name]
        return component_func(self._store, exports, found._extern, self._scope)

    def _check(self, store: Storelike) -> None:
        if store._live() is not self._store:
            raise WasmtimeError("this Instance belongs to another store")


def component_instance(store: Store, own: wasmz.component.ComponentInstance, scope: Scope) -> Instance:
    """The instance for one of wasmz's."""
    made = Instance.__new__(Instance)
    made._store, made._instance, made._scope = store, own, scope
    return made
