"""Emscripten's functions on dates. The guest's time zone is UTC: it is not told where its host is.

gmtime(guest, caller, 0, address)           36 bytes of `struct tm`: 1970-01-01, a Thursday
"""

from __future__ import annotations

import _struct as struct  # what there is in struct, without that file
import time

from wasmz.runtime.emscripten.system_calls import text_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.runtime.calls.host import Caller

# Second, minute, hour, day, month, years since 1900, of the week and of the year, whether summer time holds, offset.
_TM: Final = struct.Struct("<10i")
_DAY: Final = 86_400
# 400 years, after which the calendar is the same.
_CYCLE_DAYS: Final = 146_097
_LARGEST: Final = 1 << 55


def civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970, in the Gregorian calendar without end."""
    cycle, day = divmod(days + 719_468, _CYCLE_DAYS)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    return (
        year + 400 * cycle + (month >= 10),
        month + (3 if month < 10 else -9),
        day - (153 * month + 2) // 5 + 1,
    )


def days_of(year: int, month: int, day: int) -> int:
    """The number of days since 1970 of a date, whose month and day may be beyond their ends."""
    extra, month = divmod(month - 1, 12)
    year += extra
    years = year - (month < 2)
    cycle, rest = divmod(years, 400)
    of_year = (153 * ((month + 10) % 12) + 2) // 5
    return cycle * _CYCLE_DAYS + rest * 365 + rest // 4 - rest // 100 + of_year - 719_468 + day - 1


def gmtime(guest: Any, caller: Caller, seconds: float, result: int) -> None:
    """Writes the parts of a time. One that is beyond all calendars is taken for the last one."""
    whole = max(-_LARGEST, min(int(seconds), _LARGEST)) if seconds == seconds else 0
    days, rest = divmod(whole, _DAY)
    year, month, day = civil(days)
    of_year = days - days_of(year, 1, 1)
    parts = (rest % 60, rest // 60 % 60, rest // 3_600, day, month - 1, year - 1900, (days + 4) % 7, of_year, 0, 0)
    _TM.pack_into(caller.memory.slice(result, _TM.size), 0, *[_signed(part) for part in parts])


def timegm(guest: Any, caller: Caller, address: int) -> int:
    """The time that parts amount to, which are put right in memory."""
    second, minute, hour, day, month, year, *_ = _TM.unpack(caller.memory.read(address, _TM.size))
    seconds: int = days_of(year + 1900, month + 1, day) * _DAY + hour * 3_600 + minute * 60 + second
    gmtime(guest, caller, seconds, address)
    return seconds


def strftime(guest: Any, caller: Caller, target: int, room: int, format: int, address: int, locale: int = 0) -> int:
    """Writes a time as text, if there is room; how many bytes. Names of days and months are English."""
    second, minute, hour, day, month, year, weekday, of_year, summer, _ = _TM.unpack(
        caller.memory.read(address, _TM.size)
    )
    parts = (year + 1900, month + 1, day, hour, minute, second, (weekday - 1) % 7, of_year + 1, summer)
    try:
        text = time.strftime(text_at(caller, format).decode("utf-8", "surrogateescape"), parts)
    except (ValueError, OverflowError):
        return 0
    data = text.encode("utf-8", "surrogateescape")
    if len(data) >= room & 0xFFFF_FFFF:
        return 0
    caller.memory.write(target, data + b"\0")
    return len(data)


def strptime(guest: Any, caller: Caller, text: int, format: int, address: int, locale: int = 0) -> int:
    """Reads a time from text; where in the text it ends, or 0."""
    data, wanted = text_at(caller, text).decode("utf-8", "replace"), text_at(caller, format).decode("utf-8", "replace")
    rest = 0
    try:
        found = time.strptime(data, wanted)
    except ValueError as error:
        _, mark, remaining = str(error).partition("unconverted data remains: ")
        if not mark:
            return 0
        rest = len(remaining)
        try:
            found = time.strptime(data[: len(data) - rest], wanted)
        except ValueError:
            return 0
    parts = (found.tm_sec, found.tm_min, found.tm_hour, found.tm_mday, found.tm_mon - 1, found.tm_year - 1900)
    offset = found.tm_gmtoff or 0
    days = (found.tm_wday + 1) % 7, found.tm_yday - 1
    _TM.pack_into(caller.memory.slice(address, _TM.size), 0, *parts, *days, max(found.tm_isdst, 0), offset)
    return text + len(data[: len(data) - rest].encode())


def tzset(guest: Any, caller: Caller, timezone: int, daylight: int, *names: int) -> None:
    """Writes what the time zone is."""
    memory = caller.memory
    memory.write_value(timezone, "I", 0)
    memory.write_value(daylight, "I", 0)
    if len(names) == 2:
        for name in names:
            memory.write(name, b"UTC\0")


def _signed(number: int) -> int:
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)
