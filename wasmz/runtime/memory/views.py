"""Byte-strided typed views of a linear memory: any load or store is one subscript, which includes the bounds check.

    views = make_views(memoryview(buffer), size)        size bytes of a writable buffer are accessible
    word, steps = views.make("I", 16); apply(steps)     word[a] is the little-endian u32 at byte a + 16, aligned or not
    item, steps = views.make("I", 16, 4); apply(steps)  item[i] is the little-endian u32 at byte 4 * i + 16
    apply(views.changes(None, new_size))                the same view objects see the new extent

A view is a ``memoryview`` whose items are wider than its stride of one byte. Only the C API makes these
(``PyMemoryView_FromBuffer``). Shape and base address are inside the memoryview object and are changed in place, so a
view stays the same object for the life of the memory. A self-test at first use verifies the object's layout. If it
fails, or the C API is not available, :class:`PlainViews` does the same in Python.

The C API is called through ``_ctypes``, the extension module below ``ctypes``, which declares thirty classes that are
not needed here; importing it takes a tenth of a small program's start.

What makes this safe:

* Every change is a list of steps, each a call of a C function. :func:`apply` does all of them in one call from Python,
  during which no other thread, signal handler or finaliser runs: every reader sees all views before or after the
  change.
* A view, and everything made from it (slices, iterators, numpy arrays), keeps the buffers alive that it may point to.
  An old buffer is freed when only the views themselves could still point to it (:meth:`NativeViews.drop_left`).
* Operations that use a view as a whole, not by items, see a length of 0 bytes.
* Without a GIL there are only plain views.
"""

from __future__ import annotations

import _struct as struct  # what there is in struct, without that file
import gc
import os
import sys
from _operator import call, setitem
from itertools import starmap

try:
    import _ctypes
except ImportError:  # pragma: no cover - interpreters built without libffi
    _ctypes = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Protocol

    # A C function that returns ``None``, and its arguments.
    Step = tuple[Any, ...]
else:
    Protocol = object

# Typeshed does not declare it here.
StructError: type[Exception] = struct.error  # type: ignore[attr-defined]

# Frames of this module do not decide where an exception comes from, see translation.py.
__wasmz_frame__ = "helper"

# Formats of the struct module and their widths in bytes.
WIDTHS = {"B": 1, "b": 1, "H": 2, "h": 2, "I": 4, "i": 4, "Q": 8, "q": 8, "f": 4, "d": 8}

# No memory is as large: views from there on are always empty. (Offsets have up to 64 bits, as pointers do.)
_LARGEST_OFFSET = 1 << 48
_ADDRESSES = (1 << 8 * struct.calcsize("P")) - 1

_FORCE_PLAIN = "WASMZ_PLAIN_VIEWS"
_OUT_OF_BOUNDS = "index out of bounds on dimension 1"


class View(Protocol):
    """What generated code does with a view. Iterating over a slice reads each item when it is reached."""

    def __getitem__(self, index: int | slice, /) -> Any: ...

    def __setitem__(self, index: int, value: Any, /) -> None: ...

    def __len__(self) -> int: ...


class Views(Protocol):
    """The views of one memory.

    Attributes:
        known: the views that were made, by (format, offset, stride).
    """

    known: dict[tuple[str, int, int], Any]

    def make(self, format: str, offset: int, stride: int, size: int) -> tuple[View, list[Step]]:
        """A view with the given struct format that starts at ``offset`` and has items ``stride`` bytes apart.

        ``size`` bytes are accessible. The steps add it to the memory's views.
        """

    def changes(self, buffer: memoryview | None, size: int) -> list[Step]:
        """The steps that make exactly ``size`` bytes accessible through all views; in a new buffer, if one is given.

        The buffer must be at least that long.
        """

    def drop_left(self) -> None:
        """Frees old buffers if nothing can point there any more."""


def apply(steps: Iterable[Step]) -> None:
    """Does all steps at once: they call C functions that return ``None``, so no Python code runs in between.

    If a step raises, those after it are not done.
    """
    any(starmap(call, steps))


def make_views(buffer: memoryview, size: int) -> Views:
    """Views of the first ``size`` bytes of ``buffer``, native ones if this interpreter allows them."""
    return NativeViews(buffer, size) if native_views_work() else PlainViews(buffer, size)


def native_views_work() -> bool:
    """Whether views can be real memoryviews here; found by a self-test, once. ``WASMZ_PLAIN_VIEWS=1`` forbids them."""
    global _native_works
    if os.environ.get(_FORCE_PLAIN, "0") not in ("", "0"):
        return False
    if _native_works is None:
        _native_works = _self_test()
    return _native_works


_native_works: bool | None = None


def extent(size: int, offset: int, width: int, stride: int = 1) -> int:
    """How many indices are in bounds of ``size`` bytes, for ``width`` bytes at ``offset + stride * index``."""
    return max(0, (size - offset - width) // stride + 1)


if _ctypes is not None:

    class _Byte(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "B"

    class _Word(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "P"

    class _Object(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "O"

    class _FromBuffer(_ctypes.CFuncPtr):
        """``PyMemoryView_FromBuffer``: takes the address of a ``Py_buffer``, returns a memoryview."""

        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_PYTHONAPI
        _argtypes_ = (_Word,)
        _restype_ = _Object

    class _AddReference(_ctypes.CFuncPtr):
        """``Py_IncRef``."""

        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_PYTHONAPI
        _argtypes_ = (_Object,)
        _restype_ = None


# CPython's Py_buffer, followed here by the shape that it points to, which memoryviews copy:
# buf, obj, len, itemsize, readonly, ndim, format, shape, strides, suboffsets, internal; shape[0].
_fill = struct.Struct("PPnniiPPPPPn").pack_into
_WORD_SIZE = struct.calcsize("P")
_BUFFER_SIZE = struct.calcsize("PPnniiPPPPP")
_ITEMSIZE_AT = struct.calcsize("PPn")
_SHAPE_POINTER_AT = struct.calcsize("PPnniiP")

# Where a memoryview object has its shape and its Py_buffer, in bytes from the object's start: the object ends with an
# array, whose first item is the shape; before it are the Py_buffer and the list of weak references.
_SHAPE_AT = memoryview.__basicsize__
_BUFFER_AT = _SHAPE_AT - _WORD_SIZE - _BUFFER_SIZE
# Before that: the managed buffer, shared with slices; a hash; flags; and the number of users of its Py_buffer.
_MANAGED_AT = _BUFFER_AT - 4 * _WORD_SIZE
_USERS_AT = _BUFFER_AT - _WORD_SIZE
# The managed buffer: flags, the number of memoryviews, and a Py_buffer whose owner may be set here.
_MEMORYVIEWS_AT = object.__basicsize__ + _WORD_SIZE
_MASTER_AT = _MEMORYVIEWS_AT + _WORD_SIZE
_OWNER_AT = _MASTER_AT + _WORD_SIZE
# The same offsets in words.
_SHAPE_WORD, _BASE_WORD, _MANAGED_WORD, _USERS_WORD, _MEMORYVIEWS_WORD = (
    at // _WORD_SIZE for at in (_SHAPE_AT, _BUFFER_AT, _MANAGED_AT, _USERS_AT, _MEMORYVIEWS_AT)
)

# Memoryviews keep the pointer to their format, so these strings must live for ever; strides are copied.
_STRIDES = (1, 2, 4, 8, 16)
_LETTERS = (*WIDTHS, "N")
_CONSTANTS = bytearray(struct.pack(f"{len(_STRIDES)}n", *_STRIDES) + "\0".join(_LETTERS).encode() + b"\0")
_STRIDES_AT = {stride: place * _WORD_SIZE for place, stride in enumerate(_STRIDES)}
_FORMATS_AT = {letter: len(_STRIDES) * _WORD_SIZE + 2 * place for place, letter in enumerate(_LETTERS)}


class NativeViews:
    """Views that are memoryviews; each is made at its first use (in less than a microsecond).

    The C API makes the first view of each format and stride, which is never used itself. The others are slices of it,
    whose base address and shape are then set.
    """

    def __init__(self, buffer: memoryview, size: int) -> None:
        self.known: dict[tuple[str, int, int], Any] = {}
        # Buffers that views may point to, by id. All views own this dictionary.
        self._buffers = {id(buffer): buffer}
        self._buffer = buffer
        self._base = _address_of(buffer)
        # By format and stride: the views that the others are slices of.
        self._roots: dict[tuple[str, int], Any] = {}
        self._words = _all_words()

    def make(self, format: str, offset: int, stride: int, size: int) -> tuple[View, list[Step]]:
        root = self._roots.get((format, stride))
        if root is None:
            root = _make_view(format, WIDTHS[format], self._base, stride, 0)
            _set_owner(root, self._buffers)
            root = self._roots.setdefault((format, stride), root)
        words = self._words
        made = root[:]
        place = id(made) // _WORD_SIZE
        # Nothing else refers to it yet.
        words[place + _BASE_WORD] = self._base + min(offset, _LARGEST_OFFSET) & _ADDRESSES
        words[place + _SHAPE_WORD] = extent(size, offset, WIDTHS[format], stride)
        return made, [(setitem, self.known, (format, offset, stride), made)]

    def changes(self, buffer: memoryview | None, size: int) -> list[Step]:
        steps: list[Step] = []
        base = self._base
        if buffer is not None:
            base = _address_of(buffer)
            steps += (
                (setitem, self._buffers, id(buffer), buffer),
                (setattr, self, "_buffer", buffer),
                (setattr, self, "_base", base),
            )
        words = self._words
        for (format, offset, stride), view in self.known.copy().items():
            place = id(view) // _WORD_SIZE
            if buffer is not None:
                address = base + min(offset, _LARGEST_OFFSET) & _ADDRESSES
                steps.append((setitem, words, place + _BASE_WORD, address))
            steps.append((setitem, words, place + _SHAPE_WORD, extent(size, offset, WIDTHS[format], stride)))
        return steps

    def drop_left(self) -> None:
        # A buffer that was left gets no new slices and is never used again, so this need not happen at once; but the
        # dictionary must hold the buffers until the end, so that no other gets the same id.
        left = [buffer for buffer in self._buffers.copy().values() if buffer is not self._buffer]
        if left and not self._are_shared():
            for buffer in left:
                self._buffers.pop(id(buffer), None)

    def _are_shared(self) -> bool:
        """Whether a view has slices, or its address is used by others; also true while a view is being made."""
        words = self._words
        counts: dict[tuple[str, int], int] = {}
        for (format, _, stride), view in self.known.copy().items():
            if words[id(view) // _WORD_SIZE + _USERS_WORD]:
                return True
            counts[format, stride] = counts.get((format, stride), 1) + 1
        return any(
            words[id(root) // _WORD_SIZE + _USERS_WORD]
            or words[words[id(root) // _WORD_SIZE + _MANAGED_WORD] // _WORD_SIZE + _MEMORYVIEWS_WORD]
            != counts.get(key, 1)
            for key, root in self._roots.copy().items()
        )


def _make_view(format: str, width: int, address: int, stride: int, count: int) -> memoryview[Any]:
    """A memoryview of ``count`` items of ``width`` bytes, ``stride`` bytes apart."""
    from_buffer, _, constants = _handles()
    description = bytearray(_BUFFER_SIZE + _WORD_SIZE)
    start = _address_of(description)
    # One dimension, no owner, no suboffsets. The length, 0, is what whole-view operations copy, whatever the shape.
    _fill(
        description,
        0,
        *(address & _ADDRESSES, 0, 0, width, 0, 1),
        *(constants + _FORMATS_AT[format], start + _BUFFER_SIZE, constants + _STRIDES_AT[stride], 0, 0, count),
    )
    return from_buffer(start)


def _set_owner(view: memoryview[Any], owner: dict[int, memoryview]) -> None:
    """Makes a view, and everything made from it, keep ``owner`` alive, which must not support the buffer protocol."""
    managed = _Word.from_address(id(view) + _MANAGED_AT).value
    # The reference that the managed buffer releases when it is freed.
    _handles()[1](owner)
    _Word.from_address(managed + _OWNER_AT).value = id(owner)


def _is_shared(view: memoryview[Any]) -> bool:
    """Whether slices of the view exist, or its address is used by others."""
    at = id(view)
    managed = _Word.from_address(at + _MANAGED_AT).value
    return bool(_Word.from_address(at + _USERS_AT).value) or _Word.from_address(managed + _MEMORYVIEWS_AT).value != 1


def _handles() -> tuple[Callable[[int], memoryview[Any]], Callable[[Any], None], int]:
    """The functions of the C API, and the address of the constants; found once."""
    global _found_handles
    if _found_handles is None:
        library: Any = _Library()
        _found_handles = (
            _FromBuffer(("PyMemoryView_FromBuffer", library)),
            _AddReference(("Py_IncRef", library)),
            _address_of(_CONSTANTS),
        )
    return _found_handles


_found_handles: tuple[Callable[[int], memoryview[Any]], Callable[[Any], None], int] | None = None


def _all_words() -> memoryview[int]:
    """The words of this process's address space: item ``i`` is the word at byte ``i`` times the size of a word."""
    global _found_words
    if _found_words is None:
        # A view cannot begin at 0, but a view made from it may.
        first = _make_view("N", _WORD_SIZE, _WORD_SIZE, _WORD_SIZE, (_ADDRESSES + 1) // _WORD_SIZE - 1)
        _Word.from_address(id(first) + _BUFFER_AT).value = 0
        _found_words = first
    return _found_words


_found_words: memoryview[int] | None = None


class _Library:
    """Stands for the loaded library that contains the interpreter's C API, as ``_ctypes`` expects it."""

    def __init__(self) -> None:
        # POSIX: the process with everything it has loaded. Typeshed requires a name, and ignores Windows here.
        open_library: Any = getattr(_ctypes, "dlopen", None)
        self._handle: int = getattr(sys, "dllhandle", None) or open_library(None, 0)


def _address_of(buffer: memoryview | bytearray) -> int:
    return _ctypes.addressof(_Byte.from_buffer(buffer))


class PlainView:
    """A view by ``struct``: works in any interpreter, at the speed of Python code."""

    __slots__ = ("_offset", "_pack", "_stride", "_unpack", "buffer", "extent", "width")

    def __init__(self, format: str, buffer: memoryview, offset: int, stride: int, size: int) -> None:
        packer = struct.Struct("<" + format)
        self._pack = packer.pack_into
        self._unpack = packer.unpack_from
        self.width: int = packer.size
        self._offset = offset
        self._stride = stride
        self.buffer: memoryview = buffer
        self.extent: int = extent(size, offset, packer.size, stride)

    def changes(self, buffer: memoryview | None, size: int) -> list[Step]:
        """The steps that make ``size`` bytes accessible, of its buffer or a new one."""
        steps: list[Step] = [(setattr, self, "extent", extent(size, self._offset, self.width, self._stride))]
        return steps if buffer is None else [(setattr, self, "buffer", buffer), *steps]

    def __len__(self) -> int:
        return self.extent

    def __getitem__(self, index: int | slice, /) -> Any:
        if isinstance(index, slice):
            return map(self.__getitem__, range(*index.indices(self.extent)))
        if not 0 <= index < self.extent:
            raise IndexError(_OUT_OF_BOUNDS)
        try:
            return self._unpack(self.buffer, self._offset + index * self._stride)[0]
        except StructError:
            # The memory was closed in between.
            raise IndexError(_OUT_OF_BOUNDS) from None

    def __setitem__(self, index: int, value: Any, /) -> None:
        if not 0 <= index < self.extent:
            raise IndexError(_OUT_OF_BOUNDS)
        buffer, place = self.buffer, self._offset + index * self._stride
        if place + self.width > len(buffer):
            # The memory was closed in between.
            raise IndexError(_OUT_OF_BOUNDS)
        try:
            self._pack(buffer, place, value)
        except OverflowError:
            # A double beyond the range of singles: C converts it to infinity, struct refuses.
            self._pack(buffer, place, float("inf") if value > 0 else float("-inf"))
        except StructError as error:
            raise ValueError(str(error)) from None


class PlainViews:
    """Views in Python, for interpreters where the native ones do not work."""

    def __init__(self, buffer: memoryview, size: int) -> None:
        self.known: dict[tuple[str, int, int], Any] = {}
        self._buffer = buffer

    def make(self, format: str, offset: int, stride: int, size: int) -> tuple[View, list[Step]]:
        made = PlainView(format, self._buffer, offset, stride, size)
        return made, [(setitem, self.known, (format, offset, stride), made)]

    def changes(self, buffer: memoryview | None, size: int) -> list[Step]:
        steps: list[Step] = [] if buffer is None else [(setattr, self, "_buffer", buffer)]
        for view in self.known.copy().values():
            steps += view.changes(buffer, size)
        return steps

    def drop_left(self) -> None:
        """Nothing to do: each view refers to its buffer."""


def _self_test() -> bool:
    """Makes, reads, moves and resizes a view; ``False`` if anything unexpected happens."""
    if _ctypes is None or sys.implementation.name != "cpython" or sys.byteorder != "little":
        return False
    if hasattr(sys, "_is_gil_enabled") and not sys._is_gil_enabled():
        return False
    try:
        first, second = bytearray(range(32)), bytearray(range(100, 132))
        if not _layout_is_known(first):
            return False
        views = NativeViews(memoryview(first), 16)
        view, steps = views.make("I", 3, 1, 16)
        apply(steps)
        if not _behaves(view, first, 3, 16):
            return False
        apply(views.changes(None, 20))
        if not _behaves(view, first, 3, 20):
            return False
        part: Any = view[1:3]
        apply(views.changes(memoryview(second), 20))
        views.drop_left()
        if (
            not _behaves(view, second, 3, 20)
            or len(views._buffers) != 2
            or part[0] != int.from_bytes(first[4:8], "little")
        ):
            return False
        del part
        views.drop_left()
        apply(views.changes(None, 0))
        return _behaves(view, second, 3, 0) and len(views._buffers) == 1
    except (AttributeError, IndexError, SystemError, TypeError, ValueError):
        return False


def _layout_is_known(buffer: bytearray) -> bool:
    """Whether everything lies where the constants above say; writes only what has been checked."""
    start = _address_of(buffer) + 3
    view = _make_view("I", 4, start, 1, 10)
    at = id(view)
    shared = view[2:]
    managed = _Word.from_address(at + _MANAGED_AT).value
    places: dict[int, int | None] = {
        at + _BUFFER_AT: start,
        at + _BUFFER_AT + _ITEMSIZE_AT: 4,
        at + _BUFFER_AT + _SHAPE_POINTER_AT: at + _SHAPE_AT,
        at + _SHAPE_AT: 10,
        id(shared) + _MANAGED_AT: managed,
    }
    # The slice has the same managed buffer: it really is one, and counts two memoryviews.
    if [id(item) for item in gc.get_referents(view)] != [managed] or not _holds(places):
        return False
    if not _holds({managed + _MEMORYVIEWS_AT: 2, managed + _MASTER_AT: start, managed + _OWNER_AT: None}):
        return False
    del shared
    if _is_shared(view):
        return False
    with memoryview(view):
        if not _is_shared(view):
            return False
    owner: dict[int, memoryview] = {}
    count = sys.getrefcount(owner)
    _set_owner(view, owner)
    if sys.getrefcount(owner) != count + 1:
        return False
    view.release()
    return sys.getrefcount(owner) == count


def _holds(places: dict[int, int | None]) -> bool:
    """Whether the words at some addresses have the given values; 0 stands for ``None``."""
    return all(_Word.from_address(place).value == wanted for place, wanted in places.items())


def _behaves(view: View, memory: bytearray, offset: int, size: int) -> bool:
    """Whether the view reads and writes each u32 of ``memory`` from ``offset`` to ``size``, and nothing beyond."""
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
