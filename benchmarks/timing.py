"""Interleaved rounds: every contender runs once a round, so that a slow moment of the machine meets all of them.

measure({"ours": f, "theirs": g}, rounds=5)  -> {"ours": [0.021, ...], "theirs": [0.048, ...]}
paired_ratio(times["theirs"], times["ours"]) -> 2.3, the median of the ratios within the rounds
"""

from __future__ import annotations

import gc
import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any


def measure(
    contenders: Mapping[str, Callable[[], Any]], rounds: int, clock: Callable[[], float] = perf_counter
) -> dict[str, list[float]]:
    """Seconds of every contender in every round; the order turns by one each round."""
    names = list(contenders)
    times: dict[str, list[float]] = {name: [] for name in names}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for number in range(rounds):
            shift = number % len(names)
            for name in names[shift:] + names[:shift]:
                run = contenders[name]
                started = clock()
                run()
                times[name].append(clock() - started)
            gc.collect()
    finally:
        if collecting:
            gc.enable()
    return times


def paired_ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median over the rounds of ``over`` divided by ``under``."""
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


def geometric_mean(ratios: Iterable[float]) -> float:
    """The geometric mean; NaN for none."""
    logarithms = [math.log(ratio) for ratio in ratios]
    return math.exp(statistics.fmean(logarithms)) if logarithms else math.nan
