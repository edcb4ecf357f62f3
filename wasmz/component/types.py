"""The types of the component model, resolved: no index is left in them.

    ListType(U8)                                             list<u8>
    RecordType([("x", F32), ("y", F32)])                     record { x: f32, y: f32 }
    FunctionType([("p", point)], BOOL)                       func(p: point) -> bool
    OwnType(ResourceName(resource, "r"))                     own<r>, of the Resource that is this very object

Types are frozen. They have two equalities. ``==`` compares structures, in constant time: equal types share one
``form``, which serves as a key of dictionaries. ``is`` tells definitions apart: each type that a component imports or
exports by a name is an object of its own, whose ``name`` says so. Printers and generators of bindings go by it; so
does the rule that what an exported function mentions is exported, too.

A ``Resource`` is equal to itself only. In a component's types it stands for a resource type that is known when the
component is instantiated: ``Component.resources`` says where it is found then.
"""

from __future__ import annotations

from wasmz.component.forms import Resource, ResourceName, Structured
from wasmz.component.notation import described
from wasmz.errors import bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import ClassVar, Final

    from wasmz.types import DefinedType as CoreDefinedType
    from wasmz.types import GlobalType, MemoryType, TableType


class ValueType(Structured):
    """The type of a value."""

    __slots__ = ()


class PrimitiveType(ValueType):
    """A type without parts; ``kind`` is its name in WIT: ``"u8"``, ``"string"``, ``"error-context"``."""

    __slots__ = ("kind",)

    kind: str  # type: ignore[misc]

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._set((kind,), (), ())


BOOL: Final = PrimitiveType("bool")
S8: Final = PrimitiveType("s8")
U8: Final = PrimitiveType("u8")
S16: Final = PrimitiveType("s16")
U16: Final = PrimitiveType("u16")
S32: Final = PrimitiveType("s32")
U32: Final = PrimitiveType("u32")
S64: Final = PrimitiveType("s64")
U64: Final = PrimitiveType("u64")
F32: Final = PrimitiveType("f32")
F64: Final = PrimitiveType("f64")
CHAR: Final = PrimitiveType("char")
STRING: Final = PrimitiveType("string")
ERROR_CONTEXT: Final = PrimitiveType("error-context")

# The least and the greatest of the integers of each kind.
INTEGER_BOUNDS: Final[dict[str, tuple[int, int]]] = {
    "u8": (0, 255),
    "u16": (0, 65535),
    "u32": (0, (1 << 32) - 1),
    "u64": (0, (1 << 64) - 1),
    "s8": (-128, 127),
    "s16": (-32768, 32767),
    "s32": (-(1 << 31), (1 << 31) - 1),
    "s64": (-(1 << 63), (1 << 63) - 1),
}


class RecordType(ValueType):
    """A record. ``fields`` are pairs of label and type."""

    __slots__ = ("fields",)

    kind: ClassVar[str] = "record"

    def __init__(self, fields: Iterable[tuple[str, ValueType]]) -> None:
        self.fields: tuple[tuple[str, ValueType], ...] = tuple(fields)
        self._set((self.fields,), tuple([label for label, _ in self.fields]), self.parts())

    def parts(self) -> tuple[ValueType, ...]:
        """The types of its fields."""
        return tuple([type for _, type in self.fields])


class VariantType(ValueType):
    """A variant. ``cases`` are pairs of label and payload, or ``None`` for cases without one."""

    __slots__ = ("cases",)

    kind: ClassVar[str] = "variant"

    def __init__(self, cases: Iterable[tuple[str, ValueType | None]]) -> None:
        self.cases: tuple[tuple[str, ValueType | None], ...] = tuple(cases)
        self._set((self.cases,), tuple([label for label, _ in self.cases]), [type for _, type in self.cases])

    def parts(self) -> tuple[ValueType, ...]:
        """The types of the cases that have a payload."""
        return tuple([type for _, type in self.cases if type is not None])


class ListType(ValueType):
    """A list of any length, of values of type ``item``."""

    __slots__ = ("item",)

    kind: ClassVar[str] = "list"

    def __init__(self, item: ValueType) -> None:
        self.item: ValueType = item
        self._set((item,), (), (item,))

    def parts(self) -> tuple[ValueType, ...]:
        """The type of its items."""
        return (self.item,)


class FixedListType(ValueType):
    """A list of exactly ``length`` values of type ``item``."""

    __slots__ = ("item", "length")

    kind: ClassVar[str] = "fixed-list"

    def __init__(self, item: ValueType, length: int) -> None:
        self.item: ValueType = item
        self.length: int = length
        self._set((item, length), (length,), (item,))

    def parts(self) -> tuple[ValueType, ...]:
        """The type of its items."""
        return (self.item,)


class TupleType(ValueType):
    """A tuple of values of the types ``items``."""

    __slots__ = ("items",)

    kind: ClassVar[str] = "tuple"

    def __init__(self, items: Iterable[ValueType]) -> None:
        self.items: tuple[ValueType, ...] = tuple(items)
        self._set((self.items,), (), self.items)

    def parts(self) -> tuple[ValueType, ...]:
        """The types of its items."""
        return self.items


class FlagsType(ValueType):
    """A set of flags, each of which is set or not. ``labels`` are their names, from the lowest bit on."""

    __slots__ = ("labels",)

    kind: ClassVar[str] = "flags"

    def __init__(self, labels: Iterable[str]) -> None:
        self.labels: tuple[str, ...] = tuple(labels)
        self._set((self.labels,), self.labels, ())


class EnumType(ValueType):
    """One of several names, ``labels``."""

    __slots__ = ("labels",)

    kind: ClassVar[str] = "enum"

    def __init__(self, labels: Iterable[str]) -> None:
        self.labels: tuple[str, ...] = tuple(labels)
        self._set((self.labels,), self.labels, ())


class OptionType(ValueType):
    """A value of type ``item``, or none."""

    __slots__ = ("item",)

    kind: ClassVar[str] = "option"

    def __init__(self, item: ValueType) -> None:
        self.item: ValueType = item
        self._set((item,), (), (item,))

    def parts(self) -> tuple[ValueType, ...]:
        """The type of the value."""
        return (self.item,)


class ResultType(ValueType):
    """Success or failure. ``ok`` and ``error`` are the types of their payloads, or ``None``."""

    __slots__ = ("error", "ok")

    kind: ClassVar[str] = "result"

    def __init__(self, ok: ValueType | None = None, error: ValueType | None = None) -> None:
        self.ok: ValueType | None = ok
        self.error: ValueType | None = error
        self._set((ok, error), (), (ok, error))

    def parts(self) -> tuple[ValueType, ...]:
        """The types of the payloads there are."""
        return tuple([part for part in (self.ok, self.error) if part is not None])


class _HandleType(ValueType):
    __slots__ = ("alias", "resource")

    def __init__(self, alias: ResourceName) -> None:
        self.alias: ResourceName = alias
        self.resource: Resource = alias.resource
        self._set((alias,), (alias.resource,), ())
        self.has_resources = True


class OwnType(_HandleType):
    """A handle that owns an object of type ``resource``. ``alias`` is the name that the type has where this is."""

    __slots__ = ()

    kind: ClassVar[str] = "own"


class BorrowType(_HandleType):
    """A handle to an object of type ``resource``, named ``alias`` here, that is lent for a call."""

    __slots__ = ()

    kind: ClassVar[str] = "borrow"

    def __init__(self, alias: ResourceName) -> None:
        super().__init__(alias)
        self.has_borrow = True


class _TransferType(ValueType):
    __slots__ = ("item",)

    def __init__(self, item: ValueType | None = None) -> None:
        self.item: ValueType | None = item
        self._set((item,), (), (item,))

    def parts(self) -> tuple[ValueType, ...]:
        """The type of the items, if they are anything."""
        return () if self.item is None else (self.item,)


class StreamType(_TransferType):
    """The readable end of a stream of values of type ``item``; without one, of mere signals."""

    __slots__ = ()

    kind: ClassVar[str] = "stream"


class FutureType(_TransferType):
    """The readable end of a future value of type ``item``; without one, of a mere signal."""

    __slots__ = ()

    kind: ClassVar[str] = "future"


class MapType(ValueType):
    """A map from values of type ``key`` to those of type ``value``."""

    __slots__ = ("key", "value")

    kind: ClassVar[str] = "map"

    def __init__(self, key: ValueType, value: ValueType) -> None:
        self.key: ValueType = key
        self.value: ValueType = value
        self._set((key, value), (), (key, value))

    def parts(self) -> tuple[ValueType, ...]:
        """The types of keys and values."""
        return (self.key, self.value)


class FunctionType(Structured):
    """The type of a function.

    Attributes:
        params: pairs of label and type.
        result: the type of its result, or ``None``.
        is_async: whether it is declared ``async``.
    """

    __slots__ = ("is_async", "params", "result")

    kind: ClassVar[str] = "func"

    def __init__(
        self, params: Iterable[tuple[str, ValueType]] = (), result: ValueType | None = None, is_async: bool = False
    ) -> None:
        self.params: tuple[tuple[str, ValueType], ...] = tuple(params)
        self.result: ValueType | None = result
        self.is_async: bool = is_async
        labels = tuple([label for label, _ in self.params])
        self._set((self.params, result, is_async), (labels, is_async), (*[type for _, type in self.params], result))

    def parts(self) -> tuple[ValueType, ...]:
        """The types of its parameters, then of its result if it has one."""
        types = tuple([type for _, type in self.params])
        return types if self.result is None else (*types, self.result)


class CoreModuleType:
    """The type of a core module.

    Attributes:
        imports: by module and name.
        exports: by name.
    """

    __slots__ = ("exports", "imports")

    kind: ClassVar[str] = "core module"

    def __init__(
        self, imports: Mapping[tuple[str, str], CoreExternType], exports: Mapping[str, CoreExternType]
    ) -> None:
        self.imports: Mapping[tuple[str, str], CoreExternType] = imports
        self.exports: Mapping[str, CoreExternType] = exports

    @property
    def size(self) -> int:
        """How many types it consists of."""
        return 1 + len(self.imports) + len(self.exports)

    def __repr__(self) -> str:
        return f"<core module of {bounded(', '.join(self.exports) or 'nothing')}>"


class CoreTag:
    """The type of a core tag; ``type`` is that of a function with what its exceptions carry as parameters."""

    __slots__ = ("type",)

    def __init__(self, type: CoreDefinedType) -> None:
        self.type: CoreDefinedType = type


class TypeBound:
    """A type that is imported or exported: ``type``, one with a structure or the name of a resource type."""

    __slots__ = ("type",)

    kind: ClassVar[str] = "type"

    def __init__(self, type: DefinedType) -> None:
        self.type: DefinedType = type

    @property
    def size(self) -> int:
        """How many types it consists of."""
        return 1 if isinstance(self.type, ResourceName) else self.type.size

    def __repr__(self) -> str:
        known = self.type
        return f"<type {described(known) if isinstance(known, Structured) else getattr(known, 'kind', 'resource')}>"


class ValueBound:
    """The type of a value that is itself imported or exported: ``type``."""

    __slots__ = ("type",)

    kind: ClassVar[str] = "value"

    def __init__(self, type: ValueType) -> None:
        self.type: ValueType = type

    @property
    def size(self) -> int:
        """How many types it consists of."""
        return self.type.size


class InstanceType:
    """The type of an instance.

    Attributes:
        exports: by name.
        resources: the resource types that each instance of this type has of its own. All others that it mentions are
            from around it.
        paths: of all resource types that it exports the names under which, from the outermost on.
        size: how many types it consists of.
        depth: how deep types are nested in it.
        has_resources: whether it mentions any resource type.
        name: under which it is imported or exported, or ``None``.
    """

    __slots__ = ("depth", "exports", "has_resources", "name", "paths", "resources", "size")

    kind: ClassVar[str] = "instance"

    def __init__(self, exports: Mapping[str, ExternType], resources: Iterable[Resource] = ()) -> None:
        self.exports: Mapping[str, ExternType] = exports
        self.resources: tuple[Resource, ...] = tuple(resources)
        self.paths: dict[Resource, tuple[str, ...]] = {}
        for name, extern in exports.items():
            # Of a type with several names the first one counts: the others are of it.
            for resource, path in paths_of(name, extern).items():
                self.paths.setdefault(resource, path)
        self.name: str | None = None
        self.size: int = 1 + sum([extern.size for extern in exports.values()])
        self.depth: int = 1 + _depth_of(exports)
        self.has_resources: bool = _mention_resources(exports)

    def named(self, name: str) -> InstanceType:
        """The same type as a definition of its own, which has this name."""
        made = InstanceType(self.exports, self.resources)
        made.name = name
        return made

    def __repr__(self) -> str:
        return f"<instance of {bounded(', '.join(self.exports) or 'nothing')}>"


def paths_of(name: str, extern: ExternType) -> dict[Resource, tuple[str, ...]]:
    """The resource types that an import or export of this name gives, and under which names."""
    if isinstance(extern, TypeBound) and isinstance(extern.type, ResourceName):
        return {extern.type.resource: (name,)}
    if isinstance(extern, InstanceType):
        return {resource: (name, *path) for resource, path in extern.paths.items()}
    return {}


class ComponentType:
    """The type of a component.

    Attributes:
        imports, exports: by name.
        imported: the resource types that come with the imports, and under which names, from the import's on.
        defined: those that each instance has of its own, and under which names they are exported.
        size, depth, has_resources, name: as those of an ``InstanceType``.
    """

    __slots__ = ("defined", "depth", "exports", "has_resources", "imported", "imports", "name", "size")

    kind: ClassVar[str] = "component"

    def __init__(
        self,
        imports: Mapping[str, ExternType],
        exports: Mapping[str, ExternType],
        imported: Mapping[Resource, tuple[str, ...]] | None = None,
        defined: Mapping[Resource, tuple[str, ...]] | None = None,
    ) -> None:
        self.imports: Mapping[str, ExternType] = imports
        self.exports: Mapping[str, ExternType] = exports
        self.imported: Mapping[Resource, tuple[str, ...]] = imported or {}
        self.defined: Mapping[Resource, tuple[str, ...]] = defined or {}
        self.name: str | None = None
        self.size: int = 1 + sum([extern.size for both in (imports, exports) for extern in both.values()])
        self.depth: int = 1 + max(_depth_of(imports), _depth_of(exports))
        self.has_resources: bool = _mention_resources(imports) or _mention_resources(exports)

    def named(self, name: str) -> ComponentType:
        """The same type as a definition of its own, which has this name."""
        made = ComponentType(self.imports, self.exports, self.imported, self.defined)
        made.name = name
        return made

    def __repr__(self) -> str:
        return f"<component of {bounded(', '.join(self.exports) or 'nothing')}>"


def _depth_of(externs: Mapping[str, ExternType]) -> int:
    depths = [
        getattr(extern.type if isinstance(extern, (TypeBound, ValueBound)) else extern, "depth", 1)
        for extern in externs.values()
    ]
    return max(depths, default=0)


def _mention_resources(externs: Mapping[str, ExternType]) -> bool:
    for extern in externs.values():
        type = extern.type if isinstance(extern, (TypeBound, ValueBound)) else extern
        if isinstance(type, ResourceName) or getattr(type, "has_resources", False):
            return True
    return False


# What may stand at an index of a component's type index space.
DefinedType = ValueType | FunctionType | InstanceType | ComponentType | ResourceName

# What imports and exports may be; the class's ``kind`` is the sort.
ExternType = CoreModuleType | FunctionType | ValueBound | TypeBound | InstanceType | ComponentType

if TYPE_CHECKING:
    # What core modules import and export; of a function, the definition of its type.
    CoreExternType = CoreDefinedType | TableType | MemoryType | GlobalType | CoreTag
