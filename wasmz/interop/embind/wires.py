"""How values of C++'s types go to and from Python: numbers, strings, arrays, enumerations, plain structures.

wire.from_wire(session, 12)               what C++ passed, as Python has it
wire.to_wire(session, undo, "text")       the reverse; what is to be undone after the call is appended to ``undo``
wire.read(session, address)               a value in memory, as C++ passes arguments to values of Python
"""

from __future__ import annotations

from operator import index

from wasmz.errors import LinkError, bounded
from wasmz.interop.javascript.values import (
    UNDEFINED,
    ArrayBuffer,
    JavaScriptError,
    TypedArray,
    from_python,
    to_python,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.interop.embind.session import Session

    Undo = list[Callable[[], Any]]

_FORMATS: Final = {(1, True): "b", (1, False): "B", (2, True): "h", (2, False): "H", (4, True): "i", (4, False): "I"}
_FORMATS_WIDE: Final = {True: "q", False: "Q"}
_KINDS: Final = (
    "Int8Array",
    "Uint8Array",
    "Int16Array",
    "Uint16Array",
    "Int32Array",
    "Uint32Array",
    "Float32Array",
    "Float64Array",
    "BigInt64Array",
    "BigUint64Array",
)
_ITEM_BYTES: Final = (1, 1, 2, 2, 4, 4, 4, 8, 8, 8)
# Structures within structures.
_DEEPEST: Final = 64


class Wire:
    """A type.

    Attributes:
        name: what C++ calls it.
        hint: what Python calls it, for signatures.
        is_optional: whether an argument of this type may be left out.
    """

    is_optional: bool = False

    def __init__(self, name: str, hint: str) -> None:
        self.name: str = name
        self.hint: str = hint

    def from_wire(self, session: Session, wire: Any) -> Any:
        """What C++ passed, as Python has it."""
        return wire

    def to_wire(self, session: Session, undo: Undo, value: Any) -> Any:
        """What C++ gets for a value. ``TypeError``, ``OverflowError``: it is no value of this type."""
        raise TypeError(f"no value can be passed as {self.name}")

    def read(self, session: Session, address: int) -> Any:
        """A value in memory."""
        return self.from_wire(session, session.word(address))

    def refuse(self, value: Any) -> TypeError:
        """The error for a value of another type."""
        return TypeError(f"{bounded(repr(value))} is no {bounded(self.name)} ({bounded(self.hint)})")


class Void(Wire):
    """Nothing."""

    def from_wire(self, session: Session, wire: Any) -> None:
        return None

    def to_wire(self, session: Session, undo: Undo, value: Any) -> int:
        return 0

    def read(self, session: Session, address: int) -> Any:
        return UNDEFINED


class Boolean(Wire):
    """``bool``."""

    def __init__(self, name: str, true: int, false: int) -> None:
        super().__init__(name, "bool")
        self._values = false, true

    def from_wire(self, session: Session, wire: Any) -> bool:
        return bool(wire)

    def to_wire(self, session: Session, undo: Undo, value: Any) -> int:
        return self._values[bool(value)]

    def read(self, session: Session, address: int) -> bool:
        return bool(session.memory.read_value(address, "B"))


class Integer(Wire):
    """An integer of 1, 2, 4 or 8 bytes."""

    def __init__(self, name: str, size: int, is_signed: bool) -> None:
        super().__init__(name, "int")
        format = _FORMATS_WIDE[is_signed] if size == 8 else _FORMATS.get((size, is_signed))
        if format is None:
            raise LinkError([f"the module registers {bounded(name)} as an integer of {size} bytes"])
        self._format = format
        self._bits = 8 * size
        self._least = -(1 << self._bits - 1) if is_signed else 0

    def from_wire(self, session: Session, wire: Any) -> int:
        return self._reduced(int(wire))

    def _reduced(self, value: int) -> int:
        return ((value - self._least) & ((1 << self._bits) - 1)) + self._least

    def to_wire(self, session: Session, undo: Undo, value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        try:
            number = index(value)
        except TypeError:
            raise self.refuse(value) from None
        if self._reduced(number) != number:
            raise OverflowError(f"{bounded(str(number))} is out of range of {bounded(self.name)}")
        return number

    def read(self, session: Session, address: int) -> Any:
        return session.memory.read_value(address, self._format)


class Float(Wire):
    """``float`` or ``double``."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(name, "float")
        if size not in (4, 8):
            raise LinkError([f"the module registers {bounded(name)} as a float of {size} bytes"])
        self._format = "f" if size == 4 else "d"

    def from_wire(self, session: Session, wire: Any) -> float:
        return float(wire)

    def to_wire(self, session: Session, undo: Undo, value: Any) -> float:
        if isinstance(value, str):
            raise self.refuse(value)
        try:
            return float(value)
        except TypeError:
            raise self.refuse(value) from None

    def read(self, session: Session, address: int) -> Any:
        return session.memory.read_value(address, self._format)


class Text(Wire):
    """``std::string`` and its kin, with units of 1, 2 or 4 bytes. They lie in memory of the module's, and are freed."""

    def __init__(self, name: str, unit_bytes: int) -> None:
        self._is_text = name != "std::basic_string<unsigned char>"
        super().__init__(name, "str" if self._is_text else "bytes")
        if unit_bytes not in (1, 2, 4):
            raise LinkError([f"the module registers {bounded(name)} with characters of {unit_bytes} bytes"])
        self._unit_bytes = unit_bytes

    def from_wire(self, session: Session, wire: Any) -> str | bytes:
        address = int(wire) & 0xFFFF_FFFF
        data = session.memory.read(address + 4, session.word(address) * self._unit_bytes)
        session.free(address)
        if not self._is_text:
            return data
        if self._unit_bytes == 1:
            return data.decode("utf-8", "surrogateescape")
        return data.decode("utf-16-le" if self._unit_bytes == 2 else "utf-32-le", "surrogatepass")

    def _encoded(self, value: Any) -> bytes:
        if isinstance(value, str):
            if not self._is_text:
                return value.encode("latin-1")
            if self._unit_bytes == 1:
                return _utf8(value)
            return value.encode("utf-16-le" if self._unit_bytes == 2 else "utf-32-le", "surrogatepass")
        if self._unit_bytes > 1:
            raise self.refuse(value)
        if isinstance(value, TypedArray):
            return bytes(value.part())
        try:
            view = memoryview(value)
        except TypeError:
            raise self.refuse(value) from None
        if view.itemsize != 1:
            raise self.refuse(value)
        return view.tobytes()

    def to_wire(self, session: Session, undo: Undo, value: Any) -> int:
        data = self._encoded(value)
        address = session.allocate(4 + len(data) + self._unit_bytes)
        undo.append(lambda: session.free(address))
        session.memory.write_value(address, "I", len(data) // self._unit_bytes)
        session.memory.write(address + 4, data + bytes(self._unit_bytes))
        return address


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


class Value(Wire):
    """``emscripten::val``: any value of Python. ``None`` is undefined for C++."""

    def __init__(self, name: str = "emscripten::val", hint: str = "object", *, is_optional: bool = False) -> None:
        super().__init__(name, hint)
        self.is_optional: bool = is_optional

    def from_wire(self, session: Session, wire: Any) -> Any:
        return to_python(session.take(int(wire)))

    def to_wire(self, session: Session, undo: Undo, value: Any) -> int:
        return session.hold(from_python(value))

    def read(self, session: Session, address: int) -> Any:
        # For values of Python that JavaScript's operations are applied to.
        return session.take(session.word(address))


class View(Wire):
    """``memory_view``: a part of the module's memory, copied for users."""

    def __init__(self, name: str, kind: int) -> None:
        if not 0 <= kind < len(_KINDS):
            raise LinkError([f"the module registers {bounded(name)} as a view of an unknown kind"])
        super().__init__(name, "bytes" if kind == 1 else "array.array")
        self._kind = kind

    def _view(self, session: Session, wire: Any) -> TypedArray:
        address = int(wire)
        count, start = session.word(address), session.word(address + 4)
        memory = session.memory
        size = _ITEM_BYTES[self._kind]
        if start + count * size > memory.size_bytes:
            raise JavaScriptError("a view of memory is longer than the memory", "RangeError")
        return TypedArray(_KINDS[self._kind], ArrayBuffer(b"", memory), start, count)

    def from_wire(self, session: Session, wire: Any) -> Any:
        return to_python(self._view(session, wire))

    def read(self, session: Session, address: int) -> TypedArray:
        return self._view(session, address)


class Member(int):
    """A member of an enumeration: an integer with a name.

    Attributes:
        name: its name.
    """

    name: str
    _of: str

    @property
    def value(self) -> int:
        """The number."""
        return int(self)

    def __repr__(self) -> str:
        return f"<{bounded(self._of)}.{bounded(self.name)}: {int(self)}>"

    __str__ = __repr__


class Enumeration:
    """The members of an enumeration, as attributes and by iteration."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name
        self.__dict__["_members"] = {}

    def __getattr__(self, name: str) -> Any:
        members: dict[str, Any] = self.__dict__["_members"]
        if name in members:
            return members[name]
        raise AttributeError(f"{self.__dict__['_name']} has no member {bounded(name)}; it has {', '.join(members)}")

    def __getitem__(self, name: str) -> Any:
        return self.__dict__["_members"][name]

    def __iter__(self) -> Any:
        return iter(self.__dict__["_members"].values())

    def __len__(self) -> int:
        return len(self.__dict__["_members"])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("members of an enumeration cannot be changed")

    def __dir__(self) -> list[str]:
        return list(self.__dict__["_members"])

    def __repr__(self) -> str:
        return f"<enumeration {bounded(self.__dict__['_name'])}: {bounded(', '.join(self.__dict__['_members']))}>"


class Enum(Wire):
    """An enumeration. C++ may have said that its values are numbers, or names.

    Attributes:
        public: its members, for users.
    """

    def __init__(self, name: str, size: int, is_signed: bool, form: int) -> None:
        super().__init__(name, name if form == 0 else "int" if form == 1 else "str")
        self._number = Integer(name, size, is_signed)
        self._form = form
        self._by_value: dict[int, Any] = {}
        self._numbers: dict[str, int] = {}
        self.public: Enumeration = Enumeration(name)

    def add(self, name: str, number: int) -> None:
        value = self._number.from_wire(None, number)  # type: ignore[arg-type]
        member: Any = Member(value)
        member.name, member._of = name, self.name
        shown = name if self._form == 2 else member if self._form == 0 else value
        self._by_value.setdefault(value, shown)
        self.public.__dict__["_members"][name] = shown
        self._numbers[name] = value

    def from_wire(self, session: Session, wire: Any) -> Any:
        value = self._number.from_wire(session, wire)
        return self._by_value.get(value, value)

    def to_wire(self, session: Session, undo: Undo, value: Any) -> int:
        if isinstance(value, str):
            value = self._numbers.get(value, value)
        if isinstance(value, Member) and value._of != self.name:
            raise self.refuse(value)
        if isinstance(value, str):
            raise self.refuse(value)
        return self._number.to_wire(session, undo, value)

    def read(self, session: Session, address: int) -> Any:
        return self.from_wire(session, self._number.read(session, address))


class Field:
    """A field of a structure: how C++ reads and writes it."""

    def __init__(self, name: str, getter: tuple[int, int, int], setter: tuple[int, int, int]) -> None:
        self.name: str = name
        self.getter: tuple[int, int, int] = getter
        self.setter: tuple[int, int, int] = setter

    def read(self, session: Session, address: int) -> Any:
        """Its value in the structure at an address."""
        raw, function, context = self.getter
        return session.type_of(raw, self.name).from_wire(session, session.function(function)(context, address))

    def write(self, session: Session, address: int, value: Any) -> None:
        """Sets it."""
        raw, function, context = self.setter
        undo: Undo = []
        wire = session.type_of(raw, self.name).to_wire(session, undo, value)
        session.function(function)(context, address, wire)
        run(undo)


class Structure(Wire):
    """``value_object``, a dict of its fields, or ``value_array``, a tuple of its elements: copies."""

    def __init__(self, name: str, make: int, destroy: int, *, is_array: bool) -> None:
        super().__init__(name, "tuple" if is_array else "dict")
        self.fields: list[Field] = []
        self._make = make
        self._destroy = destroy
        self._is_array = is_array
        self._depth = 0

    def _enter(self) -> None:
        if self._depth >= _DEEPEST:
            raise JavaScriptError(f"{bounded(self.name)} contains itself", "BindingError")
        self._depth += 1

    def from_wire(self, session: Session, wire: Any) -> Any:
        address = int(wire) & 0xFFFF_FFFF
        self._enter()
        try:
            values = [field.read(session, address) for field in self.fields]
        finally:
            self._depth -= 1
        session.function(self._destroy)(address)
        return tuple(values) if self._is_array else dict(zip([f.name for f in self.fields], values, strict=True))

    def _values(self, session: Session, value: Any) -> list[Any]:
        if self._is_array:
            if isinstance(value, TypedArray):
                value = list(value)
            elif isinstance(value, (str, bytes, dict)) or not hasattr(type(value), "__len__"):
                raise self.refuse(value)
            if len(value) != len(self.fields):
                raise TypeError(f"{bounded(self.name)} has {len(self.fields)} elements, not {len(value)}")
            return list(value)
        given: Callable[[str, Any], Any]
        if isinstance(value, dict):
            given = value.get
        elif isinstance(value, (str, int, float, list, tuple, type(None), bytes)) or value is UNDEFINED:
            raise self.refuse(value)
        else:
            given = lambda name, default: getattr(value, name, default)  # noqa: E731
        values = []
        for field in self.fields:
            item = given(field.name, _ABSENT)
            if item is _ABSENT:
                if not session.type_of(field.getter[0], field.name).is_optional:
                    raise TypeError(f"{bounded(self.name)} needs {bounded(field.name)}, which is missing")
                item = None
            values.append(item)
        return values

    def to_wire(self, session: Session, undo: Undo, value: Any) -> int:
        values = self._values(session, value)
        self._enter()
        try:
            address: int = session.function(self._make)() & 0xFFFF_FFFF
            undo.append(lambda: session.function(self._destroy)(address))
            for field, item in zip(self.fields, values, strict=True):
                field.write(session, address, item)
        finally:
            self._depth -= 1
        return address


_ABSENT: Final = object()


def run(undo: Undo) -> None:
    """Undoes what was done for a call, in order."""
    for action in undo:
        action()
