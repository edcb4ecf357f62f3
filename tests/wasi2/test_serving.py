"""Components that answer HTTP requests: the application without a server, and ``wasmz serve`` with one."""

from __future__ import annotations

import asyncio
import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.wasi2.clients import LONG, Client, answer
from tests.wasi2.proxy import build
from wasmz.component import Linker, asgi
from wasmz.component.serving import _Exchange
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.wasi2.guest import Guest
from wasmz.wasi2.http_bodies import OutgoingBody
from wasmz.wasi2.http_types import ResponseOutparam, Types

if sys.platform == "emscripten":
    pytest.skip("needs threads and processes", allow_module_level=True)


@pytest.fixture(scope="module")
def component() -> wasmz.Component:
    return wasmz.Component.compile(wasmz.Engine(wasmz.Config(mem_limit_bytes=16 << 20)), build())


@pytest.fixture
def app(component: wasmz.Component) -> Iterator[Any]:
    made = asgi(component, timeout=LONG)
    yield made
    made.close()


def test_a_response(app: Any) -> None:
    found = answer(app, "/echo", b"hello ", b"you")
    assert (found.status, found.body, found.is_complete) == (201, b"hello you", True)
    assert found.sent[0]["headers"] == [(b"x-letter", b"e")]


def test_a_large_body_there_and_back(app: Any) -> None:
    parts = [bytes([number]) * 30_000 for number in range(10)]
    assert answer(app, "/echo", *parts).body == b"".join(parts)


def test_bodies_are_streamed_both_ways(app: Any) -> None:
    async def main() -> None:
        client = Client("/echo", (b"first", b"second", b"third"))
        # The client goes on only when what it sent has come back.
        client.wait_for = lambda: len(client.body) == {3: 0, 2: 5, 1: 11}[len(client.parts)]
        await client.run(app)
        assert client.body == b"firstsecondthird"

    asyncio.run(main())


def test_nothing_is_left_of_a_request(app: Any) -> None:
    assert [answer(app, "/count").body for _ in range(3)] == [b"1"] * 3


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/trap", "unreachable"),
        ("/none", "the component gave no response"),
        ("/grow", "unreachable"),  # its own, since it gets no more memory
        ("/xerror", "no response: "),
    ],
)
def test_without_a_response_it_is_500(app: Any, capfd: Any, path: str, message: str) -> None:
    found = answer(app, path)
    assert (found.status, found.is_complete) == (500, True)
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"wasmz: POST '{path}': ") and message in line


def test_memory_within_the_limit() -> None:
    assert answer(asgi(wasmz.Component.compile(build()), timeout=LONG), "/grow").status == 201


@pytest.mark.parametrize("path", ["/part", "/short"])
def test_a_response_that_breaks_off_is_left_incomplete(app: Any, capfd: Any, path: str) -> None:
    found = answer(app, path)
    assert found.status == 201 and not found.is_complete
    assert found.body == (b"part" if path == "/part" else b"")
    assert len(capfd.readouterr().err.splitlines()) == 1


def test_a_request_that_takes_too_long(component: wasmz.Component, capfd: Any) -> None:
    assert answer(asgi(component, timeout=0.2), "/loop").status == 500
    assert "interrupted" in capfd.readouterr().err


def test_log_lines_are_single(app: Any, capfd: Any) -> None:
    answer(app, "/t\n\x1b[2Jwasmz: faked")
    (line,) = capfd.readouterr().err.splitlines()
    assert "\x1b" not in line


@pytest.mark.parametrize("path", ["/loop", "/flood", "/wait"])
def test_clients_that_go_stop_the_guest(app: Any, capfd: Any, path: str) -> None:
    async def main() -> None:
        client = Client(path, (b"a", b"b"))
        if path == "/wait":
            client.parts, client.wait_for = [b"a", b"b"], lambda: len(client.parts) == 2 or client.gone.is_set()
        task = asyncio.ensure_future(client.run(app))
        await asyncio.sleep(0.05)
        client.gone.set()
        await task
        await until_idle()

    asyncio.run(main())
    assert capfd.readouterr().err == ""


async def until_idle() -> None:
    """Waits until no thread of a pool runs a guest."""
    end = time.monotonic() + LONG
    while any("_run_guest" in names_of(thread) for thread in sys._current_frames()):
        assert time.monotonic() < end, "a guest goes on"
        await asyncio.sleep(0.01)


def names_of(thread: int) -> set[str]:
    frame = sys._current_frames().get(thread)
    names = set()
    while frame is not None:
        names.add(frame.f_code.co_name)
        frame = frame.f_back
    return names


def test_a_cancelled_request_stops_the_guest(app: Any) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(Client("/loop").run(app))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until_idle()

    asyncio.run(main())


def test_the_loop_goes_on_and_requests_wait_their_turn(component: wasmz.Component) -> None:
    app = asgi(component, timeout=LONG, max_requests=1, max_waiting=1)

    async def main() -> None:
        busy = Client("/loop")
        first = asyncio.ensure_future(busy.run(app))
        await asyncio.sleep(0.05)
        waiting = Client("/count")
        second = asyncio.ensure_future(waiting.run(app))
        await asyncio.sleep(0.05)
        assert not waiting.sent
        assert (await Client("/count").run(app)).status == 503
        busy.gone.set()
        await first
        await second
        assert waiting.body == b"1"

    asyncio.run(main())
    app.close()


def test_a_waiting_client_may_go(component: wasmz.Component) -> None:
    app = asgi(component, timeout=LONG, max_requests=1)

    async def main() -> None:
        busy, waiting = Client("/loop"), Client("/count")
        tasks = [asyncio.ensure_future(busy.run(app))]
        await asyncio.sleep(0.05)
        tasks.append(asyncio.ensure_future(waiting.run(app)))
        await asyncio.sleep(0.05)
        waiting.gone.set()
        await tasks[1]
        assert not waiting.sent
        app.close()
        await tasks[0]
        assert not busy.sent
        await until_idle()

    asyncio.run(main())


def test_clients_that_go_while_something_is_sent(app: Any) -> None:
    async def main() -> None:
        client = Client("/flood")

        async def send(message: dict[str, Any]) -> None:
            raise OSError("gone")

        await app(client.scope, client.receive, send)
        await until_idle()

    asyncio.run(main())


def test_head_has_no_body(app: Any) -> None:
    found = answer(app, "/count", method="HEAD")
    assert (found.status, found.body, found.is_complete) == (201, b"", True)


def test_many_at_once(app: Any) -> None:
    async def main() -> list[Client]:
        return await asyncio.gather(*[Client("/echo", (b"%d" % number,)).run(app) for number in range(30)])

    assert [client.body for client in asyncio.run(main())] == [b"%d" % number for number in range(30)]


def test_lifespan_and_other_scopes(app: Any) -> None:
    async def main() -> list[str]:
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}, {"type": "websocket.connect"}]
        sent: list[str] = []

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def send(message: dict[str, Any]) -> None:
            sent.append(message["type"])

        await app({"type": "lifespan"}, receive, send)
        await app({"type": "websocket"}, receive, send)
        with pytest.raises(NotImplementedError):
            await app({"type": "other"}, receive, send)
        return sent

    assert asyncio.run(main()) == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]


def test_what_the_guest_sees_of_a_request() -> None:
    guest = Guest(WasiConfig())
    more = {"raw_path": b"/a%20b", "query_string": b"q=1&r", "scheme": "https"}
    request, _ = _Exchange(Client("/a b", method="PURGE", **more).scope, print, None).arguments(guest)
    assert (request.method(), request.path_with_query()) == (("other", "PURGE"), "/a%20b?q=1&r")
    assert (request.scheme(), request.authority()) == ("HTTPS", "a.example")
    assert request.headers().entries() == [("x-own", b"1")]
    request, _ = _Exchange(Client("/a b", method="GET").scope, print, None).arguments(guest)
    assert (request.method(), request.path_with_query(), request.scheme()) == ("get", "/a%20b", "HTTP")


def test_trailers_go_to_servers_that_take_them() -> None:
    async def main(**more: Any) -> list[dict[str, Any]]:
        guest = Guest(WasiConfig())

        def run(exchange: _Exchange) -> None:
            _, outparam = exchange.arguments(guest)
            types = Types(guest)
            response = types.make_response(types.fields_from_list([("Trailer", b"X-Sum")]))
            body = response.body()
            ResponseOutparam.set(outparam, ("ok", response))
            OutgoingBody.finish(body, types.fields_from_list([("X-Sum", b"7")]))

        client = Client("/", **more)
        with ThreadPoolExecutor(1) as pool:
            await _Exchange(client.scope, run, None).serve(pool, client.receive, client.send)
        return client.sent

    start, body, trailers = asyncio.run(main(extensions={"http.response.trailers": {}}))
    assert start["trailers"] and not body["more_body"]
    assert trailers == {"type": "http.response.trailers", "headers": [(b"x-sum", b"7")], "more_trailers": False}
    start, _ = asyncio.run(main())
    assert "trailers" not in start


def test_more_definitions(component: wasmz.Component) -> None:
    linkers: list[Linker] = []
    app = asgi(component, define=linkers.append)
    assert answer(app, "/count").body == answer(app, "/count").body == b"1"
    assert len({id(linker) for linker in linkers}) == 2
    app.close()


def test_wrong_arguments(component: wasmz.Component) -> None:
    with pytest.raises(TypeError):
        asgi(build())  # type: ignore[arg-type]
    for more in ({"timeout": 0}, {"timeout": float("nan")}, {"max_requests": 0}, {"max_waiting": -1}):
        with pytest.raises(ValueError):
            asgi(component, **more)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="incoming-handler"):
        asgi(wasmz.Component.compile(b"\0asm\x0d\0\1\0"))


# wasmz serve


def serve(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "wasmz", "serve", *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@contextmanager
def running_server(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The process of a server of the proxy, and its port. It is stopped, sooner or later."""
    (folder / "proxy.wasm").write_bytes(build())
    server = serve(str(folder / "proxy.wasm"), "--addr", "127.0.0.1:0")
    stop = threading.Timer(LONG, server.kill)
    stop.start()
    try:
        assert server.stderr is not None
        line = server.stderr.readline()
        assert line.startswith("serving http://127.0.0.1:"), line + server.stderr.read()
        yield server, int(line.rstrip("/\n").rpartition(":")[2])
    finally:
        server.kill()
        server.wait()
        stop.cancel()
        if server.stderr is not None:
            server.stderr.close()


def test_the_command(tmp_path: Path) -> None:
    with running_server(tmp_path) as (server, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
        for body in (b"hello", b"x" * 200_000):
            connection.request("POST", "/echo", body)
            response = connection.getresponse()
            assert (response.status, response.getheader("x-letter"), response.read()) == (201, "e", body)
        connection.request("GET", "/trap")
        response = connection.getresponse()
        assert (response.status, response.read()) == (500, b"Internal Server Error")
        connection.request("GET", "/part")
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()
        connection.close()
        server.terminate()
        rest = server.communicate()[1]
    assert "GET '/trap': unreachable" in rest and "Traceback" not in rest


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["module.wasm"], "module.wasm is no component"),
        (["empty.wasm"], "does not export wasi:http/incoming-handler"),
        (["proxy.wasm", "--addr", "nowhere"], "--addr needs HOST:PORT"),
        (["proxy.wasm", "--dir", "missing"], "--dir needs a directory"),
    ],
)
def test_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("proxy.wasm").write_bytes(build())
    Path("module.wasm").write_bytes(b"\0asm\1\0\0\0")
    Path("empty.wasm").write_bytes(b"\0asm\x0d\0\1\0")
    server = serve(*words)
    assert message in server.communicate(timeout=LONG)[1]
    assert server.returncode == 2


def test_without_uvicorn(tmp_path: Path) -> None:
    (tmp_path / "proxy.wasm").write_bytes(build())
    code = "import sys; sys.modules['uvicorn'] = None; from wasmz.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "serve", str(tmp_path / "proxy.wasm")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "pip install 'wasmz[serve]'" in done.stderr


# Responses that a server, or a client after it, would take for something else


@pytest.mark.parametrize(
    ("status", "fields", "body", "method", "expected"),
    [
        (200, [("Content-Length", b"2")], b"ab", "GET", (200, [(b"content-length", b"2")], b"ab")),
        (200, [("content-length", b"2")] * 2, b"ab", "GET", (200, [(b"content-length", b"2")], b"ab")),
        (200, [("content-length", b"1"), ("content-length", b"2")], None, "GET", None),
        (200, [("content-length", b"2, 2")], None, "GET", None),
        (200, [("content-length", b"2")], None, "GET", None),
        (200, [("content-length", b"2")], None, "HEAD", (200, [(b"content-length", b"2")], b"")),
        (200, [("content-length", b"2")], b"ab", "HEAD", (200, [(b"content-length", b"2")], b"")),
        (100, [], None, "GET", None),
        (101, [("a", b"b")], b"HTTP/1.1 200 OK\r\n\r\n", "GET", None),
        (204, [("content-length", b"19")], b"HTTP/1.1 200 OK\r\n\r\n", "GET", (204, [], b"")),
        (304, [("content-length", b"5")], None, "GET", (304, [], b"")),
        (304, [("etag", b"x")], b"HTTP/1.1 200 OK\r\n\r\n", "GET", (304, [(b"etag", b"x")], b"")),
    ],
)
def test_framing(
    capfd: Any, status: int, fields: list[tuple[str, bytes]], body: bytes | None, method: str, expected: Any
) -> None:
    guest = Guest(WasiConfig())

    def run(exchange: _Exchange) -> None:
        _, outparam = exchange.arguments(guest)
        types = Types(guest)
        response = types.make_response(types.fields_from_list(fields))
        response.set_status_code(status)
        out = None if body is None else response.body()
        ResponseOutparam.set(outparam, ("ok", response))
        if out is not None:
            stream = out.write()
            try:
                stream.write(body)
                OutgoingBody.finish(out, None)
            except wasmz.component.ComponentError:
                # Nobody wants it.
                out.close()

    async def main() -> Client:
        client = Client("/", method=method)
        with ThreadPoolExecutor(1) as pool:
            await _Exchange(client.scope, run, None).serve(pool, client.receive, client.send)
        return client

    client = asyncio.run(main())
    found = (client.status, client.sent[0]["headers"], client.body)
    assert client.is_complete
    assert found[0] == 500 if expected is None else found == expected


@pytest.mark.parametrize(
    "fields",
    [
        [(b"content-length", b"3"), (b"transfer-encoding", b"chunked")],
        [(b"content-length", b"3"), (b"content-length", b"4")],
    ],
)
def test_requests_of_two_lengths_are_refused(app: Any, fields: list[tuple[bytes, bytes]]) -> None:
    found = answer(app, "/echo", b"abc", headers=[(b"host", b"a"), *fields])
    assert (found.status, found.is_complete) == (400, True)
    assert (b"connection", b"close") in found.sent[0]["headers"]
    assert answer(app, "/", method="CONNECT").status == 501


# Servers


def test_ctrl_c_ends_requests_that_never_end(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("other processes get no Ctrl-C here")
    with (
        running_server(tmp_path) as (server, port),
        socket.create_connection(("127.0.0.1", port)) as one,
        socket.create_connection(("127.0.0.1", port)) as two,
    ):
        one.sendall(b"GET /loop HTTP/1.1\r\nHost: a\r\n\r\n")
        # It answers, so both have begun; and it takes nothing of what follows.
        two.sendall(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        assert two.recv(16).startswith(b"HTTP/1.1 201")
        begin = time.monotonic()
        server.send_signal(signal.SIGINT)
        assert server.wait(LONG) == 130
        # Their time would be a minute.
        assert time.monotonic() - begin < 30


def test_behind_hypercorn(component: wasmz.Component) -> None:
    asyncio_serve = pytest.importorskip("hypercorn.asyncio", reason="pip install hypercorn").serve
    from hypercorn.config import Config

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        config = Config()
        config.bind = [f"fd://{listener.detach()}"]
        found: list[tuple[int, str | None, bytes]] = []

        def ask() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
            for path, body in (("/echo", b"hello"), ("/echo", b"x" * 300_000), ("/count", b""), ("/trap", b"")):
                connection.request("POST", path, body)
                response = connection.getresponse()
                found.append((response.status, response.getheader("x-letter"), response.read()))
            connection.request("GET", "/part")
            try:
                found.append((0, "complete", connection.getresponse().read()))
            except http.client.HTTPException:
                connection.close()

        async def main() -> None:
            app = asgi(component, timeout=LONG)
            end = asyncio.Event()
            serving = asyncio.ensure_future(asyncio_serve(app, config, shutdown_trigger=end.wait))
            await asyncio.to_thread(ask)
            end.set()
            await serving

        asyncio.run(asyncio.wait_for(main(), LONG))
    assert found == [
        (201, "e", b"hello"),
        (201, "e", b"x" * 300_000),
        (201, "c", b"1"),
        (500, None, b"Internal Server Error"),
    ]


def test_clients_that_take_nothing(component: wasmz.Component, capfd: Any) -> None:
    async def main() -> None:
        app = asgi(component, timeout=0.3)
        client = Client("/flood")

        async def send(message: dict[str, Any]) -> None:
            client.sent.append(message)
            if message.get("body"):
                await asyncio.Event().wait()

        # The guest's time is up, and after as much again also that of the client.
        await asyncio.wait_for(app(client.scope, client.receive, send), LONG)
        assert len(client.sent) == 2 and not client.is_complete
        assert not app._running
        app.close()

    asyncio.run(main())
    assert "interrupted" in capfd.readouterr().err
