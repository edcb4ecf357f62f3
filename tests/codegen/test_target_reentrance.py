"""A target is shared by all threads, and by signal handlers that compile in the middle of a compilation."""

from __future__ import annotations

import sys
from functools import partial
from types import FrameType
from typing import Any

import pytest

from tests.support.turns import run_in_turns
from wasmz.codegen.targets import current_target
from wasmz.codegen.targets.base import Target


def grow(target: Target, count: int) -> None:
    target.reserve_locals(count)
    for slot in range(count):
        for piece in (target.loads[slot], target.stores[slot]):
            # What the assembler looks up for each piece.
            assert piece in target.effects
        assert target.loads[slot] == target.load_fast(slot)
        assert target.stores[slot] == target.store_fast(slot)
        assert target.accesses[target.loads[slot]] == (1 << slot, 0)
        assert target.accesses[target.stores[slot]] == (0, 1 << slot)


def test_growing_in_the_middle_of_growing() -> None:
    """At each line of it, as a signal handler may."""
    lines = 0
    for stop in range(200):
        target = type(current_target())()
        seen = 0

        def trace(frame: FrameType, event: str, arg: Any, target: Target = target, stop: int = stop) -> Any:
            nonlocal seen
            if not frame.f_code.co_filename.endswith("base.py"):
                return None
            if event == "line":
                seen += 1
                if seen == stop:
                    sys.settrace(None)
                    grow(target, 130)
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            target.reserve_locals(100)
        finally:
            sys.settrace(before)
        grow(target, 130)
        lines = max(lines, seen)
    assert lines > 100


@pytest.mark.skipif(sys.platform == "emscripten", reason="no threads here")
def test_growing_by_many_threads() -> None:
    for _ in range(20):
        target = type(current_target())()
        wrong: list[BaseException] = []

        def work(count: int, target: Target = target, wrong: list[BaseException] = wrong) -> None:
            try:
                grow(target, count)
            except BaseException as error:
                wrong.append(error)

        run_in_turns([partial(work, 70 + 10 * number) for number in range(8)])
        assert wrong == []
