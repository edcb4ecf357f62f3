"""Which places of a network a guest may reach: what ``WasiConfig.allow_network`` and ``allow_http`` say.

grants = NetworkGrants(["127.0.0.1:8080", "10.0.0.0/8", "example.org", "*:53"])
grants.allows_address("10.1.2.3", 80)       -> True
grants.allows_name("example.org")           -> True, and then the addresses that it leads to
"""

from __future__ import annotations

from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_ANY = "*"


def split_place(place: str) -> tuple[str, int | None]:
    """Host and port of ``HOST[:PORT]``, where a host may be ``[IPv6]``; ``None`` stands for any port.

    Raises:
        ValueError: it is none.
    """
    host, colon, port = place, "", ""
    if place.startswith("["):
        host, bracket, rest = place[1:].partition("]")
        colon, port = rest[:1], rest[1:]
        if not bracket or colon not in ("", ":"):
            raise ValueError(f"{place!r} is no place of a network: HOST[:PORT]")
    elif place.count(":") == 1:
        host, colon, port = place.partition(":")
    if ":" in host and _network(host) is None:
        raise ValueError(f"{place!r} is no place of a network: HOST[:PORT]")
    if not host or (colon and port != _ANY and not (port.isascii() and port.isdigit() and int(port) < 1 << 16)):
        raise ValueError(f"{place!r} is no place of a network: HOST[:PORT]")
    return host.lower(), int(port) if colon and port != _ANY else None


class NetworkGrants:
    """What a guest may reach. Nothing, if no places are given."""

    def __init__(self, places: Iterable[str] = ()) -> None:
        """``places`` are ``HOST[:PORT]``: a name, an address, a network as ``10.0.0.0/8``, or ``*`` for any host."""
        # Any port is None.
        self._names: set[tuple[str, int | None]] = set()
        self._networks: list[tuple[object, int | None]] = []
        self._any: set[int | None] = set()
        # Addresses that names led to, with the ports that these may be reached at.
        self._found: set[tuple[str, int | None]] = set()
        for place in places:
            host, port = split_place(place)
            if host == _ANY:
                self._any.add(port)
                continue
            network = _network(host)
            if network is None:
                self._names.add((host, port))
            else:
                self._networks.append((network, port))

    def allows_name(self, name: str) -> bool:
        """Whether the guest may ask for the addresses of a name."""
        return bool(self._any) or any(granted == name.lower() for granted, _ in self._names)

    def note(self, name: str, addresses: Iterable[str]) -> None:
        """Remembers which addresses a name that may be reached has."""
        ports = [port for granted, port in self._names if granted == name.lower()]
        self._found.update([(address, port) for address in addresses for port in ports])

    def allows_address(self, address: str, port: int) -> bool:
        """Whether the guest may connect to, send to, or listen at an address; port 0 is one that the system finds."""
        if _has(self._any, port) or (address, None) in self._found or (address, port) in self._found:
            return True
        if not self._networks:
            return False
        load("ipaddress")
        from ipaddress import ip_address

        wanted = ip_address(address)
        if getattr(wanted, "ipv4_mapped", None) is not None:
            # Systems connect to the IPv4 address that is in it, which no network of IPv6 addresses is meant to give.
            return False
        return any(granted in (None, port) and wanted in network for network, granted in self._networks)  # type: ignore[operator]

    def allows_host(self, host: str, port: int) -> bool:
        """Whether the guest may send requests to a host, by its name or address."""
        if _has(self._any, port) or (host.lower(), None) in self._names or (host.lower(), port) in self._names:
            return True
        return _network(host) is not None and "/" not in host and self.allows_address(host, port)


def _has(ports: set[int | None], port: int) -> bool:
    return None in ports or port in ports


def _network(host: str) -> object:
    """The network that a host is as text, an address being one of a single address; ``None`` for a name."""
    load("ipaddress")
    from ipaddress import ip_network

    try:
        return ip_network(host, strict=False)
    except ValueError:
        return None
