"""What docs/wasmtime.md says in Python is true: ``expression  # value`` gives that value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "wasmtime.md"


def test_python_blocks() -> None:
    names: dict[str, Any] = {}
    checked = 0
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        pending = ""
        for line in block.splitlines():
            code, said, value = line.partition("  # ")
            if said and not code.startswith("import "):
                exec(pending, names)
                pending = ""
                assert repr(eval(code, names)) == value, line
                checked += 1
            else:
                pending += line + "\n"
        exec(pending, names)
    assert checked == 4
