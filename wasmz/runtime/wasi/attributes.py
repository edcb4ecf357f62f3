"""Functions of WASI on a descriptor's attributes: size, timestamps, flags, advice, synchronisation.

fd_filestat_get(process, caller, 3, result)     -> Errno.SUCCESS, and 64 bytes in memory at `result`
"""

from __future__ import annotations

import _struct as struct  # what there is in struct, without that file

from wasmz.runtime.wasi.descriptors import MAX_OFFSET, Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FdFlags, FileType, TimeFlags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasmz.runtime.calls.host import Caller
    from wasmz.runtime.memory.linear import Memory
    from wasmz.runtime.wasi.descriptors import Stat
    from wasmz.runtime.wasi.process import Process

# Device, inode, type, number of links, size, three times; the previous interface has 32 bits for the links.
_FILESTAT: Final = struct.Struct("<QQB7xQQQQQ")
_UNSTABLE_FILESTAT: Final = struct.Struct("<QQB3xIQQQQ")

_MOST_ADVICE: Final = 5
_U64: Final = 0xFFFF_FFFF_FFFF_FFFF


def fd_filestat_get(process: Process, caller: Caller, descriptor: int, result: int) -> int:
    return write_stat(caller.memory, result, process.table[descriptor].stat())


def unstable_fd_filestat_get(process: Process, caller: Caller, descriptor: int, result: int) -> int:
    return write_unstable_stat(caller.memory, result, process.table[descriptor].stat())


def write_stat(memory: Memory, address: int, stat: Stat) -> int:
    """Writes attributes in the layout of preview 1."""
    _FILESTAT.pack_into(memory.slice(address, 64), 0, *_unsigned(stat))
    return Errno.SUCCESS


def write_unstable_stat(memory: Memory, address: int, stat: Stat) -> int:
    """Writes attributes in the layout of the previous interface."""
    device, inode, file_type, links, *rest = _unsigned(stat)
    _UNSTABLE_FILESTAT.pack_into(memory.slice(address, 56), 0, device, inode, file_type, min(links, 0xFFFF_FFFF), *rest)
    return Errno.SUCCESS


def _unsigned(stat: Stat) -> list[int]:
    """The attributes as unsigned numbers: on some systems devices and inodes are negative or longer."""
    return [stat[0] & _U64, stat[1] & _U64, *(max(0, value) & _U64 for value in stat[2:])]


def fd_filestat_set_size(process: Process, caller: Caller, descriptor: int, size: int) -> int:
    # A negative size is larger than any file can be.
    process.table[descriptor].set_size(size if size >= 0 else MAX_OFFSET + 1)
    return Errno.SUCCESS


def fd_filestat_set_times(
    process: Process, caller: Caller, descriptor: int, accessed: int, modified: int, flags: int
) -> int:
    times = wanted_times(process, accessed, modified, flags)
    process.table[descriptor].set_times(*times)
    return Errno.SUCCESS


def wanted_times(process: Process, accessed: int, modified: int, flags: int) -> tuple[int | None, int | None]:
    """The timestamps to set, by a guest's arguments; ``None`` for one that does not change."""
    flags &= 0xFFFF
    if flags & ~TimeFlags.ALL:
        raise Failure(Errno.INVAL)
    now = process.clocks[0]
    return (
        _wanted_time(accessed, flags & TimeFlags.ATIM, flags & TimeFlags.ATIM_NOW, now),
        _wanted_time(modified, flags & TimeFlags.MTIM, flags & TimeFlags.MTIM_NOW, now),
    )


def _wanted_time(given: int, is_given: int, is_now: int, now: Callable[[], int]) -> int | None:
    if is_given and is_now:
        raise Failure(Errno.INVAL)
    if is_given:
        if given < 0:
            # After the year 2262, which no system's clock reaches.
            raise Failure(Errno.INVAL)
        return given
    return now() if is_now else None


def fd_fdstat_set_flags(process: Process, caller: Caller, descriptor: int, flags: int) -> int:
    flags &= 0xFFFF
    entry = process.table[descriptor]
    if entry.file_type == FileType.DIRECTORY:
        return Errno.BADF
    # As with POSIX's fcntl, synchronisation is chosen when a file is opened.
    if flags & ~(FdFlags.APPEND | FdFlags.NONBLOCK) & ~(entry.flags & FdFlags.ALL):
        return Errno.INVAL
    entry.set_flags(flags)
    return Errno.SUCCESS


def fd_fdstat_set_rights(process: Process, caller: Caller, descriptor: int, base: int, inheriting: int) -> int:
    """Rights are only reported, so they cannot be dropped; wasmtime returns the same error."""
    return Errno.NOTSUP if process.table[descriptor] else Errno.BADF


def fd_advise(process: Process, caller: Caller, descriptor: int, offset: int, size: int, advice: int) -> int:
    advice &= 0xFF
    if advice > _MOST_ADVICE:
        return Errno.INVAL
    if offset < 0 or size < 0:
        return Errno.INVAL
    process.table[descriptor].advise(offset, size, advice)
    return Errno.SUCCESS


def fd_allocate(process: Process, caller: Caller, descriptor: int, offset: int, size: int) -> int:
    if offset < 0 or size < 0 or offset + size > MAX_OFFSET:
        return Errno.INVAL
    process.table[descriptor].allocate(offset, size)
    return Errno.SUCCESS


def fd_sync(process: Process, caller: Caller, descriptor: int) -> int:
    process.table[descriptor].sync(data_only=False)
    return Errno.SUCCESS


def fd_datasync(process: Process, caller: Caller, descriptor: int) -> int:
    process.table[descriptor].sync(data_only=True)
    return Errno.SUCCESS
