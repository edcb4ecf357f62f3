"""Kinds of reference types that tests and casts have different code for.

kind_of(ValType.EQREF)                     "eq?"
kind_of(RefType(defined, nullable=False))  "final", "open", "function" or "exact-function"
"""

from __future__ import annotations

from wasmz.types import HeapType, RefType


def kind_of(type: RefType) -> str:
    """The kind of a reference type, which the code of tests and casts to it depends on."""
    heap_type = type.heap_type
    if isinstance(heap_type, HeapType):
        kind: str = heap_type.value
    elif heap_type.heap_kind is HeapType.FUNC:
        kind = "exact-function" if type.exact else "function"
    else:
        kind = "final" if heap_type.final or type.exact else "open"
    return f"{kind}?" if type.nullable else kind
