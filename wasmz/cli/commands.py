"""The commands of the command line, for click."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from wasmz.cli.console import WrongUsage, suggest
from wasmz.cli.plain import COMMANDS
from wasmz.version import __version__

# The exit code that shells report for a program ended by SIGINT.
_AFTER_INTERRUPT = 130


class _Commands(click.Group):
    """A group in which ``wasmz FILE ...`` means ``wasmz run FILE ...``; commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands, options, and files, which may come in place of a command."""
        return [*super().shell_complete(ctx, incomplete), CompletionItem(incomplete, type="file")]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own_options = {"--help", "-h", "--version"}
        if args and args[0] not in COMMANDS and args[0] not in own_options:
            hint = "" if ctx.resilient_parsing else suggest(args[0], COMMANDS)
            if hint and not args[0].startswith("-") and not Path(args[0]).exists():
                raise click.UsageError(f"there is no command and no file {args[0]!r}{hint}", ctx)
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="'wasmz FILE' runs a command module, and lists the exports of any other.",
)
@click.version_option(__version__, prog_name="wasmz")
def commands() -> None:
    """WebAssembly, translated into CPython bytecode."""


def run_commands(args: list[str] | None) -> Any:
    """Runs a command with the given words, by default the process's; returns the exit code.

    Raises:
        SystemExit: the output was closed. Also whatever the command raises.
    """
    try:
        # As click does, except for Ctrl-C, for which click prints "Aborted!" and exits with 1.
        return commands.main(args, prog_name="wasmz", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return _AFTER_INTERRUPT


def show_wrong_usage(error: WrongUsage) -> int:
    """Reports wrong usage of ``wasmz run``; returns the exit code."""
    from wasmz.cli.run import run_command

    outer = click.Context(commands, info_name="wasmz", **commands.context_settings)
    shown = click.UsageError(str(error), click.Context(run_command, outer, info_name="run"))
    shown.show()
    return shown.exit_code
