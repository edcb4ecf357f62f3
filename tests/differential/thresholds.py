"""Takes away what keeps loops of few iterations from being rewritten: most loops of generated modules are such ones.

with without_thresholds():
    compare(binary, calls)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from wasmz.passes import streams


@contextmanager
def without_thresholds() -> Iterator[None]:
    """Loops are read from streams however few iterations they have."""
    costs = dict.fromkeys(("_COST_OF_STREAM", "_COST_OF_COUNTER", "_COST_OF_CROSSING", "_COST_OF_ITERATION"), 0)
    with mock.patch.multiple(streams, **costs):
        yield
