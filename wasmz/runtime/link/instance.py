"""Instances: a compiled module bound to memories, tables and functions (specification 4.5.4).

instance = Instance(store, module, linker)
instance.exports.add(1, 2)                  -> 3
instance.try_call("div", 1, 0)              -> ExecResult(ok=None, trap=Trap("integer divide by zero"))
"""

from __future__ import annotations

from _collections_abc import Mapping  # the one of collections.abc, without importing collections
from _thread import get_ident
from itertools import islice

from wasmz.errors import Trap, WasmException, bounded, expect, shown
from wasmz.runtime.abi import helper
from wasmz.runtime.calls.adapters import make_skipping
from wasmz.runtime.calls.func import Func
from wasmz.runtime.image import ConstExpr, ExportSpec
from wasmz.runtime.limits.budgets import expect_store
from wasmz.runtime.limits.checkpoints import instantiating, requests, stop_if_asked
from wasmz.runtime.link.compiled_module import link_error, module_behind, undefined
from wasmz.runtime.link.find_helpers import find_helper
from wasmz.runtime.link.loader import Binder
from wasmz.runtime.memory import memory_helpers as operations
from wasmz.runtime.memory.globals import Global
from wasmz.runtime.memory.linear import Memory
from wasmz.runtime.memory.memory_helpers import ElementSegment
from wasmz.runtime.memory.table import Table
from wasmz.startup.concurrency import is_finalizing, load
from wasmz.startup.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Any, Final, NoReturn, Protocol

    from wasmz.runtime.image import ModuleImage
    from wasmz.runtime.link.compiled_module import CompiledModule, ModuleHandle
    from wasmz.runtime.link.store import Store

    class Imports(Protocol):
        """Provides the imports of an instance: a ``Linker``."""

        def link(self, store: Store, image: ModuleImage, instance: Instance) -> list[Any]: ...


class ExecResult(Record):
    """The outcome of a call.

    Attributes:
        ok: the result, as :meth:`Instance.call` returns it; ``None`` after a trap.
        trap: the trap that ended it, or ``None``.
    """

    ok: Any = None
    trap: Trap | None = None

    def check(self) -> None:
        expect(self.trap, (Trap, type(None)), "trap", "a Trap or None")

    @property
    def is_ok(self) -> bool:
        """Whether the call returned."""
        return self.trap is None

    def __bool__(self) -> bool:
        """Whether the call returned; false after a trap."""
        return self.trap is None

    def unwrap(self) -> Any:
        """The result; raises the trap if the call trapped."""
        if self.trap is not None:
            raise self.trap
        return self.ok


class Exports(Mapping[str, "Any"]):
    """An instance's exports, as attributes and as a mapping: functions, memories, tables, globals, tags.

    Exports cannot be replaced; the values of globals and tables can be set: ``exports.counter.value = 1``. An export
    with the name of a mapping's method (``get``, ``items``, ...) hides the method as an attribute. But ``keys``, which
    ``dict(exports)`` calls, and names that Python itself uses (``__reduce__``) stay Python's; such exports are reached
    as ``exports["keys"]``.
    """

    __slots__ = ("__dict__", "_instance", "_specs")

    def __init__(self, instance: Instance, specs: tuple[ExportSpec, ...]) -> None:
        _set_instance(self, instance)
        _set_specs(self, {spec.name: spec for spec in specs})
        # Exports are made on first use, except those that class attributes would hide.
        for spec in specs:
            if hasattr(type(self), spec.name) and not _is_kept(spec.name):
                _make(self, spec)

    def __getattr__(self, name: str) -> Any:
        spec = _specs_of(self).get(name)
        if spec is None:
            # Without ``obj``, Python adds no suggestions of its own.
            raise AttributeError(_unknown(self, name), name=name)
        return _make(self, spec)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        spec = _specs_of(self).get(name)
        hint = f"; its value can: exports.{name}.value" if spec is not None and spec.kind == "global" else ""
        raise AttributeError(f"exports cannot be set: {name!r}{hint}", name=name, obj=self)

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"exports cannot be deleted: {name!r}", name=name, obj=self)

    def __reduce__(self) -> Any:
        return _instance_of(self).__reduce__()

    def __getitem__(self, name: str) -> Any:
        """The export with this name. ``KeyError`` if there is none, with similar names."""
        item = self.__dict__.get(name)
        if item is not None:
            return item
        spec = _specs_of(self).get(name)
        if spec is None:
            raise KeyError(_unknown(self, name))
        return _make(self, spec)

    def __iter__(self) -> Iterator[str]:
        return iter(_specs_of(self))

    def __len__(self) -> int:
        return len(_specs_of(self))

    def __contains__(self, name: object) -> bool:
        return name in _specs_of(self)

    def __eq__(self, other: object) -> bool:
        # Mapping.__eq__ would call items, which may be an export.
        return isinstance(other, Mapping) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]

    def __dir__(self) -> list[str]:
        return list(_specs_of(self))

    @shown
    def __repr__(self) -> str:
        return f"<Exports {bounded(', '.join(_specs_of(self)) or 'none')}>"


# Not accessed as attributes: exports may have any name.
_instance_of: Callable[[Exports], Instance] = Exports.__dict__["_instance"].__get__
_set_instance: Callable[[Exports, Instance], None] = Exports.__dict__["_instance"].__set__
_specs_of: Callable[[Exports], dict[str, ExportSpec]] = Exports.__dict__["_specs"].__get__
_set_specs: Callable[[Exports, dict[str, ExportSpec]], None] = Exports.__dict__["_specs"].__set__
del Exports._instance, Exports._specs  # type: ignore[attr-defined]

# For an unknown name, this many exports, with names up to this length, are searched for similar ones.
_MOST_COMPARED: Final = 1000
_LONGEST_COMPARED: Final = 60


def _is_kept(name: str) -> bool:
    """Whether an attribute of all mappings stays itself, even if an export has its name."""
    return name == "keys" or (name.startswith("__") and name.endswith("__"))


def _make(exports: Exports, spec: ExportSpec) -> Any:
    instance = _instance_of(exports)
    item = instance.extern(spec.name)
    if isinstance(item, Func):
        item = instance.python_function(spec)
    if hasattr(Exports, spec.name) and _is_kept(spec.name):
        # Stored outside the attributes.
        return instance._hidden.setdefault(spec.name, item)
    return exports.__dict__.setdefault(spec.name, item)


def _unknown(exports: Exports, name: object) -> str:
    # Imported only here: it is needed only for messages.
    load("difflib")
    from difflib import get_close_matches

    text = str(name)
    names = [known for known in islice(_specs_of(exports), _MOST_COMPARED) if len(known) <= _LONGEST_COMPARED]
    near = get_close_matches(text, names, n=3) if len(text) <= _LONGEST_COMPARED else []
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"the module exports no {bounded(repr(text))}{hint}"


class Instance:
    """A module that can run.

    Attributes:
        store: the store that it lives in.
        module: the module that it was made from.
        exports: what the module exports, bound to this instance.
    """

    # By name; added to by :meth:`add_export_names`.
    _specs: dict[str, ExportSpec]

    def __init__(self, store: Store, module: CompiledModule | ModuleHandle, linker: Imports | None = None) -> None:
        """Links, initialises, and runs the module's start function. ``module`` may also be an ``ArcModule``.

        ``linker`` is a ``Linker``, or an ``ImportList`` with an item for each import.

        Raises:
            LinkError: imports are missing or have another type; nothing has been changed.
            Trap: a segment is out of bounds or the start function trapped; what was written before stays. Or the
                store's limiter allows no further instance.
            Interrupted: the store's deadline has passed, or it was interrupted; likewise.
            WasmException: the start function did not catch it; likewise.
            TypeError: an argument is not a store, a module or a linker.
            ValueError: the store has limited fuel, but the module was compiled without ``Config.fuel``; or the store
                or the module is closed.
            MemoryError: there is not enough memory for the module's memories or tables.
        """
        compiled: CompiledModule = module_behind(module)
        if not hasattr(type(compiled), "image"):
            raise TypeError(f"module must be a Module, not {bounded(repr(compiled))}")
        expect_store(store)
        if not (linker is None or hasattr(type(linker), "link")):
            raise TypeError(f"linker must be a Linker (instantiate() takes a mapping), not {bounded(repr(linker))}")
        image = compiled.image
        _check_engines(compiled, store)
        if store.engine.config.fuel is not None and image.body_offsets and not image.is_metered:
            raise ValueError("the store has limited fuel, but the code uses none: compile it with the store's engine")
        self.store = store
        self.module = compiled
        self._image = image
        self._externs: dict[str, Any] = {}
        # Exports that are not attributes of ``exports``.
        self._hidden: dict[str, Any] = {}
        self.exports: Exports = Exports(self, ())
        self._binder = Binder(store, image, compiled.supply)
        if store.limiter is not None:
            store.count_instance(len(image.memories), len(image.tables))
        if linker is not None:
            self._binder.add_imports(linker.link(store, image, self))
        elif image.imports:
            raise link_error([undefined(item) for item in image.imports], image.imports)
        self._make()
        if image.start is not None:
            self._binder.func(image.start)()

    def __reduce__(self) -> NoReturn:
        raise TypeError("an instance cannot be pickled: pickle its module, and use wasmz.worker_instance there")

    def __getattr__(self, name: str) -> NoReturn:
        hint = f"; {name!r} is exported: instance.exports.{name}" if name in self.__dict__.get("_specs", ()) else ""
        raise AttributeError(f"an instance has no attribute {bounded(repr(name))}{hint}", name=name)

    def close(self) -> None:
        """Closes the store with everything in it: see :meth:`Store.close`."""
        self.store.close()

    def __enter__(self) -> Instance:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # Calls

    def call(self, name: str, *args: Any) -> Any:
        """Calls an exported function. Returns ``None``, one value, or a tuple of several.

        Raises:
            KeyError: no such export. TypeError: it is not a function, or an argument has the wrong type.
            OverflowError: an integer does not fit. Trap: the execution trapped.
            WasmException: an exception of the module was not caught.
        """
        return self._exported_function(name)(*args)

    async def call_async(self, name: str, *args: Any) -> Any:
        """Like :meth:`call`, from asyncio; functions of the host may be coroutines: ``await instance.call_async("f",
        1)``.

        ``await instance.exports.f.call_async(1)`` is the same. The event loop runs while such a coroutine is awaited
        (docs/asyncio.md), but not while the guest computes. Cancelling the task, and its timeouts, end the call.

        Raises:
            RuntimeError: there is neither the package greenlet nor a second thread. Also what :meth:`call` raises.
        """
        load("wasmz.runtime.calls.asynchronous")
        from wasmz.runtime.calls.asynchronous import call_async

        return await call_async(self._exported_function(name), self.store, args)

    def try_call(self, name: str, *args: Any) -> ExecResult:
        """Like :meth:`call`, but a trap is part of the result; so is an uncaught exception."""
        function = self._exported_function(name)
        try:
            return ExecResult(ok=function(*args))
        except Trap as trap:
            return ExecResult(trap=trap)
        except WasmException as error:
            return ExecResult(trap=error.as_trap())

    def run_start_function(self) -> None:
        """Runs a WASI command: calls ``_start``. ``proc_exit`` raises ``WasiExit``, also for status 0."""
        self.call("_start")

    def initialize_reactor(self) -> None:
        """Calls ``_initialize`` if the module exports it; must be called before a WASI reactor is used."""
        if "_initialize" in self.exports:
            self.call("_initialize")

    @property
    def is_command(self) -> bool:
        """Whether the module is a WASI command."""
        return "_start" in self._specs and self._specs["_start"].kind == "func"

    @property
    def is_reactor(self) -> bool:
        """Whether the module is a WASI reactor."""
        return "_initialize" in self._specs and self._specs["_initialize"].kind == "func"

    def add_export_names(self, names: Mapping[str, str]) -> None:
        """Gives exports further names: ``{"sqlite3_open": "ib"}``. Names that the module has stay what they are.

        Raises:
            KeyError: there is no such export.
        """
        specs = self._specs
        added = {
            new: ExportSpec(new, specs[old].kind, specs[old].index) for new, old in names.items() if new not in specs
        }
        self._specs = {**specs, **added}
        self.exports = Exports(self, tuple(self._specs.values()))

    # Parts

    @property
    def memories(self) -> tuple[Memory, ...]:
        """All memories by index, imported ones first."""
        return tuple(self._binder.memories)

    @property
    def first_memory(self) -> Memory:
        """Memory 0. ``RuntimeError`` if there is none."""
        if not self._binder.memories:
            raise RuntimeError("the instance has no memory")
        return self._binder.memories[0]

    def mem_stats(self) -> dict[str, int]:
        """How much the instance uses: bytes of linear memory, elements of tables; and the totals of its store."""
        return {
            "memory_bytes": sum(memory.size_bytes for memory in self._binder.memories),
            "table_elements": sum(len(table) for table in self._binder.tables),
            "store_bytes": self.store.memory_budget.total_used,
        }

    def counts(self) -> dict[int, list[int]]:
        """The counts of functions that make a profile, by index (see ``wasmz.compile.profile``)."""
        tiers = self._binder.tiers
        return {} if tiers is None else tiers.counts()

    def extern(self, name: str) -> Any:
        """The export as an object of the runtime: a ``Func``, ``Memory``, ``Table``, ``Global`` or ``Tag``."""
        expect(name, str, "name", "a string")
        item = self._externs.get(name)
        self.store.check_open()
        if item is None:
            spec = self._specs.get(name)
            if spec is None:
                raise KeyError(_unknown(self.exports, name))
            # Atomic, for threads: there is one object for each.
            item = self._externs.setdefault(name, self._find(spec))
        return item

    def python_function(self, spec: ExportSpec) -> Callable[..., Any]:
        """The Python function for an exported function."""
        try:
            return self._binder.export(spec.index, spec.name)
        except ImportError:
            # Destructors may call exports while the interpreter shuts down: see InstanceTiers.
            if not is_finalizing():
                raise
            return make_skipping(self._image.function_type(spec.index))

    def _find(self, spec: ExportSpec) -> Any:
        binder, index = self._binder, spec.index
        if spec.kind == "func":
            return binder.func(index)
        if spec.kind == "memory":
            return binder.memories[index]
        if spec.kind == "table":
            return binder.tables[index]
        if spec.kind == "tag":
            return binder.tags[index]
        found = binder.globals[index]
        if found is None:
            # A constant that only Python uses.
            own = self._image.globals[index - len(binder.globals) + len(self._image.globals)]
            found = binder.globals[index] = Global.of_cell(self.store, own.type, [binder.values[index]])
        return found

    def _exported_function(self, name: str) -> Callable[..., Any]:
        expect(name, str, "name", "a string")
        function = self.exports[name]
        if isinstance(function, (Memory, Table, Global)) or not callable(function):
            raise TypeError(f"export {name!r} is not a function, but {function!r}")
        return function  # type: ignore[no-any-return]

    # Making

    def _make(self) -> None:
        """Makes and initialises what the module defines. The store's deadlines stop it like the guest's own code."""
        thread = get_ident()
        outer = instantiating.get(thread)
        instantiating[thread] = self.store
        try:
            self._allocate()
            exports = self._image.exports
            self._specs = {spec.name: spec for spec in exports}
            self.exports = Exports(self, exports)
            self._binder.bind()
            self._initialize()
        finally:
            if outer is None:
                instantiating.pop(thread, None)
            else:
                instantiating[thread] = outer

    def _allocate(self) -> None:
        """Makes the objects that the module defines; evaluates constant expressions in the specification's order."""
        binder, image, store = self._binder, self._image, self.store
        for memory_type in image.memories:
            binder.memories.append(Memory(store, memory_type))
        for spec in image.globals:
            value = self._evaluate(spec.init)
            binder.values.append(value)
            binder.globals.append(Global.of_cell(store, spec.type, [value]) if spec.boxed else None)
        for table in image.tables:
            value = None if table.init is None else self._evaluate(table.init)
            binder.tables.append(Table.of_value(store, table.type, value))
        if len(image.tags) > len(binder.tags):
            # Imported only for modules with tags.
            load("wasmz.runtime.traps.exceptions")
            from wasmz.runtime.traps.exceptions import Tag

            binder.tags += [Tag.of_defined(store, image.types[index]) for index in image.tags[len(binder.tags) :]]
        for element in image.elements:
            declarative = element.mode == "declarative"
            items = [] if declarative else [self._element(item) for item in element.items]
            binder.elements.append(ElementSegment(items))

    def _initialize(self) -> None:
        """Copies the active segments, those of tables first."""
        binder, image = self._binder, self._image
        for element, items in zip(image.elements, binder.elements, strict=True):
            if element.offset is not None:
                start = self._evaluate(element.offset)
                operations.table_init(binder.tables[element.table], items, start, 0, len(items.items))
                items.drop()
        binder.data.copy_active(binder.memories, self._evaluate)

    def _element(self, expression: ConstExpr) -> Any:
        """The value of an item of an element segment: usually a reference to a function."""
        name, immediate = expression[0]
        if name == "ref.func" and len(expression) == 1 and not requests:
            return self._binder.func(immediate)
        return self._evaluate(expression)

    def _evaluate(self, expression: ConstExpr) -> Any:
        """The value of a constant expression (specification 3.3.16), in the form of generated code."""
        stack: list[Any] = []
        binder = self._binder
        if requests:
            stop_if_asked()
        for name, immediate in expression:
            if name in ("i32.const", "i64.const", "v128.const"):
                stack.append(immediate)
            elif name == "ref.func":
                stack.append(binder.func(immediate))
            elif name == "ref.null":
                stack.append(None)
            elif name == "global.get":
                stack.append(binder.values[immediate])
            elif name == "f32.const":
                stack.append(find_helper("f32_from_bits")(immediate))
            elif name == "f64.const":
                stack.append(find_helper("f64_from_bits")(immediate))
            elif name in _EXTENDED:
                second = stack.pop()
                stack.append(find_helper(helper(name))(stack.pop(), second))
            else:
                # Imported only for modules that need it.
                load("wasmz.runtime.gc.constant_expressions")
                from wasmz.runtime.gc.constant_expressions import evaluate

                evaluate(name, immediate, binder, stack)
        return stack[-1]

    @shown
    def __repr__(self) -> str:
        return f"<Instance of {self.module!r}>"


def _check_engines(module: CompiledModule, store: Store) -> None:
    """Refuses code compiled for another configuration than the store's: some limits would not apply."""
    ours, theirs = store.engine.config, module.engine.config
    if ours is not theirs:
        for name, about in type(ours)._described.items():
            if about["key"] is not None and name != "fuel":
                key = about["key"]
                if key(getattr(ours, name)) != key(getattr(theirs, name)):
                    values = f"{getattr(theirs, name)!r} and {getattr(ours, name)!r}"
                    raise ValueError(
                        f"module and store have engines with different configurations ({name}: {bounded(values)}):"
                        " give both the same engine"
                    )


_EXTENDED = frozenset({"i32.add", "i32.sub", "i32.mul", "i64.add", "i64.sub", "i64.mul"})
