"""``wasi:sockets`` 0.3, TCP: connections whose bytes come and go by streams.

made = Tcp(guest).create("ipv4")
await made.connect(("ipv4", {"port": 80, "address": (127, 0, 0, 1)}))
stream, ended = made.receive()
"""

from __future__ import annotations

import asyncio
import socket

from wasmz.errors import ComponentError
from wasmz.runtime.wasi.errno import Errno
from wasmz.wasi2 import tcp
from wasmz.wasi2.guest import label_of
from wasmz.wasi2.network import check_granted, check_remote, host_address, ip_socket_address
from wasmz.wasi2.streams import Source
from wasmz.wasi3.sockets import FAILURES, Socket, check_unicast, error_of, socket_code, socket_errors
from wasmz.wasi3.transfers import OK, Ending, Incoming, Nothing, Work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.runtime.wasi.sockets import SocketDescriptor
    from wasmz.wasi2.guest import Guest

_PIECE: Final = 1 << 16
# How long accepting pauses when the system refuses, or the guest may have no more descriptors.
_PAUSE_SECONDS: Final = 0.05
# How long what a guest has sent may take after its end.
_LINGER_SECONDS: Final = 1.0
_ANY: Final = {"ipv4": "0.0.0.0", "ipv6": "::"}
_IN_PROGRESS: Final = (BlockingIOError, InterruptedError)


class Tcp:
    """What makes sockets."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    @socket_errors
    def create(self, family: Any) -> TcpSocket:
        """A socket; what it may reach is checked when it is used."""
        return TcpSocket(self._guest, label_of(family), socket.SOCK_STREAM)


class TcpSocket(Socket):
    """The resource ``tcp-socket``."""

    state: str
    _backlog: int = 128
    _is_sent: bool = False
    _is_received: bool = False

    def prepare_bind(self) -> None:
        tcp.let_reuse(self.socket)

    def check_local(self, local: Any) -> None:
        check_unicast(host_address(local, self.family))

    async def connect(self, remote: Any) -> None:
        """Connects."""
        try:
            address = host_address(remote, self.family)
            check_unicast(address)
            self.expect("unbound", "bound")
            check_remote(self.guest, address)
            self.state = "closed"
            entry = self.entry
            await asyncio.get_running_loop().sock_connect(entry.socket, address)
            self.state = "connected"
        except (ComponentError, *FAILURES) as error:
            raise error_of(error) from None

    @socket_errors
    def listen(self) -> Any:
        """Begins to listen; a stream of the connections that arrive."""
        self.expect("unbound", "bound")
        if self.state == "unbound":
            address = (_ANY[self.family], 0)
            check_granted(self.guest, address)
            self.socket.bind(address)
        self.socket.listen(self._backlog)
        self.state = "listening"
        return _Connections(self.guest, self.family, self.entry)

    @socket_errors
    def get_remote_address(self) -> Any:
        """The address of the other side."""
        self.expect("connected")
        return ip_socket_address(self.socket.getpeername())

    def get_is_listening(self) -> bool:
        """Whether it listens."""
        return self.state == "listening"

    def send(self, data: Any) -> Work:
        """Sends what comes from a stream, and then says that nothing follows; once. How that ends."""
        refused = self.state != "connected" or self._is_sent
        self._is_sent = True
        # The socket may be dropped before the stream.
        entry = self.entry

        async def work(this: Work) -> Any:
            try:
                if refused:
                    return "err", "invalid-state"
                loop = asyncio.get_running_loop()
                while content := await this.of_guest(data.read(_PIECE)):
                    await this.unfinished(loop.sock_sendall(entry.socket, content), _LINGER_SECONDS)
                entry.socket.shutdown(socket.SHUT_WR)
                return OK
            except (ComponentError, *FAILURES) as error:
                return "err", error_of(error).payload
            finally:
                data.close()

        return Work(self.guest, work)

    def receive(self) -> tuple[Any, Ending]:
        """A stream of what arrives, once; and how it ends."""
        if self.state != "connected" or self._is_received:
            ended = Ending()
            ended.settle(("err", "invalid-state"))
            return Nothing(), ended
        self._is_received = True
        made = _Received(self.guest, _SocketSource(self.entry), socket_code)
        return made, made.ended

    # Options

    @socket_errors
    def set_listen_backlog_size(self, value: int) -> None:
        """How many connections wait to be accepted: a wish."""
        if not value:
            raise ComponentError("invalid-argument")
        self.expect("unbound", "bound", "listening")
        self._backlog = min(value, 4096)
        if self.state == "listening":
            self.socket.listen(self._backlog)

    get_keep_alive_enabled: Callable[..., Any] = socket_errors(tcp.TcpSocket.keep_alive_enabled)
    set_keep_alive_enabled: Callable[..., Any] = socket_errors(tcp.TcpSocket.set_keep_alive_enabled)
    get_keep_alive_idle_time: Callable[..., Any] = socket_errors(tcp.TcpSocket.keep_alive_idle_time)
    set_keep_alive_idle_time: Callable[..., Any] = socket_errors(tcp.TcpSocket.set_keep_alive_idle_time)
    get_keep_alive_interval: Callable[..., Any] = socket_errors(tcp.TcpSocket.keep_alive_interval)
    set_keep_alive_interval: Callable[..., Any] = socket_errors(tcp.TcpSocket.set_keep_alive_interval)
    get_keep_alive_count: Callable[..., Any] = socket_errors(tcp.TcpSocket.keep_alive_count)
    set_keep_alive_count: Callable[..., Any] = socket_errors(tcp.TcpSocket.set_keep_alive_count)


class _SocketSource(Source):
    waits = True

    def __init__(self, entry: SocketDescriptor) -> None:
        self.entry = entry

    def close(self) -> None:
        try:
            self.entry.socket.shutdown(socket.SHUT_RD)
        except OSError:
            # It is not connected any more.
            pass


class _Received(Incoming):
    """The stream of what arrives at a socket."""

    def fetch(self, count: int) -> Any:
        source = self._source
        if not isinstance(source, _SocketSource):
            return None
        try:
            return self._checked(source.entry.socket.recv(min(count, _PIECE)))
        except _IN_PROGRESS:
            return self._arriving(source.entry, min(count, _PIECE))
        except FAILURES as error:
            return self._end(("err", error_of(error).payload))

    async def _arriving(self, entry: SocketDescriptor, count: int) -> Any:
        try:
            return self._checked(await asyncio.get_running_loop().sock_recv(entry.socket, count))
        except FAILURES as error:
            return self._end(("err", error_of(error).payload))


class _Connections:
    """The stream of connections that arrive at a socket."""

    __wasmz_end__ = True

    def __init__(self, guest: Guest, family: str, entry: SocketDescriptor) -> None:
        self._guest = guest
        self._family = family
        self._entry: SocketDescriptor | None = entry

    async def _accept(self) -> list[TcpSocket] | None:
        loop = asyncio.get_running_loop()
        while (entry := self._entry) is not None:
            try:
                connection, _ = await loop.sock_accept(entry.socket)
                made = TcpSocket(self._guest, self._family, socket.SOCK_STREAM, connection)
            except FAILURES as error:
                if getattr(error, "errno", 0) == Errno.BADF or entry.socket.fileno() < 0:
                    break
                # The other side is gone again, or there may be no more descriptors now.
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            made.state = "connected"
            return [made]
        return None

    def fetch(self, count: int) -> Any:
        """The next one: a coroutine."""
        return self._accept()

    def close(self) -> None:
        """The guest has dropped it; the socket listens on."""
        self._entry = None
