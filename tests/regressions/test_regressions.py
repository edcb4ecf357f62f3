"""Each ``.wat`` here was once compiled wrongly. Its comments say what its exports give, call by call, in one instance:

;; f(1, -2.5) = 7
;; g() traps TABLE_OUT_OF_BOUNDS
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.differential.oracle import agree, assemble, compare
from wasmz.config import OPT_LEVELS

FILES = sorted(Path(__file__).parent.glob("*.wat"))
_EXPECTATION = re.compile(r"^;; (\w+)\((.*)\) (?:= (.+)|traps (\w+))$", re.MULTILINE)


def expectations(text: str) -> list[tuple[str, tuple[Any, ...], Any, str | None]]:
    """Name, arguments, result, and kind of trap or ``None``."""
    found = []
    for name, arguments, result, trap in _EXPECTATION.findall(text):
        values = ast.literal_eval(f"({arguments},)") if arguments else ()
        found.append((name, values, ast.literal_eval(result) if result else None, trap or None))
    return found


@pytest.mark.parametrize("level", OPT_LEVELS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_does_what_it_has_to(path: Path, level: int) -> None:
    text = path.read_text(encoding="utf-8")
    engine = wasmz.Engine(wasmz.Config(opt_level=level, compile_mode="eager", verify=True, use_cache=False))
    exports = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(text))).exports
    calls = expectations(text)
    assert calls
    for name, arguments, result, trap in calls:
        if trap is None:
            assert agree(result, exports[name](*arguments)), (name, arguments)
            continue
        with pytest.raises(wasmz.Trap) as caught:
            exports[name](*arguments)
        assert caught.value.code.name == trap, (name, arguments)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_as_in_wasmtime(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    calls = [(name, arguments) for name, arguments, _, _ in expectations(text)]
    assert compare(assemble(text), calls) == len(calls)
