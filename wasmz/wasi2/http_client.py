"""``wasi:http/outgoing-handler``: requests to the hosts that a guest was given, by ``http.client`` in a thread each.

Client(guest).handle(request, options)      -> a FutureIncomingResponse; HTTP-request-denied for other hosts

No proxy is asked, no redirection followed, no cookie kept: what is sent is what the guest says.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import threading
import time
from urllib.parse import quote

from wasmz.errors import ComponentError
from wasmz.runtime.wasi.grants import NetworkGrants, split_place
from wasmz.runtime.wasi.readiness import Wait
from wasmz.startup.concurrency import load
from wasmz.wasi2.errors import IN_PROGRESS
from wasmz.wasi2.http_fields import FORBIDDEN, content_length, is_field
from wasmz.wasi2.http_lines import text_of
from wasmz.wasi2.http_types import FutureIncomingResponse, IncomingResponse, OutgoingRequest, RequestOptions
from wasmz.wasi2.signals import Pipe, Signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.wasi2.guest import Guest

# Without timeouts of the guest's. A guest that waits is stopped by its deadline, the thread by this.
_TIMEOUT_SECONDS: Final = 600.0
_SECOND: Final = 1_000_000_000
_PIECE: Final = 1 << 16
# How long all trailers of a response are at most; each counts a little more than its text.
_LONGEST_LINE: Final = 1 << 16
_FIELD_BYTES: Final = 128
# They say how a body is framed, and which host is meant: the client's business.
_FRAMING: Final = FORBIDDEN | {"content-length"}
# How many requests of a guest may be under way: each has a thread.
_MOST_REQUESTS: Final = 64
# How many nanoseconds a thread that connects does not see that nobody waits for it.
_LONGEST_WAIT: Final = 50_000_000
# What is in a path as it is; the rest is not ASCII.
_AS_IT_IS: Final = bytes(range(0x21, 0x7F)).decode()
# Values over several lines, as they once were allowed (RFC 9112, 5.2).
_FOLDED: Final = re.compile(r"\r?\n[ \t]+")


class Client:
    """The function of ``outgoing-handler``."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._grants = NetworkGrants(guest.config.http_hosts)

    def handle(self, request: OutgoingRequest, options: RequestOptions | None) -> FutureIncomingResponse:
        """Begins to send a request."""
        guest = self._guest
        timeouts: tuple[int | None, ...] = (None, None, None)
        if options is not None:
            timeouts = options.connect_timeout(), options.first_byte_timeout(), options.between_bytes_timeout()
        try:
            exchange = Exchange(
                text_of(request.method()),
                text_of(request.scheme() or "HTTPS"),
                request.authority(),
                request.path_with_query(),
                request.fields.items,
                request.pipe if request.has_body else None,
                timeouts,
            )
            if not self._grants.allows_host(exchange.host, exchange.port):
                raise ComponentError("HTTP-request-denied")
            made = FutureIncomingResponse(guest, exchange.answered, lambda: _find(guest, exchange), exchange.stop)
        finally:
            request.close()
            if options is not None:
                options.close()
        try:
            exchange.start(guest)
        except BaseException:
            made.close()
            raise
        return made


def _find(guest: Guest, exchange: Exchange) -> tuple[str, Any]:
    """The response as a result, once it has begun."""
    if exchange.failure is not None:
        return "err", exchange.failure
    return "ok", IncomingResponse(guest, exchange.status, exchange.headers, exchange.response)


class Exchange:
    """A request and its response.

    Attributes:
        host, port: where it goes.
        answered: set when the response has begun, or cannot come.
        failure: an ``error-code`` if it cannot.
        status, headers, response: the response, whose body is a pipe.
    """

    def __init__(
        self,
        method: str,
        scheme: str,
        authority: str | None,
        path: str | None,
        fields: list[tuple[str, bytes]],
        body: Pipe | None,
        timeouts: tuple[int | None, ...],
    ) -> None:
        """``timeouts``, in nanoseconds: to connect, until the response begins, until it goes on.

        Raises:
            ComponentError: this is nothing that can be sent.
        """
        if scheme not in ("HTTP", "HTTPS") or not authority or "@" in authority:
            raise ComponentError("HTTP-request-URI-invalid")
        try:
            host, port = split_place(authority)
        except ValueError:
            raise ComponentError("HTTP-request-URI-invalid") from None
        self.host: str = host
        if port == 0 or authority.endswith("*"):
            raise ComponentError("HTTP-request-URI-invalid")
        self.is_secure: bool = scheme == "HTTPS"
        self.port: int = port or (443 if self.is_secure else 80)
        self._authority: str = authority
        self._method: str = method
        self._path: str = quote(path or "/", _AS_IT_IS)
        if not self._path.startswith("/") and self._path != "*":
            self._path = f"/{self._path}"
        self._fields: list[tuple[str, bytes]] = list(fields)
        self._body: Pipe | None = body
        try:
            self._length: int | None = content_length(fields)
        except ComponentError:
            payload = {"field-name": "content-length", "field-size": None}
            raise ComponentError(("HTTP-request-header-size", payload)) from None
        self._connect_timeout, self._first_timeout, self._between_timeout = map(_seconds, timeouts)
        self.answered: Signal = Signal()
        self.status: int = 0
        self.headers: list[tuple[str, bytes]] = []
        self.response: Pipe = Pipe()
        self.response.when_abandoned = self.stop
        self.failure: Any = None
        self._is_stopped = False
        self._socket: socket.socket | None = None
        # What a timeout means now.
        self._late: Any = "connection-timeout"

    def start(self, guest: Guest) -> None:
        """Begins, in a thread of its own. ``ComponentError``: the guest has too many requests."""
        running: set[Exchange] = guest.parts.setdefault("requests", set())
        if len(running) >= _MOST_REQUESTS:
            raise ComponentError("connection-limit-reached")

        def run() -> None:
            try:
                self.run()
            finally:
                running.discard(self)

        running.add(self)
        try:
            threading.Thread(target=run, name="wasmz http request", daemon=True).start()
        except BaseException:
            running.discard(self)
            raise

    def stop(self) -> None:
        """Nobody wants the response any more: ends the thread, as far as it is not looking up a name."""
        self._is_stopped = True
        if not self.response.is_abandoned:
            self.response.abandon()
        if self._body is not None:
            self._body.end(failure="connection-terminated")
        found = self._socket
        if found is not None:
            try:
                found.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It is not connected, or no longer.
                pass

    def run(self) -> None:
        """Sends, and receives, in a thread of its own."""
        connection = None
        try:
            connection = self._connect()
            self._send(connection)
            self._receive(connection)
        except Exception as error:
            self._fail(_code_of(error, self._late))
        finally:
            if connection is not None:
                connection.close()
            if self._body is not None:
                self._body.abandon()
            self.answered.set()

    def _fail(self, code: Any) -> None:
        if self.answered.is_set:
            self.response.end(failure=code)
        else:
            self.failure = code

    def _connect(self) -> http.client.HTTPConnection:
        end = time.monotonic() + self._connect_timeout
        made = self._open(end)
        self._socket = made
        try:
            self._check_wanted()
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.settimeout(max(end - time.monotonic(), 0.001))
            if self.is_secure:
                load("ssl")
                import ssl

                context = ssl.create_default_context()
                context.set_alpn_protocols(["http/1.1"])
                made = self._socket = context.wrap_socket(made, server_hostname=self.host)
                self._check_wanted()
            made.settimeout(self._first_timeout)
        except BaseException:
            made.close()
            raise
        connection = http.client.HTTPConnection(self.host, self.port)
        connection.response_class = _Response
        connection.sock = made
        return connection

    def _open(self, end: float) -> socket.socket:
        """A connection to one of the host's addresses."""
        failure: OSError = socket.gaierror("no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM):
            made = socket.socket(family, kind, protocol)
            try:
                made.setblocking(False)
                number = made.connect_ex(address)
                while number in IN_PROGRESS:
                    self._check_wanted()
                    if time.monotonic() >= end:
                        raise TimeoutError
                    wait = Wait()
                    wait.add_handle(True, made, for_reading=False)
                    wait.add_delay(False, _LONGEST_WAIT)
                    if True in wait.run():
                        number = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if number:
                    raise OSError(number, os.strerror(number))
                return made
            except OSError as error:
                made.close()
                failure = error
                if isinstance(error, TimeoutError):
                    break
            except BaseException:
                made.close()
                raise
        raise failure

    def _check_wanted(self) -> None:
        if self._is_stopped:
            raise _Incomplete("connection-terminated")

    def _send(self, connection: http.client.HTTPConnection) -> None:
        self._late = "connection-write-timeout"
        connection.putrequest(self._method, self._path, True, True)
        connection.putheader("Host", self._authority)
        for name, value in self._fields:
            if name.lower() not in _FRAMING:
                connection.putheader(name, value)
        body = self._body
        is_chunked = body is not None and self._length is None
        if is_chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        elif body is not None or self._method in ("POST", "PUT", "PATCH"):
            # It is the body that counts: without one, whatever a field says, nothing follows.
            connection.putheader("Content-Length", str(0 if body is None else self._length))
        connection.endheaders()
        if body is None:
            return
        while (piece := body.read_some()) is not None:
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
        if body.failure is not None:
            raise _Incomplete(body.failure)
        if is_chunked:
            items = [(name, value) for name, value in body.trailers or () if name.lower() not in _FRAMING]
            trailers = b"".join([b"%b: %b\r\n" % (name.encode(), value) for name, value in items])
            connection.send(b"0\r\n" + trailers + b"\r\n")

    def _receive(self, connection: http.client.HTTPConnection) -> None:
        self._late = "connection-read-timeout"
        response = connection.getresponse()
        self.status = response.status
        self.headers = _headers_of(response)
        self.answered.set()
        if connection.sock is not None:
            connection.sock.settimeout(self._between_timeout)
        while True:
            piece = response.read1(_PIECE)
            if not piece:
                break
            if not self.response.write_all(piece):
                return
        if response.length:
            # It was to be longer.
            raise http.client.IncompleteRead(b"", response.length)
        self.response.end(trailers=getattr(response, "trailers", None))


class _Response(http.client.HTTPResponse):
    """A response that keeps its trailers, which the library reads and forgets.

    Attributes:
        trailers: names and values.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.trailers: list[tuple[str, bytes]] = []

    def _read_and_discard_trailer(self) -> None:
        size = 0
        while True:
            line = self.fp.readline(_LONGEST_LINE + 1)
            size += len(line) + _FIELD_BYTES
            if size > _LONGEST_LINE:
                raise http.client.LineTooLong("trailer line")
            if line in (b"", b"\n", b"\r\n"):
                return
            name, colon, value = line.partition(b":")
            if colon:
                self.trailers.append((name.decode("latin-1").strip(), value.strip()))


class _Incomplete(Exception):
    """The guest did not finish the request's body.

    Attributes:
        code: the ``error-code``.
    """

    def __init__(self, code: Any) -> None:
        super().__init__(code)
        self.code: Any = code


def _headers_of(response: http.client.HTTPResponse) -> list[tuple[str, bytes]]:
    """A response's fields, without those of the connection. ``HTTPException`` if they are none."""
    items = [(name, _FOLDED.sub(" ", value).encode("latin-1")) for name, value in response.getheaders()]
    if not all(is_field(name, value) for name, value in items):
        raise http.client.HTTPException("a response with fields that are none")
    return [(name, value) for name, value in items if name.lower() not in FORBIDDEN]


def _seconds(nanoseconds: int | None) -> float:
    return _TIMEOUT_SECONDS if nanoseconds is None else max(nanoseconds / _SECOND, 0.001)


def _code_of(error: Exception, late: Any) -> Any:
    """The ``error-code`` for what went wrong in the host; ``late`` is that for a timeout."""
    if isinstance(error, _Incomplete):
        return error.code
    if isinstance(error, socket.gaierror):
        return "DNS-error", {"rcode": str(error.strerror or error), "info-code": None}
    if isinstance(error, TimeoutError):
        return late
    if isinstance(error, ConnectionRefusedError):
        return "connection-refused"
    if isinstance(error, (http.client.IncompleteRead, http.client.RemoteDisconnected)):
        return "HTTP-response-incomplete"
    if isinstance(error, ConnectionError):
        return "connection-terminated"
    if isinstance(error, http.client.HTTPException):
        return "HTTP-protocol-error"
    if isinstance(error, OSError):
        load("ssl")
        import ssl

        if isinstance(error, ssl.SSLCertVerificationError):
            return "TLS-certificate-error"
        if isinstance(error, ssl.SSLError):
            return "TLS-protocol-error"
        return "destination-unavailable"
    return "internal-error", str(error)
