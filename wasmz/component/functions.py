"""Functions of components, and what they become: Python functions, and core functions for other components.

function.python("add")(1, 2)            what Python calls
function.lowered(type, options, place, "add")       what the core code of another instance calls
"""

from __future__ import annotations

from wasmz.component import handles
from wasmz.component.generated import BoundOptions, failure, make_function, side_of, unmake
from wasmz.component.remembered import Remembered
from wasmz.component.state import trap_enter
from wasmz.component.traps import WrongValue
from wasmz.errors import Interrupted, Trap, WasmException
from wasmz.runtime.abi import EXPORT, HELPER, HOST
from wasmz.runtime.calls.func import Func
from wasmz.runtime.limits import depth
from wasmz.startup.concurrency import load
from wasmz.types import define_function_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.component import types
    from wasmz.component.generated import Place
    from wasmz.component.state import ComponentState
    from wasmz.component.writer import Side, Text

__wasmz_frame__ = "helper"


class ComponentFunction:
    """A function of a component, or of the host.

    Attributes:
        type: its type, with the resource types of the component that says so.
        name: for messages.
        state: the instance it belongs to; ``None`` for the host's.
    """

    __slots__ = ("__weakref__", "name", "place", "state", "type")

    def __init__(self, type: types.FunctionType, name: str, place: Place | None) -> None:
        self.type: types.FunctionType = type
        self.name: str = name
        self.place: Place | None = place
        self.state: ComponentState | None = None if place is None else place.state

    def python(self, name: str) -> Callable[..., Any]:
        """The Python function that calls it, under a name."""
        raise NotImplementedError

    def lowered(self, type: types.FunctionType, options: BoundOptions, place: Place, name: str) -> Callable[..., Any]:
        """What the core code of an instance calls for it."""
        raise NotImplementedError


class LiftedFunction(ComponentFunction):
    """A function that a component makes of a core function: ``canon lift``."""

    __slots__ = ("core", "options")

    def __init__(self, type: types.FunctionType, name: str, place: Place, core: Func, options: BoundOptions) -> None:
        super().__init__(type, name, place)
        self.core: Func = core
        self.options: BoundOptions = options

    def side(self, letter: str, *, is_raw: bool, source: str = "python") -> Side:
        """Its side of calls."""
        place = self.place
        if place is None:
            raise SystemError("a lifted function belongs to an instance")
        return side_of(letter, self.options, place, is_raw=is_raw, source=source)

    def python(self, name: str) -> Callable[..., Any]:
        place = self.place
        if place is None:
            raise SystemError("a lifted function belongs to an instance")
        if place.state.tasks is not None:
            load("wasmz.component.asyncio_calls")
            from wasmz.component.asyncio_calls import python_function

            return python_function(self, name)
        entered = place.state.chain()
        load("wasmz.component.assembly")
        from wasmz.component.assembly import export_text, parameter_names

        # As it is known now; if that changes, so does the code.
        is_deep = [self._is_deep()]

        def key() -> tuple[Any, ...]:
            options = self.options
            return id(self.type), options.encoding, options.layouts.pointer, is_deep[0], options.post is not None

        remembered = None
        if len(entered) == 1:
            # Otherwise names stand for the instances around it.
            remembered = Remembered(place.remembered, key(), self.type, place)

        def write() -> tuple[Text, str, list[str]]:
            side = self.side("b", is_raw=False)
            if remembered is not None:
                side.resources, side.transfer = remembered.resources, remembered.transfer
            text, params = export_text(self.type, side, entered, is_deep[0], self.options.post is not None)
            return text, params, parameter_names(self.type)

        bindings = {
            **self.options.names("b", place.state),
            "f": self.core.code,
            "post": self.options.post,
            "needed_limit": depth.needed_limit(place.state.store.engine.config),
            "wrong_arguments": self._wrong_arguments(entered),
            "failure": failure,
        }
        made = make_function(name, EXPORT, write, bindings, place.codes, remembered)

        def remake() -> None:
            """It need not raise the recursion limit: it is written again, or taken over."""
            is_deep[0] = False
            if remembered is not None:
                remembered.key = key()
            unmake(made)

        if is_deep[0]:
            for function in self._called():
                self._when_shallow(function, remake)
        return describe(made, self)

    def _called(self) -> list[Func]:
        """The core functions that calls of it call."""
        return [self.core] if self.options.post is None else [self.core, self.options.post_function]

    def _is_deep(self) -> bool:
        return any(function.is_deep for function in self._called())

    def _when_shallow(self, function: Func, remake: Callable[[], None]) -> None:
        """Has something done when it is known that calls do not nest without a bound, after one of them is compiled."""
        before = function.when_shallow

        def when_shallow() -> None:
            if before is not None:
                before()
            if not self._is_deep():
                remake()

        function.when_shallow = when_shallow

    def _wrong_arguments(self, entered: list[ComponentState]) -> Callable[..., BaseException | None]:
        def wrong_arguments(
            error: BaseException, given: tuple[Any, ...], scope: handles.HostScope | None = None
        ) -> BaseException | None:
            if isinstance(error, Exception):
                trap = failure(error)
                if trap is not None or isinstance(error, (Trap, Interrupted)):
                    return trap
            # It was not the component's fault, in which nothing has begun.
            for one in entered:
                one.may_enter = one.may_leave = True
            return self.refuse(error, given, scope)

        return wrong_arguments

    def refuse(
        self, error: BaseException, given: tuple[Any, ...], scope: handles.HostScope | None
    ) -> WrongValue | None:
        """Takes back what arguments have become, as one is wrong; what is wrong, if the error came from that."""
        place = self.place
        if place is None:
            raise SystemError("a lifted function belongs to an instance")
        handles.take_back(place.state)
        if scope is not None:
            scope.end()
        if not isinstance(error, Exception) or isinstance(error, WrongValue):
            return None
        load("wasmz.component.explain")
        from wasmz.component.explain import explain, unexplained

        params = self.type.params
        label = params[0][0] if len(params) == 1 else "arguments"
        return explain(params, given, place.class_of) or unexplained(error, label)

    def call_inside(self, *args: Any) -> Any:
        """Calls the core function; the instance is marked as entered."""
        try:
            return self.core.code(*args)
        except WasmException as error:
            raise error.as_trap() from None

    def lowered(self, type: types.FunctionType, options: BoundOptions, place: Place, name: str) -> Callable[..., Any]:
        callee = self.place
        if callee is None:
            raise SystemError("a lifted function belongs to an instance")
        if callee.state.tasks is not None or place.state.tasks is not None:
            load("wasmz.component.tasks")
            from wasmz.component.tasks import lowered_function

            return lowered_function(self, type, options, place, name)
        if callee.state.is_around(place.state):
            return _refused
        entered = callee.state.entered_from(place.state)
        load("wasmz.component.assembly")
        from wasmz.component.assembly import fused_text

        def write() -> tuple[Text, str, list[str]]:
            caller_side = side_of("a", options, place, is_raw=True, source=self.options.encoding)
            callee_side = self.side("b", is_raw=True, source=options.encoding)
            has_post = self.options.post is not None
            text, params = fused_text(type, self.type, caller_side, callee_side, entered, has_post)
            return text, params, []

        bindings = {
            **options.names("a", place.state),
            **self.options.names("b", callee.state),
            "f": self.core.code,
            "post": self.options.post,
        }
        made: Callable[..., Any] = make_function(name, HELPER, write, bindings, place.codes)
        return made


class HostFunction(ComponentFunction):
    """A function of Python's, which a linker gave to a component."""

    __slots__ = ("fn",)

    def __init__(self, fn: Callable[..., Any], type: types.FunctionType, name: str, place: Place) -> None:
        super().__init__(type, name, place)
        self.state: ComponentState | None = None
        self.fn: Callable[..., Any] = fn

    def python(self, name: str) -> Callable[..., Any]:
        return self.fn

    def lowered(self, type: types.FunctionType, options: BoundOptions, place: Place, name: str) -> Callable[..., Any]:
        load("wasmz.component.assembly")
        from wasmz.component.assembly import import_text

        fn = self.fn
        load("wasmz.runtime.calls.host")
        from wasmz.runtime.calls.host import is_coroutine_function

        is_coroutine = is_coroutine_function(fn)
        if type.is_async or options.is_async or (is_coroutine and place.state.tasks is not None):
            load("wasmz.component.host_tasks")
            from wasmz.component.host_tasks import lowered_host_function

            return lowered_host_function(self, type, options, place, name)
        if is_coroutine:
            load("wasmz.runtime.calls.asynchronous")
            from wasmz.runtime.calls.asynchronous import awaiting

            fn = awaiting(fn, self.name)

        # The number of a type, which is kept with what is known of it, tells it from others.
        key = id(type), options.encoding, options.layouts.pointer
        remembered = Remembered(place.remembered, key, type, place)

        def write() -> tuple[Text, str, list[str]]:
            side = side_of("a", options, place, is_raw=False)
            side.resources, side.transfer = remembered.resources, remembered.transfer
            text, params = import_text(type, side)
            return text, params, []

        bindings = {
            **options.names("a", place.state),
            "f": fn,
            "wrong_result": self.wrong_result(type, place),
            "needless_result": self._needless_result,
        }
        made: Callable[..., Any] = make_function(name, HOST, write, bindings, place.codes, remembered)
        return made

    def wrong_result(self, type: types.FunctionType, place: Place) -> Callable[..., BaseException | None]:
        """What finds out why a result cannot be lowered."""

        def wrong_result(error: Exception, result: Any) -> BaseException | None:
            trap = failure(error)
            if trap is not None or isinstance(error, (Trap, Interrupted)):
                return trap
            load("wasmz.component.explain")
            from wasmz.component.explain import explain, unexplained

            if type.result is None:
                return None
            label = f"result of {self.name}"
            return explain([(label, type.result)], [result], place.class_of) or unexplained(error, label)

        return wrong_result

    def _needless_result(self, result: Any) -> WrongValue:
        load("wasmz.component.traps")
        from wasmz.component.traps import WrongValue

        return WrongValue(
            f"result of {self.name}", f"expected None, as the function has no result, got {type(result).__name__}"
        )


def _refused(*args: Any) -> Any:
    """Stands for calls between an instance and one that is inside of it."""
    trap_enter()


def describe(function: Any, behind: ComponentFunction) -> Callable[..., Any]:
    """Notes what a Python function is that of."""
    function.__doc__ = f"{behind.name}: a function of a WebAssembly component."
    function.__dict__["component_function"] = behind
    return function  # type: ignore[no-any-return]


def make_core(place: Place, core_type: Any, code: Callable[..., Any], name: str) -> Func:
    """A core function that the canonical ABI gives to core modules."""
    load("wasmz.runtime.calls.adapters")
    from wasmz.runtime.calls.adapters import make_export_adapter

    return Func.__new__(Func).setup(
        place.state.store, define_function_type(core_type), code, make_export_adapter, name=name, is_deep=True
    )


__all__ = ["BoundOptions", "ComponentFunction", "HostFunction", "LiftedFunction", "make_core"]
