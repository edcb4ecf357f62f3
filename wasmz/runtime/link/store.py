"""Stores: where instances live together, and what limits the memory that they use.

store = Store(engine, data={"user": 7})
store.memory_budget.total_used             -> bytes of linear memory in use
"""

from __future__ import annotations

from wasmz.config import Config
from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap, bounded, expect, shown
from wasmz.runtime.limits.budgets import Budget, HostBudget
from wasmz.runtime.link.engine import Engine
from wasmz.startup.concurrency import load
from wasmz.startup.light import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, NoReturn, Protocol

    from wasmz.runtime.gc.heap import Heap
    from wasmz.runtime.limits.budgets import ResourceLimiter
    from wasmz.runtime.limits.fuel import Fuel

    class Part(Protocol):
        """Is told when the store is closed."""

        def leave(self, store: Store) -> None: ...

    class Closable(Protocol):
        """Is closed with the store: a memory."""

        def close(self) -> None: ...


class Store:
    """Holds instances and their memories, tables and globals, and limits what they use.

    Several threads may call into a store if the guest's code allows it (docs/threads.md).

    Attributes:
        engine: the engine whose configuration applies.
        data: any object of the embedder's; host functions reach it through their ``Caller``.
        memory_budget: bytes in use, limited by ``Config.mem_limit_bytes``.
        host_budget: the part of them outside of linear memories.
        table_budget: elements of tables, limited by ``Config.table_limit``.
        limiter: decides before memories and tables grow, or ``None``.
    """

    def __init__(
        self, engine: Engine | None = None, data: Any = None, *, limiter: ResourceLimiter | None = None
    ) -> None:
        """Makes a store; without an engine, with the default configuration.

        Raises:
            TypeError: ``engine`` is not an ``Engine``, or ``limiter`` not a ``ResourceLimiter``. ValueError: the
                engine is closed.
        """
        expect(engine, (Engine, type(None)), "engine", "an Engine")
        if limiter is not None and not hasattr(type(limiter), "memory_growing"):
            raise TypeError(f"limiter must be a ResourceLimiter, not {bounded(repr(limiter))}")
        self.engine: Engine = Engine() if engine is None else engine
        self.engine.check_open()
        self.data = data
        self.limiter = limiter
        config = self.engine.config
        self.memory_budget: Budget = Budget(config.mem_limit_bytes)
        self.host_budget: HostBudget = HostBudget(self.memory_budget)
        self._heap: Heap | None = None
        self.table_budget: Budget = Budget(config.table_limit)
        # Items of the lists of callees that its tables have (see table.py).
        self.callees_held = 0
        self._made: dict[str, int] = {}
        self._has_deadline = False
        self._is_closed = False
        # Binders of instances, and processes of guests.
        self._parts: WeakSet[Part] = WeakSet()
        self._memories: WeakSet[Closable] = WeakSet()
        # Made where they are first needed: fuel; and what the asynchronous calls of components share.
        self._fuel: Fuel | None = None
        self.components: Any = None

    def __reduce__(self) -> NoReturn:
        raise TypeError("a store and its contents cannot be pickled: pickle modules")

    # Fuel

    @property
    def fuel(self) -> int | None:
        """How many units of fuel are left; ``None`` if ``Config.fuel`` is not set."""
        return None if self.engine.config.fuel is None else self._find_fuel().units

    def set_fuel(self, units: int) -> None:
        """Sets the units of fuel that are left, also while code of this store runs.

        Raises:
            ValueError: the number is negative or beyond ``sys.maxsize``, or code of this store does not use fuel,
                because ``Config.fuel`` is not set.
        """
        if self.engine.config.fuel is None:
            raise ValueError("code of this store uses no fuel: make the engine with Config(fuel=...)")
        self.check_open()
        Config.settings["fuel"].check_given("fuel", units)
        self._find_fuel().replace(units)

    def _find_fuel(self) -> Fuel:
        found = self._fuel
        if found is None:
            # Imported only for code that uses fuel.
            load("wasmz.runtime.limits.fuel")
            from wasmz.runtime.limits.fuel import Fuel

            made = Fuel(self.engine.config.fuel)
            # No other thread or signal handler can run between the two.
            found = self._fuel = self._fuel or made
        return found

    # Time

    def set_deadline(self, seconds: float | None) -> None:
        """Stops any code of this store that runs ``seconds`` from now, by raising ``Interrupted``.

        The deadline also applies to later calls, until another one is set; ``None`` removes it. While code runs it
        costs nothing. A host function that waits in C is woken in the main thread, if that set the deadline (by the
        signal ``SIGURG``, unless the program handles it); in other threads it is stopped when it goes on.

        Raises:
            ValueError: the number is negative or NaN. TypeError: it is not a number.
            RuntimeError: this system has no threads.
        """
        expect(seconds, (int, float, type(None)), "seconds", "a number or None")
        if seconds is not None and not seconds >= 0:
            raise ValueError(f"a deadline is a number of seconds from now, not {seconds}")
        self.check_open()
        load("wasmz.runtime.limits.interrupts")
        from wasmz.runtime.limits import interrupts

        interrupts.watch(self, seconds)
        self._has_deadline = seconds is not None

    def interrupt(self) -> None:
        """Stops the code of this store that runs now, in any thread, by raising ``Interrupted``.

        May be called from another thread, a signal handler, or a host function. If the calling thread itself is to be
        stopped, this raises ``Interrupted``.
        """
        load("wasmz.runtime.limits.interrupts")
        from wasmz.runtime.limits import interrupts

        interrupts.interrupt(self)

    # For the runtime

    def supply_fuel(self, namespace: dict[str, Any]) -> None:
        """Gives the code of an instance its fuel (docs/abi.md, "Fuel")."""
        self._find_fuel().supply(namespace)

    def object_heap(self) -> Heap | None:
        """Counts the objects of garbage-collected guests; ``None`` if they are not limited."""
        heap = self._heap
        if heap is None and self.host_budget.is_limited:
            # Imported only for guests that have such objects.
            load("wasmz.runtime.gc.heap")
            from wasmz.runtime.gc.heap import Heap

            heap = self._heap = Heap(self.host_budget)
            self.memory_budget.reclaim = heap.trim
        return heap

    def count_instance(self, memories: int, tables: int) -> None:
        """Counts an instance that is about to be made, and what it defines, for the store's limiter.

        Raises:
            Trap: GROWTH_OPERATION_LIMITED, the limiter allows no more.
        """
        limiter, made = self.limiter, self._made
        if limiter is None:
            return
        for kind, number in (("instances", 1), ("memories", memories), ("tables", tables)):
            limit, total = getattr(limiter, kind, None), made.get(kind, 0) + number
            if limit is not None and total > limit:
                raise Trap(TrapCode.GROWTH_OPERATION_LIMITED, f"the store's limiter allows {limit} {kind}, not {total}")
            made[kind] = total

    def share_budgets(self, other: Store) -> None:
        """Makes this new store and another one of the same guest share one limit."""
        self.memory_budget, self.host_budget = other.memory_budget, other.host_budget
        self.table_budget = other.table_budget
        self._heap = other.object_heap()

    def adopt(self, memory: Closable) -> None:
        """Adds a memory, to be freed with the store. ``ValueError`` if the store is closed."""
        self.check_open()
        self._memories.add(memory)

    def add_part(self, part: Part) -> None:
        """Adds an object that is told when the store is closed."""
        self._parts.add(part)

    @property
    def is_closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._is_closed

    def check_open(self) -> None:
        """Raises ``ValueError`` after :meth:`close`."""
        if self._is_closed:
            raise ValueError("the store is closed")

    def close(self) -> None:
        """Frees all memories of the store at once, closes what its guests have opened, and ends its deadline.

        Later uses of what is in it raise ``ValueError``: functions, tables, globals and memories. Descriptors that
        instances in other open stores use stay open until those are closed, too.
        """
        self._is_closed = True
        if self._has_deadline:
            load("wasmz.runtime.limits.interrupts")
            from wasmz.runtime.limits import interrupts

            interrupts.watch(self, None)
            self._has_deadline = False
        for part in list(self._parts):
            part.leave(self)
        for memory in list(self._memories):
            memory.close()

    @shown
    def __repr__(self) -> str:
        if self._is_closed:
            return "<closed Store>"
        return f"<Store, {self.memory_budget.total_used} bytes in use>"

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
