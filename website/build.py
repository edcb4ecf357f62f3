"""Builds the site: pages by Zensical, and what the live page loads, which is never committed.

build()              -> cache/site, where index.html is
build(live=False)    -> the same without Python for the live page, which needs npm and PyPI
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

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "cache" / "site"
DOWNLOADS = ROOT / "cache" / "downloads"
MANIFEST = Path(__file__).with_name("sources.toml")


class BuildError(Exception):
    """The site cannot be built: a client is missing, or what it brought is not what the list names."""


def build(*, live: bool = True) -> Path:
    """Builds the site; gives its folder.

    Raises:
        BuildError: a page has a warning, or something cannot be fetched.
    """
    shutil.rmtree(SITE, ignore_errors=True)
    # Zensical keeps pages from run to run, and would not look at docstrings again.
    shutil.rmtree(ROOT / ".cache", ignore_errors=True)
    _run(
        [sys.executable, "-m", "zensical", "build", "--strict", "-f", "mkdocs.yml"],
        "python -m pip install -e '.[docs]'",
    )
    if live:
        _add_python(SITE / "live")
    return SITE


def _add_python(folder: Path) -> None:
    """Puts Pyodide, and the wheels of wasmz and of what it needs, where the live page's worker looks for them."""
    sources = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
    target = folder / "pyodide"
    target.mkdir()
    names = []
    with tarfile.open(_fetched("pyodide", sources["pyodide"])) as archive:
        for file in sources["pyodide"]["files"]:
            content = archive.extractfile(f"package/{file}")
            if content is None:
                raise BuildError(f"{sources['pyodide']['archive']} has no {file}")
            (target / file).write_bytes(content.read())
            names.append(f"pyodide/{file}")
    wheel = _fetched("bytecode", sources["bytecode"])
    shutil.copy(wheel, folder / wheel.name)
    with tempfile.TemporaryDirectory() as built:
        _run(
            [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", built, str(ROOT)],
            "it comes with Python",
        )
        (own,) = Path(built).glob("wasmz-*.whl")
        shutil.copy(own, folder / own.name)
    # Small ones are not worth a line of progress.
    files = [[name, (folder / name).stat().st_size] for name in (*names, wheel.name, own.name)]
    (folder / "manifest.json").write_text(json.dumps({"files": files}), encoding="utf-8")


def _fetched(name: str, source: dict[str, Any]) -> Path:
    """The archive of a source, from its registry unless it is there already.

    Raises:
        BuildError: it is not the one that the list names.
    """
    path = DOWNLOADS / source["archive"]
    if not path.is_file() or _sha256(path) != source["sha256"]:
        DOWNLOADS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=DOWNLOADS) as scratch:
            if source["registry"] == "npm":
                _run(["npm", "pack", "--silent", f"{name}@{source['version']}"], "it comes with Node.js", Path(scratch))
            else:
                wanted = f"{name}=={source['version']}"
                command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
                _run([*command, "-d", scratch, wanted], "it comes with Python")
            found = Path(scratch, source["archive"])
            if not found.is_file() or _sha256(found) != source["sha256"]:
                raise BuildError(
                    f"{source['registry']} brought no {source['archive']} of this SHA-256: {source['sha256']}"
                )
            found.replace(path)
    return path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _run(command: list[str], needs: str, folder: Path = ROOT) -> None:
    if shutil.which(command[0]) is None:
        raise BuildError(f"{command[0]} is missing: {needs}")
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"{' '.join(command)}\n{(done.stdout + done.stderr).strip()}\n({needs})")
