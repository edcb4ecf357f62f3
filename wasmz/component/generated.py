"""Makes functions of the texts that `assembly.py` writes.

    make_function("add", EXPORT, write, {"f": core})        a function whose first call has its text written

Until then it is a stub. Its code is then put in the stub's place: a function of its own, because CPython keeps the
caches that make calls fast in the code object.
"""

from __future__ import annotations

import builtins

from wasmz.component import error_contexts, handles, state, transfer, values
from wasmz.component.layout import Layouts
from wasmz.component.traps import ComponentError
from wasmz.component.writer import Side
from wasmz.errors import WasmException
from wasmz.runtime.abi import FRAME_KEY
from wasmz.runtime.limits import depth
from wasmz.runtime.traps.translation import translate
from wasmz.startup.concurrency import load
from wasmz.startup.light import CodeType, FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Protocol

    from wasmz.component import forms
    from wasmz.component.remembered import Remembered
    from wasmz.component.state import ComponentState
    from wasmz.component.syntax import Options
    from wasmz.component.writer import Text
    from wasmz.runtime.memory.linear import Memory

    class Place(Protocol):
        """A component that is being instantiated: `instantiation.py`."""

        state: ComponentState
        items: dict[str, list[Any]]

        @property
        def codes(self) -> dict[str, CodeType]: ...

        @property
        def remembered(self) -> dict[Any, Any]: ...

        def resource(self, type: forms.Resource) -> handles.ResourceType: ...

        def class_of(self, type: Any) -> Any: ...

        def transfer(self, type: Any) -> Any: ...


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
        error_contexts.NAMES,
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
        post_function: the function that ``post`` is the code of, or ``None``.
        callback: likewise.
        items: functions that read and write the items of streams, by what they are.
    """

    __slots__ = ("callback", "encoding", "is_async", "items", "layouts", "memory", "post", "post_function", "realloc")

    def __init__(self, options: Options | None, place: Place) -> None:
        self.encoding: str = "utf8" if options is None else options.encoding
        self.layouts: Layouts = layouts(4 if options is None else options.pointer)
        self.is_async: bool = options is not None and options.is_async
        self.items: dict[Any, Any] = {}

        def code(index: int | None) -> Any:
            return None if index is None else place.items["core func"][index].code

        self.memory: Memory | None = (
            None if options is None or options.memory is None else place.items["core memory"][options.memory]
        )
        self.realloc: Any = None if options is None else code(options.realloc)
        post = None if options is None else options.post_return
        self.post: Any = code(post)
        self.post_function: Any = None if post is None else place.items["core func"][post]
        self.callback: Any = None if options is None else code(options.callback)

    def names(self, letter: str, state: ComponentState | None) -> dict[str, Any]:
        """What generated code finds under names with a letter."""
        memory = self.memory
        words = None if memory is None else memory._strided("I" if self.layouts.pointer == 4 else "Q")
        named = {"memory": memory, "words": words, "realloc": self.realloc, "state": state}
        return {f"{name}_{letter}": value for name, value in named.items()}


def make_function(
    name: str,
    kind: str,
    write: Callable[[], tuple[Text, str, list[str]]],
    bindings: dict[str, Any],
    codes: dict[str, CodeType],
    remembered: Remembered | None = None,
) -> Any:
    """A function whose code is written when it is first called.

    Args:
        name: of the function.
        kind: whose its frames are, see ``runtime/traps/translation.py``.
        write: gives the text, its parameters, and the names of those in Python.
        bindings: what names in it stand for.
        codes: the code of texts that the component has used, which is kept in the cache.
        remembered: finds what an earlier instance has written, if it may be taken over.
    """
    namespace: dict[str, Any] = {FRAME_KEY: kind, "__name__": "wasmz.component.generated"}

    def make() -> Any:
        load("wasmz.component.code_cache")
        from wasmz.component.code_cache import code_of

        found = None if remembered is None else remembered.find()
        if found is None:
            text, params, names = write()
            found = code_of(text.finish(params, names), codes), text.names()
            if remembered is not None:
                remembered.keep(*found)
        made: dict[str, Any] = {**_NAMES, **found[1], **{f"_{key}": value for key, value in bindings.items()}}
        exec(found[0], made)
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


def unmake(function: Any) -> None:
    """Has the code of a function written again when it is called next. Calls that are active go on with theirs."""
    function.__code__ = _stub.__code__


def side_of(letter: str, options: BoundOptions, place: Place, *, is_raw: bool, source: str = "python") -> Side:
    """A component's side of calls: with values of other components, or of Python."""
    return Side(
        letter,
        options.layouts,
        options.encoding,
        place.resource,
        place.state,
        None if is_raw else place.class_of,
        source,
        place.transfer,
    )


def failure(error: Exception, scope: handles.HostScope | None = None) -> BaseException | None:
    """What becomes of an exception that leaves a component: a trap; ``None`` if it passes as it is.

    ``scope`` has what was lent to the call.
    """
    if scope is not None:
        scope.end()
    trap = translate(error)
    if trap is not None:
        return trap
    return error.as_trap() if isinstance(error, WasmException) else None
