"""The trap's code depends on the access that trapped, whatever else its function accesses: against wasmtime.

Each function makes two accesses, of which the second is an operand of the first or follows it. Indices and addresses
are of all classes: inside, just outside, beyond what CPython accepts as an index, wrapping with the offset.
"""

from __future__ import annotations

import itertools

import pytest

from tests.differential.oracle import LEVELS, assemble, compare

# Accesses with an i64 as result, by an i64 that selects the place.
_FAR = "offset=5440506739765553472"
ACCESSES = {
    "load": "(i64.load {})",
    "narrow": "(i64.load16_s offset=3 {})",
    "far": f"(i64.load8_u {_FAR} {{}})",
    "float": "(i64.trunc_sat_f64_s (f64.load {}))",
    "single": f"(i64.trunc_sat_f32_s (f32.load {_FAR} {{}}))",
    "vector": "(i64x2.extract_lane 1 (v128.load {}))",
    "widened": f"(i64x2.extract_lane 0 (v128.load16x4_u {_FAR} {{}}))",
    "lane": f"(i64x2.extract_lane 0 (v128.load8_lane {_FAR} 3 {{}} (v128.const i64x2 0 0)))",
    "small": f"(i64.load $small {_FAR} {{}})",
    "load32": "(i64.load $narrow offset=4 (i32.wrap_i64 {}))",
    "store": "(block (result i64) (i64.store {} (i64.const 1)) (i64.const 1))",
    "store_far": f"(block (result i64) (i64.store32 {_FAR} {{}} (i64.const 1)) (i64.const 2))",
    "store_vector": f"(block (result i64) (v128.store {_FAR} {{}} (v128.const i64x2 0 0)) (i64.const 3))",
    "fill": "(block (result i64) (memory.fill {} (i32.const 1) (i64.const 9)) (i64.const 4))",
    "copy": "(block (result i64) (memory.copy {} (i64.const 0) (i64.const 9)) (i64.const 5))",
    "init": "(block (result i64) (memory.init $d {} (i32.const 0) (i32.const 2)) (i64.const 6))",
    "call": "(call_indirect $wide (type $f) (i64.const 7) {})",
    "call32": "(call_indirect $t (type $f) (i64.const 7) (i32.wrap_i64 {}))",
    "get": "(i64.extend_i32_u (ref.is_null (table.get $wide {})))",
    "set": "(block (result i64) (table.set $wide {} (ref.null func)) (i64.const 8))",
    "item": "(i64.extend_i32_u (array.get_u $a (global.get $array) (i32.wrap_i64 {})))",
    "set_item": "(block (result i64) (array.set $b (global.get $longs) (i32.wrap_i64 {}) (i64.const 3)) (i64.const 9))",
    "long": "(array.get $b (global.get $longs) (i32.wrap_i64 {}))",
}
ADDRESSES = (0, 2, 70_000, -1, -1552710486853910148, 2**63 - 1, 2**31, 2**32 - 1)

MODULE = """(module
  (type $f (func (param i64) (result i64)))
  (type $a (array (mut i8))) (type $b (array (mut i64)))
  (memory i64 1) (memory $small i64 1000 (pagesize 1)) (memory $narrow 1)
  (table $wide i64 3 funcref) (table $t 3 funcref)
  (elem (table $wide) (i64.const 0) func $id $id $id) (elem (table $t) (i32.const 0) func $id $id $id)
  (data $d "abcd")
  (global $array (ref $a) (array.new $a (i32.const 65) (i32.const 4)))
  (global $longs (ref $b) (array.new $b (i64.const 65) (i32.const 4)))
  (func $id (type $f) (local.get 0))
  %s)"""


@pytest.mark.parametrize("first", ACCESSES)
@pytest.mark.parametrize("level", LEVELS)
def test_pairs_of_accesses(first: str, level: int) -> None:
    functions, calls = [], []
    outer = ACCESSES[first]
    for second, inner in ACCESSES.items():
        nested = outer.format(f"(i64.add (local.get 0) (i64.and {inner.format('(local.get 1)')} (i64.const 0)))")
        after = f"(i64.add {outer.format('(local.get 0)')} {inner.format('(local.get 1)')})"
        for form, body in (("nested", nested), ("after", after)):
            name = f"{form}_{second}"
            functions.append(f'(func (export "{name}") (param i64 i64) (result i64) {body})')
            calls += [(name, pair) for pair in itertools.product(ADDRESSES, repeat=2)]
    assert compare(assemble(MODULE % "\n".join(functions)), calls, levels=(level,)) == len(calls)
