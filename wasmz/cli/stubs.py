"""``wasmz stubs``: types of a module's exports, for type checkers and editors."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from wasmz.artifact.cache import write_output
from wasmz.cli.common import FILE, Command
from wasmz.cli.files import STREAM, check_target, source_of
from wasmz.errors import counted
from wasmz.module import errors_in_text, read_bytes, read_source
from wasmz.wasm.preamble import is_component


@click.command("stubs", cls=Command, short_help="Write the types of FILE's exports to a .pyi.")
@click.argument("file", type=FILE)
@click.option("-o", "--output", type=click.Path(dir_okay=False, allow_dash=True), help="The file; by default FILE.pyi.")
def stubs_command(file: str, output: str | None) -> None:
    """Write a .pyi with the signature of every export of FILE; "-" prints it."""
    source = Path(file)
    if file == STREAM and output is None:
        raise click.UsageError("the module from standard input has no name: name the .pyi with -o")
    text = _stub_of(source_of(file), source.stem)
    if output == "-":
        click.echo(text, nl=False)
        return
    target = source.with_suffix(".pyi") if output is None else Path(output)
    check_target(source, target)
    write_output(target, text.encode())
    click.echo(f"{target}: {counted(text.count(': ...'), 'function')}")


def _stub_of(source: str | BinaryIO, name: str) -> str:
    # Imported only here: they need the decoder.
    data = read_bytes(source)
    if is_component(data):
        from wasmz.ship.component_stubs import stub_of_component

        return stub_of_component(data, name)
    from wasmz.ship.stubs import render_stub

    given = read_source(data, source if isinstance(source, str) else source.name)
    with errors_in_text(given):
        return render_stub(bytes(given), name, _declarations_beside(source))


def _declarations_beside(source: str | BinaryIO) -> str | None:
    """The declarations of the package whose module it is, if they are beside it."""
    from wasmz.interop.files import beside, read_text

    found = beside(source, (".d.ts",)) if isinstance(source, str) else None
    return None if found is None else read_text(found)
