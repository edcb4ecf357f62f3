"""Components, which this package does not have: every access raises an error that says so.

from wasmtime.component import Component        NotImplementedError: wasmz.wasmtime has no components ...
"""

from __future__ import annotations

from typing import NoReturn


def __getattr__(name: str) -> NoReturn:
    if name.startswith("__"):
        # Python itself looks for these.
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise NotImplementedError(f"wasmz.wasmtime has no components, so there is no component.{name}: use modules")
