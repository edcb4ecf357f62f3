"""Checks of files that commands read and write; without click."""

from __future__ import annotations

import os
import sys
from io import BytesIO

from wasmz.cli.console import WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

# Stands for standard input, and for standard output.
STREAM = "-"


class _Input(BytesIO):
    """What came from the standard input; it can be read again."""

    name = "<stdin>"


def source_of(file: str) -> str | BinaryIO:
    """Where a command reads a module from: a path, or the standard input for ``-``."""
    return _Input(sys.stdin.buffer.read()) if file == STREAM else file


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
        raise WrongUsage(f"{os.fspath(target)} is the input file: it would be overwritten")
