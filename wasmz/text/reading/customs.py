"""Custom sections: those given by annotations, and the name section (specification, section 7.6).

(@custom "producers" (after code) "\\00")        -> Custom("producers", "after", "code", b"\\0")
"""

from __future__ import annotations

from wasmz.text.encoding import custom_section, indirect_name_map, name_map, sized
from wasmz.text.encoding import name as encode_name
from wasmz.text.reading.lexer import CUSTOM, HINT
from wasmz.text.reading.literals import is_string, string_bytes
from wasmz.text.reading.parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from wasmz.text.reading.lexer import Annotation, Source

# The words for sections, and their numbers, in order.
PLACES: Final = {
    "type": 1,
    "import": 2,
    "func": 3,
    "table": 4,
    "memory": 5,
    "tag": 13,
    "global": 6,
    "export": 7,
    "start": 8,
    "elem": 9,
    "datacount": 12,
    "code": 10,
    "data": 11,
}


class Customs:
    """The custom sections of a module, by place: ``("before", "code")``, ``("after", "last")``."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[bytes]] = {}

    def at(self, side: str, place: str) -> bytes:
        """The sections at a place."""
        return b"".join(self._found.get((side, place), ()))

    def read(self, parser: Parser) -> None:
        """Takes the annotations before the next token, which is between two fields."""
        for annotation in parser.take_annotations(CUSTOM):
            side, place, section = _read(annotation, parser.source)
            self._found.setdefault((side, place), []).append(section)


def _read(annotation: Annotation, source: Source) -> tuple[str, str, bytes]:
    def fail(reason: str) -> None:
        source.fail_in(annotation, f"@custom annotation: {reason}")

    tokens = annotation.tokens
    if not tokens or not is_string(tokens[0]):
        fail("missing section name")
    title = b""
    try:
        title = string_bytes(tokens[0])
        title.decode()
    except UnicodeDecodeError:
        fail("malformed UTF-8 encoding")
    rest, side, place = tokens[1:], "after", ""
    if rest[:1] == ["("]:
        if len(rest) < 2 or rest[1] not in ("before", "after"):
            fail("malformed placement")
        side, place = rest[1], rest[2] if len(rest) > 2 else ""
        if place not in (*PLACES, "first", "last") or rest[3:4] != [")"]:
            fail("malformed section kind")
        rest = rest[4:]
    if not all(map(is_string, rest)):
        fail("unexpected token")
    try:
        return side, place, custom_section(title.decode(), b"".join(map(string_bytes, rest)))
    except UnicodeDecodeError:
        fail("malformed UTF-8 encoding")
        raise


def name_section(parser: Parser, module_name: str | None) -> bytes:
    """The name section; empty if nothing has a name."""
    found = b"" if module_name is None else b"\0" + sized(encode_name(module_name))
    fields = {index: space.names for index, space in parser.fields.items() if space.names}
    labels = parser.label_names
    maps: tuple[tuple[int, Mapping[int, str] | None, Mapping[int, Mapping[int, str]] | None], ...] = (
        (1, parser.functions.names, None),
        (2, None, parser.local_names),
        (3, None, labels),
        (4, parser.types.names, None),
        (5, parser.tables.names, None),
        (6, parser.memories.names, None),
        (7, parser.globals.names, None),
        (8, parser.elements.names, None),
        (9, parser.data.names, None),
        (10, None, fields),
        (11, parser.tags.names, None),
        (12, None, parser.parameter_names),
    )
    for kind, names, indirect in maps:
        if names:
            found += bytes((kind,)) + sized(name_map(names))
        elif indirect:
            found += bytes((kind,)) + sized(indirect_name_map(indirect))
    return custom_section("name", found) if found else b""


def check_left_over(source: Source, functions: list[tuple[int, int]]) -> None:
    """Refuses annotations that nothing has used. ``functions`` has the range of tokens of each function."""
    number = min(source.annotations)
    annotation = source.annotations[number][0]
    if annotation.id == HINT:
        inside = any(start < number < end for start, end in functions)
        source.fail_in(annotation, f"@{HINT} annotation: {'invalid target' if inside else 'not in a function'}")
    source.fail_in(annotation, f"misplaced @{annotation.id} annotation")
