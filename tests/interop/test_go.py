"""Go's and TinyGo's programs for JavaScript: packages, with node's results, and programs of ours in the same form."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.interop.packages import node, package
from wasmz.text import assemble


def test_a_compiler_that_answers_with_promises() -> None:
    folder = package("@astrojs/compiler")
    source = "---\nconst x = 'ü';\n---\n<h1>{x}</h1><style>h1 { color: red }</style>"
    expected = node(
        """
        const lib = await import(process.argv[2] + "/dist/node/index.js");
        const made = await lib.transform(process.argv[3], {});
        const tree = await lib.parse(process.argv[3], {});
        console.log(JSON.stringify([made.code, made.css, tree.ast.children[1].name]));
        process.exit(0);
        """,
        folder,
        source,
    )
    compiler = getattr(wasmz.bind(folder / "dist" / "astro.wasm"), "@astrojs/compiler")
    made = compiler["transform"](source, {})
    tree = json.loads(compiler["parse"](source, {})["ast"])
    assert [made["code"], made["css"], tree["children"][1]["name"]] == expected


@pytest.fixture(scope="module")
def excel() -> Any:
    data = gzip.decompress((package("excelize-wasm") / "excelize.wasm.gz").read_bytes())
    return wasmz.bind(data, globals={"excelize": {}}).excelize


def test_spreadsheets(excel: Any) -> None:
    book = excel["NewFile"]()
    assert book["SetCellValue"]("Sheet1", "A1", "wörld") == {"error": None}
    for row, value in enumerate((1, 2.5, True), 2):
        book["SetCellValue"]("Sheet1", f"A{row}", value)
    assert book["GetCellValue"]("Sheet1", "A1")["value"] == "wörld"
    assert "does not exist" in book["GetCellValue"]("None", "A1")["error"]
    again = excel["OpenReader"](book["WriteToBuffer"]()["buffer"])
    assert again["GetRows"]("Sheet1")["result"] == [["wörld"], ["1"], ["2.5"], ["TRUE"]]


def test_a_shell_formatter_of_tinygo() -> None:
    lib = wasmz.bind(package("sh-syntax") / "main.wasm")

    def put(text: str) -> tuple[int, int, int]:
        data = text.encode()
        at = lib.wasmAlloc(len(data))
        lib.memory.write(at, data)
        return at, len(data), len(data)

    def format(text: str) -> Any:
        at = lib.process(*put("a.sh"), *put(text), 1, 1, 0, *put(""), 0, 0, 2, 1, 1, 0, 0, 0, 0, 0)
        return json.loads(lib.memory.read(at, 4_096).partition(b"\0")[0])

    assert format("if  true;then echo  hi;fi")["text"] == "if true; then echo hi; fi\n"
    assert "`then` must be followed by" in format("if true; then")["message"]


# Writes its first argument and its environment, then sleeps for 20 ms, and ends with a status of 3.
PROGRAM = """
(module
  (import "gojs" "runtime.wasmWrite" (func $write (param i32)))
  (import "gojs" "runtime.wasmExit" (func $exit (param i32)))
  (import "gojs" "runtime.scheduleTimeoutEvent" (func $schedule (param i32)))
  (import "gojs" "runtime.clearTimeoutEvent" (func $clear (param i32)))
  (import "gojs" "runtime.nanotime1" (func $now (param i32)))
  (memory (export "mem") 1)
  (func $print (param $descriptor i32) (param $text i32)
    (local $end i32)
    (local.set $end (local.get $text))
    (block (loop
      (br_if 1 (i32.eqz (i32.load8_u (local.get $end))))
      (local.set $end (i32.add (local.get $end) (i32.const 1)))
      (br 0)))
    (i64.store (i32.const 8) (i64.extend_i32_u (local.get $descriptor)))
    (i64.store (i32.const 16) (i64.extend_i32_u (local.get $text)))
    (i32.store (i32.const 24) (i32.sub (local.get $end) (local.get $text)))
    (call $write (i32.const 0)))
  (func (export "run") (param $count i32) (param $table i32)
    (call $print (i32.const 1) (i32.load offset=8 (local.get $table)))
    (call $print (i32.const 2) (i32.load offset=24 (local.get $table)))
    (i64.store (i32.const 8) (i64.const 20))
    (call $schedule (i32.const 0))
    (i32.store (i32.const 64) (i32.load (i32.const 16)))
    (call $now (i32.const 64)))
  (func (export "resume")
    (local $started i64)
    (local.set $started (i64.load (i32.const 72)))
    (call $now (i32.const 64))
    (if (i64.lt_u (i64.sub (i64.load (i32.const 72)) (local.get $started)) (i64.const 15000000)) (then unreachable))
    (i32.store (i32.const 8) (i32.load (i32.const 64)))
    (call $clear (i32.const 0))
    (i32.store (i32.const 8) (i32.const 3))
    (call $exit (i32.const 0)))
  (func (export "getsp") (result i32) (i32.const 0)))
"""


def test_programs_are_run() -> None:
    result = wasmz.run(assemble(PROGRAM), ["argument"], env={"NAME": "value"})
    assert (result.returncode, result.stdout, result.stderr) == (3, b"argument", b"NAME=value")


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
def test_the_command_line_runs_programs(tmp_path: Path) -> None:
    (tmp_path / "own.wasm").write_bytes(assemble(PROGRAM))
    command = [sys.executable, "-m", "wasmz", "run", "--env", "A=b", str(tmp_path / "own.wasm"), "first"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (3, "first", "A=b")


def test_a_program_that_waits_for_nothing_ends() -> None:
    source = PROGRAM.replace("(call $schedule (i32.const 0))", "").replace("(then unreachable)", "(then (return))")
    source = source.replace("(i64.const 15000000)", "(i64.const -1)")
    assert wasmz.run(assemble(source), ["x"], env={"A": "b"}).returncode == 2


VALUES = """
(module
  (import "gojs" "syscall/js.valueGet" (func $get (param i32)))
  (import "gojs" "syscall/js.valueCall" (func $call (param i32)))
  (memory (export "mem") 1)
  (data (i32.const 4096) "__class__")
  (func (export "run") (param i32 i32))
  (func (export "resume"))
  (func (export "getsp") (result i32) (i32.const 0))
  ;; A property of the value with these bits, by the name at 4096: its bits.
  (func (export "get") (param $value i64) (param $size i32) (result i64)
    (i64.store (i32.const 8) (local.get $value))
    (i64.store (i32.const 16) (i64.const 4096))
    (i64.store (i32.const 24) (i64.extend_i32_u (local.get $size)))
    (call $get (i32.const 0))
    (i64.load (i32.const 32)))
  (func (export "call") (param $value i64) (param $count i64)
    (i64.store (i32.const 8) (local.get $value))
    (i64.store (i32.const 32) (i64.const 0))
    (i64.store (i32.const 40) (local.get $count))
    (call $call (i32.const 0))))
"""
GLOBAL, GO = 0x7FF8_0001_0000_0005, 0x7FF8_0001_0000_0006


def test_a_program_sees_nothing_of_python() -> None:
    lib = wasmz.bind(assemble(VALUES), globals={"secret": object()})
    for value in (GLOBAL, GO):
        assert lib.get(value, 9) == 0
    for forged in (0x7FF8_0001_0000_0100, 0x7FF8_0001_FFFF_FFFF, -1):
        with pytest.raises(wasmz.JavaScriptError, match="there is no value"):
            lib.get(forged, 9)
    for count in (2**31, 2**61, -1):
        with pytest.raises((wasmz.Trap, IndexError, OverflowError, ValueError)):
            lib.call(GLOBAL, count)
