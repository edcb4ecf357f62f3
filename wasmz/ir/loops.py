"""The loops of a function, and how they are nested.

    b0 -> b1; b1 -> b2, b4; b2 -> b2, b3; b3 -> b1
    ->
    loop of header b1, latch b3, depth 1: b1, b3 and the blocks of
        loop of header b2, latch b2, depth 2: b2

A back edge leads to a block that dominates its source: the loop's header. WebAssembly's control flow has no other edges
back; in an irreducible graph, no loops are found.
"""

from __future__ import annotations

from collections.abc import Iterator

from wasmz.ir.dominators import DominatorTree
from wasmz.ir.edit import distinct_edges
from wasmz.ir.nodes import Block, Edge, Function, Terminator


class Loop:
    """A loop.

    Attributes:
        header: the block through which it is entered.
        latches: the sources of its back edges.
        own_blocks: its blocks without those of inner loops, in reverse postorder, the header first.
        children: the loops directly inside.
        parent: the loop directly around, or ``None``.
        depth: 1 for an outermost loop.
    """

    __slots__ = ("_first", "_last", "children", "depth", "header", "latches", "own_blocks", "parent")

    def __init__(self, header: Block, latches: list[Block]) -> None:
        self.header: Block = header
        self.latches: list[Block] = latches
        self.own_blocks: list[Block] = []
        self.children: list[Loop] = []
        self.parent: Loop | None = None
        self.depth: int = 1
        self._first = self._last = 0

    def __repr__(self) -> str:
        return f"<loop of depth {self.depth} at b{self.header.number}>"

    def blocks(self) -> Iterator[Block]:
        """All blocks, including those of inner loops."""
        work = [self]
        while work:
            loop = work.pop()
            yield from loop.own_blocks
            work += loop.children

    def encloses(self, other: Loop | None) -> bool:
        """Whether the other loop is this one or lies inside it."""
        return other is not None and self._first <= other._first <= self._last


class LoopForest:
    """All loops of a function.

    Attributes:
        loops: each before those inside it.
        innermost: the innermost loop around each block that is in one.
    """

    __slots__ = ("innermost", "loops")

    def __init__(self, tree: DominatorTree) -> None:
        self.loops: list[Loop] = []
        self.innermost: dict[Block, Loop] = {}
        if tree.is_reducible and tree.headers:
            self._find(tree)

    def depth(self, block: Block) -> int:
        """The number of loops around a block."""
        loop = self.innermost.get(block)
        return 0 if loop is None else loop.depth

    def contains(self, loop: Loop, block: Block) -> bool:
        """Whether the block is in the loop, or in one inside it."""
        return loop.encloses(self.innermost.get(block))

    def exits(self, loop: Loop) -> list[tuple[Block, Edge]]:
        """The edges that leave a loop, with their sources."""
        return [
            (block, edge)
            for block in loop.blocks()
            for edge in distinct_edges(block.terminator)
            if not self.contains(loop, edge.block)
        ]

    def preheader(self, function: Function, loop: Loop, edges: list[tuple[Block, Edge]]) -> Block:
        """The block outside the loop that only jumps to the header; made if there is none.

        ``edges`` are the edges into the header; the list is updated.
        """
        outside = [item for item in edges if not self.contains(loop, item[0])]
        if len(outside) == 1 and outside[0][0].terminator.op == "jump":
            return outside[0][0]
        header = loop.header
        block = Block()
        offset = header.body[0].offset if header.body else header.terminator.offset
        edge = Edge(header, tuple([block.add_param(param.type, offset) for param in header.params]))  # type: ignore[arg-type]
        block.terminator = Terminator("jump", (), (edge,), offset=offset)
        for _, entering in outside:
            entering.block = block
        edges[:] = [item for item in edges if item not in outside]
        edges.append((block, edge))
        function.blocks.insert(function.blocks.index(header), block)
        if loop.parent is not None:
            self.innermost[block] = loop.parent
            loop.parent.own_blocks.append(block)
        return block

    def _find(self, tree: DominatorTree) -> None:
        position = tree.position
        latches: dict[Block, list[Block]] = {}
        predecessors: dict[Block, list[Block]] = {block: [] for block in tree.order}
        for number, block in enumerate(tree.order):
            for edge in distinct_edges(block.terminator):
                if position[edge.block] <= number:
                    latches.setdefault(edge.block, []).append(block)
                else:
                    predecessors[edge.block].append(block)
        found: dict[Block, Loop] = {}
        tops: dict[Loop, Loop] = {}
        # Inner loops first: their headers come later.
        for header in sorted(latches, key=position.__getitem__, reverse=True):
            loop = Loop(header, list(dict.fromkeys(latches[header])))
            self._collect(loop, predecessors, tops)
            found[header] = loop
        self.loops = [found[header] for header in sorted(found, key=position.__getitem__)]
        self._nest(tree)

    def _collect(self, loop: Loop, predecessors: dict[Block, list[Block]], tops: dict[Loop, Loop]) -> None:
        """Adds to the loop all blocks that reach a latch without going through the header."""
        innermost = self.innermost
        # At a block of an inner loop, the walk goes on at the header of the outermost loop known around it.
        innermost.setdefault(loop.header, loop)
        work = list(loop.latches)
        while work:
            block = work.pop()
            inner = innermost.get(block)
            if inner is loop or block is loop.header:
                continue
            if inner is None:
                innermost[block] = loop
                work += predecessors[block]
                continue
            outermost = _outermost(inner, tops)
            if outermost is not loop:
                outermost.parent = tops[outermost] = loop
                work += predecessors[outermost.header]

    def _nest(self, tree: DominatorTree) -> None:
        """Sets children, depths, and numbers that show the nesting of loops."""
        for loop in self.loops:
            if loop.parent is not None:
                loop.depth = loop.parent.depth + 1
                loop.parent.children.append(loop)
        sizes = dict.fromkeys(self.loops, 1)
        for loop in reversed(self.loops):
            if loop.parent is not None:
                sizes[loop.parent] += sizes[loop]
        free: dict[Loop | None, int] = {None: 0}
        for loop in self.loops:
            first = free[loop.parent]
            free[loop.parent] = first + sizes[loop]
            loop._first, loop._last = first, first + sizes[loop] - 1
            free[loop] = first + 1
        for block in tree.order:
            around = self.innermost.get(block)
            if around is not None:
                around.own_blocks.append(block)


def _outermost(loop: Loop, tops: dict[Loop, Loop]) -> Loop:
    """The outermost loop known around one; ``tops`` caches shortcuts to it."""
    passed = []
    while loop in tops:
        passed.append(loop)
        loop = tops[loop]
    for inner in passed[:-1]:
        tops[inner] = loop
    return loop
