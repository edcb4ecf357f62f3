"""Components as bytes, for tests of what no text can say.

component(section(7, b"\\x73"))            a component with a type section of one item, `string`
"""

from __future__ import annotations

PREAMBLE = b"\0asm\x0d\0\1\0"
CORE_PREAMBLE = b"\0asm\1\0\0\0"

# What component sections are called in the binary format.
CORE_MODULE, CORE_INSTANCE, CORE_TYPE, COMPONENT, INSTANCE, ALIAS, TYPE, CANON, START, IMPORT, EXPORT = range(1, 12)


def leb(value: int) -> bytes:
    """An unsigned number."""
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        if not value:
            return bytes([*out, low])
        out.append(low | 0x80)


def reference(index: int) -> bytes:
    """A type index where a type of values may stand: a signed number."""
    out = bytearray()
    while index >= 0x40:
        out.append(index & 0x7F | 0x80)
        index >>= 7
    return bytes([*out, index])


def text(value: str) -> bytes:
    """A name: its length, and its bytes."""
    encoded = value.encode()
    return leb(len(encoded)) + encoded


def vector(*items: bytes) -> bytes:
    """Items, after their number."""
    return leb(len(items)) + b"".join(items)


def whole_section(number: int, content: bytes) -> bytes:
    """A section with this content."""
    return bytes([number]) + leb(len(content)) + content


def section(number: int, *items: bytes) -> bytes:
    """A section that is a vector of items."""
    return whole_section(number, vector(*items))


def component(*sections: bytes) -> bytes:
    """A component."""
    return PREAMBLE + b"".join(sections)


def nested(depth: int) -> bytes:
    """A component in a component, and so on."""
    made = component()
    for _ in range(depth):
        made = component(whole_section(COMPONENT, made))
    return made
