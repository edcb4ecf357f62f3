"""What threads of the host tell a guest that waits: signals, work done in another thread, pipes of bytes.

    signal = Signal()
    wait = Wait(); signal.add_to(wait, "done"); wait.run()      in the guest's thread
    signal.set()                                                in another one

A signal has a handle of the system only while a guest waits for it together with other things.
"""

from __future__ import annotations

import threading

from wasmz.startup.concurrency import load, new_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.runtime.wasi.readiness import Wait

# No exception is sent to threads that are here: other threads would wait for what is half done.
__wasmz_frame__ = "helper"

# How much a pipe holds: what the other side has not taken yet.
PIPE_BYTES: Final = 1 << 16


class _Bell:
    """A handle of the system that becomes readable once. It is closed with its last reference."""

    def __init__(self) -> None:
        load("socket")
        from socket import socketpair

        self._ours, self._theirs = socketpair()

    def fileno(self) -> int:
        """The handle."""
        return self._ours.fileno()

    def ring(self) -> None:
        """Makes it readable."""
        self._theirs.send(b"x")

    def __del__(self) -> None:
        if hasattr(self, "_theirs"):
            self._ours.close()
            self._theirs.close()


class Signal:
    """Something that is so, or not yet; it can be waited for."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._is_set = False
        self._bell: _Bell | None = None
        self._calls: list[Callable[[], object]] = []

    @property
    def is_set(self) -> bool:
        """Whether it is so."""
        return self._is_set

    def set(self) -> None:
        """From now on it is so."""
        with self._lock:
            self._is_set = True
            if self._bell is not None:
                bell, self._bell = self._bell, None
                bell.ring()
            calls, self._calls = self._calls, []
        for call in calls:
            call()

    def clear(self) -> None:
        """From now on it is not."""
        with self._lock:
            self._is_set = False

    def call_when_set(self, call: Callable[[], object]) -> None:
        """Calls a function once, in the thread that sets the signal; at once if it is set. It must not wait."""
        with self._lock:
            if not self._is_set:
                self._calls.append(call)
                return
        call()

    def add_to(self, wait: Wait, key: Any) -> None:
        """Adds it to what is waited for."""
        with self._lock:
            if not self._is_set:
                if self._bell is None:
                    self._bell = _Bell()
                wait.add_handle(key, self._bell, for_reading=True)
                return
        wait.add_ready(key)


async def until(signal: Signal) -> None:
    """Waits for a signal in the event loop."""
    if signal.is_set:
        return
    load("asyncio")
    import asyncio

    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not future.done():
            future.set_result(None)

    def wake() -> None:
        try:
            loop.call_soon_threadsafe(settle)
        except RuntimeError:
            # The loop is closed: nobody waits.
            pass

    signal.call_when_set(wake)
    await future


class Job:
    """A function that runs in a thread of its own; its result, or what it raised."""

    def __init__(self, function: Callable[[], Any], name: str) -> None:
        self.signal: Signal = Signal()
        self._result: Any = None
        self._error: BaseException | None = None
        self._function = function
        thread = threading.Thread(target=self._run, name=name, daemon=True)
        thread.start()

    def _run(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:
            self._error = error
        self.signal.set()

    def result(self) -> Any:
        """What it returned, once the signal is set. Raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result


class Pipe:
    """Bytes from one side to the other, a guest's and another thread's, with an end: orderly, or by a failure.

    Attributes:
        readable: a signal for the reader: there are bytes, or the end.
        writable: a signal for the writer: there is room, or the reader is gone.
        trailers: what the writer said at the end, such as the trailers of an HTTP message.
        when_abandoned: called when the reader says that it is gone, in its thread; it must not wait.
    """

    def __init__(self) -> None:
        self.readable: Signal = Signal()
        self.writable: Signal = Signal()
        self.writable.set()
        self.trailers: Any = None
        self.when_abandoned: Callable[[], object] | None = None
        self._condition = threading.Condition()
        self._content = bytearray()
        self._is_ended = False
        self._failure: Any = None
        self._is_abandoned = False

    # The writer's side

    def room(self) -> int:
        """How many bytes can be written now."""
        return 0 if self._is_abandoned else max(0, PIPE_BYTES - len(self._content))

    @property
    def is_abandoned(self) -> bool:
        """Whether the reader is gone."""
        return self._is_abandoned

    def write(self, content: bytes | bytearray | memoryview) -> None:
        """Adds bytes, without waiting for room."""
        with self._condition:
            if self._is_abandoned or not content:
                return
            self._content += content
            if len(self._content) >= PIPE_BYTES:
                self.writable.clear()
            self.readable.set()
            self._condition.notify_all()

    def write_all(self, content: bytes) -> bool:
        """Waits for room, and adds bytes; false if the reader is gone. For threads that may wait without a limit."""
        with self._condition:
            while not self._is_abandoned and len(self._content) >= PIPE_BYTES:
                self._condition.wait()
        self.write(content)
        return not self._is_abandoned

    def end(self, trailers: Any = None, failure: Any = None) -> None:
        """Says that nothing follows, and whether that is a failure. What comes after the first end counts no more."""
        with self._condition:
            if not self._is_ended:
                self._is_ended, self.trailers, self._failure = True, trailers, failure
            self.readable.set()
            self._condition.notify_all()

    # The reader's side

    @property
    def is_ended(self) -> bool:
        """Whether the writer has said that nothing follows."""
        return self._is_ended

    @property
    def is_empty(self) -> bool:
        """Whether it has ended without a byte that was not read, or a failure."""
        return self._is_ended and not self._content and self._failure is None

    @property
    def failure(self) -> Any:
        """Why it ended, if that was a failure."""
        return self._failure

    def read(self, size: int) -> bytes | None:
        """Up to so many bytes that are there; ``None`` at the end."""
        with self._condition:
            found = bytes(memoryview(self._content)[:size])
            del self._content[:size]
            if not found and self._is_ended:
                return None
            if len(self._content) < PIPE_BYTES:
                self.writable.set()
            if not self._content and not self._is_ended:
                self.readable.clear()
            self._condition.notify_all()
            return found

    def read_some(self) -> bytes | None:
        """Waits for bytes; ``None`` at the end. For threads that may wait without a limit."""
        with self._condition:
            while not self._content and not self._is_ended:
                self._condition.wait()
        return self.read(PIPE_BYTES)

    def abandon(self) -> None:
        """Says that the reader is gone: nothing more is kept."""
        with self._condition:
            self._is_abandoned = True
            self._content.clear()
            self.writable.set()
            self._condition.notify_all()
        if self.when_abandoned is not None:
            self.when_abandoned()
