"""Linkers of components: what components may import, by name.

linker = Linker(engine)
linker.define("log", print)
linker.define_instance("ns:pkg/clock@1.0.0", {"now": time.time_ns, "timer": Timer})
instance = linker.instantiate(store, component)

A function is any callable. A resource type is any class: its objects are the resources. What a component imports as
``[method]timer.start`` is then the class's ``start``, unless it is given by name; ``[constructor]timer`` is the class
itself, and when the component drops an object it owns, its ``close`` is called, if it has one.
"""

from __future__ import annotations

from _collections_abc import Mapping

from wasmz.component.forms import ResourceName
from wasmz.component.functions import ComponentFunction, HostFunction
from wasmz.component.handles import Resource, ResourceType
from wasmz.component.instance import ComponentExports, ComponentInstance
from wasmz.component.instantiation import ComponentValue, InstanceValue, Place, TypeItem
from wasmz.component.spelling import attribute_name, class_name
from wasmz.component.state import ComponentState
from wasmz.component.types import (
    ComponentType,
    CoreModuleType,
    FunctionType,
    InstanceType,
    TypeBound,
)
from wasmz.errors import LinkError, bounded, expect, shown
from wasmz.runtime.limits.budgets import expect_store
from wasmz.runtime.link.engine import Engine
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.component import syntax
    from wasmz.component.component import Component
    from wasmz.runtime.link.store import Store
    from wasmz.runtime.wasi.wasi_config import WasiConfig


class HostResource:
    """A resource type of the host's: the class of its objects, and what is called when a component drops one."""

    __slots__ = ("cls", "drop")

    def __init__(self, cls: type, drop: Callable[[Any], object] | None = None) -> None:
        """Makes a resource type. ``drop`` is ``cls.close`` by default, if there is one."""
        expect(cls, type, "cls", "a class")
        self.cls: type = cls
        self.drop: Callable[[Any], object] | None = getattr(cls, "close", None) if drop is None else drop


class Linker:
    """Definitions for the imports of components. A linker may serve any number of instances.

    Attributes:
        engine: whose components it links.
    """

    def __init__(self, engine: Engine | None = None) -> None:
        """Makes a linker without definitions. ``TypeError``: ``engine`` is no engine."""
        expect(engine, (Engine, type(None)), "engine", "an Engine")
        self.engine: Engine = Engine() if engine is None else engine
        self._items: dict[str, Any] = {}
        # By what names of compatible versions have in common, the name that was defined last.
        self._latest: dict[tuple[str, str], str] = {}
        self._types: dict[Any, ResourceType] = {}
        self._joins: list[Callable[[Store], object]] = []

    def define(self, name: str, item: Any) -> None:
        """Defines an import; a later definition replaces an earlier one.

        ``item`` is a callable, a class for a resource type (or a ``HostResource``), a mapping for an instance, what
        another component's instance exports, a ``Module`` or a ``Component``.

        Raises:
            TypeError: the name is no string.
        """
        expect(name, str, "name", "a string")
        self._define(name, item)

    def _define(self, name: str, item: Any) -> None:
        if name not in self._items:
            self._latest[compatible(name)] = name
        self._items[name] = item

    def define_instance(self, name: str, items: Any) -> None:
        """Defines an import that is an instance: an interface.

        Args:
            name: with its version, as in ``wasi:clocks/monotonic-clock@0.2.0``. It also serves imports of versions that
                are compatible by semantic versioning, where none is defined exactly.
            items: a mapping from names in WIT, or in Python's spelling, to functions, classes for resource types, and
                so on. Or an object that has them as attributes. Or an instance of a component, or one of its exports.
        """
        expect(name, str, "name", "a string")
        self._define(name, items)

    def define_wasi(self, config: WasiConfig | None = None) -> None:
        """Defines the interfaces of WASI 0.2 and 0.3, for one guest that all instances of this linker are together.

        Args:
            config: what the guest gets; by default nothing but this process's output.

        Raises:
            OSError: a directory to preopen cannot be opened.
            TypeError: this is no ``WasiConfig``.
        """
        load("wasmz.wasi3.worlds")
        from wasmz.wasi3.worlds import add_to_linker

        add_to_linker(self, config)

    def on_instantiate(self, join: Callable[[Store], object]) -> None:
        """Calls a function with the store each time before an instance is made: for definitions that have a state."""
        if not callable(join):
            raise TypeError(f"join must be callable, not {bounded(repr(join))}")
        self._joins.append(join)

    def get(self, name: str) -> Any:
        """What is defined under a name, or a compatible one; ``None`` if nothing is."""
        found = self._items.get(name)
        if found is None and "@" in name:
            latest = self._latest.get(compatible(name))
            found = None if latest is None else self._items[latest]
        return found

    def instantiate(self, store: Store, component: Component) -> ComponentInstance:
        """Makes an instance: links, and runs what the component runs at its start.

        Raises:
            LinkError: imports are missing, and nothing has been done then; or are of another kind.
            ImplementationLimit: it is made of more instances than wasmz makes at once.
            Trap: code that runs at the start trapped, or a limit of the store was exceeded.
            TypeError: these are not a store and a component. ValueError: the store is closed.
        """
        expect_store(store)
        if not hasattr(component, "syntax"):
            raise TypeError(f"component must be a Component, not {bounded(repr(component))}")
        store.check_open()
        problems = [
            f"import {bounded(repr(name))} is not defined"
            for name, extern in component.imports.items()
            if self.get(name) is None and is_needed(extern)
        ]
        if problems:
            raise LinkError(problems)

        for join in self._joins:
            join(store)

        def find(place: Place, definition: syntax.Import) -> Any:
            name = definition.name.text
            return self._linked(self.get(name), definition.type, name, place)

        place = Place(component.code, component.syntax, component.outer, ComponentState(store, None), find)
        place.run()
        return ComponentInstance(store, component, place)

    # What becomes of definitions

    def _linked(self, item: Any, extern: Any, name: str, place: Place, path: tuple[str, ...] = ()) -> Any:
        if item is None:
            item = {}
        if isinstance(extern, FunctionType):
            return self._function(item, extern, name, place)
        if isinstance(extern, InstanceType):
            return self._instance(item, extern, name, place, path)
        if isinstance(extern, TypeBound):
            return self._type(item, extern, name, place)
        if isinstance(extern, CoreModuleType):
            if not hasattr(type(item), "image"):
                raise _mismatch(name, "a core module", item)
            _check_type(name, "module", item.image, extern)
            return item
        if isinstance(extern, ComponentType):
            if not hasattr(item, "syntax"):
                raise _mismatch(name, "a component", item)
            _check_type(name, "component", item.type, extern)
            return ComponentValue(item.code, item.syntax, item.outer)
        raise LinkError([f"import {bounded(repr(name))} is a value: wasmz has none"])

    def _function(self, item: Any, type: FunctionType, name: str, place: Place) -> ComponentFunction:
        behind = getattr(item, "component_function", item)
        if isinstance(behind, ComponentFunction):
            load("wasmz.component.matching")
            from wasmz.component.matching import functions_match

            if not functions_match(type, place, behind):
                raise LinkError([f"import {bounded(repr(name))} is a function of another type"])
            if behind.state is not None and behind.state.store is not place.state.store:
                raise LinkError([f"import {bounded(repr(name))} is a function of another store"])
            return behind
        if not callable(item):
            raise _mismatch(name, "a function", item)
        return HostFunction(item, type, name, place)

    def _instance(self, item: Any, type: InstanceType, name: str, place: Place, path: tuple[str, ...]) -> InstanceValue:
        if isinstance(item, ComponentInstance):
            item = item.exports
        if isinstance(item, ComponentExports):
            return self._given(item._value, type, name, place)
        exports: dict[str, Any] = {}
        problems: list[str] = []
        # Types first: functions have them.
        for key, extern in sorted(type.exports.items(), key=lambda pair: not isinstance(pair[1], TypeBound)):
            if isinstance(extern, TypeBound) and isinstance(extern.type, ResourceName):
                known = self._known(extern.type, (*path, key), place, exports)
                if known is not None:
                    exports[key] = known
                    continue
            found = _part(item, key, extern, exports)
            shown_name = f"{name}#{key}"
            try:
                if found is None:
                    if isinstance(extern, TypeBound) and not isinstance(extern.type, ResourceName):
                        exports[key] = TypeItem(extern.type, place)
                        continue
                    raise LinkError([f"import {bounded(repr(shown_name))} is not defined"])
                exports[key] = self._linked(found, extern, shown_name, place, (*path, key))
            except LinkError as error:
                problems += error.problems
        if problems:
            raise LinkError(problems)
        return InstanceValue(exports)

    def _known(self, bound: ResourceName, path: tuple[str, ...], place: Place, exports: dict[str, Any]) -> Any:
        """The resource type that an import says to be another one, which was linked before."""
        kind, index, names = place.component.resources[bound.resource]
        if (kind, index) != ("instance", len(place.items["instance"])):
            return place.resource(bound.resource)
        # One of the same import, under its first name; or a new one.
        return None if names == path or len(names) != len(path) else exports.get(names[-1])

    def _given(self, value: InstanceValue, type: InstanceType, name: str, place: Place) -> InstanceValue:
        """Another component's instance, which must have what is wanted."""
        _check_kinds(value, type, name, place)
        made = InstanceValue(value.exports)
        # Types of functions mention resources, which are found through what is imported.
        place.assume(made)
        self._check_functions(value, type, name, place)
        return made

    def _check_functions(self, value: InstanceValue, type: InstanceType, name: str, place: Place) -> None:
        for key, extern in type.exports.items():
            if isinstance(extern, FunctionType):
                self._function(value.exports[key], extern, f"{name}#{key}", place)
            elif isinstance(extern, InstanceType):
                self._check_functions(value.exports[key], extern, f"{name}#{key}", place)

    def _type(self, item: Any, bound: TypeBound, name: str, place: Place) -> Any:
        if not isinstance(bound.type, ResourceName):
            return TypeItem(bound.type, place)
        kind, index, names = place.component.resources.get(bound.type.resource, ("", 0, ()))
        if not names and kind == "type" and index < len(place.items["type"]):
            return place.resource(bound.type.resource)
        if isinstance(item, type) and issubclass(item, Resource):
            item = getattr(item, "_type", item)
        if isinstance(item, ResourceType):
            _check_store(item, name, place)
            return item
        resource = item if isinstance(item, HostResource) else None
        if resource is None:
            if not isinstance(item, type):
                raise _mismatch(name, "a class for a resource type", item)
            resource = HostResource(item)
        key = item if isinstance(item, HostResource) else resource.cls
        found = self._types.get(key)
        if found is None:
            found = self._types[key] = ResourceType(name, None, resource.drop, resource.cls)
        return found

    @shown
    def __repr__(self) -> str:
        return f"<component Linker of {len(self._items)} definitions>"


def is_needed(extern: Any) -> bool:
    """Whether an import has to be defined: it has more than types that are known anyway."""
    if isinstance(extern, TypeBound):
        return isinstance(extern.type, ResourceName)
    if isinstance(extern, InstanceType):
        return any(is_needed(item) for item in extern.exports.values())
    return True


def _check_kinds(value: InstanceValue, type: InstanceType, name: str, place: Place) -> None:
    """Checks that an instance has what is wanted, but for the types of functions."""
    missing = [key for key in type.exports if key not in value.exports]
    if missing:
        raise LinkError([f"import {bounded(repr(name))} needs {bounded(repr(key))}" for key in missing])
    for key, extern in type.exports.items():
        found, path = value.exports[key], f"{name}#{key}"
        if isinstance(extern, InstanceType):
            if not isinstance(found, InstanceValue):
                raise _mismatch(path, "an instance", found)
            _check_kinds(found, extern, path, place)
        elif isinstance(extern, TypeBound):
            if not isinstance(found, ResourceType if isinstance(extern.type, ResourceName) else TypeItem):
                raise _mismatch(path, "a resource type" if isinstance(extern.type, ResourceName) else "a type", found)
            if isinstance(found, ResourceType):
                _check_store(found, path, place)
        elif isinstance(extern, CoreModuleType):
            if not hasattr(found, "image"):
                raise _mismatch(path, "a core module", found)
            _check_type(path, "module", found.image, extern)
        elif isinstance(extern, ComponentType):
            if not isinstance(found, ComponentValue):
                raise _mismatch(path, "a component", found)
            _check_type(path, "component", found.component.type, extern)


def _check_type(name: str, kind: str, given: Any, wanted: Any) -> None:
    """Checks the type of a core module or component."""
    load("wasmz.component.matching")
    from wasmz.component.matching import component_problem, module_problem

    problem = (module_problem if kind == "module" else component_problem)(given, wanted)
    if problem is not None:
        raise LinkError([f"import {bounded(repr(name))} is a {kind} of another type: {bounded(problem)}"])


def _check_store(resource: ResourceType, name: str, place: Place) -> None:
    """Checks that a resource type that a component defines is of the same store."""
    if resource.state is not None and resource.state.store is not place.state.store:
        raise LinkError([f"import {bounded(repr(name))} is a resource type of another store"])


def _mismatch(name: str, wanted: str, item: Any) -> LinkError:
    return LinkError([f"import {bounded(repr(name))} is {wanted}, but {bounded(repr(item))} was defined"])


def _part(item: Any, key: str, extern: Any, exports: dict[str, Any]) -> Any:
    """What a definition of an instance has for one of its exports."""
    kind, _, rest = key[1:].partition("]") if key.startswith("[") else ("", "", key)
    spelling = class_name(key) if isinstance(extern, TypeBound) else attribute_name(key)
    for name in (key,) if kind else (key, spelling):
        found = item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
        if found is not None:
            return found
    if kind:
        owner, _, member = rest.partition(".")
        resource = exports.get(owner)
        if isinstance(resource, ResourceType) and resource.state is None:
            if kind == "constructor":
                return resource.cls
            name = attribute_name(member)
            # Not those of its metaclass.
            has_it = any(name in cls.__dict__ for cls in resource.cls.__mro__)
            return getattr(resource.cls, name) if has_it else None
    return None


def compatible(name: str) -> tuple[str, str]:
    """What names of compatible versions have in common: ``a:b/c@0.2`` for 0.2.1, ``a:b/c@1`` for 1.2.3."""
    base, _, version = name.partition("@")
    if not version or "-" in version or "+" in version:
        return base, version
    parts = version.split(".")
    for count, part in enumerate(parts, 1):
        if part != "0":
            return base, ".".join(parts[:count])
    return base, version
