"""Python's side of values: classes for records, variants, enums and flags, made from their types.

    Point = make_class(RecordType([("x", F32), ("y", F32)]), "point")
    Point(1, 2), Point(x=1, y=2), Point({"x": 1, "y": 2})   -> Point(x=1, y=2)
    Shape.Circle(2.0), Shape.Nothing()                      a class for each case: `case Shape.Circle(radius):`
    Color.RED, Access.READ | Access.WRITE                   members of enum.Enum and enum.Flag
    Some(None), Ok(1), Err("no")                            options of options; results that are no function's

All are frozen, and can be compared, hashed and unpacked. Records and cases are tuples, which CPython makes fastest.
"""

from __future__ import annotations

from _collections import _tuplegetter  # type: ignore[import-not-found]
from _collections_abc import Mapping
from enum import Enum, Flag

from wasmz.component.spelling import attribute_name, class_name, class_names, member_name
from wasmz.component.types import EnumType, FlagsType, RecordType, VariantType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, NoReturn

    from wasmz.component.types import ValueType

__wasmz_frame__ = "helper"

new: Final = tuple.__new__


class _Frozen(tuple):  # type: ignore[type-arg]
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other.__class__ is self.__class__ and tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.__class__, tuple.__hash__(self)))


class Record(_Frozen):
    """The base of the classes for records. Two of one class are equal if their fields are."""

    __slots__ = ()

    _labels: tuple[str, ...] = ()
    _fields: tuple[str, ...] = ()

    def __new__(cls, /, *args: Any, **named: Any) -> Any:
        """Makes a record of its fields, by position or name; or of a mapping that has them by label or name."""
        if len(args) == 1 and not named and isinstance(args[0], Mapping):
            return new(cls, fields_of(args[0], cls))
        fields = cls._fields
        if len(args) > len(fields):
            raise TypeError(f"{cls.__name__} has {len(fields)} fields, not {len(args)}")
        values = list(args)
        for name in fields[len(args) :]:
            if name not in named:
                raise TypeError(f"{cls.__name__} needs the field {name!r}")
            values.append(named.pop(name))
        if named:
            raise TypeError(f"{cls.__name__} has no field {next(iter(named))!r}, or has it already")
        return new(cls, values)

    def __repr__(self) -> str:
        fields = ", ".join([f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True)])
        return f"{type(self).__qualname__}({fields})"


def fields_of(value: Any, cls: Any) -> tuple[Any, ...]:
    """The fields of what stands for a record: a mapping by label or name, or an object with attributes."""
    if isinstance(value, Mapping):
        found = {str(key).replace("_", "-"): item for key, item in value.items()}
        labels = [label if label in found else name for label, name in zip(cls._labels, cls._keys, strict=True)]
        if len(found) != len(labels):
            raise TypeError("fields are missing or unknown")
        return tuple([found[label] for label in labels])
    if isinstance(value, tuple) and not isinstance(value, Record) and not hasattr(value, "_fields"):
        raise TypeError("expected a record")
    return tuple([getattr(value, name) for name in cls._fields])


class Case(_Frozen):
    """The base of the classes for the cases of variants.

    Attributes:
        case: its name in WIT.
        value: the payload; cases without one have ``None``.
    """

    __slots__ = ()

    case: str = ""
    value: Any = None
    _has_value = False

    def __new__(cls, *args: Any) -> Any:
        """Makes a case, with its payload if it has one."""
        if len(args) != cls._has_value:
            raise TypeError(f"{cls.__qualname__} takes {'its payload' if cls._has_value else 'no payload'}")
        return new(cls, args) if cls._has_value else cls.only  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({', '.join(map(repr, self))})"


class _Payload(_Frozen):
    __slots__ = ()
    __match_args__ = ("value",)

    value: Any = _tuplegetter(0, "the value")

    def __new__(cls, value: Any = None) -> Any:
        return new(cls, (value,))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self[0]!r})"


class Some(_Payload):
    """An option that has a value, where ``None`` may be that value: in options of options."""

    __slots__ = ()


class Ok(_Payload):
    """A result that is a success: one inside of another value."""

    __slots__ = ()

    case = "ok"


class Err(_Payload):
    """A result that is a failure: one inside of another value."""

    __slots__ = ()

    case = "err"


def result_of(value: tuple[str, Any]) -> Any:
    """The result that a pair stands for, as any variant's case: ``("ok", 1)`` or ``("err", "no")``."""
    case, payload = value
    return new({"ok": Ok, "err": Err}[case], (payload,))


def make_class(type: ValueType, name: str) -> Any:
    """The class for values of a record, variant, enum or flags type."""
    if isinstance(type, RecordType):
        return _make_record(type, class_name(name))
    if isinstance(type, VariantType):
        return _make_variant(type, class_name(name))
    if isinstance(type, EnumType):
        return _make_enum(type, class_name(name))
    if isinstance(type, FlagsType):
        return _make_flags(type, class_name(name))
    raise TypeError(f"values of type {type!r} have no class of their own")


def _make_record(type: RecordType, name: str) -> Any:
    labels = tuple([label for label, _ in type.fields])
    fields = tuple([attribute_name(label) for label in labels])
    body: dict[str, Any] = {
        "__slots__": (),
        "__match_args__": fields,
        "_labels": labels,
        "_keys": tuple([field.replace("_", "-") for field in fields]),
        "_fields": fields,
        "__module__": "wasmz.component",
    }
    body.update({field: _tuplegetter(index, labels[index]) for index, field in enumerate(fields)})
    return _class(name, (Record,), body)


def _class(name: str, bases: tuple[Any, ...], body: dict[str, Any]) -> Any:
    return bases[0].__class__(name, bases, body)


class Variant:
    """The base of the classes for variants, which have the classes of their cases as attributes."""

    __slots__ = ()

    cases: tuple[Any, ...] = ()
    indices: dict[Any, int] = {}  # noqa: RUF012

    def __new__(cls, *args: Any) -> NoReturn:
        raise TypeError(f"make one of the cases: {', '.join([case.__qualname__ for case in cls.cases])}")


def _make_variant(type: VariantType, name: str) -> Any:
    made = _class(name, (Variant,), {"__slots__": (), "__module__": "wasmz.component"})
    cases = []
    names = class_names([label for label, _ in type.cases])
    for (label, payload), case_name in zip(type.cases, names, strict=True):
        has_value = payload is not None
        body: dict[str, Any] = {
            "__slots__": (),
            "__match_args__": ("value",) if has_value else (),
            "__qualname__": f"{name}.{case_name}",
            "__module__": "wasmz.component",
            "case": label,
            "_has_value": has_value,
        }
        if has_value:
            body["value"] = _tuplegetter(0, "the payload")
        case = _class(case_name, (Case,), body)
        case.only = None if has_value else new(case, ())
        cases.append(case)
        setattr(made, case_name, case)
    made.cases = tuple(cases)
    made.indices = {case: index for index, case in enumerate(cases)}
    return made


def case_value(value: Any, cls: Any) -> Any:
    """The case that something else stands for: a label, a pair of label and payload, or the case of an equal type."""
    if isinstance(value, Case):
        label, payload = value.case, tuple(value)
    elif isinstance(value, str):
        label, payload = value, ()
    else:
        label, *rest = value
        payload = tuple(rest)
    for case in cls.cases:
        if case.case == label:
            return case(*payload)
    raise TypeError("no such case")


def _make_enum(type: EnumType, name: str) -> Any:
    pairs = [(member_name(label), label) for label in type.labels]
    # Members are strings, too, and so equal to their names in WIT.
    make: Any = Enum
    made = make(name, pairs, module="wasmz.component", type=str)
    members = tuple(made)
    for index, member in enumerate(members):
        member.index = index
    made.by_index = members
    return made


def enum_index(value: Any, cls: Any) -> int:
    """The number of the case that a label stands for, or the member of an equal type."""
    label = value.value if isinstance(value, Enum) else value
    return cls(label).index  # type: ignore[no-any-return]


class Flags(Flag):
    """The base of the classes for flags. ``"read-only" in flags`` is whether the flag of this name is set."""

    def __contains__(self, other: Any) -> bool:
        if isinstance(other, str):
            bit: int = type(self).bits.get(other, 0)  # type: ignore[attr-defined]
            return bit != 0 and self._value_ & bit == bit
        return super().__contains__(other)


class _Known(dict):  # type: ignore[type-arg]
    """The members of a class for flags, by their bits; made when they are first looked up."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls

    def __missing__(self, bits: int) -> Any:
        made = self.cls(bits)
        if len(self) < 4096:
            self[bits] = made
        return made


def _make_flags(type: FlagsType, name: str) -> Any:
    members = [(member_name(label), 1 << bit) for bit, label in enumerate(type.labels)]
    make: Any = Flags
    made = make(name, members, module="wasmz.component")
    made.known = _Known(made)
    made.bits = {label: 1 << bit for bit, label in enumerate(type.labels)}
    return made


def flags_of(value: Any, cls: Any) -> int:
    """The bits of flags: of labels, or members of an equal type."""
    if isinstance(value, Flag):
        bits: int = value.value
        if type(value)._member_names_ != cls._member_names_:
            raise TypeError("other flags")
        return bits
    if isinstance(value, (str, int)):
        raise TypeError("expected flags")
    found = 0
    for label in value:
        found |= cls.bits[label]
    return found


def items_of(value: Any, count: int | None = None) -> list[Any]:
    """The items of a list; a copy, which no one else changes."""
    if value.__class__ is not list and value.__class__ is not tuple:
        if isinstance(value, (str, Mapping, _Frozen)):
            raise TypeError("expected a list")
    items = [*value]
    if count is not None and len(items) != count:
        raise TypeError("a list of another length")
    return items


def pairs_of(value: Any) -> list[Any]:
    """The items of a map."""
    if isinstance(value, Mapping):
        return list(value.items())
    return [tuple(pair) for pair in value]


def tuple_of(value: Any) -> tuple[Any, ...]:
    """A tuple, of a list."""
    if isinstance(value, (str, Mapping, Record, Case)):
        raise TypeError("expected a tuple")
    return tuple(value)


def refuse() -> NoReturn:
    """A value is of no type that it may be of; what is wrong is found by ``explain``."""
    raise TypeError("a wrong value")


# What generated code refers to.
NAMES: Final[dict[str, Any]] = {
    "new": new,
    "Some": Some,
    "Ok": Ok,
    "Err": Err,
    "result_of": result_of,
    "case_value": case_value,
    "enum_index": enum_index,
    "fields_of": fields_of,
    "flags_of": flags_of,
    "items_of": items_of,
    "pairs_of": pairs_of,
    "tuple_of": tuple_of,
    "refuse": refuse,
}
