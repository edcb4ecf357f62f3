"""Values and types of many parts: what they may cost the host."""

from __future__ import annotations

import pytest

import wasmz
from tests.component_abi.support import echo, instantiate


@pytest.mark.parametrize("cases", [300, 4000])
def test_variants_of_many_cases_pass_as_core_values(cases: int) -> None:
    listed = " ".join([f'(case "c{number}"{" u32" if number % 2 else ""})' for number in range(cases)])
    exports = instantiate(f"""(component
      (type $v' (variant {listed})) (import "v" (type $v (eq $v')))
      (core module $m (memory (export "memory") 1)
        (func (export "f") (param i32 i32) (result i32)
          (i32.store (i32.const 64) (local.get 0)) (i32.store (i32.const 68) (local.get 1)) (i32.const 64)))
      (core instance $m (instantiate $m)) (alias core export $m "memory" (core memory $memory))
      (func (export "f") (param "a" $v) (result $v) (canon lift (core func $m "f") (memory $memory))))""").exports
    for number in (0, 1, 2, 255, 256, 257, cases - 1):
        value = exports.f((f"c{number}", 7) if number % 2 else f"c{number}")
        assert (value.case, value.value) == (f"c{number}", 7 if number % 2 else None)


@pytest.mark.parametrize("cases", [300, 4000])
def test_variants_of_many_cases_pass_in_memory(cases: int) -> None:
    listed = " ".join([f'(case "c{number}"{" string" if number % 3 == 1 else ""})' for number in range(cases)])
    definitions = f"(type $v' (variant {listed})) (import \"v\" (type $v (eq $v')))"
    exports = instantiate(echo("$v", definitions), host=lambda *given: (given[-1], 5)).exports
    for number in (0, 1, 2, 255, 256, 257, cases - 1):
        value, _ = exports.echo(*range(16), (f"c{number}", "text") if number % 3 == 1 else f"c{number}")
        assert (value.case, value.value) == (f"c{number}", "text" if number % 3 == 1 else None)


def test_lists_of_texts_in_either_encoding_may_be_utf16() -> None:
    exports = instantiate(echo("(list string)", "", "latin1+utf16"), host=lambda *given: (given[-1], 5)).exports
    texts = ["a€b", "abc", "ü", "\U0001f600" * 1000]
    assert exports.echo(*range(16), texts) == (texts, 5)


def _record_of_lists(item: str) -> str:
    fields = " ".join([f'(field "f{number}" (list {item}))' for number in range(2000)])
    return f"""(component (type $r' (record {fields})) (import "r" (type $r (eq $r')))
      (core module $m (memory (export "memory") 100)
        (func (export "f") (param $count i32) (result i32) (local $at i32)
          (loop $more
            (i32.store (local.get $at) (i32.const 65536))
            (i32.store (i32.add (local.get $at) (i32.const 4)) (local.get $count))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $more (i32.lt_u (local.get $at) (i32.const 16000))))
          (i32.const 0)))
      (core instance $m (instantiate $m)) (alias core export $m "memory" (core memory $memory))
      (func (export "f") (param "count" u32) (result $r) (canon lift (core func $m "f") (memory $memory))))"""


@pytest.mark.parametrize(("item", "count"), [("u64", 700_000), ("u8", 5_000_000), ("s16", 2_000_000)])
def test_many_lists_at_one_place_are_too_much(item: str, count: int) -> None:
    assert instantiate(_record_of_lists(item)).exports.f(3)[0] in ([0, 0, 0], b"\0\0\0")
    with pytest.raises(wasmz.Trap, match="the values of a call are too large"):
        instantiate(_record_of_lists(item)).exports.f(count)


def test_large_items_are_charged_by_what_they_take() -> None:
    # 40 numbers each, in lists that are all at one place.
    text = f"""(component
      (core module $m (memory (export "memory") 100)
        (func (export "f") (result i32) (local $at i32)
          (local.set $at (i32.const 65536))
          (loop $more
            (i32.store (local.get $at) (i32.const 131072))
            (i32.store (i32.add (local.get $at) (i32.const 4)) (i32.const 10000))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $more (i32.lt_u (local.get $at) (i32.const 67000))))
          (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (i32.const 150)) (i32.const 0)))
      (core instance $m (instantiate $m)) (alias core export $m "memory" (core memory $memory))
      (func (export "f") (result (list (list (tuple {"u64 " * 40}))))
        (canon lift (core func $m "f") (memory $memory))))"""
    with pytest.raises(wasmz.Trap, match="the values of a call are too large"):
        instantiate(text).exports.f()
