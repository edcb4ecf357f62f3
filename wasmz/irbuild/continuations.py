"""Functions that count how hot they are, and functions that continue others in the middle (docs/abi.md, "Tiers").

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
                                           resume v3 l0 l1              goes on elsewhere, with the live locals

`resume` leaves the function for the one that `tier.request` gave: the optimised function itself, or the continuation of
one of its loops. :func:`continue_loop` makes a continuation: the same function, with a new entry that takes the live
locals at the loop's header and jumps there. Both are made from the builder's IR, in which locals are still variables;
other values that pass a header (its parameters, and values used in later blocks) become locals first. A loop is
identified by its number, in layout order, which depends only on the function's body.
"""

from __future__ import annotations

from typing import Any

from wasmz.ir.analyses import reverse_postorder
from wasmz.ir.facts import CONSTANTS
from wasmz.ir.liveness import live_locals
from wasmz.ir.nodes import Block, Edge, Function, ResultType, Terminator, Value, count_uses, loop_headers
from wasmz.types import FuncType, ValType

# The number of the function's start, in place of a loop's number.
ENTRY = -1


def add_counters(function: Function) -> None:
    """Makes the function count its calls and the iterations of its loops; it must be the builder's IR."""
    headers = find_loops(function)
    live = live_locals(function) if headers else {}
    iterations = len(function.locals)
    if headers:
        # How often the counter ran out in this call.
        function.locals.append(ValType.I32)
    cold: list[Block] = []
    following: dict[Block, Block] = {}
    for number, header in enumerate(headers):
        rest = following[header] = Block()
        rest.body, rest.terminator = header.body, header.terminator
        for value in rest.body:
            value.block = rest
        header.body = []
        locals = _bits(live[header])
        cold += _count(function, header, rest, number, locals, iterations)
    entry = Block()
    parameters = list(range(len(function.type.params)))
    cold += _count(function, entry, function.blocks[0], ENTRY, parameters, -1)
    blocks = [entry]
    for block in function.blocks:
        blocks.append(block)
        if block in following:
            blocks.append(following[block])
    function.blocks = blocks + cold


def continue_loop(function: Function, number: int) -> Function:
    """The continuation of a loop, made by changing the builder's IR of the function."""
    header = find_loops(function)[number]
    live = _bits(live_locals(function)[header])
    passed = set(live)
    order = live + [i for i in range(len(function.locals)) if i not in passed]
    renamed = {old: new for new, old in enumerate(order)}
    types = function.locals
    made = Function(
        function.index,
        function.name,
        FuncType([types[i] for i in live], function.type.results),
        [types[i] for i in order],
        function.offset,
    )
    entry = Block()
    entry.terminator = Terminator("jump", (), (Edge(header),), offset=function.offset)
    made.blocks = [entry, *function.blocks]
    made.blocks = reverse_postorder(made)
    for block in made.blocks:
        for value in block.body:
            if value.op == "local.get" or value.op == "local.set":
                value.imm = renamed[value.imm]
        terminator = block.terminator
        if terminator.op == "return_call" and terminator.imm == function.index:
            # It must not jump to the start: that is another function now.
            _call_and_return(block, function.type.results)
    return made


def find_loops(function: Function) -> list[Block]:
    """The headers of the loops in layout order; afterwards only locals pass a header."""
    headers = loop_headers(function)
    if headers:
        _store_parameters(function, headers)
        _store_escaping(function)
    return headers


def _bits(mask: int) -> list[int]:
    found = []
    while mask:
        lowest = mask & -mask
        mask ^= lowest
        found.append(lowest.bit_length() - 1)
    return found


def _new_local(function: Function, type: Any) -> int:
    function.locals.append(type)
    return len(function.locals) - 1


def _store_parameters(function: Function, headers: list[Block]) -> None:
    """Replaces the parameters of headers by locals."""
    locals = {header: [_new_local(function, param.type) for param in header.params] for header in headers}
    for block in function.blocks:
        for edge in dict.fromkeys(block.terminator.edges):
            if edge.args and edge.block in locals:
                offset = block.terminator.offset
                for local, arg in zip(locals[edge.block], edge.args, strict=True):
                    block.body.append(Value("local.set", None, (arg,), local, offset, block))
                edge.args = ()
    for header in headers:
        for local, param in zip(locals[header], header.params, strict=True):
            param.op, param.imm = "local.get", local
        header.body[:0] = header.params
        header.params = []


def _store_escaping(function: Function) -> None:
    """Keeps the values that other blocks use in locals, and repeats constants where they are used."""
    using = _blocks_that_use_others(function)
    if not using:
        return
    count_uses(function)
    locals: dict[Value, int] = {}
    for block in function.blocks:
        if any(value.escapes and value.op not in CONSTANTS for value in (*block.params, *block.body)):
            for value in (*block.params, *block.body):
                if value.escapes and value.op not in CONSTANTS:
                    locals[value] = _new_local(function, value.type)
            stored: list[Value] = [_store(param, locals[param]) for param in block.params if param in locals]
            for value in block.body:
                stored.append(value)
                if value in locals:
                    stored.append(_store(value, locals[value]))
            block.body = stored
    for block in using:
        _read_from_locals(block, locals)


def _blocks_that_use_others(function: Function) -> list[Block]:
    """The blocks that use values of other blocks."""
    found = []
    for block in function.blocks:
        terminator = block.terminator
        for value in block.body:
            for arg in value.args:
                if arg.block is not block:
                    break
            else:
                continue
            found.append(block)
            break
        else:
            used = [*terminator.args, *(arg for edge in terminator.edges for arg in edge.args)]
            if any(arg.block is not block for arg in used):
                found.append(block)
    return found


def _store(value: Value, local: int) -> Value:
    return Value("local.set", None, (value,), local, value.offset, value.block)


def _read_from_locals(block: Block, locals: dict[Value, int]) -> None:
    read: dict[Value, Value] = {}

    def here(value: Value) -> Value:
        if value.block is block:
            return value
        found = read.get(value)
        if found is None:
            if value in locals:
                found = Value("local.get", value.type, (), locals[value], value.offset, block)
            else:
                found = Value(value.op, value.type, (), value.imm, value.offset, block)
            read[value] = found
        return found

    for value in block.body:
        if any(arg.block is not block for arg in value.args):
            value.args = tuple(map(here, value.args))
    terminator = block.terminator
    terminator.args = tuple(map(here, terminator.args))
    for edge in dict.fromkeys(terminator.edges):
        edge.args = tuple(map(here, edge.args))
    # A handler begins with the exception.
    place = 1 if block.body and block.body[0].op == "exn.caught" else 0
    block.body[place:place] = read.values()


def _count(
    function: Function, block: Block, following: Block, number: int, locals: list[int], iterations: int
) -> tuple[Block, Block]:
    """Ends ``block`` with a count; returns the blocks for a counter that has run out. ``iterations`` may be -1."""
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
    leaving.terminator = Terminator("resume", (answer, *values), offset=offset)
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
