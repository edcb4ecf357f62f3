"""Prints the immediates after an instruction's name: a writer for each kind in the instruction table.

28 02 08       -> "i32.load offset=8"
11 03 01       -> "call_indirect 1 (type 3)"
"""

from __future__ import annotations

from struct import unpack_from

from wasmz.text.writing.literals import float_text
from wasmz.text.writing.names import Identifiers, identifier
from wasmz.text.writing.types import block_type, heap_type, value_type
from wasmz.wasm.immediates import CATCH, CATCH_REF, read_memarg
from wasmz.wasm.instructions import INSTRUCTIONS, Immediates, Instruction
from wasmz.wasm.reader import read_s32, read_s64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasmz.text.writing.names import Names
    from wasmz.text.writing.types import Signature
    from wasmz.wasm.reader import Reader

_CATCHES: Final = ("catch", "catch_ref", "catch_all", "catch_all_ref")
_NO_NAMES: Final = Identifiers({})


class Context:
    """What the text of instructions depends on.

    Attributes:
        names, signatures: those of the module.
        locals: the identifiers of the function's locals.
        labels: identifiers of the labels, by the number of the block.
        open: the numbers of the open blocks, outermost first.
        blocks: the number of blocks so far.
    """

    def __init__(self, names: Names, signatures: list[Signature | None], function: int | None = None) -> None:
        self.names: Names = names
        self.signatures: list[Signature | None] = signatures
        self.locals: Identifiers = names.locals.get(function, _NO_NAMES) if function is not None else _NO_NAMES
        self.labels: Identifiers = Identifiers({})
        # Several labels may have one name: the innermost counts. So all names that are not empty are identifiers.
        if function is not None and function in names.labels:
            self.labels.names = names.labels[function].names
            self.labels.update({i: identifier(name) for i, name in self.labels.names.items() if name})
        self.open: list[int] = []
        self.blocks: int = 0
        # For each identifier, the open blocks that have it.
        self._places: dict[str, list[int]] = {}

    def enter(self) -> str:
        """Opens a block; returns what follows its name."""
        number = self.blocks
        self.blocks = number + 1
        self.open.append(number)
        id = self.labels.get(number)
        if id is None:
            return f" {self.labels.brief(number)}(;@{len(self.open)};)"
        self._places.setdefault(id, []).append(len(self.open))
        return f" {id}"

    def leave(self) -> None:
        """Closes the innermost block."""
        if self.open:
            id = self.labels.get(self.open.pop())
            if id is not None:
                self._places[id].pop()

    def label(self, depth: int) -> str:
        """The target of a branch: an identifier that refers to it, or a number."""
        place = len(self.open) - depth
        if 0 < place <= len(self.open):
            id = self.labels.get(self.open[place - 1])
            if id is not None and self._places[id][-1] == place:
                return id
            return f"{depth} (;@{place};)"
        return str(depth)


def _none(reader: Reader, context: Context, row: Instruction) -> str:
    return ""


def _block(reader: Reader, context: Context, row: Instruction) -> str:
    return block_type(reader, context.names, context.signatures)


def _try_table(reader: Reader, context: Context, row: Instruction) -> str:
    text = _block(reader, context, row)
    for _ in range(reader.u32()):
        kind = reader.byte()
        tag = f" {context.names.tags[reader.u32()]}" if kind in (CATCH, CATCH_REF) else ""
        text += f" ({_CATCHES[kind]}{tag} {context.label(reader.u32())})"
    return text


def _label(reader: Reader, context: Context, row: Instruction) -> str:
    return f" {context.label(reader.u32())}"


def _labels(reader: Reader, context: Context, row: Instruction) -> str:
    return "".join([f" {context.label(reader.u32())}" for _ in range(reader.u32() + 1)])


def _by_index(space: str) -> Writer:
    def write(reader: Reader, context: Context, row: Instruction) -> str:
        found: Identifiers = getattr(context.names, space)
        return f" {found[reader.u32()]}"

    return write


def _local(reader: Reader, context: Context, row: Instruction) -> str:
    return f" {context.locals[reader.u32()]}"


def _optional(space: str) -> Writer:
    def write(reader: Reader, context: Context, row: Instruction) -> str:
        index = reader.u32()
        found: Identifiers = getattr(context.names, space)
        return f" {found[index]}" if index else ""

    return write


def _call_indirect(reader: Reader, context: Context, row: Instruction) -> str:
    type, table = reader.u32(), reader.u32()
    shown = f" {context.names.tables[table]}" if table else ""
    return f"{shown} (type {context.names.types[type]})"


def _two(first: str, second: str) -> Writer:
    """Prints two indices, in the same order."""

    def write(reader: Reader, context: Context, row: Instruction) -> str:
        names = context.names
        one: Identifiers = getattr(names, first)
        other: Identifiers = getattr(names, second)
        return f" {one[reader.u32()]} {other[reader.u32()]}"

    return write


def _init(segments: str, places: str) -> Writer:
    """Prints a segment and a table or memory, which comes first in text, or is omitted."""

    def write(reader: Reader, context: Context, row: Instruction) -> str:
        segment, place = reader.u32(), reader.u32()
        names = context.names
        of_segments: Identifiers = getattr(names, segments)
        of_places: Identifiers = getattr(names, places)
        return f" {of_places[place]} {of_segments[segment]}" if place else f" {of_segments[segment]}"

    return write


def _copy(space: str) -> Writer:
    def write(reader: Reader, context: Context, row: Instruction) -> str:
        to, source = reader.u32(), reader.u32()
        found: Identifiers = getattr(context.names, space)
        return f" {found[to]} {found[source]}" if to or source else ""

    return write


def _select_types(reader: Reader, context: Context, row: Instruction) -> str:
    types = [value_type(reader, context.names) for _ in range(reader.u32())]
    return f" (result {' '.join(types)})" if types else " (result)"


def _memarg(reader: Reader, context: Context, row: Instruction) -> str:
    (align, offset, memory), reader.pos = read_memarg(reader.data, reader.pos, reader.end)
    text = f" {context.names.memories[memory]}" if memory else ""
    if offset:
        text += f" offset={offset}"
    if row.access is None or align != row.access.align_log2:
        text += f" align={1 << align}"
    return text


def _memarg_lane(reader: Reader, context: Context, row: Instruction) -> str:
    return f"{_memarg(reader, context, row)} {reader.byte()}"


def _i32(reader: Reader, context: Context, row: Instruction) -> str:
    number, reader.pos = read_s32(reader.data, reader.pos, reader.end)
    return f" {number}"


def _i64(reader: Reader, context: Context, row: Instruction) -> str:
    number, reader.pos = read_s64(reader.data, reader.pos, reader.end)
    return f" {number}"


def _f32(reader: Reader, context: Context, row: Instruction) -> str:
    return f" {float_text(int.from_bytes(reader.take(4), 'little'), 32)}"


def _f64(reader: Reader, context: Context, row: Instruction) -> str:
    return f" {float_text(int.from_bytes(reader.take(8), 'little'), 64)}"


def _vector(reader: Reader, context: Context, row: Instruction) -> str:
    lanes = unpack_from("<4I", reader.take(16))
    return f" i32x4 {' '.join(f'0x{lane:08x}' for lane in lanes)}"


def _lanes(reader: Reader, context: Context, row: Instruction) -> str:
    return f" {' '.join(map(str, reader.take(16)))}"


def _lane(reader: Reader, context: Context, row: Instruction) -> str:
    return f" {reader.byte()}"


def _heap_type(reader: Reader, context: Context, row: Instruction) -> str:
    heap = heap_type(reader, context.names)
    # Where the text has a reference type, the row's name is that for nullable ones.
    return f" {heap}" if row.mnemonic == row.name else f" (ref null {heap})"


def _ref_type(reader: Reader, context: Context, row: Instruction) -> str:
    return f" (ref {heap_type(reader, context.names)})"


def _field(reader: Reader, context: Context, row: Instruction) -> str:
    type, field = reader.u32(), reader.u32()
    return f" {context.names.types[type]} {context.names.fields.get(type, _NO_NAMES)[field]}"


def _array_fixed(reader: Reader, context: Context, row: Instruction) -> str:
    return f" {context.names.types[reader.u32()]} {reader.u32()}"


def _br_on_cast(reader: Reader, context: Context, row: Instruction) -> str:
    flags = reader.byte()
    label = context.label(reader.u32())
    source = heap_type(reader, context.names)
    target = heap_type(reader, context.names)
    return f" {label} (ref {'null ' * (flags & 1)}{source}) (ref {'null ' * (flags >> 1)}{target})"


def _fence(reader: Reader, context: Context, row: Instruction) -> str:
    reader.byte()
    return ""


if TYPE_CHECKING:
    Writer = Callable[[Reader, Context, Instruction], str]

WRITERS: Final[dict[Immediates, Writer]] = {
    Immediates.NONE: _none,
    Immediates.BLOCK: _block,
    Immediates.TRY_TABLE: _try_table,
    Immediates.LABEL: _label,
    Immediates.BR_TABLE: _labels,
    Immediates.LOCAL: _local,
    Immediates.GLOBAL: _by_index("globals"),
    Immediates.FUNC: _by_index("functions"),
    Immediates.TYPE: _by_index("types"),
    Immediates.TABLE: _optional("tables"),
    Immediates.MEMORY: _optional("memories"),
    Immediates.TAG: _by_index("tags"),
    Immediates.DATA: _by_index("data"),
    Immediates.ELEM: _by_index("elements"),
    Immediates.CALL_INDIRECT: _call_indirect,
    Immediates.MEMORY_INIT: _init("data", "memories"),
    Immediates.MEMORY_COPY: _copy("memories"),
    Immediates.TABLE_INIT: _init("elements", "tables"),
    Immediates.TABLE_COPY: _copy("tables"),
    Immediates.SELECT_TYPES: _select_types,
    Immediates.MEMARG: _memarg,
    Immediates.MEMARG_LANE: _memarg_lane,
    Immediates.I32: _i32,
    Immediates.I64: _i64,
    Immediates.F32: _f32,
    Immediates.F64: _f64,
    Immediates.V128: _vector,
    Immediates.LANES: _lanes,
    Immediates.LANE: _lane,
    Immediates.HEAP_TYPE: _heap_type,
    Immediates.REF_TYPE: _ref_type,
    Immediates.FIELD: _field,
    Immediates.ARRAY_FIXED: _array_fixed,
    Immediates.ARRAY_COPY: _two("types", "types"),
    Immediates.ARRAY_DATA: _two("types", "data"),
    Immediates.ARRAY_ELEM: _two("types", "elements"),
    Immediates.BR_ON_CAST: _br_on_cast,
    Immediates.FENCE: _fence,
}


def instruction_texts(reader: Reader, context: Context) -> list[tuple[str, str, int]]:
    """The instructions of an expression, without its ``end``: (mnemonic, what follows it, offset)."""
    open = context.open
    height = len(open)
    found: list[tuple[str, str, int]] = []
    while True:
        start = reader.pos
        opcode = reader.byte()
        if opcode >= 0xFB and opcode != 0xFF:
            opcode = opcode << 16 | reader.u32()
        row = INSTRUCTIONS[opcode]
        kind, name = row.immediates, row.mnemonic
        if kind is Immediates.BLOCK or kind is Immediates.TRY_TABLE:
            operands = WRITERS[kind](reader, context, row)
            found.append((name, context.enter() + operands, start))
            continue
        if name == "end":
            if len(open) == height:
                return found
            context.leave()
        elif name == "delegate":
            context.leave()
        operands = WRITERS[kind](reader, context, row)
        found.append((name, operands, start))
