"""Threads of a guest (the proposal wasi-threads): each is a Python thread with an instance of its own.

    threads = define_threads(linker, module)          wasi.thread-spawn, and the shared memory that the module imports
    Instance(store, module, linker).run_start_function()
    threads.join()

All instances share the imported memory and, because they have the same linker, the host functions: WASI descriptors
belong to all threads. Each instance has its own tables and globals.
"""

from __future__ import annotations

import threading

from wasmz.runtime.calls.host import HostFunc
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.store import Store
from wasmz.runtime.memory.linear import Memory
from wasmz.startup.concurrency import new_lock
from wasmz.startup.light import WeakSet
from wasmz.types import MemoryType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.linker import Linker

START = "wasi_thread_start"

# Identifiers are positive, and their three highest bits are 0 (wasi-threads, "Design choice: thread IDs").
_MOST_THREADS = 0x1FFF_FFFF
_FAILED = -1


def define_threads(
    linker: Linker, module: CompiledModule, on_failure: Callable[[BaseException], None] | None = None
) -> WasiThreads:
    """Defines ``wasi.thread-spawn``, and shared memories that the module imports and that are not defined.

    Args:
        on_failure: called in the guest's thread with what ended it: a trap, ``WasiExit``, or an exception of the host.
            Without it, :meth:`WasiThreads.join` raises the first of them.
    """
    threads = WasiThreads(linker, module, on_failure)
    linker.define("wasi", "thread-spawn", HostFunc(threads.spawn, [ValType.I32], [ValType.I32]))
    for item in module.imports:
        if isinstance(item.type, MemoryType) and item.type.shared:
            if linker.get(item.module_name, item.name) is None:
                linker.define(item.module_name, item.name, Memory(threads.store, item.type))
    return threads


class WasiThreads:
    """The threads that a guest started.

    Attributes:
        store: the store of the memories that were made for the module.
        started: how many threads were started so far.
    """

    def __init__(
        self, linker: Linker, module: CompiledModule, on_failure: Callable[[BaseException], None] | None
    ) -> None:
        self.store: Store = Store(linker.engine)
        self.started: int = 0
        self._linker = linker
        self._module = module
        self._on_failure = on_failure
        self._lock = new_lock()
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []
        self._stores: WeakSet[Store] = WeakSet()

    def spawn(self, argument: int) -> int:
        """``thread-spawn``: starts a thread; returns its identifier, or a negative number if that is impossible."""
        export = self._module.exports.get(START)
        with self._lock:
            if export is None or self.started >= _MOST_THREADS:
                return _FAILED
            self.started += 1
            identifier = self.started
            thread = threading.Thread(
                target=self._run, args=(identifier, argument), name=f"wasi-thread-{identifier}", daemon=True
            )
            self._threads = [other for other in self._threads if other.is_alive()]
            try:
                thread.start()
            except RuntimeError:
                # The system allows no more threads.
                return _FAILED
            self._threads.append(thread)
        return identifier

    def _run(self, identifier: int, argument: int) -> None:
        try:
            store = Store(self._linker.engine)
            store.share_budgets(self.store)
            self._stores.add(store)
            instance: Any = Instance(store, self._module, self._linker)
            instance.call(START, identifier, argument)
        except BaseException as error:
            self._failures.append(error)
            if self._on_failure is not None:
                self._on_failure(error)

    def stop(self) -> None:
        """Stops all running threads, and closes what belongs to them."""
        for store in [*self._stores, self.store]:
            store.interrupt()
            store.close()

    def join(self, timeout: float | None = None) -> None:
        """Waits for all threads, each at most ``timeout`` seconds.

        Raises:
            TimeoutError: one of them still runs.
            BaseException: the first exception that ended a thread, unless there is an ``on_failure``.
        """
        while True:
            with self._lock:
                threads = [thread for thread in self._threads if thread.is_alive()]
            if not threads:
                break
            for thread in threads:
                thread.join(timeout)
                if thread.is_alive():
                    raise TimeoutError(f"{thread.name} still runs")
        if self._failures and self._on_failure is None:
            raise self._failures[0]
