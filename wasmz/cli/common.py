"""Shared by commands: makes click's options from their descriptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from wasmz.cli.completion import complete_export
from wasmz.cli.console import WrongUsage
from wasmz.cli.options import RUN_ONLY, Option
from wasmz.cli.options import engine_options as described_options

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)


class Command(click.Command):
    """A command whose function may raise :class:`WrongUsage`."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WrongUsage as error:
            raise click.UsageError(str(error), ctx) from error.__cause__


def engine_options(command: _Decorated) -> _Decorated:
    """Adds the options from which ``make_engine`` makes an engine."""
    return with_options(described_options())(command)


def code_options(command: _Decorated) -> _Decorated:
    """Adds the engine options that affect code, for commands that run none and store nothing in the cache."""
    return with_options(tuple(option for option in described_options() if option.field not in RUN_ONLY))(command)


def with_options(options: tuple[Option, ...]) -> Callable[[_Decorated], _Decorated]:
    """Adds options to a command."""

    def add(command: _Decorated) -> _Decorated:
        for option in reversed(options):
            command = _click_option(option)(command)
        return command

    return add


def _click_option(option: Option) -> Callable[[_Decorated], _Decorated]:
    more: dict[str, Any] = {"help": option.help or None, "hidden": option.is_hidden}
    if option.kind == "flag":
        more["is_flag"] = True
    elif option.kind == "constant":
        more["flag_value"] = option.value
    else:
        more.update(type=_type(option), multiple=option.repeats, metavar=option.metavar or None, default=None)
    if option.field == "function":
        more["shell_complete"] = complete_export
    return click.option(*option.names, option.field, **more)


def _type(option: Option) -> Any:
    if option.kind == "choice":
        return click.Choice(option.choices)
    if option.kind == "integer":
        return click.IntRange(min=option.least)
    if option.kind == "seconds":
        return click.FloatRange(min=option.least)
    if option.kind == "input":
        return click.File("rb")
    return click.Path(dir_okay=False) if option.kind == "output" else click.STRING
