"""Waits for several things at once: times, and files, pipes and sockets through the ``selectors`` module.

    wait = Wait()
    wait.add_delay("late", 1_000_000)
    wait.add_handle("input", socket, for_reading=True)
    wait.run()                                              -> ["input"], or ["late"] after a millisecond

What all versions of WASI have in common of ``poll``. Everything is known by a key that the caller chooses.
"""

from __future__ import annotations

import time

from wasmz.runtime.limits.checkpoints import LONGEST_WAIT
from wasmz.runtime.wasi.process import FixedClock
from wasmz.runtime.wasi.waiting import can_be_waited_for, number_of
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.runtime.wasi.descriptors import Descriptor


class Wait:
    """What is waited for.

    No call of the system waits longer than ``LONGEST_WAIT``; then it is called again. In between, the guest can be
    interrupted by another thread, which in threads other than the first only works while Python code runs.

    Attributes:
        start: when this began, in nanoseconds of the host's monotonic clock.
    """

    def __init__(self) -> None:
        self.start: int = time.monotonic_ns()
        self._ready: list[Any] = []
        # When each is due, in the host's monotonic time.
        self._times: list[tuple[int, Any]] = []
        self._handles: list[tuple[Any, bool, Any]] = []
        # A clock that stands still but for the guest's sleep; that is over at once.
        self._fixed: FixedClock | None = None

    def add_ready(self, key: Any) -> None:
        """Something that needs no waiting."""
        self._ready.append(key)

    def add_delay(self, key: Any, delay: int, clock: object = None) -> None:
        """A time so many nanoseconds from the start, on a clock, which may be a ``FixedClock``."""
        if isinstance(clock, FixedClock):
            self._fixed = clock
        self._times.append((self.start + delay, key))

    def add_handle(self, key: Any, handle: Any, *, for_reading: bool) -> None:
        """A file of the system, or an object with ``fileno``, that can be waited for."""
        self._handles.append((key, for_reading, handle))

    def add_descriptor(self, key: Any, entry: Descriptor, *, for_reading: bool) -> None:
        """A descriptor of the guest's, which may be one that is always ready."""
        handle = entry.wait_handle()
        if handle is None or not can_be_waited_for(handle):
            self._ready.append(key)
        else:
            self._handles.append((key, for_reading, handle))

    def find_ready(self) -> list[Any]:
        """The keys of all that is ready now; without waiting."""
        return [*self._ready, *self._select(0.0), *self._due(time.monotonic_ns())]

    def run(self) -> list[Any]:
        """Waits until at least one thing is ready; the keys of all that are."""
        due = min([time for time, _ in self._times], default=None)
        if self._fixed is not None and due is not None and not self._ready:
            self._fixed.advance(due - self.start)
            return self._select(0.0) or self._due(due)
        while True:
            now = time.monotonic_ns()
            if self._ready or (due is not None and due <= now):
                seconds = 0.0
            elif due is None:
                seconds = LONGEST_WAIT
            else:
                seconds = min((due - now) / 1e9, LONGEST_WAIT)
            found = [*self._ready, *self._select(seconds), *self._due(time.monotonic_ns())]
            if found:
                return found

    def _due(self, now: int) -> list[Any]:
        return [key for due, key in self._times if due <= now]

    def _select(self, seconds: float) -> list[Any]:
        if not self._handles:
            if seconds:
                time.sleep(seconds)
            return []
        # Imported only by those that wait for something.
        load("selectors")
        from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector

        masks: dict[int, int] = {}
        for _, for_reading, handle in self._handles:
            number = number_of(handle)
            masks[number] = masks.get(number, 0) | (EVENT_READ if for_reading else EVENT_WRITE)
        with DefaultSelector() as selector:
            for number, mask in masks.items():
                selector.register(number, mask)
            found = {key.fd: mask for key, mask in selector.select(seconds)}
        return [
            key
            for key, for_reading, handle in self._handles
            if found.get(number_of(handle), 0) & (EVENT_READ if for_reading else EVENT_WRITE)
        ]
