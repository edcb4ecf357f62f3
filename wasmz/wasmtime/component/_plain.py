"""Types of values that have no parts: see `_values.py`."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn


class ValType:
    """The type of a value."""

    def add_classes(self, s: set[type]) -> None:
        """Adds the classes of Python's values of this type to a set."""

    def _to_own(self, value: Any) -> Any:
        """What wasmz takes for a value. ``TypeError``: it is none of this type."""
        raise NotImplementedError

    def _from_own(self, own: Any) -> Any:
        """The value for what wasmz gave."""
        raise NotImplementedError


class Plain(ValType):
    """A type without parts. All of one class are equal."""

    __match_args__ = ()
    _class: type = object

    def add_classes(self, s: set[type]) -> None:
        s.add(self._class)

    def _from_own(self, own: Any) -> Any:
        return own

    def __eq__(self, other: object) -> bool:
        return other.__class__ is self.__class__

    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Bool(Plain):
    """``bool``."""

    _class = bool

    def _to_own(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise TypeError("expected bool for Bool type")
        return value


class _Integer(Plain):
    _class = int
    _bits = 0
    # What is added before an integer is reduced: half of the range of signed ones.
    _half = 0

    def _to_own(self, value: Any) -> int:
        if not isinstance(value, int):
            raise TypeError(f"expected int for {type(self).__name__} type")
        return ((value + self._half) & ((1 << self._bits) - 1)) - self._half


class S8(_Integer):
    """``s8``."""

    _bits, _half = 8, 1 << 7


class S16(_Integer):
    """``s16``."""

    _bits, _half = 16, 1 << 15


class S32(_Integer):
    """``s32``."""

    _bits, _half = 32, 1 << 31


class S64(_Integer):
    """``s64``."""

    _bits, _half = 64, 1 << 63


class U8(_Integer):
    """``u8``."""

    _bits = 8


class U16(_Integer):
    """``u16``."""

    _bits = 16


class U32(_Integer):
    """``u32``."""

    _bits = 32


class U64(_Integer):
    """``u64``."""

    _bits = 64


class F64(Plain):
    """``f64``."""

    _class = float

    def _to_own(self, value: Any) -> float:
        if not isinstance(value, float):
            raise TypeError(f"expected float for {type(self).__name__} type")
        return value


class F32(F64):
    """``f32``: values are rounded, to infinity if they are too large."""


class Char(Plain):
    """``char``."""

    _class = str

    def _to_own(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) != 1:
            raise TypeError("expected single-character string for Char type")
        return value


class String(Plain):
    """``string``."""

    _class = str

    def _to_own(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError("expected string type")
        # Raises UnicodeEncodeError for surrogates.
        return value if value.isascii() else value.encode().decode()


class ErrorContext(Plain):
    """``error-context``, which has no values in Python."""

    def add_classes(self, s: set[type]) -> None:
        self._from_own(None)

    def _to_own(self, value: Any) -> NoReturn:
        self._from_own(value)

    def _from_own(self, own: Any) -> NoReturn:
        raise NotImplementedError("ErrorContext conversion not implemented yet")


PLAIN = (Bool, S8, S16, S32, S64, U8, U16, U32, U64, F32, F64, Char, String)
