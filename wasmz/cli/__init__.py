"""The command line: ``wasmz FILE``, which is ``wasmz run FILE``, and all other commands.

Exit codes: the guest's own; 1, with one line on stderr, for every error; 2 for wrong usage; 130 after Ctrl-C.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import click

from wasmz.cli.cache import cache_command
from wasmz.cli.compile import compile_command, validate_command
from wasmz.cli.disassemble import dis_command
from wasmz.cli.inspect import inspect_command
from wasmz.cli.run import run_command
from wasmz.cli.stubs import stubs_command
from wasmz.errors import WasmzError
from wasmz.version import __version__

# The exit code that shells report for a program ended by SIGINT.
_AFTER_INTERRUPT = 130


class _DefaultGroup(click.Group):
    """A group for which ``wasmz FILE ...`` means ``wasmz run FILE ...``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own_options = {"--help", "-h", "--version"}
        if args and args[0] not in self.commands and args[0] not in own_options:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_DefaultGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="'wasmz FILE' runs a command module, and lists the exports of any other.",
)
@click.version_option(__version__, prog_name="wasmz")
def commands() -> None:
    """WebAssembly, translated into CPython bytecode."""


for _command in (
    run_command,
    compile_command,
    validate_command,
    inspect_command,
    dis_command,
    stubs_command,
    cache_command,
):
    commands.add_command(_command)


def main(args: list[str] | None = None) -> Any:
    """Runs the command line and exits the process."""
    warnings.simplefilter("default")
    warnings.showwarning = _show_warning
    try:
        # As click does itself, except for Ctrl-C: that would print "Aborted!", and exit with 1.
        sys.exit(commands.main(args, prog_name="wasmz", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_AFTER_INTERRUPT)
    except (WasmzError, OSError, ValueError, MemoryError, ImportError, NotImplementedError) as error:
        click.echo(f"wasmz: {describe(error)}", err=True)
        sys.exit(1)


def _show_warning(message: Warning | str, category: type[Warning], *place: object, **more: object) -> None:
    """Shows warnings without a line of wasmz: they are for the user of the command."""
    click.echo(f"wasmz: {'' if issubclass(category, UserWarning) else category.__name__ + ': '}{message}", err=True)


def describe(error: BaseException) -> str:
    """An error in one line: its kind and its message."""
    message = str(error) or "no details"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {message}"
