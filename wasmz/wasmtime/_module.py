"""Modules: compiled WebAssembly, which belongs to no store.

module = Module(engine, wasm)                   bytes, or the text format
[item.name for item in module.exports]
Module.deserialize(engine, module.serialize())
"""

from __future__ import annotations

import wasmz
from wasmz.wasmtime._compiled import Compiled
from wasmz.wasmtime._engine import Engine
from wasmz.wasmtime._error import REFUSALS, refused
from wasmz.wasmtime._types import ExportType, ImportType, listed


class Module(Compiled):
    """A compiled module. Threads may share it."""

    _serializer = "Module.serialize"
    _mark = b"\x7fwasmz module 1\n"
    _no_file = "failed to open file for mapping"

    _module: wasmz.Module

    def _compile(self, engine: Engine, wasm: bytes) -> None:
        self._module = wasmz.Module(engine._live(), wasm)
        self._engine = engine

    def _live(self) -> wasmz.Module:
        self._check_open()
        return self._module

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
