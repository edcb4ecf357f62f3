"""``wasmz run``, for click."""

from __future__ import annotations

from typing import Any

import click

from wasmz.cli.common import FILE, Command, engine_options, with_options
from wasmz.cli.completion import complete_words
from wasmz.cli.options import RUN_OPTIONS
from wasmz.cli.running import run_file


@click.command(
    "run",
    cls=Command,
    short_help="Run FILE with ARGS, or one of its exports.",
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
)
@click.argument("file", type=FILE)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[--] [ARGS]...", shell_complete=complete_words)
@with_options(RUN_OPTIONS)
@engine_options
@click.pass_context
def run_command(ctx: click.Context, /, **given: Any) -> None:
    """Run FILE: a command module with ARGS, or one export with --invoke NAME ARGS."""
    ctx.exit(run_file(given))
