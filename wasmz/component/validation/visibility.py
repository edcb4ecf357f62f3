"""What the name of an import or export allows, and whether the types that it mentions have a name outside.

A function that is imported or exported may mention records, variants, enumerations, flags and resource types only by a
definition that is itself imported or exported before it: otherwise nobody outside could name them.
"""

from __future__ import annotations

from wasmz.component.forms import ResourceName
from wasmz.component.types import (
    BorrowType,
    ComponentType,
    FunctionType,
    InstanceType,
    OwnType,
    ResultType,
    TypeBound,
    ValueBound,
)
from wasmz.component.validation.extern_names import parse_name, uniqueness_key
from wasmz.component.validation.scopes import INSTANCE_TYPE, fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.component.syntax import Name
    from wasmz.component.types import ExternType
    from wasmz.component.validation.extern_names import ExternName
    from wasmz.component.validation.scopes import Names, Scope

# Types of values that must have a name.
_NAMED: Final = frozenset({"record", "variant", "enum", "flags"})


def check_visible(scope: Scope, what: str, name: str, extern: ExternType, offset: int) -> None:
    """Checks that an import or export mentions only types with a name outside, and notes the names that it gives.

    ``what`` is ``"import"`` or ``"export"``.
    """
    if isinstance(extern, TypeBound) and isinstance(extern.type, ResourceName):
        scope.names[what].resources[id(extern.type)] = name
    if scope.kind != INSTANCE_TYPE and not _register(scope, what, extern):
        fail(f"{extern.kind} not valid to be used as {what}", offset)


def _register(scope: Scope, what: str, extern: ExternType) -> bool:
    visible = scope.visible[what]
    scope.context.spend(1)
    if isinstance(extern, TypeBound):
        if not _parts_are_visible(scope, extern.type, visible):
            return False
        scope.visible["export"][id(extern.type)] = extern.type
        if what == "import":
            visible[id(extern.type)] = extern.type
        return True
    if isinstance(extern, InstanceType):
        return all(_register(scope, what, inner) for inner in extern.exports.values())
    if isinstance(extern, ValueBound):
        return _is_visible(scope, extern.type, visible)
    return _parts_are_visible(scope, extern, visible)


def _parts_are_visible(scope: Scope, type: Any, visible: dict[int, object]) -> bool:
    """Whether all that a type consists of has a name; of the type itself it is not asked."""
    if isinstance(type, InstanceType):
        return all(_parts_are_visible(scope, inner, visible) for inner in type.exports.values())
    if isinstance(type, (TypeBound, ValueBound)):
        return _parts_are_visible(scope, type.type, visible)
    if isinstance(type, (OwnType, BorrowType)):
        return id(type.alias) in visible
    if isinstance(type, (ResourceName, ComponentType)) or type.kind == "core module":
        return True
    return all(_is_visible(scope, part, visible) for part in type.parts())


def _is_visible(scope: Scope, type: Any, visible: dict[int, object]) -> bool:
    if id(type) in visible:
        return True
    scope.context.spend(1)
    return type.kind not in _NAMED and _parts_are_visible(scope, type, visible)


def check_extern_name(scope: Scope, what: str, name: Name, extern: ExternType, offset: int) -> None:
    """Checks the name of an import or export: that it is one, is unique, and fits what is imported or exported."""
    check_name(scope.names[what], what, name, extern, offset)


def check_name(names: Names, what: str, name: Name, extern: ExternType, offset: int) -> None:
    """The same with the names there are so far, to which it is added."""
    text = name.text
    try:
        parsed = parse_name(text, name.version_suffix)
    except ValueError as error:
        fail(f"{what} name `{text}` is not a valid extern name: {error}", offset)
    _check_attributes(name, parsed, extern, offset)
    problem = _annotation_problem(names, parsed, extern)
    if problem is not None:
        fail(f"{what} name `{text}` is not valid: {problem}", offset)
    key = uniqueness_key(text)
    if key in names.keys:
        fail(f"{what} name `{text}` conflicts with previous name `{names.keys[key]}`", offset)
    names.keys[key] = text


def _check_attributes(name: Name, parsed: ExternName, extern: ExternType, offset: int) -> None:
    implements = name.implements
    if implements is None:
        return
    if parsed.kind != "label":
        fail(f"name `{name.text}` is not valid with `implements`", offset)
    if not isinstance(extern, InstanceType):
        fail("only instances can have an `implements`", offset)
    try:
        interface = parse_name(implements)
    except ValueError as error:
        fail(f"`{implements}` is not a valid name: {error}", offset)
    if interface.kind != "interface":
        fail(f"name `{implements}` must be an interface", offset)


def _annotation_problem(names: Names, parsed: ExternName, extern: ExternType) -> str | None:
    """What is wrong with a constructor, method or static function; ``None`` if nothing."""
    if parsed.kind in ("label", "interface"):
        return None
    if not isinstance(extern, FunctionType):
        return "item is not a func"
    if parsed.kind == "static":
        known = parsed.resource in names.resources.values()
        return None if known else "static resource name is not known in this context"
    if parsed.kind == "constructor":
        return _constructor_problem(names, parsed, extern)
    if not extern.params:
        return "function should have at least one argument"
    label, type = extern.params[0]
    if label != "self":
        return "function should have a first argument called `self`"
    if not isinstance(type, BorrowType):
        return "function should take a first argument of `(borrow $T)`"
    return _resource_problem(names, type.alias, parsed.resource)


def _constructor_problem(names: Names, parsed: ExternName, extern: FunctionType) -> str | None:
    if extern.is_async:
        return "constructor function cannot be async"
    result = extern.result
    if result is None:
        return "function should return one value"
    if isinstance(result, ResultType):
        result = result.ok
    if not isinstance(result, OwnType):
        return "function should return `(own $T)` or `(result (own $T))`"
    return _resource_problem(names, result.alias, parsed.resource)


def _resource_problem(names: Names, alias: ResourceName, label: str) -> str | None:
    expected = names.resources.get(id(alias))
    if expected is None:
        return "resource used in function does not have a name in this context"
    if expected != label:
        return f"function does not match expected resource name `{expected}`"
    return None
