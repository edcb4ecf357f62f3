"""Decodes a module to a :class:`~wasmz.wasm.syntax.WasmModule` (specification, section 5.5 "Modules").

    decode_module(b"\\0asm\\1\\0\\0\\0") -> WasmModule(types=[], imports=[], ...)

Malformed input raises :class:`~wasmz.InvalidWasm`; features outside the accepted proposals raise
:class:`~wasmz.UnsupportedFeature`. Function bodies are only measured, not decoded.
"""

from __future__ import annotations

from wasmz.errors import InvalidWasm
from wasmz.runtime.image import ExternKind
from wasmz.startup.concurrency import without_collections
from wasmz.types import GlobalType, MemoryType, TableType, ValType
from wasmz.wasm.names import read_names
from wasmz.wasm.preamble import check_preamble
from wasmz.wasm.proposals import SUPPORTED_PROPOSALS, Proposal
from wasmz.wasm.reader import Reader
from wasmz.wasm.segments import read_data_section, read_element_section, read_expression
from wasmz.wasm.syntax import CustomSection, Export, FunctionBody, Global, Import, Table, WasmModule
from wasmz.wasm.typereader import (
    read_global_type,
    read_memory_type,
    read_table_type,
    read_type_section,
    read_value_type,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

# Implementation limit, as in browsers.
MAX_LOCALS: Final = 50_000

_EXTERN_KINDS: Final[tuple[ExternKind, ...]] = ("func", "table", "memory", "global", "tag")

# Marks a function import that must have exactly the given type, not a subtype (proposal "custom descriptors").
EXACT_FUNCTION: Final = 0x20

# Modules that import from these are made for browsers, by compilers that write legacy exceptions unless told otherwise.
_WITH_LEGACY_EXCEPTIONS: Final = frozenset({"js_code", "dart2wasm", "wasm:js-string", "WebAssembly"})


def decode_module(
    source: bytes | bytearray | memoryview, proposals: frozenset[Proposal] = SUPPORTED_PROPOSALS
) -> WasmModule:
    """Decodes a module in the binary format.

    Args:
        source: the module's bytes.
        proposals: the proposals whose features are accepted.

    Raises:
        InvalidWasm: the bytes are malformed.
        UnsupportedFeature: a feature of another proposal is used.
    """
    data = source if type(source) is bytes else bytes(source)
    check_preamble(data)
    # A module may have a hundred thousand parts, none of which is garbage.
    with without_collections():
        return _decode(data, proposals)


def _decode(data: bytes, proposals: frozenset[Proposal]) -> WasmModule:
    module = WasmModule(proposals=proposals)
    reader = Reader(data, 8, len(data), proposals)
    order = -1
    while reader.pos < reader.end:
        offset = reader.pos
        section_id = reader.byte()
        size = reader.u32()
        if size > reader.end - reader.pos:
            reader.fail("length out of bounds")
        section = Reader(data, reader.pos, reader.pos + size, proposals)
        reader.pos = section.end
        if section_id == 0:
            _read_custom_section(section, module)
            continue
        if section_id not in _SECTIONS:
            reader.fail("malformed section id", offset)
        position, read = _SECTIONS[section_id]
        if position <= order:
            reader.fail("unexpected content after last section", offset)
        order = position
        read(section, module)
        if section.pos != section.end:
            section.fail("section size mismatch")
    if len(module.bodies) != len(module.function_offsets):
        raise InvalidWasm("function and code section have inconsistent lengths", offset=reader.pos)
    if module.data_count is not None and module.data_count != len(module.data):
        raise InvalidWasm("data count and data section have inconsistent lengths", offset=reader.pos)
    read_names(data, module)
    if Proposal.EXCEPTIONS in proposals and any(item.module in _WITH_LEGACY_EXCEPTIONS for item in module.imports):
        module.proposals = proposals | {Proposal.LEGACY_EXCEPTIONS}
    return module


def _read_custom_section(section: Reader, module: WasmModule) -> None:
    name = section.name()
    module.custom_sections.append(CustomSection(name, section.pos, section.end))


def _read_types(section: Reader, module: WasmModule) -> None:
    module.types = read_type_section(section)


def _read_imports(section: Reader, module: WasmModule) -> None:
    for _ in range(section.count()):
        offset = section.pos
        module_name, name = section.name(), section.name()
        kind_offset = section.pos
        code = section.byte()
        if code == EXACT_FUNCTION:
            section.require(Proposal.CUSTOM_DESCRIPTORS, "an exact function import", kind_offset)
            module.exact_imports.add(len(module.function_types))
            code = 0
        if code >= len(_EXTERN_KINDS):
            section.fail("malformed import kind", kind_offset)
        kind = _EXTERN_KINDS[code]
        descriptor: int | TableType | MemoryType | GlobalType
        if kind == "func":
            descriptor = section.u32()
            module.function_types.append(descriptor)
        elif kind == "table":
            descriptor = read_table_type(section, module.types)
            module.table_types.append(descriptor)
        elif kind == "memory":
            descriptor = read_memory_type(section)
            module.memory_types.append(descriptor)
        elif kind == "global":
            descriptor = read_global_type(section, module.types)
            module.global_types.append(descriptor)
        else:
            descriptor = _read_tag_type(section)
            module.tag_types.append(descriptor)
        module.imports.append(Import(module_name, name, kind, descriptor, offset))
    module.imported_function_count = len(module.function_types)


def _read_functions(section: Reader, module: WasmModule) -> None:
    for _ in range(section.count()):
        module.function_offsets.append(section.pos)
        module.function_types.append(section.u32())


def _read_tables(section: Reader, module: WasmModule) -> None:
    for _ in range(section.count()):
        offset = section.pos
        init = None
        if section.data[offset : offset + 2] == b"\x40\x00":
            section.require(Proposal.FUNCTION_REFERENCES, "a table with an initial value", offset)
            section.pos += 2
            table_type = read_table_type(section, module.types)
            init = read_expression(section, module)
        else:
            table_type = read_table_type(section, module.types)
        module.tables.append(Table(table_type, init, offset))
        module.table_types.append(table_type)


def _read_memories(section: Reader, module: WasmModule) -> None:
    for _ in range(section.count()):
        module.memory_offsets.append(section.pos)
        module.memory_types.append(read_memory_type(section))


def _read_tags(section: Reader, module: WasmModule) -> None:
    section.require(Proposal.EXCEPTIONS, "a tag section", section.pos)
    for _ in range(section.count()):
        module.tag_offsets.append(section.pos)
        module.tag_types.append(_read_tag_type(section))


def _read_tag_type(section: Reader) -> int:
    offset = section.pos
    section.require(Proposal.EXCEPTIONS, "a tag", offset)
    if section.byte() != 0:
        section.fail("malformed tag attribute", offset)
    return section.u32()


def _read_globals(section: Reader, module: WasmModule) -> None:
    for _ in range(section.count()):
        offset = section.pos
        global_type = read_global_type(section, module.types)
        module.globals.append(Global(global_type, read_expression(section, module), offset))
        module.global_types.append(global_type)


def _read_exports(section: Reader, module: WasmModule) -> None:
    for _ in range(section.count()):
        offset = section.pos
        name = section.name()
        kind_offset = section.pos
        code = section.byte()
        if code >= len(_EXTERN_KINDS):
            section.fail("malformed export kind", kind_offset)
        module.exports.append(Export(name, _EXTERN_KINDS[code], section.u32(), offset))


def _read_start(section: Reader, module: WasmModule) -> None:
    module.start_offset = section.pos
    module.start = section.u32()


def _read_data_count(section: Reader, module: WasmModule) -> None:
    module.data_count = section.u32()


def _read_code(section: Reader, module: WasmModule) -> None:
    module.code_start = offset = section.pos
    count = section.count()
    if count != len(module.function_offsets):
        section.fail("function and code section have inconsistent lengths", offset)
    for number in range(count):
        size = section.u32()
        start = section.pos
        if size > section.end - start:
            section.fail("length out of bounds")
        section.pos = end = start + size
        index = module.imported_function_count + number
        if size and section.data[start] == 0:
            # No locals, as in many small functions.
            module.bodies.append(FunctionBody(index, start, start + 1, end, []))
            continue
        body = Reader(section.data, start, end, section.proposals)
        try:
            declared = _read_locals(body, module)
        except InvalidWasm as error:
            place = module.describe_function(index)
            raise InvalidWasm(error.reason, offset=error.offset, function=place) from None
        module.bodies.append(FunctionBody(index, start, body.pos, end, declared))


def _read_locals(body: Reader, module: WasmModule) -> list[tuple[int, ValType]]:
    declared: list[tuple[int, ValType]] = []
    total = 0
    for _ in range(body.count()):
        offset = body.pos
        count = body.u32()
        total += count
        if total > MAX_LOCALS:
            body.fail(f"too many locals: {total} are more than {MAX_LOCALS}", offset)
        declared.append((count, read_value_type(body, module.types)))
    return declared


# By section id: its place in the prescribed order, and the reader of its content (specification 5.5.2, 5.5.16).
_SECTIONS: Final[dict[int, tuple[int, Callable[[Reader, WasmModule], None]]]] = {
    1: (0, _read_types),
    2: (1, _read_imports),
    3: (2, _read_functions),
    4: (3, _read_tables),
    5: (4, _read_memories),
    13: (5, _read_tags),
    6: (6, _read_globals),
    7: (7, _read_exports),
    8: (8, _read_start),
    9: (9, read_element_section),
    12: (10, _read_data_count),
    10: (11, _read_code),
    11: (12, read_data_section),
}
