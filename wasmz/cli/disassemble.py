"""``wasmz dis``: WebAssembly beside IR and Python bytecode, or the IR after passes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import click

from wasmz.cli.common import FILE, code_options
from wasmz.cli.completion import complete_function, complete_pass
from wasmz.cli.console import paint, suggest
from wasmz.cli.files import source_of
from wasmz.cli.options import make_engine
from wasmz.module import errors_in_text, read_source

# Between columns, and what none is narrower than.
_GAP = "  "
_NARROWEST = 16
_STYLES = ("dim", "wasm", "ir", "code")


@click.command("dis", short_help="Show functions of FILE as IR and bytecode.")
@click.argument("file", type=FILE)
@click.argument("functions", nargs=-1, metavar="[FUNC]...", shell_complete=complete_function)
@click.option(
    "--after",
    multiple=True,
    metavar="PASS",
    shell_complete=complete_pass,
    help='Show the IR after this pass instead; "all" for each pass, "build" for none. May be repeated.',
)
@click.option(
    "--width",
    type=click.IntRange(min=60),
    metavar="COLUMNS",
    help="How wide lines may be. By default as wide as the terminal is, or 80.",
)
@code_options
def dis_command(
    file: str, functions: tuple[str, ...], after: tuple[str, ...], width: int | None, **options: Any
) -> None:
    """Show the functions of FILE, by name or index: instructions, IR and bytecode for each byte offset."""
    from wasmz.compile.listing import Listing

    source = read_source(source_of(file))
    config = make_engine(options).config
    with errors_in_text(source):
        listing = Listing(bytes(source), config)
    _check_passes(after, listing.compiler.config.opt_level)
    wanted = {_find_function(listing.module, name) for name in functions}
    columns = width or shutil.get_terminal_size().columns
    for body in listing.module.bodies:
        if wanted and body.index not in wanted:
            continue
        lines = [*(_after_passes(listing.compiler, body, after) if after else _columns(listing, body, columns))]
        loops = (f"; loop at 0x{offset:x}: {line}" for offset, line in listing.remarks(body))
        click.echo("\n".join([*lines, *(paint(line, "dim") for line in loops)]))


def _check_passes(names: tuple[str, ...], level: int) -> None:
    from wasmz.passes import PIPELINES

    known = ("all", "build", *dict.fromkeys(PIPELINES[level]))
    for name in names:
        if name not in known:
            raise click.UsageError(f"level {level} has no pass {name!r}; there are {', '.join(known)}")


def _after_passes(compiler: Any, body: Any, names: tuple[str, ...]) -> Iterator[str]:
    from wasmz.ir.printer import print_function

    function = compiler.build(body)
    texts: list[str] = []

    def observe(name: str, function: Any) -> None:
        if name in names or "all" in names:
            texts.append(f"; after {name}\n{print_function(function)}")

    observe("build", function)
    compiler.optimise(function, observe)
    yield from texts


def _find_function(module: Any, name: str) -> int:
    """The index of a function that the module defines, by name or index."""
    own = range(module.imported_function_count, len(module.function_types))
    named = [index for index, known in module.names.functions.items() if known == name]
    named += [export.index for export in module.exports if export.kind == "func" and export.name == name]
    if name.isdecimal():
        named.append(int(name))
    for index in named:
        if index in own:
            return int(index)
    if any(index < own.start for index in named):
        raise click.UsageError(f"function {name!r} is imported: it has no body here")
    known = [*module.names.functions.values(), *(export.name for export in module.exports if export.kind == "func")]
    raise click.UsageError(f"there is no function {name!r} with a body{suggest(name, known)}")


def _columns(listing: Any, body: Any, width: int) -> Iterator[str]:
    """A function as a table of at most ``width`` columns: offset, instruction, IR, bytecode."""
    header, rows = listing.rows(body)
    table = [
        (
            [f"0x{row.offset:04x}"],
            row.wasm,
            row.ir,
            [f"{offset:>3} {name} {argument}".rstrip() for offset, name, argument in row.bytecode],
        )
        for row in rows
    ]
    widths = _fit([max((len(line) for cells in table for line in cells[i]), default=0) for i in range(4)], width)
    yield paint(header, "name")
    for cells in table:
        wrapped = (
            [part for line in cell for part in _wrap(line, size)] for cell, size in zip(cells, widths, strict=True)
        )
        for texts in zip_longest(*wrapped, fillvalue=""):
            last = max(number for number, text in enumerate(texts) if text)
            shown = (
                paint(text if number == last else f"{text:<{widths[number]}}", _STYLES[number])
                for number, text in enumerate(texts[: last + 1])
            )
            yield _GAP.join(shown)
    yield ""


def _fit(natural: list[int], width: int) -> list[int]:
    """The widths of columns, from those that they need: narrow ones get these, the others share the rest."""
    left = width - len(_GAP) * (len(natural) - 1)
    fitted = [0] * len(natural)
    for shared, number in zip(
        range(len(natural), 0, -1), sorted(range(len(natural)), key=natural.__getitem__), strict=True
    ):
        fitted[number] = min(natural[number], max(left // shared, _NARROWEST))
        left -= fitted[number]
    return fitted


def _wrap(line: str, width: int) -> Iterator[str]:
    """A line in pieces of at most ``width`` characters, split at spaces if possible."""
    indent = " " * min(len(line) - len(line.lstrip()) + 2, width // 2)
    while len(line) > width:
        cut = line.rfind(" ", len(indent), width + 1)
        cut = width if cut <= len(indent) else cut
        yield line[:cut].rstrip()
        line = indent + line[cut:].lstrip()
    yield line
