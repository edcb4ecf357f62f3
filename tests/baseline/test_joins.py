"""Values at the end of a block where paths join are not constants, even if the instruction before is one."""

from __future__ import annotations

import pytest

from tests.differential.oracle import Call, assemble, compare

# Only at the baseline.
_BASELINE = -3

_PAIRS = ((1, -5), (7, 3), (-1, 31), (3, 0), (0, -1))
_OPERATORS = "add sub mul shl shr_s shr_u rotl rotr and lt_s le_s gt_s ge_s lt_u".split()
_STORES = ("i32.store8", "i32.store16", "i64.store8", "i64.store16", "i64.store32")


def _joins(type: str, first: int, second: int) -> tuple[str, ...]:
    """Texts of operands that are ``first`` if the parameter is not 0, and ``second`` otherwise."""
    one, other = f"({type}.const {first})", f"({type}.const {second})"
    return (
        f"(if (result {type}) (local.get 0) (then {one}) (else {other}))",
        f"(block (result {type}) {one} (br_if 0 (local.get 0)) drop {other})",
        f"{other} (if (param {type}) (result {type}) (local.get 0) (then drop {one}))",
        f"(block (result {type}) (block (br_if 0 (i32.eqz (local.get 0))) (br 1 {one})) {other})",
    )


@pytest.mark.parametrize("operator", _OPERATORS)
@pytest.mark.parametrize("type", ["i32", "i64"])
def test_operands_of_two_paths(type: str, operator: str) -> None:
    functions: list[str] = []
    calls: list[Call] = []
    result = "i32" if operator[:2] in ("lt", "le", "gt", "ge") else type
    for first, second in _PAIRS:
        for join in _joins(type, first, second):
            name = f"f{len(functions)}"
            functions.append(
                f'(func (export "{name}") (param i32) (result {result}) {type}.const 1000 {join} {type}.{operator})'
            )
            calls += [(name, (0,)), (name, (1,))]
    compare(assemble(f"(module {' '.join(functions)})"), calls, [_BASELINE])


@pytest.mark.parametrize("store", _STORES)
def test_stored_values_of_two_paths(store: str) -> None:
    functions: list[str] = []
    calls: list[Call] = []
    for join in _joins(store[:3], 0x12345, 0x6789AB):
        name = f"f{len(functions)}"
        functions.append(f'(func (export "{name}") (param i32) i32.const 8 {join} {store})')
        calls += [(name, (0,)), (name, (1,))]
    compare(assemble(f'(module (memory (export "memory") 1) {" ".join(functions)})'), calls, [_BASELINE])
