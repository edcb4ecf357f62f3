"""Tags, which identify kinds of exceptions.

tag = Tag(store, TagType(FuncType([ValType.i32()], [])))
"""

from __future__ import annotations

import wasmz
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._exportable import WRAPPERS, Extern
from wasmz.wasmtime._store import Store, Storelike
from wasmz.wasmtime._types import TagType, type_of


class Tag(Extern):
    """Identifies one kind of exceptions."""

    __slots__ = ()

    def __init__(self, store: Storelike, ty: TagType) -> None:
        """Makes a tag. ``TypeError``: ``ty`` is not a type. ``WasmtimeError``: the type has results."""
        if not isinstance(ty, TagType):
            raise TypeError("expected a TagType")
        self._store = store._live()
        try:
            self._item = wasmz.Tag(self._store._store, ty._type)
        except ValueError as error:
            raise WasmtimeError(str(error)) from None

    def type(self, store: Storelike) -> TagType:
        """The type of what its exceptions carry."""
        self._check(store)
        made: TagType = type_of(TagType, self._item.type)
        return made

    def eq(self, store: Storelike, other: Tag) -> bool:
        """Whether both are the same tag."""
        self._check(store)
        return self._item is other._item


def _wrap(store: Store, item: wasmz.Tag) -> Tag:
    made = Tag.__new__(Tag)
    made._store, made._item = store, item
    return made


WRAPPERS[wasmz.Tag] = _wrap
