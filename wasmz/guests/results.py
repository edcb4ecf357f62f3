"""What came of code in a guest: its value, its output, and what ended it.

result = guest.exec("print('hi'); 1 / 0")
result.stdout            -> "hi\\n"
result.error             -> GuestError("ZeroDivisionError: divide by zero"), with .type, .message and .traceback
bool(result)             -> False; result.unwrap() raises the error
"""

from __future__ import annotations

import json

from wasmz.errors import Interrupted, WasmzError, bounded, shown
from wasmz.startup.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


# Of an item, or of a list or mapping itself.
_ITEM_BYTES = 96


class GuestError(WasmzError):
    """An exception of the guest's own code, which it did not catch. The guest stays usable.

    Attributes:
        type: the name of its class, in the guest's language.
        message: what it says.
        traceback: the lines that the guest's interpreter shows for it.
    """

    def __init__(self, type: str, message: str, traceback: str) -> None:
        self.type: str = type
        self.message: str = message
        self.traceback: str = traceback
        super().__init__(bounded(f"{type}: {message}" if message else type, 4_000))


class OutputLimit(WasmzError):
    """The guest wrote more than it may; what is beyond that is not there. The guest stays usable."""


class GuestLost(WasmzError):
    """The guest was stopped in the middle of its work, or closed, and cannot go on: ``restart()`` makes a fresh one."""


class GuestRepr(str):
    """The text of a value that JSON has no form for, such as a function's."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"GuestRepr({bounded(str(self))})"


class Result(Record):
    """What came of code in a guest; false if anything ended it early.

    Attributes:
        value: the value of the code's last expression, by way of JSON; ``None`` without one. Where JSON has no form
            for it, a ``GuestRepr``, its text.
        stdout, stderr: what it wrote.
        error: ``None``; or what ended it: a ``GuestError``, an ``OutputLimit``, a ``Trap`` (``Interrupted`` if its time
            was up, ``OutOfFuel``), or what a host function raised that is no ``Exception``.
        seconds: how long it took.
        fuel: how much fuel it used, if that is limited.
        is_usable: whether the guest can go on, with the state that the code left.
    """

    value: Any
    stdout: str
    stderr: str
    error: BaseException | None
    seconds: float
    fuel: int | None
    is_usable: bool

    @property
    def timed_out(self) -> bool:
        """Whether its time was up."""
        return isinstance(self.error, Interrupted)

    def __bool__(self) -> bool:
        return self.error is None

    def unwrap(self) -> Any:
        """The value. Raises the error if there is one."""
        if self.error is not None:
            raise self.error
        return self.value

    @shown
    def __repr__(self) -> str:
        parts = [f"value={bounded(repr(self.value))}"]
        parts += [f"{name}={bounded(repr(text))}" for name in ("stdout", "stderr") if (text := getattr(self, name))]
        parts += [f"error={self.error!r}"] * (self.error is not None)
        return f"Result({', '.join(parts)}, seconds={self.seconds:.3g})"


def value_of(text: str) -> Any:
    """The value that a guest's JSON stands for; its text if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return GuestRepr(text)


def weight_of(text: str) -> int:
    """How many bytes the value of a JSON text takes at most, about: an item has two in it, and many outside."""
    items = sum(map(text.count, ",:[{"))
    return (1 + items) * _ITEM_BYTES + len(text) * (1 if text.isascii() and "\\u" not in text else 4)


def json_of(value: Any, what: str) -> str:
    """JSON for a guest. ``TypeError``: there is none for this value."""
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"{what} must be what JSON has: {bounded(str(error))}") from None
