"""The drop-in behaves as the binding does: the same code, run with both, has the same outcome.

An outcome is what a scenario returns, or the class, message, code and frames of what it raises. The scenarios in
``OTHER_MESSAGES`` have other messages in the drop-in, or only the same first line.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import wasmz.wasmtime as ours
from tests.dropin.scenarios import (
    SCENARIOS,
    component_items,
    components,
    limits,
    linking,
    state,
    theirs,
    traps,
    types,
    values,
)

# Importing them adds their scenarios.
TOPICS = (component_items, components, limits, linking, state, traps, types, values)

# For these, the drop-in has wasmz's own messages.
OTHER_MESSAGES = {
    *("not a module", "not a valid module", "no module at all", "not text", "serialised by someone else"),
    *("too many instances", "too many tables", "too many memories", "a memory that is too large", "an odd page size"),
    # The address is not known.
    "a load out of bounds",
    # Traps before the guest's first instruction have no frames.
    *("an epoch that is over", "no epoch yet"),
    # Raised by a host function, to whose errors no frames are added.
    "an unknown import is called",
    # Names are the module's; and fuel runs out at the call or loop that would have used it.
    *("a stack overflow", "out of fuel"),
}


def outcome(w: ModuleType, run: Callable[[Any], Any]) -> tuple[Any, ...]:
    try:
        return ("returned", run(w))
    except Exception as error:
        code = getattr(error, "trap_code", None)
        frames = [
            (frame.func_index, frame.func_name, frame.module_name, frame.module_offset, frame.func_offset)
            for frame in getattr(error, "frames", [])
        ]
        return (type(error).__name__, str(error), None if code is None else code.name, frames)


@pytest.fixture(autouse=True)
def _without_garbage(request: pytest.FixtureRequest) -> None:
    """The binding's finalizers of earlier garbage would fail, or worse, where the stack ends."""
    if "overflow" in request.node.name:
        gc.collect()


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_comes_to_the_same(name: str) -> None:
    wanted, found = outcome(theirs, SCENARIOS[name]), outcome(ours, SCENARIOS[name])
    if name in OTHER_MESSAGES:
        assert found[0] == wanted[0] != "returned"
        assert found[2:3] == wanted[2:3]
    else:
        assert found == wanted
