"""Emscripten's system calls on files, directories and descriptors, in the sandbox of a WASI process.

    CALLS["__syscall_openat"]                  -> ("iiii:i", function)
    openat(guest, caller, AT_FDCWD, path, O_RDONLY, 0)     -> a descriptor, which WASI's fd_read takes, too

A function returns its result, or raises ``Failure`` or ``OSError``; the guest gets the negative error number. The
numbers are WASI's.
"""

from __future__ import annotations

import _struct as struct  # what there is in struct, without that file

from wasmz.runtime.emscripten.paths import AT_FDCWD, Paths
from wasmz.runtime.emscripten.structures import write_entry, write_stat, write_statfs
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FdFlags, FileType
from wasmz.runtime.wasi.path_operations import (
    link_path,
    make_directory,
    open_path,
    read_link_path,
    remove_directory,
    rename_path,
    set_path_times,
    stat_path,
    symlink_path,
    unlink_file,
)
from wasmz.runtime.wasi.resolution import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.runtime.calls.host import Caller
    from wasmz.runtime.wasi.process import Process

_LONGEST_PATH: Final = 4096
_NOTTY: Final = 59
_RANGE: Final = 68

# Of `open`.
_O_ACCMODE, _O_WRONLY, _O_RDWR = 3, 1, 2
_O_CREAT, _O_EXCL, _O_TRUNC, _O_APPEND, _O_NONBLOCK = 0o100, 0o200, 0o1000, 0o2000, 0o4000
_O_DIRECTORY, _O_NOFOLLOW = 0o200000, 0o400000
# Of functions with `at` in their names.
_AT_SYMLINK_NOFOLLOW, _AT_REMOVEDIR, _AT_EMPTY_PATH = 0x100, 0x200, 0x1000
_UTIME_NOW, _UTIME_OMIT = 0x3FFF_FFFF, 0x3FFF_FFFE
_F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_SETFL, _F_GETLK, _F_SETLK, _F_SETLKW, _F_DUPFD_CLOEXEC = (
    *(0, 1, 2, 3, 4, 12, 13, 14),
    1030,
)
_F_UNLCK: Final = 2
_TCGETS, _FIONREAD, _TIOCGWINSZ = 0x5401, 0x541B, 0x5413
_POLLIN, _POLLOUT, _POLLNVAL = 1, 4, 32


class Guest:
    """What the calls of one guest share.

    Attributes:
        process: its descriptors and clocks.
        paths: where its paths lead.
        listings: the entries of directories that it is reading, by descriptor.
    """

    def __init__(self, process: Process) -> None:
        self.process: Process = process
        self.paths: Paths = Paths(process)
        self.listings: dict[int, tuple[object, list[tuple[int, int, bytes]], int]] = {}


CALLS: dict[str, tuple[str, Callable[..., int]]] = {}


def _call(signature: str, *names: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Enters a function under the names of system calls, with its type: i for i32, I for i64."""

    def enter(function: Callable[..., int]) -> Callable[..., int]:
        for name in names or (function.__name__,):
            CALLS[f"__syscall_{name}"] = signature, function
        return function

    return enter


def text_at(caller: Caller, address: int) -> bytes:
    """The string at an address, without the zero that ends it. ``Failure``: it is too long for a path."""
    memory = caller.memory
    start = address & 0xFFFF_FFFF
    data = memory.read(start, min(_LONGEST_PATH + 1, max(0, memory.size_bytes - start)))
    end = data.find(0)
    if end < 0:
        raise Failure(Errno.NAMETOOLONG if len(data) > _LONGEST_PATH else Errno.FAULT)
    return data[:end]


def _place(guest: Guest, caller: Caller, descriptor: int, path: int) -> tuple[Directory, bytes]:
    return guest.paths.find(descriptor, text_at(caller, path))


def _vararg(caller: Caller, address: int, format: str = "I") -> Any:
    return caller.memory.read_value(address, format)


# Opening and descriptors


@_call("iiii:i")
def openat(guest: Guest, caller: Caller, descriptor: int, path: int, flags: int, varargs: int) -> int:
    text = text_at(caller, path)
    directory, inside = guest.paths.find(descriptor, text)
    mode = flags & _O_ACCMODE
    opened = open_path(
        directory,
        inside,
        follow=not flags & _O_NOFOLLOW,
        can_read=mode != _O_WRONLY,
        can_write=mode in (_O_WRONLY, _O_RDWR),
        create=bool(flags & _O_CREAT),
        exclusive=bool(flags & _O_EXCL) and bool(flags & _O_CREAT),
        truncate=bool(flags & _O_TRUNC),
        must_be_directory=bool(flags & _O_DIRECTORY),
        flags=(FdFlags.APPEND if flags & _O_APPEND else 0) | (FdFlags.NONBLOCK if flags & _O_NONBLOCK else 0),
    )
    number = guest.process.table.add(opened)
    if isinstance(opened, Directory):
        guest.paths.note(number, guest.paths.absolute(descriptor, text))
    return number


@_call("iii:i", "open")
def open_(guest: Guest, caller: Caller, path: int, flags: int, varargs: int) -> int:
    return openat(guest, caller, AT_FDCWD, path, flags, varargs)


@_call("i:i")
def dup(guest: Guest, caller: Caller, descriptor: int) -> int:
    return guest.process.table.add(guest.process.table[descriptor])


@_call("iii:i")
def dup3(guest: Guest, caller: Caller, descriptor: int, to: int, flags: int) -> int:
    """Gives a descriptor the number of another one, which has to be open."""
    if descriptor == to:
        raise Failure(Errno.INVAL)
    table = guest.process.table
    entry, _ = table[descriptor], table[to]
    table.renumber(table.add(entry), to)
    return to


@_call("iii:i", "fcntl64")
def fcntl(guest: Guest, caller: Caller, descriptor: int, command: int, varargs: int) -> int:
    entry = guest.process.table[descriptor]
    if command in (_F_DUPFD, _F_DUPFD_CLOEXEC):
        return dup(guest, caller, descriptor)
    if command in (_F_GETFD, _F_SETFD, _F_SETLK, _F_SETLKW):
        # Nobody else has the guest's descriptors, so nobody holds a lock.
        return 0
    if command == _F_GETFL:
        can_read, can_write = entry.rights[0] & 2, entry.rights[0] & 64
        flags = _O_RDWR if can_read and can_write else _O_WRONLY if can_write else 0
        flags |= _O_APPEND if entry.flags & FdFlags.APPEND else 0
        return flags | (_O_NONBLOCK if entry.flags & FdFlags.NONBLOCK else 0)
    if command == _F_SETFL:
        flags = _vararg(caller, varargs)
        wanted = (FdFlags.APPEND if flags & _O_APPEND else 0) | (FdFlags.NONBLOCK if flags & _O_NONBLOCK else 0)
        entry.set_flags(wanted | entry.flags & ~(FdFlags.APPEND | FdFlags.NONBLOCK))
        return 0
    if command == _F_GETLK:
        caller.memory.write_value(_vararg(caller, varargs), "H", _F_UNLCK)
        return 0
    raise Failure(Errno.INVAL)


@_call("iii:i")
def ioctl(guest: Guest, caller: Caller, descriptor: int, request: int, varargs: int) -> int:
    entry = guest.process.table[descriptor]
    if request == _FIONREAD:
        caller.memory.write_value(_vararg(caller, varargs), "I", min(entry.pending_bytes(), 0x7FFF_FFFF))
        return 0
    if request == _TIOCGWINSZ and entry.file_type == FileType.CHARACTER_DEVICE:
        caller.memory.write(_vararg(caller, varargs), struct.pack("<4H", 24, 80, 0, 0))
        return 0
    if request == _TCGETS and entry.file_type == FileType.CHARACTER_DEVICE:
        return 0
    raise Failure(_NOTTY)


@_call("iI:i")
def ftruncate64(guest: Guest, caller: Caller, descriptor: int, size: int) -> int:
    if size < 0:
        raise Failure(Errno.INVAL)
    guest.process.table[descriptor].set_size(size)
    return 0


@_call("iI:i")
def truncate64(guest: Guest, caller: Caller, path: int, size: int) -> int:
    if size < 0:
        raise Failure(Errno.INVAL)
    directory, inside = _place(guest, caller, AT_FDCWD, path)
    open_path(directory, inside, follow=True, can_read=False, can_write=True).set_size(size)
    return 0


@_call("iiII:i")
def fallocate(guest: Guest, caller: Caller, descriptor: int, mode: int, offset: int, size: int) -> int:
    if mode:
        raise Failure(Errno.NOTSUP)
    if offset < 0 or size <= 0:
        raise Failure(Errno.INVAL)
    guest.process.table[descriptor].allocate(offset, size)
    return 0


@_call("iIIi:i")
def fadvise64(guest: Guest, caller: Caller, descriptor: int, offset: int, size: int, advice: int) -> int:
    return 0 if guest.process.table[descriptor] else Errno.BADF


@_call("i:i")
def fdatasync(guest: Guest, caller: Caller, descriptor: int) -> int:
    guest.process.table[descriptor].sync(data_only=True)
    return 0


@_call("iii:i")
def poll(guest: Guest, caller: Caller, address: int, count: int, timeout: int) -> int:
    """Says of each descriptor that it is ready: files and streams are, or wait when they are read."""
    ready = 0
    for number in range(count & 0xFFFF):
        place = address + 8 * number
        descriptor, events = struct.unpack("<iH", caller.memory.read(place, 6))
        found = 0
        if descriptor >= 0:
            try:
                guest.process.table[descriptor]
                found = events & (_POLLIN | _POLLOUT)
            except Failure:
                found = _POLLNVAL
        caller.memory.write_value(place + 6, "H", found)
        ready += bool(found)
    return ready


# Attributes


@_call("ii:i")
def fstat64(guest: Guest, caller: Caller, descriptor: int, result: int) -> int:
    write_stat(caller.memory, result, guest.process.table[descriptor].stat())
    return 0


def _stat(guest: Guest, caller: Caller, descriptor: int, path: int, result: int, *, follow: bool) -> int:
    directory, inside = _place(guest, caller, descriptor, path)
    stat = stat_path(directory, inside, follow=follow)
    write_stat(caller.memory, result, stat, is_read_only=directory.is_read_only)
    return 0


@_call("ii:i")
def stat64(guest: Guest, caller: Caller, path: int, result: int) -> int:
    return _stat(guest, caller, AT_FDCWD, path, result, follow=True)


@_call("ii:i")
def lstat64(guest: Guest, caller: Caller, path: int, result: int) -> int:
    return _stat(guest, caller, AT_FDCWD, path, result, follow=False)


@_call("iiii:i", "newfstatat", "fstatat64")
def fstatat(guest: Guest, caller: Caller, descriptor: int, path: int, result: int, flags: int) -> int:
    if flags & _AT_EMPTY_PATH and not text_at(caller, path):
        return fstat64(guest, caller, descriptor, result)
    return _stat(guest, caller, descriptor, path, result, follow=not flags & _AT_SYMLINK_NOFOLLOW)


@_call("iii:i")
def statfs64(guest: Guest, caller: Caller, path: int, size: int, result: int) -> int:
    stat_path(*_place(guest, caller, AT_FDCWD, path), follow=True)
    write_statfs(caller.memory, result)
    return 0


@_call("iii:i")
def fstatfs64(guest: Guest, caller: Caller, descriptor: int, size: int, result: int) -> int:
    guest.process.table[descriptor].stat()
    write_statfs(caller.memory, result)
    return 0


@_call("iiii:i")
def faccessat(guest: Guest, caller: Caller, descriptor: int, path: int, mode: int, flags: int) -> int:
    if mode & ~7:
        raise Failure(Errno.INVAL)
    directory, inside = _place(guest, caller, descriptor, path)
    stat_path(directory, inside, follow=not flags & _AT_SYMLINK_NOFOLLOW)
    if mode & 2 and directory.is_read_only:
        raise Failure(Errno.ACCES)
    return 0


@_call("ii:i")
def chmod(guest: Guest, caller: Caller, path: int, mode: int) -> int:
    """Permissions are not kept: a guest may do with its files what it likes."""
    stat_path(*_place(guest, caller, AT_FDCWD, path), follow=True)
    return 0


@_call("iiii:i", "fchmodat", "fchmodat2")
def fchmodat(guest: Guest, caller: Caller, descriptor: int, path: int, mode: int, flags: int) -> int:
    stat_path(*_place(guest, caller, descriptor, path), follow=True)
    return 0


@_call("iiiii:i")
def fchownat(guest: Guest, caller: Caller, descriptor: int, path: int, owner: int, group: int, flags: int) -> int:
    stat_path(*_place(guest, caller, descriptor, path), follow=True)
    return 0


@_call("ii:i")
def fchmod(guest: Guest, caller: Caller, descriptor: int, mode: int) -> int:
    guest.process.table[descriptor].stat()
    return 0


@_call("iii:i")
def fchown32(guest: Guest, caller: Caller, descriptor: int, owner: int, group: int) -> int:
    guest.process.table[descriptor].stat()
    return 0


@_call("iiii:i")
def utimensat(guest: Guest, caller: Caller, descriptor: int, path: int, times: int, flags: int) -> int:
    now = guest.process.clocks[0]()
    wanted: list[int | None] = [now, now]
    if times:
        for number in range(2):
            seconds, nanoseconds = struct.unpack("<qi", caller.memory.read(times + 16 * number, 12))
            if nanoseconds == _UTIME_OMIT:
                wanted[number] = None
            elif nanoseconds != _UTIME_NOW:
                wanted[number] = max(0, seconds * 1_000_000_000 + nanoseconds)
    if not path:
        guest.process.table[descriptor].set_times(*wanted)
    else:
        place = _place(guest, caller, descriptor, path)
        set_path_times(*place, *wanted, follow=not flags & _AT_SYMLINK_NOFOLLOW)
    return 0


# Directories and names


@_call("ii:i")
def getcwd(guest: Guest, caller: Caller, buffer: int, size: int) -> int:
    if not size:
        raise Failure(Errno.INVAL)
    name = guest.paths.current + b"\0"
    if size & 0xFFFF_FFFF < len(name):
        raise Failure(_RANGE)
    caller.memory.write(buffer, name)
    return len(name)


@_call("i:i")
def chdir(guest: Guest, caller: Caller, path: int) -> int:
    text = text_at(caller, path)
    if stat_path(*guest.paths.find(AT_FDCWD, text), follow=True)[2] != FileType.DIRECTORY:
        raise Failure(Errno.NOTDIR)
    guest.paths.current = guest.paths.absolute(AT_FDCWD, text)
    return 0


@_call("i:i")
def fchdir(guest: Guest, caller: Caller, descriptor: int) -> int:
    guest.paths.current = guest.paths.name_of(descriptor)
    return 0


@_call("iii:i")
def getdents64(guest: Guest, caller: Caller, descriptor: int, buffer: int, size: int) -> int:
    entry = guest.process.table[descriptor]
    if not isinstance(entry, Directory):
        raise Failure(Errno.NOTDIR)
    known, entries, position = guest.listings.get(descriptor, (None, [], 0))
    if known is not entry:
        above = [(0, FileType.DIRECTORY, b"."), (0, FileType.DIRECTORY, b"..")]
        entries, position = [*above, *entry.entries()], 0
    target = caller.memory.slice(buffer, size & 0xFFFF_FFFF)
    used = 0
    while position < len(entries):
        written = write_entry(target[used:], position + 1, *entries[position])
        if not written:
            if not used:
                raise Failure(Errno.INVAL)
            break
        used += written
        position += 1
    guest.listings[descriptor] = entry, entries, position
    return used


@_call("iii:i")
def mkdirat(guest: Guest, caller: Caller, descriptor: int, path: int, mode: int) -> int:
    make_directory(*_place(guest, caller, descriptor, path))
    return 0


@_call("iii:i")
def unlinkat(guest: Guest, caller: Caller, descriptor: int, path: int, flags: int) -> int:
    remove = remove_directory if flags & _AT_REMOVEDIR else unlink_file
    remove(*_place(guest, caller, descriptor, path))
    return 0


@_call("i:i")
def rmdir(guest: Guest, caller: Caller, path: int) -> int:
    return unlinkat(guest, caller, AT_FDCWD, path, _AT_REMOVEDIR)


@_call("iiii:i")
def renameat(guest: Guest, caller: Caller, descriptor: int, path: int, to: int, to_path: int) -> int:
    rename_path(*_place(guest, caller, descriptor, path), *_place(guest, caller, to, to_path))
    return 0


@_call("iiiii:i")
def linkat(guest: Guest, caller: Caller, descriptor: int, path: int, to: int, to_path: int, flags: int) -> int:
    link_path(*_place(guest, caller, descriptor, path), *_place(guest, caller, to, to_path))
    return 0


@_call("iii:i")
def symlinkat(guest: Guest, caller: Caller, target: int, descriptor: int, path: int) -> int:
    directory, inside = _place(guest, caller, descriptor, path)
    symlink_path(directory, text_at(caller, target), inside)
    return 0


@_call("ii:i")
def symlink(guest: Guest, caller: Caller, target: int, path: int) -> int:
    return symlinkat(guest, caller, target, AT_FDCWD, path)


@_call("iiii:i")
def readlinkat(guest: Guest, caller: Caller, descriptor: int, path: int, buffer: int, size: int) -> int:
    if size <= 0:
        raise Failure(Errno.INVAL)
    target = read_link_path(*_place(guest, caller, descriptor, path))[:size]
    caller.memory.write(buffer, target)
    return len(target)
