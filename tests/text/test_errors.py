"""Errors in texts: the place, the line with a caret, and the message."""

from __future__ import annotations

import pickle

import pytest

import wasmz
from tests.text.fuzz import Mutator, fault
from tests.text.test_reading import MODULES
from wasmz.text import assemble

CASES = [
    # text, line, column, part of the reason
    ("(module\n  (func $f\n    (i32.ad (i32.const 1))))", 3, 6, "unknown operator i32.ad"),
    ("(module (func (call $g)))", 1, 21, "unknown function $g"),
    ("(module (func (local.get $x)))", 1, 26, "unknown local $x"),
    ("(module (func (br $l)))", 1, 19, "unknown label $l"),
    ("(module (func (global.get $x)))", 1, 27, "unknown global $x"),
    ("(module (func (type $t)))", 1, 21, "unknown type $t"),
    ("(module\r\n(func (nop\r\n", 2, 11, "unexpected token: the text ends"),
    ("(module (func (nop)", 1, 20, "unexpected token: the text ends, expected )"),
    ("(module))", 1, 9, "unexpected token ), expected the end of the text"),
    ("(module) (module)", 1, 10, "unexpected token (, expected the end of the text"),
    ("(func (i32.const 0x1_0000_0000))", 1, 18, "i32 constant out of range"),
    ("(func (i32.const))", 1, 17, "unexpected token ), expected an integer"),
    ("(func (f32.const 1e39))", 1, 18, "f32 constant out of range"),
    ("(func (i32.const 1x))", 1, 18, "unknown operator 1x"),
    ("(func block $a end $b)", 1, 20, "mismatching label $b"),
    ("(func block)", 1, 12, "unexpected token ), expected end"),
    ("(func (block end))", 1, 14, "unexpected token end"),
    ("(func end)", 1, 7, "unexpected token end"),
    ("(func (if (i32.const 1)))", 1, 24, "unexpected token ), expected then"),
    ("(func (if (then) (then)))", 1, 19, "unexpected token then"),
    ("(func else)", 1, 7, "unexpected token else"),
    ("(func (i32.add i32.const 1))", 1, 16, "unexpected token i32.const"),
    ("(func (then))", 1, 8, "unexpected token then"),
    ("(memory 1) (func (i32.load align=3 (i32.const 0)))", 1, 28, "alignment must be a power of two"),
    ("(func (v128.const i32x4 1 2 3))", 1, 25, "wrong number of lane literals"),
    ("(func (i8x16.shuffle 1 2))", 1, 25, "invalid lane length"),
    ("(func (param $x i32) (local $x i32))", 1, 29, "duplicate local $x"),
    ("(func $f) (func $f)", 1, 17, "duplicate func $f"),
    ('(func) (import "a" "b" (func))', 1, 8, "import after function"),
    ("(start 0) (start 0)", 1, 12, "multiple start sections"),
    ("(type $t (func (param i32))) (func (type $t) (param i64))", 1, 36, "inline function type"),
    ("(memory 1 (pagesize 3))", 1, 21, "invalid custom page size 3"),
    ('(import "\\ff" "b" (func))', 1, 9, "malformed UTF-8 encoding"),
    ("(module \x01)", 1, 9, "illegal character '\\x01'"),
    ("(module (; (; ;) )", 1, 9, "unclosed comment"),
    ('(module (data "abc\n"))', 1, 15, "unclosed string"),
    ('(module (data "a\\qc"))', 1, 17, "illegal escape in a string"),
    ('(module (data "a"b))', 1, 15, 'unknown operator "a"b'),
    ("(module (@custom 5))", 1, 9, "@custom annotation: missing section name"),
    ('(module (func (@custom "x")))', 1, 15, "misplaced @custom annotation"),
    ("(module (func (@name 5) (nop)))", 1, 15, "@name annotation: unexpected token"),
    ('(module (@name "a") $b (@name "c"))', 1, 9, "misplaced @name annotation"),
    ("(module (field))", 1, 10, "unexpected token field, expected a field of a module"),
    ("(module (elem 1 2 (item)))", 1, 15, "unexpected token 1, expected a reference type"),
]


@pytest.mark.parametrize(("text", "line", "column", "reason"), CASES)
def test_places_and_reasons(text: str, line: int, column: int, reason: str) -> None:
    with pytest.raises(wasmz.InvalidText) as caught:
        assemble(text, "a.wat")
    error = caught.value
    assert (error.line, error.column) == (line, column), str(error)
    assert reason in error.reason
    first, shown, caret = str(error).split("\n")
    assert first == f"a.wat:{line}:{column}: {error.reason}"
    assert shown[2:].rstrip() == "".join(c if c.isprintable() else " " for c in error.source_line).rstrip()
    assert caret == " " * (2 + column - 1) + "^"


@pytest.mark.parametrize("seed", range(4))
def test_mistakes_lead_to_no_other_errors(seed: int) -> None:
    """A sample of `python -m tests.text.fuzz`."""
    texts = [*MODULES.values(), *(text for text, *_ in CASES)]
    mutator = Mutator(texts, seed)
    for _ in range(500):
        text = mutator.text()
        assert fault(text) is None, text


def test_bytes_that_are_no_utf8() -> None:
    with pytest.raises(wasmz.InvalidText, match="malformed UTF-8") as caught:
        assemble(b"(module\n ;; \xff\n)")
    assert (caught.value.line, caught.value.column) == (2, 5)


def test_long_lines_are_cut() -> None:
    with pytest.raises(wasmz.InvalidText) as caught:
        assemble("(module " + "(func) " * 1000 + "(oops)" + " (func)" * 1000 + ")")
    _, shown, caret = str(caught.value).split("\n")
    assert len(shown) < 110
    assert shown[caret.index("^") :].startswith("oops")


def test_errors_can_be_pickled() -> None:
    with pytest.raises(wasmz.InvalidText) as caught:
        assemble("(module (oops))", "a.wat")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert (again.line, again.column, again.name, again.offset) == (1, 10, "a.wat", None)


INVALID = [
    ("(module\n  (func (result i32)\n    (i64.const 1)\n  )\n)", 2, "type mismatch"),
    ("(module\n  (func (param i32)\n    local.get 0\n    f32.neg\n    drop))", 4, "type mismatch: expected f32"),
    ('(module\n (func)\n (export "f" (func 0))\n (export "f" (func 0)))', 4, "duplicate export name"),
    ("(module\n (memory 1)\n (data (i64.const 0)))", 3, "type mismatch"),
    ("(module\n (global i32\n (f32.const 1)))", 2, "type mismatch"),
    ("(module\n (func (nop)\n  (drop (i32.add (i32.const 1) (f32.const 1)))))", 3, "type mismatch"),
]


@pytest.mark.parametrize(("text", "line", "reason"), INVALID)
def test_what_does_not_validate_is_placed_in_the_text(text: str, line: int, reason: str) -> None:
    for check in (wasmz.Module.compile, wasmz.Module.validate):
        with pytest.raises(wasmz.InvalidText, match=reason) as caught:
            check(text)
        assert caught.value.line == line or (line, caught.value.line) == (2, 3), str(caught.value)
