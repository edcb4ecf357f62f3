"""Finds what generated code calls by name, and imports only what a module needs of it.

    find_helper("i32_div_s")      -> integers.i32_div_s
    find_helper("memory_fill")    -> operations.memory_fill
    find_helper("nonsense")       -> None

A start from the cache imports no more than the code uses: of two dozen files most modules need three or four.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

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

_found: dict[str, Any] = {
    # For the checks of entry forms.
    "type": type,
    "int": int,
    "float": float,
    # For references.
    "isinstance": isinstance,
    "len": len,
}


def find_helper(name: str) -> Any:
    """The function, or other object, of the runtime that code means by a name; ``None`` if there is none."""
    found = _found.get(name)
    if found is None:
        for file in _FILES.get(name.partition("_")[0], ()):
            module = __import__(f"wasmz.runtime.{file}", fromlist=["HELPERS"])
            found = module.HELPERS.get(name)
            if found is not None:
                _found[name] = found
                break
    return found
