"""The errors for likely mistakes are those shown in docs/mistakes.md."""

from __future__ import annotations

import sys

import pytest

from tests.support.mistakes import MISTAKES, PAGE, render_page


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
def test_messages() -> None:
    assert sum(map(len, MISTAKES.values())) >= 40
    assert render_page() == PAGE.read_text(encoding="utf-8"), (
        "run python -m tests.support.mistakes, and read what it changed"
    )
