"""Reads the object of functions that compilers write beside a module.

read_object(tokenize("const js_code = { 'add' : (a, b) => a + b }"), "js_code")
-> {"add": the tokens of the function}
"""

from __future__ import annotations

from wasmz.interop.javascript.tokens import UnreadableScript, all_closings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.interop.javascript.tokens import Token


def read_object(tokens: list[Token], name: str) -> dict[str, list[Token]]:
    """The members of the object that a variable of this name is, as tokens; empty if there is no such object.

    Raises:
        UnreadableScript: its members have no names.
    """
    closings = all_closings(tokens)
    for at in range(len(tokens) - 2):
        if tokens[at] == ("name", name) and tokens[at + 1 : at + 3] == [("op", "="), ("op", "{")]:
            end = closings.get(at + 2)
            if end is None:
                raise UnreadableScript("nothing closes the object of functions")
            return _members(tokens, closings, at + 3, end - 1)
    return {}


def _members(tokens: list[Token], closings: dict[int, int], at: int, end: int) -> dict[str, list[Token]]:
    found: dict[str, list[Token]] = {}
    while at < end:
        kind, key = tokens[at]
        if kind not in ("name", "string") or tokens[at + 1 : at + 2] != [("op", ":")]:
            raise UnreadableScript(f"{key[:80]!r} begins no member of the object of functions")
        start = at = at + 2
        while at < end and tokens[at] != ("op", ","):
            at = closings.get(at, at + 1) if tokens[at][0] == "op" and tokens[at][1] in ("(", "[", "{") else at + 1
        found[key] = tokens[start:at]
        at += 1
    return found
