"""``wasmz inspect``: a module's imports, exports and contents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wasmz.cli.common import FILE
from wasmz.runtime.image import ExternKind

if TYPE_CHECKING:
    from wasmz.wasm.syntax import WasmModule


@click.command("inspect")
@click.argument("file", type=FILE)
def inspect_command(file: str) -> None:
    """Print FILE's imports, exports, memories and sections, without compiling it."""
    from wasmz.compile.front_end import load_module
    from wasmz.wasm.proposals import WITH_LEGACY_EXCEPTIONS
    from wasmz.wasm.sections import list_sections

    data = Path(file).read_bytes()
    module = load_module(data, WITH_LEGACY_EXCEPTIONS)
    click.echo(f"{file}: {len(data):,} bytes, {len(module.bodies):,} functions")
    for item in module.imports:
        described = str(item.descriptor)
        if isinstance(item.descriptor, int):
            described = f"{item.kind} {module.signature(item.descriptor)}"
        click.echo(f"import {item.module}.{item.name}: {described}")
    for export in module.exports:
        click.echo(f"export {export.name}: {_describe(module, export.kind, export.index)}")
    for memory in module.memories:
        click.echo(f"defines {memory}")
    for table in module.tables:
        click.echo(f"defines {table.type}")
    for name, start, end in list_sections(data):
        click.echo(f"section {name:<12} {end - start:>12,} bytes at 0x{start:x}")


def _describe(module: WasmModule, kind: ExternKind, index: int) -> str:
    """The type of an item of one of the index spaces."""
    if kind == "func":
        return f"func {module.function_type(index)}"
    if kind == "tag":
        return f"tag {module.signature(module.tag_types[index])}"
    if kind == "memory":
        return str(module.memory_types[index])
    return str(module.table_types[index] if kind == "table" else module.global_types[index])
