"""The exceptions of calls of components: all are ``WasmtimeError``, traps too.

try: f(*args)
except wasmz.WasmzError as error: raise failure(error) from None
"""

from __future__ import annotations

import wasmz
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._trap import Trap, raised

# wasmtime's own traps among the rules of the canonical ABI.
_TRAPS = ("cannot enter component instance", "cannot leave component instance")


def failure(error: wasmz.WasmzError) -> Exception:
    """The exception that the binding raises where wasmz raised this error."""
    made = raised(error)
    if isinstance(made, Trap):
        return WasmtimeError(made.message)
    message = str(made)
    return WasmtimeError(f"wasm trap: {message}") if message in _TRAPS else made
