"""Checkpoints: where the runtime's own code can be stopped, between the pieces of long operations.

    for start in range(0, count, PIECE):
        if requests: stop_if_asked()            raises Interrupted, if this thread's code is to be stopped
        ...one piece...

A thread inside the runtime's code must not be sent an exception (see ``interrupts.py``). Instead, a request is left for
it, and the runtime looks for requests where none of its own changes is half done. While there are none, that costs one
test of a dictionary.
"""

from __future__ import annotations

import sys
from _thread import get_ident

from wasmz.errors import Interrupted
from wasmz.runtime.abi import FRAME_KEY
from wasmz.runtime.traps.translation import InstanceFrames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Final
    from weakref import ref

__wasmz_frame__ = "helper"

# Bytes, or items, that are written in one piece: less than a millisecond each.
PIECE_BYTES: Final = 1 << 20
PIECE_ITEMS: Final = 1 << 16

# The longest wait in one system call, in seconds. A thread that waits checks for requests in between.
LONGEST_WAIT: Final = 0.03

# Thread -> the store whose code is to stop there. Stores are only compared here.
requests: dict[int, ref[object]] = {}

# What a call by asyncio has suspended, by a number: its store, and what stops it; see calls/asynchronous.py.
suspended: dict[int, tuple[ref[object], Callable[[], None]]] = {}

# Thread -> the store in which it makes an instance, until code of that instance runs.
instantiating: dict[int, object] = {}


def stop_if_asked() -> None:
    """Raises ``Interrupted`` if the code that this thread runs is to stop. That fulfils the request."""
    thread = get_ident()
    reference = requests.get(thread)
    if reference is not None:
        requests.pop(thread, None)
        store = reference()
        if store is not None and is_in(store, sys._getframe(1), thread):
            raise Interrupted


def is_in(store: object, frame: FrameType | None, thread: int) -> bool:
    """Whether a thread, with the given innermost frame, runs code of the store or makes an instance in it."""
    if instantiating.get(thread) is store:
        return True
    while frame is not None:
        mark = frame.f_globals.get(FRAME_KEY)
        if mark.__class__ is InstanceFrames and mark.store is store:
            return True
        frame = frame.f_back
    return False
