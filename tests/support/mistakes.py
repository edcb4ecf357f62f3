"""docs/mistakes.md, made by making likely mistakes; as a program, writes the page.

Each mistake is a few lines of Python, or a command, with the error that is raised or printed. The page shows both, so
anyone who changes a message sees what users will see.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import wasmz
from tests.differential.oracle import assemble

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "mistakes.md"

HEAD = """\
# Likely mistakes

What goes wrong first, and what wasmz says then. `lib.wasm` exports `add`, `peek`, `callback`, `total`, `memory` and
`table`, and imports the function `env.log`, which takes an i32; `prog.wasm` is a WASI program.

This page is made by `python -m tests.support.mistakes`, which makes the mistakes.

<div class="wrapped" markdown>
"""

LIB = """
(module $lib
  (import "env" "log" (func $log (param i32)))
  (memory (export "memory") 1 2)
  (table (export "table") 2 funcref)
  (global (export "total") i64 (i64.const 7))
  (func $inner (param i32) (result i32) (i32.load (local.get 0)))
  (func $peek (export "peek") (param i32) (result i32) (call $inner (local.get 0)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "scale") (param f64) (result f64) (f64.mul (local.get 0) (f64.const 2)))
  (func (export "callback") (call $log (i32.const 1)))
  (func $deep (export "deep") (call $deep)))
"""

PROG = """
(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (func (export "_start") (loop (br 0))))
"""

FILES: dict[str, bytes] = {
    "lib.wasm": assemble(LIB),
    "prog.wasm": assemble(PROG),
    "page.wasm": b"<!DOCTYPE html><html><body>404</body></html>",
    "packed.wasm": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "program.wasm": b"\x7fELF\x02\x01\x01\x00",
    "part.wasm": assemble(LIB)[:120],
    "component.wasm": b"\0asm\x0d\0\1\0",
    "empty.wasm": b"",
    "notes.txt": b"not a module",
    "user.wasm": assemble('(module (import "env" "memory" (memory 1)))'),
    "glue.wasm": assemble('(module (import "wbg" "__wbindgen_throw" (func (param i32 i32))))'),
    "emcc.wasm": assemble('(module (import "env" "invoke_vi" (func (param i32 i32))))'),
}

# Sections of the page: a title, and mistakes under it.
MISTAKES: dict[str, tuple[str, ...]] = {
    "Files": (
        'wasmz.Module.compile("lib.wsm")',
        'wasmz.Module.compile("page.wasm")',
        'wasmz.Module.compile("packed.wasm")',
        'wasmz.Module.compile("program.wasm")',
        'wasmz.Module.compile("part.wasm")',
        'wasmz.Module.compile("component.wasm")',
        'wasmz.Module.compile("empty.wasm")',
        'wasmz.Module.compile("notes.txt")',
        "wasmz.Module.compile(42)",
    ),
    "Imports": (
        'wasmz.instantiate("lib.wasm")',
        'wasmz.instantiate("prog.wasm")',
        'wasmz.instantiate("glue.wasm")',
        'wasmz.Instance(wasmz.Store(), wasmz.Module.compile("emcc.wasm"), wasmz.Linker())',
        'wasmz.instantiate("lib.wasm", {"env": {"log": lambda: None}})',
        'wasmz.instantiate("lib.wasm", {"env": {"log": lambda a, b: None}})',
        'wasmz.instantiate("lib.wasm", {"env": {"log": 5}})',
        'wasmz.instantiate("lib.wasm", {"env": {"log": "print"}})',
        'wasmz.instantiate("lib.wasm", {"env": print})',
        'wasmz.instantiate("lib.wasm", {"env": {"log": wasmz.HostFunc(print, [wasmz.ValType.F64])}})',
        'wasmz.Instance(wasmz.Store(), wasmz.Module.compile("lib.wasm"), {"env": {"log": print}})',
        'wasmz.instantiate("lib.wasm", {"env": {"log": lambda x: x}}).exports.callback()',
        'wasmz.instantiate("lib.wasm", {"env": {"log": other.exports.add}})',
    ),
    "Stores and engines": (
        """\
plain = wasmz.Engine(wasmz.Config(opt_level=0))
wasmz.Instance(wasmz.Store(plain), wasmz.Module.compile("lib.wasm"), linker)""",
        """\
linker.define("env", "memory", lib.exports.memory)
wasmz.Instance(wasmz.Store(), wasmz.Module.compile("user.wasm"), linker)""",
        "lib.close()\nlib.exports.add(1, 2)",
        "lib.store.set_fuel(100)",
    ),
    "Calls": (
        "lib.exports.add(1)",
        "lib.exports.add(1, 2, 3)",
        "lib.exports.add(a=1, b=2)",
        'lib.exports.add("1", 2)',
        "lib.exports.add(1.5, 2)",
        "lib.exports.add(2**40, 2)",
        'lib.exports.scale("2")',
        "lib.exports.ad(1, 2)",
        "lib.add(1, 2)",
        'lib.call("ad", 1, 2)',
        'lib.call("memory")',
        "lib.exports.add = print",
        "lib.exports.total = 8",
        "lib.exports.total.value = 8",
    ),
    "Memories and tables": (
        "lib.exports.memory[70_000]",
        "lib.exports.memory.read(65_530, 20)",
        'lib.exports.memory.write(65_530, b"much too much")',
        'lib.exports.memory.write(0, "text")',
        "lib.exports.memory[0] = 256",
        "lib.exports.memory.grow(5)",
        "lib.exports.table[5]",
        "lib.exports.table[0] = print",
    ),
    "Traps": (
        "lib.exports.peek(70_000)",
        "lib.exports.divide(1, 0)",
        "lib.exports.deep()",
        'wasmz.run("prog.wasm", timeout=1, check=True)',
    ),
    "The command line": (
        "wasmz run lib.wsm",
        "wasmz rnu lib.wasm",
        "wasmz run --timeout 1 prog.wasm",
        "wasmz run lib.wasm ad 1 2",
        "wasmz run --stub lib.wasm add 1",
        "wasmz run --stub lib.wasm add one 2",
        "wasmz run --dir missing prog.wasm",
        "wasmz run page.wasm",
        "wasmz dis lib.wasm ad",
    ),
}


def render_page() -> str:
    """The page's text; the mistakes are made in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for name, content in FILES.items():
            Path(name).write_bytes(content)
        return HEAD + "".join(_sections()) + "\n</div>\n"


def _sections() -> Iterator[str]:
    for title, mistakes in MISTAKES.items():
        yield f"\n## {title}\n"
        for mistake in mistakes:
            said = _command(mistake) if mistake.startswith("wasmz ") else _python(mistake)
            yield f"\n```\n{mistake}\n\n{said}\n```\n"


def _python(code: str) -> str:
    linker = wasmz.Linker()
    linker.define("env", "log", print)
    lib = wasmz.instantiate("lib.wasm", {"env": {"log": lambda number: None}})
    names: dict[str, Any] = {"wasmz": wasmz, "linker": linker, "lib": lib, "other": lib}
    *before, last = code.split("\n")
    try:
        exec("\n".join(before), names)
        try:
            result = eval(last, names)
        except SyntaxError:
            exec(last, names)
            return "(nothing)"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return repr(result)


def _command(words: str) -> str:
    command = [sys.executable, "-m", *words.split()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode != 0, words
    return done.stderr.rstrip()


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
