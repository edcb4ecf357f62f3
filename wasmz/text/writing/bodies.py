"""Writes instructions as lines, flat or folded.

    local.get 0 / i32.const 1 / i32.add       flat
    (i32.add (local.get 0) (i32.const 1))     folded

A line has its indentation and its text. Folding takes operands only from the lines right before, so the order of
instructions, which determines the module, stays the same whatever is taken for an operand.
"""

from __future__ import annotations

import re

from wasmz.errors import InvalidWasm
from wasmz.wasm import body_validator as body_validator  # makes all rules known
from wasmz.wasm.body_rules import apply
from wasmz.wasm.body_state import BodyState
from wasmz.wasm.instructions import INSTRUCTIONS, Immediates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, SupportsIndex

    from wasmz.wasm.syntax import DecodedInstruction, WasmModule

# The greatest width, with indentation, of folded instructions on one line.
WIDTH: Final = 96
# The greatest indentation of lines; nothing is folded deeper than `_MOST_FOLDED`.
_DEEPEST: Final = 24
# The indentation of a function's instructions in the module.
_FUNCTION_DEPTH: Final = 2
_MOST_FOLDED: Final = 16

Line = tuple[int, str]
# (mnemonic, what follows it, offset)
Instructions = list[tuple[str, str, int]]

_OPENING: Final = frozenset(
    row.name for row in INSTRUCTIONS.values() if row.immediates in (Immediates.BLOCK, Immediates.TRY_TABLE)
)
_BETWEEN: Final = ("else", "catch", "catch_all")
_CUT: Final = re.compile(r" (?!\(;)")


def indented(lines: list[Line]) -> list[str]:
    """Lines as they are printed."""
    found: list[str] = []
    for depth, text in lines:
        line = "  " * (_FUNCTION_DEPTH + min(depth, _DEEPEST)) + text
        if len(line) <= WIDTH or '"' in text:
            found.append(line)
        else:
            found += _wrapped(line)
    return found


def _wrapped(line: str) -> list[str]:
    """Splits a line that is too wide, usually a ``br_table``. Comments stay with what they are about."""
    indent = line[: len(line) - len(line.lstrip())]
    found = [indent]
    for word in _CUT.split(line.lstrip()):
        if len(found[-1]) + len(word) >= WIDTH and found != [indent]:
            found.append(f"{indent}   ")
        found[-1] += word if found == [indent] else f" {word}"
    return found


def flat_lines(instructions: Instructions, hints: dict[int, str]) -> list[Line]:
    """One instruction on each line. ``hints`` are annotations by offset."""
    lines: list[Line] = []
    depth = 0
    for name, operands, offset in instructions:
        if name in ("end", "delegate", *_BETWEEN):
            depth -= 1
        if offset in hints:
            lines.append((depth, hints[offset]))
        lines.append((depth, name + operands))
        if name in _OPENING or name in _BETWEEN:
            depth += 1
    return lines


class _Watched(list["Any"]):
    """An operand stack that records how low it has been."""

    low = 0

    def pop(self, index: SupportsIndex = -1) -> Any:
        found = super().pop(index)
        self.low = min(self.low, len(self))
        return found

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        super().__delitem__(index)
        self.low = min(self.low, len(self))


def find_arities(
    module: WasmModule, function: int, instructions: list[DecodedInstruction]
) -> dict[int, tuple[int, int]]:
    """How many operands and results each instruction has, by offset, as far as the body is valid."""
    found: dict[int, tuple[int, int]] = {}
    try:
        state = BodyState(module, function)
        stack = _Watched(state.stack)
        state.stack = stack
        for opcode, immediate, offset in instructions:
            state.offset = offset
            before = stack.low = len(stack)
            apply(state, opcode, immediate)
            found[offset] = (before - stack.low, len(stack) - stack.low)
    except InvalidWasm:
        pass
    return found


class _Group:
    """Lines that belong together: an instruction with its operands, or a block.

    Attributes:
        start: the number of its first line.
        results: how many values it produces; -1 if it cannot be an operand.
        depth: how deeply it is folded.
    """

    __slots__ = ("depth", "results", "start")

    def __init__(self, start: int, results: int, depth: int) -> None:
        self.start: int = start
        self.results: int = results
        self.depth: int = depth


class _Block:
    """An open block.

    Attributes:
        name: the name of its instruction.
        start: the number of its first line.
        depth: the indentation of the lines in it.
        is_flat: whether ``end`` closes it.
        folded: how deeply its operand, and other forms in it, are folded.
        groups: the groups in it that may still become operands.
    """

    __slots__ = ("depth", "folded", "groups", "is_flat", "name", "start")

    def __init__(self, name: str, start: int, depth: int, is_flat: bool = False) -> None:
        self.name: str = name
        self.start: int = start
        self.depth: int = depth
        self.is_flat: bool = is_flat
        self.folded: int = 0
        self.groups: list[_Group] = []

    def forget(self) -> None:
        """From now on, none of the groups can become an operand."""
        self.folded = max([self.folded, *(group.depth for group in self.groups)])
        self.groups.clear()


def folded_lines(instructions: Instructions, hints: dict[int, str], arities: dict[int, tuple[int, int]]) -> list[Line]:
    """Operands inside their instructions, blocks in parentheses."""
    return _Folding(hints, arities).fold(instructions)


class _Folding:
    def __init__(self, hints: dict[int, str], arities: dict[int, tuple[int, int]]) -> None:
        self.hints: dict[int, str] = hints
        self.arities: dict[int, tuple[int, int]] = arities
        self.lines: list[Line] = []
        self.blocks: list[_Block] = [_Block("func", 0, 0)]
        # How deeply the operands that were taken last are folded.
        self.taken: int = 0

    def fold(self, instructions: Instructions) -> list[Line]:
        for name, operands, offset in instructions:
            if name in _OPENING:
                self.open(name, name + operands, offset)
            elif name == "end" or name == "delegate":
                self.close(name + operands, offset)
            elif name in _BETWEEN:
                self.go_on(name, name + operands)
            else:
                self.add(name + operands, offset)
        return self.lines

    def take(self, count: int) -> int | None:
        """Takes the groups right before as ``count`` operands; returns the number of their first line, or ``None``."""
        groups = self.blocks[-1].groups
        operands = groups[len(groups) - count :] if count else []
        if len(operands) < count or any(group.results != 1 or group.depth >= _MOST_FOLDED for group in operands):
            # The operands come from elsewhere; nothing before can be an operand of later instructions.
            self.blocks[-1].forget()
            return None
        if not operands:
            return len(self.lines)
        self.taken = max([group.depth for group in operands]) + 1
        del groups[len(groups) - count :]
        return operands[0].start

    def add(self, text: str, offset: int) -> None:
        """Adds an instruction that is not a block."""
        taken, results = self.arities.get(offset, (0, 0))
        known = offset in self.arities
        block, lines = self.blocks[-1], self.lines
        depth = block.depth
        self.taken = 0
        start = self.take(taken) if known else None
        hint = self.hints.get(offset)
        if start is None:
            start = len(lines)
            self.write_hint(hint, depth)
            lines.append((depth, text))
            # Lines without parentheses cannot be operands.
            results = -1
        else:
            self.wrap(f"({text}", start, depth, hint)
        block.groups.append(_Group(start, results, self.taken))

    def wrap(self, head: str, start: int, depth: int, hint: str | None, closes: bool = True) -> None:
        """Puts an instruction around the lines of its operands, on one line if they fit."""
        lines = self.lines
        operands = lines[start:]
        del lines[start:]
        self.write_hint(hint, depth)
        width = (
            2 * (_FUNCTION_DEPTH + min(depth, _DEEPEST)) + len(head) + 1 + sum(len(text) + 1 for _, text in operands)
        )
        single = all(indent == depth and text[:1] == "(" and text[1:2] != "@" for indent, text in operands)
        if single and width <= WIDTH:
            head = " ".join([head, *(text for _, text in operands)])
            lines.append((depth, f"{head})" if closes else head))
            return
        lines.append((depth, head))
        lines += [(indent + 1, text) for indent, text in operands]
        if closes:
            self.append_closing()

    def write_hint(self, hint: str | None, depth: int) -> None:
        if hint is not None:
            self.lines.append((depth, hint))

    def append_closing(self) -> None:
        indent, text = self.lines[-1]
        self.lines[-1] = indent, f"{text})"

    # Blocks

    def open(self, name: str, text: str, offset: int) -> None:
        """Begins a block; an ``if`` takes its condition."""
        depth, start = self.blocks[-1].depth, len(self.lines)
        hint = self.hints.get(offset)
        self.taken = 0
        taken, _ = self.arities.get(offset, (0, 0))
        if name == "if":
            found = self.take(1) if taken == 1 else None
            if found is None:
                self.write_hint(hint, depth)
                self.lines.append((depth, text))
                self.blocks.append(_Block(name, start, depth + 1, is_flat=True))
                return
            self.wrap(f"({text}", found, depth, hint, closes=False)
            self.lines.append((depth + 1, "(then"))
            self.blocks.append(_Block(name, found, depth + 2))
        else:
            if taken:
                self.blocks[-1].forget()
            self.lines.append((depth, f"({text}"))
            body = depth + 1
            if name == "try":
                self.lines.append((body, "(do"))
                body += 1
            self.blocks.append(_Block(name, start, body))
        self.blocks[-1].folded = self.taken

    def go_on(self, name: str, text: str) -> None:
        """Begins the next part of an ``if`` or ``try``."""
        block = self.blocks[-1]
        if block.is_flat:
            self.lines.append((block.depth - 1, text))
        else:
            self.append_closing()
            self.lines.append((block.depth - 1, f"({text}"))
        block.forget()

    def close(self, text: str, offset: int) -> None:
        """Ends a block, perhaps by a ``delegate``."""
        block = self.blocks.pop()
        block.forget()
        if block.is_flat:
            self.lines.append((block.depth - 1, text))
        else:
            if block.name in ("if", "try"):
                self.append_closing()
            if text != "end":
                self.lines.append((block.depth - 1, f"({text})"))
            self.append_closing()
        _, results = self.arities.get(offset, (0, -1))
        depth = _MOST_FOLDED if block.is_flat else block.folded + 1
        self.blocks[-1].groups.append(_Group(block.start, results, depth))
