"""Branch hints move unlikely code to the end, change no result, and cannot make a module invalid."""

from __future__ import annotations

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz.compile.front_end import load_module
from wasmz.compile.pipeline import ModuleCompiler
from wasmz.config import OPT_LEVELS, Config
from wasmz.wasm.branch_hints import SECTION, read_branch_hints

TEXT = """(module (func (export "f") (param i32 i32) (result i32) (local $x i32)
  (if (i32.lt_u (local.get 0) (i32.const 10))
    (then (local.set $x (i32.xor (i32.mul (local.get 1) (i32.const 1234567)) (i32.const 77))))
    (else (local.set $x (i32.div_u (i32.const 7654321) (local.get 0)))))
  (loop $next (local.set $x (i32.add (local.get $x) (i32.const 3)))
    (@metadata.code.branch_hint "{1}") (br_if $next (i32.lt_u (local.get $x) (i32.const 50))))
  (local.get $x)))"""


def hinted(first: int, second: int) -> bytes:
    text = TEXT.replace("(if ", f'(@metadata.code.branch_hint "\\0{first}") (if ', 1).replace("{1}", f"\\0{second}")
    return assemble(text)


def expected(number: int, other: int) -> int:
    result = other * 1234567 ^ 77 if number < 10 else 7654321 // number
    result += 3
    while result < 50:
        result += 3
    return result


def code_offsets(data: bytes, level: int) -> list[int]:
    """Where in the code the instructions of the two arms are: the multiplication's constant and the division's."""
    compiler = ModuleCompiler(data, load_module(data), Config(opt_level=level, verify=True))
    function = compiler.build_index(0)
    compiler.optimise(function)
    position = {value.imm: number for number, block in enumerate(function.blocks) for value in block.body}
    return [position[77], position[7654321]]


@pytest.mark.parametrize("level", [level for level in OPT_LEVELS if level])
def test_unlikely_code_is_last(level: int) -> None:
    likely, unlikely = code_offsets(hinted(1, 1), level)
    assert likely < unlikely
    unlikely, likely = code_offsets(hinted(0, 1), level)
    assert likely < unlikely


@pytest.mark.parametrize("level", OPT_LEVELS)
@pytest.mark.parametrize("hints", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_results_are_the_same(level: int, hints: tuple[int, int]) -> None:
    for mode in ("smart", "eager"):
        engine = wasmz.Engine(Config(opt_level=level, compile_mode=mode, verify=True, use_cache=False))
        exports = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, hinted(*hints))).exports
        for numbers in ((0, 0), (9, 1), (10, 5), (3_000_000, 7)):
            assert exports.f(*numbers) == expected(*numbers)


def test_malformed_sections_are_ignored() -> None:
    data = hinted(1, 0)
    module = load_module(data)
    assert [list(found.values()) for found in read_branch_hints(data, module).values()] == [[True, False]]
    (section,) = (section for section in module.custom_sections if section.name == SECTION)
    engine = wasmz.Engine(Config(use_cache=False))
    for position in range(section.start, section.end):
        for byte in (0, 1, 0x7F, 0x80, 0xFF):
            damaged = data[:position] + bytes((byte,)) + data[position + 1 :]
            read_branch_hints(damaged, load_module(damaged))
    for byte in (0x7F, 0xFF):
        damaged = data[: section.start] + bytes((byte,)) + data[section.start + 1 :]
        wasmz.Module.compile(engine, damaged)
