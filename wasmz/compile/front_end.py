"""The front end: decodes and validates a module, and makes its image, with or without code.

    module = load_module(data)                  everything but the bodies of functions is validated
    validate_bodies(module, data)
    image = make_image(data, module, config)    what an instance needs besides code

Both compilers build on it. It imports neither, so a cold start imports only the one that it needs.
"""

from __future__ import annotations

from wasmz.errors import ImplementationLimit
from wasmz.runtime import abi
from wasmz.runtime.image import (
    ElementSpec,
    ExportSpec,
    FunctionCode,
    GlobalSpec,
    ModuleImage,
    TableSpec,
    data_spec,
)
from wasmz.startup.concurrency import load
from wasmz.types import ExternType, ImportType, TagType
from wasmz.wasm.decoder import decode_module
from wasmz.wasm.proposals import SUPPORTED_PROPOSALS, Proposal
from wasmz.wasm.syntax import ConstantExpression, Import, WasmModule
from wasmz.wasm.validator import validate_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmz.config import Config


def load_module(data: bytes, proposals: frozenset[Proposal] = SUPPORTED_PROPOSALS) -> WasmModule:
    """Decodes a module and validates everything but the bodies of its functions.

    ``proposals`` are those that the module may use.

    Raises:
        InvalidWasm, UnsupportedFeature: with the place in the module.
    """
    module = decode_module(data, proposals)
    validate_module(module, data)
    if module.bodies and module.bodies[-1].end > abi.LARGEST_OFFSET:
        raise ImplementationLimit(f"the module has code after its first {abi.LARGEST_OFFSET + 1:,} bytes")
    return module


def validate(data: bytes, proposals: frozenset[Proposal] = SUPPORTED_PROPOSALS) -> WasmModule:
    """Decodes and validates a whole module, bodies included, without compiling it."""
    module = load_module(data, proposals)
    validate_bodies(module, data)
    return module


def validate_bodies(module: WasmModule, data: bytes) -> None:
    """Validates all functions of a module."""
    load("wasmz.wasm.body")
    from wasmz.wasm.body import decode_body

    load("wasmz.wasm.body_validator")
    from wasmz.wasm.body_validator import validate_body

    for body in module.bodies:
        validate_body(module, body.index, decode_body(data, body, module))


def make_image(
    data: bytes,
    module: WasmModule,
    config: Config,
    functions: Sequence[FunctionCode] = (),
    names: Iterable[str] = (),
) -> ModuleImage:
    """Makes the image of a module from its compiled functions and the rest of it.

    ``names`` are further names that code needs which is not among ``functions``.
    """
    names = {*names, *(name for function in functions for name in function.names())}
    boxed = module.boxed_globals
    first_global = len(module.global_types) - len(module.globals)
    return ModuleImage(
        name=module.names.module,
        types=tuple(module.types),
        imports=tuple(ImportType(item.module, item.name, _import_type(module, item)) for item in module.imports),
        function_types=tuple(module.function_types),
        exact_imports=frozenset(module.exact_imports),
        tables=tuple(TableSpec(table.type, _code(table.init)) for table in module.tables),
        memories=tuple(module.memories),
        globals=tuple(
            GlobalSpec(item.type, item.init.code, first_global + i in boxed) for i, item in enumerate(module.globals)
        ),
        tags=tuple(module.tag_types),
        exports=tuple(ExportSpec(export.name, export.kind, export.index) for export in module.exports),
        start=module.start,
        elements=tuple(
            ElementSpec(
                segment.mode,
                segment.type,
                tuple(item.code for item in segment.items),
                segment.table,
                _code(segment.position),
            )
            for segment in module.elements
        ),
        data=tuple(
            data_spec(segment.mode, bytes(data[segment.start : segment.end]), segment.memory, _offset(segment.position))
            for segment in module.data
        ),
        functions=tuple(functions),
        function_names=dict(module.names.functions),
        body_offsets=tuple(body.start for body in module.bodies),
        names=tuple(sorted(names)),
        custom_sections=tuple(
            (section.name, bytes(data[section.start : section.end])) for section in module.custom_sections
        ),
        type_names=dict(module.names.types),
        field_names=_field_names(module),
        is_metered=config.fuel is not None,
        code_start=module.code_start if any(item.name == ".debug_line" for item in module.custom_sections) else 0,
    )


def _field_names(module: WasmModule) -> dict[int, dict[int, str]]:
    """Names of fields by the first index of each type."""
    first = {type: index for index, type in reversed([*enumerate(module.types)])}
    names: dict[int, dict[int, str]] = {}
    for index, fields in module.names.fields.items():
        if index < len(module.types):
            names.setdefault(first[module.types[index]], {}).update(fields)
    return names


def _offset(expression: ConstantExpression | None) -> int | tuple[tuple[str, object], ...] | None:
    """The offset of a data segment, as an int if it is constant."""
    code = _code(expression)
    if code is not None and len(code) == 1 and code[0][0] in ("i32.const", "i64.const"):
        return code[0][1]  # type: ignore[return-value]
    return code


def _code(expression: ConstantExpression | None) -> tuple[tuple[str, object], ...] | None:
    return None if expression is None else expression.code


def _import_type(module: WasmModule, item: Import) -> ExternType:
    if item.kind == "func":
        return module.signature(item.descriptor)  # type: ignore[arg-type]
    if item.kind == "tag":
        return TagType(module.signature(item.descriptor))  # type: ignore[arg-type]
    return item.descriptor  # type: ignore[return-value]
