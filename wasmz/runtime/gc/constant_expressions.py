"""Constant instructions that make heap objects (specification 3.3.16); they use the stack of `Instance._evaluate`.

stack [1, 2.5], struct.new 3        -> stack [<struct 0=1 1=2.5>]
"""

from __future__ import annotations

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap
from wasmz.runtime.gc.any_references import any_of_host, host_of_any
from wasmz.runtime.gc.objects import array_item, array_of, new_array, struct_fields, zero_of
from wasmz.types import FieldType, PackedType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from wasmz.runtime.link.loader import Binder

_MASKS = {PackedType.I8: 0xFF, PackedType.I16: 0xFFFF}


def evaluate(name: str, immediate: Any, binder: Binder, stack: list[Any]) -> None:
    """Executes one instruction that validation accepted as constant."""
    _INSTRUCTIONS[name](immediate, binder, stack)


def _held(field: FieldType, value: Any) -> Any:
    return value & _MASKS[field.storage] if isinstance(field.storage, PackedType) else value


def _pop(stack: list[Any], count: int) -> list[Any]:
    taken = stack[len(stack) - count :]
    del stack[len(stack) - count :]
    return taken


def _make_structure(binder: Binder, index: int, values: Sequence[Any]) -> Any:
    made = binder.maker(index)()
    fields = struct_fields(binder.image.types[index])
    for number, (field, value) in enumerate(zip(fields, values, strict=True)):
        setattr(made, f"field{number}", _held(field, value))
    return made


def _struct_new(index: int, binder: Binder, stack: list[Any]) -> None:
    stack.append(_make_structure(binder, index, _pop(stack, len(struct_fields(binder.image.types[index])))))


def _struct_new_default(index: int, binder: Binder, stack: list[Any]) -> None:
    stack.append(_make_structure(binder, index, [zero_of(field) for field in struct_fields(binder.image.types[index])]))


def _struct_new_desc(index: int, binder: Binder, stack: list[Any]) -> None:
    descriptor = _descriptor(stack)
    _struct_new(index, binder, stack)
    stack[-1].descriptor = descriptor


def _struct_new_default_desc(index: int, binder: Binder, stack: list[Any]) -> None:
    descriptor = _descriptor(stack)
    _struct_new_default(index, binder, stack)
    stack[-1].descriptor = descriptor


def _descriptor(stack: list[Any]) -> Any:
    descriptor = stack.pop()
    if descriptor is None:
        raise Trap(TrapCode.NULL_REFERENCE, "null descriptor reference")
    return descriptor


def _array_new(index: int, binder: Binder, stack: list[Any]) -> None:
    value, count = _pop(stack, 2)
    stack.append(new_array(binder.maker(index), _held(array_item(binder.image.types[index]), value), count))


def _array_new_default(index: int, binder: Binder, stack: list[Any]) -> None:
    stack.append(new_array(binder.maker(index), zero_of(array_item(binder.image.types[index])), stack.pop()))


def _array_new_fixed(immediate: tuple[int, int], binder: Binder, stack: list[Any]) -> None:
    index, count = immediate
    item = array_item(binder.image.types[index])
    stack.append(array_of(binder.maker(index), [_held(item, value) for value in _pop(stack, count)]))


def _ref_i31(immediate: None, binder: Binder, stack: list[Any]) -> None:
    stack.append(stack.pop() & 0x7FFF_FFFF)


def _any_convert_extern(immediate: None, binder: Binder, stack: list[Any]) -> None:
    stack.append(any_of_host(stack.pop()))


def _extern_convert_any(immediate: None, binder: Binder, stack: list[Any]) -> None:
    stack.append(host_of_any(stack.pop()))


_INSTRUCTIONS: dict[str, Callable[[Any, Binder, list[Any]], None]] = {
    "struct.new": _struct_new,
    "struct.new_default": _struct_new_default,
    "struct.new_desc": _struct_new_desc,
    "struct.new_default_desc": _struct_new_default_desc,
    "array.new": _array_new,
    "array.new_default": _array_new_default,
    "array.new_fixed": _array_new_fixed,
    "ref.i31": _ref_i31,
    "any.convert_extern": _any_convert_extern,
    "extern.convert_any": _extern_convert_any,
}
