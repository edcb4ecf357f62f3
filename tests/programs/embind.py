"""As much of emscripten's embind as a library needs that is bound to JavaScript: functions, structures, strings.

bindings = Bindings({"malloc": "z", "table": "D"})       what the library calls its exports
bindings.call(library, "encode", bindings.string(library, data), 40, 24, config)
bindings.made[-1]                                         the bytes of the last typed array that it made
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from tests.programs.engines import Library


class _Structure(NamedTuple):
    constructor: int
    # Name -> the index of the setter, and what it takes first.
    setters: dict[str, tuple[int, int]]


class Bindings:
    """What the library registers when it is constructed, and what it makes for JavaScript."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        self.structures: dict[int, _Structure] = {}
        self.types: dict[str, int] = {}
        self.functions: dict[str, tuple[int, int]] = {}
        self.made: list[bytes] = []

    # Imports

    def nothing(self, library: Library, *args: int) -> None:
        """Types that need no treatment, and references that need not be counted."""

    def value_object(self, library: Library, type: int, name: int, signature: int, constructor: int, *_: int) -> None:
        self.types[_text(library, name)] = type
        self.structures[type] = _Structure(constructor, {})

    def value_object_field(self, library: Library, type: int, name: int, *rest: int) -> None:
        setter, context = rest[-2:]
        self.structures[type].setters[_text(library, name)] = (setter, context)

    def function(self, library: Library, name: int, count: int, types: int, signature: int, *rest: int) -> None:
        invoker, function = rest[:2]
        self.functions[_text(library, name)] = (invoker, function)

    def get_global(self, library: Library, name: int) -> int:
        return 5

    def new(self, library: Library, constructor: int, count: int, types: int, args: int) -> int:
        """``new Uint8Array(view)``: the argument is a size and an address."""
        size, address = struct.unpack("<2I", library.read(args, 8))
        self.made.append(library.read(address, size))
        return 6

    # For tests

    def string(self, library: Library, data: bytes) -> int:
        """A ``std::string`` that a function may take."""
        address: int = library.call(self.names["malloc"], 4 + len(data) + 1)
        library.write(address, struct.pack("<I", len(data)) + data + b"\0")
        return address

    def structure(self, library: Library, name: str, fields: dict[str, float]) -> int:
        """A structure, with all its fields set."""
        made = self.structures[self.types[name]]
        table = self.names["table"]
        address: int = library.call_table(table, made.constructor)
        assert made.setters.keys() == fields.keys(), sorted(made.setters.keys() ^ fields.keys())
        for field, (setter, context) in made.setters.items():
            library.call_table(table, setter, context, address, fields[field])
        return address

    def call(self, library: Library, name: str, *args: int) -> int:
        """Calls a function with operands as it takes them."""
        invoker, function = self.functions[name]
        result: int = library.call_table(self.names["table"], invoker, function, *args)
        return result


def _text(library: Library, address: int) -> str:
    return library.read(address, 40).partition(b"\0")[0].decode("ascii")
