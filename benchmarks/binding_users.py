"""Packages of PyPI that use ``wasmtime``, run with it and with ``wasmz.wasmtime`` in its place.

    python -m benchmarks.binding_users                        all of benchmarks/binding_users.toml
    python -m benchmarks.binding_users quickjs-rs --runs 3

Each package is installed, with the version of wasmtime that it asks for, in an environment of its own, thrown away
unless ``--keep`` names a folder. Its program, or its own tests, run as whole processes in four variants, interleaved:

    binding     wasmtime, without a cache, and with the package's own cache empty
    cached      wasmtime with its cache on and filled
    cold        wasmz, with an empty cache
    warm        wasmz, with what an earlier process has compiled

All must end well, with the same standard output. The table shows seconds, medians.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = Path(__file__).with_suffix(".toml")
VARIANTS = ("binding", "cached", "cold", "warm")
# What wasmz needs in an environment.
OWN_NEEDS = ("bytecode>=0.19.1", "platformdirs>=3.0")
TIMEOUT = 300

# Runs a program with the binding's cache on, whatever engines it makes.
WITH_CACHE = """import runpy, sys
import wasmtime
make = wasmtime.Engine.__init__
def cached(self, config=None):
    config = wasmtime.Config() if config is None else config
    config.cache = True
    make(self, config)
wasmtime.Engine.__init__ = cached
sys.argv = sys.argv[1:]
if sys.argv[0] == "-m":
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


def load_users(names: list[str]) -> list[dict[str, Any]]:
    """The entries of the manifest, all or those of these names."""
    users: list[dict[str, Any]] = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["user"]
    unknown = set(names) - {user["package"] for user in users}
    if unknown:
        raise SystemExit(f"the manifest has no {', '.join(sorted(unknown))}")
    return [user for user in users if not names or user["package"] in names]


def install(user: dict[str, Any], folder: Path) -> Path:
    """An environment with the package; returns its Python."""
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--clear", folder / "venv"], check=True)
        needs = [f"{user['package']}=={user['version']}", *user.get("also", []), *OWN_NEEDS]
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", *needs], check=True, timeout=TIMEOUT, capture_output=True)
        (folder / "installed").touch()
    return python


def command(user: dict[str, Any], variant: str, python: Path, folder: Path) -> list[str]:
    """What is run for a variant."""
    (folder / "cached.py").write_text(WITH_CACHE, encoding="utf-8")
    if "script" in user:
        (folder / "program.py").write_text(user["script"], encoding="utf-8")
        program = [str(folder / "program.py")]
    else:
        program = ["-m", *user["module"].split()]
    if variant == "cached":
        program = [str(folder / "cached.py"), *program]
    elif variant in ("cold", "warm"):
        program = ["-m", "wasmz.wasmtime", *program]
    return [str(python), *program]


def run(user: dict[str, Any], variant: str, python: Path, folder: Path) -> tuple[float, int, str, str]:
    """Seconds, status, output and errors of a process."""
    caches = folder / f"caches-{variant}"
    if variant in ("binding", "cold"):
        shutil.rmtree(caches, ignore_errors=True)
    caches.mkdir(parents=True, exist_ok=True)
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")}
    env |= {"XDG_CACHE_HOME": str(caches), "HOME": str(caches), "WASMZ_CACHE_DIR": str(caches / "wasmz")}
    if variant in ("cold", "warm"):
        env["PYTHONPATH"] = str(ROOT)
    started = time.perf_counter()
    try:
        done = subprocess.run(
            command(user, variant, python, folder),
            capture_output=True,
            text=True,
            env=env,
            cwd=folder,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return TIMEOUT, -1, "", "took too long"
    return time.perf_counter() - started, done.returncode, done.stdout, done.stderr


def measure(user: dict[str, Any], folder: Path, runs: int) -> dict[str, float] | str:
    """Medians of seconds by variant, or what went wrong."""
    try:
        python = install(user, folder)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return f"cannot be installed: {(error.stderr or b'')[-200:]!r}"
    seconds: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    expected = None
    # The first run of each fills the caches.
    for number in range(runs + 1):
        for variant in VARIANTS:
            if number == 0 and variant in ("binding", "cold"):
                continue
            taken, status, output, errors = run(user, variant, python, folder)
            if status != 0:
                return f"{variant}: status {status}: {errors[-300:]}{output[-300:]}"
            output = settled(output)
            expected = output if expected is None else expected
            if output != expected:
                return f"{variant}: another output: {output[-200:]!r}, not {expected[-200:]!r}"
            if number:
                seconds[variant].append(taken)
    return {variant: statistics.median(taken) for variant, taken in seconds.items()}


def settled(output: str) -> str:
    """The output without how long tests took."""
    return re.sub(r"(?m)^(\d+ passed.*) in [\d.]+s$", r"\1", output)


def main() -> int:
    """Prints a line for each package; the status is 1 if not all came to the same."""
    about = "Runs packages that use wasmtime with it and with wasmz.wasmtime in its place."
    parser = argparse.ArgumentParser(prog="python -m benchmarks.binding_users", description=about)
    parser.add_argument("names", nargs="*", metavar="PACKAGE")
    parser.add_argument("--runs", type=int, default=1, help="measured runs of each variant")
    parser.add_argument("--keep", type=Path, help="folder for the environments, to be used again")
    options = parser.parse_args()
    failed: list[tuple[str, str]] = []
    factors: list[tuple[float, float]] = []
    print(f"| package | {' | '.join(VARIANTS)} | cold: times faster | warm: times faster than cached |")
    print("|---|---|---|---|---|---|---|", flush=True)
    users = load_users(options.names)
    for user in users:
        name = user["package"]
        if options.keep is None:
            with tempfile.TemporaryDirectory() as folder:
                found = measure(user, Path(folder), options.runs)
        else:
            (options.keep / name).mkdir(parents=True, exist_ok=True)
            found = measure(user, options.keep.resolve() / name, options.runs)
        if isinstance(found, str):
            failed.append((name, found))
            print(f"| {name} | differs |", flush=True)
            continue
        factors.append((found["binding"] / found["cold"], found["cached"] / found["warm"]))
        cells = [f"{found[variant]:.2f}" for variant in VARIANTS] + [f"{factor:.2f}" for factor in factors[-1]]
        print(f"| {name} {user['version']} | {' | '.join(cells)} |", flush=True)
    if factors:
        means = [statistics.geometric_mean(column) for column in zip(*factors, strict=True)]
        print(
            f"\n{len(factors)} of {len(users)} the same; geometric means {means[0]:.2f} (cold), {means[1]:.2f} (warm)"
        )
    for name, reason in failed:
        print(f"{name}: {reason}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
