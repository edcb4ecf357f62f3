"""The table of lowerings, filled by decorators; a second one for an operation is an error.

LOWERINGS["i32.add"]      the function under ``@lowers("i32.add")``
LOWERINGS["i32.div_s"]    a call of the runtime's helper ``i32_div_s``: no function is registered, none is needed
"""

from __future__ import annotations

from collections.abc import Callable

from wasmz.codegen.emitter import Emitter, Lowering
from wasmz.concurrency import load
from wasmz.ir.facts import OPS, VECTORS
from wasmz.ir.nodes import Value
from wasmz.wasm.instructions import BY_NAME, Immediates


class _Lowerings(dict[str, Lowering]):
    def __missing__(self, operation: str) -> Lowering:
        found = None
        if OPS[operation].type in VECTORS:
            # Modules without vectors need not wait for the file to be read.
            load("wasmz.codegen.lowering.simd")
            from wasmz.codegen.lowering import simd  # noqa: F401

            found = self.get(operation)
        if found is None:
            row = BY_NAME.get(operation)
            if row is None or row.params is None or row.immediates is not Immediates.NONE:
                raise KeyError(operation)
            found = self[operation] = _call_helper
        return found


def _call_helper(emitter: Emitter, value: Value) -> None:
    """The runtime's function of the same name does it."""
    emitter.call_helper(OPS[value.op].helper, value)


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
