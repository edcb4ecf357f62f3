"""Finds what generated code calls by name, and imports only what a module needs of it.

    find_helper("i32_div_s")      -> integers.i32_div_s
    find_helper("memory_fill")    -> operations.memory_fill
    find_helper("nonsense")       -> None

    late_helper("f64_abs", ns)    -> floats.f64_abs, or what imports that when it is called for the first time

A start from the cache imports no more than the code uses: of two dozen files most modules need three or four.
"""

from __future__ import annotations

from wasmz.concurrency import load, loaded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

# Frames of this module do not decide whose exception it is, see traps.py.
__wasmz_frame__ = "helper"

# By what a name has before its first underscore, the files whose HELPERS may have it.
_NUMERIC: Final = ("integers", "floats", "conversions")
_SIMD: Final = ("simd",)
_FILES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("i32", "i64", "f32", "f64"), _NUMERIC),
    **dict.fromkeys(("v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"), _SIMD),
    "memory": ("operations", "bulk"),
    **dict.fromkeys(("data", "elem", "table", "trap"), ("operations",)),
    "atomic": ("atomics",),
    "gc": ("gc.operations",),
    "exn": ("exceptions",),
}

# The files above that have nothing but functions, but for this name.
_FUNCTIONS: Final = frozenset({*_NUMERIC, *_SIMD, "operations", "bulk"})
_NO_FUNCTION: Final = "f32_scratch"

_found: dict[str, Any] = {
    # For the checks of entry forms.
    "type": type,
    "int": int,
    "float": float,
    # For references.
    "isinstance": isinstance,
    "len": len,
    "zip": zip,
}


def find_helper(name: str) -> Any:
    """The function, or other object, of the runtime that code means by a name; ``None`` if there is none."""
    found = _found.get(name)
    if found is None:
        for file in _FILES.get(name.partition("_")[0], ()):
            module = load(f"wasmz.runtime.{file}")
            found = module.HELPERS.get(name)
            if found is not None:
                _found[name] = found
                break
    return found


def late_helper(name: str, namespace: dict[str, Any]) -> Any:
    """The same for code that finds it in ``namespace``, by a name that it may well never use.

    Of a C library's ``printf``, to which it was inlined, few programs run what is for floats.
    """
    if name not in _found and name != _NO_FUNCTION:
        for file in _FILES.get(name.partition("_")[0], ()):
            module = loaded(f"wasmz.runtime.{file}")
            if module is None and file in _FUNCTIONS:
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
    """The error for what no file has."""
    return SystemError(f"the compiled module needs {name!r}, which this version of wasmz does not have")
