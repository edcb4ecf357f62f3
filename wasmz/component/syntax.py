"""A component as decoded: its definitions in the order in which they stand, and in which they are instantiated.

    (component (core module ...) (core instance (instantiate 0)) (alias core export 0 "f" (core func)) ...)
    -> Component.definitions: [CoreModule, CoreInstantiation, AliasCoreExport, ...]

Each definition that has a ``sort`` adds one item to the index space of that sort: ``"core func"``, ``"core table"``,
``"core memory"``, ``"core global"``, ``"core tag"``, ``"core type"``, ``"core module"``, ``"core instance"``,
``"func"``, ``"value"``, ``"type"``, ``"component"``, ``"instance"``. Indices in other definitions count in these.
Imports and exports add an item, too. A ``Start`` adds ``results`` values.

``WrittenType`` is a type with indices, as decoded; validation resolves it to those of ``types.py``, and fills in the
attributes that are said to be set by validation.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Final

    from wasmz.component.forms import Resource
    from wasmz.component.types import (
        ComponentType,
        CoreModuleType,
        DefinedType,
        ExternType,
        FunctionType,
        InstanceType,
        ValueType,
    )
    from wasmz.types import DefinedType as CoreDefinedType
    from wasmz.types import FuncType, ValType

# By the byte that stands for it in the binary format.
# fmt: off
CORE_SORTS: Final[dict[int, str]] = {
    0x00: "core func", 0x01: "core table", 0x02: "core memory", 0x03: "core global", 0x04: "core tag",
    0x10: "core type", 0x11: "core module", 0x12: "core instance",
}
# fmt: on
SORTS: Final[dict[int, str]] = {0x01: "func", 0x02: "value", 0x03: "type", 0x04: "component", 0x05: "instance"}


class Part:
    """The base of what a component consists of: each part is equal to itself only.

    Attributes:
        offset: where it begins in the file.
    """

    __slots__: tuple[str, ...] = ()

    offset: int

    def __repr__(self) -> str:
        names = [name for kind in type(self).__mro__ for name in getattr(kind, "__slots__", ())]
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in names if hasattr(self, name))
        return f"{type(self).__name__}({fields})"


class WrittenType(Part):
    """A type as decoded.

    Attributes:
        form: ``"bool"`` and so on for primitive types; ``"record"``, ``"variant"``, ``"list"``, ``"fixed-list"``,
            ``"tuple"``, ``"flags"``, ``"enum"``, ``"option"``, ``"result"``, ``"own"``, ``"borrow"``, ``"stream"``,
            ``"future"``, ``"map"``, ``"func"``, ``"component"``, ``"instance"``, ``"resource"``.
        content: what it consists of, by form. Types of values in it are a type index, the name of a primitive type, or
            ``None``.
    """

    __slots__ = ("content", "form", "offset")

    def __init__(self, form: str, content: Any, offset: int) -> None:
        self.form: str = form
        self.content: Any = content
        self.offset: int = offset


# A type of values as written in another: a type index, or the name of a primitive type.
Reference = int | str


class Name(Part):
    """The name of an import or export, with its attributes.

    Attributes:
        text: the name.
        implements: the interface that an instance under a plain name implements, or ``None``.
        version_suffix: what is cut off from a version in the name, or ``None``.
        external_id: an identifier for other systems, or ``None``.
    """

    __slots__ = ("external_id", "implements", "offset", "text", "version_suffix")

    def __init__(
        self,
        text: str,
        offset: int,
        implements: str | None = None,
        version_suffix: str | None = None,
        external_id: str | None = None,
    ) -> None:
        self.text: str = text
        self.offset: int = offset
        self.implements: str | None = implements
        self.version_suffix: str | None = version_suffix
        self.external_id: str | None = external_id


class WrittenExtern(Part):
    """What kind of thing an import or export is, as decoded.

    Attributes:
        sort: ``"core module"``, ``"func"``, ``"value"``, ``"type"``, ``"component"`` or ``"instance"``.
        bound: of types ``"eq"`` or ``"resource"``, of values ``"eq"`` or ``"type"``; otherwise ``""``.
        content: the index of its type (of the equal type or value); a ``Reference`` for ``"type"``; or ``None``.
    """

    __slots__ = ("bound", "content", "offset", "sort")

    def __init__(self, sort: str, bound: str, content: Reference | None, offset: int) -> None:
        self.sort: str = sort
        self.bound: str = bound
        self.content: Reference | None = content
        self.offset: int = offset


class SortedIndex:
    """An item of an index space: number ``index`` of ``sort``."""

    __slots__ = ("index", "sort")

    def __init__(self, sort: str, index: int) -> None:
        self.sort: str = sort
        self.index: int = index

    def __repr__(self) -> str:
        return f"{self.sort} {self.index}"


class Options(Part):
    """The options of a canonical definition.

    Attributes:
        encoding: of strings: ``"utf8"``, ``"utf16"`` or ``"latin1+utf16"``.
        memory: index of the core memory, or ``None``.
        realloc, post_return, callback: indices of core functions, or ``None``.
        is_async: whether the asynchronous calling convention is used.
        pointer: the size of the memory's addresses, 4 or 8; set by validation.
    """

    __slots__ = ("callback", "encoding", "is_async", "memory", "offset", "pointer", "post_return", "realloc")

    def __init__(self, offset: int) -> None:
        self.encoding: str = "utf8"
        self.memory: int | None = None
        self.realloc: int | None = None
        self.post_return: int | None = None
        self.callback: int | None = None
        self.is_async: bool = False
        self.pointer: int = 4
        self.offset: int = offset


class Definition(Part):
    """One definition of a component.

    Attributes:
        sort: of the item that it adds to an index space; ``""`` if it adds none, or several.
    """

    __slots__ = ("offset",)

    sort: ClassVar[str] = ""

    def __init__(self, offset: int) -> None:
        self.offset: int = offset


class CoreModule(Definition):
    """A core module: the bytes from ``start`` to ``end`` of the file.

    Attributes:
        type: what it imports and exports; set by validation.
    """

    __slots__ = ("end", "start", "type")

    sort = "core module"

    def __init__(self, start: int, end: int, offset: int) -> None:
        super().__init__(offset)
        self.start: int = start
        self.end: int = end
        self.type: CoreModuleType | None = None


class CoreInstantiation(Definition):
    """An instance of core module ``module``. ``arguments`` are the names that it imports from, and core instances."""

    __slots__ = ("arguments", "module")

    sort = "core instance"

    def __init__(self, module: int, arguments: list[tuple[str, int]], offset: int) -> None:
        super().__init__(offset)
        self.module: int = module
        self.arguments: list[tuple[str, int]] = arguments


class CoreExports(Definition):
    """A core instance that consists of items there are. ``exports`` are pairs of name and item."""

    __slots__ = ("exports",)

    sort = "core instance"

    def __init__(self, exports: list[tuple[str, SortedIndex]], offset: int) -> None:
        super().__init__(offset)
        self.exports: list[tuple[str, SortedIndex]] = exports


class CoreTypeDefinition(Definition):
    """A core type: ``type``, of a function, structure or array, or of a module."""

    __slots__ = ("type",)

    sort = "core type"

    def __init__(self, type: CoreDefinedType | CoreModuleType, offset: int) -> None:
        super().__init__(offset)
        self.type: CoreDefinedType | CoreModuleType = type


class ComponentDefinition(Definition):
    """A component inside the component: ``component``."""

    __slots__ = ("component",)

    sort = "component"

    def __init__(self, component: Component, offset: int) -> None:
        super().__init__(offset)
        self.component: Component = component


class Instantiation(Definition):
    """An instance of component ``component``. ``arguments`` are the names of its imports, and items for them.

    Attributes:
        type: the instance's type; set by validation.
    """

    __slots__ = ("arguments", "component", "type")

    sort = "instance"

    def __init__(self, component: int, arguments: list[tuple[str, SortedIndex]], offset: int) -> None:
        super().__init__(offset)
        self.component: int = component
        self.arguments: list[tuple[str, SortedIndex]] = arguments
        self.type: InstanceType | None = None


class InstanceExports(Definition):
    """An instance that consists of items there are. ``exports`` are pairs of name and item.

    Attributes:
        type: the instance's type; set by validation.
    """

    __slots__ = ("exports", "type")

    sort = "instance"

    def __init__(self, exports: list[tuple[Name, SortedIndex]], offset: int) -> None:
        super().__init__(offset)
        self.exports: list[tuple[Name, SortedIndex]] = exports
        self.type: InstanceType | None = None


class _Sorted(Definition):
    __slots__ = ("sort",)

    sort: str  # type: ignore[misc]

    def __init__(self, sort: str, offset: int) -> None:
        super().__init__(offset)
        self.sort = sort


class AliasExport(_Sorted):
    """What instance ``instance`` exports under ``name``."""

    __slots__ = ("instance", "name")

    def __init__(self, sort: str, instance: int, name: str, offset: int) -> None:
        super().__init__(sort, offset)
        self.instance: int = instance
        self.name: str = name


class AliasCoreExport(_Sorted):
    """What core instance ``instance`` exports under ``name``."""

    __slots__ = ("instance", "name")

    def __init__(self, sort: str, instance: int, name: str, offset: int) -> None:
        super().__init__(sort, offset)
        self.instance: int = instance
        self.name: str = name


class AliasOuter(_Sorted):
    """Item ``index`` of the scope that is ``count`` scopes further out: 0 is the one that the alias stands in."""

    __slots__ = ("count", "index")

    def __init__(self, sort: str, count: int, index: int, offset: int) -> None:
        super().__init__(sort, offset)
        self.count: int = count
        self.index: int = index


class TypeDefinition(Definition):
    """A type.

    Attributes:
        written: as decoded. The content of its form:

            * ``record``: pairs (label, Reference); ``variant``: pairs (label, Reference or ``None``)
            * ``list``, ``option``: a Reference; ``stream``, ``future``: a Reference or ``None``
            * ``fixed-list``: (Reference, length); ``map``: (Reference, Reference); ``tuple``: References
            * ``flags``, ``enum``: labels
            * ``result``: (Reference or ``None``, Reference or ``None``)
            * ``own``, ``borrow``: a type index
            * ``func``: (pairs (label, Reference), Reference or ``None``, whether it is ``async``)
            * ``component``, ``instance``: declarations, which are definitions: ``CoreTypeDefinition``,
              ``TypeDefinition``, ``AliasExport``, ``AliasOuter``, ``Import``, ``ExportDeclaration``
            * ``resource``: (ValType, destructor's index or ``None``)
        type: the type, resolved (of a resource type its name in this scope); set by validation.
    """

    __slots__ = ("type", "written")

    sort = "type"

    def __init__(self, written: WrittenType, offset: int) -> None:
        super().__init__(offset)
        self.written: WrittenType = written
        self.type: DefinedType | None = None


class Lift(Definition):
    """A function made of core function ``core_function``, of type ``type_index``.

    Attributes:
        type: resolved; set by validation.
    """

    __slots__ = ("core_function", "options", "type", "type_index")

    sort = "func"

    def __init__(self, core_function: int, options: Options, type_index: int, offset: int) -> None:
        super().__init__(offset)
        self.core_function: int = core_function
        self.options: Options = options
        self.type_index: int = type_index
        self.type: FunctionType | None = None


class Lower(Definition):
    """A core function made of function ``function``.

    Attributes:
        type: the function's, resolved; set by validation.
        core_type: the core function's; set by validation.
    """

    __slots__ = ("core_type", "function", "options", "type")

    sort = "core func"

    def __init__(self, function: int, options: Options, offset: int) -> None:
        super().__init__(offset)
        self.function: int = function
        self.options: Options = options
        self.type: FunctionType | None = None
        self.core_type: FuncType | None = None


class BuiltIn(Definition):
    """A core function of the canonical ABI itself.

    Attributes:
        name: as in the text format: ``"resource.new"``, ``"stream.cancel-read"``, ``"waitable-set.wait"``.
        type_index: of the resource, stream or future type; of the core function type for ``thread.*``; or ``None``.
        result: of ``task.return`` the type of the result, or ``None``.
        options: of those that have some; for ``waitable-set.wait`` and ``.poll``, they have the memory only.
        is_async: of ``subtask.cancel`` and ``*.cancel-*``: whether it returns instead of blocking.
        is_cancellable: whether a cancellation may interrupt it.
        slot: of ``context.get`` and ``context.set``.
        value_type: of the slot, for those.
        table: index of the core table for ``thread.new-indirect``, or ``None``.
        type: resolved: a ``Resource`` for ``resource.*``, the stream's or future's type for those, the result's for
            ``task.return``, otherwise ``None``; set by validation.
        core_type: the function's own type; set by validation.
    """

    __slots__ = (
        *("core_type", "is_async", "is_cancellable", "name", "options", "result", "slot", "table", "type"),
        *("type_index", "value_type"),
    )

    sort = "core func"

    def __init__(self, name: str, offset: int) -> None:
        super().__init__(offset)
        self.name: str = name
        self.type_index: int | None = None
        self.result: Reference | None = None
        self.options: Options | None = None
        self.is_async: bool = False
        self.is_cancellable: bool = False
        self.slot: int = 0
        self.value_type: ValType | None = None
        self.table: int | None = None
        self.type: Resource | ValueType | None = None
        self.core_type: FuncType | None = None


class Start(Definition):
    """A call of function ``function`` when the component is instantiated, with the values ``arguments``.

    It adds ``results`` values to their index space.
    """

    __slots__ = ("arguments", "function", "results")

    def __init__(self, function: int, arguments: list[int], results: int, offset: int) -> None:
        super().__init__(offset)
        self.function: int = function
        self.arguments: list[int] = arguments
        self.results: int = results


class Import(_Sorted):
    """An import, in components and their types.

    Attributes:
        name: its name.
        extern: what it is, as decoded.
        type: resolved; set by validation.
    """

    __slots__ = ("extern", "name", "type")

    def __init__(self, name: Name, extern: WrittenExtern, offset: int) -> None:
        super().__init__(extern.sort, offset)
        self.name: Name = name
        self.extern: WrittenExtern = extern
        self.type: ExternType | None = None


class Export(_Sorted):
    """An export of a component: item ``index`` of its sort; what is exported is a new item of that sort.

    Attributes:
        name: its name.
        index: of the item.
        extern: the type that it is exported with, as decoded; ``None`` for its own.
        type: resolved; set by validation.
    """

    __slots__ = ("extern", "index", "name", "type")

    def __init__(self, name: Name, item: SortedIndex, extern: WrittenExtern | None, offset: int) -> None:
        super().__init__(item.sort, offset)
        self.name: Name = name
        self.index: int = item.index
        self.extern: WrittenExtern | None = extern
        self.type: ExternType | None = None


class ExportDeclaration(_Sorted):
    """An export in the type of a component or instance: its name, and what it is."""

    __slots__ = ("extern", "name")

    def __init__(self, name: Name, extern: WrittenExtern, offset: int) -> None:
        super().__init__(extern.sort, offset)
        self.name: Name = name
        self.extern: WrittenExtern = extern


class CustomSection(Part):
    """A custom section; ``start`` and ``end`` bound its content after the name."""

    __slots__ = ("end", "name", "offset", "start")

    def __init__(self, name: str, start: int, end: int, offset: int) -> None:
        self.name: str = name
        self.start: int = start
        self.end: int = end
        self.offset: int = offset


class Section(Part):
    """A section: its number ``id``, how many definitions come ``first``, and the ``end`` of its content."""

    __slots__ = ("end", "first", "id", "offset")

    def __init__(self, id: int, first: int, offset: int, end: int) -> None:
        self.id: int = id
        self.first: int = first
        self.offset: int = offset
        self.end: int = end


class Component(Part):
    """A decoded component.

    Attributes:
        data: the bytes of the whole file. All offsets count in it, those of nested components, too.
        start, end: the part of it that is this component.
        definitions: in order.
        sections: those that they come from, in order.
        custom_sections: likewise.
        type: what it imports and exports; set by validation.
        resources: the resource types that its definitions mention, and where each is found when it is instantiated:
            ``("type", index, ())`` is an item of the type index space, ``("instance", index, names)`` what an instance
            exports, the names from the instance's own exports on; set by validation.
        names: what the name section says: by sort, then by index.
        name: the component's own name, or ``None``.
    """

    __slots__ = (
        *(
            "custom_sections",
            "data",
            "definitions",
            "end",
            "name",
            "names",
            "offset",
            "resources",
            "sections",
            "start",
            "type",
        ),
    )

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data: bytes = data
        self.start: int = start
        self.end: int = end
        self.offset: int = start
        self.definitions: list[Definition] = []
        self.sections: list[Section] = []
        self.custom_sections: list[CustomSection] = []
        self.type: ComponentType | None = None
        self.resources: dict[Resource, tuple[str, int, tuple[str, ...]]] = {}
        self.name: str | None = None
        self.names: dict[str, dict[int, str]] = {}
