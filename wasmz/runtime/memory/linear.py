"""Linear memories (specification 4.2.8): address space is reserved once, so that growing copies nothing.

    memory = Memory(store, MemoryType(1, 2))
    memory.write(8, b"abc"); memory[8:11]           -> b"abc"
    memory.grow(1)                                  -> 1, the old size in pages
    memory._strided("I", 4)[4]                      -> 0x00636261, as generated code reads it

Addresses may always be given in the signed form in which host functions receive pointers: -4 is 2^32 - 4, not "four
before the end". Subscripts raise ``IndexError``. The methods for host functions (:meth:`Memory.read` and others) raise
``Trap(MEMORY_OUT_OF_BOUNDS)``, because the guest is at fault there.

A memory changes its state in single steps: made, grown or moved any number of times, closed. A change first remembers
the current turn, then prepares all its steps, and applies them in one call that begins by taking the turn away, see
:meth:`Memory._change`. If another thread, a signal handler or a finaliser took it before, the change starts again. So
no lock is held, nothing waits, an exception at any point leaves a whole state, and so does a fork.
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
# The most address space that is reserved for one memory. Beyond it, growing copies, and reserves twice as much.
_RESERVATIONS = {ValType.I32: 1 << 32, ValType.I64: 1 << 36}
_MAP_NORESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)
_CAN_RESERVE = hasattr(mmap, "MAP_PRIVATE") and sys.maxsize > 1 << 32 and sys.platform != "emscripten"

# The buffer of a closed memory: of its views, and its ``bytes``.
_NOTHING = memoryview(bytearray(1))
_CLOSED = _NOTHING[:0]


class Memory:
    """A linear memory.

    Attributes:
        store: the store whose memory limit counts it.
        type: its declared type; :attr:`current_type` has the current size as its minimum.
        size_bytes: how many bytes are accessible.
        bytes: the whole reservation as bytes. For the runtime only, which must check ``size_bytes`` itself.
        lock, waiting: for atomic access by the runtime: held while memory changes; and the waiting threads, by address.
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

    # One for all memories: it is held for microseconds. In a forked child no thread holds it. A signal handler may
    # interrupt the thread that holds it.
    lock: ClassVar[Any] = RLock()

    def __init__(self, store: Store, type: MemoryType) -> None:
        """Makes a memory of ``type.minimum`` pages of zeros.

        Raises:
            MemoryLimit: ``Config.mem_limit_bytes`` is too small.
            Trap: GROWTH_OPERATION_LIMITED, the store's limiter refuses.
            MemoryError: the system refuses.
            TypeError, ValueError: the type is invalid.
        """
        if hasattr(self, "_turn"):
            raise TypeError("a memory cannot be initialised twice")
        expect_store(store)
        expect(type, MemoryType, "type", "a MemoryType")
        maximum = type.maximum
        if type.minimum < 0 or (type.shared if maximum is None else maximum < type.minimum):
            raise ValueError(f"cannot make a {type}{' without a maximum' if maximum is None else ''}")
        self._charged = 0
        self.type: MemoryType = type
        self.store: Store = store
        self.waiting: dict[int, list[Any]] = {}
        largest = _LARGEST_BYTES[type.address_type] // type.page_bytes
        self._maximum = largest if maximum is None else min(maximum, largest)
        size = type.minimum * type.page_bytes
        if type.minimum > self._maximum:
            raise MemoryError(f"not enough memory for a {type}")
        if not self._may_have(0, size):
            raise Trap(TrapCode.GROWTH_OPERATION_LIMITED)
        if not store.memory_budget.reserve(size):
            raise MemoryLimit(f"the store's limit of {store.memory_budget.limit} bytes is too small for a {type}")
        self._charged = size
        try:
            buffer = memoryview(self._allocate(size, self._maximum * type.page_bytes))
        except MemoryError:
            self._settle(0)
            raise
        self.size_bytes: int = size
        self.bytes: memoryview = buffer
        # The views have a buffer object of their own, which code that gets hold of the other one cannot release.
        self._views = make_views(buffer[:], size)
        self._turn: list[None] = [None]
        store.adopt(self)

    def __del__(self) -> None:
        # Also called for memories that could not be made.
        if getattr(self, "_charged", 0):
            self._settle(0)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a memory cannot be copied or pickled: copy its bytes, memory[:]")

    def __enter__(self) -> Memory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Frees the memory, and wakes threads that wait there. Later accesses are errors, or traps if the guest's.

        Views that :meth:`view` returned before keep the bytes.
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
        # Done even if it was closed before: that call may have been interrupted here.
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
        """Applies all steps at once, unless the memory was changed since ``turn`` was its turn."""
        try:
            apply([(turn.pop,), *steps, (setattr, self, "_turn", [None])])
        except IndexError:
            return False
        except MemoryError:
            # Raised by the first step after the turn; the other steps allocate nothing.
            self._turn = [None]
            raise
        return True

    def _settle(self, size: int) -> None:
        """Returns to the store's budget what is counted beyond ``size``."""
        # Nothing is called in between, so only one of several threads or handlers sees the surplus.
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
        """The type with the current size as its minimum; imports are matched against it."""
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

        It is impossible if the type's maximum, the store's limiter, ``Config.mem_limit_bytes`` or the system forbids
        it, and after :meth:`close`. Another thread or a signal handler may grow the memory meanwhile.

        Views that :meth:`view` returned stay valid. On platforms that cannot reserve address space they keep showing
        the old bytes.
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
        """Adds bytes if the size is still ``size``. ``None`` if the memory was changed meanwhile."""
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
                # Without reserved address space, everything is copied to a larger buffer.
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
        """Allocates ``size`` bytes, and address space to grow into, or ``spare`` bytes if that cannot be reserved."""
        type = self.type
        capacity = min(capacity, self._maximum * type.page_bytes, self.store.memory_budget.largest_total)
        capacity = max(size, min(capacity, max(_RESERVATIONS[type.address_type], 2 * size)))
        return _allocate(size, capacity, min(spare, capacity - size))

    def keep_gap(self) -> bool:
        """Keeps a memory from growing into the last page of 32-bit addresses; ``False`` if it already has."""
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
        """The accessible bytes as an ordinary writable memoryview (format ``B``), without copying."""
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
        """The byte at an address, or a copy of the bytes of a slice. ``IndexError`` outside the memory."""
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
        """Sets the byte at an address, or the bytes of a slice to as many. ``IndexError`` outside the memory."""
        # Nothing is called between finding the bytes and storing: the memory might move in between.
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
        """An index as an unsigned address: as Python ints, the guest's pointers in the upper half are negative."""
        address = expect_integer(number, "index")
        if address < 0:
            address += 1 << (32 if self.type.address_type is ValType.I32 else 64)
            if address < 0:
                raise IndexError(f"{number} is not an address")
        return address

    def _unsigned_slice(self, part: slice) -> slice:
        """Like ``_unsigned`` for a slice; bounds that were negative, and are out of bounds, raise an error."""
        start, stop, step = part.start, part.stop, part.step
        if start.__class__ is int and stop.__class__ is int and start >= 0 and stop >= 0:
            # The usual case.
            return part
        size = self.size_bytes
        for bound in (start, stop):
            if bound is not None and index(bound) < 0 and self._unsigned(bound) > size:
                raise IndexError(f"{bound} is not an address in a memory of {size} bytes")
        if start is not None and index(start) < 0:
            if stop is not None and index(stop) >= 0 and (step is None or index(step) > 0):
                # Up to the end of the address space, which is 0 as a pointer; or beyond it.
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
        """Writes bytes at a guest address; all of them or none. ``data`` is any object with a buffer, of any format.

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
        """A writable view of ``size`` bytes from a guest address, without copying.

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

        ``format`` is a format of the ``struct`` module without byte order, or a type of numbers. One value is returned
        as it is, several as a tuple.

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS. ValueError: the format is invalid.
        """
        packer = _packer(format)
        values = packer.unpack_from(self.bytes, self._checked(address, packer.size))
        return values[0] if len(values) == 1 else values

    def write_value(self, address: int, format: str | ValType, *values: Any) -> None:
        """Writes values at a guest address, the inverse of :meth:`read_value`.

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS. ValueError: the format is invalid. TypeError: the values do not fit it.
        """
        packer = _packer(format)
        start = self._checked(address, packer.size)
        try:
            packer.pack_into(self.bytes, start, *values)
        except (StructError, TypeError) as error:
            if self.bytes is _CLOSED:
                raise _closed() from None
            raise TypeError(f"values do not fit format {format!r}: {bounded(repr(values))} ({error})") from None

    # Other threads, for shared memories

    def notify(self, address: int, count: int = 0xFFFF_FFFF) -> int:
        """Wakes up to ``count`` threads that wait at the address; returns how many (``memory.atomic.notify``).

        Raises:
            Trap: MEMORY_OUT_OF_BOUNDS, UNALIGNED_ATOMIC_ACCESS.
        """
        load("wasmz.runtime.memory.atomics")
        from wasmz.runtime.memory.atomics import memory_atomic_notify

        count = expect_integer(count, "count")
        return memory_atomic_notify(self, self._strided("I"), self._checked(address, 4), count)

    def wait32(self, address: int, expected: int, timeout: float | None = None) -> int:
        """Waits until another thread notifies the address, if the 32 bits there equal ``expected``.

        Returns 0 if it was woken, 1 if the number differs, 2 when ``timeout`` seconds have passed.

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
        # Negative means no limit.
        nanoseconds = (1 << 64) - 1 if timeout is None else min(int(min(timeout, 1e10) * 1e9), (1 << 63) - 1)
        view = self._strided("I" if width == 4 else "Q")
        wait = HELPERS[f"atomic_wait{width}"]
        answer: int = wait(self, view, self._checked(address, width), expected & (1 << 8 * width) - 1, nanoseconds)
        return answer

    def _checked(self, address: int, size: int) -> int:
        """The address as an unsigned one. Traps unless ``size`` bytes there are accessible."""
        try:
            if size < 0:
                raise ValueError(f"size must not be negative, but is {size}")
            start = address
            if address < 0:
                address += 1 << (32 if self.type.address_type is ValType.I32 else 64)
            # The bitwise or raises TypeError for numbers that are not integers.
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
        raise ValueError(f"{format!r} is not a format of the struct module: {error}") from None


def _closed() -> Trap:
    """The error of an access to a memory that was closed after the bounds were checked."""
    return Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)


def _bytes_of(data: Buffer) -> bytes | memoryview:
    """The bytes of a buffer of any format and shape, copied only if they are not contiguous."""
    if data.__class__ is bytes:
        return data
    try:
        source = memoryview(data)
    except TypeError:
        raise TypeError(f"data must be bytes or have a buffer, not {bounded(repr(data))}") from None
    if source.ndim == 1 and source.c_contiguous and source.format in ("B", "b", "c"):
        return source if source.format == "B" else source.cast("B")
    try:
        return source.cast("B")
    except TypeError:
        # Not contiguous, or with a format of ctypes or numpy.
        return memoryview(source.tobytes())


def _allocate(size: int, capacity: int, spare: int) -> mmap.mmap | bytearray:
    """``size`` zero bytes; with address space for ``capacity`` if that costs nothing, or else ``spare`` bytes more."""
    if _CAN_RESERVE:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE
        # Limits on address space may allow less, or none.
        for length in dict.fromkeys((capacity, min(capacity, max(size, _RESERVATIONS[ValType.I32])), size + spare)):
            try:
                return mmap.mmap(-1, max(length, mmap.PAGESIZE), flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE)
            except (OSError, ValueError, OverflowError):
                continue
    for length in dict.fromkeys((size + spare, size)):
        try:
            return bytearray(max(length, 1))
        except (MemoryError, OverflowError):
            # OverflowError: more than sys.maxsize, in a 32-bit Python.
            continue
    raise MemoryError(f"cannot allocate {size} bytes")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Memory.lock._at_fork_reinit)
