"""Imports, exports and aliases, and the types of components and instances, which consist of declarations of those."""

from __future__ import annotations

from wasmz.component.forms import Resource, ResourceName
from wasmz.component.syntax import (
    AliasCoreExport,
    AliasExport,
    AliasOuter,
    CoreTypeDefinition,
    ExportDeclaration,
    Import,
)
from wasmz.component.types import ComponentType, CoreModuleType, FunctionType, InstanceType, TypeBound, ValueBound
from wasmz.component.validation.core_modules import check_module_type, core_sort
from wasmz.component.validation.scopes import (
    COMPONENT,
    COMPONENT_TYPE,
    INSTANCE_TYPE,
    Scope,
    check_size,
    fail,
)
from wasmz.component.validation.substitution import Substitution, mentioned_resources
from wasmz.component.validation.subtyping import check_extern, open_externs
from wasmz.component.validation.value_types import resolve_function_type, resolve_value_type
from wasmz.component.validation.visibility import check_extern_name, check_visible
from wasmz.errors import InvalidWasm, UnsupportedFeature
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.component.syntax import Definition, Export, TypeDefinition, WrittenExtern
    from wasmz.component.types import DefinedType, ExternType


def refuse_values(sort: str, offset: int) -> None:
    """Raises :class:`~wasmz.UnsupportedFeature` for values, which no toolchain makes."""
    if sort == "value":
        raise UnsupportedFeature("a value", proposal="component-model values", offset=offset)


def resolve_extern(scope: Scope, written: WrittenExtern) -> ExternType:
    """What an import or export is said to be."""
    sort, index, offset = written.sort, written.content, written.offset
    refuse_values(sort, offset)
    if written.bound == "resource":
        return TypeBound(ResourceName(Resource()))
    if not isinstance(index, int):
        fail("malformed import or export", offset)
    if sort == "core module":
        core_type = scope.at("core type", index, offset)
        if not isinstance(core_type, CoreModuleType):
            fail(f"core type index {index} is not a module type", offset)
        return core_type
    type = scope.type_at(index, offset)
    if sort == "type":
        return TypeBound(type)
    if sort == "func":
        return scope.function_type_at(index, offset)
    if sort == "instance":
        if not isinstance(type, InstanceType):
            fail(f"type index {index} is not an instance type", offset)
        return type
    if not isinstance(type, ComponentType):
        fail(f"type index {index} is not a component type", offset)
    return type


def _renamed(extern: ExternType, name: str) -> ExternType:
    """A type that is imported or exported becomes a definition of its own."""
    if not isinstance(extern, TypeBound):
        return extern
    type = extern.type
    if isinstance(type, ResourceName):
        if type.resource.name is None:
            type.resource.name = name
        return TypeBound(ResourceName(type.resource, name, type))
    return TypeBound(type.named(name))


def item_of(extern: ExternType) -> Any:
    """What an index space has of an import or export."""
    return extern.type if isinstance(extern, (TypeBound, ValueBound)) else extern


def add_import(scope: Scope, item: Import) -> ExternType:
    """An import: adds it to its index space, and to the scope's imports."""
    name = item.name.text
    extern = _renamed(resolve_extern(scope, item.extern), name)
    substitution = None
    if isinstance(extern, TypeBound) and isinstance(extern.type, ResourceName) and item.extern.bound == "resource":
        scope.imported[extern.type.resource] = (name,)
    elif isinstance(extern, InstanceType) and extern.resources:
        old = extern
        substitution = fresh_resources(scope, old.resources)
        extern = InstanceType(substitution.externs(old.exports))
        extern.name = old.name
        for resource in old.resources:
            scope.imported[substitution.resources[resource]] = (name, *old.paths[resource])
    index = scope.add(item.sort, item_of(extern))
    if isinstance(extern, TypeBound) and item.extern.bound == "resource":
        scope.places[item_of(extern).resource] = ("type", index, ())
    elif substitution is not None and isinstance(extern, InstanceType):
        for resource in substitution.resources.values():
            scope.places[resource] = ("instance", index, extern.paths[resource])
    check_visible(scope, "import", name, extern, item.offset)
    check_extern_name(scope, "import", item.name, extern, item.offset)
    scope.imports[name] = extern
    return extern


def fresh_resources(scope: Scope, resources: Any) -> Substitution:
    """What puts new resource types in the place of these."""
    return Substitution(scope.context, {resource: Resource(resource.name) for resource in resources})


def add_export_declaration(scope: Scope, item: ExportDeclaration) -> None:
    """An export in the type of a component or instance."""
    name = item.name.text
    extern = _renamed(resolve_extern(scope, item.extern), name)
    if item.extern.bound == "resource":
        scope.defined[item_of(extern).resource] = None
    elif isinstance(extern, InstanceType) and extern.resources:
        substitution = fresh_resources(scope, extern.resources)
        old = extern
        extern = InstanceType(substitution.externs(old.exports))
        extern.name = old.name
        for resource in substitution.resources.values():
            scope.defined[resource] = None
    _add_export(scope, item, extern)


def add_export(scope: Scope, item: Export) -> ExternType:
    """An export of a component; the type that it is exported with."""
    refuse_values(item.sort, item.offset)
    if item.sort.startswith("core ") and item.sort != "core module":
        fail(f"a {item.sort} cannot be exported", item.offset)
    found = scope.at(item.sort, item.index, item.offset)
    extern: ExternType = TypeBound(found) if item.sort == "type" else found
    if item.extern is not None:
        extern = _ascribe(scope, extern, resolve_extern(scope, item.extern), item.offset)
    extern = _renamed(extern, item.name.text)
    _add_export(scope, item, extern)
    return extern


def _ascribe(scope: Scope, found: ExternType, wanted: ExternType, offset: int) -> ExternType:
    """The type that an export is given, with the item's own resource types in place of abstract ones."""
    try:
        if isinstance(found, InstanceType) and isinstance(wanted, InstanceType) and wanted.resources:
            own = {resource: wanted.paths[resource] for resource in wanted.resources}
            substitution = open_externs(found.exports, wanted.exports, own, "export", scope.context, offset)
            return InstanceType(Substitution(scope.context, substitution.resources).externs(wanted.exports))
        check_extern(found, wanted, scope.context, offset)
    except InvalidWasm as error:
        reason = f"ascribed type of export is not compatible with item's type: {error.reason}"
        raise InvalidWasm(reason, offset=offset) from None
    return wanted


def _add_export(scope: Scope, item: Any, extern: ExternType) -> None:
    name = item.name.text
    if isinstance(extern, TypeBound) and isinstance(extern.type, ResourceName):
        scope.explicit[extern.type.resource] = (name,)
    elif isinstance(extern, InstanceType):
        for resource, path in extern.paths.items():
            scope.explicit[resource] = (name, *path)
    scope.add(item.sort, item_of(extern))
    check_visible(scope, "export", name, extern, item.offset)
    check_extern_name(scope, "export", item.name, extern, item.offset)
    scope.exports[name] = extern


def add_alias(scope: Scope, alias: AliasExport | AliasCoreExport | AliasOuter) -> None:
    """An alias: adds what it means to its index space."""
    offset, sort = alias.offset, alias.sort
    refuse_values(sort, offset)
    if scope.kind != COMPONENT:
        allowed = ("type", "instance") if isinstance(alias, AliasExport) else ("type", "core type")
        if isinstance(alias, AliasCoreExport) or sort not in allowed:
            fail("aliases in a component or instance type may only refer to types or instances", offset)
    if isinstance(alias, AliasOuter):
        scope.add(sort, _outer_item(scope, alias))
    elif isinstance(alias, AliasExport):
        extern = scope.at("instance", alias.instance, offset).exports.get(alias.name)
        if extern is None:
            fail(f"instance {alias.instance} has no export named `{alias.name}`", offset)
        if extern.kind != sort:
            fail(f"export `{alias.name}` for instance {alias.instance} is not a {sort}", offset)
        scope.add(sort, item_of(extern))
    else:
        core = scope.at("core instance", alias.instance, offset).get(alias.name)
        if core is None:
            fail(f"core instance {alias.instance} has no export named `{alias.name}`", offset)
        if core_sort(core) != sort:
            fail(f"export `{alias.name}` for core instance {alias.instance} is not a {sort}", offset)
        scope.add(sort, core)


def _outer_item(scope: Scope, alias: AliasOuter) -> Any:
    offset = alias.offset
    item = scope.enclosing(alias.count, offset).at(alias.sort, alias.index, offset)
    if alias.sort == "type" and alias.count and scope.enclosing(alias.count - 1, offset).kind == COMPONENT:
        # Components can be taken out of what they stand in, so they do not share its resource types.
        mentioned = item if isinstance(item, (InstanceType, ComponentType, FunctionType)) else TypeBound(item)
        if mentioned_resources([mentioned], scope.context):
            fail(
                "cannot alias outer type which transitively refers to resources not defined in the current component",
                offset,
            )
    return item


def resolve_type(scope: Scope, definition: TypeDefinition) -> DefinedType:
    """The type that a definition writes."""
    written = definition.written
    if written.form == "func":
        return resolve_function_type(scope, written)
    if written.form == "resource":
        representation, destructor = written.content
        return _resolve_resource(scope, representation, destructor, written.offset)
    if written.form in ("instance", "component"):
        kind = INSTANCE_TYPE if written.form == "instance" else COMPONENT_TYPE
        type = _resolve_declarations(Scope(kind, scope, scope.context), written.content, written.offset)
        check_size(type, written.offset)
        return type
    return resolve_value_type(scope, written)


def _resolve_resource(scope: Scope, representation: ValType, destructor: int | None, offset: int) -> ResourceName:
    if scope.kind != COMPONENT:
        fail("resources can only be defined within a concrete component", offset)
    if representation not in (ValType.I32, ValType.I64):
        fail("resources can only be represented by `i32` or `i64`", offset)
    if destructor is not None:
        found = scope.at("core func", destructor, offset)
        if found.composite != FuncType((representation,)):
            fail(f"core function {destructor} has wrong signature for a destructor", offset)
    resource = Resource(None, representation, destructor)
    scope.defined[resource] = representation
    return ResourceName(resource)


def _resolve_declarations(scope: Scope, declarations: list[Definition], offset: int) -> InstanceType | ComponentType:
    for declaration in declarations:
        if isinstance(declaration, CoreTypeDefinition):
            add_core_type(scope, declaration)
        elif isinstance(declaration, Import):
            add_import(scope, declaration)
        elif isinstance(declaration, ExportDeclaration):
            add_export_declaration(scope, declaration)
        elif isinstance(declaration, (AliasExport, AliasCoreExport, AliasOuter)):
            add_alias(scope, declaration)
        else:
            definition: Any = declaration
            definition.type = resolve_type(scope, definition)
            scope.add("type", definition.type)
    if scope.kind == INSTANCE_TYPE:
        return InstanceType(scope.exports, scope.defined)
    return finish(scope, offset)


def add_core_type(scope: Scope, definition: CoreTypeDefinition) -> None:
    """A core type: adds it to its index space."""
    if isinstance(definition.type, CoreModuleType):
        check_module_type(definition.type, definition.offset)
    scope.add("core type", definition.type)


def finish(scope: Scope, offset: int) -> ComponentType:
    """The type of a component, or the component type, that a scope has become.

    Raises:
        InvalidWasm: imports mention resource types that are defined inside, or exports such that are not exported.
    """
    imported = mentioned_resources(scope.imports.values(), scope.context)
    if any(resource in imported for resource in scope.defined):
        fail("local resource type found in imports", offset)
    exported = mentioned_resources(scope.exports.values(), scope.context)
    defined = {}
    for resource in scope.defined:
        if resource in exported:
            if resource not in scope.explicit:
                fail("local resource type found in export but not exported itself", offset)
            defined[resource] = scope.explicit[resource]
    type = ComponentType(scope.imports, scope.exports, scope.imported, defined)
    check_size(type, offset)
    return type
