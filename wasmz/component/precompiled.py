"""The code that runs when Python imports a component's precompiled `.pyc`, or runs it as a program.

The file has the component, and each of its core modules as the contents of such a file of its own. What core modules
import and export is taken from there, so that none is decoded.
"""

from __future__ import annotations

from wasmz.artifact.pyc import DamagedFile, decode_pyc
from wasmz.component.binary.decoder import decode_component
from wasmz.component.component import Component
from wasmz.component.exposing import expose_component
from wasmz.component.image_types import type_of_image
from wasmz.component.instantiation import ComponentCode
from wasmz.component.syntax import ComponentDefinition, CoreModule
from wasmz.component.validation.validator import validate_component
from wasmz.config import Config
from wasmz.errors import LinkError
from wasmz.module import Module
from wasmz.runtime.calls.supply import precompiled_supply
from wasmz.runtime.link.engine import Engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from wasmz.component import syntax


def core_modules(component: syntax.Component) -> Iterator[CoreModule]:
    """The core modules of a component, and of those in it."""
    waiting = [component]
    while waiting:
        for definition in waiting.pop().definitions:
            if isinstance(definition, CoreModule):
                yield definition
            elif isinstance(definition, ComponentDefinition):
                waiting.append(definition.component)


def populate(
    namespace: dict[str, Any],
    data: bytes,
    modules: tuple[tuple[int, bytes], ...],
    limits: dict[str, Any] | None = None,
    find: Callable[[str], Any] | None = None,
) -> None:
    """Called by the code of a precompiled file: makes an instance, and its exports the namespace's attributes.

    Args:
        namespace: of the Python module.
        data: the component.
        modules: for each core module where it begins, and the contents of its file.
        limits: fields of ``Config``.
        find: gives imports besides WASI's.

    Raises:
        ImportError: it imports anything else, or another version of wasmz compiled it.
        Trap: code that runs at the start traps.
    """
    try:
        component = open_precompiled(Engine(Config(**limits) if limits else None), data, modules)
        expose_component(namespace, component, find)
    except DamagedFile as error:
        raise _cannot_import(namespace, f"{error}: compile it again") from None
    except LinkError as error:
        raise _cannot_import(namespace, str(error)) from error


def _cannot_import(namespace: dict[str, Any], reason: str) -> BaseException:
    """The exception to raise: in a program, one that prints one line and exits with code 1."""
    name = namespace.get("__name__")
    return SystemExit(reason) if name == "__main__" else ImportError(f"cannot import {name}: {reason}")


def open_precompiled(engine: Engine, data: bytes, modules: tuple[tuple[int, bytes], ...]) -> Component:
    """The component whose core modules were compiled before.

    Raises:
        DamagedFile: they were compiled by another version of wasmz or Python.
    """
    compiled: dict[int, Module] = {}
    for start, content in modules:
        try:
            image, code = decode_pyc(content)
        except ValueError as error:
            raise DamagedFile(str(error)) from None
        compiled[start] = Module.of_image(engine, image, precompiled_supply(image, code))
    component = decode_component(data)
    validate_component(component, core_module_type=lambda definition: type_of_image(compiled[definition.start].image))
    return Component(ComponentCode(engine, component, modules=compiled))
