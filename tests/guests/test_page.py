"""The blocks of docs/guests.md run, and give what they say."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.guests.test_guests import make

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="no threads here")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guests.md"


def test_the_page() -> None:
    for kind in ("python", "javascript"):
        make(kind).close()
    names: dict[str, Any] = {"look": look}
    checked = 0
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        lines = block.splitlines()
        for statement in ast.parse(block).body:
            for inner in [*getattr(statement, "body", [])] or [statement]:
                said = lines[inner.end_lineno - 1].partition("  # ")[2].strip() if inner.end_lineno else ""
                if not (said and isinstance(inner, ast.Expr)):
                    continue
                # Inside a `with`, the value is looked at by the way.
                inner.value = ast.Call(ast.Name("look", ast.Load()), [inner.value, ast.Constant(said)], [])
                checked += 1
            module = ast.fix_missing_locations(ast.Module([statement], []))
            exec(compile(module, str(PAGE), "exec"), names)
    assert checked >= 15


def look(value: Any, said: str) -> None:
    expected, is_open, _ = said.partition("...")
    assert repr(value).startswith(expected) if is_open else repr(value) == said, said
