"""Descriptions of configuration fields, for code that needs more than values: see :attr:`wasmz.Config.settings`.

They are made from the declarations in ``wasmz/config.py``, and imported when needed: most programs only look at default
values.
"""

from __future__ import annotations

import os
from _collections_abc import Collection  # the one of collections.abc, without importing collections

from wasmz.errors import bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final


class Setting:
    """The description of a field of :class:`Config`.

    Attributes:
        default: the default value.
        help: its meaning. The first sentence is the command line's help.
        key: a function that returns the part of a value that is in the cache's key, which must have everything that
            changes generated code, or whether a module is accepted. ``None`` if the field changes neither.
        option: its command-line option; empty if it has none. For a ``bool``, a flag for the value that is not the
            default.
        option_help: the command line's help, if it differs.
        metavar: the name of the option's argument in help.
        unit: how many of the field's units are one of the option's.
        choices: the possible values, or items of a collection; empty for any.
        least, most: the range of a number.
        is_limit: whether it applies while code runs; precompiled files contain such fields.
        is_local: whether it is about this process only, and is not passed to processes that compile for it.
        type: the type of its values, as written in the class.
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
        """Raises ``TypeError`` or ``ValueError`` unless the field called ``name`` may have the value."""
        if value is not None or "None" not in self.type:
            self.check_given(name, value)

    def check_given(self, name: str, value: Any) -> None:
        """Like :meth:`check`, for values other than ``None``."""
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


# For a field's type, as it is written: the classes of its values, and their name in messages.
_KINDS: Final[dict[str, tuple[Any, str]]] = {
    "int": (int, "an integer"),
    "bool": (bool, "a bool"),
    "str": (str, "a string"),
    "os.PathLike[str]": ((str, os.PathLike), "a path"),
    "Collection[str]": (Collection, "a collection of names"),
    "tuple[int, ...]": (tuple, "a tuple"),
}
