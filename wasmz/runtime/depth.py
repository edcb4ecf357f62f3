"""The recursion limit while WebAssembly code runs, and how deep calls in and out may be nested.

The interpreter has one recursion limit for all threads. The first thread that calls a deep function raises it, the
last one that leaves restores it. :data:`ENTER` and :data:`LEAVE` are what export adapters of deep functions do about
that, as lines of their source: with a lock and three calls it took five times as long.

No lock is needed, because CPython switches threads, and handles Ctrl-C, after calls and at backward jumps only: from
each test below to the change that depends on it there is none. Nothing is changed before the ``try`` that undoes it.
"""

from __future__ import annotations

import sys
from _thread import get_ident

from wasmz.concurrency import at_fork
from wasmz.errors import Trap, TrapCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, NoReturn

__wasmz_frame__ = "helper"

# Python -> wasm -> Python -> wasm: a level takes C stack only where C code calls the host function back. Measured: 0.6
# to 0.9 KB a level through the usual callables, 6.3 KB from a sort's key; so this fits into threads of 512 KB, and with
# the worst host functions into the 8 MB of a main thread.
MAX_NESTING: Final = 400

# What the recursion limit has to leave to the Python code around the guest's frames: CPython's default.
OUTER_FRAMES: Final = 1000

# Thread -> how many calls into deep functions are active in it. A thread without any has no entry.
nesting: dict[int, int] = {}
# The limit to be restored in the end, or 0 if it was not changed.
saved_limit: list[int] = [0]


def _after_fork() -> None:
    """In a forked child there are no calls but the forking thread's; numbers of threads are used again."""
    for thread in list(nesting):
        if thread != get_ident():
            del nesting[thread]
    if not nesting and saved_limit[0]:
        limit, saved_limit[0] = saved_limit[0], 0
        sys.setrecursionlimit(limit)


at_fork(_after_fork)

ENTER: Final = """\
thread = get_ident()
before = nesting.get(thread, 0)
try:
    if before:
        if before >= MAX_NESTING:
            refuse_nesting()
        nesting[thread] = before + 1
    else:
        nesting[thread] = 1
        limit = getrecursionlimit()
        if limit < needed_limit:
            if not saved_limit[0]:
                saved_limit[0] = limit
            setrecursionlimit(needed_limit)
"""

LEAVE: Final = """\
finally:
    if before:
        nesting[thread] = before
    elif thread in nesting:
        del nesting[thread]
        if not nesting and saved_limit[0]:
            limit = saved_limit[0]
            saved_limit[0] = 0
            setrecursionlimit(limit)
"""


def refuse_nesting() -> NoReturn:
    """Ends a chain of calls in and out of WebAssembly code that is too long."""
    raise Trap(TrapCode.STACK_OVERFLOW)


# What the lines above refer to.
NAMES: Final[dict[str, Any]] = {
    "MAX_NESTING": MAX_NESTING,
    "get_ident": get_ident,
    "getrecursionlimit": sys.getrecursionlimit,
    "nesting": nesting,
    "refuse_nesting": refuse_nesting,
    "saved_limit": saved_limit,
    "setrecursionlimit": sys.setrecursionlimit,
}
