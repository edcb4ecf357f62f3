"""Shared by functions, memories, tables, globals and tags: they belong to a store, and can be imported.

wrap(store, item)       the object of this package for one of wasmz's
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmz.wasmtime._error import WasmtimeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmz.wasmtime._store import Store

# By class of wasmz's objects: functions that make this package's objects. Each file with such a class adds its own.
WRAPPERS: dict[type, Callable[[Any, Any], Any]] = {}


class Extern:
    """The base class of what can be imported and exported."""

    __slots__ = ("__weakref__", "_item", "_store")

    # The object that wasmz imports for it.
    _item: Any
    # The store that it belongs to; a shared memory has none.
    _store: Store

    def _reference(self) -> Any:
        """The object that wasmz takes as a reference to it. ``TypeError``: only functions have references."""
        raise TypeError(f"don't know how to convert {self!r} to funcref")

    def _check(self, store: Any) -> None:
        """Checks the argument ``store``.

        Raises:
            AttributeError: it is not a store. ValueError: it is closed. WasmtimeError: it is another store.
        """
        if store._live() is not self._store:
            raise WasmtimeError(f"this {type(self).__name__} belongs to another store")


def wrap(store: Store, item: Any) -> Any:
    """The object of this package for an object of wasmz's."""
    return WRAPPERS[type(item)](store, item)


def import_item(store: Store, item: Any) -> Any:
    """The object that wasmz imports for an object of this package."""
    if not isinstance(item, Extern):
        raise TypeError("expected a Func, Global, Memory, SharedMemory, Tag, or Table")
    owner = getattr(item, "_store", None)
    if owner is not None and owner is not store:
        raise WasmtimeError(f"this {type(item).__name__} belongs to another store")
    return item._item
