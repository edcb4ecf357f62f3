"""Byte-strided typed views of a linear memory: any load or store is one subscript, bounds check included.

    views = make_views(buffer, size)       size bytes of a writable buffer are accessible
    word = views.strided("I", 16)          word[a] is the little-endian u32 at byte a + 16, aligned or not
    item = views.strided("I", 16, 4)       item[i] is the little-endian u32 at byte 4 * i + 16
    views.resize(new_size)                 the same view objects see the new extent

A view is a ``memoryview`` whose items are wider than its stride of one byte. Only the C API makes such a thing
(``PyMemoryView_FromBuffer``). Its shape and base address live inside the memoryview object and are changed in place, so
a view keeps its identity for the life of the memory. A self-test at first use proves the object's layout; where it
fails, or the C API is out of reach, :class:`PlainViews` does the same in Python.

The C API is reached through ``_ctypes``, the extension module below ``ctypes``: that declares thirty classes that no
one here needs, a tenth of a small program's start.

The native views hold no reference to the memory and must never be handed to users.
"""

from __future__ import annotations

import os
import struct
import sys

try:
    import _ctypes
except ImportError:  # pragma: no cover - interpreters built without libffi
    _ctypes = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from mmap import mmap
    from typing import Any, Protocol

    Buffer = mmap | bytearray
else:
    Protocol = object

# Frames of this module do not decide whose exception it is, see traps.py.
__wasmz_frame__ = "helper"

# Formats of the struct module and their widths in bytes.
WIDTHS = {"B": 1, "b": 1, "H": 2, "h": 2, "I": 4, "i": 4, "Q": 8, "q": 8, "f": 4, "d": 8}

# No memory is so large: views from there on are empty for ever. (Offsets have up to 64 bits, as pointers do.)
_LARGEST_OFFSET = 1 << 48
_ADDRESSES = (1 << 8 * struct.calcsize("P")) - 1

_FORCE_PLAIN = "WASMZ_PLAIN_VIEWS"
_OUT_OF_BOUNDS = "index out of bounds on dimension 1"


class View(Protocol):
    """What generated code does with a view. A slice is iterated over, and reads each item when it comes."""

    def __getitem__(self, index: int | slice, /) -> Any: ...

    def __setitem__(self, index: int, value: Any, /) -> None: ...

    def __len__(self) -> int: ...


class Views(Protocol):
    """The views of one memory."""

    def strided(self, format: str, offset: int = 0, stride: int = 1) -> View:
        """The view with this struct format that starts at ``offset``, and whose items are ``stride`` bytes apart.

        It is the same object each time.
        """

    def resize(self, size: int) -> None:
        """Makes exactly ``size`` bytes accessible through every view."""

    def rebase(self, buffer: Buffer, size: int) -> None:
        """Lets every view look at another buffer."""


def make_views(buffer: Buffer, size: int) -> Views:
    """Views of the first ``size`` bytes of ``buffer``, the quick kind where this interpreter allows it."""
    return NativeViews(buffer, size) if native_views_work() else PlainViews(buffer, size)


def native_views_work() -> bool:
    """Whether views can be real memoryviews here; decided once, by trying. ``WASMZ_PLAIN_VIEWS=1`` forbids them."""
    global _native_works
    if os.environ.get(_FORCE_PLAIN, "0") not in ("", "0"):
        return False
    if _native_works is None:
        _native_works = _self_test()
    return _native_works


_native_works: bool | None = None


def extent(size: int, offset: int, width: int, stride: int = 1) -> int:
    """How many indices are in bounds of ``size`` bytes: ``width`` bytes at ``offset + stride * index``."""
    return max(0, (size - offset - width) // stride + 1)


if _ctypes is not None:

    class _Byte(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "B"

    class _Word(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "P"

    class _Object(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "O"

    class _FromBuffer(_ctypes.CFuncPtr):
        """``PyMemoryView_FromBuffer``: takes the address of a ``Py_buffer``, gives a memoryview."""

        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_PYTHONAPI
        _argtypes_ = (_Word,)
        _restype_ = _Object


# CPython's Py_buffer, and behind it the shape that it points to, which memoryviews copy:
# buf, obj, len, itemsize, readonly, ndim, format, shape, strides, suboffsets, internal; shape[0].
_fill = struct.Struct("PPnniiPPPPPn").pack_into
_WORD_SIZE = struct.calcsize("P")
_BUFFER_SIZE = struct.calcsize("PPnniiPPPPP")
_ITEMSIZE_AT = struct.calcsize("PPn")
_SHAPE_POINTER_AT = struct.calcsize("PPnniiP")

# Where in a memoryview object its shape and its Py_buffer are, in bytes from the object's start: the array of which the
# shape is the first item ends the object; before it come the Py_buffer and the list of weak references.
_SHAPE_AT = memoryview.__basicsize__
_BUFFER_AT = _SHAPE_AT - _WORD_SIZE - _BUFFER_SIZE

# A memoryview keeps the pointer to its format, so that these live for ever; strides are copied.
_STRIDES = (1, 2, 4, 8, 16)
_CONSTANTS = bytearray(struct.pack(f"{len(_STRIDES)}n", *_STRIDES) + "\0".join(WIDTHS).encode() + b"\0")
_STRIDES_AT = {stride: place * _WORD_SIZE for place, stride in enumerate(_STRIDES)}
_FORMATS_AT = {letter: len(_STRIDES) * _WORD_SIZE + 2 * place for place, letter in enumerate(WIDTHS)}


class NativeViews:
    """Views that are memoryviews; each is made on first use (about 3 microseconds)."""

    def __init__(self, buffer: Buffer, size: int) -> None:
        self._base = _address_of(buffer)
        self._size = size
        self._views: dict[tuple[str, int, int], memoryview[Any]] = {}

    def strided(self, format: str, offset: int = 0, stride: int = 1) -> View:
        key = (format, offset, stride)
        known = self._views.get(key)
        if known is None:
            count = extent(self._size, offset, WIDTHS[format], stride)
            made = _make_view(format, self._base + min(offset, _LARGEST_OFFSET), stride, count)
            known = self._views.setdefault(key, made)
        return known

    def resize(self, size: int) -> None:
        self._size = size
        for (format, offset, stride), view in self._views.items():
            _Word.from_address(id(view) + _SHAPE_AT).value = extent(size, offset, WIDTHS[format], stride)

    def rebase(self, buffer: Buffer, size: int) -> None:
        self._base = _address_of(buffer)
        for (_, offset, _), view in self._views.items():
            # The first field of the Py_buffer.
            _Word.from_address(id(view) + _BUFFER_AT).value = self._base + min(offset, _LARGEST_OFFSET)
        self.resize(size)


def _make_view(format: str, address: int, stride: int, count: int) -> memoryview[Any]:
    """A memoryview of ``count`` items, ``stride`` bytes apart."""
    from_buffer, constants = _handles()
    width = WIDTHS[format]
    description = bytearray(_BUFFER_SIZE + _WORD_SIZE)
    start = _address_of(description)
    # The length is only for whole-view operations, which nobody does. One dimension, no owner, no suboffsets.
    _fill(
        description,
        0,
        *(address & _ADDRESSES, 0, count * width, width, 0, 1),
        *(constants + _FORMATS_AT[format], start + _BUFFER_SIZE, constants + _STRIDES_AT[stride], 0, 0, count),
    )
    return from_buffer(start)


def _handles() -> tuple[Callable[[int], memoryview[Any]], int]:
    """The C API's function, and the address of the constants; found once."""
    global _found_handles
    if _found_handles is None:
        library: Any = _Library()
        _found_handles = _FromBuffer(("PyMemoryView_FromBuffer", library)), _address_of(_CONSTANTS)
    return _found_handles


_found_handles: tuple[Callable[[int], memoryview[Any]], int] | None = None


class _Library:
    """What ``_ctypes`` takes for a loaded library: here, the one that the interpreter's C API is in."""

    def __init__(self) -> None:
        # POSIX: the process with all that it has loaded. Typeshed wants a name, and knows no Windows here.
        open_library: Any = getattr(_ctypes, "dlopen", None)
        self._handle: int = getattr(sys, "dllhandle", None) or open_library(None, 0)


def _address_of(buffer: Buffer) -> int:
    return _ctypes.addressof(_Byte.from_buffer(buffer))


class PlainView:
    """The same by ``struct``: as slow as Python code is, and independent of the interpreter."""

    __slots__ = ("_extent", "_offset", "_pack", "_stride", "_unpack", "buffer", "width")

    def __init__(self, format: str, buffer: Buffer, offset: int, stride: int, size: int) -> None:
        packer = struct.Struct("<" + format)
        self._pack = packer.pack_into
        self._unpack = packer.unpack_from
        self.width = packer.size
        self._offset = offset
        self._stride = stride
        self.buffer = buffer
        self.resize(size)

    def resize(self, size: int) -> None:
        """Makes ``size`` bytes of the buffer accessible."""
        self._extent = extent(size, self._offset, self.width, self._stride)

    def __len__(self) -> int:
        return self._extent

    def __getitem__(self, index: int | slice, /) -> Any:
        if isinstance(index, slice):
            return map(self.__getitem__, range(*index.indices(self._extent)))
        if not 0 <= index < self._extent:
            raise IndexError(_OUT_OF_BOUNDS)
        return self._unpack(self.buffer, self._offset + index * self._stride)[0]

    def __setitem__(self, index: int, value: Any, /) -> None:
        if not 0 <= index < self._extent:
            raise IndexError(_OUT_OF_BOUNDS)
        try:
            self._pack(self.buffer, self._offset + index * self._stride, value)
        except OverflowError:
            # A double beyond the range of a single: C converts it to infinity, struct refuses.
            self._pack(self.buffer, self._offset + index * self._stride, float("inf") if value > 0 else float("-inf"))
        except struct.error as error:
            raise ValueError(str(error)) from None


class PlainViews:
    """Views in Python, for interpreters where the native ones do not work."""

    def __init__(self, buffer: Buffer, size: int) -> None:
        self._buffer = buffer
        self._size = size
        self._views: dict[tuple[str, int, int], PlainView] = {}

    def strided(self, format: str, offset: int = 0, stride: int = 1) -> View:
        key = (format, offset, stride)
        known = self._views.get(key)
        if known is None:
            known = self._views[key] = PlainView(format, self._buffer, offset, stride, self._size)
        return known

    def resize(self, size: int) -> None:
        self._size = size
        for view in self._views.values():
            view.resize(size)

    def rebase(self, buffer: Buffer, size: int) -> None:
        self._buffer = buffer
        for view in self._views.values():
            view.buffer = buffer
        self.resize(size)


def _self_test() -> bool:
    """Makes a view, looks into it, moves and resizes it; anything unexpected means no."""
    if _ctypes is None or sys.implementation.name != "cpython" or sys.byteorder != "little":
        return False
    try:
        first, second = bytearray(range(32)), bytearray(range(100, 132))
        views = NativeViews(first, 16)
        view = views.strided("I", 3)
        fields = id(view) + _BUFFER_AT
        # Read what lies where the layout says, before anything is written there.
        places = fields, fields + _ITEMSIZE_AT, fields + _SHAPE_POINTER_AT, id(view) + _SHAPE_AT
        expected = [_address_of(first) + 3, 4, id(view) + _SHAPE_AT, 10]
        if [_Word.from_address(place).value for place in places] != expected or not _behaves(view, first, 3, 16):
            return False
        views.resize(20)
        if not _behaves(view, first, 3, 20):
            return False
        views.rebase(second, 20)
        if not _behaves(view, second, 3, 20):
            return False
        views.resize(0)
        return _behaves(view, second, 3, 0)
    except (AttributeError, IndexError, SystemError, TypeError, ValueError):
        return False


def _behaves(view: View, memory: bytearray, offset: int, size: int) -> bool:
    """Whether the view reads and writes each u32 of ``memory`` from ``offset`` up to ``size``, and nothing beyond."""
    for address in range(extent(size, offset, 4)):
        place = slice(offset + address, offset + address + 4)
        if view[address] != int.from_bytes(memory[place], "little"):
            return False
        view[address] = view[address] ^ 0xFFFF_FFFF
        if view[address] != int.from_bytes(memory[place], "little"):
            return False
    for address in (extent(size, offset, 4), size, 1 << 40, 1 << 70):
        try:
            view[address]
        except IndexError:
            continue
        return False
    return True
