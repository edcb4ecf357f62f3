"""Byte-strided views: both kinds, against the struct module."""

from __future__ import annotations

import mmap
import struct
from typing import Any

import pytest

from wasmz.runtime import views
from wasmz.runtime.views import WIDTHS, NativeViews, PlainViews, native_views_work

KINDS = [pytest.param(NativeViews, id="native"), pytest.param(PlainViews, id="plain")]
SIZE = 48

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
    assert isinstance(views.make_views(bytearray(8), 8), PlainViews)
    monkeypatch.setenv("WASMZ_PLAIN_VIEWS", "0")
    assert isinstance(views.make_views(bytearray(8), 8), NativeViews)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format", WIDTHS)
@pytest.mark.parametrize("offset", [0, 1, 3, 8, 41])
def test_every_address(kind: Any, format: str, offset: int) -> None:
    """Every alignment, up to the last address and not one further."""
    buffer = bytearray(SIZE + 16)
    view = kind(buffer, SIZE).strided(format, offset)
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
    made = kind(buffer, 0)
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
    made = kind(first, 16)
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
    view = kind(buffer, 16).strided("B", 0xFFFF_FFFF)
    with pytest.raises(IndexError):
        view[0]


@pytest.mark.parametrize("kind", KINDS)
def test_large_doubles_become_infinite_singles(kind: Any) -> None:
    buffer = bytearray(8)  # a native view does not keep it
    view = kind(buffer, 8).strided("f")
    view[0] = 1e300
    assert view[0] == float("inf")
    view[0] = -1e300
    assert view[0] == float("-inf")


def test_views_of_a_mapping() -> None:
    mapping = mmap.mmap(-1, 1 << 16)
    view = NativeViews(mapping, 1 << 16).strided("Q", 1)
    view[0] = 1 << 60
    assert mapping[8] == 0x10
    mapping.close()  # the views export no buffer


def test_self_test_notices_an_unexpected_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, wrong in (("_BUFFER_AT", views._BUFFER_AT + 8), ("_SHAPE_AT", views._SHAPE_AT - 8)):
        with monkeypatch.context() as changed:
            changed.setattr(views, name, wrong)
            assert not views._self_test()
    assert views._self_test()
