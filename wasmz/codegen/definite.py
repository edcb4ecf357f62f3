"""Proves that every path sets each fast local before reading it: otherwise CPython 3.12 and later crash.

    prove_assigned(marks, pieces, target, argument_count, local_count)      raises UnprovenCode if it cannot

The walk follows the layout. Nothing unsets a fast local, so along a path the set of unset ones only shrinks. At a label
it is the union of the sets at the jumps to it and at the end of code that falls through to it. A backward jump inside
the loop that it repeats adds nothing to that, so one walk is enough. If a jump does add something, such as one from a
handler, which comes after all other code, the walk is repeated.

Fast locals from ``PROVEN_SLOTS`` on are read by an instruction that checks them (`targets/`), so that sets stay small.
"""

from __future__ import annotations

from wasmz.codegen.emitted import Attempt, Jump, Label
from wasmz.codegen.targets.base import PROVEN_SLOTS, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Mark = Label | Jump | Attempt

_MOST_WALKS = 20


class UnprovenCode(Exception):
    """Code may read a fast local that is not set: a fault of wasmz, not of the module."""


def prove_assigned(
    marks: Sequence[Mark], pieces: list[bytes], target: Target, argument_count: int, local_count: int
) -> None:
    """Raises :class:`UnprovenCode` if a fast local could be read before it is set.

    ``marks`` are the reachable labels, jumps and attempts in order, with the index of the piece after each.
    """
    count = min(local_count, PROVEN_SLOTS)
    if count <= argument_count:
        return
    unset = (1 << count) - (1 << argument_count)
    for _ in range(_MOST_WALKS):
        if not _walk(marks, pieces, target, unset):
            return
    raise UnprovenCode(f"the sets of unset fast locals still change after {_MOST_WALKS} walks")


def _walk(marks: Sequence[Mark], pieces: list[bytes], target: Target, unset: int) -> bool:
    """Goes through all code once, with the fast locals that may be unset as bits.

    Returns whether a later jump adds unset fast locals to a label.
    """
    touched = target.touched
    is_outdated = False
    start = 0
    for mark in marks:
        end = mark.piece
        if unset:
            # Nearly all accesses are to fast locals that are set; they take one look-up each.
            for piece in pieces[start:end]:
                if piece in touched and touched[piece] & unset:
                    unset = _access(target, piece, unset)
        start = end
        if type(mark) is Label:
            if mark.is_fallen_into:
                mark.unset |= unset
            unset = mark.unset
        elif unset:
            label = mark.label  # type: ignore[union-attr]
            known = label.unset
            if unset | known != known:
                label.unset = unset | known
                is_outdated = is_outdated or label.index <= mark.index
    for piece in pieces[start:] if unset else ():
        if piece in touched and touched[piece] & unset:
            unset = _access(target, piece, unset)
    return is_outdated


def _access(target: Target, piece: bytes, unset: int) -> int:
    """Returns the fast locals that are unset after a piece which accesses some of those unset before it."""
    read, written = target.accesses[piece]
    if read & unset:
        raise UnprovenCode(f"fast local {(read & unset).bit_length() - 1} may be unset when it is read")
    return unset & ~written
