"""``wasi:sockets/tcp``: connections, and listening for them.

made = Tcp(guest).create_tcp_socket("ipv4")
made.start_connect(network, ("ipv4", {"port": 80, "address": (127, 0, 0, 1)}))
made.finish_connect()                                                               -> two streams
"""

from __future__ import annotations

import socket
import sys
import time

from wasmz.errors import ComponentError
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.readiness import Wait
from wasmz.wasi2.errors import IN_PROGRESS, socket_code, socket_errors
from wasmz.wasi2.guest import label_of
from wasmz.wasi2.network import check_remote, host_address, ip_socket_address
from wasmz.wasi2.socket_base import Socket
from wasmz.wasi2.streams import InputStream, OutputStream, Sink, Source, is_ready

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.runtime.wasi.sockets import SocketDescriptor
    from wasmz.wasi2.guest import Guest
    from wasmz.wasi2.network import Network

_SECOND: Final = 1_000_000_000
_BACKLOG: Final = 128
# How long a stream that is dropped tries to send the rest.
_LINGER_SECONDS: Final = 1.0
# What is taken at once of a guest that sends.
_ROOM: Final = 1 << 16


class Tcp:
    """The function of ``tcp-create-socket``."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    @socket_errors
    def create_tcp_socket(self, family: Any) -> TcpSocket:
        """A socket; what it may reach is checked when it is used."""
        return TcpSocket(self._guest, label_of(family), socket.SOCK_STREAM)


def let_reuse(used: socket.socket) -> None:
    """Lets a socket be bound to an address that connections had a moment ago."""
    if sys.platform != "win32":
        # There, it would let others take the address.
        used.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


class TcpSocket(Socket):
    """The resource ``tcp-socket``."""

    state: str
    _backlog: int = _BACKLOG
    _connecting: OSError | None = None

    def prepare_bind(self) -> None:
        let_reuse(self.socket)

    @socket_errors
    def start_connect(self, network: Network, remote: Any) -> None:
        """Begins to connect."""
        address = host_address(remote, self.family)
        self.expect("unbound", "bound")
        check_remote(self.guest, address)
        number = self.socket.connect_ex(address)
        if number and number not in IN_PROGRESS:
            self.state = "closed"
            raise OSError(number, "connect")
        self.state = "connect-started"

    @socket_errors
    def finish_connect(self) -> tuple[InputStream, OutputStream]:
        """The streams of the connection; not before it is there."""
        if self.state != "connect-started":
            raise ComponentError("not-in-progress")
        if not is_ready(self):
            raise ComponentError("would-block")
        number = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self.state = "closed"
            raise ComponentError(socket_code(Errno.of(OSError(number, "connect"))))
        self.state = "connected"
        return self._streams()

    def _streams(self) -> tuple[InputStream, OutputStream]:
        entry = self.entry
        return InputStream(self.guest, _SocketSource(entry)), OutputStream(self.guest, _SocketSink(entry, self.guest))

    @socket_errors
    def start_listen(self) -> None:
        """Begins to listen."""
        self.expect("bound")
        self.socket.listen(self._backlog)
        self.state = "listen-started"

    @socket_errors
    def finish_listen(self) -> None:
        """Ends what :meth:`start_listen` began."""
        if self.state != "listen-started":
            raise ComponentError("not-in-progress")
        self.state = "listening"

    @socket_errors
    def accept(self) -> tuple[TcpSocket, InputStream, OutputStream]:
        """A connection that has arrived, with its streams."""
        self.expect("listening")
        connection, _ = self.socket.accept()
        made = TcpSocket(self.guest, self.family, socket.SOCK_STREAM, connection)
        made.state = "connected"
        return made, *made._streams()

    def is_listening(self) -> bool:
        """Whether it listens."""
        return self.state == "listening"

    @socket_errors
    def remote_address(self) -> tuple[str, dict[str, Any]]:
        """The address of the other side."""
        self.expect("connected")
        return ip_socket_address(self.socket.getpeername())

    @socket_errors
    def shutdown(self, how: Any) -> None:
        """Ends one direction of the connection, or both."""
        self.expect("connected")
        hows = {"receive": socket.SHUT_RD, "send": socket.SHUT_WR, "both": socket.SHUT_RDWR}
        self.socket.shutdown(hows[label_of(how)])

    def add_to(self, wait: Wait, key: Any) -> None:
        if self.state == "connect-started":
            wait.add_handle(key, self.socket, for_reading=False)
        elif self.state == "listening":
            wait.add_handle(key, self.socket, for_reading=True)
        else:
            wait.add_ready(key)

    # Options

    @socket_errors
    def set_listen_backlog_size(self, value: int) -> None:
        """How many connections wait to be accepted: a wish."""
        if not value:
            raise ComponentError("invalid-argument")
        self.expect("unbound", "bind-started", "bound", "listen-started", "listening")
        self._backlog = min(value, 4096)
        if self.state == "listening":
            self.socket.listen(self._backlog)

    @socket_errors
    def keep_alive_enabled(self) -> bool:
        """Whether the system asks from time to time whether the other side is there."""
        return bool(self.option(socket.SOL_SOCKET, "SO_KEEPALIVE"))

    @socket_errors
    def set_keep_alive_enabled(self, value: bool) -> None:
        """Whether the system asks from time to time whether the other side is there."""
        self.set_option(socket.SOL_SOCKET, "SO_KEEPALIVE", int(value))

    @socket_errors
    def keep_alive_idle_time(self) -> int:
        """After which silence it asks, in nanoseconds."""
        return self.option(socket.IPPROTO_TCP, "TCP_KEEPIDLE TCP_KEEPALIVE") * _SECOND

    @socket_errors
    def set_keep_alive_idle_time(self, value: int) -> None:
        """After which silence it asks: whole seconds."""
        self.set_option(socket.IPPROTO_TCP, "TCP_KEEPIDLE TCP_KEEPALIVE", _seconds(value))

    @socket_errors
    def keep_alive_interval(self) -> int:
        """After which time it asks again, in nanoseconds."""
        return self.option(socket.IPPROTO_TCP, "TCP_KEEPINTVL") * _SECOND

    @socket_errors
    def set_keep_alive_interval(self, value: int) -> None:
        """After which time it asks again: whole seconds."""
        self.set_option(socket.IPPROTO_TCP, "TCP_KEEPINTVL", _seconds(value))

    @socket_errors
    def keep_alive_count(self) -> int:
        """How often it asks before it gives up."""
        return self.option(socket.IPPROTO_TCP, "TCP_KEEPCNT")

    @socket_errors
    def set_keep_alive_count(self, value: int) -> None:
        """How often it asks before it gives up."""
        if not value:
            raise ComponentError("invalid-argument")
        self.set_option(socket.IPPROTO_TCP, "TCP_KEEPCNT", min(value, 127))


def _seconds(nanoseconds: int) -> int:
    if not nanoseconds:
        raise ComponentError("invalid-argument")
    return min(max(1, -(-nanoseconds // _SECOND)), 32767)


class _SocketSource(Source):
    def __init__(self, entry: SocketDescriptor) -> None:
        self._entry = entry

    def add_to(self, wait: Wait, key: Any) -> None:
        wait.add_handle(key, self._entry.socket, for_reading=True)

    def read(self, size: int) -> bytes | None:
        try:
            return self._entry.socket.recv(min(size, _ROOM)) or None
        except BlockingIOError:
            return b""


class _SocketSink(Sink):
    """Sends what the system takes; the rest waits here, and meanwhile nothing more is taken."""

    held = _ROOM

    def __init__(self, entry: SocketDescriptor, guest: Guest) -> None:
        self._entry = entry
        self._guest = guest
        self._rest = b""

    def add_to(self, wait: Wait, key: Any) -> None:
        wait.add_handle(key, self._entry.socket, for_reading=False)

    def room(self) -> int:
        self.flush()
        return 0 if self._rest else _ROOM

    def write(self, content: memoryview) -> int:
        self.flush()
        if self._rest:
            self._rest += content
        else:
            self._rest = bytes(content)[self._send(content) :]
        return len(content)

    def flush(self) -> None:
        if self._rest:
            self._rest = self._rest[self._send(self._rest) :]

    def _send(self, content: bytes | memoryview) -> int:
        try:
            return self._entry.socket.send(content)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        last = time.monotonic() + _LINGER_SECONDS
        try:
            while self._rest and not self._guest.is_over and time.monotonic() < last:
                wait = Wait()
                self.add_to(wait, 0)
                wait.add_delay(0, _SECOND // 10)
                wait.run()
                self.flush()
        except OSError:
            # Nobody is left who could be told.
            self._rest = b""
