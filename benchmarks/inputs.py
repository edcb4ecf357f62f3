"""Input data for kernels that read some: made in Python, the same bytes for the hand-written version and for wasm.

text(20)                  -> b"of the window small "
store(exports, b"...")    calls the export ``put`` of kernels/input.h for every eight bytes
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_WORDS = (
    b"the of and to in that it is was for on are with they be at one have this from had not but what all were when we "
    b"there can an your which their said if do will each about how up out them then she many some so these would other "
    b"into has more her two like him see time could no make than first been its who now people my made over did down "
    b"only way find use may water long little very after word called just where most know window machine number small"
).split()


def random_numbers(seed: int, count: int) -> list[int]:
    """Numbers of 24 bits: what ``next_random`` of kernels/kernel.h gives."""
    state, numbers = seed, []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        numbers.append(state >> 8)
    return numbers


def text(size: int, seed: int = 1) -> bytes:
    """English words; the common ones often, so that it compresses as text does."""
    words = []
    for number in random_numbers(seed, size // 3 + 10):
        words.append(_WORDS[(number >> 6) % len(_WORDS) * (number & 63) // 64])
        words.append(b".\n" if number % 97 == 0 else b" ")
    return b"".join(words)[:size]


def store(exports: Mapping[str, Callable[..., Any]], data: bytes) -> None:
    """Writes the data to an instance's input buffer."""
    put = exports["put"]
    for index, start in enumerate(range(0, len(data), 8)):
        eight = int.from_bytes(data[start : start + 8].ljust(8, b"\0"), "little")
        put(index, eight - (1 << 64) if eight >> 63 else eight)
