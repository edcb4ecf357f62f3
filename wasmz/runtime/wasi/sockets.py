"""Descriptors that are sockets: preopened ones, and connections that the guest accepted.

SocketDescriptor(listening).accept(0)       -> a SocketDescriptor for the connection
"""

from __future__ import annotations

import socket

from wasmz.runtime.limits.checkpoints import LONGEST_WAIT
from wasmz.runtime.wasi.descriptors import Descriptor, Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FdFlags, FileType, Rights
from wasmz.runtime.wasi.waiting import LARGEST_TRANSFER, parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.wasi.descriptors import Stat


class SocketDescriptor(Descriptor):
    """A socket.

    Attributes:
        socket: the host's socket.
        is_listening: whether it waits for connections.
    """

    is_always_ready = False

    def __init__(self, host_socket: socket.socket, flags: int = 0, *, is_owned: bool = False) -> None:
        """With ``is_owned``, the socket is closed with the descriptor."""
        self.socket = host_socket
        self._is_owned = is_owned
        self.is_listening: bool = _is_listening(host_socket)
        self.file_type = FileType.SOCKET_DGRAM if host_socket.type == socket.SOCK_DGRAM else FileType.SOCKET_STREAM
        self.flags: int = flags

    def __del__(self) -> None:
        if self._is_owned:
            self.socket.close()

    @property
    def rights(self) -> tuple[int, int]:
        if self.is_listening:
            base = Rights.SOCK_ACCEPT | Rights.FD_FDSTAT_SET_FLAGS | Rights.FD_FILESTAT_GET | Rights.POLL_FD_READWRITE
            return base, Rights.SOCKET
        return Rights.SOCKET, Rights.SOCKET

    def read(self, targets: list[memoryview]) -> int:
        return self.receive(targets, 0)[0]

    def write(self, sources: list[memoryview]) -> int:
        if not sources:
            return 0
        if self._prepare():
            return self._send(sources)
        total = 0
        for part in parts(sources, LARGEST_TRANSFER):
            # The system takes as much as there is room for.
            while part:
                done = self._until_ready(self._send, part)
                total += done
                part = _behind(part, done)
        return total

    def _send(self, sources: list[memoryview]) -> int:
        if hasattr(self.socket, "sendmsg"):
            return self.socket.sendmsg(sources)
        return self.socket.send(sources[0])

    def receive(self, targets: list[memoryview], flags: int) -> tuple[int, int]:
        """Fills the targets; returns the number of bytes, and the system's flags for them."""
        if not targets:
            return 0, 0
        if self._prepare():
            return self._receive(targets, flags)
        wait_all = flags & getattr(socket, "MSG_WAITALL", 0)
        flags &= ~wait_all
        total, found = self._until_ready(self._receive, targets, flags)
        if wait_all and self.socket.type == socket.SOCK_STREAM and not flags & socket.MSG_PEEK:
            # By several calls: a single one that waits for all bytes could not be stopped.
            done, targets = total, _behind(targets, total)
            while done and targets:
                done, found = self._until_ready(self._receive, targets, flags)
                total, targets = total + done, _behind(targets, done)
        return total, found

    def _receive(self, targets: list[memoryview], flags: int) -> tuple[int, int]:
        if hasattr(self.socket, "recvmsg_into"):
            size, _, found, _ = self.socket.recvmsg_into(targets, 0, flags)
            return size, found
        return self.socket.recv_into(targets[0], 0, flags), 0

    def accept(self, flags: int) -> SocketDescriptor:
        """Waits for a connection."""
        if not self.is_listening:
            raise Failure(Errno.INVAL)
        connection, _ = self.socket.accept() if self._prepare() else self._until_ready(self.socket.accept)
        return SocketDescriptor(connection, flags, is_owned=True)

    def seek(self, offset: int, whence: int) -> int:
        raise Failure(Errno.SPIPE)

    def read_at(self, targets: list[memoryview], offset: int) -> int:
        raise Failure(Errno.SPIPE)

    def write_at(self, sources: list[memoryview], offset: int) -> int:
        raise Failure(Errno.SPIPE)

    def stat(self) -> Stat:
        return 0, 0, self.file_type, 1, 0, 0, 0, 0

    def set_flags(self, flags: int) -> None:
        self.flags = flags

    def wait_handle(self) -> socket.socket:
        return self.socket

    def _prepare(self) -> bool:
        """Whether calls must not wait at all; otherwise they wait for a short time, and are repeated."""
        # The timeout of the host's socket has no meaning for the guest.
        is_impatient = bool(self.flags & FdFlags.NONBLOCK)
        timeout = 0.0 if is_impatient else LONGEST_WAIT
        if self.socket.gettimeout() != timeout:
            self.socket.settimeout(timeout)
        return is_impatient

    def _until_ready(self, function: Callable[..., Any], *args: Any) -> Any:
        """Repeats a system call until it succeeds; the thread can be stopped in between."""
        while True:
            try:
                return function(*args)
            except TimeoutError:
                if self.socket.gettimeout() is None:
                    raise


def _behind(views: list[memoryview], size: int) -> list[memoryview]:
    """The views without their first ``size`` bytes."""
    left: list[memoryview] = []
    for view in views:
        if size < len(view):
            left.append(view[size:])
        size = max(size - len(view), 0)
    return left


def _is_listening(host_socket: socket.socket) -> bool:
    try:
        return bool(host_socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except (AttributeError, OSError):
        # Not every system reports this: a socket without a peer cannot be read from, anyway.
        try:
            host_socket.getpeername()
        except OSError:
            return host_socket.type == socket.SOCK_STREAM
        return False
