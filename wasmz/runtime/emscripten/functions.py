"""Emscripten's functions of the system beside its system calls: dates, memory of files, messages, random numbers.

FUNCTIONS["_localtime_js"]          -> ("Ii:", gmtime)
"""

from __future__ import annotations

from wasmz.runtime.emscripten.system_calls import Guest, text_at
from wasmz.runtime.emscripten.times import gmtime, strftime, strptime, timegm, tzset
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FileType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.runtime.calls.host import Caller

_PAGE: Final = 65_536
_SHARED: Final = 1
_WRITE: Final = 2


def _map(
    guest: Guest,
    caller: Caller,
    size: int,
    protection: int,
    flags: int,
    descriptor: int,
    offset: int,
    allocated: int,
    address: int,
) -> int:
    """Reads a part of a file into memory that the module allocates: its `mmap`."""
    entry = guest.process.table[descriptor]
    if entry.file_type != FileType.REGULAR_FILE:
        raise Failure(Errno.ACCES)
    exports = caller.instance.exports
    if "emscripten_builtin_memalign" not in exports:
        raise Failure(Errno.NOSYS)
    size &= 0xFFFF_FFFF
    room = -(-size // _PAGE) * _PAGE
    start = exports.emscripten_builtin_memalign(_PAGE, room) & 0xFFFF_FFFF
    if not start:
        raise Failure(Errno.NOMEM)
    memory = caller.memory
    target = memory.slice(start, room)
    taken = entry.read_at([target[:size]], offset)
    target[taken:] = bytes(room - taken)
    memory.write_value(allocated, "I", 1)
    memory.write_value(address, "I", start)
    return 0


def _unmap(
    guest: Guest, caller: Caller, address: int, size: int, protection: int, flags: int, descriptor: int, offset: int
) -> int:
    """Writes back a part of a file that is shared."""
    if protection & _WRITE and flags & _SHARED:
        entry = guest.process.table[descriptor]
        size = max(0, min(size & 0xFFFF_FFFF, entry.stat()[4] - offset))
        entry.write_at([caller.memory.slice(address, size)], offset)
    return 0


def _message(stream: int) -> Callable[[Guest, Caller, int], None]:
    def write(guest: Guest, caller: Caller, text: int) -> None:
        guest.process.table[stream].write([memoryview(text_at(caller, text) + b"\n")])

    return write


def _entropy(guest: Guest, caller: Caller, buffer: int, size: int) -> int:
    guest.process.fill_random(caller.memory.slice(buffer, size & 0xFFFF_FFFF))
    return 0


def _system(guest: Guest, caller: Caller, command: int) -> int:
    """There are no other programs."""
    return -1 if command else 0


def _nothing(guest: Guest, caller: Caller, *args: Any) -> int:
    """For what has no meaning here, and is no error."""
    return 0


# Name -> types, with I for an i64, which may be two i32 in the module; and the function. Of several types, for versions
# of emscripten, the one that the module imports.
FUNCTIONS: Final[dict[str, tuple[tuple[str, ...], Callable[..., Any]]]] = {
    "_localtime_js": (("Ii:", "di:", "ii:"), gmtime),
    "_gmtime_js": (("Ii:", "di:", "ii:"), gmtime),
    "_mktime_js": (("i:I", "i:d", "i:i"), timegm),
    "_timegm_js": (("i:I", "i:d", "i:i"), timegm),
    "_tzset_js": (("iiii:", "iii:"), tzset),
    "strftime": (("iiii:i",), strftime),
    "strftime_l": (("iiiii:i",), strftime),
    "strptime": (("iii:i",), strptime),
    "strptime_l": (("iiii:i",), strptime),
    "system": (("i:i",), _system),
    "_mmap_js": (("iiiiIii:i", "iiiiiii:i"), _map),
    "_munmap_js": (("iiiiiI:i", "iiiiii:i"), _unmap),
    "_msync_js": (("iiiiiI:i", "iiiiii:i"), _unmap),
    "_setitimer_js": (("id:i",), _nothing),
    "emscripten_out": (("i:",), _message(1)),
    "emscripten_console_log": (("i:",), _message(1)),
    "_emscripten_out": (("i:",), _message(1)),
    "emscripten_err": (("i:",), _message(2)),
    "_emscripten_err": (("i:",), _message(2)),
    "emscripten_console_warn": (("i:",), _message(2)),
    "emscripten_console_error": (("i:",), _message(2)),
    "emscripten_dbg": (("i:",), _message(2)),
    "_emscripten_dbg": (("i:",), _message(2)),
    "getentropy": (("ii:i",), _entropy),
    "emscripten_return_address": (("i:i",), _nothing),
    "_emscripten_runtime_keepalive_clear": ((":",), _nothing),
    "emscripten_runtime_keepalive_push": ((":",), _nothing),
    "emscripten_runtime_keepalive_pop": ((":",), _nothing),
    "_emscripten_fs_load_embedded_files": (("i:",), _nothing),
}
