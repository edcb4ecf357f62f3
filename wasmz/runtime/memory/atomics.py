"""Atomic memory access, wait and notify (proposal "threads"): what generated code calls, imported where it does.

    atomic_add4(m0, m0_I, 8, 5)             -> what was at 8, to which 5 is added
    atomic_load4(m0_I, 6)                   -> Trap(UNALIGNED_ATOMIC_ACCESS)
    atomic_wait4(m0, m0_I, 8, 7, -1)        -> 0 once another thread has called memory_atomic_notify(m0, 8, 1)
    HELPERS["atomic_add4"]

The digit is the width in bytes. Addresses are unreduced sums, and may exceed their type: then they are out of bounds.
Changes hold the memory's lock, so they are atomic with and without CPython's GIL. A load is a single operation of
CPython's anyway.
"""

from __future__ import annotations

import operator
import time
from _thread import allocate_lock

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap
from wasmz.runtime.limits.checkpoints import LONGEST_WAIT, requests, stop_if_asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType, RLock
    from collections.abc import Callable
    from typing import Any, Protocol

    from wasmz.runtime.memory.views import View
    from wasmz.types import MemoryType

    class Memory(Protocol):
        """What atomic access needs of a memory (``linear.py``)."""

        waiting: dict[int, list[LockType]]

        @property
        def lock(self) -> RLock: ...

        @property
        def type(self) -> MemoryType: ...


__all__ = ["HELPERS"]

__wasmz_frame__ = "helper"

# The results of memory.atomic.wait.
_WOKEN, _NOT_EQUAL, _TIMED_OUT = 0, 1, 2


def _unaligned() -> Trap:
    return Trap(TrapCode.UNALIGNED_ATOMIC_ACCESS)


def _loader(width: int) -> Callable[..., int]:
    low_bits = width - 1

    def load(view: View, address: int) -> Any:
        if address & low_bits:
            raise _unaligned()
        return view[address]

    return load


def _storer(width: int) -> Callable[..., None]:
    low_bits, mask = width - 1, (1 << 8 * width) - 1

    def store(memory: Memory, view: View, address: int, value: int) -> None:
        if address & low_bits:
            raise _unaligned()
        with memory.lock:
            view[address] = value & mask

    return store


def _changer(width: int, combine: Callable[[int, int], int]) -> Callable[..., int]:
    low_bits, mask = width - 1, (1 << 8 * width) - 1

    def change(memory: Memory, view: View, address: int, value: int) -> int:
        if address & low_bits:
            raise _unaligned()
        with memory.lock:
            while True:
                old: int = view[address]
                new = combine(old, value) & mask
                # A signal handler may have changed it since. None can run between this test and the store.
                if view[address] == old:
                    view[address] = new
                    return old

    return change


def _exchanger(width: int) -> Callable[..., int]:
    low_bits, mask = width - 1, (1 << 8 * width) - 1

    def exchange(memory: Memory, view: View, address: int, expected: int, value: int) -> int:
        """Stores ``value`` if the number there equals ``expected``, which may be wider; returns the old number."""
        if address & low_bits:
            raise _unaligned()
        with memory.lock:
            old: int = view[address]
            if old == expected:
                view[address] = value & mask
        return old

    return exchange


def _wait_for(turn: LockType, due: float | None) -> bool:
    """Waits until the lock is released; ``False`` when the time ``due`` comes first. The wait can be stopped."""
    while True:
        left = LONGEST_WAIT if due is None else min(due - time.monotonic(), LONGEST_WAIT)
        if turn.acquire(True, max(left, 0)):
            return True
        if requests:
            stop_if_asked()
        if left < LONGEST_WAIT:
            return False


def _waiter(width: int) -> Callable[..., int]:
    low_bits = width - 1

    def wait(memory: Memory, view: View, address: int, expected: int, timeout: int) -> int:
        """Waits for a notification at the address, if the number there is the expected one.

        ``timeout`` is in nanoseconds, as an unsigned number; negative ones mean no limit.
        """
        if address & low_bits:
            raise _unaligned()
        if not memory.type.shared:
            # Bounds are checked first: an address is out of bounds whatever the memory's kind.
            _ = view[address]
            raise Trap(TrapCode.UNSHARED_MEMORY_WAIT)
        if requests:
            stop_if_asked()
        turn = allocate_lock()
        turn.acquire()
        is_expected = notified = False
        try:
            with memory.lock:
                _enter(memory, address, turn)
                # Compared only once notifications can reach this thread: a signal handler may change the number, and
                # notify, at any time.
                is_expected = view[address] == expected
            if is_expected:
                notified = _wait_for(turn, None if timeout >> 63 else time.monotonic() + timeout / 1e9)
        finally:
            if not notified:
                with memory.lock:
                    # A notification may have come in between.
                    notified = not _leave(memory, address, turn)
        return _WOKEN if notified else _TIMED_OUT if is_expected else _NOT_EQUAL

    return wait


# A signal handler may interrupt both, while this thread holds the lock, and do the same, or notify.


def _enter(memory: Memory, address: int, turn: LockType) -> None:
    """Adds the thread, as its lock ``turn``, to the end of the queue of an address."""
    while True:
        queue = memory.waiting.setdefault(address, [])
        queue.append(turn)
        if memory.waiting.get(address) is queue:
            return
        # The queue was empty, and has been removed.
        _remove(queue, turn)


def _leave(memory: Memory, address: int, turn: LockType) -> bool:
    """Removes the thread from the queue; ``False`` if it has been notified."""
    queue = memory.waiting.get(address)
    if queue is None or not _remove(queue, turn):
        return False
    if not queue:
        memory.waiting.pop(address, None)
    return True


def _remove(queue: list[LockType], turn: LockType) -> bool:
    try:
        queue.remove(turn)
    except ValueError:
        return False
    return True


def memory_atomic_notify(memory: Memory, view: View, address: int, count: int) -> int:
    """Wakes up to ``count`` threads that wait at the address, in the order they came; returns how many."""
    if address & 3:
        raise _unaligned()
    _ = view[address]
    with memory.lock:
        queue = memory.waiting.get(address)
        woken = 0
        while queue and woken < count:
            try:
                turn = queue.pop(0)
            except IndexError:
                # A signal handler was quicker.
                break
            turn.release()
            woken += 1
        if queue is not None and not queue:
            memory.waiting.pop(address, None)
    return woken


def _second(_: int, value: int) -> int:
    return value


_COMBINATIONS: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "sub": operator.sub,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "xchg": _second,
}

HELPERS: dict[str, Callable[..., Any]] = {
    "atomic_notify": memory_atomic_notify,
    **{f"atomic_load{width}": _loader(width) for width in (2, 4, 8)},
    **{f"atomic_store{width}": _storer(width) for width in (1, 2, 4, 8)},
    **{f"atomic_cmpxchg{width}": _exchanger(width) for width in (1, 2, 4, 8)},
    **{f"atomic_wait{width}": _waiter(width) for width in (4, 8)},
    **{
        f"atomic_{name}{width}": _changer(width, combine)
        for name, combine in _COMBINATIONS.items()
        for width in (1, 2, 4, 8)
    },
}
