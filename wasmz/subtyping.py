"""Subtyping: which types may be used where others are expected (specification 3.3).

is_subtype(ValType.NULLFUNCREF, ValType.FUNCREF)    -> True
"""

from __future__ import annotations

from wasmz.types import (
    ArrayType,
    DefinedType,
    FuncType,
    GlobalType,
    HeapType,
    MemoryType,
    PackedType,
    RefType,
    StructType,
    TableType,
    ValType,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.types import CompositeType, ExternType, FieldType

# The heap types strictly above each abstract heap type.
_ABOVE: dict[HeapType, frozenset[HeapType]] = {
    HeapType.ANY: frozenset(),
    HeapType.EQ: frozenset({HeapType.ANY}),
    HeapType.I31: frozenset({HeapType.EQ, HeapType.ANY}),
    HeapType.STRUCT: frozenset({HeapType.EQ, HeapType.ANY}),
    HeapType.ARRAY: frozenset({HeapType.EQ, HeapType.ANY}),
    HeapType.NONE: frozenset({HeapType.I31, HeapType.STRUCT, HeapType.ARRAY, HeapType.EQ, HeapType.ANY}),
    HeapType.FUNC: frozenset(),
    HeapType.NOFUNC: frozenset({HeapType.FUNC}),
    HeapType.EXTERN: frozenset(),
    HeapType.NOEXTERN: frozenset({HeapType.EXTERN}),
    HeapType.EXN: frozenset(),
    HeapType.NOEXN: frozenset({HeapType.EXN}),
}

_TOPS = {kind: next((top for top in above if not _ABOVE[top]), kind) for kind, above in _ABOVE.items()}


def is_subtype(sub: ValType, sup: ValType) -> bool:
    """Whether values of type ``sub`` may be used where ``sup`` is expected (specification 3.3.3)."""
    if sub is sup:
        return True
    if not isinstance(sub, RefType) or not isinstance(sup, RefType):
        return False
    if sub.nullable and not sup.nullable:
        return False
    if sup.exact and isinstance(sub.heap_type, DefinedType):
        return sub.exact and sub.heap_type is sup.heap_type
    return is_heap_subtype(sub.heap_type, sup.heap_type)


def is_heap_subtype(sub: HeapType | DefinedType, sup: HeapType | DefinedType) -> bool:
    """Whether a heap type is a subtype of another (specification 3.3.4)."""
    if sub is sup:
        return True
    if isinstance(sub, DefinedType):
        if isinstance(sup, DefinedType):
            ancestor: DefinedType | None = sub
            while ancestor is not None and ancestor.depth > sup.depth:
                ancestor = ancestor.supertype
            return ancestor is sup
        return sup is sub.heap_kind or sup in _ABOVE[sub.heap_kind]
    if isinstance(sup, DefinedType):
        # Of abstract types, only the bottom types are below a defined type.
        return sub is (HeapType.NOFUNC if sup.heap_kind is HeapType.FUNC else HeapType.NONE)
    return sup in _ABOVE[sub]


def heap_top(heap_type: HeapType | DefinedType) -> HeapType:
    """The top type of a heap type's hierarchy: any, func, extern or exn."""
    kind = heap_type if isinstance(heap_type, HeapType) else heap_type.heap_kind
    return _TOPS[kind]


def without_null(source: RefType, target: RefType) -> RefType:
    """The type of values that fail a cast from ``source`` to ``target`` (specification 3.1.3, "difference")."""
    return RefType(source.heap_type, nullable=source.nullable and not target.nullable, exact=source.exact)


def is_composite_subtype(sub: CompositeType, sup: CompositeType) -> bool:
    """Whether a definition may declare a supertype (specification 3.3.8)."""
    if isinstance(sub, FuncType) and isinstance(sup, FuncType):
        return (
            len(sub.params) == len(sup.params)
            and len(sub.results) == len(sup.results)
            and all(map(is_subtype, sup.params, sub.params))
            and all(map(is_subtype, sub.results, sup.results))
        )
    if isinstance(sub, StructType) and isinstance(sup, StructType):
        return len(sub.fields) >= len(sup.fields) and all(map(_is_field_subtype, sub.fields, sup.fields))
    return isinstance(sub, ArrayType) and isinstance(sup, ArrayType) and _is_field_subtype(sub.item, sup.item)


def is_storage_subtype(sub: ValType | PackedType, sup: ValType | PackedType) -> bool:
    """Whether the values of a field may be used in another (specification 3.3.9)."""
    if isinstance(sub, PackedType) or isinstance(sup, PackedType):
        return sub is sup
    return is_subtype(sub, sup)


def _is_field_subtype(sub: FieldType, sup: FieldType) -> bool:
    if sub.mutable is not sup.mutable:
        return False
    if sub.mutable:
        return sub.storage is sup.storage
    return is_storage_subtype(sub.storage, sup.storage)


def is_extern_subtype(sub: ExternType, sup: ExternType) -> bool:
    """Whether an item of type ``sub`` satisfies an import of type ``sup`` (specification 3.3.10-3.3.15).

    Function types are compared by structure here; where their definitions matter, compare ``DefinedType`` objects.
    """
    if isinstance(sub, MemoryType) and isinstance(sup, MemoryType):
        same_kind = (sub.shared, sub.address_type, sub.page_bytes) == (sup.shared, sup.address_type, sup.page_bytes)
        return same_kind and _limits_match(sub, sup)
    if isinstance(sub, TableType) and isinstance(sup, TableType):
        return sub.element is sup.element and sub.address_type is sup.address_type and _limits_match(sub, sup)
    if isinstance(sub, GlobalType) and isinstance(sup, GlobalType):
        if sub.mutable or sup.mutable:
            return sub == sup
        return is_subtype(sub.value_type, sup.value_type)
    return sub == sup


def default_value_exists(value_type: ValType) -> bool:
    """Whether a local of this type may be read before it is set (specification 3.2.10 "Defaultable Types")."""
    return not isinstance(value_type, RefType) or value_type.nullable


def _limits_match(sub: MemoryType | TableType, sup: MemoryType | TableType) -> bool:
    if sub.minimum < sup.minimum:
        return False
    return sup.maximum is None or (sub.maximum is not None and sub.maximum <= sup.maximum)
