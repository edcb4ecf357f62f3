"""Components that answer HTTP requests, as applications for servers, behind ASGI.

They export ``wasi:http/incoming-handler`` of WASI 0.2, or ``wasi:http/handler`` of 0.3.

    app = asgi(component, WasiConfig(env={"MODE": "test"}), timeout=10)         for uvicorn, hypercorn and others

Each request has an instance, a store and a guest of its own, in a thread of a bounded pool: nothing that a guest
computes or waits for stops the server's event loop, and nothing is left of one request in the next. Bodies go through
pipes (``wasi2/signals.py``), so that neither side holds more than a part of one.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from wasmz.component.asyncio_calls import Driver, driver_of
from wasmz.component.component import Component
from wasmz.component.linker import Linker
from wasmz.errors import ComponentError, WasiExit, bounded, expect
from wasmz.runtime.link.store import Store
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.startup.concurrency import load
from wasmz.wasi2.http_fields import FORBIDDEN, content_length
from wasmz.wasi2.http_types import IncomingRequest, ResponseOutparam
from wasmz.wasi2.signals import Pipe, Signal, until
from wasmz.wasi3.worlds import add_to_linker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping
    from typing import Any, Final

    from wasmz.wasi2.guest import Guest
    from wasmz.wasi2.http_types import OutgoingResponse

    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

# A component may have both: the later one is what its author wrote.
_HANDLERS: Final = ("wasi:http/handler@0.3.", "wasi:http/incoming-handler@0.2.")
# For messages.
EXPORTS: Final = "wasi:http/incoming-handler or wasi:http/handler"
_PIECE: Final = 1 << 16
_TRAILERS: Final = "http.response.trailers"
_LENGTH: Final = b"content-length"
# Statuses of responses that never have a body.
_BODYLESS: Final = frozenset({204, 304})


def is_service(component: Component) -> bool:
    """Whether a component answers HTTP requests."""
    return _find_handler(component) is not None


def asgi(
    component: Component,
    config: WasiConfig | None = None,
    *,
    timeout: float | None = 60.0,
    max_requests: int = 16,
    max_waiting: int = 256,
    define: Callable[[Linker], object] | None = None,
) -> HttpService:
    """The ASGI application of a component of the world ``wasi:http/proxy`` (WASI 0.2) or ``wasi:http/service`` (0.3).

    Args:
        component: what answers. The configuration of its engine limits the memory of each request.
        config: what the guest of each request gets; by default nothing but this process's output.
        timeout: after how many seconds a request is stopped; ``None`` for never.
        max_requests: how many requests run at once, each in a thread.
        max_waiting: how many more may wait for that; others are answered with 503.
        define: called with the linker of each request, to define more than WASI.

    Raises:
        TypeError, ValueError: an argument is not as described, or the component does not answer requests.
    """
    return HttpService(component, config, timeout, max_requests, max_waiting, define)


class HttpService:
    """An ASGI application: see :func:`asgi`."""

    def __init__(
        self,
        component: Component,
        config: WasiConfig | None,
        timeout: float | None,
        max_requests: int,
        max_waiting: int,
        define: Callable[[Linker], object] | None,
    ) -> None:
        """For :func:`asgi`."""
        expect(component, Component, "component", "a Component")
        expect(config, (WasiConfig, type(None)), "config", "a WasiConfig")
        expect(timeout, (int, float, type(None)), "timeout", "a number or None")
        for name, number, least in (("max_requests", max_requests, 1), ("max_waiting", max_waiting, 0)):
            expect(number, int, name, "an int")
            if number < least:
                raise ValueError(f"{name} must be at least {least}, not {number}")
        if timeout is not None and not timeout > 0:
            raise ValueError(f"timeout must be positive, not {timeout}")
        handler = _find_handler(component)
        if handler is None:
            raise ValueError(f"the component answers no HTTP requests: it does not export {EXPORTS}")
        self._component = component
        self._config = WasiConfig() if config is None else config
        self._handler = handler
        self._timeout = timeout
        self._most = max_requests + max_waiting
        self._threads = max_requests
        self._define = define
        self._pool: ThreadPoolExecutor | None = None
        self._running: set[_Exchange] = set()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers a request. ``NotImplementedError`` for what is neither HTTP nor the server's start and end."""
        kind = scope["type"]
        if kind == "http":
            await self._answer(scope, receive, send)
        elif kind == "lifespan":
            await self._live(receive, send)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        else:
            raise NotImplementedError(f"a component does not answer {bounded(repr(kind))}")

    def close(self) -> None:
        """Stops all requests, and ends the threads. Later requests start new ones."""
        for exchange in list(self._running):
            exchange.give_up()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            kind = (await receive())["type"]
            if kind == "lifespan.shutdown":
                self.close()
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if _is_ambiguous(scope["headers"]):
            await _send_whole(send, 400, b"Bad Request", (b"connection", b"close"))
            return
        if scope["method"] == "CONNECT":
            # Servers would take what follows for another protocol.
            await _send_whole(send, 501, b"Not Implemented", (b"connection", b"close"))
            return
        if len(self._running) >= self._most:
            await _send_whole(send, 503, b"Service Unavailable")
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, "wasmz http")
        exchange = _Exchange(scope, self._run, self._timeout)
        self._running.add(exchange)
        try:
            await exchange.serve(self._pool, receive, send)
        finally:
            self._running.discard(exchange)

    def _run(self, exchange: _Exchange) -> None:
        """Answers a request, in a thread of the pool."""
        component = self._component
        linker = Linker(component.engine)
        guest = add_to_linker(linker, self._config)
        if self._define is not None:
            self._define(linker)
        with Store(component.engine) as store:
            if not exchange.enter(store):
                return
            handle = linker.instantiate(store, component).exports[self._handler].handle
            if self._handler.startswith(_HANDLERS[0]):
                asyncio.run(exchange.respond(guest, handle, lambda: driver_of(store)))
            else:
                handle(*exchange.arguments(guest))


class _Exchange:
    """A request and its response: the server's side runs in the event loop, the guest's in a thread."""

    def __init__(
        self, scope: MutableMapping[str, Any], run: Callable[[_Exchange], object], timeout: float | None
    ) -> None:
        self._scope = scope
        self._run = run
        self._timeout = timeout
        self._request = Pipe()
        # Set when there is a response, or none can come.
        self._answered = Signal()
        self._status = 200
        self._response: Pipe | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._store: Store | None = None
        # Why there is no response, if the guest said so.
        self._refusal: Any = None
        self._is_reported = False
        self._is_sent = False
        # The guest is to be stopped, or need not start: nobody waits for it.
        self._is_stopped = False
        # The server's side is to end, too; its task, and what limits the time of that after the guest's end.
        self._is_given_up = False
        self._serving: tuple[asyncio.AbstractEventLoop | None, asyncio.Task[Any] | None] = None, None
        self._last: asyncio.TimerHandle | None = None

    # In the guest's thread

    def enter(self, store: Store) -> bool:
        """The guest is about to run in a store; whether it still should."""
        if self._timeout is not None:
            store.set_deadline(self._timeout)
        self._store = store
        return not self._is_stopped

    def arguments(self, guest: Guest) -> tuple[IncomingRequest, ResponseOutparam]:
        """What the guest's function of WASI 0.2 gets."""
        line, fields = self._line()
        return IncomingRequest(guest, *line, fields, self._request), ResponseOutparam(guest, self._take)

    async def respond(self, guest: Guest, handle: Callable[..., Any], driver: Callable[[], Driver]) -> None:
        """Calls the guest's function of WASI 0.3, and moves its response's body."""
        load("wasmz.wasi3.http_service")
        from wasmz.wasi3.http_service import respond

        asyncio.get_running_loop().set_exception_handler(lambda loop, context: self._report(context["message"]))
        used = driver()
        line, fields = self._line()
        await respond(guest, handle, line, fields, self._request, self._answer)
        # The guest may do more after its response.
        await used.finish()
        await used.flush()

    def _line(self) -> tuple[tuple[str, str, str, str | None], list[tuple[str, bytes]]]:
        """Method, path, scheme and authority of the request; and the fields that a guest sees."""
        scope = self._scope
        fields = [(name.decode("latin-1"), bytes(value)) for name, value in scope["headers"]]
        authority = next((value.decode("latin-1") for name, value in fields if name.lower() == "host"), None)
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        query: bytes = scope.get("query_string") or b""
        path = (raw + b"?" + query if query else raw).decode(errors="replace")
        kept = [item for item in fields if item[0].lower() not in FORBIDDEN]
        return (scope["method"], path, scope.get("scheme", "http"), authority), kept

    def _take(self, response: OutgoingResponse | None, code: Any) -> None:
        """The guest answers, with a response or an ``error-code``."""
        if response is None:
            self._answer(None, code)
            return
        pipe = response.pipe
        if not response.has_body:
            pipe.end()
        self._answer((response.status_code(), response.fields.items, pipe), None)
        response.close()

    def _answer(self, response: tuple[int, list[tuple[str, bytes]], Pipe] | None, code: Any) -> None:
        """There is a response: its status, fields and body. Or an ``error-code`` instead."""
        if response is not None:
            code = _fault_of(response, self._scope["method"])
        if response is None or code is not None:
            self._refusal = code
            if response is not None:
                response[2].abandon()
        else:
            self._status, items, self._response = response
            self._headers = _headers_of(self._status, items)
        self._answered.set()

    def _run_guest(self) -> None:
        try:
            if not self._is_stopped:
                self._run(self)
            if self._refusal is not None:
                self._report(f"no response: {bounded(repr(self._refusal))}")
        except WasiExit as error:
            if error.exit_code:
                self._report(f"the component exited with status {error.exit_code}")
        except Exception as error:
            self._report(str(error) or type(error).__name__)
        finally:
            self._store = None
            self._request.abandon()
            if self._response is not None:
                # Nothing happens if it is complete.
                self._response.end(failure=("internal-error", "the component ended"))
            self._answered.set()

    def _report(self, text: str) -> None:
        if not (self._is_stopped or self._is_reported):
            self._is_reported = True
            place = f"{self._scope['method']} {bounded(repr(self._scope['path']))}"
            sys.stderr.write(f"wasmz: {place}: {' '.join(text.splitlines()[:1])}\n")

    # In the event loop

    def stop(self) -> None:
        """Nobody waits for the response: the guest is stopped."""
        self._is_stopped = True
        self._request.end(failure="connection-terminated")
        response, store = self._response, self._store
        if response is not None:
            response.abandon()
        if store is not None:
            try:
                # Unlike an interrupt, this also stops what the guest has yet to begin.
                store.set_deadline(0.0)
            except ValueError:
                # It has just been closed.
                pass
        self._answered.set()
        if response is not None:
            response.end()

    async def serve(self, pool: ThreadPoolExecutor, receive: Receive, send: Send) -> None:
        """Runs the guest, and moves the bodies."""
        loop = asyncio.get_running_loop()
        self._serving = loop, asyncio.current_task()
        job = loop.run_in_executor(pool, self._run_guest)
        if self._timeout is not None:
            # For clients that do not take what the guest has left.
            job.add_done_callback(lambda _: self._limit(loop.call_later(self._timeout or 0, self.give_up)))
        listening = asyncio.ensure_future(self._listen(receive))
        try:
            await self._respond(send)
            if not self._is_stopped:
                # The guest may do more after its response.
                await job
                self._report_incomplete()
        except OSError:
            # So servers say that the client is gone.
            self.stop()
        except asyncio.CancelledError:
            self.stop()
            _, task = self._serving
            if not self._is_given_up or task is None or task.uncancel():
                raise
        except BaseException:
            self.stop()
            raise
        finally:
            self._serving = None, None
            listening.cancel()
            job.cancel()
            if self._last is not None:
                self._last.cancel()

    def _limit(self, last: asyncio.TimerHandle) -> None:
        if self._serving[1] is None:
            last.cancel()
        else:
            self._last = last

    def give_up(self) -> None:
        """Ends the request, also if the client does not take what is sent to it."""
        self.stop()
        loop, task = self._serving
        if loop is not None and task is not None and not self._is_given_up:
            self._is_given_up = True
            try:
                loop.call_soon_threadsafe(task.cancel)
            except RuntimeError:
                # The loop is closed.
                pass

    async def _listen(self, receive: Receive) -> None:
        """Takes the request's body, and then waits for the client to go."""
        request = self._request
        while True:
            try:
                message = await receive()
            except Exception:
                message = {"type": "http.disconnect"}
            if message["type"] == "http.disconnect":
                break
            if not request.is_ended:
                request.write(message.get("body", b""))
                if not message.get("more_body", False):
                    request.end()
                await until(request.writable)
        if self._is_sent:
            # Servers also say so when the response is complete.
            request.end(failure="connection-terminated")
        else:
            self.stop()

    async def _respond(self, send: Send) -> None:
        await until(self._answered)
        pipe = self._response
        if self._is_stopped:
            return
        if pipe is None:
            self._is_sent = True
            await _send_whole(send, 500, b"Internal Server Error")
            return
        has_trailers = _TRAILERS in (self._scope.get("extensions") or ()) and _has(self._headers, b"trailer")
        start = {"type": "http.response.start", "status": self._status, "headers": self._headers}
        await send({**start, "trailers": True} if has_trailers else start)
        if self._scope["method"] == "HEAD" or self._status in _BODYLESS:
            # A body would be taken for the next response.
            pipe.abandon()
        elif not await self._send_body(pipe, send):
            # The response is left incomplete: so a server ends the connection, and the client sees it.
            return
        self._is_sent = True
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        if has_trailers:
            items = [(name.lower().encode("latin-1"), value) for name, value in pipe.trailers or ()]
            items = [item for item in items if item[0] != _LENGTH]
            await send({"type": _TRAILERS, "headers": items, "more_trailers": False})

    def _report_incomplete(self) -> None:
        if not self._is_sent and self._response is not None:
            self._report(f"the response is incomplete: {bounded(repr(self._response.failure))}")

    async def _send_body(self, pipe: Pipe, send: Send) -> bool:
        """Sends what comes from the guest; whether that is the whole body."""
        length = next((value for name, value in self._headers if name == b"content-length"), b"")
        rest = int(length) if length.isdigit() else -1
        while not self._is_stopped:
            await until(pipe.readable)
            piece = pipe.read(_PIECE)
            if piece is None:
                return pipe.failure is None and not self._is_stopped
            if piece:
                rest -= len(piece)
                # The client may go as soon as it has everything; the guest need not be at its end then.
                self._is_sent = rest == 0
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        return False


def _fault_of(response: tuple[int, list[tuple[str, bytes]], Pipe], method: str) -> Any:
    """The ``error-code`` for a response that cannot be sent as it is; ``None`` if it can."""
    status, items, pipe = response
    if status < 200:
        return "internal-error", f"{status} is not the status of a final response"
    try:
        length = content_length(items)
    except ComponentError:
        return "internal-error", "content-length is no number, or several"
    if length and pipe.is_empty and method != "HEAD" and status not in _BODYLESS:
        return "HTTP-response-body-size", 0
    return None


def _headers_of(status: int, items: list[tuple[str, bytes]]) -> list[tuple[bytes, bytes]]:
    """A response's fields as servers take them, with the body's length once at most."""
    headers: list[tuple[bytes, bytes]] = []
    has_length = status in _BODYLESS
    for name, value in items:
        item = name.lower().encode("latin-1"), value
        if item[0] == _LENGTH:
            if has_length:
                continue
            has_length = True
        headers.append(item)
    return headers


def _is_ambiguous(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a proxy before this server may see another end of a request's body: RFC 9112, 6.1 and 6.3."""
    lengths = {value for name, value in headers if name.lower() == _LENGTH}
    return len(lengths) > 1 or (bool(lengths) and any(name.lower() == b"transfer-encoding" for name, _ in headers))


async def _send_whole(send: Send, status: int, text: bytes, *more: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(text)), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text, "more_body": False})


def _has(headers: list[tuple[bytes, bytes]], wanted: bytes) -> bool:
    return any(name == wanted for name, _ in headers)


def _find_handler(component: Component) -> str | None:
    return next((name for start in _HANDLERS for name in component.exports if name.startswith(start)), None)
