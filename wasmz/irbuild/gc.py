"""Builds the IR of instructions on references: typed function references, structures, arrays, casts.

    local.get 0; ref.cast (ref 3); struct.get 3 1       local.get 0; br_on_cast 0 (ref null any) (ref 3)
->                                                  ->
    v0 = local.get 0                                    v0 = local.get 0
    ref.cast (ref 3) v0                                 v1: bool = ref.test (ref 3) v0
    v1 = struct.get (3, 1) v0                           branch v1 b1(v0) b2

A cast is a check without a result: its operand is used instead. Packed fields hold unsigned numbers, which operations
that passes know mask before writes and extend after reads; likewise i31 references. Default values are constants.
"""

from __future__ import annotations

from typing import Any

from wasmz.ir.nodes import BOOL, Block, Edge, Terminator, Value
from wasmz.ir.operations import REMOVABLE
from wasmz.irbuild.builder import _Builder, _builds, _result_type
from wasmz.subtyping import heap_top, is_subtype
from wasmz.types import FieldType, HeapType, PackedType, RefType, StructType, ValType

I32 = ValType.I32
_PACKED_MASKS = {PackedType.I8: 0xFF, PackedType.I16: 0xFFFF}
_EXTENSIONS = {PackedType.I8: "i32.extend8_s", PackedType.I16: "i32.extend16_s"}
_I31_MASK, _I31_SIGN = 0x7FFF_FFFF, 0x4000_0000

# Structures with more fields get their default values from the runtime.
MOST_DEFAULTS = 16
# A null check is recognised up to this many values back.
_FARTHEST_CHECK = 8

# Types whose references are compared by identity: none of them can be an i31.
_OBJECTS = (ValType.STRUCTREF, ValType.ARRAYREF)


# Functions


@_builds("call_ref")
def _call_ref(builder: _Builder, index: int, offset: int) -> None:
    called = builder.signatures.function_type(index)
    call = builder.add("call_ref", _result_type(called), builder.pop(len(called.params) + 1), index, offset)
    builder.push_results(call, called.results, offset)


@_builds("return_call_ref")
def _return_call_ref(builder: _Builder, index: int, offset: int) -> None:
    args = builder.pop(len(builder.signatures.function_type(index).params) + 1)
    builder.finish(Terminator("return_call_ref", args, imm=index, offset=offset))


# Null and casts


@_builds("ref.as_non_null")
def _ref_as_non_null(builder: _Builder, imm: None, offset: int) -> None:
    check_null(builder, builder.stack[-1], "null reference", offset)


def check_null(builder: _Builder, reference: Value, message: str, offset: int) -> None:
    if not isinstance(reference.type, RefType) or reference.type.nullable:
        builder.add("ref.as_non_null", None, (reference,), message, offset)


def _use(builder: _Builder, reference: Value) -> None:
    """Removes a null check right before an operation that itself traps on null."""
    body = builder.body
    for position in range(len(body) - 1, max(len(body) - _FARTHEST_CHECK, 0) - 1, -1):
        value = body[position]
        if value.op == "ref.as_non_null" and value.args[0] is reference:
            del body[position]
            return
        if value.op not in REMOVABLE:
            return


def branch(builder: _Builder, condition: Value, taken: Edge, offset: int) -> None:
    """Branches along the edge if the condition is true; otherwise control goes on here."""
    following = Block()
    builder.finish(Terminator("branch", (condition,), (taken, Edge(following)), offset=offset))
    builder.enter(following)


def branch_unless(builder: _Builder, condition: Value, taken: Edge, offset: int) -> None:
    following = Block()
    builder.finish(Terminator("branch", (condition,), (Edge(following), taken), offset=offset))
    builder.enter(following)


@_builds("br_on_null")
def _br_on_null(builder: _Builder, depth: int, offset: int) -> None:
    reference = builder.stack.pop()
    is_null = builder.add("ref.is_null", BOOL, (reference,), None, offset)
    branch(builder, is_null, builder.edge_to(depth, offset), offset)
    builder.stack.append(reference)


@_builds("br_on_non_null")
def _br_on_non_null(builder: _Builder, depth: int, offset: int) -> None:
    is_null = builder.add("ref.is_null", BOOL, (builder.stack[-1],), None, offset)
    branch_unless(builder, is_null, builder.edge_to(depth, offset), offset)
    builder.stack.pop()


@_builds("br_on_cast")
def _br_on_cast(builder: _Builder, imm: tuple[int, RefType, RefType], offset: int) -> None:
    depth, _, target = imm
    fits = builder.add("ref.test", BOOL, (builder.stack[-1],), target, offset)
    branch(builder, fits, builder.edge_to(depth, offset), offset)


@_builds("br_on_cast_fail")
def _br_on_cast_fail(builder: _Builder, imm: tuple[int, RefType, RefType], offset: int) -> None:
    depth, _, target = imm
    fits = builder.add("ref.test", BOOL, (builder.stack[-1],), target, offset)
    branch_unless(builder, fits, builder.edge_to(depth, offset), offset)


@_builds("ref.test", "ref.test_null")
def _ref_test(builder: _Builder, target: RefType, offset: int) -> None:
    builder.push("ref.test", I32, builder.pop(1), target, offset)


@_builds("ref.cast", "ref.cast_null")
def _ref_cast(builder: _Builder, target: RefType, offset: int) -> None:
    reference = builder.stack[-1]
    if not isinstance(reference.type, RefType) or not is_subtype(reference.type, target):
        builder.add("ref.cast", None, (reference,), target, offset)


@_builds("ref.eq")
def _ref_eq(builder: _Builder, imm: None, offset: int) -> None:
    args = builder.pop(2)
    by_identity = any(isinstance(arg.type, RefType) and any(is_subtype(arg.type, o) for o in _OBJECTS) for arg in args)
    builder.push("ref.eq", I32, args, by_identity, offset)


@_builds("any.convert_extern", "extern.convert_any")
def _convert(builder: _Builder, imm: None, offset: int) -> None:
    (reference,) = builder.pop(1)
    is_outward = isinstance(reference.type, RefType) and heap_top(reference.type.heap_type) is HeapType.ANY
    name, kind = ("extern.convert_any", HeapType.EXTERN) if is_outward else ("any.convert_extern", HeapType.ANY)
    nullable = not isinstance(reference.type, RefType) or reference.type.nullable
    builder.push(name, RefType(kind, nullable), (reference,), None, offset)


# i31


@_builds("ref.i31")
def _ref_i31(builder: _Builder, imm: None, offset: int) -> None:
    (number,) = builder.pop(1)
    cut = builder.add("i32.and", I32, (number, _number(builder, _I31_MASK, offset)), None, offset)
    builder.push("ref.i31", RefType(HeapType.I31, nullable=False), (cut,), None, offset)


@_builds("i31.get_u")
def _i31_get_u(builder: _Builder, imm: None, offset: int) -> None:
    (reference,) = builder.pop(1)
    check_null(builder, reference, "null i31 reference", offset)
    builder.push("i31.get_u", I32, (reference,), None, offset)


@_builds("i31.get_s")
def _i31_get_s(builder: _Builder, imm: None, offset: int) -> None:
    _i31_get_u(builder, None, offset)
    (number,) = builder.pop(1)
    sign = _number(builder, _I31_SIGN, offset)
    flipped = builder.add("i32.xor", I32, (number, sign), None, offset)
    builder.push("i32.sub", I32, (flipped, sign), None, offset)


def _number(builder: _Builder, number: int, offset: int) -> Value:
    return builder.add("i32.const", I32, (), number, offset)


# Structures and arrays


def default_of(builder: _Builder, field: FieldType, offset: int) -> Value:
    storage = field.storage
    if isinstance(storage, RefType):
        return builder.add("ref.null", storage, (), None, offset)
    type = I32 if isinstance(storage, PackedType) else storage
    return builder.add(f"{type}.const", type, (), 0, offset)


def packed_form(builder: _Builder, field: FieldType, value: Value, offset: int) -> Value:
    """The value in the form that the field holds."""
    if not isinstance(field.storage, PackedType):
        return value
    mask = _number(builder, _PACKED_MASKS[field.storage], offset)
    return builder.add("i32.and", I32, (value, mask), None, offset)


def _push_field(
    builder: _Builder, op: str, field: FieldType, args: tuple[Value, ...], imm: Any, offset: int, *, signed: bool
) -> None:
    storage = field.storage
    if not isinstance(storage, PackedType):
        builder.push(op, storage, args, imm, offset)
        return
    packed = builder.add(f"{op}.{storage.value}", I32, args, imm, offset)
    if signed:
        builder.push(_EXTENSIONS[storage], I32, (packed,), None, offset)
    else:
        builder.stack.append(packed)


def fields_of(builder: _Builder, index: int) -> tuple[FieldType, ...]:
    composite = builder.signatures.types[index].composite
    return composite.fields if isinstance(composite, StructType) else ()


def _item(builder: _Builder, index: int) -> FieldType:
    composite = builder.signatures.types[index].composite
    return composite.item  # type: ignore[union-attr]


def reference_to(builder: _Builder, index: int) -> RefType:
    return RefType(builder.signatures.types[index], nullable=False)


@_builds("struct.new")
def _struct_new(builder: _Builder, index: int, offset: int) -> None:
    fields = fields_of(builder, index)
    args = builder.pop(len(fields))
    packed = tuple(packed_form(builder, field, arg, offset) for field, arg in zip(fields, args, strict=True))
    builder.push("struct.new", reference_to(builder, index), packed, index, offset)


@_builds("struct.new_default")
def _struct_new_default(builder: _Builder, index: int, offset: int) -> None:
    fields = fields_of(builder, index)
    if len(fields) > MOST_DEFAULTS:
        # Limited, because three bytes of a module must not become thousands of values.
        builder.push("struct.new_default", reference_to(builder, index), (), index, offset)
        return
    args = tuple(default_of(builder, field, offset) for field in fields)
    builder.push("struct.new", reference_to(builder, index), args, index, offset)


def _struct_get(signed: bool) -> Any:
    def handler(builder: _Builder, imm: tuple[int, int], offset: int) -> None:
        field = fields_of(builder, imm[0])[imm[1]]
        _use(builder, builder.stack[-1])
        _push_field(builder, "struct.get", field, builder.pop(1), imm, offset, signed=signed)

    return handler


_builds("struct.get", "struct.get_u")(_struct_get(False))
_builds("struct.get_s")(_struct_get(True))


@_builds("struct.set")
def _struct_set(builder: _Builder, imm: tuple[int, int], offset: int) -> None:
    reference, value = builder.pop(2)
    _use(builder, reference)
    packed = packed_form(builder, fields_of(builder, imm[0])[imm[1]], value, offset)
    builder.add("struct.set", None, (reference, packed), imm, offset)


@_builds("array.new")
def _array_new(builder: _Builder, index: int, offset: int) -> None:
    value, count = builder.pop(2)
    packed = packed_form(builder, _item(builder, index), value, offset)
    builder.push("array.new", reference_to(builder, index), (packed, count), index, offset)


@_builds("array.new_fixed")
def _array_new_fixed(builder: _Builder, imm: tuple[int, int], offset: int) -> None:
    index, count = imm
    item = _item(builder, index)
    args = tuple(packed_form(builder, item, arg, offset) for arg in builder.pop(count))
    builder.push("array.new_fixed", reference_to(builder, index), args, index, offset)


def _makes_array(name: str, operand_count: int) -> None:
    def handler(builder: _Builder, imm: Any, offset: int) -> None:
        index = imm[0] if isinstance(imm, tuple) else imm
        builder.push(name, reference_to(builder, index), builder.pop(operand_count), imm, offset)

    _builds(name)(handler)


_makes_array("array.new_default", 1)
_makes_array("array.new_data", 2)
_makes_array("array.new_elem", 2)


def _array_get(signed: bool) -> Any:
    def handler(builder: _Builder, index: int, offset: int) -> None:
        _use(builder, builder.stack[-2])
        _push_field(builder, "array.get", _item(builder, index), builder.pop(2), index, offset, signed=signed)

    return handler


_builds("array.get", "array.get_u")(_array_get(False))
_builds("array.get_s")(_array_get(True))


@_builds("array.set")
def _array_set(builder: _Builder, index: int, offset: int) -> None:
    array, position, value = builder.pop(3)
    _use(builder, array)
    packed = packed_form(builder, _item(builder, index), value, offset)
    builder.add("array.set", None, (array, position, packed), index, offset)


@_builds("array.len")
def _array_len(builder: _Builder, imm: None, offset: int) -> None:
    _use(builder, builder.stack[-1])
    builder.push("array.len", I32, builder.pop(1), None, offset)


@_builds("array.fill")
def _array_fill(builder: _Builder, index: int, offset: int) -> None:
    array, position, value, count = builder.pop(4)
    packed = packed_form(builder, _item(builder, index), value, offset)
    builder.add("array.fill", None, (array, position, packed, count), index, offset)


def _changes_array(name: str, operand_count: int) -> None:
    def handler(builder: _Builder, imm: Any, offset: int) -> None:
        builder.add(name, None, builder.pop(operand_count), imm, offset)

    _builds(name)(handler)


_changes_array("array.copy", 5)
_changes_array("array.init_data", 4)
_changes_array("array.init_elem", 4)
