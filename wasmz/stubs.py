"""Stub files: what type checkers and editors know of a module's exports.

    render_stub(data)      ->  "def add(a: int, b: int) -> int: ..."       parameters have the name section's names

What Python cannot name, an export that is a keyword or has a dot, is in a comment: it is reached by ``getattr``.
"""

from __future__ import annotations

import keyword

from wasmz.compiler import load_module
from wasmz.types import FuncType, GlobalType, HeapType, RefType, ValType
from wasmz.wasm.syntax import Export, WasmModule

_NUMBERS = {ValType.I32: "int", ValType.I64: "int", ValType.F32: "float", ValType.F64: "float", ValType.V128: "bytes"}
_CALLABLE = "Callable[..., Any] | None"


def render_stub(data: bytes, name: str = "module") -> str:
    """The text of the ``.pyi`` for a module, as its exports are when Python imports it.

    Raises:
        InvalidWasm, UnsupportedFeature: with the place in the module.
    """
    module = load_module(data, legacy_exceptions=True)
    lines = [line for export in module.exports for line in _declaration(module, export)]
    body = "\n".join(lines)
    imports = []
    if "Callable[" in body:
        imports.append("from collections.abc import Callable")
    if "Any" in body:
        imports.append("from typing import Any")
    used = sorted(item for item in ("Global", "Instance", "Memory", "Table", "Tag") if f": {item}" in body)
    imports.append(f"from wasmz import {', '.join(sorted({*used, 'Instance'}))}")
    head = f'"""WebAssembly module {_plain(module.names.module or name)}."""'
    return "\n".join([head, "", *imports, "", "__wasm_instance__: Instance", "", *lines]) + "\n"


def _declaration(module: WasmModule, export: Export) -> list[str]:
    declared = _declared(module, export)
    if export.name.isidentifier() and not keyword.iskeyword(export.name):
        return [declared]
    return [f"# {_plain(export.name)}: {declared}"]


def _declared(module: WasmModule, export: Export) -> str:
    name = export.name if export.name.isidentifier() and not keyword.iskeyword(export.name) else "_"
    if export.kind == "func":
        type = module.function_type(export.index)
        parameters = _parameters(type, module.names.locals.get(export.index, {}))
        return f"def {name}({parameters}) -> {_results(type)}: ..."
    if export.kind == "global":
        return f"{name}: Global  # {_global(module.global_types[export.index])}"
    return f"{name}: {export.kind.capitalize()}"


def _parameters(type: FuncType, names: dict[int, str]) -> str:
    taken: set[str] = set()
    parts = []
    for position, parameter in enumerate(type.params):
        name = _identifier(names.get(position, ""))
        if not name or name in taken:
            name = f"p{position}"
            while name in taken:
                name += "_"
        taken.add(name)
        parts.append(f"{name}: {_python_type(parameter)}")
    # Exports take no keyword arguments.
    return ", ".join([*parts, "/"]) if parts else ""


def _identifier(name: str) -> str:
    """The name from the name section as Python can have it, or nothing."""
    cleaned = name.removeprefix("$").replace(".", "_").replace("-", "_")
    return cleaned if cleaned.isidentifier() and cleaned.isascii() and not keyword.iskeyword(cleaned) else ""


def _results(type: FuncType) -> str:
    if not type.results:
        return "None"
    results = [_python_type(result) for result in type.results]
    return results[0] if len(results) == 1 else f"tuple[{', '.join(results)}]"


def _python_type(type: ValType | RefType) -> str:
    known = _NUMBERS.get(type) if isinstance(type, ValType) else None
    if known is not None:
        return known
    if isinstance(type, RefType) and type.heap_type is HeapType.FUNC:
        return _CALLABLE if type.nullable else "Callable[..., Any]"
    return "Any"


def _global(type: GlobalType) -> str:
    return f"{'mutable ' if type.mutable else ''}{_python_type(type.value_type)}"


def _plain(text: str) -> str:
    """Text from a module, which may be anything, without what could end a comment or a string."""
    return "".join(c if c.isprintable() and c not in '"\\' else "?" for c in text)
