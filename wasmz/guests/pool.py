"""Guests for servers: fresh ones are ready before they are asked for, and there are never too many.

pool = Pool(MicroPython, size=4, timeout=2, memory="16MB")
pool.exec(code)                                 in a fresh guest; also from several threads
await pool.exec_async(code)
with pool.guest() as guest: ...                 several calls with one state
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from contextlib import asynccontextmanager, contextmanager
from queue import SimpleQueue

from wasmz.errors import bounded, expect_integer, shown
from wasmz.guests.guest import Guest
from wasmz.startup.concurrency import new_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any

    from wasmz.guests.results import Result


class Pool:
    """Makes guests, each for one use: nothing of one user's code or files is left for the next.

    Attributes:
        size: how many guests may be in use at once; who wants one more waits.
    """

    def __init__(self, kind: type[Guest], size: int = 4, *, ready: int | None = None, **options: Any) -> None:
        """Makes guests of a class, with these options.

        Args:
            kind: ``MicroPython`` or ``QuickJS``.
            size: how many may be in use at once.
            ready: how many fresh ones are kept, made in a thread of its own; ``size`` of them by default. With 0, and
                where there are no threads, a guest is made when it is asked for.
            options: the guests'. Each guest has files of its own, if they are given as a mapping.

        Raises:
            TypeError, ValueError, ImportError: as the class does; the first guest is made at once.
        """
        if not (isinstance(kind, type) and issubclass(kind, Guest)):
            raise TypeError(f"kind must be a class of guests, not {bounded(repr(kind))}")
        self.size: int = expect_integer(size, "size")
        if self.size < 1:
            raise ValueError("size must be at least 1")
        self._most_ready = self.size if ready is None else expect_integer(ready, "ready")
        self._make: Callable[[], Guest] = lambda: kind(**options)
        self._lock = new_lock()
        self._free = self.size
        # What is told that a place is free, in the order of asking.
        self._waiting: deque[Callable[[], object]] = deque()
        self._ready: deque[Guest] = deque()
        self._is_closed = False
        self._used: SimpleQueue[None] = SimpleQueue()
        self._ready.append(self._make())
        if self._most_ready:
            self._fill()

    def exec(self, code: str, **options: Any) -> Result:
        """Runs code in a fresh guest: :meth:`Guest.exec`. ``ValueError``: the pool is closed."""
        with self.guest() as guest:
            return guest.exec(code, **options)

    async def exec_async(self, code: str, **options: Any) -> Result:
        """The same from asyncio: :meth:`Guest.exec_async`."""
        async with self.guest_async() as guest:
            return await guest.exec_async(code, **options)

    @contextmanager
    def guest(self) -> Iterator[Guest]:
        """A fresh guest, for the time of a ``with`` statement. Waits while too many are in use."""
        note: SimpleQueue[None] = SimpleQueue()

        def tell() -> None:
            note.put(None)

        if not self._enter(tell):
            try:
                note.get()
            except BaseException:
                self._give_up(tell)
                raise
        with self._one() as guest:
            yield guest

    @asynccontextmanager
    async def guest_async(self) -> AsyncIterator[Guest]:
        """The same for ``async with``."""
        loop = asyncio.get_running_loop()
        told = asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(told.set)

        if not self._enter(tell):
            try:
                await told.wait()
            except BaseException:
                self._give_up(tell)
                raise
        with self._one() as guest:
            yield guest

    def close(self) -> None:
        """Ends the guests that are ready; those in use end after their use.

        No further ones are made: who waits for one gets ``ValueError``.
        """
        with self._lock:
            self._is_closed = True
            ready = list(self._ready)
            self._ready.clear()
            # They are told, and find that it is closed; then each gives its place back.
            waiting = list(self._waiting)
            self._waiting.clear()
            self._free -= len(waiting)
        self._used.put(None)
        for tell in waiting:
            try:
                tell()
            except RuntimeError:
                # That event loop is closed.
                self._leave()
        for guest in ready:
            guest.close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @shown
    def __repr__(self) -> str:
        return f"<Pool, {self.size - self._free} of {self.size} guests in use, {len(self._ready)} ready>"

    # Places

    def _enter(self, tell: Callable[[], object]) -> bool:
        """Takes a place if one is free; otherwise ``tell`` is called when it is the caller's turn."""
        with self._lock:
            if self._is_closed:
                raise ValueError("the pool is closed")
            if self._free:
                self._free -= 1
                return True
            self._waiting.append(tell)
            return False

    def _leave(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._free += 1
                    return
                tell = self._waiting.popleft()
            try:
                tell()
                return
            except RuntimeError:
                # That event loop is closed.
                pass

    def _give_up(self, tell: Callable[[], object]) -> None:
        """Stops waiting; a place that was given meanwhile goes to the next."""
        with self._lock:
            if tell in self._waiting:
                self._waiting.remove(tell)
                return
        self._leave()

    # Guests

    @contextmanager
    def _one(self) -> Iterator[Guest]:
        try:
            if self._is_closed:
                raise ValueError("the pool is closed")
            try:
                guest = self._ready.popleft()
            except IndexError:
                guest = self._make()
            self._used.put(None)
            with guest:
                yield guest
        finally:
            self._leave()

    def _fill(self) -> None:
        """Starts the thread that makes guests."""
        # The thread is told when nobody has the pool any more.
        note = self._used
        reference = weakref.ref(self, lambda _: note.put(None))

        def work(used: SimpleQueue[None]) -> None:
            while True:
                pool = reference()
                if pool is None or pool._is_closed:
                    return
                if len(pool._ready) < pool._most_ready:
                    pool._keep(pool._make())
                    continue
                del pool
                used.get()

        try:
            threading.Thread(target=work, args=(self._used,), name="wasmz pool", daemon=True).start()
        except RuntimeError:
            # There are no threads: guests are made when they are asked for.
            self._most_ready = 0

    def _keep(self, guest: Guest) -> None:
        """Keeps a fresh guest, unless the pool was closed meanwhile."""
        with self._lock:
            if not self._is_closed:
                self._ready.append(guest)
                return
        guest.close()
