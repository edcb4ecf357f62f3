"""JavaScript of GC modules that was written to harm its host: what it may nest, hold, search for and catch."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.interop.test_hostile_glue import bound
from tests.interop.test_kotlin import snippet
from wasmz.text import assemble

ROOT = Path(__file__).resolve().parents[2]
needs_threads = pytest.mark.skipif(sys.platform == "emscripten", reason="deadlines need threads")
needs_processes = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")


# --- deadlines: nothing of a script's catches them, or goes on after them ---------------------------------------------


@needs_threads
@pytest.mark.parametrize(
    "body",
    [
        "try { for (;;) { } } finally { throw new Error('mine') }",
        "try { try { for (;;) { } } finally { throw new Error('mine') } } catch (e) { }",
        "try { for (;;) { } } catch (e) { } finally { f = 0 }",
        "const again = () => queueMicrotask(again); again()",
        "const again = () => Promise.resolve(1).then(again); again()",
        "setTimeout(() => { for (;;) { } }, 0)",
        "const again = () => setTimeout(again, 0); again()",
        "new Promise(() => { for (;;) { } })",
    ],
)
def test_what_is_endless_ends_at_the_deadline(tmp_path: Path, body: str) -> None:
    text = '(module (import "js_code" "f" (func $f)) (func (export "_start") (call $f)))'
    (tmp_path / "f.wasm").write_bytes(assemble(text))
    (tmp_path / "f.import-object.mjs").write_text(f"const js_code = {{ 'f': () => {{ let f = 1; {body} }} }}")
    assert isinstance(wasmz.run(tmp_path / "f.wasm", timeout=0.3).trap, wasmz.Interrupted)


@needs_threads
def test_functions_of_the_glue_end_at_the_deadline(tmp_path: Path) -> None:
    # The module itself is never called.
    before = "export function endless() { return [1,2,3,4].map(f); }" + "".join(
        f"function {name}() {{ return [1,2,3,4,5,6,7,8].map({called}); }}"
        for name, called in zip("fghijklmno", "ghijklmnop", strict=True)
    )
    lib = bound(tmp_path, "return 1", before + "function p() { return 1; }")
    store = lib.__wasm_instance__.store
    store.set_deadline(0.3)
    try:
        with pytest.raises(wasmz.Interrupted):
            lib.endless()
    finally:
        store.set_deadline(None)


@pytest.mark.parametrize(
    "body",
    [
        *("try { } finally { return 1 }", "for (;;) { try { } finally { break } }"),
        "for (;;) { try { } finally { if (x) continue; } }",
        "try {} finally {" * 15 + "x;" + "}" * 15,
        "try {" + "if (x) return 1;" * 1_000 + "} finally {" + "x;" * 1_000 + "}",
    ],
)
def test_what_finally_does_is_bounded(tmp_path: Path, body: str) -> None:
    # CPython copies it for each jump, and a jump out of it would end what no guest may catch.
    with pytest.raises(wasmz.WasmzError, match="not of a form that is known: .*finally"):
        snippet(tmp_path, f"(x) => {{ {body} }}")(None)


def test_what_finally_does_is_done(tmp_path: Path) -> None:
    # The values are ECMAScript's.
    code = "(x) => { const r = []; try { try { r.push(1); x(); } finally { r.push(2); for (;;) { break } } } catch (e) "
    assert snippet(tmp_path, code + "{ r.push(e.name) } return r }")(5) == [1, 2, "TypeError"]
    code = "(x) => { const r = []; const f = () => { try { return 1 } finally { r.push(2) } }; r.push(f()); return r }"
    assert snippet(tmp_path, code)(None) == [2, 1]


# --- the stack of C, and memory ---------------------------------------------------------------------------------------

NESTED = [
    "const f = (n) => f(n + 1); f(0)",
    "const f = (n) => [2, 1].sort(() => f(n + 1)); f(0)",
    "const f = (n) => [1].map(() => f(n + 1)); f(0)",
    "const f = (n) => [1].find(() => f(n + 1)); f(0)",
    "const f = (n) => 'a'.replace(/a/, () => f(n + 1)); f(0)",
    "let f = () => 1; for (let i = 0; i < 60000; i++) f = f.bind(null); f()",
    "const a = []; a.push(a); console.log(a)",
    "let a = []; for (let i = 0; i < 60000; i++) a = [a]; console.log(a)",
    "let a = []; for (let i = 0; i < 60000; i++) a = [a]; a()",
    "let a = []; for (let i = 0; i < 60000; i++) a = [a]; throw a",
    "let a = []; for (let i = 0; i < 60000; i++) a = [a]; return a",
    "return globalThis",
]
PROGRAM = """
    import sys, wasmz
    engine = wasmz.Engine(wasmz.Config(max_call_depth=30_000))
    lib = wasmz.bind("f.wasm", engine=engine)
    for name in dir(lib):
        try:
            getattr(lib, name)(3)
        except (wasmz.WasmzError, RecursionError):
            pass
    print("alive")
"""


@needs_processes
def test_nothing_takes_the_whole_stack(tmp_path: Path) -> None:
    numbers = range(len(NESTED))
    functions = ", ".join(f"'{number}': () => {{ {body} }}" for number, body in enumerate(NESTED))
    imports = "".join(f'(import "js_code" "{n}" (func $f{n} (result externref)))' for n in numbers)
    # Calls of functions that call themselves raise the recursion limit.
    exports = "".join(
        f"""(func $g{n} (export "g{n}") (param i32) (result externref)
          (if (result externref) (local.get 0)
            (then (call $g{n} (i32.sub (local.get 0) (i32.const 1)))) (else (call $f{n}))))"""
        for n in numbers
    )
    (tmp_path / "f.wasm").write_bytes(assemble(f"(module {imports} {exports})"))
    (tmp_path / "f.import-object.mjs").write_text(f"const js_code = {{ {functions} }}")
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.endswith("alive\n"), (done.returncode, done.stderr[-1_000:])


@pytest.mark.parametrize(
    "code",
    [
        "() => { const s = 'a'.repeat(1 << 26); return [s, s, s, s].join(s).length }",
        "() => { const s = 'a'.repeat(1 << 26); return s.concat(s, s, s, s).length }",
        "() => { const s = 'a'.repeat(1 << 26); return ([s, s, s] + [s, s]).length }",
        "() => { const s = 'a'.repeat(1 << 26); console.log(s, s, s, s, s) }",
        "() => { const s = 'a'.repeat(1 << 26); return JSON.stringify([s, s, s, s, s]) }",
        "() => { const s = 'a'.repeat(1 << 26); return JSON.stringify([{[s]: 1}, {[s]: 1}, {[s]: 1}, {[s]: 1}]) }",
        *("() => new Array(50000000)", "() => Array.from({length: 50000000})", "() => { [].length = 4e9 }"),
        "() => Object.keys('a'.repeat(1 << 26))",
        *("() => BigInt('9'.repeat(1 << 20))", "() => BigInt('0x' + 'f'.repeat(1 << 20))"),
        "() => { let n = 1n << 65535n; for (let i = 0; i < 9; i++) n = n + n; return n }",
        "() => '\\u0327\\u0301'.repeat(1000000).normalize('NFD').length",
        "() => '\\u0f73'.repeat(100000).normalize('NFC').length",
        "() => String.fromCodePoint(1114112)",
        "() => new Uint8Array(new ArrayBuffer(8), 9)",
    ],
)
def test_what_would_take_too_much_is_refused(tmp_path: Path, code: str) -> None:
    with pytest.raises(wasmz.JavaScriptError, match="^RangeError: "):
        snippet(tmp_path, code, "(result externref)")()


VALUES: list[tuple[str, Any]] = [
    # What each of these cost was the square of its length, or without end. The values are ECMAScript's.
    ("'a'.repeat(1 << 20).lastIndexOf('ab' + 'a'.repeat(1 << 19))", -1),
    ("Number('0x' + 'f'.repeat(1 << 22)) % Number('0x' + 'f'.repeat(1 << 21))", "nan"),
    ("((re) => 'ab'.replace(re, () => { re.lastIndex = 0; return '-' }))(/x*/g)", "-a-b-"),
    ("'e\\u0327\\u0301'.normalize('NFC') + '\\u00e9'.repeat(20000).normalize('NFD').length", "\u0229\u030140000"),
    *(("'abcabc'.lastIndexOf('bc')", 4), ("'abcabc'.lastIndexOf('bc', 3)", 1), ("'abc'.lastIndexOf('')", 3)),
    *(("'\U0001f600a\U0001f600'.lastIndexOf('\U0001f600')", 3), ("'\U0001f600a'.lastIndexOf('a', 1)", -1)),
    *(("'\u00e9'.indexOf('x')", -1), ("'\u00e9a'.includes('b')", False), ("'\u0101\u0102'.indexOf('\u0201')", -1)),
    *(("'abc'.lastIndexOf('a', -5)", 0), ("'abc'.lastIndexOf('d')", -1), ("'aXbX'.lastIndexOf('X', 99)", 3)),
    # Positions that are no integers, or infinite.
    *(("'abc'.slice(0, Infinity)", "abc"), ("[1, 2].slice(0 / 0, 1 / 0)", [1, 2]), ("'abc'.charAt(1 / 0)", "")),
    *(("'abc'.substring(-Infinity, 1 / 0)", "abc"), ("[5][1 / 0]", None), ("[5][0 / 0]", None), ("[5].at()", 5)),
    *(("'abc'.codePointAt(-1)", None), ("[5]['\u0660']", None), ("[5]['00']", None), ("[5]['0']", 5)),
    ("((a) => { a[-1] = 7; return a })([5])", [5]),
    # Texts as numbers.
    *(("Number('1_0')", "nan"), ("Number('infinity')", "nan"), ("Number(' 0x1F ')", 31), ("Number('.5e1')", 5)),
    *(("Number('\u0663')", "nan"), ("Number('-Infinity') < 0", True), ("Number('')", 0), ("Number('1e3')", 1000)),
    *(("BigInt(' -12 ') * 2n", -24), ("BigInt('0b101')", 5), ("String(10n ** 9000n).length", 9001)),
    *(
        ("String(-(10n ** 9000n) + 7n).slice(-3)", "993"),
        ("(0 / 0).toString(2)", "NaN"),
        ("(1e21).toFixed(2)", "1e+21"),
    ),
    ("new Date(8640000000000001).getTime()", "nan"),
    *(
        ("Date.UTC(0 / 0)", "nan"),
        ("new Map([[0 / 0, 1]]).get(0 / 0)", 1),
        ("new Uint8Array(5).fill(7, 1, 3)", b"\0\7\7\0\0"),
    ),
]


@pytest.mark.parametrize(("expression", "expected"), VALUES)
def test_values_are_javascripts(tmp_path: Path, expression: str, expected: object) -> None:
    found = snippet(tmp_path, f"() => {expression}", "(result externref)")()
    assert (str(found) if expected == "nan" else found) == expected


# --- what is the user's -----------------------------------------------------------------------------------------------


class Users:
    """An object of the user's that has what wasm-bindgen's objects have."""

    def __init__(self) -> None:
        self._ptr = 7
        self.made: list[int] = []

    def _of(self, pointer: int) -> int:
        self.made.append(pointer)
        return pointer


@pytest.mark.parametrize(
    "body",
    [
        *("value.__wbg_ptr = 5; return 1", "return value.__destroy_into_raw()", "return value.__wrap(5)"),
        *("_assertClass(value, value); return 1", "return value.__unwrap(value)", "return value.__wbg_ptr"),
    ],
)
def test_objects_of_the_user_are_not_the_modules(tmp_path: Path, body: str) -> None:
    lib = bound(tmp_path, "return 1", f"export function take(value) {{ {body} }}")
    value = Users()
    if "return value.__wbg_ptr" in body:
        assert lib.take(value) == 0
    else:
        with pytest.raises(wasmz.JavaScriptError, match="^TypeError: "):
            lib.take(value)
    assert (value._ptr, value.made) == (7, [])


@pytest.mark.parametrize(
    "expression",
    ["'a'.repeat()", "new Map([[[1], 2]])", "Math.clz32()", "Reflect.apply(5)", "makeClosure(1)", "takeObject('a')"],
)
def test_mistakes_of_scripts_are_errors_of_javascripts(tmp_path: Path, expression: str) -> None:
    with pytest.raises(wasmz.JavaScriptError):
        bound(tmp_path, f"return {expression}").ask()
    with pytest.raises(wasmz.JavaScriptError):
        snippet(tmp_path, f"() => {expression}", "(result externref)")()


def test_mistakes_of_the_user_are_the_users(tmp_path: Path) -> None:
    lib = bound(tmp_path, "return 1", "export function run(f) { return f('x'); }")
    for function, error in ((int, ValueError), ([].index, ValueError), (lambda x: {}[x], KeyError)):
        with pytest.raises(error) as caught:
            lib.run(function)
        assert type(caught.value) is error


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # ToInt32, as for every result of the type.
        *(("return 0xFFFFFFFFFF", -1), ("return arg0 * 0xFFFFFFFFFF", -5), ("return arg0 + 4294967295", 4)),
        *(("return -1", -1), ("return true", 1), ("return 1e999", 0)),
    ],
)
def test_results_are_of_the_type(tmp_path: Path, body: str, expected: int) -> None:
    assert bound(tmp_path, body).ask() == expected
