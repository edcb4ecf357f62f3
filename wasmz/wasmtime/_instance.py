"""Instances: running modules, and their exports.

instance = Instance(store, module, [func, memory])              imports by position
instance.exports(store)["add"](store, 1, 2)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import wasmz
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._exportable import import_item, wrap
from wasmz.wasmtime._func import func_of
from wasmz.wasmtime._module import Module
from wasmz.wasmtime._store import Store, Storelike
from wasmz.wasmtime._trap import raised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_KINDS: dict[type, str] = {
    wasmz.FuncType: "function",
    wasmz.MemoryType: "memory",
    wasmz.TableType: "table",
    wasmz.GlobalType: "global",
    wasmz.TagType: "tag",
}
# wasmz's traps for things that cannot be made.
_LIMITS = ("GROWTH_OPERATION_LIMITED", "OUT_OF_MEMORY", "OUT_OF_SYSTEM_MEMORY")


class Instance:
    """A module that runs in a store."""

    _exports: InstanceExports | None = None

    def __init__(self, store: Storelike, module: Module, imports: Sequence[Any]) -> None:
        """Instantiates a module; ``imports`` are in the order of ``module.imports``.

        Raises:
            TypeError: an item cannot be imported.
            WasmtimeError: there are more or fewer imports, or one has another type; or limits forbid it.
            Trap: the start function trapped, or a segment did not fit.
        """
        owner = store._live()
        own = module._live()
        items = [import_item(owner, item) for item in imports]
        if len(items) != len(own.imports):
            raise WasmtimeError(f"expected {len(own.imports)} imports, found {len(items)}")
        self._set(owner, make_instance(owner, module, items))

    def _set(self, store: Store, instance: wasmz.Instance) -> None:
        self._store = store
        self._instance = instance

    def exports(self, store: Storelike) -> InstanceExports:
        """The exports of the instance."""
        if store._live() is not self._store:
            raise WasmtimeError("this Instance belongs to another store")
        exports = self._exports
        if exports is None:
            exports = self._exports = InstanceExports(store, self)
        return exports


class InstanceExports(Mapping[str, Any]):
    """The exports of an instance, by name; each object is made when it is first needed."""

    def __init__(self, store: Storelike, instance: Instance) -> None:
        """The exports of an instance."""
        self._store = store._live()
        self._instance = instance._instance
        self._made: dict[str, Any] = {}

    @property
    def by_index(self) -> Sequence[Any]:
        """All exports, in order."""
        return tuple([self[name] for name in self._instance.exports])

    def __getitem__(self, idx: str) -> Any:
        """The export with this name. ``KeyError``: there is none."""
        made = self._made.get(idx)
        if made is None:
            if idx not in self._instance.exports:
                raise KeyError(idx)
            item = self._instance.extern(idx)
            made = self._made.setdefault(idx, self._wrapped(idx, item))
        return made

    def _wrapped(self, name: str, item: Any) -> Any:
        if isinstance(item, wasmz.Func):
            # Exported functions are cheaper to call than references to them.
            return func_of(self._store, item, item.type, lambda: self._instance.exports[name])
        return wrap(self._store, item)

    def __len__(self) -> int:
        return len(self._instance.exports)

    def __iter__(self) -> Iterator[str]:
        return iter(self._instance.exports)


def instance_of(store: Store, instance: wasmz.Instance) -> Instance:
    """The instance of this package for one of wasmz's."""
    made = Instance.__new__(Instance)
    made._set(store, instance)
    return made


def make_instance(store: Store, module: Module, items: list[Any]) -> wasmz.Instance:
    """Makes an instance of wasmz's; ``items`` are its imports, in order."""
    own = module._live()
    if module._engine is not store.engine:
        raise WasmtimeError("cross-`Engine` instantiation is not currently supported")
    try:
        if store.engine._has_epochs and store._is_late() and module._has_start():
            raise wasmz.Interrupted
        return wasmz.Instance(store._store, own, wasmz.ImportList(items))
    except wasmz.LinkError as error:
        raise WasmtimeError(_mismatch(own, items) or str(error)) from None
    except wasmz.Trap as trap:
        if trap.code.name in _LIMITS and not trap.frames:
            raise WasmtimeError(f"resource limit exceeded: {trap.message}") from None
        raise raised(trap) from None
    except wasmz.WasmzError as error:
        raise raised(error) from None
    except MemoryError as error:
        raise WasmtimeError(f"resource limit exceeded: {error}") from None


def _mismatch(module: wasmz.Module, items: list[Any]) -> str | None:
    """wasmtime's message for the first import of another kind, or with another function type; ``None`` if all match."""
    for wanted, item in zip(module.imports, items, strict=True):
        expected, found = wanted.type, item.type
        if type(expected) is not type(found):
            reason = f"expected {_KINDS[type(expected)]}, but found {_KINDS[type(found)]}"
        elif isinstance(expected, wasmz.FuncType) and isinstance(found, wasmz.FuncType) and expected is not found:
            reason = f"types incompatible: expected type `{_text(expected)}`, found type `{_text(found)}`"
        else:
            continue
        return f"incompatible import type for `{wanted.module_name}::{wanted.name}`\n\nCaused by:\n    {reason}\n"
    return None


def _text(type: wasmz.FuncType) -> str:
    """A function's type in the text format."""
    parts = ["func"]
    for word, types in (("param", type.params), ("result", type.results)):
        if types:
            parts.append(f"({word} {' '.join(item.name for item in types)})")
    return f"({' '.join(parts)})"
