"""Iterators by which loops read memory (see ``passes/streams.py``).

memory.stream ('i32.load', (2, 8, 0), 4) v0     LOAD_GLOBAL m0_I_8; LOAD_FAST v0; LOAD_CONST None; LOAD_CONST 4
                                                BUILD_SLICE; BINARY_SUBSCR; GET_ITER
stream.zip v1 v1                                LOAD_GLOBAL zip; LOAD_FAST v1; LOAD_FAST v1; CALL
next v2 b1 b2                                   LOAD_FAST v2; FOR_ITER b2
stream.items 2                                  b1: UNPACK_SEQUENCE; STORE_FAST v3; STORE_FAST v4; POP_TOP
stream.end                                      b2: END_FOR
"""

from __future__ import annotations

from wasmz.codegen.emitted import Jump
from wasmz.codegen.emitter import Emitter
from wasmz.codegen.lowering.control import TERMINATORS
from wasmz.codegen.lowering.memory import LOADS, view_name
from wasmz.codegen.lowering.registry import lowers
from wasmz.codegen.targets.base import AT_END
from wasmz.ir.facts import OPS
from wasmz.ir.nodes import Terminator, Value
from wasmz.runtime import abi


@lowers("memory.hold")
def _hold(emitter: Emitter, value: Value) -> None:
    start = len(emitter.out)
    emitter.out += (
        emitter.load_global(abi.memory(value.imm)),
        emitter.target.load_attribute(emitter.name_index(abi.BYTES)),
    )
    emitter.define(value, start)


@lowers("memory.extent")
def _extent(emitter: Emitter, value: Value) -> None:
    load, memory_argument = value.imm
    start = len(emitter.out)
    emitter.out += (
        emitter.load_callee(abi.builtin("len")),
        emitter.load_global(view_name(_format(load), memory_argument)),
        emitter.target.call(1),
    )
    emitter.define(value, start)


@lowers("memory.stream")
def _stream(emitter: Emitter, value: Value) -> None:
    load, memory_argument, step = value.imm
    target, out = emitter.target, emitter.out
    start = emitter.push(value.args)
    out.insert(start, emitter.load_global(view_name(_format(load), memory_argument)))
    if len(value.args) == 1:
        out.append(emitter.constant(None))
    out += (emitter.constant(step), target.build_slice, target.subscript, target.get_iterator)
    emitter.define(value, start)


def _format(load: str) -> str:
    """The struct format of the view that a load reads."""
    op = OPS[load]
    if op.type == "f32":
        return "f"
    format, _ = LOADS[op.base]
    return format.lower() if op.form.startswith("signed") else format


@lowers("stream.zip")
def _zip(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out.insert(start, emitter.load_callee(abi.builtin("zip")))
    emitter.out.append(emitter.target.call(len(value.args)))
    emitter.define(value, start)


def _next(emitter: Emitter, terminator: Terminator) -> None:
    following, end = terminator.edges
    emitter.push(terminator.args[:1])
    emitter.out += (emitter.target.begin_iteration, Jump(emitter.label(end.block), AT_END))
    emitter.follow(following)


@lowers("stream.items")
def _items(emitter: Emitter, value: Value) -> None:
    """Stores the items to the values that follow this one; unused values were removed."""
    target, out = emitter.target, emitter.out
    items = {item.imm: item for item in value.block.body[1 : value.imm + 1] if item.op == "stream.item"}
    if value.imm > 1:
        out.append(target.unpack(value.imm))
    for number in range(value.imm):
        item = items.get(number)
        if item is None or not item.uses:
            out.append(target.pop)
            continue
        if item.slot == -1:
            item.slot = emitter.temporary()
        out.append(target.stores[emitter.slot(item)])
    out.append(target.drop_iterator)


@lowers("stream.item")
def _item(emitter: Emitter, value: Value) -> None:
    """See ``stream.items``."""


@lowers("stream.end")
def _end(emitter: Emitter, value: Value) -> None:
    emitter.out.append(emitter.target.after_end)


TERMINATORS["next"] = _next
