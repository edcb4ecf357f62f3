"""Prints types (specification, section 6.4 "Types").

    63 05                     -> "(ref null $t)"
    60 01 7f 01 7e            -> "(func (param i32) (result i64))"

Types are read from the bytes, because a decoded module does not distinguish indices of equal types.
"""

from __future__ import annotations

from wasmz.types import PAGE_BYTES, RefType
from wasmz.wasm.reader import Reader, read_s33
from wasmz.wasm.typereader import ABSTRACT_HEAP_TYPES, NUMBER_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.text.writing.names import Identifiers, Names

_HEAP_TYPES: Final = {byte: heap.value for byte, (heap, _) in ABSTRACT_HEAP_TYPES.items()}
_SHORT: Final = {
    **{byte: type.name for byte, type in NUMBER_TYPES.items()},
    0x7B: "v128",
    0x78: "i8",
    0x77: "i16",
    **{byte: RefType(heap).name for byte, (heap, _) in ABSTRACT_HEAP_TYPES.items()},
}
_REF_NULL, _SUB_FINAL, _SUB, _REC, _FUNC, _STRUCT, _EXACT = 0x63, 0x4F, 0x50, 0x4E, 0x60, 0x5F, 0x62
_CLAUSES: Final = ((0x4C, "describes"), (0x4D, "descriptor"))

# Parameters and results of a function type.
Signature = tuple[list[str], list[str]]


def heap_type(reader: Reader, names: Names) -> str:
    """A heap type, which may be exact."""
    short = _HEAP_TYPES.get(reader.peek())
    if short is not None:
        reader.pos += 1
        return short
    if reader.peek() == _EXACT:
        reader.pos += 1
        return f"(exact {names.types[reader.u32()]})"
    return names.types[reader.s33()]


def value_type(reader: Reader, names: Names) -> str:
    """A value type, or a packed one."""
    byte = reader.byte()
    short = _SHORT.get(byte)
    if short is not None:
        return short
    return f"(ref {'null ' if byte == _REF_NULL else ''}{heap_type(reader, names)})"


def _field(reader: Reader, names: Names) -> str:
    storage = value_type(reader, names)
    return f"(mut {storage})" if reader.byte() else storage


def type_lines(reader: Reader, names: Names, signatures: list[Signature | None]) -> list[str]:
    """The fields of the type section. Appends the function type of each index, or ``None``, to ``signatures``."""
    lines = []
    for _ in range(reader.u32()):
        if reader.peek() != _REC:
            lines.append(_definition(reader, names, signatures))
            continue
        reader.pos += 1
        members = [f"  {_definition(reader, names, signatures)}" for _ in range(reader.u32())]
        lines += ["(rec", *members, ")"] if members else ["(rec)"]
    return lines


def _definition(reader: Reader, names: Names, signatures: list[Signature | None]) -> str:
    index = len(signatures)
    before, after = f"(type {names.types.defined(index)}", ")"
    if reader.peek() in (_SUB, _SUB_FINAL):
        final = reader.byte() == _SUB_FINAL
        supertypes = "".join(f"{names.types[reader.u32()]} " for _ in range(reader.u32()))
        before, after = f"{before}(sub {'final ' if final else ''}{supertypes}", "))"
    for byte, word in _CLAUSES:
        if reader.peek() == byte:
            reader.pos += 1
            before += f"({word} {names.types[reader.u32()]}) "
    form = reader.byte()
    if form == _FUNC:
        params = [value_type(reader, names) for _ in range(reader.u32())]
        results = [value_type(reader, names) for _ in range(reader.u32())]
        signatures.append((params, results))
        clauses = signature_clauses((params, results), names.parameters.get(index))
        return f"{before}(func{clauses}){after}"
    signatures.append(None)
    if form == _STRUCT:
        fields = names.fields.get(index)
        parts = [f" (field {_brief(fields, i)}{_field(reader, names)})" for i in range(reader.u32())]
        return f"{before}(struct{''.join(parts)}){after}"
    return f"{before}(array {_field(reader, names)}){after}"


def _brief(identifiers: Identifiers | None, index: int) -> str:
    return identifiers.brief(index) if identifiers is not None else ""


def signature_clauses(signature: Signature | None, identifiers: Identifiers | None = None) -> str:
    """The ``param`` and ``result`` clauses of a function type, each after a space."""
    if signature is None:
        return ""
    params, results = signature
    return "".join(f" {clause}" for clause in [*clauses("param", params, identifiers), *clauses("result", results)])


def clauses(word: str, types: list[str], identifiers: Identifiers | None = None, first: int = 0) -> list[str]:
    """Clauses for types, from index ``first`` on: one for each type with a name, and one for each run of others."""
    found: list[str] = []
    plain: list[str] = []
    for index, type in enumerate(types, first):
        name = _brief(identifiers, index)
        if name and plain:
            found.append(f"({word} {' '.join(plain)})")
            plain = []
        if name:
            found.append(f"({word} {name}{type})")
        else:
            plain.append(type)
    if plain:
        found.append(f"({word} {' '.join(plain)})")
    return found


def block_type(reader: Reader, names: Names, signatures: list[Signature | None]) -> str:
    """A block's type, after a space."""
    byte = reader.peek()
    if byte == 0x40:
        reader.pos += 1
        return ""
    if 0x40 < byte < 0x80:
        return f" (result {value_type(reader, names)})"
    index, reader.pos = read_s33(reader.data, reader.pos, reader.end)
    return type_use(index, names, signatures)


def type_use(
    index: int, names: Names, signatures: list[Signature | None], identifiers: Identifiers | None = None
) -> str:
    """A function type by its index and in full, after a space."""
    signature = signatures[index] if index < len(signatures) else None
    return f" (type {names.types[index]}){signature_clauses(signature, identifiers)}"


def table_type(reader: Reader, names: Names) -> str:
    """The type of a table."""
    element = value_type(reader, names)
    flags = reader.byte()
    return f"{_limits(reader, flags)} {element}"


def memory_type(reader: Reader) -> str:
    """The type of a memory."""
    flags = reader.byte()
    text = _limits(reader, flags)
    page = 1 << reader.u32() if flags & 8 else PAGE_BYTES
    return f"{text}{' shared' if flags & 2 else ''}{f' (pagesize {page})' if flags & 8 else ''}"


def _limits(reader: Reader, flags: int) -> str:
    least = reader.u64()
    return f"{'i64 ' if flags & 4 else ''}{least}{f' {reader.u64()}' if flags & 1 else ''}"


def global_type(reader: Reader, names: Names) -> str:
    """The type of a global."""
    return _field(reader, names)
