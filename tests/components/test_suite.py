"""The component model's own suite: `python -m tests.components` prints its counts."""

from __future__ import annotations

import pytest

from tests.components.runner import run_script
from tests.components.suite import MISSING, OVERTAKEN, find_suite, list_scripts
from tests.spec.suite import ConversionError, Script, convert
from tests.support.built import missing

_SUITE = find_suite()
_SCRIPTS = list_scripts(_SUITE) if _SUITE else []


def test_suite_is_there() -> None:
    if _SUITE is None:
        pytest.skip(MISSING)
    assert {script.name for script in _SCRIPTS} >= {"components/binary/binary", "components/validation/kebab"}


@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda script: script.name)
def test_script(script: Script) -> None:
    try:
        converted = convert(script)
    except ConversionError as error:
        if script.name in OVERTAKEN:
            pytest.skip(OVERTAKEN[script.name])
        missing(f"left out: {error}")
    report = run_script(converted)
    assert not report.failures, "\n".join(report.failures[:20])
    assert not report.skipped
