"""Removes the thresholds that keep loops of few iterations from being rewritten: most generated loops are such.

with without_thresholds():
    compare(binary, calls)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from wasmz.passes import streams
from wasmz.passes.loops import array_text
from wasmz.runtime.memory import arrays


@contextmanager
def without_thresholds(piece: int = 7) -> Iterator[None]:
    """Loops are read from streams, and done on arrays, however few iterations they have; ``piece`` at once there."""
    costs = ("_COST_OF_STREAM", "_COST_OF_COUNTER", "_COST_OF_CROSSING", "_COST_OF_ITERATION")
    array_costs = ("_COST_OF_CALL", "_COST_OF_ARRAY", "_COST_OF_OPERATION")
    with (
        mock.patch.multiple(streams, **dict.fromkeys(costs, 0)),
        mock.patch.multiple(array_text, **dict.fromkeys(array_costs, 0), _SHORTEST_PIECE=1, LONGEST_PIECE=piece),
        mock.patch.object(arrays.State, "left", 0),
    ):
        yield
