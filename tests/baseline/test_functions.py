"""The baseline compiler, function by function: what it refuses, and what it preserves."""

from __future__ import annotations

from typing import Any

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz.baseline.draft import Unfit
from wasmz.baseline.function import compile_function
from wasmz.baseline.module import BaselineModule
from wasmz.codegen.targets import current_target
from wasmz.compile.front_end import load_module
from wasmz.config import Config
from wasmz.errors import ImplementationLimit
from wasmz.runtime.image import FunctionCode
from wasmz.wasm.proposals import accepted_by


def _compile(text: str, config: Config | None = None) -> FunctionCode:
    """The code of a module's last function."""
    data = assemble(text)
    module = load_module(data, accepted_by(config or Config()))
    return compile_function(BaselineModule(data, module, uses_fuel=False), module.bodies[-1])


def test_blocks_of_vectors_need_vectors() -> None:
    """The validator does not see this function for its dead code: that has no instruction."""
    text = "(module (func (block (result v128) unreachable) drop))"
    _compile(text)
    with pytest.raises(Unfit):
        _compile(text, Config(simd=False))


def test_facts_of_a_functions_own_pieces_are_not_kept() -> None:
    """Others' modules decide how many there are, and the target lives as long as the process."""
    target = current_target()
    effects = target.effects
    for index in range(300):
        target.load_global(index)
        target.load_global_callee(index)

    def compile_loads(first: int) -> None:
        loads = "".join(f"(drop (f32.load offset={first + number} (i32.const 0)))" for number in range(50))
        others = "".join(f"(drop (i32.load offset={number} (i32.const 0)))" for number in range(first))
        _compile(f"(module (memory 1) (func {others} {loads}))")

    compile_loads(200)
    before = len(effects)
    for first in range(1, 20):
        compile_loads(first)
    assert len(effects) == before


@pytest.mark.parametrize("thresholds", [(1, 1, 0, 0), (6, 6, 0, 1)])
def test_what_is_too_complex_to_optimise_stays(thresholds: tuple[int, ...]) -> None:
    """Quick code of it runs, and goes on to do so when the pipeline refuses the function: a limit is no trap."""
    values = 900
    types = "i32 " * values
    block = f"(block (param {types}) (result {types}) (br_if 0 (i32.const 1)))"
    ifs = f"(if (param {types}) (result {types}) (i32.const 1) (then) (else)) " * 60
    text = f"""(module (global $calls (export "calls") (mut i32) (i32.const 0))
        (func (export "f") (result i32) (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            {"(i32.const 1) " * values} {ifs} {block} {"i32.add " * (values - 1)}))"""
    data = assemble(text)
    with pytest.raises(ImplementationLimit):
        wasmz.Module.compile(wasmz.Engine(Config(use_cache=False, compile_mode="eager")), data)
    engine = wasmz.Engine(Config(use_cache=False, compile_mode="smart", _thresholds=thresholds))
    exports = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, data)).exports
    assert [exports["f"]() for _ in range(10)] == [values] * 10
    assert exports["calls"].value == 10


@pytest.mark.parametrize(
    ("body", "units"),
    [
        ("(loop)", 1),
        ("(loop (br_if 0 (i32.const 0)))", 2),
        ("(loop (br_table 0 1 (i32.const 1)))", 2),
        # The code that would jump back is never reached.
        ("(block (loop (br 1) (br 0)))", 1),
        ("(block (loop (block (br 2)) (br 0)))", 1),
        ("(loop (block (br 0)) (br_if 0 (i32.const 0)))", 2),
        ("(loop (loop (br_if 1 (i32.const 0))))", 2),
        ("(loop (loop) (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 5))))", 6),
        ("(i32.const 3) (loop (param i32) (local.set 0)) (loop) (loop (br_if 0 (i32.const 0)))", 2),
        # Only a handler jumps back, or reaches the code that does.
        ("(loop $again (block $b (try_table (catch $e $b) (throw $e)) unreachable) (br_if $again (i32.const 0)))", 2),
        (
            "(loop $r (br_if 1 (local.get 0)) (local.set 0 (i32.const 1)) (try_table (catch_all $r) (call $g)))",
            4,
        ),
        # Nothing is thrown.
        ("(block (loop $again (try_table (catch_all $again) (br 2))))", 1),
    ],
)
@pytest.mark.parametrize(
    "config",
    [
        {"compile_mode": "eager", "opt_level": 0},
        {"compile_mode": "eager", "opt_level": 2},
        {"compile_mode": "smart"},
        {"compile_mode": "smart", "_thresholds": (1, 1, 0, 0)},
        {"compile_mode": "smart", "_thresholds": (2, 2, 0, 1)},
    ],
    ids=["eager-0", "eager-2", "baseline", "tiers", "later-tiers"],
)
def test_fuel(body: str, units: int, config: dict[str, Any]) -> None:
    """One for the call, and one each time that the start of a loop is reached, if something repeats it."""
    data = assemble(f'(module (tag $e) (func (export "f") (local i32) {body}) (func $g (throw $e)))')
    engine = wasmz.Engine(Config(use_cache=False, fuel=1000, verify=True, **config))
    store = wasmz.Store(engine)
    exports = wasmz.Instance(store, wasmz.Module.compile(engine, data)).exports
    for _ in range(5):
        store.set_fuel(1000)
        exports["f"]()
        assert store.fuel == 1000 - units
    # The last unit is enough; one less is not.
    store.set_fuel(units)
    exports["f"]()
    store.set_fuel(units - 1)
    with pytest.raises(wasmz.OutOfFuel):
        exports["f"]()
