"""Functions of components, and what they become: Python functions, and core functions for other components.

    function.python("add")(1, 2)            what Python calls
    function.lowered(lower, place)          the Func that a core module imports

The code of each is generated when it is first called (``assembly.py``), and put in the place of a stub: a function of
its own, because CPython keeps the caches that make calls fast in the code object.
"""

from __future__ import annotations

import builtins

from wasmz.component import handles, state, transfer, values
from wasmz.component.layout import Layouts
from wasmz.component.traps import ComponentError, WrongValue, component_trap
from wasmz.component.writer import Side
from wasmz.errors import Interrupted, Trap, WasmException
from wasmz.runtime.abi import EXPORT, FRAME_KEY, HELPER, HOST
from wasmz.runtime.calls.func import Func
from wasmz.runtime.limits import depth
from wasmz.runtime.traps.translation import translate
from wasmz.startup.concurrency import load
from wasmz.startup.light import FunctionType
from wasmz.types import define_function_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Protocol

    from wasmz.component import forms, types
    from wasmz.component.state import ComponentState
    from wasmz.component.syntax import Options
    from wasmz.component.writer import Text
    from wasmz.runtime.memory.linear import Memory

    class Place(Protocol):
        """A component that is being instantiated: `instantiation.py`."""

        state: ComponentState
        items: dict[str, list[Any]]

        def resource(self, type: forms.Resource) -> handles.ResourceType: ...

        def class_of(self, type: Any) -> Any: ...


__wasmz_frame__ = "helper"

_LAYOUTS: Final = {4: Layouts(4), 8: Layouts(8)}


def layouts(pointer: int) -> Layouts:
    """The layouts for addresses of a size, which all components share."""
    return _LAYOUTS[pointer]


_NAMES: Final[dict[str, Any]] = {
    f"_{name}": value
    for names in (
        transfer.NAMES,
        handles.NAMES,
        values.NAMES,
        state.NAMES,
        depth.NAMES,
        vars(builtins),
        {"ComponentError": ComponentError, "WasmException": WasmException},
    )
    for name, value in names.items()
}


def _stub(*args: Any, **named: Any) -> Any:
    return _make()(*args, **named)  # type: ignore[name-defined]  # noqa: F821


class BoundOptions:
    """What a function is lifted or lowered with, bound.

    Attributes:
        memory: or ``None``.
        realloc, post: what generated code calls for them, or ``None``.
        callback: likewise.
    """

    __slots__ = ("callback", "encoding", "is_async", "layouts", "memory", "post", "realloc")

    def __init__(self, options: Options | None, place: Place) -> None:
        self.encoding: str = "utf8" if options is None else options.encoding
        self.layouts: Layouts = layouts(4 if options is None else options.pointer)
        self.is_async: bool = options is not None and options.is_async

        def code(index: int | None) -> Any:
            return None if index is None else place.items["core func"][index].code

        self.memory: Memory | None = (
            None if options is None or options.memory is None else place.items["core memory"][options.memory]
        )
        self.realloc: Any = None if options is None else code(options.realloc)
        self.post: Any = None if options is None else code(options.post_return)
        self.callback: Any = None if options is None else code(options.callback)

    def names(self, letter: str, state: ComponentState | None) -> dict[str, Any]:
        """What generated code finds under names with a letter."""
        return {f"memory_{letter}": self.memory, f"realloc_{letter}": self.realloc, f"state_{letter}": state}


def make_function(
    name: str, kind: str, write: Callable[[], tuple[Text, str, list[str]]], bindings: dict[str, Any]
) -> Any:
    """A function whose code is written when it is first called: what ``write`` gives, and the names of parameters."""
    namespace: dict[str, Any] = {FRAME_KEY: kind, "__name__": "wasmz.component.generated"}

    def make() -> Any:
        load("wasmz.component.code_cache")
        from wasmz.component.code_cache import code_of

        text, params, names = write()
        source = text.finish(params, names)
        made: dict[str, Any] = {**_NAMES, **text.names(), **{f"_{key}": value for key, value in bindings.items()}}
        exec(code_of(source), made)
        code = made.pop("_call").__code__
        # Helpers find their names where they were made: the same dict.
        namespace.update(made)
        for key, value in made.items():
            if value.__class__ is FunctionType and value.__globals__ is made:
                namespace[key] = FunctionType(value.__code__, namespace, key)
        function.__code__ = code.replace(co_name=name, co_qualname=name)
        return function

    namespace["_make"] = make
    function: Any = FunctionType(_stub.__code__, namespace, name)
    # What CPython says of wrong numbers of arguments begins with it.
    function.__qualname__ = name
    return function


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
        return Side(
            letter,
            self.options.layouts,
            self.options.encoding,
            place.resource,
            place.state,
            None if is_raw else place.class_of,
            source,
        )

    def python(self, name: str) -> Callable[..., Any]:
        place = self.place
        if place is None:
            raise SystemError("a lifted function belongs to an instance")
        entered = place.state.chain()
        from wasmz.component.assembly import export_text, parameter_names

        def write() -> tuple[Text, str, list[str]]:
            text, params = export_text(
                self.type, self.side("b", is_raw=False), entered, self.core.is_deep, self.options.post is not None
            )
            return text, params, parameter_names(self.type)

        bindings = {
            **self.options.names("b", place.state),
            "f": self.core.code,
            "post": self.options.post,
            "needed_limit": depth.needed_limit(place.state.store.engine.config),
            "wrong_arguments": self._wrong_arguments(entered),
            "failure": failure,
        }
        made = make_function(name, EXPORT, write, bindings)
        return describe(made, self)

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
            if scope is not None:
                scope.end()
            return self.explain(error, given)

        return wrong_arguments

    def explain(self, error: BaseException, given: tuple[Any, ...]) -> WrongValue | None:
        """What is wrong with arguments, if an error came from that."""
        if not isinstance(error, Exception) or isinstance(error, WrongValue):
            return None
        load("wasmz.component.explain")
        from wasmz.component.explain import explain

        place = self.place
        return None if place is None else explain(self.type.params, given, place.class_of)

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
        entered = callee.state.entered_from(place.state)
        from wasmz.component.assembly import fused_text

        def write() -> tuple[Text, str, list[str]]:
            caller_side = Side(
                "a", options.layouts, options.encoding, place.resource, place.state, None, self.options.encoding
            )
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
        made: Callable[..., Any] = make_function(name, HELPER, write, bindings)
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
        from wasmz.component.assembly import import_text

        fn = self.fn
        load("wasmz.runtime.calls.host")
        from wasmz.runtime.calls.host import is_coroutine_function

        if is_coroutine_function(fn):
            load("wasmz.runtime.calls.asynchronous")
            from wasmz.runtime.calls.asynchronous import awaiting

            fn = awaiting(fn, self.name)

        def write() -> tuple[Text, str, list[str]]:
            side = Side("a", options.layouts, options.encoding, place.resource, place.state, place.class_of)
            text, params = import_text(type, side)
            return text, params, []

        bindings = {
            **options.names("a", place.state),
            "f": fn,
            "wrong_result": self.wrong_result(type, place),
            "needless_result": self._needless_result,
        }
        made: Callable[..., Any] = make_function(name, HOST, write, bindings)
        return made

    def wrong_result(self, type: types.FunctionType, place: Place) -> Callable[..., BaseException | None]:
        """What finds out why a result cannot be lowered."""

        def wrong_result(error: Exception, result: Any) -> BaseException | None:
            trap = failure(error)
            if trap is not None or isinstance(error, (Trap, Interrupted)):
                return trap
            load("wasmz.component.explain")
            from wasmz.component.explain import explain

            if type.result is None:
                return None
            return explain([(f"result of {self.name}", type.result)], [result], place.class_of)

        return wrong_result

    def _needless_result(self, result: Any) -> WrongValue:
        from wasmz.component.traps import WrongValue

        return WrongValue(
            f"result of {self.name}", f"expected None, as the function has no result, got {type(result).__name__}"
        )


def failure(error: Exception) -> BaseException | None:
    """What becomes of an exception that leaves a component: a trap; ``None`` if it passes as it is."""
    trap = translate(error)
    if trap is not None:
        return trap
    return error.as_trap() if isinstance(error, WasmException) else None


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


__all__ = ["BoundOptions", "ComponentFunction", "HostFunction", "LiftedFunction", "component_trap", "make_core"]
