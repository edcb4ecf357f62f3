"""JavaScript's regular expressions, matched in a bounded number of steps.

Regular("a(b+)", "").match("xabb", 0)      -> Match: start 1, end 4, groups [(2, 4)]

Python's ``re`` cannot be stopped while it matches, and has other rules; scripts and modules are not trusted. What is
made of a pattern is in ``matchers.py``.
"""

from __future__ import annotations

import unicodedata

from wasmz.errors import bounded
from wasmz.interop.javascript import matchers
from wasmz.interop.javascript.matchers import LINE_ENDS, State, end_match, is_word
from wasmz.interop.javascript.values import JavaScriptError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.interop.javascript.matchers import Chars, Matcher

# Steps of one match, and for each character of the text.
_MOST_STEPS = 500_000
_STEPS_FOR_EACH = 50
# Characters of a pattern, and groups in groups.
_LONGEST = 10_000
_DEEPEST = 50
_FLAGS = "dgimsuy"
_SPACES = frozenset("\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff") | {
    chr(c) for c in range(0x2000, 0x200B)
}
_CONTROLS = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "0": "\0"}
_MANY = 1 << 62

_CLASSES: dict[str, Chars] = {
    "d": lambda c: "0" <= c <= "9",
    "w": is_word,
    "s": lambda c: c in _SPACES,
    "D": lambda c: not "0" <= c <= "9",
    "W": lambda c: not is_word(c),
    "S": lambda c: c not in _SPACES,
}


def _syntax_error(pattern: str, why: str) -> JavaScriptError:
    return JavaScriptError(f"Invalid regular expression: /{bounded(pattern)}/: {why}", "SyntaxError")


class Match:
    """Where an expression matched, in characters of the text that it was matched with."""

    __slots__ = ("end", "groups", "start")

    def __init__(self, start: int, end: int, groups: list[tuple[int, int] | None]) -> None:
        self.start: int = start
        self.end: int = end
        self.groups: list[tuple[int, int] | None] = groups


class Regular:
    """A regular expression.

    Attributes:
        source: its pattern.
        flags: its flags, in order.
        last_index: where ``exec`` begins, for those with the flags ``g`` or ``y``, in units of UTF-16.
        names: numbers of named groups.
    """

    def __init__(self, source: str, flags: str = "") -> None:
        if len(set(flags)) != len(flags) or not set(flags) <= set(_FLAGS):
            raise JavaScriptError(f"Invalid flags supplied to RegExp constructor '{bounded(flags)}'", "SyntaxError")
        self.source: str = source
        self.flags: str = "".join(sorted(flags))
        self.last_index: Any = 0
        parser = _Parser(source, flags)
        self._matcher: Matcher = parser.whole()
        self._state: State = parser.state
        self._count: int = parser.count
        self.names: dict[str, int] = parser.names

    def match(self, text: str, start: int) -> Match | None:
        """The first match from a position on, or only there with the flag ``y``.

        Raises:
            JavaScriptError: it takes too many steps, or repeats too often.
        """
        state = self._state
        kept = state.text, state.groups, state.left
        state.text, state.left = text, _MOST_STEPS + _STEPS_FOR_EACH * len(text)
        try:
            for position in range(start, len(text) + 1):
                state.step()
                state.groups = [None] * self._count
                end = self._matcher(position, end_match)
                if end >= 0:
                    return Match(position, end, state.groups)
                if "y" in self.flags:
                    break
            return None
        except RecursionError:
            raise JavaScriptError("the regular expression repeats too often", "RangeError") from None
        finally:
            state.text, state.groups, state.left = kept


def _count_groups(source: str) -> int:
    """How many groups of a pattern capture: references to others are characters."""
    count, at, is_set = 0, 0, False
    while at < len(source):
        char = source[at]
        if char == "\\":
            at += 1
        elif is_set or char == "[":
            is_set = char != "]"
        elif char == "(":
            is_name = source.startswith("?<", at + 1) and source[at + 3 : at + 4] not in ("=", "!")
            count += is_name or source[at + 1 : at + 2] != "?"
        at += 1
    return count


class _Parser:
    """Makes a matcher of a pattern."""

    def __init__(self, source: str, flags: str) -> None:
        if len(source) > _LONGEST:
            raise _syntax_error(source, "it is too long")
        self.source = source
        self.at = 0
        self.depth = 0
        self.count = _count_groups(source)
        self.opened = 0
        self.names: dict[str, int] = {}
        self.ignores_case = "i" in flags
        self.is_multiline = "m" in flags
        self.is_dot_all = "s" in flags
        self.is_unicode = "u" in flags
        self.state = State(self.count)

    def error(self, why: str) -> JavaScriptError:
        return _syntax_error(self.source, why)

    def peek(self, text: str) -> bool:
        return self.source.startswith(text, self.at)

    def take(self, text: str) -> bool:
        if self.peek(text):
            self.at += len(text)
            return True
        return False

    def whole(self) -> Matcher:
        matcher = self.choice()
        if self.at < len(self.source):
            raise self.error("Unmatched ')'")
        return matcher

    def choice(self) -> Matcher:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.error("it is nested too deeply")
        choices = [self.sequence()]
        while self.take("|"):
            choices.append(self.sequence())
        self.depth -= 1
        return choices[0] if len(choices) == 1 else matchers.any_of(choices)

    def sequence(self) -> Matcher:
        parts: list[Matcher] = []
        while self.at < len(self.source) and not self.peek("|") and not self.peek(")"):
            parts.append(self.term())
        return matchers.in_order(parts)

    def term(self) -> Matcher:
        first_group = self.opened
        char = self.source[self.at]
        if char in "*+?" or (char == "{" and (self.is_unicode or self.takes_quantifier())):
            raise self.error("Nothing to repeat")
        if char in "^$":
            self.at += 1
            matcher = matchers.start if char == "^" else matchers.finish
            return matcher(self.state, self.is_multiline)
        if self.take("\\b"):
            return matchers.boundary(self.state, True)
        if self.take("\\B"):
            return matchers.boundary(self.state, False)
        if char == "(":
            return self.quantified(self.group(), None, first_group)
        chars = self.atom()
        if not callable(chars):
            matched = matchers.repeated(self.state, self.names, chars, self.ignores_case)
            return self.quantified(matched, None, first_group)
        return self.quantified(matchers.one(self.state, chars), chars, first_group)

    def group(self) -> Matcher:
        self.at += 1
        for mark, is_ahead, is_wanted in (("?=", 1, 1), ("?!", 1, 0), ("?<=", 0, 1), ("?<!", 0, 0)):
            if self.take(mark):
                if not is_ahead:
                    raise self.error("looking back is not supported")
                inner = self.closed(self.choice())
                return matchers.looking(self.state, inner, bool(is_wanted))
        if self.take("?:"):
            return self.closed(self.choice())
        number = self.opened
        self.opened += 1
        if self.take("?<"):
            end = self.source.find(">", self.at)
            name = self.source[self.at : end]
            if end < 0 or not name.isidentifier() or name in self.names:
                raise self.error("Invalid capture group name")
            self.names[name] = number
            self.at = end + 1
        elif self.peek("?"):
            raise self.error("Invalid group")
        return matchers.capturing(self.state, self.closed(self.choice()), number)

    def closed(self, matcher: Matcher) -> Matcher:
        if not self.take(")"):
            raise self.error("Unterminated group")
        return matcher

    def quantified(self, matcher: Matcher, chars: Chars | None, first_group: int) -> Matcher:
        least, most = self.quantifier()
        if (least, most) == (1, 1):
            return matcher
        is_lazy = self.take("?")
        if chars is not None:
            return matchers.many_chars(self.state, chars, least, most, is_lazy)
        return matchers.many(self.state, matcher, least, most, is_lazy, range(first_group, self.opened))

    def takes_quantifier(self) -> bool:
        before = self.at
        self.quantifier()
        return self.at != before

    def quantifier(self) -> tuple[int, int]:
        for mark, least, most in (("*", 0, _MANY), ("+", 1, _MANY), ("?", 0, 1)):
            if self.take(mark):
                return least, most
        if not self.peek("{"):
            return 1, 1
        end = self.source.find("}", self.at)
        first, comma, last = self.source[self.at + 1 : max(end, 0)].partition(",")
        if end < 0 or not first.isdecimal() or not (last == "" or last.isdecimal()) or len(first + last) > 12:
            if self.is_unicode:
                raise self.error("Incomplete quantifier")
            return 1, 1
        self.at = end + 1
        least = int(first)
        most = int(last) if last else (_MANY if comma else least)
        if most < least:
            raise self.error("numbers out of order in {} quantifier")
        return least, most

    # --- characters ---

    def atom(self) -> Any:
        """What one character has to be; or the number or the name of a group."""
        char = self.source[self.at]
        if char == "[":
            return self.members()
        self.at += 1
        if char == ".":
            return (lambda c: True) if self.is_dot_all else (lambda c: c not in LINE_ENDS)
        if char == "\\":
            return self.escape()
        return self.literal(char)

    def literal(self, char: str) -> Chars:
        if self.ignores_case:
            wanted = _folded(char)
            return lambda c: _folded(c) == wanted
        return lambda c: c == char

    def escape(self) -> Any:
        if self.at >= len(self.source):
            raise self.error("\\ at end of pattern")
        char = self.source[self.at]
        if char in "123456789":
            end = self.at
            while end < len(self.source) and self.source[end].isdecimal() and end - self.at < 3:
                end += 1
            number = int(self.source[self.at : end])
            if number <= self.count:
                self.at = end
                return number - 1
        if char == "k" and self.source.startswith("<", self.at + 1):
            end = self.source.find(">", self.at)
            name = self.source[self.at + 2 : max(end, 0)]
            self.at = end + 1
            if end < 0 or not name:
                raise self.error("Invalid named reference")
            return name
        found = self.class_escape()
        return found if found is not None else self.literal(self.char_escape())

    def class_escape(self) -> Chars | None:
        char = self.source[self.at]
        if char in _CLASSES:
            self.at += 1
            return _CLASSES[char]
        if char in "pP" and self.is_unicode:
            end = self.source.find("}", self.at)
            name = self.source[self.at + 2 : max(end, 0)].rpartition("=")[2]
            self.at = end + 1
            wanted = _CATEGORIES.get(name, name)
            if end < 0 or not 1 <= len(wanted) <= 2:
                raise self.error("Invalid property name")
            if char == "p":
                return lambda c: unicodedata.category(c).startswith(wanted)
            return lambda c: not unicodedata.category(c).startswith(wanted)
        return None

    def char_escape(self) -> str:
        char = self.source[self.at]
        self.at += 1
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in "1234567" and not self.is_unicode:
            return self.octal(char)
        if char == "c" and self.at < len(self.source):
            self.at += 1
            return chr(ord(self.source[self.at - 1]) % 32)
        digits = {"x": 2, "u": 4}.get(char, 0)
        if char == "u" and self.is_unicode and self.take("{"):
            end = self.source.find("}", self.at)
            code = self.source[self.at : max(end, 0)]
            self.at = end + 1
            return self.char_of(code)
        if digits and _is_hex(self.source[self.at : self.at + digits], digits):
            self.at += digits
            return self.char_of(self.source[self.at - digits : self.at])
        return char

    def octal(self, digits: str) -> str:
        while self.at < len(self.source) and self.source[self.at] in "01234567" and int(digits, 8) < 0o40:
            digits += self.source[self.at]
            self.at += 1
        return chr(int(digits, 8))

    def char_of(self, digits: str) -> str:
        if not _is_hex(digits, len(digits)) or len(digits) > 8 or int(digits, 16) > 0x10FFFF:
            raise self.error("Invalid Unicode escape")
        return chr(int(digits, 16))

    def members(self) -> Chars:
        self.at += 1
        is_negated = self.take("^")
        chars: set[str] = set()
        ranges: list[tuple[str, str]] = []
        classes: list[Chars] = []
        while not self.take("]"):
            first = self.member()
            if callable(first):
                classes.append(first)
            elif self.peek("-") and not self.source.startswith("]", self.at + 1):
                self.at += 1
                last = self.member()
                if callable(last):
                    classes.append(last)
                    chars |= {first, "-"}
                elif last < first:
                    raise self.error("Range out of order in character class")
                else:
                    ranges.append((first, last))
            else:
                chars.add(first)
        return self.tested(chars, ranges, classes, is_negated)

    def member(self) -> Any:
        if self.at >= len(self.source):
            raise self.error("Unterminated character class")
        if not self.take("\\"):
            self.at += 1
            return self.source[self.at - 1]
        if self.at >= len(self.source):
            raise self.error("\\ at end of pattern")
        found = self.class_escape()
        if found is not None:
            return found
        return "\b" if self.take("b") else self.char_escape()

    def tested(self, chars: set[str], ranges: list[tuple[str, str]], classes: list[Chars], is_negated: bool) -> Chars:
        def plain(c: str) -> bool:
            return c in chars or any(first <= c <= last for first, last in ranges) or any(f(c) for f in classes)

        found: Chars = plain
        if self.ignores_case:

            def folded(c: str) -> bool:
                return plain(c) or plain(c.lower()) or plain(_folded(c))

            found = folded
        return (lambda c: not found(c)) if is_negated else found


_CATEGORIES = {"Letter": "L", "Lowercase_Letter": "Ll", "Uppercase_Letter": "Lu", "Number": "N", "Punctuation": "P"} | {
    "Symbol": "S",
    "Separator": "Z",
    "Mark": "M",
    "Decimal_Number": "Nd",
    "Alphabetic": "L",
}


def _is_hex(text: str, count: int) -> bool:
    return len(text) == count > 0 and all(c in "0123456789abcdefABCDEF" for c in text)


def _folded(char: str) -> str:
    """A character without its case, as patterns that ignore it compare."""
    upper = char.upper()
    return upper if len(upper) == 1 and (upper > "\x7f" or char <= "\x7f") else char
