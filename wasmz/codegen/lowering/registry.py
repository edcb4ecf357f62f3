"""The table of lowerings, filled by decorators; a second one for an operation is an error."""

from __future__ import annotations

from collections.abc import Callable

from wasmz.codegen.emitter import Lowering
from wasmz.concurrency import load


class _Lowerings(dict[str, Lowering]):
    def __missing__(self, operation: str) -> Lowering:
        # Vectors are looked for last: modules without them need not wait for the file to be read.
        load("wasmz.codegen.lowering.simd")
        from wasmz.codegen.lowering import simd  # noqa: F401

        found = self.get(operation)
        if found is None:
            raise KeyError(operation)
        return found


LOWERINGS: dict[str, Lowering] = _Lowerings()


def lowers(*operations: str) -> Callable[[Lowering], Lowering]:
    """Registers a function as the lowering of some operations."""

    def register(lowering: Lowering) -> Lowering:
        for operation in operations:
            if operation in LOWERINGS:
                raise ValueError(f"{operation} is lowered twice")
            LOWERINGS[operation] = lowering
        return lowering

    return register
