"""A bounded sample of the stress with threads; ``python -m tests.stress.threads`` runs more of it."""

from __future__ import annotations

import sys

import pytest

from tests.stress.threads import KINDS, THREADS, stress

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no threads here")


@pytest.mark.parametrize("kind", KINDS)
def test_no_value_is_wrong(kind: str) -> None:
    done, wrong = stress(kind, seconds=2.0, calls=40)
    assert wrong == []
    assert done >= 1
    assert THREADS == 8
