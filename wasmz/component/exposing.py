"""A component as a Python module: its exports are the module's attributes.

    expose_component(namespace, component, find)

Functions have Python's spelling; an interface is an attribute of its own name, with its functions and types. The
instance is ``__wasm_instance__``. As a program, a command (``wasi:cli/run``) is run.
"""

from __future__ import annotations

import sys

from wasmz.component.component import Component
from wasmz.component.linker import Linker, is_needed
from wasmz.component.spelling import attribute_name
from wasmz.component.traps import ComponentError
from wasmz.errors import LinkError, Trap, WasiExit, bounded
from wasmz.runtime.link.store import Store
from wasmz.runtime.precompiled import OWN_NAMES
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from wasmz.component.instance import ComponentInstance

_RUN = "wasi:cli/run"


class ComponentImports:
    """Finds the imports of a component that Python imports: objects of Python, by name.

    An interface ``ns:pkg/iface@1.0.0`` is the Python module ``ns.pkg.iface``, in the component's own package or
    anywhere.

    Args:
        package: the component's package, or nothing.
        name: the component's name, for messages.
        given: the only objects that may be imported, by name; ``None`` for any Python module.
    """

    __slots__ = ("given", "name", "package")

    def __init__(self, package: str, name: str, given: Mapping[str, Any] | None = None) -> None:
        self.package: str = package
        self.name: str = name
        self.given: Mapping[str, Any] | None = given

    def find(self, name: str) -> Any:
        """What is imported under a name.

        Raises:
            ImportError: there is nothing.
        """
        if self.given is not None:
            found = self.given.get(name)
            if found is None:
                what = f"{bounded(repr(name))}, which it was not given"
                raise ImportError(f"{self.name} imports {what}", name=name)
            return found
        path = name.partition("@")[0].replace(":", ".").replace("/", ".")
        if "." not in path:
            hint = "give it by wasmz.importer.install(imports=...)"
            raise ImportError(f"{self.name} imports {bounded(repr(name))}, which is no interface: {hint}", name=name)
        module = ".".join([attribute_name(part) for part in path.split(".")])
        load("importlib")
        from importlib import import_module

        for place in [f"{self.package}.{module}"] * bool(self.package) + [module]:
            try:
                return import_module(place)
            except ModuleNotFoundError as error:
                if not place.startswith(str(error.name)):
                    raise
        raise ImportError(f"{self.name} imports {bounded(repr(name))}: there is no module {module}", name=name)


def expose_component(namespace: dict[str, Any], component: Component, find: Callable[[str], Any] | None = None) -> None:
    """Makes an instance, and its exports the attributes of a Python namespace.

    In the main program, a command is run, and its exit status becomes the process's. ``find`` gives imports besides
    WASI's. Exports do not replace names that belong to Python: these are reached by ``__wasm_instance__``.

    Raises:
        LinkError: something is imported that is not there.
        Trap: code that runs at the start traps.
    """
    is_main = namespace.get("__name__") == "__main__" and _command(component.exports) is not None
    linker = Linker(component.engine)
    args = sys.argv if is_main else [str(namespace.get("__name__", "component"))]
    linker.define_wasi(WasiConfig(args=args, stdin="inherit", stdout="inherit", stderr="inherit"))
    for name, extern in component.imports.items():
        if linker.get(name) is None and is_needed(extern):
            if find is None:
                raise LinkError([f"import {bounded(repr(name))} is not defined"])
            linker.define(name, find(name))
    if is_main:
        _run(lambda: _start(linker.instantiate(Store(component.engine), component)))
        return
    instance = linker.instantiate(Store(component.engine), component)
    _expose(namespace, instance)


def _expose(namespace: dict[str, Any], instance: ComponentInstance) -> None:
    exports = instance.exports
    names = [name for name in dir(exports) if name not in OWN_NAMES]
    known = frozenset(names)

    def find_attribute(name: str) -> Any:
        if name not in known:
            raise AttributeError(f"module {namespace.get('__name__')!r} has no attribute {name!r}", name=name)
        return getattr(exports, name)

    namespace.update(
        __wasm_instance__=instance,
        __getattr__=find_attribute,
        __dir__=lambda: sorted({*namespace, *names}),
        __all__=names,
    )


def _command(exports: Mapping[str, Any]) -> str | None:
    return next((name for name in exports if name.partition("@")[0] == _RUN), None)


def _start(instance: ComponentInstance) -> None:
    name = _command(instance.exports)
    if name is not None:
        instance.exports[name]["run"]()


def _run(action: Callable[[], None]) -> None:
    """Does something; if the guest ends in it, or fails, the process ends as the guest did."""
    try:
        action()
    except WasiExit as stopped:
        sys.exit(stopped.exit_code)
    except ComponentError:
        sys.exit(1)
    except Trap as trap:
        sys.exit(f"trap: {trap.message}\n{trap.backtrace()}")
