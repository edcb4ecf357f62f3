"""What the commands share: options, compiling with progress, timing of phases."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from wasmz.config import OPT_LEVELS, OPTIONAL_PASSES, TIERS, Config
from wasmz.module import Module
from wasmz.runtime.engine import Engine

Progress = Callable[[int, int], None]
_Command = TypeVar("_Command", bound=Callable[..., Any])

FILE = click.Path(exists=True, dir_okay=False)

# A compilation that takes longer than this shows its progress, in seconds.
_PATIENCE = 1.0


def engine_options(command: _Command) -> _Command:
    """Adds the options from which :func:`make_engine` makes an engine."""
    options = (
        click.option(
            "--opt-level",
            type=click.Choice([str(level) for level in OPT_LEVELS]),
            default=None,
            help="Optimisation level.",
        ),
        click.option("--no-cache", is_flag=True, help="Neither read nor write the compilation cache."),
        click.option("--legacy-exceptions", is_flag=True, help="Accept the superseded exception proposal."),
        click.option("--mem-limit", type=click.IntRange(min=1), metavar="MB", help="Limit of all memories together."),
        click.option("--table-limit", type=click.IntRange(min=0), metavar="N", help="Limit of all tables' elements."),
        click.option("--fuel", type=click.IntRange(min=0), metavar="N", help="Trap after N calls and rounds of loops."),
        click.option(
            "--tier",
            type=click.Choice(TIERS),
            default=None,
            help="auto: compile functions as they are called, and hot ones again; eager: all functions at once.",
        ),
        click.option("--eager-compile", "compile_mode", flag_value="eager", help="Compile all functions at once."),
        click.option("--smart-compile", "compile_mode", flag_value="smart", help="Let wasmz decide (the default)."),
        click.option(
            "--disable-pass",
            "disable_passes",
            multiple=True,
            type=click.Choice(OPTIONAL_PASSES),
            metavar="PASS",
            help="Leave out an optimisation (may be repeated).",
        ),
        click.option("--verify", is_flag=True, help="Check IR and bytecode, for debugging wasmz itself."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def make_engine(
    opt_level: str | None,
    no_cache: bool,
    legacy_exceptions: bool,
    mem_limit: int | None,
    compile_mode: str | None,
    verify: bool,
    table_limit: int | None = None,
    fuel: int | None = None,
    disable_passes: tuple[str, ...] = (),
    tier: str | None = None,
    is_profiling: bool = False,
) -> Engine:
    """The engine that the options of :func:`engine_options` describe; ``is_profiling`` makes its code count."""
    default = Config()
    return Engine(
        Config(
            opt_level=default.opt_level if opt_level is None else int(opt_level),
            use_cache=not no_cache,
            legacy_exceptions=legacy_exceptions,
            mem_limit_bytes=None if mem_limit is None else mem_limit << 20,
            table_limit=table_limit,
            fuel=fuel,
            eager_compile=True if compile_mode == "eager" else None,
            verify=verify,
            disable_passes=disable_passes,
            tier=default.tier if tier is None else tier,
            _profiling=is_profiling,
        )
    )


def check_target(source: str | Path, target: str | Path) -> None:
    """Refuses to write over the module that is read.

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
    """Compiles a file; on a terminal a compilation that takes long shows a progress bar."""
    with progress_of(Path(path).name) as progress:
        return Module.compile(engine, path, progress=progress)


@contextmanager
def progress_of(title: str) -> Iterator[Progress | None]:
    """What to report the progress of a compilation to: a bar, on a terminal, when it has taken a while."""
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
        """Times what happens inside."""
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
