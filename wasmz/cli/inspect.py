"""``wasmz inspect``: what a module imports, exports and contains."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from wasmz.cli.common import FILE
from wasmz.module import Module
from wasmz.types import FuncType


def export_lines(module: Module) -> Iterator[str]:
    """One line for each export, with its type."""
    if not module.exports:
        yield "no exports"
    for export in module.exports.values():
        yield f"export {export.name}: {'func ' if isinstance(export.type, FuncType) else ''}{export.type}"


@click.command("inspect")
@click.argument("file", type=FILE)
def inspect_command(file: str) -> None:
    """Print FILE's imports, exports, memories and sections, without compiling it."""
    from wasmz.compiler import load_module
    from wasmz.wasm.sections import list_sections

    data = Path(file).read_bytes()
    module = load_module(data)
    click.echo(f"{file}: {len(data):,} bytes, {len(module.bodies):,} functions")
    for item in module.imports:
        described = f"func {module.signature(item.descriptor)}" if item.kind == "func" else str(item.descriptor)
        click.echo(f"import {item.module}.{item.name}: {described}")
    spaces = {"table": module.table_types, "memory": module.memory_types, "global": module.global_types}
    for export in module.exports:
        if export.kind == "func":
            described = f"func {module.function_type(export.index)}"
        else:
            described = str(spaces[export.kind][export.index]) if export.kind in spaces else export.kind
        click.echo(f"export {export.name}: {described}")
    for memory in module.memories:
        click.echo(f"defines {memory}")
    for table in module.tables:
        click.echo(f"defines {table.type}")
    for name, start, end in list_sections(data):
        click.echo(f"section {name:<12} {end - start:>12,} bytes at 0x{start:x}")
