"""Every script of the specification's suite, at every optimisation level."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.spec.coverage import README, readme_with_table, recorded
from tests.spec.runner import run_script
from tests.spec.suite import MISSING, ConversionError, Script, convert, find_suite, list_scripts
from tests.support.built import missing
from wasmz.config import OPT_LEVELS

_SUITE = find_suite()
_SCRIPTS = list_scripts(_SUITE) if _SUITE else []


def test_suite_is_whole() -> None:
    """Every script whose results are recorded is there; without the suite, this says so."""
    if _SUITE is None:
        pytest.skip(MISSING)
    assert recorded().keys() <= {script.name for script in _SCRIPTS}


@pytest.mark.generated
def test_table_in_the_readme_is_current() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == readme_with_table(text), "run: python -m tests.spec.coverage"


# Scripts about calls, loops and branches, where tiers make a difference; `python -m tests.spec --mode tiers` runs all.
_IN_TIERS = re.compile(
    r"(br|call|return_call|if|loop|block|labels|local|func|fac|forward|nop|return|select|stack|start|switch|table|elem"
    r"|linking|names|left-to-right|unwind|unreachable|skip-stack|memory_redundancy|float_exprs|traps|imports|exports)\w*"
)


@pytest.mark.parametrize("script", [s for s in _SCRIPTS if _IN_TIERS.fullmatch(s.name)], ids=lambda script: script.name)
def test_script_in_tiers(script: Script) -> None:
    report = run_script(convert(script), OPT_LEVELS[-1], mode="tiers")
    assert not report.failures, "\n".join(report.failures[:20])


@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda script: script.name)
def test_script_at_the_baseline(script: Script) -> None:
    try:
        converted = convert(script)
    except ConversionError as error:
        missing(f"left out: {error}")
    report = run_script(converted, OPT_LEVELS[-1], mode="baseline")
    assert not report.failures, "\n".join(report.failures[:20])


@pytest.mark.parametrize("opt_level", OPT_LEVELS)
@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda script: script.name)
def test_script(script: Script, opt_level: int, record_property: Callable[[str, object], None]) -> None:
    try:
        converted = convert(script)
    except ConversionError as error:
        record_property("spec", {"counts": {"files": 1, "files_skipped": 1}, "skipped": {f"{script.name}: {error}": 1}})
        missing(f"left out: {error}")
    report = run_script(converted, opt_level)
    whole = not report.passed and not report.failures and bool(report.skipped)
    counts = {
        "files": 1,
        "files_skipped": int(whole),
        "passed": report.passed,
        "failed": len(report.failures),
        "text": report.text,
    }
    record_property("spec", {"counts": counts, "skipped": dict(report.skipped)})
    if report.failures:
        shown = "\n".join(report.failures[:20])
        pytest.fail(f"{len(report.failures)} commands failed:\n{shown}", pytrace=False)
    assert report.passed == recorded().get(script.name), "run: python -m tests.spec --record"
    if whole:
        pytest.skip(", ".join(report.skipped))
