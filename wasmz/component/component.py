"""Components: compiled, ready to be instantiated.

component = Component.compile(engine, "app.wasm")
component.imports, component.exports                types by name
"""

from __future__ import annotations

import os

from wasmz.component.instantiation import ComponentCode
from wasmz.component.types import ComponentType
from wasmz.errors import bounded, shown
from wasmz.module import read_bytes
from wasmz.runtime.link.engine import Engine
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, BinaryIO

    from wasmz.component import syntax
    from wasmz.component.instantiation import ComponentValue, Place

    Source = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO


class Component:
    """A component, decoded and validated. Its core modules are compiled as :class:`wasmz.Module` does.

    Attributes:
        engine: whose configuration holds.
        code, syntax, outer: for the runtime.
        type: what it imports and exports.
    """

    def __init__(
        self, code: ComponentCode, component: syntax.Component | None = None, outer: Place | None = None
    ) -> None:
        """For the runtime: :meth:`compile` makes components."""
        self.engine: Engine = code.engine
        self.code: ComponentCode = code
        self.syntax: syntax.Component = code.component if component is None else component
        self.outer: Place | None = outer

    @classmethod
    def compile(cls, engine: Engine | Source, source: Source | None = None) -> Component:
        """Decodes and validates a component. The engine may be left out.

        Args:
            engine: with the configuration that holds.
            source: bytes, a path or a binary file.

        Raises:
            InvalidWasm: it is malformed or does not validate.
            UnsupportedFeature: it needs what wasmz lacks.
            TypeError: ``source`` is something else. OSError: the file cannot be read.
        """
        if not isinstance(engine, Engine):
            if source is not None:
                raise TypeError(f"engine, the first of two arguments, must be an Engine, not {bounded(repr(engine))}")
            source, engine = engine, Engine()
        if source is None:
            raise TypeError("there is no source to compile")
        engine.check_open()
        load("wasmz.component.opening")
        from wasmz.component.opening import open_component

        data = read_bytes(source)
        return cls(ComponentCode(engine, *open_component(engine, data)))

    @classmethod
    def of_value(cls, value: ComponentValue) -> Component:
        """For the runtime: a component that is inside another one."""
        return cls(value.code, value.component, value.outer)

    @property
    def type(self) -> ComponentType:
        """What it imports and exports."""
        found = self.syntax.type
        if found is None:
            raise SystemError("the component is not validated")
        return found

    @property
    def imports(self) -> Mapping[str, Any]:
        """The types of its imports, by name."""
        return self.type.imports

    @property
    def exports(self) -> Mapping[str, Any]:
        """The types of its exports, by name."""
        return self.type.exports

    @shown
    def __repr__(self) -> str:
        return f"<Component, {len(self.syntax.data)} bytes>"
