"""A component's bytes to a :class:`~wasmz.component.syntax.Component`.

    decode_component(b"\\0asm\\x0d\\0\\1\\0") -> Component(definitions=[], ...)

Malformed input raises :class:`~wasmz.InvalidWasm`, which names the section and the item in it. Core modules inside are
only measured, not decoded. Components inside are decoded by the same loop, not by recursion.
"""

from __future__ import annotations

from wasmz.component.binary.canonical import read_canonical
from wasmz.component.binary.core_types import read_core_types
from wasmz.component.binary.definitions import (
    read_alias,
    read_core_instance,
    read_export,
    read_import,
    read_instance,
    read_start,
)
from wasmz.component.binary.names import read_names
from wasmz.component.binary.scopes import Scope, ScopeReader
from wasmz.component.binary.written_types import read_type
from wasmz.component.syntax import (
    Component,
    ComponentDefinition,
    CoreModule,
    CustomSection,
    Section,
    TypeDefinition,
)
from wasmz.errors import InvalidWasm, UnsupportedFeature
from wasmz.startup.concurrency import without_collections
from wasmz.wasm.preamble import COMPONENT_VERSION, MAGIC, VERSION, describe
from wasmz.wasm.proposals import SUPPORTED_PROPOSALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasmz.component.syntax import Definition
    from wasmz.wasm.proposals import Proposal

SECTION_NAMES: Final = (
    *("custom", "core module", "core instance", "core type", "component", "instance", "alias", "type", "canonical"),
    *("start", "import", "export", "value"),
)
_CUSTOM, _CORE_MODULE, _COMPONENT, _START, _VALUE = 0, 1, 4, 9, 12

# How many items of each sort a component has at most: the same as in other runtimes.
_LIMITS: Final = {
    "core module": 1_000,
    "component": 1_000,
    "instance": 1_000,
    "core instance": 1_000,
    "value": 1_000,
}
_MAX_ITEMS: Final = 1_000_000


def decode_component(
    source: bytes | bytearray | memoryview, proposals: frozenset[Proposal] = SUPPORTED_PROPOSALS
) -> Component:
    """Decodes a component in the binary format.

    Args:
        source: the component's bytes.
        proposals: those that core types may be of.

    Raises:
        InvalidWasm: the bytes are malformed.
        UnsupportedFeature: a feature of another proposal is used.
    """
    data = source if type(source) is bytes else bytes(source)
    _check_preamble(ScopeReader(data, 0, len(data), Scope(), proposals))
    with without_collections():
        return _decode(data, proposals)


def _check_preamble(reader: ScopeReader) -> None:
    """Checks the first eight bytes of a component, and moves after them."""
    data = reader.data[reader.pos : min(reader.pos + 8, reader.end)]
    if data[:4] != MAGIC:
        kind = describe(data) if reader.pos == 0 and len(data) >= 4 else None
        reader.fail("magic header not detected" + ("" if kind is None else f": this is {kind}"))
    if data[4:] == VERSION:
        reader.fail("unknown binary version: a core module, and not a component", reader.pos + 4)
    if data[4:] != COMPONENT_VERSION:
        reader.fail("unknown binary version" if len(data) == 8 else "unexpected end", reader.pos + 4)
    reader.pos += 8


class _Unfinished:
    """A component that is being read."""

    __slots__ = ("component", "counts", "reader")

    def __init__(self, reader: ScopeReader) -> None:
        self.component = Component(reader.data, reader.pos, reader.end)
        self.reader: ScopeReader = reader
        self.counts: dict[str, int] = {}
        _check_preamble(reader)

    def add(self, definition: Definition) -> None:
        """Adds a definition, if there are not too many of its sort."""
        sort = definition.sort
        count = self.counts[sort] = self.counts.get(sort, 0) + 1
        if count > _LIMITS.get(sort, _MAX_ITEMS):
            self.reader.fail(f"too many {sort} definitions: more than {count - 1}", definition.offset)
        self.component.definitions.append(definition)


def _decode(data: bytes, proposals: frozenset[Proposal]) -> Component:
    stack = [_Unfinished(ScopeReader(data, 0, len(data), Scope(), proposals))]
    while True:
        unfinished = stack[-1]
        reader = unfinished.reader
        if reader.pos >= reader.end:
            component = unfinished.component
            read_names(component)
            stack.pop()
            if not stack:
                return component
            stack[-1].add(ComponentDefinition(component, component.offset))
            continue
        section_id, section = _next_section(reader)
        component = unfinished.component
        if section_id != _CUSTOM:
            component.sections.append(Section(section_id, len(component.definitions), section.pos, section.end))
        if section_id == _COMPONENT:
            section.enter()
            stack.append(_Unfinished(section))
            continue
        _read_section(section_id, section, unfinished)
        if section.pos != section.end:
            section.fail(f"{SECTION_NAMES[section_id]} section: section size mismatch")


def _next_section(reader: ScopeReader) -> tuple[int, ScopeReader]:
    offset = reader.pos
    section_id = reader.byte()
    if section_id >= len(SECTION_NAMES):
        reader.fail("malformed section id", offset)
    size = reader.u32()
    if size > reader.end - reader.pos:
        reader.fail(f"{SECTION_NAMES[section_id]} section: length out of bounds")
    section = reader.part(reader.pos + size)
    reader.pos = section.end
    return section_id, section


def _read_section(section_id: int, section: ScopeReader, unfinished: _Unfinished) -> None:
    if section_id == _CUSTOM:
        offset = section.pos
        name = section.name()
        unfinished.component.custom_sections.append(CustomSection(name, section.pos, section.end, offset))
        section.pos = section.end
    elif section_id == _CORE_MODULE:
        unfinished.add(CoreModule(section.pos, section.end, section.pos))
        section.pos = section.end
    elif section_id == _START:
        unfinished.add(read_start(section))
    elif section_id == _VALUE:
        raise UnsupportedFeature("a value section", proposal="component-model values", offset=section.pos)
    else:
        _read_items(section_id, section, unfinished)


def _read_items(section_id: int, section: ScopeReader, unfinished: _Unfinished) -> None:
    read = _SECTIONS[section_id]
    done = -1
    try:
        count = section.count()
        while done + 1 < count:
            done += 1
            read(section, unfinished)
    except InvalidWasm as error:
        raise in_section(error, section_id, done) from None


def in_section(error: InvalidWasm, section_id: int, number: int) -> InvalidWasm:
    """The error with the section that it is in, and the item there; -1 for the number of items itself."""
    place = f"{SECTION_NAMES[section_id]} section" + ("" if number < 0 else f", item {number}")
    return InvalidWasm(f"{place}: {error.reason}", offset=error.offset, function=error.function)


def _read_core_types(section: ScopeReader, unfinished: _Unfinished) -> None:
    for definition in read_core_types(section):
        unfinished.add(definition)


def _read_type(section: ScopeReader, unfinished: _Unfinished) -> None:
    offset = section.pos
    unfinished.add(TypeDefinition(read_type(section), offset))


def _reading(read: Callable[[ScopeReader], Definition]) -> Callable[[ScopeReader, _Unfinished], None]:
    def read_into(section: ScopeReader, unfinished: _Unfinished) -> None:
        unfinished.add(read(section))

    return read_into


# By section id, for those that are a vector of items.
_SECTIONS: Final[dict[int, Callable[[ScopeReader, _Unfinished], None]]] = {
    2: _reading(read_core_instance),
    3: _read_core_types,
    5: _reading(read_instance),
    6: _reading(read_alias),
    7: _read_type,
    8: _reading(read_canonical),
    10: _reading(read_import),
    11: _reading(read_export),
}
