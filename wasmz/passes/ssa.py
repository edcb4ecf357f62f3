"""Converts a function to SSA form: locals become values, and parameters of blocks where edges meet.

b0:                                       b0:
  v0 = i32.const 0                          v0 = i32.const 0
  local.set 1 v0                            v1 = local.get 0
  jump b1                                   jump b1(v0)
b1:                                       b1(v2: i32):
  v1 = local.get 1                          v3 = i32.add v2 v1
  v2 = local.get 0                    ->    v4 = i32.eqz v3
  v3 = i32.add v1 v2                        branch v4 b1(v3) b2
  local.set 1 v3                          b2:
  v4 = i32.eqz v3                           return v3
  branch v4 b1 b2
b2:
  v5 = local.get 1
  return v5

Afterwards the entry has no predecessors, `local.get` occurs only at its top, once for each used parameter, and there
is no `local.set`. WebAssembly's control flow is reducible: a block is entered from blocks before it in reverse
postorder, or it is a loop header. So one walk suffices: at a header, each live local that the loop writes gets a block
parameter; elsewhere only locals whose values differ between the incoming edges.
"""

from __future__ import annotations

from wasmz.ir.analyses import dominator_tree
from wasmz.ir.edit import distinct_edges
from wasmz.ir.liveness import effects_of_blocks, live_locals
from wasmz.ir.nodes import Block, Edge, Function, Stage, Terminator, Value
from wasmz.passes.context import Context


def run(function: Function, context: Context) -> None:
    """Converts in place; does nothing if the function is already in SSA form."""
    if not function.is_ssa:
        _separate_handlers(function)
        construct(function)


def construct(function: Function) -> None:
    """Does the conversion, also for functions in SSA form to which locals were added."""
    _Construction(function).run()
    function.stage = max(function.stage, Stage.SSA)


def _separate_handlers(function: Function) -> None:
    """Gives each edge into a handler a block of its own, which passes the exception on as an argument.

    Handlers have no parameters; the new blocks can pass arguments where edges meet.
    """
    handlers = {block for block in function.blocks if block.body and block.body[0].op == "exn.caught"}
    if not handlers:
        return
    landings: dict[Block, list[Block]] = {}
    for source, edge in [
        (block, edge) for block in function.blocks for edge in block.terminator.edges if edge.block in handlers
    ]:
        landing = Block()
        caught = edge.block.body[0]
        value = Value("exn.caught", caught.type, (), None, caught.offset, landing)
        landing.body = [value]
        landing.terminator = Terminator("jump", (), (Edge(edge.block, (value,)),), offset=source.terminator.offset)
        landings.setdefault(edge.block, []).append(landing)
        edge.block = landing
    blocks: list[Block] = []
    for block in function.blocks:
        if block in handlers:
            caught = block.body.pop(0)
            caught.op = "param"
            block.params.append(caught)
            blocks += landings.get(block, ())
        blocks.append(block)
    function.blocks = blocks


class _Construction:
    def __init__(self, function: Function) -> None:
        self.function = function
        if any(edge.block is function.blocks[0] for block in function.blocks for edge in block.terminator.edges):
            entry = Block()
            entry.terminator = Terminator("jump", (), (Edge(function.blocks[0]),), offset=function.offset)
            function.blocks.insert(0, entry)
        self.tree = dominator_tree(function)
        self.order = self.tree.order
        position = self.tree.position
        self.position = position
        # Edges into each block from blocks before it, and (back edges) from blocks after it.
        self.entering: dict[Block, list[tuple[Block, Edge]]] = {block: [] for block in self.order}
        self.back_edges: dict[Block, list[tuple[Block, Edge]]] = {}
        for block in self.order:
            for edge in distinct_edges(block.terminator):
                if position[edge.block] <= position[block]:
                    self.back_edges.setdefault(edge.block, []).append((block, edge))
                else:
                    self.entering[edge.block].append((block, edge))
        self.leaving: dict[Block, dict[int, Value]] = {}
        # The locals whose value at the end of a block may differ from that at the end of its immediate dominator.
        self.changed: dict[Block, int] = {}
        self.replaced: dict[Value, Value] = {}
        # The values at the top of the entry.
        self.parameters: list[Value] = []

    def run(self) -> None:
        function, order = self.function, self.order
        effects = effects_of_blocks(function)
        live = live_locals(function, effects)
        written = self._written_in_loops(effects) if self.back_edges else {}
        added: dict[Block, list[int]] = {}
        entry = order[0]
        for block in order:
            current: dict[int, Value] = {}
            changed = 0
            if block is not entry:
                current, changed = self._enter(block, live[block], written.get(block, 0), added)
            self._rename(block, current, changed)
        for block, edges in self.back_edges.items():
            locals_added = added.get(block)
            if locals_added:
                for source, edge in edges:
                    current = self.leaving[source]
                    edge.args += tuple(self._value_of(current, local) for local in locals_added)
        for value in self.parameters:
            value.block = entry
        entry.body[:0] = self.parameters
        function.blocks = [block for block in function.blocks if block in self.position]

    def _enter(
        self, block: Block, live: int, written: int, added: dict[Block, list[int]]
    ) -> tuple[dict[int, Value], int]:
        """Finds the values of the locals at the start of a block, and which may differ from those at the end of its
        immediate dominator. Adds the parameters that the block needs.
        """
        incoming = self.entering[block]
        above: Block = self.tree.parent(block)  # type: ignore[assignment]
        current = self.leaving[above]
        live &= self._changed_between(above, incoming) | written
        if not live:
            return current, 0
        changed = live
        current = dict(current)
        first, *rest = [self.leaving[source] for source, _ in incoming]
        wanted: list[int] = []
        while live:
            bit = live & -live
            live ^= bit
            local = bit.bit_length() - 1
            if written & bit:
                wanted.append(local)
                continue
            value = self._value_of(first, local)
            if all(self._value_of(source, local) is value for source in rest):
                current[local] = value
            else:
                wanted.append(local)
        if wanted:
            added[block] = wanted
            for source, edge in incoming:
                leaving = self.leaving[source]
                edge.args += tuple([self._value_of(leaving, local) for local in wanted])
            types = self.function.locals
            for local in wanted:
                current[local] = block.add_param(types[local], block.terminator.offset)
        return current, changed

    def _changed_between(self, above: Block, incoming: list[tuple[Block, Edge]]) -> int:
        """The locals that may have changed on paths from the end of a block to the blocks that it dominates."""
        changed = 0
        seen = {above}
        for source, _ in incoming:
            block = source
            while block not in seen:
                seen.add(block)
                changed |= self.changed[block]
                block = self.tree.parent(block)  # type: ignore[assignment]
        return changed

    def _value_of(self, current: dict[int, Value], local: int) -> Value:
        """The value of a local; one that is not in ``current`` was not written yet."""
        value = current.get(local)
        if value is None:
            # The value at the entry's end: no path has written to the local.
            value = self.leaving[self.order[0]].get(local)
            if value is None:
                value = self._initial(local)
                self.leaving[self.order[0]][local] = value
        return value

    def _initial(self, local: int) -> Value:
        """The value of a parameter, or of another local, which is zero (specification 4.4.10)."""
        function = self.function
        type = function.locals[local]
        entry = function.blocks[0]
        if local < len(function.type.params):
            value = Value("local.get", type, (), local, function.offset, entry)
        elif type.is_reference:
            value = Value("ref.null", type, (), None, function.offset, entry)
        else:
            value = Value(f"{type}.const", type, (), 0, function.offset, entry)
        self.parameters.append(value)
        return value

    def _rename(self, block: Block, current: dict[int, Value], changed: int) -> None:
        """Replaces reads of locals by their values. ``current`` may be another block's unless some have changed."""
        replaced = self.replaced
        body: list[Value] = []
        is_entry = block is self.order[0]
        if is_entry:
            self.leaving[block] = current
        for value in block.body:
            op = value.op
            if op == "local.get":
                local = value.imm
                known = current.get(local)
                if known is None:
                    known = current[local] = self._initial(local) if is_entry else self._value_of(current, local)
                replaced[value] = known
                continue
            args = value.args
            if args:
                for arg in args:
                    if arg in replaced:
                        args = value.args = tuple([replaced.get(arg, arg) for arg in args])
                        break
                if op == "local.set":
                    if not changed and not is_entry:
                        current = dict(current)
                    changed |= 1 << value.imm
                    current[value.imm] = args[0]
                    continue
            body.append(value)
        block.body = body
        terminator = block.terminator
        if terminator.args:
            terminator.args = tuple([replaced.get(arg, arg) for arg in terminator.args])
        for edge in distinct_edges(terminator):
            if edge.args:
                edge.args = tuple([replaced.get(arg, arg) for arg in edge.args])
        self.leaving[block] = current
        self.changed[block] = changed

    def _written_in_loops(self, effects: dict[Block, tuple[int, int]]) -> dict[Block, int]:
        """The locals that the loop of each header writes."""
        written: dict[Block, int] = {}
        # The header of the largest loop known around a block or header.
        around: dict[Block, Block] = {}

        def outermost(block: Block) -> Block:
            while block in around:
                block = around[block]
            return block

        position = self.position
        for header in sorted(self.back_edges, key=position.__getitem__, reverse=True):
            mask = effects[header][1]
            work = [outermost(source) for source, _ in self.back_edges[header]]
            seen = {header}
            while work:
                block = work.pop()
                if block in seen:
                    continue
                seen.add(block)
                around[block] = header
                mask |= written[block] if block in written else effects[block][1]
                work += [outermost(source) for source, _ in self.entering[block]]
            written[header] = mask
        return written
