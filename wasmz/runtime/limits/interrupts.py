"""Stops running code: at a store's deadline, or on request.

    watch(store, 0.5)            raises Interrupted in the store's code half a second from now
    interrupt(store)             raises it now

Generated code tests nothing for that. CPython looks for asynchronous exceptions at every backward jump and call;
:class:`~wasmz.Interrupted` is sent as one to the threads whose frames show that they run code of the store. It is sent
only where it does no harm. A thread inside the runtime's own code gets none, because a memory may be half grown there.
A thread that has just left the store's code gets none either, because testing and sending are a single step for other
threads (see :func:`_send`). A thread that cannot be stopped now is tried again a little later; meanwhile, the runtime's
code finds a request at its next checkpoint (``checkpoints.py``).

The compiler's passes can be stopped anywhere: they change only what they are making, which is then thrown away.

A host function that sleeps in C cannot be reached like this. In the main thread the signal ``SIGURG`` wakes it, unless
the program has a handler for it; in other threads the exception is raised when it returns.
"""

from __future__ import annotations

import ctypes
import operator
import signal
import sys
import threading
import time
import weakref
from itertools import compress

from wasmz.errors import Interrupted
from wasmz.runtime.abi import EXPORT_FILE, FRAME_KEY, HELPER, HOST, STUB_FILE
from wasmz.runtime.limits.checkpoints import is_in, requests, suspended
from wasmz.runtime.traps.translation import InstanceFrames
from wasmz.startup.concurrency import at_fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Final

    # Here, a store is only compared with others.
    Store = object

__wasmz_frame__ = "helper"

# Seconds until the next attempt to stop a thread, and between checks whether more code was started in a store whose
# deadline has passed.
_AGAIN: Final = 0.001
_LATER: Final = 0.005

# The longest wait for the next deadline: systems refuse to wait for centuries.
_LONGEST: Final = 3600.0

# How often in a row a thread that runs the store's code is examined; how often other threads are, which may begin to
# run it; and the seconds between two examinations.
_ATTEMPTS: Final = 100
_LOOKS: Final = 20
_SHORT_INTERVAL: Final = 0.00002

# The modules in which the compiler may be stopped, and those that may be between them and the runtime, which called
# them. Importing is not among them, nor is what switches Python's garbage collector off and on.
_COMPILER: Final = ("wasmz.baseline", "wasmz.passes", "wasmz.ir", "wasmz.codegen", "wasmz.wasm")
_COMPILER_CALLERS: Final = (
    *_COMPILER,
    "wasmz.compile.pipeline",
    "wasmz.compile.faults",
    "wasmz.compile.on_demand",
    "wasmz.compile.lazy",
    "wasmz.startup.light",
)
_SUPPLY: Final = "wasmz.runtime.calls.supply"

# The modules whose functions are called when an object goes, and ours, of which that is true for the innermost frame
# only.
_FINALIZERS: Final = frozenset({"weakref", "_weakrefset"})
_WEAK_REFERENCES: Final = "wasmz.startup.light"

_prototype = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.py_object)
_set_async_exc = _prototype(("PyThreadState_SetAsyncExc", ctypes.pythonapi))


def watch(store: Store, seconds: float | None) -> None:
    """Sets the deadline of a store, or removes it.

    Raises:
        RuntimeError: this system has no threads, which deadlines need.
    """
    _watcher.set_deadline(store, None if seconds is None else time.monotonic() + seconds)


def interrupt(store: Store) -> None:
    """Stops all code of a store that runs now, in any thread. Does nothing if none does.

    Raises:
        Interrupted: if this thread is to be stopped: in a signal handler or a host function.
    """
    _stop_suspended(store)
    own = threading.get_ident()
    others = [thread for thread in _threads_in(store) if thread != own]
    _request(store, others)
    remaining = [thread for thread in others if not _stop(store, thread)]
    if remaining:
        _watcher.stop_soon(store, remaining)
    frame = sys._getframe(1)
    if is_in(store, frame, own):
        if _may_stop(store, frame):
            raise Interrupted
        # This is a signal handler that interrupted the runtime's code.
        _request(store, [own])
        _watcher.stop_soon(store, [own])


def interrupt_thread(store: Store, thread: int) -> None:
    """Stops the code of a store in another thread."""
    if thread in _threads_in(store):
        _request(store, [thread])
        if not _stop(store, thread):
            _watcher.stop_soon(store, [thread])


def _stop_suspended(store: Store) -> None:
    """Stops calls that are suspended while the event loop awaits something."""
    for reference, stop in list(suspended.values()):
        if reference() is store:
            stop()


def _threads_in(store: Store) -> list[int]:
    """The threads that run code of the store."""
    return [thread for thread, frame in sys._current_frames().items() if is_in(store, frame, thread)]


def _wait_for_threads(store: Store) -> list[int]:
    """Looks again after a moment: if the host calls short functions, it is chance whether one is running."""
    before = time.process_time() - time.thread_time()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_SHORT_INTERVAL)
    try:
        for _ in range(_LOOKS):
            time.sleep(_SHORT_INTERVAL)
            threads = _threads_in(store)
            # If no other thread has run meanwhile, there is nothing to wait for.
            if threads or time.process_time() - time.thread_time() - before < _SHORT_INTERVAL / 2:
                return threads
    finally:
        sys.setswitchinterval(interval)
    return []


def _request(store: Store, threads: list[int]) -> None:
    """Leaves requests for threads to stop the store's code at their next checkpoint."""
    reference = weakref.ref(store)
    for thread in threads:
        requests[thread] = reference


def _withdraw(store: Store, running: list[int]) -> None:
    """Withdraws the requests from all threads except those that run code of the store."""
    for thread, reference in list(requests.items()):
        if thread not in running and reference() is store:
            requests.pop(thread, None)


def _may_stop(store: Store, frame: FrameType | None) -> bool:
    """Whether an exception may be raised in the innermost frame of a thread that runs code of the store.

    It may in generated code, in code that a host function runs, and in the compiler's passes; not where an object goes,
    as CPython only prints exceptions of finalisers and of weak references' callbacks.
    """
    is_foreign = False
    innermost = frame
    if frame is not None and frame.f_globals.get("__name__") == _WEAK_REFERENCES:
        return False
    while frame is not None:
        mark = frame.f_globals.get(FRAME_KEY)
        if mark is not None:
            if mark == HOST:
                return is_foreign
            if mark == HELPER:
                return is_foreign and frame.f_globals["__name__"] == _SUPPLY and _is_compiling(innermost, frame)
            return mark.__class__ is InstanceFrames and frame.f_code.co_filename not in (EXPORT_FILE, STUB_FILE)
        if frame.f_code.co_name == "__del__" or frame.f_globals.get("__name__") in _FINALIZERS:
            return False
        is_foreign = True
        frame = frame.f_back
    return False


def _is_compiling(frame: FrameType | None, end: FrameType) -> bool:
    """Whether the innermost frame is in the compiler, and the frames from there to ``end`` are its callers."""
    allowed: tuple[str, ...] = _COMPILER
    while frame is not None and frame is not end:
        name = frame.f_globals.get("__name__", "")
        if not name.startswith(allowed):
            return False
        allowed = _COMPILER_CALLERS
        frame = frame.f_back
    return True


def _stop(store: Store, thread: int) -> bool:
    """Stops the code of the store in a thread, if that is possible now; also true if none runs there any more.

    A request must have been left for the thread.
    """
    by_signal = thread == threading.main_thread().ident and _has_signal()
    attempt = _stop_main if by_signal else _try_to_stop
    stopped = thread not in requests or attempt(store, thread)
    if not stopped:
        # It is in the runtime's code. If it calls that all the time, it has to be caught between two calls.
        interval = sys.getswitchinterval()
        sys.setswitchinterval(_SHORT_INTERVAL)
        try:
            for _ in range(_ATTEMPTS):
                time.sleep(_SHORT_INTERVAL)
                # No request is left: it has stopped.
                stopped = thread not in requests or attempt(store, thread)
                if stopped:
                    break
        finally:
            sys.setswitchinterval(interval)
            _signalled.discard(store)
    if stopped:
        requests.pop(thread, None)
    return stopped


def _try_to_stop(store: Store, thread: int) -> bool:
    frame = sys._current_frames().get(thread)
    if not is_in(store, frame, thread):
        return True
    return _may_stop(store, frame) and _send(thread, frame)


def _send(thread: int, frame: FrameType | None) -> bool:
    """Raises :class:`Interrupted` in a thread if ``frame`` is still its innermost frame.

    The iterators below run in C from beginning to end: no other thread runs between the test and the sending. A thread
    that waits for the interpreter lock in some frame goes on there, and gets the exception at once.
    """
    innermost = map(operator.getitem, map(operator.call, (sys._current_frames,)), (thread,))
    unchanged = map(operator.is_, innermost, (frame,))
    try:
        return bool(list(map(_set_async_exc, compress((thread,), unchanged), (Interrupted,))))
    except KeyError:
        return True  # the thread has ended


# The signal for the main thread

# Stores that the handler is to stop. It removes those that it has stopped or found not running.
_signalled: weakref.WeakSet[Store] = weakref.WeakSet()


def _stop_main(store: Store, thread: int) -> bool:
    """Stops the code of the store in the main thread by a signal, unless that would come too late.

    The handler runs at the thread's next jump or call. If the host calls short functions in a loop, that is always in
    the host's code. So a thread that is inside generated code now is sent the exception there.
    """
    frame = sys._current_frames().get(thread)
    if frame is not None and frame.f_globals.get(FRAME_KEY).__class__ is InstanceFrames:
        return _try_to_stop(store, thread)
    return _signal(store, thread)


def _signal(store: Store, thread: int) -> bool:
    """Sends the signal; returns whether the handler has dealt with the store."""
    _signalled.add(store)
    signal.pthread_kill(thread, signal.SIGURG)
    # The main thread runs now, and handles it.
    time.sleep(_SHORT_INTERVAL)
    return store not in _signalled


def _install_signal() -> None:
    """Lets the signal wake the main thread while it waits. Only the main thread can install a handler."""
    if hasattr(signal, "pthread_kill") and threading.current_thread() is threading.main_thread():
        if signal.getsignal(signal.SIGURG) is signal.SIG_DFL:
            signal.signal(signal.SIGURG, _on_signal)


def _remove_signal() -> None:
    if threading.current_thread() is threading.main_thread() and _has_signal():
        signal.signal(signal.SIGURG, signal.SIG_DFL)


def _has_signal() -> bool:
    return hasattr(signal, "pthread_kill") and signal.getsignal(signal.SIGURG) is _on_signal


def _on_signal(number: int, frame: FrameType | None) -> None:
    stopped = False
    for store in list(_signalled):
        if not is_in(store, frame, threading.get_ident()):
            _signalled.discard(store)
        elif _may_stop(store, frame):
            _signalled.discard(store)
            stopped = True
    if stopped:
        raise Interrupted


# The thread that keeps deadlines


class _Watcher:
    """The thread that stops code of stores whose deadline has passed, and code that could not be stopped at once."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._deadlines: weakref.WeakKeyDictionary[Store, float] = weakref.WeakKeyDictionary()
        # Threads that are to be stopped once.
        self._late: list[tuple[weakref.ref[Store], int]] = []

    def reset(self) -> None:
        """In a forked child, which has one thread, and perhaps locks that other threads held."""
        self._condition = threading.Condition()
        self._thread = None
        self._late = []
        requests.clear()
        if self._deadlines:
            with self._condition:
                self._wake()

    def set_deadline(self, store: Store, when: float | None) -> None:
        if when is None:
            with self._condition:
                self._deadlines.pop(store, None)
                is_idle = not self._deadlines
                _withdraw(store, [])
            if is_idle:
                _remove_signal()
            return
        _install_signal()
        with self._condition:
            self._deadlines[store] = when
            _withdraw(store, [])
            self._wake()

    def stop_soon(self, store: Store, threads: list[int]) -> None:
        with self._condition:
            self._late += [(weakref.ref(store), thread) for thread in threads]
            self._wake()

    def _wake(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="wasmz deadlines", daemon=True)
            self._thread.start()
        self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait(self._pause())
                now = time.monotonic()
                due = [store for store, when in self._deadlines.items() if when <= now]
                late, self._late = self._late, []
            again = []
            for reference, thread in late:
                interrupted = reference()
                if interrupted is not None and not _stop(interrupted, thread):
                    again.append((reference, thread))
            for store in due:
                self._stop_all(store, now)
            # Keeps no store alive while waiting.
            due, store, interrupted = [], None, None
            with self._condition:
                self._late += again

    def _stop_all(self, store: Store, now: float) -> None:
        """Stops the code of a store whose deadline has passed, in all threads."""
        _stop_suspended(store)
        threads = _threads_in(store) or _wait_for_threads(store)
        with self._condition:
            if not self._is_due(store, now):
                return
            _withdraw(store, threads)
            # Requests go to all threads before any of them is waited for.
            _request(store, threads)
        for thread in threads:
            if self._is_due(store, now):
                _stop(store, thread)

    def _is_due(self, store: Store, now: float) -> bool:
        """Whether the deadline has passed: it may have been changed meanwhile."""
        return self._deadlines.get(store, now + 1) <= now

    def _pause(self) -> float | None:
        """How long to wait for the next event, in seconds; ``None`` for any time."""
        if self._late:
            return _AGAIN
        # Stores may be garbage-collected at any time.
        nearest = min(self._deadlines.values(), default=None)
        return None if nearest is None else min(max(nearest - time.monotonic(), _LATER), _LONGEST)


_watcher = _Watcher()
at_fork(_watcher.reset)
