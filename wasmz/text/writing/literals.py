"""Numbers as text that reads back to the same bits.

float_text(0x40490FDB, 32)    -> "3.1415927"
float_text(0x7FA00000, 32)    -> "nan:0x200000"
"""

from __future__ import annotations

from struct import pack, unpack

from wasmz.text.reading.literals import OutOfRange, float_bits


def float_text(bits: int, width: int) -> str:
    """The floating-point constant with these bits: the shortest decimal number, or ``inf`` or ``nan``."""
    fraction = 23 if width == 32 else 52
    sign = "-" if bits >> (width - 1) else ""
    payload = bits & ((1 << fraction) - 1)
    exponent = bits >> fraction & ((1 << (width - 1 - fraction)) - 1)
    if exponent == (1 << (width - 1 - fraction)) - 1:
        if not payload:
            return f"{sign}inf"
        return f"{sign}nan" if payload == 1 << (fraction - 1) else f"{sign}nan:0x{payload:x}"
    if width == 64:
        (wide,) = unpack("<d", pack("<Q", bits))
        return _trimmed(repr(wide))
    (number,) = unpack("<f", pack("<I", bits))
    for digits in range(1, 10):
        text = f"{number:.{digits}g}"
        try:
            if float_bits(text, 32) == bits:
                return _trimmed(text)
        except OutOfRange:
            # The largest numbers: rounding up would overflow.
            continue
    return _trimmed(repr(number))


def _trimmed(text: str) -> str:
    return text.removesuffix(".0")
