"""Functions of WASI on descriptors that most programs use: reading, writing, positions, preopened directories.

fd_write(process, caller, 1, vectors, 2, result)    -> Errno.SUCCESS, and the number of bytes in memory at `result`
"""

from __future__ import annotations

import _struct as struct  # what there is in struct, without that file

from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.runtime.calls.host import Caller
    from wasmz.runtime.memory.linear import Memory
    from wasmz.runtime.wasi.descriptors import Descriptor
    from wasmz.runtime.wasi.process import Process

_PAIR: Final = struct.Struct("<II")
_U32: Final = struct.Struct("<I")
_U64: Final = struct.Struct("<Q")
_FDSTAT: Final = struct.Struct("<BxHxxxxQQ")

# The most pieces of memory that one call transfers, as on POSIX systems; the guest calls again for the rest, as after
# any incomplete transfer.
_MOST_VECTORS: Final = 1024


def fd_read(process: Process, caller: Caller, descriptor: int, vectors: int, count: int, result: int) -> int:
    memory = caller.memory
    total = memory.slice(result, 4)
    targets = pieces(memory, vectors, count)
    _U32.pack_into(total, 0, process.table[descriptor].read(targets))
    return Errno.SUCCESS


def fd_write(process: Process, caller: Caller, descriptor: int, vectors: int, count: int, result: int) -> int:
    memory = caller.memory
    total = memory.slice(result, 4)
    sources = pieces(memory, vectors, count)
    _U32.pack_into(total, 0, process.table[descriptor].write(sources))
    return Errno.SUCCESS


def fd_pread(
    process: Process, caller: Caller, descriptor: int, vectors: int, count: int, offset: int, result: int
) -> int:
    memory = caller.memory
    total = memory.slice(result, 4)
    targets = pieces(memory, vectors, count)
    entry = process.table[descriptor]
    if offset < 0:
        # No file is so long. But a file that cannot be read at all is reported as such.
        entry.read_at([], 0)
        return Errno.INVAL
    _U32.pack_into(total, 0, entry.read_at(targets, offset))
    return Errno.SUCCESS


def fd_pwrite(
    process: Process, caller: Caller, descriptor: int, vectors: int, count: int, offset: int, result: int
) -> int:
    memory = caller.memory
    total = memory.slice(result, 4)
    sources = pieces(memory, vectors, count)
    entry = process.table[descriptor]
    if offset < 0:
        entry.write_at([], 0)
        return Errno.INVAL
    _U32.pack_into(total, 0, entry.write_at(sources, offset))
    return Errno.SUCCESS


def fd_seek(process: Process, caller: Caller, descriptor: int, offset: int, whence: int, result: int) -> int:
    return _seek(process, caller, descriptor, offset, whence & 0xFF, result)


def unstable_fd_seek(process: Process, caller: Caller, descriptor: int, offset: int, whence: int, result: int) -> int:
    """In the previous interface, whence is 0 for the current position, 1 for the end, 2 for the start."""
    whence &= 0xFF
    return _seek(process, caller, descriptor, offset, (1, 2, 0)[whence] if whence < 3 else whence, result)


def _seek(process: Process, caller: Caller, descriptor: int, offset: int, whence: int, result: int) -> int:
    if whence > 2:
        return Errno.INVAL
    place = caller.memory.slice(result, 8)
    _U64.pack_into(place, 0, process.table[descriptor].seek(offset, whence))
    return Errno.SUCCESS


def fd_tell(process: Process, caller: Caller, descriptor: int, result: int) -> int:
    return _seek(process, caller, descriptor, 0, 1, result)


def fd_close(process: Process, caller: Caller, descriptor: int) -> int:
    _let_go(process, process.table.close(descriptor))
    return Errno.SUCCESS


def fd_renumber(process: Process, caller: Caller, descriptor: int, to: int) -> int:
    replaced = process.table.renumber(descriptor, to)
    if replaced is not None:
        _let_go(process, replaced)
    return Errno.SUCCESS


def _let_go(process: Process, entry: Descriptor) -> None:
    """Releases what belonged to a descriptor that lost its number."""
    if process.listings is not None:
        process.listings.forget(entry)
    entry.flush()


def fd_fdstat_get(process: Process, caller: Caller, descriptor: int, result: int) -> int:
    entry = process.table[descriptor]
    _FDSTAT.pack_into(caller.memory.slice(result, 24), 0, entry.file_type, entry.flags, *entry.rights)
    return Errno.SUCCESS


def fd_prestat_get(process: Process, caller: Caller, descriptor: int, result: int) -> int:
    name = process.table[descriptor].preopen_name
    if name is None:
        return Errno.BADF
    # The tag 0 stands for a directory, the only kind.
    _PAIR.pack_into(caller.memory.slice(result, 8), 0, 0, len(name))
    return Errno.SUCCESS


def fd_prestat_dir_name(process: Process, caller: Caller, descriptor: int, buffer: int, size: int) -> int:
    name = process.table[descriptor].preopen_name
    if name is None:
        return Errno.BADF
    if len(name) > size & 0xFFFF_FFFF:
        return Errno.NAMETOOLONG
    caller.memory.write(buffer, name)
    return Errno.SUCCESS


def pieces(memory: Memory, address: int, count: int) -> list[memoryview]:
    """The non-empty pieces of memory that a guest's list of (address, size) pairs describes."""
    if count == 1:
        # The usual case: skipping the calls below halves the time.
        limit = memory.size_bytes
        if 0 <= address <= limit - 8:
            start, size = _PAIR.unpack_from(memory.bytes, address)
            if 0 < size <= limit - start:
                return [memory.bytes[start : start + size]]
    count &= 0xFFFF_FFFF
    table = memory.slice(address, 8 * count)
    views: list[memoryview] = []
    total = 0
    step = 8 * _MOST_VECTORS
    for first in range(0, 8 * count, step):
        for start, size in _PAIR.iter_unpack(table[first : first + step]):
            view = memory.slice(start, size)
            if size:
                views.append(view)
                total += size
        if views:
            break
    if total > 0xFFFF_FFFF:
        # The total cannot be returned in 32 bits.
        raise Failure(Errno.INVAL)
    return views
