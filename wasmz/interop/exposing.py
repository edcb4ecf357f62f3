"""Modules of toolchains: their imports, what is done before they are used, and Python functions for their exports.

toolchains = Toolchains(module, "pkg/foo_bg.wasm")
toolchains.define(linker)
toolchains.finish(instance)
namespace.update(toolchains.bind(instance))
"""

from __future__ import annotations

import os

from wasmz.errors import LinkError
from wasmz.interop.files import glue_beside
from wasmz.interop.registry import FAMILIES, define_found, families_of, needs_glue, runner_of
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.runtime.calls.host import Definitions
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.instance import Instance


class Toolchains:
    """The families that one module is of, with the package's JavaScript.

    Args:
        module: the module.
        source: its file, beside which the JavaScript may be; anything but a path stands for none.
        glue: the JavaScript's text, if the user has named its file.

    Raises:
        LinkError: the JavaScript beside the module cannot be read.
    """

    def __init__(self, module: CompiledModule, source: object, glue: str | None = None) -> None:
        self.module: CompiledModule = module
        self.families: list[str] = families_of(module)
        if glue is not None and not self.families:
            # The user says whose it is.
            self.families = ["emscripten"]
        self.glue: str | None = glue
        is_needed = any(needs_glue(name, module.imports) or name == "assemblyscript" for name in self.families)
        if glue is None and is_needed and isinstance(source, (str, os.PathLike)):
            try:
                self.glue = glue_beside(source)
            except ValueError as error:
                raise LinkError([f"the glue cannot be read: {error}"]) from None

    def define(self, linker: Definitions) -> None:
        """Defines what the families import, as far as nobody has.

        Raises:
            LinkError, ValueError: the JavaScript is not for this module.
        """
        if self.families:
            define_found(linker, self.module, lambda: self.glue)

    def finish(self, instance: Instance) -> None:
        """Does what comes before all use of an instance."""
        for name in self.families:
            family = FAMILIES[name]
            if family.finishes:
                load(family.file).finish(instance, self.glue)

    def missing(self) -> str | None:
        """What is needed and not there, for people."""
        for name in self.families:
            if self.glue is None and needs_glue(name, self.module.imports):
                family = FAMILIES[name]
                return f"the module is made by {family.toolchain}, and needs {family.needs}"
        return None

    def starts(self) -> bool:
        """Whether ``finish`` or ``bind`` call what initializes a module."""
        return "emscripten" in self.families or "kotlin" in self.families

    def run_main(self, instance: Instance, args: list[str]) -> bool:
        """Runs a program to its end, if it is one of a family that has its own programs."""
        runner = runner_of(self.module)
        if runner is not None:
            runner.run_main(instance, args)
        return runner is not None

    def bind(self, instance: Instance, globals: object = None) -> dict[str, Any]:
        """Functions and classes by name."""
        found: dict[str, Any] = {}
        for name in self.families:
            family = FAMILIES[name]
            if not family.binds or (self.glue is None and needs_glue(name, self.module.imports)):
                continue
            bind = load(family.file).bind
            found.update(bind(instance, self.glue, globals) if name in ("go", "dart") else bind(instance, self.glue))
        return found
