"""Lowering: a small registered function translates each operation of the IR to bytecode; files are by topic.

A lowering takes the emitter and the value, pushes the operands, emits code, and defines the result. It inlines the
operation *or* calls the runtime function of its name, so that difficult semantics are written once.
"""

from __future__ import annotations

from wasmz.codegen.emitter import Emitter, Lowering
from wasmz.codegen.lowering import (
    atomics,
    bulk,
    calls,
    counting,
    exceptions,
    gc,
    iterators,
    memory,
    numeric,
    python_ints,
    variables,
)
from wasmz.codegen.lowering.registry import LOWERINGS, lowers
from wasmz.ir.facts import OPS, VECTORS
from wasmz.ir.nodes import Value
from wasmz.startup.concurrency import load
from wasmz.wasm.instructions import BY_NAME, Immediates

__all__ = [
    "LOWERINGS",
    "atomics",
    "bulk",
    "call_helper",
    "calls",
    "counting",
    "exceptions",
    "gc",
    "iterators",
    "lowering_of",
    "lowers",
    "memory",
    "numeric",
    "python_ints",
    "variables",
]


def lowering_of(operation: str) -> Lowering:
    """The lowering of an operation.

    lowering_of("i32.add")      the function under ``@lowers("i32.add")``
    lowering_of("i32.div_s")    a call of the helper ``i32_div_s``, because no function is registered for it

    Raises:
        KeyError: there is none.
    """
    found = LOWERINGS.get(operation)
    if found is None and OPS[operation].type in VECTORS:
        # Imported only here: modules without vectors do not need the file.
        load("wasmz.codegen.lowering.simd")
        from wasmz.codegen.lowering import simd  # noqa: F401

        found = LOWERINGS.get(operation)
    if found is None:
        row = BY_NAME.get(operation)
        if row is None or row.params is None or row.immediates is not Immediates.NONE:
            raise KeyError(operation)
        found = LOWERINGS[operation] = call_helper
    return found


def call_helper(emitter: Emitter, value: Value) -> None:
    """Calls the runtime's function of the same name."""
    emitter.call_helper(OPS[value.op].helper, value)
