"""Reduces a module that shows a disagreement, and finds the pass that is to blame.

    reduce_case(text, calls)        -> the text and calls, without anything that the disagreement does not need
    guilty_passes(binary, calls)    -> ["counters"]: the optional passes without which there is no disagreement

The text is treated as a tree of lists: parts are dropped, or replaced by one of their own parts or a constant, as long
as the rest still assembles and still disagrees.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Union

from tests.differential.oracle import LEVELS, Call, assemble, compare
from wasmz.config import OPTIONAL_PASSES

Tree = list[Union[str, "Tree"]]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|;;[^\n]*|\(;.*?;\)|[()]|[^\s()";]+', re.DOTALL)
_CONSTANTS: tuple[Tree, ...] = (
    ["nop"], ["i32.const", "0"], ["i32.const", "1"], ["i64.const", "0"], ["f64.const", "0"], ["f32.const", "0"],
)  # fmt: skip
# Parts of functions and blocks that are not instructions.
_HEADER = ("type", "param", "result", "local", "export", "import")


def parse(text: str) -> Tree:
    """The list that the text is."""
    stack: list[Tree] = [[]]
    for token in _TOKEN.findall(text):
        if token.startswith((";;", "(;")):
            continue
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    tree = stack[0][0]
    assert isinstance(tree, list)
    return tree


def show(tree: Tree, depth: int = 0) -> str:
    """The text of a list, long ones on several lines."""
    flat = "(" + " ".join(part if isinstance(part, str) else show(part) for part in tree) + ")"
    if len(flat) < 100:
        return flat
    pieces = [part if isinstance(part, str) else show(part, depth + 1) for part in tree]
    head = [piece for piece in pieces if "(" not in piece[:1]]
    if pieces[: len(head)] != head:
        return flat
    space = "\n" + "  " * (depth + 1)
    return "(" + " ".join(head) + "".join(space + piece for piece in pieces[len(head) :]) + ")"


def first_disagreement(
    binary: bytes, calls: Sequence[Call], levels: Sequence[int] = LEVELS, disable_passes: Sequence[str] = ()
) -> BaseException | None:
    """What is raised when the calls are compared: a disagreement, or what wasmz fails with."""
    try:
        compare(binary, calls, levels, disable_passes)
    except Exception as error:
        return error
    return None


def guilty_passes(binary: bytes, calls: Sequence[Call], levels: Sequence[int] = LEVELS) -> list[str]:
    """A smallest set of passes with which alone there is a disagreement; empty if it is there with none of them."""
    disabled: list[str] = []
    for name in OPTIONAL_PASSES:
        if first_disagreement(binary, calls, levels, [*disabled, name]) is not None:
            disabled.append(name)
    return [name for name in OPTIONAL_PASSES if name not in disabled]


def reduce_case(
    text: str, calls: Sequence[Call], levels: Sequence[int] = LEVELS, seconds: float = 60.0
) -> tuple[str, list[Call]]:
    """The smallest module and calls found in the time given that fail in the same way."""
    binary = assemble(text)
    failing = [level for level in levels if first_disagreement(binary, calls, (level,)) is not None]
    reducer = _Reducer(parse(text), list(calls), failing[-1:] or list(levels), time.monotonic() + seconds)
    reducer.run()
    return show(reducer.tree), reducer.calls


class _Reducer:
    """Tries changes of the tree, keeps those after which the calls fail as before."""

    def __init__(self, tree: Tree, calls: list[Call], levels: Sequence[int], end: float) -> None:
        self.tree = tree
        self.calls = calls
        self.levels = levels
        self.end = end
        self.kind = type(first_disagreement(assemble(show(tree)), calls, levels))

    def fails(self, calls: Sequence[Call]) -> bool:
        try:
            binary = assemble(show(self.tree))
        except Exception:
            return False
        return type(first_disagreement(binary, calls, self.levels)) is self.kind

    @property
    def is_late(self) -> bool:
        return time.monotonic() > self.end

    def run(self) -> None:
        self.drop_calls()
        for function in self.tree:
            if isinstance(function, list) and function[0] == "func":
                header = [part for part in function if isinstance(part, str) or part[0] in _HEADER]
                self.attempt(function, 0, len(function), [*header, ["unreachable"]])
        progress = True
        while progress and not self.is_late:
            progress = False
            layer: list[Tree] = [self.tree]
            while layer and not self.is_late:
                for owner in layer:
                    progress |= self.drop_parts(owner)
                    progress |= self.replace_parts(owner)
                layer = [part for owner in layer for part in owner if isinstance(part, list)]

    def drop_calls(self) -> None:
        for call in reversed(self.calls):
            if self.fails([call]):
                self.calls = [call]
                return
        for call in list(self.calls):
            fewer = [other for other in self.calls if other is not call]
            if self.fails(fewer):
                self.calls = fewer

    def attempt(self, owner: Tree, start: int, end: int, parts: Tree) -> bool:
        """Whether the calls still fail with ``parts`` in place of some of the owner's; if not, takes it back."""
        if self.is_late:
            return False
        before = owner[start:end]
        owner[start:end] = parts
        if self.fails(self.calls):
            return True
        owner[start : start + len(parts)] = before
        return False

    def drop_parts(self, owner: Tree) -> bool:
        """Drops runs of parts, long ones first."""
        progress = False
        size = len(owner) // 2
        while size:
            start = 1
            while start + size <= len(owner):
                if all(isinstance(part, list) for part in owner[start : start + size]) and self.attempt(
                    owner, start, start + size, []
                ):
                    progress = True
                else:
                    start += size
            size //= 2
        return progress

    def replace_parts(self, owner: Tree) -> bool:
        """Puts one of its own parts, or a constant, in the place of a part."""
        progress = False
        for index, part in enumerate(owner):
            if not isinstance(part, list) or part[0] in _HEADER or part[0] in ("nop", "local.get", "func"):
                continue
            if part[0].endswith(".const") and (part[1] == "0" or part[0] == "f64.const"):
                continue
            parts = [inner for inner in part if isinstance(inner, list) and inner[0] not in _HEADER]
            constants = [] if part[0] in ("if", "then", "else", "block", "loop") else _CONSTANTS
            for other in [*parts, *constants]:
                if self.attempt(owner, index, index + 1, [other]):
                    progress = True
                    break
        return progress
