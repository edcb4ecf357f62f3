"""The description of a configuration's field, for whoever asks more than its value: see :attr:`wasmz.Config.settings`.

It is made of what ``wasmz/config.py`` says of the field, and imported when it is needed: most programs look at no more
than defaults.
"""

from __future__ import annotations

import os
from _collections_abc import Collection  # of collections.abc, without collections

from wasmz.errors import bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final


class Setting:
    """The description of a field of :class:`Config`.

    Attributes:
        default: its value unless another one is given.
        help: what it does. The first sentence is what the command line says of it.
        key: gives, of a value, what is part of the cache's key. The key has all that changes generated code, or whether
            a module is accepted at all. ``None``: the field changes neither.
        option: of the command line; empty for none. Of a ``bool`` it is a flag, for what is not the default.
        option_help: what the command line says of it instead.
        metavar: what the option's argument is called.
        unit: how many of the field's units one of the option's is.
        choices: the only values that there are, or that a collection may have; empty for any.
        least, most: the range of a number.
        is_limit: whether it holds while code runs, so that precompiled files bring it along.
        is_local: whether it is about this process only, and others that compile for it are not told.
        type: of its values, as it is written in the class.
    """

    __slots__ = (
        *("choices", "default", "help", "is_limit", "is_local", "key", "least", "metavar", "most"),
        *("option", "option_help", "type", "unit"),
    )

    def __init__(
        self,
        *,
        default: Any,
        help: str,
        key: Callable[[Any], object] | None,
        option: str = "",
        option_help: str = "",
        metavar: str = "",
        unit: int = 1,
        choices: tuple[object, ...] = (),
        least: int = 0,
        most: int | None = None,
        is_limit: bool = False,
        is_local: bool = False,
    ) -> None:
        self.default: Any = default
        self.help: str = help
        self.key: Callable[[Any], object] | None = key
        self.option: str = option
        self.option_help: str = option_help or help.partition(". ")[0].rstrip(".") + "."
        self.metavar: str = metavar
        self.unit: int = unit
        self.choices: tuple[object, ...] = choices
        self.least: int = least
        self.most: int | None = most
        self.is_limit: bool = is_limit
        self.is_local: bool = is_local
        self.type: str = ""

    def check(self, name: str, value: Any) -> None:
        """Raises ``TypeError`` or ``ValueError`` if a field of this name may not have the value."""
        if value is not None or "None" not in self.type:
            self.check_given(name, value)

    def check_given(self, name: str, value: Any) -> None:
        """The same where it cannot be ``None``."""
        kind = self.type.partition(" | ")[0]
        classes, wanted = _KINDS[kind]
        if not isinstance(value, classes) or (kind == "int" and value.__class__ is bool):
            raise TypeError(f"{name} must be {wanted}, not {bounded(repr(value))}")
        if self.choices and kind in ("int", "str"):
            if value not in self.choices:
                raise ValueError(f"{name} must be one of {', '.join(map(repr, self.choices))}, not {value!r}")
        elif kind == "int":
            if value < self.least or (self.most is not None and value > self.most):
                limits = f"at least {self.least}" if self.most is None else f"between {self.least} and {self.most}"
                raise ValueError(f"{name} must be {limits}, but is {value}")


# What a field's type, as it is written, takes; and how messages call that.
_KINDS: Final[dict[str, tuple[Any, str]]] = {
    "int": (int, "an integer"),
    "bool": (bool, "a bool"),
    "str": (str, "a string"),
    "os.PathLike[str]": ((str, os.PathLike), "a path"),
    "Collection[str]": (Collection, "a collection of names"),
    "tuple[int, ...]": (tuple, "a tuple"),
}
