"""``poll_oneoff``: waits for clocks, and with the ``selectors`` module for files, pipes and sockets.

poll_oneoff(process, caller, subscriptions, events, 2, result)      -> Errno.SUCCESS; 32 bytes at `events` for each one
"""

from __future__ import annotations

import _struct as struct  # what there is in struct, without that file
import time

from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.process import FixedClock
from wasmz.runtime.wasi.waiting import can_be_waited_for, number_of
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.runtime.calls.host import Caller
    from wasmz.runtime.memory.linear import Memory
    from wasmz.runtime.wasi.process import Process

    Event = tuple[int, int, int, int, int]

_CLOCK: Final = 0
_READ: Final = 1
_WRITE: Final = 2
_ABSOLUTE_TIME: Final = 1
_HANG_UP: Final = 1

# User data, error, type; number of bytes, flags.
_EVENT: Final = struct.Struct("<QHB5xQH6x")
# In the previous interface, clocks have one more field at the front.
_SUBSCRIPTION_BYTES: Final = 48
_CLOCK_POSITION: Final = 16
_UNSTABLE_SUBSCRIPTION_BYTES: Final = 56
_UNSTABLE_CLOCK_POSITION: Final = 24

# A guest that waits for more at once would fill the host's memory with lists.
_MOST_SUBSCRIPTIONS: Final = 1 << 16

# About what the host needs for each of them.
_WAIT_BYTES: Final = 512

# No system call waits longer than this; the wait then goes on in another call. In between, another thread can
# interrupt the guest: outside of the main thread, this works only while Python code runs.
_LONGEST_WAIT_SECONDS: Final = 0.03


def poll_oneoff(process: Process, caller: Caller, subscriptions: int, events: int, count: int, result: int) -> int:
    return _poll(process, caller, subscriptions, events, count, result, _SUBSCRIPTION_BYTES, _CLOCK_POSITION)


def unstable_poll_oneoff(
    process: Process, caller: Caller, subscriptions: int, events: int, count: int, result: int
) -> int:
    each, position = _UNSTABLE_SUBSCRIPTION_BYTES, _UNSTABLE_CLOCK_POSITION
    return _poll(process, caller, subscriptions, events, count, result, each, position)


def _poll(
    process: Process,
    caller: Caller,
    subscriptions: int,
    events: int,
    count: int,
    result: int,
    each: int,
    clock_position: int,
) -> int:
    count &= 0xFFFF_FFFF
    if not count or count > _MOST_SUBSCRIPTIONS:
        return Errno.INVAL
    budget = caller.store.host_budget
    if not budget.reserve(count * _WAIT_BYTES):
        return Errno.NOMEM
    try:
        return _wait_for(process, caller.memory, subscriptions, events, count, result, each, clock_position)
    finally:
        budget.release(count * _WAIT_BYTES)


def _wait_for(
    process: Process,
    memory: Memory,
    subscriptions: int,
    events: int,
    count: int,
    result: int,
    each: int,
    clock_position: int,
) -> int:
    wanted = memory.read(subscriptions, each * count)
    room = memory.slice(events, _EVENT.size * count)
    memory.slice(result, 4)
    wait = _Wait(process)
    for start in range(0, len(wanted), each):
        user_data, kind = struct.unpack_from("<QB", wanted, start)
        if kind == _CLOCK:
            wait.add_clock(user_data, *struct.unpack_from("<I4xQQH", wanted, start + clock_position))
        elif kind in (_READ, _WRITE):
            wait.add_descriptor(user_data, kind, *struct.unpack_from("<I", wanted, start + 16))
        else:
            return Errno.INVAL
    ready = wait.run()
    for number, event in enumerate(ready):
        _EVENT.pack_into(room, number * _EVENT.size, *event)
    memory.write_value(result, "I", len(ready))
    return Errno.SUCCESS


class _Wait:
    """Everything that a guest waits for in one call."""

    def __init__(self, process: Process) -> None:
        self._process = process
        # Events that are ready without waiting.
        self._ready: list[Event] = []
        # The time at which each clock is due, on the host's monotonic clock, and its user data.
        self._clocks: list[tuple[int, int]] = []
        # Descriptors that may have to be waited for: user data, kind, handle.
        self._handles: list[tuple[int, int, Any]] = []
        self._start = time.monotonic_ns()
        # A clock that advances by the guest's sleep only: waiting for it ends at once.
        self._fixed: FixedClock | None = None

    def add_clock(self, user_data: int, clock: int, timeout: int, precision: int, flags: int) -> None:
        read = self._process.clocks.get(clock)
        if read is None or flags & ~_ABSOLUTE_TIME:
            self._ready.append((user_data, Errno.INVAL, _CLOCK, 0, 0))
            return
        delay = max(0, timeout - read()) if flags & _ABSOLUTE_TIME else timeout
        if isinstance(read, FixedClock):
            self._fixed = read
        self._clocks.append((self._start + delay, user_data))

    def add_descriptor(self, user_data: int, kind: int, number: int) -> None:
        try:
            entry = self._process.table[number]
            handle = entry.wait_handle()
            if handle is None or not can_be_waited_for(handle):
                size = entry.pending_bytes() if kind == _READ else 1
                self._ready.append((user_data, Errno.SUCCESS, kind, size, 0))
            else:
                self._handles.append((user_data, kind, handle))
        except Failure as failure:
            self._ready.append((user_data, failure.errno, kind, 0, 0))
        except OSError as error:
            self._ready.append((user_data, Errno.of(error), kind, 0, 0))

    def run(self) -> list[Event]:
        """Waits until at least one event is ready; returns all that are."""
        due = min(self._clocks)[0] if self._clocks else None
        if self._fixed is not None and due is not None and not self._ready:
            self._fixed.advance(due - self._start)
            self._start, shift = due, due - self._start
            return self._select(0.0) or self._due_clocks(self._start + shift)
        while True:
            now = time.monotonic_ns()
            if self._ready or (due is not None and due <= now):
                seconds = 0.0
            elif due is None:
                seconds = _LONGEST_WAIT_SECONDS
            else:
                seconds = min((due - now) / 1e9, _LONGEST_WAIT_SECONDS)
            found = [*self._ready, *self._select(seconds), *self._due_clocks(time.monotonic_ns())]
            if found:
                return found

    def _due_clocks(self, now: int) -> list[Event]:
        return [(user_data, Errno.SUCCESS, _CLOCK, 0, 0) for due, user_data in self._clocks if due <= now]

    def _select(self, seconds: float) -> list[Event]:
        if not self._handles:
            if seconds:
                time.sleep(seconds)
            return []
        # Imported only if something has to be waited for.
        load("selectors")
        from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector

        masks: dict[int, int] = {}
        for _, kind, handle in self._handles:
            number = number_of(handle)
            masks[number] = masks.get(number, 0) | (EVENT_READ if kind == _READ else EVENT_WRITE)
        with DefaultSelector() as selector:
            for number, mask in masks.items():
                selector.register(number, mask)
            found = {key.fd: mask for key, mask in selector.select(seconds)}
        events = []
        for user_data, kind, handle in self._handles:
            mask = found.get(number_of(handle), 0)
            if mask & (EVENT_READ if kind == _READ else EVENT_WRITE):
                size, flags = _readable_bytes(handle) if kind == _READ else (1, 0)
                events.append((user_data, Errno.SUCCESS, kind, size, flags))
        return events


def _readable_bytes(handle: Any) -> tuple[int, int]:
    """How many bytes the system says are readable, and the hang-up flag if the other side is gone."""
    try:
        load("fcntl")
        import fcntl

        load("termios")
        import termios

        (size,) = struct.unpack("i", fcntl.ioctl(number_of(handle), termios.FIONREAD, b"\0\0\0\0"))
    except (ImportError, OSError):
        return 1, 0
    # Readable with no bytes means the end. (A listening socket has connections to accept instead.)
    return (size, 0) if size else (0, _HANG_UP)
