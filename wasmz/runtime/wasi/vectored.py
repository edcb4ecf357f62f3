"""Transfers bytes between a file descriptor of the system and pieces of a guest's memory, without copying.

readv(fd, [view, view])             -> number of bytes
preadv(fd, [view], 4096)            -> the same at a position

On systems without such calls, Python's unbuffered files replace them: they read into views, too.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

if hasattr(os, "preadv") and hasattr(os, "pwritev"):
    readv: Callable[[int, list[memoryview]], int] = os.readv
    writev: Callable[[int, list[memoryview]], int] = os.writev
    preadv: Callable[[int, list[memoryview], int], int] = os.preadv
    pwritev: Callable[[int, list[memoryview], int], int] = os.pwritev
else:
    from _thread import allocate_lock
    from io import FileIO

    # One lock for all files, held while a file's position is moved for a transfer and back.
    _moving = allocate_lock()

    def _read(fd: int, targets: list[memoryview]) -> int:
        total = 0
        with FileIO(fd, "rb", closefd=False) as file:
            for target in targets:
                got = file.readinto(target)
                if got is None:
                    if total:
                        break
                    raise BlockingIOError(11, "no input now")
                total += got
                if got < len(target):
                    break
        return total

    def _write(fd: int, sources: list[memoryview]) -> int:
        total = 0
        with FileIO(fd, "wb", closefd=False) as file:
            for source in sources:
                taken = file.write(source)
                if taken is None:
                    if total:
                        break
                    raise BlockingIOError(11, "no output now")
                total += taken
                if taken < len(source):
                    break
        return total

    def _at(transfer: Callable[[int, list[memoryview]], int], fd: int, views: list[memoryview], offset: int) -> int:
        with _moving:
            position = os.lseek(fd, 0, os.SEEK_CUR)
            try:
                os.lseek(fd, offset, os.SEEK_SET)
                return transfer(fd, views)
            finally:
                os.lseek(fd, position, os.SEEK_SET)

    def _read_at(fd: int, targets: list[memoryview], offset: int) -> int:
        return _at(_read, fd, targets, offset)

    def _write_at(fd: int, sources: list[memoryview], offset: int) -> int:
        return _at(_write, fd, sources, offset)

    readv, writev, preadv, pwritev = _read, _write, _read_at, _write_at
