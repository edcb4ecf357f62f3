"""``wasmz inspect`` of a component: its WIT, or what it imports, exports and contains as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from wasmz.component.binary.decoder import SECTION_NAMES, decode_component
from wasmz.component.forms import ResourceName
from wasmz.component.notation import described
from wasmz.component.syntax import ComponentDefinition, CoreModule
from wasmz.component.types import ComponentType, FunctionType, InstanceType, TypeBound, ValueType
from wasmz.component.validation.validator import validate_component
from wasmz.component.wit import print_wit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmz.component.syntax import Component
    from wasmz.component.types import ExternType
    from wasmz.wasm.proposals import Proposal


def inspect_component(file: str, data: bytes, proposals: frozenset[Proposal], *, as_json: bool) -> None:
    """Prints what there is to say of a component."""
    component = decode_component(data, proposals)
    validate_component(component, proposals, with_bodies=False)
    if as_json:
        click.echo(json.dumps({"file": file, **_found(data, component)}, indent=2))
    else:
        click.echo(print_wit(component), nl=False)


def _found(data: bytes, component: Component) -> dict[str, Any]:
    type = component.type
    if type is None:
        raise SystemError("the component is not validated")
    return {
        "name": component.name,
        "size": len(data),
        "imports": _items(type.imports),
        "exports": _items(type.exports),
        "defines": [*_defined(component)],
        "sections": [
            {"name": SECTION_NAMES[section.id], "offset": section.offset, "size": section.end - section.offset}
            for section in component.sections
        ],
    }


def _defined(component: Component) -> list[str]:
    """What the component has inside: core modules and components."""
    found = []
    for definition in component.definitions:
        if isinstance(definition, CoreModule):
            found.append(f"core module of {definition.end - definition.start} bytes")
        elif isinstance(definition, ComponentDefinition):
            inner = definition.component
            found.append(f"component of {inner.end - inner.start} bytes")
    return found


def _items(externs: Mapping[str, ExternType]) -> list[dict[str, Any]]:
    return [{"name": name, "kind": extern.kind, **_described(extern)} for name, extern in externs.items()]


def _described(extern: ExternType) -> dict[str, Any]:
    """The type of an import or export; of an instance or component what it has in turn."""
    if isinstance(extern, FunctionType):
        return {"type": described(extern)}
    if isinstance(extern, TypeBound):
        if isinstance(extern.type, ResourceName):
            return {"type": "resource"}
        return {"type": described(extern.type)} if isinstance(extern.type, ValueType) else {"type": extern.type.kind}
    if isinstance(extern, InstanceType):
        return {"type": "instance", "exports": _items(extern.exports)}
    if isinstance(extern, ComponentType):
        return {"type": "component", "imports": _items(extern.imports), "exports": _items(extern.exports)}
    return {"type": extern.kind}
