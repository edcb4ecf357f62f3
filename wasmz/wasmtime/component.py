"""Components, which this package does not have: whoever asks for something here is told so.

from wasmtime.component import Component        NotImplementedError: wasmz.wasmtime has no components ...
"""

from __future__ import annotations

from typing import NoReturn


def __getattr__(name: str) -> NoReturn:
    if name.startswith("__"):
        # Python asks for these by itself.
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise NotImplementedError(f"wasmz.wasmtime has no components, so there is no component.{name}: use modules")
