"""Calls from asyncio; functions of the host may be coroutines in them.

    async def fetch(address: int) -> int: ...
    instance = wasmz.instantiate("guest.wasm", {"env": {"fetch": fetch}})
    await instance.exports.handle.call_async(7)

The guest is Python code, but no coroutine: its frames must be suspended while the event loop awaits what the host's
function returned. With the package greenlet the guest runs on a stack of its own in the loop's thread, without it in a
thread of its own. If the task of the call is cancelled or times out, the exception is raised where the guest waits, and
passes through the guest: WebAssembly code catches only its own exceptions.
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

    # What a suspended guest resumes with: a value, or an exception to raise.
    _Answer = tuple[Any, BaseException | None]

__wasmz_frame__ = "helper"

try:
    # Type checkers need not have it installed.
    greenlet: Any = import_module("greenlet")
except ImportError:
    greenlet = None

# The call whose guest this thread runs.
_here = threading.local()


async def call_async(function: Callable[..., Any], store: object, args: tuple[Any, ...]) -> Any:
    """Calls an export. Functions of the host that are coroutines are awaited by the caller's event loop.

    Raises:
        RuntimeError: there is neither the package greenlet nor a second thread.
        BaseException: whatever the function raises, and ``asyncio.CancelledError``.
    """
    if greenlet is None:
        return await _ThreadCall(function, store, args).run()
    return await _GreenletCall(function, store, args).run()


def awaiting(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function that generated code calls for a coroutine function of the host: waits for its result."""

    def call(*args: Any) -> Any:
        current = _current()
        if current is None:
            raise TypeError(f"{name} is a coroutine function: use call_async for the export that calls it")
        return current.suspend(function(*args))

    return call


def _current() -> _Call | None:
    """The call whose guest runs in this thread."""
    if greenlet is not None:
        current: Any = greenlet.getcurrent()
        while current is not None:
            if isinstance(current, _Stack):
                return current.call
            current = current.parent
        return None
    return getattr(_here, "call", None)


class _Call:
    """A call whose guest can be suspended.

    While the guest waits, ``suspended`` lists the call, so that its store can be interrupted or meet its deadline.
    """

    def __init__(self, function: Callable[..., Any], store: object, args: tuple[Any, ...]) -> None:
        self.function = function
        self.store = store
        self.args = args
        self.loop = asyncio.get_running_loop()
        self.task: Any = asyncio.current_task()
        self.is_interrupted = False

    def suspend(self, awaitable: Awaitable[Any]) -> Any:
        """Suspends the guest; returns or raises what the awaitable does. Called by the guest."""
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
            # This file cancelled the task, to stop the store; it is not to end, unless something else cancelled it as
            # well.
            is_cancelled = self.task.uncancel() > before and isinstance(answer[1], asyncio.CancelledError)
            if not is_cancelled and (answer[1] is None or isinstance(answer[1], (Exception, asyncio.CancelledError))):
                return None, Interrupted()
        return answer

    def stop(self) -> None:
        """Interrupts the suspended guest. May be called in any thread."""
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
    """A call whose guest has a stack of its own, in the loop's thread."""

    async def run(self) -> Any:
        stack: Any = _Stack(self.function)
        stack.call = self
        # The depths of calls on this stack, while it is suspended.
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
    """A call whose guest has a thread of its own."""

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
                # The guest is running: it is stopped there.
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
