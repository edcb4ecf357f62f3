"""What a store may use: budgets of memory and table elements, and a hook that is asked before anything grows.

budget = Budget(limit=65_536)
budget.reserve(65_536)            -> True
budget.reserve(1)                 -> False, nothing is counted

class Shared(ResourceLimiter):
    def memory_growing(self, current, desired, maximum): return desired <= 1 << 20
"""

from __future__ import annotations

from wasmz.concurrency import new_lock

__wasmz_frame__ = "helper"


class Budget:
    """How much the memories, or the tables, of one store hold together, and how much they may.

    Attributes:
        limit: the upper bound, in bytes or elements, or ``None``.
        total_used: how much is in use now.
    """

    __slots__ = ("_lock", "limit", "total_used")

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.total_used = 0
        # Reentrant: a collection during an update may free a memory of the same store.
        self._lock = new_lock()

    @property
    def largest_total(self) -> int:
        """The limit, or more than any machine has."""
        return 1 << 62 if self.limit is None else self.limit

    def can_grow(self, size: int) -> bool:
        """Whether so much more is within the limit."""
        return self.limit is None or self.total_used + size <= self.limit

    def reserve(self, size: int) -> bool:
        """Counts so much more if it is within the limit, and says whether it is."""
        with self._lock:
            if not self.can_grow(size):
                return False
            self.total_used += size
            return True

    def release(self, size: int) -> None:
        """Counts so much less."""
        with self._lock:
            self.total_used -= size


class ResourceLimiter:
    """Decides about growth; to be derived from, and given to a :class:`~wasmz.Store`.

    Each method is asked when a memory or table is made, with ``current`` 0, and before it grows. It returns whether
    that may be; if not, ``memory.grow`` and ``table.grow`` give the guest -1, and making it raises
    ``Trap(GROWTH_OPERATION_LIMITED)``. What a method raises ends the guest's call. The limits of the type itself and
    of the configuration hold as well.
    """

    def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        """May a memory have ``desired`` bytes? ``maximum`` is its type's, in bytes."""
        return True

    def table_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        """May a table have ``desired`` elements? ``maximum`` is its type's."""
        return True
