"""What the README says in Python is true: ``expression  # value`` gives that value, ``# wasmz.Trap: ...`` traps so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import wasmz

ROOT = Path(__file__).resolve().parent.parent


def test_python_blocks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    checked = 0
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL):
        for line in block.splitlines():
            code, said, value = line.partition("  # ")
            checked += bool(said)
            if value.startswith("wasmz.Trap: "):
                with pytest.raises(wasmz.Trap, match=re.escape(value.removeprefix("wasmz.Trap: "))):
                    eval(code, names)
            elif said:
                assert repr(eval(code, names)) == value, line
            else:
                exec(code, names)
    assert checked >= 5


def test_every_link_leads_somewhere() -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            if "://" not in target:
                assert (ROOT / target).exists(), f"{page} links to {target}"
