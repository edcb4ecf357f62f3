"""A guest's process: its arguments, environment, descriptors, clocks and random numbers, and its exit.

process = Process(WasiConfig(args=["prog"]))
process.table[1]                                    -> its standard output
args_sizes_get(process, caller, count, size)        -> Errno.SUCCESS
"""

from __future__ import annotations

import _struct as struct  # what there is in struct, without that file
import os
import time

from wasmz.errors import WasiExit
from wasmz.runtime.wasi.descriptors import Descriptor, DescriptorTable, Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.standard_streams import open_input, open_output
from wasmz.startup.concurrency import load
from wasmz.startup.light import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasmz.runtime.calls.host import Caller
    from wasmz.runtime.link.store import Store
    from wasmz.runtime.memory.linear import Memory
    from wasmz.runtime.wasi.listings import Listings
    from wasmz.runtime.wasi.wasi_config import WasiConfig

_REALTIME: Final = 0
_MONOTONIC: Final = 1
# Clock id -> the name for time.get_clock_info, and the function that reads the clock.
_CLOCKS: Final[dict[int, tuple[str, Callable[[], int]]]] = {
    _REALTIME: ("time", time.time_ns),
    _MONOTONIC: ("monotonic", time.monotonic_ns),
    2: ("process_time", time.process_time_ns),
}
if hasattr(time, "thread_time_ns"):  # missing on some platforms, according to its documentation
    _CLOCKS[3] = ("thread_time", time.thread_time_ns)

# How much a fixed clock advances each time it is read, in nanoseconds: so a guest that polls it reaches the time that
# it waits for.
_STEP: Final = 1_000


# Lower descriptors are streams.
FIRST_PREOPEN: Final = 3


class FixedClock:
    """A clock with the same times in every run: it advances when it is read, and when the guest sleeps."""

    def __init__(self, start: int) -> None:
        self._next = start

    def __call__(self) -> int:
        now = self._next
        self._next = now + _STEP
        return now

    def advance(self, duration: int) -> None:
        """Advances the clock while the guest sleeps."""
        self._next += duration


class Process:
    """The state of one guest process.

    Attributes:
        table: its descriptors.
        clocks: functions that read the clocks, in nanoseconds, by clock id.
    """

    def __init__(self, config: WasiConfig) -> None:
        self.args: list[bytes] = config.encoded_args()
        self.env: list[bytes] = config.encoded_env()
        entries: dict[int, Descriptor] = {
            0: open_input(config.stdin),
            1: open_output(config.stdout, "stdout"),
            2: open_output(config.stderr, "stderr"),
        }
        self.table: DescriptorTable = DescriptorTable(entries, config.max_descriptors)
        # Listings of directories that are being read; made by directories.py.
        self.listings: Listings | None = None
        self._preopens = config.preopens
        self._open_preopens()
        # The open stores that have instances of the process.
        self._stores: WeakSet[Store] = WeakSet()
        self._is_closed = False
        self.clocks: dict[int, Callable[[], int]] = {number: read for number, (_, read) in _CLOCKS.items()}
        for number, clock in ((_REALTIME, config.realtime), (_MONOTONIC, config.monotonic)):
            if clock is not None:
                self.clocks[number] = FixedClock(clock) if isinstance(clock, int) else clock
        self.fill_random: Callable[[memoryview], None] = _random_source(config.random)
        self.on_exit: Callable[[int], object] | None = config.on_exit

    def _open_preopens(self) -> None:
        if self._preopens:
            load("wasmz.runtime.wasi.preopens")
            from wasmz.runtime.wasi.preopens import open_preopens

            open_preopens(self.table, self._preopens)

    def join(self, store: Store) -> None:
        """Adds a store that has instances of the process. When the last store is closed, the process begins anew."""
        if self._is_closed:
            self._is_closed = False
            self._open_preopens()
        self._stores.add(store)
        store.add_part(self)

    def leave(self, store: Store) -> None:
        """Closes what the guest has open, except the streams, if no other store needs it."""
        self._stores.discard(store)
        if not self._is_closed and not list(self._stores):
            self._is_closed = True
            self.flush_quietly()
            self.table.close_all_from(FIRST_PREOPEN)

    def flush_quietly(self) -> None:
        """Like :meth:`flush`, where errors cannot be reported."""
        for entry in self.table.values():
            try:
                entry.flush()
            except (Failure, OSError, ValueError):
                pass

    def charge_to(self, store: Store) -> None:
        """Counts descriptors, files in memory and kept output in the budget of a store whose guest has them."""
        if not store.host_budget.is_limited:
            return
        self.table.charge_to(store.host_budget)
        for entry in self.table.values():
            charge = getattr(getattr(entry, "tree", entry), "charge_to", None)
            if charge is not None:
                charge(store.host_budget)

    def flush(self) -> None:
        """Writes out all buffered output."""
        for entry in self.table.values():
            entry.flush()


def _random_source(source: int | Callable[[int], bytes] | None) -> Callable[[memoryview], None]:
    """A function that fills a piece of memory with random bytes."""
    if source is None:
        get = os.urandom
    elif isinstance(source, int):
        # Imported only if it is asked for.
        load("random")
        from random import Random

        get = Random(source).randbytes
    else:
        get = source

    def fill(target: memoryview) -> None:
        # In parts, so that a large request needs no second buffer of its size.
        for start in range(0, len(target), 1 << 16):
            part = target[start : start + (1 << 16)]
            part[:] = get(len(part))

    return fill


# Arguments and environment


def args_get(process: Process, caller: Caller, pointers: int, buffer: int) -> int:
    return _write_strings(caller.memory, process.args, pointers, buffer)


def args_sizes_get(process: Process, caller: Caller, count: int, size: int) -> int:
    return _write_sizes(caller.memory, process.args, count, size)


def environ_get(process: Process, caller: Caller, pointers: int, buffer: int) -> int:
    return _write_strings(caller.memory, process.env, pointers, buffer)


def environ_sizes_get(process: Process, caller: Caller, count: int, size: int) -> int:
    return _write_sizes(caller.memory, process.env, count, size)


def _write_sizes(memory: Memory, strings: list[bytes], count: int, size: int) -> int:
    memory.write_value(count, "I", len(strings))
    memory.write_value(size, "I", sum(len(string) + 1 for string in strings))
    return Errno.SUCCESS


def _write_strings(memory: Memory, strings: list[bytes], pointers: int, buffer: int) -> int:
    addresses = []
    content = bytearray()
    for string in strings:
        addresses.append((buffer & 0xFFFF_FFFF) + len(content))
        content += string + b"\0"
    memory.write(buffer, content)
    memory.write(pointers, struct.pack(f"<{len(addresses)}I", *addresses))
    return Errno.SUCCESS


# Clocks, random numbers, the process


def clock_res_get(process: Process, caller: Caller, clock: int, result: int) -> int:
    if clock not in _CLOCKS:
        return Errno.INVAL
    resolution = time.get_clock_info(_CLOCKS[clock][0]).resolution  # type: ignore[arg-type]
    caller.memory.write_value(result, "Q", max(1, round(resolution * 1e9)))
    return Errno.SUCCESS


def clock_time_get(process: Process, caller: Caller, clock: int, precision: int, result: int) -> int:
    read = process.clocks.get(clock)
    if read is None:
        return Errno.INVAL
    caller.memory.write_value(result, "Q", read() & 0xFFFF_FFFF_FFFF_FFFF)
    return Errno.SUCCESS


def random_get(process: Process, caller: Caller, buffer: int, size: int) -> int:
    process.fill_random(caller.memory.slice(buffer, size & 0xFFFF_FFFF))
    return Errno.SUCCESS


def sched_yield(process: Process, caller: Caller) -> int:
    time.sleep(0)
    return Errno.SUCCESS


def proc_exit(process: Process, caller: Caller, status: int) -> None:
    status &= 0xFFFF_FFFF
    process.flush()
    if process.on_exit is not None:
        process.on_exit(status)
    raise WasiExit(status)


def proc_raise(process: Process, caller: Caller, signal: int) -> int:
    """Guests cannot send signals; wasmtime returns the same error."""
    raise Failure(Errno.NOTSUP)
