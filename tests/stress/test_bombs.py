"""Small modules that could be expensive to compile are not: the shapes that once were, with generous bounds."""

from __future__ import annotations

import sys

import pytest

from tests.stress.bombs import LARGE, LARGE_MEGABYTES, LARGE_SHAPES, MOST_MEGABYTES, SHAPES, SIZE, build, run

pytestmark = pytest.mark.skipif(sys.platform in ("emscripten", "win32"), reason="needs processes with limits")

# Of the bound on an idle machine.
_SLACK = 5


@pytest.mark.parametrize(
    ("shape", "error"),
    [
        ("loops-params", ""),
        ("nested-loops-params", ""),
        ("loops-params-back", "ImplementationLimit: function 0 "),
        ("ifs-params", "ImplementationLimit: function 0 |optimised"),
        ("calls-params", "ImplementationLimit: function 0 "),
        ("locals-loops", ""),
    ],
)
@pytest.mark.parametrize("tier", ["optimised", "call"])
def test_cost(shape: str, error: str, tier: str) -> None:
    # Some are refused by the pipeline only.
    error, _, only = error.partition("|")
    error = "" if only and tier != only else error
    seconds, megabytes, found = run(shape, tier)
    assert found.startswith(error) and bool(found) == bool(error)
    assert seconds < 2 * _SLACK
    assert megabytes <= MOST_MEGABYTES * 1.5


@pytest.mark.parametrize("shape", LARGE_SHAPES)
def test_cost_of_baseline_code(shape: str) -> None:
    seconds, megabytes, error = run(shape, LARGE)
    # What it refuses is the pipeline's, with its own bounds.
    assert error in ("", "Unfit: ")
    assert seconds < 2 * _SLACK
    assert megabytes <= LARGE_MEGABYTES * 1.5


def test_shapes_are_as_large_as_they_may_be() -> None:
    assert all(
        SIZE - 1_300 < len(build(shape)) <= SIZE for name, shape in SHAPES.items() if name != "table-of-millions"
    )
