"""Types that are not the same, and locals without a default value: what modules with typed references need.

The loop compares types by identity. Only where they differ does it ask here, so numbers cost nothing.
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
    """Whether a value may stand where one of another type is expected; ``Unfit`` if not."""
    if not is_subtype(found, wanted):
        raise Unfit


def fit_all(found: Sequence[Any], wanted: Sequence[Any]) -> None:
    """The same for several values."""
    if len(found) != len(wanted) or not all(map(is_subtype, found, wanted)):
        raise Unfit


def settle(types: list[Any], wanted: Sequence[Any]) -> None:
    """Gives the topmost values the expected types, of which theirs must be subtypes."""
    first = len(types) - len(wanted)
    if first < 1:
        raise Unfit
    fit_all(types[first:], wanted)
    types[first:] = wanted


def settle_from(types: list[Any], height: int, wanted: Sequence[Any]) -> None:
    """The same, of all values from a height on."""
    fit_all(types[height:], wanted)
    types[height:] = wanted


def without_nulls(type: Any) -> RefType:
    """The type of references of a type that are not null."""
    if not isinstance(type, RefType):
        raise Unfit
    return RefType(type.heap_type, nullable=False, exact=type.exact) if type.nullable else type


# The type of a local that is not set yet, and the piece that stands for reading it: layout knows no such piece.
_UNSET: Final = internal_type("unset")
_UNSET_PIECE: Final = b"unset"


class Variables:
    """The locals of a function.

    Attributes:
        types: by index; of a local without a default value, before it is set, none that fits anything.
        loads: the pieces that read them.
        fresh: the locals without a default value that are set, with the number of open blocks where that was done.
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
        """Sets a local to a value whose type is not the local's own; returns that."""
        wanted = self.types[index]
        if wanted is _UNSET:
            wanted = self.types[index] = self._types[index]
            self.loads[index] = self._loads[index]
            self.fresh.append((depth, index))
        fit(found, wanted)
        return wanted  # type: ignore[no-any-return]

    def leave(self, depth: int) -> None:
        """At the end of a block, those that were set in it are unset again."""
        fresh = self.fresh
        while fresh and fresh[-1][0] >= depth:
            self._unset(fresh.pop()[1])
