"""Errors that are not traps, and the exit of a WASI program.

try: linker.instantiate(store, module)
except ExitTrap as exit: sys.exit(exit.code)
"""

from __future__ import annotations

from typing import Any

from wasmz import ImplementationLimit, InvalidWasm, UnsupportedFeature
from wasmz.wasmtime._managed import Managed


class WasmtimeError(Exception, Managed[Any]):
    """Something could not be compiled, linked or made."""

    def __init__(self, message: str) -> None:
        """``message`` says what is wrong."""
        super().__init__(message)
        self._message = message.encode().decode()

    def __str__(self) -> str:
        return self._message


class ExitTrap(WasmtimeError):
    """A WASI program called ``proc_exit``.

    Attributes:
        code: the exit status.
    """

    code: int


def exit_trap(code: int, message: str) -> ExitTrap:
    """The exception for a guest's exit."""
    made = ExitTrap(message)
    made.code = code
    return made


def refused(error: InvalidWasm | UnsupportedFeature | ImplementationLimit) -> WasmtimeError:
    """The error for a module that is not accepted."""
    return WasmtimeError(f"failed to parse WebAssembly module\n\nCaused by:\n    {error}\n")


REFUSALS: tuple[type[Exception], ...] = (InvalidWasm, UnsupportedFeature, ImplementationLimit)
