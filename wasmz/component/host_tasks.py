"""Functions of the host that components call asynchronously, and coroutine functions among them."""

from __future__ import annotations

import asyncio

from wasmz.component.asyncio_calls import Driver, driver_of
from wasmz.component.tasks import lowered
from wasmz.component.traps import ComponentError
from wasmz.component.values import Err, Ok
from wasmz.runtime.calls.host import is_coroutine_function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
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

    async def run(self, arguments: tuple[Any, ...], driver: Driver) -> None:
        """Awaits a coroutine function."""
        is_cancelled = False
        result: Any = None
        try:
            result = await self.function.fn(*arguments)
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
        finally:
            driver.pending -= 1
        if is_cancelled:
            self.is_over = True
            driver.run(lambda: self.on_resolve(None, True))
        else:
            driver.run(lambda: self.resolve(result))

    def _fail(self, error: BaseException, driver: Driver) -> None:
        """The function raised what passes through the component, which is not called any more."""
        for state in self.place.state.chain():
            state.may_enter = False
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

    def callee(
        on_start: Callable[[], tuple[Any, ...]], on_resolve: Callable[[Any, bool], None]
    ) -> Callable[[Any], None]:
        made = _HostTask(function, type, place, on_resolve)
        arguments = on_start()
        if not is_coroutine:
            made.resolve(made.call(arguments))
        else:
            try:
                driver = driver_of(store)
            except RuntimeError:
                raise TypeError(f"{name} is a coroutine function: what calls it has to be awaited") from None
            driver.pending += 1
            made.task = driver.loop.create_task(made.run(arguments, driver))
        return made.cancel

    return lowered(callee, type, options, place, "python")
