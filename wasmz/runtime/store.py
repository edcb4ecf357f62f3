"""Stores: what instances live in together, and how much memory they may use.

store = Store(engine, data={"user": 7})
store.memory_budget.total_used             -> bytes of linear memory in use
"""

from __future__ import annotations

import weakref
from _thread import RLock

from wasmz.runtime.engine import Engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from wasmz.runtime.memory import Memory


class MemoryBudget:
    """How many bytes the memories of one store hold together, and how many they may.

    Attributes:
        limit: the upper bound in bytes, or ``None``.
        linear_bytes: bytes of linear memory now in use.
    """

    __slots__ = ("_lock", "limit", "linear_bytes")

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.linear_bytes = 0
        # Reentrant: a collection during an update may free a memory of the same store.
        self._lock = RLock()

    @property
    def total_used(self) -> int:
        """Bytes in use, of all kinds."""
        return self.linear_bytes

    @property
    def largest_total(self) -> int:
        """The limit, or more than any machine has."""
        return 1 << 62 if self.limit is None else self.limit

    def can_grow(self, size: int) -> bool:
        """Whether ``size`` more bytes are within the limit."""
        return self.limit is None or self.linear_bytes + size <= self.limit

    def reserve(self, size: int) -> bool:
        """Counts ``size`` more bytes if they are within the limit, and says whether they are."""
        with self._lock:
            if not self.can_grow(size):
                return False
            self.linear_bytes += size
            return True

    def release(self, size: int) -> None:
        """Counts ``size`` bytes less."""
        with self._lock:
            self.linear_bytes -= size


class Store:
    """Holds instances and their memories, tables and globals.

    A store is used by one thread at a time; different stores are independent.

    Attributes:
        engine: whose configuration holds.
        data: anything the embedder likes; host functions reach it through their ``Caller``.
        memory_budget: bytes in use and their limit.
    """

    def __init__(self, engine: Engine | None = None, data: Any = None) -> None:
        self.engine = Engine() if engine is None else engine
        self.engine.check_open()
        self.data = data
        self.memory_budget = MemoryBudget(self.engine.config.mem_limit_bytes)
        self._memories: weakref.WeakSet[Memory] = weakref.WeakSet()

    def adopt(self, memory: Memory) -> None:
        """Notes a memory, to be freed with the store."""
        self._memories.add(memory)

    def close(self) -> None:
        """Frees all memories of the store at once; whoever uses them later gets an error."""
        for memory in list(self._memories):
            memory.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
