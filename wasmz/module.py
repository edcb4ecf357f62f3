"""Modules as users compile them: ties together compiler, cache and runtime.

Module.compile(data)        bytes, a path or a binary file -> Module; from the cache if it has it
Module(engine, data)        the same, with an engine's configuration
Module.compile_arc(data)    the same behind a counted handle
instantiate(data, imports)  for scripts: all in one call
"""

from __future__ import annotations

import os

from wasmz.artifact.cache import open_cache
from wasmz.errors import InvalidWasm, bounded, counted, expect, expect_integer, shown
from wasmz.runtime.link.compiled_module import CompiledModule
from wasmz.runtime.link.engine import Engine
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.store import Store
from wasmz.startup.concurrency import load, new_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Any, BinaryIO, Union

    from wasmz.config import Config
    from wasmz.runtime.calls.supply import CodeSupply
    from wasmz.runtime.image import ModuleImage
    from wasmz.runtime.link.linker import ImportList, Linker
    from wasmz.runtime.wasi.wasi_config import WasiConfig

    Source = Union[bytes, bytearray, memoryview, str, os.PathLike[str], BinaryIO]
    Progress = Callable[[int, int], None]

# A module's bytes, the path of a file with them, or a binary file open for reading.

_READ_BYTES = 65_536

# What may stand before the text of a module: white space, a byte order mark.
_BEFORE_TEXT = " \t\r\n\ufeff"

_PREAMBLE = b"\0asm\1\0\0\0"


class Module(CompiledModule):
    """A compiled module: immutable, so it may be shared between stores, threads and processes.

    It can be pickled, with its source, its configuration and, for the same version of Python, the code compiled so far.
    If a process has the same module already, unpickling returns that module.
    """

    _source: bytes | None = None

    def __init__(self, engine: Engine, source: Source, *, progress: Progress | None = None) -> None:
        """Compiles a module, or loads it from the cache, as :meth:`compile` does with an engine.

        Raises:
            TypeError: the arguments are not an engine and a source. Also the errors of :meth:`compile`.
        """
        expect(engine, Engine, "engine", "an Engine: Module.compile takes a source alone")
        self._compile(engine, source, progress)

    @classmethod
    def compile(
        cls, engine: Engine | Source, source: Source | None = None, *, progress: Progress | None = None
    ) -> Module:
        """Compiles a module, or loads it from the cache.

        Args:
            engine: the engine whose configuration applies; may be omitted: ``Module.compile(source)``.
            source: bytes, a path, or a binary file, which is read to its end. Each may be in the text format. A string
                is a path if such a file exists. Otherwise it is the module's text if it begins with ``(`` or ``;;``
                after white space, and else the path of a missing file.
            progress: called with the number of functions compiled so far, and the number of all.

        Raises:
            InvalidWasm: the module is malformed or does not validate.
            UnsupportedFeature: it needs a proposal that wasmz lacks or that is switched off.
            OSError: the file cannot be read.
            ValueError: the engine is closed.
        """
        if not isinstance(engine, Engine):
            if source is not None:
                raise TypeError(f"engine, the first of two arguments, must be an Engine, not {bounded(repr(engine))}")
            source = engine
            engine = Engine()
        if source is None:
            raise TypeError("there is no source to compile")
        made = cls.__new__(cls)
        made._compile(engine, source, progress)
        return made

    @classmethod
    def of_image(cls, engine: Engine, image: ModuleImage, supply: CodeSupply | None = None) -> Module:
        """For the runtime: makes a module that was compiled before."""
        made = cls.__new__(cls)
        CompiledModule.__init__(made, engine, image, supply)
        return made

    def _compile(self, engine: Engine, source: Source, progress: Progress | None) -> None:
        engine.check_open()
        data = read_source(source)
        with errors_in_text(data):
            self._compile_bytes(engine, bytes(data), progress)

    def _compile_bytes(self, engine: Engine, data: bytes, progress: Progress | None) -> None:
        self._source = data
        cache = open_cache(engine.config)
        if engine.config.is_lazy:
            load("wasmz.compile.lazy")
            from wasmz.compile.lazy import open_lazily

            super().__init__(engine, *open_lazily(data, engine.config, cache))
            return
        if cache is not None:
            kept = cache.load(data, engine.config)
            if kept is not None:
                load("wasmz.runtime.calls.supply")
                from wasmz.runtime.calls.supply import precompiled_supply

                super().__init__(engine, kept[0], precompiled_supply(*kept))
                return
        # Imports the compiler only now.
        load("wasmz.compile.pipeline")
        from wasmz.compile.pipeline import compile_module

        image = compile_module(data, engine.config, progress)
        if cache is not None:
            cache.store(data, engine.config, image)
        super().__init__(engine, image)

    def _of(self, data: bytes) -> Module:
        self._source = data
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        load("wasmz.compile.packing")
        from wasmz.compile.packing import pack

        return _unpack, pack(self, self._source)

    @classmethod
    def compile_arc(cls, engine: Engine | Source, source: Source | None = None) -> ArcModule:
        """Compiles a module; returns the first of any number of counted handles to it."""
        return ArcModule(cls.compile(engine, source))

    def compile_function(self, index: int) -> None:
        """Compiles a function at ``Config.opt_level`` before it is called, unless it is compiled.

        Raises:
            IndexError: the module does not define a function with this index; imported ones count, too.
            InvalidWasm, UnsupportedFeature: the function is not valid.
        """
        index = expect_integer(index, "index")
        image = self.image
        first = image.imported_function_count
        if not first <= index < first + len(image.body_offsets):
            raise IndexError(f"there is no function {index} with a body: {len(image.body_offsets)} from {first} on")
        if self.supply is not None:
            load("wasmz.runtime.abi")
            from wasmz.runtime.abi import OPTIMISED

            self.supply.get(index, OPTIMISED)

    def compile_all(self, jobs: int = 1, progress: Progress | None = None) -> None:
        """Compiles all remaining functions at ``Config.opt_level``, and stores them in the cache.

        Args:
            jobs: how many processes to use; 0 for as many as there are processors.
            progress: called with the number of functions compiled so far, and the number of all.

        Raises:
            InvalidWasm, UnsupportedFeature: a function is not valid.
        """
        if expect_integer(jobs, "jobs") < 0:
            raise ValueError(f"jobs must not be negative, but is {jobs}")
        if not (progress is None or callable(progress)):
            raise TypeError(f"progress must be callable, not {bounded(repr(progress))}")
        image, supply = self.image, self.supply
        if supply is None or supply.frozen is not None:
            return
        if jobs != 1 and self._source is not None:
            load("wasmz.compile.lazy")
            from wasmz.compile.lazy import compile_rest

            compile_rest(self._source, self.engine.config, supply, jobs, progress)
        else:
            first = image.imported_function_count
            for done, _ in enumerate(image.body_offsets):
                self.compile_function(first + done)
                if progress is not None:
                    progress(done + 1, len(image.body_offsets))
        supply.save()

    def warmup(self, entry: str) -> int:
        """Compiles an exported function and all functions that it can reach by direct calls.

        Returns the number of these functions.

        Raises:
            KeyError: no such function is exported. InvalidWasm, UnsupportedFeature: one of them is not valid.
        """
        expect(entry, str, "entry", "a string")
        indices = [item.index for item in self.image.exports if item.name == entry and item.kind == "func"]
        if not indices:
            raise KeyError(f"the module exports no function {entry!r}")
        if self._source is None:
            return 0
        load("wasmz.compile.on_demand")
        from wasmz.compile.on_demand import find_reachable

        reachable = find_reachable(self._source, self.engine.config, indices[0])
        for index in reachable:
            self.compile_function(index)
        return len(reachable)

    @staticmethod
    def validate(source: Source) -> None:
        """Checks a module, function bodies included, without compiling it.

        Raises:
            InvalidWasm, UnsupportedFeature: see :meth:`compile`.
        """
        load("wasmz.compile.front_end")
        from wasmz.compile.front_end import validate

        data = read_source(source)
        with errors_in_text(data):
            validate(data)


def _unpack(key: bytes, source: bytes | None, config: Config, is_whole: bool, code: bytes) -> Module:
    """The module that was pickled.

    Raises:
        ValueError: it was pickled without its source, by another version of Python or wasmz.
    """
    load("wasmz.compile.packing")
    from wasmz.compile.packing import once, open_packed

    def make() -> Module:
        engine = Engine(config)
        opened = open_packed(source, config, is_whole, code)
        if opened is None:
            return Module.compile(engine, source)
        module = Module.of_image(engine, *opened)
        return module if source is None else module._of(source)

    return once(key, make)


class _Counted:
    """Shared by the handles to one module."""

    def __init__(self, module: Module) -> None:
        self.module: Module | None = module
        self.count = 1
        self.lock: Any = new_lock()


class ArcModule:
    """A counted handle to a module, which may be passed between threads.

    ``module`` is the module. Each handle is released once, by :meth:`release_unwrap`, which returns the module itself
    for the last handle. Later uses of the handle raise ``ValueError``.
    """

    def __init__(self, module: Module) -> None:
        """Makes the first handle to a module, as :meth:`Module.compile_arc` does.

        Raises:
            TypeError: ``module`` is not a module.
        """
        if not isinstance(module, Module):
            raise TypeError(f"module must be a Module, not {bounded(repr(module))}")
        self._counted: _Counted | None = _Counted(module)

    def _live(self) -> _Counted:
        if self._counted is None:
            raise ValueError("this handle to the module was released")
        return self._counted

    @property
    def module(self) -> Module:
        """The module that all handles share."""
        module = self._live().module
        if module is None:
            # Another thread has just released this handle, the last one.
            raise ValueError("this handle to the module was released")
        return module

    @property
    def count(self) -> int:
        """The number of handles."""
        return self._live().count

    def retain(self) -> ArcModule:
        """Makes another handle to the same module."""
        shared = self._live()
        with shared.lock:
            # Another thread may have released this handle meanwhile.
            self._live()
            shared.count += 1
        made = ArcModule.__new__(ArcModule)
        made._counted = shared
        return made

    def release_unwrap(self) -> Module | None:
        """Releases this handle; returns the module if it was the last one, otherwise ``None``."""
        shared = self._live()
        with shared.lock:
            self._live()
            self._counted = None
            shared.count -= 1
            if shared.count:
                return None
            module, shared.module = shared.module, None
        return module

    def __enter__(self) -> ArcModule:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._counted is not None:
            self.release_unwrap()

    @shown
    def __repr__(self) -> str:
        if self._counted is None:
            return "<ArcModule, released>"
        return f"<ArcModule of {self._counted.module!r}, {counted(self._counted.count, 'handle')}>"


def instantiate(
    source: Source,
    imports: Mapping[str, Mapping[str, Any]] | Sequence[Any] | None = None,
    *,
    engine: Engine | None = None,
    wasi: WasiConfig | bool = False,
    glue: str | os.PathLike[str] | None = None,
) -> Instance:
    """Compiles and instantiates a module: ``instantiate("a.wasm", {"env": {"log": print}})``.

    The instance has a store of its own, or is in that of the memories, tables, globals and tags that it imports.
    What toolchains' modules import is defined, too, where the imports tell whose they are (docs/interop.md).

    Args:
        source: bytes, a path, a binary file, or text, as for :meth:`Module.compile`.
        imports: the definitions, by module name and name: callables, ``HostFunc``, memories, tables, globals, numbers.
            Or a list or tuple with an item for each import, in order.
        engine: an engine with another configuration than the default.
        wasi: what a WASI guest gets; ``True`` for this process's output only. For programs, see ``wasmz.run``.
            A module built by emscripten gets that by its system calls, too.
        glue: the JavaScript file that emscripten made beside the module. It is read, and not run: for the names of
            imports and exports that the module has lost, and for what is to be called first. By default, for a module
            that has lost its names, the file of the same name beside it.

    Raises:
        InvalidWasm, UnsupportedFeature, LinkError, Trap: those of compilation and instantiation.
        OSError, ValueError: the JavaScript cannot be read, or is not for this module.
        TypeError: ``imports`` is not of this form, or has something that cannot be imported.
    """
    expect(engine, (Engine, type(None)), "engine", "an Engine")
    linker: Linker | ImportList | None = None
    if isinstance(imports, (list, tuple)):
        if wasi is not False or glue is not None:
            raise TypeError("with wasi and glue, imports must be a mapping of names, not a sequence")
        load("wasmz.runtime.link.linker")
        from wasmz.runtime.link.linker import ImportList

        linker = ImportList(imports)
    elif imports is not None or wasi is not False or glue is not None:
        named: Any = imports or {}
        linker = with_names = linker_of(engine, named)
        if wasi is not False:
            with_names.define_wasi(None if wasi is True else wasi)
    store = None if linker is None else linker.find_store()
    if store is None:
        store = Store(engine)
    module = Module.compile(store.engine if engine is None else engine, source)
    if not module.image.imports or isinstance(imports, (list, tuple)):
        return Instance(store, module, linker)
    by_name: Any = linker_of(module.engine, {}) if linker is None else linker
    is_system = wasi is not False and any(item.module_name in ("env", "a") for item in module.image.imports)
    if glue is None and not is_system and not by_name.missing(module):
        return Instance(store, module, by_name)
    # Imported only here: most modules have all that they import by now.
    load("wasmz.interop.exposing")
    from wasmz.interop.exposing import Toolchains

    toolchains = Toolchains(module, source, None if glue is None else _text_of(glue))
    toolchains.define(by_name)
    instance = Instance(store, module, by_name)
    toolchains.finish(instance)
    return instance


def _text_of(glue: str | os.PathLike[str]) -> str:
    load("wasmz.interop.files")
    from wasmz.interop.files import read_text

    return read_text(glue)


def linker_of(engine: Engine | None, imports: Mapping[str, Mapping[str, Any]]) -> Linker:
    """A linker with definitions by module name and name.

    Raises:
        TypeError: ``imports`` is not of this form, or has something that cannot be imported.
    """
    # Imported only here: many modules import nothing.
    load("wasmz.runtime.link.linker")
    from wasmz.runtime.link.linker import Linker

    linker = Linker(engine)
    by_module = _named(imports, "imports")
    for module_name in by_module:
        items = _named(by_module[module_name], f"what is imported from {module_name!r}")
        for name in items:
            linker.define(module_name, name, items[name])
    return linker


def _named(given: object, what: str) -> Mapping[str, Any]:
    items: Any = given
    if not hasattr(type(items), "keys"):
        raise TypeError(f"{what} must be a mapping of names, not {bounded(repr(items))}")
    return items  # type: ignore[no-any-return]


class errors_in_text:
    """A context in which errors in a module that was text become errors at places in the text."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, InvalidWasm) and type(self._data) is not bytes:
            load("wasmz.text.sources")
            from wasmz.text.sources import in_text

            found = in_text(self._data, error)
            if found is not error:
                raise found from None


def read_source(source: Source, name: str | None = None) -> bytes:
    """The bytes of a module; ``Assembled`` if it is in the text format.

    ``name`` is that of the file, where it has been read already.

    Raises:
        InvalidWasm, UnsupportedFeature: a file is not a module; the message names the file, and says what it is.
    """
    place = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", name)
    try:
        data: bytes | str = read_bytes(source)
    except (OSError, ValueError):
        if not isinstance(source, str) or not source.lstrip(_BEFORE_TEXT).startswith(("(", ";;")):
            raise
        data, place = source, None
    if data[:8] != _PREAMBLE:
        load("wasmz.text.sources")
        from wasmz.text.sources import binary_form

        return binary_form(data, os.fspath(place) if isinstance(place, (str, os.PathLike)) else None)
    return data  # type: ignore[return-value]


def read_bytes(source: Source) -> bytes:
    """The bytes of a source, whatever they are.

    Raises:
        TypeError: ``source`` is something else. OSError: the file cannot be read.
    """
    if isinstance(source, bytes):
        return source
    if isinstance(source, (bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            return file.read()
    read = getattr(source, "read", None)
    if read is None:
        raise TypeError(f"source must be bytes, a path or a binary file, not {bounded(repr(source))}")
    pieces = []
    while piece := read(_READ_BYTES):
        if not isinstance(piece, bytes):
            raise TypeError("the file must be open in binary mode")
        pieces.append(piece)
    return b"".join(pieces)
