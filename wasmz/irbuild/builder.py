"""Builds the IR of one function from its decoded and validated instructions.

    local.get 0; i32.const 1; i32.add; local.set 0
->
    v0 = local.get 0
    v1 = i32.const 1
    v2 = i32.add v0 v1
    local.set 0 v2

The operand stack becomes the values' arguments. A structured label becomes a block when something branches to it; its
results (a loop's parameters) become the block's parameters. Unreachable code is skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wasmz.errors import ImplementationLimit
from wasmz.ir.nodes import Block, Edge, Function, ResultType, Terminator, Value
from wasmz.startup.records import Record
from wasmz.types import DefinedType, FuncType, RefType, ValType
from wasmz.wasm.instructions import BY_NAME, INSTRUCTIONS, Immediates

I32 = ValType.I32


class Signatures(Record):
    """The types in a module's index spaces that function bodies may refer to.

    Attributes:
        types: the type index space.
        functions, globals, tables: the type of each function, value type of each global, element type of each table.
        table_addresses, memory_addresses: the address type of each table and memory.
        function_types: the type index of each function.
        tags: the types of each tag's values, as parameters of a function type.
        imported_tags: the number of imported tags.
    """

    types: tuple[DefinedType, ...]
    functions: tuple[FuncType, ...]
    globals: tuple[ValType, ...]
    tables: tuple[RefType, ...]
    table_addresses: tuple[ValType, ...]
    memory_addresses: tuple[ValType, ...]
    function_types: tuple[int, ...] = ()
    tags: tuple[FuncType, ...] = ()
    imported_tags: int = 0

    def function_type(self, type_index: int) -> FuncType:
        """The function type with an index in the type index space."""
        return self.types[type_index].composite  # type: ignore[return-value]


def build_function(
    signatures: Signatures,
    index: int,
    name: str | None,
    locals: list[ValType],
    body: list[tuple[int, Any, int]],
    offset: int,
    loop: int | None = None,
) -> Function:
    """The IR of a function from its validated instructions (opcode, immediate, byte offset).

    With the number of a ``loop``, or ``ALL_LOOPS``, ``Function.loops`` describes it. A loop's number is the number of
    `loop` instructions before it, including those in dead code.
    """
    function = Function(index, name, signatures.functions[index], locals, offset)
    _Builder(signatures, function, loop).build(body)
    return function


# Stands for a loop's number.
ALL_LOOPS = -1


class _Label:
    """An open structured control instruction.

    ``target`` is the target of branches to it: for a loop its header, otherwise the block after its end, made for the
    first branch.
    """

    __slots__ = ("arguments", "else_block", "height", "is_loop", "offset", "params", "region", "results", "target")

    def __init__(self, params: tuple[ValType, ...], results: tuple[ValType, ...], height: int, offset: int) -> None:
        self.params: tuple[ValType, ...] = params
        self.results: tuple[ValType, ...] = results
        self.height: int = height
        self.offset: int = offset
        self.is_loop: bool = False
        self.target: Block | None = None
        self.else_block: Block | None = None
        # The operand stack at the start of the second arm of an `if`.
        self.arguments: tuple[Value, ...] = ()
        # The region of a block that catches exceptions (see exceptions.py).
        self.region: Any = None


# How many values a function may move between blocks, plus one for each instruction: compilers stay far below.
_MOST_MOVED = 20_000

_Handler = Callable[["_Builder", Any, int], None]
_HANDLERS: dict[int, _Handler] = {}

# Operations with fixed types: opcode -> (name, number of operands, result type).
_PLAIN: dict[int, tuple[str, int, ResultType]] = {}


def _builds(*names: str) -> Callable[[_Handler], _Handler]:
    def register(handler: _Handler) -> _Handler:
        for name in names:
            opcode = BY_NAME[name].opcode
            _HANDLERS[opcode] = handler
            _PLAIN.pop(opcode, None)
        return handler

    return register


class _Builder:
    __slots__ = (
        "block",
        "body",
        "function",
        "instructions",
        "labels",
        "late_blocks",
        "loop",
        "loop_count",
        "moved",
        "noted",
        "regions",
        "repeated",
        "rethrown",
        "signatures",
        "stack",
    )

    def __init__(self, signatures: Signatures, function: Function, loop: int | None = None) -> None:
        self.signatures: Signatures = signatures
        self.function: Function = function
        # The number of the loop to describe.
        self.loop: int | None = loop
        # The number of `loop` instructions so far, including those in dead code.
        self.loop_count: int = 0
        self.stack: list[Value] = []
        self.labels: list[_Label] = []
        # The open protected regions, innermost last.
        self.regions: list[Any] = []
        self.rethrown: frozenset[int] | None = None
        # The byte offsets of loops with parameters that a branch repeats; computed at the first such loop.
        self.repeated: frozenset[int] | None = None
        # The number of values moved between blocks, or out of calls, so far.
        self.moved: int = 0
        # The number of operands recorded for loops so far.
        self.noted: int = 0
        # Blocks that only return go to the end, off the hot path.
        self.late_blocks: list[Block] = []
        self.block: Block | None = None
        self.body: list[Value] = []

    def build(self, body: list[tuple[int, Any, int]]) -> None:
        function = self.function
        self.instructions: list[tuple[int, Any, int]] = body
        self.labels.append(_Label((), function.type.results, 0, function.offset))
        self.enter(Block())
        stack = self.stack
        plain = _PLAIN
        handlers = _HANDLERS
        dead_depth = 0
        for opcode, imm, offset in body:
            if self.block is None:
                # Unreachable: only instructions that open, divide or close a label matter, until an open label ends.
                if opcode in _OPENING:
                    dead_depth += 1
                    self.loop_count += opcode == _LOOP
                elif opcode == _END:
                    if dead_depth:
                        dead_depth -= 1
                    else:
                        self.end(offset)
                elif opcode in _DIVIDING:
                    if not dead_depth:
                        handlers[opcode](self, imm, offset)
                    elif opcode == _DELEGATE:
                        dead_depth -= 1
                continue
            row = plain.get(opcode)
            if row is not None:
                name, operand_count, result = row
                if operand_count == 2:
                    second = stack.pop()
                    value = Value(name, result, (stack.pop(), second), imm, offset, self.block)
                elif operand_count == 1:
                    value = Value(name, result, (stack.pop(),), imm, offset, self.block)
                elif operand_count == 0:
                    value = Value(name, result, (), imm, offset, self.block)
                else:
                    value = Value(name, result, self.pop(operand_count), imm, offset, self.block)
                self.body.append(value)
                if result is not None:
                    stack.append(value)
            else:
                handlers[opcode](self, imm, offset)
        function.blocks.extend(self.late_blocks)

    # Values and blocks

    def pop(self, count: int) -> tuple[Value, ...]:
        if not count:
            return ()
        taken = tuple(self.stack[-count:])
        del self.stack[-count:]
        return taken

    def add(self, op: str, type: ResultType, args: tuple[Value, ...], imm: Any, offset: int) -> Value:
        value = Value(op, type, args, imm, offset, self.block)  # type: ignore[arg-type]
        self.body.append(value)
        return value

    def push(self, op: str, type: ResultType, args: tuple[Value, ...], imm: Any, offset: int) -> None:
        self.stack.append(self.add(op, type, args, imm, offset))

    def push_results(self, call: Value, results: tuple[ValType, ...], offset: int) -> None:
        if len(results) == 1:
            self.stack.append(call)
        elif results:
            self.move(len(results))
            for position, result in enumerate(results):
                self.push("project", result, (call,), position, offset)
        if self.regions:
            # Exceptions of the call go to the handler.
            following = Block()
            edges = (Edge(following), Edge(self.regions[-1].handler()))
            self.finish(Terminator("invoke", (), edges, offset=offset))
            self.enter(following)

    def enter(self, block: Block) -> None:
        """Makes a block the current one, and adds it after the others."""
        self.function.blocks.append(block)
        self.block = block
        self.body = block.body

    def finish(self, terminator: Terminator) -> None:
        """Ends the current block; the rest of the label is unreachable."""
        self.block.terminator = terminator  # type: ignore[union-attr]
        self.block = None

    # Labels

    def find_repeated(self) -> frozenset[int]:
        """The byte offsets of loops that a branch repeats."""
        if self.repeated is None:
            self.repeated = _find_repeated(self.instructions)
        return self.repeated

    def open(self, block_type: FuncType, offset: int) -> _Label:
        params = block_type.params
        label = _Label(params, block_type.results, len(self.stack) - len(params), offset)
        self.labels.append(label)
        return label

    def edge_to(self, depth: int, offset: int) -> Edge:
        """The edge of a branch to the label at ``depth``; the values stay on the operand stack."""
        stack = self.stack
        label = self.labels[-1 - depth]
        if label is self.labels[0]:
            count = len(label.results)
            self.move(count)
            block = Block()
            block.terminator = Terminator("return", tuple(stack[len(stack) - count :]), offset=offset)
            self.late_blocks.append(block)
            return Edge(block)
        if label.is_loop:
            count = len(label.params)
        else:
            count = len(label.results)
            if label.target is None:
                label.target = self.new_block(label.results, offset)
        if count > 1:
            self.move(count)
        return Edge(label.target, tuple(stack[len(stack) - count :]))  # type: ignore[arg-type]

    def branch(self, depth: int, offset: int) -> None:
        """Ends the block with a branch to the label at ``depth``."""
        if depth == len(self.labels) - 1:
            self.finish(Terminator("return", self.pop(len(self.function.type.results)), offset=offset))
        else:
            self.finish(Terminator("jump", (), (self.edge_to(depth, offset),), offset=offset))

    def move(self, count: int) -> None:
        """Counts moved values: code of a few bytes that needs millions of moves is not compiled."""
        self.moved += count
        if self.moved > _MOST_MOVED + len(self.instructions):
            most = f"{_MOST_MOVED:,} values and one more an instruction"
            raise ImplementationLimit(f"function {self.function.label} moves more than {most} between its blocks")

    def note_loop(self, number: int, header: Block) -> None:
        """Records the operands at the header of a loop, unless that is too many for all loops together."""
        # The exception that a legacy clause has caught is recorded as well, for `rethrow`.
        regions = [label.region for label in self.labels if label.region is not None]
        caught = [region.caught for region in regions if region.caught is not None]
        self.noted += len(self.stack) + len(caught)
        if self.loop == number or self.noted <= _MOST_MOVED + len(self.instructions):
            self.function.loops[number] = (header, (*self.stack, *caught))

    def new_block(self, types: tuple[ValType, ...], offset: int) -> Block:
        if len(types) > 1:
            self.move(len(types))
        block = Block()
        for type in types:
            block.add_param(type, offset)
        return block

    def divide(self, offset: int) -> None:
        """``else``: the first arm goes on after the end; the second arm begins."""
        label = self.labels[-1]
        if self.block is not None:
            if label.target is None:
                label.target = self.new_block(label.results, offset)
            self.finish(Terminator("jump", (), (Edge(label.target, self.pop(len(label.results))),), offset=offset))
        del self.stack[label.height :]
        self.enter(label.else_block)  # type: ignore[arg-type]
        self.stack.extend(label.arguments)
        label.else_block = None

    def end(self, offset: int) -> None:
        label = self.labels.pop()
        if not self.labels:
            if self.block is not None:
                self.finish(Terminator("return", self.pop(len(label.results)), offset=offset))
            return
        if label.else_block is not None:
            # An `if` without `else`: its parameters are its results.
            self.labels.append(label)
            self.divide(offset)
            self.labels.pop()
        if label.region is not None:
            label.region.close(self, label, offset)
        target = None if label.is_loop else label.target
        if target is None:
            if self.block is None:
                del self.stack[label.height :]
            return
        if self.block is not None:
            self.finish(Terminator("jump", (), (Edge(target, self.pop(len(label.results))),), offset=offset))
        del self.stack[label.height :]
        self.enter(target)
        self.stack.extend(target.params)


def _find_repeated(instructions: list[tuple[int, Any, int]]) -> frozenset[int]:
    found = set()
    # Byte offsets of the open labels; 0 for the function's own.
    labels = [0]
    for opcode, imm, offset in instructions:
        if opcode in _OPENING:
            labels.append(offset)
        elif opcode in (_END, _DELEGATE):
            # Both close a label; the label that `delegate` names is counted from outside it.
            labels.pop()
        kind = INSTRUCTIONS[opcode].immediates
        if kind is Immediates.LABEL:
            found.add(labels[-1 - imm])
        elif kind is Immediates.BR_TABLE:
            found.update(labels[-1 - depth] for depth in imm)
        elif kind is Immediates.BR_ON_CAST:
            found.add(labels[-1 - imm[0]])
        elif kind is Immediates.TRY_TABLE:
            # Labels of clauses are counted from outside the block.
            found.update(labels[-2 - depth] for _, _, depth in imm[1])
    return frozenset(found)


@_builds("block")
def _block(builder: _Builder, block_type: FuncType, offset: int) -> None:
    builder.open(block_type, offset)


@_builds("loop")
def _loop(builder: _Builder, block_type: FuncType, offset: int) -> None:
    number = builder.loop_count
    builder.loop_count += 1
    label = builder.open(block_type, offset)
    label.is_loop = True
    if label.params and number != builder.loop and offset not in builder.find_repeated():
        # A loop that is never repeated needs no parameters: its arguments stay on the operand stack.
        return
    header = label.target = builder.new_block(label.params, offset)
    builder.finish(Terminator("jump", (), (Edge(header, builder.pop(len(label.params))),), offset=offset))
    builder.enter(header)
    builder.stack.extend(header.params)
    if builder.loop == number or builder.loop == ALL_LOOPS:
        builder.note_loop(number, header)


@_builds("if")
def _if(builder: _Builder, block_type: FuncType, offset: int) -> None:
    condition = builder.stack.pop()
    label = builder.open(block_type, offset)
    then_block = Block()
    # Each arm has only one edge into it, so the arguments stay the same values.
    label.else_block = Block()
    label.arguments = tuple(builder.stack[label.height :])
    builder.finish(Terminator("branch", (condition,), (Edge(then_block), Edge(label.else_block)), offset=offset))
    builder.enter(then_block)


@_builds("else")
def _else(builder: _Builder, imm: None, offset: int) -> None:
    builder.divide(offset)


@_builds("end")
def _end(builder: _Builder, imm: None, offset: int) -> None:
    builder.end(offset)


@_builds("br")
def _br(builder: _Builder, depth: int, offset: int) -> None:
    builder.branch(depth, offset)


@_builds("br_if")
def _br_if(builder: _Builder, depth: int, offset: int) -> None:
    condition = builder.stack.pop()
    following = Block()
    edges = (builder.edge_to(depth, offset), Edge(following))
    builder.finish(Terminator("branch", (condition,), edges, offset=offset))
    builder.enter(following)


@_builds("br_table")
def _br_table(builder: _Builder, depths: tuple[int, ...], offset: int) -> None:
    index = builder.stack.pop()
    edges = {depth: builder.edge_to(depth, offset) for depth in dict.fromkeys(depths)}
    builder.finish(Terminator("switch", (index,), tuple(edges[depth] for depth in depths), offset=offset))


@_builds("return")
def _return(builder: _Builder, imm: None, offset: int) -> None:
    results = builder.pop(len(builder.function.type.results))
    builder.finish(Terminator("return", results, offset=offset))


@_builds("unreachable")
def _unreachable(builder: _Builder, imm: None, offset: int) -> None:
    builder.finish(Terminator("unreachable", offset=offset))


@_builds("call")
def _call(builder: _Builder, index: int, offset: int) -> None:
    called = builder.signatures.functions[index]
    call = builder.add("call", _result_type(called), builder.pop(len(called.params)), index, offset)
    builder.push_results(call, called.results, offset)


@_builds("call_indirect")
def _call_indirect(builder: _Builder, imm: tuple[int, int], offset: int) -> None:
    called = builder.signatures.function_type(imm[0])
    call = builder.add("call_indirect", _result_type(called), builder.pop(len(called.params) + 1), imm, offset)
    builder.push_results(call, called.results, offset)


@_builds("return_call")
def _return_call(builder: _Builder, index: int, offset: int) -> None:
    args = builder.pop(len(builder.signatures.functions[index].params))
    builder.finish(Terminator("return_call", args, imm=index, offset=offset))


@_builds("return_call_indirect")
def _return_call_indirect(builder: _Builder, imm: tuple[int, int], offset: int) -> None:
    args = builder.pop(len(builder.signatures.function_type(imm[0]).params) + 1)
    builder.finish(Terminator("return_call_indirect", args, imm=imm, offset=offset))


@_builds("drop")
def _drop(builder: _Builder, imm: None, offset: int) -> None:
    builder.stack.pop()


@_builds("nop")
def _nop(builder: _Builder, imm: None, offset: int) -> None:
    pass


@_builds("select", "select_t")
def _select(builder: _Builder, types: tuple[ValType, ...] | None, offset: int) -> None:
    args = builder.pop(3)
    builder.push("select", types[0] if types else args[0].type, args, None, offset)


@_builds("local.get")
def _local_get(builder: _Builder, index: int, offset: int) -> None:
    builder.push("local.get", builder.function.locals[index], (), index, offset)


@_builds("local.set")
def _local_set(builder: _Builder, index: int, offset: int) -> None:
    builder.add("local.set", None, builder.pop(1), index, offset)


@_builds("local.tee")
def _local_tee(builder: _Builder, index: int, offset: int) -> None:
    # The local is read again, instead of a second use: the code generator fuses the pair into a copy.
    builder.add("local.set", None, builder.pop(1), index, offset)
    builder.push("local.get", builder.function.locals[index], (), index, offset)


@_builds("global.get")
def _global_get(builder: _Builder, index: int, offset: int) -> None:
    builder.push("global.get", builder.signatures.globals[index], (), index, offset)


@_builds("global.set")
def _global_set(builder: _Builder, index: int, offset: int) -> None:
    builder.add("global.set", None, builder.pop(1), index, offset)


@_builds("table.get")
def _table_get(builder: _Builder, index: int, offset: int) -> None:
    builder.push("table.get", builder.signatures.tables[index], builder.pop(1), index, offset)


@_builds("table.set")
def _table_set(builder: _Builder, index: int, offset: int) -> None:
    builder.add("table.set", None, builder.pop(2), index, offset)


@_builds("ref.null")
def _ref_null(builder: _Builder, type: RefType, offset: int) -> None:
    builder.push("ref.null", type, (), None, offset)


@_builds("ref.is_null")
def _ref_is_null(builder: _Builder, imm: None, offset: int) -> None:
    builder.push("ref.is_null", I32, builder.pop(1), None, offset)


@_builds("ref.func")
def _ref_func(builder: _Builder, index: int, offset: int) -> None:
    signatures = builder.signatures
    builder.push("ref.func", RefType(signatures.types[signatures.function_types[index]], False), (), index, offset)


def _register_size(name: str, operand_count: int, space: str) -> None:
    """Registers an operation that returns the size of the memory or table in its immediate."""

    def handler(builder: _Builder, index: int, offset: int) -> None:
        address_type: ValType = getattr(builder.signatures, space)[index]
        builder.push(name, address_type, builder.pop(operand_count), index, offset)

    _HANDLERS[BY_NAME[name].opcode] = handler


def _register_effect(name: str, operand_count: int) -> None:
    """Registers an operation without a result, for any address types."""

    def handler(builder: _Builder, imm: Any, offset: int) -> None:
        builder.add(name, None, builder.pop(operand_count), imm, offset)

    _HANDLERS[BY_NAME[name].opcode] = handler


def _result_type(called: FuncType) -> ResultType:
    results = called.results
    return results[0] if len(results) == 1 else (results or None)


for _name, _count, _space in (
    ("memory.size", 0, "memory_addresses"),
    ("memory.grow", 1, "memory_addresses"),
    ("table.size", 0, "table_addresses"),
    ("table.grow", 2, "table_addresses"),
):
    _register_size(_name, _count, _space)
for _name, _count in (
    ("memory.fill", 3),
    ("memory.copy", 3),
    ("memory.init", 3),
    ("data.drop", 0),
    ("table.fill", 3),
    ("table.copy", 3),
    ("table.init", 3),
    ("elem.drop", 0),
):
    _register_effect(_name, _count)
for _row in INSTRUCTIONS.values():
    if _row.opcode not in _HANDLERS and _row.params is not None and _row.results is not None and len(_row.results) < 2:
        _PLAIN[_row.opcode] = (_row.name, len(_row.params), _row.results[0] if _row.results else None)

_END = BY_NAME["end"].opcode
_LOOP = BY_NAME["loop"].opcode
_DELEGATE = BY_NAME["delegate"].opcode
_OPENING = frozenset(BY_NAME[_name].opcode for _name in ("block", "loop", "if", "try", "try_table"))
_DIVIDING = frozenset(BY_NAME[_name].opcode for _name in ("else", "catch", "catch_all", "delegate"))
