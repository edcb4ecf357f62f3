"""Functions: exported by instances, or made from Python callables.

add = instance.exports(store)["add"]; add(store, 1, 2)
Func(store, FuncType([ValType.i32()], []), print)
Func(store, FuncType([], []), lambda caller: caller["memory"].read(caller, 0, 4), access_caller=True)
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import wasmz
from wasmz.wasmtime._calls import MISSING, Never, make_call, make_host_call
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._exportable import WRAPPERS, Extern, wrap
from wasmz.wasmtime._store import Caller, Store, Storelike, caller_of, store_of
from wasmz.wasmtime._trap import raised
from wasmz.wasmtime._types import FUNCREF, FuncType, ValType, type_of, value_type
from wasmz.wasmtime._value import given_value, own_value

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Caller", "Func"]

_CLASSES = {"i32": int, "i64": int, "f32": float, "f64": float}


class Func(Extern):
    """A function of a store."""

    # CPython looks up `__call__` in an object's class: there it is a member, whose value is the function made for the
    # object.
    __slots__ = ("__call__", "_find", "_own", "_type")

    if TYPE_CHECKING:

        def __call__(self, store: Storelike, *params: Any) -> Any:
            """Calls the function.

            Parameters are integers for i32 and i64, which are reduced to that many bits; floats for f32 and f64; any
            objects for externref; a ``Func`` or ``None`` for funcref; or a ``Val`` of the type. Returns ``None``, the
            only result, or a list of several.

            Raises:
                WasmtimeError: there are too many or too few parameters.
                TypeError: a parameter has another type.
                Trap, ExitTrap: the guest trapped, or exited. Exceptions of host functions pass through.
            """

    def __init__(self, store: Storelike, ty: FuncType, func: Callable[..., Any], access_caller: bool = False) -> None:
        """Makes a function from a Python callable.

        Args:
            store: the store that it belongs to.
            ty: its type.
            func: the callable. It returns ``None``, the only result, or a sequence of several.
            access_caller: whether it takes a :class:`Caller` first.

        Raises:
            TypeError: ``store`` is not a store, or ``ty`` not a type.
        """
        if not isinstance(store, Store):
            raise TypeError("expected a Store")
        if not isinstance(ty, FuncType):
            raise TypeError("expected a FuncType")
        ty._check_open()
        host = host_function(store.engine._has_epochs, ty, func, access_caller)
        self._set(store._live(), host, ty._type, self._reference)

    def _set(self, store: Store, item: Any, type: wasmz.FuncType, find: Callable[[], Callable[..., Any]]) -> None:
        """``find`` returns the function to call, when it is first called."""
        self._store = store
        self._item = item
        self._type = type
        self._find = find
        self._own: wasmz.Func | None = None
        self.__call__ = self._call_first  # type: ignore[method-assign]

    def _reference(self) -> wasmz.Func:
        own = self._own
        if own is None:
            item = self._item
            own = item if isinstance(item, wasmz.Func) else item.make_func(self._store._store)
            self._own = own
        return own

    def _call_first(self, store: Any, *params: Any) -> Any:
        found = self._find()
        runs_guest = not isinstance(found, wasmz.Func) or found.index >= 0
        function = found.adapter() if isinstance(found, wasmz.Func) else found
        call = _make(self._store, self._type, function, runs_guest)
        self.__call__ = call  # type: ignore[method-assign]
        return call(store, *params)

    def type(self, store: Storelike) -> FuncType:
        """The function's type."""
        self._check(store)
        made: FuncType = type_of(FuncType, self._type)
        return made


def func_of(
    store: Store, item: Any, type: wasmz.FuncType, find: Callable[[], Callable[..., Any]] | None = None
) -> Func:
    """The function for one of wasmz's, or for a linker's host function; ``find`` returns what to call, if different."""
    made = Func.__new__(Func)
    made._set(store, item, type, made._reference if find is None else find)
    return made


def _wrap(store: Store, item: wasmz.Func) -> Func:
    return func_of(store, item, item.type)


WRAPPERS[wasmz.Func] = _wrap


# Calls from Python


def _make(store: Store, type: wasmz.FuncType, f: Callable[..., Any], runs_guest: bool) -> Callable[..., Any]:
    """The Python function that calls one of wasmz's; ``runs_guest`` says whether that may be the guest's."""
    params = [value_type(item) for item in type.params]
    results = [value_type(item) for item in type.results]
    if store.engine._has_epochs and runs_guest:
        f = _tested(store, f)
    if len(results) > 1:
        f = _listing(store, results, f)
    elif results and results[0] == FUNCREF:
        f = _wrapping(store, f)

    def recover(error: Exception, args: tuple[Any, ...]) -> Any:
        if isinstance(error, wasmz.WasmzError):
            raise raised(error) from None
        # Otherwise the error is the host's own.
        reduced = tuple([own_value(type, arg) for type, arg in zip(params, args, strict=True)])
        if reduced == args:
            raise error
        try:
            return f(*reduced)
        except wasmz.WasmzError as failure:
            raise raised(failure) from None

    def slow(given: Any, args: tuple[Any, ...]) -> Any:
        if given is not store and given._live() is not store:
            raise WasmtimeError("this Func belongs to another store")
        count = len(args) - sum(arg is MISSING for arg in args)
        if count != len(params):
            many = "many" if count > len(params) else "few"
            raise WasmtimeError(f"too {many} parameters provided: given {count}, expected {len(params)}")
        own = [own_value(type, arg) for type, arg in zip(params, args, strict=True)]
        try:
            return f(*own)
        except wasmz.WasmzError as error:
            raise raised(error) from None

    classes = tuple([_CLASSES.get(param._kind, Never) for param in params])
    return make_call(len(params))(slow, recover, f, store, classes)


def _tested(store: Store, f: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        if store._is_late():
            raise wasmz.Interrupted
        return f(*args)

    return call


def _listing(store: Store, types: list[ValType], f: Callable[..., Any]) -> Callable[..., Any]:
    if FUNCREF not in types:
        return lambda *args: list(f(*args))
    return lambda *args: [given_value(store, type, item) for type, item in zip(types, f(*args), strict=True)]


def _wrapping(store: Store, f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: given_value(store, FUNCREF, f(*args))


# Functions of the host


def host_function(has_epochs: bool, type: FuncType, fn: Callable[..., Any], access_caller: bool) -> wasmz.HostFunc:
    """The function of wasmz's for a callable; it belongs to no store yet."""
    own = type._type
    params, results = type.params, type.results
    needs_store = access_caller or has_epochs or FUNCREF in params
    if len(results) == 1:
        only = results[0]
        kind = {"i32": "int", "i64": "int", "f32": "float", "f64": "float"}.get(only._kind, "other")
        convert: Callable[[Any], Any] = functools.partial(own_value, only)
    else:
        kind = "other" if results else ""
        convert = _converting(results)
    if not needs_store:
        return wasmz.HostFunc(make_host_call(len(params), kind, False)(fn, convert, None), own.params, own.results)

    # Its first argument is wasmz's caller. The store, and so the tests, are known then.
    def call(own_caller: wasmz.Caller, *args: Any) -> Any:
        store = store_of(own_caller.store)
        given = [given_value(store, type, arg) for type, arg in zip(params, args, strict=True)]
        if not access_caller:
            result = fn(*given)
        else:
            caller = caller_of(store, _exports_of(store, own_caller))
            try:
                result = fn(caller, *given)
            finally:
                caller._invalidate()
        if has_epochs and store._is_late():
            raise wasmz.Interrupted
        if kind:
            return convert(result)
        return None if result is None else convert(result)

    return wasmz.HostFunc(call, own.params, own.results, caller=True)


def _converting(types: list[ValType]) -> Callable[[Any], Any]:
    def convert(result: Any) -> Any:
        if not types:
            raise WasmtimeError("callback produced results when it shouldn't")
        if len(result) != len(types):
            raise WasmtimeError("callback produced wrong number of results")
        return tuple([own_value(type, item) for type, item in zip(types, result, strict=True)])

    return convert


def _exports_of(store: Store, own_caller: wasmz.Caller) -> Callable[[str], Any]:
    """A function that finds exports of the calling instance; there are none if that is unknown."""

    def find(name: str) -> Any:
        try:
            return wrap(store, own_caller.instance.extern(name))
        except (KeyError, RuntimeError):
            return None

    return find
