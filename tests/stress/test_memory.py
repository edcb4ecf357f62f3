"""A sample of each stress test; their commands run more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="processes cannot be started here")


def test_memories_in_any_order() -> None:
    command = [sys.executable, "-m", "tests.stress.memory", "--orders", "200"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
