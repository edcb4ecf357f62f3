"""Servers for programs that send HTTP requests: what a program's specification says they answer.

with Endpoints([{"method": "GET", "path": "/", "response": {"status": 200, "body": "x"}}]) as server:
    server.authority            -> "127.0.0.1:40123"

An endpoint answers with its ``response`` (``chunks`` make it chunked, perhaps with ``trailers``); or, by its ``mode``,
with the request's body (``echo-body``), or its line, fields and trailers as fields (``echo-headers``).
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.wasi2.servers import LoopbackServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Endpoints

    def _answer(self) -> None:
        try:
            body, trailers = self._body()
        except EOFError:
            self.close_connection = True
            return
        endpoint = self.server.routes.get((self.command, self.path))
        mode = "missing" if endpoint is None else endpoint.get("mode", "static")
        if endpoint is None:
            self._send(404, [], b"")
        elif mode == "echo-body":
            self._send(200, [], body)
        elif mode == "echo-headers":
            fields = [("x-request-method", self.command), ("x-request-path", self.path)]
            fields += [(f"x-echo-{name.lower()}", value) for name, value in self.headers.items()]
            self._send(200, fields + [(f"x-trailer-{name}", value) for name, value in trailers], b"")
        else:
            response = endpoint["response"]
            fields = list(response.get("headers", {}).items())
            if "chunks" in response:
                self._send_chunks(response, fields)
            else:
                self._send(response["status"], fields, response.get("body", "").encode())

    def _body(self) -> tuple[bytes, list[tuple[str, str]]]:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0))), []
        body = b""
        while size := int(self._line().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self._line()
        trailers = []
        while line := self._line().strip().decode():
            name, _, value = line.partition(":")
            trailers.append((name.strip().lower(), value.strip()))
        return body, trailers

    def _line(self) -> bytes:
        """A line of the request; ``EOFError`` if the client has gone in the middle."""
        line = self.rfile.readline()
        if not line:
            raise EOFError
        return line

    def _send(self, status: int, fields: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in [*fields, ("content-length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_chunks(self, response: dict[str, Any], fields: list[tuple[str, str]]) -> None:
        self.send_response(response["status"])
        trailers = response.get("trailers", {})
        fields += [("trailer", ", ".join(trailers))] if trailers else []
        for name, value in [*fields, ("transfer-encoding", "chunked")]:
            self.send_header(name, value)
        self.end_headers()
        for chunk in response["chunks"]:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk.encode()), chunk.encode()))
        self.wfile.write(b"0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in trailers.items()).encode())
        self.wfile.write(b"\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


for _method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler._answer)


class Endpoints(LoopbackServer):
    """A server of these endpoints."""

    def __init__(self, endpoints: list[dict[str, Any]]) -> None:
        super().__init__(_Handler)
        self.routes = {(one["method"], one["path"]): one for one in endpoints}
