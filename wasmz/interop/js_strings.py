"""JavaScript's strings for compiled modules: the builtins of ``wasm:js-string``, and strings as imported constants.

    define(linker, module)
    (import "wasm:js-string" "concat" ...)      -> str and str make a str
    (import "'" "hello" (global externref))     -> "hello"

Strings are Python's. Positions are in units of UTF-16, so that in a string with a character beyond U+FFFF they are
looked up in an array of units, which is kept for the strings that were used last.
"""

from __future__ import annotations

import sys
from array import array

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap
from wasmz.runtime.calls.host import HostFunc
from wasmz.runtime.gc.objects import ArrayRef
from wasmz.runtime.link.per_store import JS_TAG, Constant
from wasmz.types import FuncType, GlobalType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.runtime.calls.host import Definitions
    from wasmz.runtime.link.compiled_module import CompiledModule

BUILTINS = "wasm:js-string"
_HIGH, _LOW, _END = "\ud800", "\udc00", "\ue000"
# As arrays have their items.
_ORDER = "utf-16-le" if sys.byteorder == "little" else "utf-16-be"
# Of one string: each step of a module may double one, and nothing can stop what CPython does with a longer one.
_MOST_CHARACTERS = 1 << 28
# How many strings' units are kept.
_KEPT = 8


def define(linker: Definitions, module: CompiledModule, glue: str | None = None, constants: str | None = None) -> None:
    """Defines what a module imports of JavaScript's strings, and ``WebAssembly.JSTag``, as far as nobody has.

    Args:
        linker: where.
        module: the module.
        glue: nothing.
        constants: the name of the module whose imports are constants; by default each from which only constants are
            imported that can be strings.
    """
    units = _Units()
    from_modules = constant_modules(module) if constants is None else {constants}
    for item in module.imports:
        name = item.name
        if linker.get(item.module_name, name) is not None:
            continue
        if item.module_name == BUILTINS and isinstance(item.type, FuncType) and name in _BUILTINS:
            function = getattr(units, _BUILTINS[name])
            linker.define(BUILTINS, name, HostFunc(function, item.type.params, item.type.results))
        elif item.module_name in from_modules and isinstance(item.type, GlobalType):
            linker.define(item.module_name, name, Constant(name))
        elif (item.module_name, name) == ("WebAssembly", "JSTag"):
            linker.define(item.module_name, name, JS_TAG)


def constant_modules(module: CompiledModule) -> set[str]:
    """The names of modules from which only constants are imported that can be strings."""
    found: dict[str, bool] = {}
    for item in module.imports:
        kind = item.type
        is_string = isinstance(kind, GlobalType) and not kind.mutable and str(kind.value_type) in _OF_STRINGS
        found[item.module_name] = found.get(item.module_name, True) and is_string
    return {name for name, is_only_strings in found.items() if is_only_strings}


_OF_STRINGS = ("externref", "(ref extern)", "(ref null extern)")

# The builtins by the methods that do them.
_BUILTINS = {
    "cast": "cast",
    "test": "test",
    "fromCharCodeArray": "from_array",
    "intoCharCodeArray": "into_array",
    "fromCharCode": "from_unit",
    "fromCodePoint": "from_code_point",
    "charCodeAt": "unit_at",
    "codePointAt": "code_point_at",
    "length": "length",
    "concat": "concat",
    "substring": "substring",
    "equals": "equals",
    "compare": "compare",
}


class _Units:
    """The builtins, with the strings that were used last."""

    def __init__(self) -> None:
        # By string: the units, or None if they are its characters.
        self._known: dict[str, array[int] | None] = {}

    def _of(self, text: Any) -> array[int] | None:
        """The units of a string that has others than its characters."""
        if text.__class__ is not str:
            text = self.cast(text)
        if text.isascii():
            return None
        try:
            return self._known[text]
        except KeyError:
            units = array("H", encode(text)) if max(text) > "\uffff" else None
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[text] = units
            return units

    def cast(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        raise Trap(TrapCode.NULL_REFERENCE if value is None else TrapCode.CAST_FAILURE, "a string is wanted")

    def test(self, value: Any) -> int:
        return int(isinstance(value, str))

    def from_array(self, items: Any, start: int, end: int) -> str:
        units = _items(items)
        start, end = start & 0xFFFF_FFFF, end & 0xFFFF_FFFF
        if not start <= end <= len(units):
            raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS)
        return decode(units[start:end].tobytes())

    def into_array(self, text: Any, items: Any, start: int) -> int:
        units = array("H", encode(self.cast(text)))
        target, start = _items(items), start & 0xFFFF_FFFF
        if start + len(units) > len(target):
            raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS)
        target[start : start + len(units)] = units
        return len(units)

    def from_unit(self, code: int) -> str:
        return chr(code & 0xFFFF)

    def from_code_point(self, code: int) -> str:
        if not 0 <= code <= 0x10FFFF:
            raise Trap(TrapCode.UNREACHABLE, "the code point is out of range")
        return chr(code)

    def unit_at(self, text: Any, position: int) -> int:
        units = self._of(text)
        try:
            if position >= 0:
                return ord(text[position]) if units is None else units[position]
        except IndexError:
            pass
        raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS, "the position is outside of the string")

    def code_point_at(self, text: Any, position: int) -> int:
        first = self.unit_at(text, position)
        units = self._of(text)
        if units is not None and 0xD800 <= first < 0xDC00 and position + 1 < len(units):
            second = units[position + 1]
            if 0xDC00 <= second < 0xE000:
                return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        return first

    def length(self, text: Any) -> int:
        units = self._of(text)
        return len(text) if units is None else len(units)

    def concat(self, left: Any, right: Any) -> str:
        if left.__class__ is not str or right.__class__ is not str:
            left, right = self.cast(left), self.cast(right)
        if len(left) + len(right) > _MOST_CHARACTERS:
            raise Trap(TrapCode.OUT_OF_SYSTEM_MEMORY, "the string would be too long")
        if left and right and _HIGH <= left[-1] < _LOW <= right[0] < _END:
            # Two halves of one character.
            return decode(encode(left) + encode(right))
        return left + right  # type: ignore[no-any-return]

    def substring(self, text: Any, start: int, end: int) -> str:
        units = self._of(text)
        start, end = start & 0xFFFF_FFFF, end & 0xFFFF_FFFF
        if start >= end:
            return ""
        return text[start:end] if units is None else decode(units[start:end].tobytes())

    def equals(self, left: Any, right: Any) -> int:
        if left is not None:
            self.cast(left)
        if right is not None:
            self.cast(right)
        return int(left == right)

    def compare(self, left: Any, right: Any) -> int:
        left, right = self.cast(left), self.cast(right)
        if left == right:
            return 0
        if self._of(left) is not None or self._of(right) is not None:
            # A character beyond U+FFFF comes before some that are not.
            left, right = (text.encode("utf-16-be", "surrogatepass") for text in (left, right))
        return -1 if left < right else 1


def _items(items: Any) -> Any:
    if items is None:
        raise Trap(TrapCode.NULL_REFERENCE)
    if not isinstance(items, ArrayRef) or items.kind != "H":
        raise Trap(TrapCode.CAST_FAILURE, "an array of 16-bit integers is wanted")
    return items.items


def encode(text: str) -> bytes:
    """A string's units, two bytes each."""
    return text.encode(_ORDER, "surrogatepass")


def decode(data: bytes) -> str:
    """The string of these units: two halves of a character are that character."""
    return data.decode(_ORDER, "surrogatepass")
