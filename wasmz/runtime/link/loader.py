"""Binds a module's code objects: makes the globals of an instance and binds each name in them (docs/abi.md).

    binder = Binder(image, owner)
    binder.bind(tables, memories, ...)         binder.namespace then has everything that ModuleImage.names lists
    binder.function(5)                         the Python function of the module's function 5

Names are bound before code that needs them runs, because new keys in a globals dict undo the specialisation of
LOAD_GLOBAL. If functions are compiled when they are called, their names are added then; those that earlier runs needed
are added at once.
"""

from __future__ import annotations

from wasmz.errors import LinkError
from wasmz.runtime.abi import FRAME_KEY, gap_memories, is_attribute, parse
from wasmz.runtime.calls.adapters import make_export_adapter, offer_templates
from wasmz.runtime.calls.func import Func
from wasmz.runtime.image import ModuleImage
from wasmz.runtime.link.find_helpers import find_helper, late_helper, missing
from wasmz.runtime.memory.globals import Global
from wasmz.runtime.memory.linear import Memory
from wasmz.runtime.memory.memory_helpers import DataSegment, DataSegments, ElementSegment
from wasmz.runtime.memory.table import Table
from wasmz.runtime.traps.translation import InstanceFrames
from wasmz.startup.concurrency import load
from wasmz.startup.light import FunctionType
from wasmz.types import HeapType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from wasmz.runtime.calls.supply import CodeSupply
    from wasmz.runtime.calls.tier_up import InstanceTiers
    from wasmz.runtime.image import FunctionCode
    from wasmz.runtime.link.store import Store

# Keeps the memories alive as long as any function of the instance: views do not.
_MEMORIES_KEY = "__wasmz_memories__"

# The same for the object that closes the functions with their store.
_BINDER_KEY = "__wasmz_binder__"

# The value of a name that no code has needed yet.
_UNBOUND = object()


def refuse() -> None:
    """Stands in the code below for the global of this name in an instance."""


_REFUSAL: Any = lambda *args: refuse()  # noqa: E731


class Binder:
    """The parts of one instance, by index space, and the namespace in which its functions run.

    Attributes:
        image: the compiled module.
        namespace: the globals of the generated functions.
        tables, memories, globals, tags: the index spaces, imports first. ``globals`` has an item for each global that
            is visible outside, otherwise ``None``.
        values: the initial value of each global, or the value of an imported constant, by index.
        data, elements: the segments.
    """

    def __init__(self, store: Store, image: ModuleImage, supply: CodeSupply | None = None) -> None:
        store.check_open()
        self.store = store
        self.image = image
        self.tiers: InstanceTiers | None = None
        if supply is not None:
            load("wasmz.runtime.calls.tier_up")
            from wasmz.runtime.calls.tier_up import InstanceTiers

            self.tiers = InstanceTiers(self, supply)
        # Functions get their builtins from here when they are made: none, so generated code cannot reach any.
        self.namespace: dict[str, Any] = {"__builtins__": {}}
        self.namespace[_BINDER_KEY] = self
        store.add_part(self)
        offer_templates(image.adapters)
        self.frames: InstanceFrames = InstanceFrames(image, store, self.namespace)
        self.namespace[FRAME_KEY] = self.frames
        self.tables: list[Table] = []
        self.memories: list[Memory] = []
        self.globals: list[Global | None] = []
        self.values: list[Any] = []
        self.tags: list[Any] = []
        self.data: DataSegments = DataSegments(image.data)
        self.elements: list[ElementSegment] = []
        self._imported = image.imported_function_count
        self._functions: dict[int, Callable[..., Any]] = {}
        self._funcs: dict[int, Func] = {}
        # Exported functions that run with these globals.
        self._entries: list[FunctionType] = []
        self._callees_by_index: dict[int, Callable[..., Any]] = {}

    def add_imports(self, items: Sequence[Any]) -> None:
        """Adds the linked imports to the index spaces, in the order of ``image.imports``."""
        functions = 0
        for item in items:
            if isinstance(item, Func):
                self._funcs[functions] = item
                self._functions[functions] = item.code
                functions += 1
            elif isinstance(item, Memory):
                self.memories.append(item)
            elif isinstance(item, Table):
                self.tables.append(item)
            elif isinstance(item, Global):
                self.globals.append(item)
                self.values.append(item.cell[0])
            else:
                self.tags.append(item)

    def function(self, index: int) -> Callable[..., Any]:
        """The Python function for function ``index``, for generated code."""
        function = self._functions.get(index)
        if function is None:
            if self.tiers is not None:
                function = self.tiers.stub(index)
            else:
                function = FunctionType(self.image.functions[index - self._imported].code, self.namespace)
            # Atomic, here and below, for threads: there is one object for each.
            function = self._functions.setdefault(index, function)
        return function

    def callee(self, index: int) -> Callable[..., Any]:
        """The function that calls of function ``index`` call: itself, or one that counts calls."""
        callee = self._callees_by_index.get(index)
        if callee is None:
            callee = self.function(index)
            config = self.store.engine.config
            if config.counts_calls and index >= self._imported:
                load("wasmz.runtime.limits.depth")
                from wasmz.runtime.limits.depth import count_calls

                callee = count_calls(callee, config.max_call_depth)
            callee = self._callees_by_index.setdefault(index, callee)
        return callee

    def func(self, index: int) -> Func:
        """The reference to function ``index``; always the same object."""
        func = self._funcs.get(index)
        if func is None:
            image = self.image
            if self.tiers is None:
                made = image.functions[index - self._imported]
                tail_code, is_deep = made.tail_code, made.is_deep
            else:
                tail_code, is_deep = None, self.tiers.is_deep(index)
            func = self._funcs.setdefault(
                index,
                Func.__new__(Func).setup(
                    self.store,
                    image.types[image.function_types[index]],
                    self.callee(index),
                    make_export_adapter,
                    None if tail_code is None else FunctionType(tail_code, self.namespace),
                    image.function_names.get(index),
                    index,
                    is_deep,
                    None if self.tiers is None else self.tiers.tail_stub,
                ),
            )
        return func

    def bind(self) -> None:
        """Binds every name that the code needs."""
        self.namespace[_MEMORIES_KEY] = tuple(self.memories)
        if self.tiers is not None:
            # Adds the keys only: values are made when code needs them.
            self.namespace.update(dict.fromkeys(self.image.names, _UNBOUND))
            self.namespace.update(self.tiers.helpers())
        if self.image.is_metered:
            self.store.supply_fuel(self.namespace)
        if self.tiers is None:
            self.add_names(self.image.names)

    def add_names(self, names: Iterable[str]) -> None:
        """Binds those of the names that are not bound yet."""
        namespace, providers = self.namespace, self._providers
        for name in names:
            if namespace.get(name, _UNBOUND) is _UNBOUND:
                parsed = parse(name)
                if parsed is None:
                    namespace[name] = self._unnumbered(name)
                else:
                    kind, index, details = parsed
                    provider = (self._detailed_providers if details else providers)[kind]
                    namespace[name] = provider(self, index, *details)

    def _unnumbered(self, name: str) -> Any:
        helper = find_helper(name) if self.tiers is None else late_helper(name, self.namespace)
        if helper is None and not is_attribute(name):
            # Code lists attributes among its names, too; they are not globals.
            raise missing(name)
        return helper

    def leave(self, store: Store) -> None:
        """Makes every function raise that the store is closed; code that runs goes on until it calls one."""
        self.namespace["refuse"] = store.check_open
        functions = [*self._functions.values(), *self._entries, *self.namespace.copy().values()]
        if self.tiers is not None:
            functions += self.tiers.functions()
        for function in functions:
            if isinstance(function, FunctionType) and function.__globals__ is self.namespace:
                function.__code__ = _REFUSAL.__code__

    def export(self, index: int, name: str) -> Callable[..., Any]:
        """The Python function for function ``index``, exported under ``name``."""
        if self.tiers is not None and index >= self._imported:
            return self.tiers.export(index, name)
        func = self.func(index)
        code = self.image.functions[index - self._imported].entry_code if index >= self._imported else None
        adapter = func.adapter(name)
        if code is None or self.store.engine.config.counts_calls:
            return adapter
        entry = FunctionType(code.replace(co_name=name, co_qualname=name), self.namespace)
        self._entries.append(entry)
        entry.__doc__ = adapter.__doc__
        entry.__dict__.update(adapter.__dict__)
        return entry

    def _counter(self, index: int) -> Any:
        return self._counting().counter(index)

    def _profile_counter(self, index: int, number: str) -> Any:
        return self._counting().profile_counter(index, int(number))

    def _counting(self) -> InstanceTiers:
        if self.tiers is None:
            raise SystemError("the compiled module has baseline code, which only lazy compilation may use")
        return self.tiers

    def _view(self, index: int, format: str, offset: str = "0", stride: str = "1") -> Any:
        return self.memories[index]._strided(format, int(offset), int(stride))

    def _callees(self, index: int, form_and_type: str) -> Any:
        find = Table.tail_callees if form_and_type[0] == "t" else Table.callees
        return find(self.tables[index], self.image.types[int(form_and_type[1:])])

    def _adapter(self, index: int) -> Callable[..., Any]:
        names = (export.name for export in self.image.exports if export.kind == "func" and export.index == index)
        name = next(names, None)
        if self.tiers is not None and name is not None:
            return self.tiers.adapter(index, name)
        return self.func(index).adapter(name)

    def _tail(self, index: int) -> Any:
        return self.func(index).tail

    def _cell(self, index: int) -> list[Any]:
        item = self.globals[index]
        if item is None:
            raise SystemError(f"global {index} of the compiled module has no cell")
        return item.cell

    def _value(self, index: int) -> Any:
        return self.values[index]

    def keep_gaps(self, made: FunctionCode) -> bool:
        """Whether code can run here: it may rely on memories that end before the last page."""
        return all(self.memories[index].keep_gap() for index in {*gap_memories(made.names())})

    def _gap(self, index: int) -> None:
        """Binds a name by which code relies on that. (Lazily compiled code that cannot run is never installed.)"""
        if not self.memories[index].keep_gap():
            raise LinkError([f"memory {index} has 65536 pages, and the module was compiled for at most 65535"])

    def _memory(self, index: int) -> Memory:
        return self.memories[index]

    def _table(self, index: int) -> Table:
        return self.tables[index]

    def _data(self, index: int) -> DataSegment:
        return self.data[index]

    def _element(self, index: int) -> ElementSegment:
        return self.elements[index]

    def _tag(self, index: int) -> Any:
        return self.tags[index]

    def _type(self, index: int) -> Any:
        type = self.image.types[index]
        if type.heap_kind is HeapType.FUNC:
            return type
        load("wasmz.runtime.gc.objects")
        from wasmz.runtime.gc.objects import class_of, name_fields

        if index in self.image.field_names:
            name_fields(type, self.image.field_names[index])
        return class_of(type)

    def maker(self, index: int) -> Any:
        """Makes objects of a type: its class, or an allocator in a store with a memory limit."""
        made_class = self._type(index)
        heap = self.store.object_heap()
        if heap is None:
            return made_class
        load("wasmz.runtime.gc.heap")
        from wasmz.runtime.gc.heap import allocator

        return allocator(heap, made_class)

    _providers: dict[str, Callable[..., Any]] = {  # noqa: RUF012
        "f": callee,
        "t": _tail,
        "x": _adapter,
        "r": func,
        "h": _counter,
        "g": _value,
        "c": _cell,
        "m": _memory,
        "gap": _gap,
        "tab": _table,
        "data": _data,
        "elem": _element,
        "tag": _tag,
        "ty": _type,
        "new": maker,
    }
    _detailed_providers: dict[str, Callable[..., Any]] = {  # noqa: RUF012
        "m": _view,
        "h": _profile_counter,
        "tab": _callees,
    }
