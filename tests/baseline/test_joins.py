"""Where paths join, an operand has no constant form: only one of the paths has the constant on top."""

from __future__ import annotations

import pytest
from wasmtime import wat2wasm

from wasmz import Config, Engine, Instance, Module, Store

# What takes 1000 and a block's result; that, which is a constant on one of two paths; and what comes out.
_CASES = [
    ("(i32.add)", (3, 1003), (-1, 999)),
    ("(i32.shl)", (3, 8000), (33, 2000)),
    ("(i32.shr_s)", (3, 125), (33, 500)),
    ("(i32.rotr)", (3, 125), (34, 250)),
    ("(i32.lt_s)", (3, 0), (2000, 1)),
    ("(i32.store16) (i32.load16_u (i32.const 1000))", (70_000, 4464), (5, 5)),
]


@pytest.mark.parametrize(("code", "taken", "otherwise"), _CASES)
def test_a_block_whose_last_instruction_is_a_constant(
    code: str, taken: tuple[int, int], otherwise: tuple[int, int]
) -> None:
    text = f"""
    (module (memory 1)
      (func (export "f") (param i32) (result i32)
        (i32.const 1000)
        (block (result i32)
          (br_if 0 (i32.const {taken[0]}) (local.get 0))
          (drop)
          (i32.const {otherwise[0]}))
        {code}))
    """
    config = Config(compile_mode="smart", use_cache=False, verify=True, _thresholds=(1024, 1 << 60, 0, 0))
    engine = Engine(config)
    instance = Instance(Store(engine), Module.compile(engine, bytes(wat2wasm(text))))
    assert instance.exports.f(1) == taken[1]
    assert instance.exports.f(0) == otherwise[1]
