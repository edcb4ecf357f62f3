"""What core modules import and export, and whether it fits."""

from __future__ import annotations

from wasmz.component.types import CoreModuleType, CoreTag
from wasmz.component.validation.scopes import fail
from wasmz.errors import InvalidWasm, UnsupportedFeature
from wasmz.startup.concurrency import load
from wasmz.subtyping import is_extern_subtype, is_heap_subtype
from wasmz.types import DefinedType, FuncType, GlobalType, MemoryType, TableType
from wasmz.wasm.validator import check_memory_type, check_table_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from wasmz.component.syntax import CoreModule
    from wasmz.component.types import CoreExternType
    from wasmz.component.validation.scopes import Context
    from wasmz.wasm.syntax import WasmModule


def validate_core_module(data: bytes, definition: CoreModule, context: Context) -> CoreModuleType:
    """Validates a core module, and says what it imports and exports.

    Raises:
        InvalidWasm, UnsupportedFeature: with offsets that count in the component.
    """
    load("wasmz.compile.front_end")
    from wasmz.compile.front_end import load_module, validate

    source = data[definition.start : definition.end]
    try:
        module = (validate if context.with_bodies else load_module)(source, context.proposals)
    except InvalidWasm as error:
        raise InvalidWasm(error.reason, offset=_outside(error.offset, definition), function=error.function) from None
    except UnsupportedFeature as error:
        if error.proposal == "component-model":
            fail("expected a core module, found a component", definition.start)
        error.offset = _outside(error.offset, definition)
        raise
    return _module_type(module, definition)


def _outside(offset: int | None, definition: CoreModule) -> int:
    return definition.start + (offset or 0)


def _module_type(module: WasmModule, definition: CoreModule) -> CoreModuleType:
    imports: dict[tuple[str, str], CoreExternType] = {}
    for item in module.imports:
        key = item.module, item.name
        if key in imports:
            fail(f"duplicate import name `{key[0]}:{key[1]}`", definition.start + item.offset)
        descriptor = item.descriptor
        if not isinstance(descriptor, int):
            imports[key] = descriptor
        elif item.kind == "func":
            imports[key] = module.types[descriptor]
        else:
            imports[key] = CoreTag(module.types[descriptor])
    return CoreModuleType(
        imports, {export.name: _exported(module, export.kind, export.index) for export in module.exports}
    )


def _exported(module: WasmModule, kind: str, index: int) -> CoreExternType:
    if kind == "func":
        return module.types[module.function_types[index]]
    if kind == "table":
        return module.table_types[index]
    if kind == "memory":
        return module.memory_types[index]
    if kind == "global":
        return module.global_types[index]
    return CoreTag(module.types[module.tag_types[index]])


def check_module_type(type: CoreModuleType, offset: int) -> None:
    """Checks that what a module type imports and exports can be."""
    for extern in (*type.imports.values(), *type.exports.values()):
        if isinstance(extern, MemoryType):
            check_memory_type(extern, offset)
        elif isinstance(extern, TableType):
            check_table_type(extern, offset)
        elif isinstance(extern, CoreTag) and isinstance(extern.type.composite, FuncType):
            if extern.type.composite.results:
                fail("invalid tag type: it has results", offset)


def core_sort(extern: CoreExternType) -> str:
    """The sort of what has this type."""
    for kind, sort in _SORTS:
        if isinstance(extern, kind):
            return sort
    return "core tag"


_SORTS: Final = (
    (DefinedType, "core func"),
    (TableType, "core table"),
    (MemoryType, "core memory"),
    (GlobalType, "core global"),
)


def check_core_module_type(found: CoreModuleType, wanted: CoreModuleType, offset: int) -> None:
    """Checks that a core module of one type may stand for one of another."""
    for key, needed in found.imports.items():
        name = f"{key[0]}::{key[1]}"
        if key not in wanted.imports:
            fail(f"missing expected import `{name}`", offset)
        check_core_extern(wanted.imports[key], needed, f"type mismatch in import `{name}`", offset)
    for export, expected in wanted.exports.items():
        if export not in found.exports:
            fail(f"missing expected export `{export}`", offset)
        check_core_extern(found.exports[export], expected, f"type mismatch in export `{export}`", offset)


def check_core_extern(found: CoreExternType, wanted: CoreExternType, where: str, offset: int) -> None:
    """Checks that a core function, table, memory, global or tag may stand for another."""
    if not _fits(found, wanted):
        fail(f"{where}: expected {_shown(wanted)}, found {_shown(found)}", offset)


def _fits(found: CoreExternType, wanted: CoreExternType) -> bool:
    if isinstance(wanted, DefinedType):
        return isinstance(found, DefinedType) and is_heap_subtype(found, wanted)
    if isinstance(wanted, CoreTag):
        return isinstance(found, CoreTag) and found.type is wanted.type
    if isinstance(found, (DefinedType, CoreTag)):
        return False
    return is_extern_subtype(found, wanted)


def _shown(extern: CoreExternType) -> str:
    if isinstance(extern, CoreTag):
        return f"tag {extern.type.composite}"
    if isinstance(extern, DefinedType):
        return f"function {extern.composite}" if isinstance(extern.composite, FuncType) else str(extern)
    return str(extern)


def check_core_instantiation(
    module: CoreModuleType, arguments: Mapping[str, Mapping[str, CoreExternType]], offset: int
) -> None:
    """Checks that the exports of core instances, by the name that they are given as, are what a module imports."""
    for (instance, name), wanted in module.imports.items():
        if instance not in arguments:
            fail(f"missing module instantiation argument named `{instance}`", offset)
        found = arguments[instance].get(name)
        if found is None:
            fail(f"module instantiation argument `{instance}` does not export an item named `{name}`", offset)
        where = f"type mismatch for export `{name}` of module instantiation argument `{instance}`"
        check_core_extern(found, wanted, where, offset)
