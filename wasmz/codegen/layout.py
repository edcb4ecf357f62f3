"""Places labels and jumps in the code of a function, and encodes jumps, line table and exception table.

    place([0, 3, 9], [(1, 2, IF_TRUE)], target)     -> ([0, 3, 11], [2]): final positions of marks, sizes of jumps
    encode_jump(IF_TRUE, 6, 2, target)              -> bytes of a jump forward over 6 code units; backward is negative
    encode_lines(lines, end, first_offset)          -> co_linetable
    encode_handler(start, length, handler, depth)   -> an entry of co_exceptiontable

Positions and sizes are in code units. Used by both compilers: the pipeline's assembler (`assembler.py`) and the
baseline compiler.
"""

from __future__ import annotations

import itertools
from operator import add

from wasmz.codegen.targets.base import ALWAYS, IF_FALSE, IF_TRUE, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_ATTEMPTS = 20
_LARGEST_DISTANCE = 2**32 - 1

# No jump is larger: two instructions, three EXTENDED_ARG and inline caches.
_LARGEST_UNITS = 8

# Encoded jumps are kept for distances below this.
_COMMON_DISTANCE = 1000

_BYTES = [bytes([low]) for low in range(256)]

# Encoded entries of line tables are kept for fewer code units and smaller differences than these.
_COMMON_UNITS = 64
_COMMON_DIFFERENCE = 64

_OPPOSITE = {IF_TRUE: IF_FALSE, IF_FALSE: IF_TRUE}


def place(drafts: Sequence[int], jumps: Sequence[tuple[int, int, str]], target: Target) -> tuple[list[int], list[int]]:
    """Finds the positions of labels and jumps, and the sizes of jumps, which grow until each reaches its label.

    Args:
        drafts: position of each label and jump (and other marks), in order, as if jumps took no place.
        jumps: for each jump, its number in ``drafts``, that of its label, and when it is taken.
        target: the Python version.
    """
    sizes = [0] * len(drafts)
    forward, backward = target.forward_sizes, target.backward_sizes
    # The jumps that may have to grow: those whose label is not near even if all jumps between them grow.
    far: list[tuple[int, int, int]] = []
    for mark, label, when in jumps:
        if label > mark:
            least = forward[when]
            longest = drafts[label] - drafts[mark] + _LARGEST_UNITS * (label - mark + 1)
        else:
            least = backward[when]
            longest = drafts[mark] - drafts[label] + _LARGEST_UNITS * (mark - label + 1)
        sizes[mark] = least
        if longest >= 256:
            far.append((mark, label, least))
    for attempt in itertools.count():
        positions = list(map(add, drafts, itertools.accumulate(sizes, initial=0)))
        grown = False
        for mark, label, least in far:
            # Jumps may make each other grow one at a time, many times. After a few iterations, all get the largest
            # size.
            distance = _LARGEST_DISTANCE
            if attempt < _MOST_ATTEMPTS:
                distance = abs(positions[label] - positions[mark] - sizes[mark])
            if distance >= 256 and least + _extension(distance) > sizes[mark]:
                sizes[mark] = least + _extension(distance)
                grown = True
        if not grown:
            return positions, [sizes[mark] for mark, _, _ in jumps]
    raise AssertionError("unreachable")


def _extension(distance: int) -> int:
    return 1 if distance < 65_536 else 2 if distance < 16_777_216 else 3


def encode_jump(when: str, distance: int, units: int, target: Target) -> bytes:
    """The instructions of a jump from its end to its label, exactly as long as it was placed."""
    encoded = target.jumps.get((when, distance, units))
    if encoded is None:
        # Jumps that differ in the lowest byte of the distance differ in one byte. The rest of it tells the directions
        # apart.
        low = distance & 0xFF if distance >= 0 else -distance & 0xFF
        rest = distance - low if distance >= 0 else distance + low - 1
        around = target.far_jumps.get((when, rest, units))
        if around is None:
            around = target.far_jumps[when, rest, units] = _split_jump(when, distance, units, target)
        before, after = around
        encoded = before + _BYTES[low] + after
        if -_COMMON_DISTANCE < distance < _COMMON_DISTANCE:
            target.jumps[when, distance, units] = encoded
    return encoded


def _split_jump(when: str, distance: int, units: int, target: Target) -> tuple[bytes, bytes]:
    """What comes before and after the lowest byte of the distance."""
    encoded = _encode_jump(when, distance, units, target)
    name = target.forward_jumps[when] if distance >= 0 else target.backward_jump
    place = len(encoded) - 2 * target.jump_sizes[name] + 1
    return encoded[:place], encoded[place + 1 :]


def _encode_jump(when: str, distance: int, units: int, target: Target) -> bytes:
    around = b""
    if distance >= 0:
        encoded = target.jump_piece(target.forward_jumps[when], distance)
    else:
        encoded = target.jump_piece(target.backward_jump, -distance)
        if when is not ALWAYS:
            name = target.forward_jumps[_OPPOSITE[when]]
            around = target.jump_piece(name, units - target.jump_sizes[name])
    # Fills up a jump that was placed with more EXTENDED_ARG than it turned out to need.
    missing = units - (len(around) + len(encoded)) // 2
    return around + target.piece("EXTENDED_ARG", 0) * missing + encoded


def encode_lines(lines: Sequence[tuple[int, int]], end: int, first_offset: int) -> bytes:
    """The line table (CPython's Objects/locations.md): for each run of code, the difference of its "line" to the
    previous.

    ``lines`` has the position at which each run begins, in code units, and its byte offset in the module.

    An entry without columns is a byte 1_1101_sss, with a size of at most eight code units, and the difference.
    """
    entries: list[bytes] = []
    append, known = entries.append, _entries.get
    current = first_offset
    start, offset = 0, first_offset
    for position, following in (*lines, (end, -1)):
        if following == offset:
            continue
        units = position - start
        if units:
            append(known((units, offset - current)) or _encode_line(units, offset - current))
            current = offset
        start, offset = position, following
    return b"".join(entries)


# Entries that are kept, by size and difference: those of most code.
_entries: dict[tuple[int, int], bytes] = {}


def _encode_line(units: int, difference: int) -> bytes:
    """The entries for code units with one line."""
    # The sign is the lowest bit; six bits go into each byte, the lowest first.
    rest = difference << 1 if difference >= 0 else -difference << 1 | 1
    encoded = bytearray([0xE7 + units if units < 8 else 0xEF])
    while rest > 0x3F:
        encoded.append(rest & 0x3F | 0x40)
        rest >>= 6
    encoded.append(rest)
    if units > 8:
        full, part = divmod(units - 8, 8)
        encoded += _SAME_LINE * full
        if part:
            encoded += bytes((0xE7 + part, 0))
    made = bytes(encoded)
    if units < _COMMON_UNITS and 0 <= difference < _COMMON_DIFFERENCE:
        _entries[units, difference] = made
    return made


def encode_handler(start: int, length: int, handler: int, depth: int) -> bytes:
    """An entry of the exception table (CPython's Objects/exception_handling_notes.txt), in code units.

    ``depth`` is the depth of the stack below the exception, where the handler begins.
    """
    return _encode_number(start, 0x80) + _encode_number(length) + _encode_number(handler) + _encode_number(depth << 1)


def _encode_number(number: int, first_bit: int = 0) -> bytes:
    """Puts six bits into each byte, the highest first; the second highest bit says that more follow."""
    encoded = [number & 0x3F]
    while number := number >> 6:
        encoded.append(number & 0x3F | 0x40)
    encoded[-1] |= first_bit
    return bytes(reversed(encoded))


# Eight more code units of the previous line.
_SAME_LINE = bytes((0xEF, 0))
