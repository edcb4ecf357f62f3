"""Follows constants and copies through locals, along chains of blocks with a single predecessor.

v0 = i32.const 5             v0 = i32.const 5
local.set 1 v0          ->   local.set 1 v0
v1 = local.get 1             v1 = i32.const 5
v2 = local.get 0             v2 = local.get 0
local.set 2 v2               local.set 2 v2
v3 = local.get 2             v3 = local.get 0
"""

from __future__ import annotations

from typing import Union

from wasmz.ir.facts import CONSTANTS
from wasmz.ir.nodes import Block, Function, Value
from wasmz.passes.context import Context

_MOST_KNOWN = 64

# The value of a local: a constant, or the value of another local after its n-th write.
_Known = Union[Value, tuple[int, int]]


def run(function: Function, context: Context) -> None:
    """Propagates in place."""
    predecessors: dict[Block, list[Block]] = {}
    for block in function.blocks:
        for edge in block.terminator.edges:
            predecessors.setdefault(edge.block, []).append(block)
    # How often each local was written so far, in layout order.
    writes = [0] * len(function.locals)
    leaving: dict[Block, dict[int, _Known]] = {}
    previous = None
    for block in function.blocks:
        incoming = predecessors.get(block, ())
        known: dict[int, _Known] = {}
        if len(incoming) == 1 and incoming[0] in leaving:
            known = dict(leaving[incoming[0]])
            if incoming[0] is not previous:
                # Blocks in between, in layout order, have their own writes in the count: only constants are certain.
                known = {local: what for local, what in known.items() if isinstance(what, Value)}
        _propagate(block, known, writes)
        # This is copied for each block that follows, so it must stay short: there may be many locals and many blocks.
        leaving[block] = known if len(known) <= _MOST_KNOWN else {}
        previous = block


def _propagate(block: Block, known: dict[int, _Known], writes: list[int]) -> None:
    versions: dict[Value, int] = {}
    for value in block.body:
        if value.op == "local.get":
            what = known.get(value.imm)
            if isinstance(what, Value):
                value.op, value.imm = what.op, what.imm
                continue
            if what is not None and writes[what[0]] == what[1]:
                value.imm = what[0]
            versions[value] = writes[value.imm]
        elif value.op == "local.set":
            local = value.imm
            source = value.args[0]
            writes[local] += 1
            known.pop(local, None)
            if source.op in CONSTANTS:
                known[local] = source
            elif source in versions and source.imm != local and versions[source] == writes[source.imm]:
                known[local] = (source.imm, writes[source.imm])
