"""Sandboxes for Python and JavaScript: `wasmz.guests` beside `pwasm.guests`, which run the same interpreters.

    python -m benchmarks.guests [--rounds 5]

CPU time of whole processes that make a guest and run a line in it, with an empty cache ("cold") and a filled one
("warm"; pwasm has none); and in a process that goes on, of a further guest, of a line of code, and of a computation.
All interleaved, medians, pwasm's time over ours in brackets.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
KINDS = {"MicroPython": "exec", "QuickJS": "eval"}
WORK = {
    "MicroPython": "def fib(n):\n  return n if n < 2 else fib(n - 1) + fib(n - 2)\nprint(fib(15))",
    "QuickJS": "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }; console.log(fib(15))",
}
# What MicroPython of pwasm says is what was printed; our value is that of the line.
LINE = "x = 1"


def process_seconds(script: str, cache: Path) -> float:
    """The CPU time of a process, and of those that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WASMZ_CACHE_DIR": str(cache)}
    # Both packages as they are when they are installed: with the bytecode of their own files.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(cache.parent / "bytecode")
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cpu_seconds(function: Callable[[], Any], times: int) -> float:
    """The CPU time of one call, the mean of several."""
    begin = time.process_time()
    for _ in range(times):
        function()
    return (time.process_time() - begin) / times


def measure(rounds: int) -> dict[tuple[str, str], dict[str, float]]:
    """The median of each row, by guest and what is measured, for both packages."""
    import pwasm.guests

    import wasmz

    samples: dict[tuple[str, str], dict[str, list[float]]] = {}

    def add(kind: str, what: str, package: str, seconds: float) -> None:
        samples.setdefault((kind, what), {}).setdefault(package, []).append(seconds)

    with tempfile.TemporaryDirectory() as folder:
        for kind, method in KINDS.items():
            ours = f"import wasmz; wasmz.guests.{kind}().exec({LINE!r})"
            theirs = f"from pwasm.guests import {kind}; {kind}().{method}({LINE!r})"
            warm = Path(folder) / f"warm-{kind}"
            process_seconds(ours, warm)
            process_seconds(theirs, warm)
            for number in range(rounds):
                add(kind, "process, cold", "wasmz", process_seconds(ours, Path(folder) / f"{kind}-{number}"))
                other = process_seconds(theirs, warm)
                add(kind, "process, cold", "pwasm", other)
                add(kind, "process, warm", "wasmz", process_seconds(ours, warm))
                add(kind, "process, warm", "pwasm", other)
            make = {"wasmz": getattr(wasmz.guests, kind), "pwasm": getattr(pwasm.guests, kind)}
            guests = {package: maker() for package, maker in make.items()}
            run = {"wasmz": guests["wasmz"].exec, "pwasm": getattr(guests["pwasm"], method)}
            for code in (LINE, WORK[kind]):
                for runner in run.values():
                    cpu_seconds(partial(runner, code), 5)
            assert run["wasmz"](WORK[kind]).stdout == "610\n"
            for _ in range(rounds):
                for package, runner in run.items():
                    add(kind, "a further guest", package, cpu_seconds(make[package], 1))
                    add(kind, f"`{LINE}`", package, cpu_seconds(partial(runner, LINE), 50))
                    add(kind, "fib(15)", package, cpu_seconds(partial(runner, WORK[kind]), 2))
    return {row: {package: median(values) for package, values in both.items()} for row, both in samples.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    print("| guest | | wasmz | pwasm |\n|---|---|---|---|")
    for (kind, what), both in measure(parser.parse_args().rounds).items():
        ours, theirs = both["wasmz"] * 1e3, both["pwasm"] * 1e3
        print(f"| {kind} | {what} | {ours:.3g} ms | {theirs:.3g} ms ({theirs / ours:.2g}) |")


if __name__ == "__main__":
    main()
