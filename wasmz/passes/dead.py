"""Removes values without uses and effects, and writes to locals that nobody reads.

v0 = local.get 0             return
v1 = i32.add v0 v0      ->
local.set 1 v1
return
"""

from __future__ import annotations

from wasmz.ir.liveness import live_locals
from wasmz.ir.nodes import Function, Value, count_uses
from wasmz.ir.operations import REMOVABLE


def run(function: Function) -> None:
    """Removes in place."""
    count_uses(function)
    live_at_start = live_locals(function)
    # Values defined in a block may be used in blocks that come later: backwards, so that chains die in one go.
    for block in reversed(function.blocks):
        live = 0
        for edge in block.terminator.edges:
            live |= live_at_start[edge.block]
        kept: list[Value] = []
        for value in reversed(block.body):
            op = value.op
            if op == "local.set":
                bit = 1 << value.imm
                if not live & bit:
                    value.args[0].uses -= 1
                    continue
                live &= ~bit
            elif not value.uses and op in REMOVABLE:
                for arg in value.args:
                    arg.uses -= 1
                continue
            elif op == "local.get":
                live |= 1 << value.imm
            kept.append(value)
        kept.reverse()
        block.body = kept
