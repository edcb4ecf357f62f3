"""Handles faults of the compiler itself: the function is compiled without passes instead.

    attempt('function 12 "parse"', optimised, plain, is_strict=config.verify)
    -> optimised()                        usually
    -> plain()                            if that raises a fault of wasmz

A fault is an exception that wasmz did not raise on purpose, or one of a verifier. It is shown as a warning if
``WASMZ_COMPILE_DIAG`` is set in the environment, and raised with ``Config(verify=True)``.
"""

from __future__ import annotations

import os
import warnings

from wasmz.codegen.definite import UnprovenCode
from wasmz.errors import WasmzError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import TypeVar

    _Made = TypeVar("_Made")

# Exceptions that mistakes in Python code raise. Others come from signal handlers, the system, or are raised on purpose.
_KINDS = (
    AssertionError,
    AttributeError,
    ArithmeticError,
    LookupError,
    RecursionError,
    TypeError,
    UnprovenCode,
    ValueError,
)


class CompilerFaultWarning(RuntimeWarning):
    """A function could not be optimised because of a fault of wasmz; it runs correctly, but slower."""


def attempt(what: str, optimised: Callable[[], _Made], plain: Callable[[], _Made], *, is_strict: bool = False) -> _Made:
    """The result of ``optimised``, or of ``plain`` if that has a fault; ``what`` names it in the warning."""
    try:
        return optimised()
    except _KINDS as fault:
        if is_strict or isinstance(fault, WasmzError) or not is_own(fault.__traceback__):
            raise
        if os.environ.get("WASMZ_COMPILE_DIAG"):
            message = f"{what} is compiled without optimisation: {type(fault).__name__}: {fault}"
            warnings.warn(message, CompilerFaultWarning, stacklevel=2)
    return plain()


def is_own(traceback: TracebackType | None) -> bool:
    """Whether the compiler raised the exception, not code that interrupted it, such as a signal handler."""
    module = ""
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        traceback = traceback.tb_next
    return module.partition(".")[0] in ("wasmz", "bytecode")
