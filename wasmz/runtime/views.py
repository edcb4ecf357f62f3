"""Byte-strided typed views of a linear memory: any load or store is one subscript, bounds check included.

    views = make_views(buffer, size)       size bytes of a writable buffer are accessible
    word = views.strided("I", 16)          word[a] is the little-endian u32 at byte a + 16, aligned or not
    item = views.strided("I", 16, 4)       item[i] is the little-endian u32 at byte 4 * i + 16
    views.resize(new_size)                 the same view objects see the new extent

A view is a ``memoryview`` whose items are wider than its stride of one byte. Only the C API makes such a thing
(``PyMemoryView_FromBuffer``, reached through ctypes). Its shape and base address live inside the memoryview object and
are changed in place, so a view keeps its identity for the life of the memory. A self-test at first use proves the
object's layout; where it fails, or ctypes is missing, :class:`PlainViews` does the same in Python.

The native views hold no reference to the memory and must never be handed to users.
"""

from __future__ import annotations

import os
import struct
import sys

try:
    import ctypes
except ImportError:  # pragma: no cover - interpreters built without libffi
    ctypes = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    """What generated code does with a view."""

    def __getitem__(self, index: int, /) -> Any: ...

    def __setitem__(self, index: int, value: Any, /) -> None: ...


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


if ctypes is not None:

    class PyBuffer(ctypes.Structure):
        """CPython's ``Py_buffer``."""

        _fields_ = (
            ("buf", ctypes.c_void_p),
            ("obj", ctypes.c_void_p),
            ("len", ctypes.c_ssize_t),
            ("itemsize", ctypes.c_ssize_t),
            ("readonly", ctypes.c_int),
            ("ndim", ctypes.c_int),
            ("format", ctypes.c_void_p),
            ("shape", ctypes.c_void_p),
            ("strides", ctypes.c_void_p),
            ("suboffsets", ctypes.c_void_p),
            ("internal", ctypes.c_void_p),
        )

    class _Description(ctypes.Structure):
        """A ``Py_buffer`` with the shape that it points to, which memoryviews copy."""

        _fields_ = (("buffer", PyBuffer), ("shape", ctypes.c_ssize_t))

    _fill = struct.Struct("PPnniiPPPPPn").pack_into
    _SHAPE_IN_DESCRIPTION = ctypes.sizeof(PyBuffer)
    # A memoryview keeps the pointer to its format, so these live for ever.
    _FORMATS = {letter: ctypes.create_string_buffer(letter.encode()) for letter in WIDTHS}
    _FORMAT_ADDRESSES = {letter: ctypes.addressof(text) for letter, text in _FORMATS.items()}
    # Memoryviews copy their strides.
    _STRIDES = {stride: ctypes.c_ssize_t(stride) for stride in (1, 2, 4, 8, 16)}
    _STRIDE_ADDRESSES = {stride: ctypes.addressof(value) for stride, value in _STRIDES.items()}
    _PYBUF_FULL_RO = 0x011C


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
        place = _places()[0]
        for (format, offset, stride), view in self._views.items():
            ctypes.c_ssize_t.from_address(id(view) + place).value = extent(size, offset, WIDTHS[format], stride)

    def rebase(self, buffer: Buffer, size: int) -> None:
        self._base = _address_of(buffer)
        place = _places()[1]
        for (_, offset, _), view in self._views.items():
            PyBuffer.from_address(id(view) + place).buf = self._base + min(offset, _LARGEST_OFFSET)
        self.resize(size)


def _make_view(format: str, address: int, stride: int, count: int) -> memoryview[Any]:
    """A memoryview of ``count`` items, ``stride`` bytes apart."""
    width = WIDTHS[format]
    description = _Description()
    start = ctypes.addressof(description)
    # The length is only for whole-view operations, which nobody does. One dimension, no owner, no suboffsets.
    _fill(
        description,
        0,
        *(address & _ADDRESSES, 0, count * width, width, 0, 1),
        *(_FORMAT_ADDRESSES[format], start + _SHAPE_IN_DESCRIPTION, _STRIDE_ADDRESSES[stride], 0, 0, count),
    )
    view: memoryview[Any] = _from_buffer()(start)
    return view


def _from_buffer() -> Any:
    """``PyMemoryView_FromBuffer``, through a handle of our own so that no one else's prototype is changed."""
    global _from_buffer_function
    if _from_buffer_function is None:
        prototype = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p)
        _from_buffer_function = prototype(("PyMemoryView_FromBuffer", ctypes.pythonapi))
    return _from_buffer_function


_from_buffer_function: Any = None


def _places() -> tuple[int, int]:
    """Where in a memoryview object its shape and its ``Py_buffer`` are, in bytes from the object's start."""
    global _found_places
    if _found_places is None:
        view = _make_view("B", ctypes.addressof(_FORMATS["B"]), 1, 1)
        exported = PyBuffer()
        if ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(exported), _PYBUF_FULL_RO):
            raise SystemError("a memoryview gave no buffer")
        # The shape array ends the memoryview object; before it come the Py_buffer and the list of weak references.
        shape = exported.shape - id(view)
        _found_places = shape, shape - ctypes.sizeof(ctypes.c_void_p) - ctypes.sizeof(PyBuffer)
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(exported))
    return _found_places


_found_places: tuple[int, int] | None = None


def _address_of(buffer: Buffer) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


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

    def __getitem__(self, index: int, /) -> Any:
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
    if ctypes is None or sys.implementation.name != "cpython" or sys.byteorder != "little":
        return False
    if getattr(ctypes, "pythonapi", None) is None:
        return False
    try:
        first, second = bytearray(range(32)), bytearray(range(100, 132))
        views = NativeViews(first, 16)
        view = views.strided("I", 3)
        shape, fields_place = _places()
        fields = PyBuffer.from_address(id(view) + fields_place)
        # Read what lies where the layout says, before anything is written there.
        expected = (_address_of(first) + 3, 4, 1, id(view) + shape)
        if (fields.buf, fields.itemsize, fields.ndim, fields.shape) != expected:
            return False
        if ctypes.c_ssize_t.from_address(id(view) + shape).value != 10 or not _behaves(view, first, 3, 16):
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
