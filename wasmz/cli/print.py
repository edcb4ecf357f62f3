"""``wasmz print``: a module in the text format."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from wasmz.artifact.cache import write_output
from wasmz.cli.common import FILE, Command
from wasmz.cli.console import has_colours, paint
from wasmz.cli.files import STREAM, check_target, source_of
from wasmz.module import errors_in_text, read_source


@click.command("print", cls=Command)
@click.argument("file", type=FILE)
@click.option("--fold", is_flag=True, help="Write operands within their instructions: (i32.add (local.get 0) ...).")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, allow_dash=True), help="The file; by default standard output."
)
def print_command(file: str, fold: bool, output: str | None) -> None:
    """Print FILE in the text format, which assembles to the same module."""
    # Imported only here: it needs the decoder.
    from wasmz.text import print_module

    source = read_source(source_of(file))
    with errors_in_text(source):
        text = print_module(bytes(source), folded=fold)
    if output is None or output == STREAM:
        click.echo(_painted(text) if has_colours(sys.stdout) else text, nl=False)
        return
    target = Path(output)
    check_target(file, target)
    write_output(target, text.encode())


# Strings, comments, and the words of fields and instructions, by the style in which they are shown.
_TOKEN = re.compile(
    r'(?P<code>"(?:[^"\\]|\\.)*")|(?P<dim>\(;.*?;\)|;;[^\n]*)|(?P<ir>\$[^\s()]+)|(?P<wasm>(?<=\()[a-z][\w.]*)'
)


def _painted(text: str) -> str:
    """The text with the colours of a terminal."""
    return _TOKEN.sub(lambda match: paint(match[0], match.lastgroup or ""), text)
