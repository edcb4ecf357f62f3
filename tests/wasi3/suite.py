"""Runs the programs of WASI's own test suite that are for WASI 0.3, as their JSON files say.

run_program(Path("cli-env.wasm"), root=None)            raises AssertionError if something is not as expected

The files describe operations (the suite's doc/specification.md): programs run in a thread of this process with pipes
for their streams, services behind uvicorn on loopback.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import wasmz
from tests.wasi2.clients import LONG
from tests.wasi2.servers import nobody_there
from tests.wasi3.endpoints import Endpoints
from wasmz.component import Linker, asgi
from wasmz.component.commands import run_command

# The least that the suite has, so that another folder is not taken for it.
FEWEST_PROGRAMS = 55

_KNOWN = {"operations", "proposals", "world", "servers", "root", "args", "env", "exit_code", "stdout", "stderr"}


def find_programs(folder: Path | None) -> dict[str, Path]:
    """The suite's programs by name. The folder may be the suite's, or that of the programs."""
    if folder is None:
        return {}
    found = sorted(folder.rglob("testsuite/wasm32-wasip3/*.wasm"))
    if not found and folder.resolve().name == "wasm32-wasip3":
        found = sorted(folder.glob("*.wasm"))
    return {path.stem: path for path in found}


def area_of(name: str) -> str:
    """Which part of WASI a program is about."""
    start = name.partition("-")[0]
    if start in ("monotonic", "multi", "wall"):
        return "clocks"
    return "cli" if start == "run" else start


def specification(program: Path) -> dict[str, Any]:
    """What a program gets, and what is to happen; the older form is translated."""
    path = program.with_suffix(".json")
    given: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    assert not given.keys() - _KNOWN, f"{path} says more than this runner understands"
    if "operations" not in given:
        reads = [{"type": "read", "id": name, "payload": given[name]} for name in ("stdout", "stderr") if name in given]
        run = {"type": "run", **{key: given[key] for key in ("root", "args", "env") if key in given}}
        given["operations"] = [run, *reads, {"type": "wait", "exit_code": given.get("exit_code", 0)}]
    return given


def run_program(program: Path, make_root: Callable[[Path], Any]) -> None:
    """Runs one. ``make_root`` makes what is preopened of a folder. ``AssertionError`` says what went wrong."""
    given = specification(program)
    first, *operations = given["operations"]
    assert first["type"] == "run"
    with contextlib.ExitStack() as stack:
        env = dict(first.get("env", {}))
        for server in given.get("servers", []):
            is_there = server.get("kind") != "closed"
            address = (
                stack.enter_context(Endpoints(server.get("endpoints", []))).authority if is_there else nobody_there()
            )
            env[f"HTTP_SERVER_{server['name'].upper()}"] = address
        config = wasmz.WasiConfig(args=[program.name, *first.get("args", [])], env=env)
        config.allow_network("*").allow_http("*")
        if first.get("root") is not None:
            config.preopen_dir(make_root(program.parent / first["root"]), "/")
        kind = _Service if given.get("world") == "wasi:http/service" else _Program
        run = stack.enter_context(kind(program, config))
        for operation in operations:
            values = {key: value for key, value in operation.items() if key != "type"}
            getattr(run, f"do_{operation['type']}")(**values)


class _Program:
    """A command."""

    def __init__(self, program: Path, config: wasmz.WasiConfig) -> None:
        ends = {name: os.pipe() for name in ("stdin", "stdout", "stderr")}
        self._theirs = [ends["stdin"][0], ends["stdout"][1], ends["stderr"][1]]
        config.stdin, config.stdout, config.stderr = self._theirs
        self._streams = {"stdin": ends["stdin"][1], "stdout": ends["stdout"][0], "stderr": ends["stderr"][0]}
        self._sockets: dict[str, socket.socket] = {}
        self._outcome: Any = None
        self._program, self._config = program, config
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            component = wasmz.Component.compile(self._program)
            linker = Linker(component.engine)
            linker.define_wasi(self._config)
            with wasmz.Store(component.engine) as store:
                store.set_deadline(LONG)
                self._outcome = run_command(linker.instantiate(store, component))
        except wasmz.WasiExit as error:
            self._outcome = error.exit_code
        except BaseException as error:
            self._outcome = error
        finally:
            for number in self._theirs:
                os.close(number)

    def __enter__(self) -> _Program:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._streams.pop("stdin"))
        self._thread.join(LONG)
        for made in self._sockets.values():
            made.close()
        for number in self._streams.values():
            os.close(number)

    def do_write(self, id: str = "stdin", payload: str = "") -> None:
        os.write(self._streams[id], payload.encode())

    def do_read(self, id: str = "stdout", payload: str = "") -> None:
        found = b""
        while len(found) < len(payload.encode()):
            piece = os.read(self._streams[id], len(payload.encode()) - len(found))
            if not piece:
                break
            found += piece
        assert found.decode() == payload, self._why()

    def do_connect(self, id: str = "server", protocol_type: str = "tcp") -> None:
        assert protocol_type == "tcp"
        line = b""
        while not line.endswith(b"\n"):
            piece = os.read(self._streams["stdout"], 1)
            assert piece, self._why()
            line += piece
        host, _, port = line.decode().strip().rpartition(":")
        self._sockets[id] = socket.create_connection((host, int(port)), timeout=LONG)

    def do_send(self, id: str, payload: str = "") -> None:
        self._sockets[id].sendall(payload.encode())

    def do_recv(self, id: str, payload: str = "") -> None:
        assert self._sockets[id].recv(1 << 16).decode() == payload

    def do_wait(self, exit_code: int = 0) -> None:
        self._thread.join(LONG)
        assert not self._thread.is_alive(), "the program does not end"
        assert self._outcome == exit_code, self._why()

    def _why(self) -> str:
        self._thread.join(LONG)
        return f"{self._outcome}\n{os.read(self._streams['stderr'], 1 << 20).decode(errors='replace')}"


class _Service:
    """A component that answers requests."""

    def __init__(self, program: Path, config: wasmz.WasiConfig) -> None:
        import uvicorn

        self._errors = bytearray()
        config.stderr = self._errors
        self._app = asgi(wasmz.Component.compile(program), config, timeout=LONG)
        self._listener = socket.create_server(("127.0.0.1", 0))
        settings = uvicorn.Config(self._app, log_level="error", ws="none", lifespan="on", interface="asgi3")
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)

    def __enter__(self) -> _Service:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = True
        self._thread.join(LONG)
        self._listener.close()
        self._app.close()

    def do_request(
        self,
        method: str,
        path: str,
        response: dict[str, Any],
        headers: dict[str, str] | None = None,
        body: str | None = None,
    ) -> None:
        host, port = self._listener.getsockname()
        connection = http.client.HTTPConnection(host, port, timeout=LONG)
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else body.encode(), headers or {})
            found = connection.getresponse()
            content = found.read().decode()
        assert found.status == response["status"], self._errors.decode(errors="replace")
        assert content == response.get("body", "")
        for name, value in response.get("headers", {}).items():
            assert found.headers.get(name) == value

    def do_kill(self, signal: str) -> None:
        self._server.should_exit = True

    def do_wait(self, exit_code: int = 0) -> None:
        self._thread.join(LONG)
        assert not self._thread.is_alive(), "the server does not end"


def results(folder: Path, make_root: Callable[[Path], Any]) -> Iterator[tuple[str, str, str | None]]:
    """Area, name, and what went wrong, of each program."""
    for name, program in find_programs(folder).items():
        try:
            run_program(program, make_root)
            yield area_of(name), name, None
        except Exception as error:
            yield area_of(name), name, str(error) or type(error).__name__
