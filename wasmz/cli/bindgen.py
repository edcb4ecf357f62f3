"""``wasmz bindgen``: a typed Python package for a component."""

from __future__ import annotations

import re
from pathlib import Path

import click

from wasmz.artifact.cache import write_output
from wasmz.cli.common import FILE, Command
from wasmz.cli.files import STREAM, check_target, source_of
from wasmz.module import read_bytes
from wasmz.wasm.preamble import is_component


@click.command("bindgen", cls=Command, short_help="Write a typed Python package for the component FILE.")
@click.argument("file", type=FILE)
@click.option("-o", "--output", type=click.Path(file_okay=False), help="The package's folder; by default FILE's name.")
def bindgen_command(file: str, output: str | None) -> None:
    """Write a package with the types of FILE's imports and exports, its classes, and instantiate()."""
    # Imported only here: it needs the decoder.
    from wasmz.ship.bindings import package_files

    if file == STREAM and output is None:
        raise click.UsageError("what is read from the standard input has no name: give that of the package with -o")
    data = read_bytes(source_of(file))
    if not is_component(data):
        raise click.UsageError(f"{file} is no component; for a module there is: wasmz stubs {file}")
    folder = Path(file).with_suffix("") if output is None else Path(output)
    folder = folder.with_name(re.sub(r"\W", "_", folder.name))
    try:
        files = package_files(data, folder.name)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    for name in files:
        check_target(file, folder / name)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_output(folder / name, content)
    click.echo(f"{folder}: {', '.join(files)}")
