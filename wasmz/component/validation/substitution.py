"""Types with resource types, and definitions, replaced by others.

An import of an instance type gets resource types of its own; an instance of a component has those of its arguments in
place of its imports', and new ones in place of its own. What does not mention any of them stays the same object.
"""

from __future__ import annotations

from wasmz.component.forms import Resource, ResourceName
from wasmz.component.types import (
    ComponentType,
    CoreModuleType,
    FunctionType,
    InstanceType,
    TypeBound,
    ValueBound,
    ValueType,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from wasmz.component.types import ExternType
    from wasmz.component.validation.scopes import Context


class Substitution:
    """What is replaced by what.

    Attributes:
        context: counts the work.
        resources: resource types by those that they replace.
        definitions: pairs of a named type, and what replaces that very object.
    """

    __slots__ = ("_known", "context", "definitions", "resources")

    def __init__(
        self,
        context: Context,
        resources: Mapping[Resource, Resource],
        definitions: Iterable[tuple[Any, Any]] = (),
    ) -> None:
        self.context: Context = context
        self.resources: Mapping[Resource, Resource] = resources
        self.definitions: tuple[tuple[Any, Any], ...] = tuple(definitions)
        # By identity, each with what it was made of, so that it stays alive.
        self._known: dict[int, tuple[Any, Any]] = {id(old): (old, new) for old, new in self.definitions}

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return not self.resources and not self.definitions

    def extern(self, extern: Any) -> Any:
        """The type of an import or export after replacement."""
        if self.is_empty or isinstance(extern, CoreModuleType):
            return extern
        if isinstance(extern, (TypeBound, ValueBound)):
            made = self.type(extern.type)
            return extern if made is extern.type else type(extern)(made)
        return self.type(extern)

    def externs(self, externs: Mapping[str, ExternType]) -> Mapping[str, ExternType]:
        """Imports or exports after replacement; the same mapping if nothing is replaced in them."""
        made = {name: self.extern(extern) for name, extern in externs.items()}
        return externs if all(made[name] is extern for name, extern in externs.items()) else made

    def type(self, type: Any) -> Any:
        """A type, or the name of a resource type, after replacement."""
        known = self._known.get(id(type))
        if known is not None:
            return known[1]
        self.context.spend(1)
        made = self._replace(type)
        origin = getattr(type, "origin", None)
        if origin is not None and id(origin) in self._known:
            replaced = self._known[id(origin)][1]
            if replaced is not made.origin:
                made = made.with_origin(replaced)
        self._known[id(type)] = (type, made)
        return made

    def _replace(self, type: Any) -> Any:
        if isinstance(type, ResourceName):
            resource = self.resources.get(type.resource)
            return type if resource is None else ResourceName(resource, type.name, type.origin)
        if not type.has_resources and not self.definitions:
            return type
        if isinstance(type, (ValueType, FunctionType)):
            return type.replaced(self.type)
        if isinstance(type, InstanceType):
            exports = self.externs(type.exports)
            if exports is type.exports:
                return type
            made: Any = InstanceType(exports, type.resources)
        else:
            made = self._replace_component(type)
        made.name = type.name
        return made

    def _replace_component(self, type: ComponentType) -> ComponentType:
        imports, exports = self.externs(type.imports), self.externs(type.exports)
        if imports is type.imports and exports is type.exports:
            return type
        return ComponentType(imports, exports, type.imported, type.defined)


def mentioned_resources(externs: Iterable[ExternType], context: Context) -> set[Resource]:
    """The resource types that imports or exports mention and do not bring themselves."""
    found: set[Resource] = set()
    bound: set[Resource] = set()
    seen: dict[int, Any] = {}
    waiting: list[Any] = list(externs)
    while waiting:
        item = waiting.pop()
        if isinstance(item, (TypeBound, ValueBound)):
            item = item.type
        if isinstance(item, ResourceName):
            found.add(item.resource)
            continue
        if id(item) in seen or isinstance(item, CoreModuleType) or not item.has_resources:
            continue
        seen[id(item)] = item
        context.spend(1)
        if isinstance(item, InstanceType):
            bound.update(item.resources)
            waiting += item.exports.values()
        elif isinstance(item, ComponentType):
            bound.update(item.imported, item.defined)
            waiting += item.imports.values()
            waiting += item.exports.values()
        elif item.kind in ("own", "borrow"):
            found.add(item.resource)
        else:
            waiting += item.parts()
    return found - bound
