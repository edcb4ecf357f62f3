"""The builtins of ``wasm:js-string``, string constants, and exceptions of JavaScript."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import wasmz
from wasmz.text import assemble

BUILTINS = {
    "cast": "(param externref) (result (ref extern))",
    "test": "(param externref) (result i32)",
    "fromCharCode": "(param i32) (result (ref extern))",
    "fromCodePoint": "(param i32) (result (ref extern))",
    "charCodeAt": "(param externref i32) (result i32)",
    "codePointAt": "(param externref i32) (result i32)",
    "length": "(param externref) (result i32)",
    "concat": "(param externref externref) (result (ref extern))",
    "substring": "(param externref i32 i32) (result (ref extern))",
    "equals": "(param externref externref) (result i32)",
    "compare": "(param externref externref) (result i32)",
}
ARRAYS = """
  (type $units (array (mut i16)))
  (import "wasm:js-string" "fromCharCodeArray"
    (func $from (param (ref null $units) i32 i32) (result (ref extern))))
  (import "wasm:js-string" "intoCharCodeArray" (func $into (param externref (ref null $units) i32) (result i32)))
"""
MODULE = (
    "(module "
    + ARRAYS
    + "".join(f'(import "wasm:js-string" "{name}" (func ${name} {type}))' for name, type in BUILTINS.items())
    + "".join(f'(export "{name}" (func ${name}))' for name in BUILTINS)
    + """
  ;; A string through an array of so many units, into it at one place and from it between two.
  (func (export "through") (param externref i32 i32 i32 i32) (result externref)
    (local $array (ref null $units))
    (local.set $array (array.new_default $units (local.get 1)))
    (drop (call $into (local.get 0) (local.get $array) (local.get 2)))
    (call $from (local.get $array) (local.get 3) (local.get 4)))
  (func (export "null_array") (drop (call $from (ref.null $units) (i32.const 0) (i32.const 0)))))
"""
)
TEXTS = [
    "",
    "a",
    "hello",
    "wörld",
    "日本語",
    "a\N{GRINNING FACE}b",
    "\ud83d",
    "\ude00x",
    "\N{GRINNING FACE}",
    "\uff5e",
    "aa",
]


@pytest.fixture(scope="module")
def strings() -> Any:
    return wasmz.instantiate(assemble(MODULE)).exports


def units(text: str) -> list[int]:
    data = text.encode("utf-16-le", "surrogatepass")
    return [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)]


def text_of(codes: list[int]) -> str:
    return b"".join(code.to_bytes(2, "little") for code in codes).decode("utf-16-le", "surrogatepass")


@pytest.mark.parametrize("text", TEXTS)
def test_units_of_a_string(strings: Any, text: str) -> None:
    expected = units(text)
    assert strings.length(text) == len(expected)
    assert [strings.charCodeAt(text, at) for at in range(len(expected))] == expected
    for start, end in itertools.product(range(-1, len(expected) + 2), repeat=2):
        first, last = start % 2**32, end % 2**32
        assert strings.substring(text, start, end) == text_of(expected[first:last] if first < last else [])
    for position in (-1, len(expected), 2**31 - 1):
        with pytest.raises(wasmz.Trap, match="outside of the string"):
            strings.charCodeAt(text, position)
        with pytest.raises(wasmz.Trap, match="outside of the string"):
            strings.codePointAt(text, position)
    size = len(expected) + 5
    assert strings.through(text, size, 3, 3, 3 + len(expected)) == text
    assert strings.through(text, size, 5, 0, size) == "\0" * 5 + text
    with pytest.raises(wasmz.Trap, match="out of bounds array access"):
        strings.through(text, size, 6, 0, 0)
    with pytest.raises(wasmz.Trap, match="out of bounds array access"):
        strings.through(text, size, 0, 1, size + 1)
    with pytest.raises(wasmz.Trap, match="out of bounds array access"):
        strings.through(text, size, 0, 2, 1)


@pytest.mark.parametrize(("left", "right"), [*itertools.product(TEXTS, repeat=2)])
def test_two_strings(strings: Any, left: str, right: str) -> None:
    both = strings.concat(left, right)
    assert units(both) == units(left) + units(right)
    assert both == text_of(units(both))
    assert strings.equals(left, right) == (left == right)
    ours, theirs = units(left), units(right)
    assert strings.compare(left, right) == (ours > theirs) - (ours < theirs)


def test_characters(strings: Any) -> None:
    assert strings.fromCharCode(0x1_0041) == "A"
    assert strings.fromCharCode(0xD83D) == "\ud83d"
    assert strings.fromCodePoint(0x1F600) == "\N{GRINNING FACE}"
    assert strings.codePointAt("a\N{GRINNING FACE}", 1) == 0x1F600
    assert strings.codePointAt("a\N{GRINNING FACE}", 2) == 0xDE00
    assert strings.codePointAt("\ud83dx", 0) == 0xD83D
    for code in (-1, 0x110000):
        with pytest.raises(wasmz.Trap, match="out of range"):
            strings.fromCodePoint(code)


def test_what_is_no_string(strings: Any) -> None:
    assert [strings.test(value) for value in ("", "x", None, 5, b"x")] == [1, 1, 0, 0, 0]
    assert strings.cast("x") == "x"
    assert strings.equals(None, None) == 1
    assert strings.equals(None, "") == 0
    for value in (None, 5, b"x", ["x"]):
        for call in (
            strings.cast,
            strings.length,
            lambda value: strings.charCodeAt(value, 0),
            lambda value: strings.concat("x", value),
            lambda value: strings.substring(value, 0, 1),
            lambda value: strings.compare(value, "x"),
            lambda value: strings.through(value, 1, 0, 0, 0),
        ):
            with pytest.raises(wasmz.Trap):
                call(value)
    with pytest.raises(wasmz.Trap, match="null reference"):
        strings.null_array()


CONSTANTS = """
(module
  (import "wasm:js-string" "concat" (func $concat (param externref externref) (result (ref extern))))
  (import "S" "hello, " (global $hello (ref extern)))
  (import "S" "wörld \U0001f600" (global $world externref))
  (import "'" "" (global $empty externref))
  (func (export "greet") (result externref)
    (call $concat (call $concat (global.get $hello) (global.get $world)) (global.get $empty))))
"""


def test_constants() -> None:
    data = assemble(CONSTANTS)
    assert wasmz.instantiate(data).exports.greet() == "hello, wörld \N{GRINNING FACE}"
    module = wasmz.Module.compile(data)
    linker = wasmz.Linker(module.engine)
    linker.define_js_strings(module, "'")
    with pytest.raises(wasmz.LinkError, match="import S.hello, "):
        wasmz.Instance(wasmz.Store(module.engine), module, linker)
    linker.define("S", "hello, ", wasmz.Global(store := wasmz.Store(module.engine), module.imports[1].type, "bye, "))
    linker.define_js_strings(module, "S")
    assert wasmz.Instance(store, module, linker).exports.greet() == "bye, wörld \N{GRINNING FACE}"


def test_two_thousand_constants() -> None:
    imports = "".join(f'(import "\'" "text {n}" (global externref))' for n in range(2_000))
    exports = wasmz.instantiate(assemble(f'(module {imports} (export "last" (global 1999)))')).exports
    assert exports.last.value == "text 1999"


THROWING = """
(module
  (import "WebAssembly" "JSTag" (tag $js (param externref)))
  (import "env" "call" (func $call (param i32) (result externref)))
  (func (export "caught") (param i32) (result externref)
    (block $handler (result externref)
      (try_table (catch $js $handler) (return (call $call (local.get 0))))
      (unreachable)))
  (func (export "thrown") (param externref) (throw $js (local.get 0)))
  (func (export "again") (param i32) (result externref)
    (block $handler (result externref)
      (try_table (catch $js $handler) (return (call $call (local.get 0))))
      (unreachable))
    (throw $js)))
"""


def test_exceptions_of_the_host_are_caught_and_thrown() -> None:
    mistake = ValueError("mine")

    def call(kind: int) -> Any:
        if kind == 1:
            raise mistake
        if kind == 2:
            raise wasmz.Interrupted
        if kind == 3:
            return inner.thrown(mistake)
        return kind

    data = assemble(THROWING)
    for import_ in (call, wasmz.HostFunc(call, [wasmz.ValType.I32], [wasmz.ValType.EXTERNREF])):
        exports = inner = wasmz.instantiate(data, {"env": {"call": import_}}).exports
        assert exports.caught(5) == 5
        assert exports.caught(1) is mistake
        assert exports.caught(3) is mistake
        with pytest.raises(wasmz.Interrupted):
            exports.caught(2)
        for function, args in ((exports.thrown, (mistake,)), (exports.again, (1,))):
            with pytest.raises(wasmz.WasmException) as raised:
                function(*args)
            assert raised.value.values == (mistake,)


def test_a_string_has_an_end() -> None:
    text = """(module
      (import "wasm:js-string" "concat" (func $concat (param externref externref) (result (ref extern))))
      (func (export "double") (param $s externref) (param $n i32) (result externref)
        (loop $again
          (local.set $s (call $concat (local.get $s) (local.get $s)))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $s)))"""
    double = wasmz.instantiate(assemble(text)).exports.double
    assert double("ab", 10) == "ab" * 1024
    with pytest.raises(wasmz.Trap, match="the string would be too long") as raised:
        double("ab", 40)
    assert raised.value.code is wasmz.TrapCode.OUT_OF_SYSTEM_MEMORY
