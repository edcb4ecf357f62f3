"""The text format.

wat2wasm("(module)")            -> bytearray(b"\\0asm\\1\\0\\0\\0")
"""

from __future__ import annotations

from wasmz import InvalidWasm
from wasmz.startup.concurrency import load
from wasmz.wasmtime._error import WasmtimeError


def wat2wasm(wat: str | bytes) -> bytearray:
    """The binary form of a module in the text format. ``WasmtimeError``: it is not valid text."""
    # Imported only here: most programs have the binary format.
    load("wasmz.text")
    from wasmz.text import assemble

    try:
        return bytearray(assemble(wat, "<anon>"))
    except InvalidWasm as error:
        raise WasmtimeError(str(error)) from None


def to_wasm(wasm: str | bytes | bytearray) -> bytes:
    """The bytes of a module in either format. ``TypeError``: it is neither text nor bytes."""
    if isinstance(wasm, (str, bytes)) and len(wasm) > 0 and wasm[0] not in (0, "\0"):
        return bytes(wat2wasm(wasm))
    if not isinstance(wasm, (bytes, bytearray)):
        raise TypeError("expected wasm bytes")
    return bytes(wasm)
