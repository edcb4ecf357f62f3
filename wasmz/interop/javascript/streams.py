"""Where a program's console writes: to this process's streams, or to those of a guest's configuration.

writer_of(config.stdout, 1)(b"text")
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def write_text(descriptor: int, data: bytes) -> None:
    """Writes to this process's output, or its errors if the descriptor is 2."""
    stream = sys.stderr if descriptor == 2 else sys.stdout
    stream.write(data.decode(errors="replace"))
    stream.flush()


def writer_of(target: Any, descriptor: int) -> Callable[[bytes], Any]:
    """What writes to a stream as a configuration has it."""
    if target is None:
        return lambda data: None
    if isinstance(target, bytearray):
        return target.extend
    if callable(target):
        return target  # type: ignore[no-any-return]
    return target.write if hasattr(target, "write") else lambda data: write_text(descriptor, data)
