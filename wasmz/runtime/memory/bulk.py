"""Does many iterations of a loop at once, for generated code (docs/abi.md, "Rounds of loops").

    memory_fill_rounds(m, 64, 7, 4, 1000, 0, 4, 4)      1000 words from address 64 on become 7 -> 1000
    memory_copy_rounds(m, m, 65, 64, 99, 0, 0, 1, 1, 1) the byte at 64 is repeated 99 times -> 99
    memory_match_rounds(m, m, 0, 64, 99, 0, 0, 1, 1)    how many bytes from 0 on equal those from 64 on, up to 99

Each function does the iterations whose accesses are all in bounds, as if one after the other, and returns how many
these were. It stops before an iteration in which anything could trap or wrap: the loop itself, which follows, does the
rest. It can be stopped between pieces (``checkpoints.py``).

An iteration accesses ``size`` bytes at ``base + displacement``; each iteration adds ``step`` to ``base``.
"""

from __future__ import annotations

from itertools import accumulate

from wasmz.runtime.limits.checkpoints import PIECE_BYTES, requests, stop_if_asked
from wasmz.runtime.memory.linear import Memory
from wasmz.runtime.memory.memory_helpers import copy_in_pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "memory_copy_rounds",
    "memory_fill_rounds",
    "memory_find_rounds",
    "memory_match_rounds",
    "memory_rounds_within",
    "memory_sum_rounds",
    "memory_weighted_rounds",
]

__wasmz_frame__ = "helper"

# What is searched is likely near: the first chunk is small.
_FIRST_CHUNK: Final = 32
_LARGEST_CHUNK: Final = 1 << 16


def memory_rounds_within(memory: Memory, base: int, rounds: int, displacement: int, size: int, step: int) -> int:
    """The number of iterations, at most ``rounds``, that access memory in bounds and whose base does not wrap."""
    free = memory.size_bytes - base - displacement - size
    if free < 0:
        return 0
    possible = (free // step if step > 0 else base // -step) + 1
    return possible if possible < rounds else rounds


def memory_fill_rounds(
    memory: Memory, base: int, value: int, step: int, rounds: int, displacement: int, width: int, size: int
) -> int:
    """Stores of ``width`` bytes that cover ``size`` bytes; ``step`` is unsigned."""
    if step > 0x7FFF_FFFF:
        step -= 0x1_0000_0000
    distance = abs(step)
    if distance < size:
        return 0
    rounds = memory_rounds_within(memory, base, rounds, displacement, size, step)
    if not rounds:
        return 0
    start = base + displacement
    if step < 0:
        start += (rounds - 1) * step
    pattern = (value & ((1 << 8 * width) - 1)).to_bytes(width, "little")
    if distance == size:
        _fill(memory.bytes, start, pattern, rounds * size // width)
    else:
        for position in range(size):
            _fill_apart(memory.bytes, start + position, pattern[position % width :][:1], rounds, distance)
    return rounds


def _fill(target: memoryview, start: int, pattern: bytes, count: int) -> None:
    length = count * len(pattern)
    if length <= PIECE_BYTES:
        target[start : start + length] = pattern * count
        return
    block = pattern * (PIECE_BYTES // len(pattern))
    end = start + length
    whole = end - length % len(block)
    for position in range(start, whole, len(block)):
        if requests:
            stop_if_asked()
        target[position : position + len(block)] = block
    target[whole:end] = block[: end - whole]


def _fill_apart(target: memoryview, start: int, byte: bytes, count: int, distance: int) -> None:
    block = byte * min(count, PIECE_BYTES)
    while count:
        if requests:
            stop_if_asked()
        part = min(count, PIECE_BYTES)
        end = start + (part - 1) * distance + 1
        target[start:end:distance] = block[:part]
        start += part * distance
        count -= part


def memory_copy_rounds(
    target: Memory,
    source: Memory,
    to: int,
    start: int,
    rounds: int,
    to_displacement: int,
    displacement: int,
    step: int,
    ahead: int,
    behind: int,
) -> int:
    """Loads that cover ``abs(step)`` bytes, and stores of the loaded values.

    If the target overlaps the source and is ahead of it, stored bytes are loaded again later. The target must be at
    least ``ahead`` bytes ahead of the source, or at least ``behind`` bytes behind it.
    """
    if step > 0:
        # In bounds of both, computed without a call.
        to += to_displacement
        start += displacement
        possible = (target.size_bytes - to) // step
        if possible < rounds:
            rounds = possible
        possible = (source.size_bytes - start) // step
        if possible < rounds:
            rounds = possible
        if rounds <= 0:
            return 0
        length = rounds * step
    else:
        rounds = memory_rounds_within(target, to, rounds, to_displacement, -step, step)
        rounds = memory_rounds_within(source, start, rounds, displacement, -step, step)
        if not rounds:
            return 0
        length = rounds * -step
        to += to_displacement + (rounds - 1) * step
        start += displacement + (rounds - 1) * step
    if target is source:
        lead = to - start if step > 0 else start - to
        if 0 < lead < length:
            if lead < ahead:
                return 0
            _repeat(target.bytes, to, start if step > 0 else start + length - lead, lead, length, step < 0)
            return rounds
        if -behind < lead < 0:
            return 0
    if length > PIECE_BYTES:
        copy_in_pieces(target, source, to, start, length)
    else:
        # memoryview copies as memmove does.
        target.bytes[to : to + length] = source.bytes[start : start + length]
    return rounds


def _repeat(memory: memoryview, to: int, start: int, period: int, length: int, is_downward: bool) -> None:
    """Fills a range with copies of the ``period`` bytes before it, or after it if ``is_downward``."""
    if length <= PIECE_BYTES:
        pattern = memory[start : start + period].tobytes() * (length // period + 1)
        memory[to : to + length] = pattern[-length:] if is_downward else pattern[:length]
        return
    # Copies as many periods as are there already, which doubles their number each time.
    end = to + length
    filled = 0
    while filled < length:
        if requests:
            stop_if_asked()
        distance = period * max(filled // period, 1)
        part = min(distance, length - filled, PIECE_BYTES)
        if is_downward:
            source = end - filled - part + distance
            memory[end - filled - part : end - filled] = memory[source : source + part]
        else:
            source = to + filled - distance
            memory[to + filled : to + filled + part] = memory[source : source + part]
        filled += part


def memory_match_rounds(
    first: Memory,
    second: Memory,
    one: int,
    other: int,
    rounds: int,
    displacement: int,
    other_displacement: int,
    width: int,
    step: int,
) -> int:
    """The number of iterations before the first that loads two different items of ``width`` bytes."""
    rounds = memory_rounds_within(first, one, rounds, displacement, width, step)
    rounds = memory_rounds_within(second, other, rounds, other_displacement, width, step)
    left, right = first.bytes, second.bytes
    one += displacement
    other += other_displacement
    chunk = _FIRST_CHUNK
    done = 0
    while done < rounds:
        if requests:
            stop_if_asked()
        count = min(chunk, rounds - done)
        length = count * width
        if step < 0:
            one -= length
            other -= length
            ours = left[one + width : one + width + length].tobytes()
            theirs = right[other + width : other + width + length].tobytes()
        else:
            ours = left[one : one + length].tobytes()
            theirs = right[other : other + length].tobytes()
            one += length
            other += length
        if ours != theirs:
            if step < 0:
                ours, theirs = ours[::-1], theirs[::-1]
            difference = int.from_bytes(ours, "little") ^ int.from_bytes(theirs, "little")
            return done + ((difference & -difference).bit_length() - 1) // (8 * width)
        done += count
        chunk = min(chunk * 4, _LARGEST_CHUNK)
    return done


def memory_find_rounds(
    memory: Memory, base: int, value: int, rounds: int, displacement: int, step: int, bits: int, is_run: bool
) -> int:
    """The number of iterations before the first that loads a given byte or, if ``is_run``, any other byte.

    ``bits`` is the width of the type to which bytes are sign-extended, or 0 if they are unsigned.
    """
    rounds = memory_rounds_within(memory, base, rounds, displacement, 1, step)
    byte = value & 0xFF
    if value != (byte if not bits or byte < 0x80 else byte + (1 << bits) - 0x100):
        # No byte is equal.
        return 0 if is_run else rounds
    wanted = bytes((byte,))
    view = memory.bytes
    position = base + displacement
    chunk = _FIRST_CHUNK
    done = 0
    while done < rounds:
        if requests:
            stop_if_asked()
        count = min(chunk, rounds - done)
        if step > 0:
            content = view[position : position + count].tobytes()
            position += count
        else:
            position -= count
            content = view[position + 1 : position + 1 + count].tobytes()[::-1]
        if is_run:
            found = count - len(content.lstrip(wanted))
            if found < count:
                return done + found
        else:
            found = content.find(wanted)
            if found >= 0:
                return done + found
        done += count
        chunk = min(chunk * 4, _LARGEST_CHUNK)
    return done


def memory_sum_rounds(memory: Memory, base: int, rounds: int, displacement: int, step: int, bits: int) -> int:
    """The sum of the bytes of iterations that are known to be in bounds."""
    view = memory.bytes
    start, end = _extent(base, rounds, displacement, step)
    total = 0
    for position in range(start, end, _LARGEST_CHUNK):
        if requests:
            stop_if_asked()
        total += sum(view[position : min(position + _LARGEST_CHUNK, end)].tobytes())
    return total & ((1 << bits) - 1)


def memory_weighted_rounds(memory: Memory, base: int, rounds: int, displacement: int, step: int, bits: int) -> int:
    """The sum of all partial sums of the bytes: the last byte counts once, the first as often as there are bytes."""
    view = memory.bytes
    start, end = _extent(base, rounds, displacement, step)
    total = before = 0
    if step > 0:
        for position in range(start, end, _LARGEST_CHUNK):
            if requests:
                stop_if_asked()
            content = view[position : min(position + _LARGEST_CHUNK, end)].tobytes()
            total += sum(accumulate(content)) + before * len(content)
            before += sum(content)
    else:
        for position in range(end, start, -_LARGEST_CHUNK):
            if requests:
                stop_if_asked()
            content = view[max(position - _LARGEST_CHUNK, start) : position].tobytes()[::-1]
            total += sum(accumulate(content)) + before * len(content)
            before += sum(content)
    return total & ((1 << bits) - 1)


def _extent(base: int, rounds: int, displacement: int, step: int) -> tuple[int, int]:
    start = base + displacement
    if step > 0:
        return start, start + rounds * step
    return start + (rounds - 1) * step, start - step


# By name, for generated code (see find_helpers.py).
HELPERS = {name: globals()[name] for name in __all__}
