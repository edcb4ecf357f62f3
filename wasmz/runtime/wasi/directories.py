"""``fd_readdir``: the entries of a directory, in parts, which a guest requests by cookies.

fd_readdir(process, caller, 3, buffer, 4096, 0, result)     -> Errno.SUCCESS; entries in memory at `buffer`
"""

from __future__ import annotations

from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.listings import Listings
from wasmz.runtime.wasi.resolution import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.runtime.calls.host import Caller
    from wasmz.runtime.wasi.process import Process


def fd_readdir(
    process: Process, caller: Caller, descriptor: int, buffer: int, room: int, cookie: int, result: int
) -> int:
    directory = process.table[descriptor]
    memory = caller.memory
    target = memory.slice(buffer, room & 0xFFFF_FFFF)
    memory.slice(result, 4)
    if not isinstance(directory, Directory):
        return Errno.BADF
    listings = process.listings
    if listings is None:
        listings = process.listings = Listings()
    listing = listings.find(directory, caller.store.host_budget, is_new=not cookie)
    # A full buffer tells the guest that there is more.
    with listing.read(cookie, len(target)) as found:
        used = len(found)
        target[:used] = found
    memory.write_value(result, "I", used)
    return Errno.SUCCESS
