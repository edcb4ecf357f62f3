"""Decodes a function body to a list of instructions (specification, section 5.4 "Instructions").

    20 00 41 7f 6a 0b at offset 0x40
    -> [(0x20, 0, 0x40), (0x41, 0xFFFFFFFF, 0x42), (0x6A, None, 0x44), (0x0B, None, 0x45)]

Each item is (opcode, immediate, offset in the file). The form of each immediate is described by
:class:`~wasmz.wasm.instructions.Immediates`. Integers are canonical: unsigned, below 2**32 or 2**64.
"""

from __future__ import annotations

from wasmz.errors import InvalidWasm, UnsupportedFeature
from wasmz.startup.light import memoized
from wasmz.types import FuncType, ValType
from wasmz.wasm.immediates import read_block_type, read_memarg, read_prefixed, read_rare_immediate
from wasmz.wasm.instructions import INSTRUCTIONS, Immediates
from wasmz.wasm.proposals import Proposal
from wasmz.wasm.reader import read_s32, read_s64, read_u32
from wasmz.wasm.syntax import DecodedInstruction, FunctionBody, WasmModule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, NoReturn

# How the decoding loop treats an opcode byte, in order of frequency in real programs, roughly.
_INDEX, _PLAIN, _I32, _MEMARG, _BLOCK, _END, _ELSE, _I64, _BR_TABLE, _FLOAT, _RARE, _PREFIX, _REFUSED = range(13)

_ELSE_OPCODE: Final = 0x05
_IF_OPCODE: Final = 0x04
# Opcodes of blocks whose clauses begin in the middle; decoding checks what may close or split them.
_TRY_OPCODE, _CATCH_OPCODE, _CATCH_ALL_OPCODE, _DELEGATE_OPCODE = 0x06, 0x07, 0x19, 0x18

_KINDS: Final = {
    Immediates.NONE: _PLAIN,
    Immediates.BLOCK: _BLOCK,
    Immediates.MEMARG: _MEMARG,
    Immediates.I32: _I32,
    Immediates.I64: _I64,
    Immediates.F32: _FLOAT,
    Immediates.F64: _FLOAT,
    Immediates.BR_TABLE: _BR_TABLE,
    Immediates.LABEL: _INDEX,
    Immediates.LOCAL: _INDEX,
    Immediates.GLOBAL: _INDEX,
    Immediates.FUNC: _INDEX,
    Immediates.TYPE: _INDEX,
    Immediates.TABLE: _INDEX,
    Immediates.MEMORY: _INDEX,
    Immediates.TAG: _INDEX,
}

_SHORT_BLOCK_TYPES: Final = {
    0x40: FuncType(),
    0x7F: FuncType((), (ValType.I32,)),
    0x7E: FuncType((), (ValType.I64,)),
    0x7D: FuncType((), (ValType.F32,)),
    0x7C: FuncType((), (ValType.F64,)),
}


@memoized
def _kinds_of(proposals: frozenset[Proposal]) -> bytes:
    """How to treat each opcode byte if ``proposals`` are accepted."""
    table = bytearray([_REFUSED]) * 256
    for opcode, row in INSTRUCTIONS.items():
        if opcode < 256 and row.proposal in proposals:
            table[opcode] = _KINDS.get(row.immediates, _RARE)
    for prefix in (0xFB, 0xFC, 0xFD, 0xFE):
        table[prefix] = _PREFIX
    table[_ELSE_OPCODE] = _ELSE
    table[0x0B] = _END
    for opcode in (_CATCH_OPCODE, _CATCH_ALL_OPCODE, _DELEGATE_OPCODE):
        if table[opcode] != _REFUSED:
            table[opcode] = _RARE
    return bytes(table)


def decode_body(data: bytes, body: FunctionBody, module: WasmModule) -> list[DecodedInstruction]:
    """Decodes the instructions of ``body``, the final ``end`` included.

    Args:
        data: the whole module.
        body: which of its functions.
        module: the decoded module that ``body`` belongs to.

    Raises:
        InvalidWasm: the bytes are malformed, or blocks are not properly nested.
        UnsupportedFeature: an instruction of a proposal outside ``module.proposals``.
    """
    try:
        instructions, pos = decode_expression(data, body.code_start, body.end, module)
        if pos != body.end:
            raise InvalidWasm("unexpected content after the function's end", offset=pos)
    except InvalidWasm as error:
        place = module.describe_function(body.index)
        raise InvalidWasm(error.reason, offset=error.offset, function=place) from None
    return instructions


def decode_expression(data: bytes, pos: int, end: int, module: WasmModule) -> tuple[list[DecodedInstruction], int]:
    """Decodes instructions up to the ``end`` that closes the expression at ``pos``.

    Returns:
        The instructions, including that ``end``, and the position after it.

    Raises:
        InvalidWasm: malformed, or not closed before offset ``end``.
        UnsupportedFeature: an instruction of a proposal outside ``module.proposals``.
    """
    try:
        return _decode(data, pos, end, module)
    except IndexError:
        # Only a read beyond the file's last byte raises this: `_decode` does not index lists.
        raise InvalidWasm("unexpected end of section or function", offset=len(data)) from None


def _decode(data: bytes, pos: int, end: int, module: WasmModule) -> tuple[list[DecodedInstruction], int]:
    # One loop reads the common immediates itself, without calls: an instruction takes 0.35 us, of which a call would
    # take another 0.1 us.
    kinds = _kinds_of(module.proposals)
    short_block_types = _SHORT_BLOCK_TYPES
    instructions: list[DecodedInstruction] = []
    append = instructions.append
    # Opcodes of the blocks that are open.
    blocks: list[int] = []
    while pos < end:
        start = pos
        opcode = data[pos]
        pos += 1
        kind = kinds[opcode]
        if kind == _INDEX:
            index = data[pos]
            if index < 0x80:
                pos += 1
            else:
                index, pos = read_u32(data, pos, end)
            append((opcode, index, start))
        elif kind == _PLAIN:
            append((opcode, None, start))
        elif kind == _I32:
            value = data[pos]
            if value < 0x80:
                pos += 1
                append((opcode, value if value < 0x40 else value | 0xFFFFFF80, start))
            else:
                value, pos = read_s32(data, pos, end)
                append((opcode, value & 0xFFFFFFFF, start))
        elif kind == _MEMARG:
            align = data[pos]
            if align < 0x40 and (offset := data[pos + 1]) < 0x80:
                pos += 2
                append((opcode, (align, offset, 0), start))
            else:
                memarg, pos = read_memarg(data, pos, end)
                append((opcode, memarg, start))
        elif kind == _END:
            append((opcode, None, start))
            if not blocks:
                return instructions, pos
            blocks.pop()
        elif kind == _BLOCK:
            block_type = short_block_types.get(data[pos])
            if block_type is not None:
                pos += 1
            else:
                block_type, pos = read_block_type(data, pos, end, module)
            append((opcode, block_type, start))
            blocks.append(opcode)
        elif kind == _I64:
            value = data[pos]
            if value < 0x80:
                pos += 1
                append((opcode, value if value < 0x40 else value | 0xFFFFFFFFFFFFFF80, start))
            else:
                value, pos = read_s64(data, pos, end)
                append((opcode, value & 0xFFFFFFFFFFFFFFFF, start))
        elif kind == _BR_TABLE:
            labels, pos = _read_labels(data, pos, end)
            append((opcode, labels, start))
        elif kind == _ELSE:
            if not blocks or blocks.pop() != _IF_OPCODE:
                raise InvalidWasm("END opcode expected: else outside of an if", offset=start)
            blocks.append(opcode)
            append((opcode, None, start))
        elif kind == _FLOAT:
            pos += 4 if opcode == 0x43 else 8
            append((opcode, int.from_bytes(data[start + 1 : pos], "little"), start))
        elif kind == _PREFIX:
            opcode, immediate, pos = read_prefixed(data, start, end, module)
            append((opcode, immediate, start))
        elif kind == _RARE:
            _nest_clause(opcode, blocks, start)
            immediate, pos = read_rare_immediate(INSTRUCTIONS[opcode], data, pos, end, module)
            append((opcode, immediate, start))
        else:
            _refuse(opcode, start)
    raise InvalidWasm("unexpected end of section or function, END opcode expected", offset=end)


def _nest_clause(opcode: int, blocks: list[int], offset: int) -> None:
    """Tracks the blocks of both exception proposals."""
    if opcode == 0x1F:
        blocks.append(opcode)
    elif opcode in (_CATCH_OPCODE, _CATCH_ALL_OPCODE, _DELEGATE_OPCODE):
        opened = blocks.pop() if blocks else 0
        if opened != _TRY_OPCODE and (opened != _CATCH_OPCODE or opcode == _DELEGATE_OPCODE):
            raise InvalidWasm("END opcode expected: clause outside of a try", offset=offset)
        if opcode != _DELEGATE_OPCODE:
            blocks.append(opcode)


def _read_labels(data: bytes, pos: int, end: int) -> tuple[tuple[int, ...], int]:
    """The immediates of ``br_table``, the default last."""
    count, pos = read_u32(data, pos, end)
    if count >= end - pos:
        raise InvalidWasm("length out of bounds", offset=pos)
    short = data[pos : pos + count + 1]
    if short.isascii():
        # All labels fit into one byte each.
        return tuple(short), pos + count + 1
    labels = []
    for _ in range(count + 1):
        label, pos = read_u32(data, pos, end)
        labels.append(label)
    return tuple(labels), pos


def _refuse(opcode: int, offset: int) -> NoReturn:
    """Raises for an opcode byte that is not accepted: one of another proposal, or of none."""
    row = INSTRUCTIONS.get(opcode)
    if row is not None:
        raise UnsupportedFeature(f"instruction {row.mnemonic}", proposal=row.proposal.value, offset=offset)
    raise InvalidWasm(f"illegal opcode {opcode:02x}", offset=offset)
