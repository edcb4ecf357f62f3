"""How fast two trees compile: the optimising pipeline of this one against that of a commit, pass by pass.

    python -m benchmarks.compile_speed --against COMMIT                 a real interpreter of 229 KB
    python -m benchmarks.compile_speed --against COMMIT --corpus        and QuickJS and Lua from the corpus
    python -m benchmarks.compile_speed --against COMMIT FILE.wasm --every 4 --rounds 5

COMMIT is checked out beside. Each tree has a process of its own, under this Python; both compile the same functions in
turn, a batch at a time, so that a slow moment of the machine meets both. Counted is CPU time, without collections of
garbage. Prints microseconds an instruction of each stage, and the median of the ratios of the batches. The processes
also tell whether they made the same code.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import environ
from pathlib import Path
from time import process_time
from typing import Any

ROOT = Path(__file__).parent.parent
# Functions are compiled in batches of about so many instructions.
_BATCH = 4_000


# In the process of a tree


class Compiler:
    """The compiler of the tree that is imported, and the functions that it is to compile.

    Attributes:
        batches: indices of functions, by module.
    """

    def __init__(self, paths: list[str], every: int, level: int) -> None:
        from wasmz.compile.pipeline import ModuleCompiler, load_module
        from wasmz.config import Config
        from wasmz.wasm.body import decode_body

        self.level = level
        self.batches: list[tuple[Any, list[Any], int]] = []
        for path in paths:
            data = Path(path).read_bytes()
            compiler = ModuleCompiler(data, load_module(data), Config(opt_level=level))
            chosen: list[Any] = []
            total = 0
            for number, body in enumerate(compiler.module.bodies):
                if number % every == 0:
                    chosen.append(body)
                    total += len(decode_body(data, body, compiler.module))
                if total >= _BATCH or (number == len(compiler.module.bodies) - 1 and chosen):
                    self.batches.append((compiler, chosen, total))
                    chosen, total = [], 0

    def compile(self, number: int) -> dict[str, Any]:
        """Compiles a batch: the instructions in it, seconds by stage, and a checksum of the code."""
        compiler, bodies, count = self.batches[number]
        seconds: dict[str, float] = {}
        checksum = 0
        for body in bodies:
            last = process_time()

            def note(stage: str) -> None:
                nonlocal last
                now = process_time()
                seconds[stage] = seconds.get(stage, 0.0) + now - last
                last = process_time()

            function = compiler.build(body)
            note("build")
            compiler.optimise(function, lambda stage, _: note(stage))
            code = compiler.lower(function).code
            note("lower")
            for part in (code.co_code, code.co_exceptiontable, code.co_linetable, repr(code.co_names).encode()):
                checksum = zlib.crc32(part, checksum)
        return {"count": count, "seconds": seconds, "checksum": checksum}


def serve(paths: list[str], every: int, level: int) -> None:
    """Compiles the batches whose numbers come by standard input, until that ends."""
    compiler = Compiler(paths, every, level)
    print(len(compiler.batches), flush=True)
    gc.collect()
    gc.freeze()
    gc.disable()
    for line in sys.stdin:
        print(json.dumps(compiler.compile(int(line))), flush=True)
        gc.collect()


# In the process that compares


class Tree:
    """The process of a tree."""

    def __init__(self, tree: Path, arguments: list[str]) -> None:
        variables = {**environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"}
        command = [sys.executable, "-P", __file__, "--serve", *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables, cwd=tree, text=True
        )
        self.count = int(self._read())
        self.seconds: dict[str, float] = {}

    def compile(self, number: int) -> dict[str, Any]:
        """What :meth:`Compiler.compile` says of a batch."""
        assert self.process.stdin is not None
        print(number, file=self.process.stdin, flush=True)
        result: dict[str, Any] = json.loads(self._read())
        for stage, seconds in result["seconds"].items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
        return result

    def _read(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("a compiling process has ended: see its message above")
        return line

    def close(self) -> None:
        """Ends the process."""
        self.process.communicate()


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A folder with the tree of a commit."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), commit], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def default_modules(corpus: bool) -> list[Path]:
    """The modules to compile unless some are named."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.micro import large_module_path

    found = [path for path in (large_module_path(),) if path is not None]
    if corpus:
        held = Path(environ.get("WASMZ_BENCHMARK_CORPUS") or ROOT / "cache" / "corpus")
        found += [held / "quickjs-pwasm" / "quickjs.wasm", held / "lua" / "glue.wasm"]
    if not found:
        raise SystemExit("pwasm, which has the module, is not installed")
    return found


def compare(trees: tuple[Tree, Tree], rounds: int) -> tuple[int, list[float], int]:
    """The instructions compiled by each, the ratios of the batches' times, and how many batches differ in code."""
    total, ratios, different = 0, [], set()
    for turn in range(rounds):
        for number in range(trees[0].count):
            order = trees if (turn + number) % 2 else trees[::-1]
            results = {id(tree): tree.compile(number) for tree in order}
            new, old = (results[id(tree)] for tree in trees)
            total += new["count"]
            ratios.append(sum(old["seconds"].values()) / sum(new["seconds"].values()))
            if new["checksum"] != old["checksum"]:
                different.add(number)
    return total, ratios, len(different)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compile_speed", description="Compare compile speed.")
    parser.add_argument("files", nargs="*", type=Path, help="modules; by default a real interpreter")
    parser.add_argument("--against", metavar="COMMIT", help="the tree to compare with")
    parser.add_argument("--corpus", action="store_true", help="compile QuickJS and Lua, too")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="compile each Nth function only")
    parser.add_argument("--opt-level", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve([str(path) for path in options.files], options.every, options.opt_level)
        return 0
    if options.against is None:
        parser.error("--against is needed")
    files = [path.resolve() for path in options.files] or default_modules(options.corpus)
    arguments = [*map(str, files), "--every", str(options.every), "--opt-level", str(options.opt_level)]
    with checked_out(options.against) as folder:
        trees = (Tree(ROOT, arguments), Tree(folder, arguments))
        total, ratios, different = compare(trees, options.rounds)
        for tree in trees:
            tree.close()
    new, old = trees
    print(f"{total // options.rounds:,} instructions, us each: before, now, ratio")
    for stage in {**old.seconds, **new.seconds}:
        before, now = (tree.seconds.get(stage, 0.0) / total * 1e6 for tree in (old, new))
        print(f"  {stage:12}{before:8.2f}{now:8.2f}{before / now if now else 0:8.2f}")
    before, now = (sum(tree.seconds.values()) / total * 1e6 for tree in (old, new))
    print(f"  {'all':12}{before:8.2f}{now:8.2f}{before / now:8.2f}")
    print(f"median of {len(ratios)} ratios {statistics.median(ratios):.2f}; {different} batches differ in code")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
