"""The built-ins of the canonical ABI for tasks, streams and futures, as core functions.

make_built_in(place, definition)        what core code calls for, say, ``stream.read``
"""

from __future__ import annotations

from wasmz.component import copies
from wasmz.component.copies import CopyEnd, SharedFuture, SharedStream
from wasmz.component.error_contexts import ErrorContext, pass_error_context
from wasmz.component.generated import BoundOptions, make_function, side_of
from wasmz.component.matching import resolved
from wasmz.component.scheduling import GuestThread, Task
from wasmz.component.state import trap_leave
from wasmz.component.tasks import BLOCKED, call_core, returned_value
from wasmz.component.transfer import lift_latin1_or_utf16, lift_utf8, lift_utf16
from wasmz.component.transfers import GuestBuffer, TransferKind
from wasmz.component.traps import component_trap
from wasmz.component.types import STRING
from wasmz.component.waitables import (
    FUTURE_READ,
    FUTURE_WRITE,
    STREAM_READ,
    STREAM_WRITE,
    Event,
    Subtask,
    Waitable,
    WaitableSet,
)
from wasmz.runtime.abi import HELPER
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.component import syntax
    from wasmz.component.generated import Place

    Code = Callable[..., Any]

__wasmz_frame__ = "helper"

_MOST_BACKPRESSURE: Final = 1 << 16
# Characters of a debug message.
_MOST_MESSAGE: Final = 1 << 12


def make_built_in(place: Place, definition: syntax.BuiltIn) -> Code:
    """What core code calls for a built-in."""
    name = definition.name
    if name in _COPIES:
        return _make_copy(place, definition, *_COPIES[name])
    code = _MAKERS[name](place, definition)
    if name in _ANYWHERE:
        return code
    state = place.state

    def call(*args: Any) -> Any:
        if not state.may_leave:
            trap_leave()
        return code(*args)

    return call


# Those that may be called in realloc and post-return, too.
_ANYWHERE: Final = frozenset({"context.get", "context.set", "backpressure.inc", "backpressure.dec"})


def _find(place: Place, index: int, kind: Any, what: str) -> Any:
    item = place.state.handles.get(index)
    if not isinstance(item, kind):
        raise component_trap(f"handle index {index} is no {what}")
    return item


# Tasks


def _context_get(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler, slot = place.state.tasks.scheduler, definition.slot
    return lambda: scheduler.running().storage[slot]


def _context_set(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler, slot = place.state.tasks.scheduler, definition.slot

    def context_set(value: int) -> None:
        scheduler.running().storage[slot] = value

    return context_set


def _backpressure_inc(place: Place, definition: syntax.BuiltIn) -> Code:
    tasks = place.state.tasks

    def backpressure_inc() -> None:
        tasks.backpressure += 1
        if tasks.backpressure == _MOST_BACKPRESSURE:
            raise component_trap("backpressure counter overflow")

    return backpressure_inc


def _backpressure_dec(place: Place, definition: syntax.BuiltIn) -> Code:
    tasks = place.state.tasks

    def backpressure_dec() -> None:
        if tasks.backpressure == 0:
            raise component_trap("backpressure counter underflow")
        tasks.backpressure -= 1

    return backpressure_dec


def _task_return(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler = place.state.tasks.scheduler
    options = BoundOptions(definition.options, place)
    result: Any = definition.type
    key = resolved(result, place)

    def task_return(*cores: Any) -> None:
        task: Task = scheduler.running().task
        function: Any = task.function
        theirs = function.options
        if not theirs.is_async:
            raise component_trap("`task.return` called for a function that returns its result itself")
        if (
            resolved(function.type.result, place) != key
            or options.encoding != theirs.encoding
            or (options.memory is not theirs.memory and result is not None and options.memory is not None)
        ):
            raise component_trap("invalid `task.return` signature and/or options for current task")
        task.finish(returned_value(task, function.type.result, cores))

    return task_return


def _task_cancel(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler = place.state.tasks.scheduler

    def task_cancel() -> None:
        task: Any = scheduler.running().task
        if not task.function.options.is_async:
            raise component_trap("`task.cancel` called for a function that returns its result itself")
        task.cancel()

    return task_cancel


def _subtask_cancel(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler, is_async = place.state.tasks.scheduler, definition.is_async

    def subtask_cancel(index: int) -> int:
        thread = scheduler.running()
        subtask = _find(place, index, Subtask, "subtask")
        if subtask.lent is None:
            raise component_trap("`subtask.cancel` called after terminal status delivered")
        if subtask.is_cancelled:
            raise component_trap("`subtask.cancel` called twice")
        if not is_async:
            subtask.check_alone()
        if not subtask.is_resolved():
            subtask.is_cancelled = True
            subtask.on_cancel(place.state)
            if not subtask.is_resolved():
                if is_async:
                    return BLOCKED
                subtask.wait(thread)
        subtask.take_event()
        return subtask.state  # type: ignore[no-any-return]

    return subtask_cancel


def _subtask_drop(place: Place, definition: syntax.BuiltIn) -> Code:
    return _dropper(place, Subtask, "subtask")


def _dropper(place: Place, kind: Any, what: str) -> Code:
    def drop(index: int) -> None:
        _find(place, index, kind, what).drop()
        place.state.handles.remove(index)

    return drop


# Waitable sets


def _waitable_set_new(place: Place, definition: syntax.BuiltIn) -> Code:
    return lambda: place.state.handles.add(WaitableSet())


def _waitable_set_wait(place: Place, definition: syntax.BuiltIn) -> Code:
    return _waiter(place, definition, WaitableSet.wait)


def _waitable_set_poll(place: Place, definition: syntax.BuiltIn) -> Code:
    return _waiter(place, definition, WaitableSet.poll)


def _waiter(place: Place, definition: syntax.BuiltIn, wait: Callable[..., Event]) -> Code:
    scheduler, is_cancellable = place.state.tasks.scheduler, definition.is_cancellable
    memory: Any = BoundOptions(definition.options, place).memory

    def waiter(index: int, address: int) -> int:
        found = _find(place, index, WaitableSet, "waitable set")
        code, first, second = wait(found, scheduler.running(), is_cancellable)
        if address & 3:
            raise component_trap("unaligned pointer")
        if address + 8 > memory.size_bytes:
            raise component_trap("pointer out of bounds of memory")
        memory.bytes[address : address + 8] = first.to_bytes(4, "little") + second.to_bytes(4, "little")
        return code

    return waiter


def _waitable_set_drop(place: Place, definition: syntax.BuiltIn) -> Code:
    return _dropper(place, WaitableSet, "waitable set")


def _waitable_join(place: Place, definition: syntax.BuiltIn) -> Code:
    def waitable_join(index: int, set_index: int) -> None:
        waitable = _find(place, index, Waitable, "waitable")
        if waitable.has_sync_waiter:
            raise component_trap("waitable cannot be used synchronously while added to a waitable set")
        waitable.join(_find(place, set_index, WaitableSet, "waitable set") if set_index else None)

    return waitable_join


# Threads


def _thread_index(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler = place.state.tasks.scheduler
    return lambda: scheduler.running().index


def _thread_new(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler = place.state.tasks.scheduler
    table = place.items["core table"][definition.table or 0]
    wanted = place.items["core type"][definition.type_index or 0].type.composite

    def thread_new(index: int, argument: int) -> int:
        task: Task = scheduler.running().task
        callee = table.get(index)
        if callee is None or (callee.type.params, callee.type.results) != (wanted.params, ()):
            raise component_trap("`thread.new-indirect` called with a function of another type")

        def run() -> None:
            call_core(callee.code, argument)
            task.unregister(thread)

        thread = GuestThread(task, run)
        task.register(thread)
        return thread.index

    return thread_new


def _thread_resume_later(place: Place, definition: syntax.BuiltIn) -> Code:
    def thread_resume_later(index: int) -> None:
        _suspended(place, index).resume_later()

    return thread_resume_later


def _suspended(place: Place, index: int) -> GuestThread:
    thread: GuestThread = place.state.tasks.threads.get(index)
    if not thread.is_suspended():
        raise component_trap("the thread is not suspended")
    return thread


def _thread_suspend(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler, is_cancellable = place.state.tasks.scheduler, definition.is_cancellable
    return lambda: int(scheduler.running().suspend(is_cancellable))


def _thread_yield(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler, is_cancellable = place.state.tasks.scheduler, definition.is_cancellable
    return lambda: int(scheduler.running().give_way(is_cancellable))


def _thread_suspend_resume(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler, is_cancellable = place.state.tasks.scheduler, definition.is_cancellable
    return lambda index: int(scheduler.running().suspend(is_cancellable, _suspended(place, index)))


def _thread_yield_resume(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler, is_cancellable = place.state.tasks.scheduler, definition.is_cancellable
    return lambda index: int(scheduler.running().give_way(is_cancellable, _suspended(place, index)))


def _promoted(place: Place, index: int) -> GuestThread | None:
    """A thread that waits, if it is ready: it goes on at once."""
    thread: GuestThread = place.state.tasks.threads.get(index)
    if not thread.is_ready():
        return None
    thread.stop_waiting()
    return thread


def _thread_suspend_promote(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler, is_cancellable = place.state.tasks.scheduler, definition.is_cancellable

    def thread_suspend_promote(index: int) -> int:
        thread = scheduler.running()
        if thread.task.deliver_cancel(is_cancellable):
            return 1
        return int(thread.suspend(is_cancellable, _promoted(place, index)))

    return thread_suspend_promote


def _thread_yield_promote(place: Place, definition: syntax.BuiltIn) -> Code:
    scheduler, is_cancellable = place.state.tasks.scheduler, definition.is_cancellable

    def thread_yield_promote(index: int) -> int:
        thread = scheduler.running()
        if thread.task.deliver_cancel(is_cancellable):
            return 1
        return int(thread.give_way(is_cancellable, _promoted(place, index)))

    return thread_yield_promote


# Streams and futures


def _new_ends(place: Place, definition: syntax.BuiltIn) -> Code:
    kind: TransferKind = place.transfer(definition.type)

    def new_ends() -> int:
        shared = SharedStream(kind) if kind.is_stream else SharedFuture(kind)
        reader = place.state.handles.add(CopyEnd(shared, True))
        return reader | place.state.handles.add(CopyEnd(shared, False)) << 32

    return new_ends


def _find_end(place: Place, index: int, kind: TransferKind, is_reader: bool) -> CopyEnd:
    end = place.state.handles.get(index)
    name = "stream" if kind.is_stream else "future"
    if end.__class__ is not CopyEnd or end.is_reader != is_reader or end.shared.kind.is_stream != kind.is_stream:
        raise component_trap(f"handle index {index} is no {'readable' if is_reader else 'writable'} end of a {name}")
    if end.shared.kind.key != kind.key:
        raise component_trap(f"handle index {index} is a {name} of another type")
    return end


_COPIES: Final = {
    "stream.read": (STREAM_READ, True),
    "stream.write": (STREAM_WRITE, False),
    "future.read": (FUTURE_READ, True),
    "future.write": (FUTURE_WRITE, False),
}


def _make_copy(place: Place, definition: syntax.BuiltIn, code: int, is_reader: bool) -> Code:
    state = place.state
    kind: TransferKind = place.transfer(definition.type)
    options = BoundOptions(definition.options, place)

    def copy(index: int, address: int, count: int = 1) -> int:
        if not state.may_leave:
            trap_leave()
        thread = state.tasks.scheduler.running()
        end = _find_end(place, index, kind, is_reader)
        end.check_idle()
        if not options.is_async:
            end.check_alone()
        buffer = GuestBuffer(kind, options, place, address, count)

        def settle(result: int, take_back: Callable[[], None] | None) -> Event:
            if take_back is not None:
                take_back()
            is_over = result == copies.DROPPED or (result == copies.COMPLETED and not kind.is_stream)
            end.state = copies.DONE if is_over else copies.IDLE
            return code, index, result | buffer.progress << 4 if kind.is_stream else result

        def copied(take_back: Callable[[], None]) -> None:
            end.partial = buffer
            end.event = lambda: settle(copies.COMPLETED, take_back)

        def done(result: int) -> None:
            end.event = lambda: settle(result, None)

        end.state, end.partial = copies.COPYING, None
        (end.shared.read if is_reader else end.shared.write)(state, buffer, copied, done)
        if not end.has_event():
            if options.is_async:
                return BLOCKED
            end.wait(thread)
        return end.take_event()[2]

    return copy


def _cancel_copy(place: Place, definition: syntax.BuiltIn) -> Code:
    kind: TransferKind = place.transfer(definition.type)
    scheduler, is_async = place.state.tasks.scheduler, definition.is_async
    is_reader = definition.name.endswith("read")

    def cancel_copy(index: int) -> int:
        thread = scheduler.running()
        end = _find_end(place, index, kind, is_reader)
        if end.state != copies.COPYING or end.has_sync_waiter:
            raise component_trap("there is no copy to be cancelled")
        if not is_async:
            end.check_alone()
        end.state = copies.CANCELLING
        # Where a part was copied, and the rest was still to come, that is what ends.
        if not end.has_event() or end.is_partly_done():
            end.shared.cancel()
            if not end.has_event():
                if is_async:
                    return BLOCKED
                end.wait(thread)
        return end.take_event()[2]

    return cancel_copy


def _drop_end(place: Place, definition: syntax.BuiltIn) -> Code:
    kind: TransferKind = place.transfer(definition.type)
    is_reader = definition.name.endswith("readable")

    def drop_end(index: int) -> None:
        _find_end(place, index, kind, is_reader).drop()
        place.state.handles.remove(index)

    return drop_end


# Error contexts


def _error_context_new(place: Place, definition: syntax.BuiltIn) -> Code:
    options = BoundOptions(definition.options, place)
    memory: Any = options.memory

    def error_context_new(address: int, count: int) -> int:
        if options.encoding == "utf8":
            text = lift_utf8(memory, address, count)
        elif options.encoding == "utf16":
            text = lift_utf16(memory, address, count)
        else:
            text = lift_latin1_or_utf16(memory, address, count, 1 << 8 * options.layouts.pointer - 1, False)
        # It may be shortened: it is for people, and the host keeps it.
        return place.state.handles.add(ErrorContext(text[:_MOST_MESSAGE]))

    return error_context_new


def _error_context_message(place: Place, definition: syntax.BuiltIn) -> Code:
    load("wasmz.component.assembly")
    from wasmz.component.assembly import write_items_text

    options = BoundOptions(definition.options, place)

    def write() -> Any:
        text, params = write_items_text(STRING, side_of("a", options, place, is_raw=False))
        return text, params, []

    store = make_function("store_message", HELPER, write, options.names("a", place.state), place.codes)

    def error_context_message(index: int, address: int) -> None:
        message = pass_error_context(place.state, index).debug_message
        memory: Any = options.memory
        if address & 3 or address + 2 * options.layouts.pointer > memory.size_bytes:
            raise component_trap("pointer out of bounds of memory")
        store([message], address)

    return error_context_message


def _error_context_drop(place: Place, definition: syntax.BuiltIn) -> Code:
    def error_context_drop(index: int) -> None:
        pass_error_context(place.state, index)
        place.state.handles.remove(index)

    return error_context_drop


_MAKERS: Final[dict[str, Callable[[Place, syntax.BuiltIn], Code]]] = {
    "context.get": _context_get,
    "context.set": _context_set,
    "backpressure.inc": _backpressure_inc,
    "backpressure.dec": _backpressure_dec,
    "task.return": _task_return,
    "task.cancel": _task_cancel,
    "subtask.cancel": _subtask_cancel,
    "subtask.drop": _subtask_drop,
    "waitable-set.new": _waitable_set_new,
    "waitable-set.wait": _waitable_set_wait,
    "waitable-set.poll": _waitable_set_poll,
    "waitable-set.drop": _waitable_set_drop,
    "waitable.join": _waitable_join,
    "thread.index": _thread_index,
    "thread.new-indirect": _thread_new,
    "thread.resume-later": _thread_resume_later,
    "thread.suspend": _thread_suspend,
    "thread.yield": _thread_yield,
    "thread.suspend-then-resume": _thread_suspend_resume,
    "thread.yield-then-resume": _thread_yield_resume,
    "thread.suspend-then-promote": _thread_suspend_promote,
    "thread.yield-then-promote": _thread_yield_promote,
    **dict.fromkeys(("stream.new", "future.new"), _new_ends),
    **dict.fromkeys(
        ("stream.cancel-read", "stream.cancel-write", "future.cancel-read", "future.cancel-write"), _cancel_copy
    ),
    **dict.fromkeys(
        ("stream.drop-readable", "stream.drop-writable", "future.drop-readable", "future.drop-writable"), _drop_end
    ),
    "error-context.new": _error_context_new,
    "error-context.debug-message": _error_context_message,
    "error-context.drop": _error_context_drop,
}
