"""A stream of choices read from bytes: the same bytes make the same module, and simpler bytes make a simpler one.

Choices(b"\\x05\\x01").below(3)      -> 2
Choices(b"").below(3)               -> 0: when the bytes have run out, every choice is the first one
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

_Item = TypeVar("_Item")


class Choices:
    """Reads choices from bytes. Callers put what is simplest first, so that shrinking the bytes shrinks the module."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    @property
    def is_spent(self) -> bool:
        """Whether the bytes have run out."""
        return self.position >= len(self.data)

    def byte(self) -> int:
        """The next byte, 0 at the end."""
        position = self.position
        self.position = position + 1
        return self.data[position] if position < len(self.data) else 0

    def below(self, limit: int) -> int:
        """A number from 0 to ``limit`` - 1."""
        if limit <= 1:
            return 0
        number = self.byte() if limit <= 256 else self.byte() | self.byte() << 8
        return number % limit

    def chance(self, percent: int) -> bool:
        """True in about so many of a hundred cases; false when the bytes have run out."""
        return self.byte() * 100 >= (100 - percent) * 256 if percent else False

    def pick(self, items: Sequence[_Item]) -> _Item:
        """One of the items."""
        return items[self.below(len(items))]

    def bits(self, width: int) -> int:
        """A number of ``width`` bits, any of them."""
        return int.from_bytes(bytes(self.byte() for _ in range(width // 8)), "little")
