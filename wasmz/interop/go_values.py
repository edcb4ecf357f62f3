"""JavaScript's values as Go's programs know them: 64 bits, a number or the number of an object in a list of the host's.

    values.box("text")                -> 0x7ff8_0002_0000_0007, for valueGet and so on
    values.unbox(0x7ff8_0002_0000_0007)   -> "text"

Go and TinyGo have the same form: a number that is not zero is its own bits, and all else is a NaN whose lower half is
the object's number.
"""

from __future__ import annotations

import struct

from wasmz.interop.javascript.operations import is_bigint, typeof
from wasmz.interop.javascript.values import UNDEFINED, JavaScriptError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAN = 0x7FF8_0000 << 32
_FLAGS = {"object": 1, "string": 2, "symbol": 3, "function": 4, "bigint": 1}
_FLOAT = struct.Struct("<d")
_BITS = struct.Struct("<Q")


class GoValues:
    """The objects that a program has references to.

    Attributes:
        first: those that all programs know by fixed numbers.
    """

    def __init__(self, global_object: Any, go: Any) -> None:
        self.first: list[Any] = [float("nan"), 0, None, True, False, global_object, go]
        self._values: list[Any] = list(self.first)
        self._counts: list[int] = [0] * len(self.first)
        self._ids: dict[Any, int] = {("object", id(global_object)): 5, ("object", id(go)): 6}
        self._free: list[int] = []

    def box(self, value: Any) -> int:
        """The 64 bits for a value; the program gets a reference more to an object."""
        if value is UNDEFINED:
            return 0
        if value is None:
            return _NAN | 2
        if isinstance(value, bool):
            return _NAN | (3 if value else 4)
        if isinstance(value, float) or (isinstance(value, int) and not is_bigint(value)):
            if value != value:
                return _NAN
            bits: int = _BITS.unpack(_FLOAT.pack(value))[0]
            return bits if value else _NAN | 1
        kind = typeof(value)
        key = ("text", value) if kind == "string" else ("object", id(value))
        number = self._ids.get(key)
        if number is None:
            number = self._add(value)
            self._ids[key] = number
        self._counts[number] += 1
        return _NAN | (_FLAGS[kind] << 32) | number

    def _add(self, value: Any) -> int:
        if self._free:
            number = self._free.pop()
            self._values[number] = value
            self._counts[number] = 0
        else:
            number = len(self._values)
            self._values.append(value)
            self._counts.append(0)
        return number

    def unbox(self, bits: int) -> Any:
        """The value of 64 bits."""
        bits &= 0xFFFF_FFFF_FFFF_FFFF
        number: float = _FLOAT.unpack(_BITS.pack(bits))[0]
        if number == 0:
            return UNDEFINED
        if number == number:
            return number
        index = bits & 0xFFFF_FFFF
        if index >= len(self._values):
            raise JavaScriptError(f"there is no value {index}")
        return self._values[index]

    def release(self, index: int) -> None:
        """The program has one reference less."""
        index &= 0xFFFF_FFFF
        if not len(self.first) <= index < len(self._values):
            return
        self._counts[index] -= 1
        if self._counts[index] == 0:
            value = self._values[index]
            self._ids.pop(("text", value) if isinstance(value, str) else ("object", id(value)), None)
            self._values[index] = UNDEFINED
            self._free.append(index)
