"""Compare without end: ``python -m tests.differential [--minutes N] [--seed S] [--only PROFILE]``.

Prints what it does once in a while, and each disagreement once with the seed that makes it again; the module is written
to ``cache/differential/``. Exit status 1 if there was any.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.differential.generator import PROFILES, generate
from tests.differential.oracle import assemble, compare, make_calls
from tests.differential.smith import find_tool, make_module

FOUND = Path(__file__).resolve().parents[2] / "cache" / "differential"
_ROUNDS = 4


def check(name: str, seed: int) -> bool:
    """One module, made by a profile of the generator or by ``smith``; whether there was one to compare."""
    if name == "smith":
        made = make_module(seed)
        if made is None:
            return False
        binary = made
    else:
        binary = assemble(generate(random.Random(seed).randbytes(2500), PROFILES[name]))
    try:
        compare(binary, make_calls(binary, seed, _ROUNDS))
    except BaseException:
        FOUND.mkdir(exist_ok=True, parents=True)
        (FOUND / f"{name}-{seed}.wasm").write_bytes(binary)
        raise
    return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description="Compare wasmz with wasmtime.")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (default: 1)")
    parser.add_argument("--seed", type=int, default=None, help="first seed (default: a random one)")
    parser.add_argument("--count", type=int, default=None, help="stop after so many modules")
    parser.add_argument("--only", choices=[*PROFILES, "smith"], help="one kind of modules only")
    parser.add_argument("--failures", type=int, default=10, help="stop after so many disagreements (default: 10)")
    options = parser.parse_args()
    names = [options.only] if options.only else [*PROFILES, *(["smith"] if find_tool() else [])]
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    print(f"Python {sys.version.split()[0]}, seeds from {seed}, {', '.join(names)}", flush=True)
    end = time.monotonic() + options.minutes * 60
    done: Counter[str] = Counter()
    failures = 0
    while time.monotonic() < end and failures < options.failures and done.total() != options.count:
        name = names[done.total() % len(names)]
        try:
            done[name if check(name, seed) else f"{name}: none"] += 1
        except Exception as error:
            failures += 1
            done[f"{name}: differs"] += 1
            last = traceback.extract_tb(error.__traceback__)[-1]
            print(f"--only {name} --seed {seed} --count 1: {type(error).__name__}: {str(error)[:600]}", flush=True)
            print(f"    at {last.filename}:{last.lineno}", flush=True)
        seed += 1
    print(", ".join(f"{name} {count}" for name, count in sorted(done.items())), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
