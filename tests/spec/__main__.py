"""Prints how much of the specification's suite passes.

    python -m tests.spec [--level N] [--mode MODE] [--filter REGEX] [--jobs N]
    python -m tests.spec --record        keeps the counts that tests and the README's table are compared with

The exit status is 1 if an assertion fails, 2 if the suite is missing.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.spec.coverage import record
from tests.spec.runner import MODES, Report, run_script
from tests.spec.suite import MISSING, ConversionError, Converted, Script, convert, find_suite, list_scripts
from wasmz.config import OPT_LEVELS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.spec", description="Run the specification's test suite.")
    parser.add_argument(
        "--level", type=int, choices=OPT_LEVELS, action="append", help="optimisation level (default: all)"
    )
    parser.add_argument(
        "--mode", choices=MODES, default="eager", help="when functions are compiled, or only by the baseline compiler"
    )
    parser.add_argument("--filter", default="", metavar="REGEX", help="only scripts whose name matches")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--failures", type=int, default=5, help="failures shown for each script (default: 5)")
    parser.add_argument("--convert-only", action="store_true", help="fill cache/spec and stop")
    parser.add_argument("--record", action="store_true", help="keep the counts of the whole suite, see coverage.py")
    options = parser.parse_args()
    suite = find_suite()
    if suite is None:
        print(MISSING, file=sys.stderr)
        return 2
    scripts = [script for script in list_scripts(suite) if re.search(options.filter, script.name)]
    if options.convert_only:
        refused = [script.name for script in scripts if isinstance(_try_convert(script), ConversionError)]
        print(f"{len(scripts) - len(refused)} scripts converted, not: {', '.join(refused) or 'none'}")
        return 0
    failed = 0
    counts: dict[str, int] = {}
    for level in options.level or OPT_LEVELS:
        print(f"\noptimisation level {level}, {options.mode}, Python {sys.version.split()[0]}")
        failed += _run_level(scripts, level, options.mode, options.jobs, options.failures, counts)
    if options.record and not failed and not options.filter:
        record(counts)
    return 1 if failed else 0


def _run_level(scripts: list[Script], level: int, mode: str, jobs: int, shown: int, counts: dict[str, int]) -> int:
    """Run and print the scripts at one level; the number of failures. ``counts`` gets those that pass."""
    if jobs > 1:
        with ProcessPoolExecutor(jobs) as pool:
            reports = list(pool.map(_run_one, scripts, [level] * len(scripts), [mode] * len(scripts)))
    else:
        reports = [_run_one(script, level, mode) for script in scripts]
    passed = failed = text = whole = 0
    reasons: Counter[str] = Counter()
    print(f"{'script':44s} {'passed':>7s} {'failed':>7s} {'text':>6s} {'skipped':>8s}")
    for script, report in zip(scripts, reports, strict=True):
        skipped = report.skipped.total()
        because = ", ".join(report.skipped)
        print(
            f"{script.name:44s} {report.passed:7d} {len(report.failures):7d} {report.text:6d} {skipped:8d}  {because}"
        )
        for failure in report.failures[:shown]:
            print(f"    {failure}")
        counts[script.name] = min(report.passed, counts.get(script.name, report.passed))
        passed += report.passed
        failed += len(report.failures)
        text += report.text
        whole += bool(skipped and not report.passed and not report.failures)
        reasons.update(report.skipped)
    print(f"{len(scripts)} scripts, {whole} of them skipped as a whole")
    for reason, count in reasons.most_common():
        print(f"  {count:6d} commands skipped: {reason}")
    print(f"{passed} passed, {failed} failed, {text} of them of the text format, {reasons.total()} skipped")
    return failed


def _run_one(script: Script, level: int, mode: str) -> Report:
    converted = _try_convert(script)
    if isinstance(converted, ConversionError):
        return Report(skipped=Counter({f"left out: {converted}": 1}))
    return run_script(converted, level, mode=mode)


def _try_convert(script: Script) -> Converted | ConversionError:
    try:
        return convert(script)
    except ConversionError as error:
        return error


if __name__ == "__main__":
    sys.exit(main())
