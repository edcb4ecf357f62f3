"""Print how much of the component model's own suite passes.

    python -m tests.components [--filter REGEX] [--jobs N]

Exit status 1 if an assertion fails, 2 if the suite is missing.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.components.runner import Report, run_script
from tests.components.suite import MISSING, OVERTAKEN, find_suite, list_scripts
from tests.spec.suite import ConversionError, Script, convert


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.components", description="Run the component model's suite.")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only scripts whose name matches")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--failures", type=int, default=5, help="failures shown for each script (default: 5)")
    options = parser.parse_args()
    suite = find_suite()
    if suite is None:
        print(MISSING, file=sys.stderr)
        return 2
    scripts = [script for script in list_scripts(suite) if re.search(options.filter, script.name)]
    if options.jobs > 1:
        with ProcessPoolExecutor(options.jobs) as pool:
            reports = list(pool.map(_run_one, scripts))
    else:
        reports = [_run_one(script) for script in scripts]
    print(f"Python {sys.version.split()[0]}")
    print(f"{'script':64s} {'passed':>7s} {'failed':>7s} {'skipped':>8s}")
    reasons: Counter[str] = Counter()
    for script, report in zip(scripts, reports, strict=True):
        because = ", ".join(report.skipped)
        name = script.name.removeprefix("components/")
        print(f"{name:64s} {report.passed:7d} {len(report.failures):7d} {report.skipped.total():8d}  {because}")
        for failure in report.failures[: options.failures]:
            print(f"    {failure}")
        reasons.update(report.skipped)
    passed, failed = sum(r.passed for r in reports), sum(len(r.failures) for r in reports)
    print(f"{len(scripts)} scripts: {passed} assertions passed, {failed} commands failed, {reasons.total()} skipped")
    for reason, count in reasons.most_common():
        print(f"    {count:4d}  {reason}")
    return 1 if failed else 0


def _run_one(script: Script) -> Report:
    try:
        return run_script(convert(script))
    except ConversionError as error:
        if script.name in OVERTAKEN:
            return Report(skipped=Counter({OVERTAKEN[script.name]: 1}))
        return Report(failures=[str(error)])


if __name__ == "__main__":
    sys.exit(main())
