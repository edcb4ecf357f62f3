"""Each pass: text in, text out, and the same results from a direct evaluator before and after."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.ir_evaluator import evaluate
from tests.support.snapshots import check_cases, read_cases
from tests.support.work import count_lines
from wasmz.config import OPT_LEVELS, OPTIONAL_PASSES, Config
from wasmz.ir.nodes import Function, Stage
from wasmz.ir.parser import parse_function
from wasmz.ir.printer import print_function
from wasmz.ir.verifier import verify_function
from wasmz.passes import PASSES, PIPELINES, PLAIN, REQUIRED, find_pass, run_passes
from wasmz.passes.context import Context
from wasmz.types import MemoryType, ValType

_FILES = sorted(Path(__file__).parent.glob("*.ir"))
_EDGES = {
    ValType.I32: (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF),
    ValType.I64: (0, 1, 0xFFFF_FFFF, 0x1_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 2**64 - 1),
    ValType.F64: (0.0, -0.0, 1.5, -2.5e300, float("inf")),
}


# Passes that only look at functions in SSA form.
_ON_SSA = {name for name in PIPELINES[2] if name not in PLAIN} - {"ssa"}


_CONTEXT = Context(memory_types=(MemoryType(1),))


def _parse(text: str, name: str) -> Function:
    """The function that a case describes, in the form that the pass expects."""
    function = parse_function(text)
    if name == "streams":
        function.stage = Stage.REPRESENTED
    elif name in _ON_SSA or "; in SSA form" in text:
        function.stage = Stage.SSA
    return function


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_pass_turns_text_into_text(path: Path) -> None:
    cases = read_cases(path)
    assert cases
    for case in cases:
        function = _parse(case.source, path.stem)
        verify_function(function)
        stage = function.stage
        find_pass(path.stem)(function, _CONTEXT)
        assert function.stage >= stage, "passes only lead on"
        verify_function(function, after=path.stem)
        case.actual = print_function(function)
    check_cases(path, cases)


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_pass_keeps_results(path: Path) -> None:
    random_numbers = random.Random(path.stem)
    for case in read_cases(path):
        if "; not evaluated" in case.source:
            continue
        before = parse_function(case.source)
        after = _parse(case.source, path.stem)
        find_pass(path.stem)(after, _CONTEXT)
        wholes = [parse_function(case.source) for _ in OPT_LEVELS]
        for level, whole in zip(OPT_LEVELS, wholes, strict=True):
            if "int." not in case.source:
                run_passes(whole, level, Context(verify=True))
        for _ in range(40):
            arguments = [random_numbers.choice(_EDGES[type]) for type in before.type.params]
            wanted = evaluate(before, arguments)
            assert evaluate(after, arguments) == wanted, (case.name, arguments)
            for whole in wholes:
                assert evaluate(whole, arguments) == wanted, (case.name, arguments)


def test_every_pass_has_cases_and_is_in_a_pipeline() -> None:
    # Inlining needs a module: test_inline.py.
    assert {path.stem for path in _FILES} == set(PASSES) - {"inline"}
    assert set(PIPELINES) == set(OPT_LEVELS)
    assert {*PLAIN, *(name for names in PIPELINES.values() for name in names)} == set(PASSES)
    assert {*OPTIONAL_PASSES} == set(PASSES) - REQUIRED


def test_disabled_passes_are_named_in_any_order() -> None:
    assert Config(disable_passes=["jumps", "dead"]) == Config(disable_passes={"dead", "jumps"})
    assert hash(Config(disable_passes=["jumps"])) != hash(Config())


@pytest.mark.parametrize("wrong", ["dead", ["ded"], ["merge"], [3]])
def test_what_is_no_optional_pass_cannot_be_disabled(wrong: object) -> None:
    with pytest.raises(ValueError, match="disable_passes"):
        Config(disable_passes=wrong)  # type: ignore[arg-type]


def test_a_switch_of_many_cases_takes_no_quadratic_time() -> None:
    small, large = _switch(500), _switch(1_000)
    values = find_pass("values")
    assert count_lines(lambda: values(large, Context())) < 3 * count_lines(lambda: values(small, Context()))
    verify_function(large)
    folded = large.blocks[3].terminator.args[0]
    assert (folded.op, folded.imm) == ("i32.const", 5)


def _switch(count: int) -> Function:
    """Adds the number of the case to the operand, which is that number."""
    cases = "".join(
        f"b{k}:\n  v{2 * k}: i32 = i32.const {k}\n  v{2 * k + 1}: i32 = i32.add v0 v{2 * k}\n  return v{2 * k + 1}\n"
        for k in range(1, count + 1)
    )
    ways = " ".join(f"b{k}" for k in range(1, count + 1))
    return _parse(
        f"func 0 (i32) -> (i32)\n  locals i32\nb0:\n  v0: i32 = local.get 0\n  switch v0 {ways}\n{cases}", "values"
    )


def test_many_conditions_on_many_locals_take_no_quadratic_time() -> None:
    small, large = _conditions(100), _conditions(200)
    ssa = find_pass("ssa")
    assert count_lines(lambda: ssa(large, Context())) < 3 * count_lines(lambda: ssa(small, Context()))
    verify_function(large)
    assert sum(len(block.params) for block in large.blocks) == 200
    assert evaluate(large, [3]) == evaluate(_conditions(200), [3])


def _conditions(count: int) -> Function:
    """Adds the operand to each of many locals if it is not zero, and returns the sum of all."""
    text = f"func 0 (i32) -> (i32)\n  locals i32{' i32' * count}\n"
    for k in range(1, count + 1):
        block, value = 2 * (k - 1), 5 * (k - 1)
        text += (
            f"b{block}:\n  v{value}: i32 = local.get 0\n  branch v{value} b{block + 1} b{block + 2}\n"
            f"b{block + 1}:\n  v{value + 1}: i32 = local.get {k}\n  v{value + 2}: i32 = local.get 0\n"
            f"  v{value + 3}: i32 = i32.add v{value + 1} v{value + 2}\n  local.set {k} v{value + 3}\n"
            f"  jump b{block + 2}\n"
        )
    value = 5 * count
    text += f"b{2 * count}:\n  v{value}: i32 = i32.const 0\n"
    for k in range(1, count + 1):
        text += f"  v{value + 1}: i32 = local.get {k}\n  v{value + 2}: i32 = i32.add v{value} v{value + 1}\n"
        value += 2
    return parse_function(f"{text}  return v{value}\n")
