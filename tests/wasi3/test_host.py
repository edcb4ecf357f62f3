"""The interfaces of WASI 0.3 without a component: what each has, and what belongs to no stream."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from typing import Any

import pytest

import wasmz
from tests.wasi2.calls import MILLISECOND, check_items, payload
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.wasi2.filesystem import Files as OlderFiles
from wasmz.wasi2.guest import Guest
from wasmz.wasi3.clocks import Clocks
from wasmz.wasi3.filesystem import Files
from wasmz.wasi3.random import Random
from wasmz.wasi3.sockets import Names
from wasmz.wasi3.tcp import Tcp
from wasmz.wasi3.transfers import in_thread
from wasmz.wasi3.udp import Udp
from wasmz.wasi3.worlds import INTERFACES

HERE = ("ipv4", {"port": 0, "address": (127, 0, 0, 1)})

needs_sockets = pytest.mark.skipif(sys.platform == "emscripten", reason="no sockets here")


def test_every_item_of_every_interface_is_there() -> None:
    check_items("wasmz.wasi3", INTERFACES)


def test_a_linker_gets_both_versions() -> None:
    linker = wasmz.component.Linker()
    linker.define_wasi()
    for name in INTERFACES:
        for version in ("0.3.0", "0.3.99"):
            assert linker.get(f"{name}@{version}") is not None, name
        assert linker.get(f"{name}@0.3.0-rc-2026-01-06") is None
    assert linker.get("wasi:cli/stdout@0.2.0") is not linker.get("wasi:cli/stdout@0.3.0")


@pytest.mark.skipif(sys.platform == "emscripten", reason="no event loop can be waited for here")
def test_clocks() -> None:
    clocks = Clocks(Guest(WasiConfig(realtime=-5, monotonic=1_000)))
    assert clocks.system_now() == {"seconds": -1, "nanoseconds": 999_999_995}
    assert clocks.wait_until(0) is None
    assert clocks.wait_for(0) is None
    waiting = clocks.wait_for(10**18)
    assert waiting is not None
    # A fixed clock passes at once.
    asyncio.run(waiting)
    assert clocks.now() >= 10**18
    real = Clocks(Guest(WasiConfig()))
    before, waiting = time.monotonic_ns(), real.wait_for(MILLISECOND)
    assert waiting is not None
    asyncio.run(waiting)
    assert time.monotonic_ns() - before >= MILLISECOND


def test_the_seed_stays_the_same() -> None:
    made = Random(Guest(WasiConfig()))
    assert made.seed() == made.seed()
    assert made.number() != made.number()


def test_descriptors() -> None:
    files = wasmz.MemoryFileSystem({"a": b"abc"})
    ((directory, name),) = Files(Guest(WasiConfig().preopen_dir(files, "/"))).get_directories()
    assert name == "/"
    assert directory.get_flags() == ["read", "mutate-directory"]
    assert directory.get_type() == "directory"
    assert directory.open_at((), ".", (), ()).get_flags() == ["read"]
    made = directory.open_at((), "b", ("create",), ("read",))
    assert made.get_flags() == ["read", "write"]
    assert directory.open_at((), "a", (), ("write",)).get_flags() == ["write"]
    assert payload(directory.advise, 0, 0, "normal") == "bad-descriptor"
    instant = {"seconds": -1, "nanoseconds": 0}
    assert payload(made.set_times, ("timestamp", instant), "no-change") == "invalid"
    made.set_times(("timestamp", {"seconds": 1, "nanoseconds": 2}), "no-change")
    assert made.stat()["data-access-timestamp"] == {"seconds": 1, "nanoseconds": 2}


@needs_sockets
def test_networks_are_closed_by_default() -> None:
    guest = Guest(WasiConfig())
    tcp = Tcp(guest).create("ipv4")
    assert payload(tcp.bind, HERE) == "access-denied"
    assert payload(tcp.listen) == "access-denied"
    connecting = tcp.connect(("ipv4", {"port": 80, "address": (127, 0, 0, 1)}))
    assert payload(asyncio.run, connecting) == "access-denied"
    del connecting
    tcp.close()
    udp = Udp(guest).create("ipv4")
    assert payload(udp.bind, HERE) == "access-denied"
    assert payload(udp.connect, ("ipv4", {"port": 53, "address": (127, 0, 0, 1)})) == "access-denied"
    assert payload(udp.send, b"x", ("ipv4", {"port": 53, "address": (127, 0, 0, 1)})) == "access-denied"
    udp.close()
    assert payload(asyncio.run, Names(guest).resolve_addresses("localhost")) == "access-denied"
    assert asyncio.run(Names(guest).resolve_addresses("::1")) == [("ipv6", (0, 0, 0, 0, 0, 0, 0, 1))]


@needs_sockets
def test_only_who_is_granted_reaches_a_socket_that_the_system_bound() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as friend,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        for one in (friend, other):
            one.bind(("127.0.0.1", 0))
        port = friend.getsockname()[1]
        udp = Udp(Guest(WasiConfig().allow_network(f"127.0.0.1:{port}"))).create("ipv4")
        assert udp.send(b"hello", ("ipv4", {"port": port, "address": (127, 0, 0, 1)})) is None
        _, address = friend.recvfrom(10)
        other.sendto(b"bad", address)
        friend.sendto(b"good", address)

        async def receive() -> Any:
            found = udp.receive()
            return await found if asyncio.iscoroutine(found) else found

        assert asyncio.run(receive()) == (b"good", ("ipv4", {"port": port, "address": (127, 0, 0, 1)}))
        udp.close()


@needs_sockets
def test_enums_of_components_are_labels() -> None:
    class Family(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "Family.IPV6"

    guest = Guest(WasiConfig().allow_network("127.0.0.1"))
    made = Tcp(guest).create(Family("ipv6"))
    assert made.get_address_family() == "ipv6"
    made.close()


@needs_sockets
def test_threads_of_a_guest_are_few() -> None:
    guest = Guest(WasiConfig())
    go_on, lock = threading.Event(), threading.Lock()
    running: list[int] = [0, 0]

    def work() -> int:
        with lock:
            running[0] += 1
            running[1] = max(running)
        go_on.wait()
        with lock:
            running[0] -= 1
        return 1

    async def main() -> list[Any]:
        tasks = [asyncio.ensure_future(in_thread(guest, work, "wasmz test")) for _ in range(60)]
        while running[0] < 16:
            await asyncio.sleep(0.001)
        # Those that nobody waits for still count: those that run, and those that do not yet.
        for task in (*tasks[:10], *tasks[50:]):
            task.cancel()
        await asyncio.sleep(0.02)
        go_on.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = asyncio.run(main())
    assert [1 if one == 1 else 0 for one in found] == [0] * 10 + [1] * 40 + [0] * 10
    assert running == [0, 16]


def test_what_streams_keep_open_has_its_place_in_the_table() -> None:
    files = wasmz.MemoryFileSystem({"a": b"abc"})

    def open_all(directories: Any) -> list[Any]:
        ((directory, _),) = directories
        streams = []
        for _ in range(10):
            file = directory.open_at((), "a", (), ("read",))
            streams.append(file.read_via_stream(0))
            file.close()
        return streams

    guest = Guest(WasiConfig(max_descriptors=8).preopen_dir(files, "/"))
    for made in (Files(guest), OlderFiles(guest)):
        assert payload(open_all, made.get_directories()) == "insufficient-memory"
        assert len(guest.process.table) == 4
    # They are free with the streams.
    ((directory, _),) = Files(guest).get_directories()
    file = directory.open_at((), "a", (), ("read",))
    stream, _ = file.read_via_stream(0)
    file.close()
    assert len(guest.process.table) == 5
    assert (stream.fetch(2), stream.fetch(2), stream.fetch(2)) == (b"ab", b"c", None)
    assert len(guest.process.table) == 4


@needs_sockets
def test_what_streams_keep_of_sockets_too() -> None:
    guest = Guest(WasiConfig())
    made = Tcp(guest).create("ipv4")
    held = made.entry
    made.close()
    assert len(guest.process.table) == 4
    assert held.socket.fileno() >= 0
    system = held.socket
    del held, made
    assert len(guest.process.table) == 3
    assert system.fileno() < 0
