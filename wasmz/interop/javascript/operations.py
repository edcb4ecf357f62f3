"""JavaScript's operations on values: properties, calls, types. Python objects have none but those that are listed here.

get({"a": 1}, "a")                    -> 1
call_method([1], "push", (2,))        -> 2, the list's new length
typeof(lambda: 0)                     -> "function"
"""

from __future__ import annotations

import re

from wasmz.errors import bounded
from wasmz.interop.javascript.values import (
    KINDS,
    SAFE,
    UNDEFINED,
    ArrayBuffer,
    BigInt,
    Builtin,
    Callable_,
    Iterating,
    JavaScriptError,
    JsMap,
    JsSet,
    Symbol,
    TypedArray,
    as_object,
    call,
    from_python,
    not_here,
    type_error,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

# Methods by type and name: they take the object and the arguments. Properties take the object.
METHODS: dict[type, dict[str, Callable[..., Any]]] = {}
PROPERTIES: dict[type, dict[str, Callable[..., Any]]] = {}
# What sets a property, for the few that can be set in objects of types with tables.
SETTERS: dict[type, dict[str, Callable[[Any, Any], None]]] = {}


# Bytes of a buffer, or characters of a string, and bits of an integer. Nothing can stop what CPython does with larger
# ones while it does it.
_MOST_SIZE = 1 << 28
_MOST_BITS = 1 << 16
# Items of a list: each step of a script may double one.
_MOST_ITEMS = 1 << 23
# Lists in lists: some of CPython's functions take the stack of C for each.
_DEEPEST = 200


def check_size(size: int) -> int:
    """The size of an object that is about to be made. ``JavaScriptError``: it is too large."""
    if not 0 <= size <= _MOST_SIZE:
        raise JavaScriptError(f"Invalid length: {size}", "RangeError")
    return size


def check_items(count: int) -> int:
    """The items of a list that is about to be made. ``JavaScriptError``: there are too many."""
    if count > _MOST_ITEMS:
        raise JavaScriptError("Invalid array length", "RangeError")
    return count


def expect_depth(depth: int) -> int:
    """In how many lists a value is. ``JavaScriptError``: it is nested too deeply."""
    if depth > _DEEPEST:
        raise JavaScriptError("Maximum call stack size exceeded", "RangeError")
    return depth


def joined(parts: list[str], by: str = "") -> str:
    """Strings as one. ``JavaScriptError``: it would be too long."""
    check_size(sum(map(len, parts)) + len(by) * max(len(parts) - 1, 0))
    return by.join(parts)


def check_bits(bits: int) -> int:
    """The bits of an integer that is about to be made. ``JavaScriptError``: there are too many."""
    if not 0 <= bits <= _MOST_BITS:
        raise JavaScriptError("Maximum BigInt size exceeded", "RangeError")
    return bits


class Namespace:
    """A standard object that only has members: ``Math``, ``console``, the global object itself."""

    __slots__ = ("members", "name")

    def __init__(self, name: str, members: Mapping[str, Any]) -> None:
        self.name: str = name
        self.members: Mapping[str, Any] = members


class StandardClass(Callable_):
    """A standard class.

    Attributes:
        make: what ``new`` does with the arguments.
        convert: what a call without ``new`` does.
        members: static ones.
        check: whether a value is an instance.
    """

    __slots__ = ("check", "convert", "make", "members")

    def __init__(
        self,
        name: str,
        make: Callable[..., Any],
        check: Callable[[Any], bool],
        members: dict[str, Any] | None = None,
        convert: Callable[..., Any] | None = None,
    ) -> None:
        self.name = name
        self.make: Callable[..., Any] = make
        self.check: Callable[[Any], bool] = check
        self.members: dict[str, Any] = members or {}
        self.convert: Callable[..., Any] | None = convert

    def invoke(self, this: Any, args: tuple[Any, ...]) -> Any:
        return (self.convert or self.make)(*args)


def typeof(value: Any) -> str:
    """The word that ``typeof`` gives."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "bigint" if is_bigint(value) else "number"
    if isinstance(value, float):
        return "number"
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, Symbol):
        return "symbol"
    return "function" if callable(value) and not isinstance(value, BaseException) else "object"


def is_bigint(value: int) -> bool:
    """Whether an integer is a bigint, and no number."""
    return isinstance(value, BigInt) or not -SAFE <= value <= SAFE


def is_number(value: Any) -> bool:
    """Whether a value is a number."""
    return isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool) and not is_bigint(value))


def strict_equals(left: Any, right: Any) -> bool:
    """``===``."""
    if left is right:
        return left == left if isinstance(left, float) else True
    kind = typeof(left)
    return kind == typeof(right) and kind in ("string", "number", "bigint", "boolean") and bool(left == right)


def loose_equals(left: Any, right: Any) -> bool:
    """``==``, of values that are compared so: those that are ``None`` in Python equal each other."""
    nothing = (None, UNDEFINED)
    if left in nothing or right in nothing:
        return left in nothing and right in nothing
    numbers = (int, float)
    if isinstance(left, numbers) and isinstance(right, numbers):
        return left == right
    return strict_equals(left, right)


def truthy(value: Any) -> bool:
    """Whether a condition holds: empty lists and objects are true."""
    if isinstance(value, (str, int)):
        return bool(value)
    if isinstance(value, float):
        return value == value and value != 0
    return value is not None and value is not UNDEFINED


def to_string(value: Any, depth: int = 0) -> str:
    """``String(value)``; ``depth`` is how many lists it is in."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, int):
        return _integer_text(value)
    if isinstance(value, Symbol) or value is UNDEFINED:
        return repr(value)
    if isinstance(value, (list, tuple, TypedArray)):
        expect_depth(depth)
        return joined(["" if item is None or item is UNDEFINED else to_string(item, depth + 1) for item in value], ",")
    if isinstance(value, BaseException):
        message = get(value, "message")
        return f"{get(value, 'name')}: {message}" if message else str(get(value, "name"))
    if isinstance(value, Callable_) or callable(value):
        return f"function {getattr(value, 'name', '')}() {{ [native code] }}"
    own = PROPERTIES.get(type(value), {}).get("to_string")
    return own(value) if own is not None else "[object Object]"


# CPython writes and reads no longer numbers at once.
_DIGITS_AT_ONCE = 4_000


def _integer_text(value: int) -> str:
    check_bits(value.bit_length())
    rest, parts = abs(value), []
    while rest.bit_length() > 3 * _DIGITS_AT_ONCE:
        rest, digits = divmod(rest, 10**_DIGITS_AT_ONCE)
        parts.append(f"{digits:0{_DIGITS_AT_ONCE}d}")
    return ("-" if value < 0 else "") + "".join([int.__repr__(rest), *reversed(parts)])


def number_text(value: float) -> str:
    """A number as JavaScript writes it: as short as possible, without ``.0``."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e16:
        return str(int(value))
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    power = int(exponent)
    if 0 < power < 21:
        digits = mantissa.replace(".", "").removeprefix("-")
        return ("-" if value < 0 else "") + digits.ljust(power + 1, "0")
    if -7 < power < 0:
        return f"{value:.{len(mantissa.replace('.', '').lstrip('-')) - 1 - power}f}"
    return f"{mantissa.removesuffix('.0')}e{'+' if power > 0 else '-'}{abs(power)}"


def to_number(value: Any) -> int | float:
    """``Number(value)``."""
    if isinstance(value, (int, float)):
        return value
    if value is None:
        return 0
    if isinstance(value, str):
        return _read_number(value.strip())
    own = PROPERTIES.get(type(value), {}).get("to_number")
    return own(value) if own is not None else float("nan")


_RADIX = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|Infinity)")


def _read_number(text: str) -> int | float:
    if not text:
        return 0
    if _RADIX.fullmatch(text):
        value = int(text, 0)
        if value > SAFE:
            # Larger ones than that are infinite.
            return float(value) if value.bit_length() < 1024 else float("inf")
        return value
    if not _DECIMAL.fullmatch(text):
        return float("nan")
    number = float(text)
    return int(number) if number and -SAFE <= number <= SAFE and number == int(number) else number


def read_bigint(text: str) -> int:
    """What ``BigInt(text)`` stands for. ``JavaScriptError``: it is none, or too large."""
    text = text.strip()
    if not text:
        return 0
    check_bits(3 * len(text))
    if _RADIX.fullmatch(text):
        return int(text, 0)
    digits = text.removeprefix("-") if text[:1] == "-" else text.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        raise JavaScriptError(f"Cannot convert {bounded(text)} to a BigInt", "SyntaxError")
    value = 0
    for start in range(0, len(digits), _DIGITS_AT_ONCE):
        part = digits[start : start + _DIGITS_AT_ONCE]
        value = value * 10 ** len(part) + int(part)
    return -value if text[0] == "-" else value


def to_integer(value: Any) -> int:
    """The integer that a value is as a position: NaN is 0, and infinity is past all positions."""
    number = to_number(value)
    if isinstance(number, int):
        return int(number)
    if number != number:
        return 0
    return int(max(min(number, float(SAFE)), -float(SAFE)))


def to_int32(value: Any) -> int:
    """The integer of 32 bits, unsigned, that a value is for WebAssembly and for ``>>> 0``."""
    if not isinstance(value, int):
        number = to_number(value)
        value = int(number) if number == number and number not in (float("inf"), float("-inf")) else 0
    return int(value) & 0xFFFF_FFFF


def to_int64(value: Any) -> int:
    """The same with 64 bits, of a bigint or a bool; anything else is a ``TypeError``."""
    if isinstance(value, int):
        return int(value) & 0xFFFF_FFFF_FFFF_FFFF
    if isinstance(value, float) and value == int(value):
        return int(value) & 0xFFFF_FFFF_FFFF_FFFF
    raise type_error(f"an integer is wanted, not {bounded(repr(value))}")


def to_double(value: Any) -> float:
    """The number that a value is for WebAssembly."""
    return float(to_number(value))


def key_of(value: Any) -> Any:
    """A property's key: a string, or a symbol."""
    return value if isinstance(value, (str, Symbol)) else to_string(value)


def get(value: Any, key: Any) -> Any:
    """A property of an object; ``UNDEFINED`` if it has none of that name."""
    if isinstance(value, (list, tuple, TypedArray, str)) and (index := _index(key)) is not None:
        return _item(value, index)
    if type(value) is dict:
        found = _entry(value, key)
        if found is not UNDEFINED:
            return found
    elif isinstance(value, (Namespace, StandardClass)):
        return _member(value, key)
    elif value is None or value is UNDEFINED:
        what = to_string(value)
        raise type_error(f"Cannot read properties of {what} (reading '{bounded(to_string(key))}')")
    if isinstance(value, JavaScriptError) and (own := key_of(key)) in value.properties:
        return value.properties[own]
    kind = _kind(value)
    name = key if isinstance(key, str) else f"@@{key.name}" if isinstance(key, Symbol) else to_string(key)
    read = PROPERTIES.get(kind, {}).get(name)
    if read is not None:
        return from_python(read(value)) if kind is object else read(value)
    method = METHODS.get(kind, {}).get(name)
    if method is not None:
        return Method(name, method)
    return value.glue_get(name) if hasattr(type(value), "glue_get") else UNDEFINED


class Method(Callable_):
    """A method that was taken from an object, to be called with ``this``."""

    __slots__ = ("method",)

    def __init__(self, name: str, method: Callable[..., Any]) -> None:
        self.name = name
        self.method: Callable[..., Any] = method

    def invoke(self, this: Any, args: tuple[Any, ...]) -> Any:
        return self.method(this, *args)


def _index(key: Any) -> int | None:
    if isinstance(key, int) and not isinstance(key, bool):
        return int(key)
    if isinstance(key, float):
        return int(key) if -SAFE <= key <= SAFE and key == int(key) else None
    if not isinstance(key, str) or not (key.isascii() and key.isdecimal() and len(key) <= 10):
        return None
    return int(key) if key[0] != "0" or key == "0" else None


def _item(value: Any, index: int) -> Any:
    if not 0 <= index < len(value):
        return UNDEFINED
    if isinstance(value, TypedArray):
        number = value.items()[index]
        return BigInt(number) if value.kind.startswith("Big") else number
    return from_inside(value[index])


def from_inside(value: Any) -> Any:
    """What a value in a user's list or dict is: ``None`` is null there."""
    return value if value is None else from_python(value)


def _entry(value: dict[Any, Any], key: Any) -> Any:
    try:
        return from_inside(value[key])
    except (KeyError, TypeError):
        pass
    text = key_of(key)
    if text in value:
        return from_inside(value[text])
    number = _index(text)
    return UNDEFINED if number is None or number not in value else from_inside(value[number])


def _member(value: Any, key: Any) -> Any:
    name = key_of(key)
    found = value.members.get(name, UNDEFINED)
    if found is UNDEFINED and isinstance(value, StandardClass):
        if name == "name":
            return value.name
        method = METHODS[object].get(name) if isinstance(name, str) else None
        return UNDEFINED if method is None else Method(name, method)
    return found


def put(value: Any, key: Any, item: Any) -> None:
    """Sets a property of an object; a standard object keeps those that it has."""
    value = as_object(value)
    index = _index(key)
    if isinstance(value, list) and index is not None:
        if index < 0:
            # A property, which lists do not have.
            return
        if index >= len(value) + 1_000_000:
            raise JavaScriptError("Invalid array length", "RangeError")
        check_items(index + 1)
        value.extend([UNDEFINED] * (index + 1 - len(value)))
        value[index] = item
    elif isinstance(value, TypedArray):
        if index is not None and 0 <= index < value.count:
            store_number(value.items(), index, item)
    elif type(value) is dict:
        value[key_of(key)] = item
    elif isinstance(value, JavaScriptError):
        name = key_of(key)
        if name in ("name", "message"):
            setattr(value, name, to_string(item))
        else:
            value.properties[name] = item
    elif isinstance(value, list) and isinstance(key, str) and key == "length":
        length = check_items(to_int32(item))
        del value[length:]
        value.extend([UNDEFINED] * (length - len(value)))
    elif type(value) in SETTERS and (name := key_of(key)) in SETTERS[type(value)]:
        SETTERS[type(value)][name](value, item)
    elif hasattr(type(value), "glue_put"):
        value.glue_put(key_of(key), item)
    elif value is None or value is UNDEFINED:
        raise type_error(f"Cannot set properties of {to_string(value)}")


def store_number(items: Any, index: int, value: Any) -> None:
    """Puts a number into a typed array, with the conversion that it has."""
    format = items.format
    if format in ("f", "d"):
        items[index] = to_double(value)
        return
    bits = 8 * items.itemsize
    number = to_int64(value) if bits == 64 else to_int32(value)
    number &= (1 << bits) - 1
    if format in ("b", "h", "i", "q") and number >> (bits - 1):
        number -= 1 << bits
    items[index] = number


def delete(value: Any, key: Any) -> bool:
    """``delete value[key]``."""
    if type(value) is dict:
        value.pop(key_of(key), None)
    return True


def has(value: Any, key: Any) -> bool:
    """``key in value``."""
    if type(value) is dict:
        return _entry(value, key) is not UNDEFINED or key_of(key) in value
    return get(value, key) is not UNDEFINED


def own_keys(value: Any) -> list[Any]:
    """The names of an object's own properties."""
    value = as_object(value)
    if type(value) is dict:
        return [key_of(key) for key in value if not isinstance(key, Symbol)]
    if isinstance(value, (list, TypedArray, str)):
        return [str(index) for index in range(check_items(len(value)))]
    return list(value.properties) if isinstance(value, JavaScriptError) else []


def _kind(value: Any) -> type:
    """By which of the tables' types a value is known."""
    kind = type(value)
    if kind in METHODS:
        return kind
    if kind in PROPERTIES:
        return kind
    for known, wanted in (
        (tuple, list),
        (bool, bool),
        (int, int),
        (float, int),
        (BaseException, BaseException),
        (str, str),
        (JsMap, JsMap),
        (JsSet, JsSet),
        (dict, dict),
    ):
        if isinstance(value, known):
            return wanted
    return Callable_ if callable(value) else object


def call_method(value: Any, name: Any, args: tuple[Any, ...]) -> Any:
    """``value.name(...args)``."""
    kind = type(value)
    table = METHODS.get(kind)
    if table is not None and kind is not dict:
        method = table.get(name)
        if method is not None:
            return method(value, *args)
    value = as_object(value)
    function = get(value, name)
    if function is UNDEFINED:
        common = METHODS[object].get(name)
        if common is not None:
            return common(value, *args)
        raise type_error(f"{_shown(value)}.{bounded(to_string(name))} is not a function")
    return call(function, value, args)


def _shown(value: Any) -> str:
    return value.name if isinstance(value, (Namespace, StandardClass)) else bounded(to_string(value))


def construct(kind: Any, args: tuple[Any, ...]) -> Any:
    """``new kind(...args)``."""
    if isinstance(kind, StandardClass):
        return kind.make(*args)
    if isinstance(kind, type) and hasattr(kind, "glue_get"):
        return kind(*args)
    raise type_error(f"{_shown(kind)} is not a constructor")


def instance_of(value: Any, kind: Any) -> bool:
    """``value instanceof kind``."""
    if isinstance(kind, StandardClass):
        return kind.check(as_object(value))
    if isinstance(kind, type) and hasattr(kind, "glue_get"):
        return isinstance(value, kind)
    raise type_error("Right-hand side of 'instanceof' is not callable")


def iterate(value: Any) -> list[Any]:
    """The items of anything that can be iterated over."""
    value = as_object(value)
    if isinstance(value, JsSet):
        return list(value)
    if isinstance(value, JsMap):
        return [[key, item] for key, item in value.items()]
    if isinstance(value, Iterating):
        return list(value.items)
    if isinstance(value, (list, TypedArray, str)):
        check_items(len(value))
        return list(value)
    raise type_error(f"{_shown(value)} is not iterable")


def next_result(value: Any) -> Any:
    """What an iterator's ``next`` gives."""
    return value.next()


def missing(name: str) -> Builtin:
    """A function that says that it is the browser's."""

    def refuse(*args: Any) -> Any:
        raise not_here(name)

    return Builtin(name, refuse)


def new_typed(kind: str, first: Any = 0, start: Any = 0, count: Any = UNDEFINED) -> TypedArray:
    """``new Uint8Array(...)`` and so on: of a length, a buffer, or numbers."""
    first = as_object(first)
    size = KINDS[kind][1]
    if isinstance(first, ArrayBuffer):
        begin = to_int32(start)
        length = (len(first) - begin) // size if count is UNDEFINED else to_int32(count)
        if begin % size or length < 0 or begin + length * size > len(first):
            raise JavaScriptError(f"Invalid typed array length: {length}", "RangeError")
        return TypedArray(kind, first, begin, length)
    if isinstance(first, TypedArray) and KINDS[first.kind][0] == KINDS[kind][0]:
        return TypedArray(kind, ArrayBuffer(bytearray(first.part())), 0, first.count)
    if isinstance(first, (list, TypedArray, JsSet, Iterating)):
        values = iterate(first)
        made = TypedArray(kind, ArrayBuffer(bytearray(len(values) * size)), 0, len(values))
        set_items(made, values)
        return made
    length = to_int32(first)
    return TypedArray(kind, ArrayBuffer(bytearray(check_size(length * size))), 0, length)


def set_items(target: TypedArray, source: Any, offset: Any = 0) -> None:
    """``target.set(source, offset)``."""
    source = as_object(source)
    position = to_int32(offset)
    if position + len(source) > target.count:
        raise JavaScriptError("offset is out of bounds", "RangeError")
    if isinstance(source, TypedArray) and KINDS[source.kind][0] == KINDS[target.kind][0]:
        size = KINDS[target.kind][1]
        data = bytes(source.part())
        target.part()[position * size : position * size + len(data)] = data
        return
    items = target.items()
    for index, value in enumerate(source, position):
        store_number(items, index, value)
