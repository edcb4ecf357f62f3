"""Times whole processes of wasmz and pwasm until an interpreter of the corpus has its first result.

first_results(folder, rounds=5)  -> {"lua, to its first result": {"wasmz cold": Start(seconds=1.2, ...), ...}, ...}
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from benchmarks.corpus.first_result import PATHS
from benchmarks.micro import ROOT, Start, process_environment


def first_results(folder: Path, rounds: int) -> dict[str, dict[str, Start]]:
    """QuickJS and Lua: whole processes until they have computed 6 * 7, with caches empty ("cold") and filled ("warm").

    Both engines as they are by default.
    """
    contenders = ["wasmz", *(["pwasm"] if find_spec("pwasm") else [])]
    results: dict[str, dict[str, Start]] = {}
    for name, path in PATHS.items():
        if not (folder / path).exists():
            continue
        samples: dict[str, list[float]] = {}
        for engine in contenders:
            with tempfile.TemporaryDirectory() as cache:
                _process(engine, name, folder, cache)
        for _ in range(rounds):
            caches = {engine: tempfile.TemporaryDirectory() for engine in contenders}
            for engine in contenders:
                samples.setdefault(f"{engine} cold", []).append(_process(engine, name, folder, caches[engine].name))
            for _ in range(_WARM_FOR_EACH_COLD):
                for engine in contenders:
                    samples.setdefault(f"{engine} warm", []).append(_process(engine, name, folder, caches[engine].name))
            for cache in caches.values():
                cache.cleanup()
        results[f"{name}, to its first result"] = {
            label: Start(statistics.median(seconds), 0) for label, seconds in samples.items()
        }
    return results


# Warm starts are short, so that noise is a larger part of them.
_WARM_FOR_EACH_COLD = 3


def _process(engine: str, name: str, folder: Path, cache: str) -> float:
    environment = process_environment(cache)
    command = [sys.executable, "-m", "benchmarks.corpus.first_result", engine, name, str(folder)]
    started = perf_counter()
    subprocess.run(command, check=True, env=environment, cwd=ROOT)
    return perf_counter() - started
