"""The baseline compiler, function by function: what it refuses, and what it keeps."""

from __future__ import annotations

import pytest

from tests.differential.oracle import assemble
from wasmz.baseline.draft import Unfit
from wasmz.baseline.function import compile_function
from wasmz.baseline.module import BaselineModule
from wasmz.codegen.targets import current_target
from wasmz.compile.front_end import load_module
from wasmz.config import Config
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
