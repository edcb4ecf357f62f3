"""Core types in the binary format: definitions as those of core modules, and the types of modules.

60 00 00                     the type of a function
50 01 03 01 "f" 00 00        (module (export "f" (func (type 0))))
"""

from __future__ import annotations

from wasmz.component.binary.scopes import CoreTypeSpace, Scope
from wasmz.component.syntax import CoreTypeDefinition
from wasmz.component.types import CoreModuleType, CoreTag
from wasmz.types import DefinedType, FuncType
from wasmz.wasm.typereader import (
    read_global_type,
    read_group,
    read_memory_type,
    read_table_type,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.component.binary.scopes import ScopeReader
    from wasmz.component.types import CoreExternType

_MODULE_TYPE, _SUB = 0x50, 0x50
_MAX_DECLARATIONS: Final = 100_000


def read_core_types(reader: ScopeReader) -> list[CoreTypeDefinition]:
    """One item of the core type section. A recursive group defines several types."""
    offset = reader.pos
    scope = reader.scope
    types: list[DefinedType | CoreModuleType]
    if reader.peek() == _MODULE_TYPE:
        reader.pos += 1
        types = [_read_module_type(reader)]
    else:
        types = _read_group(reader)
    scope.core_types += types
    return [CoreTypeDefinition(type, offset) for type in types]


def outer_core_type(reader: ScopeReader, count: int, index: int, offset: int) -> DefinedType | CoreModuleType:
    """The core type that an outer alias means."""
    scope = reader.scope.enclosing(count)
    if scope is None:
        reader.fail(f"invalid outer alias count of {count}", offset)
    if index >= len(scope.core_types):
        reader.fail(f"unknown type {index}: core type index out of bounds", offset)
    return scope.core_types[index]


def _read_group(reader: ScopeReader) -> list[Any]:
    if reader.peek() == 0x00:
        # What keeps a subtype that is not final apart from a module type.
        reader.pos += 1
        if reader.peek() != _SUB:
            reader.fail("malformed core type: expected a subtype that is not final")
    space = CoreTypeSpace(reader.scope.core_types)  # type: ignore[arg-type]
    return list(read_group(reader, space))


def _read_module_type(reader: ScopeReader) -> CoreModuleType:
    imports: dict[tuple[str, str], CoreExternType] = {}
    exports: dict[str, CoreExternType] = {}
    reader.enter()
    for _ in range(reader.limited_count(_MAX_DECLARATIONS, "declarations")):
        offset = reader.pos
        kind = reader.byte()
        if kind == 0x00:
            key = reader.short_name(), reader.short_name()
            if key in imports:
                reader.fail(f"duplicate import name `{key[0]}:{key[1]}`", offset)
            imports[key] = _read_extern(reader)
        elif kind == 0x01:
            reader.scope.core_types += _read_group(reader)
        elif kind == 0x02:
            if reader.byte() != 0x10 or reader.byte() != 0x01:
                reader.fail("malformed outer alias", offset)
            type = outer_core_type(reader, reader.u32(), reader.u32(), offset)
            if isinstance(type, CoreModuleType):
                reader.fail("type mismatch: an alias of a module type in a module type", offset)
            reader.scope.core_types.append(type)
        elif kind == 0x03:
            name = reader.short_name()
            if name in exports:
                reader.fail(f"duplicate export name `{name}` already defined", offset)
            exports[name] = _read_extern(reader)
        else:
            reader.malformed("declaration", kind)
    reader.leave()
    return CoreModuleType(imports, exports)


def _read_extern(reader: ScopeReader) -> CoreExternType:
    """What a module imports or exports."""
    offset = reader.pos
    kind = reader.byte()
    scope: Scope = reader.scope
    types: list[Any] = scope.core_types
    if kind == 0x00:
        return _function_type(reader, scope, offset)
    if kind == 0x01:
        return read_table_type(reader, types)
    if kind == 0x02:
        return read_memory_type(reader)
    if kind == 0x03:
        return read_global_type(reader, types)
    if kind == 0x04:
        if reader.byte() != 0:
            reader.fail("malformed tag attribute", offset)
        return CoreTag(_function_type(reader, scope, offset))
    return reader.malformed("import or export kind", kind)


def _function_type(reader: ScopeReader, scope: Scope, offset: int) -> DefinedType:
    index = reader.u32()
    if index >= len(scope.core_types):
        reader.fail(f"unknown type {index}: type index out of bounds", offset)
    type = scope.core_types[index]
    if not isinstance(type, DefinedType) or not isinstance(type.composite, FuncType):
        reader.fail(f"type mismatch: core type {index} is not a function type", offset)
    return type
