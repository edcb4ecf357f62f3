"""Singles made from ints, quotients and doubles equal those of wasmtime, stored or used in computations."""

from __future__ import annotations

import itertools
from math import inf, nan
from typing import Any

from tests.differential.oracle import assemble, compare

_INTS = (0, 1, -1, 16_777_215, 16_777_217, 16_777_219, -16_777_217, 33_554_435, 2**31 - 1, -(2**31), 2**31 - 65, -2)
_LONGS = (*_INTS, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 0x7FFF_FFBF_FFFF_FFFF, 0x0020_0001_0000_0001)
_SINGLES = (0.0, -0.0, 1.0, -3.0, 1e-45, 3.4028234663852886e38, inf, -inf, nan, 0.333)
_DOUBLES = (*_SINGLES, 1 + 2**-24, 1 + 2**-24 + 2**-50, 3.4028235677973366e38, 1e300, -1e-46, 7e-46)

_TEXT = """(module (memory (export "m") 1)
  (func (export "signed") (param i32) (result f32)
    (f32.store (i32.const 8) (f32.convert_i32_s (local.get 0)))
    (f32.add (f32.load (i32.const 8)) (f32.convert_i32_s (local.get 0))))
  (func (export "unsigned") (param i32) (result f32)
    (f32.store (i32.const 8) (f32.convert_i32_u (local.get 0)))
    (f32.add (f32.load (i32.const 8)) (f32.convert_i32_u (local.get 0))))
  (func (export "long") (param i64) (result f32)
    (f32.store (i32.const 8) (f32.convert_i64_s (local.get 0)))
    (f32.store (i32.const 12) (f32.convert_i64_u (local.get 0)))
    (f32.convert_i64_u (i64.shr_u (local.get 0) (i64.const 12))))
  (func (export "quotient") (param f32 f32) (result f32) (f32.div (local.get 0) (local.get 1)))
  (func (export "third") (param f32) (result f32) (f32.div (local.get 0) (f32.const 3)))
  (func (export "none") (param f32) (result f32) (f32.div (local.get 0) (f32.const -0)))
  (func (export "demoted") (param f64) (result f32)
    (f32.store (i32.const 16) (f32.demote_f64 (local.get 0)))
    (f32.mul (f32.demote_f64 (local.get 0)) (f32.const 3))))"""


def test_singles_are_rounded_once() -> None:
    calls: list[tuple[str, tuple[Any, ...]]] = []
    calls += [(name, (number,)) for name in ("signed", "unsigned") for number in _INTS]
    calls += [("long", (number,)) for number in _LONGS]
    calls += [("quotient", pair) for pair in itertools.product(_SINGLES, repeat=2)]
    calls += [(name, (number,)) for name in ("third", "none") for number in _SINGLES]
    calls += [("demoted", (number,)) for number in _DOUBLES]
    assert compare(assemble(_TEXT), calls) == len(calls)
