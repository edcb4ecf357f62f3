"""Assembles types and uses of types (specification, section 6.4 "Types").

(ref null $t)                            -> b"\\x63\\x05"
(type $f (func (param i32)))             -> an item of the type section
(type $f) (param i32) (result i64)       -> the index of a type: the one named, or the first equal one
"""

from __future__ import annotations

from wasmz.text.encoding import signed, unsigned, vector
from wasmz.text.reading.parser import KEYWORDS, IndexSpace, Parser, Signature, Unexpected, Wrong
from wasmz.types import PAGE_BYTES, RefType
from wasmz.wasm.typereader import ABSTRACT_HEAP_TYPES, NUMBER_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_HEAP_TYPES: Final = {heap.value: bytes((byte,)) for byte, (heap, _) in ABSTRACT_HEAP_TYPES.items()}
_VALUE_TYPES: Final = {
    **{type.name: bytes((byte,)) for byte, type in NUMBER_TYPES.items()},
    "v128": b"\x7b",
    **{RefType(heap).name: bytes((byte,)) for byte, (heap, _) in ABSTRACT_HEAP_TYPES.items()},
}
_STORAGE_TYPES: Final = {"i8": b"\x78", "i16": b"\x77"}
KEYWORDS.update(_HEAP_TYPES, _VALUE_TYPES)

_ABBREVIATED: Final = frozenset(_HEAP_TYPES.values())


# A named parameter: its position, its identifier or none, the name from an annotation or none, and its token.
Parameter = tuple[int, "str | None", "str | None", int]

# Value types


def heap_type(parser: Parser) -> bytes:
    """A heap type, which may be exact."""
    token = parser.tokens[parser.at]
    found = _HEAP_TYPES.get(token)
    if found is not None:
        parser.at += 1
        return found
    if parser.opens("exact"):
        index = _type_index(parser)
        parser.expect(")")
        return b"\x62" + unsigned(index)
    return signed(_type_index(parser))


def _type_index(parser: Parser) -> int:
    index = parser.index(parser.types)
    parser.greatest_type = max(index, parser.greatest_type)
    return index


def reference_parts(parser: Parser) -> tuple[bool, bytes]:
    """Whether a reference type is nullable, and its heap type."""
    if parser.opens("ref"):
        nullable = parser.accept("null")
        heap = heap_type(parser)
        parser.expect(")")
        return nullable, heap
    found = _VALUE_TYPES.get(parser.tokens[parser.at])
    if found is None or found not in _ABBREVIATED:
        raise Unexpected("a reference type")
    parser.at += 1
    return True, found


def reference_type(parser: Parser) -> bytes:
    """A reference type."""
    nullable, heap = reference_parts(parser)
    if nullable:
        return heap if heap in _ABBREVIATED else b"\x63" + heap
    return b"\x64" + heap


def value_type(parser: Parser) -> bytes:
    """A value type."""
    found = _VALUE_TYPES.get(parser.tokens[parser.at])
    if found is not None:
        parser.at += 1
        return found
    if parser.tokens[parser.at] == "(":
        return reference_type(parser)
    raise Unexpected("a type")


# Definitions of types


def read_type_field(parser: Parser) -> None:
    """Reads what is between the parentheses of a ``type`` or ``rec`` field, after its word, to the type section."""
    first = len(parser.signatures)
    parser.greatest_type = -1
    if parser.tokens[parser.at - 1] == "type":
        items = [_definition(parser)]
        parser.type_items += items
    else:
        items = []
        while parser.opens("type"):
            items.append(_definition(parser))
            parser.expect(")")
        parser.type_items.append(b"\x4e" + vector(items))
    # Uses of function types find types that stand alone, in a group of their own, unless they refer to themselves.
    if len(items) == 1 and items[0][:1] == b"\x60" and parser.greatest_type < first:
        signature = parser.signatures[first]
        if signature is not None:
            parser.types_of.setdefault(signature, first)


def _definition(parser: Parser) -> bytes:
    """An item of the type section, from its name on; records its signature."""
    index = len(parser.signatures)
    parser.read_names(parser.types, index)
    if not parser.opens("sub"):
        return _clauses(parser) + _composite(parser, index)
    final = parser.accept("final")
    supertypes = []
    while parser.next_is_index():
        supertypes.append(parser.encoded_index(parser.types))
    described = _clauses(parser) + _composite(parser, index)
    parser.expect(")")
    if final and not supertypes:
        return described
    return (b"\x4f" if final else b"\x50") + vector(supertypes) + described


def _clauses(parser: Parser) -> bytes:
    found = b""
    for word, byte in (("describes", b"\x4c"), ("descriptor", b"\x4d")):
        if parser.opens(word):
            found += byte + parser.encoded_index(parser.types)
            parser.expect(")")
    return found


def _composite(parser: Parser, index: int) -> bytes:
    if parser.opens("func"):
        params, results, names = parameters_and_results(parser, named=True)
        parser.expect(")")
        for position, id, written, _ in names:
            name = written if id is None or written is not None else id[1:]
            parser.parameter_names.setdefault(index, {})[position] = name or ""
        parser.signatures.append((tuple(params), tuple(results)))
        return b"\x60" + vector(params) + vector(results)
    parser.signatures.append(None)
    if parser.opens("struct"):
        items = _fields(parser, parser.fields[index])
        parser.expect(")")
        return b"\x5f" + vector(items)
    if parser.opens("array"):
        item = _field_type(parser)
        parser.expect(")")
        return b"\x5e" + item
    raise Unexpected("a function, structure or array type")


def _fields(parser: Parser, space: IndexSpace) -> list[bytes]:
    """The ``field`` clauses of a structure."""
    items: list[bytes] = []
    while parser.opens("field"):
        is_named = parser.identifier() is not None
        parser.annotated_name(space.names, len(items))
        if is_named:
            items.append(_field_type(parser))
        else:
            while parser.tokens[parser.at] != ")":
                items.append(_field_type(parser))
        parser.expect(")")
    return items


def declare_fields(parser: Parser, index: int, start: int) -> None:
    """Records the names of a structure's fields before any is used; ``start`` is the number of a token in it."""
    space = parser.fields[index] = IndexSpace("field")
    tokens, depth, at = parser.tokens, 0, start
    while depth >= 0 and tokens[at]:
        if tokens[at] == "(":
            depth += 1
            if tokens[at + 1] == "field":
                at = _declare_field(parser, space, at + 2)
                continue
        elif tokens[at] == ")":
            depth -= 1
        at += 1


def _declare_field(parser: Parser, space: IndexSpace, at: int) -> int:
    """Records the fields of one clause; returns the number of its closing parenthesis."""
    tokens, depth = parser.tokens, 0
    if tokens[at][:1] == "$":
        parser.at = at
        parser.declare(space)
        at += 1
        counted = False
    else:
        counted = True
    while tokens[at]:
        if tokens[at] == ")":
            if not depth:
                break
            depth -= 1
        elif counted and not depth:
            space.declare(None)
        if tokens[at] == "(":
            depth += 1
        at += 1
    # The caller has counted the opening parenthesis, but not the closing one.
    return at


def _field_type(parser: Parser) -> bytes:
    if parser.opens("mut"):
        found = _storage_type(parser)
        parser.expect(")")
        return found + b"\1"
    return _storage_type(parser) + b"\0"


def _storage_type(parser: Parser) -> bytes:
    packed = _STORAGE_TYPES.get(parser.tokens[parser.at])
    if packed is not None:
        parser.at += 1
        return packed
    return value_type(parser)


# Uses of function types


def parameters_and_results(parser: Parser, named: bool) -> tuple[list[bytes], list[bytes], list[Parameter]]:
    """The types of ``param`` and ``result`` clauses, and the named parameters, if ``named`` allows these."""
    params: list[bytes] = []
    results: list[bytes] = []
    names: list[Parameter] = []
    while parser.opens("param"):
        place = parser.at
        id = parser.identifier() if named else None
        written: dict[int, str] = {}
        parser.annotated_name(written, 0)
        if id is not None or written:
            names.append((len(params), id, written.get(0), place))
        if id is not None:
            params.append(value_type(parser))
        else:
            while parser.tokens[parser.at] != ")":
                params.append(value_type(parser))
        parser.expect(")")
    while parser.opens("result"):
        while parser.tokens[parser.at] != ")":
            results.append(value_type(parser))
        parser.expect(")")
    if parser.tokens[parser.at] == "(" and parser.tokens[parser.at + 1] == "param":
        parser.at += 1
        raise Unexpected("parameters before results")
    return params, results, names


def type_use(parser: Parser, named: bool = False) -> tuple[int, list[Parameter]]:
    """The index of the function type that is used, which is added if necessary, and the named parameters."""
    place = parser.at
    if not parser.opens("type"):
        params, results, names = parameters_and_results(parser, named)
        return index_of(parser, params, results), names
    index = parser.index(parser.types)
    parser.expect(")")
    if parser.tokens[parser.at] == "(" and parser.tokens[parser.at + 1] in ("param", "result"):
        params, results, names = parameters_and_results(parser, named)
        _check_inline(parser, index, (tuple(params), tuple(results)), place)
        return index, names
    return index, []


def _check_inline(parser: Parser, index: int, signature: Signature, place: int) -> None:
    if index >= len(parser.signatures):
        parser.at = place + 2
        raise Wrong(f"unknown type {parser.tokens[parser.at]}")
    if parser.signatures[index] != signature:
        parser.at = place
        raise Wrong("inline function type differs from the type that is named")


def index_of(parser: Parser, params: list[bytes], results: list[bytes]) -> int:
    """The index of a function type, which is added if there is none."""
    signature = (tuple(params), tuple(results))
    found = parser.types_of.get(signature)
    if found is None:
        found = len(parser.signatures)
        parser.signatures.append(signature)
        parser.types_of[signature] = found
        parser.type_items.append(b"\x60" + vector(params) + vector(results))
    return found


def block_type(parser: Parser) -> bytes:
    """A block's type: empty, one result, or an index."""
    tokens, at = parser.tokens, parser.at
    if tokens[at] != "(" or tokens[at + 1] not in ("result", "param", "type"):
        return b"\x40"
    if tokens[at + 1] == "result" and tokens[at + 3] == ")":
        short = _VALUE_TYPES.get(tokens[at + 2])
        if short is not None and tokens[at + 4 : at + 6] != ["(", "result"]:
            parser.at = at + 4
            return short
    if tokens[at + 1] == "type":
        return signed(type_use(parser)[0])
    params, results, _ = parameters_and_results(parser, named=False)
    if not params and len(results) <= 1:
        return results[0] if results else b"\x40"
    return signed(index_of(parser, params, results))


# Tables, memories, globals


def limits(parser: Parser, flags: int) -> tuple[int, bytes]:
    """A minimum and perhaps a maximum: ``flags`` with the bit for a maximum, and the bytes."""
    found = unsigned(parser.number(64))
    if parser.tokens[parser.at][:1].isdigit():
        return flags | 1, found + unsigned(parser.number(64))
    return flags, found


def address_type(parser: Parser) -> int:
    """The flag of an address type, which may be omitted."""
    if parser.accept("i64"):
        return 4
    parser.accept("i32")
    return 0


def memory_type(parser: Parser) -> bytes:
    """The type of a memory, from its address type on."""
    flags, found = limits(parser, address_type(parser))
    if parser.accept("shared"):
        flags |= 2
    page = page_size(parser)
    if page is not None:
        flags |= 8
        found += unsigned(page)
    return bytes((flags,)) + found


def page_size(parser: Parser) -> int | None:
    """The logarithm of a page size, if there is one."""
    if not parser.opens("pagesize"):
        return None
    size = parser.number(64)
    if not size or size & (size - 1):
        parser.at -= 1
        raise Wrong(f"invalid custom page size {size}")
    parser.expect(")")
    return size.bit_length() - 1


def page_bytes(logarithm: int | None) -> int:
    """The size of a memory's pages."""
    return PAGE_BYTES if logarithm is None else 1 << logarithm


def table_type(parser: Parser) -> bytes:
    """The type of a table, from its address type on."""
    flags, found = limits(parser, address_type(parser))
    return reference_type(parser) + bytes((flags,)) + found


def global_type(parser: Parser) -> bytes:
    """The type of a global."""
    if parser.opens("mut"):
        found = value_type(parser)
        parser.expect(")")
        return found + b"\1"
    return value_type(parser) + b"\0"
