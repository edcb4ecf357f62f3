"""The jobs of docs/interop.md: each takes at most ten lines, and does what it should."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.interop.jobs import JOBS, run
from tests.interop.packages import ROOT


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
@pytest.mark.parametrize("name", JOBS)
def test_job(name: str, tmp_path: Path) -> None:
    assert len(JOBS[name][1].strip().splitlines()) <= 10
    assert run(name, str(tmp_path / "cache"))[0] == JOBS[name][2]


def test_the_page_has_all_jobs() -> None:
    page = (ROOT / "docs" / "interop.md").read_text(encoding="utf-8")
    assert [name for name in JOBS if f"| `{name}` |" not in page] == []
