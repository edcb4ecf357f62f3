"""The project's goals for speed, and what is measured now, in one table: ``python -m benchmarks.goals``.

    python -m benchmarks.goals                        everything, about ten minutes
    python -m benchmarks.goals --part kernels --rounds 3 --kernel 'fib|gcd'

    what                                            now    must     aim
    pwasm / wasmz, kernels                         2.31     2.7     3.3
    ...

All times are the processor's, in interleaved rounds of one process: other work of the machine disturbs them little.
"wasmz" is the highest level without numpy, where nothing else is said. The compiler's speed is measured against a
commit, by ``python -m benchmarks.compile_speed``.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.catalogue import NUMERIC, SIMD_SUFFIX, Kernel, load_kernels, missing_kernels
from benchmarks.corpus import measure as corpus
from benchmarks.corpus.hosts import open_pwasm, open_wasmz
from benchmarks.engines import FUEL, NUMPY, PLAIN, TIME, Engine, pwasm_engine, wasmz_variants
from benchmarks.suite import BY_HAND, contenders_of
from benchmarks.timing import geometric_mean, measure, paired_ratio

PARTS = ("kernels", "numeric", "simd", "limits", "programs")
_HASHES = ("md5", "sha1", "sha256", "sha512", "sha3", "blake2b", "blake3", "xxhash64")

# Ratios of one contender's time to another's, by kernel.
Ratios = dict[str, float]


def main() -> None:
    options = _parse()
    if missing := missing_kernels(options.kernel):
        print(f"left out, not built (python -m benchmarks.build): {', '.join(missing)}", file=sys.stderr)
    print(f"Python {platform.python_version()}, {platform.machine()}, {options.rounds} rounds, CPU time\n")
    with suppress(ImportError):
        # Loops begin with numpy once they have proved to be worth its import, or if it is there.
        import numpy as np  # noqa: F401
    parts = options.part or PARTS
    kernels = load_kernels(options.kernel)
    scalar = [kernel for kernel in kernels if not kernel.name.endswith(SIMD_SUFFIX)]
    goals: list[str] = []
    if "kernels" in parts:
        goals += _kernel_goals([k for k in scalar if k.topic != NUMERIC and k.runs_on("pwasm")], options.rounds)
    if "numeric" in parts:
        goals += _numeric_goals([k for k in scalar if k.topic == NUMERIC], options.rounds)
    if "simd" in parts:
        goals += _simd_goals(kernels, options.rounds)
    if "limits" in parts:
        goals += _limit_goals([k for k in scalar if k.topic != NUMERIC], options.rounds)
    if "programs" in parts:
        goals += _program_goals(options)
    print(f"{'what':58s} {'now':>7s} {'must':>7s} {'aim':>7s}")
    print("\n".join(goals))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.goals", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kernel", default="", metavar="REGEX", help="only kernels and programs whose name matches")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default: 5)")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part (may be repeated)")
    folder = os.environ.get(corpus.VARIABLE, corpus.DEFAULT_FOLDER)
    parser.add_argument("--corpus", type=Path, default=Path(folder), metavar="PATH", help="the corpus' modules")
    return parser.parse_args()


def _kernel_goals(kernels: Sequence[Kernel], rounds: int) -> list[str]:
    times = _time(kernels, [*wasmz_variants(PLAIN, NUMPY), *pwasm_engine()], rounds)
    against, with_numpy = times.ratios("pwasm", PLAIN), times.ratios("pwasm", NUMPY)
    by_hand, numpy_by_hand = times.ratios(PLAIN, BY_HAND), times.ratios(NUMPY, BY_HAND)
    times.show(PLAIN, {"pwasm": against, "+numpy": with_numpy, "hand": by_hand, "hand+np": numpy_by_hand})
    return [
        _goal(f"pwasm / wasmz, {len(kernels)} kernels", geometric_mean(against.values()), 2.7, 3.3),
        _goal("the same with numpy", geometric_mean(with_numpy.values()), 3.1, 4),
        _goal("wasmz / by hand", geometric_mean(by_hand.values()), 1.05, 0.9),
        _goal("the same with numpy", geometric_mean(numpy_by_hand.values()), 0.92, 0.75),
        _goal(f"slowest kernel against pwasm ({_least(against)})", min(against.values()), 1.15, 1.3),
    ]


def _numeric_goals(kernels: Sequence[Kernel], rounds: int) -> list[str]:
    if not kernels:
        return []
    times = _time(kernels, [*wasmz_variants(PLAIN, NUMPY), *pwasm_engine()], rounds)
    against, with_numpy = times.ratios("pwasm", PLAIN), times.ratios("pwasm", NUMPY)
    by_hand = times.ratios(PLAIN, BY_HAND)
    times.show(PLAIN, {"pwasm": against, "+numpy": with_numpy, "hand": by_hand})
    return [
        _goal(f"pwasm / wasmz, {len(kernels)} numeric loops", geometric_mean(against.values()), 5, 7),
        _goal("the same with numpy", geometric_mean(with_numpy.values()), 12, 30),
    ]


def _simd_goals(kernels: Sequence[Kernel], rounds: int) -> list[str]:
    """Builds with vectors beside those without: the same C, and results that agree."""
    vectors = {k.name.removesuffix(SIMD_SUFFIX): k for k in kernels if k.name.endswith(SIMD_SUFFIX)}
    (engine,) = wasmz_variants(NUMPY)
    ratios: Ratios = {}
    for kernel in kernels:
        if (built := vectors.get(kernel.name)) is None:
            continue
        works = {kind: contenders_of(k, [engine], k.size)[NUMPY] for kind, k in (("", kernel), ("simd", built))}
        _warm_up(works.values())
        found = measure(works, rounds, process_time)
        ratios[kernel.name] = paired_ratio(found["simd"], found[""])
        print(f"  {kernel.name:14s} {statistics.median(found['']) * 1e3:8.1f} ms, SIMD {ratios[kernel.name]:6.2f}x")
    if not ratios:
        return []
    title = f"SIMD / scalar builds with numpy, {len(ratios)} of the same C"
    return [_goal(title, geometric_mean(ratios.values()), 0.8, 0.3)]


def _limit_goals(kernels: Sequence[Kernel], rounds: int) -> list[str]:
    times = _time(kernels, wasmz_variants(PLAIN, FUEL, TIME), rounds, by_hand=False)
    fuel, time = times.ratios(FUEL, PLAIN), times.ratios(TIME, PLAIN)
    times.show(PLAIN, {"fuel": fuel, "time": time})
    lines = []
    for title, ratios in (("fuel", fuel), ("a deadline", time)):
        lines.append(_goal(f"cost of {title}, mean", geometric_mean(ratios.values()), 1.1, 1.05))
        lines.append(_goal(f"cost of {title}, worst ({_most(ratios)})", max(ratios.values()), 1.2, 1.05))
    return lines


def _program_goals(options: argparse.Namespace) -> list[str]:
    contenders: dict[str, corpus.Open] = {
        PLAIN: partial(open_wasmz, use_cache=False, eager_compile=True, numpy=False),
        "pwasm": open_pwasm,
    }
    ratios: Ratios = {}
    for row in corpus.steady_state(options.corpus, contenders, options.kernel, options.rounds, process_time):
        ratios[row.name] = row.ratios["pwasm"]
        print(f"  {row.name:14s} {row.seconds[PLAIN] * 1e3:8.1f} ms, pwasm {ratios[row.name]:6.2f}x", flush=True)
    if not ratios:
        print(f"no program of the corpus is in {options.corpus}", file=sys.stderr)
        return []
    lines = [
        _goal(f"pwasm / wasmz, {len(ratios)} programs, steady state", geometric_mean(ratios.values()), 2.8, 3.5),
        _goal(f"the least of them ({_least(ratios)})", min(ratios.values()), 1.6, 2),
    ]
    hashes = [ratios[name] for name in _HASHES if name in ratios]
    for name, must in (("micropython", 2.0), ("harfbuzz", 1.8)):
        if name in ratios:
            lines.append(_goal(name, ratios[name], must, None))
    if hashes:
        lines.append(_goal(f"the least of {len(hashes)} hashes", min(hashes), 1.5, None))
    return lines


class _Times:
    """Times of contenders for kernels, a round each."""

    def __init__(self) -> None:
        self.by_kernel: dict[str, dict[str, list[float]]] = {}

    def ratios(self, over: str, under: str) -> Ratios:
        return {name: paired_ratio(found[over], found[under]) for name, found in self.by_kernel.items()}

    def show(self, reference: str, columns: dict[str, Ratios]) -> None:
        print(f"  {'kernel':14s} {'ms':>8s} " + " ".join(f"{title:>8s}" for title in columns))
        for kernel, found in self.by_kernel.items():
            cells = " ".join(f"{ratios[kernel]:8.2f}" for ratios in columns.values())
            print(f"  {kernel:14s} {statistics.median(found[reference]) * 1e3:8.1f} {cells}")
        print(flush=True)


def _time(kernels: Sequence[Kernel], engines: list[Engine], rounds: int, *, by_hand: bool = True) -> _Times:
    times = _Times()
    for kernel in kernels:
        works = contenders_of(kernel, [engine for engine in engines if kernel.runs_on(engine.name)], kernel.size)
        if not by_hand:
            del works[BY_HAND]
        _warm_up(works.values())
        times.by_kernel[kernel.name] = measure(works, rounds, process_time)
    return times


def _warm_up(works: Iterable[Callable[[], Any]]) -> None:
    """Once more than to check the results: CPython has specialised the code then, and numpy is imported."""
    for work in works:
        work()


def _goal(what: str, now: float, must: float, aim: float | None) -> str:
    return f"{what:58s} {now:7.2f} {must:7.2f} " + (f"{aim:7.2f}" if aim is not None else f"{'-':>7s}")


def _least(ratios: Ratios) -> str:
    return min(ratios, key=ratios.__getitem__)


def _most(ratios: Ratios) -> str:
    return max(ratios, key=ratios.__getitem__)


if __name__ == "__main__":
    main()
