"""Threads of guests, and the tasks they are for (Canonical ABI, "Threads", "Tasks", "Embedding API").

A *thread* here is a stack of a guest's (`fibers.py`): one runs at a time. A *task* is a call of a component's function.
"""

from __future__ import annotations

from wasmz.component.fibers import MOST_THREADS, Fiber, block
from wasmz.component.handles import HandleTable, HostScope
from wasmz.component.state import ComponentState, enter, leave
from wasmz.component.traps import component_trap
from wasmz.startup.concurrency import new_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Protocol

    from wasmz.runtime.link.store import Store

    class Function(Protocol):
        """A lifted function: `functions.py`."""

        type: Any
        options: Any


__wasmz_frame__ = "helper"

_BLOCKED_SYNC: Final = "cannot block a synchronous task before returning"


class Scheduler:
    """The threads of all components in a store.

    Attributes:
        waiting: those that wait for something.
        current: the one that runs, or ``None``.
        wake: is called when something has happened that threads may wait for.
        living: those that have not ended.
        lock: is held by the thread that runs guests' code.
    """

    def __init__(self) -> None:
        self.waiting: list[GuestThread] = []
        self.current: GuestThread | None = None
        self.wake: Callable[[], None] = _nothing
        self.living: set[GuestThread] = set()
        self.lock: Any = new_lock()
        # What drives it from asyncio, made there.
        self.driver: Any = None

    def running(self) -> GuestThread:
        """The thread that runs."""
        thread = self.current
        if thread is None:
            raise component_trap("there is no task: asynchronous built-ins cannot be called while instantiating")
        return thread

    def lock_down(self) -> None:
        """After a trap: ends the threads of instances that cannot be entered any more.

        An instance that waits for a call of another one's that will never end is such an instance, too.
        """
        if self.current is not None:
            return
        lost: set[GuestThread] = set()
        while True:
            found = {thread for thread in self.living if not thread.task.state_of_instance.may_be_called()} - lost
            if not found:
                break
            lost |= found
            for thread in found:
                task = thread.task
                if task.caller is not None and task.state != RESOLVED:
                    task.caller.lock_down()
        self._end(lost)

    def leave(self, store: Store) -> None:
        """The store is closed: ends all threads, and the calls from Python."""
        if self.current is None:
            self._end(set(self.living))
        if self.driver is not None:
            self.driver.close()

    def _end(self, threads: set[GuestThread]) -> None:
        self.living -= threads
        self.waiting = [thread for thread in self.waiting if thread not in threads]
        for thread in threads:
            thread.end()

    def tick(self) -> bool:
        """Goes on with a thread that is ready. Returns whether there was one."""
        for thread in self.waiting:
            state = thread.task.state_of_instance
            # Threads of instances that have trapped stay where they are.
            if thread.is_ready() and all(one.may_enter for one in state.chain()):
                entered = enter(state, None)
                thread.resume()
                leave(entered)
                return True
        return False


def _nothing() -> None:
    pass


def scheduler_of(store: Store) -> Scheduler:
    """The scheduler of a store."""
    found: Scheduler | None = store.components
    if found is None:
        found = store.components = Scheduler()
        store.add_part(found)
    return found


class InstanceTasks:
    """What the tasks of a component instance share.

    Attributes:
        threads: by index.
        backpressure: how often it was asked for that no further calls begin.
        waiting_to_enter: how many calls wait to begin.
        exclusive: the thread that runs code which allows no other such code, or ``None``.
    """

    __slots__ = ("backpressure", "exclusive", "scheduler", "threads", "waiting_to_enter")

    def __init__(self, state: ComponentState) -> None:
        self.scheduler: Scheduler = scheduler_of(state.store)
        self.threads: HandleTable = HandleTable(state.store.host_budget)
        self.backpressure: int = 0
        self.waiting_to_enter: int = 0
        self.exclusive: GuestThread | None = None


class GuestThread:
    """A stack of a guest's.

    Attributes:
        task: which it works for.
        index: in its instance's table, or 0.
        storage: what ``context.set`` put there.
        is_cancellable: whether a cancellation of the task may wake it.
    """

    __slots__ = ("_fiber", "_is_running", "_ready", "index", "is_cancellable", "storage", "task")

    def __init__(self, task: Task, run: Callable[[], None]) -> None:
        def work(cancelled: object) -> None:
            run()

        scheduler = task.tasks.scheduler
        if len(scheduler.living) >= MOST_THREADS:
            raise component_trap("there are too many tasks and threads")
        scheduler.living.add(self)
        self._fiber: Any = Fiber(work)
        self._ready: Callable[[], bool] | None = None
        self._is_running = False
        self.task: Task = task
        self.index: int = 0
        self.storage: list[int] = [0, 0]
        self.is_cancellable: bool = False

    def is_suspended(self) -> bool:
        """Whether it stands still until another thread resumes it."""
        return not self._is_running and self._ready is None

    def is_exclusive(self) -> bool:
        """Whether it runs code that needs its instance for itself."""
        task = self.task
        return task.thread is self and task.function.type.is_async is True and task.needs_exclusive()

    def is_ready(self) -> bool:
        """Whether it waits, and what it waits for is there."""
        return not self._is_running and self._ready is not None and self._ready()

    def resume(self, cancelled: bool = False) -> None:
        """Goes on with it, until it waits or ends; and with threads that it switches to."""
        if self._ready is not None:
            self.stop_waiting()
        thread: GuestThread | None = self
        while thread is not None:
            thread, cancelled = thread._run(cancelled), False

    def _run(self, cancelled: bool) -> GuestThread | None:
        scheduler = self.task.tasks.scheduler
        before, scheduler.current = scheduler.current, self
        self._is_running = True
        try:
            switch_to: GuestThread | None = self._fiber.resume(cancelled)
        finally:
            scheduler.current = before
        self._is_running = bool(self._fiber.is_done)
        if self._is_running:
            scheduler.living.discard(self)
        return switch_to

    def end(self) -> None:
        """Ends it where it waits."""
        self._ready = None
        try:
            self._fiber.end()
        except Exception:
            # It is some other thread's, or what was on its stack failed.
            pass

    def _start_waiting(self, ready: Callable[[], bool]) -> None:
        self._ready = ready
        self.task.tasks.scheduler.waiting.append(self)

    def stop_waiting(self) -> None:
        """It is not among those that wait any more."""
        self._ready = None
        self.task.tasks.scheduler.waiting.remove(self)

    def resume_later(self) -> None:
        """Makes it ready."""
        self._start_waiting(_always)

    # Called on the thread itself. All return whether the task was cancelled instead.

    def suspend(self, is_cancellable: bool, other: GuestThread | None = None) -> bool:
        """Stands still until another thread resumes it; goes on with another one, if there is one."""
        if self.task.deliver_cancel(is_cancellable):
            return True
        self.is_cancellable = is_cancellable
        return bool(block(other))

    def wait_until(self, ready: Callable[[], bool], is_cancellable: bool = False) -> bool:
        """Waits for something; not at all if it is there."""
        if self.task.deliver_cancel(is_cancellable):
            return True
        if ready():
            return False
        return self._wait(ready, is_cancellable, None)

    def give_way(self, is_cancellable: bool, other: GuestThread | None = None) -> bool:
        """Lets other threads run, first of all a given one."""
        if self.task.deliver_cancel(is_cancellable):
            return True
        return self._wait(_always, is_cancellable, other)

    def _wait(self, ready: Callable[[], bool], is_cancellable: bool, other: GuestThread | None) -> bool:
        self._start_waiting(ready)
        self.is_cancellable = is_cancellable
        return bool(block(other))


def _always() -> bool:
    return True


INITIAL, STARTED, PENDING_CANCEL, CANCEL_DELIVERED, RESOLVED = range(5)


class Refused:
    """In place of a result: the arguments from Python were wrong. ``error`` says it."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error: BaseException = error


class Task:
    """A call of a component's function.

    Attributes:
        function: which.
        caller: the instance that made it; ``None`` for the host.
        source: the encoding of strings of who calls: a component's, or ``"python"``.
        scope: the handles that are lent to it.
        thread: the one that the call began with.
        state: from ``INITIAL`` to ``RESOLVED``.
    """

    __slots__ = (
        *(
            "caller",
            "function",
            "on_resolve",
            "on_start",
            "scope",
            "source",
            "state",
            "state_of_instance",
            "tasks",
            "thread",
        ),
        "threads",
    )

    def __init__(
        self,
        function: Function,
        instance: ComponentState,
        on_start: Callable[[], tuple[Any, ...]],
        on_resolve: Callable[[Any, bool], None],
        source: str,
        caller: ComponentState | None = None,
    ) -> None:
        self.function: Function = function
        self.caller: ComponentState | None = caller
        self.state_of_instance: ComponentState = instance
        self.tasks: InstanceTasks = instance.tasks
        self.on_start: Callable[[], tuple[Any, ...]] = on_start
        self.on_resolve: Callable[[Any, bool], None] = on_resolve
        self.source: str = source
        self.scope: HostScope = HostScope()
        self.state: int = INITIAL
        self.thread: GuestThread | None = None
        self.threads: list[GuestThread] = []

    def needs_exclusive(self) -> bool:
        """Whether other such calls may not run in its instance at the same time."""
        options = self.function.options
        return not options.is_async or options.callback is not None

    def enter(self) -> bool:
        """Begins, on its first thread. False if it was cancelled before."""
        tasks = self.tasks
        thread = tasks.scheduler.running()
        self.thread = thread
        if self.function.type.is_async:

            def may_begin() -> bool:
                is_taken = self.needs_exclusive() and tasks.exclusive is not None
                return tasks.backpressure == 0 and not is_taken

            holder = tasks.exclusive
            if holder is not None and self.needs_exclusive() and tasks.backpressure == 0 and holder.is_ready():
                # It goes on first: perhaps it comes to its end.
                holder.resume()
            if not may_begin() or tasks.waiting_to_enter > 0:
                tasks.waiting_to_enter += 1
                # After those that wait already, even if it might begin.
                cancelled = thread._wait(may_begin, True, None)
                tasks.waiting_to_enter -= 1
                if cancelled:
                    self.cancel()
                    return False
            if self.needs_exclusive():
                tasks.exclusive = thread
        self.register(thread)
        return True

    def register(self, thread: GuestThread) -> None:
        """Notes a thread that works for it."""
        self.threads.append(thread)
        thread.index = self.tasks.threads.add(thread)

    def leave(self) -> None:
        """Ends its first thread."""
        thread = self.tasks.scheduler.running()
        self.unregister(thread)
        if self.function.type.is_async and self.needs_exclusive():
            self.tasks.exclusive = None

    def unregister(self, thread: GuestThread) -> None:
        """A thread has ended."""
        self.threads.remove(thread)
        if not self.threads and self.state != RESOLVED:
            raise component_trap("a task ended without returning a value or being cancelled")
        self.tasks.threads.remove(thread.index)

    def start(self) -> tuple[Any, ...]:
        """Takes the arguments."""
        self.state = STARTED
        return self.on_start()

    def finish(self, result: Any) -> None:
        """Gives its result."""
        if self.state == RESOLVED:
            raise component_trap("`task.return` or `task.cancel` called more than once for current task")
        self.scope.check()
        self.scope.end()
        self.on_resolve(result, False)
        self.state = RESOLVED

    def refuse(self, error: BaseException) -> None:
        """Ends as its arguments are wrong."""
        self.on_resolve(Refused(error), False)
        self.state = RESOLVED
        self.leave()

    def cancel(self) -> None:
        """Ends without a result."""
        if self.state != CANCEL_DELIVERED:
            raise component_trap("`task.cancel` called by task which has not been cancelled")
        self.scope.check()
        self.scope.end()
        self.on_resolve(None, True)
        self.state = RESOLVED

    def request_cancellation(self, caller: ComponentState | None) -> None:
        """Its caller wants it to end."""
        if self.state == INITIAL:
            self.state = CANCEL_DELIVERED
            if self.thread is not None:
                self.thread.resume(True)
            return
        if self.state != STARTED:
            return
        exclusive = self.tasks.exclusive
        taken = self.needs_exclusive() and exclusive is not None and exclusive is not self.thread
        candidates = [
            thread
            for thread in self.threads
            if thread.is_cancellable and not thread._is_running and not (taken and thread is self.thread)
        ]
        around = self.state_of_instance.entered_from(caller)
        if candidates and all(state.may_enter for state in around):
            self.state = CANCEL_DELIVERED
            entered = enter(self.state_of_instance, caller)
            candidates[0].resume(True)
            leave(entered)
        else:
            self.state = PENDING_CANCEL

    def deliver_cancel(self, is_cancellable: bool) -> bool:
        """Whether it was cancelled, and this is the moment when it is told."""
        if is_cancellable and self.state == PENDING_CANCEL:
            self.state = CANCEL_DELIVERED
            return True
        return False

    def run_until_resolved(self) -> None:
        """Of a synchronous function: lets other threads of its instance run while it waits for them."""
        while self.state != RESOLVED:
            for thread in self.tasks.threads.items:
                # Whoever needs the instance for itself cannot go on during this call.
                if thread is not None and not thread.is_exclusive() and thread.is_ready():
                    thread.resume()
                    break
            else:
                raise component_trap(_BLOCKED_SYNC)
