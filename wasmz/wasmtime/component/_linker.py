"""Linkers of components: definitions of imports, by name.

linker = Linker(engine)
linker.add_wasip2()
with linker.root() as root, root.add_instance("ns:pkg/clock@1.0.0") as clock:
    clock.add_func("now", lambda store: time.time_ns())
instance = linker.instantiate(store, component)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

import wasmz
from wasmz.wasmtime._engine import Engine
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._linker import Shadowing
from wasmz.wasmtime._managed import Managed
from wasmz.wasmtime._module import Module
from wasmz.wasmtime._store import StoreContext, Storelike
from wasmz.wasmtime.component._component import Component
from wasmz.wasmtime.component._definitions import (
    Definitions,
    FunctionDefinition,
    ModuleDefinition,
    ResourceDefinition,
    add_traps,
    of_wasi,
)
from wasmz.wasmtime.component._instance import Instance
from wasmz.wasmtime.component._linking import link
from wasmz.wasmtime.component._resource_type import ResourceType

if TYPE_CHECKING:
    from collections.abc import Callable


class Linker(Managed[Any]):
    """Definitions for imports of components, by name.

    Attributes:
        engine: the engine of the components that it links.
        locked: whether it is in use by :meth:`root`.
        allow_shadowing: whether a definition may replace an earlier one. It can only be set.
    """

    allow_shadowing: Shadowing = Shadowing(lambda linker: linker._assert_not_locked())

    def __init__(self, engine: Engine) -> None:
        """Makes a linker without definitions."""
        engine._live()
        self.engine: Engine = engine
        self.locked: bool = False
        self._allows_shadowing = False
        self._has_wasi = False
        self._has_http = False
        self._items: Definitions = {}

    def close(self) -> None:
        """Releases the definitions. ``WasmtimeError``: it is in use by :meth:`root`."""
        if not self._is_closed:
            self._assert_not_locked()
        super().close()

    def _assert_not_locked(self) -> None:
        if self.locked:
            raise WasmtimeError("cannot use linker while it's in use by other instances")
        self._check_open()

    def root(self) -> LinkerInstance:
        """What definitions are added by. Until that is closed, the linker cannot be used otherwise: use ``with``."""
        self._assert_not_locked()
        return _linker_instance(self, self, self._items)

    def add_wasip2(self) -> None:
        """Defines WASI 0.2, except for HTTP; each store uses the configuration given to ``Store.set_wasi``.

        Raises:
            WasmtimeError: this was done before, and shadowing is not allowed.
        """
        self._assert_not_locked()
        if self._has_wasi and not self._allows_shadowing:
            raise WasmtimeError("map entry `now` defined twice")
        self._has_wasi = True

    def add_wasi_http(self) -> None:
        """Defines ``wasi:http/types`` and ``wasi:http/outgoing-handler``. Stores need ``Store.set_wasi_http``.

        Raises:
            WasmtimeError: this was done before, and shadowing is not allowed.
        """
        self._assert_not_locked()
        if self._has_http and not self._allows_shadowing:
            raise WasmtimeError("map entry `handle` defined twice")
        self._has_http = True

    def instantiate(self, store: Storelike, component: Component) -> Instance:
        """Makes an instance of a component.

        Raises:
            WasmtimeError: an import is not defined, or has another type; or what runs at the start traps.
        """
        self._assert_not_locked()
        own = component._live()
        return link(store._live(), own, self._items, self._has_wasi, self._has_http)

    def define_unknown_imports_as_traps(self, component: Component) -> None:
        """Defines each imported function that has no definition, so that calling it raises ``WasmtimeError``.

        Raises:
            WasmtimeError: a core module has no definition.
        """
        self._assert_not_locked()
        known = wasmz.component.Linker(self.engine._live())
        if self._has_wasi or self._has_http:
            known.define_wasi()
        for name, extern in component._live().imports.items():
            add_traps(self._items, name, extern, of_wasi(known, name, self._has_wasi, self._has_http))


LinkerInstanceParent = Union[Linker, "LinkerInstance"]


class LinkerInstance(Managed[Any]):
    """Adds definitions to a linker, or to an instance among them.

    Attributes:
        parent: what it was made from, which cannot be used until this is closed; ``None`` then.
        locked: whether an instance that is added here is not closed yet.
    """

    parent: LinkerInstanceParent | None = None
    locked: bool = False
    _linker: Linker
    _items: Definitions

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: :meth:`Linker.root` makes them."""
        raise WasmtimeError("Cannot directly construct a `LinkerInstance`")

    def close(self) -> None:
        """Lets the linker be used again. ``WasmtimeError``: an instance that is added here is not closed."""
        if not self._is_closed:
            self._assert_not_locked()
        super().close()

    def _delete(self) -> None:
        parent, self.parent = self.parent, None
        if parent is not None:
            parent.locked = False

    def __del__(self) -> None:
        if not self._is_closed:
            self._delete()

    def _assert_not_locked(self) -> None:
        if self.locked:
            raise WasmtimeError("cannot use linker instance while it's in use by other instances")
        self._check_open()

    def _add(self, name: str, item: Any) -> None:
        self._assert_not_locked()
        # Raises AttributeError for anything but text.
        name.encode()
        if name in self._items and not self._linker._allows_shadowing:
            raise WasmtimeError(f"map entry `{name}` defined twice")
        self._items[name] = item

    def add_instance(self, name: str) -> LinkerInstance:
        """Adds an instance, or adds to the one of this name: what its definitions are added by. Until that is closed,
        this cannot be used: use ``with``.

        Raises:
            WasmtimeError: the name is taken by something else, and shadowing is not allowed.
        """
        self._assert_not_locked()
        found = self._items.get(name)
        if not isinstance(found, dict):
            found = {}
            self._add(name, found)
        return _linker_instance(self._linker, self, found)

    def add_module(self, name: str, module: Module) -> None:
        """Adds a core module. ``WasmtimeError``: the name is taken, and shadowing is not allowed."""
        self._assert_not_locked()
        self._add(name, ModuleDefinition(module._live()))

    def add_resource(self, name: str, ty: ResourceType, dtor: Callable[[StoreContext, int], object]) -> None:
        """Adds a resource type of the host's.

        Args:
            name: of the import.
            ty: made by :meth:`ResourceType.host`.
            dtor: called with a context of the store, and what represents the resource, when its owner drops it.

        Raises:
            WasmtimeError: the name is taken, and shadowing is not allowed.
        """
        self._assert_not_locked()
        ty._check_open()
        self._add(name, ResourceDefinition(ty, dtor))

    def add_func(self, name: str, func: Callable[..., Any]) -> None:
        """Adds a function. It is called with a context of the store, and then the component's arguments.

        Raises:
            WasmtimeError: the name is taken, and shadowing is not allowed.
        """
        self._add(name, FunctionDefinition(func))


def _linker_instance(linker: Linker, parent: LinkerInstanceParent, items: Definitions) -> LinkerInstance:
    made = LinkerInstance.__new__(LinkerInstance)
    made._linker, made.parent, made._items, made.locked = linker, parent, items, False
    parent.locked = True
    return made
