"""Continuations of inner loops: the rest of each iteration is copied, so that every loop is entered at its header.

    b1: header of the outer loop                 e:   jump c2
    b2: header of the inner loop      ->         c2, c3: copies of b2 and b3, up to the next iteration of b1
    b3: branch b2 b1                             c3:  branch c2 b1
                                                 b1, b2, b3

If a function were entered at `b2`, its outer loop would have two entries, `b1` and `b2`. Passes that need SSA form,
and all passes that know loops, refuse such functions. For each enclosing loop but the outermost, the code that may run
before that loop reaches its header is copied once. Values must not be used outside their blocks.
"""

from __future__ import annotations

from wasmz.ir.analyses import loop_forest
from wasmz.ir.nodes import Block, Edge, Function, Terminator, Value

# If more values than this would be copied, the function stays as it is.
_MOST_COPIED = 20_000


def enclosing_headers(function: Function, header: Block) -> list[Block]:
    """The headers of the loops around a loop, the innermost first."""
    found = []
    loop = loop_forest(function).innermost.get(header)
    while loop is not None:
        if loop.header is not header:
            found.append(loop.header)
        loop = loop.parent
    return found


def peel(function: Function, header: Block, enclosing: list[Block]) -> Block:
    """The block to enter instead of ``header``; makes the copies that it needs.

    The function must not have another entry yet.
    """
    forest = loop_forest(function)
    outermost = next(loop for loop in forest.loops if loop.header is enclosing[-1])
    inside = frozenset(outermost.blocks())
    entered = {enclosing[-1]: enclosing[-1]}
    left = _MOST_COPIED
    for start in (*reversed(enclosing[:-1]), header):
        copying = _Copying(start, inside, entered, left)
        if copying.left < 0:
            return header
        left = copying.left
        entered[start] = copying.copies[start]
    return entered[header]


class _Copying:
    """Copies blocks that can be reached inside a loop, except those that have copies already."""

    def __init__(self, start: Block, inside: frozenset[Block], entered: dict[Block, Block], left: int) -> None:
        self.inside = inside
        self.entered = entered
        self.left = left
        self.copies: dict[Block, Block] = {start: Block()}
        self._work = [start]
        while self._work and self.left >= 0:
            self._copy(self._work.pop())

    def _target(self, block: Block) -> Block:
        """The target of a copied edge, by its original target."""
        if block not in self.inside:
            return block
        if block in self.entered:
            return self.entered[block]
        copy = self.copies.get(block)
        if copy is None:
            copy = self.copies[block] = Block()
            self._work.append(block)
        return copy

    def _copy(self, block: Block) -> None:
        copy = self.copies[block]
        values: dict[Value, Value] = {}
        for param in block.params:
            values[param] = copy.add_param(param.type, param.offset)  # type: ignore[arg-type]
        for value in block.body:
            args = tuple([values[arg] for arg in value.args])
            made = values[value] = Value(value.op, value.type, args, value.imm, value.offset, copy)
            copy.body.append(made)
        self.left -= len(block.body) + len(block.params)
        source = block.terminator
        edges: dict[Edge, Edge] = {}
        for edge in source.edges:
            if edge not in edges:
                edge_args = tuple([values[arg] for arg in edge.args])
                edges[edge] = Edge(self._target(edge.block), edge_args, edge.weight)
        args = tuple([values[arg] for arg in source.args])
        targets = tuple([edges[edge] for edge in source.edges])
        copy.terminator = Terminator(source.op, args, targets, source.imm, source.offset)
