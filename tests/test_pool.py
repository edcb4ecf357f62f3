"""Processes that compile: ordered results, errors, and being ended at any moment."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from wasmz.compile.pool import Pool, make_pool

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="no processes here")


def _prepare(factor: int) -> Callable[[int], Any]:
    def work(item: int) -> Any:
        if item < 0:
            raise ValueError(f"{item} is negative")
        if item == 1000:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)
        # Results of a megabyte, more than a pipe holds: so processes are ended while they write.
        return item * factor, os.getpid(), bytes(1 << 20)

    return work


@pytest.fixture
def pool() -> Pool:
    made = make_pool(2, _prepare, (3,))
    assert made is not None
    return made


def test_results_are_in_order(pool: Pool) -> None:
    made = list(pool.map(range(12)))
    assert [value for value, _, _ in made] == [item * 3 for item in range(12)]
    assert os.getpid() not in {process for _, process, _ in made}
    assert not pool.members


def test_errors_end_it(pool: Pool) -> None:
    processes = list(pool.members.values())
    with pytest.raises(ValueError, match=r"^-5 is negative$"):
        list(pool.map([1, 2, -5, *range(20)]))
    assert all(process.exitcode is not None for process in processes)


@pytest.mark.skipif(sys.platform == "win32", reason="processes there do not end by signals")
def test_a_process_that_dies(pool: Pool) -> None:
    with pytest.raises(ChildProcessError, match=r"ended with exit code -15$"):
        list(pool.map([1, 1000, *range(20)]))


def test_it_ends_in_the_middle(pool: Pool) -> None:
    processes = list(pool.members.values())
    results = pool.map(range(100))
    assert next(results)[0] == 0
    begun = time.monotonic()
    results.close()
    assert all(process.exitcode is not None for process in processes)
    assert time.monotonic() - begun < 20
