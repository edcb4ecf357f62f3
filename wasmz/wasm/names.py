"""The name section: names of the module, its functions, types and fields (specification, appendix 7.4.1).

    00 04 03 "lib"  01 06 01 00 03 "add"  ->  Names(module="lib", functions={0: "add"}, locals={})

Nothing in it can make a module invalid: malformed subsections are ignored.
"""

from __future__ import annotations

from wasmz.errors import InvalidWasm
from wasmz.wasm.reader import Reader
from wasmz.wasm.syntax import Names, WasmModule

_MODULE, _FUNCTIONS, _LOCALS, _TYPES, _FIELDS = 0, 1, 2, 4, 10


def read_names(data: bytes, module: WasmModule) -> None:
    """Sets ``module.names`` from the first custom section called "name"."""
    for section in module.custom_sections:
        if section.name == "name":
            module.names = _read_name_section(Reader(data, section.start, section.end))
            return


def _read_name_section(reader: Reader) -> Names:
    names = Names()
    try:
        while reader.pos < reader.end:
            kind = reader.byte()
            size = reader.u32()
            content = Reader(reader.data, reader.pos, reader.pos + size)
            reader.take(size)
            _read_subsection(kind, content, names)
    except InvalidWasm:
        # Keeps what was read before the mistake.
        return names
    return names


def _read_subsection(kind: int, content: Reader, names: Names) -> None:
    if kind == _MODULE:
        names.module = content.name()
    elif kind == _FUNCTIONS:
        names.functions = _read_name_map(content)
    elif kind == _LOCALS:
        names.locals = _read_indirect_name_map(content)
    elif kind == _TYPES:
        names.types = _read_name_map(content)
    elif kind == _FIELDS:
        names.fields = _read_indirect_name_map(content)


def _read_indirect_name_map(content: Reader) -> dict[int, dict[int, str]]:
    result = {}
    for _ in range(content.count()):
        index = content.u32()
        result[index] = _read_name_map(content)
    return result


def _read_name_map(content: Reader) -> dict[int, str]:
    result = {}
    for _ in range(content.count()):
        index = content.u32()
        result[index] = content.name()
    return result
