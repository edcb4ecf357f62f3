"""Chooses the Python int that represents each integer, and changes integer operations to Python's.

A number modulo 2^32 may be represented as unsigned (0 to 2^32 - 1), signed (-2^31 to 2^31 - 1), or unreduced: any
congruent int. Reductions become explicit; those that do nothing, by the ranges, are omitted.

    v1 = i32.load8_s v0            v1 = i32.load8_s.signed v0          signed, -128..127
    v2 = i32.const 4294967295      v2 = int.const -1
    v3 = i32.add v1 v2      ->     v3 = int.add v1 v2                  -129..126, signed
    v4 = i32.lt_s v3 v1            v4 = int.lt v3 v1
    v5 = i32.mul v3 v3             v5 = int.mul v3 v3                  0..16641, unsigned as well as signed
    v6 = i32.add v5 v6             v7 = int.add v5 v6
    i32.store v8 v6                v9 = int.wrap 32 v7
                                   i32.store v8 v9

Addresses that are not negative need not be reduced: if the view refuses one, it is reduced and tried again
(``i32.load.loose``, see ``codegen/lowering/memory.py``). A constant added to an address, and the factor of an index,
become part of the view: ``i32.load.loose (2, 0, 0, 1024, 4) v0`` loads from 4 * v0 + 1024.
"""

from __future__ import annotations

from wasmz.ir.edit import distinct_edges
from wasmz.ir.facts import ACCESS_WIDTHS, INTEGER_BITS, LOADS, OPS, ZERO_TESTS
from wasmz.ir.nodes import BOOL, Block, Edge, Function, Stage, Terminator, Value
from wasmz.passes.analysis.intervals import HALF, NUMBER_TYPES
from wasmz.passes.context import Context
from wasmz.passes.representation.arithmetic import HANDLERS
from wasmz.passes.representation.demand import (
    SIGNED,
    UNREDUCED,
    UNSIGNED,
    find_demand,
    find_float_uses,
    find_hashes,
)
from wasmz.passes.representation.webs import Webs, find_webs
from wasmz.passes.representation.writer import Writer

# The bounds of sums that may grow without a limit: every decision treats larger bounds alike.
_UNBOUNDED = {"i32": 1 << 65, "i64": 1 << 129}


def run(function: Function, context: Context) -> None:
    """Rewrites in place."""
    if function.is_ssa:
        Representation(function, context).run()
        function.stage = Stage.REPRESENTED


class Representation(Writer):
    """Decides for one function, and rewrites it."""

    # As in the base class; type checkers do not find it there.
    webs: Webs
    float_uses: dict[Value, set[str]]
    hashes: set[Value]
    selecting: set[Value]
    block: Block
    body: list[Value]
    offset: int
    unsigned: dict[Value, Value]
    signed: dict[Value, Value]
    natural: dict[Value, Value]

    def run(self) -> None:
        analysis = self.analysis
        analysis.solve()
        self.webs = find_webs(self.function)
        self.float_uses = find_float_uses(self.function)
        find_demand(self.function, self.webs, self.float_uses)
        self.hashes = find_hashes(self.function)
        self.selecting = {
            value.args[2] for block in self.function.blocks for value in block.body if value.op == "select"
        }
        self._choose_parameters()
        analysis.revisit(self._visit)
        for edge, args in self.edges:
            edge.args = args
        for edge, source, block in self.split:
            target = edge.block
            block.terminator = Terminator("jump", (), (Edge(target, edge.args),), offset=source.terminator.offset)
            edge.block, edge.args = block, ()
            blocks = self.function.blocks
            blocks.insert(blocks.index(source) + 1, block)
        for block, args in self.terminator_args.items():
            block.terminator.args = args
        for block in self.function.blocks:
            _sink_condition(block)

    # Forms of block parameters

    def _choose_parameters(self) -> None:
        """Unsigned, unless the range is one of signed numbers, or all uses want signed ones."""
        undecided: dict[Value, list[Value]] = {}
        for block in self.function.blocks:
            for param in block.params:
                type = NUMBER_TYPES.get(param.type)
                if type is None:
                    param.note.become(param, UNREDUCED)
                    continue
                if param in self.webs.params:
                    param.note.become(
                        param, UNREDUCED, -_UNBOUNDED[type] if self.webs.params[param] else 0, _UNBOUNDED[type]
                    )
                    continue
                ul, uh, sl, sh = param.fact
                half = HALF[type]
                form = UNSIGNED
                if ul < half <= uh:
                    if sl > -half or sh < half - 1:
                        form = SIGNED
                    else:
                        demand = param.note
                        if not demand.address and demand.signed >= demand.unsigned:
                            undecided[param] = []
                param.note.become(param, form)
        if undecided:
            self._settle(undecided)

    def _settle(self, undecided: dict[Value, list[Value]]) -> None:
        """Makes parameters signed whose uses prefer that and whose arguments are signed at no cost."""
        for block in self.function.blocks:
            for edge in distinct_edges(block.terminator):
                for param, arg in zip(edge.block.params, edge.args, strict=True) if edge.args else ():
                    if param in undecided:
                        undecided[param].append(arg)
        dropped = True
        while dropped:
            dropped = False
            for param, args in list(undecided.items()):
                if not all(arg in undecided or arg.op in _SIGNED_AT_NO_COST for arg in args) or not (
                    param.note.signed or any(arg.note.signed for arg in args)
                ):
                    del undecided[param]
                    dropped = True
        for param, args in undecided.items():
            param.note.form = SIGNED
            for arg in args:
                arg.note.signed += 1

    # The walk

    def _visit(self, block: Block) -> None:
        self.block = block
        self.body = []
        self.unsigned.clear()
        self.signed.clear()
        self.natural.clear()
        handlers, access = HANDLERS, self.analysis.access
        for value in block.body:
            self.offset = value.offset
            op = value.op
            handler = handlers.get(op)
            if handler is not None:
                handler(self, value)
            else:
                self.keep(value)
            # An access implies a fact about its address, but only after it has succeeded.
            if op in ACCESS_WIDTHS:
                access(value)
        self._finish(block)
        block.body = self.body

    def _finish(self, block: Block) -> None:
        terminator = block.terminator
        self.offset = terminator.offset
        if terminator.op == "branch":
            condition = terminator.args[0]
            self.terminator_args[block] = (self.truth(condition),)
            for edge, truth in zip(terminator.edges, (True, False), strict=True):
                if edge.args:
                    mark = self.analysis.suppose(condition, truth)
                    self._pass_apart(block, edge)
                    self.analysis.take_back(mark)
        else:
            if terminator.args:
                self.terminator_args[block] = args = tuple([self.plain(arg) for arg in terminator.args])
                if terminator.op == "return":
                    self._note_bounds(terminator.args, args)
            for edge in distinct_edges(terminator):
                if edge.args:
                    self._pass(edge)

    def _note_bounds(self, args: tuple[Value, ...], returned: tuple[Value, ...]) -> None:
        """Records the bounds of results for entry forms, which return signed numbers to Python."""
        bounds = self.function.bounds
        for arg, value in zip(args, returned, strict=True):
            if arg.type in NUMBER_TYPES:
                bounds[value] = max(bounds.get(value, 0), arg.fact[1])

    def _pass_apart(self, block: Block, edge: Edge) -> None:
        """Passes arguments along one of two edges; conversions for an edge out of a loop are done on the edge."""
        forest = self.webs.forest
        loop = forest.innermost.get(block)
        if loop is None or forest.contains(loop, edge.block):
            self._pass(edge)
            return
        body, unsigned, signed = self.body, self.unsigned, self.signed
        self.block, self.body, self.unsigned, self.signed = Block(), [], {}, {}
        self._pass(edge)
        if self.body:
            self.block.body = self.body
            self.split.append((edge, block, self.block))
        self.block, self.body, self.unsigned, self.signed = block, body, unsigned, signed

    def _pass(self, edge: Edge) -> None:
        args = []
        for param, arg in zip(edge.block.params, edge.args, strict=True):
            if param.type in NUMBER_TYPES:
                represented = param.note
                if represented.form == UNREDUCED and (represented.low < 0 or self.interval(arg)[0] >= 0):
                    args.append(self.any(arg))
                else:
                    args.append(self.as_signed(arg) if represented.form == SIGNED else self.as_unsigned(arg))
            else:
                args.append(arg.note.value)
        # The edge keeps the old values until the end of the walk, which passes their facts on.
        self.edges.append((edge, tuple(args)))

    # Making values


def _sink_condition(block: Block) -> None:
    """Moves a comparison that only the branch uses to the block's end, where it is fused with the jump."""
    terminator = block.terminator
    if terminator.op == "branch":
        condition = terminator.args[0]
        body = block.body
        if condition.type is BOOL and condition.block is block and body and body[-1] is not condition:
            if condition.op in _SINKING and not any(condition in value.args for value in body):
                body.remove(condition)
                body.append(condition)


_SINKING = ZERO_TESTS | {op.name for op in OPS.values() if op.compares and (op.type == "int" or op.is_signed)}

# Operations that can produce a signed number as well as an unsigned one.
_SIGNED_AT_NO_COST = frozenset(
    {"i32.load", "i64.load", "i32.const", "i64.const", "local.get", "i64.extend_i32_s", "select"}
    | {f"{type}.{name}" for type in INTEGER_BITS for name in ("add", "sub", "shr_s")}
    | {name for name in LOADS if OPS[name].is_signed}
)
