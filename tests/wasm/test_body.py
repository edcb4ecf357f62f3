"""Decoding function bodies: immediates in canonical form, nesting, and malformed bodies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wasm.encode import I32, function, module, section, signature, signed, unsigned, vector
from wasmz.errors import InvalidWasm, UnsupportedFeature
from wasmz.types import FuncType, HeapType, RefType, ValType
from wasmz.wasm.body import decode_body
from wasmz.wasm.decoder import decode_module
from wasmz.wasm.instructions import BY_NAME
from wasmz.wasm.proposals import ALL_PROPOSALS, SUPPORTED_PROPOSALS, Proposal


def _decode(code: bytes, proposals: frozenset[Proposal] = SUPPORTED_PROPOSALS, **sections: bytes) -> list:
    data = function(code, params=I32, results=I32, **sections)
    decoded = decode_module(data, proposals)
    instructions = decode_body(data, decoded.bodies[0], decoded)
    assert instructions[-1] == (0x0B, None, decoded.bodies[0].end - 1)
    start = decoded.bodies[0].code_start
    return [(opcode, immediate, offset - start) for opcode, immediate, offset in instructions[:-1]]


@pytest.mark.parametrize(
    ("code", "name", "immediate"),
    [
        (b"\x01", "nop", None),
        (b"\x20\x05", "local.get", 5),
        (b"\x20\x80\x01", "local.get", 128),
        (b"\x41\x7f", "i32.const", 0xFFFFFFFF),
        (b"\x41\x3f", "i32.const", 63),
        (b"\x41\x40", "i32.const", 0xFFFFFFC0),
        (b"\x41\x80\x80\x80\x80\x78", "i32.const", 0x80000000),
        (b"\x42\x40", "i64.const", 0xFFFFFFFFFFFFFFC0),
        (b"\x43\x01\x02\x03\x84", "f32.const", 0x84030201),
        (b"\x44\x01\x02\x03\x04\x05\x06\x07\x88", "f64.const", 0x8807060504030201),
        (b"\x28\x02\x10", "i32.load", (2, 16, 0)),
        (b"\x28\x02\x80\x01", "i32.load", (2, 128, 0)),
        (b"\x28\x42\x03\x10", "i32.load", (2, 16, 3)),
        (b"\x28\x02\xff\xff\xff\xff\x1f", "i32.load", (2, 0x1FFFFFFFF, 0)),
        (b"\x0e\x02\x00\x01\x02", "br_table", (0, 1, 2)),
        (b"\x0e\x00\x07", "br_table", (7,)),
        (b"\x0e\x01\x80\x01\x02", "br_table", (128, 2)),
        (b"\x11\x00\x01", "call_indirect", (0, 1)),
        (b"\x13\x00\x01", "return_call_indirect", (0, 1)),
        (b"\x1c\x01\x70", "select_t", (ValType.FUNCREF,)),
        (b"\x1c\x00", "select_t", ()),
        (b"\x3f\x01", "memory.size", 1),
        (b"\xd0\x70", "ref.null", ValType.FUNCREF),
        (b"\xd0\x6f", "ref.null", ValType.EXTERNREF),
        (b"\xd2\x03", "ref.func", 3),
        (b"\xfc\x00", "i32.trunc_sat_f32_s", None),
        (b"\xfc\x80\x00", "i32.trunc_sat_f32_s", None),
        (b"\xfc\x0a\x01\x02", "memory.copy", (1, 2)),
        (b"\xfc\x0b\x01", "memory.fill", 1),
        (b"\xfc\x0c\x01\x02", "table.init", (1, 2)),
        (b"\xfc\x0d\x01", "elem.drop", 1),
        (b"\xfc\x0e\x01\x02", "table.copy", (1, 2)),
        (b"\xfc\x10\x01", "table.size", 1),
    ],
)
def test_immediates(code: bytes, name: str, immediate: object) -> None:
    assert _decode(code + b"\x01") == [(BY_NAME[name].opcode, immediate, 0), (1, None, len(code))]


@pytest.mark.parametrize(
    ("code", "name", "immediate"),
    [
        (b"\x14\x00", "call_ref", 0),
        (b"\x08\x01", "throw", 1),
        (b"\xfb\x02\x01\x02", "struct.get", (1, 2)),
        (b"\xfb\x14\x6e", "ref.test", RefType(HeapType.ANY, nullable=False)),
        (b"\xfb\x17\x6e", "ref.cast_null", ValType.ANYREF),
        (b"\xfb\x18\x01\x02\x6e\x6d", "br_on_cast", (2, ValType.ANYREF, RefType(HeapType.EQ, nullable=False))),
        (b"\xfd\x0c" + bytes(range(16)), "v128.const", int.from_bytes(bytes(range(16)), "little")),
        (b"\xfd\x0d" + bytes(16), "i8x16.shuffle", bytes(16)),
        (b"\xfd\x54\x00\x08\x03", "v128.load8_lane", ((0, 8, 0), 3)),
        (b"\xfd\x15\x03", "i8x16.extract_lane_s", 3),
        (b"\xfe\x03\x00", "atomic.fence", None),
        (b"\xfe\x10\x02\x08", "i32.atomic.load", (2, 8, 0)),
        (b"\xfc\x13", "i64.add128", None),
    ],
)
def test_immediates_of_other_proposals(code: bytes, name: str, immediate: object) -> None:
    assert _decode(code, ALL_PROPOSALS) == [(BY_NAME[name].opcode, immediate, 0)]
    with pytest.raises(UnsupportedFeature) as caught:
        _decode(b"\x01" + code, ALL_PROPOSALS - {BY_NAME[name].proposal})
    assert caught.value.proposal == BY_NAME[name].proposal.value


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1))
def test_constants_are_unsigned(small: int, large: int) -> None:
    decoded = _decode(b"\x41" + signed(small) + b"\x42" + signed(large))
    assert [immediate for _, immediate, _ in decoded] == [small % 2**32, large % 2**64]


def test_block_types() -> None:
    blocks = {b"\x40": FuncType(), b"\x7c": FuncType((), (ValType.F64,)), b"\x6f": FuncType((), (ValType.EXTERNREF,))}
    blocks[b"\x00"] = FuncType((ValType.I32,), (ValType.I32,))
    for encoded, block_type in blocks.items():
        assert _decode(b"\x02" + encoded + b"\x0b")[0] == (0x02, block_type, 0)


def test_clauses_of_both_exception_proposals() -> None:
    # try_table with each kind of clause; try with catch, catch_all; try with delegate
    code = b"\x1f\x40\x04\x00\x05\x00\x01\x05\x01\x02\x00\x03\x01\x0b\x06\x40\x07\x00\x07\x01\x19\x0b\x06\x40\x18\x00"
    decoded = _decode(code, ALL_PROPOSALS)
    assert decoded[0][1] == (FuncType(), ((0, 5, 0), (1, 5, 1), (2, None, 0), (3, None, 1)))
    assert [opcode for opcode, _, _ in decoded] == [0x1F, 0x0B, 0x06, 0x07, 0x07, 0x19, 0x0B, 0x06, 0x18]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (b"\x05", "END opcode expected"),
        (b"\x02\x40\x05\x0b", "END opcode expected"),
        (b"\x04\x40\x05\x05\x0b", "END opcode expected"),
        (b"\x02\x40", "unexpected end of section or function, END opcode expected"),
        (b"\x0b", "unexpected content after the function's end"),
        (b"\x41", "unexpected"),
        (b"\x44\x00", "unexpected end of section or function"),
        (b"\xff", "illegal opcode ff"),
        (b"\x27", "illegal opcode 27"),
        (b"\xfc\x12", "illegal opcode fc 12"),
        (b"\xfc\xff\xff\xff\xff\x0f", "illegal opcode fc"),
        (b"\xfb\x1f", "illegal opcode fb 1f"),
        (b"\xfc\x08\x00\x00", "data count section required"),
        (b"\xfc\x09\x00", "data count section required"),
        (b"\x28\x80\x01\x00", "malformed memop flags"),
        (b"\x02\x7a", "malformed value type"),
        (b"\x02\x05\x0b", "unknown type 5"),
        (b"\x41\x80\x80\x80\x80\x08", "integer too large"),
        (b"\x41\x80\x80\x80\x80\x80\x00", "integer representation too long"),
        (b"\x0e\x05\x00", "length out of bounds"),
        (b"\xd0\x40", "malformed heap type"),
    ],
)
def test_malformed_bodies(code: bytes, reason: str) -> None:
    with pytest.raises(InvalidWasm) as caught:
        _decode(code)
    assert caught.value.reason.startswith(reason)
    assert caught.value.function == "0"
    assert caught.value.offset is not None


@pytest.mark.parametrize("code", [b"\x07\x00", b"\x19", b"\x18\x00", b"\x06\x40\x19\x19\x0b", b"\x06\x40\x19\x18\x00"])
def test_clauses_outside_of_a_try(code: bytes) -> None:
    with pytest.raises(InvalidWasm, match="^END opcode expected"):
        _decode(code, ALL_PROPOSALS)


def test_immediates_do_not_reach_into_the_next_body() -> None:
    """The last instruction of the first body would swallow the second one's first byte."""
    first, second = b"\x00\x41\x80", b"\x00\x0b"
    data = module(
        section(1, vector(signature())),
        section(3, vector(b"\x00", b"\x00")),
        section(10, vector(unsigned(len(first)) + first, unsigned(len(second)) + second)),
    )
    decoded = decode_module(data)
    with pytest.raises(InvalidWasm, match="^unexpected end"):
        decode_body(data, decoded.bodies[0], decoded)
    assert len(decode_body(data, decoded.bodies[1], decoded)) == 1


def test_deep_nesting_needs_no_recursion() -> None:
    depth = 100_000
    assert len(_decode(b"\x02\x40" * depth + b"\x0b" * depth)) == 2 * depth
