"""The IR's text form, its verifier and its analyses."""

from __future__ import annotations

import pytest

from wasmz.ir.dominators import immediate_dominators
from wasmz.ir.liveness import live_locals, locals_read_unset
from wasmz.ir.parser import IRSyntaxError, parse_function
from wasmz.ir.printer import print_function
from wasmz.ir.verifier import BrokenIR, verify_function

LOOP = """\
func 3 "count \\"down\\"" (i32) -> (i32, i64)
  locals i32 i64
b0:
  v0: i32 = local.get 0
  jump b1(v0)
b1(v1: i32):
  v2: i32 = i32.const 1
  v3: i32 = i32.sub v1 v2
  v4: i32 = i32.load (2, 8, 0) v3
  v5: (i32, f64) = call 7 v4
  v6: i32 = project 0 v5
  v7: bool = i32.eqz v6
  branch v7 b2(v3) b3
b2(v8: i32):
  switch v8 b1(v8) b3 b3
b3:
  v9: funcref = ref.null funcref
  v10: i64 = local.get 1
  return v1 v10
"""

ONE_ARM = """\
b0:
  v0: i32 = i32.const 1
  branch v0 b1 b2
b1:
  v1: i32 = i32.const 2
  jump b2
b2:
  return v1
"""


def test_text_is_read_back() -> None:
    function = parse_function(LOOP)
    verify_function(function)
    assert print_function(function) == LOOP


def test_offsets_are_read_back() -> None:
    text = "func 0 () -> () @0x10\nb0:\n  return @0x1f\n"
    assert print_function(parse_function(text), offsets=True) == text


@pytest.mark.parametrize(
    "line", ["  v0: i32 = i32.frobnicate", "  v0: i99 = i32.const 1", "  local.set 0 v7", "  v0: i32 = i32.const (1"]
)
def test_bad_text_names_its_line(line: str) -> None:
    with pytest.raises(IRSyntaxError, match="line 3"):
        parse_function(f"func 0 () -> ()\nb0:\n{line}\n  return\n")


def test_dominators_of_a_loop() -> None:
    function = parse_function(LOOP)
    b0, b1, b2, b3 = function.blocks
    assert immediate_dominators(function) == {b0: None, b1: b0, b2: b1, b3: b1}


def test_liveness_finds_locals_read_before_they_are_set() -> None:
    function = parse_function(LOOP)
    assert live_locals(function)[function.blocks[1]] == 0b10
    assert locals_read_unset(function) == [1]


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        ("b0:\n  v0: i32 = i32.const 1\nb1:\n  return v0\n", "no terminator"),
        ("b0:\n  jump b1\n", "leaves the function"),
        ("b0:\n  v0: i32 = i32.const 1\n  jump b1\nb1(v1: i32):\n  return v1\n", "passes 0 arguments for 1"),
        ("b0:\n  v0: i64 = i64.const 1\n  jump b1(v0)\nb1(v1: i32):\n  return v1\n", "passes i64 for"),
        ("b0:\n  v0: i64 = i64.const 1\n  return v0\n", "returns i64 for i32"),
        ("b0:\n  v0: i64 = i64.const 1\n  v1: i32 = i32.add v0 v0\n  return v1\n", "operand 0 is i64, not i32"),
        ("b0:\n  v0: i32 = i32.const 1\n  v1: i32 = i32.add v0\n  return v1\n", "has 1 operands, needs 2"),
        ("b0:\n  v0: i32 = local.get 5\n  return v0\n", "no local 5"),
        (
            "b0:\n  v0: i32 = i32.const 1\n  v1: bool = i32.eqz v0\n  v2: i32 = i32.add v1 v0\n  return v2\n",
            "is bool, not i32",
        ),
        ("b0:\n  v0: i32 = i32.const 1\n  branch v0 b1\nb1:\n  return v0\n", "branch has 1 edges"),
        (
            ONE_ARM,
            "does not dominate",
        ),
    ],
)
def test_verifier_finds(body: str, finding: str) -> None:
    function = parse_function(f"func 0 () -> (i32)\n{body}")
    with pytest.raises(BrokenIR, match=finding):
        verify_function(function)
