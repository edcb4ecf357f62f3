"""Dominators: the blocks that every path from the entry to a block goes through.

b0 -> b1, b2; b1 -> b3; b2 -> b3
->
DominatorTree: b0 above b1, b2 and b3; tree.dominates(b0, b3), not tree.dominates(b1, b3)
"""

from __future__ import annotations

from wasmz.ir.nodes import Block, Function


def reverse_postorder(function: Function) -> list[Block]:
    """The blocks that the entry reaches, each before its successors except along back edges."""
    entry = function.blocks[0]
    if not entry.terminator.edges:
        return [entry]
    order: list[Block] = []
    seen = {entry}
    work = [(entry, iter(entry.terminator.edges))]
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


class DominatorTree:
    """The dominator tree of the blocks that the entry reaches.

    Attributes:
        order: the blocks in reverse postorder.
        position: the index of each block in ``order``.
        headers: the targets of back edges.
        is_reducible: whether each loop is entered only at its header, as in all code from WebAssembly.
    """

    __slots__ = ("_first", "_last", "_parents", "headers", "is_reducible", "order", "position")

    def __init__(self, function: Function) -> None:
        self.order: list[Block] = reverse_postorder(function)
        self.position: dict[Block, int] = {block: number for number, block in enumerate(self.order)}
        if len(self.order) == 1:
            # Many functions have only one block, and each gets eight of these trees.
            self.is_reducible: bool = True
            self.headers: frozenset[Block] = frozenset(edge.block for edge in self.order[0].terminator.edges)
            self._parents = self._first = self._last = [0]
            return
        self._parents, self.headers, self.is_reducible = _find_parents(self.order, self.position)
        self._number()

    def parent(self, block: Block) -> Block | None:
        """The immediate dominator; ``None`` for the entry."""
        number = self.position[block]
        return self.order[self._parents[number]] if number else None

    def dominates(self, one: Block, other: Block) -> bool:
        """Whether every path to ``other`` goes through ``one``; true for equal blocks. Both must be reachable."""
        number = self.position[one]
        return self._first[number] <= self._first[self.position[other]] <= self._last[number]

    def preorder(self, block: Block) -> int:
        """The block's number in preorder: the blocks it dominates follow it directly."""
        return self._first[self.position[block]]

    def children(self) -> dict[Block, list[Block]]:
        """For each block, the blocks that it immediately dominates, in reverse postorder."""
        children: dict[Block, list[Block]] = {block: [] for block in self.order}
        for number in range(1, len(self.order)):
            children[self.order[self._parents[number]]].append(self.order[number])
        return children

    def _number(self) -> None:
        """Numbers the blocks in preorder."""
        count = len(self.order)
        parents = self._parents
        sizes = [1] * count
        for number in range(count - 1, 0, -1):
            sizes[parents[number]] += sizes[number]
        first = [0] * count
        free = [1] * count
        for number in range(1, count):
            parent = parents[number]
            first[number] = free[parent]
            free[parent] += sizes[number]
            free[number] = first[number] + 1
        self._first = first
        self._last = [first[number] + sizes[number] - 1 for number in range(count)]


def _find_parents(order: list[Block], position: dict[Block, int]) -> tuple[list[int], frozenset[Block], bool]:
    """The immediate dominator of each block, as positions; the headers; and whether the graph is reducible."""
    count = len(order)
    parents = [0] * count
    depths = [0] * count
    # Ancestors further up, by which common ones are found in logarithmic time (skew-binary jump pointers).
    jumps = [0] * count
    sources: list[list[int]] = [[] for _ in range(count)]
    back_edges: list[tuple[int, int]] = []
    for number, block in enumerate(order):
        if number:
            parent = sources[number][0]
            for other in sources[number]:
                parent = _common(parent, other, parents, depths, jumps)
            parents[number] = parent
            depths[number] = depths[parent] + 1
            jump = jumps[parent]
            jumps[number] = (
                jumps[jump] if depths[parent] - depths[jump] == depths[jump] - depths[jumps[jump]] else parent
            )
        for edge in block.terminator.edges:
            to = position[edge.block]
            if to > number:
                sources[to].append(number)
            else:
                back_edges.append((number, to))
    # A back edge to a dominator of its source changes nothing. Back edges into loops from elsewhere do.
    headers = frozenset([order[to] for _, to in back_edges])
    if all(_common(to, source, parents, depths, jumps) == to for source, to in back_edges):
        return parents, headers, True
    for source, to in back_edges:
        sources[to].append(source)
    _refine(parents, sources)
    return parents, headers, False


def _common(one: int, other: int, parents: list[int], depths: list[int], jumps: list[int]) -> int:
    """The closest common ancestor of two blocks, or the block itself if they are equal."""
    if depths[one] < depths[other]:
        one, other = other, one
    while depths[one] > depths[other]:
        one = jumps[one] if depths[jumps[one]] >= depths[other] else parents[one]
    while one != other:
        if jumps[one] == jumps[other]:
            one, other = parents[one], parents[other]
        else:
            one, other = jumps[one], jumps[other]
    return one


def _refine(parents: list[int], sources: list[list[int]]) -> None:
    """Corrects the immediate dominators of an irreducible graph, by iteration."""
    changed = True
    while changed:
        changed = False
        for number in range(1, len(parents)):
            found = sources[number][0]
            for other in sources[number]:
                while found != other:
                    if found > other:
                        found = parents[found]
                    else:
                        other = parents[other]
            if parents[number] != found:
                parents[number] = found
                changed = True


def immediate_dominators(function: Function) -> dict[Block, Block | None]:
    """The immediate dominator of each block that the entry reaches; ``None`` for the entry."""
    tree = DominatorTree(function)
    return {block: tree.parent(block) for block in tree.order}


def dominators(function: Function) -> dict[Block, frozenset[Block]]:
    """All dominators of each block, including itself; for an unreachable block, all blocks.

    Takes quadratic space: for tests and messages. Passes use a :class:`DominatorTree`.
    """
    closest = immediate_dominators(function)
    everything = frozenset(function.blocks)
    result: dict[Block, frozenset[Block]] = {}
    for block in closest:
        above = closest[block]
        result[block] = frozenset({block}) if above is None else result[above] | {block}
    return {block: result.get(block, everything) for block in function.blocks}
