"""A guest that computes in a thread, while an event loop goes on and calls functions of the host for it.

outcome = await in_thread(store, work, serve)           work(ask) runs in a thread; ask(data) is `await serve(data)`
"""

from __future__ import annotations

import asyncio
import threading
import time
from queue import SimpleQueue

from wasmz.errors import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from wasmz.runtime.link.store import Store

# How long a guest that was told to stop is waited for, before it is told again.
_SECONDS_TO_STOP = 0.02


class _Stopped(BaseException):
    """Ends a guest that waits for an answer nobody gives."""


async def _in_time(answer: Awaitable[bytes], ends_at: float | None) -> bytes:
    try:
        async with asyncio.timeout(None if ends_at is None else ends_at - time.monotonic()) as limit:
            return await answer
    except TimeoutError:
        if limit.expired():
            raise Interrupted from None
        raise


async def in_thread(
    store: Store,
    work: Callable[[Callable[[bytes], bytes]], Any],
    serve: Callable[[bytes], Awaitable[bytes]],
    ends_at: float | None,
) -> Any:
    """Has ``work`` done in a thread; what it returns. Code of ``store`` is what it calls.

    ``ends_at`` is when the guest's time is up, as ``time.monotonic`` counts: also while it waits for the host.

    Raises:
        BaseException: what ``work`` or ``serve`` raises; ``asyncio.CancelledError``, after the guest was stopped.
        Interrupted: its time is up.
    """
    loop = asyncio.get_running_loop()
    said: asyncio.Queue[tuple[bool, Any]] = asyncio.Queue()
    answers: SimpleQueue[bytes | None] = SimpleQueue()
    outcome: list[Any] = []
    failures: list[BaseException] = []

    def say(is_end: bool, data: Any) -> None:
        try:
            loop.call_soon_threadsafe(said.put_nowait, (is_end, data))
        except RuntimeError:
            # The loop is closed: nobody waits.
            pass

    def ask(data: bytes) -> bytes:
        say(False, data)
        answer = answers.get()
        if answer is None:
            raise _Stopped
        return answer

    def run() -> None:
        try:
            outcome.append(work(ask))
        except BaseException as error:
            failures.append(error)
        say(True, None)

    thread = threading.Thread(target=run, name="wasmz guest", daemon=True)
    thread.start()
    try:
        while True:
            is_end, data = await said.get()
            if is_end:
                break
            answers.put(await _in_time(serve(data), ends_at))
    except BaseException:
        answers.put(None)
        thread.join(_SECONDS_TO_STOP)
        while thread.is_alive():
            store.interrupt()
            thread.join(_SECONDS_TO_STOP)
        raise
    thread.join()
    if failures:
        raise failures[0]
    return outcome[0]
