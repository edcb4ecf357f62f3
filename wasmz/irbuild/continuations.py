"""Functions that count how hot they are, and functions that continue others in a loop (docs/abi.md, "Tiers").

    b0:                                  b4:
      jump b1                              count b0 b5                  one for each call
    b1:                                  b1:
      ...                      ->          count b3 b6                  one for each iteration of the loop
      branch v1 b1 b2                    b3:
    b2:                                    ...
      return v2                            branch v1 b1 b2
                                         b6:
                                           v3 = tier.request ...        when the counter has run out
                                           branch (v3 is null) b3 b7
                                         b7:
                                           resume v3 l0 l1              goes on in v3, with the locals

`resume` leaves the function for the one that `tier.request` returned: the optimised function itself, or the
continuation of one of its loops. :func:`continue_loop` makes a continuation: the same function, with a new entry that
jumps to the loop's header. Its parameters are all locals of the function, followed by the operand stack at the header.
Both are made from the builder's IR, in which locals are still variables. A loop is identified by its number
(`builder.py`). The parts of enclosing loops that run before these reach their headers are copied (`peeling.py`).
"""

from __future__ import annotations

from typing import Any

from wasmz.ir.analyses import reverse_postorder
from wasmz.ir.facts import CONSTANTS
from wasmz.ir.nodes import Block, Edge, Function, ResultType, Terminator, Value
from wasmz.irbuild.peeling import enclosing_headers, peel
from wasmz.types import FuncType, ValType

# Stands for a loop's number at the start of the function.
ENTRY = -1


def add_counters(function: Function) -> None:
    """Makes the function count its calls and the iterations of its loops.

    ``function`` must be the builder's IR, with all loops described.
    """
    locals = list(range(len(function.locals)))
    iterations = len(function.locals)
    if function.loops:
        # How often the counter ran out in this call.
        function.locals.append(ValType.I32)
    cold: list[Block] = []
    following: dict[Block, Block] = {}
    for number, (header, operands) in function.loops.items():
        rest = following[header] = Block()
        rest.body, rest.terminator = header.body, header.terminator
        for value in rest.body:
            value.block = rest
        header.body = []
        cold += _count(function, header, rest, number, locals, operands, iterations)
    entry = Block()
    parameters = list(range(len(function.type.params)))
    cold += _count(function, entry, function.blocks[0], ENTRY, parameters, (), -1)
    blocks = [entry]
    for block in function.blocks:
        blocks.append(block)
        if block in following:
            blocks.append(following[block])
    function.blocks = blocks + cold
    function.loops = {}


def continue_loop(function: Function, number: int) -> Function:
    """The continuation of a loop, made by changing the builder's IR of the function, which describes that loop."""
    header, operands = function.loops[number]
    count = len(function.locals)
    types: list[ValType] = [*function.locals, *(operand.type for operand in operands)]  # type: ignore[list-item]
    signature = FuncType(types, function.type.results)
    made = Function(function.index, function.name, signature, types, function.offset)
    kept: dict[Value, int] = {}
    for position, operand in enumerate(operands):
        if operand.block is not header:
            kept.setdefault(operand, count + position)
    enclosing = enclosing_headers(function, header)
    if enclosing:
        _find_escaping(function.blocks, kept, types)
    _keep_in_locals(function.blocks, kept)
    start = peel(function, header, enclosing) if enclosing else header
    entry = Block()
    arguments = []
    for param in header.params:
        place = count + operands.index(param)
        argument = Value("local.get", param.type, (), place, function.offset, entry)
        entry.body.append(argument)
        arguments.append(argument)
    entry.terminator = Terminator("jump", (), (Edge(start, tuple(arguments)),), offset=function.offset)
    made.blocks = [entry]
    made.blocks = reverse_postorder(made)
    for block in made.blocks:
        terminator = block.terminator
        if terminator.op == "return_call" and terminator.imm == function.index:
            # It must not jump to the start, which belongs to another function now.
            _call_and_return(block, function.type.results)
    return made


def _find_escaping(blocks: list[Block], kept: dict[Value, int], types: list[ValType]) -> None:
    """Assigns a local to each value that another block uses."""
    for block in blocks:
        terminator = block.terminator
        for args in (
            *(value.args for value in block.body),
            terminator.args,
            *(edge.args for edge in terminator.edges),
        ):
            for arg in args:
                if arg.block is not block and arg not in kept:
                    kept[arg] = len(types)
                    types.append(arg.type)  # type: ignore[arg-type]


def _keep_in_locals(blocks: list[Block], locals: dict[Value, int]) -> None:
    """Stores values in locals, which all other blocks read instead; constants are repeated there."""
    if not locals:
        return
    for block in blocks:
        if any(value in locals and value.op not in CONSTANTS for value in (*block.params, *block.body)):
            stored = [_store(param, locals[param]) for param in block.params if param in locals]
            for value in block.body:
                stored.append(value)
                if value in locals and value.op not in CONSTANTS:
                    stored.append(_store(value, locals[value]))
            block.body = stored
    for block in blocks:
        _read_from_locals(block, locals)


def _store(value: Value, local: int) -> Value:
    return Value("local.set", None, (value,), local, value.offset, value.block)


def _read_from_locals(block: Block, locals: dict[Value, int]) -> None:
    read: dict[Value, Value] = {}

    def here(value: Value) -> Value:
        if value not in locals or value.block is block:
            return value
        found = read.get(value)
        if found is None:
            op, imm = (value.op, value.imm) if value.op in CONSTANTS else ("local.get", locals[value])
            found = read[value] = Value(op, value.type, (), imm, value.offset, block)
        return found

    for value in block.body:
        value.args = tuple(map(here, value.args))
    terminator = block.terminator
    terminator.args = tuple(map(here, terminator.args))
    for edge in dict.fromkeys(terminator.edges):
        edge.args = tuple(map(here, edge.args))
    # The exception must stay the first value of a handler.
    place = 1 if block.body and block.body[0].op == "exn.caught" else 0
    block.body[place:place] = read.values()


def _count(
    function: Function,
    block: Block,
    following: Block,
    number: int,
    locals: list[int],
    operands: tuple[Value, ...],
    iterations: int,
) -> tuple[Block, Block]:
    """Ends ``block`` with a count; returns the blocks for an exhausted counter. ``iterations`` may be -1."""
    offset = function.offset
    asking, leaving = Block(), Block()
    block.terminator = Terminator("count", (), (Edge(following), Edge(asking)), function.index, offset)

    def add(op: str, type: ResultType, args: tuple[Value, ...], imm: Any, to: Block = asking) -> Value:
        value = Value(op, type, args, imm, offset, to)
        to.body.append(value)
        return value

    i32 = ValType.I32
    so_far = add("i32.const", i32, (), 0) if iterations < 0 else add("local.get", i32, (), iterations)
    answer = add("tier.request", ValType.EXTERNREF, (so_far,), (function.index, number))
    if iterations >= 0:
        again, one = add("local.get", i32, (), iterations), add("i32.const", i32, (), 1)
        add("local.set", None, (add("i32.add", i32, (again, one), None),), iterations)
    stays = add("ref.is_null", i32, (answer,), None)
    asking.terminator = Terminator("branch", (stays,), (Edge(following), Edge(leaving)), offset=offset)
    values = [add("local.get", function.locals[i], (), i, leaving) for i in locals]
    leaving.terminator = Terminator("resume", (answer, *values, *operands), offset=offset)
    return asking, leaving


def _call_and_return(block: Block, results: tuple[ValType, ...]) -> None:
    terminator = block.terminator
    type: ResultType = results[0] if len(results) == 1 else (results or None)
    call = Value("call", type, terminator.args, terminator.imm, terminator.offset, block)
    block.body.append(call)
    returned: tuple[Value, ...] = (call,) if len(results) == 1 else ()
    if len(results) > 1:
        returned = tuple(Value("project", t, (call,), i, call.offset, block) for i, t in enumerate(results))
        block.body += returned
    block.terminator = Terminator("return", returned, offset=terminator.offset)
