"""Error contexts, and how they, streams and futures pass between tables: what generated code calls."""

from __future__ import annotations

from wasmz.component.handles import noted
from wasmz.component.traps import component_trap
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

__wasmz_frame__ = "helper"


class ErrorContext:
    """What a component says of an error.

    Attributes:
        debug_message: for people; components must not go by it.
    """

    __slots__ = ("debug_message",)

    def __init__(self, debug_message: str = "") -> None:
        self.debug_message: str = debug_message

    def __repr__(self) -> str:
        return f"ErrorContext({self.debug_message!r})"


def pass_error_context(state: Any, index: int) -> ErrorContext:
    """The error context at an index of a component's table."""
    found = state.handles.get(index)
    if found.__class__ is not ErrorContext:
        raise component_trap(f"handle index {index} is no error context")
    return found


def receive_error_context(state: Any, value: Any) -> int:
    """Puts an error context into a component's table."""
    if value.__class__ is not ErrorContext:
        raise TypeError("expected an error context")
    return noted(state, state.handles.add(value))


def pass_end(state: Any, index: int, kind: Any) -> Any:
    """Takes the readable end of a stream or future out of a component's table."""
    return load("wasmz.component.copies").take_end(state, index, kind)


def receive_end(state: Any, shared: Any, kind: Any) -> Any:
    """Puts the readable end of a stream or future into a component's table."""
    return load("wasmz.component.copies").give_end(state, shared, kind)


# What generated code refers to.
NAMES: Final[dict[str, Any]] = {
    "pass_error_context": pass_error_context,
    "receive_error_context": receive_error_context,
    "pass_end": pass_end,
    "receive_end": receive_end,
}
