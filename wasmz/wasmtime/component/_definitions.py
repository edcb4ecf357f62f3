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
    from collections.abc import Callable, Mapping

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


def of_wasi(linker: wasmz.component.Linker, name: str, has_wasi: bool, has_http: bool) -> Mapping[str, Any]:
    """What a linker's WASI defines for an imported interface, if it is wanted; else nothing."""
    is_wanted = has_http if name.startswith("wasi:http/") else has_wasi
    return (linker.get(name) if is_wanted and name.startswith("wasi:") else None) or {}


def part_of_wasi(known: Mapping[str, Any], name: str) -> Any:
    """What WASI has for a name in an interface, or ``None``: methods are those of their class."""
    kind, _, rest = name[1:].partition("]") if name.startswith("[") else ("", "", name)
    if name in known or not kind:
        return known.get(name)
    owner, _, member = rest.partition(".")
    cls = known.get(owner)
    return cls if kind == "constructor" else getattr(cls, member.replace("-", "_"), None)


def add_traps(items: Definitions, name: str, extern: Any, known: Any) -> None:
    """Defines an import that has no definition: its functions raise errors.

    Args:
        items: where it is defined.
        name: its name there.
        extern: its type.
        known: what WASI defines for it.

    Raises:
        WasmtimeError: it has a core module, or a component.
    """
    found = find_definition(items, name)
    if extern.kind == "instance":
        if found is None:
            found = items[name] = {}
        if isinstance(found, dict):
            for inner, part in extern.exports.items():
                add_traps(found, inner, part, part_of_wasi(known, inner) if known else None)
    elif found is not None or known:
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
