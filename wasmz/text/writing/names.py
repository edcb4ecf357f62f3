"""Names of a module's items, from its name section (specification, section 7.6.1).

Names(data, module).functions[3]     -> "$parse"; empty if its name cannot be an identifier
"""

from __future__ import annotations

import re

from wasmz.errors import InvalidWasm
from wasmz.wasm.reader import Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from wasmz.wasm.syntax import WasmModule

_WORD: Final = re.compile(r"[0-9A-Za-z!#$%&'*+./:<=>?@\\^_`|~-]+")
_PLAIN: Final = re.compile(rb"[\x20\x21\x23-\x5b\x5d-\x7e]+")

# Subsections, by id: of items with one index, and of those with two.
_MODULE: Final = 0
_BY_INDEX: Final = {
    1: "functions",
    4: "types",
    5: "tables",
    6: "memories",
    7: "globals",
    8: "elements",
    9: "data",
    11: "tags",
}
_BY_TWO: Final = {2: "locals", 3: "labels", 10: "fields", 12: "parameters"}


class Identifiers(dict[int, str]):
    """The identifiers of one index space, by index; items without one are referred to by number.

    Attributes:
        names: all names, including those that cannot be identifiers because they are empty or duplicate.
    """

    __slots__ = ("names",)

    def __init__(self, names: Mapping[int, str]) -> None:
        super().__init__()
        self.names: Mapping[int, str] = names
        taken: set[str] = set()
        for index in sorted(names):
            name = names[index]
            if name and name not in taken:
                taken.add(name)
                self[index] = identifier(name)

    def __missing__(self, index: int) -> str:
        return str(index)

    def defined(self, index: int) -> str:
        """What precedes a definition's type: identifier or annotation, and the number as a comment."""
        return f"{self.brief(index)}(;{index};) "

    def brief(self, index: int) -> str:
        """Like :meth:`defined`, without the number."""
        if index in self:
            return f"{self[index]} "
        return f"(@name {quoted(self.names[index].encode())}) " if index in self.names else ""


_NONE: Final = Identifiers({})


class Names:
    """The names of a module. A module whose name section could not be written again has none.

    Attributes:
        module: the module's own name.
        functions, types, ...: identifiers by index.
        locals, labels, fields, parameters: likewise, by function or type index first.
        is_whole: whether everything in the section is here.
    """

    def __init__(self, data: bytes, module: WasmModule) -> None:
        self.module: str | None = None
        self.functions: Identifiers = _NONE
        self.types: Identifiers = _NONE
        self.tables: Identifiers = _NONE
        self.memories: Identifiers = _NONE
        self.globals: Identifiers = _NONE
        self.elements: Identifiers = _NONE
        self.data: Identifiers = _NONE
        self.tags: Identifiers = _NONE
        self.locals: dict[int, Identifiers] = {}
        self.labels: dict[int, Identifiers] = {}
        self.fields: dict[int, Identifiers] = {}
        self.parameters: dict[int, Identifiers] = {}
        self.is_whole: bool = True
        sections = [section for section in module.custom_sections if section.name == "name"]
        if not sections:
            return
        found: dict[int, object] = {}
        try:
            if len(sections) > 1:
                raise InvalidWasm("more than one section of names")
            found = _read(Reader(data, sections[0].start, sections[0].end), _sizes(module))
        except InvalidWasm:
            self.is_whole = False
            return
        for kind, content in found.items():
            if kind == _MODULE:
                self.module = content  # type: ignore[assignment]
            elif kind in _BY_INDEX:
                setattr(self, _BY_INDEX[kind], Identifiers(content))  # type: ignore[arg-type]
            else:
                made = {index: Identifiers(names) for index, names in content.items()}  # type: ignore[attr-defined]
                setattr(self, _BY_TWO[kind], made)


def _sizes(module: WasmModule) -> dict[int, int]:
    """The number of items of each kind; for those with two indices, of the first index."""
    functions, types = len(module.function_types), len(module.types)
    return {
        1: functions,
        2: functions,
        3: functions,
        4: types,
        5: len(module.table_types),
        6: len(module.memory_types),
        7: len(module.global_types),
        8: len(module.elements),
        9: len(module.data),
        10: types,
        11: len(module.tag_types),
        12: types,
    }


def _read(reader: Reader, sizes: dict[int, int]) -> dict[int, object]:
    """The subsections; ``InvalidWasm`` if the section has anything that an assembler would not write."""
    found: dict[int, object] = {}
    while reader.pos < reader.end:
        kind = reader.byte()
        size = reader.u32()
        content = Reader(reader.data, reader.pos, reader.pos + size)
        reader.take(size)
        if kind in found or (found and kind < max(found)):
            reader.fail("subsections out of order")
        if kind == _MODULE:
            found[kind] = content.name()
        elif kind in _BY_INDEX:
            found[kind] = _name_map(content, sizes[kind])
        elif kind in _BY_TWO:
            by_two: dict[int, dict[int, str]] = {}
            for _ in range(content.count()):
                index = content.u32()
                if index >= sizes[kind] or (by_two and index <= max(by_two)):
                    content.fail("wrong index")
                by_two[index] = _name_map(content, 1 << 32)
            found[kind] = by_two
        else:
            reader.fail("unknown subsection")
        if content.pos != content.end:
            reader.fail("wrong size of a subsection")
    return found


def _name_map(reader: Reader, size: int) -> dict[int, str]:
    names: dict[int, str] = {}
    last = -1
    for _ in range(reader.count()):
        index = reader.u32()
        if not last < index < size:
            reader.fail("wrong index")
        names[index] = reader.name()
        last = index
    return names


def identifier(name: str) -> str:
    """The identifier for a name, in quotes if necessary."""
    return f"${name}" if _WORD.fullmatch(name) else f"${quoted(name.encode())}"


def quoted(content: bytes) -> str:
    """Bytes as a string token; printable text is written as it is."""
    if not content or _PLAIN.fullmatch(content):
        return f'"{content.decode()}"'
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return f'"{"".join(map(_ESCAPED.__getitem__, content))}"'
    return f'"{"".join(map(_escaped_character, text))}"'


def quoted_bytes(content: bytes, width: int) -> list[str]:
    """Data as strings of about this width; bytes other than ASCII are written as escapes."""
    found: list[str] = []
    line: list[str] = []
    length = 0
    for piece in map(_ESCAPED.__getitem__, content):
        if length + len(piece) > width:
            found.append(f'"{"".join(line)}"')
            line, length = [], 0
        line.append(piece)
        length += len(piece)
    if line:
        found.append(f'"{"".join(line)}"')
    return found


def _escaped_character(character: str) -> str:
    if character < "\x80":
        return _ESCAPED[ord(character)]
    if character.isprintable():
        return character
    return "".join(map(_ESCAPED.__getitem__, character.encode()))


_NAMED_ESCAPES: Final = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 92: "\\\\"}
_ESCAPED: Final = [
    _NAMED_ESCAPES.get(byte, chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:02x}") for byte in range(256)
]
