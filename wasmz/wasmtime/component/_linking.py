"""Links components: gives wasmz what a component imports, with values converted between the binding's and its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import wasmz
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._store import Store, context_of
from wasmz.wasmtime.component._definitions import (
    Definitions,
    FunctionDefinition,
    ModuleDefinition,
    ResourceDefinition,
    find_definition,
    of_wasi,
    part_of_wasi,
)
from wasmz.wasmtime.component._failures import failure
from wasmz.wasmtime.component._func import host_callable
from wasmz.wasmtime.component._instance import Instance, component_instance
from wasmz.wasmtime.component._resource_type import ResourceType, resource_type
from wasmz.wasmtime.component._resources import HostObject
from wasmz.wasmtime.component._types import is_resource
from wasmz.wasmtime.component._values import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

# The binding's words: for imports, for what is wanted, and for what was found.
_SORTS = {"func": "function", "type": "resource"}
_WANTED = {"func": "function", "core module": "module", "type": "resource"}
_FOUND = {"function": "func"}


def link(store: Store, component: wasmz.Component, items: Definitions, has_wasi: bool, has_http: bool) -> Instance:
    """Makes an instance.

    Raises:
        WasmtimeError: an import is not defined, or has another type; or what runs at the start traps.
    """
    linker = store._component_linker() if has_wasi or has_http else wasmz.component.Linker(store._store.engine)
    linking = _Linking(store, component, items, linker, has_wasi, has_http)
    definitions = {name: linking.root(name, extern) for name, extern in component.imports.items()}
    # A store's linker keeps what is WASI's.
    before = {name: linker.get(name) for name in definitions}
    try:
        for name, item in definitions.items():
            linker.define(name, item)
        linking.instance = linker.instantiate(store._store, component)
    except wasmz.WasmzError as error:
        raise failure(error) from None
    finally:
        for name, item in before.items():
            linker.define(name, item)
    return component_instance(store, linking.instance, linking.scope)


class _Missing(Exception):
    """There is no definition, or none that fits: why, from the outside to the inside."""

    def __init__(self, *causes: str) -> None:
        super().__init__(causes)
        self.causes: tuple[str, ...] = causes


class _Linking:
    """One component that is linked."""

    def __init__(
        self,
        store: Store,
        component: wasmz.Component,
        items: Definitions,
        linker: wasmz.component.Linker,
        has_wasi: bool,
        has_http: bool,
    ) -> None:
        self.scope: Scope = Scope(self._resolve)
        self.instance: wasmz.component.ComponentInstance | None = None
        self._store = store
        self._type = component.type
        self._items = items
        self._linker = linker
        self._has_wasi = has_wasi
        self._has_http = has_http

    def _of_wasi(self, name: str) -> Mapping[str, Any]:
        """What WASI defines for an imported interface."""
        return of_wasi(self._linker, name, self._has_wasi, self._has_http)

    def root(self, name: str, extern: Any) -> Any:
        """What wasmz's linker gets for an import of the component.

        Raises:
            WasmtimeError: it is not defined, or as something else.
        """
        try:
            return self._item(find_definition(self._items, name), extern, self._of_wasi(name))
        except _Missing as missing:
            sort = _SORTS.get(extern.kind, extern.kind)
            causes = missing.causes
            if len(causes) > 1:
                causes = tuple([f"{number}: {cause}" for number, cause in enumerate(causes)])
            raise WasmtimeError(
                f"component imports {sort} `{name}`, but a matching implementation was not found in the linker"
                + "".join(["\n\nCaused by:\n", *[f"    {cause}\n" for cause in causes]])
            ) from None

    def _item(self, item: Any, extern: Any, known: Any) -> Any:
        """What wasmz's linker gets for a definition, or what WASI has where there is none."""
        kind = extern.kind
        if kind == "instance":
            if item is not None and not isinstance(item, dict):
                raise _Missing(f"expected instance found {item.word}")
            return self._parts(item or {}, extern, known or {})
        if kind == "type" and not is_resource(extern):
            return None
        if item is None and known:
            return known
        wanted = _WANTED.get(kind, kind)
        if item is None:
            raise _Missing(f"{wanted} implementation is missing")
        found = "instance" if isinstance(item, dict) else item.word
        if found != _FOUND.get(wanted, wanted):
            raise _Missing(f"expected {wanted} found {found}")
        if isinstance(item, FunctionDefinition):
            return host_callable(self._store, item.fn, extern, self.scope)
        if isinstance(item, ResourceDefinition):
            return self._resource(item)
        if isinstance(item, ModuleDefinition):
            for name in extern.exports:
                if name not in item.module.exports:
                    raise _Missing(f"module export `{name}` not defined")
            return item.module
        return None

    def _parts(self, items: Definitions, extern: Any, known: Mapping[str, Any]) -> dict[str, Any]:
        found = {}
        if not items and known:
            # As a whole: methods are found by their classes.
            return known  # type: ignore[return-value]
        for name, part in extern.exports.items():
            try:
                found[name] = self._item(find_definition(items, name), part, part_of_wasi(known, name))
            except _Missing as missing:
                raise _Missing(f"instance export `{name}` has the wrong type", *missing.causes) from None
        return {name: item for name, item in found.items() if item is not None}

    def _resource(self, item: ResourceDefinition) -> wasmz.component.HostResource:
        drop = self._dropping(item)
        return wasmz.component.HostResource(HostObject, lambda resource: drop(resource.rep))

    def _dropping(self, item: ResourceDefinition) -> Any:
        store = self._store

        def drop(rep: int) -> None:
            context = context_of(store)
            try:
                item.dtor(context, rep)
            finally:
                context._invalidate()

        return drop

    def _resolve(self, resource: Any) -> ResourceType:
        """What a resource type that the component mentions is in this instance."""
        path = self._type.imported.get(resource)
        if path is not None:
            item: Any = self._items
            for name in path:
                item = find_definition(item, name) if isinstance(item, dict) else None
            if isinstance(item, ResourceDefinition):
                return resource_type(*item.type._key, self._dropping(item))
            cls = self._of_wasi(path[0]).get(path[-1])
            return resource_type("type", resource) if cls is None else resource_type("class", cls)
        found: Any = None if self.instance is None else self.instance.exports
        for name in self._type.defined.get(resource, ()):
            found = found[name]
        return resource_type("class", found) if isinstance(found, type) else resource_type("type", resource)
