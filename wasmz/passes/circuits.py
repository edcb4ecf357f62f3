"""Tests the parts of a condition one after the other, until one decides, instead of computing all first.

    b0:                                   b0:
      v2 = i32.eqz v0                       v2 = i32.eqz v0
      v3 = i32.lt_u v1 9                    branch v2 b3 b2
      v4 = i32.and v2 v3           ->     b3:
      branch v4 b1 b2                       v3 = i32.lt_u v1 9
                                            branch v3 b1 b2

A comparison in a jump costs 9 ns, one that makes a 0 or 1 for a bitwise operation costs 33, and the second one is often
not needed. Compilers for machines prefer the operation, as it saves a jump. Values that only the second part needs, and
that have no effects, move with it.
"""

from __future__ import annotations

from wasmz.ir.facts import BOOLEANS, NUMBERED
from wasmz.ir.nodes import Block, Edge, Function, Terminator, Value, count_uses
from wasmz.passes.context import Context

# How many values may move with a part.
_MOST_MOVED = 24


def run(function: Function, context: Context) -> None:
    """Splits blocks in place."""
    if not function.is_ssa:
        return
    found = [block for block in function.blocks if _may_split(block)]
    if not found:
        return
    count_uses(function)
    parts: dict[Block, list[Block]] = {}
    for block in found:
        # The last block is the next to be split.
        work = [block]
        made = parts[block] = []
        while work:
            part = work.pop()
            if part is not block and part not in made:
                made.append(part)
            following = _split(part)
            if following is not None:
                work += (following, part)
    function.blocks = [part for block in function.blocks for part in (block, *parts.get(block, ()))]


def _may_split(block: Block) -> bool:
    terminator = block.terminator
    if terminator.op != "branch":
        return False
    condition = terminator.args[0]
    while condition.op == "i32.eqz":
        condition = condition.args[0]
    return condition.op == "i32.and" or condition.op == "i32.or"


def _split(block: Block) -> Block | None:
    """Ends the block with the first part of its condition; returns a new block for the other part, or ``None``."""
    terminator = block.terminator
    if terminator.op != "branch":
        return None
    condition = terminator.args[0]
    taken, otherwise = terminator.edges
    replaced = set()
    while condition.op == "i32.eqz" and condition.uses == 1 and condition.block is block:
        replaced.add(condition)
        condition = condition.args[0]
        taken, otherwise = otherwise, taken
    if condition.uses != 1 or condition.block is not block or condition.op not in ("i32.and", "i32.or"):
        return None
    first, second = condition.args
    is_and = condition.op == "i32.and"
    # Any number can be a part of an or, but only comparisons benefit.
    if not (_is_truth(first) and _is_truth(second) if is_and else first.op in BOOLEANS or second.op in BOOLEANS):
        return None
    replaced.add(condition)
    block.body = [value for value in block.body if value not in replaced]
    following = Block()
    _move(second, block, following)
    following.terminator = Terminator("branch", (second,), (taken, otherwise), offset=terminator.offset)
    decided = otherwise if is_and else taken
    # A profile does not distinguish the parts: either may have decided.
    again = Edge(decided.block, decided.args, decided.weight)
    going_on = Edge(following, (), taken.weight + otherwise.weight)
    edges = (going_on, again) if is_and else (again, going_on)
    block.terminator = Terminator("branch", (first,), edges, offset=terminator.offset)
    return following


def _is_truth(value: Value) -> bool:
    """Whether a value is 0 or 1."""
    work = [value]
    for _ in range(_MOST_MOVED):
        if not work:
            return True
        part = work.pop()
        if part.op == "i32.and" or part.op == "i32.or":
            work += part.args
        elif part.op not in BOOLEANS:
            return False
    return False


def _move(value: Value, source: Block, target: Block) -> None:
    """Moves a value, and the values that only it needs, to another block."""
    moved: set[Value] = set()
    work = [value]
    while work and len(moved) < _MOST_MOVED:
        part = work.pop()
        if part.block is source and part.uses == 1 and part.op in NUMBERED and part.op != "project":
            moved.add(part)
            work += part.args
    if not moved:
        return
    target.body = [part for part in source.body if part in moved]
    source.body = [part for part in source.body if part not in moved]
    for part in target.body:
        part.block = target
