"""Compiles one function of the IR to its code objects."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType

from wasmz.codegen.assembler import assemble
from wasmz.codegen.code_object import CodeDescription
from wasmz.codegen.emitted import Jump, Label
from wasmz.codegen.emitter import Emitter, ModuleFacts, find_homes
from wasmz.codegen.hoisted_globals import hoist_globals
from wasmz.codegen.lowering import LOWERINGS, lowering_of
from wasmz.codegen.lowering.control import TERMINATORS, fused_condition
from wasmz.codegen.lowering.counting import keep_fuel, load_fuel
from wasmz.codegen.lowering.exceptions import place_handlers_last
from wasmz.codegen.slots import assign_slots
from wasmz.codegen.targets.base import IF_TRUE, Target
from wasmz.ir.liveness import locals_read_unset
from wasmz.ir.nodes import Function, Terminator, count_uses
from wasmz.ir.operations import protected_call
from wasmz.runtime import abi
from wasmz.runtime.image import FunctionCode
from wasmz.types import ValType


def compile_function(
    target: Target, facts: ModuleFacts, function: Function, filename: str, *, every_offset: bool = False
) -> FunctionCode:
    """The code objects of a function. Uses up the IR: the uses and slots of values change.

    The line table has byte offsets of operations that can trap or call; with ``every_offset``, of all.
    """
    is_tail_form = any(_leaves_by_tail_call(function, block.terminator) for block in function.blocks)
    emitter = make_emitter(target, facts, function, is_tail_form=is_tail_form)
    _emit_prologue(emitter)
    emit_body(emitter, every_offset=every_offset)
    if not is_tail_form:
        return FunctionCode(assemble_function(emitter, filename, len(function.type.params)))
    return FunctionCode(_compile_driver(target, facts, function, filename), assemble_function(emitter, filename, 1))


def make_emitter(target: Target, facts: ModuleFacts, function: Function, *, is_tail_form: bool = False) -> Emitter:
    """An emitter for a function whose values have their slots."""
    count_uses(function)
    emitter = Emitter(target, facts, function, is_tail_form=is_tail_form)
    if function.is_ssa:
        first_parameter = emitter.local_slots[0] if function.type.params else len(emitter.slot_names)
        emitter.reserve_slots(assign_slots(function, first_parameter))
    else:
        find_homes(function)
    return emitter


def emit_body(
    emitter: Emitter, emit_return: Callable[[Emitter, Terminator], None] | None = None, *, every_offset: bool = False
) -> None:
    """Emits all blocks; ``emit_return`` replaces the lowering of ``return``."""
    keep_fuel(emitter)
    terminators = TERMINATORS if emit_return is None else {**TERMINATORS, "return": emit_return}
    blocks = place_handlers_last(emitter.function.blocks)
    for position, block in enumerate(blocks):
        emitter.next_block = blocks[position + 1] if position + 1 < len(blocks) else None
        emitter.out.append(emitter.label(block))
        emitter.fused = fused_condition(block)
        protected = protected_call(block)
        for value in block.body if emitter.fused is None else block.body[:-1]:
            if every_offset:
                emitter.mark(value.offset)
            op = value.op
            lowering = LOWERINGS.get(op) or lowering_of(op)
            if value is protected:
                emitter.handler = emitter.label(block.terminator.edges[1].block)
                lowering(emitter, value)
                emitter.handler = None
            else:
                lowering(emitter, value)
        if every_offset:
            emitter.mark(block.terminator.offset)
        terminators[block.terminator.op](emitter, block.terminator)
    emitter.out += emitter.cold
    hoist_globals(emitter)
    load_fuel(emitter)


def _leaves_by_tail_call(function: Function, terminator: Terminator) -> bool:
    if terminator.op == "return_call":
        return bool(terminator.imm != function.index)
    return terminator.op in ("return_call_indirect", "return_call_ref")


def _emit_prologue(emitter: Emitter) -> None:
    function, out, target = emitter.function, emitter.out, emitter.target
    if emitter.is_tail_form:
        out += (target.loads[0], target.unpack(len(function.type.params)))
        out += (target.stores[emitter.local_slots[index]] for index in range(len(function.type.params)))
    out.append(emitter.start)
    emit_zeros(emitter)


def emit_zeros(emitter: Emitter) -> None:
    """Sets locals to zero or null at the start (specification 4.4.10)."""
    function, out, target = emitter.function, emitter.out, emitter.target
    for index in locals_read_unset(function):
        out += (emitter.constant(zero_of(function.locals[index])), target.stores[emitter.local_slot(index)])


def zero_of(type: ValType) -> object:
    """The default value of a type, in the form of generated code."""
    if type.is_reference:
        return None
    return 0.0 if type is ValType.F32 or type is ValType.F64 else 0


def assemble_function(emitter: Emitter, filename: str, argument_count: int) -> CodeType:
    """The code object of the emitted code, named after the function."""
    function = emitter.function
    name = function.name or abi.function(function.index)
    return assemble(
        emitter.out,
        emitter.target,
        CodeDescription(
            name=name,
            filename=filename,
            first_offset=function.offset,
            argument_count=argument_count,
            constants=tuple(emitter.constants),
            global_names=tuple(emitter.names),
            local_names=tuple(emitter.slot_names),
        ),
    )


def _compile_driver(target: Target, facts: ModuleFacts, function: Function, filename: str) -> CodeType:
    """The code that callers of a function with a tail form call: it makes the tail calls one after the other."""
    emitter = Emitter(target, facts, function)
    out = emitter.out
    count = len(function.type.params)
    callee, args = emitter.new_slot("callee"), emitter.new_slot("args")
    step = (target.call(1), target.unpack(2), target.stores[callee], target.stores[args])
    loop, done = Label(), Label()
    out.append(emitter.load_callee(abi.tail_form(function.index)))
    out += (target.loads[slot] for slot in range(count))
    out += (target.build_tuple(count), *step, loop)
    out += (target.loads[callee], emitter.constant(None), target.is_operator, Jump(done, IF_TRUE))
    out += (target.before_callee, target.loads[callee], target.after_callee, target.loads[args], *step, Jump(loop))
    out += (done, target.loads[args], target.return_value)
    return assemble_function(emitter, filename, count)
