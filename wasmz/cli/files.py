"""What commands check of the files that they are to write; without click."""

from __future__ import annotations

import os

from wasmz.cli.console import WrongUsage


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
