"""The parts of the IR: functions, blocks, values and terminators.

A function is a list of basic blocks in layout order; the first one is the entry. A block has parameters, a body of
values, and one terminator. A *value* is an instruction together with its result. Values flow between blocks along
edges, as arguments for the target's parameters; a value may also be used in any block that its own block dominates.
WebAssembly's locals are variables, read and written by ``local.get`` and ``local.set``, so that the builder needs no
SSA construction; everything else is in SSA form from the start.

    func 0 "max" (i32, i32) -> (i32)
      locals i32 i32
    b0:
      v0 = local.get 0            ; offset 0x1e
      v1 = local.get 1
      v2 = i32.gt_s v0 v1
      branch v2 b1 b2
    ...

Operations have the names of WebAssembly's instructions; `operations.py` has those that the IR adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, Union

from wasmz.types import FuncType, ValType, internal_type

# The type of comparisons that only conditions use: a Python bool, which never becomes an i32.
BOOL = internal_type("bool")
# The type of Python's iterators, which only `next` uses (see ``passes/streams.py``).
STREAM = internal_type("stream")

# The type of a value: one type, none, or a tuple for the several results of a call.
ResultType = Union[ValType, tuple[ValType, ...], None]


class Value:
    """An operation and its result.

    Attributes:
        op: name of the operation.
        type: type of the result; ``None`` without one; a tuple for the several results of a call.
        args: operands.
        imm: immediate operand, in the decoder's form.
        offset: byte offset in the module of the instruction that it comes from.
        block: the block that contains it.
        uses: number of uses, valid after :func:`count_uses`.
        escapes: whether another block uses it, valid after :func:`count_uses`.
        slot: number of its fast local, or -1; set by the code generator.
        fact: what is known about the integer; set by the range analysis (`passes/analysis/ranges.py`).
        note: belongs to the current pass; has no meaning for others.
    """

    __slots__ = ("args", "block", "escapes", "fact", "imm", "note", "offset", "op", "slot", "type", "uses")

    fact: tuple[int, int, int, int]
    note: Any

    def __init__(self, op: str, type: ResultType, args: tuple[Value, ...], imm: Any, offset: int, block: Block) -> None:
        self.op: str = op
        self.type: ResultType = type
        self.args: tuple[Value, ...] = args
        self.imm: Any = imm
        self.offset: int = offset
        self.block: Block = block
        self.uses: int = 0
        self.escapes: bool = False
        self.slot: int = -1

    def __repr__(self) -> str:
        return f"<{self.op} {self.imm if self.imm is not None else ''} at 0x{self.offset:x}>"


class Edge:
    """An edge from one block to another, with the values for the target's parameters.

    ``weight`` is how often it was taken in a profile, if known (see `profiling.py`).
    """

    __slots__ = ("args", "block", "weight")

    def __init__(self, block: Block, args: tuple[Value, ...] = (), weight: int = 0) -> None:
        self.block: Block = block
        self.args: tuple[Value, ...] = args
        self.weight: int = weight


class Terminator:
    """How a block ends.

    ``jump`` has one edge; ``branch`` has a condition and two edges (for not zero, and for zero); ``switch`` has an
    index and one edge for each number from 0, the last for all others; ``return``, ``return_call``,
    ``return_call_indirect`` and ``unreachable`` have none. ``invoke`` has the edge of the normal path, and the one to
    the handler of what the block's last call throws; ``throw`` and ``reraise`` have the one to their handler, if there
    is one. ``next`` has the edge to the block that takes an item of the stream, and the one for the stream's end.
    """

    __slots__ = ("args", "edges", "imm", "offset", "op")

    def __init__(
        self, op: str, args: tuple[Value, ...] = (), edges: tuple[Edge, ...] = (), imm: Any = None, offset: int = 0
    ) -> None:
        self.op: str = op
        self.args: tuple[Value, ...] = args
        self.edges: tuple[Edge, ...] = edges
        self.imm: Any = imm
        self.offset: int = offset


class Block:
    """A basic block.

    Attributes:
        params: its parameters, values with the operation ``param``.
        body: values in the order of evaluation.
        terminator: how it ends; the builder sets it last.
        number: position in the function, valid after :meth:`Function.number_blocks`.
    """

    __slots__ = ("body", "number", "params", "terminator")

    terminator: Terminator

    def __init__(self) -> None:
        self.params: list[Value] = []
        self.body: list[Value] = []
        self.number: int = -1

    def add_param(self, type: ValType, offset: int) -> Value:
        """Appends a parameter and returns it."""
        param = Value("param", type, (), None, offset, self)
        self.params.append(param)
        return param


def label(index: int, name: str | None) -> str:
    """The name of a function in messages: ``12 "parse"``."""
    return str(index) if name is None else f'{index} "{name}"'


class Stage(IntEnum):
    """The stage of a function's IR; passes only advance it."""

    BUILT = 0  # WebAssembly's operations on locals and values
    SSA = 1  # values instead of locals (`passes/ssa.py`)
    REPRESENTED = 2  # Python's operations on ints that stand for numbers (`passes/represent.py`)


class Function:
    """A function of the module in IR form.

    Attributes:
        index: in the module's function index space.
        name: from the name section, or ``None``.
        type: parameters and results.
        locals: types of all locals, parameters first.
        blocks: in layout order, the entry first.
        offset: byte offset of the body in the module.
        loops: in the builder's IR, for loops that are described: by number, the header and the operand stack there.
        parameter_bounds: by index, upper bounds of parameters that all callers respect; usually none.
        bounds: upper bounds of values that passes have found.
        gap_memories: memories that passes assume not to reach the last page of the address space; -1 stands for all.
        stage: the stage of its IR.
        analyses: the analyses of its graph, kept by `analyses.py`.
    """

    __slots__ = (
        "analyses",
        "blocks",
        "bounds",
        "gap_memories",
        "index",
        "locals",
        "loops",
        "name",
        "offset",
        "parameter_bounds",
        "stage",
        "type",
    )

    def __init__(self, index: int, name: str | None, type: FuncType, locals: list[ValType], offset: int) -> None:
        self.index: int = index
        self.name: str | None = name
        self.type: FuncType = type
        self.locals: list[ValType] = locals
        self.offset: int = offset
        self.blocks: list[Block] = []
        self.loops: dict[int, tuple[Block, tuple[Value, ...]]] = {}
        self.parameter_bounds: dict[int, int] = {}
        self.bounds: dict[Value, int] = {}
        self.gap_memories: set[int] = set()
        self.stage: Stage = Stage.BUILT
        self.analyses: object = None

    @property
    def is_ssa(self) -> bool:
        """Whether locals have become values."""
        return self.stage >= Stage.SSA

    @property
    def is_represented(self) -> bool:
        """Whether integers are represented as Python ints, with no difference between i32 and i64."""
        return self.stage is Stage.REPRESENTED

    @property
    def label(self) -> str:
        """The function's name in messages: ``12 "parse"``."""
        return label(self.index, self.name)

    def number_blocks(self) -> None:
        """Sets each block's ``number`` to its position."""
        for number, block in enumerate(self.blocks):
            block.number = number

    def values(self) -> Iterator[Value]:
        """All values but parameters, in layout order."""
        for block in self.blocks:
            yield from block.body


def loop_headers(function: Function) -> list[Block]:
    """The headers of the loops, in layout order; the function must be laid out so that only loops lead back."""
    function.number_blocks()
    headers = {
        edge.block for block in function.blocks for edge in block.terminator.edges if edge.block.number <= block.number
    }
    return sorted(headers, key=lambda block: block.number)


def count_uses(function: Function) -> None:
    """Sets ``uses`` and ``escapes`` of all values. Arguments of edges count as uses in the block they leave."""
    for block in function.blocks:
        for value in block.params:
            value.uses = 0
            value.escapes = False
        for value in block.body:
            value.uses = 0
            value.escapes = False
    for block in function.blocks:
        for value in block.body:
            for arg in value.args:
                arg.uses += 1
                if arg.block is not block:
                    arg.escapes = True
        terminator = block.terminator
        for arg in terminator.args:
            arg.uses += 1
            if arg.block is not block:
                arg.escapes = True
        for edge in terminator.edges:
            for arg in edge.args:
                arg.uses += 1
                if arg.block is not block:
                    arg.escapes = True
