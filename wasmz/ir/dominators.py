"""Dominators: which blocks every way from the entry to a block goes through."""

from __future__ import annotations

from wasmz.ir.nodes import Block, Function


def reverse_postorder(function: Function) -> list[Block]:
    """The blocks that the entry reaches, each before its successors except along back edges."""
    order: list[Block] = []
    seen = {function.blocks[0]}
    work = [(function.blocks[0], iter(function.blocks[0].terminator.edges))]
    while work:
        block, edges = work[-1]
        for edge in edges:
            if edge.block not in seen:
                seen.add(edge.block)
                work.append((edge.block, iter(edge.block.terminator.edges)))
                break
        else:
            work.pop()
            order.append(block)
    order.reverse()
    return order


def immediate_dominators(function: Function) -> dict[Block, Block | None]:
    """For each reachable block the closest block that dominates it; ``None`` for the entry."""
    order = reverse_postorder(function)
    position = {block: number for number, block in enumerate(order)}
    predecessors: dict[Block, list[Block]] = {block: [] for block in order}
    for block in order:
        for edge in block.terminator.edges:
            predecessors[edge.block].append(block)
    entry = order[0]
    closest: dict[Block, Block] = {entry: entry}

    def common(one: Block, other: Block) -> Block:
        while one is not other:
            while position[one] > position[other]:
                one = closest[one]
            while position[other] > position[one]:
                other = closest[other]
        return one

    changed = True
    while changed:
        changed = False
        for block in order[1:]:
            found: Block | None = None
            for predecessor in predecessors[block]:
                if predecessor in closest:
                    found = predecessor if found is None else common(found, predecessor)
            if found is not None and closest.get(block) is not found:
                closest[block] = found
                changed = True
    return {block: None if block is entry else closest[block] for block in order}


def dominators(function: Function) -> dict[Block, frozenset[Block]]:
    """For each block all that dominate it, itself among them; for a block that nothing reaches, all blocks."""
    closest = immediate_dominators(function)
    everything = frozenset(function.blocks)
    result: dict[Block, frozenset[Block]] = {}
    for block in closest:
        above = closest[block]
        result[block] = frozenset({block}) if above is None else result[above] | {block}
    return {block: result.get(block, everything) for block in function.blocks}
