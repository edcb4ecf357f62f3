"""The baseline compiler accepts no function that the validator refuses, and what it accepts is sound bytecode.

The inputs are functions of the kernels and of small modules here with some bytes changed. Most of these are not valid.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.baseline.modules import MODULES
from wasmz.baseline.draft import Unbalanced, Unfit
from wasmz.baseline.function import compile_function
from wasmz.baseline.module import BaselineModule
from wasmz.codegen.verifier import verify_code
from wasmz.compile.front_end import load_module
from wasmz.errors import ImplementationLimit, InvalidWasm, UnsupportedFeature
from wasmz.wasm.body import decode_body
from wasmz.wasm.body_validator import validate_body

ROOT = Path(__file__).resolve().parents[2]
KERNELS = {path.parent.name: path for path in sorted((ROOT / "benchmarks" / "kernels").glob("*/kernel.wasm"))}
NAMES = [*KERNELS, *MODULES]

_REFUSED = (Unfit, LookupError, InvalidWasm, UnsupportedFeature, ImplementationLimit)
_MUTANTS = 400
# Of modules made for this.
_MORE_MUTANTS = 4000
_LARGEST_BODY = 3000


def _read(name: str) -> bytes:
    return MODULES[name] if name in MODULES else KERNELS[name].read_bytes()


def _mutant(data: bytes, begin: int, end: int, choose: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(choose.choice((1, 1, 1, 2, 3))):
        place = choose.randrange(begin, end)
        kind = choose.randrange(3)
        if kind == 0:
            made[place] = choose.randrange(256)
        elif kind == 1:
            made[place] = data[choose.randrange(begin, end)]
        else:
            made[place] ^= 1 << choose.randrange(8)
    return bytes(made)


@pytest.mark.parametrize("name", NAMES)
def test_every_function_is_compiled(name: str) -> None:
    """None is left to the pipeline."""
    data = _read(name)
    module = load_module(data)
    baseline = BaselineModule(data, module, uses_fuel=False)
    for body in module.bodies:
        verify_code(compile_function(baseline, body).code)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_invalid_is_accepted(name: str) -> None:
    data = _read(name)
    module = load_module(data)
    choose = random.Random(name)
    bodies = [body for body in module.bodies if 4 < body.end - body.code_start < _LARGEST_BODY]
    accepted = 0
    for _ in range((_MORE_MUTANTS if name in MODULES else _MUTANTS) if bodies else 0):
        body = choose.choice(bodies)
        mutant = _mutant(data, body.code_start, body.end, choose)
        try:
            made = compile_function(BaselineModule(mutant, module, uses_fuel=False), body)
        except _REFUSED:
            continue
        except Unbalanced as error:
            raise AssertionError(f"function {body.index}: {error}") from error
        accepted += 1
        validate_body(module, body.index, decode_body(mutant, body, module))
        verify_code(made.code)
    assert accepted or not bodies
