"""What a package that `wasmz bindgen` writes has at run time: the component, its classes, and `instantiate`.

    __getattr__, __dir__ = bind(globals(), "app.wasm")

Nothing is compiled before an attribute is used. The package's `.pyi` has the types.
"""

from __future__ import annotations

import os

from wasmz.component.component import Component
from wasmz.component.forms import ResourceName
from wasmz.component.linker import Linker
from wasmz.component.spelling import class_name, interface_classes
from wasmz.component.types import InstanceType, TypeBound
from wasmz.runtime.link.engine import Engine
from wasmz.runtime.link.store import Store
from wasmz.startup.concurrency import new_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Final

    from wasmz.component.instance import ComponentInstance
    from wasmz.component.types import ExternType
    from wasmz.runtime.wasi.wasi_config import WasiConfig

# What such a package has beside the component's own classes.
BINDINGS: Final = ("component", "instantiate", "Exports", "Imports", "Instance")

_VALUES: Final = frozenset({"record", "variant", "enum", "flags"})


def top_level_class(label: str) -> str:
    """The class of a type that is in no interface, beside what a package has itself."""
    name = class_name(label)
    return f"{name}_" if name in BINDINGS else name


def bind(namespace: dict[str, Any], file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package.

    Args:
        namespace: the package's.
        file: the component's name in the package's folder.
    """
    bindings = _Bindings(namespace, file)
    return bindings.get, bindings.names


class _Bindings:
    __slots__ = ("_file", "_found", "_lock", "_namespace")

    def __init__(self, namespace: dict[str, Any], file: str) -> None:
        self._namespace: dict[str, Any] = namespace
        self._file: str = file
        self._found: dict[str, Any] = {}
        self._lock = new_lock()

    def get(self, name: str) -> Any:
        """An attribute of the package."""
        if not name.startswith("__"):
            found = self._all()
            if name in found:
                return found[name]
        raise AttributeError(f"module {self._namespace['__name__']!r} has no attribute {name!r}", name=name)

    def names(self) -> list[str]:
        """The attributes of the package."""
        return sorted({*self._namespace, *self._all()})

    def _all(self) -> dict[str, Any]:
        if not self._found:
            component = Component.compile(Engine(), self._read())
            made = {"component": component, "instantiate": _instantiating(component), **_classes(component)}
            with self._lock:
                if not self._found:
                    self._found = made
        return self._found

    def _read(self) -> bytes:
        path = os.path.join(os.path.dirname(str(self._namespace["__file__"])), self._file)
        get_data = getattr(self._namespace.get("__loader__"), "get_data", None)
        if get_data is not None:
            data: bytes = get_data(path)
            return data
        with open(path, "rb") as file:
            return file.read()


def _instantiating(component: Component) -> Callable[..., ComponentInstance]:
    def instantiate(
        imports: Mapping[str, Any] | None = None, *, store: Store | None = None, wasi: WasiConfig | None = None
    ) -> ComponentInstance:
        """Makes an instance of the component.

        Args:
            imports: what it imports, by name: functions, and for interfaces objects or mappings with their functions.
            store: where it lives; a new one by default.
            wasi: what it may do through WASI; nothing by default but to write to streams that no one reads.

        Raises:
            LinkError: imports are missing, or of another kind. Trap: code that runs at the start trapped.
        """
        linker = Linker(component.engine)
        linker.define_wasi(wasi)
        for name, item in (imports or {}).items():
            linker.define(name, item)
        return linker.instantiate(Store(component.engine) if store is None else store, component)

    return instantiate


def _classes(component: Component) -> dict[str, Any]:
    """The classes of values, those of an interface as attributes of the interface's class."""
    imports, exports = component.imports, component.exports
    sides = ((imports, True), (exports, False))
    keys = [key for side, _ in sides for key, extern in side.items() if isinstance(extern, InstanceType)]
    names = interface_classes(keys, BINDINGS)
    found: dict[str, Any] = {"Imports": dict, "Exports": object, "Instance": object}
    for side, is_import in sides:
        found.update(_members(component, side.items(), top_level_class, is_import=is_import))
        for key, extern in side.items():
            if isinstance(extern, InstanceType):
                members = _members(component, extern.exports.items(), class_name, is_import=is_import)
                known = found.get(names[key])
                if known is None:
                    found[names[key]] = type(names[key], (), members)
                else:
                    for name, member in members.items():
                        if name not in vars(known):
                            setattr(known, name, member)
                # For annotations, and as bases of what the host implements.
                suffix = "Imports" if is_import else "Exports"
                found[names[key] + suffix] = type(names[key] + suffix, (), {})
    return found


def _members(
    component: Component,
    externs: Iterable[tuple[str, ExternType]],
    spelled: Callable[[str], str],
    *,
    is_import: bool,
) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, extern in externs:
        if not isinstance(extern, TypeBound):
            continue
        if isinstance(extern.type, ResourceName):
            # The host's own class: this one may be its base. Those of the component come with an instance.
            if is_import:
                members[spelled(name)] = type(spelled(name), (), {})
        elif extern.type.kind in _VALUES:
            members[spelled(name)] = component.code.class_of(extern.type)
    return members
