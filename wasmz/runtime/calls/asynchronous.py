"""Calls from asyncio, in which functions of the host may be coroutines.

    async def fetch(address: int) -> int: ...
    instance = wasmz.instantiate("guest.wasm", {"env": {"fetch": fetch}})
    await instance.exports.handle.call_async(7)

The guest is Python code, which cannot be a coroutine: it has to stand still in the middle of its frames while the event
loop awaits what the host's function returned. With the package greenlet it runs on a stack of its own, in the loop's
thread; without it, in a thread of its own. What the task of such a call is told, by ``cancel`` or a timeout, is raised
where the guest waits, and passes through it: WebAssembly code catches only its own exceptions.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from importlib import import_module
from queue import SimpleQueue
from weakref import ref

from wasmz.errors import Interrupted
from wasmz.runtime.limits import depth
from wasmz.runtime.limits.checkpoints import suspended
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    # What a guest was told while it waited: a value, or an exception to raise.
    _Answer = tuple[Any, BaseException | None]

__wasmz_frame__ = "helper"

try:
    # Checkers of types need not have it.
    greenlet: Any = import_module("greenlet")
except ImportError:
    greenlet = None

# The calls of which this thread runs the guest.
_here = threading.local()


async def call_async(function: Callable[..., Any], store: object, args: tuple[Any, ...]) -> Any:
    """Calls an export so that functions of the host may be coroutines, which the caller's event loop awaits.

    Raises:
        RuntimeError: there is neither the package greenlet nor a second thread.
        BaseException: whatever the function raises, and ``asyncio.CancelledError``.
    """
    if greenlet is None:
        return await _ThreadCall(function, store, args).run()
    return await _GreenletCall(function, store, args).run()


def awaiting(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """What generated code calls for a coroutine function of the host: it waits for the result."""

    def call(*args: Any) -> Any:
        current = _current()
        if current is None:
            raise TypeError(f"{name} is a coroutine function: call what calls it with call_async")
        return current.suspend(function(*args))

    return call


def _current() -> _Call | None:
    """The call whose guest runs here."""
    if greenlet is not None:
        current: Any = greenlet.getcurrent()
        while current is not None:
            if isinstance(current, _Stack):
                return current.call
            current = current.parent
        return None
    return getattr(_here, "call", None)


class _Call:
    """One call, in whatever way its guest is suspended.

    A store that is interrupted, or whose deadline passes, while the guest waits finds it in ``suspended``.
    """

    def __init__(self, function: Callable[..., Any], store: object, args: tuple[Any, ...]) -> None:
        self.function = function
        self.store = store
        self.args = args
        self.loop = asyncio.get_running_loop()
        self.task: Any = asyncio.current_task()
        self.is_interrupted = False

    def suspend(self, awaitable: Awaitable[Any]) -> Any:
        """Called by the guest: the result of something awaitable, or what it raises."""
        raise NotImplementedError

    async def wait_for(self, awaitable: Awaitable[Any]) -> _Answer:
        """Awaits what the guest waits for."""
        key = id(self)
        self.is_interrupted = False
        before = self.task.cancelling()
        suspended[key] = ref(self.store), self.stop
        answer: _Answer
        try:
            answer = await awaitable, None
        except BaseException as error:
            answer = None, error
        finally:
            suspended.pop(key, None)
        if self.is_interrupted:
            # It was no one's wish that the task ends: only the store is stopped. Or others have cancelled it, too.
            is_cancelled = self.task.uncancel() > before and isinstance(answer[1], asyncio.CancelledError)
            if not is_cancelled and (answer[1] is None or isinstance(answer[1], (Exception, asyncio.CancelledError))):
                return None, Interrupted()
        return answer

    def stop(self) -> None:
        """Interrupts the guest that waits; called in any thread."""
        try:
            self.loop.call_soon_threadsafe(self._interrupt)
        except RuntimeError:
            # The loop is closed.
            pass

    def _interrupt(self) -> None:
        if id(self) in suspended and not self.is_interrupted:
            self.is_interrupted = True
            self.task.cancel()


_Greenlet: Any = object if greenlet is None else greenlet.greenlet


class _Stack(_Greenlet):  # type: ignore[misc]
    """The stack on which a guest runs."""

    call: _Call


class _GreenletCall(_Call):
    """The guest has a stack of its own in the loop's thread."""

    async def run(self) -> Any:
        stack: Any = _Stack(self.function)
        stack.call = self
        # What the depths of calls are on this stack, and on the one that it is left for.
        inside = depth.NOTHING
        answer: _Answer | None = None
        while True:
            outside = depth.exchange(inside)
            stack.parent = greenlet.getcurrent()
            try:
                if answer is None:
                    made = stack.switch(*self.args)
                elif answer[1] is None:
                    made = stack.switch(answer[0])
                else:
                    made = stack.throw(answer[1])
            finally:
                inside = depth.exchange(outside)
            if stack.dead:
                return made
            answer = await self.wait_for(made)

    def suspend(self, awaitable: Awaitable[Any]) -> Any:
        current = greenlet.getcurrent()
        if not isinstance(current, _Stack) or current.parent is None:
            raise RuntimeError("a guest can wait only on the stack on which it was called")
        return current.parent.switch(awaitable)


class _ThreadCall(_Call):
    """The guest has a thread of its own."""

    def __init__(self, function: Callable[..., Any], store: object, args: tuple[Any, ...]) -> None:
        super().__init__(function, store, args)
        self.answers: SimpleQueue[_Answer] = SimpleQueue()
        self.said: asyncio.Future[tuple[bool, Any]] = self.loop.create_future()
        context = contextvars.copy_context()
        self.thread = threading.Thread(target=context.run, args=(self._work,), name="wasmz guest", daemon=True)

    async def run(self) -> Any:
        self.thread.start()
        cancelled: asyncio.CancelledError | None = None
        while True:
            try:
                is_done, said = await asyncio.shield(self.said)
            except asyncio.CancelledError as error:
                # The guest computes: it is stopped there.
                cancelled = error
                self._stop_thread()
                continue
            if is_done:
                self.thread.join()
                result, failure = said
                if cancelled is not None:
                    raise cancelled
                if failure is not None:
                    raise failure
                return result
            self.said = self.loop.create_future()
            answer = (None, cancelled) if cancelled is not None else await self.wait_for(said)
            if cancelled is not None and hasattr(said, "close"):
                said.close()
            self.answers.put(answer)

    def suspend(self, awaitable: Awaitable[Any]) -> Any:
        self._say(False, awaitable)
        result, failure = self.answers.get()
        if failure is not None:
            raise failure
        return result

    def _work(self) -> None:
        _here.call = self
        try:
            outcome: _Answer = self.function(*self.args), None
        except BaseException as error:
            outcome = None, error
        self._say(True, outcome)

    def _say(self, is_done: bool, what: Any) -> None:
        said = self.said

        def tell() -> None:
            if not said.done():
                said.set_result((is_done, what))

        self.loop.call_soon_threadsafe(tell)

    def _stop_thread(self) -> None:
        load("wasmz.runtime.limits.interrupts")
        from wasmz.runtime.limits.interrupts import interrupt_thread

        if self.thread.ident is not None:
            interrupt_thread(self.store, self.thread.ident)
