"""Reads numbers, names and positions: the leaves of the binary format (specification, sections 5.2.1-5.2.4).

    read_u32(b"\\xe5\\x8e\\x26", 0, 3) -> (624485, 3)
    Reader(data, 8, len(data)).name() -> "env"

No reader looks beyond ``end``. Errors are :class:`~wasmz.InvalidWasm` in the specification's words.
"""

from __future__ import annotations

from wasmz.errors import InvalidWasm
from wasmz.wasm.proposals import SUPPORTED_PROPOSALS, Proposal, require

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def read_u32(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """The unsigned LEB128 number of at most 32 bits at ``pos``, and the position after it."""
    return _read_unsigned(data, pos, end, 32)


def read_u64(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """The unsigned LEB128 number of at most 64 bits at ``pos``, and the position after it."""
    return _read_unsigned(data, pos, end, 64)


def read_s32(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """The signed LEB128 number of 32 bits at ``pos``, and the position after it."""
    return _read_signed(data, pos, end, 32)


def read_s33(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """The signed LEB128 number of 33 bits at ``pos`` (block and heap types), and the position after it."""
    return _read_signed(data, pos, end, 33)


def read_s64(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """The signed LEB128 number of 64 bits at ``pos``, and the position after it."""
    return _read_signed(data, pos, end, 64)


def _read_unsigned(data: bytes, pos: int, end: int, bits: int) -> tuple[int, int]:
    start = pos
    value = shift = 0
    while pos < end:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if value >> bits:
                raise InvalidWasm("integer too large", offset=start)
            return value, pos
        if shift >= bits:
            raise InvalidWasm("integer representation too long", offset=start)
    raise InvalidWasm("unexpected end of section or function", offset=end)


def _read_signed(data: bytes, pos: int, end: int, bits: int) -> tuple[int, int]:
    start = pos
    value = shift = 0
    while pos < end:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if byte & 0x40:
                value -= 1 << shift
            if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
                raise InvalidWasm("integer too large", offset=start)
            return value, pos
        if shift >= bits:
            raise InvalidWasm("integer representation too long", offset=start)
    raise InvalidWasm("unexpected end of section or function", offset=end)


class Reader:
    """A position in ``data`` that moves forward to ``end`` at most.

    Attributes:
        data: the whole module, so that positions are offsets in the file.
        pos: offset of the next byte.
        end: offset after the last byte that may be read.
        proposals: the proposals whose features are accepted.
    """

    __slots__ = ("data", "end", "pos", "proposals")

    def __init__(self, data: bytes, pos: int, end: int, proposals: frozenset[Proposal] = SUPPORTED_PROPOSALS) -> None:
        self.data: bytes = data
        self.pos: int = pos
        self.end: int = end
        self.proposals: frozenset[Proposal] = proposals

    def fail(self, reason: str, offset: int | None = None) -> NoReturn:
        """Raises :class:`~wasmz.InvalidWasm` for the current position, or for ``offset``."""
        raise InvalidWasm(reason, offset=self.pos if offset is None else offset)

    def require(self, proposal: Proposal, what: str, offset: int) -> None:
        """Raises :class:`~wasmz.UnsupportedFeature` unless ``proposal`` is accepted."""
        require(self.proposals, proposal, what, offset)

    def byte(self) -> int:
        """The next byte."""
        pos = self.pos
        if pos >= self.end:
            self.fail("unexpected end of section or function")
        self.pos = pos + 1
        return self.data[pos]

    def peek(self) -> int:
        """The next byte, without advancing; -1 at the end."""
        return self.data[self.pos] if self.pos < self.end else -1

    def u32(self) -> int:
        """The next unsigned 32-bit number."""
        pos = self.pos
        if pos < self.end and (byte := self.data[pos]) < 0x80:
            self.pos = pos + 1
            return byte
        value, self.pos = _read_unsigned(self.data, pos, self.end, 32)
        return value

    def u64(self) -> int:
        """The next unsigned 64-bit number."""
        value, self.pos = _read_unsigned(self.data, self.pos, self.end, 64)
        return value

    def s33(self) -> int:
        """The next signed 33-bit number."""
        value, self.pos = _read_signed(self.data, self.pos, self.end, 33)
        return value

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        pos = self.pos
        if count > self.end - pos:
            self.fail("length out of bounds")
        self.pos = pos + count
        return self.data[pos : self.pos]

    def count(self) -> int:
        """The length of a vector.

        No item is shorter than a byte, so a length beyond the remaining bytes is refused here, before anything of that
        size is allocated.
        """
        start = self.pos
        value = self.u32()
        if value > self.end - self.pos:
            self.fail("length out of bounds", start)
        return value

    def name(self) -> str:
        """The next name: a length and that many bytes of UTF-8 (specification 5.2.4)."""
        size = self.u32()
        start = self.pos
        content = self.take(size)
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise InvalidWasm("malformed UTF-8 encoding", offset=start + error.start) from None
