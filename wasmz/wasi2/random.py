"""``wasi:random``: bytes from the guest's source of randomness, in all three interfaces.

Random(guest).bytes(4)          -> 4 random bytes
"""

from __future__ import annotations

from wasmz.wasi2.guest import misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.wasi2.guest import Guest

# One call gives at most so many: they must fit into the guest's memory, and into the host's before.
_MOST_BYTES: Final = 1 << 26


class Random:
    """Functions of ``random``, ``insecure`` and ``insecure-seed``."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    def bytes(self, size: int) -> bytearray:
        """So many random bytes. A trap for more than 64 MiB, or more than the store's limit leaves."""
        budget = self._guest.budget
        if size > _MOST_BYTES or (budget is not None and size > budget.free):
            raise misuse(f"{size} random bytes are too many for one call")
        target = bytearray(size)
        with memoryview(target) as view:
            self._guest.process.fill_random(view)
        return target

    def number(self) -> int:
        """A random number of 64 bits."""
        return int.from_bytes(self.bytes(8), "little")

    def seed(self) -> tuple[int, int]:
        """Two of them."""
        return self.number(), self.number()
