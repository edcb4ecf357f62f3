"""Calls of components that may wait: ``canon lift`` and ``canon lower`` in general.

start_call(function, on_start, on_resolve, caller, source)      begins a call; returns what asks it to end
lowered_function(function, type, options, place, name)          what core code calls for such a function
"""

from __future__ import annotations

from wasmz.component.assembly import (
    lift_arguments_text,
    lift_result_text,
    lower_arguments_text,
    lower_result_text,
    returned_text,
)
from wasmz.component.generated import failure, make_function, side_of
from wasmz.component.handles import end_lending
from wasmz.component.layout import MAX_FLAT_ASYNC_PARAMS, MAX_FLAT_PARAMS
from wasmz.component.scheduling import GuestThread, Task
from wasmz.component.state import ComponentState, enter, leave, trap_enter, trap_leave
from wasmz.component.traps import component_trap
from wasmz.component.types import FunctionType
from wasmz.component.waitables import (
    CANCELLED_BEFORE_RETURNED,
    CANCELLED_BEFORE_STARTED,
    NONE,
    RETURNED,
    STARTED,
    STARTING,
    SUBTASK,
    TASK_CANCELLED,
    Event,
    Subtask,
    WaitableSet,
)
from wasmz.errors import Interrupted, Trap, WasmException
from wasmz.runtime.abi import HELPER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.component.generated import BoundOptions, Place
    from wasmz.component.writer import Side, Text

    OnStart = Callable[[], tuple[Any, ...]]
    OnResolve = Callable[[Any, bool], None]
    OnCancel = Callable[[ComponentState | None], None]

__wasmz_frame__ = "helper"

BLOCKED: Final = 0xFFFFFFFF
_EXIT, _YIELD, _WAIT = range(3)


def call_core(function: Callable[..., Any], *args: Any) -> Any:
    """Calls core code; an exception that it does not catch is a trap."""
    try:
        return function(*args)
    except WasmException as error:
        raise error.as_trap() from None


def _piece(
    key: Any, options: BoundOptions, place: Place, source: str, write: Callable[[Side], Any]
) -> Callable[..., Any]:
    """A function that is a part of calls, made once."""
    known = options.items
    found = known.get(key)
    if found is None:

        def make() -> tuple[Text, str, list[str]]:
            side = side_of("a", options, place, is_raw=source != "python", source=source)
            text, params = write(side)
            return text, params, []

        found = known[key] = make_function(str(key[0]), HELPER, make, options.names("a", place.state), place.codes)
    return found  # type: ignore[no-any-return]


def _function_piece(
    function: Any, name: str, source: str, write: Callable[[FunctionType, Side], Any]
) -> Callable[..., Any]:
    place, type = function.place, function.type
    key = (name, type, source)
    return _piece(key, function.options, place, source, lambda side: write(type, side))


def start_call(
    function: Any, on_start: OnStart, on_resolve: OnResolve, caller: ComponentState | None, source: str
) -> OnCancel:
    """Calls a lifted function.

    Args:
        function: a ``LiftedFunction``.
        on_start: gives the arguments, when the call begins.
        on_resolve: takes the result; or that it was cancelled.
        caller: the instance that calls; ``None`` for the host.
        source: the encoding of that one's strings, or ``"python"``.

    Returns:
        What asks it to end.
    """
    state = function.place.state
    if caller is not None and state.is_around(caller):
        trap_enter(state)
    entered = enter(state, caller)
    task = Task(function, state, on_start, on_resolve, source, caller)
    thread = GuestThread(task, lambda: _run(function, task))
    thread.resume()
    if not function.type.is_async:
        task.run_until_resolved()
    leave(entered)
    return task.request_cancellation


def _run(function: Any, task: Task) -> None:
    """What the first thread of a call does."""
    if not task.enter():
        return
    lower = _function_piece(function, "lower_arguments", task.source, lower_arguments_text)
    if task.source == "python":
        lowered_ones = _lower_from_python(function, task, lower)
        if lowered_ones is None:
            return
        cores = lowered_ones
    else:
        cores = lower(task.scope, *task.start())
    options = function.options
    if not options.is_async:
        result = call_core(function.core.code, *cores)
        lift = _function_piece(function, "lift_result", task.source, lift_result_text)
        task.finish(lift(result))
        if options.post is not None:
            state = function.place.state
            state.may_leave = False
            call_core(options.post, *(() if result is None else (result,)))
            state.may_leave = True
    elif options.callback is None:
        call_core(function.core.code, *cores)
    else:
        _run_callbacks(function, task, call_core(function.core.code, *cores))
    task.leave()


def _lower_from_python(function: Any, task: Task, lower: Callable[..., Any]) -> tuple[Any, ...] | None:
    """The core arguments; ``None`` if the arguments are wrong, and the call has ended."""
    given, state = task.start(), task.state_of_instance
    state.given = []
    try:
        cores: tuple[Any, ...] = lower(task.scope, *given)
    except Exception as error:
        if failure(error) is not None or isinstance(error, (Trap, Interrupted)):
            raise
        state.may_leave = True
        task.refuse(function.refuse(error, given, task.scope) or error)
        return None
    state.given = None
    return cores


def _run_callbacks(function: Any, task: Task, packed: int) -> None:
    """Calls the callback with what happens, until it says that the call is over."""
    tasks = task.tasks
    thread = tasks.scheduler.running()

    def is_free() -> bool:
        return tasks.exclusive is None

    while True:
        code, index = packed & 15, packed >> 4
        if code == _EXIT:
            return
        if code > _WAIT:
            raise component_trap(f"unsupported callback code: {code}")
        tasks.exclusive = None
        event: Event
        if code == _YIELD:
            cancelled = task.deliver_cancel(True) or thread._wait(is_free, True, None)
            event = (TASK_CANCELLED if cancelled else NONE, 0, 0)
        else:
            waitable_set = function.place.state.handles.get(index)
            if waitable_set.__class__ is not WaitableSet:
                raise component_trap(f"handle index {index} is no waitable set")
            event = waitable_set.wait(thread, True, is_free)
        tasks.exclusive = thread
        packed = call_core(function.options.callback, *event)


def returned_value(task: Task, result: Any, cores: tuple[Any, ...]) -> Any:
    """The value that a component gives to ``task.return``."""
    function: Any = task.function
    lift = _piece(
        ("returned", task.source, None if result is None else result.form),
        function.options,
        function.place,
        task.source,
        lambda side: returned_text(result, side),
    )
    return lift(*cores)


def lowered_function(
    function: Any, type: FunctionType, options: BoundOptions, place: Place, name: str
) -> Callable[..., Any]:
    """What core code of an instance calls for a function of another one."""

    def callee(on_start: OnStart, on_resolve: OnResolve) -> OnCancel:
        return start_call(function, on_start, on_resolve, place.state, options.encoding)

    return lowered(callee, type, options, place, function.options.encoding)


def lowered(
    callee: Callable[[OnStart, OnResolve], OnCancel],
    type: FunctionType,
    options: BoundOptions,
    place: Place,
    source: str,
) -> Callable[..., Any]:
    """What core code of an instance calls for a function: ``callee`` begins a call.

    ``source`` is the encoding of strings in results, or ``"python"``.
    """
    lift, lower = _conversions(type, options, place, source)
    flat_result = () if type.result is None else options.layouts.flat(type.result)
    has_pointer = type.result is not None and (options.is_async or flat_result is None or len(flat_result) > 1)
    state = place.state

    def call(*cores: Any) -> Any:
        if not state.may_leave:
            trap_leave()
        thread = state.tasks.scheduler.running()
        subtask = Subtask()
        index = 0

        def on_start() -> tuple[Any, ...]:
            subtask.state = STARTED
            if index:
                subtask.event = subtask_event
            return lift(subtask.lent, *cores)  # type: ignore[no-any-return]

        def on_resolve(result: Any, is_cancelled: bool) -> None:
            if is_cancelled:
                was_started = subtask.state != STARTING
                subtask.state = CANCELLED_BEFORE_RETURNED if was_started else CANCELLED_BEFORE_STARTED
            else:
                if type.result is not None:
                    subtask.results = lower(result, cores[-1] if has_pointer else None)
                subtask.state = RETURNED
            if index:
                subtask.event = subtask_event

        def subtask_event() -> Event:
            if subtask.is_resolved():
                deliver(subtask)
            return SUBTASK, index, subtask.state

        subtask.on_cancel = callee(on_start, on_resolve)
        if not options.is_async:
            if not subtask.is_resolved():
                thread.wait_until(subtask.is_resolved)
            deliver(subtask)
            return subtask.results
        if subtask.is_resolved():
            deliver(subtask)
            return RETURNED
        index = state.handles.add(subtask)
        return subtask.state | index << 4

    return call


def _conversions(
    type: FunctionType, options: BoundOptions, place: Place, source: str
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What lifts the arguments of a function that core code calls, and what lowers its result."""
    core_type = options.layouts.lowered(type, is_async=options.is_async)
    most = MAX_FLAT_ASYNC_PARAMS if options.is_async else MAX_FLAT_PARAMS
    count = len(core_type.params)
    key = (type, options.is_async, source)
    lift = _piece(
        ("lift_arguments", *key),
        options,
        place,
        source,
        lambda side: lift_arguments_text(type, side, most, count),
    )
    lower = _piece(
        ("lower_result", *key),
        options,
        place,
        source,
        lambda side: lower_result_text(type, side, is_async=options.is_async),
    )
    return lift, lower


def deliver(subtask: Subtask) -> None:
    """The end of a subtask is told: what was lent to it is back."""
    lent, subtask.lent = subtask.lent, None
    end_lending(lent or [])


class _Inner:
    """The function that a destructor is, or the instantiation of a core module."""

    def __init__(self) -> None:
        self.type: FunctionType = FunctionType()
        self.options: Any = _Plain


class _Plain:
    is_async = False
    callback = None
    post = None


def run_inside(state: ComponentState, action: Callable[[], Any]) -> Any:
    """Does something that runs core code as a synchronous task of its own; its instance is entered. The result."""
    made: list[Any] = []

    def run() -> None:
        if task.enter():
            task.start()
            made.append(action())
            task.finish(None)
            task.leave()

    task = Task(_Inner(), state, tuple, lambda result, is_cancelled: None, "python")
    GuestThread(task, run).resume()
    task.run_until_resolved()
    return made[0]
