"""``wasi:clocks`` 0.3: the clocks that a guest was given.

Clocks(guest).now()                         -> 1234567890, the monotonic clock in nanoseconds
await Clocks(guest).wait_for(1_000_000)     after a millisecond; ``None`` instead of a coroutine if that is over
Clocks(guest).system_now()                  -> {"seconds": 1700000000, "nanoseconds": 5}
"""

from __future__ import annotations

import asyncio

from wasmz.runtime.wasi.process import FixedClock
from wasmz.wasi2 import clocks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Final

_SECOND: Final = 1_000_000_000
# Event loops refuse to wait for centuries.
_LONGEST_SECONDS: Final = 86_400.0


class Clocks(clocks.Clocks):
    """Functions of ``monotonic-clock``, ``system-clock`` and ``timezone``."""

    def wait_until(self, when: int) -> Coroutine[Any, Any, None] | None:
        """Waits until the monotonic clock shows a time."""
        read = self._guest.process.clocks[1]
        return _sleep(read, when) if read() < when else None

    def wait_for(self, duration: int) -> Coroutine[Any, Any, None] | None:
        """Waits for so many nanoseconds."""
        return self.wait_until(self.now() + duration) if duration else None

    def system_now(self) -> dict[str, int]:
        """The date, as seconds since 1970 and nanoseconds."""
        return instant_of(self._guest.process.clocks[0]())

    def system_resolution(self) -> int:
        """In what steps the clock of dates goes, in nanoseconds."""
        resolution = self.wall_resolution()
        return resolution["seconds"] * _SECOND + resolution["nanoseconds"]

    def iana_id(self) -> str:
        """The guest's time zone: where the host is does not concern it."""
        return "UTC"

    def zone_offset(self, when: Any) -> int:
        """Nanoseconds that the guest's time is ahead of UTC."""
        return 0

    def zone_string(self) -> str:
        """The guest's time zone, for people."""
        return "UTC"


async def _sleep(read: Callable[[], int], when: int) -> None:
    while (rest := when - read()) > 0:
        if isinstance(read, FixedClock):
            # It stands still but for the guest's sleep, which is over at once.
            read.advance(rest)
        else:
            await asyncio.sleep(min(rest / _SECOND, _LONGEST_SECONDS))


def instant_of(nanoseconds: int) -> dict[str, int]:
    """A time as the record ``instant``."""
    seconds, rest = divmod(nanoseconds, _SECOND)
    return {"seconds": seconds, "nanoseconds": rest}
