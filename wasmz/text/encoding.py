"""Encodes numbers, names and sections: the leaves of the binary format (specification, section 5.2).

unsigned(624485)              -> b"\\xe5\\x8e\\x26"
signed(-1)                    -> b"\\x7f"
section(1, [b"\\x60\\0\\0"])    -> b"\\1\\4\\1\\x60\\0\\0"
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def unsigned(value: int) -> bytes:
    """A number as unsigned LEB128."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> bytes:
    """A number as signed LEB128."""
    if -0x40 <= value < 0x40:
        return bytes((value & 0x7F,))
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def sized(content: bytes | bytearray) -> bytes:
    """Bytes, after their length."""
    return unsigned(len(content)) + content


def name(text: str) -> bytes:
    """A name: its length, and its UTF-8 bytes."""
    return sized(text.encode())


def vector(items: Sequence[bytes]) -> bytes:
    """Items, after their number."""
    return unsigned(len(items)) + b"".join(items)


def section(id: int, items: Sequence[bytes]) -> bytes:
    """A section that is a vector of items; nothing if there are none."""
    return bytes((id,)) + sized(vector(items)) if items else b""


def custom_section(title: str, content: bytes) -> bytes:
    """A custom section."""
    return b"\0" + sized(name(title) + content)


def name_map(names: Mapping[int, str]) -> bytes:
    """Names by index, as in the name section."""
    return vector([unsigned(index) + name(names[index]) for index in sorted(names)])


def indirect_name_map(names: Mapping[int, Mapping[int, str]]) -> bytes:
    """Names by two indices, likewise."""
    return vector([unsigned(index) + name_map(names[index]) for index in sorted(names)])
