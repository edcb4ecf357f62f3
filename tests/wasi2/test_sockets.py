"""WASI 0.2's sockets on the loopback interface: connections, datagrams, names; nothing is reached ungranted."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from typing import Any

import pytest

import wasmz
from tests.wasi2.calls import payload
from wasmz.runtime.wasi.grants import NetworkGrants
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.wasi2.guest import Guest
from wasmz.wasi2.network import Names, Network
from wasmz.wasi2.tcp import Tcp
from wasmz.wasi2.udp import Udp

if sys.platform == "emscripten":
    pytest.skip("needs sockets", allow_module_level=True)

LOCAL = (127, 0, 0, 1)


def at(port: int, address: tuple[int, ...] = LOCAL) -> Any:
    return "ipv4", {"port": port, "address": address}


def guest_with(*places: str) -> tuple[Guest, Network]:
    guest = Guest(WasiConfig().allow_network(*places))
    return guest, Names(guest).instance_network()


@pytest.mark.parametrize(
    ("places", "address", "port", "expected"),
    [
        ([], "127.0.0.1", 80, False),
        (["*"], "1.2.3.4", 5, True),
        (["*:53"], "1.2.3.4", 5, False),
        (["*:53"], "::1", 53, True),
        (["10.0.0.0/8"], "10.9.8.7", 1, True),
        (["10.0.0.0/8:443"], "10.9.8.7", 1, False),
        (["10.0.0.0/8"], "11.0.0.1", 1, False),
        (["127.0.0.1:80"], "127.0.0.1", 80, True),
        (["127.0.0.1:80"], "127.0.0.1", 81, False),
        (["127.0.0.1"], "127.0.0.2", 80, False),
        (["[::1]:80"], "::1", 80, True),
        (["::1"], "::1", 7, True),
        (["localhost"], "127.0.0.1", 80, False),
        (["127.0.0.1"], "::ffff:127.0.0.1", 80, False),
    ],
)
def test_grants(places: list[str], address: str, port: int, expected: bool) -> None:
    assert NetworkGrants(places).allows_address(address, port) is expected


@pytest.mark.parametrize(
    "place", ["", ":80", "a:b", "a:70000", "[::1", "[::1]x", "a:-1", "a:b:c", "[a:b]:1", "::1:http", "a:\uff11"]
)
def test_places_that_are_none(place: str) -> None:
    with pytest.raises(ValueError, match="no place"):
        WasiConfig().allow_network(place)
    with pytest.raises(ValueError, match="no place"):
        WasiConfig().allow_http(place)


def test_places_must_be_strings() -> None:
    with pytest.raises(TypeError):
        WasiConfig().allow_network(80)  # type: ignore[arg-type]


def test_hosts() -> None:
    grants = NetworkGrants(["example.org", "127.0.0.1:80", "api.test:8080"])
    assert grants.allows_host("EXAMPLE.org", 1)
    assert not grants.allows_host("www.example.org", 443)
    assert grants.allows_host("127.0.0.1", 80) and not grants.allows_host("127.0.0.1", 81)
    assert grants.allows_host("api.test", 8080) and not grants.allows_host("api.test", 80)


def test_nothing_is_reached_ungranted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for places in ((), ("127.0.0.2",), (f"127.0.0.1:{port % 65535 + 1}",), ("localhost",)):
            guest, network = guest_with(*places)
            made = Tcp(guest).create_tcp_socket("ipv4")
            assert payload(made.start_connect, network, at(port)) == "access-denied"
            assert payload(made.start_bind, network, at(0)) == "access-denied"
            datagrams = Udp(guest).create_udp_socket("ipv4")
            assert payload(datagrams.start_bind, network, at(0)) == "access-denied"
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()
    assert payload(Names(Guest(WasiConfig())).resolve_addresses, network, "localhost") == "access-denied"


def test_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                received = b""
                while not received.endswith(b"\n"):
                    received += connection.recv(100_000)
                connection.sendall(received.upper())

        thread = threading.Thread(target=serve)
        thread.start()
        guest, network = guest_with(f"127.0.0.1:{port}")
        made = Tcp(guest).create_tcp_socket("ipv4")
        assert payload(made.finish_connect) == "not-in-progress"
        assert payload(made.start_connect, network, at(0)) == "invalid-argument"
        assert payload(made.start_connect, network, ("ipv6", {})) == "invalid-argument"
        made.start_connect(network, at(port))
        made.subscribe().block()
        source, sink = made.finish_connect()
        assert made.remote_address() == at(port)
        assert made.local_address()[1]["address"] == LOCAL
        text = b"text " * 40_000 + b"\n"
        for start in range(0, len(text), 4096):
            sink.blocking_write_and_flush(text[start : start + 4096])
        received = b""
        while len(received) < len(text):
            received += source.blocking_read(1 << 20)
        assert received == text.upper()
        assert payload(source.blocking_read, 1) == "closed"
        made.shutdown("both")
        thread.join()
    for one in (source, sink, made):
        one.close()
    # Only the streams are left.
    assert len(guest.process.table) == 3


def test_a_refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    guest, network = guest_with("127.0.0.1")
    made = Tcp(guest).create_tcp_socket("ipv4")
    made.start_connect(network, at(port))
    made.subscribe().block()
    assert payload(made.finish_connect) == "connection-refused"
    assert payload(made.start_connect, network, at(port)) == "invalid-state"


def test_listening() -> None:
    guest, network = guest_with("127.0.0.1")
    server = Tcp(guest).create_tcp_socket("ipv4")
    assert payload(server.start_listen) == "invalid-state"
    server.start_bind(network, at(0))
    server.finish_bind()
    server.set_listen_backlog_size(5)
    server.start_listen()
    server.finish_listen()
    assert server.is_listening() and server.address_family() == "ipv4"
    assert payload(server.accept) == "would-block"
    port = server.local_address()[1]["port"]
    with socket.create_connection(("127.0.0.1", port)) as client:
        server.subscribe().block()
        connection, source, sink = server.accept()
        client.sendall(b"hello")
        assert source.blocking_read(10) == b"hello"
        sink.blocking_write_and_flush(b"answer")
        assert client.recv(10) == b"answer"
        connection.set_keep_alive_enabled(True)
        assert connection.keep_alive_enabled()
        connection.set_hop_limit(9)
        assert connection.hop_limit() == 9
        assert payload(connection.set_hop_limit, 0) == "invalid-argument"
        connection.set_receive_buffer_size(1 << 16)
        assert connection.receive_buffer_size() > 0
    assert payload(source.blocking_read, 1) == "closed"


def test_datagrams() -> None:
    guest, network = guest_with("127.0.0.1")
    made = Udp(guest).create_udp_socket("ipv4")
    assert payload(made.stream, None) == "invalid-state"
    made.start_bind(network, at(0))
    made.finish_bind()
    incoming, outgoing = made.stream(None)
    assert incoming.receive(10) == []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.settimeout(10)
        port = other.getsockname()[1]
        other.sendto(b"ping", ("127.0.0.1", made.local_address()[1]["port"]))
        incoming.subscribe().block()
        (datagram,) = incoming.receive(10)
        assert datagram == {"data": b"ping", "remote-address": at(port)}
        outgoing.subscribe().block()
        assert outgoing.check_send() > 0
        assert outgoing.send([{"data": b"pong", "remote-address": at(port)}]) == 1
        assert other.recvfrom(10)[0] == b"pong"
        elsewhere = at(port, (127, 0, 0, 2))
        assert payload(outgoing.send, [{"data": b"x", "remote-address": elsewhere}]) == "access-denied"
        assert payload(outgoing.send, [{"data": b"x", "remote-address": None}]) == "invalid-argument"


def test_names() -> None:
    guest, network = guest_with("localhost:80")
    names = Names(guest)
    assert payload(names.resolve_addresses, network, "example.org") == "access-denied"
    assert payload(names.resolve_addresses, network, "a b") == "invalid-argument"
    stream = names.resolve_addresses(network, "127.0.0.9")
    assert stream.resolve_next_address() == ("ipv4", (127, 0, 0, 9))
    assert stream.resolve_next_address() is None
    stream = names.resolve_addresses(network, "localhost")
    stream.subscribe().block()
    found = []
    while (address := stream.resolve_next_address()) is not None:
        found.append(address)
    assert ("ipv4", LOCAL) in found or ("ipv6", (0, 0, 0, 0, 0, 0, 0, 1)) in found
    # What the name leads to may be reached now, at its port.
    made = Tcp(guest).create_tcp_socket("ipv4")
    if ("ipv4", LOCAL) in found:
        assert payload(made.start_connect, network, at(81)) == "access-denied"
        try:
            made.start_connect(network, at(80))
        except Exception as error:
            assert error.payload != "access-denied"  # type: ignore[attr-defined]


def test_a_closed_store_closes_what_is_left() -> None:
    guest, network = guest_with("127.0.0.1")
    store = wasmz.Store(wasmz.Engine())
    guest.join(store)
    kept: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Tcp(guest).create_tcp_socket("ipv4")
        made.start_connect(network, at(server.getsockname()[1]))
        made.subscribe().block()
        kept += [made, *made.finish_connect()]
        connection, _ = server.accept()
        with connection:
            # More than the other side takes: the rest is given up.
            while room := kept[2].check_write():
                kept[2].write(bytes(room))
            store.close()
            connection.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(1 << 20):
                    pass
    assert len(guest.process.table) == 3
    assert not list(guest.resources)
    assert payload(kept[1].read, 1) == "closed"
