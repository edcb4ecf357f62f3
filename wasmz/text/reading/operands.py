"""Assembles the immediates after an instruction's name: a reader for each kind in the instruction table.

    i32.load offset=8            -> b"\\x02\\x08"
    call_indirect $t (type 3)    -> b"\\x03\\x01"

An instruction of the table needs no line here unless its kind of immediates is new.
"""

from __future__ import annotations

from wasmz.text.encoding import unsigned, vector
from wasmz.text.reading.literals import OutOfRange, integer_bits, is_integer
from wasmz.text.reading.literals import unsigned as read_unsigned
from wasmz.text.reading.parser import KEYWORDS, IndexSpace, Parser, Unexpected, Wrong
from wasmz.text.reading.types import block_type, heap_type, reference_parts, type_use, value_type
from wasmz.wasm.immediates import CATCH, CATCH_ALL, CATCH_ALL_REF, CATCH_REF
from wasmz.wasm.instructions import INSTRUCTIONS, Immediates, Instruction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

# Lanes of vector constants: their number, the bits of each, and whether they are floats.
_SHAPES: Final = {
    "i8x16": (16, "I8"),
    "i16x8": (8, "I16"),
    "i32x4": (4, "I32"),
    "i64x2": (2, "I64"),
    "f32x4": (4, "F32"),
    "f64x2": (2, "F64"),
}
# The first characters of numbers, including inf and nan.
_NUMBER_STARTS: Final = frozenset("0123456789+-in")
_CATCHES: Final = {
    "catch": CATCH,
    "catch_ref": CATCH_REF,
    "catch_all": CATCH_ALL,
    "catch_all_ref": CATCH_ALL_REF,
}


def opcode_bytes(row: Instruction) -> bytes:
    """An instruction's opcode in the binary format."""
    prefix, code = row.opcode >> 16, row.opcode & 0xFFFF
    return bytes((prefix,)) + unsigned(code) if prefix else bytes((code,))


def _table(parser: Parser, row: Instruction) -> bytes:
    return parser.optional_index(parser.tables)


def _memory(parser: Parser, row: Instruction) -> bytes:
    return parser.optional_index(parser.memories)


def _data(parser: Parser, row: Instruction) -> bytes:
    parser.needs_data_count = True
    return parser.encoded_index(parser.data)


def _element(parser: Parser, row: Instruction) -> bytes:
    return parser.encoded_index(parser.elements)


def _labels(parser: Parser, row: Instruction) -> bytes:
    labels: list[bytes] = []
    while parser.next_is_index() or not labels:
        labels.append(parser.labels.encode(parser.tokens[parser.at]))
        parser.at += 1
    default = labels.pop()
    return vector(labels) + default


def _call_indirect(parser: Parser, row: Instruction) -> bytes:
    table = parser.optional_index(parser.tables)
    return unsigned(type_use(parser)[0]) + table


def _segment_and_place(parser: Parser, places: IndexSpace, segments: IndexSpace) -> bytes:
    """An optional table or memory, and a segment, which comes first in the binary format."""
    first = parser.tokens[parser.at]
    if not parser.next_is_index():
        raise Unexpected(f"the index of a {segments.kind}")
    parser.at += 1
    if parser.next_is_index():
        second = parser.encoded_index(segments)
        return second + places[first]
    parser.at -= 1
    return parser.encoded_index(segments) + b"\0"


def _memory_init(parser: Parser, row: Instruction) -> bytes:
    parser.needs_data_count = True
    return _segment_and_place(parser, parser.memories, parser.data)


def _table_init(parser: Parser, row: Instruction) -> bytes:
    return _segment_and_place(parser, parser.tables, parser.elements)


def _copy(parser: Parser, space: IndexSpace) -> bytes:
    """Destination and source, or neither."""
    if not parser.next_is_index():
        return b"\0\0"
    return parser.encoded_index(space) + parser.encoded_index(space)


def _memory_copy(parser: Parser, row: Instruction) -> bytes:
    return _copy(parser, parser.memories)


def _table_copy(parser: Parser, row: Instruction) -> bytes:
    return _copy(parser, parser.tables)


def _memarg(parser: Parser, row: Instruction) -> bytes:
    memory = b"\0"
    if parser.next_is_index():
        # For an instruction with a lane: an index is the lane if nothing follows that could be.
        following = parser.tokens[parser.at + 1]
        is_lane = row.immediates is Immediates.MEMARG_LANE and not is_integer(following)
        if not is_lane or following.startswith(("offset=", "align=")):
            memory = parser.encoded_index(parser.memories)
    offset = _memarg_field(parser, "offset=")
    align = _memarg_field(parser, "align=")
    if align is None:
        flags = row.access.align_log2 if row.access is not None else 0
    else:
        flags = align.bit_length() - 1
        if align <= 0 or align & (align - 1):
            parser.at -= 1
            raise Wrong("alignment must be a power of two")
    if memory == b"\0":
        return unsigned(flags) + unsigned(offset or 0)
    return unsigned(flags | 0x40) + memory + unsigned(offset or 0)


def _memarg_field(parser: Parser, word: str) -> int | None:
    token = parser.tokens[parser.at]
    if not token.startswith(word):
        return None
    number = read_unsigned(token[len(word) :], 64)
    if number is None:
        raise Unexpected(f"a number after {word}")
    parser.at += 1
    return number


def _memarg_lane(parser: Parser, row: Instruction) -> bytes:
    return _memarg(parser, row) + _lane(parser, row)


def _lane(parser: Parser, row: Instruction) -> bytes:
    token = parser.tokens[parser.at]
    if token[:1] == "+":
        raise Unexpected("a lane")
    found = read_unsigned(token, 8)
    if found is None:
        raise Unexpected("a lane")
    parser.at += 1
    return bytes((found,))


def _lanes(parser: Parser, row: Instruction) -> bytes:
    found = bytearray()
    while len(found) < 16 and (token := parser.tokens[parser.at])[:1] in _NUMBER_STARTS:
        if not (token[:1].isdigit() and is_integer(token)):
            raise OutOfRange("i8 constant out of range: a lane is an unsigned integer")
        found += _lane(parser, row)
    if len(found) < 16 or is_integer(parser.tokens[parser.at]):
        raise Wrong("invalid lane length: 16 lanes are expected")
    return bytes(found)


def _vector(parser: Parser, row: Instruction) -> bytes:
    shape = _SHAPES.get(parser.tokens[parser.at])
    if shape is None:
        raise Unexpected("the shape of a vector")
    parser.at += 1
    count, kind = shape
    found = bytearray()
    lanes = parser.tokens[parser.at : parser.at + count]
    if len(lanes) < count or any(token in ("(", ")", "") or token in OPERATIONS for token in lanes):
        raise Wrong("wrong number of lane literals")
    for token in lanes:
        if kind[0] == "F":
            found += parser.constants[kind][token]
        else:
            bits = int(kind[1:])
            number = integer_bits(token, bits)
            if number is None:
                raise Unexpected("an integer")
            found += number.to_bytes(bits // 8, "little")
        parser.at += 1
    following = parser.tokens[parser.at]
    if is_integer(following):
        raise Wrong("wrong number of lane literals")
    return bytes(found)


def _field(parser: Parser, row: Instruction) -> bytes:
    type = parser.index(parser.types)
    return unsigned(type) + parser.encoded_index(parser.fields.get(type) or IndexSpace("field"))


def _array_fixed(parser: Parser, row: Instruction) -> bytes:
    return parser.encoded_index(parser.types) + unsigned(parser.number(32))


def _array_copy(parser: Parser, row: Instruction) -> bytes:
    return parser.encoded_index(parser.types) + parser.encoded_index(parser.types)


def _array_data(parser: Parser, row: Instruction) -> bytes:
    parser.needs_data_count = True
    return parser.encoded_index(parser.types) + parser.encoded_index(parser.data)


def _array_element(parser: Parser, row: Instruction) -> bytes:
    return parser.encoded_index(parser.types) + parser.encoded_index(parser.elements)


def _heap_type(parser: Parser, row: Instruction) -> bytes:
    return heap_type(parser)


def _br_on_cast(parser: Parser, row: Instruction) -> bytes:
    label = parser.labels.encode(parser.tokens[parser.at])
    parser.at += 1
    source_nullable, source = reference_parts(parser)
    target_nullable, target = reference_parts(parser)
    return bytes((source_nullable | target_nullable << 1,)) + label + source + target


def _fence(parser: Parser, row: Instruction) -> bytes:
    return b"\0"


def _try_table(parser: Parser, row: Instruction) -> bytes:
    type = block_type(parser)
    clauses = []
    tokens = parser.tokens
    while tokens[parser.at] == "(" and tokens[parser.at + 1] in _CATCHES:
        kind = _CATCHES[tokens[parser.at + 1]]
        parser.at += 2
        tag = parser.encoded_index(parser.tags) if kind in (CATCH, CATCH_REF) else b""
        clauses.append(bytes((kind,)) + tag + parser.labels.encode(tokens[parser.at]))
        parser.at += 1
        parser.expect(")")
    return type + vector(clauses)


def _block(parser: Parser, row: Instruction) -> bytes:
    return block_type(parser)


READERS: Final[dict[Immediates, Callable[[Parser, Instruction], bytes]]] = {
    Immediates.BLOCK: _block,
    Immediates.TRY_TABLE: _try_table,
    Immediates.BR_TABLE: _labels,
    Immediates.TABLE: _table,
    Immediates.MEMORY: _memory,
    Immediates.DATA: _data,
    Immediates.ELEM: _element,
    Immediates.CALL_INDIRECT: _call_indirect,
    Immediates.MEMORY_INIT: _memory_init,
    Immediates.MEMORY_COPY: _memory_copy,
    Immediates.TABLE_INIT: _table_init,
    Immediates.TABLE_COPY: _table_copy,
    Immediates.MEMARG: _memarg,
    Immediates.MEMARG_LANE: _memarg_lane,
    Immediates.V128: _vector,
    Immediates.LANES: _lanes,
    Immediates.LANE: _lane,
    Immediates.HEAP_TYPE: _heap_type,
    Immediates.FIELD: _field,
    Immediates.ARRAY_FIXED: _array_fixed,
    Immediates.ARRAY_COPY: _array_copy,
    Immediates.ARRAY_DATA: _array_data,
    Immediates.ARRAY_ELEM: _array_element,
    Immediates.BR_ON_CAST: _br_on_cast,
    Immediates.FENCE: _fence,
}


# Instructions that share a name; which one it is depends on what follows.


def _select(parser: Parser, rows: dict[Immediates, Instruction]) -> bytes:
    types: list[bytes] = []
    typed = False
    while parser.opens("result"):
        typed = True
        while parser.tokens[parser.at] != ")":
            types.append(value_type(parser))
        parser.expect(")")
    if not typed:
        return opcode_bytes(rows[Immediates.NONE])
    return opcode_bytes(rows[Immediates.SELECT_TYPES]) + vector(types)


def _cast(parser: Parser, rows: dict[Immediates, Instruction]) -> bytes:
    nullable, heap = reference_parts(parser)
    return opcode_bytes(rows[Immediates.HEAP_TYPE if nullable else Immediates.REF_TYPE]) + heap


_SHARED: Final = {
    frozenset({Immediates.NONE, Immediates.SELECT_TYPES}): _select,
    frozenset({Immediates.HEAP_TYPE, Immediates.REF_TYPE}): _cast,
}

# How the loop over instructions treats one: it has no immediates; one index, in the given space; a label; a constant;
# other immediates, for a reader; it begins a block; it continues or ends one.
PLAIN, INDEX, LABEL, CONSTANT, OTHER, BLOCK, CONTINUATION = range(7)

_SPACES: Final = {
    Immediates.LOCAL: "locals",
    Immediates.GLOBAL: "globals",
    Immediates.FUNC: "functions",
    Immediates.TYPE: "types",
    Immediates.TAG: "tags",
}
_CONSTANTS: Final = (Immediates.I32, Immediates.I64, Immediates.F32, Immediates.F64)
# Words that continue or end a block: instructions, or just words.
_CONTINUATIONS: Final = ("else", "end", "catch", "catch_all", "delegate", "then", "do")

# (treatment, opcode, name of a space or of constants, reader of everything after the opcode)
Operation = tuple[int, bytes, str, "Callable[[Parser], bytes] | None"]


def _operation(rows: list[Instruction]) -> Operation:
    row = rows[0]
    if len(rows) > 1:
        choose, by_kind = _SHARED[frozenset(row.immediates for row in rows)], {row.immediates: row for row in rows}
        return OTHER, b"", "", lambda parser: choose(parser, by_kind)
    opcode, kind = opcode_bytes(row), row.immediates
    if kind is Immediates.NONE:
        return PLAIN, opcode, "", None
    if kind is Immediates.LABEL:
        return LABEL, opcode, "", None
    if kind in _SPACES:
        return INDEX, opcode, _SPACES[kind], None
    if kind in _CONSTANTS:
        return CONSTANT, opcode, kind.name, None
    reader = READERS[kind]
    opens = kind in (Immediates.BLOCK, Immediates.TRY_TABLE)
    return BLOCK if opens else OTHER, opcode, "", lambda parser: reader(parser, row)


def _operations() -> dict[str, Operation]:
    by_name: dict[str, list[Instruction]] = {}
    for row in INSTRUCTIONS.values():
        by_name.setdefault(row.mnemonic, []).append(row)
    operations = {name: _operation(rows) for name, rows in by_name.items()}
    for word in _CONTINUATIONS:
        opcode = operations[word][1] if word in operations else b""
        operations[word] = CONTINUATION, opcode, "", None
    return operations


OPERATIONS: Final[dict[str, Operation]] = _operations()
KEYWORDS.update(OPERATIONS)
