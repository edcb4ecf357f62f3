"""Instances of components, as Python sees them.

instance = linker.instantiate(store, component)
instance.exports.add(1, 2)
instance.exports["ns:pkg/counters@1.0.0"].Counter(5).increment()
"""

from __future__ import annotations

from _collections_abc import Mapping

from wasmz.component.functions import ComponentFunction
from wasmz.component.handles import Resource, ResourceType
from wasmz.component.instantiation import ComponentValue, InstanceValue, TypeItem
from wasmz.component.spelling import attribute_name, spellings
from wasmz.errors import bounded, shown
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from wasmz.component.component import Component
    from wasmz.component.instantiation import Place
    from wasmz.runtime.link.store import Store


class ComponentInstance:
    """A component that can run.

    Attributes:
        store: where it lives.
        component: what it was made from.
        exports: what it exports.
    """

    def __init__(self, store: Store, component: Component, place: Place) -> None:
        """For linkers, which make instances."""
        self.store: Store = store
        self.component: Component = component
        self.place: Place = place
        self.exports: ComponentExports = ComponentExports(InstanceValue(place.exports), "")

    def close(self) -> None:
        """Closes the store, with all that is in it: see :meth:`Store.close`."""
        self.store.close()

    def __enter__(self) -> ComponentInstance:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @shown
    def __repr__(self) -> str:
        return f"<ComponentInstance of {self.component!r}>"


class ComponentExports(Mapping[str, "Any"]):
    """What an instance exports, by its name in WIT, and as attributes in Python's spelling.

    Functions are Python functions; instances (interfaces) are such mappings; types are classes, those of resources with
    their methods. ``exports["read-only"]`` is ``exports.read_only``, the class of a record ``my-point`` is
    ``exports.MyPoint``, and the interface ``ns:pkg/counters@1.0.0`` is ``exports.counters``. An export called ``get``,
    ``items``, ``keys`` or ``values`` stands before the mapping's method.
    """

    __slots__ = ("__dict__", "_names", "_spellings", "_value")

    def __init__(self, value: InstanceValue, prefix: str) -> None:
        object.__setattr__(self, "_value", value)
        spelled: list[tuple[str, bool]] = []
        for name, item in value.exports.items():
            if isinstance(item, ResourceType):
                _add_members(value, item, name)
            is_class = isinstance(item, ResourceType) or (isinstance(item, TypeItem) and _has_class(item.type))
            spelled.append((name, is_class))
        object.__setattr__(self, "_spellings", spellings(spelled))
        object.__setattr__(self, "_names", prefix)
        for spelled_name, label in self._spellings.items():
            if hasattr(Mapping, spelled_name):
                # An export comes before the methods of mappings.
                self.__dict__[spelled_name] = self._made(label)

    def __getattr__(self, name: str) -> Any:
        label = self._spellings.get(name)
        if label is None:
            raise AttributeError(f"the instance exports no {bounded(repr(name))}{self._hint(name)}", name=name)
        return self.__dict__.setdefault(name, self._made(label))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"exports cannot be set: {name!r}", name=name, obj=self)

    def __getitem__(self, name: str) -> Any:
        """The export of a name. ``KeyError`` if there is none, with names like it."""
        if name not in self._value.exports:
            raise KeyError(f"the instance exports no {bounded(repr(name))}{self._hint(name)}")
        found = self.__dict__.get(name)
        return self.__dict__.setdefault(name, self._made(name)) if found is None else found

    def _made(self, name: str) -> Any:
        item = self._value.exports[name]
        if isinstance(item, ComponentFunction):
            return item.python(attribute_name(name.rpartition("]")[2]))
        if isinstance(item, InstanceValue):
            return ComponentExports(item, name)
        if isinstance(item, ResourceType):
            return item.cls
        if isinstance(item, TypeItem):
            return item.place.class_of(item.type) if _has_class(item.type) else item.type
        if isinstance(item, ComponentValue):
            load("wasmz.component.component")
            from wasmz.component.component import Component

            return Component.of_value(item)
        return item

    def _hint(self, name: object) -> str:
        load("difflib")
        from difflib import get_close_matches

        near = get_close_matches(str(name)[:200], [*self._value.exports, *self._spellings][:1000], n=3)
        return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""

    def __iter__(self) -> Iterator[str]:
        return iter(self._value.exports)

    def __len__(self) -> int:
        return len(self._value.exports)

    def __dir__(self) -> list[str]:
        return list(self._spellings)

    def __repr__(self) -> str:
        return f"<ComponentExports {bounded(', '.join(self._value.exports) or 'none')}>"


def _has_class(type: Any) -> bool:
    return getattr(type, "kind", "") in ("record", "variant", "enum", "flags")


class _Member:
    """A method of a resource's class, which is made when it is first looked up."""

    def __init__(self, function: ComponentFunction, name: str, kind: str) -> None:
        self._function = function
        self._name = name
        self._kind = kind

    def __get__(self, instance: Any, owner: Any) -> Any:
        made: Any = self._function.python(self._name)
        cls = next(one for one in owner.__mro__ if self in one.__dict__.values())
        setattr(cls, self._name, made if self._kind == "method" else staticmethod(made))
        return getattr(owner if instance is None else instance, self._name)


def _add_members(value: InstanceValue, resource: ResourceType, name: str) -> None:
    """Gives the class of a resource its methods."""
    cls = resource.cls
    if not issubclass(cls, Resource):
        return
    for label, function in value.exports.items():
        if not label.startswith("[") or not isinstance(function, ComponentFunction):
            continue
        kind, _, rest = label[1:].partition("]")
        owner, _, member = rest.partition(".")
        if owner == name:
            attribute = "_constructor" if kind == "constructor" else attribute_name(member)
            if attribute in ("close", "is_closed"):
                attribute += "_"
            if attribute in cls.__dict__:
                continue
            setattr(cls, attribute, _Member(function, attribute, kind))
