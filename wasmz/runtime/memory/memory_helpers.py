"""Functions for memories, tables and segments that generated code calls (docs/abi.md, "Operations").

    memory_grow(m, 1)               -> old size in pages, or 0xFFFFFFFF
    memory_copy(m, m, 8, 0, 4)      bytes 0-3 to 8-11; the ranges may overlap
    table_init(t, segment, 0, 1, 2) elements 1-2 of a segment to the start of the table

Numbers are unsigned. Everything is checked before anything is written (specification 4.6.7-4.6.14). Large operations
are done in pieces; they can be stopped in between (``checkpoints.py``).
"""

from __future__ import annotations

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap
from wasmz.runtime.limits.checkpoints import PIECE_BYTES, PIECE_ITEMS, requests, stop_if_asked
from wasmz.runtime.memory.linear import Memory
from wasmz.runtime.memory.table import Table
from wasmz.runtime.traps.translation import trap_unreachable
from wasmz.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.image import ConstExpr, DataSpec

__all__ = [
    "data_drop",
    "elem_drop",
    "memory_copy",
    "memory_fill",
    "memory_grow",
    "memory_init",
    "memory_size",
    "table_copy",
    "table_fill",
    "table_get",
    "table_grow",
    "table_init",
    "table_set",
    "table_size",
    "trap_unreachable",
]

__wasmz_frame__ = "helper"

# -1, the result when growing is impossible, as an unsigned number of the address type.
_FAILED = {ValType.I32: 0xFFFF_FFFF, ValType.I64: 0xFFFF_FFFF_FFFF_FFFF}


class DataSegment:
    """A data segment of an instance; empty once dropped."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content: bytes = content

    def drop(self) -> None:
        """Frees the bytes; the segment is empty from then on."""
        self.content = b""


class DataSegments:
    """The data segments of an instance by index. Each is made when code names it: Go's programs have 100,000.

    Attributes:
        copied: how many of the first segments have been copied, if active, and so dropped.
    """

    __slots__ = ("_made", "_specs", "copied")

    def __init__(self, specs: tuple[DataSpec, ...]) -> None:
        self._specs = specs
        self._made: dict[int, DataSegment] = {}
        self.copied: int = 0

    def __getitem__(self, index: int) -> DataSegment:
        found = self._made.get(index)
        if found is None:
            _, content, _, offset = self._specs[index]
            found = self._made.setdefault(index, DataSegment(content))
            # For threads: this stores the segment, then tests; copy_active counts it, then looks for it.
            if offset is not None and index < self.copied:
                found.drop()
        return found

    def copy_active(self, memories: list[Memory], evaluate: Callable[[ConstExpr], int]) -> None:
        """Copies the active segments to their memories, in order, and drops them.

        Raises:
            Trap: a segment is out of bounds; it and those after it are not dropped then.
        """
        made = self._made
        for index, (_, content, memory, offset) in enumerate(self._specs):
            if offset is not None:
                start: int = offset if type(offset) is int else evaluate(offset)  # type: ignore[arg-type]
                target = memories[memory]
                end = start + len(content)
                if end - start > PIECE_BYTES or requests or index in made:
                    memory_init(target, self[index], start, 0, end - start)
                elif end > target.size_bytes:
                    raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)
                else:
                    target.bytes[start:end] = content
                self.copied = index + 1
                if index in made:
                    made[index].drop()


class ElementSegment:
    """An element segment of an instance, its expressions evaluated; empty once dropped."""

    __slots__ = ("items",)

    def __init__(self, items: list[Any]) -> None:
        self.items: list[Any] = items

    def drop(self) -> None:
        """Frees the references; the segment is empty from then on."""
        self.items = []


def memory_size(memory: Memory) -> int:
    return memory.size_pages


def memory_grow(memory: Memory, pages: int) -> int:
    if requests:
        stop_if_asked()
    old = memory.grow(pages)
    return old if old >= 0 else _FAILED[memory.type.address_type]


def memory_fill(memory: Memory, start: int, value: int, count: int) -> None:
    end = start + count
    if end > memory.size_bytes:
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)
    byte = bytes((value & 0xFF,))
    if count <= PIECE_BYTES:
        memory.bytes[start:end] = byte * count
        return
    block = byte * PIECE_BYTES
    for position in range(start, end, PIECE_BYTES):
        if requests:
            stop_if_asked()
        memory.bytes[position : min(position + PIECE_BYTES, end)] = block[: end - position]


def memory_copy(target: Memory, source: Memory, to: int, start: int, count: int) -> None:
    if start + count > source.size_bytes or to + count > target.size_bytes:
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)
    if count <= PIECE_BYTES:
        # memoryview copies as memmove does.
        target.bytes[to : to + count] = source.bytes[start : start + count]
    else:
        copy_in_pieces(target, source, to, start, count)


def copy_in_pieces(target: Memory, source: Memory, to: int, start: int, count: int) -> None:
    """Copies bytes that are known to be in bounds, as memmove does."""
    pieces = range(0, count, PIECE_BYTES)
    for position in reversed(pieces) if target is source and start < to else pieces:
        if requests:
            stop_if_asked()
        size = min(PIECE_BYTES, count - position)
        begin, destination = start + position, to + position
        target.bytes[destination : destination + size] = source.bytes[begin : begin + size]


def memory_init(memory: Memory, segment: DataSegment, to: int, start: int, count: int) -> None:
    content = segment.content
    if start + count > len(content) or to + count > memory.size_bytes:
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)
    if requests:
        stop_if_asked()
    if count <= PIECE_BYTES:
        memory.bytes[to : to + count] = content[start : start + count]
        return
    for position in range(0, count, PIECE_BYTES):
        if requests:
            stop_if_asked()
        part = content[start + position : start + min(position + PIECE_BYTES, count)]
        memory.bytes[to + position : to + position + len(part)] = part


def data_drop(segment: DataSegment) -> None:
    segment.content = b""


def table_get(table: Table, index: int) -> Any:
    elements = table.elements
    if index >= len(elements):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    return elements[index]


def table_set(table: Table, index: int, value: Any) -> None:
    if index >= len(table.elements):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    table.write(index, (value,))


def table_size(table: Table) -> int:
    return len(table.elements)


def table_grow(table: Table, value: Any, count: int) -> int:
    if requests:
        stop_if_asked()
    old = table.extend(count, value)
    return old if old >= 0 else _FAILED[table.type.address_type]


def table_fill(table: Table, start: int, value: Any, count: int) -> None:
    if start + count > len(table.elements):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    table.fill_with(start, value, count)


def table_copy(target: Table, source: Table, to: int, start: int, count: int) -> None:
    if start + count > len(source.elements) or to + count > len(target.elements):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    pieces = range(0, count, PIECE_ITEMS)
    for position in reversed(pieces) if target is source and start < to else pieces:
        if requests:
            stop_if_asked()
        begin = start + position
        target.write(to + position, source.elements[begin : begin + min(PIECE_ITEMS, count - position)])


def table_init(table: Table, segment: ElementSegment, to: int, start: int, count: int) -> None:
    if start + count > len(segment.items) or to + count > len(table.elements):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    for position in range(0, count, PIECE_ITEMS):
        if requests:
            stop_if_asked()
        begin = start + position
        table.write(to + position, segment.items[begin : begin + min(PIECE_ITEMS, count - position)])


def elem_drop(segment: ElementSegment) -> None:
    segment.items = []


# By name, for generated code (see find_helpers.py).
HELPERS = {name: globals()[name] for name in __all__}
