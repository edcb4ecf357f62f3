"""Changes to the graph that several passes make: edges, block parameters, replaced values.

b1(v1: i32, v2: i32)           remove_params({v1})            b1(v2: i32)
jump b1(v0, v3)                                       ->      jump b1(v3)
"""

from __future__ import annotations

from collections.abc import Collection

from wasmz.ir.nodes import Block, Edge, Function, Terminator, Value


def distinct_edges(terminator: Terminator) -> tuple[Edge, ...]:
    """Each edge once: the cases of a switch share them."""
    edges = terminator.edges
    count = len(edges)
    if count < 2 or (count == 2 and edges[0] is not edges[1]):
        return edges
    return tuple(dict.fromkeys(edges))


def incoming_edges(function: Function) -> dict[Block, list[tuple[Block, Edge]]]:
    """The distinct edges into each block, with their sources."""
    edges: dict[Block, list[tuple[Block, Edge]]] = {block: [] for block in function.blocks}
    for block in function.blocks:
        for edge in distinct_edges(block.terminator):
            edges[edge.block].append((block, edge))
    return edges


def replace_values(function: Function, replaced: dict[Value, Value]) -> None:
    """Replaces values in all their uses; follows chains of replacements."""
    if not replaced:
        return
    final: dict[Value, Value] = {}
    for value in replaced:
        path = []
        end = value
        while end in replaced:
            if end in final:
                end = final[end]
                break
            path.append(end)
            end = replaced[end]
        for passed in path:
            final[passed] = end
    get = final.get
    for block in function.blocks:
        for value in block.body:
            for arg in value.args:
                if arg in final:
                    value.args = tuple([get(arg, arg) for arg in value.args])
                    break
        terminator = block.terminator
        if terminator.args:
            terminator.args = tuple([get(arg, arg) for arg in terminator.args])
        for edge in distinct_edges(terminator):
            if edge.args:
                edge.args = tuple([get(arg, arg) for arg in edge.args])


def remove_params(function: Function, removed: Collection[Value]) -> None:
    """Removes parameters from their blocks, and their arguments from the edges."""
    kept: dict[Block, list[int]] = {}
    for block in function.blocks:
        if any(param in removed for param in block.params):
            kept[block] = [number for number, param in enumerate(block.params) if param not in removed]
    if not kept:
        return
    for block in function.blocks:
        for edge in distinct_edges(block.terminator):
            if edge.block in kept:
                edge.args = tuple([edge.args[number] for number in kept[edge.block]])
    for block, numbers in kept.items():
        block.params = [block.params[number] for number in numbers]


def drop_unreachable(function: Function) -> bool:
    """Removes the blocks that the entry does not reach; returns whether there were any."""
    reached = {function.blocks[0]}
    work = [function.blocks[0]]
    while work:
        for edge in work.pop().terminator.edges:
            if edge.block not in reached:
                reached.add(edge.block)
                work.append(edge.block)
    if len(reached) == len(function.blocks):
        return False
    function.blocks = [block for block in function.blocks if block in reached]
    return True
