"""``wasi:random`` 0.3: as 0.2, but for the seed, which stays the same."""

from __future__ import annotations

from wasmz.wasi2 import random

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.wasi2.guest import Guest


class Random(random.Random):
    """Functions of ``random``, ``insecure`` and ``insecure-seed``."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self._seed: tuple[int, int] | None = None

    def seed(self) -> tuple[int, int]:
        """Two random numbers, the same ones at each call."""
        if self._seed is None:
            self._seed = super().seed()
        return self._seed
