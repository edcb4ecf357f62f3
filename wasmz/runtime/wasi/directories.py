"""``fd_readdir``: the entries of a directory, in portions that a guest asks for by cookies.

fd_readdir(process, caller, 3, buffer, 4096, 0, result)     -> Errno.SUCCESS; entries in memory at `buffer`

A listing is taken when a guest starts from the beginning, and serves all portions that follow: so the cookies are
positions in it, and what others add or remove meanwhile does not make entries appear twice.
"""

from __future__ import annotations

import struct

from wasmz.runtime.wasi.constants import FileType
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.resolution import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.runtime.func import Caller
    from wasmz.runtime.wasi.process import Process

# The next entry's cookie, inode, length of the name, type; the name follows.
_DIRENT: Final = struct.Struct("<QQIB3x")


def fd_readdir(
    process: Process, caller: Caller, descriptor: int, buffer: int, room: int, cookie: int, result: int
) -> int:
    directory = process.table[descriptor]
    memory = caller.memory
    target = memory.slice(buffer, room & 0xFFFF_FFFF)
    memory.slice(result, 4)
    if not isinstance(directory, Directory):
        return Errno.BADF
    listing = directory.listing
    if listing is None or not cookie:
        # The directory above is none of the guest's business.
        own = directory.stat()[1]
        listing = directory.listing = [
            (own, FileType.DIRECTORY, b"."),
            (0, FileType.DIRECTORY, b".."),
            *directory.entries(),
        ]
    used = 0
    if cookie < 0:
        cookie = len(listing)
    for number in range(cookie, len(listing)):
        inode, file_type, name = listing[number]
        entry = _DIRENT.pack(number + 1, inode & 0xFFFF_FFFF_FFFF_FFFF, len(name), file_type) + name
        # The last one may be cut off: that the buffer is full tells the guest that there is more.
        part = entry[: len(target) - used]
        target[used : used + len(part)] = part
        used += len(part)
        if used == len(target):
            break
    memory.write_value(result, "I", used)
    return Errno.SUCCESS
