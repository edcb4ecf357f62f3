"""Time wasmz against other engines and hand-written Python: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.catalogue import load_kernels, missing_kernels
from benchmarks.corpus import measure as corpus
from benchmarks.corpus.programs import PROGRAMS
from benchmarks.deadlines import latencies
from benchmarks.engines import Engine, available_engines, limited_engines
from benchmarks.instructions import can_count, count_kernel
from benchmarks.micro import call_costs, compile_costs
from benchmarks.pauses import table as pause_table
from benchmarks.start import start_times
from benchmarks.suite import BY_HAND, Row, run_kernel
from benchmarks.wasi import throughput

PARTS = ("kernels", "corpus", "calls", "limits", "compile", "start", "wasi", "instructions", "deadlines", "pauses")
COUNTED = ("wasmz O2", "pwasm")
LIMITS = ["wasmz O2", "wasmz fuel", "wasmz time"]


def main() -> None:
    options = _parse()
    parts = options.part or PARTS
    engines = [engine for engine in available_engines() if re.search(options.engine, engine.name)]
    if options.plot and find_spec("matplotlib") is None:
        sys.exit("plots need matplotlib: pip install -e '.[bench]'")
    if not engines:
        sys.exit(f"no engine matches {options.engine!r}")
    print(f"Python {platform.python_version()}, {platform.machine()}, {options.rounds} rounds\n")
    missing = missing_kernels(options.kernel)
    if missing and {"kernels", "limits", "instructions"} & set(parts):
        print(f"left out, not built (python -m benchmarks.build): {', '.join(missing)}\n", file=sys.stderr)
    rows: list[Row] = []
    extras: dict[str, Any] = {}
    if "kernels" in parts:
        rows = _run_kernels(options, engines)
    if "corpus" in parts:
        extras["corpus"] = _run_corpus(options)
    if "calls" in parts:
        extras["calls_ns"] = costs = call_costs(engines, max(options.rounds, 5))
        print("\n" + report.call_table(costs))
    if "limits" in parts:
        print("\n" + report.kernel_table(_time_kernels(options, limited_engines()), LIMITS, LIMITS[0]))
    if "compile" in parts:
        try:
            extras["compile_us"] = compiled = compile_costs(min(options.rounds, 3))
            print("\n" + report.compile_table(compiled))
        except ImportError as error:
            print(f"\ncompile speed left out: {error}", file=sys.stderr)
    if "start" in parts:
        starts = list(start_times(options.corpus, options.rounds, options.against, options.kernel))
        if options.plot_starts:
            report.plot_starts(starts, options.plot_starts)
        extras["start"] = {row.title: asdict(row)["by_contender"] for row in starts}
        print("\n" + report.start_table(starts))
    if "wasi" in parts:
        extras["wasi_mb_per_second"] = speeds = throughput(options.rounds)
        print("\n" + report.throughput_table(speeds))
    if "instructions" in parts:
        counted = [engine for engine in engines if engine.name in COUNTED]
        if can_count():
            executed = {kernel.name: count_kernel(kernel, counted, 5) for kernel in load_kernels(options.kernel)}
            print("\n" + report.instruction_table(executed))
            extras["instructions"] = {
                kernel: {name: asdict(item) for name, item in row.items()} for kernel, row in executed.items()
            }
        else:
            print("\ninstructions left out: before 3.12 Python does not tell about each", file=sys.stderr)
    if "deadlines" in parts:
        # The median of ten, whatever the number of rounds: a limit, not a speed.
        extras["deadline_seconds"] = late = latencies(10)
        print("\n" + report.deadline_table(late))
    if "pauses" in parts:
        if (options.corpus / PROGRAMS["quickjs"].path).exists():
            print("\n" + pause_table("quickjs", 5.0, options.corpus.resolve()))
        else:
            print(f"\npauses left out: QuickJS is not in {options.corpus}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(report.as_json(rows, extras), indent=1), encoding="utf-8")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--kernel", default="", metavar="REGEX", help="only kernels and programs whose name matches")
    parser.add_argument("--engine", default="", metavar="REGEX", help="only engines whose name matches")
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds (default: 7)")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part (may be repeated)")
    folder = os.environ.get(corpus.VARIABLE, corpus.DEFAULT_FOLDER)
    parser.add_argument(
        "--corpus", type=Path, default=Path(folder), metavar="PATH",
        help=f"where the modules of the corpus are (default: the variable {corpus.VARIABLE}, or cache/corpus)",
    )  # fmt: skip
    parser.add_argument(
        "--against", type=Path, metavar="PATH", help="a folder with another wasmz, whose starts are timed, too"
    )
    parser.add_argument("--plot-starts", type=Path, metavar="PATH", help="write an SVG of the part 'start'")
    parser.add_argument("--plot", type=Path, metavar="PATH", help="write a bar chart (needs matplotlib)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write everything measured")
    return parser.parse_args()


def _run_kernels(options: argparse.Namespace, engines: list[Engine]) -> list[Row]:
    fast = [engine for engine in engines if not engine.slow]
    if not fast:
        sys.exit("the kernels need an engine beside interpreters, to compare with")
    reference = fast[0].name
    names = [engine.name for engine in engines] + [BY_HAND]
    rows = _time_kernels(options, engines)
    print(report.kernel_table(rows, names, reference))
    if options.plot:
        report.plot(rows, names, reference, options.plot)
        print(f"plot: {options.plot}")
    return rows


def _time_kernels(options: argparse.Namespace, engines: list[Engine]) -> list[Row]:
    rows = []
    for kernel in load_kernels(options.kernel):
        if sys.stderr.isatty():
            print(f"\r{kernel.name:20s}", end="", file=sys.stderr, flush=True)
        rows.append(run_kernel(kernel, engines, options.rounds))
    if sys.stderr.isatty():
        print("\r" + " " * 20 + "\r", end="", file=sys.stderr, flush=True)
    return rows


def _run_corpus(options: argparse.Namespace) -> dict[str, Any]:
    contenders = corpus.engines(options.engine)
    rows = list(corpus.steady_state(options.corpus, contenders, options.kernel, options.rounds)) if contenders else []
    print("\n" + report.corpus_table(rows))
    missing = [program.path for program in corpus.PROGRAMS.values() if not (options.corpus / program.path).exists()]
    if missing:
        print(f"left out, not in {options.corpus}: {', '.join(missing)}", file=sys.stderr)
    return {row.name: asdict(row) for row in rows}


if __name__ == "__main__":
    main()
