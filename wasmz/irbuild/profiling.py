"""Functions that count which ways are taken, and what to do with the counts.

    b0:                                   b0:
      branch v0 b1 b2                       branch v0 b3 b4
    b1:                          ->       b3:
      ...                                   count b1 b5              adds one to the way's counter
                                          b4:
                                            count b2 b5

:func:`add_profiling` does that to a function as the builder made it. What was counted comes back as the weights of
edges, by :func:`annotate`; :func:`order_blocks` then lays out blocks so that the likely way falls through, and the
lowering of switches asks for likely cases first. The counters of a function have numbers: 0 its calls; then, for each
block in layout order, the rounds of the loop it is the header of, and one for each way out of it, if there are several.
"""

from __future__ import annotations

from collections.abc import Iterator

from wasmz.ir.nodes import Block, Edge, Function, Terminator, Value, loop_headers
from wasmz.startup.records import Record


class FunctionProfile(Record):
    """What was counted in one function.

    Attributes:
        calls: how often it was called.
        loops: the rounds of each loop, in layout order of their headers.
        branches: for each block with several ways out, in layout order, how often each was taken.
    """

    calls: int
    loops: tuple[int, ...]
    branches: tuple[tuple[int, ...], ...]

    @property
    def weight(self) -> int:
        """Calls and rounds of loops together."""
        return self.calls + sum(self.loops)


class Profile(Record):
    """What was counted in a run of a module.

    Attributes:
        module: the hash of the module's bytes.
        functions: by index; a function that is missing was not called.
    """

    module: str
    functions: dict[int, FunctionProfile]


def add_profiling(function: Function) -> None:
    """Makes the function count its calls, the rounds of its loops and the ways it takes."""
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
        for edge in _ways(inner):
            way = Block()
            way.terminator = counted(edge.block, edge.args)
            edge.block, edge.args = way, ()
            blocks.append(way)
    function.blocks = [*blocks, ended]


def read_counts(function: Function, counts: list[int]) -> FunctionProfile:
    """What the counters of a function, by their numbers, say; ``function`` is as the builder made it."""
    headers = set(loop_headers(function))
    following: Iterator[int] = iter(counts)
    calls = next(following)
    loops, branches = [], []
    for block in function.blocks:
        if block in headers:
            loops.append(next(following))
        ways = _ways(block)
        if ways:
            branches.append(tuple([next(following) for _ in ways]))
    return FunctionProfile(calls, tuple(loops), tuple(branches))


def annotate(function: Function, profile: FunctionProfile) -> bool:
    """Gives edges their weights; ``function`` is as the builder made it. False if the profile is not of it."""
    blocks = [ways for ways in map(_ways, function.blocks) if ways]
    if [len(ways) for ways in blocks] != [len(counts) for counts in profile.branches]:
        return False
    for ways, counts in zip(blocks, profile.branches, strict=True):
        for edge, count in zip(ways, counts, strict=True):
            edge.weight = count
    return True


def order_blocks(function: Function) -> None:
    """Lays blocks out so that each is followed by its likeliest successor; does nothing without weights."""
    if not any(edge.weight for block in function.blocks for edge in block.terminator.edges):
        return
    placed: dict[Block, None] = {}
    # Ways that were not followed at once, the likeliest to be taken first, at the end.
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


def _ways(block: Block) -> list[Edge]:
    """The distinct ways out of a block that has several."""
    if block.terminator.op not in ("branch", "switch"):
        return []
    return list(dict.fromkeys(block.terminator.edges))
