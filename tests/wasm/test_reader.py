"""LEB128 numbers and names, against their definition in the specification (sections 5.2.2 and 5.2.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wasm.encode import name, signed, unsigned
from wasmz.errors import InvalidWasm
from wasmz.wasm.reader import Reader, read_s32, read_s33, read_s64, read_u32, read_u64

UNSIGNED = {32: read_u32, 64: read_u64}
SIGNED = {32: read_s32, 33: read_s33, 64: read_s64}


def _pad(encoded: bytes, length: int, fill: int) -> bytes:
    """The same number in ``length`` bytes."""
    missing = length - len(encoded)
    if missing <= 0:
        return encoded
    return encoded[:-1] + bytes([encoded[-1] | 0x80]) + bytes([fill | 0x80]) * (missing - 1) + bytes([fill])


@pytest.mark.parametrize("bits", UNSIGNED)
@given(data=st.data())
def test_unsigned_numbers(bits: int, data: st.DataObject) -> None:
    value = data.draw(st.integers(0, 2**bits - 1))
    length = data.draw(st.integers(1, -(-bits // 7)))
    encoded = _pad(unsigned(value), length, 0)
    assert UNSIGNED[bits](b"?" + encoded + b"\xff", 1, len(encoded) + 2) == (value, 1 + len(encoded))
    assert UNSIGNED[bits](encoded, 0, len(encoded)) == (value, len(encoded))


@pytest.mark.parametrize("bits", SIGNED)
@given(data=st.data())
def test_signed_numbers(bits: int, data: st.DataObject) -> None:
    value = data.draw(st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    length = data.draw(st.integers(1, -(-bits // 7)))
    encoded = _pad(signed(value), length, 0x7F if value < 0 else 0)
    assert SIGNED[bits](b"?" + encoded + b"\xff", 1, len(encoded) + 2) == (value, 1 + len(encoded))


@pytest.mark.parametrize("bits", UNSIGNED)
@given(data=st.data())
def test_unsigned_numbers_that_are_too_large(bits: int, data: st.DataObject) -> None:
    longest = -(-bits // 7)
    value = data.draw(st.integers(2**bits, 2 ** (7 * longest) - 1))
    with pytest.raises(InvalidWasm, match="^integer too large"):
        UNSIGNED[bits](unsigned(value), 0, longest)


@pytest.mark.parametrize("bits", SIGNED)
@given(data=st.data())
def test_signed_numbers_that_are_too_large(bits: int, data: st.DataObject) -> None:
    longest = -(-bits // 7)
    value = data.draw(st.integers(2 ** (bits - 1), 2 ** (7 * longest - 1) - 1))
    for number in (value, -value - 1):
        with pytest.raises(InvalidWasm, match="^integer too large"):
            SIGNED[bits](signed(number), 0, longest)


@pytest.mark.parametrize(
    ("read", "bits"), [*((f, n) for n, f in UNSIGNED.items()), *((f, n) for n, f in SIGNED.items())]
)
def test_numbers_that_are_too_long_or_cut_off(read, bits: int) -> None:
    longest = -(-bits // 7)
    with pytest.raises(InvalidWasm, match="^integer representation too long"):
        read(b"\x80" * longest + b"\x00", 0, longest + 1)
    for length in range(longest):
        with pytest.raises(InvalidWasm, match="^unexpected end") as caught:
            read(b"\x80" * length + b"\x00", 0, length)
        assert caught.value.offset == length


@given(st.text())
def test_names(text: str) -> None:
    encoded = name(text)
    assert Reader(encoded, 0, len(encoded)).name() == text


@pytest.mark.parametrize(
    "content", [b"\x80", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"ab\xff", b"\xf8\x88\x80\x80\x80"]
)
def test_names_that_are_not_utf8(content: bytes) -> None:
    encoded = bytes([len(content)]) + content
    with pytest.raises(InvalidWasm, match="^malformed UTF-8 encoding"):
        Reader(encoded, 0, len(encoded)).name()


def test_a_name_longer_than_what_is_left() -> None:
    with pytest.raises(InvalidWasm, match="^length out of bounds"):
        Reader(b"\x05abcd", 0, 5).name()


def test_reader_fast_path_respects_its_end() -> None:
    with pytest.raises(InvalidWasm, match="^unexpected end"):
        Reader(b"\x05", 0, 0).u32()
    with pytest.raises(InvalidWasm, match="^unexpected end"):
        Reader(b"\x05", 0, 0).byte()
