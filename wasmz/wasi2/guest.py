"""What all interfaces of WASI 0.2 share: the guest's process, its resources, and how they count against limits.

guest = Guest(WasiConfig(args=["prog"]))
guest.join(store)                   from now on, what it holds counts against the store's limit
Resource(guest)                     an object that components have handles to
"""

from __future__ import annotations

from wasmz.errors import MemoryLimit, Trap
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.process import Process
from wasmz.startup.light import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.runtime.limits.budgets import HostBudget
    from wasmz.runtime.link.store import Store
    from wasmz.runtime.wasi.descriptors import Descriptor
    from wasmz.runtime.wasi.wasi_config import WasiConfig

# What the host holds for a resource, about.
_BYTES: Final = 512

# What one call of a stream or file moves at most: a guest may ask for any number of bytes.
MOST_BYTES: Final = 1 << 20


class Guest:
    """One guest, as all interfaces of a linker see it.

    Attributes:
        config: what it was given.
        process: its streams, descriptors, clocks: the same as a guest's of preview 1.
        budget: what its resources count against; ``None`` if nothing is limited.
        parts: what single interfaces keep for it.
        resources: those that are not closed.
        is_over: whether all stores with instances of the guest are closed.
    """

    def __init__(self, config: WasiConfig) -> None:
        self.config: WasiConfig = config
        self.process: Process = Process(config)
        self.budget: HostBudget | None = None
        self.parts: dict[str, Any] = {}
        self.resources: WeakSet[Resource] = WeakSet()
        self.is_over: bool = False
        self._stores: WeakSet[Store] = WeakSet()

    def join(self, store: Store) -> None:
        """For linkers: an instance of the guest is made in a store."""
        self.is_over = False
        self._stores.add(store)
        store.add_part(self)
        self.process.join(store)
        self.process.charge_to(store)
        self.budget = store.host_budget if store.host_budget.is_limited else None

    def leave(self, store: Store) -> None:
        """For stores: one is closed. With the last one, all that the guest did not drop is closed."""
        self._stores.discard(store)
        if not list(self._stores):
            self.is_over = True
            for resource in list(self.resources):
                resource.close()

    def stream(self, number: int) -> Descriptor:
        """A standard stream: 0 for input, 1 for output, 2 for errors."""
        return self.process.table[number]


class Resource:
    """The base of all resources: counts against the limit of the guest's store until it is closed.

    Attributes:
        guest: whose it is.
    """

    def __init__(self, guest: Guest, size: int = 0) -> None:
        """``size`` is what the host may hold for it besides the object. ``MemoryLimit`` if there may be no more."""
        self.guest: Guest = guest
        self._budget = guest.budget
        self._counted = 0
        self.count(_BYTES + size)
        guest.resources.add(self)

    def count(self, size: int) -> None:
        """Counts more that is held for the resource. ``MemoryLimit`` if that is not within the limit."""
        if self._budget is not None:
            if not self._budget.reserve(size):
                raise MemoryLimit("memory limit exceeded by resources of the host")
            self._counted += size

    def uncount(self, size: int) -> None:
        """Takes back some of what was counted: it is no longer held."""
        if self._budget is not None:
            self._counted -= size
            self._budget.release(size)

    def close(self) -> None:
        """For linkers: the guest has dropped the resource. Nothing of the system stays open for it."""
        self.guest.resources.discard(self)
        if self._budget is not None:
            counted, self._counted = self._counted, 0
            self._budget.release(counted)


class Slot:
    """A place in the table of the guest's process. It is free when nobody has this: what is open, and its streams.

    So a guest has no more open than the table has places.
    """

    def __init__(self, guest: Guest, entry: Descriptor) -> None:
        """``Failure(MFILE)`` if there is none; ``Failure(NOMEM)`` if there may be no more."""
        self._number = -1
        self._table = guest.process.table
        self._entry = entry
        self._number = self._table.add(entry)

    def __del__(self) -> None:
        try:
            # After the guest's end, the number may be another's.
            if self._table[self._number] is self._entry:
                self._table.close(self._number)
        except Failure:
            pass


def misuse(message: str) -> Trap:
    """The trap for a call that the interface's text forbids."""
    return Trap(None, message)


def label_of(value: Any) -> str:
    """The label of an enum's, variant's or result's value that a guest gave."""
    if isinstance(value, str):
        # Of an enum's member, str() gives the member's name.
        return str.__str__(value)
    label: str = value.case if hasattr(value, "case") else value[0]
    return label


def payload_of(value: Any) -> Any:
    """The payload of such a value, ``None`` without one."""
    if isinstance(value, str):
        return None
    return value.value if hasattr(value, "case") else value[1]


def field_of(value: Any, name: str) -> Any:
    """A field of a record that a guest gave."""
    return value[name] if isinstance(value, dict) else getattr(value, name.replace("-", "_"))


def has_flag(value: Any, label: str) -> bool:
    """Whether flags that a guest gave contain one: members of an ``enum.Flag``, or labels."""
    member = getattr(type(value), label.replace("-", "_").upper(), None)
    return bool(value & member) if member is not None else label in value
