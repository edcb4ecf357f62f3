"""Values with types, and the binding's conversions of Python objects: stricter than wasmz's, but integers wrap.

Val.i32(0xFFFFFFFF).value               -> -1
own_value(I32, 2**32 + 5)               -> 5
own_value(F64, 5)                       TypeError: don't know how to convert 5 to f64
"""

from __future__ import annotations

from typing import Any, ClassVar

import wasmz
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._exportable import Extern, wrap
from wasmz.wasmtime._store import Store
from wasmz.wasmtime._types import EXTERNREF, F32, F64, FUNCREF, I32, I64, ValType


class Val:
    """A value of a type."""

    _kind: ValType
    _val: Any

    def __init__(self, kind: ValType, val: Any) -> None:
        """A value that must fit the type already: the class methods convert and check."""
        self._kind = kind
        self._val = val

    @classmethod
    def i32(cls, val: int) -> Val:
        """A 32-bit integer; larger ones are reduced. ``TypeError``: it is not an integer."""
        return cls(I32, wrapped(_integer(val), 32))

    @classmethod
    def i64(cls, val: int) -> Val:
        """A 64-bit integer; larger ones are reduced. ``TypeError``: it is not an integer."""
        return cls(I64, wrapped(_integer(val), 64))

    @classmethod
    def f32(cls, val: float) -> Val:
        """The nearest single-precision number. ``TypeError``: it is not a float."""
        return cls(F32, wasmz.f32_from_bits(wasmz.f32_bits(_float(val))))

    @classmethod
    def f64(cls, val: float) -> Val:
        """A double-precision number. ``TypeError``: it is not a float."""
        return cls(F64, _float(val))

    @classmethod
    def externref(cls, extern: Any) -> Val:
        """A reference to any object; ``None`` is the null reference."""
        return cls(EXTERNREF, extern)

    @classmethod
    def funcref(cls, f: Any) -> Val:
        """A reference to a :class:`Func`; ``None`` is the null reference."""
        return cls(FUNCREF, f)

    @classmethod
    def ref_null(cls, ty: ValType) -> Val:
        """The null reference of a type. ``WasmtimeError``: it is not a reference type."""
        if ty in (EXTERNREF, FUNCREF):
            return cls(ty, None)
        raise WasmtimeError(f"Invalid reference type for `ref_null`: {ty}")

    def __eq__(self, rhs: object) -> bool:
        """Compares with another value, or with an object that may be its value."""
        if isinstance(rhs, Val):
            return self._kind == rhs._kind and bool(self._val == rhs._val)
        return bool(self._val == rhs)

    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Val({self._kind}, {self._val!r})"

    @property
    def value(self) -> Any:
        """The value as a Python object."""
        return self._val

    def as_i32(self) -> int | None:
        """The value of an i32, otherwise ``None``."""
        value: int | None = self._as(I32)
        return value

    def as_i64(self) -> int | None:
        """The value of an i64, otherwise ``None``."""
        value: int | None = self._as(I64)
        return value

    def as_f32(self) -> float | None:
        """The value of an f32, otherwise ``None``."""
        value: float | None = self._as(F32)
        return value

    def as_f64(self) -> float | None:
        """The value of an f64, otherwise ``None``."""
        value: float | None = self._as(F64)
        return value

    def as_externref(self) -> Any:
        """The object of an externref, otherwise ``None``."""
        return self._as(EXTERNREF)

    def as_funcref(self) -> Any:
        """The function of a funcref, otherwise ``None``."""
        return self._as(FUNCREF)

    def _as(self, type: ValType) -> Any:
        return self._val if self._kind == type else None

    @property
    def type(self) -> ValType:
        """The type."""
        return self._kind


def _integer(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError("expected an integer")
    return value


def _float(value: Any) -> float:
    if not isinstance(value, float):
        raise TypeError("expected a float")
    return value


def wrapped(number: int, bits: int) -> int:
    """The congruent signed integer of ``bits`` bits."""
    half = 1 << (bits - 1)
    return ((number + half) & ((1 << bits) - 1)) - half


def own_value(type: ValType, value: Any) -> Any:
    """The object for wasmz, from one that is given as a value of a type.

    Raises:
        TypeError: the binding would refuse it.
    """
    if isinstance(value, Val):
        if value._kind != type:
            raise TypeError("wrong type of `Val` provided")
        value = value._val
        if type != FUNCREF:
            return value
    if type == EXTERNREF:
        return value
    if isinstance(value, int):
        if type == I32:
            return wrapped(value, 32)
        if type == I64:
            return wrapped(value, 64)
    elif isinstance(value, float):
        if type in (F32, F64):
            return value
    elif type == FUNCREF and (value is None or isinstance(value, Extern)):
        return None if value is None else value._reference()
    raise TypeError(f"don't know how to convert {value!r} to {type}")


def given_value(store: Store, type: ValType, value: Any) -> Any:
    """The Python object for a value from wasmz."""
    return wrap(store, value) if value is not None and type == FUNCREF else value


def falsy_as_value(type: ValType, value: Any) -> Any:
    """A value as tables return it: the binding leaves false ones in their ``Val``."""
    return value or Val(type, value)
