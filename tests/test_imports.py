"""The import graph of wasmz: no cycles, and no imports up the layers of ARCHITECTURE.md.

Every import counts, wherever it stands: at the top of a file, for annotations only (``if TYPE_CHECKING``), inside a
function, and as ``load("wasmz.x")``. Files that are chosen by a table at run time count by that table.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "wasmz"

# May import everything: the package's own face.
_FACE = {"wasmz", "wasmz.__main__"}
# Packages above the face, and everything that they import besides their own files.
_ABOVE = "wasmz.wasmtime"
_FOR_ABOVE = {"wasmz", "wasmz.text", "wasmz.startup.concurrency"}


def find_modules() -> dict[str, Path]:
    """All modules by name; a package goes by the name of its folder."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported_by(source: str, known: set[str]) -> set[str]:
    """The known modules that a file's source imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & known
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found |= {inner if inner in known else node.module} & known
        elif isinstance(node, ast.Call) and getattr(node.func, "id", None) in ("load", "loaded"):
            found |= {item.value for item in node.args if isinstance(item, ast.Constant)} & known
    return found


def tables() -> Iterator[tuple[str, set[str]]]:
    """Modules that others choose at run time, by tables."""
    from wasmz.interop import registry
    from wasmz.runtime import abi
    from wasmz.runtime.calls import adapters
    from wasmz.runtime.link import find_helpers as helpers
    from wasmz.runtime.wasi import functions

    yield helpers.__name__, {f"wasmz.runtime.{file}" for files in abi.HELPER_FILES.values() for file in files}
    yield adapters.__name__, {f"wasmz.runtime.{file}" for file in adapters._LATE_HELPERS.values()}
    yield registry.__name__, {family.file for family in registry.FAMILIES.values()}
    yield functions.__name__, {f"wasmz.runtime.wasi.{file}" for _, file in functions.FUNCTIONS.values()}


def import_graph() -> dict[str, set[str]]:
    """For each module those that it imports."""
    modules = find_modules()
    graph = {name: imported_by(path.read_text(), modules.keys()) - {name} for name, path in modules.items()}
    for name, chosen in tables():
        assert chosen <= modules.keys(), name
        graph[name] |= chosen
    return graph


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected components with more than one module."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found = []

    def visit(name: str) -> None:
        numbers[name] = lowest[name] = len(numbers)
        path.append(name)
        for other in sorted(graph[name]):
            if other not in numbers:
                visit(other)
            if other in path:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == numbers[name]:
            component = path[path.index(name) :]
            del path[len(path) - len(component) :]
            if len(component) > 1:
                found.append(sorted(component))

    for name in sorted(graph):
        if name not in numbers:
            visit(name)
    return found


def layers() -> dict[str, int]:
    """The layer of each file and folder of the package by ARCHITECTURE.md; the lowest one is 0."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    line = next(line for line in text.splitlines() if line.count("→") > 5)
    written = line.strip().rstrip(".").split("→")
    return {name: height for height, part in enumerate(reversed(written)) for name in re.findall(r"`(\w+)`", part)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b\n", {"a.b"}),
        ("from a import b, c\n", {"a.b", "a"}),
        ("if TYPE_CHECKING:\n    from a.b import X\n", {"a.b"}),
        ("def f():\n    from a.b import x\n", {"a.b"}),
        ("def f():\n    return load('a.b').x\n", {"a.b"}),
        ("import os\nname = 'a.b'\n", set()),
    ],
)
def test_every_import_is_seen(source: str, expected: set[str]) -> None:
    assert imported_by(source, {"a", "a.b"}) == expected


def test_circles_are_seen() -> None:
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": {"d"}, "f": {"a", "d"}}
    assert circles(graph) == [["d", "e"], ["a", "b", "c"]]


def test_no_circles() -> None:
    assert circles(import_graph()) == []


def test_imports_go_down() -> None:
    height = layers()
    graph = import_graph()

    def of(name: str) -> int:
        return height[name.split(".")[1]]

    unlisted = {name for name in graph if name not in _FACE and name.split(".")[1] not in height}
    assert not unlisted, "ARCHITECTURE.md gives these no layer"
    upwards = [
        f"{name} imports {other}"
        for name, others in sorted(graph.items())
        for other in sorted(others)
        if name not in _FACE and not name.startswith(_ABOVE) and (other in _FACE or of(other) > of(name))
    ]
    assert upwards == []


def test_the_drop_in_uses_the_public_api_only() -> None:
    for name, others in import_graph().items():
        if name.startswith(_ABOVE):
            assert {other for other in others if not other.startswith(_ABOVE)} <= _FOR_ABOVE, name


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
def test_the_runtime_needs_nothing_of_the_compiler() -> None:
    """With the compiler's modules made impossible to import, all of the runtime can be imported, and runs modules."""
    script = """
import importlib, pkgutil, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("bytecode", "click", "platformdirs") or name.startswith(
            ("wasmz.compile.pipeline", "wasmz.wasm", "wasmz.ir", "wasmz.passes", "wasmz.codegen")
        ):
            raise AssertionError(f"imports {name}")
sys.meta_path.insert(0, Refuse())
import wasmz.runtime
for info in pkgutil.walk_packages(wasmz.runtime.__path__, "wasmz.runtime."):
    importlib.import_module(info.name)
import wasmz.module, wasmz.artifact.cache
print("all")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "all"
