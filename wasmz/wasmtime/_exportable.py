"""What functions, memories, tables, globals and tags have in common: they belong to a store, and can be imported.

wrap(store, item)       the object of this package for one of wasmz's
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmz.wasmtime._error import WasmtimeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmz.wasmtime._store import Store

# By class of wasmz's objects, what makes this package's of them. Each file with such a class adds it.
WRAPPERS: dict[type, Callable[[Any, Any], Any]] = {}


class Extern:
    """Base of what can be imported and exported."""

    __slots__ = ("__weakref__", "_item", "_store")

    # What an instance of wasmz imports for this.
    _item: Any
    # Where it belongs; a shared memory belongs to no store.
    _store: Store

    def _reference(self) -> Any:
        """What wasmz takes for a reference to this. ``TypeError``: there are only references to functions."""
        raise TypeError(f"don't know how to convert {self!r} to funcref")

    def _check(self, store: Any) -> None:
        """Looks at what was given as store.

        Raises:
            AttributeError: it is none. ValueError: it is closed. WasmtimeError: it is another one.
        """
        if store._live() is not self._store:
            raise WasmtimeError(f"this {type(self).__name__} belongs to another store")


def wrap(store: Store, item: Any) -> Any:
    """The object that stands for an item of wasmz's."""
    return WRAPPERS[type(item)](store, item)


def import_item(store: Store, item: Any) -> Any:
    """What an instance of wasmz imports for an object of this package."""
    if not isinstance(item, Extern):
        raise TypeError("expected a Func, Global, Memory, SharedMemory, Tag, or Table")
    owner = getattr(item, "_store", None)
    if owner is not None and owner is not store:
        raise WasmtimeError(f"this {type(item).__name__} belongs to another store")
    return item._item
