"""Modules of code that others wrote: not in the repository, but built by ``python -m benchmarks.build``.

built(path, "qoi")    -> path, or the test is skipped, saying how to build it

The skip is for checkouts without a network or a compiler. Where ``WASMZ_REQUIRE_BUILT`` is set, as in ``.ci/run``, the
test fails instead.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def built(path: Path, target: str) -> Path:
    """The path of a module that ``python -m benchmarks.build TARGET`` makes, if it is there."""
    if not path.exists():
        message = f"{path.name} of {target} was not built: python -m benchmarks.build {target}"
        if os.environ.get("WASMZ_REQUIRE_BUILT"):
            pytest.fail(message)
        pytest.skip(message)
    return path
