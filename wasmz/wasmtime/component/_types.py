"""Types of components, and of what they import and export.

component.type.imports(engine)["log"].ty.params         [("text", String())]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Union

import wasmz
from wasmz.wasmtime._engine import Engine
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._managed import Managed
from wasmz.wasmtime._types import ExportType, ImportType, listed
from wasmz.wasmtime.component._plain import (
    F32,
    F64,
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Bool,
    Char,
    ErrorContext,
    String,
    ValType,
)
from wasmz.wasmtime.component._resource_type import ResourceType, resource_type
from wasmz.wasmtime.component._values import (
    BorrowType,
    Composite,
    EnumType,
    FlagsType,
    FutureType,
    ListType,
    OptionType,
    OwnType,
    Record,
    RecordType,
    ResultType,
    Scope,
    StreamType,
    TupleType,
    Variant,
    VariantLikeType,
    VariantType,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class _WithItems(Managed[Any]):
    """The type of something that has items by name."""

    # wasmz's type.
    _own: Any
    _scope: Scope

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: components have such types."""
        raise WasmtimeError(f"Cannot directly construct a `{type(self).__name__}`")

    def _items(self, engine: Engine, externs: Mapping[str, Any]) -> dict[str, ComponentExtern]:
        self._check_open()
        engine._live()
        return {name: _extern(own, self._scope) for name, own in externs.items()}


class ComponentType(_WithItems):
    """The type of a component."""

    def imports(self, engine: Engine) -> dict[str, ComponentExtern]:
        """What it imports, by name: nothing of types that are known anyway."""
        needed = {name: own for name, own in self._own.imports.items() if own.kind != "type" or is_resource(own)}
        return self._items(engine, needed)

    def exports(self, engine: Engine) -> dict[str, ComponentExtern]:
        """What it exports, by name."""
        return self._items(engine, self._own.exports)


class ComponentInstanceType(_WithItems):
    """The type of an instance of a component: an interface."""

    def exports(self, engine: Engine) -> dict[str, ComponentExtern]:
        """What it exports, by name."""
        return self._items(engine, self._own.exports)


class ModuleType(Managed[Any]):
    """The type of a core module."""

    _own: Any
    _scope: Scope

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: components have such types."""
        raise WasmtimeError("Cannot directly construct a `ModuleType`")

    def imports(self, engine: Engine) -> list[ImportType]:
        """What it imports, in order."""
        self._check_open()
        engine._live()
        items = self._own.imports.items()
        return [listed(ImportType, wasmz.ImportType(module, name, _core_type(own))) for (module, name), own in items]

    def exports(self, engine: Engine) -> list[ExportType]:
        """What it exports, in order."""
        self._check_open()
        engine._live()
        return [listed(ExportType, wasmz.ExportType(name, _core_type(own))) for name, own in self._own.exports.items()]


def _core_type(own: Any) -> Any:
    """The type of an import or export of a core module; a tag's is known by that of its function."""
    inner = getattr(own, "type", None)
    if isinstance(inner, wasmz.DefinedType):
        return wasmz.TagType(function_type(inner))
    return function_type(own) if isinstance(own, wasmz.DefinedType) else own


def function_type(defined: Any) -> wasmz.FuncType:
    """The type of a core function from its definition."""
    found = defined.composite
    if not isinstance(found, wasmz.FuncType):
        raise TypeError("the type of a core function is none")
    return found


class FuncType(Composite):
    """The type of a function."""

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: components have such types."""
        raise WasmtimeError("Cannot directly construct a `FuncType`")

    @property
    def params(self) -> list[tuple[str, ValType]]:
        """Names and types of its parameters."""
        self._check_open()
        return [(name, self._part(type)) for name, type in self._own.params]

    @property
    def result(self) -> ValType | None:
        """The type of its result, if it has one."""
        made: ValType | None = self._part(self._own.result)
        return made

    def __eq__(self, other: object) -> bool:
        # The binding does not compare them.
        return self is other

    def __hash__(self) -> int:  # type: ignore[override]
        return object.__hash__(self)


class ComponentExtern(Managed[Any]):
    """What a component imports or exports. Before version 47 of the binding there was its type instead: so this has the
    type's attributes, too, and is an instance of its class.
    """

    _ty: Any
    _make: Any

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: types of components have them."""
        raise WasmtimeError("Cannot directly construct a `ComponentExtern`")

    @property
    def ty(self) -> ComponentItem:
        """Its type."""
        self._check_open()
        made: ComponentItem = self._make()
        return made

    @property
    def implements(self) -> str | None:
        """The interface that an import of another name implements: never known."""
        self._check_open()
        return None

    def is_implements(self, s: str) -> bool:
        """Whether :attr:`implements` is this interface."""
        self._check_open()
        s.encode()
        return False

    @property
    def external_id(self) -> str | None:
        """An identifier that a toolchain gave: never known."""
        self._check_open()
        return None

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._ty)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._ty, name)

    def __eq__(self, other: object) -> bool:
        if type(other) is ComponentExtern:
            other = other._ty
        return bool(self._ty == other)

    __hash__: ClassVar[None]  # type: ignore[assignment]


ComponentItem = Union[ComponentType, ModuleType, ComponentInstanceType, ResourceType, ValType, FuncType]


def _extern(own: Any, scope: Scope) -> ComponentExtern:
    made = ComponentExtern.__new__(ComponentExtern)
    made._make = lambda: item_type(own, scope)
    made._ty = made._make()
    return made


def is_resource(own: Any) -> bool:
    """Whether an import or export is a resource type."""
    return bool(own.kind == "type" and not hasattr(own.type, "kind"))


def item_type(own: Any, scope: Scope) -> Any:
    """The type of an import or export for that of wasmz's. ``TypeError``: the binding has none."""
    if own.kind == "type":
        if is_resource(own):
            return scope.resolve(own.type.resource)
        return item_type(own.type, scope)
    cls = _ITEMS.get(own.kind)
    if cls is None:
        return scope.type_of(own)
    made = cls.__new__(cls)
    made._own, made._scope = own, scope
    return made


_ITEMS: dict[str, Any] = {
    "component": ComponentType,
    "core module": ModuleType,
    "instance": ComponentInstanceType,
    "func": FuncType,
}


def _uninstantiated(resource: Any) -> ResourceType:
    return resource_type("type", resource)


def component_type(own: Any) -> ComponentType:
    """The type of a component for wasmz's."""
    made: ComponentType = item_type(own, Scope(_uninstantiated))
    return made


__all__ = [
    "F32",
    "F64",
    "S8",
    "S16",
    "S32",
    "S64",
    "U8",
    "U16",
    "U32",
    "U64",
    "Bool",
    "BorrowType",
    "Char",
    "ComponentExtern",
    "ComponentInstanceType",
    "ComponentItem",
    "ComponentType",
    "EnumType",
    "ErrorContext",
    "FlagsType",
    "FuncType",
    "FutureType",
    "ListType",
    "ModuleType",
    "OptionType",
    "OwnType",
    "Record",
    "RecordType",
    "ResourceType",
    "ResultType",
    "StreamType",
    "String",
    "TupleType",
    "ValType",
    "Variant",
    "VariantLikeType",
    "VariantType",
    "component_type",
    "function_type",
    "is_resource",
    "item_type",
]
