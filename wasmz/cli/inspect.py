"""``wasmz inspect``: the imports, exports and contents of a module or component."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from wasmz.cli.common import FILE
from wasmz.cli.console import paint
from wasmz.cli.files import source_of
from wasmz.errors import counted
from wasmz.module import errors_in_text, read_bytes, read_source
from wasmz.runtime.image import ExternKind
from wasmz.wasm.preamble import is_component

if TYPE_CHECKING:
    from wasmz.wasm.syntax import WasmModule


@click.command("inspect", short_help="Print what FILE imports, exports and contains.")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one object of JSON.")
def inspect_command(file: str, as_json: bool) -> None:
    """Print FILE's imports, exports, memories and sections, without compiling it. Of a component, print its WIT."""
    from wasmz.wasm.proposals import WITH_LEGACY_EXCEPTIONS

    source = source_of(file)
    name = source if isinstance(source, str) else source.name
    data = read_bytes(source)
    if is_component(data):
        from wasmz.cli.inspect_component import inspect_component

        inspect_component(file, data, WITH_LEGACY_EXCEPTIONS, as_json=as_json)
        return
    from wasmz.compile.front_end import load_module

    binary = read_source(data, name)
    data = bytes(binary)
    with errors_in_text(binary):
        found = _found(data, load_module(data, WITH_LEGACY_EXCEPTIONS))
    if as_json:
        click.echo(json.dumps({"file": file, **found}, indent=2))
        return
    click.echo(f"{file}: {found['size']:,} bytes, {counted(found['functions'], 'function')}")
    for item in found["toolchains"]:
        click.echo(f"{paint('made by', 'wasm')} {item['toolchain']}: needs {item['needs']}")
    for item in found["imports"]:
        click.echo(f"{paint('import', 'wasm')} {item['module']}.{item['name']}: {item['type']}")
    for item in found["exports"]:
        click.echo(f"{paint('export', 'wasm')} {item['name']}: {item['type']}")
    for item in found["defines"]:
        click.echo(f"{paint('defines', 'wasm')} {item}")
    for item in found["sections"]:
        click.echo(f"{paint('section', 'wasm')} {item['name']:<12} {item['size']:>12,} bytes at 0x{item['offset']:x}")


def _found(data: bytes, module: WasmModule) -> dict[str, Any]:
    """All that the command prints about a module."""
    from wasmz.wasm.sections import list_sections

    imports = []
    for item in module.imports:
        described = str(item.descriptor)
        if isinstance(item.descriptor, int):
            described = f"{item.kind} {module.signature(item.descriptor)}"
        imports.append({"module": item.module, "name": item.name, "kind": item.kind, "type": described})
    exports = [
        {"name": export.name, "kind": export.kind, "type": _describe(module, export.kind, export.index)}
        for export in module.exports
    ]
    sections = [{"name": name, "offset": start, "size": end - start} for name, start, end in list_sections(data)]
    return {
        "name": module.names.module,
        "size": len(data),
        "functions": len(module.bodies),
        "toolchains": _toolchains(module),
        "imports": imports,
        "exports": exports,
        "defines": [*map(str, module.memories), *(str(table.type) for table in module.tables)],
        "sections": sections,
    }


def _toolchains(module: WasmModule) -> list[dict[str, str]]:
    """The toolchains that the imports tell, for which the host has code (docs/interop.md)."""
    from wasmz.interop.registry import FAMILIES, find_families
    from wasmz.types import ImportType, TagType

    imports = []
    for item in module.imports:
        type: Any = item.descriptor
        if isinstance(type, int):
            signature = module.signature(type)
            type = TagType(signature) if item.kind == "tag" else signature
        imports.append(ImportType(item.module, item.name, type))
    families = [FAMILIES[name] for name in find_families(imports)]
    return [{"name": family.name, "toolchain": family.toolchain, "needs": family.needs} for family in families]


def _describe(module: WasmModule, kind: ExternKind, index: int) -> str:
    """The type of an item of an index space."""
    if kind == "func":
        return f"func {module.function_type(index)}"
    if kind == "tag":
        return f"tag {module.signature(module.tag_types[index])}"
    if kind == "memory":
        return str(module.memory_types[index])
    return str(module.table_types[index] if kind == "table" else module.global_types[index])
