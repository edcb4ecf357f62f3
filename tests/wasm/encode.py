"""Writes small modules in the binary format, independently of the decoder.

module(section(1, vector(b"\\x60\\x00\\x00"))) -> b"\\0asm\\1\\0\\0\\0" + b"\\1\\4\\1\\x60\\0\\0"
function(b"\\x41\\x07", results=b"\\x7f") -> a module with one function that gives 7
"""

from __future__ import annotations

HEADER = b"\0asm\1\0\0\0"
I32, I64, F32, F64 = b"\x7f", b"\x7e", b"\x7d", b"\x7c"


def unsigned(value: int) -> bytes:
    """``value`` as unsigned LEB128, as short as possible."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def signed(value: int) -> bytes:
    """``value`` as signed LEB128, as short as possible."""
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value & 0x7F])


def vector(*items: bytes) -> bytes:
    """A vector of encoded items."""
    return unsigned(len(items)) + b"".join(items)


def name(text: str) -> bytes:
    """A name."""
    return unsigned(len(text.encode())) + text.encode()


def section(number: int, content: bytes) -> bytes:
    """A section."""
    return bytes([number]) + unsigned(len(content)) + content


def custom(title: str, content: bytes) -> bytes:
    """A custom section."""
    return section(0, name(title) + content)


def module(*sections: bytes) -> bytes:
    """A module."""
    return HEADER + b"".join(sections)


def signature(params: bytes = b"", results: bytes = b"") -> bytes:
    """A function type; one byte a value type."""
    return b"\x60" + unsigned(len(params)) + params + unsigned(len(results)) + results


def body(code: bytes, local_types: bytes = b"") -> bytes:
    """A function body; ``end`` is added."""
    content = vector(*(b"\x01" + local_types[i : i + 1] for i in range(len(local_types)))) + code + b"\x0b"
    return unsigned(len(content)) + content


def function(
    code: bytes,
    params: bytes = b"",
    results: bytes = b"",
    local_types: bytes = b"",
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A module with one function; ``before`` and ``after`` are sections around its code section's neighbours."""
    return module(
        section(1, vector(signature(params, results))),
        section(3, vector(b"\x00")),
        before,
        section(10, vector(body(code, local_types))),
        after,
    )


# Some of everything in the supported proposals, to be damaged byte by byte.
KITCHEN_SINK = module(
    section(1, vector(signature(I32 + I64, F64), signature(), signature(I32, I32))),
    section(
        2,
        vector(
            name("env") + name("f") + b"\x00\x00",
            name("env") + name("t") + b"\x01\x70\x00\x01",
            name("env") + name("m") + b"\x02\x01\x01\x02",
            name("env") + name("g") + b"\x03\x7f\x00",
        ),
    ),
    section(3, vector(b"\x01", b"\x02")),
    section(4, vector(b"\x6f\x01\x01\x05")),
    section(5, vector(b"\x00\x01")),
    section(
        6,
        vector(b"\x7f\x01\x23\x00\x41\x80\x01\x6a\x0b", b"\x70\x00\xd0\x70\x0b", b"\x7c\x00\x44" + bytes(8) + b"\x0b"),
    ),
    section(7, vector(name("run") + b"\x00\x01", name("memory") + b"\x02\x01")),
    section(8, b"\x01"),
    section(
        9,
        vector(
            b"\x00\x41\x00\x0b\x01\x00",
            b"\x01\x00\x01\x01",
            b"\x02\x00\x41\x01\x0b\x00\x01\x02",
            b"\x03\x00\x01\x02",
            b"\x05\x6f\x01\xd0\x6f\x0b",
        ),
    ),
    section(12, b"\x02"),
    section(
        10,
        vector(
            body(
                b"\x41\x00\x0e\x01\x00\x00"  # br_table
                b"\x02\x40\x03\x7f\x41\x01\x0b\x04\x40\x05\x0b\x0b"  # block, loop, if, else
                b"\x41\x00\x28\x42\x01\x10\x1a"  # load from the second memory
                b"\x41\x00\x41\x00\x41\x00\xfc\x08\x01\x00\xfc\x09\x01"  # memory.init, data.drop
                b"\x41\x00\x41\x00\x11\x02\x00\x1a",  # call_indirect
                I32 + F64,
            ),
            body(b"\x20\x00\x41\x00\x20\x00\x1c\x01\x7f\xc0\x43\x00\x00\x80\x3f\xfc\x00\x6a"),
        ),
    ),
    section(11, vector(b"\x00\x41\x00\x0b\x03abc", b"\x01\x02hi")),
    custom("name", b"\x00\x04\x03lib\x01\x06\x01\x01\x03run\x02\x06\x01\x01\x01\x00\x01x"),
)
