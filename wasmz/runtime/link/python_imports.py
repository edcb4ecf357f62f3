"""Imports of a WebAssembly module that Python imports: objects of Python modules, by name.

PythonImports("package", "package.lib").define(linker, module)
    "env" "log"      -> package.env.log, or else env.log
"""

from __future__ import annotations

from wasmz.errors import bounded
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType
    from typing import Any, Union

    from wasmz.interop.exposing import Toolchains
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.linker import Linker

    Given = Mapping[str, Union[Mapping[str, Any], ModuleType]]


class PythonImports:
    """Finds the imports of one module.

    Args:
        package: the module's package, or nothing. Python modules are looked for there first.
        name: the module's name, for messages.
        given: the only objects that may be imported, by module name and name; ``None`` for any Python module.
    """

    def __init__(self, package: str, name: str, given: Given | None = None) -> None:
        self.package = package
        self.name = name
        self.given = given

    def define(self, linker: Linker, module: CompiledModule, toolchains: Toolchains | None = None) -> None:
        """Defines the imports that the linker does not define yet.

        Args:
            linker: where.
            module: the module.
            toolchains: what defines imports that no Python module has, unless only given ones are allowed.

        Raises:
            ImportError: an import was not found.
        """
        if toolchains is not None and toolchains.families and self.given is None:
            self._define(linker, module, is_optional=True)
            toolchains.define(linker)
        self._define(linker, module, is_optional=False)

    def _define(self, linker: Linker, module: CompiledModule, *, is_optional: bool) -> None:
        for item in module.imports:
            if linker.get(item.module_name, item.name) is not None:
                continue
            try:
                found = self._find(item.module_name, item.name)
            except ImportError:
                if is_optional:
                    continue
                raise
            try:
                linker.define(item.module_name, item.name, found)
            except TypeError as error:
                raise ImportError(f"{self.name} imports {error}", name=item.module_name) from None

    def _find(self, module_name: str, name: str) -> Any:
        if self.given is not None:
            source: Any = self.given.get(module_name)
            if source is None:
                what = f"{bounded(repr(module_name))}, which it was not given"
                raise ImportError(f"{self.name} imports from {what}", name=module_name)
        else:
            source = self._import(module_name)
        try:
            return source[name] if hasattr(type(source), "keys") else getattr(source, name)
        except (AttributeError, KeyError):
            what = f"{bounded(repr(name))}, which {bounded(repr(module_name))} lacks"
            raise ImportError(f"{self.name} imports {what}", name=module_name) from None

    def _import(self, module_name: str) -> ModuleType:
        # Imported only if there is something to import.
        load("importlib")
        from importlib import import_module

        if not all(module_name.split(".")):
            # importlib raises other errors for these.
            what = f"{bounded(repr(module_name))}, which names no module"
            raise ImportError(f"{self.name} imports from {what}", name=module_name)
        if self.package:
            beside = f"{self.package}.{module_name}"
            try:
                return import_module(beside)
            except ModuleNotFoundError as error:
                # The missing module may be the package that the module would be in.
                lacking = f"{error.name}."
                if not (lacking.startswith(f"{self.package}.") and f"{beside}.".startswith(lacking)):
                    raise
        return import_module(module_name)
