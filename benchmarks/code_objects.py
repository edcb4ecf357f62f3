"""Whether two trees generate the same code: compiles modules in both, and compares every code object.

    python -m benchmarks.code_objects --against COMMIT               the kernels, examples and test programs
    python -m benchmarks.code_objects --against COMMIT --corpus      and QuickJS, Lua and lz4 from the corpus
    python -m benchmarks.code_objects --against COMMIT FILE.wasm     these modules only
    python -m benchmarks.code_objects --against COMMIT --opt-level 0 --jobs 1

COMMIT is checked out beside, and each tree compiles by its own ``wasmz compile`` under this Python. Line numbers count
as part of the code: traps are found by them. Prints a line a module that differs, with the functions and the first
instruction in which they differ; the exit status is 1 if there was one.
"""

from __future__ import annotations

import argparse
import dis
import io
import marshal
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).parent.parent
LOCAL = ("benchmarks/kernels/*/*.wasm", "examples/**/*.wasm", "tests/programs/*.wasm")
CORPUS = ("quickjs-pwasm/quickjs.wasm", "lua/*.wasm", "lz4/*.wasm")
_HEADER_BYTES = 16
_CHECKSUM_BYTES = 8


def find_modules(corpus: bool) -> list[Path]:
    """The modules to compare, by size."""
    found = [path for pattern in LOCAL for path in ROOT.glob(pattern)]
    if corpus:
        held = ROOT / "cache" / "corpus"
        found += [path for pattern in CORPUS for path in held.glob(pattern)]
        if len({path.parent for path in found if path.is_relative_to(held)}) < len(CORPUS):
            raise SystemExit(f"{held} lacks modules: python -m tests.corpus.eager fetches them")
    return sorted(found, key=lambda path: path.stat().st_size)


def compile_with(tree: Path, module: Path, output: Path, options: Sequence[str]) -> list[CodeType]:
    """The code objects of a module, compiled by the wasmz of a tree."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "wasmz", "compile", *options, "-o", str(output), str(module)]
    run = subprocess.run(command, env=environment, cwd=tree, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"{tree}: {' '.join(command)}: {run.stderr.strip()}")
    content = output.read_bytes()[_HEADER_BYTES:-_CHECKSUM_BYTES]
    return list(_codes_in(marshal.loads(content)))


def _codes_in(value: object) -> Iterator[CodeType]:
    """All code objects in a value of a `.pyc`, also in what is marshalled inside of it."""
    if isinstance(value, CodeType):
        # The file's own, whose constants hold the image, is no function of the module.
        if value.co_name != "<module>":
            yield value
        for constant in value.co_consts:
            yield from _codes_in(constant)
    elif isinstance(value, tuple | list | frozenset):
        for item in value:
            yield from _codes_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _codes_in(item)
    elif isinstance(value, bytes):
        yield from _codes_in(_marshalled(value))


def _marshalled(content: bytes) -> list[object]:
    """The values in bytes that are nothing but marshalled tuples and code objects."""
    stream, values = io.BytesIO(content), []
    while stream.tell() < len(content):
        try:
            value = marshal.load(stream)
        except (ValueError, EOFError, TypeError):
            return []
        if not isinstance(value, tuple | CodeType):
            return []
        values.append(value)
    return values


def difference(one: CodeType, other: CodeType) -> str | None:
    """Where two code objects differ first, or ``None``."""
    if _described(one) == _described(other):
        return None
    for this, that in zip_longest(dis.get_instructions(one), dis.get_instructions(other)):
        if this is None or that is None or (this.opname, this.argrepr) != (that.opname, that.argrepr):
            before, after = (f"{i.opname} {i.argrepr}" if i is not None else "the end" for i in (that, this))
            return f"at {(this or that).offset}: {before} -> {after}"  # type: ignore[union-attr]
    return "not in its instructions: constants, lines or exception table"


def _described(code: CodeType) -> tuple[object, ...]:
    """All that makes a code object what it is; constants as text, as a NaN equals nothing."""
    constants = [_described(c) if isinstance(c, CodeType) else f"{type(c).__name__} {c!r}" for c in code.co_consts]
    tables = (list(code.co_lines()), code.co_exceptiontable)
    return (code.co_code, constants, code.co_names, code.co_varnames, code.co_stacksize, code.co_flags, *tables)


def compare(module: Path, trees: tuple[Path, Path], folder: Path, options: Sequence[str]) -> tuple[int, list[str]]:
    """How many code objects a module has, and a line for each that differs."""
    name = "-".join(module.relative_to(ROOT).parts) if module.is_relative_to(ROOT) else module.name
    one, other = (compile_with(tree, module, folder / f"{name}.{i}.pyc", options) for i, tree in enumerate(trees))
    lines = [] if len(one) == len(other) else [f"{len(other)} code objects before, {len(one)} now"]
    for this, that in zip(one, other, strict=False):
        if found := difference(this, that):
            lines.append(f"{this.co_qualname}: {found}")
    return len(one), lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.code_objects", description="Compare generated code.")
    parser.add_argument("files", nargs="*", type=Path, help="modules; by default the checkout's")
    parser.add_argument("--against", required=True, metavar="COMMIT", help="the tree to compare with")
    parser.add_argument("--corpus", action="store_true", help="compare QuickJS, Lua and lz4, too")
    parser.add_argument("--opt-level", default="2")
    parser.add_argument("--jobs", type=int, default=2, help="modules at a time")
    options = parser.parse_args()
    files = [path.resolve() for path in options.files] or find_modules(options.corpus)
    if not files:
        raise SystemExit("no modules found")
    total = different = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), options.against], check=True)
        try:
            chosen = ["--opt-level", options.opt_level, "--legacy-exceptions"]
            results = pool.map(lambda path: compare(path, (ROOT, tree), Path(folder), chosen), files)
            for path, (count, lines) in zip(files, results, strict=True):
                total += count
                different += len(lines)
                if lines:
                    print(f"{path.parent.name}/{path.name} ({count} code objects)", *lines, sep="\n    ", flush=True)
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)
    print(f"{len(files)} modules, {total:,} code objects, {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
