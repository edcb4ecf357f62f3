"""What a guest could do to its host through WASI 0.2: make it hold too much, fail in Python, or mislead peers."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import wasmz
from tests.wasi2.calls import payload
from wasmz.errors import ComponentError, MemoryLimit, Trap
from wasmz.runtime.wasi.grants import NetworkGrants
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.wasi2.cli import Cli
from wasmz.wasi2.filesystem import Descriptor, Files
from wasmz.wasi2.guest import Guest
from wasmz.wasi2.http_bodies import OutgoingBody
from wasmz.wasi2.http_client import Client
from wasmz.wasi2.http_types import OutgoingRequest, Types
from wasmz.wasi2.network import Names
from wasmz.wasi2.polling import poll
from wasmz.wasi2.signals import PIPE_BYTES
from wasmz.wasi2.tcp import Tcp
from wasmz.wasi2.udp import Udp

needs_sockets = pytest.mark.skipif(sys.platform == "emscripten", reason="needs sockets and threads")
LIMIT = 1 << 20


def loopback(port: int) -> tuple[str, dict[str, Any]]:
    return "ipv4", {"port": port, "address": (127, 0, 0, 1)}


def root_of(files: wasmz.MemoryFileSystem) -> Descriptor:
    ((directory, _),) = Files(Guest(WasiConfig().preopen_dir(files, "/"))).get_directories()
    return directory


@contextmanager
def limited(limit: int = LIMIT) -> Iterator[tuple[Guest, wasmz.Store]]:
    guest = Guest(WasiConfig())
    with wasmz.Store(wasmz.Engine(wasmz.Config(mem_limit_bytes=limit))) as store:
        guest.join(store)
        yield guest, store


# Bytes that wait for someone who does not come


def test_a_body_takes_what_check_write_says() -> None:
    types = Types(Guest(WasiConfig()))
    body = types.make_response(types.make_fields()).body()
    stream = body.write()
    assert stream.check_write() == PIPE_BYTES
    with pytest.raises(Trap, match="check-write"):
        stream.write(bytes(PIPE_BYTES + 1))
    stream.write(bytes(PIPE_BYTES))
    assert stream.check_write() == 0
    stream.write(b"")
    with pytest.raises(Trap, match="check-write"):
        stream.write(b"x")
    with pytest.raises(Trap, match="check-write"):
        stream.write_zeroes(1)
    assert stream.splice(Cli(Guest(WasiConfig(stdin=b"more"))).get_stdin(), 1 << 63) == 0
    body.pipe.read(100)
    assert stream.check_write() == 100


@needs_sockets
def test_a_socket_takes_what_check_write_says() -> None:
    guest = Guest(WasiConfig().allow_network("127.0.0.1"))
    network = Names(guest).instance_network()
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Tcp(guest).create_tcp_socket("ipv4")
        made.start_connect(network, loopback(server.getsockname()[1]))
        made.subscribe().block()
        _, stream = made.finish_connect()
        while room := stream.check_write():
            stream.write(bytes(room))
        for size in (1, 1 << 20):
            with pytest.raises(Trap, match="check-write"):
                stream.write(bytes(size))
        guest.is_over = True
        stream.close()
        made.close()


def test_bodies_count_against_the_limit() -> None:
    with limited() as (guest, store):
        types, kept = Types(guest), []
        with pytest.raises(MemoryLimit):
            for _ in range(1 << 10):
                body = types.make_response(types.make_fields()).body()
                stream = body.write()
                stream.write(bytes(PIPE_BYTES))
                kept += [body, stream]
        assert sum(len(body.pipe._content) for body in kept[::2]) <= LIMIT + (1 << 16)  # type: ignore[attr-defined]
        used = store.host_budget.total_used
        for one in kept:
            one.close()
        assert used - store.host_budget.total_used >= LIMIT // 2


def test_replaced_fields_do_not_count() -> None:
    with limited() as (guest, store):
        fields = Types(guest).make_fields()
        used = store.host_budget.total_used
        for _ in range(5_000):
            fields.set("a", [b"x" * 1000])
            fields.append("b", b"y" * 1000)
            fields.delete("B")
        assert fields.entries() == [("a", b"x" * 1000)]
        fields.delete("a")
        assert store.host_budget.total_used == used


def test_one_message_has_so_many_fields() -> None:
    types = Types(Guest(WasiConfig()))
    assert payload(types.fields_from_list, [("a", bytes(0))] * 10_000) == "forbidden"
    fields = types.make_fields()
    assert payload(fields.append, "a", b"x" * (1 << 20)) == "forbidden"
    fields.set("a", [b"x" * 600_000])
    fields.set("a", [b"y" * 600_000])
    assert payload(fields.set, "a", [b"z" * 600_000] * 2) == "forbidden"
    assert fields.get("a") == [b"y" * 600_000]


# Files in memory


@pytest.mark.parametrize("target", ["x" * 4095, "y"])
def test_symbolic_links_count_as_long_as_they_are(target: str) -> None:
    files = wasmz.MemoryFileSystem(limit_bytes=100_000)
    root, before = root_of(files), files._left
    for turn in range(3):
        made = 0
        try:
            for number in range(1_000):
                root.symlink_at(target, f"l{turn}{number}")
                made += 1
        except ComponentError as error:
            assert error.payload == "insufficient-space"
        assert made * len(target) < 100_000
        for number in range(made):
            root.unlink_file_at(f"l{turn}{number}")
        assert files._left == before
    assert payload(root.symlink_at, "x" * 4096, "l") == "name-too-long"


def test_names_count() -> None:
    files = wasmz.MemoryFileSystem(limit_bytes=100_000)
    root = root_of(files)
    root.open_at((), "f", ("create",), ("write",)).close()
    before, made = files._left, 0
    with pytest.raises(ComponentError, match="insufficient-space"):
        for number in range(1_000):
            root.link_at((), "f", root, f"{number:0250}")
            made += 1
    assert made < 100_000 / 250
    # Where there is no room for the new name, the old one stays.
    assert payload(root.rename_at, "f", root, "g" * 250) == "insufficient-space"
    assert root.stat_at((), "f")["link-count"] == made + 1
    root.rename_at(f"{0:0250}", root, "t")
    for name in ["t", *(f"{number:0250}" for number in range(1, made))]:
        root.unlink_file_at(name)
    assert files._left == before


# Handles that outlive what they are of


@needs_sockets
def test_pollables_outlive_sockets() -> None:
    guest = Guest(WasiConfig().allow_network("127.0.0.1"))
    network = Names(guest).instance_network()
    listening = Tcp(guest).create_tcp_socket("ipv4")
    listening.start_bind(network, loopback(0))
    listening.finish_bind()
    listening.start_listen()
    listening.finish_listen()
    udp = Udp(guest).create_udp_socket("ipv4")
    udp.start_bind(network, loopback(0))
    udp.finish_bind()
    incoming, outgoing = udp.stream(None)
    pollables = [one.subscribe() for one in (listening, incoming, outgoing)]
    assert [one.ready() for one in pollables] == [False, False, True]
    for one in (incoming, outgoing, udp, listening):
        one.close()
    assert poll(pollables * 1000) == list(range(3000))


# Addresses


@needs_sockets
def test_addresses_that_the_system_does_not_take() -> None:
    guest = Guest(WasiConfig().allow_network("*"))
    network = Names(guest).instance_network()
    for flow in (1 << 20, (1 << 32) - 1):
        address = {"port": 9, "flow-info": flow, "address": (0,) * 7 + (1,), "scope-id": 0}
        try:
            made = Tcp(guest).create_tcp_socket("ipv6")
        except ComponentError:
            pytest.skip("this system has no IPv6")
        assert payload(made.start_connect, network, ("ipv6", address)) == "invalid-argument"
        made.close()


@pytest.mark.parametrize("places", [["::/0"], ["::ffff:0:0/96"], ["::ffff:127.0.0.1"], ["0.0.0.0/0"]])
def test_other_spellings_of_addresses(places: list[str]) -> None:
    grants = NetworkGrants(places)
    assert not grants.allows_address("::ffff:127.0.0.1", 80) and not grants.allows_host("::ffff:7f00:1", 80)


@pytest.mark.parametrize(
    "authority",
    [
        *("127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "localhost"),
        *("127.0.0.1.", "127.0.0.1%00", "127.0.0.1%2e", "x@127.0.0.1", "127.0.0.1:80@evil", "evil,127.0.0.1"),
        *("127.0.0.1:0", "127.0.0.1:*", "127.0.0.1:", "127.0.0.1:8\u0660", "127.0.0.1:65536", "127.0.0.1:80:80"),
        *("127.0.0.1#", "127.0.0.1?x", "127.0.0.1/x", "127.0.0.1\\x", "evil\\.127.0.0.1", "127.0.0.1\r\nX: y", ""),
    ],
)
def test_other_spellings_of_hosts(authority: str) -> None:
    guest = Guest(WasiConfig().allow_http("127.0.0.1"))
    request = Types(guest).make_request(Types(guest).make_fields())
    request.set_scheme("HTTP")
    try:
        request.set_authority(authority)
    except ComponentError:
        return
    assert payload(Client(guest).handle, request, None) in ("HTTP-request-denied", "HTTP-request-URI-invalid")


# Messages that two readers understand in two ways


@pytest.mark.parametrize(
    "lengths",
    [(b"5", b"100"), (b"+5",), (b"5, 5",), (b"\xd9\xa5",), (b"9" * 6000,), (b"",), (b"-1",), (b"0x5",), (b" 5",)],
)
def test_lengths_that_are_none(lengths: tuple[bytes, ...]) -> None:
    guest = Guest(WasiConfig().allow_http("127.0.0.1"))
    types = Types(guest)
    entries = [("Content-Length", length) for length in lengths]
    response = types.make_response(types.fields_from_list(entries))
    assert payload(response.body) is None
    request = types.make_request(types.fields_from_list(entries))
    request.set_authority("127.0.0.1")
    assert payload(Client(guest).handle, request, None)[0] == "HTTP-request-header-size"


class Peer:
    """A server on the loopback interface that answers each connection with the same bytes, or not at all.

    Attributes:
        place: its address.
        got: what it received.
        begins, ends: set when a request has come, and when the other side has closed the connection.
    """

    def __init__(self, answer: bytes | None) -> None:
        self.got = b""
        self.begins, self.ends = threading.Event(), threading.Event()
        self._answer = answer
        self._server = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            connection.settimeout(30)
            while b"\r\n\r\n" not in self.got:
                self.got += connection.recv(1 << 16)
            self.begins.set()
            try:
                if self._answer is not None:
                    connection.sendall(self._answer)
                    connection.shutdown(socket.SHUT_WR)
                while more := connection.recv(1 << 16):
                    self.got += more
            except ConnectionError:
                pass
        self.ends.set()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._server.close()


def request_to(guest: Guest, place: str, fields: list[tuple[str, bytes]], method: str = "get") -> OutgoingRequest:
    types = Types(guest)
    request = types.make_request(types.fields_from_list(fields))
    request.set_scheme("HTTP")
    request.set_authority(place)
    request.set_method(method)
    return request


def response_of(guest: Guest, request: OutgoingRequest) -> Any:
    future = Client(guest).handle(request, None)
    future.subscribe().block()
    found = future.get()[1]
    future.close()
    return found


@needs_sockets
def test_a_request_says_how_long_it_is() -> None:
    with Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as peer:
        guest = Guest(WasiConfig().allow_http(peer.place))
        request = request_to(guest, peer.place, [("content-length", b"5")], "post")
        request.set_path_with_query("/\u00fc?\u20ac=%20")
        assert payload(request.set_path_with_query, "/a#b") is None
        case, response = response_of(guest, request)
        assert case == "ok"
        response.close()
    head = peer.got.split(b"\r\n")
    assert head[0] == b"POST /%C3%BC?%E2%82%AC=%20 HTTP/1.1"
    assert [line for line in head if b"ength" in line] == [b"Content-Length: 0"]


@needs_sockets
def test_fields_of_responses_are_checked() -> None:
    answer = b"HTTP/1.1 200 OK\r\nA: b\r\n  c\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with Peer(answer) as peer:
        guest = Guest(WasiConfig().allow_http(peer.place))
        _, response = response_of(guest, request_to(guest, peer.place, []))
        assert response.headers().entries() == [("A", b"b c")]
        response.close()
    with Peer(b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n") as peer:
        guest = Guest(WasiConfig().allow_http(peer.place))
        assert response_of(guest, request_to(guest, peer.place, [])) == ("err", "HTTP-protocol-error")


@needs_sockets
def test_no_redirection_is_followed() -> None:
    with Peer(b"HTTP/1.1 302 Found\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n") as peer:
        guest = Guest(WasiConfig().allow_http(peer.place))
        _, response = response_of(guest, request_to(guest, peer.place, []))
        assert response.status() == 302
        response.close()
    assert peer.got.count(b"HTTP/1.1") == 1


# Threads that go on for nobody


@needs_sockets
@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + bytes(9_000_000)])
@pytest.mark.parametrize("end", ["future", "store"])
def test_dropped_requests_end(answer: bytes | None, end: str) -> None:
    with Peer(answer) as peer:
        guest = Guest(WasiConfig().allow_http(peer.place))
        store = wasmz.Store(wasmz.Engine())
        guest.join(store)
        request = request_to(guest, peer.place, [], "post")
        body = request.body()
        future = Client(guest).handle(request, None)
        if answer is not None:
            OutgoingBody.finish(body, None)
            future.subscribe().block()
        assert peer.begins.wait(30)
        if end == "future":
            future.close()
        else:
            store.close()
        # The other side sees it long before the 600 seconds without timeouts.
        assert peer.ends.wait(30)
        last = time.monotonic() + 30
        while guest.parts["requests"] and time.monotonic() < last:
            time.sleep(0.01)
        assert not guest.parts["requests"]
        store.close()


@needs_sockets
def test_so_many_requests_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        guest = Guest(WasiConfig().allow_http(place))
        client = Client(guest)
        kept = [client.handle(request_to(guest, place, []), None) for _ in range(64)]
        assert payload(client.handle, request_to(guest, place, []), None) == "connection-limit-reached"
        for one in kept:
            one.close()


@needs_sockets
def test_so_many_names_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    guest = Guest(WasiConfig().allow_network("a.example"))
    names = Names(guest)
    network = names.instance_network()
    go = threading.Event()

    def look_up(*_: Any, **__: Any) -> list[Any]:
        go.wait(60)
        return [(None, None, None, None, ("127.0.0.9", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    kept = [names.resolve_addresses(network, "a.example") for _ in range(16)]
    assert payload(names.resolve_addresses, network, "a.example") == "temporary-resolver-failure"
    go.set()
    for one in kept:
        one.subscribe().block()
        assert one.resolve_next_address() == ("ipv4", (127, 0, 0, 9))
    names.resolve_addresses(network, "a.example").close()
