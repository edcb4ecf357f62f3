"""What the documentation shows is true: its Python and shell blocks run, and give what they say.

``tests/support/documents.py`` says how pages are written. Pages that this leaves out are generated, and have tests of
their own. ARCHITECTURE.md names every module of wasmz, and only files and folders that there are.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documents import Page, WrongPage, read_blocks

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PACKAGE = ROOT / "wasmz"
# Written by programs, which make what they show; other tests hold the pages against them.
GENERATED = {"configuration.md", "instructions.md", "mistakes.md"}
PAGES = [ROOT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if path.name not in GENERATED)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_blocks(path: Path, tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("the pages' commands are those of a POSIX shell")
    folder = tmp_path / "work"
    folder.mkdir()
    for name in ("examples", "benchmarks/micro"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "__wasmz__"))
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, module in (("python", ""), ("wasmz", "-m wasmz ")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {module}"$@"\n')
        program.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder))),
        "WASMZ_CACHE_DIR": str(tmp_path / "cache"),
        "XDG_CACHE_HOME": str(tmp_path / "user-cache"),
    }
    command = [sys.executable, "-m", "tests.support.documents", str(path)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _page(text: str) -> Page:
    page = Page()
    for block in read_blocks(text):
        page.run(block)
    return page


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\n1 + 1  # 3\n```", "the value is 2"),
        ("```python\n1 / 1  # ZeroDivisionError: division\n```", "no ZeroDivisionError"),
        ("<!-- raises: KeyError -->\n```python\n1\n```", "does not raise KeyError"),
        ("```python\nprint(1)\n```\n\n<!-- output -->\n```text\n2\n```", "prints is\n1"),
        ("```perl\n1\n```", "'perl', is none of"),
        ("```\n1\n```", "'', is none of"),
        ("<!-- not run: -->\n```sh\nfalse\n```", "does not say why"),
        ("```python\n1\n", "does not end"),
        ("words\n\n    code\n", "line 3: an indented block"),
        ("```sh\nexit 3\n```", "status 3"),
    ],
)
def test_pages_that_are_wrong(text: str, message: str) -> None:
    with pytest.raises(WrongPage, match=re.escape(message)):
        _page(text)


def test_a_page_that_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = """
<!-- setup
x = 20
-->

```python
x + 1  # 21
x / 0  # ZeroDivisionError: division by
print("a b")  # a b
x      # prose of more words
```

<!-- not run: shows how it would look -->
```sh
false
```

<!-- file: greet.py -->
```python
print("hello")
```

```sh
python greet.py
```

<!-- output -->
```text
hello
```
"""
    page = _page(text)
    assert page.counts == {"run": 2, "values": 3, "files": 1, "not run": 1}
    assert [block.language for block in read_blocks(text)] == ["setup", "python", "sh", "python", "sh", "text"]


# A file or folder on a page, such as `ir/`, `names.py` or `tests/ir/`.
_PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)*(?:\.(?:py|rules|cases|skeleton|md|toml|js|yml)|/)|[\w.-]+/[\w./-]+)`")


def _paths(text: str) -> Iterator[tuple[str, Path | None]]:
    """What ARCHITECTURE.md names, and the file or folder that it leads to.

    A name without a folder is in the folder that the heading over it names, if that is one.
    """
    folder = PACKAGE
    for line in text.splitlines():
        names = _PATH.findall(line)
        if line.startswith("#"):
            folder = PACKAGE
        for name in names:
            places = ((PACKAGE if "/" in name.rstrip("/") else folder) / name, ROOT / name)
            yield name, next((place for place in places if place.exists()), None)
        if line.startswith("#") and len(names) == 1:
            folder = PACKAGE / names[0]


def test_architecture_names_what_there_is() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    picture, rest = text.split("## The rooms")[1].split("## Rules")[0], text.split("## Rules")[1]
    assert [name for name, path in _paths(rest) if path is None] == []
    named = re.findall(r"(?<![\w./])\w+(?:/\w+)*(?:/|\.py)(?=[\s,;:)])", picture)
    assert [name for name in named if not any(PACKAGE.rglob(name))] == []


def test_architecture_names_every_module() -> None:
    where = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## Where to change what")[1]
    named = {path for _, path in _paths(where)}
    files = {path for path in PACKAGE.rglob("*.*") if path.suffix in (".py", ".rules", ".cases", ".skeleton")}
    # The targets are one row.
    missing = {path for path in files - named if path.name != "__init__.py" and not path.match("targets/cpython3*.py")}
    assert sorted(path.relative_to(PACKAGE).as_posix() for path in missing) == []
