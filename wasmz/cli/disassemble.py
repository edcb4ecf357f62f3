"""``wasmz dis``: WebAssembly beside IR and Python bytecode, or the IR after passes."""

from __future__ import annotations

import dis
import itertools
from collections.abc import Iterator
from typing import Any

import click

from wasmz.cli.common import FILE, code_options
from wasmz.cli.console import suggest
from wasmz.cli.files import source_of
from wasmz.cli.options import make_engine
from wasmz.module import errors_in_text, read_source
from wasmz.runtime.abi import LARGEST_OFFSET

_WIDTHS = (38, 50)


@click.command("dis", short_help="Show functions of FILE as IR and bytecode.")
@click.argument("file", type=FILE)
@click.argument("functions", nargs=-1, metavar="[FUNC]...")
@click.option(
    "--after",
    multiple=True,
    metavar="PASS",
    help='Show the IR after this pass instead; "all" for each pass, "build" for none. May be repeated.',
)
@code_options
def dis_command(file: str, functions: tuple[str, ...], after: tuple[str, ...], **options: Any) -> None:
    """Show the functions of FILE, by name or index: instructions, IR and bytecode for each byte offset."""
    from dataclasses import replace

    from wasmz.compile.front_end import load_module
    from wasmz.compile.pipeline import ModuleCompiler
    from wasmz.text.writing.printer import Listing
    from wasmz.wasm.proposals import accepted_by

    source = read_source(source_of(file))
    data = bytes(source)
    config = make_engine(options).config
    with errors_in_text(source):
        module = load_module(data, accepted_by(config))
    compiler = ModuleCompiler(data, module, config)
    compiler.context = replace(compiler.context, remarks=[])
    listing = Listing(data, module)
    _check_passes(after, compiler.config.opt_level)
    wanted = {_find_function(module, name) for name in functions}
    for body in module.bodies:
        if wanted and body.index not in wanted:
            continue
        lines = [*(_after_passes(compiler, body, after) if after else _columns(compiler, listing, body))]
        click.echo("\n".join([*lines, *_loops(compiler, body)]))


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


def _loops(compiler: Any, body: Any) -> Iterator[str]:
    """What became of the function's loops, as passes say."""
    found = sorted(remark for remark in set(compiler.context.remarks) if remark[0] == body.index)
    for _, offset, line in found:
        yield f"; loop at 0x{offset:x}: {line}"


def _find_function(module: Any, name: str) -> int:
    """The index of a function that the module defines."""
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


def _columns(compiler: Any, listing: Any, body: Any) -> Iterator[str]:
    from wasmz.ir.printer import function_lines

    function = compiler.build(body)
    compiler.optimise(function)
    cells: dict[int, tuple[list[str], list[str], list[str]]] = {}

    def cell(offset: int) -> tuple[list[str], list[str], list[str]]:
        return cells.setdefault(offset, ([], [], []))

    depth = 0
    for text, offset in listing.lines(body):
        word = text.split(" ", 1)[0]
        depth -= word in ("end", "else")
        cell(offset)[0].append("  " * max(depth, 0) + text)
        depth += word in ("block", "loop", "if", "else")
    header, *lines = function_lines(function, offsets=True)
    # A block's label belongs to the first line below it.
    waiting: list[str] = []
    for line in lines:
        text, at, offset_text = line.rpartition(" @0x")
        if not at:
            waiting.append(line)
            continue
        cell(int(offset_text, 16))[1].extend((*waiting, text))
        waiting = []
    compiled = compiler.lower(function, every_offset=True)
    line_number = function.offset
    for instruction in dis.get_instructions(compiled.tail_code or compiled.code):
        position = instruction.positions
        if position is not None and position.lineno is not None:
            line_number = position.lineno & LARGEST_OFFSET
        cell(line_number)[2].append(f"{instruction.offset:>5} {instruction.opname:<24} {instruction.argrepr}".rstrip())
    yield header.rpartition(" @0x")[0]
    for offset in sorted(cells):
        for number, row in enumerate(itertools.zip_longest(*cells[offset], fillvalue="")):
            place = f"{offset:#08x}" if not number else ""
            yield f"{place:<9} {row[0]:<{_WIDTHS[0]}} {row[1]:<{_WIDTHS[1]}} {row[2]}".rstrip()
    yield ""
