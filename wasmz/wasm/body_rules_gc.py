"""Typing rules of references to functions, structures and arrays (specification 3.4.3-3.4.6).

    struct.get 3 1         [(ref null 3)] -> [type of field 1 of type 3]
    br_on_cast 0 t1 t2     [t* t1] -> [t* t1 without the values of t2], and label 0 takes [t* t2]

Importing this module registers the rules with those of `body_rules`.
"""

from __future__ import annotations

from wasmz.subtyping import default_value_exists, heap_top, is_storage_subtype, is_subtype, without_null
from wasmz.types import ArrayType, DefinedType, FieldType, FuncType, HeapType, PackedType, RefType, StructType, ValType
from wasmz.wasm.body_rules import check_tail_call, rule
from wasmz.wasm.body_state import I32, UNKNOWN, UNKNOWN_REFERENCE, BodyState

_EXTERN, _ANY, _I31 = HeapType.EXTERN, HeapType.ANY, HeapType.I31


def unpacked(field: FieldType) -> ValType:
    """The type of a value that a field holds: i32 for packed ones (specification 2.3.8)."""
    return I32 if isinstance(field.storage, PackedType) else field.storage


def has_default(field: FieldType) -> bool:
    """Whether a field may start as zero or null."""
    return isinstance(field.storage, PackedType) or default_value_exists(field.storage)


def _defined(state: BodyState, index: int) -> DefinedType:
    if index >= len(state.module.types):
        state.fail(f"unknown type {index}")
    return state.module.types[index]


def _function(state: BodyState, index: int) -> tuple[DefinedType, FuncType]:
    defined = _defined(state, index)
    composite = defined.composite
    if not isinstance(composite, FuncType):
        state.fail(f"type mismatch: type {index} is not a function type")
    return defined, composite


def structure(state: BodyState, index: int) -> tuple[DefinedType, tuple[FieldType, ...]]:
    defined = _defined(state, index)
    composite = defined.composite
    if not isinstance(composite, StructType):
        state.fail(f"type mismatch: type {index} is not a structure type")
    return defined, composite.fields


def _array(state: BodyState, index: int, *, mutable: bool = False) -> tuple[DefinedType, FieldType]:
    defined = _defined(state, index)
    composite = defined.composite
    if not isinstance(composite, ArrayType):
        state.fail(f"type mismatch: type {index} is not an array type")
    if mutable and not composite.item.mutable:
        state.fail(f"immutable array: type {index}")
    return defined, composite.item


def pop_reference(state: BodyState) -> ValType:
    """Pops a reference of any type; returns :data:`UNKNOWN_REFERENCE` in unreachable code."""
    found = state.pop_any()
    if found is UNKNOWN:
        return UNKNOWN_REFERENCE
    if not found.is_reference and found is not UNKNOWN_REFERENCE:
        state.fail(f"type mismatch: expected a reference, found {found.name}")
    return found


def _non_null(found: ValType) -> ValType:
    return RefType(found.heap_type, nullable=False, exact=found.exact) if isinstance(found, RefType) else found


# Functions


@rule("call_ref")
def _call_ref(state: BodyState, index: int) -> None:
    defined, func_type = _function(state, index)
    state.pop(RefType(defined))
    state.pop_all(func_type.params)
    state.push_all(func_type.results)


@rule("return_call_ref")
def _return_call_ref(state: BodyState, index: int) -> None:
    defined, func_type = _function(state, index)
    state.pop(RefType(defined))
    check_tail_call(state, func_type)


# References of any kind


@rule("ref.as_non_null")
def _ref_as_non_null(state: BodyState, _: None) -> None:
    state.stack.append(_non_null(pop_reference(state)))


@rule("br_on_null")
def _br_on_null(state: BodyState, label: int) -> None:
    found = pop_reference(state)
    types = state.label(label)
    state.pop_all(types)
    state.stack += types
    state.stack.append(_non_null(found))


@rule("br_on_non_null")
def _br_on_non_null(state: BodyState, label: int) -> None:
    types = state.label(label)
    if not types or not types[-1].is_reference:
        state.fail(f"type mismatch: label {label} takes no reference")
    state.stack.append(_non_null(pop_reference(state)))
    state.pop_all(types)
    state.stack += types[:-1]


@rule("ref.eq")
def _ref_eq(state: BodyState, _: None) -> None:
    state.pop(ValType.EQREF)
    state.pop(ValType.EQREF)
    state.stack.append(I32)


@rule("ref.test", "ref.test_null")
def _ref_test(state: BodyState, target: RefType) -> None:
    state.pop(RefType(heap_top(target.heap_type)))
    state.stack.append(I32)


@rule("ref.cast", "ref.cast_null")
def _ref_cast(state: BodyState, target: RefType) -> None:
    state.pop(RefType(heap_top(target.heap_type)))
    state.stack.append(target)


def _cast_types(state: BodyState, source: RefType, target: RefType) -> None:
    if not is_subtype(target, source):
        state.fail(f"type mismatch: {target.name} is not a subtype of {source.name}")


def branch_label(state: BodyState, label: int, passed: RefType) -> tuple[ValType, ...]:
    types = state.label(label)
    if not types or not is_subtype(passed, types[-1]):
        state.fail(f"type mismatch: label {label} takes no {passed.name}")
    return types[:-1]


@rule("br_on_cast")
def _br_on_cast(state: BodyState, immediate: tuple[int, RefType, RefType]) -> None:
    label, source, target = immediate
    _cast_types(state, source, target)
    rest = branch_label(state, label, target)
    state.pop(source)
    state.pop_all(rest)
    state.stack += rest
    state.stack.append(without_null(source, target))


@rule("br_on_cast_fail")
def _br_on_cast_fail(state: BodyState, immediate: tuple[int, RefType, RefType]) -> None:
    label, source, target = immediate
    _cast_types(state, source, target)
    rest = branch_label(state, label, without_null(source, target))
    state.pop(source)
    state.pop_all(rest)
    state.stack += rest
    state.stack.append(target)


def _convert(state: BodyState, source: HeapType, target: HeapType) -> None:
    found = pop_reference(state)
    if isinstance(found, RefType):
        if not is_subtype(found, RefType(source)):
            state.fail(f"type mismatch: expected {RefType(source).name}, found {found.name}")
        state.stack.append(RefType(target, found.nullable))
    else:
        state.stack.append(RefType(target, nullable=False))


@rule("any.convert_extern")
def _any_convert_extern(state: BodyState, _: None) -> None:
    _convert(state, _EXTERN, _ANY)


@rule("extern.convert_any")
def _extern_convert_any(state: BodyState, _: None) -> None:
    _convert(state, _ANY, _EXTERN)


@rule("ref.i31")
def _ref_i31(state: BodyState, _: None) -> None:
    state.pop(I32)
    state.stack.append(RefType(_I31, nullable=False))


# Structures


@rule("struct.new")
def _struct_new(state: BodyState, index: int) -> None:
    defined, fields = structure(state, index)
    if defined.descriptor is not None:
        state.fail(f"type with descriptor requires descriptor allocation: {index}")
    state.pop_all(tuple(map(unpacked, fields)))
    state.stack.append(RefType(defined, nullable=False, exact=True))


@rule("struct.new_default")
def _struct_new_default(state: BodyState, index: int) -> None:
    defined, fields = structure(state, index)
    if not all(map(has_default, fields)):
        state.fail(f"type mismatch: a field of type {index} has no default value")
    if defined.descriptor is not None:
        state.fail(f"type with descriptor requires descriptor allocation: {index}")
    state.stack.append(RefType(defined, nullable=False, exact=True))


def _field(state: BodyState, immediate: tuple[int, int]) -> tuple[DefinedType, FieldType]:
    defined, fields = structure(state, immediate[0])
    if immediate[1] >= len(fields):
        state.fail(f"unknown field {immediate[1]}")
    return defined, fields[immediate[1]]


def _check_packing(state: BodyState, field: FieldType, is_packed: bool) -> None:
    if isinstance(field.storage, PackedType) is not is_packed:
        state.fail(f"type mismatch: {field.storage!r} is {'not ' if is_packed else ''}packed")


def _get_field(state: BodyState, immediate: tuple[int, int], is_packed: bool) -> None:
    defined, field = _field(state, immediate)
    _check_packing(state, field, is_packed)
    state.pop(RefType(defined))
    state.stack.append(unpacked(field))


@rule("struct.get")
def _struct_get(state: BodyState, immediate: tuple[int, int]) -> None:
    _get_field(state, immediate, False)


@rule("struct.get_s", "struct.get_u")
def _struct_get_packed(state: BodyState, immediate: tuple[int, int]) -> None:
    _get_field(state, immediate, True)


@rule("struct.set")
def _struct_set(state: BodyState, immediate: tuple[int, int]) -> None:
    defined, field = _field(state, immediate)
    if not field.mutable:
        state.fail(f"immutable field {immediate[1]} of type {immediate[0]}")
    state.pop(unpacked(field))
    state.pop(RefType(defined))


# Arrays


@rule("array.new")
def _array_new(state: BodyState, index: int) -> None:
    defined, item = _array(state, index)
    state.pop_all((unpacked(item), I32))
    state.stack.append(RefType(defined, nullable=False, exact=True))


@rule("array.new_default")
def _array_new_default(state: BodyState, index: int) -> None:
    defined, item = _array(state, index)
    if not has_default(item):
        state.fail(f"type mismatch: the items of type {index} have no default value")
    state.pop(I32)
    state.stack.append(RefType(defined, nullable=False, exact=True))


@rule("array.new_fixed")
def _array_new_fixed(state: BodyState, immediate: tuple[int, int]) -> None:
    index, count = immediate
    defined, item = _array(state, index)
    expected = unpacked(item)
    for _ in range(count):
        if state.frames[-1].unreachable and len(state.stack) == state.frames[-1].height:
            # Unreachable code has all further operands, too.
            break
        state.pop(expected)
    state.stack.append(RefType(defined, nullable=False, exact=True))


def _check_bits(state: BodyState, item: FieldType) -> None:
    if isinstance(item.storage, RefType):
        state.fail("array type is not numeric or vector: references cannot be made of data")


@rule("array.new_data")
def _array_new_data(state: BodyState, immediate: tuple[int, int]) -> None:
    defined, item = _array(state, immediate[0])
    _check_bits(state, item)
    state.data_segment(immediate[1])
    state.pop_all((I32, I32))
    state.stack.append(RefType(defined, nullable=False, exact=True))


def _check_element(state: BodyState, item: FieldType, segment: int) -> None:
    found = state.element_type(segment)
    if not isinstance(item.storage, RefType) or not is_subtype(found, item.storage):
        state.fail(f"type mismatch: items are {item.storage!r}, elements are {found.name}")


@rule("array.new_elem")
def _array_new_elem(state: BodyState, immediate: tuple[int, int]) -> None:
    defined, item = _array(state, immediate[0])
    _check_element(state, item, immediate[1])
    state.pop_all((I32, I32))
    state.stack.append(RefType(defined, nullable=False, exact=True))


def _get_item(state: BodyState, index: int, is_packed: bool) -> None:
    defined, item = _array(state, index)
    _check_packing(state, item, is_packed)
    state.pop_all((RefType(defined), I32))
    state.stack.append(unpacked(item))


@rule("array.get")
def _array_get(state: BodyState, index: int) -> None:
    _get_item(state, index, False)


@rule("array.get_s", "array.get_u")
def _array_get_packed(state: BodyState, index: int) -> None:
    _get_item(state, index, True)


@rule("array.set")
def _array_set(state: BodyState, index: int) -> None:
    defined, item = _array(state, index, mutable=True)
    state.pop_all((RefType(defined), I32, unpacked(item)))


@rule("array.len")
def _array_len(state: BodyState, _: None) -> None:
    state.pop(ValType.ARRAYREF)
    state.stack.append(I32)


@rule("array.fill")
def _array_fill(state: BodyState, index: int) -> None:
    defined, item = _array(state, index, mutable=True)
    state.pop_all((RefType(defined), I32, unpacked(item), I32))


@rule("array.copy")
def _array_copy(state: BodyState, immediate: tuple[int, int]) -> None:
    target, item = _array(state, immediate[0], mutable=True)
    source, source_item = _array(state, immediate[1])
    if not is_storage_subtype(source_item.storage, item.storage):
        state.fail(f"array types do not match: {source_item.storage!r} items for {item.storage!r}")
    state.pop_all((RefType(target), I32, RefType(source), I32, I32))


@rule("array.init_data")
def _array_init_data(state: BodyState, immediate: tuple[int, int]) -> None:
    defined, item = _array(state, immediate[0], mutable=True)
    _check_bits(state, item)
    state.data_segment(immediate[1])
    state.pop_all((RefType(defined), I32, I32, I32))


@rule("array.init_elem")
def _array_init_elem(state: BodyState, immediate: tuple[int, int]) -> None:
    defined, item = _array(state, immediate[0], mutable=True)
    _check_element(state, item, immediate[1])
    state.pop_all((RefType(defined), I32, I32, I32))
