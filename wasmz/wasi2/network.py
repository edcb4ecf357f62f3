"""``wasi:sockets/network`` and looking up names: addresses, and what a guest may reach.

Network(guest)                                                      the capability, which every guest has
ip_socket_address(("127.0.0.1", 80))                                -> ("ipv4", {"port": 80, "address": (127, 0, 0, 1)})
Names(guest).resolve_addresses(network, "localhost")                -> a ResolveAddressStream, if that is granted
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from wasmz.errors import ComponentError
from wasmz.runtime.wasi.grants import NetworkGrants
from wasmz.wasi2.errors import socket_code
from wasmz.wasi2.guest import Resource, field_of, label_of, payload_of
from wasmz.wasi2.polling import Pollable
from wasmz.wasi2.signals import Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.wasi2.guest import Guest
    from wasmz.wasi2.streams import IoError

    Address = IPv4Address | IPv6Address


# How many names a guest may look up at once: each has a thread.
_MOST_LOOKUPS: Final = 16


class Network(Resource):
    """The resource ``network``. What can be reached over it, the guest's configuration says."""


class Names:
    """Functions of ``instance-network``, ``network`` and ``ip-name-lookup``."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    def instance_network(self) -> Network:
        """The network that there is."""
        return Network(self._guest)

    def network_error_code(self, error: IoError) -> str | None:
        """What went wrong with a stream, if that was a socket."""
        return None if error.code is not None else socket_code(error.number)

    def resolve_addresses(self, network: Network, name: str) -> ResolveAddressStream:
        """Begins to look up a name; access is denied if it is not granted."""
        find = find_addresses(self._guest, name)
        if _literal(name) is not None:
            return ResolveAddressStream(self._guest, find(), None)
        return ResolveAddressStream(self._guest, [], Job(find, "wasmz name lookup"))


class ResolveAddressStream(Resource):
    """The resource ``resolve-address-stream``: the addresses of a name."""

    def __init__(self, guest: Guest, found: list[Address], job: Job | None) -> None:
        super().__init__(guest)
        self._found = found
        self._job = job

    def resolve_next_address(self) -> tuple[str, tuple[int, ...]] | None:
        """The next address; ``None`` after the last."""
        if self._job is not None:
            if not self._job.signal.is_set:
                raise ComponentError("would-block")
            job, self._job = self._job, None
            self._found = job.result()
        return ip_address_value(self._found.pop(0)) if self._found else None

    def subscribe(self) -> Pollable:
        """Ready when the addresses are known."""
        job = self._job
        if job is None:
            return Pollable(self.guest, lambda wait, key: wait.add_ready(key))
        return Pollable(self.guest, job.signal.add_to)


def find_addresses(guest: Guest, name: str) -> Callable[[], list[Address]]:
    """What looks up a name, and may wait for that; it has to be called.

    ``ComponentError`` at once if the name is none, or not granted, or if too many are looked up.
    """
    literal = _literal(name)
    if literal is not None:
        return lambda: [literal]
    if not name or len(name) > 255 or "\0" in name or any(c.isspace() for c in name):
        raise ComponentError("invalid-argument")
    grants = grants_of(guest)
    if not grants.allows_name(name):
        raise ComponentError("access-denied")
    lookups: set[object] = guest.parts.setdefault("lookups", set())
    if len(lookups) >= _MOST_LOOKUPS:
        raise ComponentError("temporary-resolver-failure")
    this = object()
    lookups.add(this)

    def look_up() -> list[Address]:
        try:
            found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            number = getattr(error, "errno", None)
            is_temporary = number == getattr(socket, "EAI_AGAIN", 0)
            raise ComponentError("temporary-resolver-failure" if is_temporary else "name-unresolvable") from None
        finally:
            lookups.discard(this)
        addresses = list(dict.fromkeys([str(item[4][0]).partition("%")[0] for item in found]))
        grants.note(name, addresses)
        return [ip_address(address) for address in addresses]

    return look_up


def grants_of(guest: Guest) -> NetworkGrants:
    """What the guest may reach with sockets."""
    grants = guest.parts.get("network")
    if grants is None:
        grants = guest.parts.setdefault("network", NetworkGrants(guest.config.networks))
    return grants  # type: ignore[no-any-return]


def _literal(name: str) -> Address | None:
    try:
        return ip_address(name[1:-1] if name.startswith("[") and name.endswith("]") else name)
    except ValueError:
        return None


def ip_address_value(address: Address) -> tuple[str, tuple[int, ...]]:
    """An address as the variant ``ip-address``."""
    packed = address.packed
    if address.version == 4:
        return "ipv4", tuple(packed)
    return "ipv6", tuple([int.from_bytes(packed[start : start + 2], "big") for start in range(0, 16, 2)])


def ip_socket_address(found: Any) -> tuple[str, dict[str, Any]]:
    """What the system's functions give for an address, as the variant ``ip-socket-address``."""
    host, port, *rest = found
    label, parts = ip_address_value(ip_address(host.partition("%")[0]))
    if label == "ipv4":
        return label, {"port": port, "address": parts}
    return label, {"port": port, "flow-info": rest[0], "address": parts, "scope-id": rest[1]}


def host_address(value: Any, family: str) -> tuple[Any, ...]:
    """A guest's ``ip-socket-address`` as the system's functions take it; it must be of the socket's family."""
    if label_of(value) != family:
        raise ComponentError("invalid-argument")
    record = payload_of(value)
    parts = field_of(record, "address")
    port = field_of(record, "port")
    if family == "ipv4":
        return str(IPv4Address(bytes(parts))), port
    address = IPv6Address(b"".join([part.to_bytes(2, "big") for part in parts]))
    if address.ipv4_mapped is not None:
        # Sockets of this interface are of one family.
        raise ComponentError("invalid-argument")
    flow = field_of(record, "flow-info")
    if flow >> 20:
        # RFC 3493, 3.3: it has 20 bits.
        raise ComponentError("invalid-argument")
    return str(address), port, flow, field_of(record, "scope-id")


def check_remote(guest: Guest, address: tuple[Any, ...]) -> None:
    """Refuses an address that cannot, or may not, be reached."""
    parsed = ip_address(address[0])
    if not address[1] or parsed.is_unspecified or parsed.is_multicast:
        raise ComponentError("invalid-argument")
    check_granted(guest, address)


def check_granted(guest: Guest, address: tuple[Any, ...]) -> None:
    """Refuses an address that the guest was not given."""
    if not grants_of(guest).allows_address(address[0], address[1]):
        raise ComponentError("access-denied")
