"""Components, and what their exports are found by.

component = Component(engine, wasm)                                 bytes, or the text format
interface = component.get_export_index("ns:pkg/log@1.0.0")
component.get_export_index("write", interface)
"""

from __future__ import annotations

from typing import Any

import wasmz
from wasmz.wasmtime._compiled import Compiled
from wasmz.wasmtime._engine import Engine
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._managed import Managed
from wasmz.wasmtime.component._types import ComponentType, component_type


class ExportIndex(Managed[Any]):
    """An export of a component, or of an instance in it."""

    # wasmz's component, the names that lead to the export, and its type.
    _component: wasmz.Component
    _path: tuple[str, ...]
    _extern: Any

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: components and instances find them."""
        raise WasmtimeError("Cannot directly construct an `ExportIndex`")


class Component(Compiled):
    """A compiled component. Threads may share it."""

    _serializer = "Component.serialize"
    _mark = b"\x7fwasmz component 1\n"
    _no_file = "failed to open file"

    _component: wasmz.Component

    def _compile(self, engine: Engine, wasm: bytes) -> None:
        self._component = wasmz.Component.compile(engine._live(), wasm)

    def _live(self) -> wasmz.Component:
        self._check_open()
        return self._component

    def get_export_index(self, name: str, instance: ExportIndex | None = None) -> ExportIndex | None:
        """Finds an export, or one of the exported instance ``instance``; ``None``: there is none of this name.

        A name with a version also finds one that is compatible.
        """
        return find_export(self._live(), name, instance)

    @property
    def type(self) -> ComponentType:
        """What it imports and exports."""
        return component_type(self._live().type)


def find_export(component: wasmz.Component, name: str, instance: ExportIndex | None) -> ExportIndex | None:
    """The export of this name, in an instance that the component exports if one is given."""
    # Raises AttributeError for anything but text.
    name.encode()
    path: tuple[str, ...] = ()
    exports = component.exports
    if instance is not None:
        instance._check_open()
        if instance._component is not component or instance._extern.kind != "instance":
            return None
        path, exports = instance._path, instance._extern.exports
    if name not in exports:
        if "@" not in name:
            return None
        # Linkers know which versions are compatible.
        names = wasmz.component.Linker(component.engine)
        for export in exports:
            names.define(export, export)
        found = names.get(name)
        if found is None:
            return None
        name = found
    made = ExportIndex.__new__(ExportIndex)
    made._component, made._path, made._extern = component, (*path, name), exports[name]
    return made
