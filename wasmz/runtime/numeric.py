"""Every numeric instruction as a function, named like it with ``_`` for ``.``; what docs/abi.md calls the helpers.

    numeric.i32_add(0xFFFFFFFF, 1)      -> 0
    numeric.HELPERS["f64_min"]          the same functions by name

Operands and results are in the representation of generated code. ``f32_scratch`` is a view that rounds to singles.
"""

from __future__ import annotations

from wasmz.runtime import conversions, floats, integers
from wasmz.runtime.conversions import *  # noqa: F403
from wasmz.runtime.floats import *  # noqa: F403
from wasmz.runtime.floats import f32_from_bits as f32_from_bits
from wasmz.runtime.floats import f32_scratch as f32_scratch
from wasmz.runtime.floats import f64_from_bits as f64_from_bits
from wasmz.runtime.integers import *  # noqa: F403

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

__wasmz_frame__ = "helper"

HELPERS: Final[dict[str, Callable[..., Any]]] = {
    name: function
    for module in (integers, floats, conversions)
    for name, function in vars(module).items()
    if name.startswith(("i32_", "i64_", "f32_", "f64_")) and callable(function)
}
