"""Walks that skip what has not changed find the facts that walks of everything find."""

from __future__ import annotations

from pathlib import Path

import pytest

from wasmz.compile.pipeline import ModuleCompiler, load_module
from wasmz.config import Config
from wasmz.ir.nodes import Function
from wasmz.passes import PIPELINES, find_pass
from wasmz.passes.analysis.ranges import RangeAnalysis
from wasmz.passes.context import Context

_ROOT = Path(__file__).parent.parent.parent
_MODULES = sorted([*(_ROOT / "benchmarks" / "kernels").glob("*/*.wasm"), *(_ROOT / "examples").glob("**/*.wasm")])


class _Thorough(RangeAnalysis):
    """Walks through all blocks each time."""

    def _walk_again(self) -> None:
        for place in self._places.all:
            place.due = 0
        self._walk()


def _facts(function: Function, context: Context, analysis: type[RangeAnalysis]) -> list[tuple[int, ...]]:
    analysis(function, context).solve()
    return [value.fact for block in function.blocks for value in (*block.params, *block.body)]


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: path.stem)
def test_facts_are_those_of_thorough_walks(path: Path) -> None:
    data = path.read_bytes()
    compiler = ModuleCompiler(data, load_module(data), Config())
    passes = [find_pass(name) for name in PIPELINES[2][: PIPELINES[2].index("represent")]]
    for body in compiler.module.bodies:
        function = compiler.build(body)
        for run in passes:
            run(function, compiler.context)
        found = _facts(function, compiler.context, RangeAnalysis)
        assert found == _facts(function, compiler.context, _Thorough), function.label
