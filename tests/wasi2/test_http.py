"""WASI 0.2's HTTP: fields, and requests to a server on the loopback interface; other hosts are denied."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.wasi2.calls import payload
from tests.wasi2.servers import LoopbackServer, nobody_there
from wasmz.errors import Trap
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.wasi2.guest import Guest
from wasmz.wasi2.http_bodies import IncomingBody, OutgoingBody
from wasmz.wasi2.http_client import Client
from wasmz.wasi2.http_types import OutgoingRequest, ResponseOutparam, Types

if sys.platform == "emscripten":
    pytest.skip("needs sockets", allow_module_level=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"short")
            self.close_connection = True
            return
        content = f"{self.path} {self.headers.get('X-Own')} {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        if "Content-Length" in self.headers:
            content = self.rfile.read(int(self.headers["Content-Length"]))
        else:
            content = b""
            while size := int(self.rfile.readline(), 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
        self.send_response(201)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(content), 50_000):
            piece = content[start : start + 50_000]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with LoopbackServer(_Handler) as made:
        yield made.authority


def request_to(guest: Guest, authority: str, path: str = "/", method: Any = "get", **fields: bytes) -> OutgoingRequest:
    types = Types(guest)
    headers = types.make_fields()
    for name, value in fields.items():
        headers.append(name.replace("_", "-"), value)
    request = types.make_request(headers)
    request.set_scheme("HTTP")
    request.set_authority(authority)
    request.set_path_with_query(path)
    request.set_method(method)
    return request


def answer_to(guest: Guest, request: OutgoingRequest) -> Any:
    future = Client(guest).handle(request, None)
    future.subscribe().block()
    outer, (inner, response) = future.get()
    assert outer == "ok"
    assert future.get() == ("err", None)
    return response if inner == "ok" else (inner, response)


def read_all(body: IncomingBody) -> bytes:
    stream, content = body.stream(), b""
    try:
        while True:
            content += stream.blocking_read(1 << 20)
    except Exception as error:
        assert error.payload == "closed"  # type: ignore[attr-defined]
    stream.close()
    return content


def test_fields() -> None:
    types = Types(Guest(WasiConfig()))
    fields = types.fields_from_list([("A", b"1"), ("b", b"2"), ("a", b"3")])
    assert fields.get("a") == [b"1", b"3"] and fields.has("B") and not fields.has("c") and not fields.has("?(")
    fields.set("a", [b"4"])
    fields.append("c", b"5")
    fields.delete("B")
    assert fields.entries() == [("a", b"4"), ("c", b"5")]
    copy = fields.clone()
    copy.delete("a")
    assert fields.has("a")
    for name, value, expected in (
        ("a b", b"", "invalid-syntax"),
        ("", b"", "invalid-syntax"),
        ("a", b"x\r\nInjected: y", "invalid-syntax"),
        ("Transfer-Encoding", b"chunked", "forbidden"),
        ("host", b"elsewhere", "forbidden"),
    ):
        assert payload(fields.append, name, value) == expected
        assert payload(fields.set, name, [value]) == expected
        assert payload(types.fields_from_list, [(name, value)]) == expected
    request = types.make_request(fields)
    assert payload(request.headers().append, "a", b"b") == "immutable"
    assert payload(fields.append, "a", b"b") == "immutable"


def test_a_request_without_a_body(server: str) -> None:
    guest = Guest(WasiConfig().allow_http(server))
    response = answer_to(guest, request_to(guest, server, "/path?q=1", X_Own=b"mine"))
    assert response.status() == 200
    assert response.headers().get("set-cookie") == [b"a=1", b"b=2"]
    body = response.consume()
    assert payload(response.consume) is None
    assert read_all(body) == f"/path?q=1 mine {server}".encode()
    trailers = IncomingBody.finish(body)
    trailers.subscribe().block()
    assert trailers.get() == ("ok", ("ok", None))


@pytest.mark.parametrize("has_length", [False, True])
def test_a_request_with_a_body(server: str, has_length: bool) -> None:
    guest = Guest(WasiConfig().allow_http(server))
    content = b"0123456789" * 20_000
    fields = {"Content_Length": b"%d" % len(content)} if has_length else {}
    request = request_to(guest, server, method="post", **fields)
    body = request.body()
    assert payload(request.body) is None
    future = Client(guest).handle(request, None)
    assert future.get() is None
    stream = body.write()
    for start in range(0, len(content), 4000):
        stream.blocking_write_and_flush(content[start : start + 4000])
    stream.close()
    OutgoingBody.finish(body, None)
    future.subscribe().block()
    _, (case, response) = future.get()
    assert case == "ok" and response.status() == 201
    assert read_all(response.consume()) == content


def test_a_body_of_the_wrong_length(server: str) -> None:
    guest = Guest(WasiConfig().allow_http(server))
    request = request_to(guest, server, method="post", Content_Length=b"10")
    body = request.body()
    future = Client(guest).handle(request, None)
    stream = body.write()
    stream.blocking_write_and_flush(b"four")
    stream.close()
    assert payload(OutgoingBody.finish, body, None) == ("HTTP-request-body-size", 4)
    future.subscribe().block()
    assert future.get()[1][0] == "err"


def test_a_response_that_is_cut_off(server: str) -> None:
    guest = Guest(WasiConfig().allow_http(server))
    stream = answer_to(guest, request_to(guest, server, "/cut")).consume().stream()
    assert stream.blocking_read(100) == b"short"
    case, error = payload(stream.blocking_read, 100)
    assert case == "last-operation-failed"
    assert Types(guest).http_error_code(error) == "HTTP-response-incomplete"


def test_other_hosts_are_denied(server: str) -> None:
    port = server.partition(":")[2]
    for hosts in ((), ("example.org",), ("localhost",), (f"127.0.0.1:{int(port) % 65535 + 1}",)):
        guest = Guest(WasiConfig().allow_http(*hosts).allow_network("*"))
        assert payload(Client(guest).handle, request_to(guest, server), None) == "HTTP-request-denied"
    guest = Guest(WasiConfig().allow_http(server))
    for authority in (f"localhost:{port}", "127.0.0.1", f"user@{server}"):
        expected = "HTTP-request-URI-invalid" if "@" in authority else "HTTP-request-denied"
        assert payload(Client(guest).handle, request_to(guest, authority), None) == expected


def test_parts_of_requests_that_are_none() -> None:
    request = Types(Guest(WasiConfig())).make_request(Types(Guest(WasiConfig())).make_fields())
    assert payload(request.set_method, ("other", "GET / HTTP/1.1\r\nX")) is None
    assert payload(request.set_path_with_query, "/ HTTP/1.1\r\nX: y") is None
    assert payload(request.set_authority, "a b") is None
    assert payload(request.set_scheme, ("other", "a/b")) is None
    request.set_method(("other", "PURGE"))
    assert request.method() == ("other", "PURGE")


def test_a_refused_connection() -> None:
    guest = Guest(WasiConfig().allow_http("127.0.0.1"))
    assert answer_to(guest, request_to(guest, nobody_there())) == ("err", "connection-refused")


def test_servers_of_tests_are_silent_about_clients_that_leave(capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(BaseHTTPRequestHandler):
        def handle(self) -> None:
            raise errors.pop()

    with LoopbackServer(Failing) as made:
        for error, is_told in ((BrokenPipeError(), False), (ConnectionResetError(), False), (ValueError(), True)):
            errors = [error]
            with socket.create_connection(("127.0.0.1", made.server_port)) as client:
                # The server closes the connection when it has told what went wrong.
                assert client.recv(1) == b""
            assert (type(error).__name__ in capsys.readouterr().err) == is_told


def test_answers() -> None:
    guest = Guest(WasiConfig())
    given: list[Any] = []
    outparam = ResponseOutparam(guest, lambda response, error: given.append((response, error)))
    response = Types(guest).make_response(Types(guest).make_fields())
    response.set_status_code(404)
    assert payload(response.set_status_code, 42) is None
    ResponseOutparam.set(outparam, ("ok", response))
    assert given == [(response, None)]
    with pytest.raises(Trap):
        ResponseOutparam.set(outparam, ("ok", response))
    ResponseOutparam(guest, lambda response, error: given.append((response, error))).close()
    assert given[1][0] is None and given[1][1][0] == "internal-error"
