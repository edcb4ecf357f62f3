"""``wasmz serve``: a component that answers HTTP requests, behind uvicorn."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import click

from wasmz.cli.common import FILE, Command, engine_options, with_options
from wasmz.cli.console import WrongUsage, echo
from wasmz.cli.files import source_of
from wasmz.cli.guest import GuestOptions, listen
from wasmz.cli.options import RUN_OPTIONS, Option, make_engine
from wasmz.module import read_bytes
from wasmz.wasm.preamble import is_component

# Those of `wasmz run` that give a guest something.
_GRANTS = ("environment", "inherit_env", "directories", "networks", "http_hosts")

# After Ctrl-C, requests may go on for so long; then they are stopped.
_SECONDS_TO_END = 2

_OPTIONS = (
    Option("address", ("--addr",), "text", "Where to listen; by default 127.0.0.1:8080.", metavar="HOST:PORT"),
    Option(
        "timeout", ("--timeout",), "seconds", "Stop a request after so much time; by default 60.", metavar="SECONDS"
    ),
    Option("requests", ("--max-requests",), "integer", "How many run at once; by default 16.", metavar="N", least=1),
    *(option for option in RUN_OPTIONS if option.field in _GRANTS),
)


@click.command("serve", cls=Command, short_help="Answer HTTP requests with the component FILE.")
@click.argument("file", type=FILE)
@with_options(_OPTIONS)
@engine_options
def serve_command(**given: Any) -> None:
    """Answer HTTP requests with FILE, a component that exports wasi:http/incoming-handler, or wasi:http/handler.

    Each request gets an instance of its own, with what the options give.
    """
    try:
        import uvicorn
    except ImportError:
        raise ImportError("wasmz serve needs uvicorn: pip install 'wasmz[serve]'") from None
    # Imported only here: they are for components.
    from wasmz.component.component import Component
    from wasmz.component.serving import EXPORTS, asgi, is_service

    file = given["file"]
    data = read_bytes(source_of(file))
    if not is_component(data):
        raise WrongUsage(f"{file} is no component")
    component = Component.compile(make_engine(given), data)
    if not is_service(component):
        raise WrongUsage(f"{file} answers no HTTP requests: it does not export {EXPORTS}")
    guest = GuestOptions(
        environment=given["environment"],
        inherit_env=given["inherit_env"],
        directories=given["directories"],
        networks=given["networks"],
        http_hosts=given["http_hosts"],
    )
    config = guest.make_config([file])
    # Servers read what the terminal sends; guests get nothing of it.
    config.stdin = None
    app = asgi(component, config, timeout=given["timeout"] or 60.0, max_requests=given["requests"] or 16)
    with _named_tcp(listen(given["address"] or "127.0.0.1:8080", "--addr")) as listener:
        host, port = listener.getsockname()[:2]
        echo(f"serving http://{f'[{host}]' if ':' in host else host}:{port}/", err=True)
        options: dict[str, Any] = {"log_level": "warning", "ws": "none", "lifespan": "on", "interface": "asgi3"}

        class Server(uvicorn.Server):
            async def shutdown(self, sockets: Any = None) -> None:
                asyncio.get_running_loop().call_later(_SECONDS_TO_END, app.close)
                await super().shutdown(sockets)

        server = Server(uvicorn.Config(app, timeout_graceful_shutdown=2 * _SECONDS_TO_END, **options))
        try:
            server.run(sockets=[listener])
        finally:
            # Also where the server was stopped in haste: threads of guests would keep the process.
            app.close()


def _named_tcp(listener: socket.socket) -> socket.socket:
    """The same socket with its protocol's number: asyncio sends at once, without Nagle's algorithm, only on such."""
    return socket.socket(listener.family, listener.type, socket.IPPROTO_TCP, fileno=listener.detach())
