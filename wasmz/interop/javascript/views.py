"""What else of JavaScript's standard library modules of garbage-collected languages use: views, weak maps, prototypes.

LIBRARY["DataView"], LIBRARY["RegExp"], ...
"""

from __future__ import annotations

import struct
from weakref import ref

from wasmz.interop.javascript.operations import (
    METHODS,
    PROPERTIES,
    Namespace,
    StandardClass,
    call_method,
    get,
    iterate,
    to_double,
    to_int32,
    to_int64,
    to_string,
    truthy,
)
from wasmz.interop.javascript.regular import REGULAR
from wasmz.interop.javascript.standard import GLOBALS
from wasmz.interop.javascript.values import (
    UNDEFINED,
    ArrayBuffer,
    BigInt,
    Builtin,
    Callable_,
    JavaScriptError,
    Symbol,
    as_object,
    type_error,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


# --- views of buffers -----------------------------------------------------------------------------------------------

_FORMATS = {
    "Int8": "b",
    "Uint8": "B",
    "Int16": "h",
    "Uint16": "H",
    "Int32": "i",
    "Uint32": "I",
    "BigInt64": "q",
    "BigUint64": "Q",
    "Float32": "f",
    "Float64": "d",
}


class DataView:
    """Bytes of a buffer, read and written as numbers of any kind in either order."""

    __slots__ = ("buffer", "size", "start")

    def __init__(self, buffer: ArrayBuffer, start: int, size: int) -> None:
        self.buffer: ArrayBuffer = buffer
        self.start: int = start
        self.size: int = size

    def part(self, position: Any, size: int) -> memoryview:
        """The bytes of one number, for now."""
        at = position if isinstance(position, int) else to_int32(position)
        if at < 0 or at + size > self.size:
            raise JavaScriptError("Offset is outside the bounds of the DataView", "RangeError")
        return self.buffer.part(self.start + at, size)


def _new_view(buffer: Any = UNDEFINED, start: Any = 0, size: Any = UNDEFINED) -> DataView:
    buffer = as_object(buffer)
    if not isinstance(buffer, ArrayBuffer):
        raise type_error("First argument to DataView constructor must be an ArrayBuffer")
    begin = to_int32(start)
    length = len(buffer) - begin if size is UNDEFINED else to_int32(size)
    if length < 0 or begin + length > len(buffer):
        raise JavaScriptError(f"Invalid DataView length {length}", "RangeError")
    return DataView(buffer, begin, length)


def _reader(format: str) -> Callable[..., Any]:
    size, is_big = struct.calcsize("<" + format), format in "qQ"

    def read(view: DataView, position: Any, is_little: Any = False) -> Any:
        value = struct.unpack(("<" if truthy(is_little) else ">") + format, view.part(position, size))[0]
        return BigInt(value) if is_big else value

    return read


def _writer(format: str) -> Callable[..., Any]:
    size = struct.calcsize("<" + format)
    unsigned, mask = format.upper(), (1 << (8 * size)) - 1

    def write(view: DataView, position: Any, value: Any = UNDEFINED, is_little: Any = False) -> Any:
        part = view.part(position, size)
        order = "<" if truthy(is_little) else ">"
        if format in "fd":
            number = to_double(value)
            try:
                part[:] = struct.pack(order + format, number)
            except OverflowError:
                part[:] = struct.pack(order + format, float("inf") if number > 0 else float("-inf"))
        else:
            number = (to_int64(value) if size == 8 else to_int32(value)) & mask
            part[:] = struct.pack(order + unsigned, number)
        return UNDEFINED

    return write


METHODS[DataView] = {
    **{f"get{kind}": _reader(format) for kind, format in _FORMATS.items()},
    **{f"set{kind}": _writer(format) for kind, format in _FORMATS.items()},
}
PROPERTIES[DataView] = {
    "buffer": lambda view: view.buffer,
    "byteLength": lambda view: view.size,
    "byteOffset": lambda view: view.start,
}


# --- weak maps ------------------------------------------------------------------------------------------------------


class WeakMap:
    """Values by objects. Those that CPython can refer to weakly are not kept by it."""

    def __init__(self, pairs: Any = None) -> None:
        # By the keys' ids: the key or a weak reference to it, and the value.
        self.entries: dict[int, tuple[Any, Any]] = {}
        for pair in iterate(pairs) if pairs else ():
            self.set(get(pair, 0), get(pair, 1))

    def get(self, key: Any) -> Any:
        """The value for an object."""
        return self.entries.get(id(key), (None, UNDEFINED))[1]

    def set(self, key: Any, value: Any) -> WeakMap:
        """Sets the value for an object."""
        number, entries = id(key), self.entries
        held: Any
        try:
            held = ref(key, lambda _: entries.pop(number, None))
        except TypeError:
            held = key
        entries[number] = held, value
        return self

    def has(self, key: Any) -> bool:
        """Whether there is a value for an object."""
        return id(key) in self.entries

    def delete(self, key: Any) -> bool:
        """Forgets an object."""
        return self.entries.pop(id(key), None) is not None


METHODS[WeakMap] = {"get": WeakMap.get, "set": WeakMap.set, "has": WeakMap.has, "delete": WeakMap.delete}


# --- prototypes: their methods, to be called with any object of the class ---------------------------------------------


class Generic(Callable_):
    """A method of a prototype."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        self.name = name

    def invoke(self, this: Any, args: tuple[Any, ...]) -> Any:
        return call_method(this, self.name, args)


class Unbound(Generic):
    """The same as a function of its object and the arguments: ``Function.prototype.call.bind(method)``."""

    __slots__ = ()

    def invoke(self, this: Any, args: tuple[Any, ...]) -> Any:
        return call_method(args[0] if args else UNDEFINED, self.name, args[1:])


class Prototype:
    """``String.prototype`` and the like."""

    __slots__ = ()

    def glue_get(self, name: str) -> Any:
        """The method of this name, which finds out later whether there is one."""
        return Generic(name)


PROTOTYPE = Prototype()
# It has none of the methods of other objects.
METHODS[Prototype] = {}


def _descriptor(value: Any, key: Any) -> Any:
    name = to_string(key)
    if isinstance(value, Prototype):
        return {"get": _Getter(name)}
    return UNDEFINED if (found := get(value, name)) is UNDEFINED else {"value": found}


class _Getter(Callable_):
    """What reads a property."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        self.name = name

    def invoke(self, this: Any, args: tuple[Any, ...]) -> Any:
        return get(this, self.name)


def _class(name: str, made: Any, check: type) -> StandardClass:
    return StandardClass(name, made, lambda value: isinstance(value, check))


def _with_prototype(value: Any) -> Any:
    """A standard class of its own for here, with a prototype."""
    if not isinstance(value, StandardClass):
        return value
    members = {**value.members, "prototype": PROTOTYPE}
    if value.name == "Object":
        members["getOwnPropertyDescriptor"] = Builtin("Object.getOwnPropertyDescriptor", _descriptor)
    return StandardClass(value.name, value.make, value.check, members, value.convert)


_SYMBOLS = GLOBALS["Symbol"].members
_SYMBOL = StandardClass(
    "Symbol",
    lambda *_: _no_constructor(),
    lambda value: False,
    dict(_SYMBOLS),
    lambda text="": Symbol(to_string(text)),
)


def _no_constructor() -> Any:
    raise type_error("Symbol is not a constructor")


# The global object's members for modules whose JavaScript is a list of functions.
LIBRARY: dict[str, Any] = {
    name: _with_prototype(value)
    for name, value in {
        **GLOBALS,
        "DataView": _class("DataView", _new_view, DataView),
        "RegExp": REGULAR,
        "Symbol": _SYMBOL,
        "WeakMap": _class("WeakMap", WeakMap, WeakMap),
    }.items()
    if name not in ("globalThis", "self")
}


def library(own: dict[str, Any]) -> dict[str, Any]:
    """The members of a global object of one module's own."""
    members = {**LIBRARY, **own}
    members["globalThis"] = members["self"] = members
    return members


__all__ = ["LIBRARY", "PROTOTYPE", "DataView", "Generic", "Namespace", "Prototype", "Unbound", "WeakMap", "library"]
