"""Functions of C++ as Python calls them: by the number of arguments, with signatures and docstrings.

    function = Function(session, "add", Overload((raw_int, raw_int, raw_int), invoker, context))
    function(1, 2)                 -> 3
    inspect.signature(function)    -> (arg0: int, arg1: int) -> int

Types are looked up at the first call: C++ registers them in any order.
"""

from __future__ import annotations

from types import MethodType

from wasmz.errors import LinkError, bounded
from wasmz.interop.embind.wires import Void, run
from wasmz.interop.javascript.values import JavaScriptError
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from inspect import Signature
    from typing import Any

    from wasmz.interop.embind.session import Session
    from wasmz.interop.embind.wires import Undo, Wire


class Overload:
    """One of the functions that have a name.

    Attributes:
        types: addresses of the types of result and arguments; of a method, the object is the first argument.
        invoker: the function of the module's that calls it, as an index in its table.
        context: what that gets first: which function to call.
        is_method: whether the object is among the arguments.
    """

    __slots__ = ("_wires", "context", "invoker", "is_method", "types")

    def __init__(self, types: list[int], invoker: int, context: int, *, is_method: bool = False) -> None:
        self.types: list[int] = types
        self.invoker: int = invoker
        self.context: int = context
        self.is_method: bool = is_method
        self._wires: list[Wire] | None = None

    @property
    def arity(self) -> int:
        """How many arguments Python gives."""
        return len(self.types) - 1 - self.is_method

    def wires(self, session: Session, name: str) -> list[Wire]:
        """The types."""
        wires = self._wires
        if wires is None:
            wires = [session.type_of(raw, name) for raw in self.types]
            func = session.table_item(self.invoker)
            if len(func.type.params) != len(wires):
                raise LinkError([f"{bounded(name)} is registered with another number of arguments than it takes"])
            self._wires = wires
        return wires

    def call(self, session: Session, name: str, args: tuple[Any, ...]) -> Any:
        """Calls it; of a method, the object is the first argument."""
        wires = self._wires or self.wires(session, name)
        undo: Undo = []
        given: list[Any] = [self.context]
        try:
            for wire, arg in zip(wires[1:], args, strict=False):
                given.append(wire.to_wire(session, undo, arg))
            for wire in wires[len(given) :]:
                given.append(wire.to_wire(session, undo, None))
        except (TypeError, OverflowError, ValueError, JavaScriptError):
            run(undo)
            raise
        result = session.function(self.invoker)(*given)
        if undo:
            run(undo)
        returned = wires[0]
        if result is None and not isinstance(returned, Void):
            raise LinkError([f"{bounded(name)} is registered with a result that it does not give"])
        return returned.from_wire(session, result)

    def takes(self, session: Session, name: str, count: int) -> bool:
        """Whether it can be called with so many arguments: the last ones may be optional."""
        if count >= self.arity:
            return count == self.arity
        wires = self.wires(session, name)
        return all(wire.is_optional for wire in wires[1 + self.is_method + count :])

    def hints(self, session: Session) -> list[str]:
        """What Python calls the types of result and arguments."""
        raws = [self.types[0], *self.types[1 + self.is_method :]]
        return [session.types[raw].hint if raw in session.types else "object" for raw in raws]

    def is_optional(self, session: Session, position: int) -> bool:
        """Whether an argument may be left out."""
        wire = session.types.get(self.types[1 + self.is_method + position])
        return wire is not None and wire.is_optional


class Function:
    """A function, static function or method of C++.

    Attributes:
        overloads: by the number of arguments.
    """

    __slots__ = ("__name__", "__qualname__", "_inherited", "_session", "overloads")

    def __init__(self, session: Session, name: str, owner: str = "") -> None:
        self._session = session
        self.__name__: str = name
        self.__qualname__: str = f"{owner}.{name}" if owner else name
        self.overloads: dict[int, Overload] = {}
        self._inherited: Callable[[], Function | None] | None = None

    def add(self, overload: Overload, *, replaces: bool = False) -> None:
        """Adds one. ``LinkError``: there is one with as many arguments, which it does not replace."""
        if overload.arity in self.overloads and not replaces:
            raise LinkError([f"the module registers {bounded(self.__qualname__)} twice with as many arguments"])
        self.overloads[overload.arity] = overload

    def inherit(self, find: Callable[[], Function | None]) -> None:
        """Says how the function of this name is found that a class has from its base."""
        self._inherited = find

    def __call__(self, *args: Any) -> Any:
        session = self._session
        if session.unused:
            session.drain()
        return self.invoke(args)

    def invoke(self, args: tuple[Any, ...]) -> Any:
        session, name = self._session, self.__qualname__
        overload = self._find(len(args))
        if overload is None:
            counts = sorted(self.overloads)
            given = len(args) - any(item.is_method for item in self.overloads.values())
            wanted = " or ".join(map(str, counts))
            raise TypeError(f"{bounded(name)} takes {wanted} arguments, not {given}")
        if overload.is_method and not args:
            raise TypeError(f"{bounded(name)} is a method: it needs an object")
        return overload.call(session, name, args)

    def _find(self, count: int) -> Overload | None:
        for overload in self.overloads.values():
            if overload.arity == count - overload.is_method:
                return overload
        for overload in self.overloads.values():
            if overload.takes(self._session, self.__qualname__, count - overload.is_method):
                return overload
        base = self._inherited() if self._inherited is not None else None
        return base._find(count) if base is not None else None

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None or not any(item.is_method for item in self.overloads.values()):
            return self
        return MethodType(self, instance)

    @property
    def __signature__(self) -> Signature:
        return signature_of(self._session, self.overloads)

    def _lines(self) -> list[str]:
        session, lines = self._session, []
        for _, overload in sorted(self.overloads.items()):
            result, *hints = overload.hints(session)
            params = ", ".join(f"arg{at}: {bounded(hint)}" for at, hint in enumerate(hints))
            lines.append(f"{self.__name__}({params}) -> {bounded(result)}")
        return lines

    def __repr__(self) -> str:
        return f"<function {bounded('; '.join(self._lines()))}>"

    def __getattribute__(self, name: str) -> Any:
        # A docstring of each function's own.
        if name == "__doc__":
            return "\n".join(self._lines())
        return object.__getattribute__(self, name)


def signature_of(session: Session, overloads: dict[int, Overload], *, result: bool = True) -> Signature:
    """What ``inspect`` says of functions: of several, that they take any arguments."""
    load("inspect")
    from inspect import Parameter, Signature

    if len(overloads) != 1:
        return Signature([Parameter("args", Parameter.VAR_POSITIONAL)])
    (overload,) = overloads.values()
    returned, *hints = overload.hints(session)
    params = [Parameter("self", Parameter.POSITIONAL_ONLY)] if overload.is_method else []
    are_optional = True
    defaults = []
    for position in reversed(range(len(hints))):
        are_optional = are_optional and overload.is_optional(session, position)
        defaults.append(None if are_optional else Parameter.empty)
    for position, hint in enumerate(hints):
        default = defaults[len(hints) - 1 - position]
        params.append(Parameter(f"arg{position}", Parameter.POSITIONAL_ONLY, default=default, annotation=hint))
    return Signature(params, return_annotation=returned if result else Signature.empty)
