"""When functions are hot: after an amount of work in proportion to the cost of compiling them."""

from __future__ import annotations

import pytest
from wasmtime import wat2wasm

import wasmz
from wasmz.compile.on_demand import TierCompiler
from wasmz.runtime.abi import BASELINE, OPTIMISED, CodeForm
from wasmz.runtime.calls.supply import Thresholds

STEP = "(local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 77)) (i32.const 5)))"
BRANCH = "(block (br_if 0 (i32.eqz (local.get 0))) (local.set 0 (i32.add (local.get 0) (i32.const 5))))"


def straight(steps: int) -> str:
    """A function without loops and branches."""
    return f'(module (func (export "f") (param i32) (result i32) {STEP * steps} (local.get 0)))'


def loop(inside: int, outside: int, step: str = STEP) -> str:
    """A function with a loop in the middle; the argument is the number of iterations."""
    return f"""(module (func (export "f") (param i32) (result i32) (local $n i32)
        (local.set $n (local.get 0)) {STEP * outside}
        (loop $l {step * inside} (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get 0)))"""


def open_module(text: str) -> tuple[wasmz.Module, wasmz.Exports]:
    engine = wasmz.Engine(wasmz.Config(use_cache=False, background_compile=False))
    module = wasmz.Module.compile(engine, wat2wasm(text))
    return module, wasmz.Instance(wasmz.Store(engine), module).exports


def calls_until_hot(text: str) -> int:
    module, exports = open_module(text)
    supply = module.supply
    assert supply is not None
    for number in range(100_000):
        if supply.has(0, OPTIMISED):
            return number
        exports.f(3)
    raise AssertionError("never hot")


def iterations_until_hot(text: str) -> int:
    """In one call, to a power of two."""
    for power in range(8, 24):
        module, exports = open_module(text)
        exports.f(1 << power)
        assert module.supply is not None
        if module.supply.has(0, CodeForm.of(0)) or module.supply.has(0, OPTIMISED):
            return 1 << power
    raise AssertionError("never hot")


def test_the_size_of_straight_functions_does_not_matter() -> None:
    counts = [calls_until_hot(straight(steps)) for steps in (5, 50, 500, 3000)]
    assert max(counts) <= 2 * min(counts)
    # A function of 24,000 instructions once needed 800,000 calls.
    assert max(counts) <= 8000


def test_what_a_loop_runs_counts() -> None:
    """In a function of a hundred steps: a loop of one of them, and of all."""
    assert iterations_until_hot(loop(1, 99)) >= 8 * iterations_until_hot(loop(100, 0))


def test_long_functions_with_short_loops_wait() -> None:
    """An iteration runs a thousandth of what compiling costs."""
    assert iterations_until_hot(loop(1, 1000)) >= 16 * iterations_until_hot(loop(1, 10))


def test_branches_are_taken_for_code_that_does_not_run() -> None:
    """As in an interpreter."""
    assert iterations_until_hot(loop(200, 0, BRANCH)) >= 8 * iterations_until_hot(loop(200, 0))


@pytest.mark.parametrize("is_quick", [True, False])
def test_costs(is_quick: bool) -> None:
    """Of both compilers: per iteration of each loop without the inner ones, and for the rest."""
    text = f"""(module (func (param i32) (local $n i32) {STEP * 10}
      (loop $a {STEP * 20}
        (loop $b {STEP * 30} (br_if $b (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (loop $c {STEP * 40} (br_if $c (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (br_if $a (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (return)
      (loop $dead (br $dead))))"""
    compiler = TierCompiler(wat2wasm(text), wasmz.Config())
    if not is_quick:
        compiler._compile_quickly = lambda index: None  # type: ignore[method-assign]
    made = compiler.compile(0, BASELINE)
    assert len(made.costs) in (4, 5)
    steps = [cost * 100 / sum(made.costs) for cost in made.costs]
    for found, expected in zip((steps[0], steps[1], steps[2], steps[-1]), (20, 30, 40, 10), strict=True):
        assert abs(found - expected) < 5
    assert wasmz.runtime.image.FunctionCode.thaw(made.freeze()).costs == made.costs


def test_thresholds() -> None:
    """A straight function is hot after ``per_value`` calls, with another process after ``per_value_elsewhere``."""
    thresholds = Thresholds()
    assert thresholds.per_value_elsewhere <= thresholds.per_value
    assert abs(calls_until_hot(straight(1000)) - thresholds.per_value) <= 2 * thresholds.round
