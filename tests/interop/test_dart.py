"""Dart's modules: the forms of its JavaScript, in text, and programs of the repository of JetStream."""

from __future__ import annotations

import hashlib
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.interop.jetstream import jetstream
from wasmz.text import assemble

MODULE = """(module
  (type $bytes (array (mut i8)))
  (import "dart2wasm" "_1" (func $print (param externref)))
  (import "dart2wasm" "_2" (func $later (param f64 anyref) (result f64)))
  (import "dart2wasm" "_3" (func $soon (param anyref)))
  (import "dart2wasm" "_4" (func $wrap (param anyref) (result externref)))
  (import "dart2wasm" "_5" (func $is_wrapped (param externref) (result i32)))
  (import "dart2wasm" "_6" (func $set (param externref externref externref) (result externref)))
  (import "dart2wasm" "_7" (func $global (result externref)))
  (import "dart2wasm" "_8" (func $item (param externref i32) (result externref)))
  (import "dart2wasm" "_9" (func $length (param externref) (result f64)))
  (import "dart2wasm" "_10" (func $upper (param externref) (result externref)))
  (import "dart2wasm" "_11" (func $parse (param externref) (result f64)))
  (import "dart2wasm" "_12" (func $copy (param externref i32 (ref null $bytes) i32 i32)))
  (import "dart2wasm" "_13" (func $pattern (param externref externref) (result externref)))
  (import "dart2wasm" "_14" (func $radix (param f64 i32) (result externref)))
  (import "dart2wasm" "_15" (func $unwrap (param externref) (result anyref)))
  (import "dart2wasm" "_16" (func $browser (result externref)))
  (import "Math" "pow" (func $pow (param f64 f64) (result f64)))
  (import "wasm:js-string" "concat" (func $concat (param externref externref) (result (ref extern))))
  (import "S" "hello " (global $hello externref))
  (import "S" "twice" (global $twice externref))
  (import "S" "a timer" (global $timer externref))
  (import "S" "a job" (global $job externref))
  (type $box (struct (field externref)))
  (func (export "$invokeCallback") (param anyref)
    (call $print (struct.get $box 0 (ref.cast (ref $box) (local.get 0)))))
  (func (export "$invokeMain") (param externref)
    (if (f64.gt (call $length (local.get 0)) (f64.const 0))
      (then (call $print (call $concat (global.get $hello) (call $item (local.get 0) (i32.const 0))))))
    (drop (call $later (f64.const 2) (struct.new $box (global.get $timer))))
    (call $soon (struct.new $box (global.get $job)))
    (drop (call $set (call $global) (global.get $twice) (call $wrap (struct.new $box (global.get $hello))))))
  (func (export "_4") (param anyref f64 externref) (result externref)
    (call $concat (call $concat (struct.get $box 0 (ref.cast (ref $box) (local.get 0)))
      (call $radix (local.get 1) (i32.const 10))) (local.get 2)))
  (func (export "$wasmI8ArraySet") (param (ref null $bytes) i32 i32)
    (array.set $bytes (local.get 0) (local.get 1) (local.get 2)))
  (func (export "sum") (param externref) (result i32) (local $bytes (ref null $bytes))
    (local.set $bytes (array.new_default $bytes (i32.const 3)))
    (call $copy (local.get 0) (i32.const 0) (local.get $bytes) (i32.const 0) (i32.const 3))
    (i32.add (array.get_u $bytes (local.get $bytes) (i32.const 0))
      (i32.mul (i32.const 256) (array.get_u $bytes (local.get $bytes) (i32.const 2)))))
  (func (export "wrapped") (param externref) (result i32) (call $is_wrapped (local.get 0)))
  (func (export "same") (result i32) (local $box anyref)
    (local.set $box (struct.new $box (global.get $hello)))
    (ref.eq (ref.cast eqref (local.get $box)) (ref.cast eqref (call $unwrap (call $wrap (local.get $box))))))
  (func (export "upper") (param externref) (result externref) (call $upper (local.get 0)))
  (func (export "parse") (param externref) (result f64) (call $parse (local.get 0)))
  (func (export "pattern") (param externref externref) (result externref) (call $pattern (local.get 0) (local.get 1)))
  (func (export "radix") (param f64 i32) (result externref) (call $radix (local.get 0) (local.get 1)))
  (func (export "pow") (param f64 f64) (result f64) (call $pow (local.get 0) (local.get 1)))
  (func (export "browser") (result externref) (call $browser)))"""
SCRIPT = """
class CompiledApp {
  async instantiate(additionalImports, {loadDeferredWasm, loadDynamicModule} = {}) {
    let dartInstance;
    function printToConsole(value) { console.log(value); }
    const jsWrappedDartFunctionSymbol = Symbol("JSWrappedDartFunction");
    function finalizeWrapper(dartFunction, wrapped) {
      wrapped.dartFunction = dartFunction; wrapped[jsWrappedDartFunctionSymbol] = true; return wrapped; }
    // Imports
    const dart2wasm = {
      _1: s => printToConsole(s),
      _2: (ms, c) =>
      setTimeout(() => dartInstance.exports.$invokeCallback(c),ms),
      _3: (c) =>
      queueMicrotask(() => dartInstance.exports.$invokeCallback(c)),
      _4: f => finalizeWrapper(f, function(x0) { return dartInstance.exports._4(f,arguments.length,x0) }),
      _5: o => typeof o === 'function' && o[jsWrappedDartFunctionSymbol] === true,
      _6: (o,p,v) => o[p] = v,
      _7: () => globalThis,
      _8: (a, i) => a[i],
      _9: a => a.length,
      _10: Function.prototype.call.bind(String.prototype.toUpperCase),
      _11: s => {
        if (!/^\\s*[+-]?(?:Infinity|NaN|(?:\\.\\d+|\\d+(?:\\.\\d*)?)(?:[eE][+-]?\\d+)?)\\s*$/.test(s)) {
          return NaN;
        }
        return parseFloat(s);
      },
      _12: (jsArray, jsArrayOffset, wasmArray, wasmArrayOffset, length) => {
        const setValue = dartInstance.exports.$wasmI8ArraySet;
        for (let i = 0; i < length; i++) {
          setValue(wasmArray, wasmArrayOffset + i, jsArray[jsArrayOffset + i]);
        }
      },
      _13: (s, m) => {
        try {
          return new RegExp(s, m);
        } catch (e) {
          return String(e);
        }
      },
      _14: Function.prototype.call.bind(Number.prototype.toString),
      _15: f => f.dartFunction,
      _16: () => globalThis.document.title,

    };
    const baseImports = { dart2wasm: dart2wasm, Math: Math, S: new Proxy({}, { get(_, prop) { return prop; } }) };
  }
}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own.wasm").write_bytes(assemble(MODULE))
    (tmp_path / "own.mjs").write_text(SCRIPT)
    return tmp_path / "own.wasm"


def test_own_form(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lib = wasmz.bind(own)
    assert lib.twice("x") == "hello 1x"
    assert (lib.upper("straße"), lib.radix(255, 16), lib.pow(2, 10), lib.same()) == ("STRASSE", "ff", 1024, 1)
    assert (lib.sum(b"\x01\x02\x03"), lib.sum([5, 6, 7])) == (1 + 256 * 3, 5 + 256 * 7)
    assert (lib.parse(" 1.5e2 "), lib.parse(".5")) == (150, 0.5)
    assert lib.parse("1.5.2") != lib.parse("1.5.2")
    assert str(lib.pattern("(", "")).startswith("SyntaxError: Invalid regular expression")
    assert not lib.wrapped(len)
    with pytest.raises(wasmz.JavaScriptError, match="Cannot read properties of undefined"):
        lib.browser()
    assert capsys.readouterr().out.startswith("a job\n")


def test_a_run_gets_arguments_and_waits(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert wasmz.run(own, ["you", "others"], text=True).stdout == "hello you\na job\na timer\n"
    assert wasmz.run(own, text=True).stdout == "a job\na timer\n"
    assert capsys.readouterr().out == ""


def test_users_give_globals(own: Path) -> None:
    assert wasmz.bind(own, globals={"document": {"title": "mine"}}).browser() == "mine"


def test_without_its_javascript_the_error_says_so(own: Path) -> None:
    own.with_suffix(".mjs").unlink()
    with pytest.raises(wasmz.LinkError, match="made by Dart, and needs its .mjs file beside it"):
        wasmz.bind(own)
    with pytest.raises(wasmz.LinkError, match="dart2wasm is the JavaScript of Dart: wasmz.bind"):
        wasmz.instantiate(own)


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
def test_the_command_line_runs_it(own: Path) -> None:
    command = [sys.executable, "-m", "wasmz", "run", str(own), "you"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "hello you\na job\na timer\n"


@pytest.mark.parametrize(
    ("name", "sha256", "calls", "digest"),
    [
        # How often node 25 calls functions of Math, and the digest of their first arguments.
        (
            "complex",
            "3f126f52f01e49d628081c3b1f1cf406718d86e88078e374ac073930c87a256d",
            2306,
            "170f21532bcb433a63d92c09fee268c94644c7bb856cda0838a7eb418d43438c",
        ),
        (
            "todomvc",
            "fd7a58e976d8afabed991c9742b3d5a7bb1880727730e236216a4e212029633c",
            12,
            "bdf6847491e8d55814e420bc9182b58dfe104397e83f4cf5d311be870b74b08b",
        ),
    ],
)
def test_flute_computes_what_it_does_in_node(
    name: str, sha256: str, calls: int, digest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from wasmz.interop.dart import run_main
    from wasmz.interop.javascript.standard import GLOBALS
    from wasmz.interop.snippets.session import session_of

    path = jetstream(f"Dart/build/flute.{name}.dart2wasm.wasm", sha256)
    seen: list[float] = []

    def noting(function: Callable[..., float]) -> Callable[..., float]:
        def run(*args: float) -> float:
            seen.append(args[0])
            return function(*args)

        return run

    functions: Any = GLOBALS["Math"].members
    noted = {each: noting(functions[each].function) for each in ("sin", "cos", "asin", "atan2", "exp", "log")}
    # Time stands still.
    still = {"_74": lambda: 1e12, "_80": lambda: 0.0, "_81": lambda: 1e12}
    instance = wasmz.instantiate(path, {"Math": noted, "dart2wasm": still})
    session_of(instance).give({"window": {}})
    run_main(instance, ["flute", "1000000000", "2", "0"])
    assert (len(seen), hashlib.sha256(struct.pack(f"<{len(seen)}d", *seen)).hexdigest()) == (calls, digest)
    title = {"complex": "FluteComplex", "todomvc": "FluteTodoMVC"}[name]
    assert capsys.readouterr().out == "".join(
        f"{title}.{what}: 0 us.\n"
        for what in (
            *("TimeToMain(StartupTime)", "TimeToFirstFrame(StartupTime)", "AverageBuild(RunTimeRaw)"),
            *("AverageDraw(RunTimeRaw)", "AverageFrame(RunTime)"),
        )
    )
