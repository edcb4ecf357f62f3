"""What a module imports of embind, and what users get of it.

find_import("_embind_register_bool", type, is_new=True)     -> the function, for a linker
bind(instance)                                              -> {"Counter": <class Counter of C++>, ...}
"""

from __future__ import annotations

from wasmz.errors import LinkError
from wasmz.interop.embind.classes import Class
from wasmz.interop.embind.names import EMBIND
from wasmz.interop.embind.registering import REGISTERING
from wasmz.interop.embind.session import find_session, session_of
from wasmz.interop.embind.values import VALUES
from wasmz.interop.javascript.values import JavaScriptError
from wasmz.runtime.calls.adapters import make_host_adapter
from wasmz.runtime.calls.host import HostFunc
from wasmz.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.calls.host import Caller
    from wasmz.runtime.link.instance import Instance
    from wasmz.types import FuncType

_LETTERS = {ValType.I32: "i", ValType.I64: "I", ValType.F32: "f", ValType.F64: "d"}


def find_import(name: str, type: FuncType, *, is_new: bool) -> HostFunc | None:
    """The function of this name; ``None`` if there is none of this type.

    Args:
        name: as emscripten calls it.
        type: as the module imports it.
        is_new: whether handles of constants are those of version 3.1.54 and later.
    """
    letters = ":".join("".join(_LETTERS.get(item, "?") for item in items) for items in (type.params, type.results))
    if letters not in EMBIND.get(name, ()):
        return None
    function = VALUES.get(f"{name} {letters}") or VALUES.get(name) or REGISTERING[name]
    return _Import(name, function, type, is_new)


class _Import(HostFunc):
    """A function of embind: each instance has a session of its own."""

    __slots__ = ("_function", "_is_new", "_name")

    def __init__(self, name: str, function: Callable[..., Any], type: FuncType, is_new: bool) -> None:
        super().__init__(_unlinked, type.params, type.results, caller=True)
        self._name = name
        self._function = function
        self._is_new = is_new

    def make_code(self, caller: Caller | None, name: str) -> Callable[..., Any]:
        if caller is None:
            return make_host_adapter(_unlinked, self.type, name, None)
        session = session_of(caller.instance)
        session.set_version(is_new=self._is_new)
        function = self._function

        def call(*args: Any) -> Any:
            return function(session, *args)

        call.__name__ = self._name
        return make_host_adapter(call, self.type, name, None)


def _unlinked(*args: Any) -> Any:
    raise RuntimeError("a function of embind belongs to an instance")


def bind(instance: Instance) -> dict[str, Any]:
    """What a module has registered, by name: classes, functions, enumerations, constants.

    Raises:
        LinkError: the module refers to types that it has not registered.
    """
    session = find_session(instance)
    if session is None:
        return {}
    if not session.public:
        return {}
    # For functions that take addresses.
    exports = instance.exports
    found: dict[str, Any] = {name: exports[name] for name in ("malloc", "free") if name in exports}
    found["memory"] = instance.first_memory
    try:
        found.update({name: item.python if isinstance(item, Class) else item for name, item in session.public.items()})
    except (TypeError, ValueError, JavaScriptError) as error:
        raise LinkError([f"a class of C++ cannot be one of Python: {error}"]) from None
    return found
