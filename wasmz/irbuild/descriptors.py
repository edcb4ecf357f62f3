"""Builds the IR of descriptors (proposal "custom descriptors").

    local.get 0; local.get 1; ref.cast_desc_eq (ref 3)    ->    v0 = local.get 0
                                                                v1 = local.get 1
                                                                ref.cast_descriptor False v0 v1

As with other casts, the result of a cast is its operand.
"""

from __future__ import annotations

from wasmz.ir.nodes import BOOL, Value
from wasmz.irbuild.builder import _Builder, _builds
from wasmz.irbuild.gc import MOST_DEFAULTS as _MOST_DEFAULTS
from wasmz.irbuild.gc import branch, branch_unless, check_null, default_of, fields_of, packed_form, reference_to
from wasmz.types import RefType

_NULL_DESCRIPTOR = "null descriptor reference"


@_builds("struct.new_desc")
def _struct_new_desc(builder: _Builder, index: int, offset: int) -> None:
    fields = fields_of(builder, index)
    *args, descriptor = builder.pop(len(fields) + 1)
    check_null(builder, descriptor, _NULL_DESCRIPTOR, offset)
    packed = tuple(packed_form(builder, field, arg, offset) for field, arg in zip(fields, args, strict=True))
    builder.push("struct.new_desc", reference_to(builder, index), (*packed, descriptor), index, offset)


@_builds("struct.new_default_desc")
def _struct_new_default_desc(builder: _Builder, index: int, offset: int) -> None:
    fields = fields_of(builder, index)
    (descriptor,) = builder.pop(1)
    check_null(builder, descriptor, _NULL_DESCRIPTOR, offset)
    if len(fields) > _MOST_DEFAULTS:
        builder.push("struct.new_default_desc", reference_to(builder, index), (descriptor,), index, offset)
        return
    args = tuple(default_of(builder, field, offset) for field in fields)
    builder.push("struct.new_desc", reference_to(builder, index), (*args, descriptor), index, offset)


@_builds("ref.get_desc")
def _ref_get_desc(builder: _Builder, index: int, offset: int) -> None:
    descriptor = builder.signatures.types[index].descriptor
    builder.push("ref.get_desc", RefType(descriptor, nullable=False), builder.pop(1), index, offset)  # type: ignore[arg-type]


@_builds("ref.cast_desc_eq", "ref.cast_desc_eq_null")
def _ref_cast_desc_eq(builder: _Builder, target: RefType, offset: int) -> None:
    (descriptor,) = builder.pop(1)
    builder.add("ref.cast_descriptor", None, (builder.stack[-1], descriptor), target.nullable, offset)


def _has_descriptor(builder: _Builder, target: RefType, offset: int) -> Value:
    (descriptor,) = builder.pop(1)
    return builder.add("ref.has_descriptor", BOOL, (builder.stack[-1], descriptor), target.nullable, offset)


@_builds("br_on_cast_desc_eq")
def _br_on_cast_desc_eq(builder: _Builder, imm: tuple[int, RefType, RefType], offset: int) -> None:
    depth, _, target = imm
    fits = _has_descriptor(builder, target, offset)
    branch(builder, fits, builder.edge_to(depth, offset), offset)


@_builds("br_on_cast_desc_eq_fail")
def _br_on_cast_desc_eq_fail(builder: _Builder, imm: tuple[int, RefType, RefType], offset: int) -> None:
    depth, _, target = imm
    fits = _has_descriptor(builder, target, offset)
    branch_unless(builder, fits, builder.edge_to(depth, offset), offset)
