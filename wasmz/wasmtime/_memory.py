"""Linear memories.

memory.write(store, b"abc", 8); memory.read(store, 8, 11)           -> bytearray(b"abc")
memory.data_ptr(store)[8]                                           -> 97
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import wasmz
from wasmz.startup.concurrency import load
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._exportable import WRAPPERS, Extern
from wasmz.wasmtime._store import Store, Storelike
from wasmz.wasmtime._types import MemoryType, type_of

if TYPE_CHECKING:
    import ctypes


class Memory(Extern):
    """A linear memory."""

    # A view of all bytes, as last found.
    __slots__ = ("_known",)

    _known: memoryview

    def __init__(self, store: Storelike, ty: MemoryType) -> None:
        """Makes a memory. ``WasmtimeError``: the limits of the store, or the system, forbid it."""
        owner = store._live()
        self._set(owner, make_memory(owner._store, ty._type))

    def _set(self, store: Store, item: wasmz.Memory) -> None:
        self._store = store
        self._item = item
        self._known = item.view()

    def _view(self) -> memoryview:
        """A view of all bytes; a new one after the memory has grown or was closed."""
        view = self._known
        if len(view) != self._item.size_bytes:
            view = self._known = self._item.view()
        return view

    def type(self, store: Storelike) -> MemoryType:
        """The memory's type, with its initial size."""
        self._check(store)
        made: MemoryType = type_of(MemoryType, self._item.type)
        return made

    def grow(self, store: Storelike, delta: int) -> int:
        """Adds pages. Returns the old number.

        Raises:
            WasmtimeError: the number is negative or too large.
        """
        self._check(store)
        return grown(self._item, delta)

    def size(self, store: Storelike) -> int:
        """The size in pages."""
        self._check(store)
        return int(self._item.size_pages)

    def data_len(self, store: Storelike) -> int:
        """The size in bytes."""
        self._check(store)
        return int(self._item.size_bytes)

    def page_size(self, store: Storelike) -> int:
        """The size of a page in bytes."""
        return self.type(store).page_size

    def page_size_log2(self, store: Storelike) -> int:
        """The binary logarithm of the size of a page."""
        return self.type(store).page_size_log2

    def data_ptr(self, store: Storelike) -> ctypes._Pointer[ctypes.c_ubyte]:
        """A pointer to the first byte. It has no bounds: read and write only at indices below :meth:`data_len`."""
        self._check(store)
        return pointer(self._view())

    def get_buffer_ptr(self, store: Storelike, size: int | None = None, offset: int = 0) -> ctypes.Array[Any]:
        """A writable array of ``size`` bytes at ``offset``, without copying: for ``numpy.frombuffer``.

        Raises:
            ValueError: some of them are outside the memory.
        """
        load("ctypes")
        import ctypes

        self._check(store)
        view = self._view()
        return (ctypes.c_ubyte * (len(view) if size is None else size)).from_buffer(view, offset)

    def read(self, store: Storelike, start: int | None = 0, stop: int | None = None) -> bytearray:
        """A copy of the bytes from ``start`` up to ``stop``, which have the meaning of a slice's bounds."""
        if store is not self._store:
            self._check(store)
        view = self._known
        if len(view) != self._item.size_bytes:
            view = self._view()
        found = bytearray(view[start:stop])
        if not found:
            # The store may be closed.
            self._check(store)
        return found

    def write(self, store: Storelike, value: bytearray | bytes, start: int | None = None) -> int:
        """Writes bytes from ``start`` on, which may be negative like the start of a slice. Returns their number.

        Raises:
            IndexError: they do not all fit.
        """
        if store is not self._store:
            self._check(store)
        view = self._known
        size = self._item.size_bytes
        if len(view) != size:
            view = self._view()
        if start is None:
            start = 0
        elif start.__class__ is not int or start < 0:
            start = slice(start, None).indices(size)[0]
        if start >= size:
            self._check(store)
            raise IndexError("index out of range")
        if value.__class__ is not bytes and not isinstance(value, bytearray):
            value = bytearray(value)
        count = len(value)
        if start + count > size:
            raise IndexError("index out of range")
        view[start : start + count] = value
        return count


def make_memory(store: wasmz.Store, type: wasmz.MemoryType) -> wasmz.Memory:
    """Makes a memory of wasmz's. ``WasmtimeError``: it cannot be made."""
    try:
        return wasmz.Memory(store, type)
    except (wasmz.Trap, MemoryError):
        raise WasmtimeError(f"memory minimum size of {type.minimum} pages exceeds memory limits") from None


def grown(memory: wasmz.Memory, delta: int) -> int:
    """Grows a memory; returns the old size."""
    if delta < 0:
        raise WasmtimeError("cannot grow by negative amount")
    before = memory.grow(delta)
    if before < 0:
        raise WasmtimeError(f"failed to grow memory by `{delta}`")
    return before


def pointer(view: memoryview) -> ctypes._Pointer[ctypes.c_ubyte]:
    """A pointer to the content of a view, which it keeps alive."""
    load("ctypes")
    import ctypes

    return ctypes.pointer(ctypes.c_ubyte.from_buffer(view) if view else ctypes.c_ubyte())


def memory_of(store: Store, item: wasmz.Memory) -> Memory:
    """The memory of this package for an unshared one of wasmz's."""
    made = Memory.__new__(Memory)
    made._set(store, item)
    return made


WRAPPERS[wasmz.Memory] = memory_of
