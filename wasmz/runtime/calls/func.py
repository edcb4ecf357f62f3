"""Functions as values: what a ``funcref`` is.

func = table[0]; func(1, 2); func.type
Func(store, FuncType([ValType.I32], [ValType.I32]), lambda x: x + 1)(1)         -> 2
"""

from __future__ import annotations

from wasmz.errors import bounded, expect, shown
from wasmz.runtime.limits.budgets import expect_store
from wasmz.startup.concurrency import load
from wasmz.types import DefinedType, FuncType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.link.store import Store


class Func:
    """A function of an instance or of the host. Calling it calls it from Python.

    Attributes:
        defined_type: its type, as modules define it.
        code: the Python function that generated code calls (docs/abi.md).
        name: its name for messages, or ``None``.
        index: its index in its module; -1 for host functions.
        store: the store that it belongs to.
        is_deep: whether calls of it may nest without a known bound, or that is not known yet.
        when_shallow: is called when it becomes known that they do not, or ``None``.
        make_tail: makes the tail form from the index, if that is not known before the function is called.
    """

    __slots__ = (
        "__weakref__",
        "_adapt",
        "_adapter",
        "_tail",
        "code",
        "defined_type",
        "index",
        "is_deep",
        "make_tail",
        "name",
        "store",
        "when_shallow",
    )

    def __init__(
        self, store: Store, type: FuncType, fn: Callable[..., Any], *, context: Any = None, caller: bool | None = None
    ) -> None:
        """Makes a function of a store from a Python callable, as a ``HostFunc`` would.

        Args:
            store: the store that it belongs to.
            type: the types of its parameters and results.
            fn: the callable; see :class:`HostFunc` for its arguments and results.
            context, caller: as for a ``HostFunc``. The ``Caller`` has the store, but no instance.

        Raises:
            TypeError: an argument is of another type.
        """
        expect(type, FuncType, "type", "a FuncType")
        expect_store(store)
        _host_setup(self, store, type, fn, context, caller)

    def setup(
        self,
        store: Store,
        defined_type: DefinedType,
        code: Callable[..., Any],
        adapt: Callable[[Func, str], Callable[..., Any]],
        tail: Callable[[tuple[Any, ...]], tuple[Any, Any]] | None = None,
        name: str | None = None,
        index: int = -1,
        is_deep: bool = True,
        make_tail: Callable[[int], Any] | None = None,
    ) -> Func:
        """For the runtime: fills in a function that ``Func.__new__(Func)`` made, and returns it.

        ``adapt`` makes an export adapter of a given name: ``adapters.make_export_adapter``.
        """
        self.store: Store = store
        self.defined_type: DefinedType = defined_type
        self.code: Callable[..., Any] = code
        self._adapt = adapt
        self.name: str | None = name
        self.index: int = index
        self.is_deep: bool = is_deep
        self.when_shallow: Callable[[], object] | None = None
        self.make_tail: Callable[[int], Any] | None = make_tail
        self._tail = tail
        self._adapter: Callable[..., Any] | None = None
        return self

    @property
    def type(self) -> FuncType:
        """The types of its parameters and results."""
        composite = self.defined_type.composite
        if not isinstance(composite, FuncType):
            raise TypeError(f"the type of a function is {composite}")
        return composite

    @property
    def tail(self) -> Callable[[tuple[Any, ...]], tuple[Any, Any]]:
        """The tail form (docs/abi.md, "Tail calls")."""
        tail = self._tail
        if tail is None:
            make = self.make_tail
            tail = self._tail = _tail_form(self.code) if make is None else make(self.index)
        return tail

    def adapter(self, name: str | None = None) -> Callable[..., Any]:
        """A plain Python function that calls this one from Python; with a name, a new one of that name."""
        if name is not None:
            return self._adapt(self, name)
        adapter = self._adapter
        if adapter is None:
            adapter = self._adapter = self._adapt(self, self.name or f"function_{self.index}")
        return adapter

    def __call__(self, *args: Any) -> Any:
        """Calls the function; arguments, results and errors are those of :meth:`Instance.call`."""
        return (self._adapter or self.adapter())(*args)

    async def call_async(self, *args: Any) -> Any:
        """The same from asyncio: functions of the host may be coroutines; see :meth:`Instance.call_async`."""
        load("wasmz.runtime.calls.asynchronous")
        from wasmz.runtime.calls.asynchronous import call_async

        return await call_async(self._adapter or self.adapter(), self.store, args)

    @shown
    def __repr__(self) -> str:
        return f"<Func {bounded(self.name) if self.name else self.index} {bounded(str(self.type))}>"


# Frames of this module do not decide where an exception comes from, see translation.py.
__wasmz_frame__ = "helper"


def _tail_form(code: Callable[..., Any]) -> Callable[[tuple[Any, ...]], tuple[Any, Any]]:
    def tail(args: tuple[Any, ...]) -> tuple[Any, Any]:
        return None, code(*args)

    return tail


def function_behind(value: Any) -> Func | None:
    """The ``Func`` that the value is or exports; ``None`` for anything else."""
    if isinstance(value, Func):
        return value
    func = getattr(value, "wasmz_func", None)
    return func if isinstance(func, Func) else None


def _host_setup(func: Func, store: Store, type: FuncType, fn: Any, context: Any, caller: bool | None) -> None:
    """Makes a function from a callable. ``host.py``, which imports this file, replaces this function."""
    raise NotImplementedError


class FuncMaker:
    """Something that becomes a function of a store when it is linked: a ``HostFunc``."""

    __slots__ = ()

    def make_func(self, store: Store) -> Func:
        """Makes the function; it belongs to no instance."""
        raise NotImplementedError
