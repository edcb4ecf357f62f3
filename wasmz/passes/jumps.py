"""Jump threading: redirects edges past empty blocks, and past tests whose outcome is known on the path.

b0:                                    b0:
  branch v0 b1 b2                        branch v0 b1 b2
b1:                                    b1:
  v1 = i32.const 0                       v1 = i32.const 0
  jump b3(v1)                            jump b5
b2:                              ->    b2:
  v2 = i32.load (2, 0, 0) v3             v2 = i32.load (2, 0, 0) v3
  jump b3(v2)                            jump b3(v2)
b3(v4: i32):                           b3(v4: i32):
  branch v4 b4 b5                        branch v4 b4 b5

An edge skips a test if its block has no other effect, no other block uses its values, and it is not a loop header: so
loops keep a single entry. The block before a loop stays. Blocks from which all paths lead to a trap go to the end, off
the hot path.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Union

from wasmz.ir.analyses import dominator_tree
from wasmz.ir.edit import distinct_edges, incoming_edges
from wasmz.ir.facts import INTEGER_CONSTANTS, NUMBERED, NUMERIC_CONSTANTS
from wasmz.ir.nodes import Block, Edge, Function, Terminator, Value
from wasmz.passes import merge
from wasmz.passes.context import Context
from wasmz.passes.rules.evaluation import evaluate

_FIRST = frozenset({"local.get", "exn.caught"})

# A test after more operations is not skipped.
_LONGEST_TEST = 6
# How many blocks an edge may skip; this also ends cycles.
_LONGEST_PATH = 8


def run(function: Function, context: Context) -> None:
    """Redirects edges in place."""
    if not function.is_ssa:
        return
    _Threading(function).run()
    merge.run(function, context)
    _move_cold_blocks(function)


class _Threading:
    def __init__(self, function: Function) -> None:
        self.function = function
        # Blocks without effects that an edge may skip.
        self.passable: set[Block] = set()

    def run(self) -> None:
        function = self.function
        tree = dominator_tree(function)
        headers, order = tree.headers, list(tree.order)
        self.passable = passable = {
            block
            for block in order[1:]
            if block not in headers and _is_passable(block) and not _goes_to(block, headers)
        }
        if passable:
            passable -= _used_elsewhere(function)
        for block in order:
            if passable:
                for edge in distinct_edges(block.terminator):
                    if edge.block in passable:
                        self._lead_on(block, edge)
            _simplify_branch(block.terminator)

    def _lead_on(self, source: Block, edge: Edge) -> None:
        """Redirects an edge forward as long as the next edge is certain."""
        known = _learned(source.terminator, edge)
        made: dict[Value, Value] = {}
        for _ in range(_LONGEST_PATH):
            block = edge.block
            if block not in self.passable:
                break
            values = dict(zip(block.params, edge.args, strict=True))
            onward = _edge_on(block, values, known)
            if onward is None:
                break
            args: list[Value] = []
            for arg in onward.args:
                arg = values.get(arg, arg)
                if arg.block is block and arg.op in NUMERIC_CONSTANTS:
                    if arg not in made:
                        made[arg] = Value(arg.op, arg.type, (), arg.imm, arg.offset, source)
                    arg = made[arg]
                elif arg.block is block:
                    # The block to skip computes it.
                    break
                args.append(arg)
            else:
                edge.block, edge.args = onward.block, tuple(args)
                continue
            break
        constants = [value for value in made.values() if value in edge.args]
        if constants:
            # Inserted first, so that a comparison stays next to its branch; but after the function's parameters, and
            # after the first operation of a handler.
            body = source.body
            place = next((number for number, value in enumerate(body) if value.op not in _FIRST), len(body))
            body[place:place] = constants


def _is_passable(block: Block) -> bool:
    """Whether the block only decides which edge to take."""
    body = block.body
    if len(body) > _LONGEST_TEST or block.terminator.op not in ("jump", "branch", "switch"):
        return False
    return NUMBERED.issuperset([value.op for value in body])


def _used_elsewhere(function: Function) -> set[Block]:
    """The blocks whose values others use."""
    found: set[Block] = set()
    for block in function.blocks:
        for value in block.body:
            for arg in value.args:
                if arg.block is not block:
                    found.add(arg.block)
        terminator = block.terminator
        for arg in terminator.args:
            if arg.block is not block:
                found.add(arg.block)
        for edge in distinct_edges(terminator):
            for arg in edge.args:
                if arg.block is not block:
                    found.add(arg.block)
    return found


def _goes_to(block: Block, headers: Collection[Block]) -> bool:
    """Whether a block only jumps to a loop: other passes need such a block before it."""
    return block.terminator.op == "jump" and block.terminator.edges[0].block in headers


def _learned(terminator: Terminator, edge: Edge) -> dict[Value, int]:
    """What an edge implies about the value that its branch tests."""
    if terminator.op == "branch" and terminator.edges[0].block is not terminator.edges[1].block:
        condition = terminator.args[0]
        truth = edge is terminator.edges[0]
        # A number that is not zero is only known to be true; 1 stands for it, as only tests use it.
        return {condition: int(truth)}
    return {}


def _edge_on(block: Block, values: dict[Value, Value], known: dict[Value, int]) -> Edge | None:
    """The edge that is taken out of a block for the given parameters; ``None`` if that is not certain."""
    terminator = block.terminator
    edges = terminator.edges
    if terminator.op == "jump":
        return edges[0]
    condition = terminator.args[0]
    number: Union[int, None]
    if terminator.op == "branch":
        number = _truth(condition, block, values, known)
        return None if number is None else edges[0 if number else 1]
    number = _number(condition, block, values)
    return None if number is None or number < 0 else edges[min(number, len(edges) - 1)]


def _truth(condition: Value, block: Block, values: dict[Value, Value], known: dict[Value, int]) -> int | None:
    """Whether a condition is true (not zero), if that is certain."""
    outer = values.get(condition, condition)
    if outer in known:
        return known[outer]
    if outer.op == "i32.eqz" and outer.block is block:
        inner = _truth(outer.args[0], block, values, known)
        return None if inner is None else int(not inner)
    return _number(condition, block, values)


def _number(value: Value, block: Block, values: dict[Value, Value], depth: int = 0) -> int | None:
    """A value of the block as a number, if it is constant."""
    value = values.get(value, value)
    op = value.op
    if op in INTEGER_CONSTANTS:
        return int(value.imm)
    if value.block is not block or op == "param" or not 0 < len(value.args) < 3 or depth > _LONGEST_TEST:
        return None
    operands: list[int] = []
    for arg in value.args:
        number = _number(arg, block, values, depth + 1)
        if number is None:
            return None
        operands.append(number)
    return evaluate(op, value.imm, operands)


def _simplify_branch(terminator: Terminator) -> None:
    """Makes a branch whose edges have become equal a jump."""
    if terminator.op == "branch":
        one, other = terminator.edges
        if one.block is other.block and one.args == other.args:
            terminator.op, terminator.args, terminator.edges = "jump", (), (one,)


def _move_cold_blocks(function: Function) -> None:
    """Moves the blocks that only lead to traps to the end."""
    waiting: dict[Block, int] = {}
    work: list[Block] = []
    for block in function.blocks:
        edges = distinct_edges(block.terminator)
        waiting[block] = len(edges)
        if block.terminator.op == "unreachable":
            work.append(block)
    if not work or function.blocks[0] in work:
        return
    incoming = incoming_edges(function)
    cold = set(work)
    while work:
        for source, _ in incoming[work.pop()]:
            waiting[source] -= 1
            if not waiting[source] and source not in cold:
                cold.add(source)
                work.append(source)
    if function.blocks[0] not in cold:
        blocks = function.blocks
        function.blocks = [block for block in blocks if block not in cold] + [
            block for block in blocks if block in cold
        ]
