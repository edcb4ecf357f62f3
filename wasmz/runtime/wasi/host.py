"""The functions of WASI preview 1. Without a file system: descriptors 0 to 2 are all there are.

    FUNCTIONS["fd_write"]  -> ("iiii:i", Wasi.fd_write)

Each takes the ``Caller`` and the guest's arguments, as host functions do, and returns an error number.
"""

from __future__ import annotations

import os
import struct
import time

from wasmz.errors import WasiExit
from wasmz.runtime.func import Caller
from wasmz.runtime.memory import Memory
from wasmz.runtime.wasi.config import WasiConfig
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.streams import InputStream, OutputStream, open_input, open_output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

_CLOCKS: Final[dict[int, tuple[str, Callable[[], int]]]] = {
    0: ("time", time.time_ns),
    1: ("monotonic", time.monotonic_ns),
    2: ("process_time", time.process_time_ns),
}
if hasattr(time, "thread_time_ns"):  # not everywhere, says its documentation
    _CLOCKS[3] = ("thread_time", time.thread_time_ns)

_CHARACTER_DEVICE: Final = 2
_UNKNOWN_FILE_TYPE: Final = 0
_RIGHTS_IN: Final = 1 << 1 | 1 << 21 | 1 << 27
_RIGHTS_OUT: Final = 1 << 6 | 1 << 21 | 1 << 27
_EVENT_BYTES: Final = 32
_CLOCK_EVENT: Final = 0
_ABSOLUTE_TIME: Final = 1


class Wasi:
    """The state of one guest process."""

    def __init__(self, config: WasiConfig, *, is_unstable: bool = False) -> None:
        self.args = config.encoded_args()
        self.env = config.encoded_env()
        self.inputs: dict[int, InputStream] = {0: open_input(config.stdin)}
        self.outputs: dict[int, OutputStream] = {
            1: open_output(config.stdout, "stdout"),
            2: open_output(config.stderr, "stderr"),
        }
        self._is_unstable = is_unstable
        # The older version has one more field in a subscription.
        self._subscription_bytes = 56 if is_unstable else 48
        self._clock_position = 24 if is_unstable else 16

    # Arguments and environment

    def args_get(self, caller: Caller, pointers: int, buffer: int) -> int:
        return _write_strings(caller.memory, self.args, pointers, buffer)

    def args_sizes_get(self, caller: Caller, count: int, size: int) -> int:
        return _write_sizes(caller.memory, self.args, count, size)

    def environ_get(self, caller: Caller, pointers: int, buffer: int) -> int:
        return _write_strings(caller.memory, self.env, pointers, buffer)

    def environ_sizes_get(self, caller: Caller, count: int, size: int) -> int:
        return _write_sizes(caller.memory, self.env, count, size)

    # Clocks, random numbers, the process

    def clock_res_get(self, caller: Caller, clock: int, result: int) -> int:
        if clock not in _CLOCKS:
            return Errno.INVAL
        resolution = time.get_clock_info(_CLOCKS[clock][0]).resolution  # type: ignore[arg-type]
        caller.memory.write_value(result, "Q", max(1, round(resolution * 1e9)))
        return Errno.SUCCESS

    def clock_time_get(self, caller: Caller, clock: int, precision: int, result: int) -> int:
        if clock not in _CLOCKS:
            return Errno.INVAL
        caller.memory.write_value(result, "Q", _CLOCKS[clock][1]())
        return Errno.SUCCESS

    def random_get(self, caller: Caller, buffer: int, size: int) -> int:
        target = caller.memory.slice(buffer, _u32(size))
        target[:] = os.urandom(len(target))
        return Errno.SUCCESS

    def sched_yield(self, caller: Caller) -> int:
        time.sleep(0)
        return Errno.SUCCESS

    def proc_exit(self, caller: Caller, status: int) -> None:
        for stream in self.outputs.values():
            stream.flush()
        raise WasiExit(_u32(status))

    def poll_oneoff(self, caller: Caller, subscriptions: int, events: int, count: int, result: int) -> int:
        """Sleeps until the first clock is due; descriptors are always ready."""
        count = _u32(count)
        if not count:
            return Errno.INVAL
        memory = caller.memory
        each = self._subscription_bytes
        wanted = memory.read(subscriptions, each * count)
        memory.slice(events, _EVENT_BYTES * count)
        ready: list[tuple[int, int, int]] = []
        clocks: list[tuple[int, int]] = []
        for position in range(0, len(wanted), each):
            user_data, kind = struct.unpack_from("<QB", wanted, position)
            if kind == _CLOCK_EVENT:
                delay = self._delay(wanted, position + self._clock_position)
                if delay is None:
                    ready.append((user_data, Errno.INVAL, kind))
                else:
                    clocks.append((delay, user_data))
            else:
                (descriptor,) = struct.unpack_from("<I", wanted, position + 16)
                is_open = descriptor in self.inputs or descriptor in self.outputs
                ready.append((user_data, Errno.SUCCESS if is_open else Errno.BADF, kind))
        if clocks and not ready:
            first = min(clocks)[0]
            time.sleep(max(0, first) / 1e9)
            ready = [(user_data, Errno.SUCCESS, _CLOCK_EVENT) for delay, user_data in clocks if delay <= first]
        for number, (user_data, error, kind) in enumerate(ready):
            event = struct.pack("<QHB5xQH6x", user_data, error, kind, 0 if kind == _CLOCK_EVENT else 1, 0)
            memory.write(_u32(events) + number * _EVENT_BYTES, event)
        memory.write_value(result, "I", len(ready))
        return Errno.SUCCESS

    def _delay(self, wanted: bytes, position: int) -> int | None:
        """Nanoseconds from now on, of a clock's subscription; ``None`` if there is no such clock."""
        clock, timeout, _, flags = struct.unpack_from("<I4xQQH", wanted, position)
        if clock not in _CLOCKS:
            return None
        return int(timeout - _CLOCKS[clock][1]()) if flags & _ABSOLUTE_TIME else int(timeout)

    # Descriptors

    def fd_read(self, caller: Caller, descriptor: int, vectors: int, count: int, result: int) -> int:
        stream = self.inputs.get(descriptor)
        if stream is None:
            return Errno.BADF
        total = 0
        for target in _vectors(caller.memory, vectors, count):
            got = stream.read_into(target) if target else 0
            total += got
            if got < len(target):
                break
        caller.memory.write_value(result, "I", total)
        return Errno.SUCCESS

    def fd_write(self, caller: Caller, descriptor: int, vectors: int, count: int, result: int) -> int:
        stream = self.outputs.get(descriptor)
        if stream is None:
            return Errno.BADF
        total = 0
        for data in _vectors(caller.memory, vectors, count):
            taken = stream.write(data) if data else 0
            total += taken
            if taken < len(data):
                break
        stream.flush()
        caller.memory.write_value(result, "I", total)
        return Errno.SUCCESS

    def fd_fdstat_get(self, caller: Caller, descriptor: int, result: int) -> int:
        stream = self._stream(descriptor)
        if stream is None:
            return Errno.BADF
        kind = _CHARACTER_DEVICE if stream.is_terminal else _UNKNOWN_FILE_TYPE
        rights = _RIGHTS_IN if descriptor in self.inputs else _RIGHTS_OUT
        caller.memory.write(result, struct.pack("<BxHxxxxQQ", kind, 0, rights, 0))
        return Errno.SUCCESS

    def fd_filestat_get(self, caller: Caller, descriptor: int, result: int) -> int:
        stream = self._stream(descriptor)
        if stream is None:
            return Errno.BADF
        kind = _CHARACTER_DEVICE if stream.is_terminal else _UNKNOWN_FILE_TYPE
        # Device, inode, type, number of links, size, three times; the older version counts links in 32 bits.
        layout = "<QQB3xIQQQQ" if self._is_unstable else "<QQB7xQQQQQ"
        caller.memory.write(result, struct.pack(layout, 0, 0, kind, 1, 0, 0, 0, 0))
        return Errno.SUCCESS

    def fd_close(self, caller: Caller, descriptor: int) -> int:
        if self._stream(descriptor) is None:
            return Errno.BADF
        self.inputs.pop(descriptor, None)
        output = self.outputs.pop(descriptor, None)
        if output is not None:
            output.flush()
        return Errno.SUCCESS

    def fd_renumber(self, caller: Caller, descriptor: int, to: int) -> int:
        if self._stream(descriptor) is None or self._stream(to) is None:
            return Errno.BADF
        if descriptor != to:
            for streams in (self.inputs, self.outputs):
                streams.pop(to, None)
                if descriptor in streams:
                    streams[to] = streams.pop(descriptor)  # type: ignore[assignment]
        return Errno.SUCCESS

    def fd_sync(self, caller: Caller, descriptor: int) -> int:
        stream = self.outputs.get(descriptor)
        if stream is not None:
            stream.flush()
        return Errno.SUCCESS if self._stream(descriptor) is not None else Errno.BADF

    # What only files, directories and sockets have

    def not_on_stream(self, caller: Caller, descriptor: int, *args: int) -> int:
        return Errno.INVAL if self._stream(descriptor) is not None else Errno.BADF

    def no_position(self, caller: Caller, descriptor: int, *args: int) -> int:
        return Errno.SPIPE if self._stream(descriptor) is not None else Errno.BADF

    def no_directory(self, caller: Caller, descriptor: int, *args: int) -> int:
        return Errno.NOTDIR if self._stream(descriptor) is not None else Errno.BADF

    def no_directory_second(self, caller: Caller, _: int, __: int, descriptor: int, *args: int) -> int:
        return self.no_directory(caller, descriptor)

    def no_preopen(self, caller: Caller, *args: int) -> int:
        return Errno.BADF

    def no_socket(self, caller: Caller, descriptor: int, *args: int) -> int:
        return Errno.NOTSOCK if self._stream(descriptor) is not None else Errno.BADF

    def ignored_on_stream(self, caller: Caller, descriptor: int, *args: int) -> int:
        return Errno.SUCCESS if self._stream(descriptor) is not None else Errno.BADF

    def not_supported(self, caller: Caller, *args: int) -> int:
        return Errno.NOSYS

    def _stream(self, descriptor: int) -> InputStream | OutputStream | None:
        return self.inputs.get(descriptor) or self.outputs.get(descriptor)


def _u32(value: int) -> int:
    return value & 0xFFFF_FFFF


def _vectors(memory: Memory, address: int, count: int) -> list[memoryview]:
    """The pieces of memory that a guest's list of (address, size) pairs describes."""
    count = _u32(count)
    flat = struct.unpack(f"<{2 * count}I", memory.slice(address, 8 * count))
    return [memory.slice(flat[position], flat[position + 1]) for position in range(0, 2 * count, 2)]


def _write_sizes(memory: Memory, strings: list[bytes], count: int, size: int) -> int:
    memory.write_value(count, "I", len(strings))
    memory.write_value(size, "I", sum(len(string) + 1 for string in strings))
    return Errno.SUCCESS


def _write_strings(memory: Memory, strings: list[bytes], pointers: int, buffer: int) -> int:
    addresses = []
    content = bytearray()
    for string in strings:
        addresses.append(_u32(buffer) + len(content))
        content += string + b"\0"
    memory.write(buffer, content)
    memory.write(pointers, struct.pack(f"<{len(addresses)}I", *addresses))
    return Errno.SUCCESS


# Name -> signature, one letter a value: i for i32, I for i64; and what does it.
FUNCTIONS: Final[dict[str, tuple[str, Callable[..., Any]]]] = {
    "args_get": ("ii:i", Wasi.args_get),
    "args_sizes_get": ("ii:i", Wasi.args_sizes_get),
    "clock_res_get": ("ii:i", Wasi.clock_res_get),
    "clock_time_get": ("iIi:i", Wasi.clock_time_get),
    "environ_get": ("ii:i", Wasi.environ_get),
    "environ_sizes_get": ("ii:i", Wasi.environ_sizes_get),
    "fd_advise": ("iIIi:i", Wasi.no_position),
    "fd_allocate": ("iII:i", Wasi.not_on_stream),
    "fd_close": ("i:i", Wasi.fd_close),
    "fd_datasync": ("i:i", Wasi.fd_sync),
    "fd_fdstat_get": ("ii:i", Wasi.fd_fdstat_get),
    "fd_fdstat_set_flags": ("ii:i", Wasi.ignored_on_stream),
    "fd_fdstat_set_rights": ("iII:i", Wasi.ignored_on_stream),
    "fd_filestat_get": ("ii:i", Wasi.fd_filestat_get),
    "fd_filestat_set_size": ("iI:i", Wasi.not_on_stream),
    "fd_filestat_set_times": ("iIIi:i", Wasi.not_on_stream),
    "fd_pread": ("iiiIi:i", Wasi.no_position),
    "fd_prestat_dir_name": ("iii:i", Wasi.no_preopen),
    "fd_prestat_get": ("ii:i", Wasi.no_preopen),
    "fd_pwrite": ("iiiIi:i", Wasi.no_position),
    "fd_read": ("iiii:i", Wasi.fd_read),
    "fd_readdir": ("iiiIi:i", Wasi.no_directory),
    "fd_renumber": ("ii:i", Wasi.fd_renumber),
    "fd_seek": ("iIii:i", Wasi.no_position),
    "fd_sync": ("i:i", Wasi.fd_sync),
    "fd_tell": ("ii:i", Wasi.no_position),
    "fd_write": ("iiii:i", Wasi.fd_write),
    "path_create_directory": ("iii:i", Wasi.no_directory),
    "path_filestat_get": ("iiiii:i", Wasi.no_directory),
    "path_filestat_set_times": ("iiiiIIi:i", Wasi.no_directory),
    "path_link": ("iiiiiii:i", Wasi.no_directory),
    "path_open": ("iiiiiIIii:i", Wasi.no_directory),
    "path_readlink": ("iiiiii:i", Wasi.no_directory),
    "path_remove_directory": ("iii:i", Wasi.no_directory),
    "path_rename": ("iiiiii:i", Wasi.no_directory),
    "path_symlink": ("iiiii:i", Wasi.no_directory_second),
    "path_unlink_file": ("iii:i", Wasi.no_directory),
    "poll_oneoff": ("iiii:i", Wasi.poll_oneoff),
    "proc_exit": ("i:", Wasi.proc_exit),
    "proc_raise": ("i:i", Wasi.not_supported),
    "random_get": ("ii:i", Wasi.random_get),
    "sched_yield": (":i", Wasi.sched_yield),
    "sock_accept": ("iii:i", Wasi.no_socket),
    "sock_recv": ("iiiiii:i", Wasi.no_socket),
    "sock_send": ("iiiii:i", Wasi.no_socket),
    "sock_shutdown": ("ii:i", Wasi.no_socket),
}
