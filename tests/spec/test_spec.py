"""Every script of the specification's suite, at every optimisation level."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.spec.runner import run_script
from tests.spec.suite import MISSING, ConversionError, Script, convert, find_suite, list_scripts
from wasmz.config import OPT_LEVELS

_SUITE = find_suite()
_SCRIPTS = list_scripts(_SUITE) if _SUITE else []


@pytest.mark.skipif(_SUITE is not None, reason="the suite is there")
def test_suite_is_there() -> None:
    pytest.skip(MISSING)


@pytest.mark.parametrize("opt_level", OPT_LEVELS)
@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda script: script.name)
def test_script(script: Script, opt_level: int, record_property: Callable[[str, object], None]) -> None:
    try:
        converted = convert(script)
    except ConversionError as error:
        record_property("spec", {"counts": {"files": 1, "files_skipped": 1}, "skipped": {f"{script.name}: {error}": 1}})
        pytest.skip(f"left out: {error}")
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
    if whole:
        pytest.skip(", ".join(report.skipped))
