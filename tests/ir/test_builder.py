"""The builder's blocks for loops with parameters: they have parameters only if the loops are repeated."""

from __future__ import annotations

import pytest

import wasmz
from tests.wasm.encode import I32, body, module, name, section, signature, vector
from wasmz.config import OPT_LEVELS

# i32.const 5; loop (param i32) (result i32) ... end
LOOP = b"\x41\x05\x03\x01"
TRY, DELEGATE, CATCH_ALL = b"\x06\x40", b"\x18", b"\x19"
DECREMENT = b"\x41\x01\x6b\x22\x00\x20\x00"


def run(code: bytes, level: int) -> object:
    """What a function without parameters, with one local, returns."""
    data = module(
        section(1, vector(signature(b"", I32), signature(I32, I32))),
        section(3, vector(b"\x00")),
        section(7, vector(name("f") + b"\x00\x00")),
        section(10, vector(body(code, I32))),
    )
    config = wasmz.Config(opt_level=level, compile_mode="eager", verify=True, use_cache=False, legacy_exceptions=True)
    return wasmz.instantiate(data, engine=wasmz.Engine(config)).exports.f()


@pytest.mark.parametrize("level", OPT_LEVELS)
@pytest.mark.parametrize(
    ("code", "result"),
    [
        (LOOP + b"\x41\x02\x6a\x0b", 7),
        (LOOP + DECREMENT + b"\x0d\x00\x0b", 0),
        # Repeated from an inner block, and past a label that `delegate` closes.
        (LOOP + DECREMENT + b"\x04\x01\x0c\x01\x0b\x0b", 0),
        (TRY + TRY + DELEGATE + b"\x00" + CATCH_ALL + b"\x0b" + LOOP + DECREMENT + b"\x0d\x00\x0b", 0),
        (LOOP + TRY + TRY + DELEGATE + b"\x00" + DELEGATE + b"\x01" + DECREMENT + b"\x0d\x00\x0b", 0),
    ],
)
def test_loops_with_parameters(code: bytes, result: int, level: int) -> None:
    assert run(code, level) == result
