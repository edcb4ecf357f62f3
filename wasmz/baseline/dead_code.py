"""Unreachable code: the validator checks it, with the whole function around it, and no code is made for it."""

from __future__ import annotations

from bisect import bisect_left
from operator import itemgetter

from wasmz.baseline.draft import Unfit
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.baseline.module import BaselineModule
    from wasmz.baseline.tiers import Requests
    from wasmz.wasm.syntax import FunctionBody

# Opcodes that open a block, close a part of it, or belong to kinds of blocks that are left to the pipeline.
_LOOP: Final = 0x03
_END: Final = 0x0B
_OPENING: Final = frozenset({0x02, _LOOP, 0x04, 0x1F})
_CLOSING: Final = frozenset({0x05, _END})
_CLAUSES: Final = frozenset({0x06, 0x07, 0x18, 0x19})

_offset = itemgetter(2)


def skip_dead_code(module: BaselineModule, body: FunctionBody, pos: int, requests: Requests) -> int:
    """The position of the ``end`` or ``else`` that closes unreachable code from ``pos`` on.

    Raises:
        InvalidWasm: the function is not valid.
        Unfit: the code has instructions that are left to the pipeline.
    """
    load("wasmz.wasm.body")
    from wasmz.wasm.body import decode_body

    load("wasmz.wasm.validator")
    from wasmz.wasm.validator import validate_body

    instructions = requests.validated
    if instructions is None:
        instructions = decode_body(module.data, body, module.module)
        validate_body(module.module, body.index, instructions)
        requests.validated = instructions
    depth = 0
    # Not a slice: a function may have very many of these places.
    for index in range(bisect_left(instructions, pos, key=_offset), len(instructions)):
        opcode, _, offset = instructions[index]
        if opcode in _CLOSING and not depth:
            return int(offset)
        if opcode in _OPENING:
            depth += 1
            requests.loop_count += opcode == _LOOP
        elif opcode == _END:
            depth -= 1
        elif opcode in _CLAUSES:
            raise Unfit
    raise Unfit
