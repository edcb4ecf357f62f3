"""Programs by others: fetched from the package registries, run, and compared byte for byte.

The cases, their drivers and the outputs recorded under wasmtime live in ``shared/corpus`` beside the checkout (or where
``WASMZ_CORPUS`` says); its tools fetch the modules and check their SHA-256. What is fetched stays in ``cache/corpus``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.built import missing

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("WASMZ_CORPUS", ROOT.parent / "shared" / "corpus"))
WORK = ROOT / "cache" / "corpus"
TIMEOUT_SECONDS = 1_500

# Cases that take seconds.
CASES = (
    "quickjs-pwasm",
    "mquickjs",
    "quickjs-rs",
    "lua",
    "harfbuzz",
    "hash-wasm",
    "lz4",
    "zstd-dec",
    "png",
    "source-map",
    "bclibc",
    "tfjs/wasm",
    "cowboy",
    "vt100",
    "kairo",
    "meshopt",
    "gofmt",
    "dprint/json",
    "dprint/toml",
    "avr/as",
    "avr/as-listing",
    "micropython-wasi/arith",
    "micropython-wasi/exc",
    "micropython-wasi/loop",
    "micropython-wasi/tb",
    "micropython-wasi/gen",
    "p2w/binarytrees",
    "p2w/nbody",
)
# Likewise, but with 16 to 26 MB: compiling alone takes minutes.
SLOW_CASES = (
    "esbuild/version",
    "esbuild/minify-stdin",
    "esbuild/transform-stdin",
    "cpython312/print",
    "cpython312/exc-exit",
    "cpython312/stdlib",
    "ruby",
    "esbuild/bundle",
    "avr/cc1-O2",
    "avr/cc1-O0",
)


def test_every_case_is_accounted_for() -> None:
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus is missing: no {CORPUS} (WASMZ_CORPUS names it)")
    assert {case["id"] for case in _all_cases()} == {*CASES, *SLOW_CASES}


@pytest.mark.parametrize("name", [*CASES, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW_CASES)])
def test_case(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus is missing: no {CORPUS} (WASMZ_CORPUS names it)")
    case = next(case for case in _all_cases() if case["id"] == name)
    fetch(name.partition("/")[0])
    folders = _copy_folders(case, tmp_path)
    result = _run(case, tmp_path, folders, "eager" if request.config.getoption("--eager") else "smart")
    recorded = WORK / "expected" / name.replace("/", "__")
    outputs = (Path(f"{recorded}{suffix}") for suffix in (".stdout", ".stdout.alt"))
    accepted = [path.read_bytes() for path in outputs if path.exists()]
    errors = result.stderr.decode(errors="replace")[-2_000:]
    assert result.returncode == case["exit"], errors
    assert result.stdout in accepted, f"{_first_difference(result.stdout, accepted[0])}\n{errors}"
    for file in case.get("out_files", ()):
        guest, _, path = file.partition(":")
        expected = Path(f"{recorded}.{guest.replace('/', '_')}_{path.replace('/', '_')}").read_bytes()
        assert (folders[guest] / path).read_bytes() == expected, file


def _all_cases() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((CORPUS / "cases" / "cases.json").read_bytes())
    return cases


def fetch(folder: str) -> None:
    """Put the modules of one folder of cases in place, or skip the test, saying why that was not possible."""
    with _one_at_a_time():
        command = [sys.executable, str(CORPUS / "tools" / "get.py"), str(CORPUS / "cases"), str(WORK)]
        result = subprocess.run([*command, "--filter", f"^{folder}/"], capture_output=True, text=True)
    if result.returncode != 0:
        missing(f"could not fetch {folder}: {(result.stdout + result.stderr).strip()[-300:]}")


def _copy_folders(case: dict[str, Any], scratch: Path) -> dict[str, Path]:
    """Copies of the folders that the guest gets, by its names for them."""
    folders = {}
    for guest, host in case.get("dirs", {}).items():
        folders[guest] = scratch / f"folder{len(folders)}"
        shutil.copytree(WORK / host, folders[guest])
    return folders


def _run(
    case: dict[str, Any], scratch: Path, folders: dict[str, Path], mode: str
) -> subprocess.CompletedProcess[bytes]:
    if case["kind"] == "driver":
        command = [sys.executable, str(WORK / case["driver"]), *case.get("args", [])]
    else:
        options = [word for key, value in case.get("env", {}).items() for word in ("--env", f"{key}={value}")]
        options += [word for guest, host in folders.items() for word in ("--dir", f"{host}::{guest}")]
        options += [*["--stub"] * case.get("stub", False), "--compile-mode", mode]
        command = [sys.executable, "-m", "wasmz", "run", *options, str(WORK / case["module"]), *case.get("args", [])]
    search_path = os.pathsep.join(map(str, (CORPUS / "tools", Path(__file__).parent, ROOT)))
    environment = {
        **os.environ,
        "CASE_ROOT": str(WORK),
        "CASE_TMP": str(scratch),
        "WASMZ_CORPUS_ENGINE": "wasmz",
        "WASMZ_CORPUS_MODE": mode,
        "PYTHONPATH": search_path,
        "PYTHONIOENCODING": "utf-8",
    }
    stdin = (WORK / case["stdin"]).read_bytes() if "stdin" in case else b""
    return subprocess.run(
        command, input=stdin, capture_output=True, env=environment, cwd=scratch, timeout=TIMEOUT_SECONDS
    )


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Parallel test processes share one folder of downloads."""
    fcntl = pytest.importorskip("fcntl", reason="fetching needs file locks")
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _first_difference(got: bytes, expected: bytes) -> str:
    lines = zip([*got.splitlines(), b"<end>"], [*expected.splitlines(), b"<end>"], strict=False)
    for number, (line, wanted) in enumerate(lines, 1):
        if line != wanted:
            return f"line {number}: got {line[:200]!r}, expected {wanted[:200]!r}"
    return "the outputs differ in their ends"
