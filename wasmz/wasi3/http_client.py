"""``wasi:http/client`` 0.3: requests to the hosts that a guest was given, by the client that 0.2 has.

response = await Client(guest).send(request)        ``HTTP-request-denied`` for other hosts
"""

from __future__ import annotations

import asyncio

from wasmz.errors import ComponentError
from wasmz.runtime.wasi.grants import NetworkGrants
from wasmz.wasi2.http_client import Exchange
from wasmz.wasi2.http_lines import text_of
from wasmz.wasi2.signals import Pipe, until
from wasmz.wasi3.http_types import Request, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.wasi2.guest import Guest


class Client:
    """The function of ``client``."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._grants = NetworkGrants(guest.config.http_hosts)

    async def send(self, request: Request) -> Response:
        """Sends a request; its response, whose body may still be on its way."""
        try:
            return await self._send(request)
        except ComponentError as error:
            request.sent.settle(("err", error.payload))
            raise
        finally:
            request.close()

    async def _send(self, request: Request) -> Response:
        body = Pipe() if request.contents is not None or request.pipe is not None else None
        options = request.options
        timeouts = {} if options is None else options.timeouts
        exchange = Exchange(
            text_of(request.get_method()),
            text_of(request.get_scheme() or "HTTPS"),
            request.get_authority(),
            request.get_path_with_query(),
            request.items,
            body,
            tuple([timeouts.get(name) for name in ("connect", "first", "between")]),
        )
        if not self._grants.allows_host(exchange.host, exchange.port):
            raise ComponentError("HTTP-request-denied")
        exchange.start(self._guest)
        feeding = None if body is None else asyncio.ensure_future(request.send_to(body))
        try:
            await until(exchange.answered)
        except BaseException:
            exchange.stop()
            raise
        finally:
            if feeding is not None:
                feeding.cancel()
                await asyncio.wait([feeding])
        if exchange.failure is not None:
            raise ComponentError(exchange.failure)
        request.sent.settle(("ok", None))
        response = Response(self._guest, exchange.headers, pipe=exchange.response)
        response.status = exchange.status
        return response
