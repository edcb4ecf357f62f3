"""Numbers and strings of the text format (specification, sections 6.3.1 to 6.3.4).

    integer_bits("-0x1", 32)        -> 0xFFFFFFFF
    float_bits("0x1.8p1", 32)       -> 0x40400000
    float_bits("nan:0x200000", 32)  -> 0x7FA00000
    string_bytes('"a\\\\00"')         -> b"a\\0"

Decimal and hexadecimal numbers are rounded once, to the nearest number of their own width, ties to even.
"""

from __future__ import annotations

import re
from struct import pack, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# A whole string. No part can match in two ways, so that no text makes matching slow.
STRING: Final = r'"(?:[^"\\\x00-\x1f\x7f]++|\\(?:[tnr"\'\\]|[0-9a-fA-F]{2}|u\{[0-9a-fA-F](?:_?[0-9a-fA-F])*+\}))*+"'

_ONE_STRING: Final = re.compile(STRING)

_DIGITS, _HEX_DIGITS = r"[0-9](?:_?[0-9])*+", r"[0-9a-fA-F](?:_?[0-9a-fA-F])*+"
_INTEGER: Final = re.compile(rf"([+-]?)(?:0x({_HEX_DIGITS})|({_DIGITS}))")
_DECIMAL: Final = re.compile(rf"[+-]?{_DIGITS}(?:\.(?:{_DIGITS})?)?(?:[eE][+-]?{_DIGITS})?")
_HEX_FLOAT: Final = re.compile(rf"([+-]?)0x({_HEX_DIGITS})(?:\.({_HEX_DIGITS})?)?(?:[pP]([+-]?)({_DIGITS}))?")
_SPECIAL: Final = re.compile(rf"([+-]?)(?:inf|nan(?::0x({_HEX_DIGITS}))?)")

_ESCAPE: Final = re.compile(rb"\\(?:u\{([^}]*)\}|[0-9a-fA-F]{2}|.)")
_SIMPLE_ESCAPES: Final = {rb"\t": b"\t", rb"\n": b"\n", rb"\r": b"\r", rb"\"": b'"', rb"\'": b"'", rb"\\": b"\\"}
_ESCAPES: Final = {
    **_SIMPLE_ESCAPES,
    **{f"\\{byte:02x}".encode(): bytes([byte]) for byte in range(256)},
    **{f"\\{byte:02X}".encode(): bytes([byte]) for byte in range(256)},
}

# More decimal digits than any integer in range has; converting many more would take quadratic time.
_MOST_DIGITS: Final = 40
# With an exponent of this size no number is in range, whatever digits fit into memory.
_HUGE: Final = 1 << 48

# By width: bits of the fraction, and the least exponent of its last bit.
_FORMATS: Final = {32: (23, -149), 64: (52, -1074)}


class OutOfRange(ValueError):
    """A number that does not fit its type."""


def is_string(token: str) -> bool:
    """Whether a token is a string."""
    return _ONE_STRING.fullmatch(token) is not None


def string_bytes(token: str) -> bytes:
    """The bytes that a string token stands for.

    Raises:
        UnicodeDecodeError: a Unicode escape is not a scalar value.
    """
    content = token[1:-1].encode()
    return _ESCAPE.sub(_unescape, content) if b"\\" in content else content


def _unescape(match: re.Match[bytes]) -> bytes:
    escape = match.group()
    found = _ESCAPES.get(escape)
    if found is not None:
        return found
    if match.group(1) is None:
        return bytes([int(escape[1:], 16)])
    digits = match.group(1).replace(b"_", b"").lstrip(b"0") or b"0"
    number = int(digits, 16) if len(digits) <= 6 else 0x110000
    if number > 0x10FFFF or 0xD800 <= number < 0xE000:
        raise UnicodeDecodeError("utf-8", escape, 0, len(escape), "no scalar value")
    return chr(number).encode()


def is_integer(token: str) -> bool:
    """Whether a token is an integer, of any sign and size."""
    return _INTEGER.fullmatch(token) is not None


def integer(token: str) -> int | None:
    """The integer of a token; ``None`` if it is not one. Out of any type's range, it may be a different integer."""
    match = _INTEGER.fullmatch(token)
    if match is None:
        return None
    sign, hexadecimal, decimal = match.groups()
    if hexadecimal is not None:
        number = int(hexadecimal, 16)
    else:
        digits = decimal.replace("_", "").lstrip("0")
        number = int(digits or "0") if len(digits) <= _MOST_DIGITS else 1 << 128
    return -number if sign == "-" else number


def unsigned(token: str, bits: int) -> int | None:
    """The unsigned integer of a token without a sign; ``None`` if it is not one.

    Raises:
        OutOfRange: it has more bits.
    """
    number = integer(token) if token[:1].isdigit() else None
    if number is not None and number >> bits:
        raise OutOfRange(f"i{bits} constant out of range")
    return number


def integer_bits(token: str, bits: int) -> int | None:
    """The bits of an integer constant, signed or unsigned; ``None`` if it is not an integer.

    Raises:
        OutOfRange: it has more bits.
    """
    number = integer(token)
    if number is None:
        return None
    if not -(1 << (bits - 1)) <= number < 1 << bits:
        raise OutOfRange(f"i{bits} constant out of range")
    return number & ((1 << bits) - 1)


def float_bits(token: str, bits: int) -> int | None:
    """The bits of a floating-point constant of 32 or 64 bits; ``None`` if the token is not one.

    Raises:
        OutOfRange: its magnitude is too large, or the payload of a NaN is.
    """
    if _DECIMAL.fullmatch(token):
        found = _decimal_bits(token, bits)
    elif (match := _HEX_FLOAT.fullmatch(token)) is not None:
        found = _hexadecimal_bits(match, bits)
    elif (match := _SPECIAL.fullmatch(token)) is not None:
        return _special_bits(match, bits)
    else:
        return None
    if found is None:
        raise OutOfRange(f"f{bits} constant out of range")
    return found


def _special_bits(match: re.Match[str], bits: int) -> int:
    fraction, _ = _FORMATS[bits]
    found = ((1 << (bits - 1 - fraction)) - 1) << fraction | (match.group(1) == "-") << (bits - 1)
    if "nan" in match.group():
        payload = int(match.group(2), 16) if match.group(2) is not None else 1 << (fraction - 1)
        if not 0 < payload < 1 << fraction:
            raise OutOfRange(f"f{bits} constant out of range: the payload of a NaN")
        found |= payload
    return found


def _decimal_bits(token: str, bits: int) -> int | None:
    """The bits of a decimal number; ``None`` if it is out of range."""
    number = float(token)
    if number in (float("inf"), float("-inf")):
        return None
    (wide,) = unpack("<Q", pack("<d", number))
    if bits == 64:
        return int(wide)
    magnitude = wide & ~(1 << 63)
    # Rounding twice is wrong only if the first result is half-way between two singles: then it matters on which side
    # of it the written number is.
    exponent = max((magnitude >> 52) - 1075, -1074)
    mantissa = magnitude & ((1 << 52) - 1) | ((magnitude >> 52) > 0) << 52
    sticky = 0
    if _is_middle(mantissa, exponent):
        from decimal import Decimal

        written, rounded = Decimal(token.replace("_", "").lstrip("+-")), Decimal(abs(number))
        sticky = (written > rounded) - (written < rounded)
    # Two more bits record what the first rounding dropped.
    found = _round((mantissa << 2) + sticky, exponent - 2, 32)
    return None if found is None else found | (wide >> 63) << 31


def _is_middle(mantissa: int, exponent: int) -> bool:
    """Whether ``mantissa * 2**exponent`` is half-way between two neighbouring singles."""
    dropped = max(mantissa.bit_length() - 24, -149 - exponent)
    return dropped > 0 and mantissa & ((1 << dropped) - 1) == 1 << (dropped - 1)


def _hexadecimal_bits(match: re.Match[str], bits: int) -> int | None:
    sign, whole, part, exponent_sign, exponent_digits = match.groups()
    whole, part = whole.replace("_", ""), (part or "").replace("_", "")
    digits = (exponent_digits or "0").replace("_", "").lstrip("0") or "0"
    exponent = int(digits) if len(digits) < 15 else _HUGE
    exponent = (-exponent if exponent_sign == "-" else exponent) - 4 * len(part)
    found = _round(int(whole + part, 16), exponent, bits)
    return None if found is None else found | (sign == "-") << (bits - 1)


def _round(mantissa: int, exponent: int, bits: int) -> int | None:
    """The bits of the number nearest to ``mantissa * 2**exponent``, not negative; ``None`` beyond the largest."""
    fraction, least = _FORMATS[bits]
    if not mantissa:
        return 0
    # The exponent of the last bit to keep.
    last = max(mantissa.bit_length() + exponent - fraction - 1, least)
    shift = last - exponent
    if shift > mantissa.bit_length() + 1:
        return 0
    if shift > 0:
        kept, dropped = mantissa >> shift, mantissa & ((1 << shift) - 1)
        half = 1 << (shift - 1)
        kept += dropped > half or (dropped == half and kept & 1)
    else:
        # Shifts by at most the fraction's bits: the last bit kept is one of the format.
        kept = mantissa << -shift
    # A carry out of the fraction goes into the exponent.
    found = kept + ((last - least) << fraction)
    return None if found >> fraction >= (1 << (bits - 1 - fraction)) - 1 else found
