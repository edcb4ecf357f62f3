"""Joins a block with its only successor if that has no other predecessor; drops unreachable blocks.

b0:                          b0:
  v0 = i32.const 1             v0 = i32.const 1
  jump b1(v0)          ->      v1 = copy v0
b1(v1: i32):                   return v1
  return v1

In SSA form no copy is needed: uses of the parameter become uses of the argument.
"""

from __future__ import annotations

from wasmz.ir.edit import drop_unreachable, replace_values
from wasmz.ir.nodes import Block, Function, Value
from wasmz.passes.context import Context


def run(function: Function, context: Context) -> None:
    """Merges blocks in place."""
    drop_unreachable(function)
    predecessors = dict.fromkeys(function.blocks, 0)
    for block in function.blocks:
        for edge in block.terminator.edges:
            predecessors[edge.block] += 1
    merged: set[Block] = set()
    replaced: dict[Value, Value] = {}
    for block in function.blocks:
        if block in merged:
            continue
        while block.terminator.op == "jump":
            edge = block.terminator.edges[0]
            following = edge.block
            if predecessors[following] != 1 or following is block or following is function.blocks[0]:
                break
            for param, arg in zip(following.params, edge.args, strict=True):
                if function.is_ssa:
                    replaced[param] = arg
                else:
                    param.op, param.args, param.block = "copy", (arg,), block
                    block.body.append(param)
            for value in following.body:
                value.block = block
            block.body += following.body
            block.terminator = following.terminator
            merged.add(following)
    if merged:
        function.blocks = [block for block in function.blocks if block not in merged]
        replace_values(function, replaced)
