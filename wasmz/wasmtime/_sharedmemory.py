"""Memories shared by threads, which belong to no store.

memory = SharedMemory(engine, MemoryType(Limits(1, 2), shared=True))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import wasmz
from wasmz.wasmtime._engine import Engine
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._exportable import WRAPPERS, Extern
from wasmz.wasmtime._managed import Managed
from wasmz.wasmtime._memory import grown, make_memory, memory_of, pointer
from wasmz.wasmtime._types import MemoryType, type_of

if TYPE_CHECKING:
    import ctypes

    from wasmz.wasmtime._store import Store


class SharedMemory(Extern, Managed[Any]):
    """A memory that threads share."""

    def __init__(self, engine: Engine, ty: MemoryType) -> None:
        """Makes a memory.

        Raises:
            WasmtimeError: the type is not shared, or ``shared_memory`` is off in the engine's configuration.
        """
        own = engine._live()
        if not ty._type.shared:
            raise WasmtimeError("shared memory must have the `shared` flag enabled on its memory type")
        if not engine._has_shared_memories:
            raise WasmtimeError("shared memory support is disabled for this engine -- see `Config::shared_memory`")
        self._item = make_memory(wasmz.Store(own), ty._type)

    def type(self) -> MemoryType:
        """The memory's type, with its initial size."""
        self._check_open()
        made: MemoryType = type_of(MemoryType, self._item.type)
        return made

    def grow(self, delta: int) -> int:
        """Adds pages. Returns the old number.

        Raises:
            WasmtimeError: the number is negative or too large.
        """
        self._check_open()
        return grown(self._item, delta)

    def size(self) -> int:
        """The size in pages."""
        self._check_open()
        return int(self._item.size_pages)

    def data_len(self) -> int:
        """The size in bytes."""
        self._check_open()
        return int(self._item.size_bytes)

    def data_ptr(self) -> ctypes._Pointer[ctypes.c_ubyte]:
        """A pointer to the first byte. It has no bounds: read and write only at indices below :meth:`data_len`."""
        self._check_open()
        return pointer(self._item.view())


def _wrap(store: Store, item: wasmz.Memory) -> Any:
    if not item.type.shared:
        return memory_of(store, item)
    made = SharedMemory.__new__(SharedMemory)
    made._item = item
    return made


WRAPPERS[wasmz.Memory] = _wrap
