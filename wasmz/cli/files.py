"""What commands read, and check of the files that they are to write; without click."""

from __future__ import annotations

import os
import sys

from wasmz.cli.console import WrongUsage

# Stands for the standard input, and the standard output.
STREAM = "-"


def read_input(file: str) -> bytes:
    """The content of a file that a command is given; of the standard input for ``-``."""
    if file == STREAM:
        return sys.stdin.buffer.read()
    with open(file, "rb") as source:
        return source.read()


def check_target(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Refuses to overwrite the module that is read.

    Raises:
        WrongUsage: they are the same file.
    """
    try:
        is_same = os.path.samefile(source, target)
    except OSError:
        return
    if is_same:
        raise WrongUsage(f"{os.fspath(target)} is the module itself: it would be overwritten")
