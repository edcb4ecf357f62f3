"""Loop versioning: code before a loop that decides whether something else does its iterations, or the first ones.

    before:                          before:
      jump header(v0)                  v1 = ...                     add("i32.ge_u", ...)
                             ->        branch v1 next header(v0)    leave_unless(v1)
                                     next:
                                       ...
                                       jump elsewhere               finish(block, args)

The loop itself stays unchanged. If a test fails, the loop is entered as before, so the code up to there must have no
effects.
"""

from __future__ import annotations

from wasmz.ir.nodes import Block, Edge, Function, ResultType, Terminator, Value
from wasmz.types import ValType


class LoopEntry:
    """Writes blocks between a loop and the block before it, which only jumps to the loop.

    Attributes:
        first: the value of each parameter of the header in the first iteration.
        block: the open block, to which values are added.
        leaving: the blocks that end with a test, with their edges to the loop itself.
    """

    def __init__(self, function: Function, before: Block, offset: int) -> None:
        self.function = function
        self.offset = offset
        self.block: Block = before
        self.entering: Edge = before.terminator.edges[0]
        self.header: Block = self.entering.block
        self.first: dict[Value, Value] = dict(zip(self.header.params, self.entering.args, strict=True))
        self.leaving: list[tuple[Block, Edge]] = []

    def add(self, op: str, type: ResultType, *args: Value, imm: object = None) -> Value:
        """Adds a value to the open block."""
        value = Value(op, type, args, imm, self.offset, self.block)
        self.block.body.append(value)
        return value

    def constant(self, type: ValType, number: int) -> Value:
        """Adds an integer as WebAssembly's constant."""
        return self.add(f"{type}.const", type, imm=number)

    def number(self, number: int) -> Value:
        """Adds a Python int."""
        return self.add("int.const", ValType.I32, imm=number)

    def leave_unless(self, condition: Value, *, goes_on: bool = True) -> None:
        """Ends the block with a test: if the condition is ``goes_on``, a new block follows, otherwise the loop."""
        following = Block()
        leaving = Edge(self.header, tuple([self.first[param] for param in self.header.params]))
        edges = (Edge(following), leaving) if goes_on else (leaving, Edge(following))
        self.block.terminator = Terminator("branch", (condition,), edges, offset=self.offset)
        self.leaving.append((self.block, leaving))
        self._open(following)

    def go_on(self) -> None:
        """Ends the block; a new one follows."""
        following = Block()
        self.block.terminator = Terminator("jump", (), (Edge(following),), offset=self.offset)
        self._open(following)

    def finish(self, block: Block, args: tuple[Value, ...], weight: int = 0) -> Edge:
        """Ends the last block with a jump; returns its edge."""
        edge = Edge(block, args, weight)
        self.block.terminator = Terminator("jump", (), (edge,), offset=self.offset)
        return edge

    def insert(self, *blocks: Block) -> None:
        """Inserts blocks before the loop, after those inserted before."""
        place = self.function.blocks.index(self.header)
        self.function.blocks[place:place] = blocks

    def _open(self, block: Block) -> None:
        self.insert(block)
        self.block = block
