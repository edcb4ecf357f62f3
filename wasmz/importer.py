"""``import mylib`` for a ``mylib.wasm`` on ``sys.path``.

    import wasmz.importer              # or wasmz.importer.install(imports={"env": {"log": print}})
    import mylib                       # mylib.wasm, mylib.wat, or the package mylib/__init__.wasm
    mylib.add(1, 2)

The compiled module is stored as ``__pycache__/mylib.cpython-312.wasmz.pyc`` beside the source, by CPython's own rules:
it is stale if the source's time or size differs, and ``sys.dont_write_bytecode`` and ``sys.pycache_prefix`` apply.
Large modules, and modules in zip files, are compiled lazily, and stored in wasmz's own cache; so are components,
whose exports are attributes in Python's spelling.

If both exist, ``mylib.py`` is imported, not ``mylib.wasm``. Importing a module means trusting it like one written in
Python: its imports are Python modules, by name, unless :func:`install` was given others.
"""

from __future__ import annotations

import os
import sys
import zipimport
from _thread import get_ident
from importlib import _bootstrap_external, machinery, util

from wasmz.artifact.cache import compiler_state, read_regular, write_atomically
from wasmz.artifact.pyc import DamagedFile, decode_pyc, encode_pyc
from wasmz.config import Config
from wasmz.errors import InvalidWasm, LinkError, UnsupportedFeature
from wasmz.module import Module
from wasmz.runtime.calls.supply import precompiled_supply
from wasmz.runtime.link.engine import Engine
from wasmz.runtime.link.python_imports import PythonImports
from wasmz.runtime.precompiled import expose
from wasmz.startup.concurrency import load
from wasmz.startup.light import blake2b
from wasmz.wasm.preamble import is_component

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, ModuleType
    from typing import Any

    from wasmz.runtime.link.python_imports import Given

__all__ = ["WasmLoader", "install", "uninstall"]

SUFFIXES = (".wasm", ".wat")

# Larger modules are compiled lazily, not as a whole when they are imported.
LARGEST_EAGER = 500_000


# What `python -m` runs for a component.
_COMPONENT_CODE = """\
import sys
__loader__._exec_component(sys.modules[__name__])
"""


class _Settings:
    """The arguments of :func:`install`."""

    config = Config(compile_mode="eager")
    imports: Given | None = None


def install(imports: Given | None = None, config: Config | None = None) -> None:
    """Makes Python import WebAssembly modules; called again, it replaces the settings.

    Args:
        imports: the allowed imports, by module name and name: a mapping, or a Python module, for its attributes. Other
            imports raise ``ImportError``. With ``None``, modules import from Python modules of those names, first from
            their own package, then from anywhere.
        config: the configuration to compile with; ``None`` for the default.
    """
    _Settings.imports = imports
    _Settings.config = Config(compile_mode="eager") if config is None else config
    if _make_finder not in sys.path_hooks:
        sys.path_hooks.insert(0, _make_finder)
        if "pkgutil" in sys.modules:
            _teach_pkgutil()
    _forget_finders()


def uninstall() -> None:
    """Undoes :func:`install`. Imported modules stay."""
    if _make_finder in sys.path_hooks:
        sys.path_hooks.remove(_make_finder)
    _forget_finders()


def _forget_finders() -> None:
    """Makes CPython ask the hooks again for paths where it has its own finders, ours, or none."""
    own = (machinery.FileFinder, zipimport.zipimporter, _Finder, _ArchiveFinder, type(None))
    for path, finder in list(sys.path_importer_cache.items()):
        if type(finder) in own:
            # New finders have no caches that would need to be emptied.
            sys.path_importer_cache.pop(path, None)


def _teach_pkgutil() -> None:
    """Makes ``pkgutil`` list the modules that the finders find. Importing it takes as long as a small module."""
    from pkgutil import iter_importer_modules  # type: ignore[attr-defined]

    register = iter_importer_modules.register
    register(_Finder, _list_modules)
    register(_ArchiveFinder, _list_archived_modules)


class WasmLoader(machinery.SourcelessFileLoader):
    """Loads a module from a ``.wasm`` or ``.wat`` file."""

    def exec_module(self, module: ModuleType) -> None:
        """Instantiates the module, and makes its exports attributes of the Python module.

        Raises:
            ImportError: the file is not valid, or an import was not found.
        """
        name = module.__name__
        try:
            if self.is_component():
                self._exec_component(module)
                return
            compiled = self._compile()
            expose(module.__dict__, compiled, PythonImports(module.__package__ or "", name, _Settings.imports).define)
        except (InvalidWasm, UnsupportedFeature, LinkError, OSError) as error:
            raise ImportError(f"cannot import {self.path}: {error}", name=name, path=self.path) from error

    def is_component(self) -> bool:
        """Whether the file is a component. Only its first bytes are read."""
        if not self.path.endswith(".wasm"):
            return False
        with open(self.path, "rb") as file:
            return is_component(file.read(8))

    def _exec_component(self, module: ModuleType) -> None:
        load("wasmz.component.exposing")
        from wasmz.component.component import Component
        from wasmz.component.exposing import ComponentImports, expose_component

        # What is compiled of it is kept in wasmz's own cache.
        component = Component.compile(Engine(_Settings.config), self._binary())
        imports = ComponentImports(module.__package__ or "", module.__name__, _Settings.imports)
        expose_component(module.__dict__, component, imports.find)

    def get_code(self, fullname: str) -> CodeType:
        """The code that CPython runs for the module, as in a precompiled file; used by ``python -m``."""
        import marshal

        if self.is_component():
            return compile(_COMPONENT_CODE, self.path, "exec", dont_inherit=True)
        compiled = self._compile(is_whole=True)
        supply = compiled.supply
        content = encode_pyc(compiled.image, bytes(8), None if supply is None else supply.frozen)
        code: CodeType = marshal.loads(content[16:])
        return code

    def get_source(self, fullname: str) -> None:
        """None: there is no Python source."""
        return

    def _compile(self, is_whole: bool = False) -> Module:
        engine = Engine(_Settings.config)
        status = os.stat(self.path)
        if status.st_size > LARGEST_EAGER and not is_whole:
            return Module.compile(Engine(_lazily(_Settings.config)), self._binary())
        stamp = _stamp(status, engine.config)
        cached = _cache_path(self.path)
        if cached is not None:
            try:
                image, code = decode_pyc(read_regular(cached)[0], stamp)
                return Module.of_image(engine, image, precompiled_supply(image, code))
            except (OSError, DamagedFile):
                pass
        # Code stored beside the source need not be in the cache, too.
        from wasmz.compile.pipeline import compile_module

        module = Module.of_image(engine, compile_module(self._binary(), engine.config))
        if cached is not None and not sys.dont_write_bytecode:
            try:
                os.makedirs(os.path.dirname(cached), exist_ok=True)
                # Readable for those who may read the source.
                mode = _bootstrap_external._calc_mode(self.path)  # type: ignore[attr-defined]
                write_atomically(cached, encode_pyc(module.image, stamp), mode)
            except OSError:
                pass  # as for Python's own modules: the directory is read-only, or the disk is full
        return module

    def _binary(self) -> bytes:
        data = self.get_data(self.path)
        if not self.path.endswith(".wat"):
            return data
        from wasmz.text import assemble

        return assemble(data, self.path)


class _ArchivedLoader(WasmLoader):
    """Loads a module from a file in a zip archive."""

    def __init__(self, fullname: str, path: str, archive: zipimport.zipimporter) -> None:
        super().__init__(fullname, path)
        self.archive = archive

    def get_data(self, path: str) -> bytes:
        return self.archive.get_data(path)

    def is_component(self) -> bool:
        return is_component(self.get_data(self.path)[:8])

    def get_resource_reader(self, name: str | None = None) -> Any:
        """For ``importlib.resources``: reads a package's files. The archive's own reader knows only Python's."""
        from importlib.resources.abc import TraversableResources
        from zipfile import Path

        archive = self.archive.archive
        inside = self.path[len(archive) + 1 :].replace(os.sep, "/")
        folder, _, file = inside.rpartition("/")
        if not file.startswith("__init__."):
            return None

        class Resources(TraversableResources):
            def files(self) -> Path:
                return Path(archive, f"{folder}/")

        return Resources()

    def _compile(self, is_whole: bool = False) -> Module:
        return Module.compile(Engine(_Settings.config), self._binary())


class _Finder(machinery.FileFinder):
    """Finds Python's own kinds of modules in a directory, and after them WebAssembly modules."""

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> machinery.ModuleSpec | None:
        found = super().find_spec(fullname, target)
        if fullname == "pkgutil" and found is not None:
            found.loader = _Taught(found.loader)  # type: ignore[assignment]
        return found


class _Taught:
    """Stands in for the loader of ``pkgutil``, if that is imported later; removes itself after its work."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: machinery.ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self.loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        spec: Any = module.__spec__
        spec.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        _teach_pkgutil()


class _ArchiveFinder(zipimport.zipimporter):
    """Finds Python modules in a zip archive, and after them WebAssembly modules."""

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> machinery.ModuleSpec | None:
        found = super().find_spec(fullname, target)
        if found is not None and found.loader is not None:
            return found
        stem = os.path.join(self.archive, self.prefix + fullname.rpartition(".")[2])
        for middle in (os.sep + "__init__", ""):
            for suffix in SUFFIXES:
                path = stem + middle + suffix
                try:
                    self.get_data(path)
                except OSError:
                    continue
                # Not by a location, which would become absolute: an archive knows its files by its own path.
                return util.spec_from_file_location(
                    fullname,
                    loader=_ArchivedLoader(fullname, path, self),
                    submodule_search_locations=[stem] if middle else None,
                )
        return found


def _make_finder(path: str) -> Any:
    """For ``sys.path_hooks``: replaces CPython's own finders.

    Paths of other hooks stay theirs: frozen applications, editable installs, tools that rewrite sources. If such a tool
    puts other loaders for Python's files into CPython's own finder, this finder uses them, too.
    """
    question = get_ident(), path
    if question in _asking:
        # Called by another hook that asks all hooks.
        raise ImportError("wasmz is asking for this path", path=path)
    _asking.add(question)
    try:
        found = _first_finder(path)
    finally:
        _asking.discard(question)
    kind = type(found)
    if kind is zipimport.zipimporter:
        return _ArchiveFinder(path)
    if kind is machinery.FileFinder:
        ours: Any = _Finder(path)
        ours._loaders = [*found._loaders, *((suffix, WasmLoader) for suffix in SUFFIXES)]
        return ours
    return found


# Threads, and paths for which they are asking the other hooks.
_asking: set[tuple[int, str]] = set()


def _first_finder(path: str) -> Any:
    """The finder that the other hooks return for a path."""
    for hook in sys.path_hooks:
        if hook is not _make_finder:
            try:
                return hook(path)
            except ImportError:
                pass
    raise ImportError("only directories and zip files are supported", path=path)


def _list_archived_modules(finder: _ArchiveFinder, prefix: str = "") -> Iterator[tuple[str, bool]]:
    """Like :func:`_list_modules`, for archives."""
    from pkgutil import iter_zipimport_modules  # type: ignore[attr-defined]

    seen = set()
    for name, is_package in iter_zipimport_modules(finder, prefix):
        seen.add(name)
        yield name, is_package
    inner = len(finder.prefix)
    for path in sorted(zipimport._zip_directory_cache.get(finder.archive, ())):  # type: ignore[attr-defined]
        parts = path[inner:].split(os.sep) if path.startswith(finder.prefix) else []
        stem, suffix = os.path.splitext(parts[-1]) if parts else ("", "")
        is_package = len(parts) == 2 and stem == "__init__"
        entry = parts[0] if is_package else stem
        if suffix not in SUFFIXES or (len(parts) > 1 and not is_package) or entry == "__init__":
            continue
        if prefix + entry not in seen and entry.isidentifier():
            seen.add(prefix + entry)
            yield prefix + entry, is_package


def _list_modules(finder: _Finder, prefix: str = "") -> Iterator[tuple[str, bool]]:
    """For ``pkgutil.iter_modules``: the modules it finds otherwise, and WebAssembly modules."""
    from pkgutil import _iter_file_finder_modules  # type: ignore[attr-defined]

    seen = set()
    for name, is_package in _iter_file_finder_modules(finder, prefix):
        seen.add(name)
        yield name, is_package
    try:
        entries = sorted(os.listdir(finder.path or "."))
    except OSError:
        return
    for entry in entries:
        stem, suffix = os.path.splitext(entry)
        folder = os.path.join(finder.path, entry)
        is_package = any(os.path.isfile(os.path.join(folder, "__init__" + known)) for known in SUFFIXES)
        name = prefix + (entry if is_package else stem)
        if stem == "__init__":
            continue
        if name not in seen and (is_package or suffix in SUFFIXES) and name.removeprefix(prefix).isidentifier():
            seen.add(name)
            yield name, is_package


def _cache_path(path: str) -> str | None:
    """The path of a source file's compiled form; ``None`` if the system has no place for such files."""
    try:
        return f"{util.cache_from_source(path).removesuffix('.pyc')}.wasmz.pyc"
    except NotImplementedError:
        return None


def _stamp(status: os.stat_result, config: Config) -> bytes:
    """Stands for the hash of the source in the header: changes with everything that makes the file stale."""
    parts = (status.st_mtime_ns, status.st_size, *compiler_state(config))
    return blake2b(repr(parts).encode(), digest_size=8).digest()


def _lazily(config: Config) -> Config:
    """The settings for a module that is too large to be compiled as a whole."""
    return config if config.is_lazy else config.replace(compile_mode="smart")


install()
