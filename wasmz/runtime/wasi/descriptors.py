"""Descriptors: what a guest's small numbers stand for.

table = DescriptorTable({0: stdin, 1: stdout, 2: stderr})
table.add(file)                 -> 3, the lowest free number
table[3].read([view])           -> number of bytes

Every kind of object is a ``Descriptor`` and has those methods that apply to it; the others refuse. A method gives its
value, or raises ``Failure`` or an ``OSError``, which the guest sees as an error number.
"""

from __future__ import annotations

from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FileType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.runtime.limits.budgets import HostBudget

    # Device, inode, file type, number of links, size in bytes; times of access, of modification, of status change in
    # nanoseconds.
    Stat = tuple[int, int, int, int, int, int, int, int]

# What the host holds for one, about.
_BYTES: Final = 512

MAX_OFFSET: Final = (1 << 63) - 1


class Failure(Exception):
    """What ends a function with an error number.

    Attributes:
        errno: the number.
    """

    def __init__(self, errno: int) -> None:
        self.errno = errno


class Descriptor:
    """An open file, directory, stream or socket.

    Nothing closes it but its last reference, so that closing a number in one thread cannot take a host's descriptor
    from under a read that another thread is in.

    Attributes:
        file_type: of ``FileType``.
        flags: of ``FdFlags``.
        preopen_name: the guest's name for a preopened directory.
        is_always_ready: whether reading and writing never wait.
    """

    file_type: int = FileType.UNKNOWN
    flags: int = 0
    preopen_name: bytes | None = None
    is_always_ready: bool = True

    @property
    def rights(self) -> tuple[int, int]:
        """The rights of the descriptor, and those that what is opened through it can have."""
        return 0, 0

    # Data

    def read(self, targets: list[memoryview]) -> int:
        """Fills the targets in turn, as far as there is something; 0 at the end."""
        raise Failure(Errno.BADF)

    def write(self, sources: list[memoryview]) -> int:
        """Takes bytes; how many."""
        raise Failure(Errno.BADF)

    def read_at(self, targets: list[memoryview], offset: int) -> int:
        """The same at a position of the file, without moving its own."""
        raise Failure(Errno.BADF)

    def write_at(self, sources: list[memoryview], offset: int) -> int:
        """The same at a position of the file, without moving its own."""
        raise Failure(Errno.BADF)

    def seek(self, offset: int, whence: int) -> int:
        """Moves the position, with ``whence`` as in ``os.lseek``; the new one."""
        raise Failure(Errno.BADF)

    # Attributes

    def stat(self) -> Stat:
        """The attributes of what is open."""
        raise Failure(Errno.BADF)

    def set_size(self, size: int) -> None:
        """Cuts the file, or extends it with zeros."""
        raise Failure(Errno.BADF)

    def allocate(self, offset: int, size: int) -> None:
        """Makes sure that the file reaches that far."""
        raise Failure(Errno.BADF)

    def advise(self, offset: int, size: int, advice: int) -> None:
        """Says how the file will be used; ``advice`` counts like POSIX's."""
        raise Failure(Errno.BADF)

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        """Sets timestamps in nanoseconds; ``None`` leaves one as it is."""
        raise Failure(Errno.BADF)

    def set_flags(self, flags: int) -> None:
        """Changes ``FdFlags``."""
        raise Failure(Errno.BADF)

    def sync(self, *, data_only: bool) -> None:
        """Waits until everything is on the disk."""
        raise Failure(Errno.BADF)

    def flush(self) -> None:
        """Passes on what is held back: before the number is closed, and when the guest exits."""

    # Waiting

    def wait_handle(self) -> Any:
        """What ``selectors`` can wait for, a number or an object with ``fileno``. ``None`` if it is always ready."""
        return None

    def pending_bytes(self) -> int:
        """How many bytes can be read without waiting, as far as that is known; at least 1 otherwise."""
        return 1


class DescriptorTable:
    """The open descriptors of a guest, by number."""

    def __init__(self, entries: dict[int, Descriptor], most: int) -> None:
        """``most`` are how many there may be; then opening fails with ``Failure(MFILE)``."""
        self._entries = entries
        self._most = most
        self._lowest = 0
        self._budget: HostBudget | None = None
        # How many of them count against it.
        self._counted = 0

    def charge_to(self, budget: HostBudget) -> None:
        """Lets what is opened from now on count against the limit of a store; the first one that asks for it."""
        if self._budget is None:
            self._budget = budget

    def __getitem__(self, number: int) -> Descriptor:
        """What is open under the number. ``Failure(BADF)`` if nothing is."""
        entry = self._entries.get(number)
        if entry is None:
            raise Failure(Errno.BADF)
        return entry

    def __len__(self) -> int:
        return len(self._entries)

    def values(self) -> list[Descriptor]:
        """All that is open."""
        return list(self._entries.values())

    def add(self, entry: Descriptor) -> int:
        """Opens something under the lowest free number."""
        entries = self._entries
        if len(entries) >= self._most:
            raise Failure(Errno.MFILE)
        if self._budget is not None:
            if not self._budget.reserve(_BYTES):
                raise Failure(Errno.NOMEM)
            self._counted += 1
        number = self._lowest
        # setdefault is one step, also when several threads of the guest open files.
        while entries.setdefault(number, entry) is not entry:
            number += 1
        self._lowest = number + 1
        return number

    def close(self, number: int) -> Descriptor:
        """Frees a number; gives what was open there."""
        entry = self._entries.pop(number, None)
        if entry is None:
            raise Failure(Errno.BADF)
        self._lowest = min(self._lowest, number)
        if self._budget is not None and self._counted:
            self._counted -= 1
            self._budget.release(_BYTES)
        return entry

    def close_all_from(self, first: int) -> None:
        """Frees all numbers from this one on; what nobody is using just now is closed at once."""
        for number in list(self._entries):
            if number >= first:
                self._entries.pop(number, None)
        self._lowest = min(self._lowest, first)

    def renumber(self, number: int, to: int) -> Descriptor | None:
        """Moves what is open to another number that is open; gives what was there."""
        entries = self._entries
        replaced = entries.get(to)
        if number not in entries or replaced is None:
            raise Failure(Errno.BADF)
        if number == to:
            return None
        entries[to] = self.close(number)
        return replaced
