"""The place of exception handlers in the code; and that tail calls take no stack."""

from __future__ import annotations

from typing import Any

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz.codegen.lowering.exceptions import place_handlers_last
from wasmz.config import OPT_LEVELS
from wasmz.ir.parser import parse_function


def test_handlers_come_last_and_behind_what_leads_to_them() -> None:
    """b3 is first reached from the handler: it must not move in front of everything that leads to it."""
    function = parse_function("""func 0 () -> ()
      b0:
        call 0
        invoke b1 b2
      b1:
        jump b4
      b2:
        v0: exnref = exn.caught
        exn.drop v0
        jump b3
      b3:
        return
      b4:
        jump b3""")
    function.number_blocks()
    assert [block.number for block in place_handlers_last(function.blocks)] == [0, 1, 4, 2, 3]


_TAIL_CALLS = """(module
  (type $f (func (param i32 i64) (result i64)))
  (table 1 funcref) (elem (i32.const 0) $indirect)
  (global $ref (mut (ref null $f)) (ref.null $f))
  (start $init)
  (func $init (global.set $ref (ref.func $by_reference)))
  (func $even (export "direct") (param i32 i64) (result i64)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $odd (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.const 1))))
  (func $odd (param i32 i64) (result i64)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $even (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.const 1))))
  (func $indirect (export "indirect") (param i32 i64) (result i64)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.const 1))
      (i32.const 0)))
  (func $by_reference (export "by_reference") (param i32 i64) (result i64)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call_ref $f (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.const 1)) (global.get $ref))))
"""


@pytest.mark.parametrize("mode", ["eager", "smart"])
@pytest.mark.parametrize("level", OPT_LEVELS)
@pytest.mark.parametrize("name", ["direct", "indirect", "by_reference"])
def test_tail_calls_take_no_stack(name: str, level: int, mode: str) -> None:
    """Far more of them than calls may be nested; docs/performance.md says what ten million cost."""
    config = wasmz.Config(opt_level=level, compile_mode=mode, use_cache=False, max_call_depth=200)
    engine = wasmz.Engine(config)
    exports = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(_TAIL_CALLS))).exports
    assert exports[name](100_000, 1 << 40) == (1 << 40) + 100_000


@pytest.mark.parametrize(
    "config",
    [
        {"compile_mode": "eager", "opt_level": 0},
        {"compile_mode": "eager", "opt_level": 2},
        {"compile_mode": "smart"},
        *({"compile_mode": "smart", "_thresholds": (round, 1, 0, 0)} for round in (1, 2, 3, 5)),
    ],
    ids=str,
)
def test_loops_of_handlers_use_fuel(config: dict[str, Any]) -> None:
    """What only a handler reaches is placed last, but for the end of the fuel."""
    data = assemble(
        """(module (tag $e (param i32))
          (func (export "f") (param i32) (result i32) (local i32)
            (loop $first
              (local.set 1 (i32.add (local.get 1) (i32.const 1)))
              (br_if $first (i32.lt_u (local.get 1) (i32.const 3))))
            (block $caught (result i32)
              (try_table (catch $e $caught) (throw $e (i32.const 70)))
              unreachable)
            (local.set 1)
            (loop $outer (result i32)
              (loop $inner
                (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                (br_if $inner (i32.rem_u (local.get 1) (i32.const 5))))
              (br_if $outer (i32.lt_u (local.get 1) (local.get 0)))
              (local.get 1))))"""
    )
    engine = wasmz.Engine(wasmz.Config(use_cache=False, fuel=1000, verify=True, **config))
    store = wasmz.Store(engine)
    exports = wasmz.Instance(store, wasmz.Module.compile(engine, data)).exports
    for _ in range(6):
        store.set_fuel(1000)
        # A call, and three iterations; from 70 on, four times five iterations inside one of the outer loop.
        assert exports["f"](90) == 90
        assert store.fuel == 1000 - 1 - 3 - 4 * (1 + 5)
