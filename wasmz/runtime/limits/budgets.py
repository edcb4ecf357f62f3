"""What a store may use: budgets of memory and table elements, and a hook that is asked before anything grows.

One budget counts what a guest makes the host hold, in bytes: memories, and through a ``HostBudget`` everything else.

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
    """Raises ``TypeError`` if what was given as argument ``store`` is no ``Store``, whose module imports this one."""
    if not hasattr(type(store), "share_budgets"):
        raise TypeError(f"store must be a Store, not {bounded(repr(store))}")


class Budget:
    """How much the memories, or the tables, of one store hold together, and how much they may.

    Attributes:
        limit: the upper bound, in bytes or elements, or ``None``.
        total_used: how much is in use now.
        reclaim: finds out what is not in use any more, and releases it; or ``None``.
    """

    __slots__ = ("_lock", "limit", "reclaim", "total_used")

    def __init__(self, limit: int | None = None) -> None:
        self.limit: int | None = limit
        # Called once when there is too little left: what was counted may be gone.
        self.reclaim: Callable[[], None] | None = None
        self.total_used: int = 0
        # Reentrant: a collection during an update may free a memory of the same store.
        self._lock = new_lock()

    @property
    def largest_total(self) -> int:
        """The limit, or more than any machine has."""
        return 1 << 62 if self.limit is None else self.limit

    @shown
    def __repr__(self) -> str:
        return f"<Budget, {self.total_used} of {'any' if self.limit is None else self.limit}>"

    def can_grow(self, size: int) -> bool:
        """Whether so much more is within the limit."""
        return self.limit is None or self.total_used + size <= self.limit

    def reserve(self, size: int) -> bool:
        """Counts so much more if it is within the limit, and says whether it is."""
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
        """Counts so much less."""
        with self._lock:
            self.total_used -= size


class HostBudget:
    """What the host holds for a guest besides its memories: tables, objects, listings, files in memory.

    It counts against the budget of memories, in bytes, but for the first ones: a table of some functions changes
    nothing about how many pages a memory may have.

    Attributes:
        total_used: how much is in use now, in bytes.
    """

    __slots__ = ("__weakref__", "_lock", "_memories", "total_used")

    FREE_BYTES = 1 << 16

    def __init__(self, memories: Budget) -> None:
        self._memories = memories
        self.total_used: int = 0
        self._lock = new_lock()

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit: otherwise nobody needs to count."""
        return self._memories.limit is not None

    @property
    def free(self) -> int:
        """How many bytes more there may be; without a limit, more than any machine has."""
        limit = self._memories.limit
        if limit is None:
            return 1 << 62
        return max(limit - self._memories.total_used, 0) + max(self.FREE_BYTES - self.total_used, 0)

    def reserve(self, size: int) -> bool:
        """Counts so many bytes more if they are within the limit, and says whether they are."""
        with self._lock:
            counted = self._counted(self.total_used + size) - self._counted(self.total_used)
            if counted > 0 and not self._memories.reserve(counted):
                return False
            self.total_used += size
            return True

    def release(self, size: int) -> None:
        """Counts so many bytes less."""
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
    """Decides about growth; to be derived from, and given to a :class:`~wasmz.Store`.

    Each method is asked when a memory or table is made, with ``current`` 0, and before it grows. It returns whether
    that may be; if not, ``memory.grow`` and ``table.grow`` give the guest -1, and making it raises
    ``Trap(GROWTH_OPERATION_LIMITED)``. What a method raises ends the guest's call. The limits of the type itself and
    of the configuration hold as well.

    Attributes:
        instances: how many instances the store may get in all, or ``None``. Making one more raises that trap, too.
        memories: how many memories these may define together, or ``None``; those of the host's do not count.
        tables: the same of tables.
    """

    instances: int | None = None
    memories: int | None = None
    tables: int | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        """May a memory have ``desired`` bytes? ``maximum`` is its type's, in bytes."""
        return True

    def table_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        """May a table have ``desired`` elements? ``maximum`` is its type's."""
        return True
