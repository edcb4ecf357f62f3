"""The recursion limit while WebAssembly code runs, and limits on nested calls.

The interpreter has one recursion limit for all threads. The first thread that calls a deep function raises the limit,
and the last one that leaves restores it. Export adapters of deep functions do that by :data:`ENTER` and :data:`LEAVE`,
as lines of their source: with a lock and three calls it took five times as long.

That limit is approximate: it also counts the Python frames around the guest's, and inlined calls have no frames. If a
configuration sets the number of nested calls, each call is counted (:func:`count_calls`).

No lock is needed, because CPython switches threads, and handles Ctrl-C, only after calls and at backward jumps. There
is none between each test below and the change that depends on it. Nothing is changed before the ``try`` that undoes it.
"""

from __future__ import annotations

import sys
from _thread import get_ident

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap
from wasmz.startup.concurrency import at_fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, NoReturn

    from wasmz.config import Config

__wasmz_frame__ = "helper"

# Python -> wasm -> Python -> wasm: a level takes C stack only where C code calls the host function. Measured: 0.6 to
# 0.9 KB a level through the usual callables, 6.3 KB from a sort's key. So this many levels fit into threads of 512 KB,
# and with the worst host functions into the 8 MB of a main thread.
MAX_NESTING: Final = 400

# The part of the recursion limit for the Python code around the guest's frames: CPython's default.
OUTER_FRAMES: Final = 1000
# The part for each function of the host that calls the guest back.
_FRAMES_OF_A_HOST: Final = 10

# Thread -> how many calls of deep functions are active in it. Threads with none have no entry.
nesting: dict[int, int] = {}
# The limit to restore at the end, or 0 if it was not changed.
saved_limit: list[int] = [0]


def _after_fork() -> None:
    """In a forked child, only the forking thread's calls go on; other thread ids may be reused."""
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


def needed_limit(config: Config) -> int:
    """The recursion limit for the number of nested calls that a configuration allows."""
    most = config.max_call_depth
    if not config.counts_calls:
        return most + OUTER_FRAMES
    # Each call has a frame that counts it; a call through the host adds some of the host's frames.
    return 2 * most + min(most, MAX_NESTING) * _FRAMES_OF_A_HOST + OUTER_FRAMES


# Thread -> how many counted calls are active in it.
_counted: dict[int, int] = {}
# Thread -> how many functions of a package's JavaScript are active in it.
in_scripts: Final[dict[int, int]] = {}


# Makes the functions of count_calls, by their parameters.
_makers: dict[str, Callable[..., Callable[..., Any]]] = {}
_VARARGS: Final = 4
_COUNTED: Final = """\
def make(function, most):
    def call(PARAMETERS):
        thread = get_ident()
        before = _counted.get(thread, 0)
        if before >= most:
            refuse_nesting()
        _counted[thread] = before + 1
        try:
            return function(PARAMETERS)
        finally:
            if before:
                _counted[thread] = before
            else:
                _counted.pop(thread, None)

    return call
"""


def count_calls(function: Callable[..., Any], most: int) -> Callable[..., Any]:
    """A function for generated code that counts nested calls and traps after ``most`` of them.

    It adds a frame to each call: that is why ``needed_limit`` is twice as high then.
    """

    # Its parameters are written out: on CPython 3.11, calls with *args take C stack, and so did each nested call.
    code = function.__code__
    parameters = "*a" if code.co_flags & _VARARGS else ", ".join([f"a{n}" for n in range(code.co_argcount)])
    make = _makers.get(parameters)
    if make is None:
        made: dict[str, Any] = {}
        exec(compile(_COUNTED.replace("PARAMETERS", parameters), "<wasmz counted>", "exec"), globals(), made)
        make = _makers[parameters] = made["make"]
    return make(function, most)


# The counts of a stack on which nothing is called: calls of deep functions, counted calls, calls of JavaScript, and the
# recursion limit that they need.
NOTHING: Final = (0, 0, 0, 0)


def exchange(inside: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Replaces this thread's counts by those of another stack; returns the counts replaced."""
    thread = get_ident()
    level, counted, scripts, limit = inside
    before = nesting.pop(thread, 0), _counted.pop(thread, 0), in_scripts.pop(thread, 0), sys.getrecursionlimit()
    if counted:
        _counted[thread] = counted
    if scripts:
        in_scripts[thread] = scripts
    if level:
        nesting[thread] = level
        if sys.getrecursionlimit() < limit:
            saved_limit[0] = saved_limit[0] or sys.getrecursionlimit()
            sys.setrecursionlimit(limit)
    elif not nesting and saved_limit[0]:
        limit, saved_limit[0] = saved_limit[0], 0
        sys.setrecursionlimit(limit)
    return before


def refuse_nesting() -> NoReturn:
    """Ends a chain of calls in and out of WebAssembly code that is too long."""
    raise Trap(TrapCode.STACK_OVERFLOW)


# What the import of a large package needs at most, measured with numpy: 105 frames, and 40 calls through C, which count
# apart from CPython 3.12 on. Frames of the guest may have left less.
_FRAMES_OF_AN_IMPORT: Final = 300
_C_CALLS_OF_AN_IMPORT: Final = 50


def has_room() -> bool:
    """Whether there is room on this thread's stack for the import of a large package."""
    try:
        _descend(_FRAMES_OF_AN_IMPORT + _C_CALLS_OF_AN_IMPORT)
    except RecursionError:
        return False
    return True


def _descend(levels: int) -> None:
    if levels > _FRAMES_OF_AN_IMPORT:
        for _ in map(_descend, (levels - 1,)):
            pass
    elif levels:
        _descend(levels - 1)


# The names that the lines above use.
NAMES: Final[dict[str, Any]] = {
    "MAX_NESTING": MAX_NESTING,
    "get_ident": get_ident,
    "getrecursionlimit": sys.getrecursionlimit,
    "nesting": nesting,
    "refuse_nesting": refuse_nesting,
    "saved_limit": saved_limit,
    "setrecursionlimit": sys.setrecursionlimit,
}
