"""Keep what tools make for tests, so that Pythons that cannot start processes find it.

kept(b"(component)", lambda: run_tool("parse", ...))     -> the bytes: made now, or when an earlier run made them
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

_FOLDER = Path(__file__).resolve().parents[2] / "cache" / "made"


def kept(source: bytes, make: Callable[[], bytes]) -> bytes:
    """What ``make`` makes of the source; under node, what another Python's run of the test has kept."""
    path = _FOLDER / f"{hashlib.sha256(source).hexdigest()}.wasm"
    if path.is_file():
        return path.read_bytes()
    if sys.platform == "emscripten":
        pytest.skip("no processes here: run the tests on another Python first")
    made = make()
    _FOLDER.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(f".{os.getpid()}")
    written.write_bytes(made)
    written.replace(path)
    return made
