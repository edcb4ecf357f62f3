"""Disagreements are reduced, and the pass to blame is found: by a comparison that is wrong on purpose."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from tests.differential import reduce
from tests.differential.oracle import Call, Disagreement, assemble, compare

_NEAREST = 0x9E
_TEXT = """(module
  (memory 1) (global $g (mut i32) (i32.const 5))
  (data (i32.const 0) "a;;b\\"c")
  (func $unused (result i32) (i32.const 1))
  (func (export "f") (param i32 i32) (result i32)
    (local $i i32)
    (global.set $g (local.get 0))
    (loop $top
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (if (i32.lt_u (local.get $i) (i32.const 3))
        (then (drop (f64.nearest (f64.convert_i32_s (i32.mul (local.get 1) (local.get 0))))) (br $top))))
    (i32.add (local.get $i) (call $unused)))
  (func (export "g") (result i32) (global.get $g)))"""


def _compare(binary: bytes, calls: Sequence[Call], levels: Sequence[int], disable_passes: Collection[str] = ()) -> int:
    """Holds that no module may round, unless a pass is left out."""
    body = binary[binary.rindex(b"\x0a") :]
    if _NEAREST in body and any(name == "f" for name, _ in calls) and "values" not in disable_passes:
        raise Disagreement("nearest")
    return len(calls)


def test_reduce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduce, "compare", _compare)
    text, calls = reduce.reduce_case(_TEXT, [("f", (1, 2)), ("g", ()), ("f", (3, 4))], (2,), seconds=30)
    assert calls == [("f", (3, 4))]
    assert "f64.nearest" in text and "loop" not in text and "$unused" not in text and "memory" not in text
    assert len(text) < 200


def test_guilty_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduce, "compare", _compare)
    assert reduce.guilty_passes(assemble(_TEXT), [("f", (1, 2))]) == ["values"]


def test_text_survives() -> None:
    tree = reduce.parse(_TEXT)
    assert assemble(reduce.show(tree)) == assemble(_TEXT)
    assert compare(assemble(reduce.show(tree)), [("f", (1, 2)), ("g", ())]) == 2
