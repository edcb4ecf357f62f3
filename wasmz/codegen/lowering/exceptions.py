"""Exceptions: protected calls, handlers and throws (docs/exceptions.md).

invoke b1 b2              the CALL of the block's last call has an entry in the exception table that leads to b2
exn.caught                STORE_FAST e                                        the first instruction of b2
exn.check v0              LOAD_FAST e; LOAD_GLOBAL exn_class; CHECK_EXC_MATCH; POP_JUMP_IF_FALSE; POP_TOP
exn.has_tag 3 v0          LOAD_FAST e; LOAD_ATTR tag; LOAD_GLOBAL tag3; IS_OP
reraise v0                LOAD_FAST e; RERAISE

Handlers do without PUSH_EXC_INFO: exceptions that they raise have no context, so no chain of contexts grows. A
traceback refers to the frame of the handler, and the frame must not refer to the exception when it is left: so its
fast local is cleared before.
"""

from __future__ import annotations

import itertools

from wasmz.codegen.emitted import Attempt, Jump, Label
from wasmz.codegen.emitter import Emitter
from wasmz.codegen.lowering.control import TERMINATORS
from wasmz.codegen.lowering.registry import lowers
from wasmz.codegen.targets.base import IF_FALSE
from wasmz.ir.nodes import Block, ResultType, Terminator, Value
from wasmz.runtime import abi
from wasmz.types import HeapType, RefType

# How many fast locals that may refer to an exception a throw clears, at most.
_MOST_CLEARED = 8


def is_handler(block: Block) -> bool:
    """Whether the block handles exceptions."""
    return bool(block.body) and block.body[0].op == "exn.caught"


def place_handlers_last(blocks: list[Block]) -> list[Block]:
    """The blocks, with those reached only through handlers after all others, which need no jumps around them then."""
    if not any(is_handler(block) for block in blocks):
        return blocks
    # Blocks with a hot predecessor before them. So each block still comes after a predecessor.
    hot: list[Block] = []
    cold: list[Block] = []
    reached = {blocks[0]}
    for block in blocks:
        if block in reached and not is_handler(block):
            hot.append(block)
            reached.update(edge.block for edge in block.terminator.edges)
        else:
            cold.append(block)
    return hot + cold


@lowers("exn.caught")
def _caught(emitter: Emitter, value: Value) -> None:
    if value.slot == -1 and value.uses:
        value.slot = emitter.temporary()
    emitter.out.append(emitter.target.stores[emitter.slot(value)] if value.uses else emitter.target.pop)


@lowers("exn.check")
def _check(emitter: Emitter, value: Value) -> None:
    target = emitter.target
    foreign = Label()
    slot = _slot(emitter, value.args[0])
    emitter.push(value.args)
    emitter.out += (
        emitter.load_global(abi.EXCEPTION_CLASS),
        target.check_exception,
        Jump(foreign, IF_FALSE),
        target.pop,
    )
    emitter.cold += (foreign, value.offset, *_forget(emitter, slot), target.reraise)


def _slot(emitter: Emitter, caught: Value) -> int:
    """The fast local of an exception; in continuations, that of a local."""
    return emitter.local_slot(caught.imm) if caught.op == "local.get" and caught.slot < 0 else emitter.slot(caught)


def _forget(emitter: Emitter, slot: int) -> tuple[bytes, bytes]:
    return emitter.constant(None), emitter.target.stores[slot]


@lowers("exn.has_tag")
def _has_tag(emitter: Emitter, value: Value) -> None:
    target = emitter.target
    start = emitter.push(value.args)
    emitter.out += (target.load_attribute(emitter.name_index(abi.TAG)), emitter.load_global(abi.tag(value.imm)))
    emitter.out.append(target.is_operator)
    emitter.define(value, start)


@lowers("exn.payload")
def _payload(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out.append(emitter.target.load_attribute(emitter.name_index(abi.PAYLOAD)))
    emitter.define(value, start)


@lowers("exn.drop")
def _drop(emitter: Emitter, value: Value) -> None:
    caught = value.args[0]
    slot = _slot(emitter, caught)
    if caught.slot < 0:
        # Removes a read of a local that is still pending.
        del emitter.out[emitter.push(value.args) :]
    else:
        emitter.used(caught)
    emitter.out += _forget(emitter, slot)


@lowers("exn.keep")
def _keep(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out.insert(start, emitter.load_callee(abi.exception_helper("keep")))
    emitter.mark(value.offset)
    emitter.out += (emitter.target.call(1), emitter.target.pop)


@lowers("exn.rethrown")
def _rethrown(emitter: Emitter, value: Value) -> None:
    emitter.call_helper(abi.exception_helper("rethrown"), value)


@lowers("exn.new")
def _new(emitter: Emitter, value: Value) -> None:
    target = emitter.target
    start = emitter.push(value.args)
    emitter.out[start:start] = [
        emitter.load_callee(abi.exception_helper("new")),
        emitter.load_global(abi.tag(value.imm)),
    ]
    emitter.mark(value.offset)
    emitter.out += (target.build_tuple(len(value.args)), target.call(2))
    emitter.define(value, start)


def _invoke(emitter: Emitter, terminator: Terminator) -> None:
    emitter.follow(terminator.edges[0])


def _throw(emitter: Emitter, terminator: Terminator) -> None:
    emitter.push(terminator.args)
    emitter.mark(terminator.offset)
    for edge in terminator.edges:
        emitter.out.append(Attempt(emitter.label(edge.block)))
    if not terminator.edges:
        for slot in _slots_of_exceptions(emitter):
            emitter.out += _forget(emitter, slot)
    emitter.out.append(emitter.target.raise_exception)


def _slots_of_exceptions(emitter: Emitter) -> list[int]:
    """The fast locals that may refer to an exception which leaves the function and refers to its frame: a cycle.

    If there are too many, the others are left to the garbage collector.
    """
    function = emitter.function
    if emitter.exceptions is None:
        values = (value for block in function.blocks for value in (*block.params, *block.body))
        values = (value for value in values if _is_exception(value.type) and value.op != "local.get")
        locals = (index for index, type in enumerate(function.locals) if _is_exception(type))
        emitter.exceptions = (
            tuple(itertools.islice(values, _MOST_CLEARED)),
            tuple(itertools.islice(locals, _MOST_CLEARED)),
        )
    caught_values, variables = emitter.exceptions
    slots = [value.slot for value in caught_values if value.slot >= 0]
    slots += [emitter.local_slots[index] for index in variables if index in emitter.local_slots]
    return list(dict.fromkeys(slots))


def _is_exception(type: ResultType) -> bool:
    return isinstance(type, RefType) and type.heap_type is HeapType.EXN


def _reraise(emitter: Emitter, terminator: Terminator) -> None:
    slot = _slot(emitter, terminator.args[0])
    emitter.push(terminator.args)
    emitter.mark(terminator.offset)
    emitter.out += _forget(emitter, slot)
    if terminator.edges:
        emitter.out.append(Jump(emitter.label(terminator.edges[0].block)))
    else:
        emitter.out.append(emitter.target.reraise)


TERMINATORS.update(invoke=_invoke, throw=_throw, reraise=_reraise)
