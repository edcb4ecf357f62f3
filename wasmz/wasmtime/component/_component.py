"""Components, and what their exports are found by.

component = Component(engine, wasm)                                 bytes, or the text format
interface = component.get_export_index("ns:pkg/log@1.0.0")
component.get_export_index("write", interface)
"""

from __future__ import annotations

import os
from typing import Any, Union

import wasmz
from wasmz.wasmtime._engine import Engine
from wasmz.wasmtime._error import REFUSALS, WasmtimeError, refused
from wasmz.wasmtime._managed import Managed
from wasmz.wasmtime._wat2wasm import to_wasm
from wasmz.wasmtime.component._types import ComponentType, component_type

# The beginning of serialised components; see `_module.py`.
_MARK = b"\x7fwasmz component 1\n"


class ExportIndex(Managed[Any]):
    """An export of a component, or of an instance in it."""

    # wasmz's component, the names that lead to the export, and its type.
    _component: wasmz.Component
    _path: tuple[str, ...]
    _extern: Any

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: components and instances find them."""
        raise WasmtimeError("Cannot directly construct an `ExportIndex`")


class Component(Managed[Any]):
    """A compiled component. Threads may share it."""

    _component: wasmz.Component
    _wasm: bytes

    def __init__(self, engine: Engine, wasm: str | bytes | bytearray) -> None:
        """Compiles a component, or loads it from wasmz's cache.

        Raises:
            TypeError: the arguments are not an engine, and text or bytes. WasmtimeError: it is not a valid component.
        """
        if not isinstance(engine, Engine):
            raise TypeError("expected an Engine")
        self._set(engine, to_wasm(wasm))

    def _set(self, engine: Engine, wasm: bytes) -> None:
        try:
            self._component = wasmz.Component.compile(engine._live(), wasm)
        except REFUSALS as error:
            raise refused(error) from None  # type: ignore[arg-type]
        self._wasm = wasm

    def _live(self) -> wasmz.Component:
        self._check_open()
        return self._component

    @classmethod
    def from_file(cls, engine: Engine, path: Union[str, bytes, os.PathLike[Any]]) -> Component:
        """Compiles the component in a file, of either format."""
        with open(path, "rb") as file:
            contents = file.read()
        return cls(engine, contents)

    @classmethod
    def deserialize(cls, engine: Engine, encoded: bytes | bytearray) -> Component:
        """The component from the bytes that :meth:`serialize` made.

        Raises:
            TypeError: ``encoded`` is not bytes. WasmtimeError: something else made the bytes.
        """
        if not isinstance(encoded, (bytes, bytearray)):
            raise TypeError("expected bytes")
        if not encoded.startswith(_MARK):
            raise WasmtimeError(
                "failed to parse precompiled artifact: Component.serialize of wasmz.wasmtime did not make it"
            )
        component = cls.__new__(cls)
        component._set(engine, bytes(encoded[len(_MARK) :]))
        return component

    @classmethod
    def deserialize_file(cls, engine: Engine, path: str) -> Component:
        """Like :meth:`deserialize`, with bytes from a file. ``WasmtimeError``: there is no such file."""
        try:
            with open(path, "rb") as file:
                encoded = file.read()
        except OSError as error:
            raise WasmtimeError(f"failed to open file: {error}") from None
        return cls.deserialize(engine, encoded)

    def serialize(self) -> bytearray:
        """The component as bytes, for :meth:`deserialize`. Its compiled code stays in wasmz's cache."""
        self._check_open()
        return bytearray(_MARK + self._wasm)

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
