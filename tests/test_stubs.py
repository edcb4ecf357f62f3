"""Stub files describe the exports, and type checkers accept them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wasmz.ship.declarations import read_declarations
from wasmz.ship.stubs import render_stub
from wasmz.text import assemble

wasmtime = pytest.importorskip("wasmtime")

ROOT = Path(__file__).resolve().parent.parent

KINDS = """
(module $geo
  (type $pair (struct (field i32)))
  (func (export "area") (param $width i32) (param $height i64) (result f64) (f64.const 0))
  (func (export "many") (param f32 f64) (result i32 f32) (i32.const 0) (f32.const 0))
  (func (export "nothing"))
  (func (export "vector") (param v128) (result v128) (local.get 0))
  (func (export "references") (param funcref externref (ref null $pair)) (result funcref) (local.get 0))
  (func (export "odd names") (param $def i32) (param $a.b i32) (param $self i32))
  (func (export "class"))
  (func (export "quote\\"\\0a\\0d"))
  (memory (export "memory") 1)
  (table (export "table") 1 funcref)
  (global (export "counter") (mut i64) (i64.const 0)))
"""

EXPECTED = '''\
"""WebAssembly module geo."""

from collections.abc import Callable
from typing import Any
from wasmz import Global, Instance, Memory, Table

__wasm_instance__: Instance

def area(width: int, height: int, /) -> float: ...
def many(p0: float, p1: float, /) -> tuple[int, float]: ...
def nothing() -> None: ...
def vector(p0: bytes, /) -> bytes: ...
def references(p0: Callable[..., Any] | None, p1: Any, p2: Any, /) -> Callable[..., Any] | None: ...
# odd names: def _(p0: int, a_b: int, self: int, /) -> None: ...
# class: def _() -> None: ...
# quote???: def _() -> None: ...
memory: Memory
table: Table
counter: Global  # mutable int
'''


def test_every_kind_of_export() -> None:
    text = render_stub(bytes(wasmtime.wat2wasm(KINDS)))
    assert text == EXPECTED
    ast.parse(text)


def test_hostile_names_stay_in_their_places() -> None:
    binary = bytes(wasmtime.wat2wasm('(module $a (func (export "x\\0aimport os") (param $p i32)))'))
    for evil in (b"\n", b'"', b"\\"):
        text = render_stub(binary.replace(b"\x02\x01a", b"\x02\x01" + evil))
        tree = ast.parse(text)
        assert len(tree.body) == 3
        assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))


def test_mypy_uses_it(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "geo.wasm").write_bytes(wasmtime.wat2wasm(KINDS))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)}
    command = [sys.executable, "-m", "wasmz", "stubs", "geo.wasm"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=60)
    assert (tmp_path / "geo.pyi").read_text() == EXPECTED
    (tmp_path / "user.py").write_text("import geo\nx: float = geo.area(1, 2)\ny: str = geo.area(1, 'b')\n")
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", str(tmp_path / "mypy"), "user.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    lines = done.stdout.splitlines()
    assert {line.rpartition("[")[2] for line in lines} == {"arg-type]", "assignment]"}, done.stdout + done.stderr
    assert all(line.startswith("user.py:3:") for line in lines)


# Exports with names of types, or with names that Python code cannot write.
SHADOWING = """
(module
  (func (export "int") (param i32) (result i32) (local.get 0))
  (func (export "float") (param f64) (result i32 i64) (i32.const 1) (i64.const 2))
  (func (export "tuple") (param funcref) (result externref) (ref.null extern))
  (func (export "Any"))
  (func (export "Callable"))
  (func (export "_int"))
  (func (export "\\ef\\ac\\81x"))
  (func (export "fix"))
  (func (export "__name__"))
  (func (export "__class__"))
  (func (export "__wasm_instance__"))
  (memory (export "Memory") 1)
  (memory (export "Instance") 1)
  (global (export "Global") i32 (i32.const 1)))
"""


def test_exports_may_have_the_names_of_types(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "shadows.wasm").write_bytes(wasmtime.wat2wasm(SHADOWING))
    text = render_stub((tmp_path / "shadows.wasm").read_bytes())
    assert "def int(p0: __int, /) -> __int: ..." in text
    for name in ("ﬁx", "__name__", "__class__", "__wasm_instance__"):
        assert f"\n# {name}: def _()" in text
    (tmp_path / "shadows.pyi").write_text(text, encoding="utf-8")
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "mypy"), "shadows.pyi"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout


def test_exports_do_not_replace_what_python_keeps(tmp_path: Path) -> None:
    (tmp_path / "shadows.wasm").write_bytes(wasmtime.wat2wasm(SHADOWING))
    script = """
import importlib, types
import wasmz.importer, shadows
importlib.reload(shadows)
assert (shadows.__name__, shadows.int(3), type(shadows)) == ("shadows", 3, types.ModuleType)
assert callable(shadows.__wasm_instance__.exports["__name__"])
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True, timeout=60)


# --- with a package's declarations ---

DECLARED = """
/* eslint-disable */
import { Other } from "./other";
/**
 * @param {Uint8Array} data, which is not: export function wrong(): void;
 */
export function pack(data: Uint8Array, level?: number, ...more: string[]): Uint8Array | undefined; // a comment
export function each(found: (a: number, b: { c: string }) => void, class: Map<string, number[]>): Array<bigint>;
export function shape<T extends object>(value: T): [number, string];
export enum Kind { One, Two = 2, }
type Hidden = "a" | "b" | { c: number };
export class Picture {
  private constructor();
  free(): void;
  [Symbol.dispose](): void;
  static load(name: string): Picture;
  readonly width: number;
  get title(): string;
  set title(value: string);
  import: number;
  delete(): boolean;
}
export interface Base { size(): number; delete(): void; }
export interface Derived extends Base {
  at(): void; put(a: string): void; at(index: number): Base | null; delete(): void;
}
interface EmbindModule { Base: { new(): Base; }; join(a: EmbindString, b: Derived): string; }
export type MainModule = WasmModule & EmbindModule;
"""


def test_declarations_of_a_package() -> None:
    lines = {name: "\n".join(found) for name, found in read_declarations(DECLARED).items()}
    assert set(lines) == {"pack", "each", "shape", "Kind", "Picture", "Base", "Derived", "join"}
    buffers = "bytes | bytearray | memoryview | list[int]"
    assert lines["pack"] == f"def pack(data: {buffers}, level: float | None = ..., /, *args: Any) -> bytes | None: ..."
    assert lines["each"] == "def each(found: Callable[..., Any], arg1: dict[Any, Any], /) -> list[int]: ..."
    assert lines["shape"] == "def shape(value: Any, /) -> list[Any]: ..."
    assert lines["Kind"] == "class Kind:\n    One: int\n    Two: int"
    assert (
        "    @staticmethod\n    def load(name: str, /) -> Picture: ...\n    width: float\n    title: str"
        in lines["Picture"]
    )
    assert "import" not in lines["Picture"] and "__init__" not in lines["Picture"]
    assert (
        lines["Derived"].startswith("class Derived(Base):")
        and "    def at(self, *args: Any) -> Any: ..." in lines["Derived"]
    )
    assert lines["join"] == f"def join(a: str | {buffers}, b: Derived, /) -> str: ..."
    stub = render_stub(assemble('(module (memory (export "memory") 1) (func (export "pack")))'), "m", DECLARED)
    assert stub.count("def pack(") == 1 and "memory: Memory" in stub
    ast.parse(stub)


@pytest.mark.parametrize(
    "text",
    [
        *("export function f(" + "(" * 50_000, "export class A {" * 20_000, "export enum E { A", "export class"),
        *("export function f(a: " + "A<" * 5_000 + ">" * 5_000 + "): void;", "/*" * 100_000),
        "export interface I {" + "[" * 900,
        *("export function f(a: " + "|a" * 50_000 + "): void;", "'" * 1_001, "export function f(a): ;", "\0\ud800"),
    ],
)
def test_declarations_that_are_none(text: str) -> None:
    for lines in read_declarations(text).values():
        ast.parse("\n".join(lines))


@pytest.mark.parametrize(
    "text",
    [
        # What each of these took was the square of its length.
        *("/*" * 200_000, "".join(f"class c{n} " for n in range(3_000)) + "{}" + "function f(): c1;" * 3_000),
        *("function g(): T" + "[]" * 200_000 + ";", "interface class", "interface 5", "x /* y " * 50_000),
    ],
)
def test_declarations_that_were_written_to_take_long(text: str) -> None:
    found = read_declarations("export function first(a: number): string; // src/*.ts\n" + text)
    assert found["first"] == ["def first(a: float, /) -> str: ..."]
    for lines in found.values():
        ast.parse("\n".join(lines))
