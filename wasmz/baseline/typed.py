"""Completes templates for a module: instructions whose types depend on it, vector constants, lanes.

    describe(module, 0xFB0002, 3, 1)     struct.get 3 1: from (ref null 3) to the field's type, with its code

The code comes from recorded templates (`recording_typed.py`), unless it is a constant.
"""

from __future__ import annotations

from wasmz.baseline.draft import Unfit
from wasmz.baseline.kinds import kind_of
from wasmz.baseline.rows import Template
from wasmz.baseline.subtypes import without_nulls
from wasmz.baseline.templates import LANES, TEMPLATES, TYPED
from wasmz.subtyping import default_value_exists, heap_top, is_storage_subtype, is_subtype
from wasmz.types import ArrayType, DefinedType, FieldType, HeapType, PackedType, RefType, StructType, ValType
from wasmz.wasm.instructions import INSTRUCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final

    from wasmz.baseline.module import BaselineModule

    _Describe = Callable[["BaselineModule", str, Any, Any], "Typed"]

I32, I64, V128 = ValType.I32, ValType.I64, ValType.V128

# Structures with more fields get their default values from the runtime.
_MOST_DEFAULTS: Final = 16
# Arrays with more given items are left to the pipeline.
_MOST_ITEMS: Final = 500
# Longer templates are not joined, so that the stack size counts all of their code.
_LONG: Final = 24

_MASKS: Final = {PackedType.I8: "const:255 &", PackedType.I16: "const:65535 &"}
_EXTENSIONS: Final = {PackedType.I8: 0xC0, PackedType.I16: 0xC1}


class Typed(Template):
    """A template with its types in a module.

    Attributes:
        indices: the values for the numbers in words.
        offset: the offset of a memory access.
        is_long: whether its pieces stay separate.
    """

    def __init__(
        self,
        params: Sequence[ValType],
        result: ValType | None,
        text: str,
        indices: tuple[int, ...] = (),
        *,
        before: str = "",
        after: str = "",
        offset: int = 0,
        is_condition: bool = False,
    ) -> None:
        below, between, above = [part.split() for part in text.split(";")]
        above = [*before.split(), *above, *after.split()]
        self.params: list[ValType] = [*params]
        self.result: ValType | None = result
        self.is_condition: bool = is_condition
        self.below = below
        self.between = between
        self.traps: bool = "@" in above or "@array" in above
        self.in_array: bool = "@array" in above
        self.above: list[str] = [word for word in above if word != "@" and word != "@array"]
        self.indices: tuple[int, ...] = indices
        self.offset: int = offset
        self.is_long: bool = len(self.above) > _LONG


def read_typed(
    module: BaselineModule, opcode: int, data: bytes, pos: int, end: int, types: list[Any]
) -> tuple[Any, int]:
    """The immediate of an instruction, or the value that its code depends on instead; and the position after it."""
    row = INSTRUCTIONS[opcode]
    if row.name == "ref.eq":
        return any(is_subtype(type, other) for type in types[-2:] for other in _OBJECTS), pos
    if row.name in _BY_OPERAND:
        return types[-1], pos
    return module.read(opcode, data, pos, end)


_OBJECTS: Final = (ValType.STRUCTREF, ValType.ARRAYREF)
_BY_OPERAND: Final = frozenset({"ref.as_non_null", "any.convert_extern", "extern.convert_any"})


def describe(module: BaselineModule, opcode: int, first: Any, second: Any) -> Typed:
    """The template of an instruction with its immediates."""
    row = INSTRUCTIONS[opcode]
    module.require(row.proposal)
    if opcode in LANES:
        made = _lane(module, opcode, first)
    else:
        made = _DESCRIBED[row.name](module, row.name, first, second)
    module.typed[opcode, first, second] = made
    return made


# Vectors


def _lane(module: BaselineModule, opcode: int, immediate: Any) -> Typed:
    row = INSTRUCTIONS[opcode]
    lane, offset = immediate, 0
    if row.access is not None:
        (alignment, offset, memory), lane = immediate
        if alignment > row.access.align_log2 or memory or not module.has_memory or offset > 0xFFFFFFFF:
            raise Unfit
    return Typed(row.params or (), row.results[0] if row.results else None, LANES[opcode][lane], offset=offset)


def _v128_const(module: BaselineModule, name: str, number: int, _: int) -> Typed:
    return Typed((), V128, f";;const:{number}")


def _shuffle(module: BaselineModule, name: str, lanes: bytes, _: int) -> Typed:
    if max(lanes) >= 32:
        raise Unfit
    before, mark, after = TYPED[name].partition("bytes:")
    return Typed((V128, V128), V128, f"{before}{mark}{lanes.hex()}{after[32:]}")


# Tables


def _table(module: BaselineModule, index: int) -> RefType:
    """The type of the elements of a table with 32-bit indices."""
    table = module.module.table_types[index]
    if table.address_type is not I32:
        raise Unfit
    return table.element


def _table_operation(module: BaselineModule, name: str, index: int, _: int) -> Typed:
    element = _table(module, index)
    params, result = {
        "table.get": ([I32], element),
        "table.set": ([I32, element], None),
        "table.size": ([], I32),
        "table.grow": ([element, I32], I32),
        "table.fill": ([I32, element, I32], None),
    }[name]
    return Typed(params, result, TYPED[name], (index,))


def _table_copy(module: BaselineModule, name: str, target: int, source: int) -> Typed:
    if not is_subtype(_table(module, source), _table(module, target)):
        raise Unfit
    return Typed([I32, I32, I32], None, TYPED[name], (target, source))


def _table_init(module: BaselineModule, name: str, segment: int, index: int) -> Typed:
    if not is_subtype(module.module.elements[segment].type, _table(module, index)):
        raise Unfit
    return Typed([I32, I32, I32], None, TYPED[name], (segment, index))


def _elem_drop(module: BaselineModule, name: str, segment: int, _: int) -> Typed:
    if segment >= len(module.module.elements):
        raise Unfit
    return Typed((), None, TYPED[name], (segment,))


# References


def _ref_test(module: BaselineModule, name: str, target: RefType, _: int) -> Typed:
    operand = RefType(heap_top(target.heap_type))
    return Typed([operand], I32, TYPED[f"ref.test {kind_of(target)}"], _class_of(module, target), is_condition=True)


def _ref_cast(module: BaselineModule, name: str, target: RefType, _: int) -> Typed:
    operand = RefType(heap_top(target.heap_type))
    return Typed([operand], target, TYPED[f"ref.cast {kind_of(target)}"], _class_of(module, target))


def _class_of(module: BaselineModule, type: RefType) -> tuple[int, ...]:
    heap_type = type.heap_type
    return (module.lowest_indices[heap_type],) if isinstance(heap_type, DefinedType) else ()


def _ref_eq(module: BaselineModule, name: str, is_object: bool, _: int) -> Typed:
    text = TYPED["ref.eq object" if is_object else "ref.eq"]
    return Typed([ValType.EQREF, ValType.EQREF], I32, text, is_condition=True)


def _ref_as_non_null(module: BaselineModule, name: str, operand: ValType, _: int) -> Typed:
    result = without_nulls(operand)
    return Typed([operand], result, TYPED[name] if result is not operand else ";;")


def _convert(module: BaselineModule, name: str, operand: ValType, _: int) -> Typed:
    source, target = HeapType.EXTERN, HeapType.ANY
    if name == "extern.convert_any":
        source, target = target, source
    if not isinstance(operand, RefType):
        raise Unfit
    return Typed([RefType(source)], RefType(target, operand.nullable), TYPED[name])


_I31_MASK, _I31_SIGN = 0x7FFF_FFFF, 0x4000_0000


def _ref_i31(module: BaselineModule, name: str, *_: int) -> Typed:
    return Typed([I32], RefType(HeapType.I31, nullable=False), f";;const:{_I31_MASK} &")


def _i31_get(module: BaselineModule, name: str, *_: int) -> Typed:
    sign = f"const:{_I31_SIGN} ^ const:{_I31_SIGN} - const:{0xFFFFFFFF} &" if name == "i31.get_s" else ""
    return Typed([ValType.I31REF], I32, TYPED["i31.get_u"], after=sign)


# Structures and arrays


def _unpacked(field: FieldType) -> ValType:
    return I32 if isinstance(field.storage, PackedType) else field.storage


def _mask(field: FieldType) -> str:
    """Words that convert a number to the form that a field holds."""
    return _MASKS[field.storage] if isinstance(field.storage, PackedType) else ""


def _extension(field: FieldType, name: str) -> str:
    """Words that convert a packed field's number to the result of an instruction that reads it."""
    if isinstance(field.storage, PackedType) is not name.endswith(("_s", "_u")):
        raise Unfit
    if isinstance(field.storage, PackedType) and name.endswith("_s"):
        return TEMPLATES[_EXTENSIONS[field.storage]].rpartition(";")[2]
    return ""


def _has_default(field: FieldType) -> bool:
    return isinstance(field.storage, PackedType) or default_value_exists(field.storage)


def _fields(module: BaselineModule, index: int) -> tuple[DefinedType, tuple[FieldType, ...]]:
    defined = module.types[index]
    if not isinstance(defined.composite, StructType):
        raise Unfit
    return defined, defined.composite.fields


def _item(module: BaselineModule, index: int, *, mutable: bool = False) -> tuple[DefinedType, FieldType]:
    defined = module.types[index]
    composite = defined.composite
    if not isinstance(composite, ArrayType) or (mutable and not composite.item.mutable):
        raise Unfit
    return defined, composite.item


def _new(defined: DefinedType) -> RefType:
    return RefType(defined, nullable=False, exact=True)


def new_structure_words(masks: Sequence[str]) -> str:
    """The code of ``struct.new`` with a field for each item, whose words mask its value."""
    head, _, _ = TYPED["struct.new"].partition("swap:2")
    stores = [f"swap:2 {masks[number]} copy:2 set_attribute:field{number}" for number in range(len(masks) - 1, -1, -1)]
    return " ".join([head, *stores])


def _struct_new(module: BaselineModule, name: str, index: int, _: int) -> Typed:
    defined, fields = _fields(module, index)
    if defined.descriptor is not None:
        raise Unfit
    words = new_structure_words([*map(_mask, fields)])
    return Typed([*map(_unpacked, fields)], _new(defined), words, (module.canonical[index],))


def _struct_new_default(module: BaselineModule, name: str, index: int, _: int) -> Typed:
    defined, fields = _fields(module, index)
    if defined.descriptor is not None or not all(map(_has_default, fields)):
        raise Unfit
    if len(fields) > _MOST_DEFAULTS:
        return Typed((), _new(defined), TYPED[name], (module.canonical[index],))
    defaults = " ".join(map(_default, fields))
    return Typed(
        (), _new(defined), new_structure_words([""] * len(fields)), (module.canonical[index],), before=defaults
    )


def _default(field: FieldType) -> str:
    storage = field.storage
    if isinstance(storage, RefType):
        return "const:None"
    return "const:0.0" if storage is ValType.F32 or storage is ValType.F64 else "const:0"


def _struct_get(module: BaselineModule, name: str, index: int, number: int) -> Typed:
    defined, fields = _fields(module, index)
    field = fields[number]
    extension = _extension(field, name)
    return Typed([RefType(defined)], _unpacked(field), TYPED["struct.get"], (index, number), after=extension)


def _struct_set(module: BaselineModule, name: str, index: int, number: int) -> Typed:
    defined, fields = _fields(module, index)
    field = fields[number]
    if not field.mutable:
        raise Unfit
    params = [RefType(defined), _unpacked(field)]
    return Typed(params, None, TYPED[name], (index, number), before=_mask(field))


def _array_new(module: BaselineModule, name: str, index: int, _: int) -> Typed:
    defined, item = _item(module, index)
    return Typed(
        [_unpacked(item), I32], _new(defined), TYPED[name], (module.canonical[index],), before=_below_top(item)
    )


def _below_top(item: FieldType) -> str:
    mask = _mask(item)
    return f"swap:2 {mask} swap:2" if mask else ""


def _array_new_default(module: BaselineModule, name: str, index: int, _: int) -> Typed:
    defined, item = _item(module, index)
    if not _has_default(item):
        raise Unfit
    return Typed([I32], _new(defined), TYPED[name], (module.canonical[index],))


def _array_new_fixed(module: BaselineModule, name: str, index: int, count: int) -> Typed:
    defined, item = _item(module, index)
    if count > _MOST_ITEMS:
        raise Unfit
    mask = _mask(item)
    masking = ""
    if mask:
        stores = [f"store:{number}" for number in range(count - 1, -1, -1)]
        masking = " ".join([*stores, *[f"load:{number} {mask}" for number in range(count)]])
    text = TYPED[name].replace("list:1", f"list:{count}")
    return Typed([_unpacked(item)] * count, _new(defined), text, (module.canonical[index],), before=masking)


def _array_new_segment(module: BaselineModule, name: str, index: int, segment: int) -> Typed:
    defined, item = _item(module, index)
    _check_segment(module, name, item, segment)
    return Typed([I32, I32], _new(defined), TYPED[name], (module.canonical[index], segment))


def _array_init_segment(module: BaselineModule, name: str, index: int, segment: int) -> Typed:
    defined, item = _item(module, index, mutable=True)
    _check_segment(module, name, item, segment)
    # Code needs the name of the segment only.
    return Typed([RefType(defined), I32, I32, I32], None, TYPED[name], (index, segment))


def _check_segment(module: BaselineModule, name: str, item: FieldType, segment: int) -> None:
    if name.endswith("_data"):
        if isinstance(item.storage, RefType) or segment >= module.data_count:
            raise Unfit
    elif not isinstance(item.storage, RefType) or not is_subtype(module.module.elements[segment].type, item.storage):
        raise Unfit


def _array_get(module: BaselineModule, name: str, index: int, _: int) -> Typed:
    defined, item = _item(module, index)
    return Typed([RefType(defined), I32], _unpacked(item), TYPED["array.get"], after=_extension(item, name))


def _array_set(module: BaselineModule, name: str, index: int, _: int) -> Typed:
    defined, item = _item(module, index, mutable=True)
    return Typed([RefType(defined), I32, _unpacked(item)], None, TYPED[name], before=_mask(item))


def _array_len(module: BaselineModule, name: str, *_: int) -> Typed:
    return Typed([ValType.ARRAYREF], I32, TYPED[name])


def _array_fill(module: BaselineModule, name: str, index: int, _: int) -> Typed:
    defined, item = _item(module, index, mutable=True)
    return Typed([RefType(defined), I32, _unpacked(item), I32], None, TYPED[name], before=_below_top(item))


def _array_copy(module: BaselineModule, name: str, target: int, source: int) -> Typed:
    defined, item = _item(module, target, mutable=True)
    other, other_item = _item(module, source)
    if not is_storage_subtype(other_item.storage, item.storage):
        raise Unfit
    return Typed([RefType(defined), I32, RefType(other), I32, I32], None, TYPED[name])


_DESCRIBED: Final[dict[str, _Describe]] = {
    "v128.const": _v128_const,
    "i8x16.shuffle": _shuffle,
    **dict.fromkeys(("table.get", "table.set", "table.size", "table.grow", "table.fill"), _table_operation),
    "table.copy": _table_copy,
    "table.init": _table_init,
    "elem.drop": _elem_drop,
    **dict.fromkeys(("ref.test", "ref.test_null"), _ref_test),
    **dict.fromkeys(("ref.cast", "ref.cast_null"), _ref_cast),
    "ref.eq": _ref_eq,
    "ref.as_non_null": _ref_as_non_null,
    **dict.fromkeys(("any.convert_extern", "extern.convert_any"), _convert),
    "ref.i31": _ref_i31,
    **dict.fromkeys(("i31.get_s", "i31.get_u"), _i31_get),
    "struct.new": _struct_new,
    "struct.new_default": _struct_new_default,
    **dict.fromkeys(("struct.get", "struct.get_s", "struct.get_u"), _struct_get),
    "struct.set": _struct_set,
    "array.new": _array_new,
    "array.new_default": _array_new_default,
    "array.new_fixed": _array_new_fixed,
    **dict.fromkeys(("array.new_data", "array.new_elem"), _array_new_segment),
    **dict.fromkeys(("array.init_data", "array.init_elem"), _array_init_segment),
    **dict.fromkeys(("array.get", "array.get_s", "array.get_u"), _array_get),
    "array.set": _array_set,
    "array.len": _array_len,
    "array.fill": _array_fill,
    "array.copy": _array_copy,
}
