"""Where the runtime's own code lets itself be stopped: between the pieces of what takes long.

    for start in range(0, count, PIECE):
        if requests: stop_if_asked()            raises Interrupted, if this thread's code is to be stopped
        ...one piece...

No exception may be sent to a thread that is in the runtime's code (see ``interrupts.py``). So who wants to stop it
leaves a request, and the runtime looks for one where nothing of its own is half done. As long as there is none that is
one test of a dictionary.
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

# Bytes, or items, that are written at once: less than a millisecond each.
PIECE_BYTES: Final = 1 << 20
PIECE_ITEMS: Final = 1 << 16

# The longest wait in one call of the system, in seconds: what is asked of a thread that waits is seen after it.
LONGEST_WAIT: Final = 0.03

# Stores are only compared here. Thread -> the store whose code is to be stopped there.
requests: dict[int, ref[object]] = {}

# By a number, what is suspended in a call by asyncio: its store, and what stops it; see calls/asynchronous.py.
suspended: dict[int, tuple[ref[object], Callable[[], None]]] = {}

# Thread -> the store for which it makes an instance, before any of that instance's code runs.
instantiating: dict[int, object] = {}


def stop_if_asked() -> None:
    """Raises ``Interrupted`` if the code that this thread runs is to be stopped. The request is met with that."""
    thread = get_ident()
    reference = requests.get(thread)
    if reference is not None:
        requests.pop(thread, None)
        store = reference()
        if store is not None and is_in(store, sys._getframe(1), thread):
            raise Interrupted


def is_in(store: object, frame: FrameType | None, thread: int) -> bool:
    """Whether a thread, whose innermost frame is given, runs code of the store, or makes an instance in it."""
    if instantiating.get(thread) is store:
        return True
    while frame is not None:
        mark = frame.f_globals.get(FRAME_KEY)
        if mark.__class__ is InstanceFrames and mark.store is store:
            return True
        frame = frame.f_back
    return False
