"""Where code keeps its fuel: at the bottom of the stack, or in a fast local where handlers empty the stack."""

from __future__ import annotations

import itertools

import pytest

import wasmz
from wasmz.text import assemble

# Of `mixed`: a switch in a loop within a loop, results in pairs, a trap, an early return; of `guarded`: a handler.
MODULE = """
(module
  (tag $stop (param i32))
  (memory 1)
  (func $mixed (export "mixed") (param $n i32) (param $kind i32) (result i32 i64)
    (local $sum i32) (local $i i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 7) (i64.const 8))))
    (loop $outer
      (local.set $i (i32.const 3))
      (loop $inner
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $i))))
        (block $c (block $b (block $a (br_table $a $b $c (local.get $kind)))
            (local.set $sum (i32.add (local.get $sum) (i32.const 1))) (br $c))
          (if (i32.eq (local.get $n) (i32.const 2)) (then (unreachable))))
        (br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum) (i64.extend_i32_u (local.get $i)))
  (func $throws (param i32) (if (i32.eq (local.get 0) (i32.const 4)) (then (throw $stop (local.get 0)))))
  (func (export "guarded") (param $n i32) (result i32)
    (block $caught (result i32)
      (loop $again
        (try_table (catch $stop $caught) (call $throws (local.get $n)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i32.const -1))))
"""


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize(
    ("name", "arguments", "result", "units"),
    [
        ("mixed", (0, 0), (7, 8), 1),
        ("mixed", (5, 0), (15, 0), 1 + 5 + 15),
        ("mixed", (5, 9), (0, 0), 1 + 5 + 15),
        # It traps in the first inner iteration of the last but one outer one.
        ("mixed", (5, 1), None, 1 + 4 + 9 + 1),
        ("guarded", (6,), 4, 1 + 3 + 3),
        ("guarded", (3,), -1, 1 + 3 + 3),
    ],
)
def test_any_end_of_the_fuel(level: int, name: str, arguments: tuple[int, ...], result: object, units: int) -> None:
    config = wasmz.Config(opt_level=level, eager_compile=True, use_cache=False, verify=True, fuel=1)
    engine = wasmz.Engine(config)
    module = wasmz.Module.compile(engine, assemble(MODULE))
    for given in itertools.chain(range(units + 2), (4095, 4096, 4097, 9000)):
        store = wasmz.Store(engine)
        exports = wasmz.Instance(store, module).exports
        store.set_fuel(given)
        if given < units:
            with pytest.raises(wasmz.OutOfFuel):
                exports[name](*arguments)
        elif result is None:
            with pytest.raises(wasmz.Trap, match="unreachable"):
                exports[name](*arguments)
        else:
            assert exports[name](*arguments) == result
        assert store.fuel == max(0, given - units)
