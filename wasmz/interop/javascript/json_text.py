"""``JSON``, as JavaScript writes and reads it.

stringify({"a": 1.0, "b": UNDEFINED})        -> '{"a":1}'
"""

from __future__ import annotations

import json
import math
import re

from wasmz.errors import bounded
from wasmz.interop.javascript.operations import (
    PROPERTIES,
    check_size,
    key_of,
    to_int32,
    to_string,
)
from wasmz.interop.javascript.values import (
    SAFE,
    UNDEFINED,
    JavaScriptError,
    JsMap,
    JsSet,
    Symbol,
    TypedArray,
    as_object,
    type_error,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


_DEEPEST = 500
# What a number counts, or a list: about the bytes that it takes while the text is made.
_SIZE = 64
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


def parse(text: Any) -> Any:
    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is not in JSON")

    source = to_string(text)
    _check_depth(source)
    try:
        return json.loads(source, parse_int=_parsed_int, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise JavaScriptError(bounded(str(error)), "SyntaxError") from None


def _check_depth(text: str) -> None:
    """Refuses what is nested deeply: `json` takes the stack of C for each level, up to the recursion limit."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > _DEEPEST:
            raise JavaScriptError("it is nested too deeply", "SyntaxError")


def _parsed_int(digits: str) -> int | float:
    value = int(digits) if len(digits) < 20 else float(digits)
    return value if -SAFE <= value <= SAFE else float(value)


def stringify(value: Any, replacer: Any = UNDEFINED, indent: Any = UNDEFINED) -> Any:
    room = _Room(bool(indent) and indent is not UNDEFINED)
    plain = room.plain(value)
    if plain is UNDEFINED:
        return UNDEFINED
    space = (
        None
        if indent is UNDEFINED or not indent
        else to_string(indent)[:10]
        if isinstance(indent, str)
        else min(to_int32(indent), 10)
    )
    separators = (",", ": " if space else ":")
    return json.dumps(plain, ensure_ascii=False, separators=separators, indent=space)


class _Room:
    """Makes plain values, and counts how long their text will be: a list may be in others many times."""

    def __init__(self, is_indented: bool) -> None:
        self.is_indented: bool = is_indented
        self.used: int = 0

    def plain(self, value: Any, depth: int = 0) -> Any:
        """A value with what JSON has; ``UNDEFINED`` for what it leaves out."""
        if depth > _DEEPEST:
            raise type_error("Converting circular structure to JSON")
        self.used += (len(value) if isinstance(value, str) else _SIZE) + (10 * depth if self.is_indented else 0)
        if type(value) is dict:
            self.used += sum([len(key) for key in value if isinstance(key, str)])
        check_size(self.used)
        return _plain(value, depth, self.plain)


def _plain(value: Any, depth: int, plain: Callable[[Any, int], Any]) -> Any:
    """The same, where ``plain`` makes the values inside of it."""
    value = as_object(value)
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if value != value or value in (math.inf, -math.inf):
            return None
        return int(value) if value == int(value) and abs(value) < 1e21 else value
    if isinstance(value, list):
        return [None if (item := plain(x, depth + 1)) is UNDEFINED else item for x in value]
    if isinstance(value, TypedArray):
        return {str(index): plain(item, depth + 1) for index, item in enumerate(value)}
    if isinstance(value, (JsMap, JsSet)):
        return {}
    if type(value) is dict:
        pairs = ((key_of(key), plain(item, depth + 1)) for key, item in value.items())
        return {key: item for key, item in pairs if item is not UNDEFINED}
    own = PROPERTIES.get(type(value), {}).get("to_json")
    if own is not None:
        return own(value)
    return UNDEFINED if callable(value) or value is UNDEFINED or isinstance(value, Symbol) else {}
