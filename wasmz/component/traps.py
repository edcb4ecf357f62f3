"""What goes wrong at the borders of components.

WasmzError
├── ComponentError         a function returned the error of its `result`; `payload` is the error's value
├── WrongValue             a value from Python is not of the type that a component wants (also a TypeError)
└── Trap                   code CANONICAL_ABI: a component broke a rule of the canonical ABI
"""

from __future__ import annotations

from wasmz.errors import ComponentError, Trap, WasmzError, bounded
from wasmz.errors import LightTrapCode as TrapCode

__all__ = ["ComponentError", "WrongValue", "component_trap"]

__wasmz_frame__ = "helper"


class WrongValue(WasmzError, TypeError):
    """A value from Python is not of the type that a component wants.

    Attributes:
        path: where it is inside of what was given: ``config.filters[2].name``.
        reason: what is wrong with it: ``expected string, got int``.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path: str = path
        self.reason: str = reason

    def __str__(self) -> str:
        return f"{bounded(self.path)}: {self.reason}"


def component_trap(message: str) -> Trap:
    """The trap for a rule that a component broke."""
    return Trap(TrapCode.CANONICAL_ABI, message)
