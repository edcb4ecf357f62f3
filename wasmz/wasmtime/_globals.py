"""Global variables.

counter = Global(store, GlobalType(ValType.i32(), True), 5); counter.set_value(store, 6)
"""

from __future__ import annotations

from typing import Any

import wasmz
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._exportable import WRAPPERS, Extern
from wasmz.wasmtime._store import Store, Storelike
from wasmz.wasmtime._types import GlobalType, type_of, value_type
from wasmz.wasmtime._value import Val, given_value, own_value


class Global(Extern):
    """A global variable, or constant."""

    __slots__ = ()

    def __init__(self, store: Storelike, ty: GlobalType, val: Any) -> None:
        """Makes a global with an initial value. ``TypeError``: it does not fit the type, or that is not a type."""
        if not isinstance(ty, GlobalType):
            raise TypeError("expected a GlobalType")
        value = own_value(ty.content, val)
        self._store = store._live()
        self._item = wasmz.Global(self._store._store, ty._type, value)

    def type(self, store: Storelike) -> GlobalType:
        """The global's type."""
        self._check(store)
        made: GlobalType = type_of(GlobalType, self._item.type)
        return made

    def value(self, store: Storelike) -> Any:
        """The value; null references as a ``Val``."""
        if store is not self._store:
            self._check(store)
        value = self._item.value
        if value.__class__ is int or value.__class__ is float:
            return value
        type = value_type(self._item.type.value_type)
        value = given_value(self._store, type, value)
        return Val(type, None) if value is None else value

    def set_value(self, store: Storelike, val: Any) -> None:
        """Sets the value. ``TypeError``: it does not fit the type. ``WasmtimeError``: the global is immutable."""
        self._check(store)
        value = own_value(value_type(self._item.type.value_type), val)
        if not self._item.type.mutable:
            raise WasmtimeError("immutable global cannot be set")
        self._item.value = value


def _wrap(store: Store, item: wasmz.Global) -> Global:
    made = Global.__new__(Global)
    made._store, made._item = store, item
    return made


WRAPPERS[wasmz.Global] = _wrap
