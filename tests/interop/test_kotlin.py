"""Kotlin/Wasm: programs that its compiler of npm makes, and the forms of its JavaScript, in text."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.interop.packages import package
from tests.support.kept import kept
from wasmz.text import assemble

SOURCES = Path(__file__).parent / "sources"
# What node 25 prints for the same program.
PRINTED = """\
Hello from Kotlin
{1=22, 2=15, 0=18}
P(x=1, y=a), P(x=2, y=ü€😀)
DLRÖW 😀 OLLÉH
1.4142135623730951
1e+21
0.1
0.3333333333333333
caught index: 3, size: 1
a<1>b<22>c
null
3250.0
9223372036854775807
1
3039
0,1,2,3,4,
[1, 2]
33
5
10
{"a":1,"b":[1,2,3]}
45
1970-01-01T00:00:00.000Z
caught bad 1
true
1
[a, b]
true
true
[5, 1074003968, 3105, 1231]
abc5
then x
timer
"""


def compiled(name: str, target: str, folder: Path) -> Path:
    """The module that Kotlin's compiler makes of a source, with its JavaScript beside it."""
    source = (SOURCES / f"{name}.kt").read_bytes()
    archive = kept(b"kotlin 2.4.20 " + target.encode() + source, lambda: _compile(name, target))
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        files.extractall(folder)
    return folder / f"{name}.wasm"


def _compile(name: str, target: str) -> bytes:
    if shutil.which("java") is None:
        # What the checks install comes from Python's and npm's registries: Java is the machine's.
        pytest.skip("java is missing, which runs Kotlin's compiler")
    home = package("kotlin-compiler")
    work = home / f"made-{target}-{name}"
    java = ["java", "-Xmx1g", "-cp", str(home / "lib" / "kotlin-compiler.jar")]
    common = [
        *(*java, "org.jetbrains.kotlin.cli.js.KotlinWasmCompiler", f"-Xwasm-target=wasm-{target}"),
        *("-libraries", str(home / "lib" / f"kotlin-stdlib-wasm-{target}.klib"), "-ir-output-name", name),
        *(f"-Xir-module-name={name}", "-kotlin-home", str(home), "-nowarn", "-ir-output-dir", str(work)),
    ]
    for more in ([str(SOURCES / f"{name}.kt")], ["-Xir-dce", "-Xir-produce-js", f"-Xinclude={work / name}.klib"]):
        done = subprocess.run([*common, *more], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2_000:]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as files:
        for file in sorted(work.iterdir()):
            if file.suffix in (".wasm", ".mjs"):
                files.write(file, file.name)
    shutil.rmtree(work)
    return made.getvalue()


def test_a_program_for_the_browser(tmp_path: Path) -> None:
    path = compiled("browser", "js", tmp_path)
    result = wasmz.run(path, text=True)
    assert (result.stdout, result.returncode, result.trap) == (PRINTED, 0, None)


def test_exports_take_and_give_pythons_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lib = wasmz.bind(compiled("browser", "js", tmp_path))
    assert capsys.readouterr().out.startswith("Hello from Kotlin\n")
    # As node has them, with None for null.
    assert (lib.twice(4), lib.longs(2**40), lib.isEven(2), lib.mul(2, 0.5)) == (8, 2**40 + 1, True, 1)
    assert (lib.maybe(None), lib.maybe("a"), lib.adder(2)(5), lib.uns(4294967294)) == (None, "A", 7, 4294967295)
    assert lib.callMe(lambda text: text * 2) == "kotlinkotlin!"
    with pytest.raises(wasmz.JavaScriptError, match="^IllegalArgumentException: no good$"):
        lib.fail()
    with pytest.raises(wasmz.JavaScriptError, match="^TypeError: bad 1$"):
        lib.failJs()

    def fail(text: str) -> str:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="^mine$"):
        lib.callMe(fail)


def test_a_program_for_wasi(tmp_path: Path) -> None:
    result = wasmz.run(compiled("wasi", "wasi", tmp_path), text=True)
    # What node 25 prints, with its own WASI.
    assert result.stdout == "Hello WASI\n[1, 9, 25, 49, 81]\nboom\n3.14 1e+300 965\n"


# --- the forms of its JavaScript, in text ----------------------------------------------------------------------------

MODULE = """(module
  (import "js_code" "kotlin.io.printlnImpl" (func $print (param externref)))
  (import "js_code" "twice" (func $twice (param externref) (result externref)))
  (import "js_code" "kotlin.wasm.internal.jsThrow" (func $throw (param externref)))
  (import "js_code" "kotlin.createJsError" (func $error (param externref externref) (result externref)))
  (import "js_code" "kotlin.js.__convert_0" (func $convert (param externref funcref) (result externref)))
  (import "js_code" "later" (func $later (param externref)))
  (import "js_code" "big" (func $big (param i64) (result externref)))
  (import "intrinsics" "tag" (tag $tag (param externref)))
  (import "intrinsics" "memory" (global externref))
  (import "intrinsics" "memory" (memory 0))
  (import "'" "hello" (global $hello (ref extern)))
  (import "'" "from a timer" (global $timer (ref extern)))
  (elem declare func $called)
  (type $box (struct (field externref)))
  (func $called (param externref) (result externref)
    (call $print (struct.get $box 0 (ref.cast (ref $box) (any.convert_extern (local.get 0)))))
    (ref.null extern))
  (func (export "_start")
    (call $print (global.get $hello))
    (call $later (call $convert
      (extern.convert_any (struct.new $box (global.get $timer))) (ref.func $called))))
  (func (export "twice") (param externref) (result externref) (call $twice (local.get 0)))
  (func (export "big") (param i64) (result externref) (call $big (local.get 0)))
  (func (export "fail") (param externref)
    (call $throw (call $error (local.get 0) (ref.null extern))))
  (func (export "caught") (param externref) (result externref)
    (try (result externref) (do (call $twice (local.get 0))) (catch $tag))))"""
SCRIPT = """
const wasmJsTag = WebAssembly.JSTag;
let wasmExports;
const js_code = {
    'kotlin.createJsError' : (message, cause) => new Error(message, { cause }),
    'kotlin.wasm.internal.jsThrow' : wasmTag === wasmJsTag ? (e) => { throw e; } : () => {},
    'kotlin.io.printlnImpl' : (message) => console.log(message),
    'kotlin.js.__convert_0' : (f, trampoline) => getCachedJsObject(f, () => trampoline(f, )),
    'twice' : (value) => { if (value == null) throw new TypeError('no value'); return value + value; },
    'later' : (f) => { setTimeout(f, 1) },
    'big' : (x) => x & 0xFFFFFFFFFFFFFFFFn,
    'unused' : () => { for await (const x of y) {} }
}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own.wasm").write_bytes(assemble(MODULE))
    (tmp_path / "own.import-object.mjs").write_text(SCRIPT)
    return tmp_path / "own.wasm"


def test_own_form(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lib = wasmz.bind(own)
    assert (lib.twice("ab"), lib.twice(21), lib.big(-1)) == ("abab", 42, 2**64 - 1)
    with pytest.raises(wasmz.JavaScriptError, match="^what$"):
        lib.fail("what")
    with pytest.raises(wasmz.JavaScriptError, match="^TypeError: no value$"):
        lib.twice(None)
    assert str(lib.caught(None)) == "TypeError: no value"
    assert dir(lib) == ["big", "caught", "fail", "twice"]
    assert capsys.readouterr().out.startswith("hello\n")


def test_a_run_waits_for_timers_and_takes_the_output(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert wasmz.run(own, text=True).stdout == "hello\nfrom a timer\n"
    assert capsys.readouterr().out == ""


def test_imports_by_python_come_first(own: Path) -> None:
    lib = wasmz.bind(own, imports={"js_code": {"twice": lambda value: f"{value}!", "later": lambda f: None}})
    assert lib.twice("a") == "a!"


def test_the_older_name_of_the_file_and_a_given_one(own: Path) -> None:
    own.with_suffix(".import-object.mjs").rename(own.with_suffix(".uninstantiated.mjs"))
    assert wasmz.instantiate(own).exports.twice("a") == "aa"
    other = own.with_name("other.txt")
    own.with_suffix(".uninstantiated.mjs").rename(other)
    assert wasmz.bind(own, other).twice("a") == "aa"
    with pytest.raises(wasmz.LinkError, match="made by Kotlin for JavaScript, and needs its .import-object.mjs"):
        wasmz.bind(own)
    with pytest.raises(wasmz.LinkError, match="js_code is the JavaScript of Kotlin: wasmz.bind"):
        wasmz.instantiate(own)


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
def test_the_command_line_names_and_runs_it(own: Path) -> None:
    command = [sys.executable, "-m", "wasmz"]
    done = subprocess.run([*command, "inspect", str(own)], capture_output=True, text=True, check=True)
    assert "made by Kotlin for JavaScript: needs its .import-object.mjs" in done.stdout
    done = subprocess.run([*command, "run", str(own)], capture_output=True, text=True, check=True)
    assert done.stdout == "hello\nfrom a timer\n"


def test_legacy_exceptions_need_no_option(own: Path) -> None:
    plain = assemble('(module (func (export "f") (try (do) (catch_all))))')
    with pytest.raises(wasmz.UnsupportedFeature, match="legacy exception handling"):
        wasmz.instantiate(plain).exports.f()
    assert wasmz.instantiate(own).exports.caught("a") == "aa"


# --- what a module may get at ----------------------------------------------------------------------------------------


def snippet(tmp_path: Path, code: str, type: str = "(param externref) (result externref)") -> Any:
    """The export that calls a function of JavaScript."""
    text = f'(module (import "js_code" "f" (func $f {type})) (export "f" (func $f)))'
    (tmp_path / "f.wasm").write_bytes(assemble(text))
    (tmp_path / "f.import-object.mjs").write_text(f"const js_code = {{ 'f' : {code} }}")
    return wasmz.bind(tmp_path / "f.wasm").f


@pytest.mark.parametrize(
    "name",
    [
        *("process", "require", "fetch", "document", "window", "Deno", "WebAssembly", "eval", "alert", "localStorage"),
        *("XMLHttpRequest", "WebSocket", "Worker", "importScripts", "open", "__import__", "os", "exec", "wasmTagX"),
    ],
)
def test_nothing_of_the_host_is_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(wasmz.JavaScriptError, match=f"{name} is not defined"):
        snippet(tmp_path, f"(x) => {name}(x)")("a")
    assert snippet(tmp_path, f"() => typeof {name}")(None) == "undefined"


@pytest.mark.parametrize(
    "code",
    [
        *("(x) => x.constructor.constructor('return 1')()", "(x) => x.__class__", "(x) => x.__class__.__mro__"),
        *("(x) => globalThis['__builtins__']", "(x) => x.format", "(x) => x.__init__.__globals__"),
        "(x) => Object.getPrototypeOf(x).__subclasses__",
    ],
)
def test_python_s_attributes_are_none_of_javascripts(tmp_path: Path, code: str) -> None:
    function = snippet(tmp_path, code)
    for value in ("text", 5, [1], {}, len, object(), ValueError("x")):
        try:
            assert function(value) is None
        except wasmz.JavaScriptError:
            pass


def test_names_and_texts_do_not_become_code(tmp_path: Path) -> None:
    name = "a\u00e9$b"
    code = f"({name}) => {{ const π = `${{{name}}}'); import os #`; return π + \"\\n\\'\" }}"
    assert snippet(tmp_path, code)("x") == "x'); import os #\n'"


@pytest.mark.parametrize(
    "script",
    [
        *("const js_code = {", "const js_code = { [x]: 1 }", "const js_code = { 'f' }", "`", "const js_code = { f: '"),
        *("const js_code = { 'f' : (" + "(" * 5_000 + ") }", "const js_code = { ...other }", "\\"),
    ],
)
def test_scripts_of_another_form_are_link_errors(tmp_path: Path, script: str) -> None:
    (tmp_path / "f.wasm").write_bytes(assemble('(module (import "js_code" "f" (func)))'))
    (tmp_path / "f.mjs").write_text(script)
    with pytest.raises(wasmz.LinkError):
        wasmz.bind(tmp_path / "f.wasm", tmp_path / "f.mjs")


@pytest.mark.parametrize(
    "code",
    [
        *("async () => 1", "function* () { yield 1 }", "class { }", "(x) => { with (x) { } }", "({a}) => a", "(x) =>"),
        *("(x) => " + "[" * 2_000, "(x) => " + "x + " * 2_000 + "x", "() => { a: while (1) { break a } }", "() => 1 +"),
        *("() => this.x", "() => import('x')", "() => { for (const i of [1]) { f(() => i) } }", "(x) => x @ x"),
    ],
)
def test_functions_of_another_form_say_so_when_they_are_called(tmp_path: Path, code: str) -> None:
    with pytest.raises(wasmz.WasmzError, match="f of the module's JavaScript is not of a form|is not of a form that"):
        snippet(tmp_path, code)("a")


def test_endless_loops_end_at_the_deadline(tmp_path: Path) -> None:
    if sys.platform == "emscripten":
        pytest.skip("deadlines need threads")
    text = '(module (import "js_code" "f" (func $f)) (func (export "_start") (call $f)))'
    (tmp_path / "f.wasm").write_bytes(assemble(text))
    (tmp_path / "f.import-object.mjs").write_text("const js_code = { f: () => { for (;;) { } } }")
    result = wasmz.run(tmp_path / "f.wasm", timeout=0.3)
    assert isinstance(result.trap, wasmz.Interrupted)
    pattern = "const js_code = { f: () => { /^(a*)*b/.test('a'.repeat(40)) } }"
    (tmp_path / "f.import-object.mjs").write_text(pattern)
    assert "interrupted" in repr(wasmz.run(tmp_path / "f.wasm", timeout=0.3).trap).lower()


# --- JavaScript: the values are ECMAScript's, and node's -------------------------------------------------------------

VALUES: list[tuple[str, object]] = [
    ("(x) => { let s = 0; for (let i = 0; i < 5; i++) { if (i == 3) continue; s += i } return s }", 7),
    ("(x) => { let s = ''; for (const c of 'abc') s = c + s; return s }", "cba"),
    ("(x) => { let s = []; for (const k in {a: 1, b: 2}) s.push(k); return s }", ["a", "b"]),
    ("(x) => { let n = 0; while (true) { if (++n > 4) break } return n }", 5),
    ("(x) => { let n = 0; do { n += 2 } while (n < 5); return n }", 6),
    (
        "(x) => { switch (typeof x) { case 'number': return 1; case 'string': x += '!'; default: return x } }",
        "a!",
    ),
    (
        (
            "(x) => { let r = []; switch (2) { case 1: r.push(1); case 2: r.push(2); case 3: r.push(3); break; "
            "default: r.push(4) } return r }"
        ),
        [2, 3],
    ),
    ("(() => { let n = 0; return () => ++n })()", 1),
    ("(x) => { let n = 1; const f = () => { n *= 3; return n }; f(); f(); return n }", 9),
    ("(x) => { let n = 1; { let n = 2; n++ } return n }", 1),
    ("(x) => { var n = 1; { var n = 2 } return n }", 2),
    ("(x) => { function fact(n) { return n < 2 ? 1 : n * fact(n - 1) } return fact(5) }", 120),
    ("function (x) { return arguments.length }", 1),
    ("(x, ...rest) => rest.length", 0),
    ("(x, y = x + 1) => y", "a1"),
    ("(x) => x?.length + '' + (null?.a.b.c === undefined)", "1true"),
    ("(x) => ({...{a: 1}, ['b' + x]: 2, c() { return 3 }}.ba)", 2),
    ("(x) => [...'ab', 1].length", 3),
    ("(x) => `${x}-${`${1 + 1}`}`", None),
    ("(x) => `${{a: x}.a}!`", "a!"),
    ("(x) => 2n ** 64n - 1n", 2**64 - 1),
    ("(x) => -7n / 2n", -3),
    ("(x) => -7n % 2n", -1),
    ("(x) => 7 % -2", 1),
    ("(x) => (5 & 3) + (5 | 3) + (5 ^ 3) + (~5) + (1 << 4) + (-16 >> 2) + (-16 >>> 28)", 35),
    ("(x) => 0.1 + 0.2", 0.1 + 0.2),
    ("(x) => String(1e21) + 1e-7 + 0.000001 + 123456789012345680000", "1e+211e-70.000001123456789012345680000"),
    ("(x) => 9007199254740991 + 2", 9007199254740992),
    ("(x) => '' + [1, [2, 3]] + {} + null + undefined + true", "1,2,3[object Object]nullundefinedtrue"),
    ("(x) => 1 / -0", float("-inf")),
    ("(x) => [3, 1, 2].sort().concat([10, 9].sort())", [1, 2, 3, 10, 9]),
    ("(x) => [1, 2, 3].splice(1, 1)", [2]),
    ("(x) => 'a-b-c'.replaceAll('-', () => '+')", "a+b+c"),
    ("(x) => 'a1b22'.replace(/\\d+/g, m => '<' + m + '>')", "a<1>b<22>"),
    ("(x) => 'x=1,y=2'.match(/(\\w)=(\\d)/g)", ["x=1", "y=2"]),
    ("(x) => '2020-05'.replace(/(?<y>\\d+)-(\\d+)/, '$2/$1')", "05/2020"),
    ("(x) => ' \\u00a0a\\u0085 '.trim()", "a\x85"),
    ("(x) => '😀a'.indexOf('a') + '😀a😀'.lastIndexOf('😀')", 5),
    ("(x) => 'ab'.padStart(5, '12') + 'ab'.at", None),
    ("(x) => { try { throw 5 } catch (e) { return e + 1 } finally { x = 2 } }", 6),
    ("(x) => { try { null.a } catch { return 'caught' } }", "caught"),
    ("(x) => new DataView(new Uint8Array([1, 2, 3, 4]).buffer).getUint16(1)", 0x0203),
    ("(x) => { const v = new DataView(new ArrayBuffer(8)); v.setFloat64(0, 1.5, true); return v.getUint8(7) }", 0x3F),
    ("(x) => { const m = new WeakMap(), k = {}; m.set(k, 1); return [m.get(k), m.has({})] }", [1, False]),
    ("Function.prototype.call.bind(String.prototype.toUpperCase)", "A"),
    ("(x) => Function.prototype.call.bind(Array.prototype.join)([1, 2], '-')", "1-2"),
    (
        (
            "(x) => Object.getOwnPropertyDescriptor(DataView.prototype, 'byteLength')"
            ".get.call(new DataView(new ArrayBuffer(3)))"
        ),
        3,
    ),
    ("(x) => Number.prototype.toString.call(255, 16)", "ff"),
    ("(x) => { x = [1]; x[0] += 4; x[0] <<= 1; x[0]--; return x }", [9]),
    ("(x) => { let a = null; a ??= 3; let b = 0; b ||= 4; let c = 1; c &&= 5; return [a, b, c] }", [3, 4, 5]),
    (
        "(x) => (2.5).toFixed(0) + (-2.5).toFixed(0) + (1.005).toFixed(2) + (0.5).toFixed(3) + (1e21).toFixed(2)",
        "3-31.000.5001e+21",
    ),
    (
        "(x) => (2.5).toPrecision(1) + (1e21).toPrecision(3) + (0.000001).toPrecision(2) + (1e-7).toPrecision(2)",
        "31.00e+210.00000101.0e-7",
    ),
    (
        "(x) => (12345).toExponential() + (0).toExponential(2) + (-1.55).toExponential(1) + (99.99).toPrecision(3)",
        "1.2345e+40.00e+0-1.6e+0100",
    ),
    ("(x) => (1, 2)", 2),
    ("(x) => void 0", None),
    ("(x) => typeof x + typeof 1 + typeof 1n + typeof {} + typeof (() => 1)", "stringnumberbigintobjectfunction"),
]


@pytest.mark.parametrize(("code", "expected"), [case for case in VALUES if case[1] is not None or "void" in case[0]])
def test_javascript(tmp_path: Path, code: str, expected: object) -> None:
    assert snippet(tmp_path, code)("a") == expected


def test_javascript_is_that_of_node() -> None:
    from tests.interop.packages import node

    cases = [case for case in VALUES if case[1] is not None]
    script = "const found = [" + ",".join(f"({code})('a')" for code, _ in cases) + "];"
    found = node(script + "console.log(JSON.stringify(found, (k, v) => typeof v === 'bigint' ? Number(v) : v))")
    assert list(map(_plain, found)) == [None if value == float("-inf") else _plain(value) for _, value in cases]


def _plain(value: Any) -> Any:
    """A value as JSON may have it: numbers are floats."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else list(map(_plain, value)) if isinstance(value, list) else value
