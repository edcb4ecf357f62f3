"""J2CL's modules: its imports by their names, and Box2D of the repository of JetStream."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.interop.jetstream import jetstream
from wasmz.text import assemble

# Imports of J2CL's library: what they are called with, and what that gives. The values are node's.
CALLS: list[tuple[str, str, tuple[Any, ...], Any]] = [
    ("string.indexOf$2", "(param externref externref i32) (result i32)", ("banana", "a", 2), 3),
    ("string.lastIndexOf$1", "(param externref externref) (result i32)", ("banana", "a"), 5),
    ("string.repeat$1", "(param externref i32) (result externref)", ("ab", 3), "ababab"),
    ("string.toLocaleUpperCase", "(param externref) (result externref)", ("äß",), "ÄSS"),
    ("Number.prototype.toString.call$2", "(param i32 i32) (result externref)", (-255, 16), "-ff"),
    ("Number.prototype.toString.call$1", "(param f64) (result externref)", (1e21,), "1e+21"),
    ("Number.prototype.toString.call$1", "(param f32) (result externref)", (0.5,), "0.5"),
    ("Number.prototype.toPrecision.call$2", "(param f64 i32) (result externref)", (1234.5678, 6), "1234.57"),
    ("Math.sin", "(param f64) (result f64)", (1.0,), math.sin(1.0)),
    ("Math.cbrt", "(param f64) (result f64)", (27.0,), 3.0),
    ("Date.UTC", "(param i32 i32 i32) (result f64)", (2020, 1, 29), 1582934400000.0),
    ("parseFloat", "(param externref) (result f64)", ("2.5",), 2.5),
    ("?.toString", "(param externref) (result externref)", ("x",), "x"),
    ("j2wasm.DoubleUtils.dmod", "(param f64 f64) (result f64)", (-7.5, 2.0), -1.5),
    ("j2wasm.DoubleUtils.isValidDouble", "(param externref) (result i32)", (" -1.5e3f ",), 1),
    ("j2wasm.DoubleUtils.isValidDouble", "(param externref) (result i32)", ("1.5.2",), 0),
    ("j2wasm.CharUtils.charToUpperCase", "(param i32) (result i32)", (0xE4,), 0xC4),
    ("j2wasm.CharUtils.codePointToLowerCase", "(param i32) (result i32)", (0x10400,), 0x10428),
    ("j2wasm.StringUtils.equalsIgnoreCase", "(param externref externref) (result i32)", ("AbC", "aBc"), 1),
    ("j2wasm.StringUtils.compareToIgnoreCase", "(param externref externref) (result i32)", ("b", "A"), 1),
    ("j2wasm.StringUtils.generateClassName", "(result externref)", (), "Class$obf_1001"),
    ("get Error.hasCaptureStackTraceProperty", "(result externref)", (), None),
]


def test_its_library(tmp_path: Path) -> None:
    imports = "".join(
        f'(import "imports" "{name}" (func $f{at} {type}))' for at, (name, type, _, _) in enumerate(CALLS)
    )
    exports = "".join(f'(export "f{at}" (func $f{at}))' for at in range(len(CALLS)))
    lib = wasmz.bind(assemble(f"(module {imports} {exports})"))
    for at, (name, _, args, expected) in enumerate(CALLS):
        assert getattr(lib, f"f{at}")(*args) == pytest.approx(expected), name


MODULE = """(module
  (import "imports" "j2wasm.ConsoleUtils.log" (func $log (param externref externref)))
  (import "imports" "Error" (func $error (param externref) (result externref)))
  (import "imports" "j2wasm.ExceptionUtils.setJavaThrowable" (func $set (param externref externref)))
  (import "imports" "j2wasm.ExceptionUtils.getJavaThrowable" (func $get (param externref) (result externref)))
  (import "imports" "set goog.global.result" (func $result (param externref)))
  (import "imports" "Date.constructor$1" (func $date (param f64) (result externref)))
  (import "imports" "Date.getUTCFullYear" (func $year (param externref) (result i32)))
  (import "imports" "RegExp.constructor$2" (func $pattern (param externref externref) (result externref)))
  (import "imports" "RegExp.test$1" (func $test (param externref externref) (result i32)))
  (import "string.const" "0" (global $hello (ref extern)))
  (import "string.const" "1" (global $method (ref extern)))
  (import "WebAssembly" "JSTag" (tag $tag (param externref)))
  (func (export "run") (param externref)
    (call $log (global.get $method) (global.get $hello))
    (call $result (local.get 0)))
  (func (export "kept") (param externref) (result externref) (local $error externref)
    (local.set $error (call $error (global.get $hello)))
    (call $set (local.get $error) (local.get 0))
    (call $get (local.get $error)))
  (func (export "fail") (throw $tag (call $error (global.get $hello))))
  (func (export "year") (param f64) (result i32) (call $year (call $date (local.get 0))))
  (func (export "test") (param externref externref) (result i32)
    (call $test (call $pattern (local.get 0) (ref.null extern)) (local.get 1)))
  (@custom "string.consts" "TEXTS"))"""


def test_own_form(capsys: pytest.CaptureFixture[str]) -> None:
    texts = json.dumps(["hello", "log"]).replace('"', '\\"')
    lib = wasmz.bind(assemble(MODULE.replace("TEXTS", texts)))
    assert (lib.kept("throwable"), lib.year(1.6e12)) == ("throwable", 2020)
    with pytest.raises(wasmz.JavaScriptError, match="^hello$"):
        lib.fail()
    with pytest.raises(wasmz.JavaScriptError, match="Invalid flags"):
        lib.test("a+", "caat")
    lib.run("set")
    assert capsys.readouterr().out == "hello\n"


@pytest.mark.parametrize("texts", ["", "{}", "[1]", "[", "[" * 100_000])
def test_constants_of_another_form_are_link_errors(texts: str) -> None:
    with pytest.raises(wasmz.LinkError, match=r"string\.consts|string\.const\.0 is not defined"):
        wasmz.instantiate(assemble(MODULE.replace("TEXTS", texts)))


@pytest.mark.parametrize(
    "name", ["document.getElementById", "foo.bar$1", "os.system", "fetch", "Function.constructor$1"]
)
def test_nothing_else_is_there(name: str) -> None:
    module = assemble(
        f'(module (import "imports" "{name}" (func $f (param externref) (result externref)))'
        ' (import "imports" "j2wasm.StringUtils.generateClassName" (func (result externref))) (export "f" (func $f)))'
    )
    with pytest.raises((wasmz.LinkError, wasmz.JavaScriptError), match=r"is not defined"):
        wasmz.bind(module).f("x")


def test_box2d_computes_what_it_does_in_node() -> None:
    path = jetstream(
        "wasm/j2cl-box2d/build/Box2dBenchmark_j2wasm_binary.wasm",
        "a8add82f3e8515239d74e4177610aa2fa3f9a01a3525e5465d985f64f259343e",
    )
    angles: list[float] = []

    def sine(angle: float) -> float:
        angles.append(angle)
        return math.sin(angle)

    wasmz.bind(path, imports={"imports": {"Math.sin": sine}}).runFixedCount(1)
    # As in node 25.
    digest = hashlib.sha256(struct.pack(f"<{len(angles)}d", *angles)).hexdigest()
    assert (len(angles), digest) == (57120, "66047e1b1513ddf4452cc8aa0fba6ed3e239ead087307103103c3c0c3b9203b1")
