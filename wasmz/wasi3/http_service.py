"""``wasi:http/handler`` 0.3: how a component's answer to a request goes into a pipe.

await respond(guest, handle, line, fields, body, answer)        calls ``answer`` with status, fields and body
"""

from __future__ import annotations

from wasmz.errors import ComponentError
from wasmz.wasi2.signals import Pipe
from wasmz.wasi3.http_types import Request, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from wasmz.wasi2.guest import Guest


async def respond(
    guest: Guest,
    handle: Callable[[Request], Awaitable[Any]],
    line: tuple[str, str, str, str | None],
    fields: list[tuple[str, bytes]],
    body: Pipe,
    answer: Callable[[tuple[int, list[tuple[str, bytes]], Pipe] | None, Any], object],
) -> None:
    """Lets a component answer a request, until its response is complete.

    Args:
        guest: the component's.
        handle: its function.
        line, fields, body: the request; the line has method, path, scheme and authority.
        answer: gets status, fields and body as soon as these are known; or ``None`` and an ``error-code``.
    """
    try:
        response = await handle(Request.arrived(guest, line, fields, body))
    except ComponentError as error:
        answer(None, error.payload)
        return
    if not isinstance(response, Response):
        raise SystemError("the component's response is none")
    pipe = Pipe()
    answer((response.status, response.items, pipe), None)
    try:
        await response.send_to(pipe)
    finally:
        response.close()
