"""Packages of npm for tests, fetched into ``cache/packages`` by npm's own client, and what node makes of them.

package("tiktoken")                     -> the folder with its files; the test is skipped if it cannot be fetched
node("console.log(6 * 7)")              -> 42: what a script prints, which is read as JSON
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.built import missing

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "cache" / "packages"
MANIFEST = Path(__file__).parent / "packages.toml"
_TIMEOUT_SECONDS = 120


def package(name: str) -> Path:
    """The folder with a package's files."""
    if sys.platform == "emscripten":
        pytest.skip("there are no processes here, and no network")
    entry = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))[name]
    folder = FOLDER / f"{name.replace('/', '+')}-{entry['version']}"
    if not folder.is_dir():
        _fetch(name, entry["version"], entry["sha256"], folder)
    return folder


def _fetch(name: str, version: str, sha256: str, folder: Path) -> None:
    if shutil.which("npm") is None:
        missing(f"npm is missing, which would fetch {name}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        command = ["npm", "pack", "--silent", f"{name}@{version}"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS)
        archives = list(Path(scratch).glob("*.tgz"))
        if done.returncode or not archives:
            missing(f"could not fetch {name}: {(done.stdout + done.stderr).strip()[-300:]}")
        found = hashlib.sha256(archives[0].read_bytes()).hexdigest()
        assert found == sha256, f"{name}: another archive than the one that the list names"
        made = Path(scratch) / "files"
        with tarfile.open(archives[0]) as archive:
            for member in archive:
                inside = member.name.partition("/")[2]
                content = archive.extractfile(member)
                if content is not None and ".." not in inside.split("/"):
                    (made / inside).parent.mkdir(parents=True, exist_ok=True)
                    (made / inside).write_bytes(content.read())
        try:
            made.rename(folder)
        except OSError:
            # Another test has put it there.
            assert folder.is_dir()


def node(script: str, *args: str | Path) -> Any:
    """What node prints for a script, an ES module if it has ``await``; ``process.argv`` has the arguments from 2 on."""
    if sys.platform == "emscripten" or shutil.which("node") is None:
        missing("node is missing, whose results these are compared with")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / ("script.mjs" if "await" in script else "script.cjs")
        path.write_text(script, encoding="utf-8")
        command = ["node", "--no-warnings", str(path), *map(str, args)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-2_000:]
    return json.loads(done.stdout)
