"""``Date``, in UTC: a guest is not told where its host is.

construct(DATE, (0,)) -> a date whose toISOString() is "1970-01-01T00:00:00.000Z"
"""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta

from wasmz.interop.javascript.operations import METHODS, PROPERTIES, StandardClass, to_number
from wasmz.interop.javascript.values import UNDEFINED, Builtin, JavaScriptError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Milliseconds: JavaScript has no dates that are further from 1970.
_LAST = 8.64e15


class JsDate:
    """A moment: milliseconds since 1970, or NaN."""

    __slots__ = ("milliseconds",)

    def __init__(self, milliseconds: float) -> None:
        self.milliseconds: float = milliseconds if abs(milliseconds) <= _LAST else math.nan

    def moment(self) -> datetime:
        """The same as Python has it. ``JavaScriptError``: it is none that Python has."""
        try:
            return _EPOCH + timedelta(milliseconds=self.milliseconds)
        except (OverflowError, ValueError):
            raise JavaScriptError("Invalid time value", "RangeError") from None


def _now() -> float:
    return float(time.time_ns() // 1_000_000)


def _parse(text: Any) -> float:
    try:
        found = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return math.nan
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return (found - _EPOCH) / timedelta(milliseconds=1)


def _utc(*parts: Any) -> float:
    numbers = [to_number(part) for part in parts]
    if not numbers or not all(map(math.isfinite, numbers)):
        return math.nan
    try:
        return _moment_of([int(number) for number in numbers])
    except (ValueError, OverflowError):
        # Python has no such year.
        return math.nan


def _moment_of(parts: list[int]) -> float:
    year, month, day, *rest = (*parts, *(0, 1, 0, 0, 0, 0)[len(parts) - 1 :])
    years, month = divmod(month, 12)
    start = datetime(year + years + (1900 if 0 <= year < 100 else 0), month + 1, 1, tzinfo=UTC)
    hours, minutes, seconds, milliseconds = rest[:4]
    moved = timedelta(days=day - 1, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)
    return (start + moved - _EPOCH) / timedelta(milliseconds=1)


def _make(*parts: Any) -> JsDate:
    if not parts or parts[0] is UNDEFINED:
        return JsDate(_now())
    if len(parts) > 1:
        return JsDate(_utc(*parts))
    first = parts[0]
    if isinstance(first, JsDate):
        return JsDate(first.milliseconds)
    return JsDate(_parse(first) if isinstance(first, str) else float(to_number(first)))


def _iso(date: JsDate) -> str:
    if math.isnan(date.milliseconds):
        raise JavaScriptError("Invalid time value", "RangeError")
    return date.moment().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _field(read: Callable[[datetime], int]) -> Callable[[JsDate], Any]:
    return lambda date: math.nan if math.isnan(date.milliseconds) else read(date.moment())


_FIELDS: dict[str, Callable[[datetime], int]] = {
    "FullYear": lambda moment: moment.year,
    "Month": lambda moment: moment.month - 1,
    "Date": lambda moment: moment.day,
    "Day": lambda moment: moment.isoweekday() % 7,
    "Hours": lambda moment: moment.hour,
    "Minutes": lambda moment: moment.minute,
    "Seconds": lambda moment: moment.second,
    "Milliseconds": lambda moment: moment.microsecond // 1000,
}
METHODS[JsDate] = {
    **{f"get{name}": _field(read) for name, read in _FIELDS.items()},
    **{f"getUTC{name}": _field(read) for name, read in _FIELDS.items()},
    "getTime": lambda date: date.milliseconds,
    "valueOf": lambda date: date.milliseconds,
    "getTimezoneOffset": lambda date: 0,
    "toISOString": _iso,
    "toJSON": _iso,
    "toString": _iso,
}
PROPERTIES[JsDate] = {"to_number": lambda date: date.milliseconds, "to_string": _iso, "to_json": _iso}
DATE = StandardClass(
    "Date",
    _make,
    lambda value: isinstance(value, JsDate),
    {
        "now": Builtin("Date.now", _now),
        "parse": Builtin("Date.parse", _parse),
        "UTC": Builtin("Date.UTC", _utc),
    },
    lambda *parts: _iso(JsDate(_now())),
)
