"""Instructions as text, as the text format writes them (specification, section 6.5).

(0x28, (2, 8, 0), 0x1A) -> 'i32.load offset=8'
"""

from __future__ import annotations

import struct
from typing import Any

from wasmz.types import FuncType, ValType
from wasmz.wasm.instructions import INSTRUCTIONS, Immediates, Instruction


def format_instruction(opcode: int, immediate: Any) -> str:
    """Mnemonic and immediates of a decoded instruction."""
    row = INSTRUCTIONS[opcode]
    name = "select" if row.name == "select_t" else row.name
    text = _format_immediate(row, immediate)
    return f"{name} {text}" if text else name


def _format_immediate(row: Instruction, immediate: Any) -> str:
    kind = row.immediates
    if immediate is None:
        return ""
    if kind is Immediates.MEMARG:
        return _format_memarg(row, immediate)
    if kind in (Immediates.I32, Immediates.I64):
        bits = 32 if kind is Immediates.I32 else 64
        return str(immediate - (1 << bits) if immediate >> (bits - 1) else immediate)
    if kind is Immediates.F32:
        return _format_float(struct.unpack("<f", struct.pack("<I", immediate))[0], immediate & 0x7FFFFF)
    if kind is Immediates.F64:
        return _format_float(struct.unpack("<d", struct.pack("<Q", immediate))[0], immediate & 0xF_FFFF_FFFF_FFFF)
    if isinstance(immediate, FuncType):
        return _format_block_type(immediate)
    if kind is Immediates.CALL_INDIRECT:
        type_index, table = immediate
        return f"{table} (type {type_index})" if table else f"(type {type_index})"
    if isinstance(immediate, tuple):
        return " ".join(map(str, immediate))
    if kind is Immediates.MEMORY and not immediate:
        return ""
    return str(immediate)


def _format_memarg(row: Instruction, memarg: tuple[int, int, int]) -> str:
    align, offset, memory = memarg
    parts = []
    if memory:
        parts.append(str(memory))
    if offset:
        parts.append(f"offset={offset}")
    if row.access is not None and 1 << align != row.access.width:
        parts.append(f"align={1 << align}")
    return " ".join(parts)


def _format_block_type(type: FuncType) -> str:
    def clause(word: str, types: tuple[ValType, ...]) -> str:
        return f"({word} {' '.join(map(str, types))})" if types else ""

    return " ".join(filter(None, (clause("param", type.params), clause("result", type.results))))


def _format_float(number: float, payload: int) -> str:
    return f"nan:0x{payload:x}" if number != number else repr(number)
