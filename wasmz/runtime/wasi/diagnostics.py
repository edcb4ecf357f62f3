"""Counts and times the calls of each WASI function, if ``WASMZ_WASI_DIAG`` is set when it is linked.

    timed("fd_write", function)         -> a function that does the same and is counted

When the process ends, it prints to standard error, the longest time first:

    [wasi] fd_write     1,526 calls     12.3 ms
"""

from __future__ import annotations

import atexit
import sys
from time import perf_counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# By name: the number of calls, and the seconds they took.
_totals: dict[str, list[float]] = {}


def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a function so that it is counted under the name."""
    if not _totals:
        atexit.register(_report)
    total = _totals.setdefault(name, [0, 0.0])

    def counted(*args: Any) -> Any:
        start = perf_counter()
        try:
            return function(*args)
        finally:
            total[0] += 1
            total[1] += perf_counter() - start

    return counted


def _report() -> None:
    for name, (count, seconds) in sorted(_totals.items(), key=lambda item: -item[1][1]):
        if count:
            print(f"[wasi] {name:24s} {count:9,} calls {seconds * 1e3:10.1f} ms", file=sys.stderr)
