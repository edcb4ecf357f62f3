"""Each pass: text in, text out, and the same results from a direct evaluator before and after."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.ir_evaluator import evaluate
from tests.support.snapshots import check_cases, read_cases
from wasmz.config import OPT_LEVELS
from wasmz.ir.parser import parse_function
from wasmz.ir.printer import print_function
from wasmz.ir.verifier import verify_function
from wasmz.passes import PASSES, PIPELINES, run_passes
from wasmz.types import ValType

_FILES = sorted(Path(__file__).parent.glob("*.ir"))
_EDGES = {
    ValType.I32: (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF),
    ValType.I64: (0, 1, 0xFFFF_FFFF, 0x1_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 2**64 - 1),
    ValType.F64: (0.0, -0.0, 1.5, -2.5e300, float("inf")),
}


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_pass_turns_text_into_text(path: Path) -> None:
    cases = read_cases(path)
    assert cases
    for case in cases:
        function = parse_function(case.source)
        verify_function(function)
        PASSES[path.stem](function)
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
        after = parse_function(case.source)
        PASSES[path.stem](after)
        whole = parse_function(case.source)
        run_passes(whole, max(OPT_LEVELS), verify=True)
        for _ in range(40):
            arguments = [random_numbers.choice(_EDGES[type]) for type in before.type.params]
            wanted = evaluate(before, arguments)
            assert evaluate(after, arguments) == wanted, (case.name, arguments)
            assert evaluate(whole, arguments) == wanted, (case.name, arguments)


def test_every_pass_has_cases_and_is_in_a_pipeline() -> None:
    assert {path.stem for path in _FILES} == set(PASSES)
    assert set(PIPELINES) == set(OPT_LEVELS)
    assert {name for names in PIPELINES.values() for name in names} <= set(PASSES)
