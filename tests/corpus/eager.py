"""Compiles every function of real modules at level 2, with the verifiers of the IR and of the bytecode on.

    python -m tests.corpus.eager                       all modules of the corpus, and of this checkout
    python -m tests.corpus.eager --jobs 2 --most 50    at most 50 functions of each module, spread evenly
    python -m tests.corpus.eager FILE.wasm ...         these modules only

Prints a line for each module: how many functions, and how long it took. Each fault is printed with its function; the
exit status is then 1. The whole corpus takes hours on one core; CI takes the sample.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.corpus.test_corpus import CORPUS, ROOT, WORK
from wasmz.compile.front_end import load_module
from wasmz.compile.pipeline import ModuleCompiler
from wasmz.config import Config
from wasmz.wasm.proposals import accepted_by

# Modules of the checkout: committed, or built by python -m benchmarks.build.
LOCAL = ("benchmarks/kernels/*/*.wasm", "examples/**/*.wasm", "tests/programs/*.wasm", "cache/sources/*/*.wasm")
_LONGEST_MESSAGE = 2_000


def find_modules() -> list[Path]:
    """All modules: the checkout's own and, fetched if need be, those of the corpus; small ones first."""
    found = [path for pattern in LOCAL for path in ROOT.glob(pattern)]
    if CORPUS.is_dir():
        command = [sys.executable, str(CORPUS / "tools" / "get.py"), str(CORPUS / "cases"), str(WORK)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found += WORK.glob("*/*.wasm")
    else:
        print(f"the corpus is missing: no {CORPUS} (WASMZ_CORPUS names it)", flush=True)
    return sorted(found, key=lambda path: path.stat().st_size)


def check_module(path: Path, most: int | None) -> tuple[int, float, list[str]]:
    """Compiles a module's functions, or ``most`` of them: how many there were, the processor's seconds, and faults."""
    start = time.process_time()
    data = path.read_bytes()
    config = Config(opt_level=2, verify=True, legacy_exceptions=True)
    module = load_module(data, accepted_by(config))
    compiler = ModuleCompiler(data, module, config)
    step = 1 if most is None else max(1, len(module.bodies) // most)
    faults = []
    chosen = module.bodies[::step]
    for body in chosen:
        try:
            compiler.compile_whole(body)
        except Exception as fault:
            faults.append(f"function {body.index}: {type(fault).__name__}: {str(fault)[:_LONGEST_MESSAGE]}")
    return len(chosen), time.process_time() - start, faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.eager", description="Compile real modules, verified.")
    parser.add_argument("files", nargs="*", type=Path, help="modules; by default all that are known")
    parser.add_argument("--jobs", type=int, default=1, help="modules at a time")
    parser.add_argument("--most", type=int, help="at most so many functions of each module")
    options = parser.parse_args()
    files = options.files or find_modules()
    total = failed = 0
    with ProcessPoolExecutor(options.jobs) as pool:
        for path, result in zip(files, pool.map(check_module, files, [options.most] * len(files)), strict=True):
            count, seconds, faults = result
            total += count
            failed += len(faults)
            print(f"{path.name:32} {count:7,} functions {seconds:8.1f} s", *faults, sep="\n    ", flush=True)
    print(f"{len(files)} modules, {total:,} functions, {failed} faults", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
