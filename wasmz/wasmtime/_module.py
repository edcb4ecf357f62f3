"""Modules: compiled WebAssembly, which belongs to no store.

module = Module(engine, wasm)                   bytes, or the text format
[item.name for item in module.exports]
Module.deserialize(engine, module.serialize())
"""

from __future__ import annotations

import os
from typing import Any, Union

import wasmz
from wasmz.wasmtime._engine import Engine
from wasmz.wasmtime._error import REFUSALS, WasmtimeError, refused
from wasmz.wasmtime._managed import Managed
from wasmz.wasmtime._types import ExportType, ImportType, listed
from wasmz.wasmtime._wat2wasm import to_wasm

# The beginning of serialised modules. The module itself follows: compiled code is in wasmz's cache, and bytes that
# others may have made are never run as code.
_MARK = b"\x7fwasmz module 1\n"


class Module(Managed[Any]):
    """A compiled module. Threads may share it."""

    _module: wasmz.Module
    _wasm: bytes

    def __init__(self, engine: Engine, wasm: str | bytes | bytearray) -> None:
        """Compiles a module, or loads it from wasmz's cache; large modules are compiled lazily.

        Raises:
            TypeError: the arguments are not an engine, and text or bytes. WasmtimeError: it is not a valid module.
        """
        if not isinstance(engine, Engine):
            raise TypeError("expected an Engine")
        self._set(engine, to_wasm(wasm))

    def _set(self, engine: Engine, wasm: bytes) -> None:
        try:
            self._module = wasmz.Module(engine._live(), wasm)
        except REFUSALS as error:
            raise refused(error) from None  # type: ignore[arg-type]
        self._engine = engine
        self._wasm = wasm

    def _live(self) -> wasmz.Module:
        self._check_open()
        return self._module

    @classmethod
    def from_file(cls, engine: Engine, path: Union[str, bytes, os.PathLike[Any]]) -> Module:
        """Compiles the module in a file, of either format."""
        with open(path, "rb") as file:
            contents = file.read()
        return cls(engine, contents)

    @classmethod
    def deserialize(cls, engine: Engine, encoded: bytes | bytearray) -> Module:
        """The module from the bytes that :meth:`serialize` made.

        Raises:
            TypeError: ``encoded`` is not bytes. WasmtimeError: something else made the bytes.
        """
        if not isinstance(encoded, (bytes, bytearray)):
            raise TypeError("expected bytes")
        if not encoded.startswith(_MARK):
            raise WasmtimeError(
                "failed to parse precompiled artifact: Module.serialize of wasmz.wasmtime did not make it"
            )
        module = cls.__new__(cls)
        module._set(engine, bytes(encoded[len(_MARK) :]))
        return module

    @classmethod
    def deserialize_file(cls, engine: Engine, path: str) -> Module:
        """Like :meth:`deserialize`, with bytes from a file. ``WasmtimeError``: there is no such file."""
        try:
            with open(path, "rb") as file:
                encoded = file.read()
        except OSError as error:
            raise WasmtimeError(f"failed to open file for mapping: {error}") from None
        return cls.deserialize(engine, encoded)

    @classmethod
    def validate(cls, engine: Engine, wasm: bytes | bytearray) -> None:
        """Checks a module, including the bodies of its functions.

        Raises:
            TypeError: ``wasm`` is not bytes. WasmtimeError: it is not a valid module.
        """
        if not isinstance(wasm, (bytes, bytearray)):
            raise TypeError("expected wasm bytes")
        engine._live()
        try:
            wasmz.Module.validate(bytes(wasm))
        except REFUSALS as error:
            raise refused(error) from None  # type: ignore[arg-type]

    @property
    def imports(self) -> list[ImportType]:
        """The imports of the module, in order."""
        return [listed(ImportType, item) for item in self._live().imports]

    @property
    def exports(self) -> list[ExportType]:
        """The exports of the module, in order."""
        return [listed(ExportType, item) for item in self._live().exports.values()]

    def serialize(self) -> bytearray:
        """The module as bytes, for :meth:`deserialize`. Its compiled code stays in wasmz's cache."""
        self._check_open()
        return bytearray(_MARK + self._wasm)

    def _has_start(self) -> bool:
        """Whether instantiating the module runs a function of it."""
        data, position = self._wasm, 8
        while position < len(data):
            kind = data[position]
            position += 1
            size = shift = 0
            while True:
                byte = data[position]
                position += 1
                size |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            if kind == 8:
                return True
            position += size
        return False
