"""Times the corpus' programs on wasmz and pwasm: their steady state in one process, and whole processes.

steady_state(folder, rounds=7)   -> [Steady("lua", {"wasmz O2": 0.011, "pwasm": 0.031}, {"pwasm": 2.8}), ...]
first_results(folder, rounds=3)  -> {"lua": {"wasmz cold": Start(seconds=1.2, ...), "pwasm warm": ...}, ...}
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.corpus.hosts import Guest, HostFunctions, open_pwasm, open_wasmz
from benchmarks.corpus.programs import PROGRAMS, Program
from benchmarks.micro import ROOT, Start
from benchmarks.timing import measure, paired_ratio

# Where the corpus' modules are: what its own tool fetched. The option --corpus wins.
VARIABLE = "WASMZ_BENCHMARK_CORPUS"
DEFAULT_FOLDER = ROOT / "cache" / "corpus"

Open = Callable[[bytes, HostFunctions], Guest]

_STARTED = ("quickjs", "lua")
_WARM_UPS = 3


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


def steady_state(folder: Path, contenders: Mapping[str, Open], pattern: str, rounds: int) -> Iterator[Steady]:
    """Every program that is there: rounds of work in one process, interleaved, after a warm-up.

    Raises:
        WrongResult: an engine's result is not that of the first one.
    """
    for name, program in PROGRAMS.items():
        if re.search(pattern, name) and (folder / program.path).exists():
            yield _measure(name, program, folder, contenders, rounds)


def _measure(name: str, program: Program, folder: Path, contenders: Mapping[str, Open], rounds: int) -> Steady:
    from pwasm import codegen

    codegen.CACHE_DIR = None
    works = {engine: _started(program, folder, open) for engine, open in contenders.items()}
    for _ in range(_WARM_UPS):
        results = {engine: work() for engine, work in works.items()}
    first = next(iter(works))
    for engine, result in results.items():
        if result != results[first]:
            raise WrongResult(f"{name} on {engine}: {result!r} instead of {results[first]!r}")
    times = measure(works, rounds)
    seconds = {engine: statistics.median(found) for engine, found in times.items()}
    return Steady(name, seconds, {engine: paired_ratio(found, times[first]) for engine, found in times.items()})


def _started(program: Program, folder: Path, open: Open) -> Callable[[], Any]:
    functions = dict(program.functions())
    result = functions.pop("result", None)
    work = program.start(open((folder / program.path).read_bytes(), functions), folder)
    return (lambda: (work(), result())) if result else work


# Whole processes

_SCRIPT = """
import sys
from pathlib import Path
from benchmarks.corpus.hosts import open_pwasm, open_wasmz
from benchmarks.corpus.programs import PROGRAMS
engine, name, folder = sys.argv[1:]
program, folder = PROGRAMS[name], Path(folder)
if engine == "pwasm":
    open = lambda wasm, functions: open_pwasm(wasm, functions, mode=None)
else:
    open = open_wasmz
functions = dict(program.functions())
result = functions.pop("result", None)
guest = open((folder / program.path).read_bytes(), functions)
found = program.start(guest, folder, source={"quickjs": "6 * 7", "lua": b"return 6 * 7"}[name])()
assert "42" in str(result() if result else found), found
"""


def first_results(folder: Path, rounds: int) -> dict[str, dict[str, Start]]:
    """QuickJS and Lua: whole processes until they have computed 6 * 7, with caches empty ("cold") and filled ("warm").

    Both engines as they are by default.
    """
    contenders = ["wasmz", *(["pwasm"] if find_spec("pwasm") else [])]
    results: dict[str, dict[str, Start]] = {}
    for name in _STARTED:
        if not (folder / PROGRAMS[name].path).exists():
            continue
        samples: dict[str, list[float]] = {}
        for engine in contenders:
            with tempfile.TemporaryDirectory() as cache:
                _process(engine, name, folder, cache)
        for _ in range(rounds):
            for engine in contenders:
                with tempfile.TemporaryDirectory() as cache:
                    samples.setdefault(f"{engine} cold", []).append(_process(engine, name, folder, cache))
                    samples.setdefault(f"{engine} warm", []).append(_process(engine, name, folder, cache))
        results[f"{name}, to its first result"] = {
            label: Start(statistics.median(seconds), 0) for label, seconds in samples.items()
        }
    return results


def _process(engine: str, name: str, folder: Path, cache: str) -> float:
    # The engines' own modules are compiled already, as they are after an installation.
    environment = {**os.environ, "WASMZ_CACHE_DIR": cache, "PWASM_CACHE_DIR": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir(), "wasmz-benchmark-bytecode"))
    started = perf_counter()
    command = [sys.executable, "-c", _SCRIPT, engine, name, str(folder)]
    subprocess.run(command, check=True, env=environment, cwd=ROOT)
    return perf_counter() - started
