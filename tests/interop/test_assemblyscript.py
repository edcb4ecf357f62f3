"""AssemblyScript: a module of ours compiled by its compiler, with the results of its bindings under node; packages."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from array import array
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.interop.packages import node, package
from wasmz.text import assemble

SOURCE = """
class Point { x: f64 = 0; name: string = ""; tags: string[] = []; }
class Hidden { value: i32; constructor(value: i32) { this.value = value; } }
export function greet(name: string): string { return "Hello, " + name + "!"; }
export function join(a: string, b: string, c: string | null): string { return a + "-" + b + (c ? c : "?"); }
export function sum(a: Int32Array): i32 { let s = 0; for (let i = 0; i < a.length; i++) s += a[i]; return s; }
export function doubles(a: Float64Array): Float64Array { for (let i = 0; i < a.length; i++) a[i] *= 2; return a; }
export function texts(n: i32): Array<string> {
    let r = new Array<string>(); for (let i = 0; i < n; i++) r.push(i.toString()); return r;
}
export function nested(a: Array<Array<i32>>): Array<Array<i32>> { a[0].push(5); return a; }
export function wide(a: Array<u64>): u64 { return a[0] + 1; }
export function small(a: Array<i8>): Array<i8> { return a; }
export function fixed(a: StaticArray<i32>): StaticArray<i32> { a[0] = -a[0]; return a; }
export function tail(b: ArrayBuffer): ArrayBuffer { return b.slice(1); }
export function negate(b: bool): bool { return !b; }
export function before(x: u32): u32 { return x - 1; }
export function many(x: string, y: string = "d"): string { return x + y; }
export function maybe(s: string | null): string | null { return s ? s : null; }
export function move(p: Point): Point { p.x += 1; p.tags.push(p.name); return p; }
export function hide(value: i32): Hidden { return new Hidden(value); }
export function shown(h: Hidden): i32 { return h.value; }
export function fail(): void { throw new Error("bad thing"); }
export function print(s: string): void { console.log(s); trace("traced", 2, 1.5, 2); }
export function now(): i64 { return Date.now(); }
export function chance(): f64 { return Math.random(); }
export let title: string = "first";
export enum Color { Red, Blue = 5 }
"""
CALLS = """
[lib.greet("w\\u00f6rld \\ud83d\\ude00"), lib.join("a", "b", null), lib.join("a", "b", "c"), lib.sum([1, 2, 3]),
 [...lib.doubles([1.5, 2])], lib.texts(3), lib.nested([[1], [2, 3]]), String(lib.wide([41n])), lib.small([-1, 300]),
 lib.fixed([4, 5]), [...new Uint8Array(lib.tail(new Uint8Array([1, 2, 3]).buffer))], lib.negate(true), lib.before(0),
 lib.many("x", "y"), lib.maybe(null), lib.maybe("x"),
 lib.move({ x: 1, name: "n", tags: ["t"] }), lib.shown(lib.hide(7)), lib.Color.Blue]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where our module is, with the bindings that its compiler wrote."""
    made = tmp_path_factory.mktemp("assemblyscript")
    for name in ("assemblyscript", "binaryen", "long"):
        files = package(name)
        (made / "node_modules").mkdir(exist_ok=True)
        shutil.copytree(files, made / "node_modules" / name)
    (made / "own.ts").write_text(SOURCE, encoding="utf-8")
    compiler = made / "node_modules" / "assemblyscript" / "bin" / "asc.js"
    command = ["node", str(compiler), "own.ts", "--outFile", "own.wasm", "--bindings", "esm", "--exportRuntime", "-O"]
    done = subprocess.run(command, cwd=made, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def lib(folder: Path) -> Any:
    return wasmz.bind(folder / "own.wasm")


def test_values_of_all_kinds(folder: Path, lib: Any) -> None:
    expected = node(
        f"const lib = await import(process.argv[2]); console.log(JSON.stringify({CALLS}));", folder / "own.js"
    )
    found = [
        *(lib.greet("wörld \N{GRINNING FACE}"), lib.join("a", "b", None), lib.join("a", "b", "c"), lib.sum([1, 2, 3])),
        *(list(lib.doubles(array("d", [1.5, 2]))), lib.texts(3), lib.nested([[1], [2, 3]]), str(lib.wide([41]))),
        *(lib.small([-1, 300]), lib.fixed((4, 5)), list(lib.tail(b"\1\2\3")), lib.negate(True), lib.before(0)),
        *(lib.many("x", "y"), lib.maybe(None), lib.maybe("x")),
        *(lib.move({"x": 1, "name": "n", "tags": ["t"]}), lib.shown(lib.hide(7)), lib.Color.Blue),
    ]
    assert json.loads(json.dumps(found)) == expected


def test_abort_names_file_and_line(lib: Any) -> None:
    with pytest.raises(wasmz.Trap, match=r"bad thing in own\.ts:23:32") as raised:
        lib.fail()
    assert raised.value.code is wasmz.TrapCode.UNREACHABLE


def test_variables_output_and_time(lib: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert lib.title.value == "first"
    lib.title.value = "second"
    assert lib.title.value == "second"
    lib.print("here")
    assert capsys.readouterr() == ("here\n", "trace: traced 1.5, 2\n")
    assert 1.6e12 < lib.now() < 1e14
    assert 0 <= lib.chance() < 1


def test_wrong_values(lib: Any) -> None:
    with pytest.raises(wasmz.JavaScriptError, match="value must not be null"):
        lib.greet(None)
    with pytest.raises(wasmz.JavaScriptError, match="a string is wanted, not 5"):
        lib.greet(5)
    with pytest.raises(wasmz.JavaScriptError, match="a reference to one of the module's objects"):
        lib.shown(5)


def test_what_is_dropped_is_collected(lib: Any) -> None:
    before = len(lib.memory)
    for _ in range(5_000):
        lib.shown(lib.hide(1))
        lib.greet("x" * 100)
    assert len(lib.memory) <= max(2 * before, 4 << 16)


def test_without_bindings(folder: Path, tmp_path: Path) -> None:
    lib = wasmz.bind((folder / "own.wasm").read_bytes())
    assert lib.__getString(lib.greet(lib.__newString("you"))) == "Hello, you!"
    assert lib.__getArrayBuffer(lib.tail(lib.__newArrayBuffer(b"abc"))) == b"bc"


ABORTING = """
(module
  (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
  (import "env" "console.log" (func $log (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 12) "\\04\\00\\00\\00h\\00i\\00")
  (func (export "fail") (param i32 i32) (call $abort (local.get 0) (local.get 1) (i32.const 3) (i32.const -1)))
  (func (export "log") (param i32) (call $log (local.get 0))))
"""


def test_addresses_that_a_module_makes_up() -> None:
    exports = wasmz.instantiate(assemble(ABORTING)).exports
    with pytest.raises(wasmz.Trap, match="hi in null:3:4294967295"):
        exports.fail(16, 0)
    for address in (1, -1, 65_537, 2**31):
        with pytest.raises((wasmz.Trap, IndexError)):
            exports.fail(address, 16)
    with pytest.raises(wasmz.LinkError, match="function"):
        wasmz.instantiate(assemble('(module (import "env" "abort" (func (param i32))))'))


def test_sha256() -> None:
    lib = wasmz.bind(package("@chainsafe/as-sha256") / "build" / "optimized.wasm")
    lib.memory.write(lib.input.value, b"hello")
    lib.digest(5)
    assert lib.memory.read(lib.output.value, 32) == hashlib.sha256(b"hello").digest()


def test_a_disassembler() -> None:
    folder = package("@fluffylabs/anan-as") / "dist" / "build"
    program = [0, 0, 3, 51, 7, 12, 1]
    expected = node(
        "const lib = await import(process.argv[2]);"
        "const text = lib.disassemble(JSON.parse(process.argv[3]), lib.InputKind.Generic, lib.HasMetadata.No);"
        "console.log(JSON.stringify(text));",
        folder / "release.js",
        json.dumps(program),
    )
    lib = wasmz.bind(folder / "release.wasm")
    assert lib.disassemble(program, lib.InputKind.Generic, lib.HasMetadata.No) == expected
    with pytest.raises(wasmz.Trap, match=r"Not enough bytes left.* in assembly/codec\.ts:"):
        lib.disassemble([0, 0, 99], lib.InputKind.Generic, lib.HasMetadata.No)
