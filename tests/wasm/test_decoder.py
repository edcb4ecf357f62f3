"""Decoding modules: the result for well-formed ones; malformed ones are refused cleanly and quickly."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.work import count_lines
from tests.wasm.encode import (
    HEADER,
    I32,
    I64,
    KITCHEN_SINK,
    body,
    custom,
    function,
    module,
    name,
    section,
    signature,
    unsigned,
    vector,
)
from wasmz.errors import InvalidWasm, UnsupportedFeature
from wasmz.types import FuncType, GlobalType, HeapType, MemoryType, RefType, TableType, ValType
from wasmz.wasm.body import decode_body
from wasmz.wasm.decoder import decode_module
from wasmz.wasm.proposals import ALL_PROPOSALS, Proposal
from wasmz.wasm.validator import validate_body, validate_module


def _compile(data: bytes) -> None:
    decoded = decode_module(data)
    validate_module(decoded, data)
    for item in decoded.bodies:
        validate_body(decoded, item.index, decode_body(data, item, decoded))


def test_kitchen_sink() -> None:
    decoded = decode_module(KITCHEN_SINK)
    _compile(KITCHEN_SINK)
    assert [t.composite for t in decoded.types] == [
        FuncType((ValType.I32, ValType.I64), (ValType.F64,)),
        FuncType(),
        FuncType((ValType.I32,), (ValType.I32,)),
    ]
    assert [(i.module, i.name, i.kind) for i in decoded.imports] == [
        ("env", "f", "func"),
        ("env", "t", "table"),
        ("env", "m", "memory"),
        ("env", "g", "global"),
    ]
    assert decoded.function_types == [0, 1, 2]
    assert decoded.imported_function_count == 1
    assert decoded.table_types == [TableType(ValType.FUNCREF, 1), TableType(ValType.EXTERNREF, 1, 5)]
    assert decoded.memory_types == [MemoryType(1, 2), MemoryType(1)]
    assert decoded.memories == [MemoryType(1)]
    assert decoded.global_types[1] == GlobalType(ValType.I32, mutable=True)
    assert [g.init.code for g in decoded.globals] == [
        (("global.get", 0), ("i32.const", 128), ("i32.add", None)),
        (("ref.null", None),),
        (("f64.const", 0),),
    ]
    assert [(e.name, e.kind, e.index) for e in decoded.exports] == [("run", "func", 1), ("memory", "memory", 1)]
    assert decoded.start == 1
    assert [e.mode for e in decoded.elements] == ["active", "passive", "active", "declarative", "passive"]
    assert decoded.elements[0].type is RefType(HeapType.FUNC, nullable=False)
    assert decoded.elements[2].items[0].code == (("ref.func", 2),)
    assert decoded.elements[4].items[0].code == (("ref.null", None),)
    assert [(d.mode, KITCHEN_SINK[d.start : d.end]) for d in decoded.data] == [("active", b"abc"), ("passive", b"hi")]
    assert [b.locals for b in decoded.bodies] == [[(1, ValType.I32), (1, ValType.F64)], []]
    assert all(KITCHEN_SINK[b.end - 1] == 0x0B for b in decoded.bodies)
    assert (decoded.names.module, decoded.names.functions, decoded.names.locals) == ("lib", {1: "run"}, {1: {0: "x"}})
    assert decoded.describe_function(1) == '1 "run"'
    assert [c.name for c in decoded.custom_sections] == ["name"]


@pytest.mark.parametrize("convert", [bytes, bytearray, memoryview])
def test_sources(convert) -> None:
    assert decode_module(convert(KITCHEN_SINK)).start == 1


def test_every_truncation_is_refused() -> None:
    accepted = []
    for length in range(len(KITCHEN_SINK)):
        try:
            _compile(KITCHEN_SINK[:length])
        except InvalidWasm as error:
            assert error.offset is None or error.offset <= length
        else:
            accepted.append(length)
    # A cut between two sections leaves a whole module until functions are declared, and once all the rest is there.
    functions = KITCHEN_SINK.index(section(3, vector(b"\x01", b"\x02")))
    imports = KITCHEN_SINK.index(b"\x02\x26\x04\x03env")
    assert accepted == [len(HEADER), imports, functions, KITCHEN_SINK.index(b"\x00\x1b\x04name")]


def test_every_damaged_byte_is_refused_or_harmless() -> None:
    for position in range(len(KITCHEN_SINK)):
        original = KITCHEN_SINK[position]
        for value in {*(original ^ (1 << bit) for bit in range(8)), 0x00, 0x0B, 0x40, 0x7F, 0x80, 0xFC, 0xFF}:
            damaged = bytearray(KITCHEN_SINK)
            damaged[position] = value
            try:
                _compile(bytes(damaged))
            except (InvalidWasm, UnsupportedFeature) as error:
                assert error.offset is None or 0 <= error.offset <= len(damaged)


@settings(deadline=None)
@given(st.data())
def test_random_damage(data: st.DataObject) -> None:
    damaged = bytearray(KITCHEN_SINK)
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(8, len(damaged) - 1))
        end = data.draw(st.integers(start, min(start + 6, len(damaged))))
        damaged[start:end] = data.draw(st.binary(max_size=6))
        if len(damaged) < 10:
            break
    for proposals in (None, ALL_PROPOSALS):
        try:
            if proposals is None:
                _compile(bytes(damaged))
            else:
                decoded = decode_module(bytes(damaged), proposals)
                for item in decoded.bodies:
                    decode_body(bytes(damaged), item, decoded)
        except (InvalidWasm, UnsupportedFeature):
            pass


TYPES = section(1, vector(signature()))
HUGE = unsigned(0xFFFF_FFFF)


@pytest.mark.parametrize(
    "data",
    [
        *(module(section(number, HUGE)) for number in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11)),
        *(HEADER + bytes([number]) + HUGE for number in range(14)),
        module(section(1, vector(b"\x60" + HUGE))),
        module(section(1, vector(b"\x60\x00" + HUGE))),
        module(section(2, vector(HUGE))),
        module(section(9, vector(b"\x01\x00" + HUGE))),
        module(section(11, vector(b"\x01" + HUGE))),
        module(TYPES, section(3, vector(b"\x00")), section(10, vector(HUGE))),
        module(TYPES, section(3, vector(b"\x00")), section(10, vector(b"\x0a" + HUGE + bytes(5)))),
        module(TYPES, section(3, vector(b"\x00")), section(10, vector(b"\x08\x01" + HUGE + b"\x7f\x0b"))),
        function(b"\x41\x00\x0e" + HUGE),
        function(b"\x1c" + HUGE),
    ],
)
def test_huge_counts_are_refused_at_once(data: bytes) -> None:
    def compile_it() -> None:
        with pytest.raises(InvalidWasm):
            _compile(data)

    compile_it()  # and what is imported for it
    assert count_lines(compile_it) < 2_000


@pytest.mark.parametrize(
    ("data", "reason", "offset"),
    [
        (b"", "unexpected end", 0),
        (b"\0as", "unexpected end", 0),
        (b"\0wsm\1\0\0\0", "magic header not detected", 0),
        (b"\0asm\1\0\0", "unexpected end", 4),
        (b"\0asm\2\0\0\0", "unknown binary version", 4),
        (b"\0asm\1\0\1\0", "unknown binary version", 4),
        (HEADER + b"\x0e\x00", "malformed section id", 8),
        (HEADER + b"\x00\x00", "unexpected end of section or function", 10),
        (module(TYPES, TYPES), "unexpected content after last section", 14),
        (module(section(3, b"\x00"), TYPES), "unexpected content after last section", 11),
        (module(section(12, b"\x00"), section(9, b"\x00")), "unexpected content after last section", 11),
        (module(section(1, b"\x00\x00")), "section size mismatch", 11),
        (module(section(1, vector(b"\x61\x00\x00"))), "malformed definition type", 11),
        (module(section(1, vector(signature(b"\x40")))), "malformed value type", 13),
        (module(section(1, vector(signature(I32 * 1001)))), "too many parameters", 13),
        (module(section(1, vector(signature(b"", I64 * 1001)))), "too many results", 14),
        (module(section(2, vector(b"\x00\x00\x05\x00"))), "malformed import kind", 13),
        (module(section(2, vector(b"\x01\xff\x00\x00\x00"))), "malformed UTF-8 encoding", 12),
        (module(section(2, vector(b"\x00\x00\x03\x7f\x02"))), "malformed mutability", 15),
        (module(TYPES, section(3, vector(b"\x00"))), "function and code section have inconsistent lengths", 18),
        (module(section(10, vector(body(b"")))), "function and code section have inconsistent lengths", 10),
        (module(section(4, vector(b"\x7f\x00\x00"))), "malformed reference type", 11),
        (module(section(5, vector(b"\x10\x00"))), "malformed limits flags", 11),
        (module(section(7, vector(b"\x00\x09\x00"))), "malformed export kind", 12),
        (module(section(9, vector(b"\x08\x00"))), "malformed elements segment kind", 11),
        (module(section(9, vector(b"\x01\x01\x00"))), "malformed element kind", 12),
        (module(section(11, vector(b"\x03\x00"))), "malformed data segment flag", 11),
        (module(section(12, b"\x01")), "data count and data section have inconsistent lengths", 11),
        (module(section(12, b"\x00"), section(11, vector(b"\x01\x00"))), "data count and data section", 13),
        (module(section(6, vector(b"\x7f\x00\x41\x00"))), "unexpected end of section or function", 15),
    ],
)
def test_malformed_modules(data: bytes, reason: str, offset: int) -> None:
    with pytest.raises(InvalidWasm) as caught:
        decode_module(data)
    assert caught.value.reason.startswith(reason)
    assert caught.value.offset == offset


def test_too_many_locals() -> None:
    def with_locals(*groups: int) -> bytes:
        content = vector(*(unsigned(count) + I32 for count in groups)) + b"\x0b"
        return module(TYPES, section(3, vector(b"\x00")), section(10, vector(unsigned(len(content)) + content)))

    assert decode_module(with_locals(49_999, 1)).bodies[0].locals == [(49_999, ValType.I32), (1, ValType.I32)]
    for groups in ((50_001,), (25_000, 25_001), (0xFFFF_FFFF, 1)):
        with pytest.raises(InvalidWasm, match="^too many locals") as caught:
            decode_module(with_locals(*groups))
        assert caught.value.function == "0"


@pytest.mark.parametrize(
    ("data", "proposal", "offset"),
    [
        (module(section(1, vector(signature(b"\x7b")))), "SIMD", 13),
        (module(section(1, vector(b"\x5f\x00"))), "garbage collection", 11),
        (module(section(1, vector(b"\x5e\x7f\x00"))), "garbage collection", 11),
        (module(section(1, vector(b"\x4e\x00"))), "garbage collection", 11),
        (module(section(1, vector(b"\x50\x00\x60\x00\x00"))), "garbage collection", 11),
        (module(section(1, vector(signature(b"\x6e")))), "garbage collection", 13),
        (module(section(1, vector(b"\x60\x01\x64\x70\x00"))), "typed function references", 13),
        (module(section(1, vector(b"\x60\x01\x69\x00"))), "exception handling", 13),
        (module(section(4, vector(b"\x70\x04\x00"))), "memory64", 12),
        (module(section(4, vector(b"\x40\x00\x70\x00\x00\xd0\x70\x0b"))), "typed function references", 11),
        (module(section(5, vector(b"\x04\x00"))), "memory64", 11),
        (module(section(5, vector(b"\x03\x00\x01"))), "threads", 11),
        (module(section(5, vector(b"\x08\x00\x00"))), "custom page sizes", 11),
        (module(TYPES, section(13, vector(b"\x00\x00"))), "exception handling", 16),
        (module(TYPES, section(2, vector(b"\x00\x00\x04\x00\x00"))), "exception handling", 20),
    ],
)
def test_other_proposals_are_named(data: bytes, proposal: str, offset: int) -> None:
    with pytest.raises(UnsupportedFeature) as caught:
        decode_module(data, ALL_PROPOSALS - {Proposal(proposal)})
    assert (caught.value.proposal, caught.value.offset) == (proposal, offset)
    decode_module(data, ALL_PROPOSALS)


def test_recursive_groups_are_canonical() -> None:
    # (rec (type $a (sub (struct (field (ref null $b))))) (type $b (sub $a (struct (field (ref null $b)) (field i8)))))
    group = b"\x4e\x02\x50\x00\x5f\x01\x63\x01\x00\x50\x01\x00\x5f\x02\x63\x01\x00\x78\x01"
    first = decode_module(module(section(1, vector(group))), ALL_PROPOSALS)
    shifted = group.replace(b"\x63\x01", b"\x63\x02").replace(b"\x50\x01\x00", b"\x50\x01\x01")
    second = decode_module(module(section(1, vector(signature(), shifted))), ALL_PROPOSALS)
    assert first.types[0] is second.types[1]
    assert first.types[1] is second.types[2]
    assert first.types[1].supertype is first.types[0]


@given(
    st.lists(st.sampled_from([I32, I64, b"\x7d", b"\x7c", b"\x70", b"\x6f", b"\x63\x70"]), max_size=140),
    st.lists(st.sampled_from([I32, b"\x70"]), max_size=3),
    st.sampled_from([b"", b"\x60", b"\x60\x00", b"\x60\x01\x01\x00"]),
)
def test_function_types_however_they_are_written(params: list[bytes], results: list[bytes], cut: bytes) -> None:
    """Plain ones are read at once, others item by item: neither way may see another type, or take other bytes."""
    plain = b"\x60" + vector(*params) + vector(*results)
    overlong = b"\x60" + bytes([len(params) & 0x7F | 0x80, len(params) >> 7]) + b"".join(params) + vector(*results)
    as_subtype = b"\x4f\x00" + plain
    decoded = decode_module(
        module(section(1, vector(plain, overlong, plain, as_subtype, signature(I64)))), ALL_PROPOSALS
    )
    first = decoded.types[0]
    assert all(other is first for other in decoded.types[1:4])
    assert isinstance(first.composite, FuncType)
    assert (len(first.composite.params), len(first.composite.results)) == (len(params), len(results))
    assert decoded.types[4].composite == FuncType((ValType.I64,))
    if cut:
        with pytest.raises(InvalidWasm):
            decode_module(module(section(1, vector(plain, cut))), ALL_PROPOSALS)


def test_equal_types_are_read_at_once() -> None:
    def lines(type: bytes) -> int:
        data = module(section(1, vector(*[type] * 1_000)))
        assert len({id(type) for type in decode_module(data, ALL_PROPOSALS).types}) == 1
        return count_lines(lambda: decode_module(data, ALL_PROPOSALS))

    assert 4 * lines(signature()) < lines(b"\x4f\x00" + signature())


@pytest.mark.parametrize(
    "content", [b"\x00\x7f", b"\x01\x03\x05\x00\x00", b"\x00\x02\x01\xff", b"\x01\xff\xff\xff\xff\xff", b"\x00"]
)
def test_malformed_name_sections_are_ignored(content: bytes) -> None:
    good = b"\x00\x04\x03lib"
    assert decode_module(module(custom("name", content))).names.functions == {}
    assert decode_module(module(custom("name", good + content))).names.module == "lib"


def test_custom_sections() -> None:
    data = module(custom("a", b"one"), TYPES, custom("b", b"two"), custom("a", b""))
    assert [(c.name, data[c.start : c.end]) for c in decode_module(data).custom_sections] == [
        ("a", b"one"),
        ("b", b"two"),
        ("a", b""),
    ]
    with pytest.raises(InvalidWasm, match="^length out of bounds"):
        decode_module(module(section(0, b"\x05a")))
    assert name("é") == b"\x02\xc3\xa9"
