"""Linear memories (specification 4.2.8): address space reserved once, so that growing copies nothing.

    memory = Memory(store, MemoryType(1, 2))
    memory.write(8, b"abc"); memory[8:11]           -> b"abc"
    memory.grow(1)                                  -> 1, the old size in pages
    memory.strided("I", 4)[4]                       -> 0x00636261, what generated code does

Subscripts follow Python's rules for sequences and raise ``IndexError``. The methods for host functions
(:meth:`Memory.read` and its kin) take guest addresses, also in the signed form in which host functions receive
pointers, and raise ``Trap(MEMORY_OUT_OF_BOUNDS)``, because there the guest is at fault.
"""

from __future__ import annotations

import mmap
import struct
import sys
from _operator import index
from _thread import allocate_lock

from wasmz.concurrency import load
from wasmz.errors import MemoryLimit, Trap, TrapCode
from wasmz.runtime.views import View, make_views
from wasmz.types import MEMORY32_LIMIT_BYTES, MemoryType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, overload

    from wasmz.runtime.store import Store

__wasmz_frame__ = "helper"

_LARGEST_BYTES = {ValType.I32: MEMORY32_LIMIT_BYTES, ValType.I64: 1 << 48}
# No more address space than this is reserved for one memory; past it, growth copies.
_LARGEST_RESERVATION = 1 << 32
_MAP_NORESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)
_CAN_RESERVE = hasattr(mmap, "MAP_PRIVATE") and sys.maxsize > 1 << 32 and sys.platform != "emscripten"


class Memory:
    """A linear memory.

    Attributes:
        store: the store whose memory limit counts it.
        type: as it was declared; :attr:`current_type` has the present size as its minimum.
        size_bytes: how many bytes are accessible now.
        bytes: the whole reservation as bytes, for the runtime only: it checks ``size_bytes`` itself.
        lock, waiting: for the runtime's atomic access: held while memory changes, and by address who waits there.
    """

    __slots__ = (
        *("__weakref__", "_buffer", "_maximum", "_moving", "_views"),
        *("bytes", "lock", "size_bytes", "store", "type", "waiting"),
    )

    def __init__(self, store: Store, type: MemoryType) -> None:
        """Makes a memory of ``type.minimum`` pages, all zero.

        Raises:
            MemoryLimit: ``Config.mem_limit_bytes`` forbids it.
            Trap: GROWTH_OPERATION_LIMITED, the store's limiter forbids it.
            MemoryError: the system forbids it.
            TypeError, ValueError: the type makes no sense.
        """
        self.size_bytes = 0
        if type.__class__ is not MemoryType:
            raise TypeError(f"a memory is made with a MemoryType, not {type!r}")
        maximum = type.maximum
        if type.minimum < 0 or (type.shared if maximum is None else maximum < type.minimum):
            raise ValueError(f"there can be no {type}{' without a maximum' if maximum is None else ''}")
        self._moving: tuple[Any, Any] | None = None
        self.type = type
        self.store = store
        self.lock = allocate_lock()
        self.waiting: dict[int, list[Any]] = {}
        largest = _LARGEST_BYTES[type.address_type] // type.page_bytes
        self._maximum = largest if maximum is None else min(maximum, largest)
        size = type.minimum * type.page_bytes
        if type.minimum > self._maximum:
            raise MemoryError(f"there is no room for a {type}")
        if not self._may_have(0, size):
            raise Trap(TrapCode.GROWTH_OPERATION_LIMITED)
        if not store.memory_budget.reserve(size):
            raise MemoryLimit(f"the store's limit of {store.memory_budget.limit} bytes forbids a {type}")
        try:
            self._buffer = _allocate(size, min(self._maximum * type.page_bytes, store.memory_budget.largest_total))
        except MemoryError:
            store.memory_budget.release(size)
            raise
        self.size_bytes = size
        self.bytes = memoryview(self._buffer)
        self._views = make_views(self._buffer, size)
        store.adopt(self)

    def __del__(self) -> None:
        if getattr(self, "size_bytes", 0):
            self.store.memory_budget.release(self.size_bytes)

    def close(self) -> None:
        """Frees the memory. Every later access is an error, or a trap if it is the guest's."""
        # First of all, so that a function that still runs cannot reach the mapping.
        self._views.resize(0)
        self.store.memory_budget.release(self.size_bytes)
        self.size_bytes = 0
        self._maximum = 0
        # Users' views keep the mapping itself alive.
        self.bytes = memoryview(b"")
        self._buffer = bytearray(1)
        self._views.rebase(self._buffer, 0)

    # Size

    @property
    def size_pages(self) -> int:
        """The size in pages of ``type.page_bytes`` bytes."""
        return self.size_bytes // self.type.page_bytes

    @property
    def current_type(self) -> MemoryType:
        """The type with the present size as its minimum: what an import is matched with."""
        type = self.type
        return MemoryType(self.size_pages, type.maximum, type.shared, type.address_type, type.page_bytes)

    def __len__(self) -> int:
        return self.size_bytes

    def _may_have(self, current: int, desired: int) -> bool:
        """Whether the store's limiter lets the memory have ``desired`` bytes."""
        limiter, maximum = self.store.limiter, self.type.maximum
        return limiter is None or limiter.memory_growing(
            current, desired, None if maximum is None else maximum * self.type.page_bytes
        )

    def grow(self, pages: int) -> int:
        """Adds pages of zeros (specification 4.6.11). Returns the old size in pages, or -1 if that is impossible.

        Raises:
            MemoryLimit: the store's memories would exceed ``Config.mem_limit_bytes`` together.

        Ordinary views from :meth:`view` stay valid. Where the platform cannot reserve address space they go on
        showing the bytes from before.
        """
        if pages.__class__ is not int:
            pages = index(pages)
        if pages < 0:
            raise ValueError(f"a memory cannot shrink by {-pages} pages")
        if self.store.limiter is not None and pages <= self._maximum - self.size_pages:
            size = self.size_bytes
            if not self._may_have(size, size + pages * self.type.page_bytes):
                return -1
        with self.lock:
            return self._grow(pages)

    def _grow(self, pages: int) -> int:
        old_pages = self.size_pages
        if pages == 0:
            return old_pages
        if old_pages + pages > self._maximum:
            return -1
        added = pages * self.type.page_bytes
        if not self.store.memory_budget.reserve(added):
            raise MemoryLimit
        new_size = self.size_bytes + added
        if new_size > len(self._buffer):
            try:
                self._move(new_size)
            except MemoryError:
                self.store.memory_budget.release(added)
                return -1
        self.size_bytes = new_size
        self._views.resize(new_size)
        return old_pages

    def _move(self, new_size: int) -> None:
        """Copies everything to a larger buffer: where address space could not be reserved."""
        buffer = _allocate(new_size, min(new_size * 2, self._maximum * self.type.page_bytes))
        buffer[: self.size_bytes] = self._buffer[: self.size_bytes]
        # Ctrl-C may come in between, and then some views have the one and some the other.
        self._moving = self._buffer, buffer
        self._views.rebase(buffer, self.size_bytes)
        self._buffer = buffer
        self.bytes = memoryview(buffer)
        self._moving = None

    # Access for generated code

    def strided(self, format: str, offset: int = 0, stride: int = 1) -> View:
        """The view ``m<k>_<fmt>_<offset>_<stride>`` of docs/abi.md. Not for users: it does not keep the memory."""
        # The lock keeps a view that is made while memory grows from having the old size.
        with self.lock:
            return self._views.strided(format, offset, stride)

    # Access for Python

    def view(self) -> memoryview:
        """The accessible bytes as an ordinary writable memoryview (format ``B``), without a copy."""
        return self.bytes[: self.size_bytes]

    if sys.version_info >= (3, 12):

        def __buffer__(self, flags: int, /) -> memoryview:
            return self.view()

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: int, /) -> int: ...

        @overload
        def __getitem__(self, index: slice, /) -> bytes: ...

    def __getitem__(self, index: int | slice, /) -> int | bytes:
        if isinstance(index, slice):
            return self.view()[index].tobytes()
        return self.view()[index]

    if TYPE_CHECKING:

        @overload
        def __setitem__(self, index: int, value: int, /) -> None: ...

        @overload
        def __setitem__(self, index: slice, value: bytes | bytearray | memoryview, /) -> None: ...

    def __setitem__(self, index: Any, value: Any, /) -> None:
        self.view()[index] = value

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes from a guest address.

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS.
        """
        start = self._checked(address, size)
        return self.bytes[start : start + size].tobytes()

    def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """Writes bytes to a guest address; all of them or none.

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS.
        """
        source = memoryview(data).cast("B")
        start = self._checked(address, len(source))
        self.bytes[start : start + len(source)] = source

    def slice(self, address: int, size: int) -> memoryview:
        """A writable view of ``size`` bytes from a guest address, without a copy.

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS.
        """
        start = self._checked(address, size)
        return self.bytes[start : start + size]

    def read_value(self, address: int, format: str | ValType) -> Any:
        """The little-endian value at a guest address.

        ``format`` is of the ``struct`` module, without byte order, or a type of numbers. One value is returned as such,
        several as a tuple.

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS. ValueError: there is no such format.
        """
        packer = _packer(format)
        values = packer.unpack_from(self.bytes, self._checked(address, packer.size))
        return values[0] if len(values) == 1 else values

    def write_value(self, address: int, format: str | ValType, *values: Any) -> None:
        """Writes values at a guest address, the inverse of :meth:`read_value`."""
        packer = _packer(format)
        packer.pack_into(self.bytes, self._checked(address, packer.size), *values)

    # Other threads, for shared memories

    def notify(self, address: int, count: int = 0xFFFF_FFFF) -> int:
        """Wakes up to ``count`` threads that wait at the address; how many these were (``memory.atomic.notify``).

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS, UNALIGNED_ATOMIC_ACCESS.
        """
        load("wasmz.runtime.atomics")
        from wasmz.runtime.atomics import memory_atomic_notify

        return memory_atomic_notify(self, self.strided("I"), self._checked(address, 4), count)

    def wait32(self, address: int, expected: int, timeout: float | None = None) -> int:
        """Waits until another thread notifies the address, if the 32 bits there are the expected ones.

        Returns 0 for woken, 1 if the number was another, 2 when ``timeout`` seconds have passed.

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS, UNALIGNED_ATOMIC_ACCESS; UNSHARED_MEMORY_WAIT, the memory is not shared.
        """
        return self._wait(4, address, expected, timeout)

    def wait64(self, address: int, expected: int, timeout: float | None = None) -> int:
        """The same with 64 bits."""
        return self._wait(8, address, expected, timeout)

    def _wait(self, width: int, address: int, expected: int, timeout: float | None) -> int:
        load("wasmz.runtime.atomics")
        from wasmz.runtime.atomics import HELPERS

        if timeout is not None and not timeout >= 0:
            raise ValueError(f"a timeout is a number of seconds, not {timeout!r}")
        # Negative is endless.
        nanoseconds = (1 << 64) - 1 if timeout is None else min(int(min(timeout, 1e10) * 1e9), (1 << 63) - 1)
        view = self.strided("I" if width == 4 else "Q")
        wait = HELPERS[f"atomic_wait{width}"]
        answer: int = wait(self, view, self._checked(address, width), expected & (1 << 8 * width) - 1, nanoseconds)
        return answer

    def _checked(self, address: int, size: int) -> int:
        """The address as an unsigned one, if ``size`` bytes lie there."""
        if size < 0:
            raise ValueError(f"size must not be negative, but is {size}")
        if address < 0:
            address += 1 << (32 if self.type.address_type is ValType.I32 else 64)
        if address < 0 or address + size > self.size_bytes:
            raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)
        return address

    def __repr__(self) -> str:
        return f"<Memory of {self.size_pages} pages>"


_FORMATS = {ValType.I32: "i", ValType.I64: "q", ValType.F32: "f", ValType.F64: "d", ValType.V128: "16s"}


def _packer(format: str | ValType) -> struct.Struct:
    known = format if isinstance(format, str) else _FORMATS.get(format)
    if known is None:
        raise ValueError(f"a value in memory is a number or a vector, not {format}")
    try:
        return struct.Struct("<" + known)
    except struct.error as error:
        raise ValueError(f"{format!r} is no format of the struct module: {error}") from None


def _allocate(size: int, capacity: int) -> mmap.mmap | bytearray:
    """``size`` zero bytes; with up to ``capacity`` bytes of address space, if that can be had for nothing."""
    if _CAN_RESERVE:
        length = max(size, min(capacity, _LARGEST_RESERVATION), mmap.PAGESIZE)
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE
        try:
            return mmap.mmap(-1, length, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        except (OSError, ValueError, OverflowError):
            pass  # a limit on address space: copying will do
    try:
        return bytearray(max(size, 1))
    except OverflowError:
        # More than sys.maxsize: where Python has 32 bits.
        raise MemoryError(f"cannot allocate {size} bytes") from None
