"""How each operation of the IR becomes bytecode: one small registered function an operation, by topic.

A lowering takes the emitter and the value, pushes the operands, emits, and defines the result. An operation is inlined
*or* calls the runtime function of its name, so that hard semantics exist once.
"""

from __future__ import annotations

from wasmz.codegen.lowering import (
    atomics,
    bulk,
    calls,
    exceptions,
    gc,
    integers,
    memory,
    numeric,
    streams,
    tiers,
    variables,
)
from wasmz.codegen.lowering.registry import LOWERINGS, lowers

__all__ = [
    "LOWERINGS",
    "atomics",
    "bulk",
    "calls",
    "exceptions",
    "gc",
    "integers",
    "lowers",
    "memory",
    "numeric",
    "streams",
    "tiers",
    "variables",
]
