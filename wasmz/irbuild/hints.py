"""Uses branch hints: what is unlikely to run goes to the end of the code.

    branch v0 b1 b2      likely false: b1, and what is reached through it only, goes behind everything else

That lets likely code fall through from block to block, and conditional jumps are not taken as a rule.
"""

from __future__ import annotations

from wasmz.ir.analyses import dominator_tree
from wasmz.ir.nodes import Block, Edge, Function

# The weights that are given to the two ways.
_LIKELY, _UNLIKELY = 100, 1


def apply_hints(function: Function, hints: dict[int, bool]) -> None:
    """Gives the ways of hinted branches their weights; ``function`` is as the builder made it."""
    for block in function.blocks:
        terminator = block.terminator
        if terminator.op == "branch" and terminator.offset in hints:
            likely = hints[terminator.offset]
            for edge, truth in zip(terminator.edges, (True, False), strict=True):
                edge.weight = _LIKELY if truth is likely else _UNLIKELY


def move_unlikely(function: Function) -> None:
    """Moves the blocks that lie behind unlikely ways to the end; the others keep their order."""
    unlikely = {
        edge.block
        for block in function.blocks
        if block.terminator.op == "branch"
        for edge in _unlikely(block.terminator.edges)
    }
    if not unlikely:
        return
    tree = dominator_tree(function)
    ways: dict[Block, int] = {}
    for block in tree.order:
        for edge in dict.fromkeys(block.terminator.edges):
            ways[edge.block] = ways.get(edge.block, 0) + 1
    cold: set[Block | None] = set()
    for block in tree.order:
        # What is also reached in other ways is not unlikely.
        if (block in unlikely and ways[block] == 1) or tree.parent(block) in cold:
            cold.add(block)
    function.blocks.sort(key=lambda block: block in cold)


def _unlikely(edges: tuple[Edge, ...]) -> list[Edge]:
    one, other = edges
    return [one] if one.weight < other.weight else [other] if other.weight < one.weight else []
