"""What is known in a component, or in the type of one, as its definitions are validated in order."""

from __future__ import annotations

from wasmz.component.forms import MAX_TYPE_DEPTH, MAX_TYPE_SIZE, Resource, ResourceName
from wasmz.component.layout import Layouts
from wasmz.component.types import ComponentType, FunctionType, InstanceType, ListType, MapType, PrimitiveType, ValueType
from wasmz.errors import ImplementationLimit, InvalidWasm
from wasmz.wasm.proposals import SUPPORTED_PROPOSALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, NoReturn

    from wasmz.component.forms import Form
    from wasmz.component.types import DefinedType, ExternType
    from wasmz.types import ValType
    from wasmz.wasm.proposals import Proposal

# How many types are compared and rewritten for one component, at most. Instances of components multiply types, so that
# a short component could otherwise take hours.
_MOST_WORK: Final = 500_000

COMPONENT: Final = "component"
COMPONENT_TYPE: Final = "component type"
INSTANCE_TYPE: Final = "instance type"


def fail(reason: str, offset: int | None) -> NoReturn:
    """Raises :class:`~wasmz.InvalidWasm`."""
    raise InvalidWasm(reason, offset=offset)


class Context:
    """What the validation of one component and all those in it shares.

    Attributes:
        proposals: those that core modules may be of.
        with_bodies: whether the bodies of core functions are validated, too.
        layouts, wide_layouts: of values in memories with 32-bit and 64-bit addresses.
        work: how much has been done.
    """

    __slots__ = ("_pointers", "layouts", "proposals", "wide_layouts", "with_bodies", "work")

    def __init__(self, proposals: frozenset[Proposal] = SUPPORTED_PROPOSALS, *, with_bodies: bool = True) -> None:
        self.proposals: frozenset[Proposal] = proposals
        self.with_bodies: bool = with_bodies
        self.layouts: Layouts = Layouts(4)
        self.wide_layouts: Layouts = Layouts(8)
        self.work: int = 0
        self._pointers: dict[Form, bool] = {}

    def spend(self, amount: int) -> None:
        """Counts work. ``ImplementationLimit`` when it becomes too much."""
        self.work += amount
        if self.work > _MOST_WORK:
            raise ImplementationLimit(f"the component's types are too many: more than {_MOST_WORK:,} to go through")

    def has_pointer(self, type: ValueType) -> bool:
        """Whether values of a type have parts of any length, for which memory is needed: lists and strings."""
        found = self._pointers.get(type.form)
        if found is None:
            if isinstance(type, PrimitiveType):
                found = type.kind == "string"
            elif isinstance(type, (ListType, MapType)):
                found = True
            elif type.kind in ("stream", "future"):
                found = False
            else:
                found = any(self.has_pointer(part) for part in type.parts())
            self._pointers[type.form] = found
        return found

    def has_pointers(self, types: tuple[ValueType, ...]) -> bool:
        """The same for any of several types."""
        return any(self.has_pointer(type) for type in types)


def check_size(type: ValueType | FunctionType | InstanceType | ComponentType, offset: int | None) -> None:
    """Refuses types that are too large or nested too deep."""
    if type.depth > MAX_TYPE_DEPTH:
        fail(f"type nesting is too deep: more than {MAX_TYPE_DEPTH} types within each other", offset)
    if type.size > MAX_TYPE_SIZE:
        fail(f"effective type size exceeds the limit of {MAX_TYPE_SIZE}", offset)


# What messages call the items of a sort.
_NOUNS: Final = {"func": "function", "core func": "core function"}


class Scope:
    """A component, a component type or an instance type.

    Attributes:
        kind: ``COMPONENT``, ``COMPONENT_TYPE`` or ``INSTANCE_TYPE``.
        outer: the scope that it stands in, or ``None``.
        context: what all scopes share.
        spaces: the index spaces by sort. Of each item its type; of a core instance what it exports; of an item of sort
            ``"type"`` or ``"core type"``, the type that it is.
        imports, exports: by name.
        imported: the resource types that come with imports, and the names from the import's on.
        defined: those that are defined here, or by instances here; with their representation if it is known here.
        explicit: those that are exported, and the names from the export's on.
        places: where each resource type is found; see ``Component.resources``.
        context_type: the core type of what ``context.get`` and ``context.set`` have in common, once there is one.
    """

    __slots__ = (
        *("context", "context_type", "defined", "explicit", "exports", "imported", "imports", "kind", "names"),
        *("outer", "places", "spaces", "visible"),
    )

    def __init__(self, kind: str, outer: Scope | None, context: Context) -> None:
        self.kind: str = kind
        self.outer: Scope | None = outer
        self.context: Context = context
        self.spaces: dict[str, list[Any]] = {}
        self.imports: dict[str, ExternType] = {}
        self.exports: dict[str, ExternType] = {}
        self.imported: dict[Resource, tuple[str, ...]] = {}
        self.defined: dict[Resource, ValType | None] = {}
        self.explicit: dict[Resource, tuple[str, ...]] = {}
        self.places: dict[Resource, tuple[str, int, tuple[str, ...]]] = {}
        self.context_type: ValType | None = None
        self.names: dict[str, Names] = {"import": Names(), "export": Names()}
        # The types that imports and exports may mention, as they have a name outside, by identity.
        self.visible: dict[str, dict[int, object]] = {"import": {}, "export": {}}

    def enclosing(self, count: int, offset: int) -> Scope:
        """The scope that is ``count`` scopes further out."""
        scope: Scope | None = self
        left = count
        while left and scope is not None:
            scope = scope.outer
            left -= 1
        if scope is None:
            fail(f"invalid outer alias count of {count}", offset)
        return scope

    def add(self, sort: str, item: Any) -> int:
        """Adds an item to an index space; its index."""
        space = self.spaces.setdefault(sort, [])
        space.append(item)
        return len(space) - 1

    def at(self, sort: str, index: int, offset: int | None) -> Any:
        """The item of an index space; ``InvalidWasm`` if there is none."""
        space = self.spaces.get(sort, ())
        if index >= len(space):
            noun = _NOUNS.get(sort, sort)
            fail(f"unknown {noun} {index}: {noun} index out of bounds", offset)
        return space[index]

    def type_at(self, index: int, offset: int) -> DefinedType:
        """Item ``index`` of the type index space."""
        type: DefinedType = self.at("type", index, offset)
        return type

    def value_type_at(self, index: int, offset: int) -> ValueType:
        """The same, if it is a type of values."""
        type = self.type_at(index, offset)
        if not isinstance(type, ValueType):
            fail(f"type index {index} is not a defined type", offset)
        return type

    def function_type_at(self, index: int, offset: int) -> FunctionType:
        """The same, if it is a type of functions."""
        type = self.type_at(index, offset)
        if not isinstance(type, FunctionType):
            fail(f"type index {index} is not a function type", offset)
        return type

    def resource_at(self, index: int, offset: int) -> ResourceName:
        """The same, if it is a resource type."""
        type = self.type_at(index, offset)
        if not isinstance(type, ResourceName):
            fail(f"type index {index} is not a resource type", offset)
        return type


class Names:
    """The names of a scope's imports, or of its exports.

    Attributes:
        keys: the names by what no two have in common.
        resources: the labels of the resource types among them, by the identity of their ``ResourceName``.
    """

    __slots__ = ("keys", "resources")

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self.resources: dict[int, str] = {}
