"""Instances of core modules and of components, and those that consist of items there are."""

from __future__ import annotations

from wasmz.component.forms import Resource
from wasmz.component.types import InstanceType, TypeBound
from wasmz.component.validation.core_modules import check_core_instantiation
from wasmz.component.validation.declarations import refuse_values
from wasmz.component.validation.scopes import Names, check_size, fail
from wasmz.component.validation.substitution import Substitution
from wasmz.component.validation.subtyping import open_externs
from wasmz.component.validation.visibility import check_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.component.syntax import (
        CoreExports,
        CoreInstantiation,
        InstanceExports,
        Instantiation,
        SortedIndex,
    )
    from wasmz.component.types import ComponentType, CoreExternType, ExternType
    from wasmz.component.validation.scopes import Scope


def add_core_instantiation(scope: Scope, definition: CoreInstantiation) -> None:
    """An instance of a core module."""
    offset = definition.offset
    module = scope.at("core module", definition.module, offset)
    arguments: dict[str, dict[str, CoreExternType]] = {}
    for name, index in definition.arguments:
        if name in arguments:
            fail(f"duplicate module instantiation argument named `{name}`", offset)
        arguments[name] = scope.at("core instance", index, offset)
    scope.context.spend(len(module.imports))
    check_core_instantiation(module, arguments, offset)
    scope.add("core instance", module.exports)


def add_core_exports(scope: Scope, definition: CoreExports) -> None:
    """A core instance that consists of items there are."""
    exports: dict[str, CoreExternType] = {}
    for name, item in definition.exports:
        if item.sort in ("core type", "core module", "core instance"):
            fail(f"a {item.sort} cannot be exported by a core instance", definition.offset)
        if name in exports:
            fail(f"duplicate instantiation export name `{name}` already defined", definition.offset)
        exports[name] = scope.at(item.sort, item.index, definition.offset)
    scope.add("core instance", exports)


def _item(scope: Scope, item: SortedIndex, offset: int) -> ExternType:
    """What an item is, as an argument or an export."""
    refuse_values(item.sort, offset)
    if item.sort.startswith("core ") and item.sort != "core module":
        fail(f"a {item.sort} cannot be an argument or export of an instance", offset)
    found: ExternType = scope.at(item.sort, item.index, offset)
    return TypeBound(found) if item.sort == "type" else found  # type: ignore[arg-type]


def add_instantiation(scope: Scope, definition: Instantiation) -> None:
    """An instance of a component.

    Its resource types are new ones. What its imports' types stood for, the arguments' types stand for in its exports.
    """
    offset, context = definition.offset, scope.context
    component: ComponentType = scope.at("component", definition.component, offset)
    arguments: dict[str, ExternType] = {}
    for name, item in definition.arguments:
        if name in arguments:
            fail(f"instantiation argument `{name}` conflicts with previous argument `{name}`", offset)
        arguments[name] = _item(scope, item, offset)
    opened = open_externs(arguments, component.imports, component.imported, "import", context, offset)
    fresh = {resource: Resource(resource.name) for resource in component.defined}
    substitution = Substitution(context, {**opened.resources, **fresh}, opened.definitions)
    definition.type = InstanceType(substitution.externs(component.exports))
    check_size(definition.type, offset)
    index = scope.add("instance", definition.type)
    for old, new in fresh.items():
        scope.defined[new] = None
        scope.places[new] = ("instance", index, component.defined[old])


def add_instance_exports(scope: Scope, definition: InstanceExports) -> None:
    """An instance that consists of items there are."""
    exports: dict[str, ExternType] = {}
    # There is no place for a resource type's name before that of its methods, so none is known here.
    names = Names()
    for name, item in definition.exports:
        extern = _item(scope, item, definition.offset)
        check_name(names, "export", name, extern, definition.offset)
        exports[name.text] = extern
    definition.type = InstanceType(exports)
    check_size(definition.type, definition.offset)
    scope.add("instance", definition.type)
