"""Errors of files and sockets, as WASI 0.2 calls them.

file_code(Errno.NOENT)                      -> "no-entry"
socket_code(ConnectionRefusedError(...))    -> "connection-refused"

A function marked with ``@file_errors`` or ``@socket_errors`` raises ``ComponentError`` with these codes, which the
guest gets as the error of its result.
"""

from __future__ import annotations

import errno

from wasmz.errors import ComponentError, MemoryLimit
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import NAMES, Errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

_FILE_CODES: Final = """
    ACCES access  AGAIN would-block  ALREADY already  BADF bad-descriptor  BUSY busy  DEADLK deadlock
    DQUOT quota  EXIST exist  FBIG file-too-large  ILSEQ illegal-byte-sequence  INPROGRESS in-progress
    INTR interrupted  INVAL invalid  IO io  ISDIR is-directory  LOOP loop  MLINK too-many-links
    MSGSIZE message-size  NAMETOOLONG name-too-long  NODEV no-device  NOENT no-entry  NOLCK no-lock
    NOMEM insufficient-memory  MFILE insufficient-memory  NFILE insufficient-memory  NOSPC insufficient-space
    NOTDIR not-directory  NOTEMPTY not-empty  NOTRECOVERABLE not-recoverable  NOTSUP unsupported
    NOSYS unsupported  NOTTY no-tty  NXIO no-such-device  OVERFLOW overflow  PERM not-permitted  PIPE pipe
    ROFS read-only  SPIPE invalid-seek  TXTBSY text-file-busy  XDEV cross-device
"""

_SOCKET_CODES: Final = """
    ACCES access-denied  PERM access-denied  NOTSUP not-supported  NOSYS not-supported  OPNOTSUPP not-supported
    PROTONOSUPPORT not-supported  AFNOSUPPORT not-supported  INVAL invalid-argument  NOMEM out-of-memory
    NOBUFS out-of-memory  TIMEDOUT timeout  AGAIN would-block  INPROGRESS would-block  ALREADY concurrency-conflict
    NOTCONN invalid-state  ISCONN invalid-state  BADF invalid-state  MFILE new-socket-limit  NFILE new-socket-limit
    ADDRNOTAVAIL address-not-bindable  ADDRINUSE address-in-use  HOSTUNREACH remote-unreachable
    NETUNREACH remote-unreachable  NETDOWN remote-unreachable  CONNREFUSED connection-refused
    CONNRESET connection-reset  PIPE connection-reset  CONNABORTED connection-aborted  MSGSIZE datagram-too-large
"""


def _by_number(text: str) -> dict[int, str]:
    words = text.split()
    numbers = {name: number for number, name in enumerate(NAMES.split(), 1)}
    return {numbers[name]: code for name, code in zip(words[::2], words[1::2], strict=True) if name in numbers}


_file_codes: Final = _by_number(_FILE_CODES)
_socket_codes: Final = _by_number(_SOCKET_CODES)

# What a socket that does not wait says of a connection that has begun.
IN_PROGRESS: Final = frozenset(
    getattr(errno, name) for name in ("EINPROGRESS", "EWOULDBLOCK", "EAGAIN", "WSAEWOULDBLOCK") if hasattr(errno, name)
)


def number_of(error: BaseException) -> int:
    """The number of preview 1 for what went wrong."""
    if isinstance(error, Failure):
        return error.errno
    return Errno.of(error) if isinstance(error, OSError) else Errno.NOMEM


def file_code(number: int) -> str:
    """The ``error-code`` of ``wasi:filesystem`` for a number of preview 1."""
    return _file_codes.get(number, "io")


def socket_code(number: int) -> str:
    """The ``error-code`` of ``wasi:sockets`` for a number of preview 1."""
    return _socket_codes.get(number, "unknown")


def file_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Lets a function of files raise ``ComponentError`` for what goes wrong."""

    def call(*args: Any) -> Any:
        try:
            return function(*args)
        except (Failure, OSError, MemoryError, MemoryLimit) as error:
            raise ComponentError(file_code(number_of(error))) from None

    return call


def socket_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Lets a function of sockets raise ``ComponentError`` for what goes wrong."""

    def call(*args: Any) -> Any:
        try:
            return function(*args)
        except (Failure, OSError, MemoryError, MemoryLimit) as error:
            raise ComponentError(socket_code(number_of(error))) from None

    return call
