"""A component's imports and exports as WIT, the language for interfaces of components.

    print_wit(component)   package root:component;

                           world root {
                             import wasi:io/poll@0.2.6;
                             export run: func() -> result;
                           }
                           ...

The interfaces of packages follow, each once. What WIT cannot say, such as an import of a core module, is a comment.
"""

from __future__ import annotations

from wasmz.component.forms import ResourceName
from wasmz.component.notation import block, escaped, function, indented, one_line, signature, structure
from wasmz.component.syntax import Export, Import
from wasmz.component.types import (
    BorrowType,
    EnumType,
    FlagsType,
    FunctionType,
    InstanceType,
    OwnType,
    RecordType,
    TypeBound,
    ValueType,
    VariantType,
)
from wasmz.errors import ImplementationLimit, bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from wasmz.component.syntax import Component
    from wasmz.component.types import ComponentType, ExternType

# Types that share parts can be written a thousand times as long as they are.
_LONGEST_TYPE: Final = 10_000
_LONGEST_TEXT: Final = 32_000_000


def print_wit(component: Component) -> str:
    """What a validated component imports and exports, as WIT.

    Raises:
        ImplementationLimit: it would be longer than 32 MB.
    """
    if component.type is None:
        raise TypeError("component must have been validated")
    return _Printer(component.type, _implemented(component)).world()


def _implemented(component: Component) -> dict[tuple[str, str], str]:
    """The interfaces that instances under plain names implement, by side and name."""
    return {
        ("import" if isinstance(item, Import) else "export", item.name.text): item.name.implements
        for item in component.definitions
        if isinstance(item, (Import, Export)) and item.name.implements is not None
    }


class _Scope:
    """An interface, or the world, while it is printed.

    Attributes:
        key: the interface's name; ``""`` for the world.
        exports: what it consists of, by name.
        names: what types are called in it, by identity.
        structures: likewise by structure, for types that have a name here under another identity.
        uses: types that are used from other interfaces, by their names: (name there, name here).
    """

    __slots__ = ("_texts", "exports", "key", "names", "structures", "uses")

    def __init__(self, key: str, exports: Mapping[str, ExternType]) -> None:
        self.key: str = key
        self.exports: Mapping[str, ExternType] = exports
        self.names: dict[int, str] = {}
        self.structures: dict[object, str] = {}
        self.uses: dict[str, list[tuple[str, str]]] = {}
        self._texts: dict[int, str] = {}
        for name, extern in exports.items():
            if isinstance(extern, TypeBound) and isinstance(extern.type, (ValueType, ResourceName)):
                self.names[id(extern.type)] = name
                same = extern.type.resource if isinstance(extern.type, ResourceName) else extern.type.form
                self.structures.setdefault(same, name)

    def text(self, type: Any) -> str:
        """A type where it is mentioned: its name here, or what it is."""
        name = self.names.get(id(type))
        if name is not None:
            return escaped(name)
        known = self._texts.get(id(type))
        if known is None:
            known = self._texts[id(type)] = bounded(self._written(type), _LONGEST_TYPE)
        return known

    def _written(self, type: Any) -> str:
        if isinstance(type, ResourceName):
            return escaped(self.structures.get(type.resource) or type.name or type.resource.name or "resource")
        if isinstance(type, OwnType):
            return self.text(type.alias)
        if isinstance(type, BorrowType):
            return f"borrow<{self.text(type.alias)}>"
        if isinstance(type, (RecordType, VariantType, FlagsType, EnumType)):
            name = self.structures.get(type.form) or type.name
            return one_line(self.structure(type)) if name is None else escaped(name)
        return self.structure(type)

    def structure(self, type: Any) -> str:
        """What a type is, in lines."""
        return self._written(type) if isinstance(type, BorrowType) else structure(type, self.text)

    def function(self, type: FunctionType, *, prefix: str = "", without_self: bool = False) -> str:
        """The type of a function."""
        return function(type, self.text, prefix=prefix, without_self=without_self)

    def resource(self, name: str) -> str:
        """A resource type with its constructor, methods and static functions."""
        items = []
        for kind, member, extern in members_of(self.exports, name):
            if kind == "constructor":
                items.append(_constructor(self, extern))
            else:
                prefix = "static " if kind == "static" else ""
                text = self.function(extern, prefix=prefix, without_self=kind == "method")
                items.append(f"{escaped(member)}: {text}")
        return block(f"resource {escaped(name)}", items, end=";") if items else f"resource {escaped(name)};"


def members_of(externs: Mapping[str, ExternType], resource: str) -> Iterator[tuple[str, str, FunctionType]]:
    """The functions of a resource: ``constructor``, ``method`` or ``static``, name, and type."""
    for key, extern in externs.items():
        kind, _, rest = key.removeprefix("[").partition("]")
        owner, _, member = rest.partition(".")
        if owner == resource and isinstance(extern, FunctionType):
            yield kind, member, extern


def _constructor(scope: _Scope, type: FunctionType) -> str:
    text = f"constructor{signature(type, scope.text)}"
    # What it makes is said by where it stands.
    return text.rpartition(" -> ")[0] if isinstance(type.result, OwnType) else text


class _Printer:
    __slots__ = ("implemented", "interfaces", "length", "owners", "type")

    def __init__(self, type: ComponentType, implemented: Mapping[tuple[str, str], str]) -> None:
        self.type: ComponentType = type
        self.implemented: Mapping[tuple[str, str], str] = implemented
        self.length: int = 0
        # The instances that are interfaces of packages, by name: those imported go first.
        self.interfaces: dict[str, InstanceType] = {}
        # Where definitions of types can be used from: (interface, name), by identity.
        self.owners: dict[int, tuple[str, str]] = {}
        for side, externs in (("import", type.imports), ("export", type.exports)):
            for name, extern in externs.items():
                key = name if ":" in name else implemented.get((side, name))
                if isinstance(extern, InstanceType) and key is not None:
                    known = self.interfaces.get(key)
                    # An import may have only what is needed of what is exported.
                    self.interfaces[key] = extern if known is None else _merged(known, extern)
                    self._own(key, extern)

    def _own(self, name: str, instance: InstanceType) -> None:
        for label, extern in instance.exports.items():
            if isinstance(extern, TypeBound):
                self.owners.setdefault(id(extern.type), (name, label))

    def world(self) -> str:
        """The world, and the packages of its interfaces."""
        scope = _Scope("", self.type.imports)
        imports, exports = self._side("import", scope), self._side("export", _Scope("", self._with_types()))
        body = "\n\n".join(["\n".join(items) for items in (imports, exports) if items])
        parts = ["package root:component;\n\nworld root {" + (f"\n{indented(body)}" if body else "") + "\n}"]
        packages: dict[str, list[str]] = {}
        for key in self.interfaces:
            packages.setdefault(_package(key), []).append(key)
        for package, keys in packages.items():
            bodies = [
                self._interface(f"interface {escaped(_interface(key))}", key, self.interfaces[key]) for key in keys
            ]
            parts.append(f"package {package} {{\n{indented(chr(10).join(bodies))}\n}}")
        return "\n\n".join(parts) + "\n"

    def _with_types(self) -> dict[str, ExternType]:
        """The exports, with the types that are imported, which they may mention."""
        types = {name: extern for name, extern in self.type.imports.items() if isinstance(extern, TypeBound)}
        return {**types, **self.type.exports}

    def _side(self, what: str, scope: _Scope) -> list[str]:
        """The imports or exports of the world, an item each."""
        items: list[str] = []
        externs = self.type.imports if what == "import" else self.type.exports
        uses = self._find_uses(scope)
        for name, extern in externs.items():
            if isinstance(extern, InstanceType):
                items.append(self._instance(what, name, extern))
            elif isinstance(extern, FunctionType):
                if not name.startswith("["):
                    items.append(f"{what} {escaped(name)}: {scope.function(extern)};")
            elif isinstance(extern, TypeBound):
                text = uses.get(name) or self._definition(scope, name, extern)
                items.append(text if what == "import" else f"// export: {one_line(text)}")
            else:
                items.append(f"// {what} {name}: {extern.kind}")
            self._count(items[-1] if items else "")
        return items

    def _instance(self, what: str, name: str, instance: InstanceType) -> str:
        """An instance that the world imports or exports."""
        if name in self.interfaces:
            return f"{what} {name};"
        implemented = self.implemented.get((what, name))
        if implemented is not None:
            return f"{what} {escaped(name)}: {implemented};"
        return self._interface(f"{what} {escaped(name)}: interface", name, instance)

    def _count(self, text: str) -> None:
        self.length += len(text)
        if self.length > _LONGEST_TEXT:
            raise ImplementationLimit(f"the component's interfaces are longer than {_LONGEST_TEXT:,} characters")

    def _interface(self, head: str, key: str, instance: InstanceType) -> str:
        """An interface with all that is in it."""
        scope = _Scope(key, instance.exports)
        uses = self._find_uses(scope)
        items = list(dict.fromkeys([text for text in uses.values() if text.startswith("use ")]))
        blocks = ["\n".join(items)] if items else []
        functions = []
        for name, extern in instance.exports.items():
            if isinstance(extern, FunctionType):
                if not name.startswith("["):
                    functions.append(f"{escaped(name)}: {scope.function(extern)};")
                    self._count(functions[-1])
            elif not isinstance(extern, TypeBound):
                blocks.append(f"// {name}: {extern.kind}")
            elif not uses.get(name, "").startswith("use "):
                blocks.append(uses.get(name) or self._definition(scope, name, extern))
            self._count(blocks[-1] if blocks else "")
        blocks += functions
        return f"{head} {{\n{indented((chr(10) * 2).join(blocks))}\n}}" if blocks else f"{head} {{\n}}"

    def _find_uses(self, scope: _Scope) -> dict[str, str]:
        """For each type that is defined elsewhere the line that says so."""
        found: dict[str, tuple[str, str]] = {}
        for name, extern in scope.exports.items():
            if isinstance(extern, TypeBound):
                owner = self._owner(scope, name, extern.type)
                if owner is not None:
                    found[name] = owner
        grouped: dict[str, list[str]] = {}
        for name, (key, there) in found.items():
            if key != scope.key:
                renamed = escaped(there) if there == name else f"{escaped(there)} as {escaped(name)}"
                grouped.setdefault(key, []).append(renamed)
        lines = {key: f"use {self._path(scope, key)}.{{{', '.join(names)}}};" for key, names in grouped.items()}
        return {
            name: lines[key] if key != scope.key else f"type {escaped(name)} = {escaped(there)};"
            for name, (key, there) in found.items()
        }

    def _owner(self, scope: _Scope, name: str, type: Any) -> tuple[str, str] | None:
        """Where a type comes from, if it is defined in another interface, or under another name in this one."""
        own = self.owners.get(id(type))
        if own is not None and own[0] != scope.key:
            return own
        for origin in _origins(type):
            here = scope.names.get(id(origin))
            if here is not None and here != name:
                return scope.key, here
            own = self.owners.get(id(origin))
            if own is not None and own != (scope.key, name):
                return own
        return None

    @staticmethod
    def _path(scope: _Scope, key: str) -> str:
        """How an interface is named in another."""
        same = ":" in scope.key and _package(scope.key) == _package(key)
        return escaped(_interface(key)) if same else key

    def _definition(self, scope: _Scope, name: str, extern: TypeBound) -> str:
        """The definition of a type."""
        type = extern.type
        if isinstance(type, ResourceName):
            return scope.resource(name)
        if isinstance(type, (RecordType, VariantType, FlagsType, EnumType)):
            head, brace, rest = scope.structure(type).partition(" {")
            return f"{head} {escaped(name)}{brace}{rest}"
        if isinstance(type, ValueType):
            return f"type {escaped(name)} = {scope.structure(type)};"
        return f"// type {name}: {type.kind}"


def _merged(one: InstanceType, other: InstanceType) -> InstanceType:
    """An instance type with the exports of both."""
    return InstanceType(
        {**one.exports, **{name: item for name, item in other.exports.items() if name not in one.exports}}
    )


def _origins(type: Any) -> Iterator[Any]:
    """What a definition was made of by import or export, and that one, and so on."""
    while (type := getattr(type, "origin", None)) is not None:
        yield type


def _package(key: str) -> str:
    """The package of an interface, with its version."""
    path, at, version = key.partition("@")
    return path.rpartition("/")[0] + at + version


def _interface(key: str) -> str:
    """The interface's own name."""
    return key.partition("@")[0].rpartition("/")[2]
