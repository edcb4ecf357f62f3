"""Where labels and jumps are in the code of a function, and its line table.

    place(marks, jumps, target)           positions in code units; jumps get their sizes
    encode_jump(jump, target)             bytes of a placed jump
    encode_lines(lines, end, first)       co_linetable

Both compilers use it: the assembler of the pipeline (`assembler.py`), and the baseline.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Protocol

from wasmz.codegen.targets.base import ALWAYS, IF_FALSE, IF_TRUE, Target

_MOST_ATTEMPTS = 20
_LARGEST_DISTANCE = 2**32 - 1

# No jump is larger: two instructions, three EXTENDED_ARG and inline caches.
_LARGEST_UNITS = 8

# Jumps over less than this are kept, encoded.
_COMMON_DISTANCE = 1000

_OPPOSITE = {IF_TRUE: IF_FALSE, IF_FALSE: IF_TRUE}


class Mark(Protocol):
    """Something between pieces: its number among marks, its position and its size in code units."""

    index: int
    position: int
    units: int


class PlacedJump(Mark, Protocol):
    """A jump: its label, and when it is taken."""

    when: str

    @property
    def label(self) -> Mark: ...


def place(marks: Sequence[Mark], jumps: Sequence[PlacedJump], target: Target) -> None:
    """Gives labels and jumps their final positions, in code units; jumps grow until each reaches its label."""
    drafts = [mark.position for mark in marks]
    # The jumps that may have to grow, with their least size: those whose label is not near even if all others grow.
    far: list[tuple[PlacedJump, int]] = []
    for jump in jumps:
        label = jump.label
        jump.units = units = _least_units(jump, target)
        distance = drafts[label.index] - drafts[jump.index]
        between = label.index - jump.index
        if distance < 0:
            distance, between = -distance, -between
        if distance + _LARGEST_UNITS * (between + 1) >= 256:
            far.append((jump, units))
    for attempt in itertools.count():
        moved = 0
        for mark, position in zip(marks, drafts, strict=True):
            mark.position = position + moved
            moved += mark.units
        grown = False
        for jump, units in far:
            # Jumps may make each other grow, one at a time, for many iterations: after a few, all get the largest size.
            distance = _distance(jump) if attempt < _MOST_ATTEMPTS else _LARGEST_DISTANCE
            if distance >= 256 and units + _extension(distance) > jump.units:
                jump.units = units + _extension(distance)
                grown = True
        if not grown:
            return


def _distance(jump: PlacedJump) -> int:
    """Code units between the end of the jump and its label; never negative."""
    end = jump.position + jump.units
    return jump.label.position - end if jump.label.index > jump.index else end - jump.label.position


def _extension(distance: int) -> int:
    return 0 if distance < 256 else 1 if distance < 65_536 else 2 if distance < 16_777_216 else 3


def _least_units(jump: PlacedJump, target: Target) -> int:
    """The size of a jump over less than 256 code units."""
    sizes = target.jump_sizes
    if jump.label.index > jump.index:
        return sizes[target.forward_jumps[jump.when]]
    units = sizes[target.backward_jump]
    # No version has all conditional backward jumps: a forward one of the opposite condition jumps over a plain one.
    return units if jump.when is ALWAYS else units + sizes[target.forward_jumps[_OPPOSITE[jump.when]]]


def encode_jump(jump: PlacedJump, target: Target) -> bytes:
    """The instructions of a placed jump, exactly as long as it was placed."""
    distance = _distance(jump)
    is_forward = jump.label.index > jump.index
    key = (jump.when, is_forward, distance, jump.units)
    encoded = target.jumps.get(key)
    if encoded is None:
        encoded = _encode_jump(jump, target, distance, is_forward=is_forward)
        if distance < _COMMON_DISTANCE:
            target.jumps[key] = encoded
    return encoded


def _encode_jump(jump: PlacedJump, target: Target, distance: int, *, is_forward: bool) -> bytes:
    around = b""
    if is_forward:
        encoded = target.jump_piece(target.forward_jumps[jump.when], distance)
    else:
        encoded = target.jump_piece(target.backward_jump, distance)
        if jump.when is not ALWAYS:
            name = target.forward_jumps[_OPPOSITE[jump.when]]
            around = target.jump_piece(name, jump.units - target.jump_sizes[name])
    # A jump that was placed with more EXTENDED_ARG than it needs in the end is filled up.
    missing = jump.units - (len(around) + len(encoded)) // 2
    return around + target.piece("EXTENDED_ARG", 0) * missing + encoded


def encode_lines(lines: Sequence[tuple[int, int]], end: int, first_offset: int) -> bytes:
    """The line table (CPython's Objects/locations.md): for each run of code, its "line" less the previous one.

    ``lines`` has the position at which each run begins, in code units, and its byte offset in the module.

    An entry without columns is a byte 1_1101_sss, with a size of at most eight code units, and the difference.
    """
    table = bytearray()
    append = table.append
    current = first_offset
    start, offset = 0, first_offset
    for position, following in (*lines, (end, -1)):
        if following == offset:
            continue
        units = position - start
        if units:
            difference = offset - current
            current = offset
            # The sign is the lowest bit; then come six bits a byte, the lowest first.
            rest = difference << 1 if difference >= 0 else -difference << 1 | 1
            append(0xE7 + units if units < 8 else 0xEF)
            while rest > 0x3F:
                append(rest & 0x3F | 0x40)
                rest >>= 6
            append(rest)
            if units > 8:
                full, part = divmod(units - 8, 8)
                table += _SAME_LINE * full
                if part:
                    table += bytes((0xE7 + part, 0))
        start, offset = position, following
    return bytes(table)


# Eight more code units of the line before.
_SAME_LINE = bytes((0xEF, 0))
