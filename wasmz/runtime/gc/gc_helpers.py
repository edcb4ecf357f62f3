"""Functions for references that generated code calls, under the name ``gc_<name>`` (docs/abi.md, "References").

    gc_array_new(new3, 0, 10)         -> an array of type 3 with ten zeros
    gc_array_copy(a, 0, b, 2, 5)      items 2-6 of b to a, which may be the same array
    gc_any_convert_extern(5)          -> a HostRef: the host's ints are not i31 references

Numbers are unsigned; everything is checked before anything is written (specification 4.6.8). Large operations are done
in pieces; they can be stopped in between (``checkpoints.py``). Functions that make objects get a type's class, or an
allocator that counts its objects (``heap.py``).
"""

from __future__ import annotations

import sys
from array import array

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap
from wasmz.runtime.calls.func import Func
from wasmz.runtime.gc.any_references import any_of_host, host_of_any
from wasmz.runtime.gc.objects import (
    ArrayRef,
    StructRef,
    array_item,
    array_of,
    new_array,
    repeated,
    reserve_array,
    struct_fields,
    zero_of,
)
from wasmz.runtime.gc.references import HostRef
from wasmz.runtime.limits.checkpoints import PIECE_ITEMS, requests, stop_if_asked
from wasmz.runtime.memory.memory_helpers import DataSegment, ElementSegment
from wasmz.runtime.numeric.floats import f32_from_bits
from wasmz.subtyping import is_heap_subtype
from wasmz.types import DefinedType, PackedType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = [
    "ArrayRef",
    "StructRef",
    "any_convert_extern",
    "array_copy",
    "array_fill",
    "array_init_data",
    "array_init_elem",
    "array_new",
    "array_new_data",
    "array_new_default",
    "array_new_elem",
    "array_new_fixed",
    "cast_descriptor",
    "cast_descriptor_or_null",
    "extern_convert_any",
    "has_descriptor",
    "has_descriptor_or_is_null",
    "is_eq",
    "is_exact_function",
    "is_function",
    "struct_new_default",
    "trap_cast",
    "trap_null",
]

__wasmz_frame__ = "helper"

any_convert_extern = any_of_host
extern_convert_any = host_of_any
array_new = new_array
array_new_fixed = array_of


def is_eq(reference: Any) -> bool:
    """Whether the reference is a structure, an array or an i31."""
    return reference is not None and reference.__class__ is not HostRef


def is_function(reference: Any, type: DefinedType) -> bool:
    """Whether the reference is a function of the type."""
    return reference.__class__ is Func and is_heap_subtype(reference.defined_type, type)


def is_exact_function(reference: Any, type: DefinedType) -> bool:
    """Whether the reference is a function of exactly this type, not of a subtype."""
    return reference.__class__ is Func and reference.defined_type is type


def has_descriptor(reference: Any, descriptor: Any) -> bool:
    """Whether the reference has this descriptor. A null descriptor traps (proposal "custom descriptors")."""
    if descriptor is None:
        raise Trap(TrapCode.NULL_REFERENCE, "null descriptor reference")
    return (
        isinstance(reference, StructRef)
        and reference.wasm_type.descriptor is not None
        and reference.descriptor is descriptor
    )


def has_descriptor_or_is_null(reference: Any, descriptor: Any) -> bool:
    """Like :func:`has_descriptor`, for casts that null passes."""
    return has_descriptor(reference, descriptor) or reference is None


def cast_descriptor(reference: Any, descriptor: Any) -> None:
    """Traps unless the reference has this descriptor."""
    if not has_descriptor(reference, descriptor):
        raise Trap(TrapCode.CAST_FAILURE, "descriptor cast failure")


def cast_descriptor_or_null(reference: Any, descriptor: Any) -> None:
    """Like :func:`cast_descriptor`, for casts that null passes."""
    if not has_descriptor(reference, descriptor) and reference is not None:
        raise Trap(TrapCode.CAST_FAILURE, "descriptor cast failure")


def trap_cast() -> NoReturn:
    raise Trap(TrapCode.CAST_FAILURE)


def trap_null(message: str) -> NoReturn:
    raise Trap(TrapCode.NULL_REFERENCE, message)


def _items(reference: Any) -> Any:
    if reference is None:
        raise Trap(TrapCode.NULL_REFERENCE, "null array reference")
    return reference.items


def struct_new_default(made_class: Any) -> Any:
    made = made_class()
    for number, field in enumerate(struct_fields(made_class.wasm_type)):
        setattr(made, f"field{number}", zero_of(field))
    return made


def array_new_default(made_class: Any, count: int) -> Any:
    return new_array(made_class, made_class.default, count)


def array_fill(reference: Any, start: int, value: Any, count: int) -> None:
    items = _items(reference)
    if start + count > len(items):
        raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS)
    kind = reference.kind
    if count <= PIECE_ITEMS:
        items[start : start + count] = repeated(kind, value, count)
        return
    block = repeated(kind, value, PIECE_ITEMS)
    for position in range(start, start + count, PIECE_ITEMS):
        if requests:
            stop_if_asked()
        items[position : position + PIECE_ITEMS] = block[: start + count - position]


def array_copy(target: Any, to: int, source: Any, start: int, count: int) -> None:
    written, read = _items(target), _items(source)
    if to + count > len(written) or start + count > len(read):
        raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS)
    if count <= PIECE_ITEMS:
        written[to : to + count] = read[start : start + count]
        return
    pieces = range(0, count, PIECE_ITEMS)
    for position in reversed(pieces) if target is source and start < to else pieces:
        if requests:
            stop_if_asked()
        size = min(PIECE_ITEMS, count - position)
        begin, destination = start + position, to + position
        written[destination : destination + size] = read[begin : begin + size]


def array_new_data(made_class: Any, segment: DataSegment, start: int, count: int) -> Any:
    width = _width(made_class)
    _check_data(segment, start, count * width)
    made = reserve_array(made_class, count)
    made.items = items = _read_data(made_class, segment, start, min(count, PIECE_ITEMS))
    for position in range(PIECE_ITEMS, count, PIECE_ITEMS):
        if requests:
            stop_if_asked()
        items += _read_data(made_class, segment, start + position * width, min(PIECE_ITEMS, count - position))
    return made


def array_new_elem(made_class: Any, segment: ElementSegment, start: int, count: int) -> Any:
    if start + count > len(segment.items):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    made = reserve_array(made_class, count)
    made.items = segment.items[start : start + count]
    return made


def array_init_data(segment: DataSegment, reference: Any, to: int, start: int, count: int) -> None:
    items = _items(reference)
    if to + count > len(items):
        raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS)
    made_class = reference.__class__
    width = _width(made_class)
    _check_data(segment, start, count * width)
    for position in range(0, count, PIECE_ITEMS):
        if requests:
            stop_if_asked()
        size = min(PIECE_ITEMS, count - position)
        items[to + position : to + position + size] = _read_data(made_class, segment, start + position * width, size)


def array_init_elem(segment: ElementSegment, reference: Any, to: int, start: int, count: int) -> None:
    items = _items(reference)
    if to + count > len(items):
        raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS)
    if start + count > len(segment.items):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    if requests:
        stop_if_asked()
    items[to : to + count] = segment.items[start : start + count]


def _width(made_class: Any) -> int:
    """How many bytes of a segment make an item."""
    return _WIDTHS.get(array_item(made_class.wasm_type).storage, 8)


def _check_data(segment: DataSegment, start: int, size: int) -> None:
    if start + size > len(segment.content):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)


_WIDTHS = {PackedType.I8: 1, PackedType.I16: 2, ValType.I32: 4, ValType.F32: 4, ValType.V128: 16}


def _read_data(made_class: Any, segment: DataSegment, start: int, count: int) -> Any:
    """Reads ``count`` little-endian items from a segment, in the form that arrays hold."""
    storage = array_item(made_class.wasm_type).storage
    width = _width(made_class)
    data = segment.content[start : start + count * width]
    kind = made_class.kind
    if kind == "bytes":
        return bytearray(data)
    if storage is ValType.F32:
        return array("d", [f32_from_bits(int.from_bytes(data[at : at + 4], "little")) for at in range(0, len(data), 4)])
    if kind == "list":
        return [int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width)]
    made = array(kind, data)
    if sys.byteorder == "big":
        made.byteswap()
    return made


# By name, for generated code (see find_helpers.py).
HELPERS = {f"gc_{name}": globals()[name] for name in __all__}
