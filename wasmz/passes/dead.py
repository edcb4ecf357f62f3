"""Removes values without uses and effects, and writes to locals that are not read.

v0 = local.get 0             return
v1 = i32.add v0 v0      ->
local.set 1 v1
return

In SSA form, block parameters that are used only as arguments for each other are removed, too.
"""

from __future__ import annotations

from wasmz.ir.edit import incoming_edges, remove_params
from wasmz.ir.liveness import live_locals
from wasmz.ir.nodes import Function, Value, count_uses
from wasmz.ir.operations import REMOVABLE
from wasmz.passes.context import Context
from wasmz.passes.values import divides_safely


def run(function: Function, context: Context) -> None:
    """Removes in place."""
    if function.is_ssa:
        _run_on_values(function)
        return
    count_uses(function)
    live_at_start = live_locals(function)
    # Values may be used in later blocks. Going backwards removes whole chains at once.
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


def _run_on_values(function: Function) -> None:
    """Keeps the values that effects, returns and conditions need, directly or indirectly."""
    needed: set[Value] = set()
    work: list[Value] = []
    for block in function.blocks:
        for value in block.body:
            if value.op not in REMOVABLE and not divides_safely(value):
                needed.add(value)
                work += value.args
        work += block.terminator.args
    arguments: dict[Value, list[Value]] = {}
    for block, incoming in incoming_edges(function).items():
        for number, param in enumerate(block.params):
            arguments[param] = [edge.args[number] for _, edge in incoming]
    while work:
        value = work.pop()
        if value not in needed:
            needed.add(value)
            work += arguments[value] if value.op == "param" else value.args
    remove_params(function, {param for param in arguments if param not in needed})
    for block in function.blocks:
        block.body = [value for value in block.body if value in needed]
