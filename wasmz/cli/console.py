"""How commands write to the terminal and report errors; without click."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


# Select Graphic Rendition of ECMA-48, by what is shown.
_STYLES = {"error": "1;31", "name": "1", "dim": "2", "wasm": "36", "ir": "33", "code": "32"}


class WrongUsage(Exception):
    """A command was used wrongly: shown with its usage, exit code 2."""


def echo(text: str, *, err: bool = False) -> None:
    """Prints a line at once, to stdout or stderr, if there is one."""
    stream = sys.stderr if err else sys.stdout
    if stream is not None:
        stream.write(f"{text}\n")
        stream.flush()


def has_colours(stream: Any) -> bool:
    """Whether colours are shown there: on a terminal that knows them, unless ``NO_COLOR`` is set."""
    try:
        if stream is None or os.environ.get("NO_COLOR") or not stream.isatty():
            return False
    except ValueError:  # closed
        return False
    if os.name == "nt":
        return bool(os.environ.get("WT_SESSION") or os.environ.get("TERM"))
    return os.environ.get("TERM", "dumb") != "dumb"


def paint(text: str, style: str, *, err: bool = False) -> str:
    """Text in the colour of a style, for stdout or stderr; as it is where no colours are shown."""
    if not text.strip() or not has_colours(sys.stderr if err else sys.stdout):
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def show_warning(message: Warning | str, category: type[Warning], *place: object, **more: object) -> None:
    """Shows warnings without their place in wasmz: they are for the user of the command."""
    echo(f"wasmz: {'' if issubclass(category, UserWarning) else category.__name__ + ': '}{message}", err=True)


def describe(error: BaseException) -> str:
    """An error in one line: its kind and its message."""
    message = str(error) or "no details"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {message}"


def suggest(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: similar names, if there are any."""
    # Imported only here: it is needed only for messages.
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=3)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


class Phases:
    """Times of the phases of a run, printed to stderr at the end if WASMZ_PHASE_DIAG is set."""

    def __init__(self) -> None:
        self.shown: bool = bool(os.environ.get("WASMZ_PHASE_DIAG"))
        self.times: list[tuple[str, float]] = []

    def phase(self, name: str) -> _Phase:
        """A context that times the code inside it."""
        return _Phase(self, name)

    def report(self) -> None:
        """Prints one line for each phase, in milliseconds."""
        if self.shown:
            for name, seconds in self.times:
                echo(f"[phase] {name:<12} {seconds * 1e3:10.3f} ms", err=True)


class _Phase:
    def __init__(self, phases: Phases, name: str) -> None:
        self.phases: Phases = phases
        self.name: str = name
        self.started: float = 0.0

    def __enter__(self) -> None:
        self.started = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        self.phases.times.append((self.name, time.perf_counter() - self.started))


class progress_of:
    """A context that shows a compilation's progress on a terminal, as a bar that appears after a while.

    It gives the progress function, or ``None`` if nobody would see the bar.
    """

    # Seconds after which the bar appears.
    patience: float = 1.0

    def __init__(self, title: str) -> None:
        self.title: str = title
        self.started: float = time.perf_counter()
        self.bar: Any = None
        self.done: int = 0

    def __enter__(self) -> Any:
        return self.update if sys.stderr is not None and sys.stderr.isatty() else None

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            # Removes the bar.
            self.bar.render_finish()
            sys.stderr.write("\x1b[A\x1b[K")
            sys.stderr.flush()

    def update(self, done: int, total: int) -> None:
        """Reports that ``done`` of ``total`` functions are compiled."""
        if self.bar is None:
            if time.perf_counter() - self.started < self.patience:
                return
            # Imported only when the bar is shown.
            import click

            self.bar = click.progressbar(length=total, label=f"compiling {self.title}", file=sys.stderr)
            self.bar.render_progress()
        self.bar.update(done - self.done)
        self.done = done
