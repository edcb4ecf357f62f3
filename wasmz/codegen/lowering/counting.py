"""Counting calls and iterations of loops, and going on in better code (docs/abi.md, "Tiers").

count b1 b2            LOAD_GLOBAL h5; FOR_ITER b2; POP_TOP; POP_TOP; b1: ...
tier.request (5, 0) v1     LOAD_GLOBAL tier_request; LOAD_CONST 5; LOAD_CONST 0; LOAD_FAST v1; CALL 3
resume v2 v3 v4        LOAD_FAST v2; LOAD_FAST v3; LOAD_FAST v4; CALL 2; RETURN_VALUE
fuel.take                  LOAD_GLOBAL fuel; FOR_ITER ended; POP_TOP; POP_TOP; on: ...
                           ended: LOAD_GLOBAL fuel_more; CALL; POP_TOP; JUMP on
fuel.take, one of several  FOR_ITER ended; POP_TOP; on: ...           the iterator lies below all else on the stack
                           ended: LOAD_GLOBAL fuel_more; CALL; JUMP on

Counters, and the fuel, are iterators over lists, for which FOR_ITER is specialised: 3 to 16 ns an iteration, where
counting down an int takes 35 to 70.
"""

from __future__ import annotations

from wasmz.codegen.emitted import Jump, Label
from wasmz.codegen.emitter import Emitter
from wasmz.codegen.lowering.control import TERMINATORS
from wasmz.codegen.lowering.registry import lowers
from wasmz.codegen.targets.base import AT_END
from wasmz.ir.facts import CONSTANTS
from wasmz.ir.nodes import Block, Terminator, Value
from wasmz.irbuild.fuel import TAKE
from wasmz.runtime import abi

# Ends of blocks in functions without handlers of exceptions, tail calls and continuations.
_KEEPING_FUEL = frozenset({"jump", "branch", "switch", "next", "return", "unreachable"})
_EMITTING_NOTHING = CONSTANTS | {"local.get"}


def _count(emitter: Emitter, terminator: Terminator) -> None:
    following, hot = terminator.edges
    target = emitter.target
    counter = terminator.imm
    name = abi.counter(counter) if type(counter) is int else abi.counter(*counter)
    emitter.out += (emitter.load_global(name), target.begin_iteration, Jump(emitter.label(hot.block), AT_END))
    emitter.out += (target.pop, target.drop_iterator)
    emitter.follow(following)


@lowers("tier.ended")
def _ended(emitter: Emitter, value: Value) -> None:
    emitter.out.append(emitter.target.after_end)


@lowers(TAKE)
def _take_fuel(emitter: Emitter, value: Value) -> None:
    target, out, cold = emitter.target, emitter.out, emitter.cold
    ended, going_on = Label(), Label()
    more = (ended, target.after_end, value.offset, emitter.load_callee(abi.MORE_FUEL), target.call(0))
    cold += more
    if emitter.keeps_fuel_on_stack:
        out += (Jump(ended, AT_END), target.pop, going_on)
        cold += (target.begin_iteration, Jump(going_on))
        return
    slot = emitter.fuel_slot
    load = emitter.load_global(abi.FUEL) if slot is None else target.loads[slot]
    out += (load, target.begin_iteration, Jump(ended, AT_END), target.pop, target.drop_iterator, going_on)
    cold += (target.pop if slot is None else target.stores[slot], Jump(going_on))


@lowers("fuel.limit")
def _limit_fuel(emitter: Emitter, value: Value) -> None:
    emitter.call_helper(abi.FUEL_LIMIT, value)


@lowers("fuel.use")
def _use_fuel(emitter: Emitter, value: Value) -> None:
    emitter.call_helper(abi.USE_FUEL, value)


def keep_fuel(emitter: Emitter) -> None:
    """Chooses where the fuel is if code takes it in several places: at the bottom of the stack, or in a fast local."""
    blocks = emitter.function.blocks
    if sum([value.op == TAKE for block in blocks for value in block.body]) > 1:
        if not emitter.is_tail_form and all(_may_find_fuel_on_stack(block) for block in blocks):
            emitter.keeps_fuel_on_stack = True
        else:
            emitter.fuel_slot = emitter.new_slot("fuel")


def _may_find_fuel_on_stack(block: Block) -> bool:
    """Whether the stack has nothing else where the block takes fuel, and no handler empties it."""
    if block.terminator.op not in _KEEPING_FUEL:
        return False
    for value in block.body:
        if value.op != TAKE and value.op not in _EMITTING_NOTHING:
            break
    else:
        return True
    return all(later.op != TAKE for later in block.body[block.body.index(value) :])


def load_fuel(emitter: Emitter) -> None:
    """Puts the fuel to where it is kept, at the start of the code: after the first instruction, RESUME."""
    target = emitter.target
    if emitter.keeps_fuel_on_stack:
        emitter.out[1:1] = (emitter.load_global(abi.FUEL), target.begin_iteration)
    elif emitter.fuel_slot is not None:
        emitter.out[1:1] = (emitter.load_global(abi.FUEL), target.stores[emitter.fuel_slot])


@lowers("tier.request")
def _request(emitter: Emitter, value: Value) -> None:
    # The first of its block, to which only the counter's end leads.
    target, out = emitter.target, emitter.out
    out.append(target.after_end)
    emitter.mark(value.offset)
    start = emitter.push(value.args)
    function, loop = value.imm
    name = abi.TAIL_REQUEST if emitter.is_tail_form else abi.REQUEST
    out[start:start] = [emitter.load_callee(name), emitter.constant(function), emitter.constant(loop)]
    out.append(target.call(3))
    emitter.define(value, start)


def _resume(emitter: Emitter, terminator: Terminator) -> None:
    target, out = emitter.target, emitter.out
    successor, *operands = terminator.args
    start = emitter.push(operands)
    load = target.loads[emitter.slot(successor)]
    if emitter.is_tail_form:
        out.insert(start, load)
        out += (target.build_tuple(len(operands)), target.build_tuple(2), target.return_value)
        return
    out[start:start] = [target.before_callee, load, target.after_callee]
    emitter.mark(terminator.offset)
    out += (target.call(len(operands)), target.return_value)


TERMINATORS["count"] = _count
TERMINATORS["resume"] = _resume
