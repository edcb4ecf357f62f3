"""The command line: ``wasmz FILE``, which means ``wasmz run FILE``, and all other commands.

A plain ``run`` is parsed in ``plain.py`` and starts without click, whose import takes three times as long as a small
program. Everything else goes through ``commands.py``: other commands, help, and wrong usage.

Exit codes: the guest's own; 1, with one line on stderr, for every error; 2 for wrong usage; 130 after Ctrl-C.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import warnings

from wasmz.cli.console import WrongUsage, describe, echo, paint, show_warning
from wasmz.errors import WasmzError
from wasmz.startup.concurrency import without_collections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# The exit code that shells report for a program ended by SIGINT.
_AFTER_INTERRUPT = 130


def main(args: list[str] | None = None) -> Any:
    """Runs the command line and exits the process."""
    warnings.simplefilter("default")
    warnings.showwarning = show_warning
    # At exit, interpreters search all objects for cycles once more, except frozen ones. This runs after what is
    # registered later.
    atexit.register(gc.freeze)
    try:
        given = None if _needs_click(args) else _parse(sys.argv[1:] if args is None else args)
        if given is None:
            from wasmz.cli.commands import run_commands

            sys.exit(run_commands(args))
        sys.exit(_as_click_does(lambda: _run(given)))
    except KeyboardInterrupt:
        sys.exit(_AFTER_INTERRUPT)
    except (WasmzError, OSError, ValueError, MemoryError, ImportError, NotImplementedError) as error:
        echo(f"{paint('wasmz:', 'error', err=True)} {describe(error)}", err=True)
        sys.exit(1)


def _parse(words: list[str]) -> dict[str, Any] | None:
    # Imports make objects that stay: searching them took about one in ten milliseconds of a start.
    with without_collections(stays=True):
        from wasmz.cli.plain import parse_run

        return parse_run(words)


def _run(given: dict[str, Any]) -> int:
    with without_collections(stays=True):
        from wasmz.cli.running import run_file

    return run_file(given)


def _needs_click(args: list[str] | None) -> bool:
    """Whether click does more than parse: completes words for a shell, or expands them where the shell does not."""
    if "_WASMZ_COMPLETE" in os.environ:
        return True
    return os.name == "nt" and args is None and any(mark in word for word in sys.argv[1:] for mark in "*?[~$%")


def _as_click_does(action: Callable[[], int]) -> int:
    """Runs the action and returns its status; handles those errors as click does that click would handle."""
    try:
        return action()
    except WrongUsage as error:
        from wasmz.cli.commands import show_wrong_usage

        return show_wrong_usage(error)
    except (EOFError, KeyboardInterrupt):
        echo("", err=True)
        return _AFTER_INTERRUPT
    except BrokenPipeError:
        # The reader of the output is gone; so the output cannot be flushed at exit, either.
        from click import utils

        pacified: Any = utils.PacifyFlushWrapper
        sys.stdout, sys.stderr = pacified(sys.stdout), pacified(sys.stderr)
        return 1
