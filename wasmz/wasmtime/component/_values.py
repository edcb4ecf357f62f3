"""Types of values, and what their values are in Python.

    bool                        Bool                    bool
    int                         U8 ... S64              taken modulo the type's range
    float                       F32, F64
    str                         String, Char, EnumType
    bytes                       ListType of U8; list of anything else
    tuple, set of str           TupleType, FlagsType
    any object                  RecordType: its attributes; Record comes back
    None, the payload           OptionType, ResultType, VariantType, if classes tell the cases apart; Variant otherwise
    ResourceAny, ResourceHost   OwnType, BorrowType; ResourceAny comes back

Each type converts a value to what wasmz takes, and back from what it gives: ``_to_own``, ``_from_own``.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import wasmz
from wasmz.wasmtime._managed import Managed
from wasmz.wasmtime.component._plain import PLAIN, U8, ErrorContext, Plain, ValType
from wasmz.wasmtime.component._resource_type import ResourceType
from wasmz.wasmtime.component._resources import ResourceAny, ResourceHost, any_resource, resource_of

if TYPE_CHECKING:
    from collections.abc import Callable


# Types with parts


class Scope:
    """The types of one component, or of one instance, in which its resource types are others."""

    def __init__(self, resolve: Callable[[Any], ResourceType]) -> None:
        """``resolve`` gives the resource type for one that wasmz's types mention."""
        self.resolve: Callable[[Any], ResourceType] = resolve
        # By wasmz's types; not given to users, who may close types.
        self._shared: dict[Any, Any] = {}

    def type_of(self, own: Any) -> Any:
        """The type of values for one of wasmz's. ``TypeError``: the binding has no such types."""
        cls = _KINDS.get(own.kind)
        if cls is None:
            raise TypeError("unknown component value type kind")
        if issubclass(cls, Plain):
            return cls()
        if issubclass(cls, _Handle):
            return cls(self.resolve(own.resource))
        made = cls.__new__(cls)
        made._own, made._scope = own, self
        return made

    def shared(self, own: Any) -> Any:
        """The same; one object for all types that are equal."""
        found = self._shared.get(own)
        if found is None:
            found = self._shared[own] = self.type_of(own)
        return found

    def shared_if(self, own: Any) -> Any:
        """The same; ``None`` for ``None``."""
        return None if own is None else self.shared(own)


class Composite(Managed[Any]):
    """What consists of types of values."""

    # Of wasmz's, and where it stands.
    _own: Any
    _scope: Scope

    def _part(self, own: Any) -> Any:
        """A type that it consists of, as a new object; ``None`` for ``None``."""
        self._check_open()
        return None if own is None else self._scope.type_of(own)

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__ or not isinstance(other, Composite):
            return False
        self._check_open()
        other._check_open()
        mine, theirs = self._own, other._own
        if not mine.has_resources and not theirs.has_resources:
            return bool(mine == theirs)
        # Equal but for the resource types, which depend on the instance.
        return mine.shape == theirs.shape and self._resources() == other._resources()

    __hash__: ClassVar[None]  # type: ignore[assignment]

    def _resources(self) -> list[ResourceType]:
        """The resource types that it mentions, in order."""
        found: list[ResourceType] = []
        waiting = [self._own]
        while waiting:
            own = waiting.pop()
            if own.kind in ("own", "borrow"):
                found.append(self._scope.resolve(own.resource))
            elif own.has_resources:
                waiting += own.parts()
        return found


class ListType(Composite, ValType):
    """``list<t>``."""

    @property
    def element(self) -> ValType:
        """The type of its items."""
        made: ValType = self._part(self._own.item)
        return made

    @cached_property
    def _item(self) -> ValType | None:
        """The type of its items; ``None`` for bytes."""
        item: ValType = self._scope.shared(self._own.item)
        return None if isinstance(item, U8) else item

    def add_classes(self, s: set[type]) -> None:
        s.add(bytes if self._item is None else list)

    def _to_own(self, value: Any) -> Any:
        if self._item is None:
            if not isinstance(value, bytes):
                raise TypeError("expected bytes value")
            return value
        if not isinstance(value, list):
            raise TypeError("expected list value")
        convert = self._item._to_own
        return [convert(item) for item in value]

    def _from_own(self, own: Any) -> Any:
        if self._item is None:
            return own
        convert = self._item._from_own
        return [convert(item) for item in own]


class Record:
    """A record as functions return it: the fields are its attributes, by their names in WIT."""

    def __eq__(self, other: Any) -> bool:
        missing = object()
        return all(getattr(other, name, missing) == value for name, value in self.__dict__.items())

    __hash__: ClassVar[None]  # type: ignore[assignment]


class RecordType(Composite, ValType):
    """``record``."""

    @property
    def fields(self) -> list[tuple[str, ValType]]:
        """Names and types of its fields."""
        return [(name, self._part(type)) for name, type in self._own.fields]

    @cached_property
    def _fields(self) -> list[tuple[str, ValType]]:
        return [(name, self._scope.shared(type)) for name, type in self._own.fields]

    def add_classes(self, s: set[type]) -> None:
        s.add(Record)

    def _to_own(self, value: Any) -> dict[str, Any]:
        return {name: type._to_own(getattr(value, name)) for name, type in self._fields}

    def _from_own(self, own: Any) -> Record:
        made = Record()
        fields = made.__dict__
        for (name, type), value in zip(self._fields, own, strict=True):
            fields[name] = type._from_own(value)
        return made


class TupleType(Composite, ValType):
    """``tuple<t, ...>``."""

    @property
    def elements(self) -> list[ValType]:
        """The types of its items."""
        return [self._part(type) for type in self._own.items]

    @cached_property
    def _items(self) -> list[ValType]:
        return [self._scope.shared(type) for type in self._own.items]

    def add_classes(self, s: set[type]) -> None:
        s.add(tuple)

    def _to_own(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, tuple):
            raise TypeError("expected tuple type")
        if len(value) != len(self._items):
            raise TypeError("tuple length mismatch")
        return tuple([type._to_own(item) for type, item in zip(self._items, value, strict=True)])

    def _from_own(self, own: Any) -> tuple[Any, ...]:
        return tuple([type._from_own(item) for type, item in zip(self._items, own, strict=True)])


class EnumType(Composite, ValType):
    """``enum``."""

    @property
    def names_count(self) -> int:
        """How many names there are."""
        return len(self.names)

    def name(self, n: int) -> str | None:
        """The name of a number; ``None`` if there is none."""
        names = self.names
        return names[n] if 0 <= n < len(names) else None

    @property
    def names(self) -> list[str]:
        """All names, in order."""
        self._check_open()
        return list(self._own.labels)

    def add_classes(self, s: set[type]) -> None:
        s.add(str)

    def _to_own(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError("expected str type")
        return value

    def _from_own(self, own: Any) -> str:
        return str(own.value)


class FlagsType(Composite, ValType):
    """``flags``."""

    @property
    def names(self) -> list[str]:
        """The names of the flags."""
        self._check_open()
        return list(self._own.labels)

    def add_classes(self, s: set[type]) -> None:
        s.add(set)

    def _to_own(self, value: Any) -> list[str]:
        if not isinstance(value, set):
            raise TypeError("expected set type for Flags type")
        for name in value:
            if not isinstance(name, str):
                raise TypeError("expected set of strings for Flags type")
        return list(value)

    def _from_own(self, own: Any) -> set[str]:
        return {name for name in self._own.labels if name in own}


# Types with cases


class Variant:
    """A case of a variant, where its payload's class does not tell which one.

    Attributes:
        tag: the name of the case.
        payload: what it carries; ``None`` for cases without anything.
    """

    __match_args__ = ("tag", "payload")

    payload: Any = None

    def __init__(self, tag: str, payload: Any = None) -> None:
        """Makes a case."""
        self.tag: str = tag
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__ or not isinstance(other, Variant):
            return NotImplemented
        return (self.tag, self.payload) == (other.tag, other.payload)

    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Variant(tag={self.tag!r}, payload={self.payload!r})"


class VariantLikeType(ValType):
    """The base of types with cases."""

    def _find_cases(self) -> list[tuple[str, ValType | None]]:
        """Names and payloads of the cases."""
        raise NotImplementedError

    @cached_property
    def _cases(self) -> list[tuple[str, ValType | None]]:
        return self._find_cases()

    def add_classes(self, s: set[type]) -> None:
        """Adds the classes of Python's values of this type to a set."""
        if self._is_tagged:
            s.add(Variant)
        else:
            for classes in self._classes:
                s.update(classes)

    @cached_property
    def _classes(self) -> list[set[type]]:
        """The classes of each case's payload; ``object`` stands for none."""
        found: list[set[type]] = []
        for _, type in self._cases:
            classes: set[Any] = set()
            if type is None:
                classes.add(object)
            else:
                type.add_classes(classes)
            found.append(classes)
        return found

    @cached_property
    def _is_tagged(self) -> bool:
        """Whether classes do not tell the cases apart, so that values are ``Variant``."""
        seen: set[type] = set()
        for classes in self._classes:
            if classes & seen:
                return True
            seen |= classes
        return False

    def _chosen(self, value: Any) -> tuple[str, ValType | None, Any]:
        """The name of a value's case, and its payload's type and value for wasmz."""
        is_tagged = self._is_tagged
        if is_tagged and not isinstance(value, Variant):
            raise TypeError("expected Variant type")
        for (name, type), classes in zip(self._cases, self._classes, strict=True):
            if is_tagged:
                if name == value.tag:
                    return name, type, None if type is None else type._to_own(value.payload)
            elif type is None:
                if value is None:
                    return name, None, None
            elif isinstance(value, tuple(classes)):
                return name, type, type._to_own(value)
        raise ValueError("value not valid for this variant")

    def _given(self, tag: str, own: Any) -> Any:
        """The value for a case, and its payload from wasmz."""
        type = next(type for name, type in self._cases if name == tag)
        payload = None if type is None else type._from_own(own)
        return Variant(tag, payload) if self._is_tagged else payload


class VariantType(Composite, VariantLikeType):
    """``variant``."""

    @property
    def cases(self) -> list[tuple[str, ValType | None]]:
        """Names of its cases, and the types of their payloads, or ``None``."""
        return [(name, self._part(type)) for name, type in self._own.cases]

    def _find_cases(self) -> list[tuple[str, ValType | None]]:
        return [(name, self._scope.shared_if(type)) for name, type in self._own.cases]

    def _to_own(self, value: Any) -> Any:
        name, type, payload = self._chosen(value)
        return name if type is None else (name, payload)

    def _from_own(self, own: Any) -> Any:
        return self._given(own.case, own.value)


class OptionType(Composite, VariantLikeType):
    """``option<t>``."""

    @property
    def payload(self) -> ValType:
        """The type of the value."""
        made: ValType = self._part(self._own.item)
        return made

    def _find_cases(self) -> list[tuple[str, ValType | None]]:
        return [("none", None), ("some", self._scope.shared(self._own.item))]

    def _is_nested(self) -> bool:
        return bool(self._own.item.kind == "option")

    def _to_own(self, value: Any) -> Any:
        name, _, payload = self._chosen(value)
        return wasmz.component.Some(payload) if name == "some" and self._is_nested() else payload

    def _from_own(self, own: Any) -> Any:
        if own is None:
            return self._given("none", None)
        return self._given("some", own.value if self._is_nested() else own)


class ResultType(Composite, VariantLikeType):
    """``result<t, e>``."""

    @property
    def ok(self) -> ValType | None:
        """The type of what successes carry, if they carry anything."""
        made: ValType | None = self._part(self._own.ok)
        return made

    @property
    def err(self) -> ValType | None:
        """The type of what failures carry, if they carry anything."""
        made: ValType | None = self._part(self._own.error)
        return made

    def _find_cases(self) -> list[tuple[str, ValType | None]]:
        return [("ok", self._scope.shared_if(self._own.ok)), ("err", self._scope.shared_if(self._own.error))]

    def _to_own(self, value: Any) -> Any:
        name, _, payload = self._chosen(value)
        return wasmz.component.Ok(payload) if name == "ok" else wasmz.component.Err(payload)

    def _from_own(self, own: Any) -> Any:
        return self._given(own.case, own.value)

    def _returned(self, value: Any) -> Any:
        """What a host function returns to wasmz for a result; or it raises the failure."""
        name, _, payload = self._chosen(value)
        if name == "err":
            raise wasmz.component.ComponentError(payload)
        return payload


# Streams, futures, resources


class _Transfer(Composite, ValType):
    @property
    def payload(self) -> ValType | None:
        """The type of what it transfers; ``None`` for mere signals."""
        made: ValType | None = self._part(self._own.item)
        return made

    def _to_own(self, value: Any) -> NoReturn:
        raise NotImplementedError(f"{type(self).__name__[:6]} conversion not implemented yet")

    def _from_own(self, own: Any) -> NoReturn:
        raise NotImplementedError("conversion not implemented yet")


class FutureType(_Transfer):
    """``future<t>``, which has no values in Python."""


class StreamType(_Transfer):
    """``stream<t>``, which has no values in Python."""


class _Handle(ValType):
    __match_args__ = ("ty",)

    def __init__(self, ty: ResourceType) -> None:
        """Makes the type of handles to a resource type."""
        self.ty: ResourceType = ty

    def add_classes(self, s: set[type]) -> None:
        s.update((ResourceAny, ResourceHost))

    def __eq__(self, other: object) -> bool:
        return other.__class__ is self.__class__ and isinstance(other, _Handle) and self.ty == other.ty

    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(ty={self.ty!r})"


class OwnType(_Handle):
    """``own<r>``.

    Attributes:
        ty: the resource type.
    """

    def _to_own(self, value: Any) -> Any:
        return resource_of(value)._given_away(self.ty)

    def _from_own(self, own: Any) -> ResourceAny:
        return any_resource(self.ty, own, True)


class BorrowType(_Handle):
    """``borrow<r>``.

    Attributes:
        ty: the resource type.
    """

    def _to_own(self, value: Any) -> Any:
        return resource_of(value)._passed(self.ty)

    def _from_own(self, own: Any) -> ResourceAny:
        return any_resource(self.ty, own, False)


_KINDS: dict[str, Any] = {
    "error-context": ErrorContext,
    "list": ListType,
    "record": RecordType,
    "tuple": TupleType,
    "variant": VariantType,
    "enum": EnumType,
    "option": OptionType,
    "result": ResultType,
    "flags": FlagsType,
    "future": FutureType,
    "stream": StreamType,
    "own": OwnType,
    "borrow": BorrowType,
}
_KINDS.update({cls.__name__.lower(): cls for cls in PLAIN})
