"""Printed modules assemble to the same module, flat and folded."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

import wasmz
from tests.differential.integers import generate_integers
from tests.differential.references import generate_references
from tests.differential.sequences import generate_sequences
from tests.differential.vector_programs import generate_vectors
from tests.text.test_reading import MODULES, deep
from wasmz.text import assemble, print_module


def test_the_whole() -> None:
    text = """\
(module $m
  (type $t (;0;) (func (param i32) (result i32)))
  (memory (;0;) 1)
  (global $g (;0;) (mut i32) (i32.const 7))
  (export "f" (func $f))
  (func $f (;0;) (type $t) (param $x i32) (result i32)
    (local $y i32) (local f32 f32)
    local.get $x
    if $big (result i32)
      global.get $g
    else
      i32.const -1
      br $big
    end
  )
  (data (;0;) (i32.const 8) "text\\00\\ff")
)
"""
    data = assemble(text)
    assert print_module(data) == text
    folded = print_module(data, folded=True)
    assert (
        """\
    (if $big (result i32) (local.get $x)
      (then
        (global.get $g))
      (else
        (br $big (i32.const -1))))
"""
        in folded
    )
    assert assemble(folded) == data


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("name", MODULES)
def test_modules_come_back(name: str, folded: bool) -> None:
    data = assemble(MODULES[name])
    text = print_module(data, folded)
    assert assemble(text) == data
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        '(module (func (@name "")) (func $a) (func (@name "a")) (start 2))',
        '(module (@name "") (func (param i32) (param $x i32) (local (@name "x") i32)))',
        '(module (func block $l block $l br $l br 1 end end block (@name "") end))',
        "(module (type (func (param $p i32) (param i64))) (func (type 0) (param $q i32) (param i64)))",
        "(module (custom))".replace(
            "(custom)", '(@custom "a" (before first) "x") (@custom "b" (after last) "y") (func)'
        ),
        '(module (func) (@custom "a" (after func)) (@custom "b" (before code) "\\00\\01") (@custom "b" (after code)))',
        '(module (func $"é\\22 \\u{7f}") (export "\\22\\5c\\u{0}é" (func $"é\\22 \\u{7f}")))',
        "(module (memory 1) (func (v128.const f32x4 nan 1 2 3) (atomic.fence) (i32.const 0) drop drop))",
        "(module (func (unreachable) (i32.add) (drop) (select) (br 0) (i64.add (i64.const 1))))",
        "(module (func (result i32) (block (result i32 i32) (i32.const 1) (i32.const 2)) i32.add))",
        "(module (func (result i32) (i32.const 1) (block (param i32) (result i32)) (i32.eqz)))",
        "(module (func (result i32) (i32.const 1) (nop) (i32.eqz)))",
        "(module (func (local.get 5) (call 99)))",
    ],
)
def test_odd_modules_come_back(text: str, folded: bool) -> None:
    """Names that are no identifiers, names twice, sections anywhere, operands from anywhere, invalid bodies."""
    data = assemble(text)
    assert assemble(print_module(data, folded)) == data


def test_sections_of_names_that_are_malformed_stay_as_they_are() -> None:
    data = assemble("(module (func))") + b"\0\x09\4name\1\2\xff\0"
    text = print_module(data)
    assert '(@custom "name" (after code) "\\01\\02\\ff\\00")' in text
    assert assemble(text) == data


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize(
    ("opening", "middle", "closing"),
    [
        ("(block ", "", ")"),
        ("(i32.eqz ", "(i32.const 1)", ")"),
        ("(if (i32.const 1) (then ", "", "))"),
        ("(if (result i32) ", "(i32.const 1)", " (then (i32.const 1)) (else (i32.const 2)))"),
        ("(block (result i32) (i32.eqz ", "(i32.const 1)", "))"),
    ],
)
def test_nested_deeply(opening: str, middle: str, closing: str, folded: bool) -> None:
    count = 3000
    data = assemble(deep(count, opening, middle, closing))
    text = print_module(data, folded)
    # Indentation has a maximum.
    assert len(text) < 200 * count
    assert assemble(text) == data


def test_malformed_modules_are_refused() -> None:
    data = assemble('(module (func (export "f") (result i32) (i32.const 1)))')
    for length in range(8, len(data)):
        cut = data[:length]
        try:
            print_module(cut)
        except wasmz.InvalidWasm:
            continue
        assemble(print_module(cut))
    for position in range(8, len(data)):
        for byte in (0, 1, 0x0B, 0x40, 0x7F, 0x80, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF):
            changed = data[:position] + bytes([byte]) + data[position + 1 :]
            try:
                text = print_module(changed)
            except (wasmz.InvalidWasm, wasmz.UnsupportedFeature):
                continue
            assert isinstance(assemble(text), bytes)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("generate", [generate_integers, generate_references, generate_sequences, generate_vectors])
def test_generated_modules_come_back(generate: Callable[[bytes], str], seed: int) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    source = generate(random.Random(seed).randbytes(4000))
    data = assemble(source)
    assert data == bytes(wasmtime.wat2wasm(source))
    for folded in (False, True):
        assert assemble(print_module(data, folded)) == data


def test_wasmtime_reads_what_is_printed() -> None:
    wasmtime = pytest.importorskip("wasmtime")
    for name, source in MODULES.items():
        data = assemble(source)
        for folded in (False, True):
            assert bytes(wasmtime.wat2wasm(print_module(data, folded))) == data, name


def test_lines_are_wrapped() -> None:
    labels = " ".join(str(n % 3) for n in range(400))
    text = print_module(assemble(f"(module (func block block (br_table {labels} 0 (i32.const 1)) end end))"))
    assert max(map(len, text.splitlines())) <= 100
    data = assemble(f'(module (memory 1) (data (i32.const 0) "{"x" * 900}") (func {"(local i32)" * 300}))')
    text = print_module(data)
    assert max(map(len, text.splitlines())) <= 100 and assemble(text) == data
    assert re.search(r"^    \"x{80,}", text, re.MULTILINE)
