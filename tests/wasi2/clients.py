"""Requests to ASGI applications without a server.

answer(asgi(component), "/echo", b"hello ", b"you").body        -> b"hello you"
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

# Long enough that only a fault reaches it.
LONG = 60.0


class Client:
    """One request to an application, as a server makes it.

    Attributes:
        sent: what the application sent.
        gone: set by a test when the client disconnects.
    """

    def __init__(self, path: str, parts: tuple[bytes, ...] = (b"",), method: str = "POST", **more: Any) -> None:
        headers = [(b"host", b"a.example"), (b"connection", b"close"), (b"x-own", b"1")]
        self.scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers, **more}
        self.sent: list[dict[str, Any]] = []
        self.gone = asyncio.Event()
        self.parts = list(parts)
        self.wait_for: Callable[[], bool] = lambda: True

    async def receive(self) -> dict[str, Any]:
        while self.parts and not self.wait_for():
            await asyncio.sleep(0.001)
        if self.parts:
            return {"type": "http.request", "body": self.parts.pop(0), "more_body": bool(self.parts)}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def is_complete(self) -> bool:
        return self.sent[-1]["type"] == "http.response.body" and not self.sent[-1]["more_body"]

    async def run(self, app: Any) -> Client:
        await asyncio.wait_for(app(self.scope, self.receive, self.send), LONG)
        return self


def answer(app: Any, path: str, *parts: bytes, **more: Any) -> Client:
    """What the application answers to a request of these parts."""

    async def main() -> Client:
        return await Client(path, parts or (b"",), **more).run(app)

    return asyncio.run(main())
