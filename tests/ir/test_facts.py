"""The facts derived for each operation, checked against evaluation by the runtime's helpers and against the table."""

from __future__ import annotations

import itertools

import pytest

from wasmz.codegen.lowering import call_helper, lowering_of
from wasmz.errors import Trap
from wasmz.ir import facts
from wasmz.ir.facts import OPS
from wasmz.ir.operations import EFFECTS, VARIANTS
from wasmz.irbuild import builder
from wasmz.irbuild import gc as build_gc
from wasmz.runtime.link.find_helpers import find_helper
from wasmz.wasm.instructions import BY_NAME, Immediates


def _edges(bits: int) -> list[int]:
    top = 1 << bits
    return sorted(
        {0, 1, 2, 3, 7, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, top // 2 - 1, top // 2, top - 2, top - 1}
    )


def _operands(name: str) -> list[list[int]]:
    params = BY_NAME[OPS[name].base].params
    assert params is not None
    return [_edges(64 if str(param) == "i64" else 32) for param in params]


def _evaluate(name: str, operands: tuple[int, ...]) -> int | None:
    try:
        result = find_helper(OPS[name].helper)(*operands)
    except (Trap, ZeroDivisionError):
        return None
    assert isinstance(result, int)
    return result


FOLDING = sorted(op.name for op in OPS.values() if op.folds)


def test_every_operation_has_facts() -> None:
    assert set(OPS) == set(EFFECTS)
    assert all(OPS[name].base == base for name, base in VARIANTS.items())


@pytest.mark.parametrize("name", FOLDING)
def test_bounds_hold(name: str) -> None:
    """Of what folds, the helper itself says whether bounds are right."""
    op = OPS[name]
    if op.bounds is None:
        return
    results = BY_NAME[name].results
    assert results is not None
    bits = 64 if str(results[0]) == "i64" else 32
    low, high = op.bounds
    for operands in itertools.product(*_operands(name)):
        result = _evaluate(name, operands)
        assert result is not None
        if low < 0 and result >> (bits - 1):
            result -= 1 << bits
        assert low <= result <= high, operands


@pytest.mark.parametrize("name", FOLDING)
def test_relations_hold(name: str) -> None:
    """The opposite of a comparison, and what exchanged operands give."""
    op = OPS[name]
    for operands in itertools.product(*_operands(name)):
        if op.inverse is not None:
            assert _evaluate(name, operands) != _evaluate(op.inverse, operands), operands
        if op.mirrored is not None:
            assert _evaluate(name, operands) == _evaluate(op.mirrored, operands[::-1]), operands


def test_floats_have_no_opposite_but_of_equality() -> None:
    found = {name for name in facts.INVERSE if OPS[name].type in ("f32", "f64")}
    assert found == {"f32.eq", "f32.ne", "f64.eq", "f64.ne"}
    assert OPS["f64.lt"].mirrored == "f64.gt"


def test_commutative_operations() -> None:
    kinds = {OPS[name].kind for name in facts.COMMUTATIVE}
    assert kinds == {"add", "mul", "and", "or", "xor", "eq", "ne"}
    assert not any(OPS[name].type[0] == "f" and not OPS[name].compares for name in facts.COMMUTATIVE)


@pytest.mark.parametrize(
    ("name", "type", "bits", "access", "narrow", "form"),
    [
        ("i64.load32_s.signed.loose", "i64", 64, 4, 32, "signed.loose"),
        ("i32.store8.fits", "i32", 32, 1, 8, "fits"),
        ("f64.load", "f64", 64, 8, 64, ""),
        ("i64.extend32_s", "i64", 64, 0, 32, ""),
        ("i32.extend8_s", "i32", 32, 0, 8, ""),
        ("v128.load", "v128", 0, 16, 0, ""),
        ("int.wrap.small", "int", 0, 0, 0, ""),
    ],
)
def test_widths(name: str, type: str, bits: int, access: int, narrow: int, form: str) -> None:
    op = OPS[name]
    assert (op.type, op.bits, op.access, op.narrow, op.form) == (type, bits, access, narrow, form)


def test_accesses() -> None:
    assert facts.NARROW_STORES == {
        "i32.store8": 8,
        "i32.store16": 16,
        "i64.store8": 8,
        "i64.store16": 16,
        "i64.store32": 32,
    }
    assert "v128.load8_lane" not in facts.ACCESS_WIDTHS and facts.ACCESS_WIDTHS["v128.load8_splat"] == 1
    assert not any(".atomic" in name for name in (*facts.LOADS, *facts.STORES))


def test_constants() -> None:
    assert {OPS[name].type for name in facts.CONSTANTS} == {"i32", "i64", "f32", "f64", "v128", "int", "ref"}


def test_what_is_not_lowered_has_a_helper() -> None:
    """An instruction without a lowering of its own is a call of the helper of its name: there must be one."""
    called = [name for name in _plain() if lowering_of(name) is call_helper]
    assert len(called) > 100
    assert [name for name in called if find_helper(OPS[name].helper) is None] == []


def _plain() -> list[str]:
    """The instructions that the builder hands on by name, once files that it reads late have theirs."""
    assert build_gc
    return [
        row.name
        for row in BY_NAME.values()
        if row.opcode in builder._PLAIN and row.immediates is Immediates.NONE and row.name != "nop"
    ]
