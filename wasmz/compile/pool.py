"""A pool of processes that can be killed at any moment.

    pool = make_pool(2, prepare, (b"...",))     each process calls prepare(b"...") once, which returns its work function
    list(pool.map([1, 2, 3]))                   the results of the work functions for 1, 2 and 3, in order

The standard library's pools do not allow that: their processes share queues, and a process that is killed while it
writes to a queue leaves it broken or locked. Here each process has a pipe of its own, this process starts no thread,
and nothing is waited for at the end.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

# How many items a process has at a time: it begins the second as soon as the first is done.
_AHEAD = 2


def make_pool(size: int, prepare: Callable[..., Callable[[Any], Any]], arguments: tuple[Any, ...]) -> Pool | None:
    """Starts processes; ``None`` on systems that have none.

    Args:
        size: how many.
        prepare: a function of a module, called in each process; returns the function that works on an item.
        arguments: the arguments of ``prepare``, pickled for each process.
    """
    try:
        from multiprocessing import get_context

        # Not forked: this process may have threads.
        context = get_context("spawn")
        context.Semaphore(0)
    except (ImportError, NotImplementedError, OSError):
        return None
    pool = Pool()
    try:
        for _ in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, prepare, arguments), daemon=True)
            pool.members[ours] = process
            # Ctrl-C reaches all processes of a terminal: one that is just starting would die with a traceback.
            with _interrupts_later():
                process.start()
            theirs.close()
    except BaseException:
        pool.end()
        raise
    return pool


class Pool:
    """Processes, and the connection to each."""

    def __init__(self) -> None:
        self.members: dict[Connection, BaseProcess] = {}

    def map(self, items: Sequence[Any]) -> Generator[Any, None, None]:
        """The result for each item, in order; ends the processes at the end, or when it is closed.

        Raises:
            ChildProcessError: a process has ended: it was killed, or memory ran out.
            Exception: an exception that a process raised.
        """
        try:
            yield from self._map(items)
        finally:
            self.end()

    def end(self) -> None:
        """Kills the processes, whatever they are doing."""
        for connection, process in self.members.items():
            connection.close()
            if process.pid is not None:
                process.kill()
        for process in self.members.values():
            if process.pid is not None:
                process.join()
        self.members = {}

    def _map(self, items: Sequence[Any]) -> Iterator[Any]:
        from multiprocessing.connection import wait

        waiting = iter(enumerate(items))
        done: dict[int, Any] = {}
        for connection in list(self.members) * _AHEAD:
            self._send_next(connection, waiting)
        for number in range(len(items)):
            while number not in done:
                ready = wait(list(self.members))
                for connection in self.members.keys() & ready:
                    finished, result, error = self._receive(connection)
                    if error is not None:
                        raise error
                    done[finished] = result
                    self._send_next(connection, waiting)
            yield done.pop(number)

    def _send_next(self, connection: Connection, waiting: Iterator[tuple[int, Any]]) -> None:
        item = next(waiting, None)
        if item is not None:
            try:
                connection.send(item)
            except OSError:
                raise self._died(connection) from None

    def _receive(self, connection: Connection) -> tuple[int, Any, BaseException | None]:
        try:
            received: tuple[int, Any, BaseException | None] = connection.recv()
        except (EOFError, OSError):
            raise self._died(connection) from None
        return received

    def _died(self, connection: Connection) -> ChildProcessError:
        process = self.members[connection]
        process.join(1)
        return ChildProcessError(f"a process of the pool ended with exit code {process.exitcode}")


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Delays Ctrl-C to the end of the block. A process started in the block ignores it unless it asks for it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, prepare: Callable[..., Callable[[Any], Any]], arguments: tuple[Any, ...]) -> None:
    """The loop of a process, until the other side closes the connection."""
    # Ctrl-C in a terminal reaches the parent too, which kills this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    work = None
    try:
        while True:
            number, item = connection.recv()
            try:
                work = prepare(*arguments) if work is None else work
                answer: tuple[int, Any, Exception | None] = (number, work(item), None)
            except Exception as error:
                answer = (number, None, error)
            connection.send(answer)
    except (EOFError, OSError):
        pass
