"""Subtyping, and locals without a default value, for modules with typed references.

The loop compares types by identity. Only if they differ does it call these functions, so numbers cost nothing.
"""

from __future__ import annotations

from wasmz.baseline.draft import Unfit
from wasmz.subtyping import is_subtype
from wasmz.types import RefType, ValType, internal_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final


def fit(found: Any, wanted: Any) -> None:
    """Raises ``Unfit`` unless a value of one type may be used where the other is expected."""
    if not is_subtype(found, wanted):
        raise Unfit


def fit_all(found: Sequence[Any], wanted: Sequence[Any]) -> None:
    """Like :func:`fit`, for several values."""
    if len(found) != len(wanted) or not all(map(is_subtype, found, wanted)):
        raise Unfit


def settle(types: list[Any], wanted: Sequence[Any]) -> None:
    """Gives the topmost values the expected types, of which their types must be subtypes."""
    first = len(types) - len(wanted)
    if first < 1:
        raise Unfit
    fit_all(types[first:], wanted)
    types[first:] = wanted


def settle_from(types: list[Any], height: int, wanted: Sequence[Any]) -> None:
    """Like :func:`settle`, for all values from a height on."""
    fit_all(types[height:], wanted)
    types[height:] = wanted


def without_nulls(type: Any) -> RefType:
    """The type of references of a type that are not null."""
    if not isinstance(type, RefType):
        raise Unfit
    return RefType(type.heap_type, nullable=False, exact=type.exact) if type.nullable else type


# The type of a local that is not set yet, and the piece that reads it, which layout does not know.
_UNSET: Final = internal_type("unset")
_UNSET_PIECE: Final = b"unset"


class Variables:
    """The locals of a function.

    Attributes:
        types: by index; a local without a default value has a type that fits nothing until it is set.
        loads: the pieces that read the locals.
        fresh: the locals without a default value that are set, each with the number of blocks that were open then.
    """

    def __init__(self, types: list[Any], loads: list[bytes], params: int, *, all_have_defaults: bool) -> None:
        self.types: list[Any] = types
        self.loads: list[bytes] = loads
        self.fresh: list[tuple[int, int]] = []
        if not all_have_defaults:
            self._types, self._loads = types, loads
            self.types = types.copy()
            self.loads = loads.copy()
            for index in range(params, len(types)):
                if isinstance(types[index], RefType) and not types[index].nullable:
                    self._unset(index)

    def _unset(self, index: int) -> None:
        self.types[index] = _UNSET
        self.loads[index] = _UNSET_PIECE

    def set(self, index: int, found: Any, depth: int) -> ValType:
        """Sets a local to a value with another type than the local's; returns the local's type."""
        wanted = self.types[index]
        if wanted is _UNSET:
            wanted = self.types[index] = self._types[index]
            self.loads[index] = self._loads[index]
            self.fresh.append((depth, index))
        fit(found, wanted)
        return wanted  # type: ignore[no-any-return]

    def leave(self, depth: int) -> None:
        """Ends a block: locals that were set in it are unset again."""
        fresh = self.fresh
        while fresh and fresh[-1][0] >= depth:
            self._unset(fresh.pop()[1])
