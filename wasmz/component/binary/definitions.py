"""Definitions in the binary format that are no types: sorts, names, aliases, imports, exports, instances, starts.

03 02 01 05                  AliasOuter("type", count=1, index=5)
00 01 "f" 01 02 00           Export(Name("f"), func 2)
"""

from __future__ import annotations

from wasmz.component.binary.core_types import outer_core_type
from wasmz.component.binary.references import read_reference
from wasmz.component.syntax import (
    CORE_SORTS,
    SORTS,
    AliasCoreExport,
    AliasExport,
    AliasOuter,
    CoreExports,
    CoreInstantiation,
    Export,
    Import,
    InstanceExports,
    Instantiation,
    Name,
    SortedIndex,
    Start,
    WrittenExtern,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.component.binary.scopes import ScopeReader
    from wasmz.component.syntax import Definition

_MAX_ARGUMENTS: Final = 100_000
_MAX_EXPORTS: Final = 100_000
_MAX_START_ARGUMENTS: Final = 1_000
_OUTER_SORTS: Final = ("core module", "core type", "type", "component")
_ATTRIBUTES: Final = ("implements", "version_suffix", "external_id")


def read_sort(reader: ScopeReader) -> str:
    """A sort, that of a core item among them."""
    byte = reader.byte()
    if byte == 0x00:
        return read_core_sort(reader)
    if byte not in SORTS:
        reader.malformed("sort", byte)
    return SORTS[byte]


def read_core_sort(reader: ScopeReader) -> str:
    """The sort of a core item."""
    byte = reader.byte()
    if byte not in CORE_SORTS:
        reader.malformed("core sort", byte)
    return CORE_SORTS[byte]


def read_name(reader: ScopeReader) -> Name:
    """The name of an import or export, with its attributes."""
    offset = reader.pos
    form = reader.byte()
    if form > 2:
        reader.malformed("name", form)
    name = Name(reader.short_name(), offset)
    if form == 2:
        for _ in range(reader.count()):
            start = reader.pos
            kind = reader.byte()
            if kind >= len(_ATTRIBUTES):
                reader.malformed("attribute", kind)
            attribute = _ATTRIBUTES[kind]
            if getattr(name, attribute) is not None:
                reader.fail(f"duplicate '{attribute.replace('_', '-')}' in a name", start)
            setattr(name, attribute, reader.short_name())
    return name


def read_extern(reader: ScopeReader) -> WrittenExtern:
    """What kind of thing an import or export is."""
    offset = reader.pos
    sort = read_sort(reader)
    if sort in ("type", "value"):
        bound = reader.byte()
        if bound > 1:
            reader.malformed(f"{sort} bound", bound)
        if bound == 0:
            return WrittenExtern(sort, "eq", reader.u32(), offset)
        if sort == "type":
            return WrittenExtern(sort, "resource", None, offset)
        return WrittenExtern(sort, "type", read_reference(reader), offset)
    if sort.startswith("core ") and sort != "core module":
        reader.fail(f"malformed import or export of sort {sort}", offset)
    return WrittenExtern(sort, "", reader.u32(), offset)


def read_import(reader: ScopeReader) -> Import:
    """An import."""
    offset = reader.pos
    return Import(read_name(reader), read_extern(reader), offset)


def read_export(reader: ScopeReader) -> Export:
    """An export of a component."""
    offset = reader.pos
    name = read_name(reader)
    item = SortedIndex(read_sort(reader), reader.u32())
    extern = read_extern(reader) if reader.flag("type of an export") else None
    return Export(name, item, extern, offset)


def read_alias(reader: ScopeReader) -> Definition:
    """An alias. The core type that an outer one means is looked up at once."""
    offset = reader.pos
    sort = read_sort(reader)
    kind = reader.byte()
    if kind == 0x00:
        return AliasExport(sort, reader.u32(), reader.short_name(), offset)
    if kind == 0x01:
        return AliasCoreExport(sort, reader.u32(), reader.short_name(), offset)
    if kind != 0x02:
        reader.malformed("alias", kind)
    count, index = reader.u32(), reader.u32()
    if sort not in _OUTER_SORTS:
        reader.fail(f"malformed outer alias of sort {sort}", offset)
    if sort == "core type":
        reader.scope.core_types.append(outer_core_type(reader, count, index, offset))
    return AliasOuter(sort, count, index, offset)


def read_core_instance(reader: ScopeReader) -> Definition:
    """One item of the core instance section."""
    offset = reader.pos
    kind = reader.byte()
    if kind == 0x00:
        module = reader.u32()
        arguments = []
        for _ in range(reader.limited_count(_MAX_ARGUMENTS, "arguments")):
            name = reader.short_name()
            sort = reader.byte()
            if sort != 0x12:
                reader.malformed("instantiation argument", sort)
            arguments.append((name, reader.u32()))
        return CoreInstantiation(module, arguments, offset)
    if kind != 0x01:
        reader.malformed("core instance", kind)
    exports = []
    for _ in range(reader.limited_count(_MAX_EXPORTS, "exports")):
        name = reader.short_name()
        exports.append((name, SortedIndex(read_core_sort(reader), reader.u32())))
    return CoreExports(exports, offset)


def read_instance(reader: ScopeReader) -> Definition:
    """One item of the instance section."""
    offset = reader.pos
    kind = reader.byte()
    if kind == 0x00:
        component = reader.u32()
        arguments = []
        for _ in range(reader.limited_count(_MAX_ARGUMENTS, "arguments")):
            text = reader.short_name()
            arguments.append((text, SortedIndex(read_sort(reader), reader.u32())))
        return Instantiation(component, arguments, offset)
    if kind != 0x01:
        reader.malformed("instance", kind)
    exports = []
    for _ in range(reader.limited_count(_MAX_EXPORTS, "exports")):
        name = read_name(reader)
        exports.append((name, SortedIndex(read_sort(reader), reader.u32())))
    return InstanceExports(exports, offset)


def read_start(reader: ScopeReader) -> Start:
    """The content of a start section."""
    offset = reader.pos
    function = reader.u32()
    arguments = [reader.u32() for _ in range(reader.limited_count(_MAX_START_ARGUMENTS, "arguments"))]
    return Start(function, arguments, reader.u32(), offset)
