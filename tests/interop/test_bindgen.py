"""wasm-bindgen's conventions, a part at a time, with a module and a glue of our own in its form."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.interop.packages import ROOT
from wasmz.interop.bindgen.glue import read_glue
from wasmz.interop.registry import families_of
from wasmz.text import assemble

MODULE = """
(module
  (import "wbg" "__wbindgen_string_new" (func $string_new (param i32 i32) (result i32)))
  (import "wbg" "__wbindgen_object_drop_ref" (func $drop (param i32)))
  (import "wbg" "__wbg_call_1" (func $call (param i32 i32 i32) (result i32)))
  (import "wbg" "__wbg_document_1" (func $document (result i32)))
  (import "wbg" "__wbg_odd_1" (func $odd (result i32)))
  (import "wbg" "__wbindgen_throw" (func $throw (param i32 i32)))
  (import "wbg" "__wbg_length_1" (func $length (param i32) (result i32)))
  (import "wbg" "__wbg_get_1" (func $get (param i32 i32) (result i32)))
  (import "wbg" "__wbg_random_1" (func $random (param i32)))
  (import "wbg" "__wbg_now_1" (func $now (result f64)))
  (import "wbg" "__wbindgen_closure_wrapper1" (func $wrap (param i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (table (export "__wbindgen_export_2") 8 funcref)
  (elem (i32.const 3) $dropped)
  (global $heap (mut i32) (i32.const 4096))
  (global $sp (mut i32) (i32.const 2048))
  (global $stored (mut i32) (i32.const 0))
  (global $freed (export "freed") (mut i32) (i32.const 0))
  (global $closed (export "closed") (mut i32) (i32.const 0))
  (data (i32.const 16) "no such thing")
  (func $malloc (export "__wbindgen_malloc") (param i32 i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.and (i32.add (global.get $heap) (i32.add (local.get 0) (i32.const 15))) (i32.const -8))))
  (func (export "__wbindgen_realloc") (param i32 i32 i32 i32) (result i32) (local.get 0))
  (func (export "__wbindgen_free") (param i32 i32 i32))
  (func (export "__wbindgen_exn_store") (param i32) (global.set $stored (local.get 0)))
  (func (export "__wbindgen_add_to_stack_pointer") (param i32) (result i32)
    (global.set $sp (i32.add (global.get $sp) (local.get 0)))
    (global.get $sp))
  ;; A string back in capitals, of ASCII letters.
  (func (export "shout") (param $ret i32) (param $text i32) (param $size i32)
    (local $at i32)
    (block (loop
      (br_if 1 (i32.ge_u (local.get $at) (local.get $size)))
      (i32.store8 (i32.add (local.get $text) (local.get $at))
        (i32.and (i32.load8_u (i32.add (local.get $text) (local.get $at))) (i32.const 0xdf)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br 0)))
    (i32.store (local.get $ret) (local.get $text))
    (i32.store offset=4 (local.get $ret) (local.get $size)))
  ;; Calls a function with a number, and gives what it returns, or the error that it threw.
  (func (export "apply") (param $ret i32) (param $function i32) (param $value i32)
    (local $result i32)
    (global.set $stored (i32.const 0))
    (local.set $result (call $call (local.get $function) (i32.const 128) (local.get $value)))
    (i32.store (local.get $ret) (local.get $result))
    (i32.store offset=4 (local.get $ret) (global.get $stored))
    (i32.store offset=8 (local.get $ret) (i32.ne (global.get $stored) (i32.const 0))))
  (func (export "fail") (call $throw (i32.const 16) (i32.const 13)))
  (func (export "browser") (result i32) (call $document))
  (func (export "odd") (result i32) (call $odd))
  (func (export "sum") (param $at i32) (param $count i32) (result f64)
    (local $sum f64)
    (block (loop
      (br_if 1 (i32.eqz (local.get $count)))
      (local.set $sum (f64.add (local.get $sum) (f64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br 0)))
    (local.get $sum))
  (func (export "maybe") (param $ret i32) (param $has i32) (param $value i32)
    (i32.store (local.get $ret) (local.get $has))
    (i32.store offset=4 (local.get $ret) (i32.add (local.get $value) (i32.const 1))))
  (func (export "wide") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
  (func (export "unsigned") (param i32) (result i32) (local.get 0))
  (func (export "is_odd") (param i32) (result i32) (i32.and (local.get 0) (i32.const 1)))
  (func (export "text_of") (param i32 i32) (result i32) (call $string_new (local.get 0) (local.get 1)))
  (func (export "item_length") (param i32 i32) (result i32) (call $length (call $get (local.get 0) (local.get 1))))
  (func (export "random") (param i32) (call $random (local.get 0)))
  (func (export "now") (result f64) (call $now))
  (func (export "adder") (param i32) (result i32) (call $wrap (local.get 0) (i32.const 7) (i32.const 3)))
  (func (export "closure_called") (param i32 i32 f64) (result f64)
    (f64.add (local.get 2) (f64.convert_i32_s (i32.add (local.get 0) (local.get 1)))))
  (func $dropped (param i32 i32) (global.set $closed (i32.add (global.get $closed) (local.get 0))))
  (func (export "release") (param i32) (call $drop (local.get 0)))
  (func (export "point_new") (param f64) (result i32)
    (local $at i32)
    (local.set $at (call $malloc (i32.const 8) (i32.const 8)))
    (f64.store (local.get $at) (local.get 0))
    (local.get $at))
  (func (export "__wbg_get_point_x") (param i32) (result f64) (f64.load (local.get 0)))
  (func (export "__wbg_set_point_x") (param i32 f64) (f64.store (local.get 0) (local.get 1)))
  (func (export "point_twice") (param i32) (result i32) (f64.store (local.get 0)
    (f64.mul (f64.load (local.get 0)) (f64.const 2))) (local.get 0))
  (func (export "point_take") (param i32) (result f64) (f64.load (local.get 0)))
  (func (export "__wbg_point_free") (param i32 i32) (global.set $freed (i32.add (global.get $freed) (i32.const 1)))))
"""

GLUE = """
let wasm;
globalThis.touched = true;
console.log("this is run by nobody"); // whatever stands here
const heap = new Array(128).fill(undefined);
heap.push(undefined, null, true, false);
function addHeapObject(obj) { heap.push(obj); return heap.length - 1; }
function dropObject(idx) { if (idx < 132) return; heap[idx] = heap_next; heap_next = idx; }
function handleError(f, args) {
    try { return f.apply(this, args); } catch (e) { wasm.__wbindgen_exn_store(addHeapObject(e)); } }
function makeMutClosure(arg0, arg1, dtor, f) {
    const state = { a: arg0, b: arg1, cnt: 1, dtor };
    wasm.__wbindgen_export_2.get(state.dtor)(a, state.b);
}
function __wbg_adapter_9(arg0, arg1, arg2) {
    const ret = wasm.closure_called(arg0, arg1, arg2);
    return ret;
}
/** What stands in comments { is not code. */
export function shout(text) {
    let deferred2_0;
    let deferred2_1;
    try {
        const retptr = wasm.__wbindgen_add_to_stack_pointer(-16);
        const ptr0 = passStringToWasm0(text, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len0 = WASM_VECTOR_LEN;
        wasm.shout(retptr, ptr0, len0);
        var r0 = getDataViewMemory0().getInt32(retptr + 4 * 0, true);
        var r1 = getDataViewMemory0().getInt32(retptr + 4 * 1, true);
        deferred2_0 = r0;
        deferred2_1 = r1;
        return getStringFromWasm0(r0, r1);
    } finally {
        wasm.__wbindgen_add_to_stack_pointer(16);
        wasm.__wbindgen_free(deferred2_0, deferred2_1, 1);
    }
}
export function apply(f, value) {
    try {
        const retptr = wasm.__wbindgen_add_to_stack_pointer(-16);
        wasm.apply(retptr, addBorrowedObject(f), addHeapObject(value));
        var r0 = getInt32Memory0()[retptr / 4 + 0];
        var r1 = getInt32Memory0()[retptr / 4 + 1];
        var r2 = getInt32Memory0()[retptr / 4 + 2];
        if (r2) { throw takeObject(r1); }
        return takeObject(r0);
    } finally {
        wasm.__wbindgen_add_to_stack_pointer(16);
        heap[stack_pointer++] = undefined;
    }
}
export function fail() { wasm.fail(); }
export function browser() { const ret = wasm.browser(); return takeObject(ret); }
export function odd() { const ret = wasm.odd(); return takeObject(ret); }
export function sum(values) {
    const ptr0 = passArrayF64ToWasm0(values, wasm.__wbindgen_malloc);
    const len0 = WASM_VECTOR_LEN;
    const ret = wasm.sum(ptr0, len0);
    return ret;
}
export function maybe(value) {
    try {
        const retptr = wasm.__wbindgen_add_to_stack_pointer(-16);
        wasm.maybe(retptr, !isLikeNone(value), isLikeNone(value) ? 0 : value);
        var r0 = getDataViewMemory0().getInt32(retptr + 4 * 0, true);
        var r1 = getDataViewMemory0().getInt32(retptr + 4 * 1, true);
        return r0 === 0 ? undefined : r1 >>> 0;
    } finally {
        wasm.__wbindgen_add_to_stack_pointer(16);
    }
}
export function wide(x) { const ret = wasm.wide(x); return BigInt.asUintN(64, ret); }
export function unsigned(x) { const ret = wasm.unsigned(x); return ret >>> 0; }
export function is_odd(x) { const ret = wasm.is_odd(x); return ret !== 0; }
export function text_of(text) {
    const ptr0 = passStringToWasm0(text, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
    const ret = wasm.text_of(ptr0, WASM_VECTOR_LEN);
    return takeObject(ret);
}
export function item_length(value, key) {
    const ret = wasm.item_length(addHeapObject(value), addHeapObject(key));
    return ret >>> 0;
}
export function random(view) { wasm.random(addHeapObject(view)); }
export function now() { const ret = wasm.now(); return ret; }
export function adder(a) { const ret = wasm.adder(a); return takeObject(ret); }
export function strange() { for (;;) {} }
export function absent() { wasm.not_there(); }
export const Color = Object.freeze({ Red: 0, "0": "Red", Blue: 5, "5": "Blue" });
const PointFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_point_free(ptr >>> 0, 1));
export class Point {
    static __wrap(ptr) { ptr = ptr >>> 0; const obj = Object.create(Point.prototype); obj.__wbg_ptr = ptr; return obj; }
    __destroy_into_raw() { const ptr = this.__wbg_ptr; this.__wbg_ptr = 0; return ptr; }
    free() { const ptr = this.__destroy_into_raw(); wasm.__wbg_point_free(ptr, 0); }
    constructor(x) {
        const ret = wasm.point_new(x);
        this.__wbg_ptr = ret >>> 0;
        PointFinalization.register(this, this.__wbg_ptr, this);
        return this;
    }
    get x() { const ret = wasm.__wbg_get_point_x(this.__wbg_ptr); return ret; }
    set x(arg0) { wasm.__wbg_set_point_x(this.__wbg_ptr, arg0); }
    twice() { const ptr = this.__destroy_into_raw(); const ret = wasm.point_twice(ptr); return Point.__wrap(ret); }
    static take(point) {
        _assertClass(point, Point);
        var ptr0 = point.__destroy_into_raw();
        const ret = wasm.point_take(ptr0);
        return ret;
    }
}
export function __wbindgen_string_new(arg0, arg1) {
    const ret = getStringFromWasm0(arg0, arg1); return addHeapObject(ret); };
export function __wbindgen_object_drop_ref(arg0) { takeObject(arg0); };
export function __wbg_call_1() { return handleError(function (arg0, arg1, arg2) {
    const ret = getObject(arg0).call(getObject(arg1), getObject(arg2));
    return addHeapObject(ret);
}, arguments) };
export function __wbg_document_1() { const ret = document.title; return addHeapObject(ret); };
export function __wbg_odd_1() { while (true) { steal(); } };
export function __wbindgen_throw(arg0, arg1) { throw new Error(getStringFromWasm0(arg0, arg1)); };
export function __wbg_length_1(arg0) { const ret = getObject(arg0).length; return ret; };
export function __wbg_get_1(arg0, arg1) {
    const ret = Reflect.get(getObject(arg0), getObject(arg1)); return addHeapObject(ret); };
export function __wbg_random_1(arg0) { crypto.getRandomValues(getObject(arg0)); };
export function __wbg_now_1() { const ret = Date.now(); return ret; };
export function __wbindgen_closure_wrapper1(arg0, arg1, arg2) {
    const ret = makeMutClosure(arg0, arg1, arg2, __wbg_adapter_9);
    return addHeapObject(ret);
};
"""


@pytest.fixture
def lib(tmp_path: Path) -> Any:
    (tmp_path / "own_bg.wasm").write_bytes(assemble(MODULE))
    (tmp_path / "own.js").write_text(GLUE)
    return wasmz.bind(tmp_path / "own_bg.wasm")


def test_strings_numbers_and_options(lib: Any) -> None:
    assert lib.shout("hello") == "HELLO"
    assert lib.text_of("日本 \N{GRINNING FACE}") == "日本 \N{GRINNING FACE}"
    assert lib.text_of("a\ud800b") == "a\N{REPLACEMENT CHARACTER}b"
    assert lib.maybe(4) == 5
    assert lib.maybe(None) is None
    assert lib.maybe() is None
    assert lib.wide(2**64 - 1) == 0
    assert lib.wide(-3) == 2**64 - 2
    assert lib.unsigned(-1) == lib.unsigned(2**32 - 1) == 2**32 - 1
    assert lib.is_odd(3) is True
    assert lib.sum([1.5, 2, True]) == lib.sum((1.5, 2, 1)) == 4.5
    with pytest.raises(wasmz.JavaScriptError, match="a string is wanted, not number"):
        lib.shout(5)


def test_functions_and_errors(lib: Any) -> None:
    assert lib.apply(lambda x: x + 1, 41) == 42
    assert lib.apply(lambda: {"a": (1, 2), "b": b"x"}, 1) == {"a": (1, 2), "b": b"x"}
    assert lib.apply(lambda x: x, None) is None
    mistake = KeyError("mine")

    def raise_it(x: object) -> None:
        raise mistake

    with pytest.raises(KeyError) as caught:
        lib.apply(raise_it, 1)
    assert caught.value is mistake
    with pytest.raises(wasmz.JavaScriptError, match="^no such thing$"):
        lib.fail()
    with pytest.raises(wasmz.JavaScriptError, match="5.call is not a function"):
        lib.apply(5, 1)


def test_what_ends_a_program_is_not_caught_by_a_module(lib: Any) -> None:
    def interrupt(x: object) -> None:
        raise KeyboardInterrupt

    def trap(x: object) -> None:
        raise wasmz.Interrupted

    with pytest.raises(KeyboardInterrupt):
        lib.apply(interrupt, 1)
    with pytest.raises(wasmz.Interrupted):
        lib.apply(trap, 1)


def test_classes(lib: Any) -> None:
    point = lib.Point(1.5)
    assert point.x == 1.5
    point.x = 3
    double = point.twice()
    assert double.x == 6.0
    assert "freed" in repr(point)
    assert lib.Point.take(double) == 6.0
    with pytest.raises(wasmz.JavaScriptError, match="expected instance of Point"):
        lib.Point.take(5)
    instance = lib.__wasm_instance__
    with lib.Point(2) as other:
        assert other.x == 2
    assert instance.exports["freed"].value == 1
    other.free()
    assert instance.exports["freed"].value == 1
    lib.Point(9)
    gc.collect()
    # It is freed at the next call, and not in the middle of one.
    assert lib.is_odd(1) is True
    assert instance.exports["freed"].value == 2


def test_closures(lib: Any) -> None:
    add = lib.adder(10)
    assert add(5) == 22
    assert lib.apply(add, 1) == 18
    assert lib.__wasm_instance__.exports["closed"].value == 0


def test_enumerations(lib: Any) -> None:
    assert (lib.Color.Red, lib.Color.Blue) == (0, 5)


def test_objects_of_python_are_closed_to_a_module(lib: Any) -> None:
    class Secret:
        def __init__(self) -> None:
            self.key = [1, 2, 3]

    assert lib.item_length({"key": [1, 2, 3]}, "key") == 3
    assert lib.item_length(["abc"], 0) == 3
    for name in ("key", "__class__", "__dict__"):
        with pytest.raises(wasmz.JavaScriptError, match="Cannot read properties of undefined"):
            lib.item_length(Secret(), name)
    with pytest.raises(wasmz.JavaScriptError, match="Cannot read properties of undefined"):
        lib.item_length(lib.apply, "__globals__")


def test_a_module_gets_what_is_listed_and_nothing_else(lib: Any) -> None:
    room = bytearray(64)
    lib.random(room)
    assert room != bytearray(64)
    assert 1.6e12 < lib.now() < 1e14
    with pytest.raises(wasmz.JavaScriptError, match="document is not defined: it is the browser's"):
        lib.browser()


def test_nothing_of_the_glue_is_run(lib: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(wasmz.JavaScriptError, match="__wbg_odd_1 of the glue is not of a form that is known"):
        lib.odd()
    with pytest.raises(wasmz.JavaScriptError, match="strange of the glue is not of a form that is known"):
        lib.strange()
    with pytest.raises(wasmz.JavaScriptError, match="the module exports no function 'not_there'"):
        lib.absent()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "glue",
    [
        "",
        "this is no script \\",
        "function f( {",
        "export class X {",
        "let x = 'unfinished",
        "export function f(a) { return " + "(" * 10_000 + "1" + ")" * 10_000 + "; }",
        "`${" * 500,
    ],
)
def test_other_files_are_link_errors_or_unreadable(glue: str, tmp_path: Path) -> None:
    (tmp_path / "own_bg.wasm").write_bytes(assemble(MODULE))
    (tmp_path / "own.js").write_text(glue)
    with pytest.raises((wasmz.LinkError, wasmz.JavaScriptError)):
        wasmz.bind(tmp_path / "own_bg.wasm", tmp_path / "own.js").f(1)


def test_names_of_a_glue_do_not_become_code(tmp_path: Path) -> None:
    glue = GLUE + "\nexport function évil$x(a$b) { const π = a$b; return `${π}'); import os #`; }\n"
    (tmp_path / "own_bg.wasm").write_bytes(assemble(MODULE))
    (tmp_path / "own.js").write_text(glue)
    assert getattr(wasmz.bind(tmp_path / "own_bg.wasm"), "évil$x")(5) == "5'); import os #"


def test_without_a_glue_the_error_says_what_is_needed(tmp_path: Path) -> None:
    (tmp_path / "own_bg.wasm").write_bytes(assemble(MODULE))
    with pytest.raises(wasmz.LinkError, match="Rust with wasm-bindgen, and needs its .js file"):
        wasmz.bind(tmp_path / "own_bg.wasm")
    with pytest.raises(wasmz.LinkError, match=r"wasmz\.bind\(file, glue\)"):
        wasmz.instantiate(tmp_path / "own_bg.wasm")


def test_linker_and_imports_of_ones_own() -> None:
    module = wasmz.Module.compile(assemble(MODULE))
    linker = wasmz.Linker(module.engine)
    linker.define("wbg", "__wbindgen_throw", lambda start, size: None)
    linker.define_wasm_bindgen(module, GLUE)
    first, second = (wasmz.Instance(wasmz.Store(module.engine), module, linker) for _ in range(2))
    first.exports.fail()
    assert first.exports.now() <= second.exports.now()


@pytest.mark.parametrize(
    "form",
    [
        "imports.wbg.NAME = function(arg0) { return arg0; };",
        "module.exports.NAME = function(arg0) { return arg0; };",
        "__exports.NAME = function(arg0) { return arg0; };",
        "export function NAME(arg0) { return arg0; }",
        "const import0 = { __proto__: null, NAME: function(arg0) { return arg0; } };",
        "function __wbg_get_imports() { imports.wbg.NAME = (arg0) => { return arg0; }; return imports; }",
        "(function() { imports.wbg.NAME = function(arg0) { return arg0; }; })();",
        "imports.wbg.NAME = function() { return handleError(function (arg0) { return arg0; }, arguments) };",
        "import0 = { NAME(arg0) { return arg0; } };",
    ],
)
def test_forms_of_imports(form: str) -> None:
    function = read_glue(form.replace("NAME", "__wbg_x_1")).functions["__wbg_x_1"]
    assert function.params == ["arg0"]
    assert [text for _, text in function.body] == ["return", "arg0", ";"]
    assert function.catches == ("handleError" in form)


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
def test_inspect_names_the_toolchain(tmp_path: Path) -> None:
    (tmp_path / "own_bg.wasm").write_bytes(assemble(MODULE))
    command = [sys.executable, "-m", "wasmz", "inspect", str(tmp_path / "own_bg.wasm")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "made by Rust with wasm-bindgen: needs its .js file: wasmz.bind(file)" in shown
    found = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert [item["name"] for item in found["toolchains"]] == ["wasm-bindgen"]


@pytest.mark.parametrize(
    ("imports", "names"),
    [
        ('(import "gojs" "runtime.ticks" (func (result i64)))', ["go"]),
        ('(import "wasm:js-string" "length" (func (param externref) (result i32)))', ["js-strings"]),
        ('(import "\'" "text" (global externref))', ["js-strings"]),
        ('(import "WebAssembly" "JSTag" (tag (param externref)))', ["js-strings"]),
        ('(import "env" "abort" (func (param i32 i32 i32 i32)))', ["assemblyscript"]),
        ('(import "env" "abort" (func))', []),
        ('(import "./foo_bg.js" "__wbindgen_throw" (func (param i32 i32)))', ["wasm-bindgen"]),
        ('(import "env" "log" (func (param i32)))', []),
    ],
)
def test_families_are_told_by_their_imports(imports: str, names: list[str]) -> None:
    assert families_of(wasmz.Module.compile(assemble(f"(module {imports})"))) == names


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
def test_python_imports_such_modules(tmp_path: Path) -> None:
    (tmp_path / "own_bg.wasm").write_bytes(assemble(MODULE))
    (tmp_path / "own.js").write_text(GLUE)
    program = "import wasmz.importer, own_bg; print(own_bg.shout('hi'), own_bg.Point(2).x, own_bg.Color.Blue)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert (done.stdout, done.stderr) == ("HI 2.0 5\n", "")
    command = [sys.executable, "-m", "wasmz", "compile", "own_bg.wasm", "-o", "own_bg.pyc"]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, env=environment)
    (tmp_path / "own_bg.wasm").unlink()
    done = subprocess.run(
        [sys.executable, "-c", program.replace("wasmz.importer, ", "")], capture_output=True, text=True, env=environment
    )
    assert (done.stdout, done.stderr) == ("HI 2.0 5\n", "")
