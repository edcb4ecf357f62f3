"""What the sockets of ``wasi:sockets`` 0.3 have in common, and looking up names.

await Names(guest).resolve_addresses("localhost")           -> [("ipv4", (127, 0, 0, 1))], if that is granted
"""

from __future__ import annotations

from ipaddress import ip_address

from wasmz.errors import ComponentError, MemoryLimit
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.wasi2 import socket_base
from wasmz.wasi2.errors import number_of
from wasmz.wasi2.errors import socket_code as older_code
from wasmz.wasi2.network import find_addresses, ip_address_value
from wasmz.wasi3.transfers import in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Final

    from wasmz.wasi2.guest import Guest

# What 0.2 calls what has no code of its own in 0.3.
_RENAMED: Final[dict[Any, Any]] = {
    "unknown": ("other", None),
    "new-socket-limit": ("other", "there are too many sockets"),
    "would-block": ("other", "the socket is not ready"),
    "concurrency-conflict": "invalid-state",
    "not-in-progress": "invalid-state",
}
FAILURES: Final = (Failure, OSError, MemoryError, MemoryLimit)


def socket_code(number: int) -> Any:
    """The ``error-code`` of ``wasi:sockets`` for a number of preview 1."""
    return _renamed(older_code(number))


def _renamed(code: Any) -> Any:
    return _RENAMED.get(code, code) if isinstance(code, str) else code


def error_of(error: BaseException) -> ComponentError:
    """What went wrong, for the guest."""
    if isinstance(error, ComponentError):
        return ComponentError(_renamed(error.payload))
    return ComponentError(socket_code(number_of(error)))


def socket_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Lets a function raise ``ComponentError`` with a code of 0.3 for what goes wrong."""

    def call(*args: Any) -> Any:
        try:
            return function(*args)
        except (ComponentError, *FAILURES) as error:
            raise error_of(error) from None

    return call


async def waiting(action: Coroutine[Any, Any, Any]) -> Any:
    """Awaits something of a socket; raises ``ComponentError`` with a code of 0.3 for what goes wrong."""
    try:
        return await action
    except (ComponentError, *FAILURES) as error:
        raise error_of(error) from None


def check_unicast(address: tuple[Any, ...]) -> None:
    """Refuses addresses that are not one host's."""
    parsed = ip_address(address[0])
    if parsed.is_multicast or str(parsed) == "255.255.255.255":
        raise ComponentError("invalid-argument")


class Names:
    """The function of ``ip-name-lookup``."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    async def resolve_addresses(self, name: str) -> list[tuple[str, tuple[int, ...]]]:
        """The addresses of a name; access is denied if it is not granted."""
        find = find_addresses(self._guest, name)
        return [ip_address_value(address) for address in await in_thread(self._guest, find, "wasmz name lookup")]


class Socket(socket_base.Socket):
    """A socket of the system, by the names of 0.3."""

    @socket_errors
    def bind(self, local: Any) -> None:
        """Binds to an address."""
        self.check_local(local)
        self.start_bind(None, local)
        self.finish_bind()

    def check_local(self, local: Any) -> None:
        """Refuses addresses that such a socket cannot be bound to."""

    get_local_address: Callable[..., Any] = socket_errors(socket_base.Socket.local_address)
    get_address_family: Callable[..., Any] = socket_base.Socket.address_family
    get_hop_limit: Callable[..., Any] = socket_errors(socket_base.Socket.hop_limit)
    get_unicast_hop_limit: Callable[..., Any] = get_hop_limit
    get_receive_buffer_size: Callable[..., Any] = socket_errors(socket_base.Socket.receive_buffer_size)
    get_send_buffer_size: Callable[..., Any] = socket_errors(socket_base.Socket.send_buffer_size)

    @socket_errors
    def set_hop_limit(self, value: int) -> None:
        """How many hops packets take."""
        super().set_hop_limit(value)

    @socket_errors
    def set_unicast_hop_limit(self, value: int) -> None:
        """How many hops packets take."""
        super().set_hop_limit(value)

    @socket_errors
    def set_receive_buffer_size(self, value: int) -> None:
        """How much the system keeps of what has arrived: a wish."""
        super().set_receive_buffer_size(value)

    @socket_errors
    def set_send_buffer_size(self, value: int) -> None:
        """How much the system keeps of what is to be sent: a wish."""
        super().set_send_buffer_size(value)
