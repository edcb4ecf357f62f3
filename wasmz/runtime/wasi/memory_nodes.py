"""Nodes of file systems in memory: files, directories and symbolic links, and the room that they may take.

space = Space(1 << 20, time.time_ns)
root = Folder(space, None)
root.put(b"a", File(space))             OSError(ENOSPC) if there is no room
root.find(b"a").stat()
"""

from __future__ import annotations

import errno
import os
from weakref import WeakKeyDictionary

from wasmz.errors import expect_integer
from wasmz.runtime.wasi.descriptors import MAX_OFFSET
from wasmz.runtime.wasi.flags import FileType
from wasmz.runtime.wasi.waiting import parts
from wasmz.startup.concurrency import new_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasmz.runtime.limits.budgets import HostBudget
    from wasmz.runtime.wasi.descriptors import Stat

_LONGEST_NAME: Final = 255
# About the size of a file besides its content.
_NODE_BYTES: Final = 512
_ENTRY_BYTES: Final = 128
_DEVICE: Final = 1
# How many bytes are copied at a time.
_PIECE: Final = 1 << 20


class Space:
    """What nodes share: the room that they may take, their numbers and the clock.

    Attributes:
        now: a callable that returns timestamps, in nanoseconds.
    """

    def __init__(self, limit_bytes: int, now: Callable[[], int]) -> None:
        self.now = now
        self._lock = new_lock()
        # For each store whose guests have the files: how many bytes its budget counts.
        self._budgets: WeakKeyDictionary[HostBudget, int] = WeakKeyDictionary()
        self._left = expect_integer(limit_bytes, "limit_bytes")
        self._inodes = 0

    def take(self, size: int) -> None:
        """Counts ``size`` more bytes. ENOSPC if the limit does not allow them."""
        with self._lock:
            if size > max(self._left, 0):
                raise system_error(errno.ENOSPC)
            reserved: list[HostBudget] = []
            for budget, counted in list(self._budgets.items()):
                # Bytes that were there before do not count for this guest.
                change = max(size, -counted)
                if change < 0:
                    budget.release(-change)
                elif not budget.reserve(change):
                    for other in reserved:
                        other.release(size)
                        self._budgets[other] -= size
                    raise system_error(errno.ENOSPC)
                else:
                    reserved.append(budget)
                self._budgets[budget] = counted + change
            self._left -= size

    def charge_to(self, budget: HostBudget) -> None:
        """Counts what is added from now on in this budget, too: that of a store whose guest has the files."""
        with self._lock:
            self._budgets.setdefault(budget, 0)

    def next_inode(self) -> int:
        """An inode number that no other file has."""
        with self._lock:
            self._inodes += 1
            return self._inodes


class Node:
    """A file, directory or symbolic link, which may have any number of names."""

    file_type: int
    accessed: int
    modified: int
    changed: int

    def __init__(self, space: Space) -> None:
        space.take(_NODE_BYTES + self.size)
        self.space = space
        self.inode: int = space.next_inode()
        self.links = 1
        self.accessed = self.modified = self.changed = space.now()

    def __del__(self) -> None:
        if hasattr(self, "changed"):
            self.space.take(-_NODE_BYTES - self.size)

    @property
    def size(self) -> int:
        """How many bytes its content has."""
        return 0

    def stat(self) -> Stat:
        """Its attributes."""
        times = self.accessed, self.modified, self.changed
        return _DEVICE, self.inode, self.file_type, self.links, self.size, *times

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        """Sets timestamps in nanoseconds; ``None`` leaves one unchanged."""
        if accessed is not None:
            self.accessed = accessed
        if modified is not None:
            self.modified = modified
        self.changed = self.space.now()


class File(Node):
    """A file with content."""

    file_type = FileType.REGULAR_FILE
    accessed: int
    modified: int
    changed: int

    def __init__(self, space: Space) -> None:
        self.content: bytearray = bytearray()
        super().__init__(space)

    @property
    def size(self) -> int:
        return len(self.content)

    def resize(self, size: int) -> None:
        """Cuts the content, or adds zeros to it. ENOSPC if there is no room."""
        content = self.content
        if size < len(content):
            self.space.take(size - len(content))
            del content[size:]
        else:
            # Writes all of it or nothing; in pieces, because the thread may be stopped.
            before = len(content)
            self.space.take(size - before)
            try:
                while len(content) < size:
                    content.extend(bytes(min(size - len(content), _PIECE)))
            except BaseException:
                del content[before:]
                self.space.take(before - size)
                raise
        self.modified = self.changed = self.space.now()

    def read(self, targets: list[memoryview], offset: int) -> int:
        """Copies content into buffers; returns how many bytes there were."""
        total = 0
        with memoryview(self.content) as content:
            for (target,) in parts(targets, _PIECE, each=1):
                part = content[offset + total : offset + total + len(target)]
                target[: len(part)] = part
                total += len(part)
                if len(part) < len(target):
                    break
        self.accessed = self.space.now()
        return total

    def write(self, sources: list[memoryview], offset: int) -> int:
        """Copies buffers into the content; returns how many bytes these were. ENOSPC if there is no room."""
        end = offset + sum(map(len, sources))
        if end > MAX_OFFSET:
            raise system_error(errno.EFBIG)
        if end > len(self.content):
            self.resize(end)
        start = offset
        for (source,) in parts(sources, _PIECE, each=1):
            self.content[start : start + len(source)] = source
            start += len(source)
        self.modified = self.changed = self.space.now()
        return start - offset


class Link(Node):
    """A symbolic link."""

    file_type = FileType.SYMBOLIC_LINK

    def __init__(self, space: Space, target: bytes) -> None:
        self.target = target
        super().__init__(space)

    @property
    def size(self) -> int:
        return len(self.target)


class Folder(Node):
    """A directory.

    Attributes:
        parent: its parent directory; ``None`` for the root, and once it is removed.
    """

    file_type = FileType.DIRECTORY
    modified: int
    changed: int

    def __init__(self, space: Space, parent: Folder | None) -> None:
        super().__init__(space)
        self.entries: dict[bytes, Node] = {}
        self.parent = parent
        self.is_removed = False

    def find(self, name: bytes) -> Node:
        """The entry with this name; ENOENT if there is none."""
        if name == b".":
            return self
        check_name(name)
        node = self.entries.get(name)
        if node is None:
            raise system_error(errno.ENOENT)
        return node

    def put(self, name: bytes, node: Node) -> None:
        """Adds an entry; EEXIST if the name is taken, ENOSPC if there is no room for one more."""
        check_name(name)
        if name == b"." or name in self.entries:
            raise system_error(errno.EEXIST)
        if self.is_removed:
            raise system_error(errno.ENOENT)
        self.space.take(entry_bytes(name))
        self.entries[name] = node
        self.modified = self.changed = self.space.now()

    def drop(self, name: bytes) -> None:
        """Removes an entry."""
        node = self.entries.pop(name)
        self.space.take(-entry_bytes(name))
        node.links -= 1
        self.modified = self.changed = node.changed = self.space.now()


def entry_bytes(name: bytes) -> int:
    """About the size of an entry of a directory."""
    return _ENTRY_BYTES + len(name)


def check_name(name: bytes) -> None:
    """ENAMETOOLONG for a name that is too long."""
    if len(name) > _LONGEST_NAME:
        raise system_error(errno.ENAMETOOLONG)


def expect_folder(node: Node) -> Folder:
    """The node, if it is a directory; else ENOTDIR."""
    if not isinstance(node, Folder):
        raise system_error(errno.ENOTDIR)
    return node


def expect_file(node: Node) -> File:
    """The node, if it is a file; else EISDIR, or ELOOP for a symbolic link."""
    if isinstance(node, Folder):
        raise system_error(errno.EISDIR)
    if not isinstance(node, File):
        raise system_error(errno.ELOOP)
    return node


def system_error(number: int) -> OSError:
    """The error with this number of ``errno``."""
    return OSError(number, os.strerror(number))
