"""Times the corpus' programs on wasmz and pwasm: their steady state in one process.

steady_state(folder, rounds=7)   -> [Steady("lua", {"wasmz O2": 0.011, "pwasm": 0.031}, {"pwasm": 2.8}), ...]
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.corpus.hosts import Guest, HostFunctions, open_pwasm, open_wasmz
from benchmarks.corpus.programs import PROGRAMS, Program
from benchmarks.micro import ROOT
from benchmarks.timing import measure, paired_ratio

# Where the corpus' modules are: what its own tool fetched. The option --corpus wins.
VARIABLE = "WASMZ_BENCHMARK_CORPUS"
DEFAULT_FOLDER = ROOT / "cache" / "corpus"

Open = Callable[[bytes, HostFunctions], Guest]

# CPython specialises code as it runs, which takes what runs rarely some rounds.
_WARM_UPS = 3
_WARM_UP_SECONDS = 1.5


class WrongResult(Exception):
    """Two engines do not agree."""


@dataclass(slots=True)
class Steady:
    """A program's times for one round of work, and the others' divided by the first one's."""

    name: str
    seconds: dict[str, float]
    ratios: dict[str, float]


def engines(pattern: str = "") -> dict[str, Open]:
    """How to open a guest in each engine; wasmz's highest level first."""
    from wasmz.config import OPT_LEVELS

    found: dict[str, Open] = {}
    for level in sorted(OPT_LEVELS, reverse=True)[:2]:
        found[f"wasmz O{level}"] = partial(open_wasmz, opt_level=level, use_cache=False, eager_compile=True)
    if find_spec("pwasm") is not None:
        found["pwasm"] = open_pwasm
    return {name: open for name, open in found.items() if re.search(pattern, name)}


def steady_state(
    folder: Path,
    contenders: Mapping[str, Open],
    pattern: str,
    rounds: int,
    clock: Callable[[], float] = perf_counter,
) -> Iterator[Steady]:
    """Every program that is there: rounds of work in one process, interleaved, after a warm-up.

    Raises:
        WrongResult: an engine's result is not that of the first one.
    """
    for name, program in PROGRAMS.items():
        if re.search(pattern, name) and (folder / program.path).exists():
            yield _measure(name, program, folder, contenders, rounds, clock)


def _measure(
    name: str,
    program: Program,
    folder: Path,
    contenders: Mapping[str, Open],
    rounds: int,
    clock: Callable[[], float],
) -> Steady:
    from pwasm import codegen

    codegen.CACHE_DIR = None
    works = {engine: _started(program, folder, open) for engine, open in contenders.items()}
    results = _warm_up(works)
    first = next(iter(works))
    for engine, result in results.items():
        if result != results[first]:
            raise WrongResult(f"{name} on {engine}: {result!r} instead of {results[first]!r}")
    times = measure(works, rounds, clock)
    seconds = {engine: statistics.median(found) for engine, found in times.items()}
    return Steady(name, seconds, {engine: paired_ratio(found, times[first]) for engine, found in times.items()})


def _warm_up(works: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Runs all as often, until the steady state is reached; the last results."""
    started = perf_counter()
    rounds = 0
    while rounds < _WARM_UPS or perf_counter() - started < _WARM_UP_SECONDS:
        results = {engine: work() for engine, work in works.items()}
        rounds += 1
    return results


def _started(program: Program, folder: Path, open: Open) -> Callable[[], Any]:
    functions = dict(program.functions())
    result = functions.pop("result", None)
    work = program.start(open((folder / program.path).read_bytes(), functions), str(folder))
    return (lambda: (work(), result())) if result else work
