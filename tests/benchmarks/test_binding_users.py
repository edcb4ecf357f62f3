"""The manifest of packages that use ``wasmtime`` is complete: every entry's fields, and that its program is Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.binding_users import command, load_users, settled

USERS = load_users([])


def test_there_are_enough() -> None:
    names = [user["package"] for user in USERS]
    assert len(set(names)) == len(names) >= 25


@pytest.mark.parametrize("user", USERS, ids=lambda user: user["package"])
def test_an_entry_is_whole(user: dict[str, Any], tmp_path: Path) -> None:
    assert {"package", "version"} < user.keys() <= {"package", "version", "also", "script", "module"}
    assert ("script" in user) != ("module" in user)
    if "script" in user:
        compile(user["script"], user["package"], "exec")
    made = command(user, "warm", Path("python"), tmp_path)
    assert made[:3] == ["python", "-m", "wasmz.wasmtime"]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(SystemExit, match="the manifest has no x"):
        load_users(["x"])


def test_how_long_tests_took_does_not_count() -> None:
    assert settled("a\n5 passed in 0.31s\n0") == settled("a\n5 passed in 2.07s\n0") == "a\n5 passed\n0"
    assert settled("5 passed, 1 deselected in 0.31s") == "5 passed, 1 deselected"
    assert settled("it came in 5s") == "it came in 5s"
