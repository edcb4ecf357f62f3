"""A bounded sample of the stress with a helper; ``python -m tests.stress.background`` runs more of it."""

from __future__ import annotations

import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")


def test_no_value_is_wrong() -> None:
    pytest.importorskip("wasmtime")
    from tests.stress.background import stress

    done, answers, wrong = stress(seconds=8.0)
    assert wrong == []
    assert done >= 1
    assert answers > 0
