"""``wasi:sockets`` 0.3, UDP: datagrams.

made = Udp(guest).create("ipv4")
made.send(b"...", ("ipv4", {"port": 53, "address": (127, 0, 0, 1)}))        ``None``, or a coroutine if it has to wait
made.receive()                                                              -> a datagram and its sender, or a coroutine
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import sys

from wasmz.errors import ComponentError
from wasmz.wasi2.guest import label_of
from wasmz.wasi2.network import check_remote, grants_of, host_address, ip_socket_address
from wasmz.wasi3.sockets import Socket, socket_errors, waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.wasi2.guest import Guest

_LONGEST: Final = 1 << 16
# An address of no family, as long as the longest: connecting to it takes the other address away.
_NOWHERE: Final = bytes(28)


class Udp:
    """What makes sockets."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    @socket_errors
    def create(self, family: Any) -> UdpSocket:
        """A socket; what it may reach is checked when it is used."""
        return UdpSocket(self._guest, label_of(family), socket.SOCK_DGRAM)


class UdpSocket(Socket):
    """The resource ``udp-socket``.

    Attributes:
        remote: the address that all datagrams go to, if they do.
    """

    state: str
    remote: tuple[Any, ...] | None = None
    # Bound by the system, not by the guest, whose grants then say who may send to it.
    _is_implicit: bool = False

    @socket_errors
    def connect(self, remote: Any) -> None:
        """From now on, datagrams go to one address, and come from there."""
        address = host_address(remote, self.family)
        check_remote(self.guest, address)
        self.socket.connect(address)
        self.remote = address
        self._note_bound()

    @socket_errors
    def disconnect(self) -> None:
        """Takes that address away."""
        if self.remote is None:
            raise ComponentError("invalid-state")
        _disconnect(self.socket)
        self.remote = None

    @socket_errors
    def get_remote_address(self) -> Any:
        """The address that all datagrams go to."""
        if self.remote is None:
            raise ComponentError("invalid-state")
        return ip_socket_address(self.socket.getpeername())

    @socket_errors
    def send(self, data: bytes, remote: Any) -> Any:
        """Sends a datagram."""
        address = None if remote is None else host_address(remote, self.family)
        if self.remote is not None:
            if address not in (None, self.remote):
                raise ComponentError("invalid-argument")
            address = None
        elif address is None:
            raise ComponentError("invalid-argument")
        else:
            check_remote(self.guest, address)
        content, used = bytes(data), self.socket
        try:
            if address is None:
                used.send(content)
            else:
                used.sendto(content, address)
        except BlockingIOError:
            return waiting(_send_later(used, content, address))
        self._note_bound()
        return None

    def _note_bound(self) -> None:
        if self.state == "unbound":
            self.state, self._is_implicit = "bound", True

    @socket_errors
    def receive(self) -> Any:
        """The next datagram, with its sender's address."""
        self.expect("bound")
        used = self.socket
        try:
            while True:
                data, remote = used.recvfrom(_LONGEST)
                if self._is_from_granted(remote):
                    return data, ip_socket_address(remote)
        except BlockingIOError:
            return waiting(self._receive_later(used))

    async def _receive_later(self, used: socket.socket) -> Any:
        loop = asyncio.get_running_loop()
        while True:
            data, remote = await loop.sock_recvfrom(used, _LONGEST)
            if self._is_from_granted(remote):
                return data, ip_socket_address(remote)

    def _is_from_granted(self, remote: tuple[Any, ...]) -> bool:
        host = str(remote[0]).partition("%")[0]
        return not self._is_implicit or grants_of(self.guest).allows_address(host, remote[1])


async def _send_later(used: socket.socket, content: bytes, address: tuple[Any, ...] | None) -> None:
    loop = asyncio.get_running_loop()
    if address is None:
        await loop.sock_sendall(used, content)
    else:
        await loop.sock_sendto(used, content, address)


def _disconnect(used: socket.socket) -> None:
    """Python has no means for this of its own."""
    library: Any = ctypes.CDLL("ws2_32" if sys.platform == "win32" else None)
    size = 16 if used.family == socket.AF_INET else 28
    # Some systems take the address away, and say that they do not know the family.
    library.connect(used.fileno(), _NOWHERE, size)
