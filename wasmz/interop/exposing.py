"""Modules of toolchains that Python imports: their imports, and Python functions in place of their exports.

toolchains = Toolchains(module, "pkg/foo_bg.wasm")
toolchains.define(linker)
namespace.update(toolchains.bind(instance))
"""

from __future__ import annotations

from wasmz.errors import LinkError
from wasmz.interop.files import glue_beside
from wasmz.interop.registry import FAMILIES, define_found, families_of
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.runtime.calls.host import Definitions
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.instance import Instance


class Toolchains:
    """The families that one module is of, with the package's JavaScript beside its file.

    Args:
        module: the module.
        path: its file, if it has one.
    """

    def __init__(self, module: CompiledModule, path: str | None) -> None:
        self.module: CompiledModule = module
        self.families: list[str] = families_of(module)
        self.glue: str | None = None
        if self.families and isinstance(path, str):
            try:
                self.glue = glue_beside(path)
            except ValueError as error:
                raise LinkError([f"the glue cannot be read: {error}"]) from None

    def define(self, linker: Definitions) -> None:
        """Defines what the families import, as far as nobody has."""
        if self.families:
            define_found(linker, self.module, lambda: self.glue)

    def bind(self, instance: Instance) -> dict[str, Any]:
        """Functions and classes by name."""
        found: dict[str, Any] = {}
        for name in self.families:
            family = FAMILIES[name]
            if family.binds and (self.glue is not None or not family.needs_glue):
                found.update(load(family.file).bind(instance, self.glue))
        return found
