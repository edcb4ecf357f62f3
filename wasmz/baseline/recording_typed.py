"""Records templates of instructions whose types depend on the module: tables, references, structures, arrays.

    typed_templates()["struct.get"]      " ;  ; @ attribute:field:1"
    typed_templates()["ref.cast final"]  " ;  ; copy:1 attribute:__class__ class:0 is if:0 callee:gc_trap_cast ..."

If the lowering of an operation depends on a type, there is a template for each kind of types (`kind_of`). `typed.py`
completes them. Used only to generate and test templates.
"""

from __future__ import annotations

from wasmz.baseline.kinds import kind_of
from wasmz.baseline.recording import (
    INDICES,
    SOME_FUNCTION,
    SOME_OPEN_STRUCT,
    SOME_STRUCT,
    record_operation,
    record_typed,
)
from wasmz.ir.nodes import BOOL, ResultType
from wasmz.types import HeapType, RefType, ValType

_TYPE: int = INDICES[0]
_SOME = ValType.EXTERNREF

# Operation -> number of operands, whether it has a result, its immediate.
_OPERATIONS: dict[str, tuple[int, ResultType, object]] = {
    "table.get": (1, _SOME, _TYPE),
    "table.set": (2, None, _TYPE),
    "table.size": (0, _SOME, _TYPE),
    "table.grow": (2, _SOME, _TYPE),
    "table.fill": (3, None, _TYPE),
    "table.copy": (3, None, INDICES),
    "table.init": (3, None, INDICES),
    "elem.drop": (0, None, _TYPE),
    "any.convert_extern": (1, _SOME, None),
    "extern.convert_any": (1, _SOME, None),
    "struct.new": (1, _SOME, _TYPE),
    "struct.new_default": (0, _SOME, _TYPE),
    "struct.get": (1, _SOME, INDICES),
    "struct.set": (2, None, INDICES),
    "array.new": (2, _SOME, _TYPE),
    "array.new_default": (1, _SOME, _TYPE),
    "array.new_fixed": (1, _SOME, _TYPE),
    "array.new_data": (2, _SOME, INDICES),
    "array.new_elem": (2, _SOME, INDICES),
    "array.get": (2, _SOME, _TYPE),
    "array.set": (3, None, _TYPE),
    "array.len": (1, _SOME, None),
    "array.fill": (4, None, _TYPE),
    "array.copy": (5, None, INDICES),
    "array.init_data": (4, None, INDICES),
    "array.init_elem": (4, None, INDICES),
}

# Instructions for which `typed.py` completes or makes a template.
TYPED_NAMES = frozenset({
    *_OPERATIONS,
    *("struct.get_s", "struct.get_u", "array.get_s", "array.get_u"),
    *("ref.test", "ref.test_null", "ref.cast", "ref.cast_null", "ref.eq", "ref.as_non_null"),
    *("ref.i31", "i31.get_s", "i31.get_u", "v128.const", "i8x16.shuffle"),
})  # fmt: skip


def typed_templates() -> dict[str, str]:
    """The templates by name, and by kind of types where it matters."""
    made = {name: record_typed(name, *facts) for name, facts in _OPERATIONS.items()}
    made["ref.eq"] = record_typed("ref.eq", 2, BOOL, False)
    made["ref.eq object"] = record_typed("ref.eq", 2, BOOL, True)
    for name, message in (("ref.as_non_null", "null reference"), ("i31.get_u", "null i31 reference")):
        made[name] = _keeping_operand(record_typed("ref.as_non_null", 1, None, message), "copy:1")
    vector = ValType.V128
    made["i8x16.shuffle"] = record_operation("i8x16.shuffle", (vector, vector), vector, bytes(range(0, 32, 2)))
    heap_types = (SOME_STRUCT, SOME_OPEN_STRUCT, SOME_FUNCTION, *HeapType)
    some_types = [RefType(heap_type, nullable) for heap_type in heap_types for nullable in (False, True)]
    some_types += [RefType(SOME_FUNCTION, nullable, exact=True) for nullable in (False, True)]
    for type in some_types:
        made[f"ref.test {kind_of(type)}"] = record_typed("ref.test", 1, BOOL, type)
        made[f"ref.cast {kind_of(type)}"] = _keeping_operand(record_typed("ref.cast", 1, None, type), "")
    return made


def _keeping_operand(text: str, first: str) -> str:
    """Changes a template so that its result is its operand, which the operation of the IR only tests."""
    below, between, above = text.split(";")
    if first:
        return f"{below};{between}; {first} {above}"
    if not below.strip():
        # The operand stays on the stack, below the code that tests it.
        return f"{below};{between};{above.replace('store:0 load:0', 'copy:1').replace('load:0', 'copy:1')}"
    return f"{below};{between};{above} load:0"
