"""Shared by all vector operations: masks by lane width, and lanes as tuples.

    ones(8)                 -> 0x0101...01        the lowest bit of each lane
    tops(16)                -> 0x8000...8000      the highest one
    lows(32)                -> 0x7FFFFFFF...      all others

SWAR, "SIMD within a register", computes on all lanes at once with Python's operators on the whole int.
"""

from __future__ import annotations

from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Literal

ALL: Final = (1 << 128) - 1
LOW_HALF: Final = (1 << 64) - 1

# Integer shape -> bits per lane.
INTEGER_SHAPES: Final = {"i8x16": 8, "i16x8": 16, "i32x4": 32, "i64x2": 64}

# The attribute is looked up once, not in each call, which takes half the time.
from_bytes: Callable[[bytes, Literal["little"]], int] = int.from_bytes

unpack_i8: Callable[[bytes], tuple[Any, ...]] = Struct("<16b").unpack
unpack_u8: Callable[[bytes], tuple[Any, ...]] = Struct("<16B").unpack
unpack_i16: Callable[[bytes], tuple[Any, ...]] = Struct("<8h").unpack
unpack_u16: Callable[[bytes], tuple[Any, ...]] = Struct("<8H").unpack
unpack_i32: Callable[[bytes], tuple[Any, ...]] = Struct("<4i").unpack
unpack_u32: Callable[[bytes], tuple[Any, ...]] = Struct("<4I").unpack
pack_i16: Callable[..., bytes] = Struct("<8h").pack
pack_u16: Callable[..., bytes] = Struct("<8H").pack
pack_i32: Callable[..., bytes] = Struct("<4i").pack
pack_u32: Callable[..., bytes] = Struct("<4I").pack


def ones(bits: int, width: int = 128) -> int:
    """The lowest bit of each lane of ``bits`` bits, in a vector of ``width`` bits."""
    return ((1 << width) - 1) // ((1 << bits) - 1)


def tops(bits: int, width: int = 128) -> int:
    """The highest bit of each lane."""
    return ones(bits, width) << (bits - 1)


def lows(bits: int, width: int = 128) -> int:
    """All bits of each lane except the highest."""
    return ones(bits, width) * ((1 << (bits - 1)) - 1)
