"""Linear memories (specification 4.2.8): address space reserved once, so that growing copies nothing.

    memory = Memory(store, MemoryType(1, 2))
    memory.write(8, b"abc"); memory[8:11]           -> b"abc"
    memory.grow(1)                                  -> 1, the old size in pages
    memory._strided("I", 4)[4]                      -> 0x00636261, what generated code does

Everywhere an address may have the signed form in which host functions receive pointers: -4 is 2^32 - 4, never "four
before the end". Subscripts raise ``IndexError``. The methods for host functions (:meth:`Memory.read` and its kin) raise
``Trap(MEMORY_OUT_OF_BOUNDS)``, because there the guest is at fault.

A memory goes from one state to the next in single steps: made -> grown or moved, any number of times -> closed. Whoever
wants to change it takes note of the turn, prepares, and has all changes applied in one call that first takes the turn
away, see :meth:`Memory._change`; if another thread, a signal handler or a finalizer was quicker, it begins again. So no
lock is held, no one waits, an exception at any point leaves one of the two states, and a fork copies one.
"""

from __future__ import annotations

import _struct as struct  # what there is in struct, without that file
import mmap
import os
import sys
from _operator import index, setitem
from _thread import RLock

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import MemoryLimit, Trap, bounded, counted, expect, expect_integer, shown
from wasmz.runtime.limits.budgets import expect_store
from wasmz.runtime.memory.views import StructError, View, apply, make_views
from wasmz.startup.concurrency import load
from wasmz.types import MEMORY32_LIMIT_BYTES, MemoryType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from ctypes import Array
    from types import TracebackType
    from typing import Any, ClassVar, NoReturn, overload

    from wasmz.runtime.link.store import Store
    from wasmz.runtime.memory.views import Step

    # Typeshed's Buffer needs Python 3.12.
    Buffer = bytes | bytearray | memoryview | mmap.mmap | array[Any] | Array[Any]

__wasmz_frame__ = "helper"

_LARGEST_BYTES = {ValType.I32: 1 << 32, ValType.I64: 1 << 48}
# So much address space is reserved for one memory at most; past it, growth copies, and reserves twice as much.
_RESERVATIONS = {ValType.I32: 1 << 32, ValType.I64: 1 << 36}
_MAP_NORESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)
_CAN_RESERVE = hasattr(mmap, "MAP_PRIVATE") and sys.maxsize > 1 << 32 and sys.platform != "emscripten"

# What the views of a closed memory have for a buffer, and its ``bytes``.
_NOTHING = memoryview(bytearray(1))
_CLOSED = _NOTHING[:0]


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
        "__weakref__",
        "_charged",
        "_maximum",
        "_turn",
        "_views",
        "bytes",
        "size_bytes",
        "store",
        "type",
        "waiting",
    )

    # One for all memories: it is held for some microseconds, and by no one in the child of a fork. A signal handler may
    # interrupt whoever holds it.
    lock: ClassVar[Any] = RLock()

    def __init__(self, store: Store, type: MemoryType) -> None:
        """Makes a memory of ``type.minimum`` pages, all zero.

        Raises:
            MemoryLimit: ``Config.mem_limit_bytes`` forbids it.
            Trap: GROWTH_OPERATION_LIMITED, the store's limiter forbids it.
            MemoryError: the system forbids it.
            TypeError, ValueError: the type makes no sense.
        """
        if hasattr(self, "_turn"):
            raise TypeError("a memory is made once")
        expect_store(store)
        expect(type, MemoryType, "type", "a MemoryType")
        maximum = type.maximum
        if type.minimum < 0 or (type.shared if maximum is None else maximum < type.minimum):
            raise ValueError(f"there can be no {type}{' without a maximum' if maximum is None else ''}")
        self._charged = 0
        self.type: MemoryType = type
        self.store: Store = store
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
        self._charged = size
        try:
            buffer = memoryview(self._allocate(size, self._maximum * type.page_bytes))
        except MemoryError:
            self._settle(0)
            raise
        self.size_bytes: int = size
        self.bytes: memoryview = buffer
        # The views have a buffer of their own, which no one can release who gets hold of the other one.
        self._views = make_views(buffer[:], size)
        self._turn: list[None] = [None]
        store.adopt(self)

    def __del__(self) -> None:
        # Also of memories that could not be made.
        if getattr(self, "_charged", 0):
            self._settle(0)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a memory stays in its store: copy its bytes, memory[:]")

    def __enter__(self) -> Memory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Frees the memory, and wakes who waits there. Every later access is an error, or a trap if it is the guest's.

        What Python code got from :meth:`view` before goes on showing the bytes.
        """
        while True:
            turn = self._turn
            if self.bytes is _CLOSED:
                break
            steps = [
                *self._views.changes(_NOTHING, 0),
                (setattr, self, "size_bytes", 0),
                (setattr, self, "_maximum", 0),
                (setattr, self, "bytes", _CLOSED),
            ]
            if self._change(turn, steps):
                break
        # Also if it was closed before: that may have been interrupted here.
        for address in list(self.waiting):
            queue = self.waiting.pop(address, None)
            while queue:
                try:
                    queue.pop().release()
                except IndexError:
                    break
        self._settle(0)
        self._views.drop_left()

    def _change(self, turn: list[None], steps: list[Step]) -> bool:
        """Does steps all at once, if no one has changed the memory since ``turn`` was its turn."""
        try:
            apply([(turn.pop,), *steps, (setattr, self, "_turn", [None])])
        except IndexError:
            return False
        except MemoryError:
            # Of the first step after the turn; the others allocate nothing.
            self._turn = [None]
            raise
        return True

    def _settle(self, size: int) -> None:
        """Gives back to the store's budget what is counted beyond a size."""
        # Nothing is called in between, so that only one of several threads, or handlers, sees the surplus.
        charged, self._charged = self._charged, size
        if charged > size:
            self.store.memory_budget.release(charged - size)

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

        It is if the type's maximum, the store's limiter, ``Config.mem_limit_bytes`` or the system forbids it, and
        after :meth:`close`. Another thread, or a signal handler, may grow the memory meanwhile.

        Ordinary views from :meth:`view` stay valid. Where the platform cannot reserve address space they go on
        showing the bytes from before.
        """
        if pages.__class__ is not int:
            pages = expect_integer(pages, "pages")
        if pages < 0:
            raise ValueError(f"a memory cannot shrink by {-pages} pages")
        added = pages * self.type.page_bytes
        allowed = -1
        while True:
            turn = self._turn
            size = self.size_bytes
            old_pages = size // self.type.page_bytes
            if old_pages + pages > self._maximum:
                return -1
            if size != allowed and not self._may_have(size, size + added):
                return -1
            allowed = size
            if pages == 0:
                return old_pages
            grown = self._try_to_grow(turn, size, added)
            if grown is not None:
                return old_pages if grown else -1

    def _try_to_grow(self, turn: list[None], size: int, added: int) -> bool | None:
        """Adds bytes, if ``size`` are there. ``None`` if the memory was changed meanwhile."""
        budget = self.store.memory_budget
        if not budget.reserve(added):
            return False
        done: list[bool] = []
        try:
            buffer = self.bytes
            new_size = size + added
            steps: list[Step]
            if new_size <= len(buffer):
                steps = self._views.changes(None, new_size)
            else:
                # Everything is copied to a larger buffer: where address space could not be reserved.
                larger = memoryview(self._allocate(new_size, new_size * 2, new_size // 2))
                steps = [
                    *self._views.changes(larger[:], new_size),
                    (setattr, self, "bytes", larger),
                    (setitem, larger, slice(0, size), buffer[:size]),
                ]
            steps += ((setattr, self, "size_bytes", new_size), (setattr, self, "_charged", new_size))
            if not self._change(turn, [*steps, (done.append, True)]):
                return None
        except MemoryError:
            return False
        finally:
            if not done:
                budget.release(added)
        self._views.drop_left()
        return True

    def _allocate(self, size: int, capacity: int, spare: int = 0) -> mmap.mmap | bytearray:
        """``size`` bytes, and more to grow into; ``spare`` bytes of it where those have to be allocated."""
        type = self.type
        capacity = min(capacity, self._maximum * type.page_bytes, self.store.memory_budget.largest_total)
        capacity = max(size, min(capacity, max(_RESERVATIONS[type.address_type], 2 * size)))
        return _allocate(size, capacity, min(spare, capacity - size))

    def keep_gap(self) -> bool:
        """Keeps a memory from growing into the last page of 32-bit addresses; false if it has that already."""
        largest = MEMORY32_LIMIT_BYTES // self.type.page_bytes
        while True:
            turn = self._turn
            if self.size_bytes > MEMORY32_LIMIT_BYTES:
                return False
            if self._maximum <= largest or self._change(turn, [(setattr, self, "_maximum", largest)]):
                return True

    # Access for generated code

    def _strided(self, format: str, offset: int = 0, stride: int = 1) -> View:
        """The view ``m<k>_<fmt>_<offset>_<stride>`` of docs/abi.md."""
        views = self._views
        while True:
            turn = self._turn
            known: View | None = views.known.get((format, offset, stride))
            if known is not None:
                return known
            made, steps = views.make(format, offset, stride, self.size_bytes)
            if self._change(turn, steps):
                return made

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
        """The byte at an address, or a copy of those of a slice. ``IndexError`` outside of the memory."""
        if isinstance(index, slice):
            return self.view()[self._unsigned_slice(index)].tobytes()
        address = self._unsigned(index)
        if address >= self.size_bytes:
            raise IndexError(f"address {index} is not in a memory of {self.size_bytes} bytes")
        return self.bytes[address]

    if TYPE_CHECKING:

        @overload
        def __setitem__(self, index: int, value: int, /) -> None: ...

        @overload
        def __setitem__(self, index: slice, value: Buffer, /) -> None: ...

    def __setitem__(self, index: Any, value: Any, /) -> None:
        """Sets the byte at an address, or those of a slice to as many. ``IndexError`` outside of the memory."""
        # Nothing is called between finding the bytes and storing there: else they may be left behind by then.
        if isinstance(index, slice):
            part, source = self._unsigned_slice(index), _bytes_of(value)
            self.bytes[: self.size_bytes][part] = source
        else:
            address = self._unsigned(index)
            if address >= self.size_bytes:
                raise IndexError(f"address {index} is not in a memory of {self.size_bytes} bytes")
            try:
                self.bytes[address] = value
            except TypeError:
                raise TypeError(f"value must be a byte, from 0 to 255, not {bounded(repr(value))}") from None
            except ValueError:
                raise ValueError(f"value must be a byte, from 0 to 255, not {bounded(repr(value))}") from None

    def _unsigned(self, number: Any) -> int:
        """An index as an address: the guest's pointers from the middle on are negative as Python's ints."""
        address = expect_integer(number, "index")
        if address < 0:
            address += 1 << (32 if self.type.address_type is ValType.I32 else 64)
            if address < 0:
                raise IndexError(f"{number} is no address")
        return address

    def _unsigned_slice(self, part: slice) -> slice:
        """The same for a slice; what is not in bounds, and was negative, is an error and not the nearest address."""
        start, stop, step = part.start, part.stop, part.step
        if start.__class__ is int and stop.__class__ is int and start >= 0 and stop >= 0:
            # Most are like that.
            return part
        size = self.size_bytes
        for bound in (start, stop):
            if bound is not None and index(bound) < 0 and self._unsigned(bound) > size:
                raise IndexError(f"{bound} is no address in a memory of {size} bytes")
        if start is not None and index(start) < 0:
            if stop is not None and index(stop) >= 0 and (step is None or index(step) > 0):
                # Up to the end of the address space, which as a pointer is 0; or past it.
                if index(stop) != 0 or self.type.address_type is not ValType.I32 or size != 1 << 32:
                    raise IndexError(f"the addresses from {start} up to {stop} wrap around")
                stop = size
            start = self._unsigned(start)
        if stop is not None and index(stop) < 0:
            stop = self._unsigned(stop)
        return slice(start, stop, step)

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes from a guest address.

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS.
        """
        start = self._checked(address, size)
        found = self.bytes[start : start + size].tobytes()
        if len(found) != size:
            raise _closed()
        return found

    def write(self, address: int, data: Buffer) -> None:
        """Writes bytes to a guest address; all of them or none. ``data`` is whatever has a buffer, of any format.

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS.
        """
        source = _bytes_of(data)
        start = self._checked(address, len(source))
        try:
            self.bytes[start : start + len(source)] = source
        except ValueError:
            raise _closed() from None

    def slice(self, address: int, size: int) -> memoryview:
        """A writable view of ``size`` bytes from a guest address, without a copy.

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS.
        """
        start = self._checked(address, size)
        found = self.bytes[start : start + size]
        if len(found) != size:
            raise _closed()
        return found

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
        """Writes values at a guest address, the inverse of :meth:`read_value`.

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS. ValueError: there is no such format. TypeError: the values are not of it.
        """
        packer = _packer(format)
        start = self._checked(address, packer.size)
        try:
            packer.pack_into(self.bytes, start, *values)
        except (StructError, TypeError) as error:
            if self.bytes is _CLOSED:
                raise _closed() from None
            raise TypeError(f"values are not of format {format!r}: {bounded(repr(values))} ({error})") from None

    # Other threads, for shared memories

    def notify(self, address: int, count: int = 0xFFFF_FFFF) -> int:
        """Wakes up to ``count`` threads that wait at the address; how many these were (``memory.atomic.notify``).

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS, UNALIGNED_ATOMIC_ACCESS.
        """
        load("wasmz.runtime.memory.atomics")
        from wasmz.runtime.memory.atomics import memory_atomic_notify

        count = expect_integer(count, "count")
        return memory_atomic_notify(self, self._strided("I"), self._checked(address, 4), count)

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
        load("wasmz.runtime.memory.atomics")
        from wasmz.runtime.memory.atomics import HELPERS

        expected = expect_integer(expected, "expected")
        expect(timeout, (int, float, type(None)), "timeout", "a number of seconds or None")
        if timeout is not None and not timeout >= 0:
            raise ValueError(f"a timeout is a number of seconds, not {timeout!r}")
        # Negative is endless.
        nanoseconds = (1 << 64) - 1 if timeout is None else min(int(min(timeout, 1e10) * 1e9), (1 << 63) - 1)
        view = self._strided("I" if width == 4 else "Q")
        wait = HELPERS[f"atomic_wait{width}"]
        answer: int = wait(self, view, self._checked(address, width), expected & (1 << 8 * width) - 1, nanoseconds)
        return answer

    def _checked(self, address: int, size: int) -> int:
        """The address as an unsigned one, if ``size`` bytes lie there."""
        try:
            if size < 0:
                raise ValueError(f"size must not be negative, but is {size}")
            start = address
            if address < 0:
                address += 1 << (32 if self.type.address_type is ValType.I32 else 64)
            # To combine bits is refused for numbers that are no integers.
            if address < 0 or address + size | 0 > self.size_bytes:
                reason = f"{counted(size, 'byte')} at address {start}, the memory has {self.size_bytes:,}"
                raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, f"{TrapCode.MEMORY_OUT_OF_BOUNDS}: {reason}")
        except TypeError:
            expect_integer(address, "address")
            expect_integer(size, "size")
            raise
        return address

    @shown
    def __repr__(self) -> str:
        return "<closed Memory>" if self.bytes is _CLOSED else f"<Memory of {counted(self.size_pages, 'page')}>"


_FORMATS = {ValType.I32: "i", ValType.I64: "q", ValType.F32: "f", ValType.F64: "d", ValType.V128: "16s"}


def _packer(format: str | ValType) -> struct.Struct:
    expect(format, (str, ValType), "format", "a string or a ValType")
    known = format if isinstance(format, str) else _FORMATS.get(format)
    if known is None:
        raise ValueError(f"a value in memory is a number or a vector, not {format}")
    try:
        return struct.Struct("<" + known)
    except StructError as error:
        raise ValueError(f"{format!r} is no format of the struct module: {error}") from None


def _closed() -> Trap:
    """What access means to a memory that was closed since the bounds were checked."""
    return Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)


def _bytes_of(data: Buffer) -> bytes | memoryview:
    """The bytes of a buffer of any format and shape, copied only where they are not next to each other."""
    if data.__class__ is bytes:
        return data
    try:
        source = memoryview(data)
    except TypeError:
        raise TypeError(f"data must be bytes or have a buffer, unlike {bounded(repr(data))}") from None
    if source.ndim == 1 and source.c_contiguous and source.format in ("B", "b", "c"):
        return source if source.format == "B" else source.cast("B")
    try:
        return source.cast("B")
    except TypeError:
        # Not contiguous, or of a format of ctypes' or numpy's.
        return memoryview(source.tobytes())


def _allocate(size: int, capacity: int, spare: int) -> mmap.mmap | bytearray:
    """``size`` zero bytes; with ``capacity`` bytes of address space if that costs nothing, or some to spare."""
    if _CAN_RESERVE:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE
        # Limits on address space may allow less, or nothing.
        for length in dict.fromkeys((capacity, min(capacity, max(size, _RESERVATIONS[ValType.I32])), size + spare)):
            try:
                return mmap.mmap(-1, max(length, mmap.PAGESIZE), flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE)
            except (OSError, ValueError, OverflowError):
                continue
    for length in dict.fromkeys((size + spare, size)):
        try:
            return bytearray(max(length, 1))
        except (MemoryError, OverflowError):
            # Overflow: more than sys.maxsize, where Python has 32 bits.
            continue
    raise MemoryError(f"cannot allocate {size} bytes")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Memory.lock._at_fork_reinit)
