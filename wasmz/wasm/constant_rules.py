"""Typing rules of the constant instructions that make heap objects (specification 3.3.16).

    struct.new 3 after (i32, f64)         -> [(ref 3)]
    ref.i31                               [i32] -> [(ref i31)]

A rule returns the operand types and the result type, or raises ``InvalidWasm``.
"""

from __future__ import annotations

from wasmz.errors import InvalidWasm
from wasmz.types import ArrayType, DefinedType, FieldType, HeapType, RefType, StructType, ValType
from wasmz.wasm.body_rules_gc import has_default, unpacked
from wasmz.wasm.instructions import BY_NAME
from wasmz.wasm.syntax import WasmModule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, NoReturn

# A rule's result: the types of the operands, and of the result.
_Typing = tuple[tuple[ValType, ...], ValType]

if TYPE_CHECKING:
    # (module, immediate, operand types so far, offset) -> the instruction's types.
    ConstantRule = Callable[[WasmModule, Any, list[ValType], int], _Typing]


def _fail(reason: str, offset: int) -> NoReturn:
    raise InvalidWasm(reason, offset=offset)


def _defined(module: WasmModule, index: int, offset: int) -> DefinedType:
    if index >= len(module.types):
        _fail(f"unknown type {index}", offset)
    return module.types[index]


def _fields(module: WasmModule, index: int, offset: int) -> tuple[FieldType, ...]:
    composite = _defined(module, index, offset).composite
    if not isinstance(composite, StructType):
        _fail(f"type mismatch: type {index} is not a structure type", offset)
    return composite.fields


def _item(module: WasmModule, index: int, offset: int) -> FieldType:
    composite = _defined(module, index, offset).composite
    if not isinstance(composite, ArrayType):
        _fail(f"type mismatch: type {index} is not an array type", offset)
    return composite.item


def _reference(module: WasmModule, index: int) -> ValType:
    return RefType(module.types[index], nullable=False, exact=True)


def _struct_new(module: WasmModule, index: Any, stack: list[ValType], offset: int) -> _Typing:
    fields = _fields(module, index, offset)
    _refuse_descriptor(module, index, offset)
    return tuple(map(unpacked, fields)), _reference(module, index)


def _struct_new_default(module: WasmModule, index: Any, stack: list[ValType], offset: int) -> _Typing:
    if not all(map(has_default, _fields(module, index, offset))):
        _fail(f"type mismatch: a field of type {index} has no default value", offset)
    _refuse_descriptor(module, index, offset)
    return (), _reference(module, index)


def _refuse_descriptor(module: WasmModule, index: int, offset: int) -> None:
    if module.types[index].descriptor is not None:
        _fail(f"type with descriptor requires descriptor allocation: {index}", offset)


def _descriptor(module: WasmModule, index: int, offset: int) -> ValType:
    descriptor = module.types[index].descriptor
    if descriptor is None:
        _fail(f"type without descriptor requires non-descriptor allocation: {index}", offset)
    return RefType(descriptor, exact=True)


def _struct_new_desc(module: WasmModule, index: Any, stack: list[ValType], offset: int) -> _Typing:
    fields = _fields(module, index, offset)
    return (*map(unpacked, fields), _descriptor(module, index, offset)), _reference(module, index)


def _struct_new_default_desc(module: WasmModule, index: Any, stack: list[ValType], offset: int) -> _Typing:
    if not all(map(has_default, _fields(module, index, offset))):
        _fail(f"type mismatch: a field of type {index} has no default value", offset)
    return (_descriptor(module, index, offset),), _reference(module, index)


def _array_new(module: WasmModule, index: Any, stack: list[ValType], offset: int) -> _Typing:
    return (unpacked(_item(module, index, offset)), ValType.I32), _reference(module, index)


def _array_new_default(module: WasmModule, index: Any, stack: list[ValType], offset: int) -> _Typing:
    if not has_default(_item(module, index, offset)):
        _fail(f"type mismatch: the items of type {index} have no default value", offset)
    return (ValType.I32,), _reference(module, index)


def _array_new_fixed(module: WasmModule, immediate: Any, stack: list[ValType], offset: int) -> _Typing:
    index, count = immediate
    item = unpacked(_item(module, index, offset))
    if count > len(stack):
        _fail(f"type mismatch: expected {count} operands, found {len(stack)}", offset)
    return (item,) * count, _reference(module, index)


def _ref_i31(module: WasmModule, immediate: Any, stack: list[ValType], offset: int) -> _Typing:
    return (ValType.I32,), RefType(HeapType.I31, nullable=False)


def _conversion(source: HeapType, target: HeapType) -> ConstantRule:
    def convert(module: WasmModule, immediate: Any, stack: list[ValType], offset: int) -> _Typing:
        found = stack[-1] if stack else None
        nullable = not isinstance(found, RefType) or found.nullable
        return (RefType(source, nullable),), RefType(target, nullable)

    return convert


_RULES: Final[dict[str, ConstantRule]] = {
    "struct.new": _struct_new,
    "struct.new_default": _struct_new_default,
    "struct.new_desc": _struct_new_desc,
    "struct.new_default_desc": _struct_new_default_desc,
    "array.new": _array_new,
    "array.new_default": _array_new_default,
    "array.new_fixed": _array_new_fixed,
    "ref.i31": _ref_i31,
    "any.convert_extern": _conversion(HeapType.EXTERN, HeapType.ANY),
    "extern.convert_any": _conversion(HeapType.ANY, HeapType.EXTERN),
}
CONSTANT_RULES: Final = {BY_NAME[name].opcode: rule for name, rule in _RULES.items()}
