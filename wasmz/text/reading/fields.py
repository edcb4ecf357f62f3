"""Reads the fields of a module to parts of sections (specification, section 6.6 "Modules").

    (func $f (export "g") (param i32) (local i64) ...)     a type, a function, its code, an export, names

The first pass (``declare``) finds the fields and the names that they define. A second pass reads the types, a third
all other fields in order, which may add types for functions and blocks.
"""

from __future__ import annotations

from wasmz.text.encoding import name as encode_name
from wasmz.text.encoding import sized, unsigned, vector
from wasmz.text.reading.instructions import END, expression, read_folded, read_instructions
from wasmz.text.reading.parser import IndexSpace, Labels, Parser, Unexpected, Wrong
from wasmz.text.reading.types import (
    Parameter,
    address_type,
    declare_fields,
    global_type,
    memory_type,
    page_bytes,
    page_size,
    read_type_field,
    reference_type,
    table_type,
    type_use,
    value_type,
)
from wasmz.wasm.decoder import EXACT_FUNCTION, MAX_LOCALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

# The kinds of imports and exports, in the order of their numbers in the binary format.
_KINDS: Final = ("func", "table", "memory", "global", "tag")
_CONST: Final = {0: b"\x41\0\x0b", 4: b"\x42\0\x0b"}
_REF_FUNC: Final = b"\xd2"


class Module:
    """What has been read: the parser's parts of the module, and the others."""

    def __init__(self, parser: Parser, traced: bool) -> None:
        self.parser: Parser = parser
        self.imports: list[bytes] = []
        self.functions: list[bytes] = []
        self.tables: list[bytes] = []
        self.memories: list[bytes] = []
        self.tags: list[bytes] = []
        self.globals: list[bytes] = []
        self.exports: list[bytes] = []
        self.start: bytes | None = None
        self.elements: list[bytes] = []
        self.code: list[bytes] = []
        self.data: list[bytes] = []
        # The first definition of a kind that can be imported; and how many items of each kind there are.
        self._first_definition: str | None = None
        self._seen: dict[str, int] = dict.fromkeys((*_KINDS, "elem", "data"), 0)
        self._hints: list[tuple[int, list[tuple[int, bytes]]]] = []
        # For errors that are found later: the places of each function's instructions, and of each section's items.
        self.traces: list[list[tuple[int, int]]] | None = [] if traced else None
        self.origins: dict[int, list[int]] = {}
        self.spaces: dict[str, IndexSpace] = {
            "func": parser.functions,
            "table": parser.tables,
            "memory": parser.memories,
            "global": parser.globals,
            "tag": parser.tags,
            "elem": parser.elements,
            "data": parser.data,
        }

    def sections(self) -> tuple[tuple[int, list[bytes]], ...]:
        """The sections that are vectors, by number, in order."""
        return (
            (1, self.parser.type_items),
            (2, self.imports),
            (3, self.functions),
            (4, self.tables),
            (5, self.memories),
            (13, self.tags),
            (6, self.globals),
            (7, self.exports),
            (9, self.elements),
            (10, self.code),
            (11, self.data),
        )

    def hints(self) -> bytes:
        """The content of the section of branch hints; empty without hints."""
        if not self._hints:
            return b""
        return vector(
            [
                unsigned(function) + vector([unsigned(offset) + sized(value) for offset, value in sorted(listed)])
                for function, listed in self._hints
            ]
        )

    # The first pass

    def declare(self, starts: list[tuple[int, list[int]]]) -> None:
        """Records what fields define. For each, ``starts`` has its parenthesis and those in it that matter."""
        parser = self.parser
        tokens = parser.tokens
        for start, inner in starts:
            word = tokens[start + 1]
            parser.at = at = start + 2
            if word == "import":
                # Two names come first. Anything else is reported by the pass that reads the field.
                opening, kind = (*tokens[at + 2 : at + 4], "", "")[:2]
                if opening == "(" and kind in self.spaces:
                    parser.at = at + 4
                    parser.declare(self.spaces[kind])
            elif word == "type":
                self._declare_type(at)
            elif word == "rec":
                for place in inner:
                    if tokens[place + 1] == "type":
                        self._declare_type(place + 2)
            elif word in self.spaces:
                parser.declare(self.spaces[word])
                for place in inner:
                    segment = tokens[place + 1]
                    if (word, segment) in (("memory", "data"), ("table", "elem")):
                        self.spaces[segment].declare(None)

    def _declare_type(self, at: int) -> None:
        parser = self.parser
        parser.at = at
        index = parser.declare(parser.types)
        declare_fields(parser, index, at)

    # The fields

    def read_field(self, start: int) -> None:
        """Reads one field, from its opening parenthesis on."""
        parser = self.parser
        word = parser.tokens[start + 1]
        parser.at = start + 1
        read = _FIELDS.get(word)
        if read is None:
            raise Unexpected("a field of a module")
        parser.at = start + 2
        read(self)
        parser.expect(")")
        if self.traces is not None:
            for id, items in self.sections():
                origins = self.origins.setdefault(id, [])
                origins += [start] * (len(items) - len(origins))

    def _next(self, kind: str) -> int:
        """The index of the item being read; skips its name."""
        index = self._seen[kind]
        self._seen[kind] = index + 1
        self.parser.read_names(self.spaces[kind], index)
        return index

    def _define(self, kind: str) -> None:
        if self._first_definition is None:
            self._first_definition = kind

    def _import(self, place: int) -> None:
        if self._first_definition is not None:
            self.parser.at = place
            kind = self._first_definition
            raise Wrong(f"import after {'function' if kind == 'func' else kind}")

    def _exports_and_import(self, kind: str, index: int) -> bytes | None:
        """Reads ``export`` clauses, and an ``import`` clause, whose names are returned."""
        parser = self.parser
        number = bytes((_KINDS.index(kind),))
        while parser.opens("export"):
            self.exports.append(encode_name(parser.name()) + number + unsigned(index))
            parser.expect(")")
        place = parser.at
        if not parser.opens("import"):
            return None
        self._import(place)
        found = encode_name(parser.name()) + encode_name(parser.name())
        parser.expect(")")
        return found

    def read_import(self) -> None:
        """``import``."""
        parser = self.parser
        self._import(parser.at - 2)
        names = encode_name(parser.name()) + encode_name(parser.name())
        parser.expect("(")
        kind = parser.tokens[parser.at]
        if kind not in _KINDS:
            raise Unexpected("the kind of an import")
        parser.at += 1
        self._import_item(names, kind, self._next(kind))
        parser.expect(")")

    def _import_item(self, names: bytes, kind: str, index: int) -> None:
        """Reads an import, from its type on."""
        parser = self.parser
        number = bytes((_KINDS.index(kind),))
        if kind in ("func", "tag"):
            exact = kind == "func" and parser.opens("exact")
            type, parameters = type_use(parser, named=True)
            if exact:
                parser.expect(")")
                number = bytes((EXACT_FUNCTION,))
            if kind == "func":
                self._name_locals(index, type, parameters)
            content = unsigned(type) if kind == "func" else b"\0" + unsigned(type)
        else:
            content = {"table": table_type, "memory": memory_type, "global": global_type}[kind](parser)
        self.imports.append(names + number + content)

    def read_function(self) -> None:
        """``func``."""
        parser = self.parser
        index = self._next("func")
        names = self._exports_and_import("func", index)
        if names is not None:
            self._import_item(names, "func", index)
            return
        self._define("func")
        type, parameters = type_use(parser, named=True)
        self.functions.append(unsigned(type))
        self._name_locals(index, type, parameters)
        declared = self._read_locals()
        parser.labels = Labels()
        parser.function_hints = []
        if self.traces is not None:
            parser.trace = []
            self.traces.append(parser.trace)
        out = bytearray(declared)
        read_instructions(parser, out)
        out += END
        self.code.append(sized(out))
        parser.trace = None
        if parser.function_hints:
            self._hints.append((index, parser.function_hints))
        if parser.labels.names:
            parser.label_names[index] = parser.labels.names
        if parser.locals.names:
            parser.local_names[index] = parser.locals.names

    def _name_locals(self, function: int, type: int, parameters: list[Parameter]) -> None:
        """Makes a function's local index space from its parameters."""
        parser = self.parser
        space = parser.locals = IndexSpace("local")
        after = parser.at
        for position, id, written, place in parameters:
            parser.at = place
            space.count = position
            space.declare(id)
            if written is not None:
                space.names[position] = written
        parser.at = after
        signature = parser.signatures[type] if type < len(parser.signatures) else None
        space.count = len(signature[0]) if signature is not None else 0
        if space.names:
            parser.local_names[function] = space.names

    def _read_locals(self) -> bytes:
        parser = self.parser
        groups: list[list[object]] = []
        space = parser.locals
        while parser.opens("local"):
            first = space.count
            id = parser.tokens[parser.at] if parser.tokens[parser.at][:1] == "$" else None
            if id is not None:
                parser.declare(space)
            parser.annotated_name(space.names, first)
            while parser.tokens[parser.at] != ")":
                type = value_type(parser)
                if groups and groups[-1][0] == type:
                    groups[-1][1] += 1  # type: ignore[operator]
                else:
                    groups.append([type, 1])
                if id is not None:
                    break
                space.declare(None)
            else:
                if id is not None:
                    raise Unexpected("a type")
            parser.expect(")")
        if space.count > MAX_LOCALS and groups:
            parser.fail(f"too many locals: more than {MAX_LOCALS}")
        return vector([unsigned(count) + type for type, count in groups])  # type: ignore[arg-type, operator]

    def read_table(self) -> None:
        """``table``."""
        parser = self.parser
        index = self._next("table")
        names = self._exports_and_import("table", index)
        if names is not None:
            self._import_item(names, "table", index)
            return
        self._define("table")
        place = parser.at
        flags = address_type(parser)
        if parser.tokens[parser.at][:1].isdigit():
            parser.at = place
            type = table_type(parser)
            if parser.tokens[parser.at] == ")":
                self.tables.append(type)
            else:
                self.tables.append(b"\x40\0" + type + expression(parser))
            return
        element = reference_type(parser)
        if not parser.opens("elem"):
            raise Unexpected("the elements of the table")
        self._next_segment("elem")
        flag, items = self._items(element)
        count = len(items)
        self.elements.append(
            bytes((2 | flag,)) + unsigned(index) + _CONST[flags] + (element if flag else b"\0") + vector(items)
        )
        parser.expect(")")
        self.tables.append(element + bytes((flags | 1,)) + unsigned(count) * 2)

    def _next_segment(self, kind: str) -> None:
        self._seen[kind] += 1

    def read_memory(self) -> None:
        """``memory``."""
        parser = self.parser
        index = self._next("memory")
        names = self._exports_and_import("memory", index)
        if names is not None:
            self._import_item(names, "memory", index)
            return
        self._define("memory")
        place = parser.at
        flags = address_type(parser)
        page = page_size(parser)
        if not parser.opens("data"):
            parser.at = place
            self.memories.append(memory_type(parser))
            return
        self._next_segment("data")
        content = parser.strings()
        parser.expect(")")
        pages = unsigned(-(-len(content) // page_bytes(page)))
        tail = b"" if page is None else unsigned(page)
        self.memories.append(bytes((flags | 1 | (0 if page is None else 8),)) + pages * 2 + tail)
        where = b"\0" if index == 0 else b"\2" + unsigned(index)
        self.data.append(where + _CONST[flags] + sized(content))

    def read_global(self) -> None:
        """``global``."""
        parser = self.parser
        index = self._next("global")
        names = self._exports_and_import("global", index)
        if names is not None:
            self._import_item(names, "global", index)
            return
        self._define("global")
        self.globals.append(global_type(parser) + expression(parser))

    def read_tag(self) -> None:
        """``tag``."""
        parser = self.parser
        index = self._next("tag")
        names = self._exports_and_import("tag", index)
        if names is not None:
            self._import_item(names, "tag", index)
            return
        self._define("tag")
        self.tags.append(b"\0" + unsigned(type_use(parser, named=True)[0]))

    def read_export(self) -> None:
        """``export``."""
        parser = self.parser
        name = encode_name(parser.name())
        parser.expect("(")
        kind = parser.tokens[parser.at]
        if kind not in _KINDS:
            raise Unexpected("the kind of an export")
        parser.at += 1
        index = parser.encoded_index(self.spaces[kind])
        parser.expect(")")
        self.exports.append(name + bytes((_KINDS.index(kind),)) + index)

    def read_start(self) -> None:
        """``start``."""
        if self.start is not None:
            self.parser.at -= 1
            raise Wrong("multiple start sections")
        self.start = self.parser.encoded_index(self.parser.functions)

    # Segments

    def read_elements(self) -> None:
        """``elem``."""
        parser = self.parser
        self._next("elem")
        if parser.accept("declare"):
            mode, where = 3, b""
        else:
            table = None
            if parser.opens("table"):
                table = parser.encoded_index(parser.tables)
                parser.expect(")")
            elif parser.next_is_index() and parser.tokens[parser.at + 1] == "(":
                # The way in which version 1.0 writes a table.
                table = parser.encoded_index(parser.tables)
            where, mode = self._offset(table is not None), 1
            if where:
                mode = 0 if table is None else 2
                where = (table or b"") + where
        # An old form omits the word before indices.
        bare = not mode & 1 and (parser.next_is_index() or parser.tokens[parser.at] == ")")
        element = b"\x70" if bare or parser.tokens[parser.at] == "func" else reference_type(parser)
        is_func = bare or parser.accept("func")
        flag, items = (0, self._functions()) if is_func else self._items(element, expressions=True)
        if flag and mode == 0 and element != b"\x70":
            # A type can follow only if the table is explicit.
            mode, where = 2, b"\0" + where
        kind = b"" if mode == 0 else element if flag else b"\0"
        self.elements.append(bytes((mode | flag,)) + where + kind + vector(items))

    def _offset(self, required: bool) -> bytes:
        """The offset of a segment; empty if there is none."""
        parser = self.parser
        if parser.opens("offset"):
            found = expression(parser)
            parser.expect(")")
            return found
        tokens, at = parser.tokens, parser.at
        if not required and (tokens[at] != "(" or tokens[at + 1] in ("ref", "item")):
            return b""
        out = bytearray()
        read_folded(parser, out)
        return bytes(out + END)

    def _functions(self) -> list[bytes]:
        parser = self.parser
        items = []
        while parser.tokens[parser.at] != ")":
            items.append(parser.encoded_index(parser.functions))
        return items

    def _items(self, element: bytes, expressions: bool = False) -> tuple[int, list[bytes]]:
        """The items of a segment: 4 and expressions, or 0 and indices of functions."""
        parser = self.parser
        if not expressions and (parser.next_is_index() or parser.tokens[parser.at] == ")"):
            functions = self._functions()
            # Indices stand for references of type funcref, or for expressions.
            return (0, functions) if element == b"\x70" else (4, [_REF_FUNC + index + END for index in functions])
        items = []
        while parser.tokens[parser.at] != ")":
            if parser.opens("item"):
                items.append(expression(parser))
                parser.expect(")")
            else:
                out = bytearray()
                read_folded(parser, out)
                items.append(bytes(out + END))
        return 4, items

    def read_data(self) -> None:
        """``data``."""
        parser = self.parser
        self._next("data")
        memory = None
        if parser.opens("memory"):
            memory = parser.encoded_index(parser.memories)
            parser.expect(")")
        elif parser.next_is_index():
            memory = parser.encoded_index(parser.memories)
        offset = self._offset(memory is not None)
        if not offset:
            where = b"\1"
        else:
            where = b"\0" if memory is None or memory == b"\0" else b"\2" + memory
        self.data.append(where + offset + sized(parser.strings()))

    def read_type(self) -> None:
        """``type`` and ``rec``."""
        read_type_field(self.parser)


# The fields that define types, which are read before all others.
TYPE_FIELDS: Final = ("type", "rec")
_FIELDS: Final[dict[str, Callable[[Module], None]]] = {
    "type": Module.read_type,
    "rec": Module.read_type,
    "import": Module.read_import,
    "func": Module.read_function,
    "table": Module.read_table,
    "memory": Module.read_memory,
    "global": Module.read_global,
    "tag": Module.read_tag,
    "export": Module.read_export,
    "start": Module.read_start,
    "elem": Module.read_elements,
    "data": Module.read_data,
}
