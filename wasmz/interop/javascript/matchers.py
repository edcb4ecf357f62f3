"""What regular expressions are made of: functions of a position and of what is to match after it.

    state = State(groups=1)
    matcher = in_order([capturing(state, many_chars(state, str.isdigit, 1, 9, False), 0), one(state, str.isalpha)])
    state.text, state.left = "42b", 100
    matcher(0, end_match)                   -> 3, where the match ends, or -1; state.groups is [(0, 2)]

As in ECMAScript's own definition of patterns. Each counts its steps in the state.
"""

from __future__ import annotations

from wasmz.interop.javascript.values import JavaScriptError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Then = Callable[[int], int]
    Matcher = Callable[[int, Then], int]
    Chars = Callable[[str], bool]

LINE_ENDS = "\n\r\u2028\u2029"


class State:
    """A match at work.

    Attributes:
        text: what is matched.
        groups: where each group matched; ``None`` for those that did not.
        left: how many steps it may still take.
    """

    __slots__ = ("groups", "left", "text")

    def __init__(self, groups: int) -> None:
        self.text: str = ""
        self.groups: list[tuple[int, int] | None] = [None] * groups
        self.left: int = 0

    def step(self) -> None:
        """Takes one step. ``JavaScriptError``: that is one too many."""
        self.left -= 1
        if self.left < 0:
            raise JavaScriptError("the regular expression takes too many steps", "RangeError")


def is_word(char: str) -> bool:
    """Whether a character is in ``\\w``."""
    return char.isascii() and (char.isalnum() or char == "_")


def end_match(position: int) -> int:
    """What comes after everything else: the match ends here."""
    return position


def in_order(parts: list[Matcher]) -> Matcher:
    """All, one after the other."""

    if len(parts) == 1:
        return parts[0]

    def match(position: int, then: Then) -> int:
        def go(number: int, at: int) -> int:
            if number == len(parts):
                return then(at)
            return parts[number](at, lambda end: go(number + 1, end))

        return go(0, position)

    return match


def any_of(choices: list[Matcher]) -> Matcher:
    """The first that matches, with what follows."""

    def match(position: int, then: Then) -> int:
        for choice in choices:
            end = choice(position, then)
            if end >= 0:
                return end
        return -1

    return match


def one(state: State, chars: Chars) -> Matcher:
    """One character."""

    def match(position: int, then: Then) -> int:
        state.step()
        text = state.text
        return then(position + 1) if position < len(text) and chars(text[position]) else -1

    return match


def many_chars(state: State, chars: Chars, least: int, most: int, is_lazy: bool) -> Matcher:
    """From ``least`` to ``most`` characters: as many as possible, or as few."""

    def greedy(position: int, then: Then) -> int:
        text = state.text
        end, last = position, min(len(text), position + most)
        while end < last and chars(text[end]):
            state.step()
            end += 1
        while end >= position + least:
            state.step()
            found = then(end)
            if found >= 0:
                return found
            end -= 1
        return -1

    def lazy(position: int, then: Then) -> int:
        text = state.text
        end = position
        while True:
            state.step()
            if end >= position + least:
                found = then(end)
                if found >= 0:
                    return found
            if end >= len(text) or end - position >= most or not chars(text[end]):
                return -1
            end += 1

    return lazy if is_lazy else greedy


def many(state: State, inner: Matcher, least: int, most: int, is_lazy: bool, own_groups: range) -> Matcher:
    """The same for anything. Its own groups have matched nothing at the start of each repetition."""

    def match(position: int, then: Then) -> int:
        def again(count: int, at: int) -> int:
            state.step()

            def more(end: int) -> int:
                # What matches nothing is not repeated.
                return -1 if end == at and count >= least else again(count + 1, end)

            def repeat() -> int:
                if count >= most:
                    return -1
                kept = list(state.groups)
                for number in own_groups:
                    state.groups[number] = None
                end = inner(at, more)
                if end < 0:
                    state.groups[:] = kept
                return end

            if count < least:
                return repeat()
            if is_lazy:
                end = then(at)
                return end if end >= 0 else repeat()
            end = repeat()
            return end if end >= 0 else then(at)

        return again(0, position)

    return match


def capturing(state: State, inner: Matcher, number: int) -> Matcher:
    """A group."""

    def match(position: int, then: Then) -> int:
        def closed(end: int) -> int:
            kept = state.groups[number]
            state.groups[number] = (position, end)
            found = then(end)
            if found < 0:
                state.groups[number] = kept
            return found

        return inner(position, closed)

    return match


def looking(state: State, inner: Matcher, is_wanted: bool) -> Matcher:
    """Whether something follows here, or does not; no character is taken."""

    def match(position: int, then: Then) -> int:
        kept = list(state.groups)
        is_there = inner(position, end_match) >= 0
        if is_there is not is_wanted:
            state.groups[:] = kept
            return -1
        if not is_wanted:
            state.groups[:] = kept
        end = then(position)
        if end < 0:
            state.groups[:] = kept
        return end

    return match


def start(state: State, is_multiline: bool) -> Matcher:
    """The start of the text, or of a line."""

    def match(position: int, then: Then) -> int:
        is_there = position == 0 or (is_multiline and state.text[position - 1] in LINE_ENDS)
        return then(position) if is_there else -1

    return match


def finish(state: State, is_multiline: bool) -> Matcher:
    """The end of the text, or of a line."""

    def match(position: int, then: Then) -> int:
        text = state.text
        is_there = position == len(text) or (is_multiline and text[position] in LINE_ENDS)
        return then(position) if is_there else -1

    return match


def boundary(state: State, is_wanted: bool) -> Matcher:
    """Where a word starts or ends, or anywhere else."""

    def match(position: int, then: Then) -> int:
        text = state.text
        before = position > 0 and is_word(text[position - 1])
        after = position < len(text) and is_word(text[position])
        return then(position) if (before is not after) is is_wanted else -1

    return match


def repeated(state: State, names: dict[str, int], group: int | str, is_folded: bool) -> Matcher:
    """What a group has matched, by its number or name. Later groups may still be added to ``names``."""

    def match(position: int, then: Then) -> int:
        number = names.get(group, -1) if isinstance(group, str) else group
        place = state.groups[number] if number >= 0 else None
        if place is None:
            return then(position)
        state.step()
        text = state.text
        size = place[1] - place[0]
        left, right = text[place[0] : place[1]], text[position : position + size]
        is_same = left == right or (is_folded and left.upper() == right.upper())
        return then(position + size) if is_same else -1

    return match
