"""Functions of the host: Python callables for WebAssembly, and what they learn about their caller.

linker.define("env", "add", HostFunc(lambda a, b: a + b, [ValType.I32, ValType.I32], [ValType.I32]))
HostFunc(log, [ValType.I32, ValType.I32], context=lines)        log(caller, address, size) finds caller.context is lines
"""

from __future__ import annotations

from wasmz.errors import bounded, expect, shown
from wasmz.runtime.calls import func as functions
from wasmz.runtime.calls.adapters import make_export_adapter, make_host_adapter
from wasmz.runtime.calls.func import Func, FuncMaker
from wasmz.startup.concurrency import load
from wasmz.startup.light import FunctionType
from wasmz.types import FuncType, ValType, define_function_type

# Flags of code objects (module ``inspect``): it takes any number of arguments; it is an ``async def``.
_VARARGS = 4
_COROUTINE = 0x80

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Protocol

    from wasmz.runtime.link.instance import Instance
    from wasmz.runtime.link.store import Store
    from wasmz.runtime.memory.linear import Memory
    from wasmz.types import DefinedType

    class Definitions(Protocol):
        """Where host functions are defined: a ``Linker``."""

        def define(self, module_name: str, name: str, item: Any) -> None: ...

        def get(self, module_name: str, name: str) -> Any: ...


class Caller:
    """The calling instance, as a host function sees it that asks for it.

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


def arity(fn: Callable[..., Any]) -> tuple[int, int | None] | None:
    """The least and the largest number of arguments that a callable takes; the latter is ``None`` for any number.

    ``None`` if it is unknown without calling it. A callable with a required keyword argument takes (1, 0).
    """
    inner, bound = getattr(fn, "__func__", None), 0
    if inner.__class__ is FunctionType and getattr(fn, "__self__", None) is not None:
        fn, bound = inner, 1
    if fn.__class__ is not FunctionType:
        return None
    code = fn.__code__
    named = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    if not set(named) <= (fn.__kwdefaults__ or {}).keys():
        return 1, 0
    least = code.co_argcount - len(fn.__defaults__ or ()) - bound
    return max(least, 0), None if code.co_flags & _VARARGS else code.co_argcount - bound


def is_coroutine_function(fn: Callable[..., Any]) -> bool:
    """Whether a callable is an ``async def``, or an object whose ``__call__`` is one."""
    code = getattr(getattr(fn, "__func__", fn), "__code__", None)
    if code is None:
        code = getattr(type(fn).__call__, "__code__", None)
    return code is not None and bool(code.co_flags & _COROUTINE)


class HostFunc(FuncMaker):
    """A Python callable with a WebAssembly type, for a linker or a table.

    i32 and i64 reach the callable as signed integers, v128 as 16 bytes. It returns ``None`` for no result, the value
    for one, a tuple or list for several. Whatever it raises passes through WebAssembly code to the Python caller. A
    coroutine function is awaited; then the guest has to be called by ``call_async``.

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
        """For the runtime: the function that generated code calls."""
        fn = self.fn
        if is_coroutine_function(fn):
            # Imported only here: it imports asyncio.
            load("wasmz.runtime.calls.asynchronous")
            from wasmz.runtime.calls.asynchronous import awaiting

            fn = awaiting(fn, name)
        return make_host_adapter(fn, self.type, name, caller)

    def make_func(
        self,
        store: Store,
        *,
        instance: Instance | None = None,
        defined_type: DefinedType | None = None,
        name: str | None = None,
    ) -> Func:
        """For the runtime: makes the function of a store, for an instance that imports it."""
        func = Func.__new__(Func)
        self._set_up(func, store, instance, defined_type, name)
        return func

    def _set_up(
        self,
        func: Func,
        store: Store,
        instance: Instance | None = None,
        defined_type: DefinedType | None = None,
        name: str | None = None,
    ) -> None:
        caller = Caller(store, instance, self.context) if self.caller else None
        shown = name or str(getattr(self.fn, "__name__", "host"))
        code = self.make_code(caller, shown)
        defined = defined_type or define_function_type(self.type)
        # Called from Python, it nests no deeper than the callable itself.
        func.setup(store, defined, code, make_export_adapter, name=shown, is_deep=False)

    @shown
    def __repr__(self) -> str:
        name = getattr(self.fn, "__name__", type(self.fn).__name__)
        return f"<HostFunc {bounded(str(name))} {bounded(str(self.type))}>"


def _host_setup(func: Func, store: Store, type: FuncType, fn: Any, context: Any, caller: bool | None) -> None:
    store.check_open()
    HostFunc(fn, type.params, type.results, context=context, caller=caller)._set_up(func, store)


# ``func.py`` cannot import this file.
functions._host_setup = _host_setup
