"""Validation errors say what is wrong and where; the algorithm's corners that the specification's suite leaves out."""

from __future__ import annotations

import pytest

from tests.wasm.encode import (
    F32,
    F64,
    I32,
    I64,
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
from wasmz.errors import InvalidWasm
from wasmz.types import ValType
from wasmz.wasm import body_state
from wasmz.wasm.body import decode_body
from wasmz.wasm.decoder import decode_module
from wasmz.wasm.instructions import INSTRUCTIONS, Instruction
from wasmz.wasm.proposals import ALL_PROPOSALS, SUPPORTED_PROPOSALS, Proposal
from wasmz.wasm.validator import validate_body, validate_module


def _validate(data: bytes, proposals: frozenset[Proposal] = SUPPORTED_PROPOSALS) -> None:
    decoded = decode_module(data, proposals)
    validate_module(decoded, data)
    for item in decoded.bodies:
        validate_body(decoded, item.index, decode_body(data, item, decoded))


def _error(data: bytes) -> InvalidWasm:
    with pytest.raises(InvalidWasm) as caught:
        _validate(data)
    return caught.value


def test_message_names_function_offset_and_types() -> None:
    data = module(
        section(1, vector(signature(), signature(b"", I32))),
        section(3, vector(b"\x00", b"\x01")),
        section(10, vector(body(b""), body(b"\x44" + bytes(8)))),
        custom("name", b"\x01\x08\x01\x01\x05parse"),
    )
    error = _error(data)
    assert error.reason == "type mismatch: expected i32, found f64"
    assert error.function == '1 "parse"'
    assert data[error.offset or 0] == 0x0B
    assert str(error) == f'type mismatch: expected i32, found f64 (function 1 "parse", offset 0x{error.offset:x})'


# One memory, one table, an immutable and a mutable global, a declared function, one data and one element segment.
_BEFORE = (
    section(4, vector(b"\x70\x00\x01", b"\x6f\x00\x01"))
    + section(5, vector(b"\x00\x01"))
    + section(6, vector(b"\x7f\x00\x41\x00\x0b", b"\x7f\x01\x41\x00\x0b"))
    + section(9, vector(b"\x03\x00\x01\x00", b"\x05\x6f\x01\xd0\x6f\x0b"))
    + section(12, b"\x01")
)
_AFTER = section(11, vector(b"\x01\x00"))


def _body(code: bytes, **types: bytes) -> bytes:
    return function(code, before=_BEFORE, after=_AFTER, **types)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (b"\x20\x01\x1a", "unknown local 1"),
        (b"\x41\x00\x21\x07", "unknown local 7"),
        (b"\x42\x00\x21\x00", "type mismatch: expected i32, found i64"),
        (b"\x42\x00\x22\x00\x1a", "type mismatch: expected i32, found i64"),
        (b"\x6a", "type mismatch: expected i32, found nothing on the stack"),
        (b"\x41\x00\x6a", "type mismatch: expected i32, found nothing on the stack"),
        (b"\x42\x00\x41\x00\x6a\x1a", "type mismatch: expected i32, found i64"),
        (b"\x1a", "type mismatch: expected a value, found nothing on the stack"),
        (b"\x41\x00", "type mismatch: 1 more value on the stack than results"),
        (b"\x41\x00\x42\x00", "type mismatch: 2 more values on the stack than results"),
        (b"\x41\x00\x02\x40\x1a\x0b\x1a", "type mismatch: expected a value, found nothing"),
        (b"\x02\x7f\x0b\x1a", "type mismatch: expected i32, found nothing"),
        (b"\x41\x00\x04\x7f\x41\x00\x0b\x1a", "type mismatch: an if without else must give back what it takes"),
        (b"\x41\x00\x04\x7f\x41\x00\x05\x42\x00\x0b\x1a", "type mismatch: expected i32, found i64"),
        (b"\x0c\x01", "unknown label 1"),
        (b"\x41\x00\x0d\x05", "unknown label 5"),
        (b"\x41\x00\x0e\x01\x00\x09", "unknown label 9"),
        (
            b"\x02\x7f\x41\x00\x41\x00\x0e\x01\x00\x01\x0b\x1a",
            "type mismatch: label 0 takes 1 values",
        ),
        (b"\x10\x05", "unknown function 5"),
        (b"\x41\x00\x11\x05\x00", "unknown type 5"),
        (b"\x41\x00\x11\x00\x05", "unknown table 5"),
        (b"\x41\x00\x11\x00\x01", "type mismatch: expected a table of funcref, found one of externref"),
        (b"\x41\x00\x42\x00\x41\x00\x1b\x1a", "type mismatch: expected i32, found i64"),
        (b"\xd0\x70\xd0\x70\x41\x00\x1b\x1a", "type mismatch: expected a numeric type, found funcref"),
        (b"\x1c\x00", "invalid result arity"),
        (b"\x41\x00\x41\x00\x41\x00\x1c\x02\x7f\x7f", "invalid result arity"),
        (b"\x23\x02\x1a", "unknown global 2"),
        (b"\x41\x00\x24\x00", "immutable global 0"),
        (b"\x42\x00\x24\x01", "type mismatch: expected i32, found i64"),
        (b"\x41\x00\x28\x03\x00\x1a", "alignment must not be larger than natural"),
        (b"\x41\x00\x28\x02\x80\x80\x80\x80\x10\x1a", "offset out of range"),
        (b"\x41\x00\x28\x42\x01\x00\x1a", "unknown memory 1"),
        (b"\x41\x00\x42\x00\x36\x02\x00", "type mismatch: expected i32, found i64"),
        (b"\x42\x00\x41\x00\x36\x02\x00", "type mismatch: expected i32, found i64"),
        (b"\x3f\x01\x1a", "unknown memory 1"),
        (b"\x41\x00\x41\x00\x41\x00\xfc\x08\x01\x00", "unknown data segment 1"),
        (b"\xfc\x09\x01", "unknown data segment 1"),
        (b"\x41\x00\x41\x00\x41\x00\xfc\x0c\x02\x00", "unknown elem segment 2"),
        (
            b"\x41\x00\x41\x00\x41\x00\xfc\x0c\x01\x00",
            "type mismatch: expected elements of type funcref",
        ),
        (
            b"\x41\x00\x41\x00\x41\x00\xfc\x0e\x00\x01",
            "type mismatch: expected elements of type funcref",
        ),
        (b"\xd0\x6f\x41\x00\xfc\x0f\x00\x1a", "type mismatch: expected funcref, found externref"),
        (b"\x41\x00\xd1\x1a", "type mismatch: expected a reference, found i32"),
        (b"\xd2\x09\x1a", "unknown function 9"),
        (b"\x00\x42\x00\x6a\x1a", "type mismatch: expected i32, found i64"),
        (b"\x00\x41\x00\x0d\x00\x42\x00\x8b\x1a", "type mismatch: expected f32, found i64"),
    ],
)
def test_bodies(code: bytes, reason: str) -> None:
    error = _error(_body(code, params=I32))
    assert error.reason.startswith(reason)
    assert error.function == "0"
    assert error.offset is not None


@pytest.mark.parametrize(
    "code",
    [
        b"\x00\x6a\x1a",
        b"\x00\x1b\x1a",
        b"\x00\x42\x00\x41\x00\x1b\x1a",
        b"\x00\xd1\x1a",
        b"\x02\x7f\x00\x0b\x1a",
        b"\x0f\x28\x02\x00\x20\x00\x6a\x21\x00",
        b"\x02\x7f\x02\x7e\x00\x41\x00\x0e\x01\x00\x01\x0b\x1a\x41\x00\x0b\x1a",
        b"\x41\x00\xd0\x6f\x26\x01\x41\x00\x25\x01\x1a",
        b"\xd2\x00\x1a",
        b"\xd2\x00\xd1\x1a",
        b"\xd2\x00\x41\x01\xfc\x0f\x00\x1a",
        b"\x41\x00\xd2\x00\x41\x01\xfc\x11\x00",
        b"\x41\x00\x41\x00\x41\x00\xfc\x0c\x00\x00",
        b"\xd0\x70\xd2\x00\x41\x00\x1c\x01\x70\x1a",
        b"\x20\x00\x12\x00",
        b"\x20\x00\x41\x00\x13\x00\x00",
    ],
)
def test_valid_bodies(code: bytes) -> None:
    _validate(_body(code, params=I32))


def test_undeclared_function_reference() -> None:
    assert _error(function(b"\xd2\x00\x1a")).reason == "undeclared function reference 0"


def test_tail_calls_must_give_what_the_caller_gives() -> None:
    data = module(
        section(1, vector(signature(b"", I32), signature())),
        section(3, vector(b"\x00", b"\x01")),
        section(10, vector(body(b"\x12\x01"), body(b""))),
    )
    assert _error(data).reason == "type mismatch: expected a callee of type () -> (i32), found () -> ()"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (module(section(3, vector(b"\x03")), section(10, vector(body(b"")))), "unknown type 3"),
        (module(section(2, vector(b"\x00\x00\x00\x07"))), "unknown type 7"),
        (module(section(4, vector(b"\x70\x01\x02\x01"))), "size minimum must not be greater than maximum"),
        (module(section(4, vector(b"\x70\x00\x80\x80\x80\x80\x10"))), "table size"),
        (module(section(5, vector(b"\x01\x02\x01"))), "size minimum must not be greater than maximum"),
        (module(section(5, vector(b"\x00\x81\x80\x04"))), "memory size must be at most 65536 pages (4GiB)"),
        (module(section(2, vector(b"\x00\x00\x02\x01\x00\x81\x80\x04"))), "memory size must be at most 65536 pages"),
        (module(section(6, vector(b"\x7f\x00\x0b"))), "type mismatch: expected i32, found nothing"),
        (module(section(6, vector(b"\x7f\x00\x42\x00\x0b"))), "type mismatch: expected i32, found i64"),
        (module(section(6, vector(b"\x7f\x00\x41\x00\x41\x00\x0b"))), "type mismatch: expected one value, found 2"),
        (module(section(6, vector(b"\x7f\x00\x41\x00\x6a\x0b"))), "type mismatch: expected i32, found nothing"),
        (module(section(6, vector(b"\x7f\x00\x41\x00\x45\x0b"))), "constant expression required, found i32.eqz"),
        (module(section(6, vector(b"\x7f\x00\x23\x00\x0b"))), "unknown global 0"),
        (module(section(6, vector(b"\x7f\x01\x41\x00\x0b", b"\x7f\x00\x23\x00\x0b"))), "constant expression required"),
        (module(section(6, vector(b"\x70\x00\xd2\x00\x0b"))), "unknown function 0"),
        (module(section(7, vector(name("a") + b"\x00\x00"))), "unknown function 0"),
        (module(section(7, vector(name("a") + b"\x02\x00"))), "unknown memory 0"),
        (
            module(section(5, vector(b"\x00\x01")), section(7, vector(*[name("a") + b"\x02\x00"] * 2))),
            'duplicate export name "a"',
        ),
        (module(section(8, b"\x00")), "unknown function 0"),
        (
            function(b"", params=I32, before=section(8, b"\x00")),
            "start function must have type () -> ()",
        ),
        (module(section(9, vector(b"\x00\x41\x00\x0b\x00"))), "unknown table 0"),
        (module(section(9, vector(b"\x01\x00\x01\x04"))), "unknown function 4"),
        (
            module(section(4, vector(b"\x70\x00\x01")), section(9, vector(b"\x00\x42\x00\x0b\x00"))),
            "type mismatch: expected i32, found i64",
        ),
        (
            module(section(4, vector(b"\x6f\x00\x01")), section(9, vector(b"\x00\x41\x00\x0b\x00"))),
            "type mismatch: expected elements of type externref, found (ref func)",
        ),
        (module(section(9, vector(b"\x05\x70\x01\xd0\x6f\x0b"))), "type mismatch: expected funcref, found externref"),
        (module(section(11, vector(b"\x00\x41\x00\x0b\x00"))), "unknown memory 0"),
    ],
)
def test_modules(data: bytes, reason: str) -> None:
    error = _error(data)
    assert error.reason.startswith(reason)
    assert error.function is None
    assert error.offset is not None


def test_a_global_may_read_those_before_it() -> None:
    _validate(module(section(6, vector(b"\x7f\x00\x41\x01\x0b", b"\x7f\x00\x23\x00\x41\x01\x6a\x0b"))))


def test_locals_of_every_type_start_with_a_default() -> None:
    _validate(function(b"\x20\x00\x1a\x20\x05\x1a", local_types=I32 + I64 + F32 + F64 + b"\x70\x6f"))


def test_locals_without_a_default_must_be_set_first() -> None:
    """The rules know non-null references, although decoding does not let them through yet."""

    def with_code(code: bytes) -> bytes:
        content = b"\x01\x01\x64\x70" + code + b"\x0b"
        return module(
            section(1, vector(signature())),
            section(3, vector(b"\x00")),
            section(9, vector(b"\x03\x00\x01\x00")),
            section(10, vector(unsigned(len(content)) + content)),
        )

    _validate(with_code(b"\xd2\x00\x21\x00\x20\x00\x1a"), ALL_PROPOSALS)
    _validate(with_code(b"\xd2\x00\x22\x00\x1a\x20\x00\x1a"), ALL_PROPOSALS)
    for code in (b"\x20\x00\x1a", b"\x02\x40\xd2\x00\x21\x00\x0b\x20\x00\x1a"):
        with pytest.raises(InvalidWasm, match="^uninitialized local 0"):
            _validate(with_code(code), ALL_PROPOSALS)


def test_very_deep_nesting() -> None:
    depth = 50_000
    _validate(function(b"\x02\x40" * depth + b"\x0c" + unsigned(depth) + b"\x0b" * depth))


def test_operands_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_state, "MAX_OPERANDS", 5_000)
    calls = module(
        section(1, vector(signature(b"", I32 * 1000))),
        section(3, vector(b"\x00", b"\x00")),
        section(10, vector(body(b"\x00"), body(b"\x10\x00" * 20 + b"\x00"))),
    )
    with pytest.raises(InvalidWasm, match="^too many operands"):
        _validate(calls)


def test_vector_instructions_follow_from_their_rows() -> None:
    """Lanes and types of SIMD are checked by the table alone."""
    before = section(5, vector(b"\x00\x01"))
    _validate(function(b"\x41\x00\xfd\x00\x04\x00\xfd\x15\x0f\x1a", before=before), ALL_PROPOSALS)
    for code, reason in (
        (b"\x41\x00\xfd\x00\x04\x00\xfd\x15\x10\x1a", "invalid lane index"),
        (b"\x41\x00\xfd\x00\x05\x00\x1a", "alignment must not be larger than natural"),
        (b"\x41\x00\xfd\x15\x00\x1a", "type mismatch: expected v128, found i32"),
    ):
        with pytest.raises(InvalidWasm, match=f"^{reason}"):
            _validate(function(code, before=before), ALL_PROPOSALS)


ATOMICS = [row for row in INSTRUCTIONS.values() if row.proposal is Proposal.THREADS and row.access is not None]


@pytest.mark.parametrize("row", ATOMICS, ids=lambda row: row.name)
@pytest.mark.parametrize("address", ["i32", "i64"])
def test_atomic_accesses_are_naturally_aligned(row: Instruction, address: str) -> None:
    """Of all other accesses the alignment may be smaller, of these not (threads proposal)."""
    assert row.access is not None
    assert row.params is not None
    constants = {ValType.I32: b"\x41\x00", ValType.I64: b"\x42\x00"}
    operands = (ValType.I64 if address == "i64" else ValType.I32, *row.params[1:])
    before = b"".join(constants[type] for type in operands) + b"\xfe" + unsigned(row.opcode & 0xFF)
    after = b"\x00" + (b"\x1a" if row.results else b"")
    memory = section(5, vector((b"\x07" if address == "i64" else b"\x03") + b"\x01\x01"))
    for align in range(5):
        code = body(before + bytes((align,)) + after)
        data = module(
            section(1, vector(signature(b"", b""))), section(3, vector(b"\x00")), memory, section(10, vector(code))
        )
        if align == row.access.align_log2:
            _validate(data)
            continue
        expected = "larger than natural" if align > row.access.align_log2 else "must be natural"
        with pytest.raises(InvalidWasm, match=expected):
            _validate(data)
