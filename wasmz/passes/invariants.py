"""Moves the computation of invariant values to before a loop.

b0:                                b0:
  jump b1(v0)                        v5 = i32.mul v1 v2
b1(v3: i32):                         jump b1(v0)
  v4 = i32.mul v1 v2         ->    b1(v3: i32):
  v5 = i32.add v3 v4                 v6 = i32.add v3 v5
  branch v5 b1(v5) b2                branch v6 b1(v6) b2

Only operations that have no effects and cannot trap are moved, and only from blocks that every iteration executes: an
operation that a loop rarely executes may cost less where it is. A moved value takes a fast local, whose load costs 1-2
ns; the cheapest operation costs 15. Constants cost nothing, and a comparison next to its branch hardly anything; they
stay.
"""

from __future__ import annotations

from wasmz.ir.analyses import dominator_tree, loop_forest
from wasmz.ir.dominators import DominatorTree
from wasmz.ir.edit import incoming_edges
from wasmz.ir.facts import NUMBERED, NUMERIC_CONSTANTS
from wasmz.ir.loops import Loop, LoopForest
from wasmz.ir.nodes import BOOL, Block, Edge, Function, Value
from wasmz.passes.context import Context
from wasmz.passes.values import divides_safely
from wasmz.types import RefType

# How many loops a value may be moved out of.
_MOST_LEVELS = 8


def run(function: Function, context: Context) -> None:
    """Moves in place."""
    if not function.is_ssa:
        return
    tree = dominator_tree(function)
    forest = loop_forest(function)
    if forest.loops:
        _Motion(function, tree, forest).run()


class _Motion:
    def __init__(self, function: Function, tree: DominatorTree, forest: LoopForest) -> None:
        self.function = function
        self.tree = tree
        self.forest = forest
        self.incoming: dict[Block, list[tuple[Block, Edge]]] | None = None
        self.preheaders: dict[Loop, Block] = {}
        self.ends: dict[Loop, tuple[Block, Block]] = {}

    def run(self) -> None:
        innermost = self.forest.innermost
        for block in self.tree.order:
            loop = innermost.get(block)
            if loop is None or not self._is_regular(block, loop):
                continue
            kept: list[Value] = []
            for value in block.body:
                target = self._target(value, loop) if _is_movable(value) else None
                if target is None:
                    kept.append(value)
                else:
                    self._move(value, target)
            block.body = kept

    def _is_regular(self, block: Block, loop: Loop) -> bool:
        """Whether every iteration executes the block: it dominates all latches."""
        ends = self.ends.get(loop)
        if ends is None:
            # The first and the last latch in preorder stand for all.
            order = sorted(loop.latches, key=self.tree.preorder)
            ends = self.ends[loop] = (order[0], order[-1])
        dominates = self.tree.dominates
        return dominates(block, ends[0]) and dominates(block, ends[1])

    def _target(self, value: Value, loop: Loop) -> Loop | None:
        """The outermost enclosing loop in which the value is invariant, if it can be moved."""
        found: Loop | None = None
        around: Loop | None = loop
        for _ in range(_MOST_LEVELS):
            if around is None or self._depends(value, around):
                break
            found = around
            # The value would be before the loop: it can move on if every iteration of the next loop executes that
            # place.
            around = around.parent
            if around is None or not self._is_regular(found.header, around):
                break
        return found

    def _depends(self, value: Value, loop: Loop) -> bool:
        innermost = self.forest.innermost
        return any(arg.op not in NUMERIC_CONSTANTS and loop.encloses(innermost.get(arg.block)) for arg in value.args)

    def _move(self, value: Value, loop: Loop) -> None:
        before = self.preheaders.get(loop)
        if before is None:
            if self.incoming is None:
                self.incoming = incoming_edges(self.function)
            before = self.preheaders[loop] = self.forest.preheader(self.function, loop, self.incoming[loop.header])
        args = []
        for arg in value.args:
            if arg.op in NUMERIC_CONSTANTS and loop.encloses(self.forest.innermost.get(arg.block)):
                arg = Value(arg.op, arg.type, (), arg.imm, value.offset, before)
                before.body.append(arg)
            args.append(arg)
        value.args = tuple(args)
        value.block = before
        before.body.append(value)


def _is_movable(value: Value) -> bool:
    op = value.op
    if op in NUMBERED:
        return bool(value.args) and value.type is not BOOL and op != "project"
    if op == "array.len":
        # The length never changes, and this operation does not trap.
        array = value.args[0].type
        return isinstance(array, RefType) and not array.nullable
    return divides_safely(value)
