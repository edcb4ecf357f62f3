"""An instruction is a row of the table and a helper: two made-up ones are added to a copy of wasmz and used.

i32.average (FC 7E), whose result depends on its operands, and i64.parity (C6), of which a bound is known. Nothing else
is changed, and everything must know them: decoder, validator, text forms, passes, code of all levels, the runtime.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import wasmz

needs_processes = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")

ROWS = {
    '_SATURATING_ROWS = """\n': "    7E i32.average          ii:i folds\n",
    '_SIGN_EXTENSION_ROWS = """\n': "    C6 i64.parity           I:I  folds 0..1\n",
}
HELPERS = '''
def i32_average(a: int, b: int) -> int:
    """The mean, rounded down."""
    return (a + b) // 2


def i64_parity(a: int) -> int:
    """Whether an odd number of bits is set."""
    return a.bit_count() & 1

'''

SCRIPT = r"""
import sys
from wasmz import Config, Engine, InvalidWasm, Module, instantiate
from wasmz.compile.front_end import load_module
from wasmz.compile.pipeline import ModuleCompiler
from wasmz.ir.parser import parse_function
from wasmz.ir.printer import print_function
from wasmz.text import assemble, print_module

AVERAGE, PARITY = b"\xfc\x7e", b"\xc6"
I32, I64 = b"\x7f", b"\x7e"


def section(number, *items):
    body = bytes([len(items)]) + b"".join(items)
    return bytes([number, len(body)]) + body


def module(*functions):
    types = [b"\x60" + bytes([len(params)]) + b"".join(params) + b"\x01" + result for params, result, _ in functions]
    bodies = [b"\x00" + code + b"\x0b" for *_, code in functions]
    names = [bytes([1, 97 + n, 0, n]) for n in range(len(functions))]
    return (
        b"\0asm\x01\0\0\0"
        + section(1, *types)
        + section(3, *(bytes([n]) for n in range(len(functions))))
        + section(7, *names)
        + section(10, *(bytes([len(body)]) + body for body in bodies))
    )


GET0, GET1 = b"\x20\x00", b"\x20\x01"
data = module(
    ((I32, I32), I32, GET0 + GET1 + AVERAGE),
    ((I64,), I64, GET0 + PARITY + b"\x42\x01\x83"),        # i64.and 1, which the bound makes idle
    ((I32,), I32, b"\x41\x0a\x41\x15" + AVERAGE + GET0 + b"\x6a"),
)
for folded in (False, True):
    text = print_module(data, folded)
    assert "i32.average" in text and "i64.parity" in text and assemble(text) == data
assert "(i32.average (local.get 0) (local.get 1))" in text and "(i64.parity (local.get 0))" in text
for level in (0, 2):
    for tier in ("eager", "auto"):
        config = Config(opt_level=level, tier=tier, verify=True)
        engine = Engine(config)
        instance = instantiate(data, engine=engine)
        a, b, c = (instance.exports[name] for name in "abc")
        for _ in range(3):
            assert a(7, 12) == 9 and a(-1, -3) == -2
            assert b(7) == 1 and b(-1) == 0
            assert c(5) == 20

compiler = ModuleCompiler(data, load_module(data), Config(opt_level=2))
texts = []
for body in compiler.module.bodies:
    function = compiler.build(body)
    built = print_function(function)
    assert print_function(parse_function(built)) == built
    compiler.optimise(function)
    texts.append((built, print_function(function)))
assert "i32.average v" in texts[0][0] and "i32.average v" in texts[0][1]
assert "i64.parity v" in texts[1][1] and "int.and" not in texts[1][1] and "i64.and" not in texts[1][1]
assert "i32.average v" in texts[2][0] and "average" not in texts[2][1] and "15" in texts[2][1]

for wrong in (((I64, I32), I32, GET0 + GET1 + AVERAGE), ((I32,), I32, GET0 + AVERAGE), ((I64,), I32, GET0 + PARITY)):
    try:
        Module.validate(module(wrong))
    except InvalidWasm:
        pass
    else:
        raise AssertionError("it is valid")
if len(sys.argv) > 1:
    with open(sys.argv[1], "wb") as file:
        file.write(data)
"""


@needs_processes
def test_row_and_helper_are_all(tmp_path: Path) -> None:
    package = tmp_path / "wasmz"
    shutil.copytree(Path(wasmz.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    table = package / "wasm" / "instructions.py"
    text = table.read_text(encoding="utf-8")
    for place, row in ROWS.items():
        assert text.count(place) == 1
        text = text.replace(place, place + row)
    table.write_text(text, encoding="utf-8")
    helpers = package / "runtime" / "numeric" / "integers.py"
    text = helpers.read_text(encoding="utf-8")
    place = "\nHELPERS = "
    assert text.count(place) == 1
    helpers.write_text(text.replace(place, HELPERS + place), encoding="utf-8")

    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "WASMZ_CACHE_DIR": str(tmp_path / "cache")}
    module = tmp_path / "made_up.wasm"
    command = [sys.executable, "-c", SCRIPT, str(module)]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path, timeout=300)
    command = [sys.executable, "-m", "wasmz", "dis", str(module)]
    shown = subprocess.run(
        command, check=True, env=environment, cwd=tmp_path, timeout=300, capture_output=True, text=True
    )
    assert "i32.average" in shown.stdout and "i32_average" in shown.stdout and "i64_parity" in shown.stdout
