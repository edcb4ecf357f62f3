"""Streams and futures in Python's hands.

async for chunk in stream: ...          a component's stream; those of bytes come in chunks
for item in stream: ...                 the same where nothing has to be awaited
value = await future                    a component's future
exports.send([1, 2, 3])                 anything that can be iterated over, also asynchronously, is a stream
exports.later(asyncio.sleep(1, "x"))    anything that can be awaited, or a value, is a future

For the runtime's own streams and futures, whose class has ``__wasmz_end__``: ``fetch(count)`` gives up to so many
items, ``None`` at the end, or a coroutine for either; ``begin(driver)`` is called when a component gets a future,
``close()`` when it drops the stream or future.
"""

from __future__ import annotations

import asyncio
from types import CoroutineType

from wasmz.component.asyncio_calls import driver_of, run_guest
from wasmz.component.copies import CANCELLED, COMPLETED, DROPPED, Shared, give_end, take_end
from wasmz.component.explain import explain
from wasmz.component.handles import noted
from wasmz.component.scheduling import scheduler_of
from wasmz.component.traps import WrongValue, component_trap
from wasmz.errors import Trap, bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator
    from typing import Any, Final

    from wasmz.runtime.link.store import Store

__wasmz_frame__ = "helper"

# Items that are read at once by default.
_CHUNK: Final = 65536


class _Target:
    """A buffer that takes items for Python."""

    __slots__ = ("count", "items", "progress", "source")

    def __init__(self, count: int) -> None:
        self.count: int = count
        self.items: Any = None
        self.progress: int = 0
        self.source: str = "python"

    def remain(self) -> int:
        """How many it still takes."""
        return self.count - self.progress

    def is_empty(self) -> bool:
        """Whether it takes none."""
        return self.count == 0

    def read(self, count: int, source: str) -> Any:
        """Not for such buffers."""
        raise SystemError("items are read from where they are written to")

    def write(self, values: Any, count: int, source: str) -> None:
        """Takes items."""
        self.items = values if self.items is None else self.items + values
        self.progress += count


class _Reading:
    """A read of Python's, in the middle of which it may wait."""

    def __init__(self, end: _End, count: int) -> None:
        if not isinstance(count, int) or count < 1:
            raise ValueError(f"count must be a positive integer, not {bounded(repr(count))}")
        if isinstance(end._shared.buffer, _Target):
            raise RuntimeError("the stream or future is being read already")
        self.end = end
        self.target = _Target(count)
        self.result: int | None = None
        self.future: asyncio.Future[None] | None = None
        self.task: asyncio.Task[Any] | None = None
        shared = end._shared
        shared.read(None, self.target, self._copied, self._finished)

    def _copied(self, take_back: Callable[[], None]) -> None:
        take_back()
        self._finished(COMPLETED)

    def _finished(self, result: int) -> None:
        if self.result is None:
            self.result = result
        if self.future is not None and not self.future.done():
            self.future.set_result(None)

    def is_lost(self) -> bool:
        """Whether it will not come to an end, as the component has trapped."""
        return not self.end._shared.kind.place.state.may_be_called()

    def lock_down(self) -> None:
        """The component is not called any more."""
        self.end._shared.kind.place.state.lock_down()

    async def wait(self) -> None:
        """Waits for its end, on asyncio."""
        driver = driver_of(self.end._store)
        driver.wake()
        if self.result is not None:
            return
        self.future = driver.loop.create_future()
        self.task = asyncio.current_task()
        waiting: Any = self
        driver.calls.append(waiting)
        try:
            await self.future
        except asyncio.CancelledError:
            if self.result is None:
                self.end._shared.cancel()
            raise
        finally:
            driver.calls.remove(waiting)

    def run(self) -> None:
        """Lets guests run until its end."""
        store = self.end._store
        while self.result is None:
            if not run_guest(store, scheduler_of(store).tick):
                self.end._shared.cancel()
                raise component_trap("deadlock detected: event loop cannot make further progress")


class _End:
    """The readable end of a stream or future."""

    def __init__(self, shared: Any, store: Store) -> None:
        """For the runtime: components give streams and futures to Python."""
        self._shared = shared
        self._store = store
        self._is_over = False

    def close(self) -> None:
        """Says that nothing more is wanted."""
        if not self._is_over:
            self._is_over = True
            self._shared.drop()
            scheduler_of(self._store).wake()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _take_back(self, rep: object) -> None:
        self._is_over = False

    def give(self) -> Any:
        """For the runtime: what is passed on to a component."""
        if self._is_over:
            raise ValueError("the stream or future is closed")
        self._is_over = True
        return self._shared


class Stream(_End):
    """A stream of a component's. Iterating over one of bytes gives chunks, ``bytes``; otherwise it gives items."""

    def __init__(self, shared: Any, store: Store) -> None:
        """For the runtime: components give streams to Python."""
        super().__init__(shared, store)
        item = shared.kind.type.item
        self._is_bytes = item is not None and item.kind == "u8"
        self._rest: list[Any] = []

    async def read(self, count: int = _CHUNK) -> Any:
        """Up to so many items: ``bytes``, or a list; none at the end of the stream.

        Raises:
            ValueError: the count is not positive. RuntimeError: another read has not ended.
            Trap: the component trapped, or nothing will ever come.
        """
        if self._is_over:
            return self._taken(None)
        reading = _Reading(self, count)
        await reading.wait()
        return self._ended(reading)

    def read_now(self, count: int = _CHUNK) -> Any:
        """The same without asyncio: guests run until there are some. ``Trap`` if they never will."""
        if self._is_over:
            return self._taken(None)
        reading = _Reading(self, count)
        reading.run()
        return self._ended(reading)

    def _ended(self, reading: _Reading) -> Any:
        if reading.result == DROPPED:
            self.close()
        return self._taken(reading.target.items)

    def _taken(self, items: Any) -> Any:
        if items is None:
            return b"" if self._is_bytes else []
        return items

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        while not self._rest:
            items = await self.read()
            if len(items) == 0:
                if self._is_over:
                    raise StopAsyncIteration
            elif self._is_bytes:
                return items
            else:
                self._rest = items[::-1]
        return self._rest.pop()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        while not self._rest:
            items = self.read_now()
            if len(items) == 0:
                if self._is_over:
                    raise StopIteration
            elif self._is_bytes:
                return items
            else:
                self._rest = items[::-1]
        return self._rest.pop()


class Future(_End):
    """A future of a component's: awaiting it gives its value, each time."""

    def __init__(self, shared: Any, store: Store) -> None:
        """For the runtime: components give futures to Python."""
        super().__init__(shared, store)
        self._values: list[Any] = []

    def __await__(self) -> Generator[Any, None, Any]:
        return self._read().__await__()

    async def _read(self) -> Any:
        if not self._values:
            if self._is_over:
                raise ValueError("the future is closed")
            reading = _Reading(self, 1)
            await reading.wait()
            self._take(reading)
        return self._values[0]

    def result(self) -> Any:
        """The value without asyncio: guests run until it is there. ``Trap`` if it never will be."""
        if not self._values:
            if self._is_over:
                raise ValueError("the future is closed")
            reading = _Reading(self, 1)
            reading.run()
            self._take(reading)
        return self._values[0]

    def _take(self, reading: _Reading) -> None:
        items = reading.target.items
        self._values = [items[0] if items else None]
        self.close()


def lift_end(state: Any, index: int, kind: Any) -> Any:
    """The readable end at an index of a component's table as Python's object."""
    shared = take_end(state, index, kind)
    return (Stream if kind.is_stream else Future)(shared, state.store)


def lower_end(state: Any, value: Any, kind: Any) -> int:
    """A component's handle for a stream or future of Python's."""
    if isinstance(value, _End):
        if value._shared.kind.key != kind.key:
            raise TypeError("a stream or future of another type")
        if value._store is not state.store:
            raise ValueError("a stream or future of another store")
        return noted(state, give_end(state, value.give(), kind), value)
    made = _Source(kind, state.store, value)
    return noted(state, give_end(state, made, kind))


class _Source(Shared):
    """The writable end of a stream or future, at which Python has something to be iterated over, or awaited."""

    __slots__ = ("_awaited", "_coming", "_given", "_is_bytes", "_next", "_rest", "_store", "_task")

    def __init__(self, kind: Any, store: Store, value: Any) -> None:
        super().__init__(kind)
        item = kind.type.item
        self._store = store
        self._is_bytes: bool = kind.is_stream and item is not None and item.kind == "u8"
        self._rest: Any = b"" if self._is_bytes else []
        self._next: Any = None
        self._awaited: Any = None
        self._coming: Any = None
        self._task: asyncio.Task[None] | None = None
        # One of the runtime's own.
        self._given: Any = value if hasattr(type(value), "__wasmz_end__") else None
        if not kind.is_stream:
            if self._given is not None:
                self._given.begin(driver_of(store))
            if hasattr(type(value), "__await__"):
                self._awaited = value
            else:
                self._rest = [value]
        elif self._given is not None:
            pass
        elif self._is_bytes and isinstance(value, (bytes, bytearray, memoryview)):
            self._rest = bytes(value)
        elif hasattr(type(value), "__aiter__"):
            self._awaited = aiter(value)
        elif isinstance(value, str):
            raise TypeError("expected a stream")
        else:
            self._next = iter(value)

    def read(self, instance: object, buffer: Any, copied: Any, done: Callable[[int], None]) -> None:
        """A component wants items."""
        if self.is_dropped:
            done(DROPPED)
            return
        if not len(self._rest):
            # Also for a buffer without room, which asks whether there is more.
            wanted = max(1, buffer.remain())
            if self._next is not None:
                self._pull(wanted)
            elif self._given is not None and self.kind.is_stream and self._task is None:
                self._ask(wanted)
        if len(self._rest):
            self._give(buffer)
            done(COMPLETED)
        elif self._awaited is None and self._coming is None:
            self.is_dropped = True
            done(DROPPED)
        else:
            self.leave(instance, buffer, copied, done)
            if self._task is None:
                driver = driver_of(self._store)
                self._task = driver.begin(self._fetch(driver))

    def _ask(self, count: int) -> None:
        found = self._given.fetch(count)
        if found.__class__ is CoroutineType:
            self._coming = found
        else:
            self._take(found)

    def _take(self, found: Any) -> None:
        if found is None:
            self._given = None
        else:
            self._rest = bytes(found) if self._is_bytes else list(found)

    def _pull(self, count: int) -> None:
        """Takes items of an iterator, not more than a chunk; of bytes, chunks or single ones."""
        enough = 1 if self._is_bytes else min(count, _CHUNK)
        for item in self._next:
            self._append(item)
            if len(self._rest) >= enough:
                break

    def _append(self, item: Any) -> None:
        if not self._is_bytes:
            self._rest.append(item)
        elif isinstance(item, int):
            if not 0 <= item <= 255:
                raise WrongValue("item", f"expected u8, got {item}, which is out of range")
            self._rest += bytes((item,))
        elif isinstance(item, (bytes, bytearray, memoryview)):
            self._rest += item
        else:
            raise WrongValue("item", f"expected u8 or bytes, got {type(item).__name__}")

    def _give(self, buffer: Any) -> None:
        count = min(buffer.remain(), len(self._rest))
        if count == 0:
            return
        values, self._rest = self._rest[:count], self._rest[count:]
        try:
            buffer.write(values, count, "python")
        except Exception as error:
            kind = self.kind
            wrong = explain([("item", kind.type.item)] * count, values, kind.place.class_of)
            if isinstance(error, Trap) or wrong is None:
                raise
            raise wrong from error

    async def _fetch(self, driver: Any) -> None:
        """Awaits the next item."""
        failure: BaseException | None = None
        is_over = not self.kind.is_stream
        try:
            if self._coming is not None:
                is_over = False
                self._take(await self._coming)
            elif is_over:
                self._append(await self._awaited)
            else:
                self._append(await anext(self._awaited))
        except StopAsyncIteration:
            is_over = True
        except BaseException as error:
            if self.is_dropped and isinstance(error, asyncio.CancelledError):
                return
            failure = error
        finally:
            self._task = self._coming = None
        if is_over:
            self._awaited = None
        if failure is not None:
            if self._instance is not None:
                # It passes through the component that reads.
                self._instance.lock_down()  # type: ignore[attr-defined]
            driver.fail(failure)
            return
        driver.run(self._continue, state=self._instance)

    def _continue(self) -> None:
        buffer, instance, copied, done = self.buffer, self._instance, self._copied, self._done
        if buffer is not None and done is not None:
            self.take_back()
            self.read(instance, buffer, copied, done)

    def cancel(self) -> None:
        """The component wants its buffer back; what is being awaited is kept for the next read."""
        done = self._done
        self.take_back()
        if done is not None:
            done(CANCELLED)

    def drop(self) -> None:
        """The component wants no more. What was given is closed, but for an asynchronous iterator: that is Python's."""
        self.is_dropped = True
        task, given = self._task, self._given
        self._given = None
        if task is not None:
            task.cancel()
        if self._coming is not None and task is None:
            self._coming.close()
        for end in (given, self._next, None if task is not None else self._awaited):
            close = getattr(end, "close", None)
            if close is not None:
                close()
            elif end is not None and hasattr(end, "aclose"):
                # An asynchronous generator's end may have to be awaited.
                driver = driver_of(self._store)
                driver.begin(_quietly(end.aclose(), driver))


async def _quietly(closing: Any, driver: Any) -> None:
    try:
        await closing
    except Exception as error:
        driver.loop.call_exception_handler({"message": "a stream that was dropped failed", "exception": error})
