"""Types in the binary format, with indices in place of the types that they refer to.

73                           WrittenType("string", None)
70 7d                        WrittenType("list", "u8")
72 01 01 "x" 03              WrittenType("record", [("x", 3)])
40 00 00 7f                  WrittenType("func", ([], "bool", False))
"""

from __future__ import annotations

from wasmz.component.binary.core_types import read_core_types
from wasmz.component.binary.definitions import read_alias, read_extern, read_import, read_name
from wasmz.component.binary.references import PRIMITIVES, read_optional_reference, read_reference, read_result
from wasmz.component.syntax import ExportDeclaration, TypeDefinition, WrittenType
from wasmz.wasm.typereader import read_value_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.component.binary.scopes import ScopeReader
    from wasmz.component.syntax import Definition, Reference

# The most parts of each kind: the same as in other runtimes.
_MAX_FIELDS: Final = 10_000
_MAX_FLAGS: Final = 1_000
_MAX_PARAMS: Final = 1_000
_MAX_DECLARATIONS: Final = 1_000_000


def read_type(reader: ScopeReader) -> WrittenType:
    """One item of the type section."""
    offset = reader.pos
    form = reader.byte()
    if form in PRIMITIVES:
        return WrittenType(PRIMITIVES[form], None, offset)
    if form not in _FORMS:
        reader.malformed("type", form)
    name, read = _FORMS[form]
    return WrittenType(name, read(reader), offset)


def _read_labelled(reader: ScopeReader) -> tuple[str, Reference]:
    return reader.short_name(), read_reference(reader)


def _read_record(reader: ScopeReader) -> list[tuple[str, Reference]]:
    return [_read_labelled(reader) for _ in range(reader.limited_count(_MAX_FIELDS, "fields"))]


def _read_variant(reader: ScopeReader) -> list[tuple[str, Reference | None]]:
    cases = []
    for _ in range(reader.limited_count(_MAX_FIELDS, "cases")):
        cases.append((reader.short_name(), read_optional_reference(reader)))
        end = reader.byte()
        if end:
            reader.malformed("case", end)
    return cases


def _read_fixed_list(reader: ScopeReader) -> tuple[Reference, int]:
    return read_reference(reader), reader.u32()


def _read_tuple(reader: ScopeReader) -> list[Reference]:
    return [read_reference(reader) for _ in range(reader.limited_count(_MAX_FIELDS, "types"))]


def _read_flags(reader: ScopeReader) -> list[str]:
    return [reader.short_name() for _ in range(reader.limited_count(_MAX_FLAGS, "flags"))]


def _read_enum(reader: ScopeReader) -> list[str]:
    return [reader.short_name() for _ in range(reader.limited_count(_MAX_FIELDS, "cases"))]


def _read_pair(reader: ScopeReader) -> tuple[Reference, Reference]:
    return read_reference(reader), read_reference(reader)


def _read_outcomes(reader: ScopeReader) -> tuple[Reference | None, Reference | None]:
    return read_optional_reference(reader), read_optional_reference(reader)


def _read_index(reader: ScopeReader) -> int:
    return reader.u32()


def _read_resource(reader: ScopeReader) -> tuple[Any, int | None]:
    representation = read_value_type(reader, [])
    return representation, reader.u32() if reader.flag("destructor") else None


def _read_function(reader: ScopeReader) -> tuple[Any, ...]:
    is_async = reader.data[reader.pos - 1] == 0x43
    params = [_read_labelled(reader) for _ in range(reader.limited_count(_MAX_PARAMS, "parameters"))]
    return params, read_result(reader), is_async


def _read_component_type(reader: ScopeReader) -> list[Definition]:
    return _read_declarations(reader, with_imports=True)


def _read_instance_type(reader: ScopeReader) -> list[Definition]:
    return _read_declarations(reader, with_imports=False)


def _read_declarations(reader: ScopeReader, *, with_imports: bool) -> list[Definition]:
    declarations: list[Definition] = []
    reader.enter()
    for _ in range(reader.limited_count(_MAX_DECLARATIONS, "declarations")):
        offset = reader.pos
        kind = reader.byte()
        if kind == 0x00:
            declarations += read_core_types(reader)
        elif kind == 0x01:
            declarations.append(TypeDefinition(read_type(reader), offset))
        elif kind == 0x02:
            declarations.append(read_alias(reader))
        elif kind == 0x03 and with_imports:
            declarations.append(read_import(reader))
        elif kind == 0x04:
            declarations.append(ExportDeclaration(read_name(reader), read_extern(reader), offset))
        else:
            reader.malformed("declaration", kind)
    reader.leave()
    return declarations


# By the byte they begin with: their form, and the reader of their content.
_FORMS: Final[dict[int, tuple[str, Callable[[ScopeReader], Any]]]] = {
    0x72: ("record", _read_record),
    0x71: ("variant", _read_variant),
    0x70: ("list", read_reference),
    0x67: ("fixed-list", _read_fixed_list),
    0x6F: ("tuple", _read_tuple),
    0x6E: ("flags", _read_flags),
    0x6D: ("enum", _read_enum),
    0x6B: ("option", read_reference),
    0x6A: ("result", _read_outcomes),
    0x69: ("own", _read_index),
    0x68: ("borrow", _read_index),
    0x66: ("stream", read_optional_reference),
    0x65: ("future", read_optional_reference),
    0x63: ("map", _read_pair),
    0x3F: ("resource", _read_resource),
    0x40: ("func", _read_function),
    0x43: ("func", _read_function),
    0x41: ("component", _read_component_type),
    0x42: ("instance", _read_instance_type),
}
