"""A compiled module as users see it: its imports and exports, without the compiler.

module.exports["add"].type            -> (i32, i32) -> i32
[item.name for item in module.imports]
"""

from __future__ import annotations

from _collections_abc import Mapping  # the one of collections.abc, without importing collections

from wasmz.errors import LinkError, bounded, counted, expect, shown
from wasmz.runtime.image import ModuleImage
from wasmz.runtime.link.engine import Engine
from wasmz.startup.concurrency import load
from wasmz.types import ExportType, FuncType, ImportType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType
    from typing import Any, Protocol

    from wasmz.runtime.calls.supply import CodeSupply
    from wasmz.types import DefinedType, ExternType

    class ModuleHandle(Protocol):
        """A counted handle to a module (``ArcModule``)."""

        @property
        def module(self) -> CompiledModule: ...


def module_behind(module: Any) -> Any:
    """The module of a counted handle; anything else as it is."""
    return module.module if hasattr(type(module), "release_unwrap") else module


def import_name(module_name: str, name: str) -> str:
    """The name of an import in messages."""
    return f"{bounded(module_name)}.{bounded(name)}"


def type_text(type: ExternType | None) -> str:
    """The type of an import in messages; ``None`` stands for that of a plain callable."""
    if type is None:
        return "a Python callable"
    return bounded(f"function {type}" if isinstance(type, FuncType) else str(type))


def undefined(item: ImportType) -> str:
    """The message for an import without a definition."""
    return f"import {import_name(item.module_name, item.name)} is not defined: expected {type_text(item.type)}"


def link_error(problems: list[str], missing: Iterable[ImportType]) -> LinkError:
    """The error for imports that cannot be satisfied. It says how to define those that are missing."""
    # Imported only here: it is needed only for messages.
    load("wasmz.runtime.link.families")
    from wasmz.runtime.link.families import hints_for

    return LinkError(problems, hints_for(missing))


class ModuleExports(Mapping[str, ExportType]):
    """A module's exports by name, in order."""

    def __init__(self, image: ModuleImage) -> None:
        self._types = {
            export.name: ExportType(export.name, image.extern_type(export.kind, export.index))
            for export in image.exports
        }

    def __getitem__(self, name: str) -> ExportType:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __repr__(self) -> str:
        return f"ModuleExports({list(self._types.values())})"


class CompiledModule:
    """An immutable compiled module. Threads may share it; any number of instances can be made from it.

    Attributes:
        engine: the engine with whose configuration it was compiled.
        supply: the source of its code, if functions are compiled when they are called; otherwise the image has it.
    """

    # A hash that equal modules share; made when it is needed (see compile/packing.py).
    _identity: bytes | None = None

    def __init__(self, engine: Engine, image: ModuleImage, supply: CodeSupply | None = None) -> None:
        """For compilers and loaders of modules; users call ``Module.compile``."""
        expect(engine, Engine, "engine", "an Engine")
        expect(image, ModuleImage, "image", "a ModuleImage: Module.compile makes modules")
        self.engine = engine
        self.supply = supply
        self._image: ModuleImage | None = image
        self._exports: ModuleExports | None = None

    @property
    def image(self) -> ModuleImage:
        """The module's code and data. ``ValueError`` once the module is closed."""
        image = self._image
        if image is None:
            raise ValueError("the module is closed")
        return image

    @property
    def name(self) -> str | None:
        """The module's own name, from the name section."""
        return self.image.name

    @property
    def exports(self) -> Mapping[str, ExportType]:
        """Typed descriptions of the exports, by name."""
        image = self.image
        exports = self._exports
        if exports is None:
            exports = self._exports = ModuleExports(image)
        return exports

    @property
    def imports(self) -> tuple[ImportType, ...]:
        """Typed descriptions of all imports, in order."""
        return self.image.imports

    @property
    def imported_funcs(self) -> tuple[ImportType, ...]:
        """The imports that are functions."""
        return tuple(item for item in self.image.imports if isinstance(item.type, FuncType))

    @property
    def func_names(self) -> Mapping[int, str]:
        """Names of functions by index, from the name section."""
        return dict(self.image.function_names)

    @property
    def types(self) -> tuple[DefinedType, ...]:
        """The types that the module defines, by index; recursion groups are canonical."""
        return self.image.types

    @property
    def type_names(self) -> Mapping[int, str]:
        """Names of types by index, from the name section."""
        return dict(self.image.type_names)

    @property
    def is_command(self) -> bool:
        """Whether the module is a WASI command: it exports a function ``_start``."""
        return self._exports_procedure("_start")

    @property
    def is_reactor(self) -> bool:
        """Whether the module is a WASI reactor: it exports a function ``_initialize``."""
        return self._exports_procedure("_initialize")

    def custom_sections(self, name: str) -> list[bytes]:
        """The contents of all custom sections with this name, in order (specification 5.5.3)."""
        expect(name, str, "name", "a string")
        return [content for section, content in self.image.custom_sections if section == name]

    def mem_stats(self) -> dict[str, int]:
        """How many functions are compiled, and how many bytes code and data take."""
        image = self.image
        made = image.functions if self.supply is None else self.supply.compiled()
        count = len(image.functions) if self.supply is None else self.supply.function_count
        return {
            "function_count": len(image.body_offsets),
            "compiled_function_count": count,
            "pending_function_count": len(image.body_offsets) - count,
            "code_bytes": sum(len(code.co_code) for function in made for code in function.parts),
            "data_bytes": sum(len(content) for _, content, _, _ in image.data),
        }

    def close(self) -> None:
        """Releases code and data. Existing instances go on; other uses of the module raise ``ValueError``."""
        if self.supply is not None:
            self.supply.save()
        self._image = None
        self._exports = None

    def __enter__(self) -> CompiledModule:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _exports_procedure(self, name: str) -> bool:
        export = self.exports.get(name)
        return export is not None and export.type == FuncType((), ())

    @shown
    def __repr__(self) -> str:
        image = self._image
        if image is None:
            return "<closed Module>"
        name = bounded(image.name) if image.name else "without a name"
        return f"<Module {name}, {counted(len(image.body_offsets), 'function')}>"
