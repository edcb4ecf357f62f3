"""Frozen values with named fields: declared like dataclasses, but quick to declare.

    class Point(Record):
        x: int
        y: int = 0

    Point(3)                 -> Point(x=3, y=0), equal to any other Point(3) and hashed like it

Everything that a cached module needs to run is declared with these. The standard library's ``dataclasses`` imports
``inspect`` and compiles half a dozen methods for each class: 45 % of the time that such a module took to start.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, ClassVar, NoReturn, dataclass_transform


@dataclass_transform(frozen_default=True)
class RecordType(type):
    """Makes of a class's annotations its slots, and of their values the fields' defaults."""

    _writers: tuple[Any, ...]
    _content: Any

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> RecordType:
        fields = tuple(namespace["__annotations__"]) if bases else ()
        defaults = {field: namespace.pop(field) for field in fields if field in namespace}
        namespace.update(__slots__=fields, __match_args__=fields, _defaults=defaults)
        made = super().__new__(cls, name, bases, namespace)
        if fields:
            # Writing through the slots themselves passes by Record.__setattr__.
            made._writers = tuple(made.__dict__[field].__set__ for field in fields)
            made._content = attrgetter(*fields)
        return made


class Record(metaclass=RecordType):
    """The base of classes of frozen values; such a class is not derived from any further."""

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
        """For classes to override: raises what is wrong with the values."""

    def _complete(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """One value for each field; ``TypeError`` if that cannot be."""
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
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__qualname__}({fields})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)
