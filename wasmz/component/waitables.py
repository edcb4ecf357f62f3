"""What guests wait for: subtasks, ends of streams and futures, and sets of them (Canonical ABI, "Waitable State")."""

from __future__ import annotations

from wasmz.component.traps import component_trap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.component.scheduling import GuestThread

__wasmz_frame__ = "helper"

# What a guest is told: a code, an index and a number.
Event = tuple[int, int, int]

NONE, SUBTASK, STREAM_READ, STREAM_WRITE, FUTURE_READ, FUTURE_WRITE, TASK_CANCELLED = range(7)


class Waitable:
    """Something that guests wait for.

    Attributes:
        event: gives what has happened, when it is told; ``None`` if nothing has.
        joined: the set that it is in, or ``None``.
        has_sync_waiter: whether a thread waits for it alone.
    """

    __slots__ = ("event", "has_sync_waiter", "joined")

    def __init__(self) -> None:
        self.event: Callable[[], Event] | None = None
        self.joined: WaitableSet | None = None
        self.has_sync_waiter: bool = False

    def has_event(self) -> bool:
        """Whether something has happened."""
        return self.event is not None

    def take_event(self) -> Event:
        """What has happened."""
        event, self.event = self.event, None
        if event is None:
            raise SystemError("nothing has happened")
        return event()

    def wait(self, thread: GuestThread) -> None:
        """Waits for it alone."""
        self.has_sync_waiter = True
        thread.wait_until(self.has_event)
        self.has_sync_waiter = False

    def join(self, joined: WaitableSet | None) -> None:
        """Puts it into a set, or none."""
        if self.joined is not None:
            self.joined.items.remove(self)
        self.joined = joined
        if joined is not None:
            joined.items.append(self)

    def drop(self) -> None:
        """It is not needed any more."""
        self.join(None)

    def check_alone(self) -> None:
        """It is about to be waited for alone."""
        if self.joined is not None:
            raise component_trap("waitable cannot be used synchronously while added to a waitable set")


class WaitableSet:
    """A set of them.

    Attributes:
        items: those in it.
        waiting: how many threads wait for it.
    """

    __slots__ = ("items", "waiting")

    def __init__(self) -> None:
        self.items: list[Waitable] = []
        self.waiting: int = 0

    def has_event(self) -> bool:
        """Whether something has happened to one of them."""
        return any(item.event is not None for item in self.items)

    def take_event(self) -> Event:
        """What has happened to the first one, which goes to the end: so each gets its turn."""
        for item in self.items:
            if item.event is not None:
                self.items.remove(item)
                self.items.append(item)
                return item.take_event()
        raise SystemError("nothing has happened")

    def wait(self, thread: GuestThread, is_cancellable: bool, ready: Callable[[], bool] | None = None) -> Event:
        """Waits for something to happen, and for another condition."""

        def has_event() -> bool:
            return self.has_event() and (ready is None or ready())

        self.waiting += 1
        cancelled = thread.wait_until(has_event, is_cancellable)
        event = (TASK_CANCELLED, 0, 0) if cancelled else self.take_event()
        self.waiting -= 1
        return event

    def poll(self, thread: GuestThread, is_cancellable: bool) -> Event:
        """What has happened by now."""
        if thread.task.deliver_cancel(is_cancellable):
            return TASK_CANCELLED, 0, 0
        return self.take_event() if self.has_event() else (NONE, 0, 0)

    def drop(self) -> None:
        """It is not needed any more."""
        if self.items:
            raise component_trap("cannot drop waitable set with waitables in it")
        if self.waiting:
            raise component_trap("cannot drop waitable set with waiters")


STARTING, STARTED, RETURNED, CANCELLED_BEFORE_STARTED, CANCELLED_BEFORE_RETURNED = range(5)


class Subtask(Waitable):
    """A call that a component has made.

    Attributes:
        state: from ``STARTING`` on.
        lent: the handles that are lent to it; ``None`` once its end has been told.
        on_cancel: asks it to end.
        results: the core result, of a synchronous call.
    """

    __slots__ = ("is_cancelled", "lent", "on_cancel", "results", "state")

    def __init__(self) -> None:
        super().__init__()
        self.state: int = STARTING
        self.lent: list[Any] | None = []
        self.on_cancel: Callable[[Any], None] | None = None
        self.is_cancelled: bool = False
        self.results: Any = None

    def is_resolved(self) -> bool:
        """Whether it has ended."""
        return self.state >= RETURNED

    def drop(self) -> None:
        if self.lent is not None:
            raise component_trap("cannot drop a subtask which has not yet resolved")
        super().drop()
