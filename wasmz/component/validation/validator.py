"""Validation of a component: all its definitions in order, and those of the components in it.

component = decode_component(data)
validate_component(component)                    InvalidWasm: import section, item 3: unknown type 7 ... (offset 0x2f)
component.type                                   the ComponentType: what it imports and exports
"""

from __future__ import annotations

from wasmz.component.binary.decoder import in_section
from wasmz.component.forms import ResourceName
from wasmz.component.syntax import (
    AliasCoreExport,
    AliasExport,
    AliasOuter,
    BuiltIn,
    ComponentDefinition,
    CoreExports,
    CoreInstantiation,
    CoreModule,
    CoreTypeDefinition,
    Export,
    Import,
    InstanceExports,
    Instantiation,
    Lift,
    Lower,
    Start,
    TypeDefinition,
)
from wasmz.component.validation.canonical import add_built_in, add_lift, add_lower
from wasmz.component.validation.core_modules import validate_core_module
from wasmz.component.validation.declarations import (
    add_alias,
    add_core_type,
    add_export,
    add_import,
    finish,
    refuse_values,
    resolve_type,
)
from wasmz.component.validation.instances import (
    add_core_exports,
    add_core_instantiation,
    add_instance_exports,
    add_instantiation,
)
from wasmz.component.validation.scopes import COMPONENT, Context, Scope
from wasmz.errors import InvalidWasm
from wasmz.wasm.proposals import SUPPORTED_PROPOSALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.component.syntax import Component
    from wasmz.component.types import CoreModuleType
    from wasmz.wasm.proposals import Proposal


def validate_component(
    component: Component,
    proposals: frozenset[Proposal] = SUPPORTED_PROPOSALS,
    *,
    with_bodies: bool = True,
    core_module_type: Callable[[CoreModule], CoreModuleType] | None = None,
) -> None:
    """Validates a decoded component, and fills in what its definitions say is set by validation.

    Args:
        component: as decoded.
        proposals: those that core modules may be of.
        with_bodies: whether the bodies of core functions are validated, too: not where that is done elsewhere.
        core_module_type: gives the types of core modules that are known to be valid, in place of validating them.

    Raises:
        InvalidWasm: naming the section, the item in it, and the offset.
        UnsupportedFeature: a feature of another proposal is used.
        ImplementationLimit: its types are too many.
    """
    context = Context(proposals, with_bodies=with_bodies)
    _Validator(context, core_module_type).validate(component, None)


class _Validator:
    __slots__ = ("context", "core_module_type")

    def __init__(self, context: Context, core_module_type: Callable[[CoreModule], CoreModuleType] | None) -> None:
        self.context: Context = context
        self.core_module_type: Callable[[CoreModule], CoreModuleType] | None = core_module_type

    def validate(self, component: Component, outer: Scope | None) -> None:
        scope = Scope(COMPONENT, outer, self.context)
        number = 0
        try:
            for number, definition in enumerate(component.definitions):  # noqa: B007
                if isinstance(definition, CoreModule):
                    self.add_core_module(component, scope, definition)
                elif isinstance(definition, ComponentDefinition):
                    self.validate(definition.component, scope)
                    scope.add("component", definition.component.type)
                else:
                    _ADDERS[type(definition)](scope, definition)
            number = len(component.definitions)
            component.type = finish(scope, component.start)
        except InvalidWasm as error:
            raise _placed(error, component, number) from None
        component.resources = scope.places

    def add_core_module(self, component: Component, scope: Scope, definition: CoreModule) -> None:
        if self.core_module_type is not None:
            definition.type = self.core_module_type(definition)
        else:
            definition.type = validate_core_module(component.data, definition, self.context)
        scope.add("core module", definition.type)


def _placed(error: InvalidWasm, component: Component, number: int) -> InvalidWasm:
    """The error with the section that definition ``number`` is in."""
    if number >= len(component.definitions) or isinstance(component.definitions[number], ComponentDefinition):
        return error
    section = None
    for candidate in component.sections:
        if candidate.first > number:
            break
        section = candidate
    return error if section is None else in_section(error, section.id, number - section.first)


def _add_type(scope: Scope, definition: TypeDefinition) -> None:
    made = resolve_type(scope, definition)
    definition.type = made
    index = scope.add("type", made)
    if isinstance(made, ResourceName):
        scope.places[made.resource] = ("type", index, ())


def _add_import(scope: Scope, definition: Import) -> None:
    definition.type = add_import(scope, definition)


def _add_export(scope: Scope, definition: Export) -> None:
    definition.type = add_export(scope, definition)


def _add_start(_: Scope, definition: Start) -> None:
    # Its arguments and results are values.
    refuse_values("value", definition.offset)


_ADDERS: Final[dict[type, Callable[[Scope, Any], None]]] = {
    CoreInstantiation: add_core_instantiation,
    CoreExports: add_core_exports,
    CoreTypeDefinition: add_core_type,
    Instantiation: add_instantiation,
    InstanceExports: add_instance_exports,
    AliasExport: add_alias,
    AliasCoreExport: add_alias,
    AliasOuter: add_alias,
    TypeDefinition: _add_type,
    Lift: add_lift,
    Lower: add_lower,
    BuiltIn: add_built_in,
    Start: _add_start,
    Import: _add_import,
    Export: _add_export,
}
