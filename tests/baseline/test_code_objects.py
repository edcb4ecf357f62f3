"""Code objects made without the `bytecode` package equal those that it makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from wasmz.baseline import function
from wasmz.baseline.module import BaselineModule
from wasmz.codegen import assembler, code_object
from wasmz.compile.front_end import load_module
from wasmz.config import Config
from wasmz.wasm.proposals import accepted_by

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.wasm"))


def _parts(code: CodeType) -> dict[str, Any]:
    # co_lnotab is deprecated: co_linetable is what it is made from.
    names = [name for name in dir(code) if name.startswith("co_") and name != "co_lnotab"]
    return {name: getattr(code, name) for name in names if not callable(getattr(code, name))}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_they_are_those_of_the_package(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[CodeType, CodeType]] = []

    def both(*parts: Any) -> CodeType:
        pair = code_object.make_code(*parts), assembler.make_code(*parts)
        made.append(pair)
        return pair[0]

    monkeypatch.setattr(function, "make_code", both)
    data = path.read_bytes()
    module = load_module(data, accepted_by(Config()))
    compiler = BaselineModule(data, module, uses_fuel=False)
    for body in module.bodies:
        function.compile_function(compiler, body)
    assert len(made) == len(module.bodies) > 0
    for ours, theirs in made:
        assert _parts(ours) == _parts(theirs)


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
def test_a_cold_start_needs_little() -> None:
    """Of the standard library, and of other packages: each of these takes longer than compiling a small function."""
    script = """
import sys
from wasmz import Config, Engine, Instance, Module, Store
engine = Engine(Config(use_cache=False))
exports = Instance(Store(engine), Module.compile(engine, open("examples/factorial.wasm", "rb").read())).exports
print(exports.factorial(5))
heavy = {"bytecode", "dataclasses", "dis", "enum", "inspect", "re", "typing", "wasmz.passes"}
print(sorted(sys.modules.keys() & heavy))
"""
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{script}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == ["120", "[]"], done.stderr
