"""Calls and their results.

call 5 v0 v1                    LOAD_GLOBAL f5; LOAD v0; LOAD v1; CALL 2
call_indirect (2, 0) v0 v1      LOAD_GLOBAL tab0_f2; LOAD v1; BINARY_SUBSCR; LOAD v0; CALL 1
call_ref 2 v0 v1                LOAD v1; LOAD_ATTR code; LOAD v0; CALL 1
"""

from __future__ import annotations

from collections.abc import Sequence

from wasmz.codegen.emitted import Emitted, in_table
from wasmz.codegen.emitter import Emitter
from wasmz.codegen.lowering.registry import lowers
from wasmz.ir.facts import CONSTANTS
from wasmz.ir.nodes import Value
from wasmz.runtime import abi


@lowers("call")
def _call(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out.insert(start, emitter.load_callee(abi.function(value.imm)))
    emitter.mark(value.offset)
    emitter.call(len(value.args))
    finish_call(emitter, value, start)


@lowers("call_indirect")
def _call_indirect(emitter: Emitter, value: Value) -> None:
    start = push_callee_from_table(emitter, value.args, value.imm, value.offset)
    emitter.call(len(value.args) - 1)
    finish_call(emitter, value, start)


@lowers("call_ref")
def _call_ref(emitter: Emitter, value: Value) -> None:
    start = push_callee_of_reference(emitter, value.args, value.offset)
    emitter.call(len(value.args) - 1)
    finish_call(emitter, value, start)


def push_callee_from_table(
    emitter: Emitter, args: Sequence[Value], imm: tuple[int, int], offset: int, *, as_tail: bool = False
) -> int:
    """Pushes the callee that the last operand selects, and the other operands above it; returns where the code begins.

    With ``as_tail``, the callee is a tail form, which is not called here.
    """
    type_index, table = imm
    offset = in_table(offset)
    callees = emitter.load_global(abi.callees(table, emitter.facts.canonical_types[type_index], as_tail=as_tail))
    return _push_callee(emitter, args, (callees,), emitter.target.subscript, offset, not as_tail)


def push_callee_of_reference(emitter: Emitter, args: Sequence[Value], offset: int, *, as_tail: bool = False) -> int:
    """Pushes the function of the last operand, and the other operands above it; returns where the code begins."""
    attribute = emitter.target.load_attribute(emitter.name_index(abi.TAIL if as_tail else abi.CODE))
    return _push_callee(emitter, args, (), attribute, offset, not as_tail)


def _push_callee(
    emitter: Emitter, args: Sequence[Value], below: tuple[bytes, ...], finding: bytes, offset: int, as_callee: bool
) -> int:
    """Pushes the result of ``finding`` for the last operand, with ``below`` below it and the other operands above."""
    target = emitter.target
    index, operands = args[-1], args[:-1]
    if (index.op in CONSTANTS or index.slot >= 0) and any(emitter.is_on_stack(arg) for arg in operands):
        # The operands are computed before the table is read (specification 4.4.8): they may trap or change it. A
        # computed index comes after them anyway.
        start = emitter.push(operands)
        slots = [emitter.temporary() for _ in operands]
        emitter.out += (target.stores[slot] for slot in reversed(slots))
        emitter.out += (target.before_callee, *below) if as_callee else below
        emitter.push((index,))
        emitter.mark(offset)
        emitter.out += (finding, target.after_callee) if as_callee else (finding,)
        for slot in slots:
            emitter.out.append(target.loads[slot])
            emitter.release(slot)
        emitter.mark(offset)
        return start
    bounds = emitter.push_apart((args[-1], *args[:-1]))
    above: list[Emitted] = [offset, finding, target.after_callee] if as_callee else [offset, finding]
    emitter.out[bounds[1] : bounds[1]] = above
    before: list[Emitted] = [offset, target.before_callee, *below] if as_callee else [offset, *below]
    emitter.out[bounds[0] : bounds[0]] = before
    emitter.mark(offset)
    return bounds[0]


def finish_call(emitter: Emitter, value: Value, start: int) -> None:
    """Defines the value as the result of a call."""
    if value.type is None:
        emitter.out.append(emitter.target.pop)
    else:
        emitter.define(value, start)


@lowers("project")
def _project(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out += (emitter.constant(value.imm), emitter.target.subscript)
    emitter.define(value, start)
