"""Functions of the host that components call asynchronously, and coroutine functions among them.

A plain function whose type is asynchronous may return a coroutine: it decides at each call whether it waits.
"""

from __future__ import annotations

import asyncio
from types import CoroutineType

from wasmz.component.asyncio_calls import Driver, driver_of
from wasmz.component.tasks import lowered
from wasmz.component.traps import ComponentError
from wasmz.component.values import Err, Ok
from wasmz.runtime.calls.host import is_coroutine_function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from wasmz.component.generated import BoundOptions, Place
    from wasmz.component.types import FunctionType

__wasmz_frame__ = "helper"


class _HostTask:
    """A call of a function of the host."""

    def __init__(
        self, function: Any, type: FunctionType, place: Place, on_resolve: Callable[[Any, bool], None]
    ) -> None:
        self.function = function
        self.type = type
        self.place = place
        self.on_resolve = on_resolve
        self.wrong_result = function.wrong_result(type, place)
        self.task: asyncio.Task[Any] | None = None
        self.is_over = False

    def resolve(self, result: Any) -> None:
        """Gives the result, and says what is wrong with it."""
        self.is_over = True
        try:
            self.on_resolve(result, False)
        except Exception as error:
            found = self.wrong_result(error, result.value if self._is_result() else result)
            if found is None:
                raise
            raise found from None

    def _is_result(self) -> bool:
        return self.type.result is not None and self.type.result.kind == "result"

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Calls a plain function; what it returns as a value of the result's type."""
        if not self._is_result():
            return self.function.fn(*arguments)
        try:
            return Ok(self.function.fn(*arguments))
        except ComponentError as error:
            return Err(error.payload)

    def is_to_be_awaited(self, result: Any) -> bool:
        """Whether what the function returned is no value, but what gives one."""
        kind = None if self.type.result is None else self.type.result.kind
        value = result.value if result.__class__ is Ok else result
        return value.__class__ is CoroutineType and self.type.is_async and kind != "future"

    def begin(self, awaited: Coroutine[Any, Any, Any], driver: Driver) -> None:
        """Begins to await what the function returned."""

        def ended(task: asyncio.Task[Any]) -> None:
            if not self.is_over:
                # It was cancelled before it began.
                awaited.close()
                self.is_over = True
                driver.run(lambda: self.on_resolve(None, True))

        self.task = driver.begin(self._run(awaited, driver))
        self.task.add_done_callback(ended)

    async def _run(self, awaited: Coroutine[Any, Any, Any], driver: Driver) -> None:
        """Awaits what the function returned."""
        is_cancelled = False
        result: Any = None
        try:
            result = await awaited
            if self._is_result():
                result = Ok(result)
        except ComponentError as error:
            if not self._is_result():
                self._fail(error, driver)
                return
            result = Err(error.payload)
        except asyncio.CancelledError:
            is_cancelled = True
        except BaseException as error:
            self._fail(error, driver)
            return
        self.is_over = True
        if is_cancelled:
            driver.run(lambda: self.on_resolve(None, True), state=self.place.state)
        else:
            driver.run(lambda: self.resolve(result), state=self.place.state)

    def _fail(self, error: BaseException, driver: Driver) -> None:
        """The function raised what passes through the component, which is not called any more."""
        self.is_over = True
        self.place.state.lock_down()
        driver.fail(error)

    def cancel(self, caller: object) -> None:
        """The guest wants it to end."""
        if self.task is not None and not self.is_over:
            self.task.cancel()


def lowered_host_function(
    function: Any, type: FunctionType, options: BoundOptions, place: Place, name: str
) -> Callable[..., Any]:
    """What core code of an instance calls for a function of the host that may wait."""
    is_coroutine = is_coroutine_function(function.fn)
    store = place.state.store

    def find_driver(awaited: Any = None) -> Driver:
        try:
            return driver_of(store)
        except RuntimeError:
            if awaited is not None:
                awaited.close()
            raise TypeError(f"{name} is a coroutine function: what calls it has to be awaited") from None

    def callee(
        on_start: Callable[[], tuple[Any, ...]], on_resolve: Callable[[Any, bool], None]
    ) -> Callable[[Any], None]:
        made = _HostTask(function, type, place, on_resolve)
        arguments = on_start()
        driver = find_driver() if is_coroutine else None
        result = function.fn(*arguments) if is_coroutine else made.call(arguments)
        if is_coroutine or made.is_to_be_awaited(result):
            awaited = result.value if result.__class__ is Ok else result
            made.begin(awaited, driver or find_driver(awaited))
        else:
            made.resolve(result)
        return made.cancel

    return lowered(callee, type, options, place, "python")
