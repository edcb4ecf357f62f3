"""Immediates that are too rare, or too complex, for the loop in :mod:`wasmz.wasm.body`.

    read_memarg(b"\\x02\\x80\\x01", 0, 3) -> ((2, 128, 0), 3)
    read_prefixed(b"\\xfc\\x0a\\x00\\x01", 0, 4, module) -> (0xFC000A, (0, 1), 4)

All readers also return the position after what they read.
"""

from __future__ import annotations

from wasmz.errors import InvalidWasm, UnsupportedFeature
from wasmz.types import FuncType, RefType
from wasmz.wasm.instructions import INSTRUCTIONS, Immediates, Instruction
from wasmz.wasm.reader import Reader, read_s33, read_u32, read_u64
from wasmz.wasm.syntax import WasmModule
from wasmz.wasm.typereader import TypeSpace, read_reference_to, read_value_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

# Catch clauses of try_table, by their byte (specification 5.4.1).
CATCH, CATCH_REF, CATCH_ALL, CATCH_ALL_REF = range(4)


def read_memarg(data: bytes, pos: int, end: int) -> tuple[tuple[int, int, int], int]:
    """Alignment as a power of two, offset and memory index (specification 5.4.7), and the position after."""
    start = pos
    flags, pos = read_u32(data, pos, end)
    memory = 0
    if flags >= 0x80:
        raise InvalidWasm("malformed memop flags", offset=start)
    if flags & 0x40:
        memory, pos = read_u32(data, pos, end)
    offset, pos = read_u64(data, pos, end)
    return (flags & 0x3F, offset, memory), pos


def read_block_type(data: bytes, pos: int, end: int, module: WasmModule) -> tuple[FuncType, int]:
    """A block type (specification 5.4.1): nothing, one result, or a type index."""
    byte = data[pos]
    if byte == 0x40:
        return FuncType(), pos + 1
    if 0x40 < byte < 0x80:
        reader = Reader(data, pos, end, module.proposals)
        value_type = read_value_type(reader, module.types)
        return FuncType((), (value_type,)), reader.pos
    start = pos
    index, pos = read_s33(data, pos, end)
    if index < 0:
        raise InvalidWasm("malformed block type", offset=start)
    try:
        return module.signature(index), pos
    except InvalidWasm as error:
        raise InvalidWasm(error.reason, offset=start) from None


def read_prefixed(data: bytes, pos: int, end: int, module: WasmModule) -> tuple[int, Any, int]:
    """The instruction whose prefix byte is at ``pos``: opcode, immediate, and the position after it."""
    start = pos
    code, pos = read_u32(data, pos + 1, end)
    row = INSTRUCTIONS.get(data[start] << 16 | code) if code < 0x10000 else None
    if row is None:
        raise InvalidWasm(f"illegal opcode {data[start]:02x} {code:02x}", offset=start)
    if row.proposal not in module.proposals:
        raise UnsupportedFeature(f"instruction {row.mnemonic}", proposal=row.proposal.value, offset=start)
    immediate, pos = read_rare_immediate(row, data, pos, end, module)
    return row.opcode, immediate, pos


def read_rare_immediate(row: Instruction, data: bytes, pos: int, end: int, module: WasmModule) -> tuple[Any, int]:
    """The immediates of instruction ``row``, and the position after them."""
    reader = Reader(data, pos, end, module.proposals)
    immediate = _READERS[row.immediates](reader, module)
    return immediate, reader.pos


def _nothing(reader: Reader, module: WasmModule) -> None:
    return None


def _index(reader: Reader, module: WasmModule) -> int:
    return reader.u32()


def _two_indices(reader: Reader, module: WasmModule) -> tuple[int, int]:
    return reader.u32(), reader.u32()


def _data_index(reader: Reader, module: WasmModule) -> int:
    # Without the count, the index could not be checked before the data section (specification 5.5.15).
    if module.data_count is None:
        reader.fail("data count section required")
    return reader.u32()


def _data_and_index(reader: Reader, module: WasmModule) -> tuple[int, int]:
    return _data_index(reader, module), reader.u32()


def _index_and_data(reader: Reader, module: WasmModule) -> tuple[int, int]:
    return reader.u32(), _data_index(reader, module)


def _block(reader: Reader, module: WasmModule) -> FuncType:
    block_type, reader.pos = read_block_type(reader.data, reader.pos, reader.end, module)
    return block_type


def _try_table(reader: Reader, module: WasmModule) -> tuple[FuncType, tuple[tuple[int, int | None, int], ...]]:
    block_type = _block(reader, module)
    clauses: list[tuple[int, int | None, int]] = []
    for _ in range(reader.count()):
        offset = reader.pos
        kind = reader.byte()
        if kind > CATCH_ALL_REF:
            reader.fail("malformed catch clause", offset)
        tag = reader.u32() if kind in (CATCH, CATCH_REF) else None
        clauses.append((kind, tag, reader.u32()))
    return block_type, tuple(clauses)


def _select_types(reader: Reader, module: WasmModule) -> tuple[Any, ...]:
    return tuple(read_value_type(reader, module.types) for _ in range(reader.count()))


def _memarg(reader: Reader, module: WasmModule) -> tuple[int, int, int]:
    memarg, reader.pos = read_memarg(reader.data, reader.pos, reader.end)
    return memarg


def _memarg_lane(reader: Reader, module: WasmModule) -> tuple[tuple[int, int, int], int]:
    return _memarg(reader, module), reader.byte()


def _v128(reader: Reader, module: WasmModule) -> int:
    return int.from_bytes(reader.take(16), "little")


def _lanes(reader: Reader, module: WasmModule) -> bytes:
    return reader.take(16)


def _lane(reader: Reader, module: WasmModule) -> int:
    return reader.byte()


def _nullable_reference(reader: Reader, module: WasmModule) -> RefType:
    return read_reference_to(reader, TypeSpace(module.types), nullable=True)  # type: ignore[return-value]


def _precise_reference(reader: Reader, module: WasmModule) -> RefType:
    return read_reference_to(reader, TypeSpace(module.types), nullable=False)  # type: ignore[return-value]


def _br_on_cast(reader: Reader, module: WasmModule) -> tuple[int, RefType, RefType]:
    offset = reader.pos
    flags = reader.byte()
    if flags > 3:
        reader.fail("malformed br_on_cast flags", offset)
    label = reader.u32()
    space = TypeSpace(module.types)
    source = read_reference_to(reader, space, nullable=bool(flags & 1))
    return label, source, read_reference_to(reader, space, nullable=bool(flags & 2))  # type: ignore[return-value]


def _fence(reader: Reader, module: WasmModule) -> None:
    if reader.byte() != 0:
        reader.fail("zero byte expected", reader.pos - 1)


# The immediates that the loop in `body` reads itself (BLOCK, constants, BR_TABLE) never follow a prefix byte.
_READERS: Final[dict[Immediates, Callable[[Reader, WasmModule], Any]]] = {
    Immediates.NONE: _nothing,
    Immediates.TRY_TABLE: _try_table,
    Immediates.LABEL: _index,
    Immediates.TYPE: _index,
    Immediates.TABLE: _index,
    Immediates.MEMORY: _index,
    Immediates.TAG: _index,
    Immediates.DATA: _data_index,
    Immediates.ELEM: _index,
    Immediates.FUNC: _index,
    Immediates.CALL_INDIRECT: _two_indices,
    Immediates.MEMORY_INIT: _data_and_index,
    Immediates.MEMORY_COPY: _two_indices,
    Immediates.TABLE_INIT: _two_indices,
    Immediates.TABLE_COPY: _two_indices,
    Immediates.SELECT_TYPES: _select_types,
    Immediates.MEMARG: _memarg,
    Immediates.MEMARG_LANE: _memarg_lane,
    Immediates.V128: _v128,
    Immediates.LANES: _lanes,
    Immediates.LANE: _lane,
    Immediates.HEAP_TYPE: _nullable_reference,
    Immediates.REF_TYPE: _precise_reference,
    Immediates.FIELD: _two_indices,
    Immediates.ARRAY_FIXED: _two_indices,
    Immediates.ARRAY_COPY: _two_indices,
    Immediates.ARRAY_DATA: _index_and_data,
    Immediates.ARRAY_ELEM: _two_indices,
    Immediates.BR_ON_CAST: _br_on_cast,
    Immediates.FENCE: _fence,
}
