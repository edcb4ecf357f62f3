"""Modules in the text format: abbreviations against wasmtime's parser, nesting, and large texts."""

from __future__ import annotations

import time

import pytest

import wasmz
from wasmz.text import assemble
from wasmz.wasm.instructions import INSTRUCTIONS, Immediates

# One of each abbreviation, and of the additions of proposals.
MODULES = {
    "empty": "(module)",
    "fields without a module": '(func (export "f") (result i32) (i32.const 1)) (memory 1)',
    "inline exports and imports": """(module
        (func $f (export "a") (export "b") (import "m" "f") (param i32))
        (global (export "g") (import "m" "g") (mut i64)) (memory (export "mem") (import "m" "mem") 1 2)
        (table $t (import "m" "t") 1 funcref) (tag (export "e") (import "m" "e") (param f64))
        (func (export "c") (call $f (i32.const 1))))""",
    "uses of types": """(module (type $i (func (param i32) (result i32))) (type $s (struct))
        (func (type $i)) (func (param i32) (result i32) (local.get 0)) (func (type $i) (param $x i32) (result i32)
        (local.get $x)) (func (param f32)) (func (block (result i32 i32) (i32.const 1) (i32.const 2)) drop drop)
        (func (param i32) (local.get 0) (block (type $i)) drop))""",
    "segments": """(module (table $t 5 funcref) (table $u funcref (elem $f $f)) (memory $m (data "a" "b\\00"))
        (memory $n i64 (data)) (func $f) (elem (i32.const 0) $f $f) (elem (table $u) (offset i32.const 1) func $f)
        (elem $p func $f) (elem declare func $f) (elem funcref (ref.func $f) (item ref.null func))
        (elem (table $t) (i32.const 0) (ref null func) (ref.func $f)) (data (i32.const 3) "x") (data $d "passive")
        (data (memory $n) (i64.const 1) "y" "z"))""",
    "memories and tables": """(module (memory 1) (memory i32 1 2) (memory i64 0 1) (memory 1 1 shared)
        (table 1 2 externref) (table i64 3 funcref) (table 2 (ref func) (ref.func 0)) (func))""",
    "flat blocks": """(module (func (param i32) (result i32)
        block $b (result i32) loop $l local.get 0 br_if $l local.get 0 if $i nop else $i br $l end $i end $l i32.const 1
        br $b end $b local.get 0 i32.add))""",
    "folded blocks": """(module (func (param i32) (result i32)
        (if $i (result i32) (i32.eqz (local.get 0)) (then (br $i (i32.const 1))) (else
        (block $b (br_if $b (i32.const 0))) (loop (nop)) (i32.const 2)))))""",
    "exceptions": """(module (tag $e (param i32)) (func (result i32)
        (block $h (result i32) (try_table (result i32) (catch $e $h) (catch_all 0) (throw $e (i32.const 3)))
        (return))))""",
    "lookup": """(module (memory $a 1) (memory $b 1) (table $t 1 funcref) (type $f (func)) (func (param i32)
        (memory.copy $a $b (i32.const 0) (i32.const 0) (i32.const 0)) (memory.fill $b (i32.const 0) (i32.const 0)
        (i32.const 0)) (drop (memory.size)) (drop (memory.grow $b (i32.const 0))) (call_indirect (i32.const 0))
        (call_indirect $t (type $f) (i32.const 0)) (drop (i32.load $b offset=4 align=1 (i32.const 0)))
        (drop (table.get (i32.const 0))) (table.copy (i32.const 0) (i32.const 0) (i32.const 0))))""",
    "vectors": """(module (memory 1) (func (drop (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 -14 0xff))
        (drop (v128.const f32x4 1 -inf nan 0x1p-3)) (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31
        (v128.const i64x2 1 -1) (v128.const f64x2 nan:0x1 2))) (drop (v128.load8_lane 3 (i32.const 0)
        (v128.const i16x8 0 1 2 3 4 5 6 7))) (drop (v128.load8_lane 0 offset=1 3 (i32.const 0)
        (v128.const i32x4 0 1 2 3))) (drop (i32x4.extract_lane 2 (v128.const i32x4 0 1 2 3)))))""",
    "objects": """(module (rec (type $n (sub (struct (field $v i32) (field $next (mut (ref null $n))))))
        (type $m (sub final $n (struct (field i32) (field (mut (ref null $n))) (field $b i8)))))
        (type $a (array (mut i16))) (type $fa (array funcref)) (elem $e func 0) (data $d "ab")
        (func (param $p (ref $m)) (drop (struct.get $n $v (local.get $p))) (drop (struct.get_s $m $b (local.get $p)))
        (drop (array.new_fixed $a 2 (i32.const 1) (i32.const 2)))
        (drop (array.new_data $a $d (i32.const 0) (i32.const 1)))
        (drop (array.new_elem $fa $e (i32.const 0) (i32.const 1))) (drop (ref.test (ref null $m) (local.get $p)))
        (drop (ref.cast (ref $m) (local.get $p))) (drop (ref.null none)) (drop (ref.i31 (i32.const 1)))
        (block $l (result (ref $m)) (br_on_cast $l (ref null any) (ref $m) (local.get $p)) drop unreachable) drop
        (drop (select (result anyref) (local.get $p) (local.get $p) (i32.const 1)))))""",
    "names in quotes": """(module $"a module" (func $"a b" (param $"\\u{1F600}" i32)
        (call $"a\\20b" (local.get $"😀"))))""",
    "annotations": """(module (@unknown (nested "x") $y 0x) (@custom "c" (before code) "1" "2")
        (func (@name "named") (param $x i32) (@metadata.code.branch_hint "\\01") (if (local.get $x) (then))
        (nop (@a))))""",
    "comments": '(module (; (; nested ;) ;; " ;) ;; "\n (func ;; (\n (nop)) ;; the end\n) (; ;)',
    "locals": """(module (func (param i32 i64) (local) (local i32 i32) (local $y f32) (local f32 (ref null func))
        (local.set $y (f32.const 1))))""",
    "start": "(module (start $s) (func $s) (func $t))",
}


@pytest.mark.parametrize("name", MODULES)
def test_wasmtime_makes_the_same_bytes(name: str) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    assert assemble(MODULES[name]) == bytes(wasmtime.wat2wasm(MODULES[name]))


def test_types_that_refer_to_themselves_are_not_what_others_write() -> None:
    """A use of a type that looks like one adds its own: the other is not the same."""
    recursive = "(type $t (func (param (ref null $t))))"
    data = assemble(f'(module {recursive} (func (export "f") (param (ref null $t))))')
    module = wasmz.Module.compile(data)
    assert len(module.image.types) == 2
    own = assemble(f'(module {recursive} (func (export "f") (type $t)))')
    assert len(wasmz.Module.compile(own).image.types) == 1


def test_every_instruction_has_a_reader() -> None:
    from wasmz.text.reading.operands import OPERATIONS

    for row in INSTRUCTIONS.values():
        assert row.mnemonic in OPERATIONS
    plain = [row for row in INSTRUCTIONS.values() if row.immediates is Immediates.NONE and row.params is not None]
    assert len(plain) > 300
    for row in plain:
        code = assemble(f"(module (func ({row.mnemonic})))")
        prefix, opcode = row.opcode >> 16, row.opcode & 0xFFFF
        assert (bytes([prefix]) if prefix else b"") + bytes(
            [opcode & 0x7F | 0x80 * (prefix and opcode > 127)]
        ) in code or not prefix


def test_legacy_exceptions() -> None:
    flat = "try $t (result i32) i32.const 1 catch 0 i32.const 2 catch_all rethrow $t end try call 0 delegate 0 drop"
    folded = """(try $t (result i32) (do (i32.const 1)) (catch 0 (i32.const 2)) (catch_all (rethrow $t)))
        (try (do (call 0)) (delegate 0)) drop"""
    made = [assemble(f"(module (tag) (func {body}))") for body in (flat, folded)]
    assert made[0] == made[1]
    assert b"\x06\x7f\x41\x01\x07\x00\x41\x02\x19\x09\x00\x0b\x06\x40\x10\x00\x18\x00\x1a\x0b" in made[0]


def deep(count: int, opening: str, middle: str, closing: str) -> str:
    return f"(module (func {opening * count}{middle}{closing * count}))"


@pytest.mark.parametrize(
    ("opening", "middle", "closing"),
    [
        ("(block ", "", ")"),
        ("block ", "", "end "),
        ("(i32.eqz ", "(i32.const 1)", ")"),
        ("(if (i32.const 1) (then ", "", "))"),
        ("(if (i32.eqz ", "(i32.const 1)", ") (then))"),
        ("(block $l (br_if $l ", "(i32.const 1)", "))"),
        ("(; ", "", ";)"),
        ("(@a ", "", ")"),
        ("(try_table ", "", ")"),
    ],
)
def test_nested_deeply(opening: str, middle: str, closing: str) -> None:
    """A megabyte of nested forms: no recursion, and time that is linear."""
    text = deep(1_000_000 // len(opening), opening, middle, closing)
    started = time.process_time()
    assert assemble(text).startswith(b"\0asm")
    # It takes about a second. Quadratic time would be hours.
    assert time.process_time() - started < 60


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1_000_000,
        "(module " + "(func " * 200_000,
        "(module (func" + "(block" * 200_000,
        "(module (type " + "(func (param " * 100_000,
        "(module (global i32 " + "(i32.eqz " * 100_000,
        "(@a " * 300_000,
        "(;" * 500_000,
        '"' * 1_000_001,
        "\\" * 1_000_000,
        "".join(map(chr, range(0x4E00, 0x9FFF))) * 20,
        "(module " + " ".join(f'a"{n}"' for n in range(100_000)),
        "(module (func " + " ".join(f"$x{n}" for n in range(100_000)) + "))",
        "(module (elem " + "(item " * 100_000,
        "(module" + " (@custom" * 100_000 + ")",
    ],
    ids=range(14),
)
def test_large_nonsense_is_refused_in_linear_time(text: str) -> None:
    started = time.process_time()
    with pytest.raises(wasmz.InvalidText):
        assemble(text)
    assert time.process_time() - started < 60


def test_many_names() -> None:
    """As many identifiers as there are functions; and a label that is found from deep within."""
    count = 20_000
    functions = "".join(f"(func $f{n} (call $f{count - 1 - n}))" for n in range(count))
    assert len(assemble(f"(module {functions})")) > 100_000
    labels = "".join(f"(block $l{n} " for n in range(count))
    inner = "".join(f"(br $l{n})" for n in range(count))
    assert len(assemble(f"(module (func {labels}{inner}{')' * count}))")) > 100_000
