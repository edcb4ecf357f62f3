"""``wasi:clocks``: the clocks that a guest was given.

Clocks(guest).now()                         -> 1234567890, the monotonic clock in nanoseconds
Clocks(guest).wall_now()                    -> {"seconds": 1700000000, "nanoseconds": 5}
"""

from __future__ import annotations

import time

from wasmz.wasi2.polling import Pollable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.runtime.wasi.readiness import Wait
    from wasmz.wasi2.guest import Guest

_REALTIME: Final = 0
_MONOTONIC: Final = 1
_MOST_U64: Final = (1 << 64) - 1
_SECOND: Final = 1_000_000_000


class Clocks:
    """Functions of ``monotonic-clock``, ``wall-clock`` and ``timezone``."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    def now(self) -> int:
        """What the monotonic clock shows, in nanoseconds."""
        return self._guest.process.clocks[_MONOTONIC]() & _MOST_U64

    def resolution(self) -> int:
        """In what steps the monotonic clock goes, in nanoseconds."""
        return max(1, round(time.get_clock_info("monotonic").resolution * _SECOND))

    def subscribe_instant(self, when: int) -> Pollable:
        """Ready when the monotonic clock shows a time."""
        read = self._guest.process.clocks[_MONOTONIC]

        def add(wait: Wait, key: Any) -> None:
            wait.add_delay(key, max(0, when - read()), read)

        return Pollable(self._guest, add)

    def subscribe_duration(self, duration: int) -> Pollable:
        """Ready after so many nanoseconds."""
        return self.subscribe_instant(self.now() + duration)

    def wall_now(self) -> dict[str, int]:
        """The date, as seconds since 1970 and nanoseconds."""
        return datetime_of(self._guest.process.clocks[_REALTIME]())

    def wall_resolution(self) -> dict[str, int]:
        """In what steps the clock of dates goes."""
        return datetime_of(max(1, round(time.get_clock_info("time").resolution * _SECOND)))

    def utc_offset(self, when: Any) -> int:
        """Seconds that the guest's time is ahead of UTC: none, as where the host is does not concern it."""
        return 0

    def display(self, when: Any) -> dict[str, Any]:
        """What the guest's time zone is called."""
        return {"utc-offset": 0, "name": "UTC", "in-daylight-saving-time": False}


def datetime_of(nanoseconds: int) -> dict[str, int]:
    """A time as the record ``datetime``; none is before 1970."""
    seconds, rest = divmod(max(0, nanoseconds), _SECOND)
    return {"seconds": seconds & _MOST_U64, "nanoseconds": rest}
