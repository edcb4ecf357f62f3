"""Tables of references.

table = Table(store, TableType(ValType.funcref(), Limits(1, 10)), None); table.set(store, 0, func)
"""

from __future__ import annotations

from typing import Any

import wasmz
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._exportable import WRAPPERS, Extern
from wasmz.wasmtime._store import Store, Storelike
from wasmz.wasmtime._types import TableType, type_of, value_type
from wasmz.wasmtime._value import falsy_as_value, given_value, own_value


class Table(Extern):
    """A table of references."""

    __slots__ = ()

    def __init__(self, store: Storelike, ty: TableType, init: Any) -> None:
        """Makes a table with all elements ``init``.

        Raises:
            TypeError: ``init`` does not fit the type. WasmtimeError: the limits of the store forbid it.
        """
        value = own_value(ty.element, init)
        self._store = store._live()
        try:
            self._item = wasmz.Table(self._store._store, ty._type, value)
        except (wasmz.Trap, MemoryError, ValueError):
            raise WasmtimeError(f"table minimum size of {ty._type.minimum} elements exceeds table limits") from None

    def _own(self, value: Any) -> Any:
        return own_value(value_type(self._item.type.element), value)

    def type(self, store: Storelike) -> TableType:
        """The table's type, with its initial size."""
        self._check(store)
        made: TableType = type_of(TableType, self._item.type)
        return made

    def size(self, store: Storelike) -> int:
        """The number of elements."""
        self._check(store)
        return len(self._item)

    def grow(self, store: Storelike, amt: int, init: Any) -> int:
        """Adds elements, all ``init``. Returns the old number.

        Raises:
            TypeError: ``init`` does not fit the type. WasmtimeError: the number is too large.
        """
        self._check(store)
        value = self._own(init)
        before = self._item.grow(amt, value) if amt >= 0 else -1
        if before < 0:
            raise WasmtimeError(f"failed to grow table by `{amt & (1 << 64) - 1}`")
        return int(before)

    def get(self, store: Storelike, idx: int) -> Any:
        """The element; ``None`` outside the table, and null references as a ``Val``, which equals ``None``."""
        self._check(store)
        if not 0 <= idx < len(self._item):
            return None
        type = value_type(self._item.type.element)
        return falsy_as_value(type, given_value(self._store, type, self._item[idx]))

    def set(self, store: Storelike, idx: int, val: Any) -> None:
        """Sets an element.

        Raises:
            TypeError: ``val`` does not fit the type. WasmtimeError: there is no such element.
        """
        self._check(store)
        value = self._own(val)
        if not 0 <= idx < len(self._item):
            raise WasmtimeError("wasm trap: undefined element: out of bounds table access")
        self._item[idx] = value


def _wrap(store: Store, item: wasmz.Table) -> Table:
    made = Table.__new__(Table)
    made._store, made._item = store, item
    return made


WRAPPERS[wasmz.Table] = _wrap
