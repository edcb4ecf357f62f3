"""Byte-strided views: both kinds, against the struct module."""

from __future__ import annotations

import mmap
import pickle
import struct
import weakref
from typing import Any

import pytest

from wasmz.runtime.memory import views
from wasmz.runtime.memory.views import WIDTHS, NativeViews, PlainViews, apply, native_views_work

KINDS = [pytest.param(NativeViews, id="native"), pytest.param(PlainViews, id="plain")]
SIZE = 48


class Made:
    """Views of a buffer, as a memory changes them."""

    def __init__(self, kind: Any, buffer: Any, size: int) -> None:
        self.views = kind(memoryview(buffer), size)
        self.size = size

    def strided(self, format: str, offset: int = 0, stride: int = 1) -> Any:
        key = (format, offset, stride)
        if key not in self.views.known:
            apply(self.views.make(*key, self.size)[1])
        return self.views.known[key]

    def resize(self, size: int) -> None:
        self.size = size
        apply(self.views.changes(None, size))

    def rebase(self, buffer: Any, size: int) -> None:
        self.size = size
        apply(self.views.changes(memoryview(buffer), size))
        self.views.drop_left()


SAMPLES: dict[str, list[Any]] = {
    "B": [0, 255, 0x80],
    "b": [0, -128, 127, -1],
    "H": [0, 0xFFFF, 0x1234],
    "h": [0, -0x8000, 0x7FFF, -2],
    "I": [0, 0xFFFF_FFFF, 0x1234_5678],
    "i": [0, -0x8000_0000, 0x7FFF_FFFF, -3],
    "Q": [0, 0xFFFF_FFFF_FFFF_FFFF, 0x0123_4567_89AB_CDEF],
    "q": [0, -0x8000_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, -4],
    "f": [0.0, -0.0, 1.5, float("inf")],
    "d": [0.0, -0.0, 0.1, float("-inf")],
}


def test_native_views_work_here() -> None:
    assert native_views_work()


def test_environment_forces_plain_views(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMZ_PLAIN_VIEWS", "1")
    assert isinstance(views.make_views(memoryview(bytearray(8)), 8), PlainViews)
    monkeypatch.setenv("WASMZ_PLAIN_VIEWS", "0")
    assert isinstance(views.make_views(memoryview(bytearray(8)), 8), NativeViews)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format", WIDTHS)
@pytest.mark.parametrize("offset", [0, 1, 3, 8, 41])
def test_every_address(kind: Any, format: str, offset: int) -> None:
    """Every alignment, up to the last address and not one further."""
    buffer = bytearray(SIZE + 16)
    view = Made(kind, buffer, SIZE).strided(format, offset)
    width = WIDTHS[format]
    for address in range(SIZE - offset - width + 1):
        for value in SAMPLES[format]:
            view[address] = value
            assert struct.pack("<" + format, value) == buffer[offset + address : offset + address + width]
            assert struct.pack("<" + format, view[address]) == struct.pack("<" + format, value)
    past_end = max(0, SIZE - offset - width + 1)
    for address in (past_end, past_end + 1, SIZE, 0xFFFF_FFFF, 1 << 63, 1 << 80):
        with pytest.raises(IndexError, match="index out of bounds|cannot fit"):
            view[address]
        with pytest.raises(IndexError, match="index out of bounds|cannot fit"):
            view[address] = SAMPLES[format][0]
    assert buffer[SIZE:] == bytes(16)


@pytest.mark.parametrize("kind", KINDS)
def test_identity_and_extent_across_growth(kind: Any) -> None:
    buffer = bytearray(64)
    made = Made(kind, buffer, 0)
    view = made.strided("I", 2)
    with pytest.raises(IndexError):
        view[0]
    made.resize(5)
    with pytest.raises(IndexError):
        view[0]
    made.resize(6)
    view[0] = 0xAABB_CCDD
    assert made.strided("I", 2) is view
    assert buffer[2:6] == b"\xdd\xcc\xbb\xaa"
    made.resize(64)
    view[58] = 1
    with pytest.raises(IndexError):
        view[59]


@pytest.mark.parametrize("kind", KINDS)
def test_moving_to_another_buffer(kind: Any) -> None:
    first, second = bytearray(b"a" * 16), bytearray(b"b" * 32)
    made = Made(kind, first, 16)
    byte, word = made.strided("B"), made.strided("H", 3)
    made.rebase(second, 32)
    assert byte[31] == ord("b")
    word[27] = 0x3130
    assert second[30:] == b"01"
    assert first == b"a" * 16
    assert made.strided("B") is byte


@pytest.mark.parametrize("kind", KINDS)
def test_offsets_beyond_any_memory(kind: Any) -> None:
    buffer = bytearray(16)
    view = Made(kind, buffer, 16).strided("B", 0xFFFF_FFFF)
    with pytest.raises(IndexError):
        view[0]


@pytest.mark.parametrize("kind", KINDS)
def test_large_doubles_become_infinite_singles(kind: Any) -> None:
    buffer = bytearray(8)
    view = Made(kind, buffer, 8).strided("f")
    view[0] = 1e300
    assert view[0] == float("inf")
    view[0] = -1e300
    assert view[0] == float("-inf")


def test_views_keep_their_buffer() -> None:
    mapping = mmap.mmap(-1, 1 << 16)
    view = Made(NativeViews, mapping, 1 << 16).strided("Q", 1)
    view[0] = 1 << 60
    assert mapping[8] == 0x10
    with pytest.raises(BufferError):
        mapping.close()
    del view
    mapping.close()


class Bytes(bytearray):
    """Has weak references."""


def test_a_buffer_that_was_left_lives_as_long_as_slices_of_it() -> None:
    first, second = Bytes(b"a" * 16), Bytes(b"b" * 16)
    gone = weakref.ref(first)
    made = Made(NativeViews, first, 16)
    view = made.strided("H", 0)
    iterator = iter(view[0:8:2])
    del first
    made.rebase(second, 16)
    assert (view[0], gone() is None) == (0x6262, False)
    assert next(iterator) == 0x6161
    shared = memoryview(view)
    assert list(iterator) == [0x6161] * 3
    del iterator
    made.rebase(Bytes(b"c" * 16), 16)
    assert gone() is not None  # whoever has the view itself counts, too
    shared.release()
    address = pickle.PickleBuffer(view)
    made.rebase(Bytes(b"d" * 16), 16)
    assert gone() is not None  # and who has but its address
    address.release()
    made.rebase(Bytes(b"d" * 16), 16)
    assert gone() is None
    assert view[0] == 0x6464


def test_views_of_one_kind_are_slices_of_a_common_one() -> None:
    """Whichever of them has slices, or was just made: a buffer that was left stays while there is one."""
    first = Bytes(range(16))
    gone = weakref.ref(first)
    made = Made(NativeViews, first, 16)
    views = [made.strided("B", offset) for offset in (0, 3, 8)] + [made.strided("B", 0, 4), made.strided("H", 1)]
    assert [view[1] for view in views] == [1, 4, 9, 4, 0x0302]
    part = views[1][2:5]
    del first
    made.rebase(Bytes(range(100, 120)), 20)
    assert gone() is not None and part[0] == 5
    del part
    unknown = made.views.make("B", 5, 1, 20)[0]
    made.views.drop_left()
    assert gone() is not None and unknown[0] == 105
    del unknown
    made.views.drop_left()
    assert gone() is None
    assert [view[1] for view in views] == [101, 104, 109, 104, 0x6766]
    made.resize(9)
    assert [len(view) for view in views] == [9, 6, 1, 3, 7]


@pytest.mark.parametrize("kind", KINDS)
def test_several_steps_are_all_or_nothing_before_the_first(kind: Any) -> None:
    made = Made(kind, bytearray(16), 16)
    view = made.strided("B")
    turn: list[None] = []
    with pytest.raises(IndexError):
        apply([(turn.pop,), *made.views.changes(None, 0)])
    assert len(view) == 16


def test_whole_views_have_no_bytes() -> None:
    """What copies a view as a whole believes its length, which is not that of its items."""
    view = Made(NativeViews, bytearray(b"a" * 16), 16).strided("B")
    assert (len(view), view.nbytes, bytes(view), view.tobytes()) == (16, 0, b"", b"")


def test_self_test_notices_an_unexpected_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    word = struct.calcsize("P")
    for name in ("_BUFFER_AT", "_SHAPE_AT", "_MANAGED_AT", "_USERS_AT", "_OWNER_AT"):
        error = -word if name == "_SHAPE_AT" else word
        with monkeypatch.context() as changed:
            changed.setattr(views, name, getattr(views, name) + error)
            assert not views._self_test()
    assert views._self_test()
