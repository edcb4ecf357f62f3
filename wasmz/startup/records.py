"""Frozen values with named fields, and enumerations: declared as with the standard library, but quick to declare.

    class Point(Record):
        x: int
        y: int = 0

    Point(3)                 -> Point(x=3, y=0), equal to any other Point(3) and hashed like it

    class Color(Enumeration):
        RED = "red"

    Color.RED, Color("red"), Color["RED"]     -> the same object

All classes that a cached module needs to run are declared with these. The standard library's ``dataclasses`` imports
``inspect`` and compiles half a dozen methods for each class, which took 45 % of the time that such a module needed to
start. ``enum`` with its imports takes 8 ms, ``typing`` another 13; so modules on that path import names for annotations
only for type checkers.
"""

from __future__ import annotations

from _operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import Enum
    from typing import Any, ClassVar, NoReturn, dataclass_transform
else:

    def dataclass_transform(**_: object) -> Any:
        return lambda made: made


@dataclass_transform(frozen_default=True)
class RecordType(type):
    """Makes slots of a class's annotations, and defaults of the fields' values."""

    _writers: tuple[Any, ...]
    _content: Any

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        fields = tuple(namespace["__annotations__"]) if bases else ()
        defaults = {field: namespace.pop(field) for field in fields if field in namespace}
        namespace.update(__slots__=fields, __match_args__=fields, _defaults=defaults)
        made = super().__new__(cls, name, bases, namespace)
        if fields:
            # Writing through the slots bypasses Record.__setattr__.
            made._writers = tuple(made.__dict__[field].__set__ for field in fields)
            made._content = attrgetter(*fields)
        return made

    @property
    def __signature__(cls) -> Any:
        """For ``inspect.signature``: the class takes its fields."""
        from wasmz.startup.concurrency import load

        load("inspect")
        from inspect import Parameter, Signature, get_annotations, signature

        own = cls.__dict__.get("__init__")
        if own is not None:
            return signature(own.__get__(cls))
        types, defaults = get_annotations(cls), cls.__dict__["_defaults"]
        return Signature(
            [
                Parameter(
                    field,
                    Parameter.POSITIONAL_OR_KEYWORD,
                    default=defaults.get(field, Parameter.empty),
                    annotation=types[field],
                )
                for field in cls.__dict__["__match_args__"]
                if not field.startswith("_")
            ]
        )


class Record(metaclass=RecordType):
    """The base class of frozen values. A subclass cannot be derived from again."""

    __match_args__: ClassVar[tuple[str, ...]]
    _defaults: ClassVar[dict[str, Any]]
    _writers: ClassVar[tuple[Any, ...]]
    _content: ClassVar[Any]

    def __init__(self, *args: Any, **named: Any) -> None:
        if named or len(args) != len(self._writers):
            args = self._complete(args, named)
        for write, value in zip(self._writers, args, strict=True):
            write(self, value)
        self.check()

    def check(self) -> None:
        """For subclasses to override: raises an exception for wrong values."""

    def _complete(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Returns a value for each field; ``TypeError`` if the arguments do not fit."""
        fields = self.__match_args__
        rest = {**self._defaults, **named}
        missing = [field for field in fields[len(args) :] if field not in rest]
        unknown = [name for name in named if name not in fields[len(args) :]]
        if missing or unknown or len(args) > len(fields):
            wrong = f"missing {', '.join(missing)}" if missing else f"got {', '.join(unknown) or len(args)}"
            raise TypeError(f"{type(self).__name__} takes {', '.join(fields)}: {wrong}")
        return (*args, *(rest[field] for field in fields[len(args) :]))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return bool(self._content(self) == self._content(other))

    def __hash__(self) -> int:
        return hash(self._content(self))

    def __repr__(self) -> str:
        # Works for an unfinished value, too, such as in the frame of a constructor that failed.
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__ if hasattr(self, name))
        return f"{type(self).__qualname__}({fields})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)


if TYPE_CHECKING:
    Enumeration = Enum
else:

    class EnumerationType(type):
        """Makes members of a class's public constants."""

        def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> EnumerationType:
            values = {
                key: value
                for key, value in namespace.items()
                if not key.startswith("_") and not hasattr(value, "__get__")
            }
            rest = {key: value for key, value in namespace.items() if key not in values}
            made = super().__new__(cls, name, bases, {**rest, "__slots__": () if bases else ("name", "value")})
            members = {key: object.__new__(made) for key in values}
            for key, member in members.items():
                object.__setattr__(member, "name", key)
                object.__setattr__(member, "value", values[key])
                type.__setattr__(made, key, member)
            type.__setattr__(made, "__members__", members)
            type.__setattr__(made, "_by_value", {value: members[key] for key, value in values.items()})
            return made

        @property
        def __signature__(cls) -> Any:
            """For ``inspect.signature``: the class takes a member's value."""
            from wasmz.startup.concurrency import load

            load("inspect")
            from inspect import Parameter, Signature

            return Signature([Parameter("value", Parameter.POSITIONAL_ONLY, annotation="object")])

        def __call__(cls, value: object) -> Any:
            if value.__class__ is cls:
                return value
            try:
                return cls._by_value[value]
            except (KeyError, TypeError):
                raise ValueError(f"{value!r} is not a valid {cls.__name__}") from None

        def __getitem__(cls, name: str) -> Any:
            return cls.__members__[name]

        def __iter__(cls) -> Iterator[Any]:
            return iter(cls.__members__.values())

        def __len__(cls) -> int:
            return len(cls.__members__)

        def __contains__(cls, item: object) -> bool:
            return item.__class__ is cls or item in cls._by_value

        def __setattr__(cls, name: str, value: object) -> NoReturn:
            raise AttributeError(f"{cls.__name__} is frozen: {name} cannot be set")

        def __delattr__(cls, name: str) -> NoReturn:
            raise AttributeError(f"{cls.__name__} is frozen: {name} cannot be deleted")

    class Enumeration(metaclass=EnumerationType):
        """The base class of enumerations, like ``enum.Enum``: each value has one member, equal only to itself.

        Attributes:
            name: the member's name.
            value: the value that it stands for.
        """

        def __setattr__(self, name: str, value: object) -> NoReturn:
            raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

        def __delattr__(self, name: str) -> NoReturn:
            raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

        def __repr__(self) -> str:
            return f"<{type(self).__name__}.{self.name}: {self.value!r}>"

        def __str__(self) -> str:
            return f"{type(self).__name__}.{self.name}"

        def __reduce__(self) -> tuple[Any, ...]:
            return type(self), (self.value,)

        def __copy__(self) -> Any:
            return self

        def __deepcopy__(self, _: object) -> Any:
            return self
