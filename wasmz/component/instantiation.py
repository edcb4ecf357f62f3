"""Instantiates components: goes through the definitions, and keeps what each index stands for.

    place = Place(code, component, None, ComponentState(store, None), find)
    place.run()                     `find` gives what is imported
    place.exports                   what the instance exports, by name

A *place* is a component in the middle of this, or after it: its index spaces.
"""

from __future__ import annotations

from wasmz.component import syntax, types
from wasmz.component.functions import ComponentFunction, LiftedFunction, make_core
from wasmz.component.generated import BoundOptions
from wasmz.component.handles import Resource, ResourceType, drop_handle, find_rep, new_handle
from wasmz.component.spelling import class_name
from wasmz.component.state import ComponentState, enter, leave
from wasmz.component.values import make_class
from wasmz.errors import ImplementationLimit, UnsupportedFeature
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.linker import ImportList
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.component import forms
    from wasmz.module import Module
    from wasmz.runtime.calls.func import Func
    from wasmz.runtime.link.engine import Engine
    from wasmz.runtime.link.store import Store
    from wasmz.startup.light import CodeType

__wasmz_frame__ = "helper"

_SORTS: Final = (
    *("core func", "core table", "core memory", "core global", "core tag", "core type", "core module"),
    *("core instance", "func", "value", "type", "component", "instance"),
)


# So many definitions are gone through for one instance and those in it: a component of twenty levels, each of which
# makes two instances of the next one, makes a million.
_MOST_WORK: Final = 200_000


def _cost(definition: Any) -> int:
    """How many items a definition is made of."""
    return 1 + len(getattr(definition, "exports", ())) + len(getattr(definition, "arguments", ()))


class ComponentCode:
    """What all instances of a component share.

    Attributes:
        engine: whose configuration holds.
        component: as decoded and validated.
        codes: by text, the code of generated functions that its instances use.
        remembered: what instances take over of others (``remembered.py``).
        has_tasks: whether anything in it is asynchronous.
    """

    def __init__(
        self,
        engine: Engine,
        component: syntax.Component,
        codes: dict[str, CodeType] | None = None,
        modules: dict[int, Module] | None = None,
    ) -> None:
        """``modules`` are core modules that are compiled already, by where they begin."""
        self.engine: Engine = engine
        self.component: syntax.Component = component
        self.codes: dict[str, CodeType] = {} if codes is None else codes
        self.has_tasks: bool = _has_tasks(component)
        self.remembered: dict[Any, Any] = {}
        self._modules: dict[int, Module] = {} if modules is None else modules
        self._classes: dict[Any, Any] = {}
        self._names: dict[Any, str] | None = None

    def module(self, definition: syntax.CoreModule) -> Module:
        """The compiled form of a core module inside."""
        made = self._modules.get(definition.start)
        if made is None:
            load("wasmz.module")
            from wasmz.module import Module

            data = self.component.data[definition.start : definition.end]
            made = self._modules.setdefault(definition.start, Module.compile(self.engine, data))
        return made

    def class_of(self, type: Any) -> Any:
        """The class of Python's values for a record, variant, enum or flags type: one for all types that are equal.

        It has the name that the component first imports or exports the type by.
        """
        made = self._classes.get(type.form)
        if made is None:
            names = self._names
            if names is None:
                names = self._names = names_of_types(self.component.type)
            key = type.shape
            made = self._classes.get(key)
            if made is None:
                made = self._classes.setdefault(key, make_class(type, names.get(key) or type.name or type.kind))
            self._classes[type.form] = made
        return made


def names_of_types(type: Any) -> dict[Any, str]:
    """The names of the types that a component imports and exports, by their shapes; the first of several."""
    found: dict[Any, str] = {}
    waiting = [] if type is None else [*type.imports.items(), *type.exports.items()]
    for name, extern in waiting:
        if isinstance(extern, types.InstanceType):
            waiting += extern.exports.items()
        elif isinstance(extern, types.TypeBound) and isinstance(extern.type, types.ValueType):
            found.setdefault(extern.type.shape, name)
    return found


_SYNCHRONOUS: Final = frozenset({"resource.new", "resource.drop", "resource.rep"})


def _has_tasks(component: syntax.Component) -> bool:
    for definition in component.definitions:
        if isinstance(definition, syntax.ComponentDefinition):
            if _has_tasks(definition.component):
                return True
        elif isinstance(definition, syntax.BuiltIn):
            if definition.name not in _SYNCHRONOUS or definition.is_async:
                return True
        elif isinstance(definition, (syntax.Lift, syntax.Lower)):
            if definition.options.is_async or (definition.type is not None and definition.type.is_async):
                return True
    return False


class TypeItem:
    """A type with a structure at an index, or exported."""

    __slots__ = ("place", "type")

    def __init__(self, type: Any, place: Place) -> None:
        self.type: Any = type
        self.place: Place = place


class InstanceValue:
    """An instance as other components, and the host, see it: its exports by name."""

    __slots__ = ("__weakref__", "exports")

    def __init__(self, exports: dict[str, Any]) -> None:
        self.exports: dict[str, Any] = exports


class ComponentValue:
    """A component that may be instantiated, with the place where it stands."""

    __slots__ = ("code", "component", "outer")

    def __init__(self, code: ComponentCode, component: syntax.Component, outer: Place | None) -> None:
        self.code: ComponentCode = code
        self.component: syntax.Component = component
        self.outer: Place | None = outer


class CoreExportsValue:
    """A core instance that consists of items there are."""

    __slots__ = ("exports",)

    def __init__(self, exports: dict[str, Any]) -> None:
        self.exports: dict[str, Any] = exports

    def extern(self, name: str) -> Any:
        """What is exported under a name."""
        return self.exports[name]


class _Destructor:
    """What drops resources that a component defines: called from Python as it is, and by components after entering."""

    __slots__ = ("func", "state")

    def __init__(self, state: ComponentState, func: Func | None) -> None:
        self.state: ComponentState = state
        self.func: Func | None = func

    def __call__(self, rep: int) -> None:
        entered = enter(self.state, None)
        if self.func is not None:
            # As any call from Python: traps get their frames.
            if self.state.tasks is None:
                self.func.adapter()(rep)
            else:
                load("wasmz.component.asyncio_calls")
                from wasmz.component.asyncio_calls import run_guest

                run_guest(self.state.store, lambda: self.call_inside(rep))
        leave(entered)

    def call_inside(self, rep: int) -> None:
        """Calls the destructor itself."""
        if self.func is None:
            return
        if self.state.tasks is None:
            self.func.code(rep)
        else:
            load("wasmz.component.tasks")
            from wasmz.component.tasks import call_core, run_inside

            code = self.func.code
            run_inside(self.state, lambda: call_core(code, rep))


class Place:
    """A component that is being instantiated.

    Attributes:
        code: what is shared by its instances.
        component: the definitions.
        outer: the place of the component around it.
        state: the new instance's.
        items: the index spaces, by sort.
        exports: what is exported so far.
    """

    def __init__(
        self,
        code: ComponentCode,
        component: syntax.Component,
        outer: Place | None,
        state: ComponentState,
        find: Callable[[Place, syntax.Import], Any],
        work: list[int] | None = None,
    ) -> None:
        """``work`` counts what is gone through for the outermost instance."""
        self._work: list[int] = [0] if work is None else work
        self.code: ComponentCode = code
        self.component: syntax.Component = component
        self.outer: Place | None = outer
        self.state: ComponentState = state
        self._find = find
        self.items: dict[str, list[Any]] = {sort: [] for sort in _SORTS}
        self.exports: dict[str, Any] = {}
        self._resources: dict[forms.Resource, ResourceType] = {}
        self._transfers: dict[Any, Any] = {}
        if code.has_tasks:
            load("wasmz.component.scheduling")
            from wasmz.component.scheduling import InstanceTasks

            state.tasks = InstanceTasks(state)

    @property
    def codes(self) -> dict[str, CodeType]:
        """By text, the code of generated functions."""
        return self.code.codes

    @property
    def remembered(self) -> dict[Any, Any]:
        """What instances take over of others."""
        return self.code.remembered

    @property
    def store(self) -> Store:
        """The store of the instance."""
        return self.state.store

    def resource(self, type: forms.Resource) -> ResourceType:
        """What a resource type of the component's types stands for here."""
        found = self._resources.get(type)
        if found is None:
            kind, index, names = self.component.resources[type]
            item = self.items[kind][index]
            for name in names:
                item = item.exports[name]
            found = self._resources[type] = item
        return found

    def assume(self, value: InstanceValue) -> None:
        """Takes an instance for the import that is being linked: types of its functions mention its resource types."""
        here = len(self.items["instance"])
        for resource, (kind, index, names) in self.component.resources.items():
            if kind == "instance" and index == here:
                item: Any = value
                for name in names:
                    item = item.exports[name]
                self._resources[resource] = item

    def class_of(self, type: Any) -> Any:
        """The class of Python's values of a type."""
        if type.kind in ("own", "borrow"):
            return self.resource(type.resource).cls
        return self.code.class_of(type)

    def transfer(self, type: Any) -> Any:
        """What a stream or future type of the component's carries."""
        found = self._transfers.get(type.form)
        if found is None:
            load("wasmz.component.transfers")
            from wasmz.component.transfers import TransferKind

            found = self._transfers[type.form] = TransferKind(type, self)
        return found

    def run(self) -> None:
        """Goes through all definitions."""
        items = self.items
        self._work[0] += sum(map(_cost, self.component.definitions))
        if self._work[0] > _MOST_WORK:
            raise ImplementationLimit(f"the component's instances consist of more than {_MOST_WORK:,} definitions")
        for definition in self.component.definitions:
            make = _MAKERS.get(definition.__class__)
            if make is None:
                raise UnsupportedFeature("a component", proposal="component-model values", offset=definition.offset)
            items[definition.sort].append(make(self, definition))

    # Core definitions

    def _core_module(self, definition: syntax.CoreModule) -> Any:
        return self.code.module(definition)

    def _core_instantiation(self, definition: syntax.CoreInstantiation) -> Any:
        module = self.items["core module"][definition.module]
        given = {name: self.items["core instance"][index] for name, index in definition.arguments}
        image = module.image
        found = [given[wanted.module_name].extern(wanted.name) for wanted in image.imports]
        if self.state.tasks is None or image.start is None:
            return Instance(self.store, module, ImportList(found))
        load("wasmz.component.tasks")
        from wasmz.component.tasks import run_inside

        return run_inside(self.state, lambda: Instance(self.store, module, ImportList(found)))

    def _core_exports(self, definition: syntax.CoreExports) -> Any:
        return CoreExportsValue({name: self.items[item.sort][item.index] for name, item in definition.exports})

    def _core_type(self, definition: syntax.CoreTypeDefinition) -> Any:
        return definition

    def _alias_core_export(self, definition: syntax.AliasCoreExport) -> Any:
        return self.items["core instance"][definition.instance].extern(definition.name)

    # Components and instances

    def _component(self, definition: syntax.ComponentDefinition) -> Any:
        return ComponentValue(self.code, definition.component, self)

    def _instantiation(self, definition: syntax.Instantiation) -> Any:
        value = self.items["component"][definition.component]
        imports = {name: self.items[item.sort][item.index] for name, item in definition.arguments}

        def find(place: Place, definition: syntax.Import) -> Any:
            return imports[definition.name.text]

        state = ComponentState(self.store, self.state)
        place = Place(value.code, value.component, value.outer, state, find, self._work)
        place.run()
        return InstanceValue(place.exports)

    def _instance_exports(self, definition: syntax.InstanceExports) -> Any:
        return InstanceValue({name.text: self.items[item.sort][item.index] for name, item in definition.exports})

    def _alias_export(self, definition: syntax.AliasExport) -> Any:
        return self.items["instance"][definition.instance].exports[definition.name]

    def _alias_outer(self, definition: syntax.AliasOuter) -> Any:
        place: Place = self
        for _ in range(definition.count):
            if place.outer is None:
                raise SystemError("an alias leads out of the component")
            place = place.outer
        return place.items[definition.sort][definition.index]

    # Types, imports, exports

    def _type(self, definition: syntax.TypeDefinition) -> Any:
        written = definition.written
        if written.form != "resource":
            return TypeItem(definition.type, self)
        destructor = written.content[1]
        func = None if destructor is None else self.items["core func"][destructor]
        static = definition.type
        name = getattr(static, "name", None) or "resource"
        cls = type(class_name(name), (Resource,), {"__slots__": (), "__module__": "wasmz.component"})
        made = ResourceType(name, self.state, _Destructor(self.state, func), cls)
        cls._type = made  # type: ignore[attr-defined]
        return made

    def _import(self, definition: syntax.Import) -> Any:
        return self._find(self, definition)

    def _export(self, definition: syntax.Export) -> Any:
        item = self.items[definition.sort][definition.index]
        name = definition.name.text
        if isinstance(item, ResourceType):
            if item.state is not None and item.name == "resource":
                item.name = name
                item.cls.__name__ = item.cls.__qualname__ = class_name(name)
        elif isinstance(item, TypeItem):
            bound = getattr(definition.type, "type", None)
            item = TypeItem(bound or item.type, self)
        self.exports[name] = item
        return item

    # Canonical definitions

    def _lift(self, definition: syntax.Lift) -> Any:
        if definition.type is None:
            raise SystemError("a component that is not validated is instantiated")
        core = self.items["core func"][definition.core_function]
        options = BoundOptions(definition.options, self)
        return LiftedFunction(definition.type, core.name or "function", self, core, options)

    def _lower(self, definition: syntax.Lower) -> Any:
        function: ComponentFunction = self.items["func"][definition.function]
        if definition.type is None:
            raise SystemError("a component that is not validated is instantiated")
        options = BoundOptions(definition.options, self)
        code = function.lowered(definition.type, options, self, function.name)
        return make_core(self, definition.core_type, code, function.name)

    def _built_in(self, definition: syntax.BuiltIn) -> Any:
        make = _RESOURCE_BUILT_INS.get(definition.name)
        if make is None:
            load("wasmz.component.builtins")
            from wasmz.component.builtins import make_built_in

            code = make_built_in(self, definition)
        else:
            code = make(self.state, self.resource(definition.type))  # type: ignore[arg-type]
        return make_core(self, definition.core_type, code, definition.name)


def _resource_new(state: ComponentState, type: ResourceType) -> Callable[..., Any]:
    def resource_new(rep: int) -> int:
        return new_handle(state, rep, type)

    return resource_new


def _resource_drop(state: ComponentState, type: ResourceType) -> Callable[..., Any]:
    def resource_drop(index: int) -> None:
        drop_handle(state, index, type)

    return resource_drop


def _resource_rep(state: ComponentState, type: ResourceType) -> Callable[..., Any]:
    def resource_rep(index: int) -> Any:
        return find_rep(state, index, type)

    return resource_rep


_RESOURCE_BUILT_INS: Final[dict[str, Callable[[ComponentState, ResourceType], Callable[..., Any]]]] = {
    "resource.new": _resource_new,
    "resource.drop": _resource_drop,
    "resource.rep": _resource_rep,
}

_MAKERS: Final[dict[Any, Callable[[Place, Any], Any]]] = {
    syntax.CoreModule: Place._core_module,
    syntax.CoreInstantiation: Place._core_instantiation,
    syntax.CoreExports: Place._core_exports,
    syntax.CoreTypeDefinition: Place._core_type,
    syntax.AliasCoreExport: Place._alias_core_export,
    syntax.ComponentDefinition: Place._component,
    syntax.Instantiation: Place._instantiation,
    syntax.InstanceExports: Place._instance_exports,
    syntax.AliasExport: Place._alias_export,
    syntax.AliasOuter: Place._alias_outer,
    syntax.TypeDefinition: Place._type,
    syntax.Import: Place._import,
    syntax.Export: Place._export,
    syntax.Lift: Place._lift,
    syntax.Lower: Place._lower,
    syntax.BuiltIn: Place._built_in,
}
