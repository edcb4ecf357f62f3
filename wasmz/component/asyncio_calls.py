"""Calls of asynchronous components from Python, on asyncio.

python_function(function, "fetch")      an ``async def`` if the function's type is asynchronous, otherwise a plain one
run_guest(store, action)                does what runs guests' code: with room for its calls, and traps for its errors

A *driver* is the asyncio task that goes on with guests' threads when what they wait for has happened. One runs as long
as there are calls, or threads that can go on.
"""

from __future__ import annotations

import asyncio
import math
from weakref import ref

from wasmz.component.assembly import own_types
from wasmz.component.fibers import is_on_fiber
from wasmz.component.generated import failure
from wasmz.component.handles import drop_abandoned
from wasmz.component.scheduling import Refused, Scheduler, scheduler_of
from wasmz.component.spelling import attribute_name
from wasmz.component.tasks import start_call
from wasmz.component.traps import ComponentError, component_trap
from wasmz.component.values import Err
from wasmz.errors import Interrupted
from wasmz.runtime.limits import depth
from wasmz.runtime.limits.checkpoints import suspended
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Final

    from wasmz.component.state import ComponentState
    from wasmz.runtime.link.store import Store

__wasmz_frame__ = "helper"

# So many steps of guests are done before others in the loop get their turn.
_STEPS: Final = 64
# So much work of the host's is under way at once: a guest begins any number of calls.
MOST_TASKS: Final = 20_000


def _make_run_deep() -> Callable[[int, Callable[[], Any]], Any]:
    """The function that calls another one with the recursion limit that guests need."""
    lines = ["def run_deep(needed_limit, action):"]
    lines += ["    " + line for line in depth.ENTER.splitlines()]
    lines += ["        return action()"]
    lines += ["    " + line for line in depth.LEAVE.splitlines()]
    namespace: dict[str, Any] = {**depth.NAMES, "__wasmz_frame__": "helper"}
    exec("\n".join(lines), namespace)
    return namespace["run_deep"]  # type: ignore[no-any-return]


_run_deep = _make_run_deep()


def run_guest(store: Store, action: Callable[[], Any]) -> Any:
    """Does something that runs guests' code.

    After a trap, calls end that can no longer go on.

    Raises:
        Trap: it trapped; or guests of the store run in another thread. Whatever functions of the host raised.
    """
    store.check_open()
    scheduler = scheduler_of(store)
    takes_lock = not is_on_fiber()
    if takes_lock and not scheduler.lock.acquire(blocking=False):
        raise component_trap("components of the store are active in another thread")
    try:
        return _run_deep(depth.needed_limit(store.engine.config), action)
    except BaseException as error:
        trap = failure(error) if isinstance(error, Exception) else None
        scheduler.lock_down()
        if scheduler.driver is not None:
            scheduler.driver.end_lost(error if trap is None else trap)
        if trap is None:
            raise
        raise trap from None
    finally:
        if takes_lock:
            scheduler.lock.release()


class _Call:
    """A call from Python.

    Attributes:
        result: what it gave, once it has.
        is_over: whether it has ended.
        task: the task that waits for it.
    """

    def __init__(self, function: Any, given: tuple[Any, ...]) -> None:
        self.function = function
        self.given = given
        self.result: Any = None
        self.is_over: bool = False
        self.is_cancelled: bool = False
        self.future: asyncio.Future[None] | None = None
        self.task: asyncio.Task[Any] | None = None
        self.on_cancel: Callable[[Any], None] | None = None

    def is_lost(self) -> bool:
        """Whether it will not come to an end, as its component has trapped."""
        return not self.function.place.state.may_be_called()

    def lock_down(self) -> None:
        """Its component is not called any more."""
        self.function.place.state.lock_down()

    def start(self) -> None:
        """Begins it."""
        self.on_cancel = start_call(self.function, lambda: self.given, self._resolve, None, "python")

    def _resolve(self, result: Any, is_cancelled: bool) -> None:
        self.result = result
        self.is_cancelled = is_cancelled
        self.is_over = True
        if self.future is not None and not self.future.done():
            self.future.set_result(None)

    def value(self) -> Any:
        """The result as Python sees it."""
        if self.result.__class__ is Refused:
            raise self.result.error from None
        type = self.function.type.result
        if type is not None and type.kind == "result":
            if isinstance(self.result, Err):
                raise ComponentError(self.result.value)
            return self.result.value
        return self.result


def python_function(function: Any, name: str) -> Callable[..., Any]:
    """The Python function that calls a lifted function which may wait."""
    names = [attribute_name(label) for label, _ in function.type.params]
    store: Store = function.place.state.store
    resources = [function.place.resource(resource) for resource in own_types(function.type.result)]

    def drop_all_abandoned() -> None:
        for resource in resources:
            if resource.abandoned:
                drop_abandoned(resource)

    def call(*args: Any, **named: Any) -> Any:
        drop_all_abandoned()
        made = _Call(function, _arguments(function, name, names, args, named))
        run_guest(store, made.start)
        return made.value()

    async def call_async(*args: Any, **named: Any) -> Any:
        drop_all_abandoned()
        made = _Call(function, _arguments(function, name, names, args, named))
        driver = driver_of(store)
        made.future = driver.loop.create_future()
        made.task = asyncio.current_task()
        driver.calls.append(made)
        try:
            driver.run(made.start, made)
            await _finish(made, driver)
        finally:
            driver.calls.remove(made)
        return made.value()

    chosen: Any = call_async if function.type.is_async else call
    chosen.__name__ = chosen.__qualname__ = name
    chosen.__doc__ = f"{function.name}: a function of a WebAssembly component."
    chosen.component_function = function
    return chosen  # type: ignore[no-any-return]


async def _finish(call: _Call, driver: Driver) -> None:
    """Waits for the end of a call. Cancelling that asks the guest to end, and waits for it, too."""
    future: Any = call.future
    try:
        await asyncio.shield(future)
    except asyncio.CancelledError:
        if driver.is_abrupt and not future.done():
            driver.stop(Interrupted())
            # That is told to nobody else.
            future.exception()
            raise
        on_cancel = call.on_cancel
        if not call.is_over and on_cancel is not None and not future.done():
            driver.run(lambda: on_cancel(None))
            await future
        raise


def _arguments(
    function: Any, name: str, names: list[str], args: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Any, ...]:
    """The arguments of a call in order. They are checked before anything of the guest runs."""
    if len(args) > len(names):
        raise TypeError(f"{name}() takes {len(names)} arguments but {len(args)} were given")
    given = list(args)
    for label in names[len(args) :]:
        if label not in named:
            raise TypeError(f"{name}() missing the argument {label!r}")
        given.append(named.pop(label))
    if named:
        raise TypeError(f"{name}() got an unexpected argument {next(iter(named))!r}")
    if given:
        load("wasmz.component.explain")
        from wasmz.component.explain import explain

        wrong = explain(function.type.params, given, function.place.class_of)
        if wrong is not None:
            raise wrong
    return tuple(given)


class Driver:
    """Goes on with the threads of a store's guests, in one event loop.

    Attributes:
        loop: the event loop.
        calls: those from Python that have not ended.
        pending: how much is under way in Python that guests may wait for.
        is_abrupt: whether cancelling a call stops the guest, instead of asking it to end.
        unfinished: what is to be finished even when the guests have ended, such as writing their output; and in how
            many seconds at most, or ``None``.
    """

    def __init__(self, store: Store, scheduler: Scheduler) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.store: Store = store
        self.scheduler: Scheduler = scheduler
        self.calls: list[_Call] = []
        self.pending: int = 0
        self.is_abrupt: bool = False
        self.unfinished: dict[asyncio.Future[Any], float | None] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        # How many calls have ended with an exception.
        self._failed: int = 0
        # Tasks that call nothing more: they wait until there is nothing to do.
        self._resting: set[asyncio.Task[Any] | None] = set()
        self._event = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def close(self) -> None:
        """The store is closed, perhaps by another thread. What is under way ends."""
        self._tell(lambda: self.stop(ValueError("the store is closed")))

    def _tell(self, action: Callable[[], object]) -> None:
        """Does something in the event loop; from any thread."""
        try:
            self.loop.call_soon_threadsafe(action)
        except RuntimeError:
            # The loop is closed: nobody waits there.
            pass

    def stop(self, error: BaseException) -> None:
        """Ends all calls with an exception, and what the host does for guests; these are not gone on with."""
        for thread in self.scheduler.waiting:
            thread.task.state_of_instance.lock_down()
        for task in list(self._tasks):
            task.cancel()
        calls = list(self.calls)
        for call in calls:
            call.lock_down()
        self.scheduler.lock_down()
        for call in calls:
            self._end(call, error)

    async def flush(self) -> None:
        """Waits for what is to be finished in any case. ``Interrupted`` if the store is interrupted meanwhile."""
        start = self.loop.time()
        stopped: asyncio.Future[None] = self.loop.create_future()

        def stop() -> None:
            if not stopped.done():
                stopped.set_result(None)

        suspended[id(stopped)] = ref(self.store), lambda: self._tell(stop)
        try:
            while self.unfinished:
                longest = max([math.inf if most is None else most for most in self.unfinished.values()])
                rest = longest + start - self.loop.time()
                if rest <= 0:
                    return
                timeout = None if rest == math.inf else rest
                await asyncio.wait([*self.unfinished, stopped], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                if stopped.done():
                    raise Interrupted
        finally:
            suspended.pop(id(stopped), None)

    async def finish(self) -> None:
        """Waits until guests have nothing more to do, and nothing to wait for."""
        task = asyncio.current_task()
        self._resting.add(task)
        try:
            while self._task is not None and not self._task.done():
                self._event.set()
                await asyncio.wait([self._task])
        finally:
            self._resting.discard(task)

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begins work of the host's that guests may wait for. ``Trap`` if there is too much of it."""
        if self.pending >= MOST_TASKS:
            work.close()
            raise component_trap("there are too many tasks and threads")
        self.pending += 1
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self.pending -= 1
        # Who waits for it has been told; the others may wait for nothing now.
        self._event.set()

    def run(self, action: Callable[[], Any], call: _Call | None = None, state: ComponentState | None = None) -> None:
        """Does something that runs guests' code. What goes wrong ends the calls of instances that have trapped.

        Args:
            action: what to do.
            call: it begins this one, which ends then in any case.
            state: it goes on with this instance, through which an exception passes.
        """
        before = self._failed
        try:
            run_guest(self.store, action)
        except BaseException as error:
            if call is not None:
                self._end(call, error)
            if state is not None:
                state.lock_down()
                self.scheduler.lock_down()
                self.end_lost(error)
            self._report(error, before)
            if not isinstance(error, Exception):
                raise
        self.wake()

    def fail(self, error: BaseException) -> None:
        """An instance that may not be entered any more has failed: ends its calls, and those that depend on them."""
        before = self._failed
        self.scheduler.lock_down()
        self.end_lost(error)
        self._report(error, before)
        self.wake()

    def end_lost(self, error: BaseException) -> None:
        """Ends the calls that cannot go on."""
        if self.scheduler.current is None:
            for call in list(self.calls):
                if call.is_lost() or self.store.is_closed:
                    self._end(call, error)

    def _end(self, call: _Call, error: BaseException) -> None:
        if call.future is not None and not call.future.done():
            call.future.set_exception(error)
            self._failed += 1

    def _report(self, error: BaseException, before: int) -> None:
        """Tells the event loop's handler, if no call has ended since."""
        if self._failed == before and not self.store.is_closed:
            self.loop.call_exception_handler({"message": "a component failed after its calls", "exception": error})

    def _may_go_on(self) -> bool:
        """Whether guests that wait for each other may yet be called by tasks that wait for none of these calls."""
        waiting = {*self._resting, *[call.task for call in self.calls]}
        return any(task not in waiting and task is not self._task for task in asyncio.all_tasks(self.loop))

    def wake(self) -> None:
        """Something has happened that guests may wait for."""
        self._event.set()
        if (self._task is None or self._task.done()) and self.loop.is_running():
            self._task = self.loop.create_task(self._drive())

    async def _drive(self) -> None:
        # Guests may also give way again and again, so that deadlines and interrupts find them nowhere.
        suspended[id(self)] = ref(self.store), lambda: self._tell(lambda: self.stop(Interrupted()))
        try:
            await self._go_on()
        finally:
            suspended.pop(id(self), None)

    async def _go_on(self) -> None:
        steps = 0
        while True:
            self._event.clear()
            before = self._failed
            try:
                while run_guest(self.store, self.scheduler.tick):
                    steps += 1
                    if steps % _STEPS == 0:
                        await asyncio.sleep(0)
            except Exception as error:
                self._report(error, before)
                if self.store.is_closed:
                    return
                # Others may go on.
                continue
            if self._event.is_set():
                continue
            open_calls = [call for call in self.calls if call.future is not None and not call.future.done()]
            if not open_calls and not self.pending:
                return
            if not self.pending:
                # What others in the loop do may still go on with guests: they get one turn.
                await asyncio.sleep(0)
                if self._event.is_set() or self.pending:
                    continue
                if not self._may_go_on():
                    deadlock = component_trap("deadlock detected: event loop cannot make further progress")
                    for call in open_calls:
                        self._end(call, deadlock)
                    return
            await self._event.wait()


def driver_of(store: Store) -> Driver:
    """The driver of a store in the event loop that runs. ``RuntimeError`` if none does."""
    scheduler = scheduler_of(store)
    driver: Driver | None = scheduler.driver
    # Guests' threads, which have no event loop, run while the one of their driver waits for them.
    if driver is None or not driver.loop.is_running():
        driver = scheduler.driver = Driver(store, scheduler)
        scheduler.wake = driver.wake
    elif scheduler.current is None and driver.loop is not asyncio.get_running_loop():
        raise RuntimeError("the store's components are called from another event loop")
    return driver
