"""Atomic memory access: calls functions of ``wasmz.runtime.memory.atomics``, with the full address.

    i32.atomic.rmw16.add_u (1, 8, 0) v0 v1       ->  atomic_add2(m0, m0_H, v0 + 8, v1)
    i32.atomic.load8_u (0, 8, 0) v0              ->  m0_B[v0 + 8]

The alignment is that of the sum of address and offset, so the offset cannot go into the view.
"""

from __future__ import annotations

from wasmz.codegen.emitter import Emitter
from wasmz.codegen.lowering.memory import FORMATS
from wasmz.codegen.lowering.registry import lowers
from wasmz.ir.nodes import Value
from wasmz.runtime import abi
from wasmz.wasm.instructions import BY_NAME

_ATOMICS = {name: row for name, row in BY_NAME.items() if row.access is not None and ".atomic." in name}


def _helper(name: str, width: int) -> tuple[str, bool]:
    """The function of the runtime, and whether it takes the memory."""
    kind = name.partition(".atomic.")[2]
    if kind == "notify":
        return abi.atomic_helper("notify"), True
    if kind.startswith("wait"):
        return abi.atomic_helper("wait", width), True
    if kind.startswith("load"):
        return abi.atomic_helper("load", width), False
    if kind.startswith("store"):
        return abi.atomic_helper("store", width), True
    return abi.atomic_helper(kind.partition(".")[2].removesuffix("_u"), width), True


@lowers(*_ATOMICS)
def _atomic(emitter: Emitter, value: Value) -> None:
    target = emitter.target
    _, offset, memory = value.imm
    width = _ATOMICS[value.op].access.width  # type: ignore[union-attr]
    view = emitter.load_global(abi.view(memory, FORMATS[width]))
    out = emitter.out
    starts = emitter.push_apart(value.args)
    if offset:
        out[starts[1] : starts[1]] = [emitter.constant(offset), target.binary("+")]
    if value.op.endswith("atomic.load8_u"):
        out.insert(starts[0], view)
        emitter.mark(value.offset)
        out.append(target.subscript)
    else:
        name, takes_memory = _helper(value.op, width)
        objects = [emitter.load_global(abi.memory(memory)), view] if takes_memory else [view]
        out[starts[0] : starts[0]] = [emitter.load_callee(name), *objects]
        emitter.mark(value.offset)
        out.append(target.call(len(objects) + len(value.args)))
    if value.type is None:
        out.append(target.pop)
    else:
        emitter.define(value, starts[0])


@lowers("atomic.fence")
def _fence(emitter: Emitter, value: Value) -> None:
    """Emits nothing: CPython keeps the order of a thread's operations, and passes move nothing across a fence."""
