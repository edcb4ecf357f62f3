"""What is wrong with a value from Python: the one error that names its place.

    explain(function_type, [config])        -> WrongValue("config.filters[2].name: expected string, got int")

Generated code notices only that something is wrong. This file goes over the value again, and is imported then. What
can be gone over only once, such as a generator, is left out.
"""

from __future__ import annotations

import struct
from _collections_abc import Mapping
from _operator import index

from wasmz.component.spelling import attribute_name
from wasmz.component.traps import WrongValue
from wasmz.component.types import INTEGER_BOUNDS, FixedListType, ListType, MapType, TupleType
from wasmz.component.values import Case, Err, Ok, Record, Some, result_of
from wasmz.errors import bounded
from wasmz.runtime.abi import FRAME_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from wasmz.component.types import ValueType


def explain(
    params: Iterable[tuple[str, ValueType]], values: Iterable[Any], find: Callable[[Any], Any]
) -> WrongValue | None:
    """The error for the first value that is wrong; ``None`` if all are right. ``find`` gives a type's class."""
    for (label, type), value in zip(params, values, strict=False):
        try:
            _check(type, value, label, find)
        except WrongValue as error:
            return error
    return None


# What generated code, and what it calls, raises for values.
_OURS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, struct.error)


def unexplained(error: Exception, label: str) -> WrongValue | None:
    """The error for a value that cannot be gone over again; ``None`` if Python code of the user's raised it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or FRAME_KEY not in trace.tb_frame.f_globals or not isinstance(error, _OURS):
        return None
    return WrongValue(label, bounded(str(error)))


def _got(value: Any) -> str:
    return "None" if value is None else bounded(type(value).__name__)


def _wrong(path: str, wanted: str, value: Any) -> WrongValue:
    return WrongValue(path, f"expected {wanted}, got {_got(value)}")


def _check(type: ValueType, value: Any, path: str, find: Callable[[Any], Any]) -> None:
    check = _CHECKS.get(type.kind)
    if check is not None and not (type.kind in _GONE_OVER and hasattr(type_of(value), "__next__")):
        check(type, value, path, find)


_GONE_OVER = frozenset({"list", "fixed-list", "tuple", "variant", "flags", "map"})


def _integer(type: Any, value: Any, path: str, find: Any) -> None:
    try:
        number = index(value)
    except TypeError:
        raise _wrong(path, type.kind, value) from None
    low, high = INTEGER_BOUNDS[type.kind]
    if not low <= number <= high:
        raise WrongValue(path, f"expected {type.kind}, got {bounded(str(number), 40)}, which is out of range")


def _float(type: Any, value: Any, path: str, find: Any) -> None:
    if isinstance(value, (str, bytes, bytearray)):
        raise _wrong(path, type.kind, value)
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        raise _wrong(path, type.kind, value) from None


def _bool(type: Any, value: Any, path: str, find: Any) -> None:
    if not isinstance(value, bool):
        raise _wrong(path, "bool", value)


def _char(type: Any, value: Any, path: str, find: Any) -> None:
    if not isinstance(value, str):
        raise _wrong(path, "char", value)
    if len(value) != 1:
        raise WrongValue(path, f"expected char, got a string of {len(value)} characters")
    _scalar_values(value, path, "char")


def _string(type: Any, value: Any, path: str, find: Any) -> None:
    if not isinstance(value, str):
        raise _wrong(path, "string", value)
    _scalar_values(value, path, "string")


def _scalar_values(value: str, path: str, wanted: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise WrongValue(path, f"expected {wanted}, got a lone surrogate at {error.start}") from None


def _items(value: Any, path: str, wanted: str) -> list[Any]:
    if isinstance(value, (str, Mapping, Record, Case, Some, Ok, Err)):
        raise _wrong(path, wanted, value)
    try:
        return list(value)
    except TypeError:
        raise _wrong(path, wanted, value) from None


def _list(type: ListType, value: Any, path: str, find: Any) -> None:
    wanted = "list or bytes" if type.item.kind == "u8" else "list"
    for position, item in enumerate(_items(value, path, wanted)):
        _check(type.item, item, f"{path}[{position}]", find)


def _fixed_list(type: FixedListType, value: Any, path: str, find: Any) -> None:
    items = _items(value, path, f"list of {type.length}")
    if len(items) != type.length:
        raise WrongValue(path, f"expected list of {type.length}, got one of {len(items)}")
    for position, item in enumerate(items):
        _check(type.item, item, f"{path}[{position}]", find)


def _tuple(type: TupleType, value: Any, path: str, find: Any) -> None:
    items = _items(value, path, "tuple")
    if len(items) != len(type.items):
        raise WrongValue(path, f"expected tuple of {len(type.items)}, got one of {len(items)}")
    for position, (part, item) in enumerate(zip(type.items, items, strict=True)):
        _check(part, item, f"{path}[{position}]", find)


def _map(type: MapType, value: Any, path: str, find: Any) -> None:
    if not isinstance(value, Mapping):
        raise _wrong(path, "mapping", value)
    for key, item in value.items():
        _check(type.key, key, f"{path}, key {bounded(repr(key), 40)}", find)
        _check(type.value, item, f"{path}[{bounded(repr(key), 40)}]", find)


def _record(type: Any, value: Any, path: str, find: Any) -> None:
    labels = [label for label, _ in type.fields]
    if isinstance(value, Mapping):
        known = {name: label for label in labels for name in (label, attribute_name(label))}
        unknown = [key for key in value if key not in known]
        found = {known[key]: item for key, item in value.items() if key in known}
        missing = [label for label in labels if label not in found]
        if missing:
            raise WrongValue(path, f"the field {bounded(missing[0])} is missing")
        if unknown:
            raise WrongValue(path, f"there is no field {bounded(repr(unknown[0]))}")
    elif isinstance(value, (str, bytes, int, float, list)) or value is None or type_of(value) is tuple:
        raise _wrong(path, type.name or "record", value)
    else:
        found = {}
        for label in labels:
            if not hasattr(value, attribute_name(label)):
                raise _wrong(path, type.name or "record", value)
            found[label] = getattr(value, attribute_name(label))
    for label, part in type.fields:
        _check(part, found[label], f"{path}.{label}", find)


type_of = type


def _variant(type: Any, value: Any, path: str, find: Any) -> None:
    wanted = type.name or "variant"
    if isinstance(value, Case):
        label, payload = value.case, tuple(value)
    elif isinstance(value, str):
        label, payload = value, ()
    else:
        items = _items(value, path, wanted)
        if not items or not isinstance(items[0], str):
            raise _wrong(path, wanted, value)
        label, payload = items[0], tuple(items[1:])
    for name, part in type.cases:
        if name == label:
            if len(payload) != (part is not None):
                raise WrongValue(path, f"the case {label} has {'no' if part is None else 'a'} payload")
            if part is not None:
                _check(part, payload[0], f"{path}.{label}", find)
            return
    raise WrongValue(path, f"expected {wanted}, which has no case {bounded(repr(label))}")


def _option(type: Any, value: Any, path: str, find: Any) -> None:
    if value is None:
        return
    if type.item.kind == "option":
        if not isinstance(value, Some):
            raise _wrong(path, "None or Some, as options are nested", value)
        value = value.value
    _check(type.item, value, path, find)


def _result(type: Any, value: Any, path: str, find: Any) -> None:
    if value.__class__ is tuple:
        try:
            value = result_of(value)
        except (LookupError, TypeError, ValueError):
            raise _wrong(path, "Ok or Err", value) from None
    if not isinstance(value, (Ok, Err)):
        raise _wrong(path, "Ok or Err", value)
    part = type.ok if isinstance(value, Ok) else type.error
    if part is not None:
        _check(part, value.value, path, find)
    elif value.value is not None:
        raise WrongValue(path, f"expected {_got(value)} without a payload, got one with {_got(value.value)}")


def _enum(type: Any, value: Any, path: str, find: Any) -> None:
    label = getattr(value, "value", value)
    if label not in type.labels:
        wanted = type.name or "enum"
        if isinstance(label, str):
            raise WrongValue(path, f"expected {wanted}, which has no case {bounded(repr(label))}")
        raise _wrong(path, wanted, value)


def _flags(type: Any, value: Any, path: str, find: Any) -> None:
    wanted = type.name or "flags"
    if isinstance(value, find(type)):
        return
    if isinstance(value, (int, str)):
        raise _wrong(path, wanted, value)
    for label in _items(value, path, wanted):
        if label not in type.labels:
            raise WrongValue(path, f"expected {wanted}, which has no flag {bounded(repr(label))}")


def _handle(type: Any, value: Any, path: str, find: Any) -> None:
    cls = find(type)
    name = bounded(str(getattr(cls, "__name__", type.resource.name or "resource")))
    if cls is None or not isinstance(value, cls):
        raise _wrong(path, name, value)
    if getattr(value, "is_closed", False) is True:
        raise WrongValue(path, f"the {name} is closed, or no longer lent")
    if type.kind == "own" and getattr(value, "_is_own", True) is not True:
        raise WrongValue(path, f"the {name} is only lent: it cannot be given away")
    if type.kind == "own" and getattr(value, "_lends", 0):
        raise WrongValue(path, f"the {name} is lent to a call that has not ended")


_CHECKS: dict[str, Any] = {
    **dict.fromkeys(INTEGER_BOUNDS, _integer),
    "f32": _float,
    "f64": _float,
    "bool": _bool,
    "char": _char,
    "string": _string,
    "list": _list,
    "fixed-list": _fixed_list,
    "tuple": _tuple,
    "map": _map,
    "record": _record,
    "variant": _variant,
    "option": _option,
    "result": _result,
    "enum": _enum,
    "flags": _flags,
    "own": _handle,
    "borrow": _handle,
}
