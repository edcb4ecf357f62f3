"""Replaces calls of small functions by their bodies, and calls functions of constant tables directly.

    func 5 (i32) -> (i32)
    b0:
      v0 = local.get 0
      v1 = i32.const 1
      v2 = i32.add v0 v1
      return v2

    v7 = i32.const 2                      v7 = i32.const 2
    v8 = call 5 v6                        v9 = i32.const 1
    v10 = call_indirect (0, 0) v8 v7  ->  v8 = i32.add v6 v9
                                          v10 = call 12 v8

A call costs 25 to 50 ns, as much as two or three operations, and hides facts about its arguments. Inlined values keep
their byte offsets, which are in the body of the function that they come from; so a trap's backtrace shows where the
trap occurred (see `runtime/traps/translation.py`). Functions with loops are not inlined, as a call costs little
compared with a loop; nor are functions that end in a tail call.
"""

from __future__ import annotations

from wasmz.errors import WasmzError
from wasmz.ir.analyses import loop_forest, reverse_postorder
from wasmz.ir.edit import drop_unreachable, replace_values
from wasmz.ir.facts import CONSTANTS, SIZED_CONSTANTS
from wasmz.ir.nodes import Block, Edge, Function, Terminator, Value
from wasmz.ir.operations import CALLS, is_protected
from wasmz.passes import merge, ssa
from wasmz.passes.context import Context

# Longer bodies, in bytes, are not inlined.
_LONGEST_BODY = 120
# How many operations a callee may have, not counting constants and parameters: for calls in loops, and elsewhere.
_MOST_IN_LOOP = 24
_MOST_OUTSIDE = 10
_MOST_BLOCKS = 12
# How many operations inlining may add to a function.
_LARGEST_GROWTH = 400
# How deeply calls in inlined code are inlined.
_DEEPEST = 3

# Terminators in functions that can be inlined: no tail calls, and nothing about exceptions.
_INLINED_ENDS = frozenset({"jump", "branch", "switch", "return", "unreachable"})

_FREE = CONSTANTS | {"local.get", "project", "fuel.take"}


def run(function: Function, context: Context) -> None:
    """Inlines in place."""
    if function.is_ssa:
        calls = [value for block in function.blocks for value in block.body if value.op in CALLS]
        _call_directly(calls, context)
        direct: list[tuple[Value, int, tuple[int, ...]]] = [
            (value, 0, (function.index,)) for value in calls if value.op == "call"
        ]
        if direct:
            _Inlining(function, context).run(direct)


def _call_directly(calls: list[Value], context: Context) -> None:
    """Makes calls direct: through a constant table with a constant index, and by a known reference."""
    for value in calls:
        if value.op == "call_ref" and value.args[-1].op == "ref.func":
            value.op, value.imm, value.args = "call", value.args[-1].imm, value.args[:-1]
        if value.op != "call_indirect" or value.args[-1].op not in SIZED_CONSTANTS:
            continue
        type_index, table = value.imm
        functions = context.table_functions(table)
        index = value.args[-1].imm
        called = functions[index] if functions is not None and index < len(functions) else None
        # Otherwise it traps, or the table's list of callees must check its type.
        if called is not None and context.types[context.type_indices[called]] == context.types[type_index]:
            value.op, value.imm, value.args = "call", called, value.args[:-1]


class Template:
    """A function to inline: its IR in SSA form, and how many operations it has."""

    __slots__ = ("blocks", "function", "size")

    def __init__(self, function: Function, blocks: list[Block], size: int) -> None:
        self.function: Function = function
        self.blocks: list[Block] = blocks
        self.size: int = size


def _template(context: Context, index: int) -> Template | None:
    """The function as a template, made once; ``None`` if it is not to be inlined."""
    templates = context.templates
    if index not in templates:
        templates[index] = _make_template(context, index)
    found = templates[index]
    return found if isinstance(found, Template) else None


def _make_template(context: Context, index: int) -> Template | None:
    body = context.bodies.get(index)
    if body is None or body.end - body.code_start > _LONGEST_BODY:
        return None
    try:
        function = context.build(index)
    except WasmzError:
        # The error is raised when the function itself is compiled.
        return None
    merge.run(function, context)
    ssa.run(function, context)
    blocks = reverse_postorder(function)
    position = {block: number for number, block in enumerate(blocks)}
    size = 0
    for number, block in enumerate(blocks):
        if block.terminator.op not in _INLINED_ENDS:
            return None
        if any(position[edge.block] <= number for edge in block.terminator.edges):
            return None
        size += len(block.terminator.edges) > 1
        size += sum(value.op not in _FREE for value in block.body)
    if all(block.terminator.op != "return" for block in blocks):
        return None
    return Template(function, blocks, size) if size <= _MOST_IN_LOOP and len(blocks) <= _MOST_BLOCKS else None


class _Inlining:
    def __init__(self, function: Function, context: Context) -> None:
        self.function = function
        self.context = context
        self.innermost = loop_forest(function).innermost
        self.growth = 0
        # Whether handlers may have become unreachable.
        self.drops_handlers = False
        self.replaced: dict[Value, Value] = {}
        self.order: dict[Block, list[Block]] = {}

    def run(self, calls: list[tuple[Value, int, tuple[int, ...]]]) -> None:
        work = calls[::-1]
        while work and self.growth < _LARGEST_GROWTH:
            call, depth, chain = work.pop()
            if call.imm in chain:
                continue
            template = _template(self.context, call.imm)
            most = _MOST_IN_LOOP if call.block in self.innermost else _MOST_OUTSIDE
            if template is None or template.size > most:
                continue
            if is_protected(call) and not self._unprotect(call, template):
                continue
            self.growth += template.size + 1
            inner = self._inline(call, template)
            if depth < _DEEPEST:
                work += [(value, depth + 1, (*chain, call.imm)) for value in reversed(inner)]
        if self.order:
            self._lay_out()
        if self.order or self.drops_handlers:
            drop_unreachable(self.function)
        replace_values(self.function, self.replaced)

    def _unprotect(self, call: Value, template: Template) -> bool:
        """Makes a protected call a plain one if nothing in its function throws; returns whether it did."""
        if any(value.op in CALLS for block in template.blocks for value in block.body):
            return False
        terminator = call.block.terminator
        terminator.op, terminator.edges = "jump", terminator.edges[:1]
        self.drops_handlers = True
        return True

    def _inline(self, call: Value, template: Template) -> list[Value]:
        """Replaces a call by a copy of the body; returns the calls in it."""
        block = call.block
        place = block.body.index(call)
        rest = block.body[place + 1 :]
        del block.body[place:]
        params = dict(enumerate(call.args))
        copies = _Copy(template, params, block)
        if len(template.blocks) == 1 and copies.returns:
            self._return(call, copies.returns[0].args, rest)
            block.body += rest
            return copies.calls
        following = Block()
        following.body = rest
        following.terminator = block.terminator
        for value in rest:
            value.block = following
        results = [following.add_param(type, call.offset) for type in template.function.type.results]
        self._return(call, tuple(results), following.body)
        block.terminator = copies.first.terminator
        for terminator in copies.returns:
            terminator.op, terminator.edges, terminator.args = "jump", (Edge(following, terminator.args),), ()
        added = [*copies.blocks, following]
        loop = self.innermost.get(block)
        if loop is not None:
            self.innermost.update(dict.fromkeys(added, loop))
        # Blocks laid out after the block come after its new end now.
        self.order[following] = self.order.pop(block, [])
        self.order[block] = added
        return copies.calls

    def _return(self, call: Value, results: tuple[Value, ...], rest: list[Value]) -> None:
        """Replaces a call by its results."""
        if len(results) == 1:
            self.replaced[call] = results[0]
        elif results:
            for value in self._projections(call, rest):
                value.op, value.imm, value.args = "copy", None, (results[value.imm],)

    def _projections(self, call: Value, rest: list[Value]) -> list[Value]:
        """The operations that select a call's results; the builder puts them right after it."""
        return [value for value in rest if value.op == "project" and value.args[0] is call]

    def _lay_out(self) -> None:
        """Puts new blocks after those whose calls they replace."""
        blocks: list[Block] = []
        work = self.function.blocks[::-1]
        while work:
            block = work.pop()
            blocks.append(block)
            work += reversed(self.order.get(block, ()))
        self.function.blocks = blocks


class _Copy:
    """A copy of a template's blocks, for given arguments; the first block's body goes to the end of ``block``."""

    def __init__(self, template: Template, arguments: dict[int, Value], block: Block) -> None:
        self.calls: list[Value] = []
        self.returns: list[Terminator] = []
        self.values: dict[Value, Value] = {}
        copies = {original: Block() for original in template.blocks[1:]}
        self.first = Block()
        self.blocks = list(copies.values())
        copied = {template.blocks[0]: self.first, **copies}
        for original, copy in copies.items():
            for param in original.params:
                self.values[param] = copy.add_param(param.type, param.offset)  # type: ignore[arg-type]
        for original, copy in copied.items():
            target = block if copy is self.first else copy
            self._copy_body(original, target, arguments)
            self._copy_terminator(original, copy, copied)

    def _copy_body(self, original: Block, target: Block, arguments: dict[int, Value]) -> None:
        values = self.values
        for value in original.body:
            if value.op == "local.get":
                values[value] = arguments[value.imm]
                continue
            args = tuple([values[arg] for arg in value.args])
            made = values[value] = Value(value.op, value.type, args, value.imm, value.offset, target)
            target.body.append(made)
            if value.op == "call":
                self.calls.append(made)

    def _copy_terminator(self, original: Block, copy: Block, copied: dict[Block, Block]) -> None:
        values = self.values
        source = original.terminator
        edges: dict[Edge, Edge] = {}
        for edge in source.edges:
            if edge not in edges:
                edges[edge] = Edge(copied[edge.block], tuple([values[arg] for arg in edge.args]))
        args = tuple([values[arg] for arg in source.args])
        targets = tuple([edges[edge] for edge in source.edges])
        copy.terminator = Terminator(source.op, args, targets, source.imm, source.offset)
        if source.op == "return":
            self.returns.append(copy.terminator)
