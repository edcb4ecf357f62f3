"""Counts the objects of garbage-collected guests, in stores with a memory limit.

    heap = Heap(store.host_budget)
    new_point = allocator(heap, point_class)        what code calls in place of the class
    made = new_array(allocator(heap, numbers_class), 0, 1000)

Nothing is told when an object is freed. But each refers, in its slot ``_owner``, to a token that all objects of its
size share, so CPython's reference count of the token counts the objects, at the cost of a store. From time to time,
after as many bytes of new objects as there was room for, :meth:`Heap.settle` reads these counts. So a store never
holds more than its limit, and garbage costs little.
"""

from __future__ import annotations

import gc
import sys
from _thread import RLock

from wasmz.errors import MemoryLimit
from wasmz.types import RefType, StructType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.runtime.limits.budgets import HostBudget

__wasmz_frame__ = "helper"

# The size of an object without its fields; the size of a field: a pointer, and the object of a number.
_OBJECT_BYTES: Final = 48
_POINTER_BYTES: Final = 8
_NUMBER_BYTES: Final = 32
_VECTOR_BYTES: Final = 48

# How much is reserved in advance; less if there is no more.
_CHUNKS: Final = (1 << 20, 1 << 16, 1 << 12, 0)


class _Token:
    """The object that all counted objects of one size refer to."""

    __slots__ = ()


class Heap:
    """The objects of one store.

    Attributes:
        left: how many bytes of objects may be made until the tokens' counts are read.
        makers: the allocators, by class.
    """

    def __init__(self, budget: HostBudget) -> None:
        self.left: int = 0
        self.makers: dict[Any, Any] = {}
        self._budget = budget
        self._reserved = 0
        self._lock = RLock()
        # By size: the token, and how many of its references come from elsewhere than objects.
        self._tokens: dict[int, _Token] = {}
        self._others: dict[int, int] = {}

    def token(self, size: int) -> _Token:
        """The token of a size, for a caller that keeps it without being an object of that size."""
        found = self._token(size)
        self._others[size] += 1
        return found

    def _token(self, size: int) -> _Token:
        found = self._tokens.get(size)
        if found is None:
            with self._lock:
                found = self._tokens.setdefault(size, _Token())
                if size not in self._others:
                    # The dictionary's reference, and those made while counting.
                    self._others[size] = sys.getrefcount(self._tokens[size]) - 1
        return found

    def charge(self, size: int) -> _Token:
        """Counts a new object; returns its ``_owner``.

        Raises:
            MemoryLimit: it would exceed the limit.
        """
        size = _rounded(size)
        self.left -= size
        if self.left < 0:
            self.settle(size)
        return self._token(size)

    def settle(self, size: int) -> None:
        """Counts what is in use, and makes sure that there is room for an object, which ``left`` already includes.

        Raises:
            MemoryLimit: there is no room.
        """
        with self._lock:
            if not self._make_room(size):
                # Unreachable objects may be in cycles.
                gc.collect()
                if not self._make_room(size):
                    self.left = 0
                    raise MemoryLimit("the store's objects would exceed its memory limit")

    def trim(self) -> None:
        """Releases what was reserved for objects that are freed."""
        with self._lock:
            self._release_unused()
            self.left = 0

    def _make_room(self, size: int) -> bool:
        self._release_unused()
        for chunk in _CHUNKS:
            if self._budget.reserve(size + chunk):
                self._reserved += size + chunk
                self.left = chunk
                return True
        return False

    def _release_unused(self) -> None:
        used = self.used_bytes()
        if used < self._reserved:
            self._budget.release(self._reserved - used)
            self._reserved = used

    def used_bytes(self) -> int:
        """The size of all existing objects."""
        others = self._others
        total = 0
        for size in list(self._tokens):
            total += size * max(sys.getrefcount(self._tokens[size]) - 1 - others[size], 0)
        return total


def _rounded(size: int) -> int:
    """Rounds a size up, by at most an eighth, so that there are few different sizes."""
    step = max(16, 1 << max(size.bit_length() - 4, 0))
    return -(-size // step) * step


def allocator(heap: Heap, made_class: Any) -> Any:
    """Makes objects of a class, and counts them; there is one allocator for each class."""
    found = heap.makers.get(made_class)
    if found is None:
        is_structure = isinstance(made_class.wasm_type.composite, StructType)
        found = _structures(heap, made_class) if is_structure else _Arrays(heap, made_class)
        found = heap.makers.setdefault(made_class, found)
    return found


def _structures(heap: Heap, made_class: Any) -> Any:
    size = _OBJECT_BYTES
    for field in made_class.wasm_type.composite.fields:
        size += _POINTER_BYTES + _boxed_bytes(field.storage)
    size = _rounded(size)
    token = heap.token(size)

    def new() -> Any:
        left = heap.left = heap.left - size
        if left < 0:
            heap.settle(size)
        made = made_class()
        made._owner = token
        return made

    new.__dict__["wasm_type"] = made_class.wasm_type
    return new


class _Arrays:
    """The allocator of an array class. Functions that fill an array call :meth:`_charge` first."""

    def __init__(self, heap: Heap, made_class: Any) -> None:
        self._heap = heap
        self._made_class = made_class
        self.wasm_type = made_class.wasm_type
        self.kind = made_class.kind
        self.max_items = made_class.max_items
        self.default = made_class.default
        # Lists hold pointers; each item may also have an object of its own.
        boxed = _boxed_bytes(made_class.wasm_type.composite.item.storage) if made_class.kind == "list" else 0
        self._item_bytes = made_class.item_bytes + boxed

    def __call__(self) -> Any:
        return self._made_class()

    def _charge(self, made: Any, count: int) -> None:
        """Counts ``count`` items. ``MemoryLimit`` if there is no room for them."""
        made._owner = self._heap.charge(2 * _OBJECT_BYTES + count * self._item_bytes)


def _boxed_bytes(storage: Any) -> int:
    """The size of a value's own object, besides the pointer to it."""
    if storage is ValType.V128:
        return _VECTOR_BYTES
    # A reference to an i31 is a number.
    return 0 if isinstance(storage, RefType) or storage.is_reference else _NUMBER_BYTES
