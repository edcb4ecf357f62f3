"""Functions of WASI on paths.

path_open(process, caller, 3, FOLLOW_LINKS, path, size, 0, rights, 0, 0, result)    -> Errno.SUCCESS, a descriptor
"""

from __future__ import annotations

from wasmz.runtime.wasi.attributes import wanted_times, write_stat, write_unstable_stat
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FOLLOW_LINKS, FdFlags, FileType, OpenFlags, Rights
from wasmz.runtime.wasi.resolution import Directory, Opening, Place, resolve

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
    follow = _follows(lookup) or _ends_with_slash(path)
    open_flags &= 0xFFFF
    flags &= 0xFFFF
    if open_flags & ~OpenFlags.ALL or flags & ~FdFlags.ALL:
        return Errno.INVAL
    create, truncate = bool(open_flags & OpenFlags.CREATE), bool(open_flags & OpenFlags.TRUNCATE)
    exclusive = bool(open_flags & OpenFlags.EXCLUSIVE)
    must_be_directory = bool(open_flags & OpenFlags.DIRECTORY)
    if must_be_directory and (create or truncate or exclusive):
        return Errno.INVAL
    # As in wasmtime: files that are created or truncated can be written; those opened without rights can be read.
    can_write = create or truncate or bool(base_rights & Rights.FD_WRITE)
    if directory.is_read_only and can_write:
        return Errno.PERM
    # A link at a name that must not exist is not followed.
    with resolve(directory, path, follow=follow and not (create and exclusive)) as place:
        if create and place.must_be_directory:
            return Errno.EXIST if exclusive and place.name == b"." else Errno.ISDIR
        opening = Opening(
            can_read=bool(base_rights & Rights.FD_READ) or not base_rights & Rights.FD_WRITE,
            can_write=can_write,
            create=create,
            exclusive=exclusive,
            truncate=truncate,
            must_be_directory=must_be_directory or place.must_be_directory,
            flags=flags,
            is_read_only=directory.is_read_only,
        )
        opened = place.tree.open(place.node, place.name, opening)
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
    with resolve(directory, path, follow=_follows(lookup) or _ends_with_slash(path)) as place:
        stat = place.tree.stat(place.node, place.name)
        if place.must_be_directory and stat[2] != FileType.DIRECTORY:
            raise Failure(Errno.NOTDIR)
        return stat


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
    path = _path(caller, address, size)
    with resolve(directory, path, follow=_follows(lookup) or _ends_with_slash(path)) as place:
        _check_directory(place)
        place.tree.set_times(place.node, place.name, *times)
    return Errno.SUCCESS


def path_create_directory(process: Process, caller: Caller, descriptor: int, address: int, size: int) -> int:
    directory = _changeable(process, descriptor)
    with resolve(directory, _path(caller, address, size), follow=False) as place:
        place.tree.make_directory(place.node, place.name)
    return Errno.SUCCESS


def path_remove_directory(process: Process, caller: Caller, descriptor: int, address: int, size: int) -> int:
    directory = _changeable(process, descriptor)
    with resolve(directory, _path(caller, address, size), follow=False) as place:
        place.tree.remove_directory(place.node, place.name)
    return Errno.SUCCESS


def path_unlink_file(process: Process, caller: Caller, descriptor: int, address: int, size: int) -> int:
    directory = _changeable(process, descriptor)
    with resolve(directory, _path(caller, address, size), follow=False) as place:
        _check_directory(place)
        place.tree.unlink(place.node, place.name)
    return Errno.SUCCESS


def path_rename(
    process: Process, caller: Caller, descriptor: int, address: int, size: int, to: int, to_address: int, to_size: int
) -> int:
    source, target = _changeable(process, descriptor), _changeable(process, to)
    path, to_path = _path(caller, address, size), _path(caller, to_address, to_size)
    with (
        resolve(source, path, follow=False) as old,
        resolve(target, to_path, follow=False) as new,
    ):
        if source.tree is not target.tree:
            return Errno.XDEV
        if b"." in (old.name, new.name):
            return Errno.BUSY
        _check_directory(old)
        if new.must_be_directory and old.tree.stat(old.node, old.name)[2] != FileType.DIRECTORY:
            return Errno.NOTDIR
        old.tree.rename(old.node, old.name, new.node, new.name)
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
        # As in wasmtime: a hard link cannot be made to the target of a symbolic link.
        return Errno.INVAL
    with (
        resolve(source, path, follow=False) as old,
        resolve(target, to_path, follow=_ends_with_slash(to_path)) as new,
    ):
        if source.tree is not target.tree:
            return Errno.XDEV
        _check_directory(old)
        old.tree.stat(old.node, old.name)
        _check_new_file(new)
        old.tree.link(old.node, old.name, new.node, new.name)
    return Errno.SUCCESS


def path_symlink(
    process: Process, caller: Caller, address: int, size: int, descriptor: int, to_address: int, to_size: int
) -> int:
    directory = _changeable(process, descriptor)
    target, path = _path(caller, address, size), _path(caller, to_address, to_size)
    if target.startswith(b"/"):
        # It would lead out of the directory, if not for this guest, then for programs of the host.
        return Errno.PERM
    with resolve(directory, path, follow=_ends_with_slash(path)) as place:
        if not target:
            return Errno.NOENT
        _check_new_file(place)
        place.tree.symlink(target, place.node, place.name)
    return Errno.SUCCESS


def path_readlink(
    process: Process, caller: Caller, descriptor: int, address: int, size: int, buffer: int, room: int, result: int
) -> int:
    directory = _directory(process, descriptor)
    memory = caller.memory
    memory.slice(result, 4)
    target_buffer = memory.slice(buffer, room & 0xFFFF_FFFF)
    with resolve(directory, _path(caller, address, size), follow=False) as place:
        _check_directory(place)
        target = place.tree.read_link(place.node, place.name)
    if target.startswith(b"/"):
        # Not even the name of a target outside is shown.
        return Errno.PERM
    part = target[: len(target_buffer)]
    target_buffer[: len(part)] = part
    memory.write_value(result, "I", len(part))
    return Errno.SUCCESS


def _directory(process: Process, descriptor: int) -> Directory:
    """The open directory at which a path starts."""
    entry = process.table[descriptor]
    if not isinstance(entry, Directory):
        raise Failure(Errno.BADF)
    return entry


def _changeable(process: Process, descriptor: int) -> Directory:
    """The open directory at which a path starts, if it may be changed."""
    directory = _directory(process, descriptor)
    if directory.is_read_only:
        raise Failure(Errno.PERM)
    return directory


def _path(caller: Caller, address: int, size: int) -> bytes:
    path = caller.memory.read(address, size & 0xFFFF_FFFF)
    if 0 in path:
        raise Failure(Errno.INVAL)
    try:
        path.decode()
    except UnicodeDecodeError:
        # This interface has strings in UTF-8.
        raise Failure(Errno.ILSEQ) from None
    return path


def _follows(lookup: int) -> bool:
    if lookup & ~FOLLOW_LINKS:
        raise Failure(Errno.INVAL)
    return bool(lookup & FOLLOW_LINKS)


def _ends_with_slash(path: bytes) -> bool:
    """Whether the path says that it names a directory. Then a link there is always followed."""
    return path.endswith(b"/")


def _check_directory(place: Place) -> None:
    """Refuses anything but a directory, if the path says that it names one."""
    if place.must_be_directory and place.tree.stat(place.node, place.name)[2] != FileType.DIRECTORY:
        raise Failure(Errno.NOTDIR)


def _check_new_file(place: Place) -> None:
    """Refuses a slash after the name of a new entry that will not be a directory."""
    if place.must_be_directory:
        stat = place.tree.stat(place.node, place.name)
        raise Failure(Errno.EXIST if stat[2] == FileType.DIRECTORY else Errno.NOTDIR)
