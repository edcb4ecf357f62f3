"""Attempts to get out of what a guest was given, as those of preview 1: the same tests over WASI 0.2's files."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wasi import test_escape
from tests.wasi.test_escape import (  # noqa: F401
    ATTEMPTS,
    NAMING_ATTEMPTS,
    NO_PATHS,
    Sandbox,
    sandbox,
    test_a_directory_is_its_own_root,
    test_a_link_swapped_during_calls,
    test_a_link_that_moves_up_leads_out_from_there,
    test_absolute_links_are_neither_made_nor_told,
    test_deep_paths_keep_nothing_open,
    test_hard_links,
    test_links_are_not_followed_unasked,
    test_links_in_circles,
    test_links_that_lead_out,
    test_magic_links_of_proc,
    test_opening_a_pipe_does_not_wait,
    test_own_links_lead_nowhere_else,
    test_paths_that_lead_out,
    test_read_only,
    test_renames_across_preopens,
)
from tests.wasi2.guest import Guest2


@pytest.fixture(autouse=True)
def over_wasi2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_escape, "wasmz_calls", lambda config: config)
    monkeypatch.setattr(test_escape, "Guest", Guest2)


@pytest.mark.parametrize(("path", "error"), NO_PATHS)
def test_paths_that_are_none(sandbox: Sandbox, path: str, error: int) -> None:  # noqa: F811
    guest: Any = sandbox.guest
    for name, attempt in {**ATTEMPTS, **NAMING_ATTEMPTS}.items():
        assert attempt(guest, path) == error, name
