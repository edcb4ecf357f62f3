"""More methods of strings and arrays: those that search, replace, split by patterns, pad, sort and choose.

call_method("a-b", "replaceAll", ("-", "+"))      -> "a+b"
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata

from wasmz.interop.javascript.operations import (
    METHODS,
    check_items,
    check_size,
    to_int32,
    to_integer,
    to_number,
    to_string,
    truthy,
)
from wasmz.interop.javascript.regular import Matched, Regular, all_matches, replaced
from wasmz.interop.javascript.sequences import char_code, sliced, units
from wasmz.interop.javascript.values import UNDEFINED, Iterating, JavaScriptError, call, type_error
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# What JavaScript trims: not quite what Python does.
_TRIMMED = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))


def _position(text: str, position: Any, otherwise: int = 0) -> int:
    number = to_number(position) if position is not UNDEFINED else float("nan")
    if number != number:
        return otherwise
    return int(min(max(number, 0), units(text)))


def _index_of(text: str, part: Any, position: Any = 0) -> int:
    at = _position(text, position)
    if text.isascii():
        return text.find(to_string(part), at)
    data, wanted = (value.encode("utf-16-le", "surrogatepass") for value in (text, to_string(part)))
    found = data.find(wanted, 2 * at)
    while found > 0 and found % 2:
        found = data.find(wanted, found + 1)
    return found // 2 if found >= 0 else -1


def _last_index_of(text: str, part: Any, position: Any = UNDEFINED) -> int:
    wanted = to_string(part)
    at = _position(text, position, units(text))
    # From the end by searching forwards: backwards, CPython may compare all characters at each of them.
    if text.isascii():
        place = text[: at + len(wanted)][::-1].find(wanted[::-1])
        return -1 if place < 0 else min(at + len(wanted), len(text)) - place - len(wanted)
    data, found = text.encode("utf-16-be", "surrogatepass"), wanted.encode("utf-16-be", "surrogatepass")
    data, found = data[: 2 * at + len(found)][::-1], found[::-1]
    place = data.find(found)
    while place > 0 and place % 2:
        place = data.find(found, place + 1)
    return (len(data) - place - len(found)) // 2 if place >= 0 else -1


def _by(replacement: Any) -> Callable[[Any, str], str]:
    """What replaces a match: of a function its result, or a text in which ``$1`` and the like stand for groups."""
    if callable(replacement):
        return lambda found, text: to_string(call(replacement, UNDEFINED, (*found, found.position, text)))
    pattern = to_string(replacement)
    if "$" not in pattern:
        return lambda found, text: pattern
    return lambda found, text: _expanded(pattern, found)


def _expanded(pattern: str, found: Matched) -> str:
    parts, at = [], 0
    while (next_at := pattern.find("$", at)) >= 0:
        parts.append(pattern[at:next_at])
        mark = pattern[next_at + 1 : next_at + 2]
        at = next_at + 2
        if mark == "$":
            parts.append("$")
        elif mark == "&":
            parts.append(str(found[0]))
        elif mark == "`":
            parts.append(sliced(found.input, 0, found.position))
        elif mark == "'":
            parts.append(sliced(found.input, found.position + units(str(found[0])), units(found.input)))
        elif mark.isdecimal() and mark.isascii():
            digits = pattern[next_at + 1 : next_at + 3]
            number = int(digits) if digits.isdecimal() and int(digits) < len(found) else int(mark)
            at = next_at + 1 + (len(digits) if number > 9 else 1)
            known = 0 < number < len(found)
            parts.append("" if known and found[number] is UNDEFINED else str(found[number]) if known else f"${mark}")
        else:
            parts.append("$")
            at = next_at + 1
    check_size(sum(map(len, parts)))
    return "".join([*parts, pattern[at:]])


def _replace(text: str, wanted: Any, replacement: Any = UNDEFINED) -> str:
    by = _by(replacement)
    if isinstance(wanted, Regular):
        return replaced(text, wanted, lambda found: by(found, text))
    part = to_string(wanted)
    at = text.find(part)
    if at < 0:
        return text
    return text[:at] + by(Matched([part], units(text[:at]), text, UNDEFINED), text) + text[at + len(part) :]


def _replace_all(text: str, wanted: Any, replacement: Any = UNDEFINED) -> str:
    if isinstance(wanted, Regular):
        if "g" not in wanted.flags:
            raise type_error("replaceAll must be called with a global RegExp")
        return _replace(text, wanted, replacement)
    part, by = to_string(wanted), _by(replacement)
    made: list[str] = []
    at = size = 0
    while (found := text.find(part, at)) >= 0:
        made += [text[at:found], by(Matched([part], units(text[:found]), text, UNDEFINED), text)]
        size = check_size(size + len(made[-2]) + len(made[-1]))
        at = found + len(part)
        if not part:
            made.append(text[at : at + 1])
            at += 1
            if at > len(text):
                break
    return "".join([*made, text[at:]])


def _split(text: str, by: Any = UNDEFINED, most: Any = UNDEFINED) -> list[Any]:
    limit = 0xFFFF_FFFF if most is UNDEFINED else to_int32(most)
    if by is UNDEFINED:
        return [text][:limit]
    if isinstance(by, Regular):
        return _split_by(text, by)[:limit]
    mark = to_string(by)
    check_items(len(text))
    if mark:
        return [*text.split(mark)][:limit]
    return list(text if text.isascii() else [chr(int(char_code(text, at))) for at in range(units(text))])[:limit]


def _split_by(text: str, by: Regular) -> list[Any]:
    parts: list[Any] = []
    at = 0
    if not text and by.match("", 0) is not None:
        return []
    for found in all_matches(text, Regular(by.source, by.flags.replace("y", "").replace("g", "") + "g")):
        size = units(found[0])
        if not size and found.position in (at, units(text)):
            continue
        parts += [sliced(text, at, found.position), *found[1:]]
        at = found.position + size
    return [*parts, sliced(text, at, units(text))]


def _match(text: str, wanted: Any) -> Any:
    regular = wanted if isinstance(wanted, Regular) else Regular(to_string(wanted))
    if "g" not in regular.flags:
        return METHODS[Regular]["exec"](regular, text)
    return [found[0] for found in all_matches(text, regular)] or None


def _match_all(text: str, wanted: Any) -> Iterating:
    regular = wanted if isinstance(wanted, Regular) else Regular(to_string(wanted), "g")
    return Iterating(all_matches(text, Regular(regular.source, regular.flags)))


def _padded(is_start: bool) -> Callable[..., str]:
    def pad(text: str, length: Any, by: Any = " ") -> str:
        missing = check_size(to_int32(length)) - units(text)
        mark = to_string(by)
        if missing <= 0 or not mark:
            return text
        filling = sliced(mark * (missing // units(mark) + 1), 0, missing)
        return filling + text if is_start else text + filling

    return pad


# Marks after one letter. CPython sorts more of them in the square of their number of steps.
_MOST_MARKS = 1_000
# Characters for which that takes no time in any case.
_FEW = 10_000


def _normalized(text: str, form: Any = UNDEFINED) -> str:
    wanted: Any = "NFC" if form is UNDEFINED else to_string(form)
    if wanted not in ("NFC", "NFD", "NFKC", "NFKD"):
        raise JavaScriptError("The normalization form should be one of NFC, NFD, NFKC, NFKD.", "RangeError")
    if text.isascii():
        return text
    if len(text) > _FEW:
        marks = [mark for mark in set(text) if unicodedata.combining(unicodedata.normalize("NFKD", mark)[0])]
        # All of them are characters that stand for themselves in a set of a pattern.
        if marks and re.search(f"[{''.join(marks)}]{{{_MOST_MARKS}}}", text):
            raise JavaScriptError("too many marks follow each other", "RangeError")
        # A character may become eighteen.
        check_size(len(text) * (18 if wanted[2:3] == "K" else 4))
    return unicodedata.normalize(wanted, text)


def _char_at(text: str, position: Any = 0) -> str:
    at = to_integer(position)
    return sliced(text, at, at + 1) if at >= 0 else ""


METHODS[str].update(
    {
        "charAt": _char_at,
        "endsWith": lambda text, part: text.endswith(to_string(part)),
        "includes": lambda text, part, start=0: _index_of(text, part, start) >= 0,
        "indexOf": _index_of,
        "lastIndexOf": _last_index_of,
        "localeCompare": lambda text, other: (text > to_string(other)) - (text < to_string(other)),
        "match": _match,
        "matchAll": _match_all,
        "normalize": _normalized,
        "padEnd": _padded(False),
        "padStart": _padded(True),
        "replace": _replace,
        "replaceAll": _replace_all,
        "split": _split,
        "startsWith": lambda text, part, start=0: text.startswith(to_string(part), _position(text, start)),
        "toLocaleLowerCase": str.lower,
        "toLocaleUpperCase": str.upper,
        "trim": lambda text: text.strip(_TRIMMED),
        "valueOf": lambda text: text,
        **dict.fromkeys(("trimStart", "trimLeft"), lambda text: text.lstrip(_TRIMMED)),
        **dict.fromkeys(("trimEnd", "trimRight"), lambda text: text.rstrip(_TRIMMED)),
    }
)


def _splice(value: list[Any], start: Any = 0, count: Any = UNDEFINED, *items: Any) -> list[Any]:
    first = to_integer(start)
    first = max(first + len(value), 0) if first < 0 else min(first, len(value))
    last = len(value) if count is UNDEFINED else min(first + max(to_integer(count), 0), len(value))
    removed = value[first:last]
    check_items(len(value) + len(items))
    value[first:last] = items
    return removed


def _sort(value: list[Any], compare: Any = UNDEFINED) -> list[Any]:
    undefined = [item for item in value if item is UNDEFINED]
    rest = [item for item in value if item is not UNDEFINED]
    if compare is UNDEFINED:
        rest.sort(key=lambda item: to_string(item).encode("utf-16-be", "surrogatepass"))
    else:
        rest.sort(key=functools.cmp_to_key(lambda a, b: _sign(to_number(call(compare, UNDEFINED, (a, b))))))
    value[:] = rest + undefined
    return value


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _chosen(value: Any, function: Any) -> list[bool]:
    return [truthy(call(function, UNDEFINED, (item, at, value))) for at, item in enumerate(list(value))]


def _filled(value: list[Any], item: Any = UNDEFINED) -> list[Any]:
    value[:] = [item] * len(value)
    return value


def _reduce(value: list[Any], function: Any, *start: Any) -> Any:
    items = [*start, *value]
    if not items:
        raise type_error("Reduce of empty array with no initial value")
    found = items[0]
    for at, item in enumerate(items[1:], 1 - len(start)):
        found = call(function, UNDEFINED, (found, item, at, value))
    return found


METHODS[list].update(
    {
        "every": lambda value, function: all(_chosen(value, function)),
        "fill": _filled,
        "filter": lambda value, function: [
            x for x, is_it in zip(value, _chosen(value, function), strict=True) if is_it
        ],
        "find": lambda value, function: next(
            (x for x in list(value) if truthy(call(function, UNDEFINED, (x,)))), UNDEFINED
        ),
        "reduce": _reduce,
        "some": lambda value, function: any(_chosen(value, function)),
        "sort": _sort,
        "splice": _splice,
    }
)


# --- numbers as texts: of two that are as near, the larger one ------------------------------------------------------


def _digits(value: float, places: int) -> str:
    """A finite number with so many digits after the point."""
    load("decimal")
    from decimal import ROUND_HALF_UP, Context, Decimal

    exact = Context(prec=1_200, rounding=ROUND_HALF_UP)
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-places), context=exact):f}"


def _expect_digits(count: Any, least: int) -> int:
    number = to_int32(count)
    if not least <= number <= 100:
        raise JavaScriptError(f"the number of digits must be from {least} to 100", "RangeError")
    return number


def _fixed(value: Any, count: Any = 0) -> str:
    number, places = float(to_number(value)), _expect_digits(count, 0)
    if not abs(number) < 1e21:
        return to_string(number)
    text = _digits(abs(number), places)
    return f"-{text}" if number < 0 else text


def _exponential(number: float, places: int) -> str:
    load("decimal")
    from decimal import ROUND_HALF_UP, Context, Decimal

    exact = Context(prec=places + 1, rounding=ROUND_HALF_UP).plus(Decimal(number))
    _, digits, _ = exact.as_tuple()
    text = "".join(map(str, digits)).ljust(places + 1, "0")
    power = exact.adjusted() if number else 0
    return f"{text[0]}{'.' if places else ''}{text[1 : places + 1]}e{power:+d}"


def _precise(value: Any, count: Any = UNDEFINED) -> str:
    number = float(to_number(value))
    if count is UNDEFINED or not math.isfinite(number):
        return to_string(number)
    digits = _expect_digits(count, 1)
    text = _exponential(abs(number), digits - 1)
    power = int(text.partition("e")[2])
    if -7 < power < digits:
        text = _digits(abs(number), digits - 1 - power)
    return f"-{text}" if number < 0 else text


def _in_exponents(value: Any, count: Any = UNDEFINED) -> str:
    number = float(to_number(value))
    if not math.isfinite(number):
        return to_string(number)
    places = len(repr(number).partition("e")[0].replace(".", "").strip("-0")) - 1 if count is UNDEFINED else count
    text = _exponential(abs(number), _expect_digits(max(to_int32(places) if count is not UNDEFINED else places, 0), 0))
    return f"-{text}" if number < 0 else text


METHODS[int].update({"toExponential": _in_exponents, "toFixed": _fixed, "toPrecision": _precise})
