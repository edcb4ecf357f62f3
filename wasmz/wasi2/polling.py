"""``wasi:io/poll``: pollables, and waiting for some of them.

Pollable(guest, lambda wait, key: wait.add_delay(key, 1_000_000)).block()       returns after a millisecond
poll([first, second])                                                           -> [0]: those that are ready
"""

from __future__ import annotations

from wasmz.runtime.wasi.readiness import Wait
from wasmz.wasi2.guest import Resource, misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.wasi2.guest import Guest


class Pollable(Resource):
    """Something that a guest can wait for."""

    def __init__(self, guest: Guest, add: Callable[[Wait, Any], object]) -> None:
        """``add`` adds it to what is waited for, under a key, each time that it is waited for."""
        super().__init__(guest)
        self.add: Callable[[Wait, Any], object] = add

    def ready(self) -> bool:
        """Whether waiting would end at once."""
        wait = Wait()
        self.add(wait, 0)
        return bool(wait.find_ready())

    def block(self) -> None:
        """Waits."""
        wait = Wait()
        self.add(wait, 0)
        wait.run()


def poll(pollables: list[Pollable]) -> list[int]:
    """Waits until one is ready; the positions of all that are. A trap for none."""
    if not pollables:
        raise misuse("empty poll list")
    wait = Wait()
    for position, pollable in enumerate(pollables):
        pollable.add(wait, position)
    return sorted(wait.run())
