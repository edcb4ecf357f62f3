"""Structures of emscripten's C library (musl for wasm32), as they lie in a guest's memory.

write_stat(memory, address, stat)       96 bytes: `struct stat`
"""

from __future__ import annotations

import _struct as struct  # what there is in struct, without that file

from wasmz.runtime.wasi.flags import FileType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.runtime.memory.linear import Memory
    from wasmz.runtime.wasi.descriptors import Stat

# Device, mode, links, user, group, device of devices, size, size of blocks, blocks, three times of 16 bytes, inode.
_STAT: Final = struct.Struct("<IIIIIIqiiqi4xqi4xqi4xQ")
# Type, size of blocks, blocks, free and available ones, files, free ones, two halves of an id, longest name, size of
# fragments, flags.
_STATFS: Final = struct.Struct("<IIIIIIIIIIII")
# Inode, position of the next entry, length of this one, type; the name follows.
_DIRENT: Final = struct.Struct("<QqHB")
_DIRENT_BYTES: Final = 280
_BLOCK_BYTES: Final = 4096
_SECOND: Final = 1_000_000_000

_MODES: Final = {
    FileType.DIRECTORY: 0o040777,
    FileType.REGULAR_FILE: 0o100666,
    FileType.SYMBOLIC_LINK: 0o120777,
    FileType.CHARACTER_DEVICE: 0o020666,
    FileType.BLOCK_DEVICE: 0o060666,
    FileType.SOCKET_STREAM: 0o140777,
    FileType.SOCKET_DGRAM: 0o140777,
}
# As in <dirent.h>.
_ENTRY_TYPES: Final = {
    FileType.DIRECTORY: 4,
    FileType.REGULAR_FILE: 8,
    FileType.SYMBOLIC_LINK: 10,
    FileType.CHARACTER_DEVICE: 2,
    FileType.BLOCK_DEVICE: 6,
    FileType.SOCKET_STREAM: 12,
    FileType.SOCKET_DGRAM: 12,
}


def write_stat(memory: Memory, address: int, stat: Stat, *, is_read_only: bool = False) -> None:
    """Writes attributes. Files have the permissions that are usual; of the host's, nothing is told."""
    device, inode, file_type, links, size, *times = stat
    mode = _MODES.get(file_type, 0o100666) & (~0o222 if is_read_only else -1)
    parts = [part for nanoseconds in times for part in divmod(max(nanoseconds, 0), _SECOND)]
    blocks = min(-(-size // 512), 0x7FFF_FFFF)
    _STAT.pack_into(
        memory.slice(address, _STAT.size),
        0,
        *(device & 0xFFFF_FFFF, mode, min(links, 0xFFFF_FFFF), 0, 0, 0),
        *(size, _BLOCK_BYTES, blocks, *parts, inode & 0xFFFF_FFFF_FFFF_FFFF),
    )


def write_statfs(memory: Memory, address: int) -> None:
    """Writes what a file system is like: the same for all, so that nothing is told of the host's."""
    free = 500_000
    values = (0, _BLOCK_BYTES, 1_000_000, free, free, 1_000_000, free, 42, 0, 255, _BLOCK_BYTES, 2)
    _STATFS.pack_into(memory.slice(address, _STATFS.size), 0, *values)


def write_entry(target: memoryview, position: int, inode: int, file_type: int, name: bytes) -> int:
    """Writes an entry of a directory, if there is room; how many bytes it takes."""
    if len(target) < _DIRENT_BYTES:
        return 0
    head = _DIRENT.pack(inode & 0xFFFF_FFFF_FFFF_FFFF or 1, position, _DIRENT_BYTES, _ENTRY_TYPES.get(file_type, 0))
    target[:_DIRENT_BYTES] = (head + name[:255]).ljust(_DIRENT_BYTES, b"\0")
    return _DIRENT_BYTES
