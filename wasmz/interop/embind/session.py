"""What embind knows of one instance: its types, its functions by index, and the values that C++ has handles of.

    session = session_of(instance)
    session.text_at(1024)                -> "Matrix"
    session.function(12)(1, 2)           calls an element of the module's table

Everything that a module registers is bounded, and says what is wrong where it is.
"""

from __future__ import annotations

from weakref import WeakValueDictionary

from wasmz.errors import LinkError, bounded
from wasmz.interop.javascript.values import UNDEFINED, ArrayBuffer, JavaScriptError, TypedArray
from wasmz.runtime.calls.func import Func

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.runtime.link.instance import Instance
    from wasmz.runtime.memory.linear import Memory

_MOST_REGISTERED: Final = 200_000
_LONGEST_NAME: Final = 4_096
_MOST_ARGUMENTS: Final = 255
_MOST_HANDLES: Final = 1 << 18
_MOST_UNUSED: Final = 64
# Bytes of all names that are registered; of one string, and of all strings and buffers that C++ has handles of.
_MOST_NAMES: Final = 1 << 24
_MOST_BYTES: Final = 1 << 28
_CHUNK: Final = 1 << 12
# The first handle that is not of a constant, in all versions. Handles are even.
_FIRST: Final = 10


class Session:
    """embind at work for one instance.

    Attributes:
        instance: the instance.
        types: how values are converted, by the address of C++'s type.
        pending: value objects and arrays whose registration is not complete.
        public: what users get, by name.
        callers: how values of Python are called: what C++ has made so far.
        symbols: names of C++'s that are symbols, by their addresses.
        unused: what is to be released before the next call.
        constants: the handles of undefined, null, true and false.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance: Instance = instance
        self.types: dict[int, Any] = {}
        self.pending: dict[int, Any] = {}
        self.public: dict[str, Any] = {}
        self.callers: list[Any] = []
        self.symbols: dict[int, Any] = {}
        self.unused: list[Callable[[], Any]] = []
        self.constants: dict[int, Any] = {}
        self._registered = 0
        self._name_bytes = 0
        self._held_bytes = 0
        self._values: dict[int, list[Any]] = {}
        self._free: list[int] = []
        self._functions: dict[int, Callable[..., Any]] = {}
        self._elements: list[Any] | None = None
        self._exports: dict[str, Any] = {}
        self.started: bool = False
        self.set_version(is_new=True)

    def set_version(self, *, is_new: bool) -> None:
        """Which handles are those of constants: since version 3.1.54 2, 4, 6 and 8, before that 1 to 4."""
        step = 2 if is_new else 1
        self.constants = {step: UNDEFINED, 2 * step: None, 3 * step: True, 4 * step: False}

    # --- the module ---

    @property
    def memory(self) -> Memory:
        return self.instance.first_memory

    def export(self, name: str) -> Any:
        """An export by the name that C has for it. ``LinkError``: the module has none."""
        found = self._exports.get(name)
        if found is None:
            if name not in self.instance.exports:
                raise LinkError([f"embind needs {name} of the module, which does not export it"])
            found = self._exports[name] = self.instance.exports[name]
        return found

    def function(self, index: int) -> Callable[..., Any]:
        """The function at a place of the module's table. ``LinkError``: there is none."""
        index &= 0xFFFF_FFFF
        found = self._functions.get(index)
        if found is None:
            func = self.table_item(index)
            found = self._functions[index] = func.adapter()
        return found

    def table_item(self, index: int) -> Func:
        """The same, as a function object."""
        index &= 0xFFFF_FFFF
        elements = self._elements
        if elements is None:
            elements = self._elements = self._find_table()
        func = elements[index] if index < len(elements) else None
        if not isinstance(func, Func):
            raise LinkError([f"embind was told of function {index} of the module's table, and there is none"])
        return func

    def _find_table(self) -> list[Any]:
        exports = self.instance.exports
        for name in ("__indirect_function_table", *exports):
            if name in exports and hasattr(exports[name], "elements"):
                elements: list[Any] = exports[name].elements
                return elements
        raise LinkError(["embind needs the module's table of functions, which it does not export"])

    def word(self, address: int) -> int:
        """An i32 of memory, without sign."""
        value: int = self.memory.read_value(address & 0xFFFF_FFFF, "I")
        return value

    def words(self, count: int, address: int) -> list[int]:
        """Addresses of types, as of a function's arguments."""
        if not 0 <= count <= _MOST_ARGUMENTS:
            raise LinkError([f"embind was told of a function with {count - 1} arguments"])
        return [self.word(address + 4 * position) for position in range(count)]

    def text_at(self, address: int) -> str:
        """A string of C's."""
        memory = self.memory
        start = address & 0xFFFF_FFFF
        data = memory.read(start, min(_LONGEST_NAME + 1, max(0, memory.size_bytes - start)))
        text, end, _ = data.partition(b"\0")
        if not end:
            raise LinkError([f"embind was told of a name at address {start}, which does not end"])
        return text.decode(errors="replace")

    def name_at(self, address: int) -> str:
        """The same, of something that is registered. ``LinkError``: names are too many."""
        text = self.text_at(address)
        self._name_bytes += len(text)
        if self._name_bytes > _MOST_NAMES:
            raise LinkError([f"the module registers names of more than {_MOST_NAMES} bytes"])
        return text

    def string_at(self, address: int, unit_bytes: int = 1) -> str:
        """A string of C's, however long, of units of 1 or 2 bytes; in UTF-8 or UTF-16."""
        memory, start = self.memory, address & 0xFFFF_FFFF
        data = bytearray()
        while len(data) < _MOST_BYTES:
            size = min(_CHUNK, memory.size_bytes - start - len(data))
            size -= size % unit_bytes
            part = memory.read(start + len(data), size if size > 0 else unit_bytes)
            end = _end_of(part, unit_bytes)
            if end is not None:
                data += part[:end]
                break
            data += part
        return data.decode("utf-8" if unit_bytes == 1 else "utf-16-le", "replace")

    def allocate(self, size: int) -> int:
        """Memory of the module's own. ``MemoryError``: it has none left."""
        address: int = self.export("malloc")(size) & 0xFFFF_FFFF
        if not address:
            raise MemoryError(f"the module has no {size} bytes left")
        return address

    def free(self, address: int) -> None:
        self.export("free")(address)

    # --- types ---

    def count(self) -> None:
        """Counts something that is registered. ``LinkError``: it is too much."""
        self._registered += 1
        if self._registered > _MOST_REGISTERED:
            raise LinkError([f"the module registers more than {_MOST_REGISTERED} types, functions and members"])

    def register(self, raw: int, type: Any) -> None:
        """Says how values of a type are converted. ``LinkError``: that was said before."""
        self.count()
        if raw in self.types:
            raise LinkError([f"the module registers type {bounded(type.name)} twice"])
        self.types[raw] = type

    def type_of(self, raw: int, user: str) -> Any:
        """How values of a type are converted. ``JavaScriptError``: the module has not said it."""
        found = self.types.get(raw)
        if found is None:
            raise JavaScriptError(
                f"{bounded(user)} cannot be used: type {bounded(self.type_name(raw))} was not registered",
                "BindingError",
            )
        return found

    def type_name(self, raw: int) -> str:
        """What C++ calls a type."""
        exports = self.instance.exports
        for name in ("__getTypeName", "_getTypeName"):
            if name in exports:
                address = exports[name](raw) & 0xFFFF_FFFF
                text = self.text_at(address)
                self.free(address)
                return text
        return f"at {raw}"

    # --- handles ---

    def hold(self, value: Any) -> int:
        """A handle of a value, for C++."""
        for handle, constant in self.constants.items():
            if value is constant:
                return handle
        self._held_bytes += _weight(value)
        if self._held_bytes > _MOST_BYTES:
            raise JavaScriptError(f"the module has handles of more than {_MOST_BYTES} bytes", "RangeError")
        if self._free:
            handle = self._free.pop()
        else:
            if len(self._values) >= _MOST_HANDLES:
                raise JavaScriptError(f"the module has handles of more than {_MOST_HANDLES} values", "RangeError")
            handle = _FIRST + 2 * len(self._values)
        self._values[handle] = [value, 1]
        return handle

    def value_of(self, handle: int) -> Any:
        """The value of a handle. ``JavaScriptError``: there is none."""
        handle &= 0xFFFF_FFFF
        entry = self._values.get(handle)
        if entry is not None and entry[1]:
            return entry[0]
        if handle in self.constants:
            return self.constants[handle]
        raise JavaScriptError(f"Cannot use deleted val. handle = {handle}", "BindingError")

    def retain(self, handle: int) -> None:
        """Counts one more user of a handle."""
        entry = self._values.get(handle & 0xFFFF_FFFF)
        if entry is not None and entry[1]:
            entry[1] += 1

    def release(self, handle: int) -> None:
        """Counts one user less; the handle is free after the last one."""
        handle &= 0xFFFF_FFFF
        entry = self._values.get(handle)
        if entry is not None and entry[1]:
            entry[1] -= 1
            if not entry[1]:
                self._held_bytes -= _weight(entry[0])
                entry[0] = None
                self._free.append(handle)

    def take(self, handle: int) -> Any:
        """The value of a handle that is used up by that."""
        value = self.value_of(handle)
        self.release(handle)
        return value

    # --- what Python dropped ---

    def drain(self) -> None:
        """Releases what Python has no more use for."""
        unused = self.unused
        for _ in range(min(len(unused), _MOST_UNUSED)):
            unused.pop()()


def _end_of(part: bytes, unit_bytes: int) -> int | None:
    """Where a unit of zero is."""
    end = part.find(bytes(unit_bytes))
    while end >= 0 and end % unit_bytes:
        end = part.find(bytes(unit_bytes), end + 1)
    return end if end >= 0 else None


def _weight(value: Any) -> int:
    """The bytes of a string or buffer, as far as it is the host's."""
    if isinstance(value, str):
        return len(value)
    buffer = value.buffer if isinstance(value, TypedArray) else value
    return len(buffer) if isinstance(buffer, ArrayBuffer) and buffer.memory is None else 0


# By the ids of their instances.
_sessions: WeakValueDictionary[int, Session] = WeakValueDictionary()


def session_of(instance: Instance) -> Session:
    """The session that all imports of an instance share."""
    session = _sessions.get(id(instance))
    if session is None or session.instance is not instance:
        session = _sessions[id(instance)] = Session(instance)
    return session


def find_session(instance: Instance) -> Session | None:
    """The same, if there is one."""
    session = _sessions.get(id(instance))
    return session if session is not None and session.instance is instance else None
