"""Tables (specification 4.2.7), with lists of callees for indirect calls.

    table = Table(store, TableType(ValType.FUNCREF, 2, 20), None)
    table[0] = instance.exports.add
    table.callees(add_type)[0](1, 2)            as generated code does it: no bounds check, no type check

For each function type of indirect calls, the table has a list of callees: item i is the function to call if its type
matches, otherwise a function that traps. Every write to the table updates the lists.

All lists of a store together are no longer than its tables, or than ``MOST_CALLEES``. A table that would need more
gets, for further types, an object in place of a list which examines the element at each call: :class:`_Judge`. It
needs no memory, and 0.1 us a call.
"""

from __future__ import annotations

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import MemoryLimit, Trap, expect, expect_integer, shown
from wasmz.runtime.calls.convert import to_internal, to_python
from wasmz.runtime.calls.func import Func
from wasmz.runtime.limits.budgets import expect_store
from wasmz.runtime.limits.checkpoints import PIECE_ITEMS, requests, stop_if_asked
from wasmz.runtime.traps.translation import call_of_null, call_of_other_type
from wasmz.startup.concurrency import new_lock
from wasmz.subtyping import is_heap_subtype
from wasmz.types import DefinedType, TableType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final

    Callee = Callable[..., Any]

    from wasmz.runtime.link.store import Store

__wasmz_frame__ = "helper"

MAX_ELEMENTS: Final = 10_000_000

# The lists of a store may always have so many items: 16 MB.
MOST_CALLEES: Final = 1 << 21
# The size of an element, or of an item of a list.
_BYTES: Final = 8


class Table:
    """A table of references.

    Attributes:
        store: the store that it belongs to.
        type: its declared type; :attr:`current_type` has the current size as its minimum.
        elements: the references. Read-only: writes go through the methods.
    """

    __slots__ = (
        *("__weakref__", "_bytes", "_callees", "_held", "_judges", "_lock", "_maximum", "_positions"),
        *("_tail_callees", "_writes"),
        *("elements", "store", "type"),
    )

    def __init__(self, store: Store, type: TableType, init: Any = None) -> None:
        """Makes a table of ``type.minimum`` elements, all ``init``.

        Raises:
            TypeError: ``init`` does not fit the element type. ValueError: the type is invalid.
            MemoryError: more than 10,000,000 elements.
            Trap: GROWTH_OPERATION_LIMITED, ``Config.table_limit`` or the store's limiter forbids it; OUT_OF_MEMORY,
                ``Config.mem_limit_bytes`` does.
        """
        expect_store(store)
        expect(type, TableType, "type", "a TableType")
        if type.minimum < 0 or (type.maximum is not None and type.maximum < type.minimum):
            raise ValueError(f"cannot make a {type}")
        self._setup(store, type, to_internal(init, type.element, "an element of a table", store))

    @classmethod
    def of_value(cls, store: Store, type: TableType, value: Any) -> Table:
        """A table filled with a value that is in the form of generated code."""
        self = cls.__new__(cls)
        self._setup(store, type, value)
        return self

    def _setup(self, store: Store, type: TableType, value: Any) -> None:
        self.store = store
        self.type = type
        self._maximum = MAX_ELEMENTS if type.maximum is None else min(type.maximum, MAX_ELEMENTS)
        if type.minimum > MAX_ELEMENTS:
            raise MemoryError(f"a table has at most {MAX_ELEMENTS} elements")
        if not self._may_have(0, type.minimum):
            raise Trap(TrapCode.GROWTH_OPERATION_LIMITED)
        # Items of its lists of callees, and bytes that are counted for it.
        self._held = self._bytes = 0
        self.elements: list[Any] = []
        # Positions of the functions of each type, until the next write.
        self._positions: dict[DefinedType, list[int]] | None = None
        self._callees: dict[DefinedType, list[Callee]] = {}
        self._tail_callees: dict[DefinedType, list[Callee]] = {}
        # One thread at a time makes and writes lists of callees; a signal handler may write in the middle.
        self._lock = new_lock()
        self._writes = 0
        self._judges: dict[tuple[DefinedType, bool], _Judge] = {}
        if not store.table_budget.reserve(type.minimum):
            raise Trap(TrapCode.GROWTH_OPERATION_LIMITED, self._over_limit())
        if not self._reserve_bytes(type.minimum):
            store.table_budget.release(type.minimum)
            raise MemoryLimit(f"the store's limit of {store.memory_budget.limit} bytes is too small for a {type}")
        self._append(type.minimum, value)

    def __del__(self) -> None:
        elements = getattr(self, "elements", None)
        if elements:
            store = self.store
            store.table_budget.release(len(elements))
            store.callees_held -= self._held
            store.host_budget.release(self._bytes)

    def _reserve_bytes(self, items: int) -> bool:
        """Counts the bytes of elements or items of lists, if they are within the limits.

        If the number of elements has a limit of its own, only that one applies.
        """
        store = self.store
        if store.table_budget.limit is None:
            if not store.host_budget.reserve(items * _BYTES):
                return False
            self._bytes += items * _BYTES
        return True

    def _reserve_callees(self, items: int) -> bool:
        """Counts items of lists of callees, if so many are allowed."""
        store = self.store
        if store.callees_held + items > max(MOST_CALLEES, store.table_budget.total_used):
            return False
        if not self._reserve_bytes(items):
            return False
        store.callees_held += items
        self._held += items
        return True

    def _may_have(self, current: int, desired: int) -> bool:
        """Whether the store's limiter lets the table have ``desired`` elements."""
        limiter = self.store.limiter
        return limiter is None or limiter.table_growing(current, desired, self.type.maximum)

    def _over_limit(self) -> str:
        return f"the store's limit of {self.store.table_budget.limit} elements of tables is exceeded"

    @property
    def current_type(self) -> TableType:
        """The type with the current size as its minimum; imports are matched against it."""
        return TableType(self.type.element, len(self.elements), self.type.maximum, self.type.address_type)

    def callees(self, type: DefinedType) -> Sequence[Callee]:
        """What a call of this type calls, by element; the same object for the table's whole life."""
        with self._lock:
            known: Sequence[Callee] | None = self._callees.get(type)
            if known is None:
                known = self._judge(type, False)
            while known is None:
                writes = self._writes
                made = self._all_callees(type)
                if writes == self._writes:
                    known = self._callees.setdefault(type, made)
        return known

    def _all_callees(self, type: DefinedType) -> list[Callee]:
        elements = self.elements
        if len(elements) > PIECE_ITEMS:
            # The positions would take more memory than all lists.
            found: list[Callee] = []
            _write_callees(found, 0, elements, type, as_tail=False)
            return found
        positions = self._positions
        if positions is None:
            positions = {}
            writes = self._writes
            for position, value in enumerate(elements):
                if value.__class__ is Func:
                    positions.setdefault(value.defined_type, []).append(position)
            if writes == self._writes:
                self._positions = positions
        callees: list[Callee] = [call_of_null if value is None else call_of_other_type for value in elements]
        for actual, places in positions.items():
            if actual is type or is_heap_subtype(actual, type):
                for position in places:
                    callees[position] = elements[position].code
        return callees

    def tail_callees(self, type: DefinedType) -> Sequence[Callee]:
        """Like :meth:`callees`, with tail forms (docs/abi.md, "Tail calls")."""
        with self._lock:
            known: Sequence[Callee] | None = self._tail_callees.get(type)
            if known is None:
                known = self._judge(type, True)
            while known is None:
                writes = self._writes
                made: list[Callee] = []
                _write_callees(made, 0, self.elements, type, as_tail=True)
                if writes == self._writes:
                    known = self._tail_callees.setdefault(type, made)
        return known

    def _judge(self, type: DefinedType, as_tail: bool) -> Any:
        """The object in place of a list for the type; ``None`` if a list is allowed, which is counted then."""
        key = (type, as_tail)
        known = self._judges.get(key)
        if known is None and not self._reserve_callees(len(self.elements)):
            known = self._judges[key] = _Judge(self.elements, type, as_tail)
        return known

    # For the runtime: values are in the form of generated code, indices are checked by the caller

    def write(self, start: int, values: Sequence[Any]) -> None:
        """Replaces the elements from ``start`` on; ``start`` may be the end, to append."""
        with self._lock:
            self.elements[start : start + len(values)] = values
            self._positions = None
            self._writes += 1
            for type, callees in self._callees.items():
                _write_callees(callees, start, values, type, as_tail=False)
            for type, callees in self._tail_callees.items():
                _write_callees(callees, start, values, type, as_tail=True)

    def fill_with(self, start: int, value: Any, count: int) -> None:
        """Sets elements to the same value, in pieces between which it can be stopped."""
        for position in range(start, start + count, PIECE_ITEMS):
            if requests:
                stop_if_asked()
            self.write(position, [value] * min(PIECE_ITEMS, start + count - position))

    def extend(self, count: int, value: Any) -> int:
        """Appends ``count`` times ``value``. Returns the old size, or -1 if that is not allowed.

        The table's type, the store's limiter, ``Config.table_limit`` for all tables together (or else
        ``Config.mem_limit_bytes``), and the total length of lists of callees may forbid it.
        """
        size = len(self.elements)
        if size + count > self._maximum or not self._may_have(size, size + count):
            return -1
        if not count:
            return size
        store = self.store
        if not store.table_budget.reserve(count):
            return -1
        if not self._reserve_bytes(count):
            store.table_budget.release(count)
            return -1
        if not self._reserve_callees(count * (len(self._callees) + len(self._tail_callees))):
            store.table_budget.release(count)
            self._release_bytes(count)
            return -1
        self._append(count, value)
        return size

    def _release_bytes(self, items: int) -> None:
        if self.store.table_budget.limit is None:
            self.store.host_budget.release(items * _BYTES)
            self._bytes -= items * _BYTES

    def _append(self, count: int, value: Any) -> None:
        """Appends elements that have been counted; all of them, or none if it is stopped."""
        size = len(self.elements)
        lists = len(self._callees) + len(self._tail_callees)
        try:
            self.fill_with(size, value, count)
        except BaseException:
            for items in (self.elements, *self._callees.values(), *self._tail_callees.values()):
                del items[size:]
            self.store.table_budget.release(count)
            self.store.callees_held -= count * lists
            self._held -= count * lists
            self._release_bytes(count * (1 + lists))
            raise

    # For Python

    def __len__(self) -> int:
        return len(self.elements)

    def __getitem__(self, index: int, /) -> Any:
        """The element: a ``Func`` or ``None``, or another reference. ``IndexError`` outside the table."""
        return to_python(self.elements[self._position(index)], self.type.element)

    def __setitem__(self, index: int, value: Any, /) -> None:
        """Sets an element. ``IndexError`` outside the table; ``TypeError`` if the value does not fit the type."""
        self.write(self._position(index), [self._internal(value)])

    def get(self, index: int) -> Any:
        """Like ``table[index]``, but a bad index is ``Trap(TABLE_OUT_OF_BOUNDS)``, as for the guest."""
        if not 0 <= expect_integer(index, "index") < len(self.elements):
            raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
        return to_python(self.elements[index], self.type.element)

    def set(self, index: int, value: Any) -> None:
        """Sets one element; a bad index is ``Trap(TABLE_OUT_OF_BOUNDS)``."""
        self.fill(expect_integer(index, "index"), value, 1)

    def fill(self, start: int, value: Any, count: int) -> None:
        """Sets ``count`` elements from ``start`` on; ``Trap(TABLE_OUT_OF_BOUNDS)`` unless all exist."""
        start, count = expect_integer(start, "start"), expect_integer(count, "count")
        if start < 0 or count < 0 or start + count > len(self.elements):
            raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
        self.fill_with(start, self._internal(value), count)

    def grow(self, count: int, init: Any = None) -> int:
        """Appends ``count`` elements (specification 4.6.9). Returns the old size, or -1 if that is impossible."""
        count = expect_integer(count, "count")
        if count < 0:
            raise ValueError(f"a table cannot shrink by {-count} elements")
        return self.extend(count, self._internal(init))

    def _position(self, index: int) -> int:
        self.store.check_open()
        index = expect_integer(index, "index")
        if not 0 <= index < len(self.elements):
            raise IndexError(f"index {index} is outside a table of {len(self.elements)} elements")
        return index

    def _internal(self, value: Any) -> Any:
        self.store.check_open()
        return to_internal(value, self.type.element, "an element of a table", self.store)

    @shown
    def __repr__(self) -> str:
        return f"<Table of {len(self.elements)} {self.type.element}>"


class _Judge:
    """Stands in place of a list of callees: decides at each call what to call for the element and a type."""

    __slots__ = ("_as_tail", "_elements", "_type")

    def __init__(self, elements: list[Any], type: DefinedType, as_tail: bool) -> None:
        self._elements = elements
        self._type = type
        self._as_tail = as_tail

    def __len__(self) -> int:
        return len(self._elements)

    def __getitem__(self, index: int) -> Callee:
        elements = self._elements
        if index >= len(elements):
            raise Trap(TrapCode.UNDEFINED_ELEMENT)
        value = elements[index]
        if value is None:
            return call_of_null
        if value.__class__ is not Func or not (
            value.defined_type is self._type or is_heap_subtype(value.defined_type, self._type)
        ):
            return call_of_other_type
        found: Callee = value.tail if self._as_tail else value.code
        return found


def _write_callees(
    callees: list[Callee], start: int, values: Sequence[Any], type: DefinedType, *, as_tail: bool
) -> None:
    written: list[Callee] = []
    matches: dict[DefinedType, bool] = {type: True}
    for value in values:
        if value is None:
            written.append(call_of_null)
            continue
        actual = value.defined_type if value.__class__ is Func else None
        known = matches.get(actual)  # type: ignore[arg-type]
        if known is None:
            known = actual is not None and is_heap_subtype(actual, type)
            matches[actual] = known  # type: ignore[index]
        if known:
            written.append(value.tail if as_tail else value.code)
        else:
            written.append(call_of_other_type)
    callees[start : start + len(values)] = written
