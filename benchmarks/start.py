"""Times whole processes from start to end: the command line, compiled files, and programs to their first result.

start_times(folder, rounds=5)     -> [Row("quickjs", {"wasmz cold": Samples(...), "pwasm cold": ...}), ...]

CPU time of the processes, where the system tells, in rounds in which every contender runs once: with an empty cache
("cold"), and with one that two runs before have filled ("warm"). ``against`` is a folder with another wasmz, such as a
worktree of the commit before.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from benchmarks.catalogue import KERNELS
from benchmarks.corpus.measure import WrongResult
from benchmarks.corpus.programs import PROGRAMS
from benchmarks.timing import paired_ratio

ROOT = Path(__file__).parent.parent
HELLO = Path(__file__).parent / "micro" / "hello.wasm"

# Those of which the tables give geometric means: every engine runs them.
CORPUS = ("quickjs", "mquickjs", "lua", "lz4", "zstd", "harfbuzz", "png", "source-map", "ballistics", "sha256")
# Warm starts are short, so that noise is a larger part of them.
WARM_FOR_EACH_COLD = 3
COLD, WARM = "cold", "warm"
PASS = "python -c pass"
BEFORE = "before"


@dataclass(slots=True)
class Samples:
    """Processes of one contender, round by round: seconds each took, and the most memory one had, if that is known."""

    seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0

    @property
    def median(self) -> float:
        """Seconds of the median round."""
        return statistics.median(self.seconds)


@dataclass(slots=True)
class Row:
    """What runs, and how long it takes with each contender: an engine, and whether its cache is filled."""

    title: str
    by_contender: dict[str, Samples] = field(default_factory=dict)

    def ratio(self, over: str, under: str) -> float | None:
        """The median over the rounds of one contender's time divided by another's; ``None`` if either is not there."""
        found = self.by_contender
        return paired_ratio(found[over].seconds, found[under].seconds) if {over, under} <= found.keys() else None

    def above(self, contender: str) -> float:
        """Seconds that a contender takes above an empty program: the median of the rounds' differences."""
        empty = self.by_contender[PASS].seconds
        return statistics.median(a - b for a, b in zip(self.by_contender[contender].seconds, empty, strict=True))


@dataclass(frozen=True, slots=True)
class _Contender:
    """A command, and which wasmz it finds."""

    name: str
    command: tuple[str, ...]
    paths: tuple[Path, ...]
    is_cached: bool = True

    def run(self, cache: Path) -> tuple[float, str]:
        """Seconds of CPU time, and what the process printed."""
        started = perf_counter()
        process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, text=True, env=_environment(cache, self.paths), cwd=cache
        )
        with process:
            output = process.stdout.read() if process.stdout is not None else ""
            seconds = perf_counter() - started
            if hasattr(os, "wait4"):
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                seconds = usage.ru_utime + usage.ru_stime
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, self.command)
        return seconds, output


def start_times(folder: Path, rounds: int, against: Path | None = None, pattern: str = "") -> Iterator[Row]:
    """Every row that can be measured here: programs whose modules are in the folder, engines that are installed.

    Raises:
        WrongResult: two engines do not print the same.
    """
    import re

    with tempfile.TemporaryDirectory(prefix="wasmz-start-") as scratch:
        for title, contenders in _rows(folder, Path(scratch), against):
            if re.search(pattern, title):
                yield _measure(title, contenders, Path(scratch), rounds)


def _rows(folder: Path, scratch: Path, against: Path | None) -> Iterator[tuple[str, list[_Contender]]]:
    wasmzs = {"wasmz": (ROOT,), **({BEFORE: (against.resolve(),)} if against else {})}
    empty = _Contender(PASS, (sys.executable, "-c", "pass"), (ROOT,), is_cached=False)
    run = (sys.executable, "-c", "import sys; from wasmz.cli import main; sys.exit(main())", "run", str(HELLO))
    yield "wasmz run hello.wasm", [empty, *(_Contender(name, run, paths) for name, paths in wasmzs.items())]
    compiled = []
    for name, paths in wasmzs.items():
        target = scratch / f"hello-{name}.pyc"
        command = [sys.executable, "-m", "wasmz", "compile", str(HELLO), "-o", str(target)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=_environment(scratch, paths))
        compiled.append(_Contender(name, (sys.executable, str(target)), paths, is_cached=False))
    yield "python hello.pyc", [empty, *compiled]
    small = str(KERNELS / "sha256" / "kernel.wasm")
    one_call = "import sys, wasmz; wasmz.instantiate(sys.argv[1]).exports.run(0)"
    yield (
        "sha256, 1.5 KB, one call",
        [empty, *(_Contender(name, (sys.executable, "-c", one_call, small), paths) for name, paths in wasmzs.items())],
    )
    script = str(Path(__file__).parent / "corpus" / "first_result.py")
    for name, program in PROGRAMS.items():
        if (folder / program.path).exists():
            arguments = (name, str(folder.resolve()))
            contenders = [
                _Contender(engine, (sys.executable, script, "wasmz", *arguments), paths)
                for engine, paths in wasmzs.items()
            ]
            if find_spec("pwasm") is not None:
                contenders.append(_Contender("pwasm", (sys.executable, script, "pwasm", *arguments), (ROOT,)))
            yield name, contenders


def _measure(title: str, contenders: list[_Contender], scratch: Path, rounds: int) -> Row:
    filled: dict[str, Path] = {}
    results: dict[str, str] = {}
    for contender in contenders:
        # This has the engine's own modules compiled, too, as they are after an installation.
        filled[contender.name] = Path(tempfile.mkdtemp(dir=scratch))
        for _ in range(2):
            results[contender.name] = _result(contender.run(filled[contender.name])[1])
    expected = {result for name, result in results.items() if name != PASS}
    if len(expected) > 1:
        raise WrongResult(f"{title}: {results}")
    row = Row(title)
    for number in range(rounds):
        shift = number % len(contenders)
        turned = contenders[shift:] + contenders[:shift]
        for contender in turned:
            if contender.is_cached:
                with tempfile.TemporaryDirectory(dir=scratch) as cold:
                    _note(row, f"{contender.name} {COLD}", [contender.run(Path(cold))])
        warm: dict[str, list[tuple[float, str]]] = {contender.name: [] for contender in turned}
        for _ in range(WARM_FOR_EACH_COLD):
            for contender in turned:
                warm[contender.name].append(contender.run(filled[contender.name]))
        for contender in turned:
            _note(row, f"{contender.name} {WARM}" if contender.is_cached else contender.name, warm[contender.name])
    order = [name for contender in contenders for name in row.by_contender if name.startswith(contender.name)]
    row.by_contender = {name: row.by_contender[name] for name in dict.fromkeys(order)}
    return row


def _result(output: str) -> str:
    """What a process computed: all but a last line with its memory."""
    lines = output.splitlines()
    return "\n".join(lines[:-1] if lines and lines[-1].isdecimal() else lines)


def _note(row: Row, name: str, runs: list[tuple[float, str]]) -> None:
    samples = row.by_contender.setdefault(name, Samples())
    samples.seconds.append(statistics.median(seconds for seconds, _ in runs))
    for _, output in runs:
        last = output.rpartition("\n")[0].rpartition("\n")[2]
        samples.peak_bytes = max(samples.peak_bytes, int(last) if last.isdecimal() else 0)


def _environment(cache: Path, paths: tuple[Path, ...]) -> Mapping[str, str]:
    """The environment of processes with a cache folder of their own, and with engines that are compiled already."""
    environment = {**os.environ, "WASMZ_CACHE_DIR": str(cache), "PWASM_CACHE_DIR": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir(), "wasmz-benchmark-bytecode"))
    environment["PYTHONPATH"] = os.pathsep.join([*map(str, paths), *filter(None, [os.environ.get("PYTHONPATH")])])
    return environment
