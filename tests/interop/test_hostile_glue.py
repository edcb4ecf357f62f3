"""JavaScript that was written to harm its host: its functions are refused, or cost what others do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import wasmz
from wasmz.interop.bindgen.glue import read_glue
from wasmz.interop.javascript.tokens import UnreadableScript
from wasmz.text import assemble

MODULE = """(module
  (import "wbg" "__wbg_x_1" (func $x (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (param i32) (result i32) (call $x (local.get 0))))"""
GLUE = """let wasm; %s
export function ask() { return wasm.run(5); }
imports.wbg.__wbg_x_1 = function(arg0) { %s };"""


def bound(folder: Path, body: str, before: str = "") -> Any:
    glue = folder / "glue.js"
    glue.write_text(GLUE % (before, body))
    return wasmz.bind(assemble(MODULE), glue=glue)


@pytest.mark.parametrize("count", [100, 1_000, 30_000])
@pytest.mark.parametrize(
    "parts",
    [
        *(("", "+arg0"), ("", ".a"), ("", "()"), ("", "[0]"), ("", ", arg0"), ("", " && arg0"), ("", "==arg0")),
        *(("++ ", ""), ("-- ", ""), ("! ", ""), ("new a", ".a")),
    ],
)
def test_long_chains_are_refused(tmp_path: Path, parts: tuple[str, str], count: int) -> None:
    before, after = parts
    api = bound(tmp_path, f"return {before * count}arg0{after * count};")
    if count > 100:
        with pytest.raises(wasmz.WasmzError, match="nested too deeply"):
            api.ask()


@pytest.mark.parametrize(
    "body",
    [
        *("return 0x" + "f" * 6000, "return " + "9" * 6000, "return 0x_"),
        *("return (class { })", "try {" * 30 + "} finally {}" * 30, "a: while (1) { break a; }"),
    ],
)
def test_what_python_cannot_write_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(wasmz.WasmzError, match="not of a form that is known"):
        bound(tmp_path, body).ask()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # The values are ECMAScript's.
        *(("return 2 ** 3", 8), ("return 2 ** 3 ** 2", 512), ("return (function(a, a) { return a; })(1, 2)", 2)),
        *(("return (-5) % 3", -2), ("return 5 % -3", 2), ("return isNaN(5 % 0) ? 1 : 2", 1)),
        *(("return 1 << 33", 2), ("return 1 << -1", -(2**31)), ("return 256 >> 33", 128), ("return 256 >>> 33", 128)),
        *(("return 1e999 > 5 ? 7 : 8", 7), ("return 1 << (arg0 + 30)", 8), ("return arg0 >>> (arg0 - 4)", 2)),
        *(("return 'abc' < 'abd' ? 1 : 2", 1), ("return '10' >= '9' ? 1 : 2", 2), ("return '10' >= 9 ? 1 : 2", 1)),
        *(("return '\\uffff' > '\\u{10000}' ? 1 : 2", 1), ("return 'a' < 1 ? 1 : 2", 2)),
        *(("return (255).toString(36) == '73' ? 1 : 2", 1), ("return BigInt.asUintN(0, 5n) == 0n ? 1 : 2", 1)),
    ],
)
def test_arithmetic_is_javascripts(tmp_path: Path, body: str, expected: int) -> None:
    assert bound(tmp_path, body).ask() == expected


@pytest.mark.parametrize(
    "body",
    [
        *("return (255).toString(1)", "return (255).toString(0)", "return (255).toString(-2)"),
        *("return (1.5).toFixed(-1).length", "return 'ab'.repeat(-1).length", "return new Float64Array(-1).length"),
        *("return new ArrayBuffer(-1).byteLength", "return BigInt.asUintN(4000000000, 5n) > 1 ? 1 : 2"),
        "return Array.from({length: -1}).length",
        "let a = [];" + "a = [a];" * 1000 + "return String(a).length",
        "let s = 'a';" + "s = s + s;" * 40 + "return s.length",
        "let s = 'a';" + "s = `${s}${s}`;" * 40 + "return s.length",
        "let a = [1];" + "a.push(...a);" * 40 + "return a.length",
        "let a = [1];" + "a.unshift(...a);" * 40 + "return a.length",
        "let a = [1];" + "a = a.concat(a);" * 40 + "return a.length",
        "let n = 12345678901234567890n;" + "n = n * n;" * 40 + "return n > 1 ? 1 : 2",
    ],
)
def test_what_would_be_too_large_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(wasmz.WasmzError, match="RangeError"):
        bound(tmp_path, body).ask()


def test_members_with_names_of_pythons(tmp_path: Path) -> None:
    names = (
        "__slots__",
        "__class__",
        "__getattribute__",
        "__reduce__",
        "__del__",
        "_session",
        "_free",
        "_of",
        "glue_get",
    )
    members = "".join(f"{name}() {{ return wasm.run(1); }}" for name in names)
    others = "get _ptr() { return 7; } size() { return 3; }"
    text = f"export class Thing {{ __destroy_into_raw() {{}} {members} {others} }}"
    api = bound(tmp_path, "return 1", text)
    thing = api.Thing._of(5)
    assert thing.size() == 3 and thing.__class__ is api.Thing and thing._ptr == 5
    assert repr(thing).startswith("<Thing at 0x5")


@pytest.mark.parametrize(
    ("text", "is_readable"),
    [
        # What each of these costs would be the square of its length.
        *(("=/[" * 100_000, True), ("a=(b);" * 100_000, True), ("a=(" * 100_000 + ")" * 100_000, True)),
        *(("{a(" + ",a(" * 100_000 + ")" * 100_001, True), ("a/* " * 100_000, False), (",/* " * 100_000, False)),
        ("function a(){" + "return handleError(function(){" * 10_000 + "})" * 10_000 + "}", False),
        ("x = Object.freeze({a: 0x_, b: 08});", False),
        ("class A { static", False),
        ("class A { get [", False),
    ],
)
def test_texts_that_take_long(text: str, is_readable: bool) -> None:
    if is_readable:
        assert "f" in read_glue("function f() {}" + text).functions
    else:
        with pytest.raises(UnreadableScript):
            read_glue("function f() {} " + text)


def test_values_in_values_take_no_stack_of_the_host(tmp_path: Path) -> None:
    glue = tmp_path / "glue.js"
    glue.write_text(GLUE % ("", "return JSON.stringify(JSON.parse('['.repeat(1000000)))"))
    engine = wasmz.Engine(wasmz.Config(max_call_depth=100_000))
    with pytest.raises(wasmz.WasmzError, match="nested too deeply"):
        wasmz.bind(assemble(MODULE), glue=glue, engine=engine).ask()
