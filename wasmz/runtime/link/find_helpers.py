"""Finds the helpers that generated code calls by name, and imports only those files that a module needs.

    find_helper("i32_div_s")      -> integers.i32_div_s
    find_helper("memory_fill")    -> memory_helpers.memory_fill
    find_helper("nonsense")       -> None

    late_helper("f64_abs", ns)    -> floats.f64_abs, or a function that imports it at its first call

So a start from the cache imports few files: of two dozen, most modules need three or four.
"""

from __future__ import annotations

from wasmz.runtime.abi import BUILTINS, FUNCTION_FILES, HELPER_FILES, SCRATCHES
from wasmz.startup.concurrency import load, loaded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Frames of this module do not decide where an exception comes from, see translation.py.
__wasmz_frame__ = "helper"

_found: dict[str, Any] = {**BUILTINS}


def find_helper(name: str) -> Any:
    """The function or other object of the runtime that code refers to by a name; ``None`` if there is none."""
    found = _found.get(name)
    if found is None:
        for file in HELPER_FILES.get(name.partition("_")[0], ()):
            module = load(f"wasmz.runtime.{file}")
            found = module.HELPERS.get(name)
            if found is not None:
                _found[name] = found
                break
    return found


def late_helper(name: str, namespace: dict[str, Any]) -> Any:
    """Like :func:`find_helper`, for code that finds it in ``namespace`` and may never use it.

    Most programs never run the floating-point part of a C library's ``printf``, where it was inlined.
    """
    if name not in _found and name not in SCRATCHES:
        for file in HELPER_FILES.get(name.partition("_")[0], ()):
            module = loaded(f"wasmz.runtime.{file}")
            if module is None and file in FUNCTION_FILES:
                return _importing(name, namespace)
            if module is None or name in module.HELPERS:
                break
    return find_helper(name)


def _importing(name: str, namespace: dict[str, Any]) -> Any:
    def call(*args: Any) -> Any:
        helper = find_helper(name)
        if helper is None:
            raise missing(name)
        namespace[name] = helper
        return helper(*args)

    return call


def missing(name: str) -> SystemError:
    """The error for a name that no file defines."""
    return SystemError(f"the compiled module needs {name!r}, which this version of wasmz does not have")
