"""Whether what Python links is of the types that importers want: functions, core modules, components."""

from __future__ import annotations

from wasmz.errors import InvalidWasm
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.component.generated import Place
    from wasmz.component.types import ComponentType, CoreModuleType, FunctionType
    from wasmz.runtime.image import ModuleImage


def module_problem(image: ModuleImage, wanted: CoreModuleType) -> str | None:
    """Why a compiled core module is not what is wanted; ``None`` if it is."""
    load("wasmz.component.image_types")
    from wasmz.component.image_types import type_of_image

    return _problem(type_of_image(image), wanted)


def component_problem(given: ComponentType, wanted: ComponentType) -> str | None:
    """The same for a component."""
    return _problem(given, wanted)


def _problem(given: Any, wanted: Any) -> str | None:
    load("wasmz.component.validation.scopes")
    from wasmz.component.validation.scopes import Context

    load("wasmz.component.validation.subtyping")
    from wasmz.component.validation.subtyping import check_extern

    try:
        check_extern(given, wanted, Context(), 0)
    except InvalidWasm as error:
        return error.reason
    return None


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
