"""Wide arithmetic against Python's own integers of any size, at each level."""

from __future__ import annotations

import random

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz.config import OPT_LEVELS

_PAIRS = "(param i64 i64 i64 i64) (result i64 i64)"
_OPERANDS = "(local.get 0) (local.get 1) (local.get 2) (local.get 3)"
MODULE = f"""(module
  (func (export "add") {_PAIRS} (i64.add128 {_OPERANDS}))
  (func (export "sub") {_PAIRS} (i64.sub128 {_OPERANDS}))
  (func (export "mul_s") (param i64 i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 1)))
  (func (export "mul_u") (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1)))
  (func (export "sum") (param i32) (result i64 i64) (local $low i64) (local $high i64)
    (loop $next
      (i64.add128 (local.get $low) (local.get $high)
        (i64.mul_wide_u (i64.extend_i32_u (local.get 0)) (i64.const 0xfedcba9876543210)))
      (local.set $high) (local.set $low)
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $low) (local.get $high)))
"""
EDGES = [0, 1, 2, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1]
NUMBERS = [*EDGES, *(random.Random(5).getrandbits(64) for _ in range(12))]


def halves(number: int) -> tuple[int, int]:
    """As the exports give them: signed, the low one first."""
    return tuple((number >> shift & 2**64 - 1) - (number >> shift + 63 & 1) * 2**64 for shift in (0, 64))


def signed(number: int) -> int:
    return number - (number >> 63) * 2**64


@pytest.fixture(scope="module", params=OPT_LEVELS)
def exports(request: pytest.FixtureRequest) -> wasmz.Exports:
    engine = wasmz.Engine(wasmz.Config(opt_level=request.param, verify=True, use_cache=False))
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(MODULE))).exports


def test_products(exports: wasmz.Exports) -> None:
    for one in NUMBERS:
        for other in NUMBERS:
            assert exports.mul_u(one, other) == halves(one * other)
            assert exports.mul_s(one, other) == halves(signed(one) * signed(other))


def test_sums_and_differences(exports: wasmz.Exports) -> None:
    draw = random.Random(6)
    for _ in range(400):
        low, high, other_low, other_high = (draw.choice(NUMBERS) for _ in range(4))
        one, other = high << 64 | low, other_high << 64 | other_low
        assert exports.add(low, high, other_low, other_high) == halves(one + other)
        assert exports.sub(low, high, other_low, other_high) == halves(one - other)


def test_in_a_loop(exports: wasmz.Exports) -> None:
    assert exports.sum(1000) == halves(sum(range(1001)) * 0xFEDC_BA98_7654_3210)
