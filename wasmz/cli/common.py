"""Shared by the commands: options, compiling with progress, timing of phases."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from wasmz.config import Config
from wasmz.module import Module
from wasmz.runtime.link.engine import Engine
from wasmz.settings import Setting

Progress = Callable[[int, int], None]
_Command = TypeVar("_Command", bound=Callable[..., Any])

FILE = click.Path(exists=True, dir_okay=False)

# A compilation that takes longer than this shows its progress, in seconds.
_PATIENCE = 1.0


# Short forms of --compile-mode, and the deprecated option.
_MODE_OPTIONS = (
    click.option("--eager-compile", "compile_mode", flag_value="eager", help="The same as --compile-mode eager."),
    click.option("--smart-compile", "compile_mode", flag_value="smart", help="The same as --compile-mode smart."),
    click.option("--tier", type=click.Choice(("auto", "eager")), hidden=True),
)


def engine_options(command: _Command) -> _Command:
    """Adds the options from which :func:`make_engine` makes an engine: those that ``Config`` describes."""
    described = [_option(name, about) for name, about in Config.settings.items() if about.option]
    for option in reversed((*described, *_MODE_OPTIONS)):
        command = option(command)
    return command


def _option(name: str, about: Setting) -> Callable[[_Command], _Command]:
    text = about.option_help.replace("``", "")
    if about.type == "bool":
        return click.option(about.option, name, is_flag=True, help=text)
    is_collection = about.type.startswith("Collection")
    kind: click.ParamType[Any] = click.IntRange(min=max(about.least, about.unit > 1))
    if about.choices:
        kind = click.Choice([str(choice) for choice in about.choices])
        if is_collection:
            text = f"{text.rstrip('.')} (may be repeated)."
    return click.option(
        about.option, name, type=kind, multiple=is_collection, metavar=about.metavar or None, default=None, help=text
    )


def make_engine(options: Mapping[str, Any], **changes: Any) -> Engine:
    """The engine that the options of :func:`engine_options` describe; ``changes`` override them."""
    given: dict[str, Any] = {}
    for name, value in options.items():
        about = Config.settings.get(name)
        if about is None or value is None or value is False or value == ():
            continue
        if about.type == "bool":
            value = not about.default
        elif about.type == "int":
            value = int(value)
        given[name] = value * about.unit if about.unit > 1 else value
    if options["tier"] is not None:
        message = "--tier is deprecated and will go in 0.3: use --compile-mode, smart for auto"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        if options["tier"] == "eager":
            given["compile_mode"] = "eager"
    return Engine(Config(**{**given, **changes}))


def check_target(source: str | Path, target: str | Path) -> None:
    """Refuses to overwrite the module that is read.

    Raises:
        click.UsageError: they are the same file.
    """
    try:
        is_same = Path(source).samefile(target)
    except OSError:
        return
    if is_same:
        raise click.UsageError(f"{target} is the module itself: it would be overwritten")


def compile_file(engine: Engine, path: str) -> Module:
    """Compiles a file; on a terminal, a long compilation shows a progress bar."""
    with progress_of(Path(path).name) as progress:
        return Module.compile(engine, path, progress=progress)


@contextmanager
def progress_of(title: str) -> Iterator[Progress | None]:
    """The receiver of a compilation's progress: on a terminal, a bar that appears after a while."""
    if not sys.stderr.isatty():
        yield None
        return
    with _ProgressBar(title) as bar:
        yield bar.update


class _ProgressBar:
    """A bar on stderr that appears when a compilation has taken a while."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.started = time.perf_counter()
        self.progress: Any = None
        self.task: Any = None

    def __enter__(self) -> _ProgressBar:
        return self

    def __exit__(self, *error: object) -> None:
        if self.progress is not None:
            self.progress.stop()

    def update(self, done: int, total: int) -> None:
        if self.progress is None:
            if time.perf_counter() - self.started < _PATIENCE:
                return
            # Imported only when it is shown.
            from rich.console import Console
            from rich.progress import Progress

            self.progress = Progress(console=Console(stderr=True), transient=True)
            self.progress.start()
            self.task = self.progress.add_task(f"compiling {self.title}", total=total)
        self.progress.update(self.task, completed=done)


class Phases:
    """Times of the phases of a run, printed to stderr at the end if WASMZ_PHASE_DIAG is set."""

    def __init__(self) -> None:
        self.shown: bool = bool(os.environ.get("WASMZ_PHASE_DIAG"))
        self.times: list[tuple[str, float]] = []

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Times the code inside."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.times.append((name, time.perf_counter() - started))

    def report(self) -> None:
        """Prints one line for each phase, in milliseconds."""
        if self.shown:
            for name, seconds in self.times:
                click.echo(f"[phase] {name:<12} {seconds * 1e3:10.3f} ms", err=True)
