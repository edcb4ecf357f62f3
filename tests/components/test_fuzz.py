"""A sample of the mutated components that `python -m tests.components.fuzz` makes."""

from __future__ import annotations

import random

import pytest

from tests.components.fuzz import SLOW_SECONDS, examine, mutate, seeds
from tests.components.suite import MISSING


@pytest.mark.parametrize("seed", range(4))
def test_mutated_components_give_only_our_errors(seed: int) -> None:
    found = seeds()
    if not found:
        pytest.skip(MISSING)
    chance = random.Random(seed)
    outcomes = set()
    for _ in range(250):
        data = mutate(chance.choice(found), found, chance)
        outcome, seconds = examine(data)
        assert seconds < SLOW_SECONDS, data.hex()
        outcomes.add(outcome)
    assert {"valid", "InvalidWasm"} <= outcomes
