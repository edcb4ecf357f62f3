"""The folder in which tests of the command line run it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path, cache_dir: Path) -> Path:
    """A folder with the modules of ``commands.py``."""
    # Imported only here: without wasmtime, the tests are skipped before.
    from tests.cli.commands import write_modules

    write_modules(tmp_path)
    return tmp_path
