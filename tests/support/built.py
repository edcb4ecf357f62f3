"""Modules built from others' code: not in the repository, but made by ``python -m benchmarks.build``.

built(path, "qoi")             -> path, or the test is skipped, saying how to build it
missing("could not fetch x")   skips the test for that reason

The skip is for checkouts without a network or a compiler. If ``WASMZ_REQUIRE_BUILT`` is set, as in ``.ci/run``, the
test fails instead.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest


def built(path: Path, target: str) -> Path:
    """The path of a module that ``python -m benchmarks.build TARGET`` makes, if it is there."""
    if not path.exists():
        missing(f"{path.name} of {target} was not built: python -m benchmarks.build {target}")
    return path


def missing(reason: str) -> NoReturn:
    """Skips the test for want of something that has to be fetched, built or converted; or fails it (see above)."""
    if os.environ.get("WASMZ_REQUIRE_BUILT"):
        pytest.fail(reason)
    pytest.skip(reason)
