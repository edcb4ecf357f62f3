"""Functions of WASI on paths: their arguments and results in a guest's memory, around ``path_operations.py``.

path_open(process, caller, 3, FOLLOW_LINKS, path, size, 0, rights, 0, 0, result)    -> Errno.SUCCESS, a descriptor
"""

from __future__ import annotations

from wasmz.runtime.wasi.attributes import wanted_times, write_stat, write_unstable_stat
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FOLLOW_LINKS, FdFlags, FileType, OpenFlags, Rights
from wasmz.runtime.wasi.path_operations import (
    check_changeable,
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
    from wasmz.runtime.calls.host import Caller
    from wasmz.runtime.wasi.descriptors import Stat
    from wasmz.runtime.wasi.process import Process


def path_open(
    process: Process,
    caller: Caller,
    descriptor: int,
    lookup: int,
    address: int,
    size: int,
    open_flags: int,
    base_rights: int,
    inheriting_rights: int,
    flags: int,
    result: int,
) -> int:
    if process.table[descriptor].file_type == FileType.REGULAR_FILE:
        return Errno.NOTDIR
    directory = _directory(process, descriptor)
    memory = caller.memory
    memory.slice(result, 4)
    path = _path(caller, address, size)
    follow = _follows(lookup)
    open_flags &= 0xFFFF
    flags &= 0xFFFF
    if open_flags & ~OpenFlags.ALL or flags & ~FdFlags.ALL:
        return Errno.INVAL
    opened = open_path(
        directory,
        path,
        follow=follow,
        can_read=bool(base_rights & Rights.FD_READ) or not base_rights & Rights.FD_WRITE,
        can_write=bool(base_rights & Rights.FD_WRITE),
        create=bool(open_flags & OpenFlags.CREATE),
        exclusive=bool(open_flags & OpenFlags.EXCLUSIVE),
        truncate=bool(open_flags & OpenFlags.TRUNCATE),
        must_be_directory=bool(open_flags & OpenFlags.DIRECTORY),
        flags=flags,
    )
    number = process.table.add(opened)
    memory.write_value(result, "I", number)
    return Errno.SUCCESS


def path_filestat_get(
    process: Process, caller: Caller, descriptor: int, lookup: int, address: int, size: int, result: int
) -> int:
    return write_stat(caller.memory, result, _stat(process, caller, descriptor, lookup, address, size))


def unstable_path_filestat_get(
    process: Process, caller: Caller, descriptor: int, lookup: int, address: int, size: int, result: int
) -> int:
    return write_unstable_stat(caller.memory, result, _stat(process, caller, descriptor, lookup, address, size))


def _stat(process: Process, caller: Caller, descriptor: int, lookup: int, address: int, size: int) -> Stat:
    directory = _directory(process, descriptor)
    path = _path(caller, address, size)
    return stat_path(directory, path, follow=_follows(lookup))


def path_filestat_set_times(
    process: Process,
    caller: Caller,
    descriptor: int,
    lookup: int,
    address: int,
    size: int,
    accessed: int,
    modified: int,
    flags: int,
) -> int:
    times = wanted_times(process, accessed, modified, flags)
    directory = _changeable(process, descriptor)
    set_path_times(directory, _path(caller, address, size), *times, follow=_follows(lookup))
    return Errno.SUCCESS


def path_create_directory(process: Process, caller: Caller, descriptor: int, address: int, size: int) -> int:
    make_directory(_changeable(process, descriptor), _path(caller, address, size))
    return Errno.SUCCESS


def path_remove_directory(process: Process, caller: Caller, descriptor: int, address: int, size: int) -> int:
    remove_directory(_changeable(process, descriptor), _path(caller, address, size))
    return Errno.SUCCESS


def path_unlink_file(process: Process, caller: Caller, descriptor: int, address: int, size: int) -> int:
    unlink_file(_changeable(process, descriptor), _path(caller, address, size))
    return Errno.SUCCESS


def path_rename(
    process: Process, caller: Caller, descriptor: int, address: int, size: int, to: int, to_address: int, to_size: int
) -> int:
    source, target = _changeable(process, descriptor), _changeable(process, to)
    rename_path(source, _path(caller, address, size), target, _path(caller, to_address, to_size))
    return Errno.SUCCESS


def path_link(
    process: Process,
    caller: Caller,
    descriptor: int,
    lookup: int,
    address: int,
    size: int,
    to: int,
    to_address: int,
    to_size: int,
) -> int:
    source, target = _changeable(process, descriptor), _changeable(process, to)
    path, to_path = _path(caller, address, size), _path(caller, to_address, to_size)
    if _follows(lookup):
        # As in wasmtime: hard links of what a symbolic link leads to cannot be made.
        return Errno.INVAL
    link_path(source, path, target, to_path)
    return Errno.SUCCESS


def path_symlink(
    process: Process, caller: Caller, address: int, size: int, descriptor: int, to_address: int, to_size: int
) -> int:
    directory = _changeable(process, descriptor)
    symlink_path(directory, _path(caller, address, size), _path(caller, to_address, to_size))
    return Errno.SUCCESS


def path_readlink(
    process: Process, caller: Caller, descriptor: int, address: int, size: int, buffer: int, room: int, result: int
) -> int:
    directory = _directory(process, descriptor)
    memory = caller.memory
    memory.slice(result, 4)
    target_buffer = memory.slice(buffer, room & 0xFFFF_FFFF)
    part = read_link_path(directory, _path(caller, address, size))[: len(target_buffer)]
    target_buffer[: len(part)] = part
    memory.write_value(result, "I", len(part))
    return Errno.SUCCESS


def _directory(process: Process, descriptor: int) -> Directory:
    """The open directory from which a path starts."""
    entry = process.table[descriptor]
    if not isinstance(entry, Directory):
        raise Failure(Errno.BADF)
    return entry


def _changeable(process: Process, descriptor: int) -> Directory:
    """The same, if something may be changed in it."""
    directory = _directory(process, descriptor)
    check_changeable(directory)
    return directory


def _path(caller: Caller, address: int, size: int) -> bytes:
    path = caller.memory.read(address, size & 0xFFFF_FFFF)
    if 0 in path:
        raise Failure(Errno.INVAL)
    try:
        path.decode()
    except UnicodeDecodeError:
        # Strings of this interface are UTF-8.
        raise Failure(Errno.ILSEQ) from None
    return path


def _follows(lookup: int) -> bool:
    if lookup & ~FOLLOW_LINKS:
        raise Failure(Errno.INVAL)
    return bool(lookup & FOLLOW_LINKS)
