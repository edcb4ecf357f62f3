"""``poll_oneoff``: waits for clocks, and for files, pipes and sockets (``readiness.py``).

poll_oneoff(process, caller, subscriptions, events, 2, result)      -> Errno.SUCCESS; 32 bytes at `events` for each one
"""

from __future__ import annotations

import _struct as struct  # what there is in struct, without that file

from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.readiness import Wait
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
# The former interface has one more field in front of a clock's.
_SUBSCRIPTION_BYTES: Final = 48
_CLOCK_POSITION: Final = 16
_UNSTABLE_SUBSCRIPTION_BYTES: Final = 56
_UNSTABLE_CLOCK_POSITION: Final = 24

# A guest that waits for more things than this at once would fill the host's memory with lists of them.
_MOST_SUBSCRIPTIONS: Final = 1 << 16

# What the host needs for each of them, about.
_WAIT_BYTES: Final = 512


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
    wait = _Events(process)
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


class _Events:
    """What a guest waits for: the events, as far as they are known before."""

    def __init__(self, process: Process) -> None:
        self._process = process
        # Its keys are events, and what is to be waited for by a system's handle is that with it.
        self._wait = Wait()

    def add_clock(self, user_data: int, clock: int, timeout: int, precision: int, flags: int) -> None:
        read = self._process.clocks.get(clock)
        if read is None or flags & ~_ABSOLUTE_TIME:
            self._wait.add_ready((user_data, Errno.INVAL, _CLOCK, 0, 0))
            return
        delay = max(0, timeout - read()) if flags & _ABSOLUTE_TIME else timeout
        self._wait.add_delay((user_data, Errno.SUCCESS, _CLOCK, 0, 0), delay, read)

    def add_descriptor(self, user_data: int, kind: int, number: int) -> None:
        try:
            entry = self._process.table[number]
            handle = entry.wait_handle()
            if handle is None or not can_be_waited_for(handle):
                size = entry.pending_bytes() if kind == _READ else 1
                self._wait.add_ready((user_data, Errno.SUCCESS, kind, size, 0))
            else:
                self._wait.add_handle((user_data, kind, handle), handle, for_reading=kind == _READ)
        except Failure as failure:
            self._wait.add_ready((user_data, failure.errno, kind, 0, 0))
        except OSError as error:
            self._wait.add_ready((user_data, Errno.of(error), kind, 0, 0))

    def run(self) -> list[Event]:
        """Waits until at least one thing is ready; all that are."""
        return [found if len(found) == 5 else _event(*found) for found in self._wait.run()]


def _event(user_data: int, kind: int, handle: Any) -> Event:
    size, flags = _readable_bytes(handle) if kind == _READ else (1, 0)
    return user_data, Errno.SUCCESS, kind, size, flags


def _readable_bytes(handle: Any) -> tuple[int, int]:
    """How many bytes there are, as far as the system tells, and whether the other side is gone."""
    try:
        load("fcntl")
        import fcntl

        load("termios")
        import termios

        (size,) = struct.unpack("i", fcntl.ioctl(number_of(handle), termios.FIONREAD, b"\0\0\0\0"))
    except (ImportError, OSError):
        return 1, 0
    # Ready with nothing to read: the end. A socket that listens has something else to offer.
    return (size, 0) if size else (0, _HANG_UP)
