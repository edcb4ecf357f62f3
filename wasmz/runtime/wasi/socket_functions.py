"""Functions of WASI on sockets: accepting connections, sending and receiving.

sock_accept(process, caller, 3, 0, result)      -> Errno.SUCCESS, a descriptor for the connection
"""

from __future__ import annotations

import _struct as struct  # what there is in struct, without that file
import socket

from wasmz.runtime.wasi.descriptor_functions import pieces
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FdFlags
from wasmz.runtime.wasi.sockets import SocketDescriptor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.runtime.calls.host import Caller
    from wasmz.runtime.wasi.process import Process

_PEEK: Final = 1
_WAIT_ALL: Final = 2
_DATA_TRUNCATED: Final = 1
_SHUT_READ: Final = 1
_SHUT_WRITE: Final = 2


def sock_accept(process: Process, caller: Caller, descriptor: int, flags: int, result: int) -> int:
    flags &= 0xFFFF
    if flags & ~FdFlags.NONBLOCK:
        return Errno.INVAL
    listening = _socket(process, descriptor)
    caller.memory.slice(result, 4)
    number = process.table.add(listening.accept(flags))
    caller.memory.write_value(result, "I", number)
    return Errno.SUCCESS


def sock_recv(
    process: Process,
    caller: Caller,
    descriptor: int,
    vectors: int,
    count: int,
    flags: int,
    size_result: int,
    flags_result: int,
) -> int:
    flags &= 0xFFFF
    if flags & ~(_PEEK | _WAIT_ALL):
        return Errno.INVAL
    source = _socket(process, descriptor)
    memory = caller.memory
    memory.slice(size_result, 4)
    memory.slice(flags_result, 2)
    wanted = socket.MSG_PEEK if flags & _PEEK else 0
    wanted |= getattr(socket, "MSG_WAITALL", 0) if flags & _WAIT_ALL else 0
    size, found = source.receive(pieces(memory, vectors, count), wanted)
    memory.write_value(size_result, "I", size)
    memory.write_value(flags_result, "H", _DATA_TRUNCATED if found & getattr(socket, "MSG_TRUNC", 0) else 0)
    return Errno.SUCCESS


def sock_send(
    process: Process, caller: Caller, descriptor: int, vectors: int, count: int, flags: int, result: int
) -> int:
    if flags & 0xFFFF:
        return Errno.INVAL
    target = _socket(process, descriptor)
    memory = caller.memory
    size = memory.slice(result, 4)
    struct.pack_into("<I", size, 0, target.write(pieces(memory, vectors, count)))
    return Errno.SUCCESS


def sock_shutdown(process: Process, caller: Caller, descriptor: int, how: int) -> int:
    how &= 0xFF
    target = _socket(process, descriptor)
    if not how or how & ~(_SHUT_READ | _SHUT_WRITE):
        return Errno.INVAL
    target.socket.shutdown((None, socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR)[how] or 0)
    return Errno.SUCCESS


def _socket(process: Process, descriptor: int) -> SocketDescriptor:
    entry = process.table[descriptor]
    if not isinstance(entry, SocketDescriptor):
        raise Failure(Errno.NOTSOCK)
    return entry
