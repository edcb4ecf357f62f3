"""Converts references at the boundary between Python and generated code (docs/gc.md).

to_any(5, (ref null any), ...)        -> 5, an i31
any_of_host(5)                        -> HostRef(5), a host object as `any.convert_extern` sees it
from_any(0x7FFFFFFF)                  -> I31Ref(-1)
"""

from __future__ import annotations

from wasmz.runtime.gc.references import HeapRef, HostRef, I31Ref
from wasmz.subtyping import is_heap_subtype
from wasmz.types import DefinedType, HeapType, RefType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__wasmz_frame__ = "helper"

_MASK_31, _SIGN_31 = 0x7FFF_FFFF, 1 << 30


def any_of_host(value: Any) -> Any:
    """`any.convert_extern`: the ``anyref`` for an ``externref``."""
    if value is None:
        return None
    kind = type(value)
    if kind is I31Ref:
        return int(value) & _MASK_31
    # Not isinstance: an object may lie about its class, and generated code relies on it.
    return value if issubclass(kind, HeapRef) else HostRef(value)


def host_of_any(value: Any) -> Any:
    """`extern.convert_any`: the Python object for any reference; also used at the boundary to Python."""
    kind = value.__class__
    if kind is HostRef:
        return value.value
    return I31Ref(value) if kind is int else value


from_any = host_of_any


def to_any(value: Any, type: RefType) -> Any:
    """A Python object as a reference of the ``any`` hierarchy; ``NotImplemented`` if it does not have the type.

    ``value`` is not ``None``. An ``int`` of 31 bits, signed, becomes an i31. For ``anyref``, any other object becomes a
    host object.
    """
    heap_type = type.heap_type
    kind = value.__class__
    if kind is int and heap_type in _HOLD_I31 and -_SIGN_31 <= value < _SIGN_31:
        return value & _MASK_31
    held = any_of_host(value)
    if not _is_of(held, heap_type) or (type.exact and held.wasm_type is not heap_type):
        return NotImplemented
    return held


_HOLD_I31 = frozenset({HeapType.ANY, HeapType.EQ, HeapType.I31})


def _is_of(held: Any, heap_type: HeapType | DefinedType) -> bool:
    if heap_type is HeapType.ANY:
        return True
    if heap_type is HeapType.EQ:
        return type(held) is not HostRef
    if heap_type is HeapType.I31:
        return type(held) is int
    # Its real class, as above, which must be the one made for its type.
    kind = type(held)
    actual = getattr(kind, "wasm_type", None)
    return isinstance(actual, DefinedType) and actual.runtime_class is kind and is_heap_subtype(actual, heap_type)
