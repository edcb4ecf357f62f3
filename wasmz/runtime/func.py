"""Functions as values: what a ``funcref`` is, and what Python gives to WebAssembly.

linker.define("env", "add", HostFunc(lambda a, b: a + b, [ValType.I32, ValType.I32], [ValType.I32]))
func = table[0]; func(1, 2); func.type
"""

from __future__ import annotations

from wasmz.concurrency import load
from wasmz.errors import bounded, expect, shown
from wasmz.types import DefinedType, FuncType, ValType, define_function_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from wasmz.runtime.instance import Instance
    from wasmz.runtime.memory import Memory
    from wasmz.runtime.store import Store


class Caller:
    """What a host function is given of the instance that calls it, if it asks for that.

    Attributes:
        context: the object given to the ``HostFunc``.
        store: the store of the instance.
    """

    __slots__ = ("_instance", "_memory", "context", "store")

    def __init__(self, store: Store, instance: Instance | None, context: Any) -> None:
        """For the runtime, which makes one for each host function that asks for it."""
        self.store: Store = store
        self.context: Any = context
        self._instance = instance
        self._memory: Memory | None = None

    @property
    def instance(self) -> Instance:
        """The calling instance. ``RuntimeError`` if the function was not linked into one, but put into a table."""
        if self._instance is None:
            raise RuntimeError("the host function was not linked into an instance")
        return self._instance

    @property
    def data(self) -> Any:
        """The store's data."""
        return self.store.data

    @property
    def memory(self) -> Memory:
        """The instance's first memory. ``RuntimeError`` if it has none."""
        memory = self._memory
        if memory is None:
            memory = self._memory = self.instance.first_memory
        return memory

    def read(self, address: int, size: int) -> bytes:
        """``Memory.read`` of the first memory."""
        return self.memory.read(address, size)

    def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """``Memory.write`` of the first memory."""
        self.memory.write(address, data)

    def read_value(self, address: int, format: str | ValType) -> Any:
        """``Memory.read_value`` of the first memory."""
        return self.memory.read_value(address, format)

    def write_value(self, address: int, format: str | ValType, *values: Any) -> None:
        """``Memory.write_value`` of the first memory."""
        self.memory.write_value(address, format, *values)

    @shown
    def __repr__(self) -> str:
        return f"<Caller of {'no instance' if self._instance is None else repr(self._instance)}>"


class HostFunc:
    """A Python callable with a WebAssembly type, for a linker or a table.

    i32 and i64 reach the callable as signed integers, v128 as 16 bytes. It returns ``None`` for no result, the value
    for one, a tuple or list for several. Whatever it raises passes through WebAssembly code to the Python caller.

    Attributes:
        fn: the callable.
        type: its type.
        context: any object; the callable finds it in its ``Caller``.
        caller: whether a ``Caller`` is passed as first argument; by default if there is a context.
    """

    __slots__ = ("caller", "context", "fn", "type")

    def __init__(
        self,
        fn: Callable[..., Any],
        params: Iterable[ValType],
        results: Iterable[ValType] = (),
        *,
        context: Any = None,
        caller: bool | None = None,
    ) -> None:
        if not callable(fn):
            raise TypeError(f"fn must be callable, not {bounded(repr(fn))}")
        expect(caller, (bool, type(None)), "caller", "a bool or None")
        self.fn: Callable[..., Any] = fn
        self.type: FuncType = FuncType(params, results)
        self.context: Any = context
        self.caller: bool = context is not None if caller is None else caller

    def make_code(self, caller: Caller | None, name: str) -> Callable[..., Any]:
        """For the runtime: what generated code calls."""
        load("wasmz.runtime.adapters")
        from wasmz.runtime.adapters import make_host_adapter

        return make_host_adapter(self.fn, self.type, name, caller)

    @shown
    def __repr__(self) -> str:
        name = getattr(self.fn, "__name__", type(self.fn).__name__)
        return f"<HostFunc {bounded(str(name))} {bounded(str(self.type))}>"


class Func:
    """A function: one of an instance, or a host function. Calling it is calling it from Python.

    Attributes:
        defined_type: its type, as modules define it.
        code: what generated code calls (docs/abi.md).
        name: for humans, or ``None``.
        index: in its module's function index space; -1 for host functions.
        store: where it belongs.
        is_deep: whether calls of it may nest without a known bound.
        make_tail: gives the tail form for the index, if that is not known before the function is called.
    """

    __slots__ = (
        "__weakref__",
        "_adapter",
        "_tail",
        "code",
        "defined_type",
        "index",
        "is_deep",
        "make_tail",
        "name",
        "store",
    )

    def __init__(
        self,
        store: Store,
        defined_type: DefinedType,
        code: Callable[..., Any],
        *,
        tail: Callable[[tuple[Any, ...]], tuple[Any, Any]] | None = None,
        name: str | None = None,
        index: int = -1,
        is_deep: bool = True,
    ) -> None:
        self.store: Store = store
        self.defined_type: DefinedType = defined_type
        self.code: Callable[..., Any] = code
        self.name: str | None = name
        self.index: int = index
        self.is_deep: bool = is_deep
        self.make_tail: Callable[[int], Any] | None = None
        self._tail = tail
        self._adapter: Callable[..., Any] | None = None

    @classmethod
    def of_host(
        cls,
        store: Store,
        host: HostFunc,
        *,
        instance: Instance | None = None,
        defined_type: DefinedType | None = None,
        name: str | None = None,
    ) -> Func:
        """The function that a ``HostFunc`` becomes in a store."""
        caller = Caller(store, instance, host.context) if host.caller else None
        shown = name or str(getattr(host.fn, "__name__", "host"))
        code = host.make_code(caller, shown)
        # From Python it is no deeper than calling the callable itself.
        return cls(store, defined_type or define_function_type(host.type), code, name=shown, is_deep=False)

    @property
    def type(self) -> FuncType:
        """What it takes and gives."""
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
        load("wasmz.runtime.adapters")
        from wasmz.runtime.adapters import make_export_adapter

        if name is not None:
            return make_export_adapter(self, name)
        adapter = self._adapter
        if adapter is None:
            adapter = self._adapter = make_export_adapter(self, self.name or f"function_{self.index}")
        return adapter

    def __call__(self, *args: Any) -> Any:
        """Calls the function; arguments, results and errors are those of :meth:`Instance.call`."""
        return (self._adapter or self.adapter())(*args)

    @shown
    def __repr__(self) -> str:
        return f"<Func {bounded(self.name) if self.name else self.index} {bounded(str(self.type))}>"


# Frames of this module do not decide whose exception it is, see traps.py.
__wasmz_frame__ = "helper"


def _tail_form(code: Callable[..., Any]) -> Callable[[tuple[Any, ...]], tuple[Any, Any]]:
    def tail(args: tuple[Any, ...]) -> tuple[Any, Any]:
        return None, code(*args)

    return tail


def function_behind(value: Any) -> Func | None:
    """The ``Func`` that the value is, or that it is the export of; ``None`` for anything else."""
    if isinstance(value, Func):
        return value
    func = getattr(value, "wasmz_func", None)
    return func if isinstance(func, Func) else None
