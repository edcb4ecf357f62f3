"""``wasi:http/outgoing-handler``: requests to the hosts that a guest was given, by ``http.client`` in a thread each.

Client(guest).handle(request, options)      -> a FutureIncomingResponse; HTTP-request-denied for other hosts

No proxy is asked, no redirection followed, no cookie kept: what is sent is what the guest says.
"""

from __future__ import annotations

import http.client
import socket
import threading

from wasmz.errors import ComponentError
from wasmz.runtime.wasi.grants import NetworkGrants, split_place
from wasmz.startup.concurrency import load
from wasmz.wasi2.http_types import FutureIncomingResponse, IncomingResponse, OutgoingRequest, RequestOptions, text_of
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
_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "host"})


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
            made = FutureIncomingResponse(guest, exchange.answered, lambda: _find(guest, exchange))
        finally:
            request.close()
            if options is not None:
                options.close()
        exchange.start()
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
            self.host, port = split_place(authority)
        except ValueError:
            raise ComponentError("HTTP-request-URI-invalid") from None
        self.is_secure: bool = scheme == "HTTPS"
        self.port: int = port or (443 if self.is_secure else 80)
        self._authority: str = authority
        self._method: str = method
        self._path: str = path or "/"
        if not self._path.startswith("/") and self._path != "*":
            self._path = f"/{self._path}"
        self._fields: list[tuple[str, bytes]] = list(fields)
        self._body: Pipe | None = body
        self._connect_timeout, self._first_timeout, self._between_timeout = map(_seconds, timeouts)
        self.answered: Signal = Signal()
        self.status: int = 0
        self.headers: list[tuple[str, bytes]] = []
        self.response: Pipe = Pipe()
        self.failure: Any = None
        self._connection: http.client.HTTPConnection | None = None
        # What a timeout means now.
        self._late: Any = "connection-timeout"

    def start(self) -> None:
        """Begins, in a thread of its own."""
        threading.Thread(target=self.run, name="wasmz http request", daemon=True).start()

    def stop(self) -> None:
        """Nobody wants the response any more."""
        self.response.abandon()
        if self._body is not None:
            self._body.end(failure="connection-terminated")
        connection = self._connection
        used = None if connection is None else connection.sock
        if used is not None:
            try:
                used.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It is not connected any more.
                pass

    def run(self) -> None:
        """Sends, and receives, in a thread of its own."""
        connection = None
        try:
            connection = self._connection = self._connect()
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
        if self.is_secure:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self.host, self.port, timeout=self._connect_timeout
            )
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=self._connect_timeout)
        connection.response_class = _Response
        connection.connect()
        connection.sock.settimeout(self._first_timeout)
        return connection

    def _send(self, connection: http.client.HTTPConnection) -> None:
        self._late = "connection-write-timeout"
        connection.putrequest(self._method, self._path.encode().decode("latin-1"), True, True)
        connection.putheader("Host", self._authority)
        length = None
        for name, value in self._fields:
            if name.lower() == "content-length":
                length = value
            elif name.lower() not in _FRAMING:
                connection.putheader(name, value)
        body = self._body
        is_chunked = body is not None and length is None
        if is_chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        elif body is not None or self._method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", length or b"0")
        connection.endheaders()
        if body is None:
            return
        while (piece := body.read_some()) is not None:
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
        if body.failure is not None:
            raise _Incomplete(body.failure)
        if is_chunked:
            trailers = b"".join([b"%b: %b\r\n" % (name.encode(), value) for name, value in body.trailers or ()])
            connection.send(b"0\r\n" + trailers + b"\r\n")

    def _receive(self, connection: http.client.HTTPConnection) -> None:
        self._late = "connection-read-timeout"
        response = connection.getresponse()
        self.status = response.status
        self.headers = [(name, value.encode("latin-1")) for name, value in response.getheaders()]
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
