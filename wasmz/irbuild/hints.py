"""Applies branch hints: blocks that are unlikely to run go to the end of the code.

    branch v0 b1 b2      likely false: b1, and blocks reached only through it, go after all others

So likely code falls through from block to block, and conditional jumps are rarely taken.
"""

from __future__ import annotations

from wasmz.ir.analyses import dominator_tree
from wasmz.ir.nodes import Block, Edge, Function

# The weights of the two edges.
_LIKELY, _UNLIKELY = 100, 1


def apply_hints(function: Function, hints: dict[int, bool]) -> None:
    """Gives the edges of hinted branches their weights; ``function`` is the builder's IR."""
    for block in function.blocks:
        terminator = block.terminator
        if terminator.op == "branch" and terminator.offset in hints:
            likely = hints[terminator.offset]
            for edge, truth in zip(terminator.edges, (True, False), strict=True):
                edge.weight = _LIKELY if truth is likely else _UNLIKELY


def move_unlikely(function: Function) -> None:
    """Moves the blocks after unlikely edges to the end; the others keep their order."""
    unlikely = {
        edge.block
        for block in function.blocks
        if block.terminator.op == "branch"
        for edge in _unlikely(block.terminator.edges)
    }
    if not unlikely:
        return
    tree = dominator_tree(function)
    incoming: dict[Block, int] = {}
    for block in tree.order:
        for edge in dict.fromkeys(block.terminator.edges):
            incoming[edge.block] = incoming.get(edge.block, 0) + 1
    cold: set[Block | None] = set()
    for block in tree.order:
        # A block with other incoming edges is not unlikely.
        if (block in unlikely and incoming[block] == 1) or tree.parent(block) in cold:
            cold.add(block)
    function.blocks.sort(key=lambda block: block in cold)


def _unlikely(edges: tuple[Edge, ...]) -> list[Edge]:
    one, other = edges
    return [one] if one.weight < other.weight else [other] if other.weight < one.weight else []
