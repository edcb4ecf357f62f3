"""Methods and properties of arrays, strings and typed arrays.

call_method([1], "concat", ([2],))       -> [1, 2]
get("\N{GRINNING FACE}", "length")       -> 2: lengths and positions in strings are in UTF-16
"""

from __future__ import annotations

import math

from wasmz.interop.javascript.operations import (
    METHODS,
    PROPERTIES,
    check_bits,
    check_items,
    check_size,
    from_inside,
    get,
    iterate,
    joined,
    new_typed,
    set_items,
    store_number,
    strict_equals,
    to_int32,
    to_integer,
    to_string,
)
from wasmz.interop.javascript.values import (
    KINDS,
    UNDEFINED,
    ArrayBuffer,
    Iterating,
    JavaScriptError,
    TypedArray,
    call,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


# --- arrays ---------------------------------------------------------------------------------------------------------


def _push(value: list[Any], *items: Any) -> int:
    check_items(len(value) + len(items))
    value.extend(items)
    return len(value)


def _unshift(value: list[Any], *items: Any) -> int:
    check_items(len(value) + len(items))
    value[:0] = items
    return len(value)


def _concat(value: list[Any], *more: Any) -> list[Any]:
    made = list(value)
    for item in more:
        _push(made, *item) if isinstance(item, list) else _push(made, item)
    return made


def _span(length: int, start: Any, end: Any) -> tuple[int, int]:
    first = 0 if start is UNDEFINED else to_integer(start)
    last = length if end is UNDEFINED else to_integer(end)
    first = max(first + length, 0) if first < 0 else min(first, length)
    last = max(last + length, 0) if last < 0 else min(last, length)
    return first, max(first, last)


def _slice(value: Any, start: Any = UNDEFINED, end: Any = UNDEFINED) -> Any:
    first, last = _span(len(value), start, end)
    return value[first:last]


def _for_each(value: Any, function: Any, this: Any = UNDEFINED) -> Any:
    for index, item in enumerate(iterate(value)):
        call(function, this, (item, index, value))
    return UNDEFINED


def mapped(value: Any, function: Any, this: Any = UNDEFINED) -> list[Any]:
    return [call(function, this, (from_inside(item), index, value)) for index, item in enumerate(value)]


def at(value: Any, index: Any = 0) -> Any:
    """``value.at(index)``: from the end on if it is negative."""
    position = to_integer(index)
    return get(value, position + len(value) if position < 0 else position)


def _index_of(value: Any, wanted: Any) -> int:
    return next((index for index, item in enumerate(value) if strict_equals(item, wanted)), -1)


METHODS[list] = {
    "push": _push,
    "pop": lambda value: value.pop() if value else UNDEFINED,
    "shift": lambda value: value.pop(0) if value else UNDEFINED,
    "unshift": _unshift,
    "slice": _slice,
    "concat": _concat,
    "join": lambda value, by=UNDEFINED: joined(
        [to_string([item], 1) for item in value], "," if by is UNDEFINED else to_string(by)
    ),
    "reverse": lambda value: (value.reverse(), value)[1],
    "includes": lambda value, wanted: _index_of(value, wanted) >= 0,
    "indexOf": _index_of,
    "forEach": _for_each,
    "map": mapped,
    "keys": lambda value: Iterating(range(len(value))),
    "values": lambda value: Iterating(map(from_inside, value)),
    "entries": lambda value: Iterating([index, from_inside(item)] for index, item in enumerate(value)),
    "@@iterator": lambda value: Iterating(map(from_inside, value)),
    "toString": to_string,
    "at": at,
}
PROPERTIES[list] = {"length": len}

# --- strings: their lengths and positions are in UTF-16 -------------------------------------------------------------


def units(text: str) -> int:
    """How many units of UTF-16 a string has."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def char_code(text: str, position: Any = 0) -> int | float:
    """The unit at a position, or NaN."""
    index = to_integer(position)
    if text.isascii() or max(text) < "\U00010000":
        return ord(text[index]) if 0 <= index < len(text) else math.nan
    data = text.encode("utf-16-le", "surrogatepass")[2 * index : 2 * index + 2] if index >= 0 else b""
    return int.from_bytes(data, "little") if data else math.nan


def _code_point(text: str, position: Any = 0) -> Any:
    index = to_integer(position)
    data = text.encode("utf-16-le", "surrogatepass")[2 * index : 2 * index + 4] if index >= 0 else b""
    if not data:
        return UNDEFINED
    return ord(data.decode("utf-16-le", "surrogatepass")[0])


def sliced(text: str, start: int, end: int) -> str:
    """The part of a string between two positions in UTF-16."""
    if text.isascii():
        return text[start:end]
    return text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")


def _substring(text: str, start: Any = 0, end: Any = UNDEFINED) -> str:
    length = units(text)
    first, last = (min(max(to_integer(x), 0), length) for x in (start, length if end is UNDEFINED else end))
    return sliced(text, min(first, last), max(first, last))


def _sliced(text: str, start: Any = UNDEFINED, end: Any = UNDEFINED) -> str:
    return sliced(text, *_span(units(text), start, end))


METHODS[str] = {
    "charCodeAt": char_code,
    "codePointAt": _code_point,
    "substring": _substring,
    "slice": _sliced,
    "toString": lambda text: text,
    "toLowerCase": str.lower,
    "toUpperCase": str.upper,
    "trim": str.strip,
    "startsWith": lambda text, start: text.startswith(to_string(start)),
    "endsWith": lambda text, end: text.endswith(to_string(end)),
    "includes": lambda text, part: to_string(part) in text,
    "indexOf": lambda text, part: text.find(to_string(part)),
    "split": lambda text, by: text.split(to_string(by)) if by else list(text),
    "concat": lambda text, *more: joined([text, *map(to_string, more)]),
    "repeat": lambda text, count: text * (check_size(len(text) * to_int32(count)) and to_int32(count)),
    "@@iterator": Iterating,
}
PROPERTIES[str] = {"length": units}


def _number_to_string(value: Any, radix: Any = 10) -> str:
    base = 10 if radix is UNDEFINED else to_int32(radix)
    if base == 10 or (isinstance(value, float) and not value.is_integer()):
        return to_string(value)
    if not 2 <= base <= 36:
        raise JavaScriptError("toString() radix must be between 2 and 36", "RangeError")
    digits, rest = "", abs(int(value))
    check_bits(rest.bit_length())
    while rest or not digits:
        rest, digit = divmod(rest, base)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return f"-{digits}" if value < 0 else digits


def _fixed(value: Any, digits: Any = 0) -> str:
    count = to_int32(digits)
    if count > 100:
        raise JavaScriptError("toFixed() digits argument must be between 0 and 100", "RangeError")
    return f"{value:.{count}f}" if abs(value) < 1e21 else to_string(value)


METHODS[int] = {
    "toString": _number_to_string,
    "valueOf": lambda value: value,
    "toFixed": _fixed,
}
METHODS[bool] = {"toString": to_string, "valueOf": lambda value: value}

# --- typed arrays, buffers ------------------------------------------------------------------------------------------


def _subarray(value: TypedArray, start: Any = UNDEFINED, end: Any = UNDEFINED) -> TypedArray:
    first, last = _span(value.count, start, end)
    return TypedArray(value.kind, value.buffer, value.start + first * KINDS[value.kind][1], last - first)


def _typed_slice(value: TypedArray, start: Any = UNDEFINED, end: Any = UNDEFINED) -> TypedArray:
    return new_typed(value.kind, _subarray(value, start, end))


# Items that are filled at once.
_PIECE = 1 << 16


def _fill(value: TypedArray, item: Any, start: Any = UNDEFINED, end: Any = UNDEFINED) -> TypedArray:
    first, last = _span(value.count, start, end)
    if first < last:
        store_number(value.items(), first, item)
        size, part = KINDS[value.kind][1], value.part()
        one = bytes(part[first * size : (first + 1) * size])
        for begin in range(first, last, _PIECE):
            rest = min(last - begin, _PIECE)
            part[begin * size : (begin + rest) * size] = one * rest
    return value


METHODS[TypedArray] = {
    "set": set_items,
    "subarray": _subarray,
    "slice": _typed_slice,
    "fill": _fill,
    "values": Iterating,
    "at": at,
    "copyWithin": lambda value, to, start=UNDEFINED, end=UNDEFINED: set_items(
        value, _typed_slice(value, start, end), to
    ),
    "forEach": _for_each,
    "toString": to_string,
    "@@iterator": Iterating,
}
PROPERTIES[TypedArray] = {
    "length": len,
    "byteLength": lambda value: value.count * KINDS[value.kind][1],
    "byteOffset": lambda value: value.start,
    "buffer": lambda value: value.buffer,
}


def _buffer_slice(value: ArrayBuffer, start: Any = UNDEFINED, end: Any = UNDEFINED) -> ArrayBuffer:
    first, last = _span(len(value), start, end)
    return ArrayBuffer(bytearray(value.part(first, last - first)))


METHODS[ArrayBuffer] = {"slice": _buffer_slice}
PROPERTIES[ArrayBuffer] = {"byteLength": len}
