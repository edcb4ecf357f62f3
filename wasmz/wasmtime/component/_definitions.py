"""What linkers of components define: by name, a definition, or a dictionary of these for an instance."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any, NoReturn

import wasmz
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime.component._resource_type import ResourceType, resource_type
from wasmz.wasmtime.component._types import is_resource

if TYPE_CHECKING:
    from collections.abc import Callable

Definitions = dict[str, Any]


class FunctionDefinition:
    """A function of the host's."""

    word = "func"

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn: Callable[..., Any] = fn


class ModuleDefinition:
    """A core module."""

    word = "module"

    def __init__(self, module: wasmz.Module) -> None:
        self.module: wasmz.Module = module


class ResourceDefinition:
    """A resource type of the host's."""

    word = "resource"

    def __init__(self, type: ResourceType, dtor: Callable[..., object]) -> None:
        self.type: ResourceType = type
        self.dtor: Callable[..., object] = dtor


def find_definition(items: Definitions, name: str) -> Any:
    """The definition of a name, or of one that is compatible; ``None``: there is none."""
    found = items.get(name)
    if found is not None or "@" not in name:
        return found
    # Linkers of wasmz know which versions are compatible.
    names = wasmz.component.Linker()
    for known, item in items.items():
        names.define(known, item)
    return names.get(name)


def add_traps(items: Definitions, name: str, extern: Any) -> None:
    """Defines an import that has no definition: its functions raise errors.

    Raises:
        WasmtimeError: it has a core module, or a component.
    """
    found = find_definition(items, name)
    if extern.kind == "instance":
        if found is None:
            found = items[name] = {}
        if isinstance(found, dict):
            for inner, part in extern.exports.items():
                add_traps(found, inner, part)
    elif found is not None:
        return
    elif extern.kind == "func":
        items[name] = FunctionDefinition(functools.partial(_fail, name))
    elif is_resource(extern):
        # A type of its own.
        items[name] = ResourceDefinition(resource_type("unknown", next(_numbers)), lambda store, rep: None)
    elif extern.kind in ("core module", "component"):
        raise WasmtimeError(f"unable to define {extern.kind} imports as traps")


_numbers = itertools.count()


def _fail(name: str, *args: Any) -> NoReturn:
    raise WasmtimeError(f"unknown import: `{name}` has not been defined")
