"""Threads that take turns as often as possible, so that faults of their order show.

run_in_turns([work] * 8)                                each call in a thread of its own, until all have ended
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager


@contextmanager
def short_turns(seconds: float = 1e-6) -> Iterator[None]:
    """Sets how long a thread runs before another one may."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def run_in_turns(calls: Iterable[Callable[[], object]], seconds: float = 1e-6) -> None:
    """Runs calls in threads with short turns, and waits for all."""
    threads = [threading.Thread(target=call) for call in calls]
    with short_turns(seconds):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
