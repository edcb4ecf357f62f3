"""``wasi:sockets/udp``: datagrams.

made = Udp(guest).create_udp_socket("ipv4")
made.start_bind(network, ("ipv4", {"port": 0, "address": (127, 0, 0, 1)})); made.finish_bind()
incoming, outgoing = made.stream(None)
"""

from __future__ import annotations

import socket

from wasmz.errors import ComponentError
from wasmz.wasi2.errors import socket_errors
from wasmz.wasi2.guest import Resource, field_of, label_of, misuse
from wasmz.wasi2.network import check_remote, host_address, ip_socket_address
from wasmz.wasi2.polling import Pollable
from wasmz.wasi2.socket_base import Socket
from wasmz.wasi2.streams import is_ready

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.runtime.wasi.readiness import Wait
    from wasmz.wasi2.guest import Guest

# One call takes, or gives, at most so many datagrams; none is longer than this.
_MOST: Final = 16
_LONGEST: Final = 1 << 16


class Udp:
    """The function of ``udp-create-socket``."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    @socket_errors
    def create_udp_socket(self, family: Any) -> UdpSocket:
        """A socket; what it may reach is checked when it is used."""
        return UdpSocket(self._guest, label_of(family), socket.SOCK_DGRAM)


class UdpSocket(Socket):
    """The resource ``udp-socket``.

    Attributes:
        remote: the address that all datagrams go to, if they do.
    """

    remote: tuple[Any, ...] | None = None

    @socket_errors
    def stream(self, remote: Any) -> tuple[IncomingDatagramStream, OutgoingDatagramStream]:
        """Streams of datagrams: from and to one address, or any."""
        self.expect("bound")
        address = None if remote is None else host_address(remote, self.family)
        if address is not None:
            check_remote(self.guest, address)
            self.socket.connect(address)
        elif self.remote is not None:
            # There is no other means of Python's to take the address away again.
            raise ComponentError("not-supported")
        self.remote = address
        return IncomingDatagramStream(self.guest, self), OutgoingDatagramStream(self.guest, self)

    @socket_errors
    def remote_address(self) -> tuple[str, dict[str, Any]]:
        """The address that all datagrams go to."""
        if self.remote is None:
            raise ComponentError("invalid-state")
        return ip_socket_address(self.socket.getpeername())

    def add_to(self, wait: Wait, key: Any) -> None:
        wait.add_ready(key)


class _DatagramStream(Resource):
    """What streams of both directions have in common."""

    _for_reading: bool

    def __init__(self, guest: Guest, owner: UdpSocket) -> None:
        super().__init__(guest)
        # The socket may be dropped before, or connected anew.
        self._socket = owner.socket
        self._entry = owner.entry

    def close(self) -> None:
        for name in ("_entry", "_socket"):
            self.__dict__.pop(name, None)
        super().close()

    def subscribe(self) -> Pollable:
        """Ready when one has arrived, or some can be sent."""
        return Pollable(self.guest, self.add_to)

    def add_to(self, wait: Wait, key: Any) -> None:
        """Adds its being ready to what is waited for; when it is dropped, there is nothing to wait for."""
        found = self.__dict__.get("_socket")
        if found is None:
            wait.add_ready(key)
        else:
            wait.add_handle(key, found, for_reading=self._for_reading)


class IncomingDatagramStream(_DatagramStream):
    """The resource ``incoming-datagram-stream``."""

    _for_reading = True

    @socket_errors
    def receive(self, most: int) -> list[dict[str, Any]]:
        """Up to so many datagrams that have arrived."""
        found: list[dict[str, Any]] = []
        while len(found) < min(most, _MOST):
            try:
                data, remote = self._socket.recvfrom(_LONGEST)
            except BlockingIOError:
                break
            found.append({"data": data, "remote-address": ip_socket_address(remote)})
        return found


class OutgoingDatagramStream(_DatagramStream):
    """The resource ``outgoing-datagram-stream``."""

    _for_reading = False

    def __init__(self, guest: Guest, owner: UdpSocket) -> None:
        super().__init__(guest, owner)
        self._family = owner.family
        self._remote = owner.remote
        self._permit = 0

    @socket_errors
    def check_send(self) -> int:
        """How many datagrams can be sent now."""
        self._permit = _MOST if is_ready(self) else 0
        return self._permit

    @socket_errors
    def send(self, datagrams: list[Any]) -> int:
        """Sends datagrams; how many. A trap for more than :meth:`check_send` said."""
        if len(datagrams) > self._permit:
            raise misuse("more datagrams are sent than the permit says")
        self._permit -= len(datagrams)
        sent = 0
        for datagram in datagrams:
            try:
                self._send(datagram)
            except BlockingIOError:
                break
            except (OSError, ComponentError):
                if not sent:
                    raise
                break
            sent += 1
        return sent

    def _send(self, datagram: Any) -> None:
        data, remote = field_of(datagram, "data"), field_of(datagram, "remote-address")
        address = None if remote is None else host_address(remote, self._family)
        if self._remote is not None:
            if address not in (None, self._remote):
                raise ComponentError("invalid-argument")
            self._socket.send(data)
            return
        if address is None:
            raise ComponentError("invalid-argument")
        check_remote(self.guest, address)
        self._socket.sendto(data, address)
