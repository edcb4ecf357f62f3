"""Traps of indirect calls and of loads are distinguished even if CPython's message is the same for both."""

from __future__ import annotations

import pytest

import wasmz
from tests.wasm.encode import I32, body, module, name, section, signature, vector
from wasmz.config import OPT_LEVELS
from wasmz.runtime.abi import IN_TABLE
from wasmz.runtime.traps import translation as traps

LOAD = b"\x28\x02\x00"
FIRST, SECOND, ADD = b"\x20\x00", b"\x20\x01", b"\x6a"

# table[first + memory[second]](memory[second])
OPERANDS = SECOND + LOAD + FIRST + SECOND + LOAD + ADD
CALL, TAIL_CALL = OPERANDS + b"\x11\x00\x00", OPERANDS + b"\x13\x00\x00"

DATA = module(
    section(1, vector(signature(I32, I32), signature(I32 + I32, I32))),
    section(3, vector(b"\x01", b"\x01", b"\x00")),
    section(4, vector(b"\x70\x00\x04")),
    section(5, vector(b"\x00\x01")),
    section(7, vector(name("call") + b"\x00\x00", name("tail_call") + b"\x00\x01", name("load") + b"\x00\x02")),
    section(10, vector(body(CALL), body(TAIL_CALL), body(FIRST + LOAD))),
)


@pytest.fixture(params=OPT_LEVELS)
def exports(request: pytest.FixtureRequest) -> wasmz.Exports:
    engine = wasmz.Engine(wasmz.Config(opt_level=request.param, use_cache=False))
    return wasmz.instantiate(DATA, engine=engine).exports


@pytest.mark.parametrize(
    ("export", "args", "code"),
    [
        ("call", (9, 0), wasmz.TrapCode.UNDEFINED_ELEMENT),
        ("call", (-1, 0), wasmz.TrapCode.UNDEFINED_ELEMENT),
        ("call", (0, -1), wasmz.TrapCode.MEMORY_OUT_OF_BOUNDS),
        ("tail_call", (9, 0), wasmz.TrapCode.UNDEFINED_ELEMENT),
        ("tail_call", (-1, 0), wasmz.TrapCode.UNDEFINED_ELEMENT),
        ("tail_call", (0, -1), wasmz.TrapCode.MEMORY_OUT_OF_BOUNDS),
        ("load", (-1,), wasmz.TrapCode.MEMORY_OUT_OF_BOUNDS),
    ],
)
def test_reasons(exports: wasmz.Exports, export: str, args: tuple[int, ...], code: wasmz.TrapCode) -> None:
    with pytest.raises(wasmz.Trap) as caught:
        exports[export](*args)
    assert caught.value.code is code
    # The line decides where the message does not; so any message will do.
    cause = caught.value.__context__
    assert cause is not None
    assert cause.__traceback__ is not None
    of_table = code is wasmz.TrapCode.UNDEFINED_ELEMENT
    assert traps._indexed(cause.__traceback__) == (IN_TABLE if of_table else 0)
