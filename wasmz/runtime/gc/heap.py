"""Counts the objects of garbage-collected guests, in stores whose memory is limited.

    heap = Heap(store.host_budget)
    new_point = allocator(heap, point_class)        what code calls in the place of the class
    made = new_array(allocator(heap, numbers_class), 0, 1000)

Nobody is told when an object goes. But each refers, in its slot ``_owner``, to an object that all of its size share: by
the references to that one CPython counts them itself, at the cost of a store. From time to time, after as many bytes
of new objects as there was room for, :meth:`Heap.settle` looks at these numbers. So a store never holds more than its
limit, and garbage is what costs least.
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

# What an object takes besides its fields, and a field: a pointer, and a number's object.
_OBJECT_BYTES: Final = 48
_POINTER_BYTES: Final = 8
_NUMBER_BYTES: Final = 32
_VECTOR_BYTES: Final = 48

# So much is reserved in advance; less of it, if there is no more.
_CHUNKS: Final = (1 << 20, 1 << 16, 1 << 12, 0)


class _Token:
    """What all objects of a size refer to."""

    __slots__ = ()


class Heap:
    """The objects of one store.

    Attributes:
        left: how many bytes of objects may be made before somebody has to look.
        makers: what makes objects of each class.
    """

    def __init__(self, budget: HostBudget) -> None:
        self.left: int = 0
        self.makers: dict[Any, Any] = {}
        self._budget = budget
        self._reserved = 0
        self._lock = RLock()
        # By size, the token, and how many references to it are no objects'.
        self._tokens: dict[int, _Token] = {}
        self._others: dict[int, int] = {}

    def token(self, size: int) -> _Token:
        """The token of a size, for someone who keeps it without being an object of that size."""
        found = self._token(size)
        self._others[size] += 1
        return found

    def _token(self, size: int) -> _Token:
        found = self._tokens.get(size)
        if found is None:
            with self._lock:
                found = self._tokens.setdefault(size, _Token())
                if size not in self._others:
                    # That of the dictionary, and those that looking makes.
                    self._others[size] = sys.getrefcount(self._tokens[size]) - 1
        return found

    def charge(self, size: int) -> _Token:
        """Counts an object that is to be made; gives what its ``_owner`` must be.

        Raises:
            MemoryLimit: it would exceed the limit.
        """
        size = _rounded(size)
        self.left -= size
        if self.left < 0:
            self.settle(size)
        return self._token(size)

    def settle(self, size: int) -> None:
        """Finds out what is in use, and whether there is room for an object that ``left`` already counts.

        Raises:
            MemoryLimit: there is none.
        """
        with self._lock:
            if not self._make_room(size):
                # What nobody can reach any more may be in cycles.
                gc.collect()
                if not self._make_room(size):
                    self.left = 0
                    raise MemoryLimit("the store's objects would exceed its memory limit")

    def trim(self) -> None:
        """Gives back what was reserved for objects that are gone."""
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
        """What all objects take that exist."""
        others = self._others
        total = 0
        for size in list(self._tokens):
            total += size * max(sys.getrefcount(self._tokens[size]) - 1 - others[size], 0)
        return total


def _rounded(size: int) -> int:
    """At most an eighth more, so that there are few sizes."""
    step = max(16, 1 << max(size.bit_length() - 4, 0))
    return -(-size // step) * step


def allocator(heap: Heap, made_class: Any) -> Any:
    """What makes objects of a class, and counts them; always the same for a class."""
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
    """Makes arrays of a class; what fills them calls :meth:`_charge` first."""

    def __init__(self, heap: Heap, made_class: Any) -> None:
        self._heap = heap
        self._made_class = made_class
        self.wasm_type = made_class.wasm_type
        self.kind = made_class.kind
        self.max_items = made_class.max_items
        self.default = made_class.default
        # Items of lists are pointers, and perhaps objects of their own.
        boxed = _boxed_bytes(made_class.wasm_type.composite.item.storage) if made_class.kind == "list" else 0
        self._item_bytes = made_class.item_bytes + boxed

    def __call__(self) -> Any:
        return self._made_class()

    def _charge(self, made: Any, count: int) -> None:
        """Counts so many items. ``MemoryLimit`` if there may not be as many."""
        made._owner = self._heap.charge(2 * _OBJECT_BYTES + count * self._item_bytes)


def _boxed_bytes(storage: Any) -> int:
    """What a value may take beside the pointer to it, if no one else has it."""
    if storage is ValType.V128:
        return _VECTOR_BYTES
    # A reference to an i31 is a number.
    return 0 if isinstance(storage, RefType) or storage.is_reference else _NUMBER_BYTES
