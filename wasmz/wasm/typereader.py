"""Types in the binary format (specification, section 5.3): value types, limits and the type section's definitions.

read_value_type(Reader(b"\\x7f", 0, 1), []) -> ValType.I32
read_type_section(reader) -> [DefinedType(() -> (i32)), ...]
"""

from __future__ import annotations

from wasmz.subtyping import is_composite_subtype, is_heap_subtype
from wasmz.types import (
    PAGE_BYTES,
    ArrayType,
    CompositeType,
    DefinedType,
    FieldType,
    FuncType,
    GlobalType,
    GroupReference,
    HeapType,
    MemoryType,
    PackedType,
    RefType,
    StructType,
    SubType,
    TableType,
    ValType,
    define_function_type,
    define_group,
)
from wasmz.wasm.proposals import Proposal
from wasmz.wasm.reader import Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Implementation limit, as in the JavaScript embedding: the length of a chain of supertypes.
MAX_SUBTYPING_DEPTH: Final = 63
# Implementation limit, as in the JavaScript embedding: parameters, and results, of one function type.
MAX_ARITY: Final = 1_000

# Likewise: fields of one structure type.
MAX_FIELDS: Final = 10_000

NUMBER_TYPES: Final = {0x7F: ValType.I32, 0x7E: ValType.I64, 0x7D: ValType.F32, 0x7C: ValType.F64}
_NUMBER_BYTES: Final = bytes(NUMBER_TYPES)
ABSTRACT_HEAP_TYPES: Final = {
    0x70: (HeapType.FUNC, Proposal.REFERENCE_TYPES),
    0x6F: (HeapType.EXTERN, Proposal.REFERENCE_TYPES),
    0x6E: (HeapType.ANY, Proposal.GC),
    0x6D: (HeapType.EQ, Proposal.GC),
    0x6C: (HeapType.I31, Proposal.GC),
    0x6B: (HeapType.STRUCT, Proposal.GC),
    0x6A: (HeapType.ARRAY, Proposal.GC),
    0x71: (HeapType.NONE, Proposal.GC),
    0x72: (HeapType.NOEXTERN, Proposal.GC),
    0x73: (HeapType.NOFUNC, Proposal.GC),
    0x69: (HeapType.EXN, Proposal.EXCEPTIONS),
    0x74: (HeapType.NOEXN, Proposal.EXCEPTIONS),
}
_REF_NULL, _REF, _SUB_FINAL, _SUB, _REC = 0x63, 0x64, 0x4F, 0x50, 0x4E
_FUNC, _STRUCT, _ARRAY = 0x60, 0x5F, 0x5E
# From the proposal "custom descriptors".
_DESCRIBES, _DESCRIPTOR, _EXACT = 0x4C, 0x4D, 0x62


class TypeSpace:
    """The type index space while its section is read: the types read so far, and the current group.

    Attributes:
        types: the types defined so far.
        group_size: the number of members of the current group; 0 outside groups.
    """

    __slots__ = ("group_size", "types")

    def __init__(self, types: list[DefinedType]) -> None:
        self.types: list[DefinedType] = types
        self.group_size: int = 0

    def resolve(self, reader: Reader, index: int, offset: int) -> DefinedType | GroupReference:
        """Type ``index``, or its place in the current group; ``InvalidWasm`` if there is none."""
        if index < len(self.types):
            return self.types[index]
        position = index - len(self.types)
        if position >= self.group_size:
            reader.fail(f"unknown type {index}", offset)
        return GroupReference(position)


def read_heap_type(reader: Reader, space: TypeSpace) -> HeapType | DefinedType | GroupReference:
    """A heap type (specification 5.3.3): one byte for the abstract ones, otherwise a type index."""
    offset = reader.pos
    abstract = ABSTRACT_HEAP_TYPES.get(reader.peek())
    if abstract is not None:
        reader.pos += 1
        heap_type, proposal = abstract
        reader.require(proposal, f"heap type {heap_type.value}", offset)
        return heap_type
    index = reader.s33()
    if index < 0:
        reader.fail("malformed heap type", offset)
    reader.require(Proposal.FUNCTION_REFERENCES, f"a reference to type {index}", offset)
    return space.resolve(reader, index, offset)


def read_reference_to(reader: Reader, space: TypeSpace, *, nullable: bool) -> RefType | GroupReference:
    """The reference type for the heap type that follows, which may be exact."""
    offset = reader.pos
    exact = reader.peek() == _EXACT
    if exact:
        reader.require(Proposal.CUSTOM_DESCRIPTORS, "an exact reference", offset)
        reader.pos += 1
        index = reader.u32()
        target: HeapType | DefinedType | GroupReference = space.resolve(reader, index, offset)
    else:
        target = read_heap_type(reader, space)
    if isinstance(target, GroupReference):
        return GroupReference(target.position, nullable, exact)
    return RefType(target, nullable, exact)


def read_written_type(reader: Reader, space: TypeSpace) -> ValType | GroupReference:
    """A value type (specification 5.3.5) that may refer to the current group."""
    offset = reader.pos
    byte = reader.byte()
    number = NUMBER_TYPES.get(byte)
    if number is not None:
        return number
    if byte == 0x7B:
        reader.require(Proposal.SIMD, "value type v128", offset)
        return ValType.V128
    abstract = ABSTRACT_HEAP_TYPES.get(byte)
    if abstract is not None:
        heap_type, proposal = abstract
        reader.require(proposal, f"a reference to {heap_type.value}", offset)
        return RefType(heap_type, nullable=True)
    if byte in (_REF, _REF_NULL):
        reader.require(Proposal.FUNCTION_REFERENCES, "a reference type with its own nullability", offset)
        return read_reference_to(reader, space, nullable=byte == _REF_NULL)
    return reader.fail("malformed value type", offset)


def read_value_type(reader: Reader, types: list[DefinedType]) -> ValType:
    """A value type, outside the type section."""
    return read_written_type(reader, TypeSpace(types))  # type: ignore[return-value]


def read_reference_type(reader: Reader, types: list[DefinedType]) -> RefType:
    """A reference type (specification 5.3.4), outside the type section."""
    offset = reader.pos
    if reader.peek() in NUMBER_TYPES or reader.peek() == 0x7B:
        reader.fail("malformed reference type", offset)
    value_type = read_value_type(reader, types)
    if not isinstance(value_type, RefType):
        reader.fail("malformed reference type", offset)
    return value_type


def read_type_section(reader: Reader) -> list[DefinedType]:
    """All types of the type section (specification 5.5.4), with groups made canonical."""
    types: list[DefinedType] = []
    space = TypeSpace(types)
    known: dict[bytes, DefinedType] = {}
    for _ in range(reader.count()):
        plain = _read_plain_function(reader, known)
        if plain is not None:
            types.append(plain)
            continue
        types.extend(read_group(reader, space))
    return types


def read_group(reader: Reader, space: TypeSpace) -> tuple[DefinedType, ...]:
    """A recursive group of types, or a single one, made canonical (specification 5.3.12)."""
    offset = reader.pos
    if reader.peek() == _REC:
        reader.pos += 1
        reader.require(Proposal.GC, "a recursive group of types", offset)
        space.group_size = reader.count()
    else:
        space.group_size = 1
    members = [_read_sub_type(reader, space, position) for position in range(space.group_size)]
    problem = _wrong_pairs(members)
    if problem is not None:
        reader.fail(problem, offset)
    defined = define_group(members)
    space.group_size = 0
    for member in defined:
        if member.depth > MAX_SUBTYPING_DEPTH:
            reader.fail("sub type: too many supertypes above it", offset)
        if member.supertype is not None and member.supertype.final:
            reader.fail("sub type: its supertype is final", offset)
    # All members have their supertypes now, so chains of supertypes can be followed.
    for member in defined:
        if member.supertype is not None and not is_composite_subtype(member.composite, member.supertype.composite):
            reader.fail("sub type does not match its super type", offset)
        if member.supertype is not None and not _descriptors_match(member, member.supertype):
            reader.fail("sub type does not match its super type: its descriptors", offset)
    return defined


def _read_plain_function(reader: Reader, known: dict[bytes, DefinedType]) -> DefinedType | None:
    """The next type, if it is an ungrouped function type with fewer than 128 numeric parameters and results.

    Nearly all types are. A million are read in a third of the general path's time, or in a tenth if all are equal.
    Anything else, including malformed input, is left unread. ``known`` has the types read so far, by their bytes.
    """
    data, start, end = reader.data, reader.pos, reader.end
    if start + 2 >= end or data[start] != _FUNC:
        return None
    middle = start + 2 + data[start + 1]
    if middle >= end:
        return None
    stop = middle + 1 + data[middle]
    if stop > end:
        return None
    form = data[start:stop]
    found = known.get(form)
    if found is None:
        params, results = data[start + 2 : middle], data[middle + 1 : stop]
        if data[start + 1] >= 0x80 or data[middle] >= 0x80 or (params + results).strip(_NUMBER_BYTES):
            return None
        type = FuncType(map(NUMBER_TYPES.__getitem__, params), map(NUMBER_TYPES.__getitem__, results))
        found = known[form] = define_function_type(type)
    reader.pos = stop
    return found


def _read_sub_type(reader: Reader, space: TypeSpace, position: int) -> SubType:
    """The member of a group at ``position``, with its finality and supertypes (specification 5.3.11)."""
    offset = reader.pos
    form = reader.peek()
    if form != _SUB and form != _SUB_FINAL:
        pair = _read_clauses(reader, space, position)
        return SubType(_read_composite_type(reader, space), (), True, *pair)
    reader.pos += 1
    reader.require(Proposal.GC, "a subtype declaration", offset)
    supertypes = []
    for _ in range(reader.count()):
        at = reader.pos
        index = reader.u32()
        # A supertype comes before its subtypes (section 3.2.11), so chains of supertypes have no cycles.
        if index >= len(space.types) + position:
            reader.fail(f"unknown type {index}", at)
        supertypes.append(space.resolve(reader, index, at))
    if len(supertypes) > 1:
        reader.fail("sub type: more than one supertype", offset)
    pair = _read_clauses(reader, space, position)
    return SubType(_read_composite_type(reader, space), tuple(supertypes), form == _SUB_FINAL, *pair)


def _read_clauses(reader: Reader, space: TypeSpace, position: int) -> tuple[int | None, int | None]:
    """The positions in the group of the descriptor, and of the described type (proposal "custom descriptors")."""
    found: list[int | None] = []
    for form, what in ((_DESCRIBES, "described"), (_DESCRIPTOR, "descriptor")):
        place = None
        offset = reader.pos
        if reader.peek() == form:
            reader.require(Proposal.CUSTOM_DESCRIPTORS, "a type with a descriptor", offset)
            reader.pos += 1
            place = reader.u32() - len(space.types)
            if not 0 <= place < space.group_size:
                reader.fail(f"{what} type is outside rec group", offset)
            if form == _DESCRIBES and place >= position:
                reader.fail("forward use of described type", offset)
        found.append(place)
    describes, descriptor = found
    return descriptor, describes


def _wrong_pairs(members: list[SubType]) -> str | None:
    """The error, if descriptors and described types do not name each other."""
    for position, member in enumerate(members):
        for other, back, wrong in (
            (member.descriptor, "describes", "type is not described by its descriptor"),
            (member.describes, "descriptor", "described type is not described by descriptor"),
        ):
            if other is None:
                continue
            if not isinstance(member.composite, StructType):
                return f"{'described' if back == 'describes' else 'descriptor'} type must be a struct"
            if getattr(members[other], back) != position:
                return wrong
    return None


def _descriptors_match(sub: DefinedType, sup: DefinedType) -> bool:
    """Whether a subtype's descriptor and described type are subtypes of its supertype's."""
    if sup.descriptor is not None and (sub.descriptor is None or not is_heap_subtype(sub.descriptor, sup.descriptor)):
        return False
    if (sub.describes is None) is not (sup.describes is None):
        return False
    return sub.describes is None or sup.describes is None or is_heap_subtype(sub.describes, sup.describes)


def _read_composite_type(reader: Reader, space: TypeSpace) -> CompositeType:
    offset = reader.pos
    form = reader.byte()
    if form == _FUNC:
        params = _read_types(reader, space, "parameters")
        return FuncType(params, _read_types(reader, space, "results"))
    if form == _STRUCT:
        reader.require(Proposal.GC, "a struct type", offset)
        count = reader.count()
        if count > MAX_FIELDS:
            reader.fail(f"too many fields: {count} are more than {MAX_FIELDS}", offset)
        return StructType(tuple(_read_field_type(reader, space) for _ in range(count)))
    if form == _ARRAY:
        reader.require(Proposal.GC, "an array type", offset)
        return ArrayType(_read_field_type(reader, space))
    # These forms are encoded like a negative s33, so an overlong encoding is reported as a malformed integer.
    if form & 0x80:
        reader.pos = offset
        reader.s33()
    return reader.fail("malformed definition type", offset)


def _read_types(reader: Reader, space: TypeSpace, what: str) -> list[ValType]:
    offset = reader.pos
    count = reader.count()
    if count > MAX_ARITY:
        reader.fail(f"too many {what}: {count} are more than {MAX_ARITY}", offset)
    return [read_written_type(reader, space) for _ in range(count)]  # type: ignore[misc]


def _read_field_type(reader: Reader, space: TypeSpace) -> FieldType:
    storage: ValType | PackedType | GroupReference
    packed = {0x78: PackedType.I8, 0x77: PackedType.I16}.get(reader.peek())
    if packed is not None:
        reader.pos += 1
        storage = packed
    else:
        storage = read_written_type(reader, space)
    return FieldType(storage, read_mutability(reader))  # type: ignore[arg-type]


def read_mutability(reader: Reader) -> bool:
    """Whether a global or a field is mutable (specification 5.3.9)."""
    offset = reader.pos
    flag = reader.byte()
    if flag > 1:
        reader.fail("malformed mutability", offset)
    return flag == 1


def read_global_type(reader: Reader, types: list[DefinedType]) -> GlobalType:
    """The type of a global (specification 5.3.15)."""
    value_type = read_value_type(reader, types)
    return GlobalType(value_type, read_mutability(reader))


def read_table_type(reader: Reader, types: list[DefinedType]) -> TableType:
    """The type of a table (specification 5.3.14)."""
    element = read_reference_type(reader, types)
    offset = reader.pos
    flags = reader.byte()
    if flags & ~0x05:
        _fail_limits_flags(reader, flags, offset)
    if flags & 0x04:
        reader.require(Proposal.MEMORY64, "a table with 64-bit indices", offset)
    minimum = reader.u64()
    maximum = reader.u64() if flags & 1 else None
    return TableType(element, minimum, maximum, ValType.I64 if flags & 0x04 else ValType.I32)


def read_memory_type(reader: Reader) -> MemoryType:
    """The type of a memory (specification 5.3.13)."""
    offset = reader.pos
    flags = reader.byte()
    if flags & ~0x0F:
        _fail_limits_flags(reader, flags, offset)
    if flags & 0x02:
        reader.require(Proposal.THREADS, "a shared memory", offset)
    if flags & 0x04:
        reader.require(Proposal.MEMORY64, "a memory with 64-bit addresses", offset)
    if flags & 0x08:
        reader.require(Proposal.CUSTOM_PAGE_SIZES, "a memory with its own page size", offset)
    minimum = reader.u64()
    maximum = reader.u64() if flags & 1 else None
    page_bytes = PAGE_BYTES
    if flags & 0x08:
        page_log2 = reader.u32()
        if page_log2 > 64:
            reader.fail("invalid custom page size", offset)
        page_bytes = 1 << page_log2
    address_type = ValType.I64 if flags & 0x04 else ValType.I32
    return MemoryType(minimum, maximum, bool(flags & 0x02), address_type, page_bytes)


def _fail_limits_flags(reader: Reader, flags: int, offset: int) -> None:
    if flags & 0x80:
        # The flags are one byte, but test suites and encoders treat them as LEB128.
        reader.pos = offset
        reader.u32()
    reader.fail("malformed limits flags", offset)
