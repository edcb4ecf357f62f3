"""What a store may use: budgets of memory and table elements, and a hook that decides whether something may grow.

One budget counts the bytes that a guest makes the host hold: its memories, and through a ``HostBudget`` the rest.

budget = Budget(limit=65_536)
budget.reserve(65_536)            -> True
budget.reserve(1)                 -> False, nothing is counted

class Shared(ResourceLimiter):
    def memory_growing(self, current, desired, maximum): return desired <= 1 << 20
"""

from __future__ import annotations

from wasmz.errors import bounded, shown
from wasmz.startup.concurrency import new_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__wasmz_frame__ = "helper"


def expect_store(store: object) -> None:
    """Raises ``TypeError`` unless the argument ``store`` is a ``Store``, whose module imports this one."""
    if not hasattr(type(store), "share_budgets"):
        raise TypeError(f"store must be a Store, not {bounded(repr(store))}")


class Budget:
    """Counts what the memories, or the tables, of one store use together, and limits it.

    Attributes:
        limit: the upper bound, in bytes or elements, or ``None``.
        total_used: how much is in use.
        reclaim: finds what is no longer in use, and releases it; or ``None``.
    """

    __slots__ = ("_lock", "limit", "reclaim", "total_used")

    def __init__(self, limit: int | None = None) -> None:
        self.limit: int | None = limit
        # Called once when a request exceeds the limit: some of what was counted may be unused now.
        self.reclaim: Callable[[], None] | None = None
        self.total_used: int = 0
        # Re-entrant: garbage collection during an update may free a memory of the same store.
        self._lock = new_lock()

    @property
    def largest_total(self) -> int:
        """The limit, or more than any machine has."""
        return 1 << 62 if self.limit is None else self.limit

    @shown
    def __repr__(self) -> str:
        return f"<Budget, {self.total_used} of {'any' if self.limit is None else self.limit}>"

    def can_grow(self, size: int) -> bool:
        """Whether ``size`` more is within the limit."""
        return self.limit is None or self.total_used + size <= self.limit

    def reserve(self, size: int) -> bool:
        """Adds ``size`` if it is within the limit; returns whether it is."""
        with self._lock:
            if not self.can_grow(size):
                reclaim, self.reclaim = self.reclaim, None
                if reclaim is None:
                    return False
                try:
                    reclaim()
                finally:
                    self.reclaim = reclaim
                if not self.can_grow(size):
                    return False
            self.total_used += size
            return True

    def release(self, size: int) -> None:
        """Subtracts ``size``."""
        with self._lock:
            self.total_used -= size


class HostBudget:
    """Counts what the host holds for a guest besides its memories: tables, objects, listings, files in memory.

    These bytes count against the budget of memories, except for the first ones: a small table should not reduce the
    number of pages that a memory may have.

    Attributes:
        total_used: how much is in use, in bytes.
    """

    __slots__ = ("__weakref__", "_lock", "_memories", "total_used")

    FREE_BYTES = 1 << 16

    def __init__(self, memories: Budget) -> None:
        self._memories = memories
        self.total_used: int = 0
        self._lock = new_lock()

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit; without one, nothing needs to be counted."""
        return self._memories.limit is not None

    @property
    def free(self) -> int:
        """How many more bytes are allowed; without a limit, more than any machine has."""
        limit = self._memories.limit
        if limit is None:
            return 1 << 62
        return max(limit - self._memories.total_used, 0) + max(self.FREE_BYTES - self.total_used, 0)

    def reserve(self, size: int) -> bool:
        """Adds ``size`` bytes if they are within the limit; returns whether they are."""
        with self._lock:
            counted = self._counted(self.total_used + size) - self._counted(self.total_used)
            if counted > 0 and not self._memories.reserve(counted):
                return False
            self.total_used += size
            return True

    def release(self, size: int) -> None:
        """Subtracts ``size`` bytes."""
        with self._lock:
            counted = self._counted(self.total_used) - self._counted(self.total_used - size)
            if counted > 0:
                self._memories.release(counted)
            self.total_used -= size

    @shown
    def __repr__(self) -> str:
        return f"<HostBudget, {self.total_used} bytes>"

    def _counted(self, total: int) -> int:
        return max(total - self.FREE_BYTES, 0)


class ResourceLimiter:
    """Decides about growth. Derive a class from it and give an instance to a :class:`~wasmz.Store`.

    Each method is called when a memory or table is made, with ``current`` 0, and before it grows. It returns whether
    that is allowed. If not, ``memory.grow`` and ``table.grow`` return -1 to the guest, and making it raises
    ``Trap(GROWTH_OPERATION_LIMITED)``. An exception that a method raises ends the guest's call. The limits of the
    type and of the configuration apply as well.

    Attributes:
        instances: how many instances the store may get in all, or ``None``. Making another raises that trap, too.
        memories: how many memories these may define together, or ``None``; memories that the host made do not count.
        tables: how many tables these may define together, likewise.
    """

    instances: int | None = None
    memories: int | None = None
    tables: int | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        """Whether a memory may have ``desired`` bytes. ``maximum`` is that of its type, in bytes."""
        return True

    def table_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        """Whether a table may have ``desired`` elements. ``maximum`` is that of its type."""
        return True
