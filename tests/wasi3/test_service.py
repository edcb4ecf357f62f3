"""A service of WASI 0.3 behind ASGI, without a server; and requests that a guest sends."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import wasmz

if sys.platform == "emscripten":
    pytest.skip("needs threads", allow_module_level=True)

from tests.wasi2.clients import LONG, Client, answer
from tests.wasi2.servers import nobody_there
from tests.wasi3.endpoints import Endpoints
from tests.wasi3.service import build
from wasmz.component import asgi
from wasmz.errors import ComponentError
from wasmz.wasi2.guest import Guest
from wasmz.wasi3.http_client import Client as Sender
from wasmz.wasi3.http_types import Fields, Request, Response, Types


@pytest.fixture(scope="module")
def component() -> wasmz.Component:
    return wasmz.Component.compile(wasmz.Engine(wasmz.Config(mem_limit_bytes=16 << 20)), build())


@pytest.fixture
def app(component: wasmz.Component) -> Iterator[Any]:
    made = asgi(component, timeout=LONG)
    yield made
    made.close()


def test_a_response(app: Any) -> None:
    found = answer(app, "/echo", b"hello ", b"you", extensions={"http.response.trailers": {}})
    assert (found.status, found.body) == (201, b"hello you")
    assert found.sent[0]["headers"] == [(b"trailer", b"x-letter")]
    assert found.sent[-1]["headers"] == [(b"x-letter", b"l")]
    # Servers that know no trailers are not given any.
    assert answer(app, "/echo", b"x").is_complete


def test_bodies_are_streamed_both_ways(app: Any) -> None:
    parts = [bytes([number]) * 30_000 for number in range(10)]
    assert answer(app, "/echo", *parts).body == b"".join(parts)

    async def main() -> None:
        client = Client("/echo", (b"first", b"second", b"third"))
        # The client goes on only when what it sent has come back.
        client.wait_for = lambda: len(client.body) == {3: 0, 2: 5, 1: 11}[len(client.parts)]
        await client.run(app)
        assert client.body == b"firstsecondthird"

    asyncio.run(main())


def test_the_guest_goes_on_after_its_response(component: wasmz.Component) -> None:
    out = bytearray()
    app = asgi(component, wasmz.WasiConfig(stdout=out), timeout=LONG)
    found = answer(app, "/zero")
    app.close()
    assert (found.status, found.body, found.is_complete, out) == (201, b"", True, b"late")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/trap", "unreachable"),
        ("/wait", "deadlock"),
        ("/xerror", "LoopDetected"),
    ],
)
def test_no_response(app: Any, path: str, message: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert answer(app, path).status == 500
    assert message in capfd.readouterr().err


@pytest.mark.parametrize(("path", "message"), [("/part", "unreachable"), ("/short", "HTTP-response-body-size")])
def test_a_part_of_a_response(app: Any, path: str, message: str, capfd: pytest.CaptureFixture[str]) -> None:
    found = answer(app, path)
    assert (found.status, found.is_complete) == (201, False)
    assert message in capfd.readouterr().err


def test_guests_are_stopped(component: wasmz.Component, capfd: pytest.CaptureFixture[str]) -> None:
    app = asgi(component, timeout=0.3)
    assert answer(app, "/loop").status == 500
    assert "interrupted" in capfd.readouterr().err

    async def leave() -> None:
        client = Client("/flood")
        running = asyncio.ensure_future(client.run(app))
        while not client.body:
            await asyncio.sleep(0.001)
        client.gone.set()
        await running

    asyncio.run(leave())
    app.close()


# Requests that guests send


class Given:
    """A guest's stream of bytes, or its future."""

    def __init__(self, *values: Any) -> None:
        self.values = list(values)
        self.is_closed = False

    async def read(self, count: int) -> bytes:
        await asyncio.sleep(0)
        return self.values.pop(0) if self.values else b""

    def __await__(self) -> Any:
        yield from asyncio.sleep(0).__await__()
        return self.values[0]

    def close(self) -> None:
        self.is_closed = True


def send(config: wasmz.WasiConfig, authority: str, path: str, body: Any = None, **more: Any) -> tuple[Any, Request]:
    """What a request gives: status, fields, body and trailers; or an error-code."""
    guest = Guest(config)
    types = Types(guest)
    headers = types.fields_from_list(more.get("headers", []))
    trailers = Given(("ok", types.fields_from_list(more["trailers"]) if "trailers" in more else None))
    request, _ = types.make_request(headers, body, trailers, None)
    request.set_method("get" if body is None else "post")
    request.set_scheme("HTTP")
    request.set_authority(authority)
    request.set_path_with_query(path)

    async def main() -> Any:
        response = await Sender(guest).send(request)
        stream, ended = Response.consume_body(response, Given())
        found = b""
        while (piece := stream.fetch(100)) is not None:
            piece = await piece if asyncio.iscoroutine(piece) else piece
            if piece is None:
                break
            found += piece
        _, fields = await ended
        return response.status, found, None if fields is None else fields.copy_all()

    try:
        return asyncio.run(main()), request
    except ComponentError as error:
        return error.payload, request


async def _value(future: Any) -> Any:
    return await future


def test_requests() -> None:
    endpoints = [
        {"method": "POST", "path": "/echo", "mode": "echo-body"},
        {"method": "GET", "path": "/", "response": {"status": 418, "chunks": ["a", "b"], "trailers": {"x-t": "1"}}},
    ]
    with Endpoints(endpoints) as server:
        config = wasmz.WasiConfig().allow_http(server.authority)
        body = Given(b"one", b"two")
        found, request = send(config, server.authority, "/echo", body, trailers=[("x-t", b"1")])
        assert found == (200, b"onetwo", None)
        assert body.is_closed
        assert asyncio.run(_value(request.sent)) == ("ok", None)
        assert send(config, server.authority, "")[0] == (418, b"ab", [("x-t", b"1")])
        headers = [("content-length", b"4")]
        found, request = send(config, server.authority, "/echo", Given(b"12345"), headers=headers)
        assert found == ("HTTP-request-body-size", 5)
        assert asyncio.run(_value(request.sent))[0] == "err"


def test_requests_that_are_refused() -> None:
    with Endpoints([{"method": "GET", "path": "/", "response": {"status": 200}}]) as server:
        assert send(wasmz.WasiConfig(), server.authority, "/")[0] == "HTTP-request-denied"
        assert send(wasmz.WasiConfig().allow_http("example.org"), server.authority, "/")[0] == "HTTP-request-denied"
        allowed = wasmz.WasiConfig().allow_http("*")
        assert send(allowed, f"user@{server.authority}", "/")[0] == "HTTP-request-URI-invalid"
    found, request = send(wasmz.WasiConfig().allow_http("*"), nobody_there(), "/")
    assert found == "connection-refused"
    assert asyncio.run(_value(request.sent)) == ("err", "connection-refused")


def test_fields() -> None:
    guest = Guest(wasmz.WasiConfig())
    fields = Fields(guest)
    fields.append("X-One", b"1")
    fields.append("x-one", b"2")
    assert fields.copy_all() == [("X-One", b"1"), ("X-One", b"2")]
    assert fields.clone().get_and_delete("X-ONE") == [b"1", b"2"]
    assert fields.get_and_delete("x-one") == [b"1", b"2"]
    assert fields.get_and_delete("x-one") == []
    fields.append("x-one", b"3")
    assert fields.copy_all() == [("x-one", b"3")]
    with pytest.raises(ComponentError, match="forbidden"):
        fields.append("Host", b"a")
    request, _ = Types(guest).make_request(fields, None, Given(("ok", None)), None)
    with pytest.raises(ComponentError, match="immutable"):
        request.get_headers().append("a", b"b")
    for path, kept in (("", "/"), ("?a=b", "?a=b"), ("/ä", "/ä"), (None, None)):
        request.set_path_with_query(path)
        assert request.get_path_with_query() == kept
    for bad in ("/ ", "/\r\nx: y", "/#", "/<"):
        with pytest.raises(ComponentError):
            request.set_path_with_query(bad)
    for bad in ("a b", "a\r\n", "", "a@b@c", "a:x", "[::1"):
        with pytest.raises(ComponentError):
            request.set_authority(bad)
    request.set_authority("u:p@[::1]:80")
    response, _ = Types(guest).make_response(Fields(guest), None, Given(("ok", None)))
    for status in (99, 600):
        with pytest.raises(ComponentError):
            response.set_status_code(status)
