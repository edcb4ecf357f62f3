"""What streams and futures carry, and the buffers in guests' memory that it is copied from and to.

kind = TransferKind(StreamType(U8), place)          equal kinds have equal `key`
GuestBuffer(kind, options, place, address, count)   a Buffer of `copies.py`
"""

from __future__ import annotations

from wasmz.component.assembly import read_items_text, write_items_text
from wasmz.component.copies import MOST_ITEMS
from wasmz.component.generated import BoundOptions, make_function, side_of
from wasmz.component.lifting import NUMBERS
from wasmz.component.matching import resolved
from wasmz.component.traps import component_trap
from wasmz.runtime.abi import HELPER
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.component.generated import Place
    from wasmz.component.writer import Text

__wasmz_frame__ = "helper"


class TransferKind:
    """The type of a stream or future, where it stands.

    Attributes:
        type: it.
        place: the component that says so.
        key: equal for types that are the same.
        is_stream: whether it is a stream, and no future.
        is_number: whether items are numbers, or nothing.
    """

    __slots__ = ("is_number", "is_stream", "key", "place", "type")

    def __init__(self, type: Any, place: Place) -> None:
        self.type: Any = type
        self.place: Place = place
        self.key: Any = resolved(type, place)
        self.is_stream: bool = type.kind == "stream"
        self.is_number: bool = type.item is None or type.item.kind in NUMBERS

    def lift(self, state: Any, index: int) -> Any:
        """The readable end at an index of a component's table as Python's stream or future."""
        load("wasmz.component.host_streams")
        from wasmz.component.host_streams import lift_end

        return lift_end(state, index, self)

    def lower(self, state: Any, value: Any) -> int:
        """A component's handle for Python's stream or future, or what can be iterated over or awaited."""
        load("wasmz.component.host_streams")
        from wasmz.component.host_streams import lower_end

        return lower_end(state, value, self)


class GuestBuffer:
    """Items in a guest's memory, from one address on: to be read by the other side, or written by it."""

    __slots__ = ("_address", "_kind", "_options", "_place", "_size", "count", "progress", "source")

    def __init__(self, kind: TransferKind, options: BoundOptions, place: Place, address: int, count: int) -> None:
        if count > MOST_ITEMS:
            raise component_trap("the buffer of a stream is too long")
        item = kind.type.item
        size = 0
        if item is not None:
            layout = options.layouts.of(item)
            size = layout.size
            if count > 0:
                if address & (layout.alignment - 1):
                    raise component_trap("unaligned pointer")
                if options.memory is None or address + count * size > options.memory.size_bytes:
                    raise component_trap("pointer out of bounds of memory")
        self._kind = kind
        self._options = options
        self._place = place
        self._address = address
        self._size = size
        self.count: int = count
        self.progress: int = 0
        self.source: str = options.encoding

    def remain(self) -> int:
        """How many items are not copied yet."""
        return self.count - self.progress

    def is_empty(self) -> bool:
        """Whether there never were any."""
        return self.count == 0

    def _advance(self, count: int) -> int:
        address = self._address
        self._address += count * self._size
        self.progress += count
        return address

    def read(self, count: int, source: str) -> Any:
        """The next items, for the other side."""
        item = self._kind.type.item
        address = self._advance(count)
        if item is None:
            # Other guests get nothing; Python gets as many as it wants.
            return [None] * count if source == "python" else None
        return self._function("read", source)(address, address + count * self._size)

    def write(self, values: Any, count: int, source: str) -> None:
        """Takes the next items from the other side."""
        item = self._kind.type.item
        address = self._advance(count)
        if item is not None:
            self._function("write", source)(values, address)

    def _function(self, what: str, source: str) -> Callable[..., Any]:
        known = self._options.items
        key = (what, self._kind.type.item.form, source)
        found = known.get(key)
        if found is None:
            item, options, place = self._kind.type.item, self._options, self._place

            def write() -> tuple[Text, str, list[str]]:
                side = side_of("a", options, place, is_raw=source != "python", source=source)
                text, params = (read_items_text if what == "read" else write_items_text)(item, side)
                return text, params, []

            names = options.names("a", place.state)
            found = known[key] = make_function(f"{what}_items", HELPER, write, names, place.codes)
        return found  # type: ignore[no-any-return]
