"""Many iterations of a loop at once: calls functions of ``wasmz.runtime.memory.bulk`` (see ``passes/idioms.py``).

    memory.find_rounds (0, 8, 1, 0, 0) v0 v1 v2        memory_find_rounds(m0, v0, v1, v2, 8, 1, 0, 0)

Memories come first, then operands, then constants.
"""

from __future__ import annotations

from wasmz.codegen.emitter import Emitter, Lowering
from wasmz.codegen.lowering.registry import lowers
from wasmz.ir.nodes import Value
from wasmz.ir.operations import BULK_MEMORIES
from wasmz.runtime import abi


def _rounds(memories: int) -> Lowering:
    def lowering(emitter: Emitter, value: Value) -> None:
        start = emitter.push(value.args)
        out = emitter.out
        names = map(abi.memory, value.imm[:memories])
        function = emitter.load_callee(abi.helper(value.op))
        out[start:start] = [function, *(emitter.load_global(name) for name in names)]
        out += [emitter.constant(number) for number in value.imm[memories:]]
        emitter.mark(value.offset)
        out.append(emitter.target.call(len(value.imm) + len(value.args)))
        emitter.define(value, start)

    return lowering


for _op, _count in BULK_MEMORIES.items():
    lowers(_op)(_rounds(_count))
