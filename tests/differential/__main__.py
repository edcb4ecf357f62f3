"""Compares without end: ``python -m tests.differential [--minutes N] [--seed S] [--only PROFILE]``.

Prints its progress from time to time, and each disagreement once, with the seed that reproduces it; the module is
written to ``cache/differential/``. With ``--reduce``, also a smaller one, and the passes that are to blame:

    python -m tests.differential --only loops --seed 17 --count 1 --reduce
    python -m tests.differential --some-passes         # each module with half of the passes, not always the same
    python -m tests.differential --file found.wat [--disable-pass NAME ...] [--reduce]

The exit status is 1 if there was a disagreement.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from tests.differential.affine import generate_affine
from tests.differential.carried import generate_carried
from tests.differential.counters import generate_counters
from tests.differential.generator import LEGACY_EXCEPTIONS, PROFILES, generate
from tests.differential.integers import generate_integers
from tests.differential.loops import generate_loops
from tests.differential.oracle import LEVELS, Call, assemble, compare, make_calls
from tests.differential.reduce import guilty_passes, reduce_case
from tests.differential.references import generate_references
from tests.differential.sequences import generate_sequences
from tests.differential.smith import find_tool, make_module, print_module
from tests.differential.thresholds import without_thresholds
from tests.differential.vector_programs import generate_vectors
from wasmz.config import OPTIONAL_PASSES

FOUND = Path(__file__).resolve().parents[2] / "cache" / "differential"
_ROUNDS = 4
# The profile of the modules that wasmz gets in the legacy form.
LEGACY = "legacy-exceptions"
_BYTES = 2500


def _makers() -> dict[str, Callable[[int], bytes | None]]:
    """Kinds of modules: from a seed to a module, if there is one."""
    makers: dict[str, Callable[[int], bytes | None]] = {}
    for name, profile in PROFILES.items():
        makers[name] = partial(_generated, partial(generate, profile=profile))
    makers[LEGACY] = partial(_generated, partial(generate, profile=LEGACY_EXCEPTIONS))
    makers["integers"] = partial(_generated, generate_integers)
    makers["loops"] = partial(_generated, generate_loops)
    makers["counters"] = partial(_generated, generate_counters)
    makers["affine"] = partial(_generated, generate_affine)
    makers["carried"] = partial(_generated, generate_carried)
    makers["sequences"] = partial(_generated, generate_sequences)
    makers["references"] = partial(_generated, generate_references)
    makers["vectors"] = partial(_generated, generate_vectors)
    if find_tool():
        makers["smith"] = make_module
        makers["smith-gc"] = partial(make_module, gc=True)
        makers["smith-vectors"] = partial(make_module, vectors=True)
        makers["smith-addresses"] = partial(make_module, addresses=True)
        makers["smith-exceptions"] = partial(make_module, exceptions=True)
    return makers


def _generated(generator: Callable[[bytes], str], seed: int) -> bytes:
    return assemble(generator(random.Random(seed).randbytes(_BYTES)))


def check(name: str, binary: bytes, seed: int, options: argparse.Namespace) -> None:
    """Compares one module; those of odd seeds with all loops rewritten that can be."""
    legacy = _generated(partial(generate, profile=LEGACY_EXCEPTIONS, is_legacy=True), seed) if name == LEGACY else None
    calls = make_calls(binary, seed, _ROUNDS)
    with without_thresholds(7 if seed % 4 == 1 else 1000) if seed % 2 else nullcontext():
        compare(binary, calls, options.level or LEVELS, left_out(seed, options), legacy=legacy)


def left_out(seed: int, options: argparse.Namespace) -> list[str]:
    """The passes that a module is compiled without."""
    if not options.some_passes:
        return list(options.disable_pass)
    numbers = random.Random(seed)
    return [name for name in OPTIONAL_PASSES if numbers.random() < 0.5]


def report(name: str, binary: bytes, seed: int, options: argparse.Namespace) -> None:
    """Writes down a module that made a difference."""
    FOUND.mkdir(exist_ok=True, parents=True)
    path = FOUND / f"{name}-{seed}.wasm"
    path.write_bytes(binary)
    print(f"    {path}", flush=True)
    if not options.reduce:
        return
    levels = options.level or LEVELS
    text, calls = reduce_case(print_module(binary), make_calls(binary, seed, _ROUNDS), levels, options.reduce)
    smaller = assemble(text)
    path = path.with_suffix(".wat")
    path.write_text(explanation(smaller, calls, levels) + text + "\n", encoding="utf-8")
    print(f"    {path}\n{path.read_text(encoding='utf-8')}", flush=True)


def explanation(binary: bytes, calls: list[Call], levels: list[int]) -> str:
    """Comments that say what goes wrong, and which passes do it."""
    try:
        compare(binary, calls, levels)
        found = "nothing"
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    shown = "".join(f";; call {name}{arguments}\n" for name, arguments in calls)
    lines = "".join(f";; {line}\n" for line in found.splitlines()[:12])
    passes = ", ".join(guilty_passes(binary, calls, levels)) or "no pass that can be switched off"
    return f"{shown}{lines};; needs: {passes}\n"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description="Compare wasmz with wasmtime.")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (default: 1; 0: without end)")
    parser.add_argument("--seed", type=int, default=None, help="first seed (default: a random one)")
    parser.add_argument("--count", type=int, default=None, help="stop after so many modules")
    parser.add_argument("--only", action="append", choices=list(_makers()), help="one kind of modules only")
    parser.add_argument(
        "--level",
        action="append",
        type=int,
        choices=LEVELS,
        help="one level only; -1 and -2: in tiers, -3: only at the baseline",
    )
    parser.add_argument("--disable-pass", action="append", choices=OPTIONAL_PASSES, default=[], help="leave it out")
    parser.add_argument("--some-passes", action="store_true", help="leave out others for each module")
    parser.add_argument("--failures", type=int, default=10, help="stop after so many disagreements (default: 10)")
    parser.add_argument("--reduce", type=float, nargs="?", const=60.0, metavar="SECONDS", help="make them smaller")
    parser.add_argument("--file", type=Path, help="compare this module (.wat or .wasm) instead")
    return parser.parse_args()


def main() -> int:
    options = _parse()
    if options.file:
        return _check_file(options)
    makers = {name: make for name, make in _makers().items() if not options.only or name in options.only}
    names = list(makers)
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    print(f"Python {sys.version.split()[0]}, seeds from {seed}, {', '.join(names)}", flush=True)
    end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    done: Counter[str] = Counter()
    failures = 0
    while time.monotonic() < end and failures < options.failures and done.total() != options.count:
        name = names[done.total() % len(names)]
        binary = makers[name](seed)
        try:
            if binary is not None:
                check(name, binary, seed, options)
            done[name if binary is not None else f"{name}: none"] += 1
        except Exception as error:
            failures += 1
            done[f"{name}: differs"] += 1
            last = traceback.extract_tb(error.__traceback__)[-1]
            some = " --some-passes" if options.some_passes else ""
            problem = f"{type(error).__name__}: {str(error)[:600]}"
            print(f"--only {name} --seed {seed} --count 1{some}: {problem}", flush=True)
            print(f"    at {last.filename}:{last.lineno}", flush=True)
            if binary is not None:
                report(name, binary, seed, options)
        seed += 1
    print(", ".join(f"{name} {count}" for name, count in sorted(done.items())), flush=True)
    return 1 if failures else 0


def _check_file(options: argparse.Namespace) -> int:
    """Compares one module, with calls made from the seed."""
    binary = options.file.read_bytes()
    if options.file.suffix == ".wat":
        binary = assemble(binary.decode())
    try:
        check(options.file.stem, binary, options.seed or 0, options)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
        report(options.file.stem, binary, options.seed or 0, options)
        return 1
    print("no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
