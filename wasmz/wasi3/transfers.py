"""What moves bytes between a guest of WASI 0.3 and the host: streams that the guest reads, and those that it writes.

stream, ended = incoming(guest, FileSource(file, 0), file_code)         for ``tuple<stream<u8>, future<result<_, e>>>``
ended = outgoing(guest, stream, FileSink(file, 0), file_code)           for ``future<result<_, e>>``

What waits for the host waits in a thread of its own; the event loop goes on. What a stream is over, a *source* or
*sink*, is the same as in WASI 0.2.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque

from wasmz.errors import MemoryLimit
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.readiness import Wait
from wasmz.wasi2.errors import number_of
from wasmz.wasi2.guest import MOST_BYTES, Resource
from wasmz.wasi2.signals import Job, until
from wasmz.wasi2.streams import is_ready

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from typing import Any, Final

    from wasmz.wasi2.guest import Guest
    from wasmz.wasi2.streams import Sink, Source

    # The error-code of an interface for what went wrong, as preview 1 numbers it.
    Code = Callable[[int], Any]

_FAILURES: Final = (Failure, OSError, MemoryError, MemoryLimit)
_PIECE: Final = 1 << 16
# Threads that wait for the host at once, for one guest.
_MOST_THREADS: Final = 16
# How often a thread that waits looks whether anybody still wants that.
_LOOK_NANOSECONDS: Final = 100_000_000
OK: Final = ("ok", None)


def failure_of(error: BaseException, code: Code) -> tuple[str, Any]:
    """What went wrong as a result."""
    return "err", code(number_of(error))


class Gate:
    """What lets so many threads of the host work for a guest at once. The others wait for their turn."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: deque[Ending] = deque()

    async def begin(self, function: Callable[[], Any], name: str) -> Job:
        """Calls a function in a thread of its own, when there may be one."""
        while not self._free:
            turn = Ending()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.is_settled:
                    self._wake()
                else:
                    self._waiting.remove(turn)
                raise
        self._free -= 1
        loop = asyncio.get_running_loop()
        job = Job(function, name)

        def leave() -> None:
            try:
                loop.call_soon_threadsafe(self._leave)
            except RuntimeError:
                # The loop is closed: nobody waits there.
                self._leave()

        # Not when nobody wants the result any more, but when the thread has ended.
        job.signal.call_when_set(leave)
        return job

    def _leave(self) -> None:
        self._free += 1
        self._wake()

    def _wake(self) -> None:
        if self._waiting:
            self._waiting.popleft().settle(None)


async def in_thread(guest: Guest, function: Callable[[], Any], name: str) -> Any:
    """Calls a function that may wait, in a thread of its own."""
    gate: Gate = guest.parts.setdefault("threads", Gate(_MOST_THREADS))
    job = await gate.begin(function, name)
    await until(job.signal)
    return job.result()


async def value_of(future: Any) -> Any:
    """The value of a future, as a coroutine."""
    return await future


class Ending:
    """A future of how something ended: what is awaited by a guest, and settled by the host."""

    __wasmz_end__ = True

    def __init__(self) -> None:
        self._values: list[Any] = []
        self._waiting: list[asyncio.Future[None]] = []

    def settle(self, value: Any) -> None:
        """Says how it ended; what is said later counts no more."""
        if not self._values:
            self._values.append(value)
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    @property
    def is_settled(self) -> bool:
        """Whether it has ended."""
        return bool(self._values)

    def __await__(self) -> Generator[Any, None, Any]:
        while not self._values:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            yield from future
        return self._values[0]

    def begin(self, driver: Any) -> None:
        """For components' streams: a component gets the future."""

    def close(self) -> None:
        """For components' streams: it is not wanted any more."""


class Work(Ending):
    """Something that the host does for a guest by itself, in the event loop; and the future of how that ends.

    Attributes:
        guest: whose it is.
    """

    def __init__(self, guest: Guest, work: Callable[[Work], Coroutine[Any, Any, Any]]) -> None:
        """``work`` gives what it ends with, and is begun when the guest gets the future."""
        super().__init__()
        self.guest: Guest = guest
        self._work = work
        self._driver: Any = None

    def begin(self, driver: Any) -> None:
        if self._driver is None:
            self._driver = driver
            driver.begin(self._run())

    async def _run(self) -> None:
        held = Resource(self.guest)
        try:
            self.settle(await self._work(self))
        except _GuestEnded:
            # It has trapped or exited, or waits for itself: whoever called it is told.
            return
        except Exception as error:
            self._driver.stop(error)
        finally:
            held.close()

    async def of_guest(self, reading: Coroutine[Any, Any, Any]) -> Any:
        """Awaits what comes from the guest. Only the guest's own waiting counts then: it may wait for itself."""
        self._driver.pending -= 1
        try:
            return await reading
        except Exception:
            raise _GuestEnded from None
        finally:
            self._driver.pending += 1

    async def unfinished(self, part: Coroutine[Any, Any, Any], most: float | None = None) -> Any:
        """Awaits a part that is to be finished even if the guest ends meanwhile; then in so many seconds at most."""
        task: asyncio.Task[Any] = asyncio.ensure_future(part)
        unfinished: dict[Any, float | None] = self._driver.unfinished
        unfinished[task] = most

        def finished(task: asyncio.Task[Any]) -> None:
            unfinished.pop(task, None)
            if not task.cancelled():
                # Perhaps nobody asks any more.
                task.exception()

        task.add_done_callback(finished)
        return await asyncio.shield(task)


class _GuestEnded(Exception):
    """Nothing more comes from the guest."""


class Incoming:
    """A stream that a guest reads."""

    __wasmz_end__ = True

    def __init__(self, guest: Guest, source: Source, code: Code) -> None:
        self.ended: Ending = Ending()
        self._guest = guest
        self._source: Source | None = source
        self._code = code

    def fetch(self, count: int) -> Any:
        """Up to so many bytes, ``None`` at the end; or a coroutine for that."""
        source = self._source
        if source is None:
            return None
        try:
            if source.waits and (sys.platform == "win32" or not is_ready(source)):
                return self._fetch_later(source, min(count, _PIECE))
            return self._checked(source.read(min(count, MOST_BYTES)))
        except _FAILURES as error:
            return self._end(failure_of(error, self._code))

    async def _fetch_later(self, source: Source, count: int) -> Any:
        # What a thread reads is not lost if the guest does not wait for it: the next to read gets it.
        reads: dict[object, Job] = self._guest.parts.setdefault("reads", {})
        key = source.origin()
        try:
            job = reads.get(key)
            if job is None:
                job = reads[key] = Job(lambda: self._read_when_ready(source, count), "wasmz input")
            await until(job.signal)
            if reads.get(key) is job:
                del reads[key]
            return self._checked(job.result())
        except _FAILURES as error:
            return self._end(failure_of(error, self._code))

    def _read_when_ready(self, source: Source, count: int) -> Any:
        """Reads, in a thread; not after the guest's end, when nobody wants it."""
        while not self._guest.is_over:
            wait = Wait()
            source.add_to(wait, "ready")
            wait.add_delay("late", _LOOK_NANOSECONDS)
            if "ready" in wait.run():
                return source.read(count)
        return None

    def _checked(self, found: Any) -> Any:
        return found if found else self._end(OK)

    def _end(self, result: tuple[str, Any]) -> None:
        self.ended.settle(result)
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def close(self) -> None:
        """The guest has dropped it."""
        self._end(OK)


class Nothing:
    """A stream without items."""

    __wasmz_end__ = True

    def fetch(self, count: int) -> None:
        """The end."""

    def close(self) -> None:
        """The guest has dropped it."""


def incoming(guest: Guest, open_source: Callable[[], Source], code: Code) -> tuple[Any, Ending]:
    """A stream over a source, and how it ends; that is an error if the source cannot be opened."""
    try:
        made = Incoming(guest, open_source(), code)
    except _FAILURES as error:
        ended = Ending()
        ended.settle(failure_of(error, code))
        return Nothing(), ended
    return made, made.ended


def outgoing(guest: Guest, stream: Any, open_sink: Callable[[], Sink], code: Code) -> Work:
    """How it ends that what a guest writes into a stream goes into a sink."""

    sink: Sink | None = None
    refusal: BaseException | None = None
    try:
        # At once: what is written to may be closed before the stream.
        sink = open_sink()
    except _FAILURES as error:
        refusal = error

    async def work(this: Work) -> tuple[str, Any]:
        try:
            if sink is None:
                return failure_of(refusal or OSError(), code)
            while content := await this.of_guest(stream.read(_PIECE)):
                await _write(this, sink, content)
            return OK
        except _FAILURES as error:
            return failure_of(error, code)
        finally:
            if sink is not None:
                sink.close()
            stream.close()

    return Work(guest, work)


async def _write(work: Work, sink: Sink, content: bytes) -> None:
    def write() -> None:
        with memoryview(content) as rest:
            done = 0
            while done < len(rest):
                room = sink.room()
                if not room:
                    wait = Wait()
                    sink.add_to(wait, "ready")
                    wait.add_delay("late", _LOOK_NANOSECONDS)
                    if "ready" not in wait.run() and work.guest.is_over:
                        # The host may close the file, and use its number again.
                        raise Failure(Errno.PIPE)
                    continue
                taken = sink.write(rest[done : done + room])
                if taken <= 0:
                    raise Failure(Errno.IO)
                done += taken
        sink.flush()

    if sink.waits and sink.room() < len(content):
        await work.unfinished(in_thread(work.guest, write, "wasmz output"))
    else:
        write()
