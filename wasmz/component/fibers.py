"""Stacks that can be left and gone on with: for the code of guests that waits in the middle of calls.

    fiber = Fiber(run)
    fiber.resume(1)             calls run(1), until it returns, or calls block: what that was given, or None at the end
    block("x")                  on such a stack: leaves it; returns what the next resume is given
    fiber.end()                 ends one that has been left: an exception that no guest catches leaves block

With the package greenlet each is a stack in the same thread, otherwise a thread of which one runs at a time.
"""

from __future__ import annotations

import threading
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

__wasmz_frame__ = "helper"

try:
    # Checkers of types need not have it.
    greenlet: Any = import_module("greenlet")
except ImportError:
    greenlet = None

_here = threading.local()


class _GreenletFiber:
    """A stack of a greenlet."""

    __slots__ = ("_stack",)

    def __init__(self, run: Callable[[Any], None]) -> None:
        self._stack: Any = greenlet.greenlet(run)

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return bool(self._stack.dead)

    def resume(self, value: Any) -> Any:
        """Goes on with it."""
        stack = self._stack
        stack.parent = greenlet.getcurrent()
        return stack.switch(value)

    def end(self) -> None:
        """Ends it where it was left."""
        stack = self._stack
        if not stack.dead:
            stack.parent = greenlet.getcurrent()
            stack.throw()


class _Ended(BaseException):
    """Ends the stack of a thread."""


class _ThreadFiber:
    """The same in a thread of its own."""

    __slots__ = ("_answer", "_failure", "_is_ending", "_is_started", "_said", "_thread", "_turn", "is_done")

    def __init__(self, run: Callable[[Any], None]) -> None:
        self._turn = threading.Semaphore(0)
        self._said = threading.Semaphore(0)
        self._answer: Any = None
        self._failure: BaseException | None = None
        self._is_started = False
        self._is_ending = False
        self.is_done: bool = False
        self._thread = threading.Thread(target=self._work, args=(run,), name="wasmz guest", daemon=True)

    def _work(self, run: Callable[[Any], None]) -> None:
        _here.fiber = self
        self._turn.acquire()
        try:
            run(self._answer)
            self._answer = None
        except _Ended:
            pass
        except BaseException as error:
            self._failure = error
        self.is_done = True
        self._said.release()

    def resume(self, value: Any) -> Any:
        """Goes on with it."""
        self._answer = value
        if not self._is_started:
            self._is_started = True
            self._thread.start()
        self._turn.release()
        self._said.acquire()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return self._answer

    def block(self, value: Any) -> Any:
        """Leaves it; called on the fiber itself."""
        self._answer = value
        self._said.release()
        self._turn.acquire()
        if self._is_ending:
            raise _Ended
        return self._answer

    def end(self) -> None:
        """Ends it where it was left."""
        if self._is_started and not self.is_done:
            self._is_ending = True
            self.resume(None)


def block(value: Any) -> Any:
    """Leaves the stack on which it is called, and gives a value to whoever resumed it."""
    if greenlet is not None:
        return greenlet.getcurrent().parent.switch(value)
    return _here.fiber.block(value)


def is_on_fiber() -> bool:
    """Whether this is a thread that is a stack of a guest's."""
    return getattr(_here, "fiber", None) is not None


Fiber: Any = _ThreadFiber if greenlet is None else _GreenletFiber
# So many may be there at once for the components of a store: a guest begins any number of calls.
MOST_THREADS: Final = 1000 if greenlet is None else 20_000
