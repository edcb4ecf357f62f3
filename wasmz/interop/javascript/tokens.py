"""JavaScript's tokens, for reading what toolchains write.

tokenize("a.b('c') // d")      -> [("name", "a"), ("op", "."), ("name", "b"), ("op", "("), ("string", "c"), ("op", ")")]
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    Token = tuple[str, str]

_TOKEN = re.compile(
    r"""
    (?P<space>[\s\ufeff]+|//[^\n]*|/\*[\s\S]*?\*/)
  | (?P<number>0[xX][0-9a-fA-F_]+n?|0[bB][01_]+n?|0[oO][0-7_]+n?|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?n?)
  | (?P<name>[A-Za-z_$\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)
  | (?P<string>"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')
  | (?P<template>`(?:[^`\\]|\\[\s\S])*`)
  | (?P<op>>>>=|\.\.\.|===|!==|>>>|\*\*=|<<=|>>=|&&=|\|\|=|\?\?=|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--
      |\+=|-=|\*=|/=|%=|&=|\|=|\^=|<<|>>|\*\*|[{}()\[\];,<>+\-*/%&|^!~?:=.@\#])
    """,
    re.VERBOSE,
)
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+/[a-z]*")
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r\n|[\s\S])")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
# After these words an expression begins, so that a slash is a regular expression.
_BEFORE_OPERANDS = {"return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else"}


# A regular expression is no longer; so many places that only look like the start of one are tried.
_LONGEST_REGEX = 4_000
_MOST_TRIES = 10_000


class UnreadableScript(ValueError):
    """A script, or a part of it, is not of the form that is read here."""


def tokenize(text: str) -> list[Token]:
    """All tokens of a script: kinds and texts; strings without quotes and escapes.

    Raises:
        UnreadableScript: there is a character that begins no token.
    """
    found: list[Token] = []
    position = tries = 0
    while position < len(text):
        match = None
        if text[position] == "/" and _begins_operand(found):
            tries += 1
            match = _REGEX.match(text, position, position + _LONGEST_REGEX) if tries <= _MOST_TRIES else None
            if match is not None and text[position + 1] not in "/*":
                found.append(("regex", match.group()))
                position = match.end()
                tries -= 1
                continue
        if text.startswith("/*", position) and text.find("*/", position + 2) < 0:
            raise UnreadableScript("nothing closes a comment")
        match = _TOKEN.match(text, position)
        if match is None:
            line = text.count("\n", 0, position) + 1
            raise UnreadableScript(f"line {line}: {text[position]!r} begins nothing that is read here")
        kind = match.lastgroup or ""
        position = match.end()
        if kind == "string":
            found.append((kind, unescape(match.group()[1:-1])))
        elif kind != "space":
            found.append((kind, match.group()))
    return found


def unescape(text: str) -> str:
    """What a string's or a template's text stands for."""
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _unescaped(match: re.Match[str]) -> str:
    part = match.group(1)
    if part[0] in "ux" and len(part) > 1:
        code = int(part[1:].strip("{}"), 16)
        return chr(code) if code < 0x110000 else "\ufffd"
    return _ESCAPED.get(part, part)


def _begins_operand(before: list[Token]) -> bool:
    if not before:
        return True
    kind, text = before[-1]
    if kind == "op":
        return text not in (")", "]", "}")
    return kind == "name" and text in _BEFORE_OPERANDS


_OPENING = {"(": ")", "[": "]", "{": "}"}


def all_closings(tokens: list[Token]) -> dict[int, int]:
    """For the positions of opening brackets what `closing` gives; those that nothing closes are left out."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for position, (kind, text) in enumerate(tokens):
        if kind == "op":
            if text in _OPENING:
                opened.append(position)
            elif text in (")", "]", "}") and opened:
                found[opened.pop()] = position + 1
    return found


def closing(tokens: list[Token], start: int) -> int:
    """The position after the bracket that closes the one at ``start``.

    Raises:
        UnreadableScript: none does.
    """
    depth = 0
    for position in range(start, len(tokens)):
        kind, text = tokens[position]
        if kind == "op":
            if text in _OPENING:
                depth += 1
            elif text in (")", "]", "}"):
                depth -= 1
                if depth == 0:
                    return position + 1
    raise UnreadableScript(f"nothing closes {tokens[start][1]!r}")
