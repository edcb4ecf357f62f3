"""What the sockets of ``wasi:sockets`` have in common: making them, binding, and their options."""

from __future__ import annotations

import socket
import sys

from wasmz.errors import ComponentError
from wasmz.runtime.wasi.flags import FdFlags
from wasmz.runtime.wasi.sockets import SocketDescriptor
from wasmz.wasi2.errors import socket_errors
from wasmz.wasi2.guest import Resource, Slot
from wasmz.wasi2.network import check_granted, host_address, ip_socket_address
from wasmz.wasi2.polling import Pollable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.runtime.wasi.readiness import Wait
    from wasmz.wasi2.guest import Guest
    from wasmz.wasi2.network import Network


class OpenSocket(SocketDescriptor):
    """What a socket and its streams have: with the last of these, the system's is closed, and its place free."""

    def __init__(self, guest: Guest, made: socket.socket) -> None:
        super().__init__(made, FdFlags.NONBLOCK, is_owned=True)
        self._slot = Slot(guest, SocketDescriptor(made, FdFlags.NONBLOCK))


class Socket(Resource):
    """A socket of the system, in the table of the guest's process.

    Attributes:
        family: ``ipv4`` or ``ipv6``.
        state: what can be done with it next.
        socket: the system's.
    """

    def __init__(self, guest: Guest, family: str, kind: int, made: socket.socket | None = None) -> None:
        super().__init__(guest)
        self.family: str = family
        self.state: str = "unbound"
        try:
            if made is None:
                made = socket.socket(socket.AF_INET if family == "ipv4" else socket.AF_INET6, kind)
                if family == "ipv6":
                    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setblocking(False)
            self.socket: socket.socket = made
            # It owns the socket, also if the table has no room.
            self.entry: OpenSocket = OpenSocket(guest, made)
        except BaseException:
            super().close()
            raise

    def close(self) -> None:
        # What still waits for it has nothing to wait for.
        self.state = "closed"
        # The system's is closed with the last reference.
        for name in ("entry", "socket"):
            self.__dict__.pop(name, None)
        super().close()

    def expect(self, *states: str) -> None:
        """Refuses what cannot be done now."""
        if self.state not in states:
            raise ComponentError("invalid-state")

    @socket_errors
    def start_bind(self, network: Network, local: Any) -> None:
        """Binds to an address."""
        address = host_address(local, self.family)
        self.expect("unbound")
        check_granted(self.guest, address)
        self.prepare_bind()
        self.socket.bind(address)
        self.state = "bind-started"

    def prepare_bind(self) -> None:
        """What comes before binding."""

    @socket_errors
    def finish_bind(self) -> None:
        """Ends what :meth:`start_bind` began."""
        if self.state != "bind-started":
            raise ComponentError("not-in-progress")
        self.state = "bound"

    @socket_errors
    def local_address(self) -> tuple[str, dict[str, Any]]:
        """Its own address."""
        if self.state in ("unbound", "bind-started"):
            raise ComponentError("invalid-state")
        return ip_socket_address(self.socket.getsockname())

    def address_family(self) -> str:
        """Its family."""
        return self.family

    def subscribe(self) -> Pollable:
        """Ready when what has been begun can be finished, or something has arrived."""
        return Pollable(self.guest, self.add_to)

    def add_to(self, wait: Wait, key: Any) -> None:
        """Adds its being ready to what is waited for."""
        raise NotImplementedError

    # Options

    def option(self, level: int, names: str) -> int:
        """An option of the system's; the first of the names that the system has."""
        return self.socket.getsockopt(level, _constant(names))

    def set_option(self, level: int, names: str, value: int) -> None:
        """Sets one."""
        self.socket.setsockopt(level, _constant(names), value)

    @property
    def _ip(self) -> tuple[int, str]:
        if self.family == "ipv4":
            return socket.IPPROTO_IP, "IP_TTL"
        return socket.IPPROTO_IPV6, "IPV6_UNICAST_HOPS"

    @socket_errors
    def hop_limit(self) -> int:
        """How many hops packets take."""
        return self.option(*self._ip)

    @socket_errors
    def set_hop_limit(self, value: int) -> None:
        """How many hops packets take."""
        if not value:
            raise ComponentError("invalid-argument")
        self.set_option(*self._ip, value)

    unicast_hop_limit = hop_limit
    set_unicast_hop_limit = set_hop_limit

    @socket_errors
    def receive_buffer_size(self) -> int:
        """How much the system keeps of what has arrived, in bytes."""
        return self._size("SO_RCVBUF")

    @socket_errors
    def set_receive_buffer_size(self, value: int) -> None:
        """How much the system keeps of what has arrived: a wish."""
        self._set_size("SO_RCVBUF", value)

    @socket_errors
    def send_buffer_size(self) -> int:
        """How much the system keeps of what is to be sent, in bytes."""
        return self._size("SO_SNDBUF")

    @socket_errors
    def set_send_buffer_size(self, value: int) -> None:
        """How much the system keeps of what is to be sent: a wish."""
        self._set_size("SO_SNDBUF", value)

    def _size(self, name: str) -> int:
        found = self.option(socket.SOL_SOCKET, name)
        # Linux adds as much for its own bookkeeping (socket(7)).
        return found // 2 if sys.platform == "linux" else found

    def _set_size(self, name: str, value: int) -> None:
        if not value:
            raise ComponentError("invalid-argument")
        self.set_option(socket.SOL_SOCKET, name, min(value, (1 << 31) - 1))


def _constant(names: str) -> int:
    for name in names.split():
        found: int | None = getattr(socket, name, None)
        if found is not None:
            return found
    raise ComponentError("not-supported")
