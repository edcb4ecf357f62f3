"""What generated code calls for memories, tables and segments (docs/abi.md, "Operations").

    memory_grow(m, 1)               -> old size in pages, or 0xFFFFFFFF
    memory_copy(m, m, 8, 0, 4)      bytes 0-3 to 8-11, also where they overlap
    table_init(t, segment, 0, 1, 2) elements 1-2 of a segment to the table's start

Numbers are unsigned. Everything is checked before anything is written (specification 4.6.7-4.6.14).
"""

from __future__ import annotations

from wasmz.errors import Trap, TrapCode
from wasmz.runtime.memory import Memory
from wasmz.runtime.table import Table
from wasmz.runtime.traps import trap_out_of_fuel, trap_unreachable
from wasmz.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

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
    "trap_out_of_fuel",
    "trap_unreachable",
]

__wasmz_frame__ = "helper"

# -1, the answer when growing is impossible, in the unsigned form of the address type.
_FAILED = {ValType.I32: 0xFFFF_FFFF, ValType.I64: 0xFFFF_FFFF_FFFF_FFFF}

# A fill writes at most this many bytes at once: the source of a copy is as long.
_FILL_BYTES: Final = 1 << 20


class DataSegment:
    """A data segment of an instance; empty once dropped."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    def drop(self) -> None:
        """Frees the bytes; from then on the segment is empty."""
        self.content = b""


class ElementSegment:
    """An element segment of an instance, its expressions evaluated; empty once dropped."""

    __slots__ = ("items",)

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def drop(self) -> None:
        """Forgets the references; from then on the segment is empty."""
        self.items = []


def memory_size(memory: Memory) -> int:
    return memory.size_pages


def memory_grow(memory: Memory, pages: int) -> int:
    old = memory.grow(pages)
    return old if old >= 0 else _FAILED[memory.type.address_type]


def memory_fill(memory: Memory, start: int, value: int, count: int) -> None:
    end = start + count
    if end > memory.size_bytes:
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)
    target = memory.bytes
    byte = bytes((value & 0xFF,))
    if count <= _FILL_BYTES:
        target[start:end] = byte * count
        return
    block = byte * _FILL_BYTES
    whole = end - count % _FILL_BYTES
    for position in range(start, whole, _FILL_BYTES):
        target[position : position + _FILL_BYTES] = block
    target[whole:end] = block[: end - whole]


def memory_copy(target: Memory, source: Memory, to: int, start: int, count: int) -> None:
    if start + count > source.size_bytes or to + count > target.size_bytes:
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)
    # memoryview copies as memmove does.
    target.bytes[to : to + count] = source.bytes[start : start + count]


def memory_init(memory: Memory, segment: DataSegment, to: int, start: int, count: int) -> None:
    content = segment.content
    if start + count > len(content) or to + count > memory.size_bytes:
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)
    memory.bytes[to : to + count] = content[start : start + count]


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
    old = table.extend(count, value)
    return old if old >= 0 else _FAILED[table.type.address_type]


def table_fill(table: Table, start: int, value: Any, count: int) -> None:
    if start + count > len(table.elements):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    if count:
        table.write(start, [value] * count)


def table_copy(target: Table, source: Table, to: int, start: int, count: int) -> None:
    if start + count > len(source.elements) or to + count > len(target.elements):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    if count:
        target.write(to, source.elements[start : start + count])


def table_init(table: Table, segment: ElementSegment, to: int, start: int, count: int) -> None:
    if start + count > len(segment.items) or to + count > len(table.elements):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    if count:
        table.write(to, segment.items[start : start + count])


def elem_drop(segment: ElementSegment) -> None:
    segment.items = []


# By name, for generated code (see helpers.py).
HELPERS = {name: globals()[name] for name in __all__}
