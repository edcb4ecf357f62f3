"""Shared by references of the ``any`` hierarchy: the base class, i31 and host objects (docs/gc.md).

I31Ref(-1)              an i31 as Python sees it; generated code has the int 0x7FFFFFFF
HostRef("object")       a host object where generated code expects an ``anyref``
HeapRef                 the base of structures and arrays, whose classes ``objects.py`` makes
"""

from __future__ import annotations

from wasmz.errors import expect_integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.types import DefinedType

_MASK_31, _SIGN_31 = 0x7FFF_FFFF, 1 << 30

_PACKAGE = __name__.rpartition(".")[0]


class I31Ref(int):
    """A 31-bit integer as a reference, as Python sees it: an ``int`` from -2^30 to 2^30 - 1.

    ``I31Ref(5)`` can be passed as an ``anyref``, ``eqref`` or ``i31ref``; so can a plain ``int``. In an ``externref``
    an ``I31Ref`` is what `extern.convert_any` made of an i31, and a plain ``int`` is a host object.
    """

    __slots__ = ()

    def __new__(cls, value: int = 0) -> I31Ref:
        """``OverflowError`` unless the number fits 31 bits, signed or unsigned."""
        value = expect_integer(value, "value")
        if not -_SIGN_31 <= value <= _MASK_31:
            raise OverflowError(f"{value} does not fit an i31")
        return super().__new__(cls, ((value & _MASK_31) ^ _SIGN_31) - _SIGN_31)

    def __repr__(self) -> str:
        return f"I31Ref({int(self)})"


class HostRef:
    """A host object as an ``anyref``, so that it is never taken for a structure, array or i31."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value: Any = value


class HeapRef:
    """A reference to a structure or array. Compared by identity."""

    # Set if objects are counted (see heap.py).
    __slots__ = ("_owner",)

    # The type of a class.
    wasm_type: DefinedType

    def __init_subclass__(cls) -> None:
        if "wasm_type" not in cls.__dict__ and cls.__module__.rpartition(".")[0] != _PACKAGE:
            raise TypeError("classes of WebAssembly's types cannot be derived from")

    @property
    def type(self) -> DefinedType:
        """The type with which the object was made."""
        return self.wasm_type
