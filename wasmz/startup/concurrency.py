"""Late imports and locks that are safe with threads, signal handlers, forks and interpreter shutdown.

    load("wasmz.compile.pipeline")          the complete module, even if others are importing it
    new_lock()                      a re-entrant lock that is free in a forked child
    at_fork(supply.after_fork)      runs in children; a bound method does not keep its object alive
    with without_collections(): ... without the cyclic garbage collector

A module is imported where it is first needed. A signal handler may need it in the middle of another import of the same
module; the interpreter would then return the unfinished module. So, if handlers are installed, the main thread leaves
late imports to another thread and waits. A handler that interrupts the wait waits as well.
"""

from __future__ import annotations

import gc
import os
import sys
from _signal import SIG_DFL, SIG_IGN, default_int_handler, getsignal, valid_signals  # type: ignore[import-not-found]
from _thread import RLock, get_ident, start_new_thread
from _thread import allocate_lock as _allocate_lock

from wasmz.startup.light import WeakSet, ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, Final

# Frames of this module do not decide where an exception comes from, see runtime/traps/translation.py.
__wasmz_frame__ = "helper"

# How many seconds a fork waits for other threads' imports, which the child could not finish, and they for each other.
_LONGEST_WAIT: Final = 5.0
_PATIENCE: Final = 1.0

is_finalizing: Final = sys.is_finalizing

# Modules that are completely imported.
_loaded: dict[str, Any] = {}

_locks: WeakSet[Any] = WeakSet()
_in_children: list[Callable[[], Callable[[], object] | None]] = []


def new_lock() -> Any:
    """A lock that its owner may take again, as a signal handler does, and that is free in a forked child.

    It stays taken in a child whose thread holds it.
    """
    lock = RLock()
    _locks.add(lock)
    return lock


# Held during late imports, so that no process is forked in the middle of one.
_importing = new_lock()


# Late imports


def load(name: str) -> Any:
    """The module with a dotted name, completely imported.

    If functions call it before ``from NAME import ...``, that statement is safe in threads and signal handlers.

    Raises:
        ImportError: it cannot be imported, such as during interpreter shutdown.
    """
    module = _loaded.get(name)
    return _load(name) if module is None else module


def loaded(name: str) -> Any:
    """The module with a dotted name if it is completely imported; otherwise ``None``."""
    module = _loaded.get(name)
    if module is None:
        found: Any = sys.modules.get(name)
        if found is not None and not getattr(found.__spec__, "_initializing", False):
            module = _loaded[name] = found
    return module


def _load(name: str) -> Any:
    module = loaded(name)
    if module is not None:
        return module
    parent = name.rpartition(".")[0]
    if parent:
        # First, because a thread that imports the package may be waiting for a lock that this thread would hold.
        load(parent)
    if _is_interruptible():
        _import_elsewhere(name)
    else:
        _import(name)
    module = _loaded[name] = sys.modules[name]
    return module


def _import(name: str) -> None:
    # With a timeout: in a handler, the thread that holds it may be waiting for the interrupted code.
    is_taken = _importing.acquire(timeout=_LONGEST_WAIT)
    try:
        with without_collections(stays=True):
            __import__(name)
    finally:
        if is_taken:
            _importing.release()


def _is_interruptible() -> bool:
    """Whether a signal handler that can call WebAssembly code may run in this thread."""
    # Only the main thread handles signals.
    if get_ident() != _main_thread[0] or is_finalizing():
        return False
    return any(_is_handled(number) for number in _signals) and not _is_importing(sys._getframe(1))


def _is_handled(number: int) -> bool:
    handler = getsignal(number)
    return handler is not None and handler not in (SIG_DFL, SIG_IGN, default_int_handler)


def _is_importing(frame: FrameType | None) -> bool:
    """Whether this thread is in the middle of an import that another thread's import might wait for."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "_find_and_load" and code.co_filename == "<frozen importlib._bootstrap>":
            root = str(frame.f_locals.get("name")).partition(".")[0]
            if root in ("wasmz", "bytecode") or root in sys.stdlib_module_names:
                return True
        frame = frame.f_back
    return False


class _Import:
    """An import that another thread does for this one and its signal handlers."""

    def __init__(self) -> None:
        self.done = _allocate_lock()
        self.done.acquire()
        self.is_begun = False
        self.error: BaseException | None = None

    def run(self, name: str) -> None:
        """Runs in the other thread."""
        if self.is_begun:
            return
        self.is_begun = True
        try:
            _import(name)
        except BaseException as error:
            self.error = error
        finally:
            _under_way.pop(name, None)
            self.done.release()


# By name, so that a handler waits for an import that has begun.
_under_way: dict[str, _Import] = {}


def _import_elsewhere(name: str) -> None:
    """Imports a module in another thread, and waits for it."""
    own = _Import()
    started = _under_way.setdefault(name, own)
    if started is own:
        try:
            start_new_thread(own.run, (name,))
        except RuntimeError:
            # No thread can be started any more, or the system has none.
            own.run(name)
    while not started.done.acquire(timeout=_PATIENCE):
        # Ctrl-C may have come before the thread started.
        started.run(name)
    started.done.release()
    if started.error is not None:
        raise started.error


# Collections


# Any program has more objects than this. CPython 3.12 itself freezes some hundreds.
_FEW_OBJECTS: Final = 2_000


class without_collections:
    """A context without the cyclic garbage collector, for code that makes very many objects that all stay or all go.

    Measured: the collector would take a quarter of the time of a compilation, whose growing IR it would search again
    and again; a tenth of a start from the cache. It finds later what is garbage at the end.

    Args:
        stays: whether all objects made stay, as modules do. Then they are not searched at the end of the context,
            either.
    """

    __slots__ = ("__weakref__", "_stays")

    def __init__(self, *, stays: bool = False) -> None:
        self._stays = stays

    def __enter__(self) -> None:
        _uncollected.add(self)
        if gc.isenabled():
            _was_enabled[:] = (True,)
            gc.disable()

    def __exit__(self, *error: object) -> None:
        _uncollected.discard(self)
        if self._stays and not _uncollected and gc.get_freeze_count() < _FEW_OBJECTS:
            # Makes all objects old, unless the program has frozen its own.
            gc.freeze()
            gc.unfreeze()
        _enable_collections()


# The contexts that threads are in; and an item if the collector was enabled before.
_uncollected: set[without_collections] = set()
_was_enabled: list[bool] = []


def _enable_collections() -> None:
    if not _uncollected and _was_enabled:
        _was_enabled.clear()
        gc.enable()


# Forks


def at_fork(action: Callable[[], object]) -> None:
    """Registers an action for forked children, where only the forking thread goes on, and locks are free.

    A bound method is forgotten when its object is garbage-collected.
    """
    owner = getattr(action, "__self__", None)
    if owner is None:
        _in_children.append(lambda: action)
        return
    function: Any = action.__func__  # type: ignore[attr-defined]
    reference = ref(owner)

    def bound() -> Callable[[], object] | None:
        found = reference()
        return None if found is None else lambda: function(found)

    _in_children.append(bound)


def was_held(lock: Any) -> bool:
    """Frees a lock held by a thread that does not exist in this process; returns whether there was one."""
    if lock.acquire(blocking=False):
        lock.release()
        return False
    lock._at_fork_reinit()
    return True


# Whether the lock was taken before the fork. A signal handler may fork while another fork is in progress.
_taken: list[bool] = []


def _before_fork() -> None:
    _taken.append(_importing.acquire(timeout=_LONGEST_WAIT))


def _after_fork_in_parent() -> None:
    if _taken.pop():
        _importing.release()


def _after_fork_in_child() -> None:
    _main_thread[0] = get_ident()
    if _taken.pop():
        _importing.release()
    # A signal handler that forks resumes its own work with the collector, which is only slower.
    _uncollected.clear()
    _enable_collections()
    for find in _in_children.copy():
        action = find()
        if action is not None:
            action()
    for lock in _locks:
        was_held(lock)


def _find_main_thread() -> int:
    # The ids of threads are fixed; only `threading`, if imported, knows which thread is the main one.
    threading: Any = sys.modules.get("threading")
    return get_ident() if threading is None else threading.main_thread().ident


_main_thread: list[int] = [_find_main_thread()]
_signals: Final = tuple(valid_signals())

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
