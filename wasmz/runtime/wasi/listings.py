"""Listings of directories, stored as the bytes that guests read.

    listings.find(directory, budget, is_new=True).read(0, 4096)     -> the first 4096 bytes of the entries

A listing is made when a guest starts to read a directory, and serves all the parts that follow. So cookies are
positions in it, and entries that others add or remove meanwhile do not make any appear twice. The listings that a
guest used last are kept, up to a number of bytes; others are made again when they are needed.
"""

from __future__ import annotations

import _struct as struct  # what there is in struct, without that file
from array import array

from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FileType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.runtime.limits.budgets import HostBudget
    from wasmz.runtime.wasi.resolution import Directory

# The next entry's cookie, inode, length of the name, type; the name follows.
_DIRENT: Final = struct.Struct("<QQIB3x")

# The most bytes of listings that are kept while a guest does not use them.
_MOST_KEPT: Final = 1 << 21
_LISTING_BYTES: Final = 512
# How many bytes are counted at once while a listing grows.
_STEP: Final = 1 << 16


class Listing:
    """The entries of a directory in the guest's layout, one after the other.

    Attributes:
        content: the entries' bytes.
        ends: where each entry ends.
        directory: the directory that was listed.
    """

    def __init__(self, directory: Directory, budget: HostBudget, listings: Listings) -> None:
        """Reads the directory. ``Failure(NOMEM)`` if the listing is too large for the budget."""
        self.directory = directory
        self.content: bytearray = bytearray()
        self.ends: array[int] = array("Q")
        self._budget = budget
        self.size: int = 0
        self._count(_LISTING_BYTES, listings)
        # The attributes of the directory above are not for the guest.
        self._add(directory.stat()[1], FileType.DIRECTORY, b".")
        self._add(0, FileType.DIRECTORY, b"..")
        for inode, file_type, name in directory.entries():
            self._add(inode, file_type, name)
            if len(self.content) + 8 * len(self.ends) > self.size:
                self._count(_STEP, listings)

    def _add(self, inode: int, file_type: int, name: bytes) -> None:
        cookie = len(self.ends) + 1
        self.content += _DIRENT.pack(cookie, inode & 0xFFFF_FFFF_FFFF_FFFF, len(name), file_type) + name
        self.ends.append(len(self.content))

    def _count(self, size: int, listings: Listings) -> None:
        while not self._budget.reserve(size):
            if not listings.forget_oldest():
                raise Failure(Errno.NOMEM)
        self.size += size

    def __del__(self) -> None:
        self._budget.release(self.size)

    def read(self, cookie: int, room: int) -> memoryview:
        """The entries from a cookie on, as many bytes as fit; the last entry may be cut off."""
        position = len(self.content)
        if 0 <= cookie < len(self.ends):
            position = self.ends[cookie - 1] if cookie else 0
        return memoryview(self.content)[position : position + room]


class Listings:
    """The listings of a guest, in the order of their last use."""

    def __init__(self) -> None:
        self._kept: dict[int, Listing] = {}

    def find(self, directory: Directory, budget: HostBudget, *, is_new: bool) -> Listing:
        """The listing of an open directory; made now if ``is_new``, or if it is not kept."""
        found = self._kept.pop(id(directory), None)
        if is_new or found is None or found.directory is not directory:
            found = None
            found = Listing(directory, budget, self)
        self._kept[id(directory)] = found
        while len(self._kept) > 1 and sum([item.size for item in list(self._kept.values())]) > _MOST_KEPT:
            self.forget_oldest()
        return found

    def forget(self, directory: object) -> None:
        """Drops the listing of a directory that is closed."""
        self._kept.pop(id(directory), None)

    def forget_oldest(self) -> bool:
        """Drops the least recently used listing; ``False`` if there is none."""
        for key in list(self._kept)[:1]:
            self._kept.pop(key, None)
            return True
        return False
