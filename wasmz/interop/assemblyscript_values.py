"""AssemblyScript's strings, buffers and arrays in a module's memory, as its bindings lift and lower them.

    Values(instance).lower_string("text")     -> where the module's string is
    values.lift_string(pointer)               -> "text"

A managed object is known by the address of its contents; four bytes before it are their size. What is lowered is kept
from the module's collector by the bindings (``__retain``), or by the call itself.
"""

from __future__ import annotations

from wasmz.interop.javascript.operations import iterate, set_items, to_double, to_int32, to_int64
from wasmz.interop.javascript.values import (
    KINDS,
    UNDEFINED,
    ArrayBuffer,
    Builtin,
    TypedArray,
    as_object,
    type_error,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.link.instance import Instance

_NUMBERS = {"I8": "b", "U8": "B", "I16": "h", "U16": "H", "I32": "i", "U32": "I", "I64": "q", "U64": "Q"} | {
    "F32": "f",
    "F64": "d",
}
_LIFTED = ("String", "Buffer", "Array", "TypedArray", "StaticArray", "Internref")
# What the bindings call, all of it here.
HELPERS = frozenset(
    [
        *(f"__{verb}{kind}" for verb in ("lift", "lower") for kind in _LIFTED),
        *(f"__{verb}{kind}" for verb in ("get", "set") for kind in _NUMBERS),
        *("__retain", "__release", "__notnull"),
    ]
)
# The classes that every module has first (runtime type ids).
_BUFFER_ID, _STRING_ID = 1, 2


class Reference:
    """An object of the module's that stays there: it is kept from its collector while Python has it.

    Attributes:
        pointer: where it is.
    """

    __slots__ = ("_release", "pointer")

    def __init__(self, pointer: int, release: Callable[[int], Any]) -> None:
        self.pointer: int = pointer
        self._release: Callable[[int], Any] = release

    def __del__(self) -> None:
        # Not now: this may be in the middle of the module's code.
        self._release(self.pointer)

    def __index__(self) -> int:
        return self.pointer

    def __repr__(self) -> str:
        return f"<reference to {self.pointer:#x}>"


class Values:
    """The values of one instance."""

    def __init__(self, instance: Instance) -> None:
        self.exports: Any = instance.exports
        self.memory: Any = instance.first_memory
        self.buffer: ArrayBuffer = ArrayBuffer(b"", self.memory)
        self.held: dict[int, int] = {}
        self.dropped: list[int] = []

    def functions(self) -> dict[str, Callable[..., Any]]:
        """For users of modules without bindings, if these export their runtime: strings and buffers."""
        if "__new" not in self.exports:
            return {}
        return {
            "__newString": self.lower_string,
            "__getString": self.lift_string,
            "__newArrayBuffer": self.lower_buffer,
            "__getArrayBuffer": lambda pointer: (
                None if (found := self.lift_buffer(pointer)) is None else bytes(found.data)
            ),
        }

    def helpers(self) -> dict[str, Any]:
        """The functions that the bindings call, by their names after ``h_``."""
        found: dict[str, Any] = {
            "h___liftString": self.lift_string,
            "h___lowerString": self.lower_string,
            "h___liftBuffer": self.lift_buffer,
            "h___lowerBuffer": self.lower_buffer,
            "h___liftArray": self.lift_array,
            "h___lowerArray": self.lower_array,
            "h___liftTypedArray": self.lift_typed_array,
            "h___lowerTypedArray": self.lower_typed_array,
            "h___liftStaticArray": self.lift_static_array,
            "h___lowerStaticArray": self.lower_static_array,
            "h___liftInternref": self.lift_reference,
            "h___lowerInternref": self.lower_reference,
            "h___retain": self.retain,
            "h___release": self.release,
            "h___notnull": self.not_null,
        }
        read, write = self.memory.read_value, self.memory.write_value
        for kind, format in _NUMBERS.items():
            found[f"h___get{kind}"] = _getter(read, format)
            found[f"h___set{kind}"] = _setter(write, format)
        return found

    def new(self, size: int, id: int) -> int:
        """A new object of the module's; what Python has dropped is released before."""
        while self.dropped:
            self.release(self.dropped.pop())
        pointer: int = self.exports["__new"](size, id)
        return pointer & 0xFFFF_FFFF

    def pin(self, pointer: int) -> int:
        self.exports["__pin"](pointer)
        return pointer

    def size_of(self, pointer: int) -> int:
        """How many bytes the contents of an object have."""
        size: int = self.memory.read_value((pointer & 0xFFFF_FFFF) - 4, "I")
        return size

    def lift_string(self, pointer: int) -> str | None:
        """The string at an address; ``None`` for 0."""
        if not pointer:
            return None
        pointer &= 0xFFFF_FFFF
        text: str = self.memory.read(pointer, self.size_of(pointer) & ~1).decode("utf-16-le", "surrogatepass")
        return text

    def lower_string(self, value: Any) -> int:
        """The address of a new string; 0 for ``None``."""
        if value is None or value is UNDEFINED:
            return 0
        if not isinstance(value, str):
            raise type_error(f"a string is wanted, not {value!r:.80}")
        data = value.encode("utf-16-le", "surrogatepass")
        pointer = self.new(len(data), _STRING_ID)
        self.memory.write(pointer, data)
        return pointer

    def lift_buffer(self, pointer: int) -> ArrayBuffer | None:
        """The contents of a buffer."""
        if not pointer:
            return None
        pointer &= 0xFFFF_FFFF
        return ArrayBuffer(self.memory.read(pointer, self.size_of(pointer)))

    def lower_buffer(self, value: Any) -> int:
        """The address of a new buffer with these bytes."""
        if value is None or value is UNDEFINED:
            return 0
        found = as_object(value)
        data = bytes(found.part() if isinstance(found, TypedArray) else found.part(0, len(found)))
        pointer = self.new(len(data), _BUFFER_ID)
        self.memory.write(pointer, data)
        return pointer

    def lift_array(self, lift: Any, align: int, pointer: int) -> list[Any] | None:
        if not pointer:
            return None
        start, _, length = self.memory.read_value((pointer & 0xFFFF_FFFF) + 4, "III")
        return self._lifted(lift, align, start, length)

    def lift_static_array(self, lift: Any, align: int, pointer: int) -> list[Any] | None:
        if not pointer:
            return None
        return self._lifted(lift, align, pointer & 0xFFFF_FFFF, self.size_of(pointer) >> align)

    def _lifted(self, lift: Any, align: int, start: int, length: int) -> list[Any]:
        # Such an array is in memory: a length that is not cannot be used to keep the host busy.
        self.memory.slice(start, length << align).release()
        function = _plain(lift)
        return [function(start + (index << align)) for index in range(length)]

    def lower_array(self, lower: Any, id: int, align: int, values: Any) -> int:
        if values is None or values is UNDEFINED:
            return 0
        items = iterate(values)
        start = self.pin(self.new(len(items) << align, 1))
        header = self.pin(self.new(16, id))
        self.memory.write_value(header, "IIII", start, start, len(items) << align, len(items))
        self._lower(lower, align, start, items)
        self.exports["__unpin"](start)
        self.exports["__unpin"](header)
        return header

    def lower_static_array(self, lower: Any, id: int, align: int, values: Any, kind: Any = UNDEFINED) -> int:
        if values is None or values is UNDEFINED:
            return 0
        items = iterate(values)
        start = self.pin(self.new(len(items) << align, id))
        self._lower(lower, align, start, items)
        self.exports["__unpin"](start)
        return start

    def _lower(self, lower: Any, align: int, start: int, items: list[Any]) -> None:
        function = _plain(lower)
        for index, item in enumerate(items):
            function(start + (index << align), item)

    def lift_typed_array(self, kind: Any, pointer: int) -> TypedArray | None:
        if not pointer:
            return None
        start, size = self.memory.read_value((pointer & 0xFFFF_FFFF) + 4, "II")
        return TypedArray(kind.name, ArrayBuffer(self.memory.read(start, size)), 0, size // KINDS[kind.name][1])

    def lower_typed_array(self, kind: Any, id: int, align: int, values: Any) -> int:
        if values is None or values is UNDEFINED:
            return 0
        source = as_object(values)
        length = len(source)
        start = self.pin(self.new(length << align, 1))
        header = self.new(12, id)
        self.memory.write_value(header, "III", start, start, length << align)
        set_items(TypedArray(kind.name, self.buffer, start, length), source)
        self.exports["__unpin"](start)
        return header

    def lift_reference(self, pointer: int) -> Reference | None:
        if not pointer:
            return None
        return Reference(self.retain(pointer & 0xFFFF_FFFF), self.dropped.append)

    def lower_reference(self, value: Any) -> int:
        if value is None or value is UNDEFINED:
            return 0
        if not isinstance(value, Reference):
            raise type_error("a reference to one of the module's objects is wanted")
        return value.pointer

    def retain(self, pointer: int) -> int:
        if pointer:
            if pointer not in self.held:
                self.pin(pointer)
            self.held[pointer] = self.held.get(pointer, 0) + 1
        return pointer

    def release(self, pointer: int) -> None:
        count = self.held.get(pointer, 0)
        if count > 1:
            self.held[pointer] = count - 1
        elif count:
            del self.held[pointer]
            self.exports["__unpin"](pointer)

    def not_null(self) -> int:
        raise type_error("value must not be null")


def _plain(function: Any) -> Callable[..., Any]:
    return function.function if isinstance(function, Builtin) else function


def _getter(read: Any, format: str) -> Callable[[int], Any]:
    return lambda place: read(place & 0xFFFF_FFFF, format)


def _setter(write: Any, format: str) -> Callable[[int, Any], None]:
    if format in "fd":
        return lambda place, value: write(place & 0xFFFF_FFFF, format, to_double(value))
    if format in "qQ":
        return lambda place, value: write(place & 0xFFFF_FFFF, "Q", to_int64(value))
    mask = {"B": 0xFF, "H": 0xFFFF, "I": 0xFFFF_FFFF}[format.upper()]
    return lambda place, value: write(place & 0xFFFF_FFFF, format.upper(), to_int32(value) & mask)
