"""Linkers: definitions of imports, by name.

linker = Linker(engine)
linker.define("env", "log", print)                          a plain callable gets the import's type
linker.define("env", "add", HostFunc(add, [I32, I32], [I32]))
linker.define("env", "memory", Memory(store, MemoryType(1)))
linker.define_instance("lib", other_instance)
Instance(store, module, ImportList([print, memory]))        by position
"""

from __future__ import annotations

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import LinkError, Trap, bounded, counted, expect, expect_iterable, shown
from wasmz.runtime.calls.func import Func, function_behind
from wasmz.runtime.calls.host import HostFunc, arity
from wasmz.runtime.image import ModuleImage
from wasmz.runtime.link.compiled_module import import_name, link_error, module_behind, type_text, undefined
from wasmz.runtime.link.engine import Engine
from wasmz.runtime.memory.globals import Global
from wasmz.runtime.memory.linear import Memory
from wasmz.runtime.memory.table import Table
from wasmz.startup.concurrency import load
from wasmz.subtyping import is_extern_subtype, is_heap_subtype
from wasmz.types import DefinedType, ExternType, FuncType, GlobalType, ImportType, TagType

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from typing import Any

    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.instance import Instance
    from wasmz.runtime.link.store import Store
    from wasmz.runtime.traps.exceptions import Tag
    from wasmz.runtime.wasi.wasi_config import WasiConfig

    Item = Func | HostFunc | Memory | Table | Global | Tag | Callable[..., Any] | float | bytes


class Linker:
    """Definitions for imports. A linker may serve any number of instances.

    Attributes:
        engine: the engine of the modules that it links.
    """

    def __init__(self, engine: Engine | None = None) -> None:
        """Makes a linker without definitions. ``TypeError``: ``engine`` is not an ``Engine``."""
        expect(engine, (Engine, type(None)), "engine", "an Engine")
        self.engine: Engine = Engine() if engine is None else engine
        self._items: dict[tuple[str, str], Any] = {}

    def define(self, module_name: str, name: str, item: Item) -> None:
        """Defines an import; a later definition replaces an earlier one.

        ``item`` is a ``Memory``, ``Table``, ``Global``, ``Tag``, ``Func``, an instance's exported function or a
        ``HostFunc``; or any callable, which gets the type of the import; or a number (16 bytes for a v128), the value
        of an immutable global.

        Raises:
            TypeError: ``item`` is none of these.
        """
        if module_name.__class__ is not str or name.__class__ is not str:
            expect(module_name, str, "module_name", "a string")
            expect(name, str, "name", "a string")
        _expect_item(item, import_name(module_name, name))
        self._items[module_name, name] = function_behind(item) or item

    def define_instance(self, module_name: str, instance: Instance) -> None:
        """Defines all exports of an instance under ``module_name``. ``TypeError`` for anything but an instance."""
        expect(module_name, str, "module_name", "a string")
        if not hasattr(type(instance), "extern"):
            raise TypeError(f"instance must be an Instance, not {bounded(repr(instance))}")
        for name in instance.exports:
            self._items[module_name, name] = instance.extern(name)

    def define_unknown_as_traps(self, module: CompiledModule) -> None:
        """Defines every imported function that has no definition; calling one traps (UNREACHABLE)."""
        for item in _expect_module(module).imported_funcs:
            key = (item.module_name, item.name)
            if key not in self._items:
                self._items[key] = _unknown(f"unknown import {import_name(item.module_name, item.name)} was called")

    def define_wasi(self, config: WasiConfig | None = None) -> None:
        """Defines WASI preview 1 for one instance, with the given arguments, environment and streams."""
        load("wasmz.runtime.wasi.functions")
        from wasmz.runtime.wasi.functions import add_to_linker

        if not (config is None or hasattr(type(config), "preopen_dir")):
            raise TypeError(f"config must be a WasiConfig, not {bounded(repr(config))}")
        add_to_linker(self, config)

    def define_emscripten(
        self,
        module: CompiledModule,
        config: WasiConfig | None = None,
        *,
        glue: str | os.PathLike[str] | None = None,
    ) -> None:
        """Defines what the module imports of emscripten's conventions: system calls, ``invoke_*``, memory growth, ...

        Files and streams are those of :meth:`define_wasi`, if it was called before, and otherwise those of ``config``.

        Args:
            module: the module.
            config: what the guest gets.
            glue: emscripten's JavaScript file, for modules whose imports have lost their names (``a.b``). It is read,
                not run.

        Raises:
            OSError, ValueError: the file cannot be read, or is not for this module. TypeError: no such arguments.
        """
        load("wasmz.runtime.link.emscripten")
        from wasmz.runtime.link.emscripten import define

        if not (config is None or hasattr(type(config), "preopen_dir")):
            raise TypeError(f"config must be a WasiConfig, not {bounded(repr(config))}")
        compiled = _expect_module(module)
        text = None
        if glue is not None:
            load("wasmz.interop.files")
            from wasmz.interop.files import read_text

            text = read_text(glue)
        define(self, compiled, text, config)

    def define_wasm_bindgen(self, module: CompiledModule, glue: str) -> None:
        """Defines what the module imports of wasm-bindgen's JavaScript, whose text is ``glue``; it is read, never run.

        ``wasmz.bind`` does this, and gives Python functions for the exports.

        Raises:
            LinkError: the text is not wasm-bindgen's.
        """
        load("wasmz.interop.bindgen.binding")
        from wasmz.interop.bindgen.binding import define

        expect(glue, str, "glue", "the text of a JavaScript file")
        define(self, _expect_module(module), glue)

    def define_js_strings(self, module: CompiledModule, constants: str | None = None) -> None:
        """Defines what the module imports of ``wasm:js-string``, of string constants and of ``WebAssembly.JSTag``.

        Args:
            module: the module.
            constants: the name of the module whose imports are constants, each with its own name as value. By default
                each module from which nothing else is imported.
        """
        load("wasmz.interop.js_strings")
        from wasmz.interop.js_strings import define

        define(self, _expect_module(module), None, constants)

    def missing(self, module: CompiledModule) -> list[ImportType]:
        """The imports of a module for which nothing is defined here, in order."""
        return [item for item in module.imports if (item.module_name, item.name) not in self._items]

    def get(self, module_name: str, name: str) -> Any:
        """The item defined under these names, or ``None``."""
        expect(module_name, str, "module_name", "a string")
        expect(name, str, "name", "a string")
        return self._items.get((module_name, name))

    def find_store(self) -> Store | None:
        """The store in which instances must be that import what is defined; ``None`` if they may be in any."""
        return _common_home(self._items.values())

    @shown
    def __repr__(self) -> str:
        return f"<Linker of {counted(len(self._items), 'definition')}>"

    def link(self, store: Store, image: ModuleImage, instance: Instance) -> list[Any]:
        """The items for a module's imports, in order; host functions as ``Func``.

        Raises:
            LinkError: with a line for each import that is missing or has another type.
        """
        items = self._items
        found = [items.get((wanted.module_name, wanted.name)) for wanted in image.imports]
        return _link(found, store, image, instance)


class ImportList:
    """Imports by position, for ``Instance``: the first item is the module's first import, and so on.

    So two imports of the same name can get different items. Items are those of :meth:`Linker.define`.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        """Takes the items of the imports, in order. ``TypeError``: one cannot be imported."""
        given = tuple(expect_iterable(items, "items", "what is to be imported"))
        for number, item in enumerate(given):
            _expect_item(item, f"import {number}")
        self._items: list[Any] = [function_behind(item) or item for item in given]

    @shown
    def __repr__(self) -> str:
        return f"<ImportList of {counted(len(self._items), 'item')}>"

    def find_store(self) -> Store | None:
        """See :meth:`Linker.find_store`."""
        return _common_home(self._items)

    def link(self, store: Store, image: ModuleImage, instance: Instance) -> list[Any]:
        """See :meth:`Linker.link`.

        Raises:
            LinkError: there are more or fewer items than imports, or one has another type.
        """
        if len(self._items) != len(image.imports):
            raise LinkError([f"the module has {counted(len(image.imports), 'import')}, not {len(self._items)}"])
        return _link(self._items, store, image, instance)


def _link(items: list[Any], store: Store, image: ModuleImage, instance: Instance) -> list[Any]:
    """Links the items for an image's imports, in order; ``None`` stands for an import without an item."""
    if any(_is_per_store(item) for item in items):
        load("wasmz.runtime.link.per_store")
        from wasmz.runtime.link.per_store import in_store

        items = in_store(items, store, image.imports)
    linked = []
    problems: list[str] = []
    functions = tags = 0
    for wanted, item in zip(image.imports, items, strict=True):
        shown = import_name(wanted.module_name, wanted.name)
        if _is_value(item) and isinstance(wanted.type, GlobalType) and not wanted.type.mutable:
            try:
                linked.append(Global(store, wanted.type, item))
            except (TypeError, OverflowError) as error:
                problems.append(f"import {shown}: {bounded(str(error))}")
            continue
        defined_type = None
        is_exact = False
        if isinstance(wanted.type, FuncType):
            defined_type = image.types[image.function_types[functions]]
            is_exact = functions in image.exact_imports
            functions += 1
        elif isinstance(wanted.type, TagType):
            defined_type = image.types[image.tags[tags]]
            tags += 1
        if item is None:
            problems.append(undefined(wanted))
        elif _matches(item, wanted.type, defined_type, is_exact):
            problem = _misfit(item, wanted, store)
            if problem is None:
                linked.append(_linked(item, wanted, defined_type, store, instance))
            else:
                problems.append(f"import {shown} {problem}")
        else:
            found = f"the value {bounded(repr(item))}" if _is_value(item) else type_text(_type_of(item))
            problems.append(f"import {shown} has another type: expected {type_text(wanted.type)}, found {found}")
    if problems:
        missing = [wanted for wanted, item in zip(image.imports, items, strict=True) if item is None]
        raise link_error(problems, missing)
    return linked


def _expect_item(item: Any, name: str) -> None:
    is_known = isinstance(item, (Memory, Table, Global, Func, HostFunc)) or _is_value(item) or _is_per_store(item)
    if not is_known and not callable(item) and not is_tag(item):
        raise TypeError(f"{name}: {bounded(repr(item))} cannot be imported")


def _expect_module(module: Any) -> CompiledModule:
    found: Any = module_behind(module)
    if not hasattr(type(found), "imported_funcs"):
        raise TypeError(f"module must be a Module, not {bounded(repr(module))}")
    return found  # type: ignore[no-any-return]


def _matches(item: Any, wanted: ExternType, defined_type: DefinedType | None, is_exact: bool) -> bool:
    if isinstance(wanted, TagType):
        # Tags match if their types are equal (specification 3.3.15).
        return is_tag(item) and item.defined_type is defined_type
    if defined_type is not None:
        if isinstance(item, Func):
            if is_exact:
                return item.defined_type is defined_type
            return is_heap_subtype(item.defined_type, defined_type)
        if isinstance(item, HostFunc):
            return item.type == wanted
        return not isinstance(item, (Memory, Table, Global)) and not is_tag(item) and callable(item)
    found = _type_of(item)
    return found is not None and is_extern_subtype(found, wanted)


def _misfit(item: Any, wanted: ImportType, store: Store) -> str | None:
    """Why an item of the right type cannot be imported, or ``None``."""
    home = _home(item)
    if home is not None and home is not store:
        kind = wanted.type.__class__.__name__.removesuffix("Type").lower()
        return f"is a {kind} of another store: instances that share it must be in one store"
    # A subclass of HostFunc is the runtime's own.
    if not isinstance(wanted.type, FuncType) or isinstance(item, Func) or item.__class__.__base__ is HostFunc:
        return None
    is_host = isinstance(item, HostFunc)
    fn, count = item.fn if is_host else item, len(wanted.type.params) + (is_host and item.caller)
    taken = arity(fn)
    if taken is not None and not (taken[0] <= count and (taken[1] is None or count <= taken[1])):
        of_these = ", including the caller" if is_host and item.caller else ""
        what = f"passes {counted(count, 'argument')}{of_these}: {bounded(str(wanted.type))}"
        return f"{what}; {bounded(str(fn.__qualname__))} does not take so many"
    return None


def _linked(item: Any, wanted: ImportType, defined_type: DefinedType | None, store: Store, instance: Instance) -> Any:
    """The item itself, or a function made for this instance from a host's callable."""
    if not isinstance(wanted.type, FuncType) or isinstance(item, Func):
        return item
    host = item if isinstance(item, HostFunc) else HostFunc(item, wanted.type.params, wanted.type.results)
    name = f"{wanted.module_name}.{wanted.name}"
    return host.make_func(store, instance=instance, defined_type=defined_type, name=name)


def _home(item: Any) -> Store | None:
    """The store to which an item is tied; ``None`` for shared memories, functions and callables, which any may use."""
    if isinstance(item, (Func, HostFunc)) or (isinstance(item, Memory) and item.type.shared):
        return None
    home: Store | None = getattr(item, "store", None)
    return home if home is not None and hasattr(type(home), "adopt") else None


def _common_home(items: Iterable[Any]) -> Store | None:
    return next((home for home in map(_home, items) if home is not None), None)


def _is_per_store(item: Any) -> bool:
    """Whether an item is a ``PerStore``, whose module is imported only where there are some."""
    return hasattr(item.__class__, "in_store")


def is_tag(item: Any) -> bool:
    """Whether an item is a ``Tag``; their module is imported only if there are any."""
    return isinstance(getattr(item, "type", None), TagType)


def _type_of(item: Any) -> ExternType | None:
    if isinstance(item, (Memory, Table)):
        return item.current_type
    if isinstance(item, (Global, Func, HostFunc)) or is_tag(item):
        return item.type  # type: ignore[no-any-return]
    return None


def _is_value(item: Any) -> bool:
    """Whether an item can be the value of an imported constant."""
    return isinstance(item, (int, float, bytes)) and not isinstance(item, bool)


def _unknown(message: str) -> Callable[..., Any]:
    def unknown(*args: Any) -> Any:
        raise Trap(TrapCode.UNREACHABLE, message)

    return unknown
