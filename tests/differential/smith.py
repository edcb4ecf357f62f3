"""Modules by ``wasm-tools smith``, restricted to the proposals that are compiled.

make_module(seed=7, size=2000) -> b"\\0asm...", or None if the tool is missing or makes nothing of the seed
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sysconfig
from pathlib import Path

_ON = ("bulk-memory", "reference-types", "multi-value", "tail-call", "saturating-float-to-int", "sign-extension-ops")
_OFF = ("simd", "relaxed-simd", "gc", "exceptions", "threads", "memory64", "custom-page-sizes", "wide-arithmetic")
_LIMITS = {
    "min-funcs": 2,
    "max-funcs": 12,
    "max-imports": 0,
    "min-exports": 2,
    "max-memories": 3,
    "max-memory32-bytes": 4 << 16,
    "memory-max-size-required": "true",
    "max-tables": 3,
    "max-table-elements": 100,
    "table-max-size-required": "true",
    "max-instructions": 200,
    "canonicalize-nans": "true",
    "export-everything": "true",
    "generate-custom-sections": "false",
}
_FUEL = 300


def find_tool() -> str | None:
    """Where ``wasm-tools`` is: beside this Python, or on the path."""
    beside = Path(sysconfig.get_path("scripts")) / "wasm-tools"
    return str(beside) if beside.exists() else shutil.which("wasm-tools")


def make_module(seed: int, size: int = 3000) -> bytes | None:
    """The module that the tool makes of ``size`` random bytes; every run of it ends by itself."""
    tool = find_tool()
    if tool is None:
        return None
    options = [f"--{name}-enabled=true" for name in _ON] + [f"--{name}-enabled=false" for name in _OFF]
    options += [f"--{name}={value}" for name, value in _LIMITS.items()]
    made = subprocess.run(
        [tool, "smith", "--ensure-termination", f"--fuel={_FUEL}", *options],
        input=random.Random(seed).randbytes(size),
        capture_output=True,
        timeout=60,
    )
    if made.returncode:
        if b"unexpected argument" in made.stderr or b"invalid value" in made.stderr:
            raise RuntimeError(f"wasm-tools smith does not know an option: {made.stderr.decode()}")
        return None
    return made.stdout


def print_module(binary: bytes) -> str:
    """The module's text, instructions folded into expressions."""
    tool = find_tool()
    if tool is None:
        raise RuntimeError("wasm-tools is missing")
    shown = subprocess.run([tool, "print", "--fold-instructions"], input=binary, capture_output=True, check=True)
    return shown.stdout.decode()
