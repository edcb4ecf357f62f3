"""Waits for files of the system so that a guest's thread can be stopped meanwhile.

wait_until_readable(0)          returns when a read of standard input would not wait
next(parts([view], 4096))       -> the first 4096 bytes, as a list of views

Only in the main thread does a signal interrupt a system call. So all other threads wait in short slices: they can be
stopped while Python code runs between these.
"""

from __future__ import annotations

import sys
from _thread import get_ident

from wasmz.runtime.limits.checkpoints import LONGEST_WAIT
from wasmz.runtime.wasi.vectored import preadv, pwritev, readv, writev
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Final

# A pipe that is writable has room for at least this many bytes: POSIX's PIPE_BUF on most systems.
PIPE_PART: Final = 512 if sys.platform == "darwin" else 4096

# The most bytes that one system call transfers.
LARGEST_TRANSFER: Final = 1 << 24


def can_wait_in_system() -> bool:
    """Whether signals wake this thread: whether it is the main thread, which Ctrl-C and deadlines reach."""
    threading = sys.modules.get("threading")
    return threading is None or bool(get_ident() == threading.main_thread().ident)


def wait_until_readable(number: int) -> None:
    """Returns when reading would not wait, or when the file cannot be waited for."""
    _wait(number, for_reading=True)


def wait_until_writable(number: int) -> None:
    """Returns when some bytes can be written without waiting."""
    _wait(number, for_reading=False)


def _wait(number: int, *, for_reading: bool) -> None:
    # Imported only when something waits.
    import select

    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(number, select.POLLIN if for_reading else select.POLLOUT)
        while not poll.poll(LONGEST_WAIT * 1000):
            pass
        return
    wanted = ([number], []) if for_reading else ([], [number])
    try:
        while not any(select.select(*wanted, [], LONGEST_WAIT)):
            pass
    except (OSError, ValueError):
        pass  # Windows selects among sockets only


def is_readable(handle: Any) -> bool:
    """Whether reading would not wait."""
    if not can_be_waited_for(handle):
        return True
    load("selectors")
    from selectors import EVENT_READ, DefaultSelector

    with DefaultSelector() as selector:
        selector.register(handle, EVENT_READ)
        return bool(selector.select(0))


def number_of(handle: Any) -> int:
    """The system's number of a file or socket that can be waited for."""
    return handle if isinstance(handle, int) else int(handle.fileno())


def can_be_waited_for(handle: Any) -> bool:
    """Whether it can be waited for: selectors refuse ordinary files, and on Windows everything but sockets."""
    load("selectors")
    from selectors import EVENT_READ, DefaultSelector

    with DefaultSelector() as selector:
        try:
            selector.register(handle, EVENT_READ)
            if not hasattr(selector, "fileno"):
                # select() reports that only when it is called.
                selector.select(0)
        except (OSError, ValueError):
            return False
    return True


def parts(views: list[memoryview], size: int, each: int = 1024) -> Iterator[list[memoryview]]:
    """The same bytes in lists of at most ``size`` bytes and ``each`` views."""
    part: list[memoryview] = []
    room = size
    for view in views:
        position = 0
        while position < len(view):
            piece = view[position : position + room]
            part.append(piece)
            position += len(piece)
            room -= len(piece)
            if not room or len(part) == each:
                yield part
                part, room = [], size
    if part:
        yield part


def in_parts(transfer: Callable[[list[memoryview]], int], views: list[memoryview]) -> int:
    """Transfers much data by several system calls, until one transfers less than it was given."""
    if not views:
        return 0
    if sum(map(len, views)) <= LARGEST_TRANSFER:
        return transfer(views)
    total = 0
    for part in parts(views, LARGEST_TRANSFER):
        try:
            done = transfer(part)
        except OSError:
            if total:
                break
            raise
        total += done
        if done < sum(map(len, part)):
            break
    return total


def read_from(number: int, targets: list[memoryview], *, waits: bool) -> int:
    """Reads from a file; ``waits`` says that the file may have nothing yet, and must be waited for."""
    if waits and targets and not can_wait_in_system():
        wait_until_readable(number)
    return in_parts(lambda part: readv(number, part), targets)


def write_to(number: int, sources: list[memoryview], *, waits: bool) -> int:
    """Writes to a file; ``waits`` says that the file may have no room, and must be waited for."""
    if not waits or can_wait_in_system():
        return in_parts(lambda part: writev(number, part), sources)
    total = 0
    for part in parts(sources, PIPE_PART):
        wait_until_writable(number)
        done = writev(number, part)
        total += done
        if done < sum(map(len, part)):
            break
    return total


def read_at(number: int, targets: list[memoryview], offset: int) -> int:
    """Reads at a position of a file."""
    done = 0

    def read(part: list[memoryview]) -> int:
        nonlocal done
        size = preadv(number, part, offset + done)
        done += size
        return size

    return in_parts(read, targets)


def write_at(number: int, sources: list[memoryview], offset: int) -> int:
    """Writes at a position of a file."""
    done = 0

    def write(part: list[memoryview]) -> int:
        nonlocal done
        size = pwritev(number, part, offset + done)
        done += size
        return size

    return in_parts(write, sources)
