"""Validation of one function body (specification, section 3.4 and appendix 7.3 "Validation Algorithm").

    (func $parse (result i32) (f64.const 0))
    -> InvalidWasm: type mismatch: expected i32, found f64 (function 12 "parse", offset 0x1a3f)

The loop decides common cases of common instructions, by comparing types by identity. All other cases, and errors, are
left to the rules in :mod:`wasmz.wasm.body_rules`, which know subtyping and unreachable code.
"""

from __future__ import annotations

from wasmz.types import ValType
from wasmz.wasm import body_rules_descriptors as body_rules_descriptors
from wasmz.wasm import body_rules_exceptions as body_rules_exceptions  # makes its rules known
from wasmz.wasm import body_rules_gc as body_rules_gc
from wasmz.wasm.body_rules import RULES, apply
from wasmz.wasm.body_state import BOUNDARY, I32, BodyState, Frame
from wasmz.wasm.instructions import INSTRUCTIONS, Immediates
from wasmz.wasm.proposals import Proposal
from wasmz.wasm.syntax import DecodedInstruction, WasmModule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# How the loop treats an instruction.
_LOCAL_GET, _CONST, _BINARY, _LOAD, _LOCAL_SET, _LOCAL_TEE, _BR_IF, _UNARY, _STORE, _BLOCK, _END, _OTHER = range(12)

# (kind, operand type or natural alignment, result type, which for a store is the type of the stored value)
_Kind = tuple[int, ValType | int, ValType]

_BY_NAME: Final = {
    "local.get": _LOCAL_GET,
    "local.set": _LOCAL_SET,
    "local.tee": _LOCAL_TEE,
    "br_if": _BR_IF,
    "block": _BLOCK,
    "loop": _BLOCK,
    "end": _END,
}
_CONSTANTS: Final = (Immediates.I32, Immediates.I64, Immediates.F32, Immediates.F64)


def _make_kinds() -> dict[int, _Kind]:
    kinds: dict[int, _Kind] = {}
    for opcode, row in INSTRUCTIONS.items():
        kind: _Kind = (_BY_NAME.get(row.name, _OTHER), BOUNDARY, BOUNDARY)
        params, results = row.params, row.results
        if params is None or results is None or opcode in RULES:
            pass
        elif row.immediates in _CONSTANTS:
            kind = (_CONST, BOUNDARY, results[0])
        elif row.proposal is Proposal.THREADS:
            # Atomic accesses have another rule for alignment.
            pass
        elif row.immediates is Immediates.MEMARG and row.access is not None and len(params) + len(results) == 2:
            natural = row.access.align_log2
            kind = (_LOAD, natural, results[0]) if results else (_STORE, natural, params[1])
        elif row.immediates is Immediates.NONE and len(results) == 1:
            if len(params) == 1:
                kind = (_UNARY, params[0], results[0])
            elif len(params) == 2 and params[0] is params[1]:
                kind = (_BINARY, params[0], results[0])
        kinds[opcode] = kind
    return kinds


_KINDS: Final = _make_kinds()


def validate_body(module: WasmModule, function_index: int, instructions: list[DecodedInstruction]) -> None:
    """Checks that a function's body is valid.

    Args:
        module: a module that ``validate_module`` has accepted.
        function_index: in the function index space.
        instructions: the body, as ``decode_body`` gives it.

    Raises:
        InvalidWasm: naming the function, the offset, and the expected type.
    """
    state = BodyState(module, function_index)
    stack = state.stack
    push, pop = stack.append, stack.pop
    frames = state.frames
    kinds = _KINDS
    # Locals without a default value must be tracked, so instructions on locals are left to the rules then.
    local_types = [] if state.unset_locals else state.local_types
    local_count = len(local_types)
    # Accesses to the first memory are decided here if it has 32-bit addresses.
    short_memory = 0 if module.memory_types and module.memory_types[0].address_type is I32 else -1
    for opcode, immediate, offset in instructions:
        kind, operand, result = kinds[opcode]
        if kind == _LOCAL_GET:
            if immediate < local_count:
                push(local_types[immediate])
                continue
        elif kind == _CONST:
            push(result)
            continue
        elif kind == _BINARY:
            top = pop()
            if top is operand and stack[-1] is operand:
                stack[-1] = result
                continue
            push(top)
        elif kind == _LOAD:
            align, displacement, memory = immediate
            if stack[-1] is I32 and memory == short_memory and align <= operand and displacement <= 0xFFFFFFFF:
                stack[-1] = result
                continue
        elif kind == _LOCAL_SET:
            if immediate < local_count and stack[-1] is local_types[immediate]:
                pop()
                continue
        elif kind == _LOCAL_TEE:
            if immediate < local_count and stack[-1] is local_types[immediate]:
                continue
        elif kind == _BR_IF:
            if immediate < len(frames) and stack[-1] is I32 and not frames[-1 - immediate].label_types:
                pop()
                continue
        elif kind == _UNARY:
            if stack[-1] is operand:
                stack[-1] = result
                continue
        elif kind == _STORE:
            align, displacement, memory = immediate
            top = pop()
            if (
                top is result
                and stack[-1] is I32
                and memory == short_memory
                and align <= operand
                and displacement <= 0xFFFFFFFF
            ):
                pop()
                continue
            push(top)
        elif kind == _BLOCK:
            if not immediate.params:
                push(BOUNDARY)
                frames.append(Frame(opcode, immediate, len(stack)))
                continue
        state.offset = offset
        apply(state, opcode, immediate)
