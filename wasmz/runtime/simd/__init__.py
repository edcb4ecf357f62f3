"""Vector instructions as functions of 128-bit ints, named like them with ``_`` for ``.``; imported when code needs one.

    HELPERS["i8x16_add"](0x01FF, 0x0101)      -> 0x0200         each lane wraps
    HELPERS["f32x4_sqrt"](0x4080_0000)        -> 0x4000_0000

A vector is an unsigned int, with lane 0 in the lowest bits (docs/abi.md). docs/simd.md has costs and relaxed choices.
"""

from __future__ import annotations

from wasmz.runtime.simd import float_lanes as floats
from wasmz.runtime.simd import integer_lanes as integers
from wasmz.runtime.simd import lane_conversions as conversions
from wasmz.runtime.simd import moves, widening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

HELPERS: Final[dict[str, Callable[..., Any]]] = {
    **integers.HELPERS,
    **widening.HELPERS,
    **moves.HELPERS,
    **floats.HELPERS,
    **conversions.HELPERS,
}
