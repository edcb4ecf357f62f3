"""Splits vectors into their lanes where that is cheaper, mainly floating-point ones.

v0 = local.get 0                    v0 = local.get 0
v1 = v128.load v0                   v1 = f64.load offset=8 v0
v2 = f64x2.add v1 v1                v2 = f64.load v0
v128.store v0 v2             ->     v3 = f64.add v2 v2
                                    v4 = f64.add v1 v1
                                    f64.store offset=8 v0 v4
                                    f64.store v0 v3

A vector is one int of 128 bits, on which all integer lanes are computed at once; each floating-point operation would
unpack it and pack it again (docs/simd.md). Vectors connected by operations that `lane_rules` knows are split together,
or not at all: estimated costs decide, in which loops count for more. At the borders, vectors are unpacked where they
are made, and packed where they are needed.
"""

from __future__ import annotations

from wasmz.ir.nodes import Function
from wasmz.passes.context import Context
from wasmz.startup.concurrency import load
from wasmz.types import ValType


def run(function: Function, context: Context) -> None:
    """Changes in place."""
    if function.is_ssa and any(value.type is ValType.V128 for block in function.blocks for value in block.body):
        # Imported only here: modules without vectors do not need it.
        load("wasmz.passes.vectors.lane_rewriting")
        from wasmz.passes.vectors.lane_rewriting import take_apart

        take_apart(function)
