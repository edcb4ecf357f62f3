"""Splits text into tokens (specification, section 6.3 "Lexical Format").

    Source('(func $f (;1;) (result i32))').tokens   -> ["(", "func", "$f", "(", "result", "i32", ")", ")", ""]

Tokens are strings, distinguished by their first character; the last one is empty. A token's place in the text is
looked up when an error needs it. Annotations that wasmz knows are stored separately, by the number of the token that
follows; others are dropped, as are comments.
"""

from __future__ import annotations

import re

from wasmz.errors import InvalidText, bounded
from wasmz.text.reading.literals import STRING, string_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, NoReturn

_IDENTIFIER: Final = r"0-9A-Za-z!#$%&'*+./:<=>?@\\^_`|~-"
# Space and comments, and what follows: parentheses, the beginning of an annotation, words, any other character as a
# token (an error, unless it is reserved and inside an annotation), or the end.
_TOKEN: Final = re.compile(
    rf"(?:[ \t\n\r]++|;;[^\n\r]*+)*+(\(@(?:{STRING}|[{_IDENTIFIER}]*+)|[()]|(?:{STRING}|[{_IDENTIFIER}]++)++|.|\Z)"
)
_BEFORE_COMMENT: Final = re.compile(rf"{STRING}|;;[^\n\r]*+|\(;")
_IN_COMMENT: Final = re.compile(r"\(;|;\)")
# Tokens with strings: a string, an identifier in quotes, the beginning of an annotation.
_WHOLE: Final = re.compile(rf"(?:[$]|\(@)?{STRING}")
_WORD: Final = re.compile(rf"[{_IDENTIFIER}]++")
_ONE_STRING: Final = re.compile(STRING)
_BEGUN_STRING: Final = re.compile(STRING[:-1])
_NOT_A_LINE_END: Final = re.compile(r"[^\n\r]")
_LINE_END: Final = re.compile(r"\r\n|\n|\r")

# About how many characters are split at a time. Tokens have no line ends inside.
_PIECE: Final = 1 << 16

NAME, CUSTOM, HINT = "name", "custom", "metadata.code.branch_hint"
_KNOWN: Final = frozenset({NAME, CUSTOM, HINT})


class Annotation:
    """An annotation that wasmz knows.

    Attributes:
        id: its identifier.
        tokens: those between its id and its closing parenthesis.
        place: the number of its first token in the text.
    """

    __slots__ = ("id", "place", "tokens")

    def __init__(self, id: str, tokens: list[str], place: int) -> None:
        self.id: str = id
        self.tokens: list[str] = tokens
        self.place: int = place


class Source:
    """A text, split into tokens.

    Attributes:
        text: the text, without a byte order mark.
        name: the name of the file, for messages, or ``None``.
        tokens: without comments and annotations; the last one is an empty string.
        annotations: the known ones, by the number of the token that follows.
    """

    def __init__(self, text: bytes | str, name: str | None = None) -> None:
        """Splits a text.

        Raises:
            InvalidText: it has characters or words that no module can have.
        """
        self.name: str | None = name
        self.text: str = self._decode(text) if isinstance(text, bytes) else text.removeprefix("\ufeff")
        # For each token, its number in the text, if annotations were removed.
        self._numbers: list[int] | None = None
        self._blanked: str | None = self._without_block_comments() if "(;" in self.text else None
        self.annotations: dict[int, list[Annotation]] = {}
        self.tokens: list[str] = self._cut()

    def _decode(self, data: bytes) -> str:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.text = data[: error.start].decode("utf-8-sig", "replace")
            self.fail_at(len(self.text), "malformed UTF-8 encoding")

    def _cut(self) -> list[str]:
        text = self.text if self._blanked is None else self._blanked
        # Equal tokens become one object: a module has few different ones, and some checks are done once for each.
        known: dict[str, str] = {}
        tokens: list[str] = []
        position = 0
        while position < len(text):
            line_end = text.find("\n", position + _PIECE)
            end = len(text) if line_end < 0 else line_end
            found = _TOKEN.findall(text, position, end)
            while found and not found[-1]:
                # The end of the piece, perhaps after space.
                found.pop()
            tokens += map(known.setdefault, found, found)
            position = end
        self._check(known, tokens)
        if any(token.startswith("(@") for token in known):
            tokens = self._take_annotations(tokens)
        self._check_words(known, tokens)
        tokens.append("")
        return tokens

    def _check(self, known: dict[str, str], tokens: list[str]) -> None:
        """Refuses strings that are not tokens, and normalises identifiers in quotes."""
        wrong = {token for token in known if len(token) == 1 and not (token in "()" or _is_reserved(token))}
        if wrong:
            self._fail_wrong_character(tokens, _first(tokens, wrong))
        plain = {}
        for token in known:
            if token.startswith('$"') and _ONE_STRING.fullmatch(token, 1):
                try:
                    plain[token] = "$" + string_bytes(token[1:]).decode()
                except UnicodeDecodeError:
                    self.fail(tokens.index(token), "malformed UTF-8 encoding")
                if plain[token] == "$":
                    self.fail(tokens.index(token), "empty identifier")
        if plain:
            tokens[:] = [plain.get(token, token) for token in tokens]

    def _check_words(self, known: dict[str, str], tokens: list[str]) -> None:
        """Refuses words that are allowed only in annotations."""
        if "$" in known and "$" in tokens:
            self.fail(tokens.index("$"), "empty identifier")
        joined = {token for token in known if '"' in token and not _WHOLE.fullmatch(token)}
        place = _first(tokens, joined) if joined else len(tokens)
        if place < len(tokens):
            self.fail(place, f"unknown operator {bounded(tokens[place])}")

    def _fail_wrong_character(self, tokens: list[str], number: int) -> NoReturn:
        start, _ = self._text_span(number)
        character = self.text[start]
        if character != '"':
            self.fail_at(start, f"illegal character {character!r}")
        if number and tokens[number - 1] in ("$", "(@") and not self.text[start - 1].isspace():
            self.fail_at(start - 1, f"empty {'identifier' if tokens[number - 1] == '$' else 'annotation id'}")
        begun = _BEGUN_STRING.match(self.text, start)
        end = start if begun is None else begun.end()
        wrong = self.text[end : end + 1]
        if wrong == "\\":
            self.fail_at(end, "illegal escape in a string")
        if wrong.strip("\n\r"):
            self.fail_at(end, f"illegal character {wrong!r} in a string")
        self.fail_at(start, "unclosed string")

    def _without_block_comments(self) -> str:
        """The text with its block comments, which may be nested, replaced by spaces. Line ends stay."""
        text, pieces, position, kept = self.text, [], 0, 0
        while (edge := _BEFORE_COMMENT.search(text, position)) is not None:
            position = edge.end()
            if edge.group() != "(;":
                continue
            start, depth = edge.start(), 1
            while depth:
                edge = _IN_COMMENT.search(text, position)
                if edge is None:
                    self.fail_at(start, "unclosed comment")
                position = edge.end()
                depth += 1 if edge.group() == "(;" else -1
            pieces += [text[kept:start], _NOT_A_LINE_END.sub(" ", text[start:position])]
            kept = position
        return "".join((*pieces, text[kept:]))

    # Annotations

    def _take_annotations(self, tokens: list[str]) -> list[str]:
        kept: list[str] = []
        numbers: list[int] = []
        position = 0
        while position < len(tokens):
            token = tokens[position]
            if token.startswith("(@"):
                end = self._annotation_end(tokens, position)
                id = self._annotation_id(token, position)
                if id in _KNOWN:
                    found = Annotation(id, tokens[position + 1 : end], position)
                    self.annotations.setdefault(len(kept), []).append(found)
                position = end + 1
            else:
                kept.append(token)
                numbers.append(position)
                position += 1
        self._numbers = numbers
        return kept

    def _annotation_id(self, token: str, position: int) -> str:
        id = token[2:]
        if id.startswith('"'):
            try:
                id = string_bytes(id).decode()
            except UnicodeDecodeError:
                self.fail(position, "malformed UTF-8 encoding")
        if not id:
            self.fail(position, "empty annotation id")
        return id

    def _annotation_end(self, tokens: list[str], start: int) -> int:
        depth, position = 1, start + 1
        while depth and position < len(tokens):
            token = tokens[position]
            depth += (token[0] == "(") - (token == ")")
            position += 1
        if depth:
            self.fail(start, "unclosed annotation")
        return position - 1

    # Places and errors

    def _start(self, number: int) -> int:
        """The position of a token in the text; for the last one, the end."""
        if self._numbers is not None:
            number = self._numbers[number] if number < len(self._numbers) else len(self.text)
        return self._text_span(number)[0]

    def _text_span(self, number: int) -> tuple[int, int]:
        """The range of a token in the text, by its number, which counts annotations."""
        text = self.text if self._blanked is None else self._blanked
        for count, match in enumerate(_TOKEN.finditer(text)):
            if count == number and match.group(1):
                return match.span(1)
        end = len(text.rstrip())
        return end, end

    def fail(self, number: int, reason: str) -> NoReturn:
        """Raises :class:`~wasmz.InvalidText` for a token, by its number in ``tokens``."""
        self.fail_at(self._start(number), reason)

    def fail_in(self, annotation: Annotation, reason: str) -> NoReturn:
        """Raises :class:`~wasmz.InvalidText` for an annotation."""
        self.fail_at(self._text_span(annotation.place)[0], reason)

    def fail_at(self, position: int, reason: str) -> NoReturn:
        """Raises :class:`~wasmz.InvalidText` for a position in the text."""
        raise self.error_at(position, reason)

    def error_at(self, position: int, reason: str) -> InvalidText:
        """The error for a position in the text."""
        line, start, end = 1, 0, len(self.text)
        for match in _LINE_END.finditer(self.text):
            if match.start() >= position:
                end = match.start()
                break
            start = match.end()
            line += 1
        return InvalidText(reason, line, position - start + 1, self.text[start:end], self.name)

    def error_of(self, number: int, reason: str) -> InvalidText:
        """The error for a token, by its number in ``tokens``."""
        return self.error_at(self._start(number), reason)


def _first(tokens: list[str], wanted: set[str]) -> int:
    """The number of the first token that is in ``wanted``; the number of tokens if none is."""
    return next((number for number, token in enumerate(tokens) if token in wanted), len(tokens))


def _is_reserved(token: str) -> bool:
    return token in ",;[]{}" or _WORD.fullmatch(token) is not None


def is_word(token: str) -> bool:
    """Whether a token has only characters of identifiers: a keyword, a number, an identifier, or an unknown word."""
    return _WORD.fullmatch(token) is not None


def token_spans(text: str) -> list[tuple[int, int]]:
    """The range of each token in a text, including those of annotations: for tools that split scripts."""
    source = Source.__new__(Source)
    source.text, source.name = text, None
    blanked = source._without_block_comments() if "(;" in text else text
    return [match.span(1) for match in _TOKEN.finditer(blanked) if match.group(1)]
