"""How long a run stands still while functions are compiled, with the helper process and without.

    python -m benchmarks.pauses                                  QuickJS, five seconds of work
    python -m benchmarks.pauses --against COMMIT                 and the same with the wasmz of another commit
    python -m benchmarks.pauses --program lua --seconds 20

Each line is a process without a cache. A pause is the time that running code waits for the answer of ``tier_request``;
the longest first call of a function, which waits for its baseline code, is shown beside. Times of the processor tell
the compiler's own work from other programs' on a busy machine. The work is the same round by round: more of them in
the same time is faster, and the results of all lines are compared.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

# Where wasmz is found comes first; the rest of this tree after it.
_PROCESS = "import sys; sys.path[:0] = sys.argv[1:3]; from benchmarks.pauses import run; run(*sys.argv[3:])"
_SWITCH = "WASMZ_BACKGROUND_COMPILE"


def run(program: str, seconds: str, corpus: str) -> None:
    """One process: works, and prints what it has measured."""
    from benchmarks.corpus.hosts import open_wasmz
    from benchmarks.corpus.programs import PROGRAMS
    from wasmz.runtime.calls.tier_up import InstanceTiers

    pauses, firsts = [(0.0, 0.0)], [(0.0, 0.0)]
    for name, found in (("request", pauses), ("request_tail", pauses), ("first", firsts)):
        setattr(InstanceTiers, name, _timed(getattr(InstanceTiers, name), found))
    begun, busy = time.perf_counter(), time.process_time()
    made = PROGRAMS[program]
    guest = open_wasmz((Path(corpus) / made.path).read_bytes(), made.functions(), use_cache=False)
    work = made.start(guest, Path(corpus))
    results, count = set(), 0
    while time.perf_counter() - begun < float(seconds):
        results.add(repr(work()))
        count += 1
    # Read before the helper ends.
    background = sys.modules.get("wasmz.compile.background")
    pid = background.background.pid if background is not None else None
    print(
        json.dumps(
            {
                "pause": max(pauses),
                "first": max(firsts),
                "rounds": count,
                "busy": time.process_time() - busy,
                "helper": _processor_time(pid),
                "results": sorted(results),
            }
        )
    )


def _timed(function: Callable[..., Any], found: list[tuple[float, float]]) -> Callable[..., Any]:
    def timed(*args: Any) -> Any:
        begun, busy = time.perf_counter(), time.thread_time()
        try:
            return function(*args)
        finally:
            found.append((time.perf_counter() - begun, time.thread_time() - busy))

    return timed


def _processor_time(pid: int | None) -> float:
    """Seconds that another process has worked; 0 where that is not known."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pauses(tree: Path, is_on: bool, program: str, seconds: float, corpus: Path) -> dict[str, Any]:
    """What a process of the wasmz in a folder measures."""
    environment = {name: value for name, value in os.environ.items() if name not in (_SWITCH, "PYTHONPATH")}
    if not is_on:
        environment[_SWITCH] = "0"
    command = [sys.executable, "-c", _PROCESS, str(tree), str(ROOT), program, str(seconds), str(corpus)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def table(program: str, seconds: float, corpus: Path, commit: str | None = None) -> str:
    """The measurements of this tree, with the helper and without, and of another commit."""
    lines = [f"{program}, {seconds:g} s of work     longest pause (cpu)  first call (cpu)  rounds    cpu  helper's"]
    results = []

    def add(label: str, measured: dict[str, Any]) -> None:
        (pause, cpu), (first, first_cpu) = measured["pause"], measured["first"]
        lines.append(
            f"{label:27s} {1000 * pause:8.1f} ms {1000 * cpu:7.1f}   {1000 * first:6.1f} {1000 * first_cpu:8.1f}"
            f" {measured['rounds']:9d} {measured['busy']:5.1f}s {measured['helper']:7.1f}s"
        )
        results.append(measured["results"])

    with tempfile.TemporaryDirectory() as folder:
        for label, content, is_on in (
            ("with a helper", None, True),
            ("without", None, False),
            *([(f"commit {commit}", commit, True)] if commit else []),
        ):
            tree = Path(folder) / (content or "here")
            if not tree.exists():
                _copy(content, tree)
            add(label, pauses(tree, is_on, program, seconds, corpus))
    if results.count(results[0]) != len(results) or len(results[0]) != 1:
        raise SystemExit(f"different results: {results}")
    return "\n".join(lines)


def _copy(commit: str | None, tree: Path) -> None:
    """The package of a commit, or of this tree, with its compiled modules."""
    if commit is None:
        shutil.copytree(ROOT / "wasmz", tree / "wasmz")
    else:
        archive = subprocess.run(
            ["git", "archive", commit, "wasmz"], cwd=ROOT, stdout=subprocess.PIPE, check=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(tree, filter="data")
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(tree)], check=True)


def main() -> None:
    from benchmarks.corpus.measure import DEFAULT_FOLDER, VARIABLE

    parser = argparse.ArgumentParser(prog="python -m benchmarks.pauses", description=__doc__)
    parser.add_argument("--program", default="quickjs")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--against", metavar="COMMIT")
    parser.add_argument("--corpus", type=Path, default=Path(os.environ.get(VARIABLE, DEFAULT_FOLDER)))
    options = parser.parse_args()
    print(table(options.program, options.seconds, options.corpus.resolve(), options.against))


if __name__ == "__main__":
    main()
