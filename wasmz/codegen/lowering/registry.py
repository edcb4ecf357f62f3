"""The table of lowerings, filled by decorators; registering an operation twice is an error.

LOWERINGS["i32.add"]      the function under ``@lowers("i32.add")``
"""

from __future__ import annotations

from collections.abc import Callable

from wasmz.codegen.emitter import Lowering

LOWERINGS: dict[str, Lowering] = {}


def lowers(*operations: str) -> Callable[[Lowering], Lowering]:
    """Registers a function as the lowering of some operations."""

    def register(lowering: Lowering) -> Lowering:
        for operation in operations:
            if operation in LOWERINGS:
                raise ValueError(f"{operation} is lowered twice")
            LOWERINGS[operation] = lowering
        return lowering

    return register
