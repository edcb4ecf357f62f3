"""The program runs, and type checkers accept it under their strictest settings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.typing import user

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = Path(user.__file__)


def test_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    user.main()
    assert capsys.readouterr().out.startswith("TrapCode 6 ")


def test_mypy_accepts_it(tmp_path: Path) -> None:
    check([sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path}", str(PROGRAM)])


def test_pyright_accepts_it() -> None:
    pyright = shutil.which("pyright", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    if pyright is None:
        pytest.skip("pyright is not installed; .ci/run runs it")
    check([pyright, "--pythonpath", sys.executable, str(PROGRAM)])


def check(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
