"""Stores; and callers, which host functions can use instead of a store.

store = Store(engine, data)
store.set_epoch_deadline(1); store.set_limits(memory_size=1 << 20)
"""

from __future__ import annotations

import gc
import sys
import weakref
from typing import TYPE_CHECKING, Any, Union

import wasmz
from wasmz.wasmtime._engine import Engine
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._managed import Managed, missing
from wasmz.wasmtime._wasi import WasiConfig

if TYPE_CHECKING:
    from collections.abc import Callable

_UINT64 = (1 << 64) - 1


class _Limits(wasmz.ResourceLimiter):
    """The limits set by :meth:`Store.set_limits`."""

    memory_size: int | None = None
    table_elements: int | None = None

    def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        return self.memory_size is None or desired <= self.memory_size

    def table_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        return self.table_elements is None or desired <= self.table_elements


class Store(Managed[Any]):
    """Where instances live, with their memories, tables and globals.

    Attributes:
        engine: the engine of the modules that it runs.
    """

    def __init__(self, engine: Engine | None = None, data: Any = None) -> None:
        """Makes a store; without an engine, in a new one.

        Raises:
            TypeError: ``engine`` is not an ``Engine``.
        """
        if engine is None:
            engine = Engine()
        elif not isinstance(engine, Engine):
            raise TypeError("expected an Engine")
        self.engine: Engine = engine
        self._limits = _Limits()
        # Host functions find this store by wasmz's.
        self._store = wasmz.Store(engine._live(), weakref.ref(self), limiter=self._limits)
        self._data = data
        # Units of fuel beyond what wasmz can count.
        self._surplus = 0
        self._wasi: WasiConfig | None = None
        self._wasi_functions: wasmz.Linker | None = None
        self._wasi_interfaces: wasmz.component.Linker | None = None
        self._has_http = False
        self._deadline = 0
        self._is_stopped = False
        if engine._has_epochs:
            engine._stores.add(self)

    def _live(self) -> Store:
        self._check_open()
        return self

    def _delete(self) -> None:
        self._store.close()
        if self._wasi is not None:
            self._wasi._close_files()

    def data(self) -> Any:
        """The object that the store was made with; ``None`` if that is false."""
        self._check_open()
        return self._data or None

    def gc(self) -> None:
        """Collects garbage, including objects to which guests no longer refer."""
        self._check_open()
        gc.collect()

    def set_fuel(self, fuel: int) -> None:
        """Sets the units of fuel that are left.

        Raises:
            WasmtimeError: ``consume_fuel`` is off in the engine's configuration.
        """
        self._check_fuel()
        fuel &= _UINT64
        counted = min(fuel, sys.maxsize)
        self._surplus = fuel - counted
        self._store.set_fuel(counted)

    def get_fuel(self) -> int:
        """The units of fuel that are left; calls and loop iterations take one each.

        Raises:
            WasmtimeError: ``consume_fuel`` is off in the engine's configuration.
        """
        self._check_fuel()
        return (self._store.fuel or 0) + self._surplus

    def _check_fuel(self) -> None:
        self._check_open()
        if self._store.fuel is None:
            raise WasmtimeError("fuel is not configured in this store")

    def set_wasi(self, wasi: WasiConfig) -> None:
        """Sets what programs of the store get, before they are instantiated. ``wasi`` cannot be used again.

        Raises:
            ValueError: it was used before.
        """
        self._check_open()
        taken = wasi._take()
        self._wasi, self._wasi_functions, self._wasi_interfaces = taken, None, None

    def _define_wasi(self, linker: wasmz.Linker | wasmz.component.Linker) -> None:
        """Defines WASI, with what programs of the store get."""
        if self._wasi is None:
            raise WasmtimeError("the store has no WASI configuration: call Store.set_wasi before instantiation")
        try:
            config = self._wasi._own_config()
            linker.define_wasi(config.allow_http("*") if self._has_http else config)
        except OSError as error:
            raise WasmtimeError(f"failed to make the WASI context: {error}") from None

    def _wasi_function(self, name: str) -> Any:
        """The function that a program imports by a name of WASI; ``None`` if there is no such function."""
        if self._wasi_functions is None:
            linker = wasmz.Linker(self._store.engine)
            self._define_wasi(linker)
            self._wasi_functions = linker
        return self._wasi_functions.get("wasi_snapshot_preview1", name)

    def _component_linker(self) -> wasmz.component.Linker:
        """A linker with WASI 0.2: one guest, which the store's components are together."""
        if self._wasi_interfaces is None:
            linker = wasmz.component.Linker(self._store.engine)
            self._define_wasi(linker)
            self._wasi_interfaces = linker
        return self._wasi_interfaces

    def set_wasi_http(self) -> None:
        """Lets components of the store send HTTP requests to any host, if their linker has ``add_wasi_http``."""
        self._check_open()
        self._has_http, self._wasi_interfaces = True, None

    def set_epoch_deadline(self, ticks_after_current: int) -> None:
        """Lets code run until the engine's epoch was incremented ``ticks_after_current`` times; then it traps."""
        self._check_open()
        self._deadline = self.engine._epoch + ticks_after_current
        if self._is_stopped:
            self._is_stopped = False
            self._store.set_deadline(None)
        if self.engine._has_epochs and ticks_after_current <= 0:
            self._notice_epoch()

    def _is_late(self) -> bool:
        """Whether epochs require that code of the store stops."""
        return self.engine._epoch >= self._deadline

    def _notice_epoch(self) -> None:
        if self._is_late() and not self._is_stopped and not self._is_closed:
            self._is_stopped = True
            # Stops code that runs now, in any thread, and code that is called later.
            self._store.set_deadline(0)

    def set_limits(
        self,
        memory_size: int = -1,
        table_elements: int = -1,
        instances: int = -1,
        tables: int = -1,
        memories: int = -1,
    ) -> None:
        """Limits what the store's guests make: bytes of each memory, elements of each table, and numbers of instances,
        tables and memories. Negative numbers mean no limit.
        """
        self._check_open()
        limits = self._limits
        given = (memory_size, table_elements, instances, tables, memories)
        known = [None if number < 0 else number for number in given]
        limits.memory_size, limits.table_elements, limits.instances, limits.tables, limits.memories = known


class StoreContext:
    """Stands for a store while a component calls a function of the host's."""

    __slots__ = ("_store",)

    def __init__(self, ptr: Any) -> None:
        """Raises ``NotImplementedError``: host functions of components get one."""
        missing("pointers, which contexts of stores are made of")

    def _live(self) -> Store:
        store = self._store
        if store is None:
            raise ValueError("caller is no longer valid")
        return store._live()

    def _invalidate(self) -> None:
        self._store = None

    _store: Store | None


def context_of(store: Store) -> StoreContext:
    """A context of a store, until it is invalidated."""
    made = StoreContext.__new__(StoreContext)
    made._store = store
    return made


class Caller:
    """The calling instance, as a host function sees it during the call."""

    __slots__ = ("_find", "_store")

    def __init__(self, ptr: Any) -> None:
        """Raises ``NotImplementedError``: functions with ``access_caller`` get one."""
        missing("pointers, which callers are made of: give access_caller=True to a Func")

    def __getitem__(self, name: str) -> Any:
        """The export of the calling instance. ``KeyError`` where :meth:`get` returns ``None``."""
        found = self.get(name)
        if found is None:
            raise KeyError(f"failed to find export {name}")
        return found

    def get(self, name: str) -> Any:
        """The export of the calling instance; ``None`` if there is none, or the call has ended."""
        # Raises AttributeError for anything but text.
        name.encode()
        find = self._find
        return None if find is None else find(name)

    def _live(self) -> Store:
        store = self._store
        if store is None:
            raise ValueError("caller is no longer valid")
        return store._live()

    def _invalidate(self) -> None:
        self._find = self._store = None

    _find: Callable[[str], Any] | None
    _store: Store | None


def caller_of(store: Store, find: Callable[[str], Any] | None) -> Caller:
    """A caller in a store; ``find`` returns exports of the calling instance, if that is known."""
    made = Caller.__new__(Caller)
    made._store, made._find = store, find
    return made


def store_of(own: wasmz.Store) -> Store:
    """The store of this package for one of wasmz's."""
    found = own.data()
    if not isinstance(found, Store):
        raise ReferenceError("the store is gone")
    return found


Storelike = Union[Store, Caller, StoreContext]
