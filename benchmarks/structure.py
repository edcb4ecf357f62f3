"""What the code base looks like in numbers: sizes, circles of imports, and habits that should become rarer.

    python -m benchmarks.structure                       this checkout
    python -m benchmarks.structure --against COMMIT      and beside it a commit

Prints a Markdown table. What is counted, all of it in the package's own files:

    lines               by folder of `wasmz/`, generated files left out
    tests of names      comparisons with `op`, an operation's name
    slicings            parts of such a name: `op[:3]`, `op.startswith("i32.")`
    bare indexings      subscripts by a number, of anything but operands, edges and parameters
    circles             files that import each other, annotation-only and late imports included
    upward imports      imports from a line of ARCHITECTURE.md's order to one above it
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = "wasmz"
_GENERATED = "Made from "
_OPERANDS = frozenset({"args", "edges", "params"})
_PARTS = frozenset({"startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "split"})


@dataclass
class Numbers:
    """What was counted in a tree; ``lines`` by folder, ``imports`` by file."""

    lines: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    longest_file: tuple[int, str] = (0, "")
    longest_function: tuple[int, str] = (0, "")
    imports: dict[str, set[str]] = field(default_factory=dict)


def measure(root: Path) -> Numbers:
    """Counts what the package under ``root`` has."""
    numbers = Numbers()
    files = {_module_name(path, root): path for path in sorted((root / PACKAGE).rglob("*.py"))}
    for name, path in files.items():
        text = path.read_text(encoding="utf-8")
        if _GENERATED in text.partition("\n")[0]:
            numbers.counts["generated lines"] += text.count("\n")
            continue
        _measure_file(numbers, path.relative_to(root / PACKAGE), text)
        numbers.imports[name] = set(_imports(ast.parse(text), name, path.name == "__init__.py", files))
    circles = [circle for circle in find_circles(numbers.imports) if len(circle) > 1]
    numbers.counts["circles"] = len(circles)
    numbers.counts["files in circles"] = sum(map(len, circles))
    numbers.counts["upward imports"] = len(list(_upward(numbers.imports, read_order(root))))
    return numbers


def _module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _measure_file(numbers: Numbers, path: Path, text: str) -> None:
    tree = ast.parse(text)
    lines = text.count("\n")
    numbers.lines[path.parts[0] if len(path.parts) > 1 else "."] += lines
    numbers.longest_file = max(numbers.longest_file, (lines, path.as_posix()))
    numbers.counts["files"] += 1
    numbers.counts["type: ignore"] += len(re.findall(r"#\s*type: ignore", text))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            size = (node.end_lineno or 0) - node.lineno + 1
            numbers.longest_function = max(numbers.longest_function, (size, f"{path.as_posix()}: {node.name}"))
        elif isinstance(node, ast.Name) and node.id == "Any":
            numbers.counts["Any"] += 1
        elif isinstance(node, ast.Compare) and any(map(_is_name_of_operation, (node.left, *node.comparators))):
            numbers.counts["tests of names"] += 1
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            if isinstance(node.slice, ast.Slice):
                numbers.counts["slicings"] += _is_name_of_operation(node.value)
            elif isinstance(node.slice, ast.Constant) and type(node.slice.value) is int:
                of_operands = isinstance(node.value, ast.Attribute) and node.value.attr in _OPERANDS
                of_operands |= isinstance(node.value, ast.Name) and node.value.id in _OPERANDS
                numbers.counts["bare indexings"] += not of_operands
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            numbers.counts["slicings"] += node.func.attr in _PARTS and _is_name_of_operation(node.func.value)


def _is_name_of_operation(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "op") or (isinstance(node, ast.Name) and node.id == "op")


def _imports(tree: ast.Module, name: str, is_package: bool, files: Iterable[str]) -> Iterator[str]:
    """The package's own files that a file imports, anywhere in it."""
    known = set(files)
    for node in ast.walk(tree):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = name.split(".")
                base = ".".join([*parts[: len(parts) - node.level + is_package], *([base] if base else [])])
            found = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in node.names]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load" and node.args:
            found = [node.args[0].value] if isinstance(node.args[0], ast.Constant) else []
        yield from (item for item in found if item in known and item != name)


def find_circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of a graph (Tarjan's algorithm, without recursion)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_nodes: list[str] = []
    is_open: set[str] = set()
    found: list[list[str]] = []
    for start in graph:
        work = [] if start in order else [(start, iter(sorted(graph[start])))]
        while work:
            node, following = work[-1]
            if node not in order:
                order[node] = lowest[node] = len(order)
                open_nodes.append(node)
                is_open.add(node)
            for other in following:
                if other not in graph:
                    continue
                if other not in order:
                    work.append((other, iter(sorted(graph[other]))))
                    break
                if other in is_open:
                    lowest[node] = min(lowest[node], lowest[other])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[node])
                if lowest[node] == order[node]:
                    position = open_nodes.index(node)
                    found.append(open_nodes[position:])
                    is_open.difference_update(open_nodes[position:])
                    del open_nodes[position:]
    return found


def read_order(root: Path) -> dict[str, int]:
    """The layers of ARCHITECTURE.md: the parts of the package, each with the number of its line, from the top."""
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    chain = max((line for line in text.splitlines() if "→" in line), key=lambda line: line.count("→"))
    return {
        name.strip("/"): number
        for number, layer in enumerate(chain.split("→"))
        for name in re.findall(r"`([\w/]+)`", layer)
    }


def layer_of(module: str, order: dict[str, int]) -> int | None:
    """The layer of a module: its own, or that of the folder that it is in."""
    parts = module.split(".")[1:]
    for end in range(len(parts), 0, -1):
        if (found := order.get("/".join(parts[:end]))) is not None:
            return found
    return None


def _upward(imports: dict[str, set[str]], order: dict[str, int]) -> Iterator[tuple[str, str]]:
    for module, others in imports.items():
        here = layer_of(module, order)
        for other in others:
            there = layer_of(other, order)
            if here is not None and there is not None and there < here:
                yield module, other


def table(columns: dict[str, Numbers]) -> str:
    """The Markdown table of several trees."""
    rows: list[tuple[str, list[str]]] = []
    folders = sorted({folder for numbers in columns.values() for folder in numbers.lines})
    rows += [(f"lines in `{f}`", [f"{n.lines[f]:,}" for n in columns.values()]) for f in folders]
    rows.append(("lines, all", [f"{n.lines.total():,}" for n in columns.values()]))
    rows.append(("longest file", ["{:,} ({})".format(*n.longest_file) for n in columns.values()]))
    rows.append(("longest function", ["{:,} ({})".format(*n.longest_function) for n in columns.values()]))
    names = dict.fromkeys(name for n in columns.values() for name in n.counts)
    rows += [(name, [f"{n.counts[name]:,}" for n in columns.values()]) for name in names]
    lines = [("", list(columns)), ("---", ["---:"] * len(columns)), *rows]
    return "\n".join(f"| {name} | {' | '.join(cells)} |" for name, cells in lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.structure", description="The code base in numbers.")
    parser.add_argument("--against", metavar="COMMIT", help="a commit to show beside this checkout")
    options = parser.parse_args()
    columns = {}
    if options.against is not None:
        command = ["git", "-C", str(ROOT), "archive", options.against, PACKAGE, "ARCHITECTURE.md"]
        content = subprocess.run(command, capture_output=True, check=True).stdout
        with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(folder, filter="data")
            columns[options.against] = measure(Path(folder))
    columns["this checkout"] = measure(ROOT)
    print(table(columns))
    return 0


if __name__ == "__main__":
    sys.exit(main())
