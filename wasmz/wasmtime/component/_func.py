"""Functions of components.

add = instance.get_func(store, "add")
add(store, 1, 2)
"""

from __future__ import annotations

from functools import cached_property
from types import CoroutineType
from typing import TYPE_CHECKING, Any

import wasmz
from wasmz.startup.concurrency import load
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._store import Store, Storelike, context_of
from wasmz.wasmtime.component._failures import failure
from wasmz.wasmtime.component._plain import ValType
from wasmz.wasmtime.component._types import FuncType, item_type
from wasmz.wasmtime.component._values import ResultType, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Func:
    """A function that a component's instance exports."""

    _store: Store
    # wasmz's function and its type, and where that stands.
    _function: Callable[..., Any]
    _own: Any
    _scope: Scope

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: instances have functions."""
        raise WasmtimeError("Cannot directly construct a `Func`")

    @cached_property
    def _params(self) -> list[ValType]:
        return [self._scope.shared(type) for _, type in self._own.params]

    @cached_property
    def _result(self) -> ValType | None:
        found: ValType | None = self._scope.shared_if(self._own.result)
        return found

    def __call__(self, store: Storelike, *params: Any) -> Any:
        """Calls the function; ``None`` if it has no result.

        Raises:
            TypeError: there are too many or too few parameters, or one has another type.
            ValueError: a parameter is no case of its type.
            WasmtimeError: the component trapped; or the store is another one.
            ExitTrap: it exited. Exceptions of host functions pass through.
        """
        owner = self._checked(store)
        types = self._params
        if len(params) != len(types):
            raise TypeError(f"wrong number of parameters provided: given {len(params)}, expected {len(types)}")
        own = [type._to_own(value) for type, value in zip(types, params, strict=True)]
        result = self._result
        try:
            if owner.engine._has_epochs and owner._is_late():
                raise wasmz.Interrupted
            returned = self._function(*own)
            if isinstance(returned, CoroutineType):
                returned = _awaited(returned)
        except wasmz.component.ComponentError as error:
            if isinstance(result, ResultType):
                return result._given("err", error.payload)
            raise WasmtimeError(str(error)) from None
        except wasmz.WasmzError as error:
            raise failure(error) from None
        if isinstance(result, ResultType):
            return result._given("ok", returned)
        return None if result is None else result._from_own(returned)

    def post_return(self, store: Storelike) -> None:
        """Does nothing: each call does all that has to be done after it."""
        self._checked(store)

    def type(self, store: Storelike) -> FuncType:
        """The function's type."""
        self._checked(store)
        made: FuncType = item_type(self._own, self._scope)
        return made

    def _checked(self, store: Storelike) -> Store:
        owner = store._live()
        if owner is not self._store:
            raise WasmtimeError("this Func belongs to another store")
        return owner


def _awaited(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of an asynchronous function, which is waited for even where an event loop runs."""
    # Imported only here: most components have no such functions.
    load("asyncio")
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    load("concurrent.futures.thread")
    from concurrent.futures.thread import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def component_func(store: Store, function: Callable[..., Any], own: Any, scope: Scope) -> Func:
    """The function for one of wasmz's, whose type is ``own``."""
    made = Func.__new__(Func)
    made._store, made._function, made._own, made._scope = store, function, own, scope
    return made


def host_callable(store: Store, fn: Callable[..., Any], own: Any, scope: Scope) -> Callable[..., Any]:
    """What wasmz calls for a function of the host's, which takes a context of the store first."""
    params = [scope.shared(type) for _, type in own.params]
    result = scope.shared_if(own.result)
    has_epochs = store.engine._has_epochs

    def call(*args: Any) -> Any:
        context = context_of(store)
        try:
            returned = fn(context, *[type._from_own(arg) for type, arg in zip(params, args, strict=True)])
            if has_epochs and store._is_late():
                raise wasmz.Interrupted
            if isinstance(result, ResultType):
                return result._returned(returned)
            if result is not None:
                return result._to_own(returned)
            if returned is not None:
                raise AssertionError("a function without a result returned something")
            return None
        finally:
            context._invalidate()

    return call
