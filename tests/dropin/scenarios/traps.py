"""Traps."""

from __future__ import annotations

from tests.dropin.scenarios import SCENARIOS, call

TRAPS = {
    "unreachable": '(module $m (func (export "f") (call $inner_one)) (func $inner_one unreachable))',
    "a division by zero": '(module (func (export "f") (result i32) (i32.div_s (i32.const 1) (i32.const 0))))',
    "an overflow": '(module (func (export "f") (result i32) (i32.div_s (i32.const 0x80000000) (i32.const -1))))',
    "a bad conversion": '(module (func (export "f") (result i32) (i32.trunc_f32_s (f32.const nan))))',
    "a load out of bounds": '(module (memory 1) (func (export "f") (result i32) (i32.load (i32.const 70000))))',
    "a call past the table": '(module (table 1 funcref) (func (export "f") (call_indirect (i32.const 5))))',
    "a call of null": '(module (table 1 funcref) (func (export "f") (call_indirect (i32.const 0))))',
    "a call of another type": """(module (table funcref (elem 0))
        (func (export "f") (drop (call_indirect (result i32) (i32.const 0)))))""",
    "an element past the table": '(module (table 1 funcref) (func (export "f") (drop (table.get (i32.const 5)))))',
    "an exception": '(module (tag $t (param i32)) (func (export "f") (throw $t (i32.const 1))))',
    "a segment out of bounds": '(module (memory 1) (data (i32.const 65536) "a") (func (export "f")))',
    "a stack overflow": '(module (func $f (export "f") (call $f)))',
    "a start function": "(module (func $start unreachable) (start $start))",
    "null references": '(module (func (export "f") (drop (ref.as_non_null (ref.null func)))))',
}
for _name, _text in TRAPS.items():
    SCENARIOS[_name] = lambda w, text=_text: call(w, text)
