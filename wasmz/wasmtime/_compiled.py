"""What modules and components have in common: where they come from, and how they are kept as bytes.

class Module(Compiled):                         Module(engine, wasm), Module.deserialize(engine, module.serialize())
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar, Union

from wasmz.wasmtime._engine import Engine
from wasmz.wasmtime._error import REFUSALS, WasmtimeError, refused
from wasmz.wasmtime._managed import Managed
from wasmz.wasmtime._wat2wasm import to_wasm

if TYPE_CHECKING:
    from typing import Self


class Compiled(Managed[Any]):
    """The base of modules and components. Threads may share them."""

    # Of serialised objects: what makes them, their beginning, and the error if they are in no file. WebAssembly itself
    # follows the beginning: compiled code is in wasmz's cache, and bytes that others may have made are never run as
    # code.
    _serializer: ClassVar[str]
    _mark: ClassVar[bytes]
    _no_file: ClassVar[str]

    _wasm: bytes

    def __init__(self, engine: Engine, wasm: str | bytes | bytearray) -> None:
        """Compiles it, or loads it from wasmz's cache; large modules are compiled lazily.

        Raises:
            TypeError: the arguments are not an engine, and text or bytes. WasmtimeError: it is not valid.
        """
        if not isinstance(engine, Engine):
            raise TypeError("expected an Engine")
        self._set(engine, to_wasm(wasm))

    def _set(self, engine: Engine, wasm: bytes) -> None:
        try:
            self._compile(engine, wasm)
        except REFUSALS as error:
            raise refused(error) from None  # type: ignore[arg-type]
        self._wasm = wasm

    def _compile(self, engine: Engine, wasm: bytes) -> None:
        """Makes wasmz's object of it."""
        raise NotImplementedError

    @classmethod
    def from_file(cls, engine: Engine, path: Union[str, bytes, os.PathLike[Any]]) -> Self:
        """Compiles what is in a file, of either format."""
        with open(path, "rb") as file:
            contents = file.read()
        return cls(engine, contents)

    @classmethod
    def deserialize(cls, engine: Engine, encoded: bytes | bytearray) -> Self:
        """What :meth:`serialize` made the bytes of.

        Raises:
            TypeError: ``encoded`` is not bytes. WasmtimeError: something else made the bytes.
        """
        if not isinstance(encoded, (bytes, bytearray)):
            raise TypeError("expected bytes")
        if not encoded.startswith(cls._mark):
            raise WasmtimeError(
                f"failed to parse precompiled artifact: {cls._serializer} of wasmz.wasmtime did not make it"
            )
        made = cls.__new__(cls)
        made._set(engine, bytes(encoded[len(cls._mark) :]))
        return made

    @classmethod
    def deserialize_file(cls, engine: Engine, path: str) -> Self:
        """Like :meth:`deserialize`, with bytes from a file. ``WasmtimeError``: there is no such file."""
        try:
            with open(path, "rb") as file:
                encoded = file.read()
        except OSError as error:
            raise WasmtimeError(f"{cls._no_file}: {error}") from None
        return cls.deserialize(engine, encoded)

    def serialize(self) -> bytearray:
        """It as bytes, for :meth:`deserialize`. Its compiled code stays in wasmz's cache."""
        self._check_open()
        return bytearray(self._mark + self._wasm)
