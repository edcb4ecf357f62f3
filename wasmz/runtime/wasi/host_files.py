"""Files and directories of the host, reached through directory descriptors (``dir_fd``) and never through a link.

    directory = open_directory("/srv/data", read_only=False)
    directory.tree.open(directory.node, b"notes.txt", opening)      -> HostFile

If the system's functions take no directory descriptors, ``checked_files.py`` has another tree for the same descriptors;
``preopens.py`` decides.
"""

from __future__ import annotations

import os
import stat as modes
import sys

from wasmz.runtime.wasi import waiting
from wasmz.runtime.wasi.descriptors import MAX_OFFSET, Descriptor, Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FdFlags, FileType, Rights, directory_rights
from wasmz.runtime.wasi.resolution import Directory, Opening, Tree
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Final

    from wasmz.runtime.wasi.descriptors import Stat

_CLOEXEC: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0) | getattr(os, "O_BINARY", 0)
_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_DIRECTORY: Final = getattr(os, "O_DIRECTORY", 0)
# Opening a pipe without a writer, or a device, must not block; nor may a terminal become the host's controlling one.
_NO_WAITING: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
# Directories on the path need only be searchable, not readable.
_ENTER: Final = getattr(os, "O_PATH", os.O_RDONLY) | _DIRECTORY | _NOFOLLOW | _CLOEXEC

_FLAGS: Final = tuple(
    (flag, getattr(os, name, 0))
    for flag, name in (
        (FdFlags.APPEND, "O_APPEND"),
        (FdFlags.DSYNC, "O_DSYNC"),
        (FdFlags.RSYNC, "O_RSYNC"),
        (FdFlags.SYNC, "O_SYNC"),
    )
)

_FILE_TYPES: Final = {
    modes.S_IFBLK: FileType.BLOCK_DEVICE,
    modes.S_IFCHR: FileType.CHARACTER_DEVICE,
    modes.S_IFDIR: FileType.DIRECTORY,
    modes.S_IFREG: FileType.REGULAR_FILE,
    modes.S_IFSOCK: FileType.SOCKET_STREAM,
    modes.S_IFLNK: FileType.SYMBOLIC_LINK,
}

# By name, because the last two have other numbers for the guest than for posix_fadvise (WASI: willneed, dontneed,
# noreuse; the same in Linux on most architectures).
_ADVICE: Final = ("NORMAL", "SEQUENTIAL", "RANDOM", "WILLNEED", "DONTNEED", "NOREUSE")

# What the system must provide for directory descriptors.
HAS_DIRECTORY_DESCRIPTORS: Final = (
    {os.open, os.stat, os.mkdir, os.rmdir, os.unlink, os.rename, os.link, os.symlink, os.readlink, os.utime}
    <= os.supports_dir_fd
    if hasattr(os, "link") and _NOFOLLOW and _DIRECTORY
    else False
) and sys.platform not in ("emscripten", "wasi")


def stat_of(found: os.stat_result) -> Stat:
    """The attributes as a guest sees them."""
    return (
        found.st_dev,
        found.st_ino,
        file_type_of(found.st_mode),
        found.st_nlink,
        found.st_size,
        found.st_atime_ns,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )


def file_type_of(mode: int) -> int:
    """The guest's ``FileType`` for a system's mode."""
    return _FILE_TYPES.get(modes.S_IFMT(mode), FileType.UNKNOWN)


def both_times(accessed: int | None, modified: int | None, found: os.stat_result) -> tuple[int, int]:
    """Both timestamps to set: Python cannot leave one unchanged, so that one is set to its old value."""
    return (
        found.st_atime_ns if accessed is None else accessed,
        found.st_mtime_ns if modified is None else modified,
    )


class HostFile(Descriptor):
    """An open file that is not a directory."""

    def __init__(self, number: int, opening: Opening, found: os.stat_result) -> None:
        self._number = number
        self._can_read = opening.can_read
        self._can_write = opening.can_write
        self._is_read_only = opening.is_read_only
        self.flags: int = opening.flags
        self.file_type: int = file_type_of(found.st_mode)
        self.is_always_ready: bool = modes.S_ISREG(found.st_mode)

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        # Module globals may be gone when the process ends.
        close(self._number)

    @property
    def rights(self) -> tuple[int, int]:
        rights = Rights.FILE
        if not self._can_read:
            rights &= ~Rights.FD_READ
        if not self._can_write:
            rights &= ~Rights.FD_WRITE
        return rights, rights

    def read(self, targets: list[memoryview]) -> int:
        if not self._can_read:
            raise Failure(Errno.BADF)
        return waiting.read_from(self._number, targets, waits=self._may_wait())

    def _may_wait(self) -> bool:
        return not self.is_always_ready and not self.flags & FdFlags.NONBLOCK

    def write(self, sources: list[memoryview]) -> int:
        if not self._can_write:
            raise Failure(Errno.BADF)
        return waiting.write_to(self._number, sources, waits=self._may_wait())

    def read_at(self, targets: list[memoryview], offset: int) -> int:
        if not self._can_read:
            raise Failure(Errno.BADF)
        return waiting.read_at(self._number, targets, offset)

    def write_at(self, sources: list[memoryview], offset: int) -> int:
        if not self._can_write:
            raise Failure(Errno.BADF)
        # On a file opened for appending, Linux appends whatever the offset is (pwrite(2), "Bugs").
        return waiting.write_at(self._number, sources, offset)

    def seek(self, offset: int, whence: int) -> int:
        return os.lseek(self._number, offset, whence)

    def stat(self) -> Stat:
        return stat_of(os.fstat(self._number))

    def set_size(self, size: int) -> None:
        self._check_writable()
        if size > MAX_OFFSET:
            raise Failure(Errno.INVAL)
        os.ftruncate(self._number, size)

    def allocate(self, offset: int, size: int) -> None:
        self._check_writable()
        if not size:
            raise Failure(Errno.INVAL)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._number, offset, size)
        elif os.fstat(self._number).st_size < offset + size:
            os.ftruncate(self._number, offset + size)

    def advise(self, offset: int, size: int, advice: int) -> None:
        constant = getattr(os, f"POSIX_FADV_{_ADVICE[advice]}", None)
        if constant is not None:
            os.posix_fadvise(self._number, offset, size, constant)

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        if self._is_read_only:
            raise Failure(Errno.PERM)
        if os.utime not in os.supports_fd:
            raise Failure(Errno.NOTSUP)
        os.utime(self._number, ns=both_times(accessed, modified, os.fstat(self._number)))

    def set_flags(self, flags: int) -> None:
        kept = FdFlags.DSYNC | FdFlags.RSYNC | FdFlags.SYNC
        set_system_flags(self._number, flags)
        self.flags = flags & ~kept | self.flags & kept

    def sync(self, *, data_only: bool) -> None:
        if data_only and hasattr(os, "fdatasync"):
            os.fdatasync(self._number)
        else:
            os.fsync(self._number)

    def wait_handle(self) -> int | None:
        return None if self.is_always_ready else self._number

    def pending_bytes(self) -> int:
        if not self.is_always_ready:
            return 1
        return max(0, os.fstat(self._number).st_size - os.lseek(self._number, 0, os.SEEK_CUR))

    def _check_writable(self) -> None:
        if not self._can_write:
            raise Failure(Errno.BADF)


def set_system_flags(number: int, flags: int) -> None:
    """Makes the system append, or not wait, as ``FdFlags`` say."""
    if sys.platform == "win32":
        # These cannot be changed on an open file, and ordinary files never wait.
        return
    load("fcntl")
    import fcntl

    system = fcntl.fcntl(number, fcntl.F_GETFL) & ~(os.O_APPEND | os.O_NONBLOCK)
    system |= os.O_APPEND if flags & FdFlags.APPEND else 0
    system |= os.O_NONBLOCK if flags & FdFlags.NONBLOCK else 0
    fcntl.fcntl(number, fcntl.F_SETFL, system)


class HostDirectory(Directory):
    """An open directory; its node is a descriptor of the system, which it owns."""

    file_type = FileType.DIRECTORY

    def __init__(self, tree: Tree, node: Any, *, is_read_only: bool, flags: int = 0) -> None:
        self.tree = tree
        self.node = node
        self.is_read_only = is_read_only
        self.flags = flags

    def __del__(self) -> None:
        self.tree.leave(self.node)

    @property
    def rights(self) -> tuple[int, int]:
        return directory_rights(self.is_read_only)

    def stat(self) -> Stat:
        return self.tree.stat(self.node, b".")

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        if self.is_read_only:
            raise Failure(Errno.PERM)
        self.tree.set_times(self.node, b".", accessed, modified)

    def sync(self, *, data_only: bool) -> None:
        if isinstance(self.node, int):
            os.fsync(self.node)

    def entries(self) -> Iterator[tuple[int, int, bytes]]:
        with os.scandir(self.node) as entries:
            for entry in entries:
                name = os.fsencode(entry.name)
                try:
                    name.decode()
                    yield entry.inode(), _type_of_entry(entry), name
                except UnicodeDecodeError:
                    # The guest could not name this entry.
                    continue
                except FileNotFoundError:
                    # It was removed meanwhile.
                    continue


def _type_of_entry(entry: os.DirEntry[str]) -> int:
    if entry.is_file(follow_symlinks=False):
        return FileType.REGULAR_FILE
    if entry.is_dir(follow_symlinks=False):
        return FileType.DIRECTORY
    if entry.is_symlink():
        return FileType.SYMBOLIC_LINK
    return file_type_of(entry.stat(follow_symlinks=False).st_mode)


def system_flags(opening: Opening) -> int:
    """The flags for ``os.open``."""
    access = os.O_RDONLY
    if opening.can_write:
        access = os.O_RDWR if opening.can_read else os.O_WRONLY
    flags = access | _NOFOLLOW | _CLOEXEC | _NO_WAITING
    flags |= os.O_CREAT if opening.create else 0
    flags |= os.O_EXCL if opening.exclusive and opening.create else 0
    flags |= os.O_TRUNC if opening.truncate else 0
    flags |= _DIRECTORY if opening.must_be_directory else 0
    for flag, system in _FLAGS:
        if opening.flags & flag:
            flags |= system
    return flags


def opened(tree: Tree, node: Any, number: int, opening: Opening) -> Descriptor:
    """The descriptor for ``number``, from ``os.open``. ``node`` is that of a directory, or ``None`` for ``number``."""
    try:
        found = os.fstat(number)
        if modes.S_ISDIR(found.st_mode):
            if node is not None:
                os.close(number)
            return HostDirectory(
                tree,
                number if node is None else node,
                is_read_only=opening.is_read_only,
                flags=opening.flags & FdFlags.NONBLOCK,
            )
        if opening.must_be_directory:
            raise Failure(Errno.NOTDIR)
        if not modes.S_ISREG(found.st_mode):
            # Opening did not wait; reading and writing may.
            set_system_flags(number, opening.flags)
        return HostFile(number, opening, found)
    except BaseException:
        os.close(number)
        raise


class HostTree:
    """The host's file system; nodes are descriptors of directories."""

    def enter(self, node: int, name: bytes) -> int:
        return os.open(name, _ENTER, dir_fd=node)

    def leave(self, node: int, close: Callable[[int], None] = os.close) -> None:
        # Also called when the process ends, when module globals may be gone.
        close(node)

    def read_link(self, node: int, name: bytes) -> bytes:
        return os.readlink(name, dir_fd=node)

    def stat(self, node: int, name: bytes) -> Stat:
        return stat_of(os.stat(name, dir_fd=node, follow_symlinks=False))

    def open(self, node: int, name: bytes, opening: Opening) -> Descriptor:
        flags = system_flags(opening)
        return opened(self, None, os.open(name, flags, 0o666, dir_fd=node), opening)

    def make_directory(self, node: int, name: bytes) -> None:
        os.mkdir(name, 0o777, dir_fd=node)

    def remove_directory(self, node: int, name: bytes) -> None:
        os.rmdir(name, dir_fd=node)

    def unlink(self, node: int, name: bytes) -> None:
        os.unlink(name, dir_fd=node)

    def rename(self, node: int, name: bytes, to_node: int, to_name: bytes) -> None:
        os.rename(name, to_name, src_dir_fd=node, dst_dir_fd=to_node)

    def link(self, node: int, name: bytes, to_node: int, to_name: bytes) -> None:
        os.link(name, to_name, src_dir_fd=node, dst_dir_fd=to_node, follow_symlinks=False)

    def symlink(self, target: bytes, node: int, name: bytes) -> None:
        os.symlink(target, name, dir_fd=node)

    def set_times(self, node: int, name: bytes, accessed: int | None, modified: int | None) -> None:
        found = os.stat(name, dir_fd=node, follow_symlinks=False)
        os.utime(name, ns=both_times(accessed, modified, found), dir_fd=node, follow_symlinks=False)


# All preopened directories belong to it; whether files can move between them is for the system to decide.
_TREE: Final = HostTree()


def open_directory(path: str | os.PathLike[str], *, is_read_only: bool) -> HostDirectory:
    """A preopened directory of the host, identified by a descriptor.

    Raises:
        OSError: it cannot be opened.
    """
    return HostDirectory(_TREE, os.open(path, os.O_RDONLY | _DIRECTORY | _CLOEXEC), is_read_only=is_read_only)
