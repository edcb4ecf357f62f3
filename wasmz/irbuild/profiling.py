"""Functions that count which edges are taken, and uses of these counts.

    b0:                                   b0:
      branch v0 b1 b2                       branch v0 b3 b4
    b1:                          ->       b3:
      ...                                   count b1 b5              adds one to the edge's counter
                                          b4:
                                            count b2 b5

:func:`add_profiling` adds counters to the builder's IR. :func:`annotate` converts counts to weights of edges.
:func:`order_blocks` then lays out blocks so that likely edges fall through, and the lowering of switches tests likely
cases first. The counters of a function are numbered: 0 counts its calls; then, for each block in layout order, one
counts the iterations of the loop whose header it is, and one each of its outgoing edges, if there are several.
"""

from __future__ import annotations

from collections.abc import Iterator

from wasmz.ir.nodes import Block, Edge, Function, Terminator, Value, loop_headers
from wasmz.startup.records import Record


class FunctionProfile(Record):
    """The counts of one function.

    Attributes:
        calls: how often it was called.
        loops: the iterations of each loop, in layout order of their headers.
        branches: for each block with several outgoing edges, in layout order, how often each was taken.
    """

    calls: int
    loops: tuple[int, ...]
    branches: tuple[tuple[int, ...], ...]

    @property
    def weight(self) -> int:
        """The sum of calls and loop iterations."""
        return self.calls + sum(self.loops)


class Profile(Record):
    """The counts of a run of a module.

    Attributes:
        module: the hash of the module's bytes.
        functions: by index; functions that are missing were not called.
    """

    module: str
    functions: dict[int, FunctionProfile]


def add_profiling(function: Function) -> None:
    """Makes the function count its calls, the iterations of its loops and the edges it takes."""
    headers = set(loop_headers(function))
    ended = Block()
    ended.body = [Value("tier.ended", None, (), None, function.offset, ended)]
    ended.terminator = Terminator("unreachable", offset=function.offset)
    counter = 0

    def counted(following: Block, args: tuple[Value, ...] = ()) -> Terminator:
        nonlocal counter
        edges = (Edge(following, args), Edge(ended))
        made = Terminator("count", (), edges, (function.index, counter), function.offset)
        counter += 1
        return made

    entry = Block()
    entry.terminator = counted(function.blocks[0])
    blocks = [entry]
    for block in function.blocks:
        blocks.append(block)
        inner = block
        if block in headers:
            inner = Block()
            inner.body, inner.terminator, block.body = block.body, block.terminator, []
            for value in inner.body:
                value.block = inner
            block.terminator = counted(inner)
            blocks.append(inner)
        for edge in _choices(inner):
            counting = Block()
            counting.terminator = counted(edge.block, edge.args)
            edge.block, edge.args = counting, ()
            blocks.append(counting)
    function.blocks = [*blocks, ended]


def read_counts(function: Function, counts: list[int]) -> FunctionProfile:
    """Makes a profile from the counters of a function, by number; ``function`` is the builder's IR."""
    headers = set(loop_headers(function))
    following: Iterator[int] = iter(counts)
    calls = next(following)
    loops, branches = [], []
    for block in function.blocks:
        if block in headers:
            loops.append(next(following))
        edges = _choices(block)
        if edges:
            branches.append(tuple([next(following) for _ in edges]))
    return FunctionProfile(calls, tuple(loops), tuple(branches))


def annotate(function: Function, profile: FunctionProfile) -> bool:
    """Gives edges their weights; ``function`` is the builder's IR. ``False`` if the profile is for another function."""
    blocks = [edges for edges in map(_choices, function.blocks) if edges]
    if [len(edges) for edges in blocks] != [len(counts) for counts in profile.branches]:
        return False
    for edges, counts in zip(blocks, profile.branches, strict=True):
        for edge, count in zip(edges, counts, strict=True):
            edge.weight = count
    return True


def order_blocks(function: Function) -> None:
    """Lays out blocks so that each is followed by its likeliest successor; does nothing without weights."""
    if not any(edge.weight for block in function.blocks for edge in block.terminator.edges):
        return
    placed: dict[Block, None] = {}
    # Targets of edges that were not followed at once, the likeliest last.
    waiting: list[Block] = [function.blocks[0]]
    while waiting:
        block: Block | None = waiting.pop()
        while block is not None and block not in placed:
            placed[block] = None
            edges = sorted(dict.fromkeys(block.terminator.edges), key=lambda edge: edge.weight)
            if block.terminator.op == "invoke":
                # The handler comes first, and so is followed last.
                edges.reverse()
            successors = [edge.block for edge in edges if edge.block not in placed]
            block = successors.pop() if successors else None
            waiting += successors
    function.blocks = list(placed)


def _choices(block: Block) -> list[Edge]:
    """The distinct outgoing edges of a block that has several."""
    if block.terminator.op not in ("branch", "switch"):
        return []
    return list(dict.fromkeys(block.terminator.edges))
