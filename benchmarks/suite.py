"""Run the kernels on every engine: check each result against the hand-written version, then time.

run_kernel(kernel, engines, rounds=7) -> Row("fib", {"wasmz O1": 0.031, "pwasm": 0.07, ...}, ...)
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.catalogue import Kernel
from benchmarks.engines import Engine
from benchmarks.timing import measure, paired_ratio

BY_HAND = "by hand"
SLOW_ROUNDS = 2


class WrongResult(Exception):
    """An engine computed something else than the hand-written version."""


@dataclass(slots=True)
class Row:
    """A kernel's times.

    Attributes:
        seconds: the median of each contender; for slow engines, of the small size.
        ratios: each contender's time divided by that of wasmz's highest level, medians of pairs of the same round.
        origin: whose code it is, if it was not written for the benchmarks.
    """

    kernel: str
    topic: str
    origin: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)


def run_kernel(kernel: Kernel, engines: Sequence[Engine], rounds: int) -> Row:
    """Time one kernel.

    Raises:
        WrongResult: an engine's result is not that of the hand-written version.
    """
    row = Row(kernel.name, kernel.topic, kernel.origin)
    able = [engine for engine in engines if kernel.runs_on(engine.name)]
    fast = [engine for engine in able if not engine.slow]
    slow = [engine for engine in able if engine.slow]
    _time(row, contenders_of(kernel, fast, kernel.size), fast[0].name, rounds)
    if slow:
        reference = fast[0]
        times = measure(contenders_of(kernel, [reference, *slow], kernel.small_size), SLOW_ROUNDS)
        for engine in slow:
            row.seconds[engine.name] = statistics.median(times[engine.name])
            row.ratios[engine.name] = paired_ratio(times[engine.name], times[reference.name])
    return row


def _time(row: Row, contenders: dict[str, Callable[[], Any]], reference: str, rounds: int) -> None:
    times = measure(contenders, rounds)
    for name, seconds in times.items():
        row.seconds[name] = statistics.median(seconds)
        row.ratios[name] = paired_ratio(seconds, times[reference])


def contenders_of(kernel: Kernel, engines: Sequence[Engine], size: int) -> dict[str, Callable[[], Any]]:
    """Everyone's kernel, prepared and run once, which also warms it up."""
    by_hand = kernel.prepare_python(size)
    expected = by_hand()
    contenders: dict[str, Callable[[], Any]] = {}
    for engine in engines:
        contenders[engine.name] = run = kernel.prepare_wasm(engine.load(kernel.wasm, {}), size)
        result = run()
        if not kernel.same_result(result, expected):
            raise WrongResult(f"{kernel.name}({size}) on {engine.name}: {result!r} instead of {expected!r}")
    contenders[BY_HAND] = by_hand
    return contenders
