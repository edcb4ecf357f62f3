"""Stub files: the types of a module's exports, for type checkers and editors.

    render_stub(data)      ->  "def add(a: int, b: int) -> int: ..."       parameters have the name section's names

An export whose name is a keyword or has a dot is in a comment: use ``getattr`` for it.
"""

from __future__ import annotations

import keyword
import unicodedata

from wasmz.compile.front_end import load_module
from wasmz.runtime.precompiled import OWN_NAMES
from wasmz.ship.declarations import read_declarations
from wasmz.types import FuncType, GlobalType, HeapType, RefType, ValType
from wasmz.wasm.proposals import WITH_LEGACY_EXCEPTIONS
from wasmz.wasm.syntax import Export, WasmModule

_NUMBERS = {ValType.I32: "int", ValType.I64: "int", ValType.F32: "float", ValType.F64: "float", ValType.V128: "bytes"}

# The modules of types that a stub names.
_HOMES = {
    **dict.fromkeys(("bytes", "float", "int", "tuple"), "builtins"),
    "Callable": "collections.abc",
    "Any": "typing",
    **dict.fromkeys(("Global", "Instance", "Memory", "Table", "Tag"), "wasmz"),
}


def render_stub(data: bytes, name: str = "module", declarations: str | None = None) -> str:
    """The text of the ``.pyi`` for a module, as its exports are when Python imports it.

    Args:
        data: the module.
        name: its name.
        declarations: the text of the package's ``.d.ts``, for modules whose functions toolchains' host code gives.

    Raises:
        InvalidWasm, UnsupportedFeature: with the place in the module.
    """
    module = load_module(data, WITH_LEGACY_EXCEPTIONS)
    declared = read_declarations(declarations) if declarations is not None else {}
    exported = {export.name for export in module.exports if _can_be_named(export.name)}
    # What is declared says Any and Callable, and has no other names for them.
    declared = {key: lines for key, lines in declared.items() if key not in _HOMES and not exported & {*_HOMES}}
    names = StubNames(exported, _HOMES)
    if declared:
        names.of("Any")
        names.of("Callable")
    instance = f"__wasm_instance__: {names.of('Instance')}"
    lines = [_declaration(module, export, names) for export in module.exports if export.name not in declared]
    for texts in declared.values():
        is_overloaded = len(texts) > 1 and all(line.startswith("def ") for line in texts)
        lines += [texts[-1].partition("(")[0] + "(*args: Any) -> Any: ..."] if is_overloaded else texts
    head = f'"""WebAssembly module {_plain(module.names.module or name)}."""'
    return "\n".join([head, "", *names.imports(), "", instance, "", *lines]) + "\n"


class StubNames:
    """The names of types in a stub: other names if exports have those.

    Args:
        exported: the names that mean something else in the stub.
        homes: the modules of types, by their names.
    """

    def __init__(self, exported: set[str], homes: dict[str, str]) -> None:
        self._exported = exported
        self._homes = homes
        self._used: dict[str, str] = {}

    def of(self, type: str) -> str:
        """The stub's name for a type that has a home."""
        name = type
        while name in self._exported:
            name = f"_{name}"
        self._used[type] = name
        return name

    def imports(self) -> list[str]:
        """The lines that import the types that were named."""
        lines = []
        for home in dict.fromkeys(self._homes.values()):
            wanted = [
                type if type == name else f"{type} as {name}"
                for type, name in sorted(self._used.items())
                if self._homes[type] == home and (home != "builtins" or type != name)
            ]
            if wanted:
                lines.append(f"from {home} import {', '.join(wanted)}")
        return lines


def _can_be_named(name: str) -> bool:
    """Whether Python code can use the export's name as it is: identifiers are normalised (PEP 3131)."""
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and unicodedata.normalize("NFKC", name) == name
        and name not in OWN_NAMES
    )


def _declaration(module: WasmModule, export: Export, names: StubNames) -> str:
    if _can_be_named(export.name):
        return _declared(module, export, export.name, names)
    return f"# {_plain(export.name)}: {_declared(module, export, '_', names)}"


def _declared(module: WasmModule, export: Export, name: str, names: StubNames) -> str:
    if export.kind == "func":
        type = module.function_type(export.index)
        parameters = _parameters(type, module.names.locals.get(export.index, {}), names)
        return f"def {name}({parameters}) -> {_results(type, names)}: ..."
    if export.kind == "global":
        declared = module.global_types[export.index]
        return f"{name}: {names.of('Global')}  # {_global(declared)}"
    return f"{name}: {names.of(export.kind.capitalize())}"


def _parameters(type: FuncType, given: dict[int, str], names: StubNames) -> str:
    taken: set[str] = set()
    parts = []
    for position, parameter in enumerate(type.params):
        name = _identifier(given.get(position, ""))
        if not name or name in taken:
            name = f"p{position}"
            while name in taken:
                name += "_"
        taken.add(name)
        parts.append(f"{name}: {_python_type(parameter, names)}")
    # Exports take no keyword arguments.
    return ", ".join([*parts, "/"]) if parts else ""


def _identifier(name: str) -> str:
    """The name from the name section if it is valid in Python; otherwise nothing."""
    cleaned = name.removeprefix("$").replace(".", "_").replace("-", "_")
    return cleaned if cleaned.isidentifier() and cleaned.isascii() and not keyword.iskeyword(cleaned) else ""


def _results(type: FuncType, names: StubNames) -> str:
    if not type.results:
        return "None"
    results = [_python_type(result, names) for result in type.results]
    return results[0] if len(results) == 1 else f"{names.of('tuple')}[{', '.join(results)}]"


def _python_type(type: ValType | RefType, names: StubNames) -> str:
    known = _NUMBERS.get(type) if isinstance(type, ValType) else None
    if known is not None:
        return names.of(known)
    if isinstance(type, RefType) and type.heap_type is HeapType.FUNC:
        function = f"{names.of('Callable')}[..., {names.of('Any')}]"
        return f"{function} | None" if type.nullable else function
    return names.of("Any")


def _global(type: GlobalType) -> str:
    known = _NUMBERS.get(type.value_type) if isinstance(type.value_type, ValType) else None
    return f"{'mutable ' if type.mutable else ''}{known or 'Any'}"


def _plain(text: str) -> str:
    """Text from a module, without anything that could end a comment or a string."""
    return "".join(c if c.isprintable() and c not in '"\\' else "?" for c in text)
