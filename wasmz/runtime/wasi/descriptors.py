"""Descriptors: the objects behind a guest's descriptor numbers.

table = DescriptorTable({0: stdin, 1: stdout, 2: stderr})
table.add(file)                 -> 3, the lowest free number
table[3].read([view])           -> number of bytes

Every kind of object is a ``Descriptor`` and implements the methods that apply to it; the others raise. A method
returns its value, or raises ``Failure`` or an ``OSError``, which becomes an error number for the guest.
"""

from __future__ import annotations

from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FileType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.runtime.limits.budgets import HostBudget

    # Device, inode, file type, number of links, size in bytes; times of access, modification and status change in
    # nanoseconds.
    Stat = tuple[int, int, int, int, int, int, int, int]

# About what the host needs for one.
_BYTES: Final = 512

MAX_OFFSET: Final = (1 << 63) - 1


class Failure(Exception):
    """Ends a function with an error number.

    Attributes:
        errno: the error number.
    """

    def __init__(self, errno: int) -> None:
        self.errno = errno


class Descriptor:
    """An open file, directory, stream or socket.

    It is closed when its last reference is gone. So one thread cannot close a host's descriptor, by closing its number,
    while another thread reads from it.

    Attributes:
        file_type: one of ``FileType``.
        flags: a combination of ``FdFlags``.
        preopen_name: the guest's name for a preopened directory.
        is_always_ready: whether reading and writing never wait.
    """

    file_type: int = FileType.UNKNOWN
    flags: int = 0
    preopen_name: bytes | None = None
    is_always_ready: bool = True

    @property
    def rights(self) -> tuple[int, int]:
        """Its rights, and those that descriptors opened through it may have."""
        return 0, 0

    # Data

    def read(self, targets: list[memoryview]) -> int:
        """Fills the targets in order with what there is; returns the number of bytes, 0 at the end."""
        raise Failure(Errno.BADF)

    def write(self, sources: list[memoryview]) -> int:
        """Takes bytes from the sources; returns how many."""
        raise Failure(Errno.BADF)

    def read_at(self, targets: list[memoryview], offset: int) -> int:
        """Like :meth:`read`, at a position of the file, without moving the current one."""
        raise Failure(Errno.BADF)

    def write_at(self, sources: list[memoryview], offset: int) -> int:
        """Like :meth:`write`, at a position of the file, without moving the current one."""
        raise Failure(Errno.BADF)

    def seek(self, offset: int, whence: int) -> int:
        """Moves the position, with ``whence`` as in ``os.lseek``; returns the new one."""
        raise Failure(Errno.BADF)

    # Attributes

    def stat(self) -> Stat:
        """The attributes of the file."""
        raise Failure(Errno.BADF)

    def set_size(self, size: int) -> None:
        """Truncates the file, or extends it with zeros."""
        raise Failure(Errno.BADF)

    def allocate(self, offset: int, size: int) -> None:
        """Makes sure that the file reaches to the end of a range."""
        raise Failure(Errno.BADF)

    def advise(self, offset: int, size: int, advice: int) -> None:
        """Announces how the file will be used; ``advice`` is numbered as in POSIX."""
        raise Failure(Errno.BADF)

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        """Sets timestamps in nanoseconds; ``None`` leaves one unchanged."""
        raise Failure(Errno.BADF)

    def set_flags(self, flags: int) -> None:
        """Changes the flags, a combination of ``FdFlags``."""
        raise Failure(Errno.BADF)

    def sync(self, *, data_only: bool) -> None:
        """Waits until everything is on the disk."""
        raise Failure(Errno.BADF)

    def flush(self) -> None:
        """Writes out buffered output: before its number is closed, and when the guest exits."""

    # Waiting

    def wait_handle(self) -> Any:
        """What ``selectors`` can wait for: a number, or an object with ``fileno``. ``None`` if it is always ready."""
        return None

    def pending_bytes(self) -> int:
        """How many bytes can be read without waiting; at least 1 if that is unknown."""
        return 1


class DescriptorTable:
    """The open descriptors of a guest, by number."""

    def __init__(self, entries: dict[int, Descriptor], most: int) -> None:
        """``most`` is the largest number of open descriptors; beyond it, opening raises ``Failure(MFILE)``."""
        self._entries = entries
        self._most = most
        self._lowest = 0
        self._budget: HostBudget | None = None
        # How many of them are counted in the budget.
        self._counted = 0

    def charge_to(self, budget: HostBudget) -> None:
        """Counts what is opened from now on in the budget of a store; the first budget stays."""
        if self._budget is None:
            self._budget = budget

    def __getitem__(self, number: int) -> Descriptor:
        """The object open under the number. ``Failure(BADF)`` if there is none."""
        entry = self._entries.get(number)
        if entry is None:
            raise Failure(Errno.BADF)
        return entry

    def __len__(self) -> int:
        return len(self._entries)

    def values(self) -> list[Descriptor]:
        """All open objects."""
        return list(self._entries.values())

    def add(self, entry: Descriptor) -> int:
        """Opens an object under the lowest free number, which is returned."""
        entries = self._entries
        if len(entries) >= self._most:
            raise Failure(Errno.MFILE)
        if self._budget is not None:
            if not self._budget.reserve(_BYTES):
                raise Failure(Errno.NOMEM)
            self._counted += 1
        number = self._lowest
        # setdefault is atomic, if several threads of the guest open files.
        while entries.setdefault(number, entry) is not entry:
            number += 1
        self._lowest = number + 1
        return number

    def close(self, number: int) -> Descriptor:
        """Frees a number; returns the object that was open there."""
        entry = self._entries.pop(number, None)
        if entry is None:
            raise Failure(Errno.BADF)
        self._lowest = min(self._lowest, number)
        if self._budget is not None and self._counted:
            self._counted -= 1
            self._budget.release(_BYTES)
        return entry

    def close_all_from(self, first: int) -> None:
        """Frees all numbers from ``first`` on; objects that are not in use are closed at once."""
        for number in list(self._entries):
            if number >= first:
                self._entries.pop(number, None)
        self._lowest = min(self._lowest, first)

    def renumber(self, number: int, to: int) -> Descriptor | None:
        """Moves an object to another number, which must be open; returns the object that was there."""
        entries = self._entries
        replaced = entries.get(to)
        if number not in entries or replaced is None:
            raise Failure(Errno.BADF)
        if number == to:
            return None
        entries[to] = self.close(number)
        return replaced
