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
        try:
            exchange = _Exchange(request, options)
            if not self._grants.allows_host(exchange.host, exchange.port):
                raise ComponentError("HTTP-request-denied")
            made = FutureIncomingResponse(guest, exchange.answered, lambda: exchange.find(guest))
        finally:
            request.close()
            if options is not None:
                options.close()
        threading.Thread(target=exchange.run, name="wasmz http request", daemon=True).start()
        return made


class _Exchange:
    """A request and its response.

    Attributes:
        host, port: where it goes.
        answered: set when the response has begun, or cannot come.
    """

    def __init__(self, request: OutgoingRequest, options: RequestOptions | None) -> None:
        scheme = text_of(request.scheme() or "HTTPS")
        authority = request.authority()
        if scheme not in ("HTTP", "HTTPS") or not authority or "@" in authority:
            raise ComponentError("HTTP-request-URI-invalid")
        try:
            self.host, port = split_place(authority)
        except ValueError:
            raise ComponentError("HTTP-request-URI-invalid") from None
        self.is_secure: bool = scheme == "HTTPS"
        self.port: int = port or (443 if self.is_secure else 80)
        self._authority: str = authority
        self._method: str = text_of(request.method())
        self._path: str = request.path_with_query() or "/"
        if not self._path.startswith("/") and self._path != "*":
            self._path = f"/{self._path}"
        self._fields: list[tuple[str, bytes]] = list(request.fields.items)
        self._body: Pipe | None = request.pipe if request.has_body else None
        self._connect_timeout: float = _TIMEOUT_SECONDS
        self._first_timeout: float = _TIMEOUT_SECONDS
        self._between_timeout: float = _TIMEOUT_SECONDS
        if options is not None:
            self._connect_timeout = _seconds(options.connect_timeout())
            self._first_timeout = _seconds(options.first_byte_timeout())
            self._between_timeout = _seconds(options.between_bytes_timeout())
        self.answered: Signal = Signal()
        self._status: int = 0
        self._headers: list[tuple[str, bytes]] = []
        self._response: Pipe = Pipe()
        self._failure: Any = None
        # What a timeout means now.
        self._late: Any = "connection-timeout"

    def find(self, guest: Guest) -> tuple[str, Any]:
        """The response as a result, once it has begun."""
        if self._failure is not None:
            return "err", self._failure
        return "ok", IncomingResponse(guest, self._status, self._headers, self._response)

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
            self._response.end(failure=code)
        else:
            self._failure = code

    def _connect(self) -> http.client.HTTPConnection:
        if self.is_secure:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self.host, self.port, timeout=self._connect_timeout
            )
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=self._connect_timeout)
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
        self._status = response.status
        self._headers = [(name, value.encode("latin-1")) for name, value in response.getheaders()]
        self.answered.set()
        if connection.sock is not None:
            connection.sock.settimeout(self._between_timeout)
        while True:
            piece = response.read1(_PIECE)
            if not piece:
                break
            if not self._response.write_all(piece):
                return
        if response.length:
            # It was to be longer.
            raise http.client.IncompleteRead(b"", response.length)
        self._response.end()


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
