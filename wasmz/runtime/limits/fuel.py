"""Fuel: units that code consumes, as items of an iterator (docs/abi.md, "Fuel").

    fuel = Fuel(10_000)
    fuel.supply(namespace)        code takes units from namespace["fuel"], an iterator with some of them
    fuel.units                    -> 10000, less the items taken
    fuel.replace(500)             may be called while code runs

CPython reads iterators over lists fastest. An iterator here has at most 4096 items, of a list that all share. The other
units are a number kept beside it; code whose iterator is exhausted calls ``more``. So code may keep the iterator in a
fast local: ``replace`` exhausts the iterator, and the code then asks for another one.

The state is one tuple. It is replaced right after the test that it is unchanged, with no call and no backward jump in
between: only there would CPython let another thread or a signal handler in.
"""

from __future__ import annotations

from functools import partial
from operator import call

from wasmz.errors import OutOfFuel
from wasmz.runtime.abi import FUEL, FUEL_LIMIT, HELPER, MORE_FUEL, USE_FUEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    # An iterator over the list, and how many units there are besides its items.
    _State = tuple[Any, int]

__wasmz_frame__ = HELPER

_SIZE: Final = 1 << 12
_ITEMS: Final = [None] * _SIZE
# As good as no limit.
_ENDLESS: Final = 1 << 200


class Fuel:
    """The units of one store.

    Attributes:
        units: how many are left.
    """

    __slots__ = ("_state",)

    def __init__(self, units: int | None) -> None:
        """``None`` stands for unlimited fuel."""
        self._state: _State = _begin(_ENDLESS if units is None else units)

    def supply(self, namespace: dict[str, Any]) -> None:
        """Gives the code with these globals its fuel."""
        namespace[FUEL] = self._state[0]
        namespace[MORE_FUEL] = partial(self.more, namespace)
        namespace[FUEL_LIMIT] = self.limit
        namespace[USE_FUEL] = self.use

    @property
    def units(self) -> int:
        iterator, others = self._state
        return int(others + iterator.__length_hint__())

    def replace(self, units: int) -> None:
        """Sets the number of units."""
        iterator, _ = self._state
        self._state = _begin(units)
        iterator.__setstate__(_SIZE)

    def more(self, namespace: dict[str, Any]) -> Any:
        """Takes a unit for code whose iterator is exhausted; returns the iterator to go on with.

        Raises:
            OutOfFuel: there is no unit left.
        """
        while True:
            state = self._state
            iterator, others = state
            for _ in iterator:
                namespace[FUEL] = iterator
                return iterator
            if not others:
                if self._state is state:
                    raise OutOfFuel
                continue
            made = _begin(others)
            if self._state is state:
                self._state = made

    # For operations that do many iterations of a loop at once

    def limit(self, count: int) -> int:
        """How many of ``count`` iterations there is fuel for."""
        iterator, others = self._state
        if count <= others:
            return count
        units = int(others + iterator.__length_hint__())
        return count if count < units else units

    def use(self, count: int) -> None:
        """Takes ``count`` units."""
        found = 0
        while True:
            state = self._state
            iterator, others = state
            if others + found < count:
                # Takes all items that the iterator has left, in one step that no other thread can interrupt.
                left, _ = map(call, (iterator.__length_hint__, partial(iterator.__setstate__, _SIZE)))
                found += left
            made = (iterator, max(0, others + found - count))
            if self._state is state:
                self._state = made
                return


def _begin(units: int) -> _State:
    """An iterator with some of the units, and the number of the others."""
    count = units if units < _SIZE else _SIZE
    iterator: Any = iter(_ITEMS)
    iterator.__setstate__(_SIZE - count)
    return iterator, units - count
