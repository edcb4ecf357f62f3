"""Locals, globals, constants and references.

local.get 0        pending: loaded where its value is used
local.set 0 v1     STORE_FAST l0
global.get 3       LOAD_GLOBAL g3, or LOAD_GLOBAL c3; LOAD_CONST 0; BINARY_SUBSCR if the global is in a cell
"""

from __future__ import annotations

from wasmz.codegen.emitter import MOST_PENDING_READS, Emitter, Pending
from wasmz.codegen.lowering.numeric import define_condition
from wasmz.codegen.lowering.registry import lowers
from wasmz.ir.facts import CONSTANTS
from wasmz.ir.nodes import Value
from wasmz.runtime import abi


@lowers(*CONSTANTS)
def _constant(emitter: Emitter, value: Value) -> None:
    # Pushed at each use.
    pass


@lowers("local.get")
def _local_get(emitter: Emitter, value: Value) -> None:
    slot = emitter.local_slot(value.imm)
    if value.slot == slot:
        # A parameter of a function in SSA form.
        return
    if value.slot != -1:
        emitter.out += (emitter.target.loads[slot], emitter.target.stores[emitter.slot(value)])
    elif value.uses and len(emitter.stack) < MOST_PENDING_READS:
        emitter.stack.append(Pending(value, -1))
    elif value.uses:
        emitter.stack.append(Pending(value, len(emitter.out)))
        emitter.out.append(emitter.target.loads[slot])


@lowers("local.set")
def _local_set(emitter: Emitter, value: Value) -> None:
    slot = emitter.local_slot(value.imm)
    position = emitter.push(value.args)
    if emitter.stack:
        emitter.materialize_local(value.imm, position)
    emitter.out.append(emitter.target.stores[slot])


@lowers("global.get")
def _global_get(emitter: Emitter, value: Value) -> None:
    out = emitter.out
    start = len(out)
    if value.imm in emitter.facts.boxed_globals:
        out += (emitter.load_global(abi.global_cell(value.imm)), emitter.constant(0), emitter.target.subscript)
    else:
        out.append(emitter.load_global(abi.global_value(value.imm)))
    emitter.define(value, start)


@lowers("global.set")
def _global_set(emitter: Emitter, value: Value) -> None:
    emitter.push(value.args)
    if value.imm in emitter.facts.boxed_globals:
        cell = emitter.load_global(abi.global_cell(value.imm))
        emitter.out += (cell, emitter.constant(0), emitter.target.store_subscript)
    else:
        emitter.out.append(emitter.target.store_global(emitter.name_index(abi.global_value(value.imm))))


@lowers("ref.func")
def _ref_func(emitter: Emitter, value: Value) -> None:
    start = len(emitter.out)
    emitter.out.append(emitter.load_global(abi.reference(value.imm)))
    emitter.define(value, start)


@lowers("ref.is_null")
def _ref_is_null(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out += (emitter.constant(None), emitter.target.is_operator)
    define_condition(emitter, value, start)
