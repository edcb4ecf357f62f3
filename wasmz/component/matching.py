"""Whether functions of instances that are linked by Python are of the types that importers want."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.component.generated import Place
    from wasmz.component.types import FunctionType


def functions_match(wanted: FunctionType, place: Place, given: Any) -> bool:
    """Whether a function is of a type, each with the resource types of its own component."""
    theirs = given.place
    return theirs is not None and resolved(wanted, place) == resolved(given.type, theirs)


def resolved(type: Any, place: Place) -> Any:
    """A key that is equal for types that are the same where they stand."""
    if type is None or not type.has_resources:
        return None if type is None else type.form
    if type.kind in ("own", "borrow"):
        return type.kind, place.resource(type.resource)
    own = [getattr(type, name, None) for name in ("labels", "length", "is_async")]
    labels = [label for label, _ in getattr(type, "fields", getattr(type, "cases", getattr(type, "params", ())))]
    parts = [part for _, part in type.cases] if type.kind == "variant" else type.parts()
    shape = (
        (type.ok is None, type.error is None) if type.kind == "result" else type.kind == "func" and type.result is None
    )
    return (type.kind, tuple(map(str, own)), tuple(labels), shape, tuple([resolved(part, place) for part in parts]))
