"""``RegExp``, and what ``exec`` gives.

call_method(Regular("b+"), "exec", ("abb",))       -> ["bb"], a ``Matched`` at position 1
"""

from __future__ import annotations

from wasmz.interop.javascript.operations import (
    METHODS,
    PROPERTIES,
    SETTERS,
    StandardClass,
    check_items,
    check_size,
    to_int32,
    to_string,
)
from wasmz.interop.javascript.patterns import Regular
from wasmz.interop.javascript.sequences import units
from wasmz.interop.javascript.values import UNDEFINED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _in_units(text: str) -> str:
    """A string whose characters are its units of UTF-16."""
    if text.isascii() or max(text) < "\U00010000":
        return text
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join([chr(data[at] | data[at + 1] << 8) for at in range(0, len(data), 2)])


def _of_units(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _exec(regular: Regular, value: Any = UNDEFINED) -> Any:
    """``regular.exec(text)``: a list of strings with ``index``, ``input`` and ``groups``, or null."""
    text = to_string(value)
    is_sticky = "g" in regular.flags or "y" in regular.flags
    start = to_int32(regular.last_index) if is_sticky else 0
    is_unicode = "u" in regular.flags
    subject = text if is_unicode else _in_units(text)
    if is_unicode and start:
        start = len(_of_units(_in_units(text)[:start]))
    found = regular.match(subject, start) if start <= len(subject) else None
    if found is None:
        if is_sticky:
            regular.last_index = 0
        return None
    index, end = found.start, found.end
    if is_unicode:
        index, end = units(text[:index]), units(text[:end])
    if is_sticky:
        regular.last_index = end
    groups = [UNDEFINED if place is None else _of_units(subject[place[0] : place[1]]) for place in found.groups]
    named: Any = {name: groups[number] for name, number in regular.names.items()} if regular.names else UNDEFINED
    return Matched([_of_units(subject[found.start : found.end]), *groups], index, text, named)


class Matched(list[object]):
    """The result of ``exec``."""

    def __init__(self, items: list[Any], position: int, input: str, groups: Any) -> None:
        super().__init__(items)
        self.position: int = position
        self.input: str = input
        self.groups: Any = groups


def replaced(text: str, regular: Regular, by: Callable[[Any], str]) -> str:
    """A string with what an expression matches replaced: all of it with the flag ``g``, or the first."""
    parts, at, made = [], 0, 0
    whole = _in_units(text)
    # All are found before the first is replaced: what replaces them may use the expression, too.
    if "g" in regular.flags:
        matches = all_matches(text, regular)
    else:
        regular.last_index = 0
        first = _exec(regular, text)
        matches = [] if first is None else [first]
    for found in matches:
        parts += [whole[at : found.position], _in_units(by(found))]
        made = check_size(made + len(parts[-2]) + len(parts[-1]))
        at = found.position + units(str(found[0]))
    return _of_units("".join(parts) + whole[at:])


def all_matches(text: str, regular: Regular) -> list[Any]:
    """All results of ``exec``, of an expression with the flag ``g``."""
    found, regular.last_index = [], 0
    while (match := _exec(regular, text)) is not None:
        found.append(match)
        check_items(len(found))
        if not match[0]:
            regular.last_index += 1
    return found


def _make(source: Any = "(?:)", flags: Any = UNDEFINED) -> Regular:
    if isinstance(source, Regular):
        return Regular(source.source, source.flags if flags is UNDEFINED else to_string(flags))
    return Regular("(?:)" if source is UNDEFINED else to_string(source), "" if flags is UNDEFINED else to_string(flags))


def _flag(flag: str) -> Callable[[Regular], bool]:
    return lambda regular: flag in regular.flags


def _set_last_index(regular: Regular, value: Any) -> None:
    regular.last_index = value


METHODS[Regular] = {
    "exec": _exec,
    "test": lambda regular, text=UNDEFINED: _exec(regular, text) is not None,
    "toString": lambda regular: f"/{regular.source}/{regular.flags}",
}
PROPERTIES[Regular] = {
    "source": lambda regular: regular.source,
    "flags": lambda regular: regular.flags,
    "lastIndex": lambda regular: regular.last_index,
    "global": _flag("g"),
    "ignoreCase": _flag("i"),
    "multiline": _flag("m"),
    "dotAll": _flag("s"),
    "unicode": _flag("u"),
    "sticky": _flag("y"),
    "to_string": lambda regular: f"/{regular.source}/{regular.flags}",
}
SETTERS[Regular] = {"lastIndex": _set_last_index}
METHODS[Matched] = METHODS[list]
PROPERTIES[Matched] = {
    "length": len,
    "index": lambda found: found.position,
    "input": lambda found: found.input,
    "groups": lambda found: found.groups,
}
REGULAR = StandardClass("RegExp", _make, lambda value: isinstance(value, Regular), convert=_make)

__all__ = ["REGULAR", "Matched", "Regular", "all_matches", "replaced"]
