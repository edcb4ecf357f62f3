"""Stub files of components: types of what they export and import, for type checkers and editors.

    render_component_stub(type, "app")     the module that Python imports: its functions, and a class for each interface
    render_bindings(type, "app")           the package that `wasmz bindgen` writes: also what is imported, instantiate()

An interface is a class that has the classes of its types in it; its functions are static methods. Records, variants
and so on are declared as the classes that values have; parameters take what stands for them, too.
"""

from __future__ import annotations

from wasmz.component.binary.decoder import decode_component
from wasmz.component.bindings import BINDINGS, top_level_class
from wasmz.component.forms import ResourceName
from wasmz.component.spelling import (
    attribute_name,
    class_name,
    class_names,
    interface_classes,
    interface_label,
    member_name,
    spellings,
    whole_label,
)
from wasmz.component.types import (
    EnumType,
    FlagsType,
    FunctionType,
    InstanceType,
    RecordType,
    TypeBound,
    VariantType,
)
from wasmz.component.validation.validator import validate_component
from wasmz.component.wit import members_of
from wasmz.ship.stubs import StubNames
from wasmz.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Final

    from wasmz.component.types import ComponentType, ExternType

_HOMES: Final = {
    **dict.fromkeys(("bool", "bytearray", "bytes", "classmethod", "dict", "float", "int", "list"), "builtins"),
    **dict.fromkeys(("memoryview", "object", "staticmethod", "str", "tuple", "type"), "builtins"),
    **dict.fromkeys(("AsyncIterable", "AsyncIterator", "Awaitable"), "collections.abc"),
    **dict.fromkeys(("Callable", "Iterable", "Mapping", "Sequence"), "collections.abc"),
    "Enum": "enum",
    **dict.fromkeys(("Any", "ClassVar", "Protocol", "TypedDict"), "typing"),
    **dict.fromkeys(("Component", "Store", "WasiConfig"), "wasmz"),
    **dict.fromkeys(
        ("Case", "ComponentInstance", "Err", "Flags", "Ok", "Record", "Resource", "Some", "Variant"), "wasmz.component"
    ),
}
_INTEGERS: Final = frozenset({"u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"})
_TEXTS: Final = frozenset({"string", "char"})
_FLOATS: Final = frozenset({"f32", "f64"})
_NAMED: Final = (RecordType, VariantType, EnumType, FlagsType)


def stub_of_component(data: bytes, name: str) -> str:
    """The same for the bytes of a component.

    Raises:
        InvalidWasm, UnsupportedFeature: it is not valid.
    """
    component = decode_component(data)
    validate_component(component)
    if component.type is None:
        raise SystemError("the component is not validated")
    return render_component_stub(component.type, name)


def render_component_stub(type: ComponentType, name: str) -> str:
    """The text of the ``.pyi`` for a component, as its exports are when Python imports it."""
    return _Stub(type, name, with_imports=False).module()


def render_bindings(type: ComponentType, name: str) -> str:
    """The text of the ``.pyi`` of the package that ``wasmz bindgen`` makes of a component."""
    return _Stub(type, name, with_imports=True).bindings()


class _Place:
    """An interface, or the world (whose ``key`` is empty), and the class that stands for it.

    Attributes:
        key: the name in WIT.
        cls: the name of the class; empty for a module.
        externs: what is in it.
        is_import: whether the host implements its resources.
    """

    __slots__ = ("cls", "externs", "is_import", "key")

    def __init__(self, key: str, cls: str, externs: Mapping[str, ExternType], *, is_import: bool) -> None:
        self.key: str = key
        self.cls: str = cls
        self.externs: Mapping[str, ExternType] = externs
        self.is_import: bool = is_import


class _Stub:
    """The text of a stub.

    Attributes:
        exports: the places of what is exported.
        imports: those of what is imported.
        others: those that have only classes of values which exports have, too.
        paths: where the class of a type is, by identity.
        structures: likewise, by what makes classes the same at run time.
        resources: likewise for resource types.
    """

    __slots__ = ("exports", "imports", "name", "names", "others", "paths", "resources", "structures", "type")

    def __init__(self, type: ComponentType, name: str, *, with_imports: bool) -> None:
        self.type: ComponentType = type
        self.name: str = name
        self.paths: dict[int, str] = {}
        self.structures: dict[object, str] = {}
        self.resources: dict[object, str] = {}
        keys = [key for side in (type.imports, type.exports) for key in side if isinstance(side[key], InstanceType)]
        classes = interface_classes(keys, BINDINGS)
        self.imports: list[_Place] = _places(type.imports, classes, "", is_import=True) if with_imports else []
        self.others: list[_Place] = []
        self.exports: list[_Place] = _places(type.exports, classes, "Exports" if with_imports else "", is_import=False)
        if with_imports:
            known = {place.key for place in self.imports} - {""}
            made = _places(type.exports, classes, "", is_import=False)
            self.others = [_values_of(place) for place in made if place.key not in known]
        for place in (*self.imports, *self.others, *self.exports):
            for label, extern in place.externs.items():
                if isinstance(extern, TypeBound):
                    self._note(place, label, extern.type)
        self.names: StubNames = StubNames(set(BINDINGS) | _all_names(type), _HOMES)

    def _note(self, place: _Place, name: str, type: Any) -> None:
        path = f"{place.cls}.{class_name(name)}" if place.cls else self._top_level(name)
        if isinstance(type, ResourceName):
            self.paths[id(type)] = self.resources.setdefault(type.resource, path)
        elif isinstance(type, _NAMED):
            self.paths[id(type)] = self.structures.setdefault(type.shape, path)

    def _top_level(self, name: str) -> str:
        """The class of a type of the world's own: in packages, not one of the package's own names."""
        return top_level_class(name) if self.imports else class_name(name)

    # Types

    def _path(self, type: Any) -> str | None:
        if isinstance(type, ResourceName):
            return self.paths.get(id(type)) or self.resources.get(type.resource)
        return self.paths.get(id(type)) or self.structures.get(type.shape)

    def given(self, type: Any) -> str:
        """The type of a value that Python gets."""
        name = self._simple(type)
        if name is not None:
            return name
        of, kind = self.names.of, type.kind
        if kind in ("list", "fixed-list"):
            return (
                of("bytes") if type.item.kind == "u8" and kind == "list" else f"{of('list')}[{self.given(type.item)}]"
            )
        if kind == "tuple":
            return f"{of('tuple')}[{', '.join([self.given(item) for item in type.items])}]"
        if kind == "map":
            return f"{of('dict')}[{self.given(type.key)}, {self.given(type.value)}]"
        if kind == "option":
            return f"{of('Some') if type.item.kind == 'option' else self.given(type.item)} | None"
        if kind in ("stream", "future"):
            item = type.item
            # Streams of bytes come in chunks.
            is_bytes = kind == "stream" and item is not None and item.kind == "u8"
            given = "None" if item is None else of("bytes") if is_bytes else self.given(item)
            return self._transfer(type, given, is_given=True)
        return self._class(type)

    def taken(self, type: Any) -> str:
        """The type of a value that Python gives: also what stands for others."""
        name = self._simple(type)
        if name is not None:
            return name
        of, kind = self.names.of, type.kind
        if kind in ("list", "fixed-list"):
            items = f"{of('Iterable')}[{self.taken(type.item)}]"
            return (
                f"{of('bytes')} | {of('bytearray')} | {of('memoryview')} | {items}" if type.item.kind == "u8" else items
            )
        if kind == "tuple":
            return f"{of('tuple')}[{', '.join([self.taken(item) for item in type.items])}]"
        if kind == "map":
            return f"{of('Mapping')}[{self.taken(type.key)}, {self.taken(type.value)}]"
        if kind == "option":
            return f"{of('Some') if type.item.kind == 'option' else self.taken(type.item)} | None"
        if kind in ("stream", "future"):
            item = type.item
            is_bytes = kind == "stream" and item is not None and item.kind == "u8"
            taken = "None" if item is None else of("Any") if is_bytes else self.taken(item)
            return self._transfer(type, taken, is_given=False)
        made = self._class(type)
        if kind == "record":
            return f"{made} | {of('Mapping')}[{of('str')}, {of('Any')}]"
        if kind == "variant":
            return f"{made} | {of('str')} | {of('tuple')}[{of('str')}, {of('Any')}]"
        if kind == "enum":
            return f"{made} | {of('str')}"
        return f"{made} | {of('Iterable')}[{of('str')}]" if kind == "flags" else made

    def _simple(self, type: Any) -> str | None:
        """The type of values that are the same in both directions and have no parts."""
        kind = type.kind
        if kind in _INTEGERS:
            return self.names.of("int")
        if kind in _FLOATS:
            return self.names.of("float")
        if kind in _TEXTS:
            return self.names.of("str")
        if kind == "bool":
            return self.names.of("bool")
        if kind == "result":
            return f"{self.names.of('Ok')} | {self.names.of('Err')}"
        return self.names.of("Any") if kind == "error-context" else None

    def _transfer(self, type: Any, item: str, *, is_given: bool) -> str:
        """The type of a stream or future; ``item`` is that of its values."""
        of = self.names.of
        if type.kind == "future":
            return f"{of('Awaitable')}[{item}]" if is_given else f"{of('Awaitable')}[{item}] | {item}"
        if is_given:
            return f"{of('AsyncIterator')}[{item}]"
        return f"{of('AsyncIterable')}[{item}] | {of('Iterable')}[{item}]"

    def _class(self, type: Any) -> str:
        """The class of a record, variant, enum or flags, or of a resource's objects."""
        path = self._path(type.alias if type.kind in ("own", "borrow") else type)
        if path is None:
            return self.names.of("Any")
        if isinstance(type, VariantType):
            return " | ".join([f"{path}.{name}" for name in class_names([label for label, _ in type.cases])])
        return path

    # Declarations

    def function(self, name: str, type: FunctionType, *, is_method: bool = False, from_host: bool = False) -> str:
        """The declaration of a function; ``from_host`` if the host implements it."""
        get, give = (self.given, self.taken) if from_host else (self.taken, self.given)
        params = [f"{attribute_name(label)}: {get(param)}" for label, param in type.params[is_method:]]
        result = type.result
        # A failure is raised.
        if result is not None and result.kind == "result":
            result = result.ok  # type: ignore[attr-defined]
        returned = "None" if result is None else give(result)
        listed = ", ".join([*([_first("self", type.params[1:])] if is_method else []), *params])
        return f"{'async ' if type.is_async else ''}def {name}({listed}) -> {returned}: ..."

    def definition(self, place: _Place, name: str, type: Any) -> list[str]:
        """The lines that declare the class of a type."""
        cls = class_name(name) if place.cls else self._top_level(name)
        path = self._path(type)
        own = f"{place.cls}.{cls}" if place.cls else cls
        if isinstance(type, ResourceName):
            return self._resource(place, name, cls) if path == own else [f"{cls} = {path}"]
        if not isinstance(type, _NAMED):
            return [f"# type {name}: {self.given(type)}"] if hasattr(type, "form") else []
        if path != own:
            return [f"{cls} = {path}"]
        if isinstance(type, RecordType):
            return self._record(cls, type)
        if isinstance(type, VariantType):
            return self._variant(cls, type)
        of = self.names.of
        if isinstance(type, EnumType):
            members = [f"{member_name(label)} = {label!r}" for label in type.labels]
            return _class_lines(cls, f"{of('str')}, {of('Enum')}", members)
        return _class_lines(
            cls, of("Flags"), [f"{member_name(label)} = {1 << n}" for n, label in enumerate(type.labels)]
        )

    def _record(self, cls: str, type: RecordType) -> list[str]:
        fields = [(attribute_name(label), field) for label, field in type.fields]
        params = ", ".join([f"{name}: {self.given(field)}" for name, field in fields])
        lines = [f"__match_args__ = {tuple([name for name, _ in fields])!r}"]
        lines.append(f"def __new__({_first('cls', type.fields)}, {params}) -> {self._class(type)}: ...")
        for name, field in fields:
            lines += ["@property", f"def {name}(self) -> {self.given(field)}: ..."]
        return _class_lines(cls, self.names.of("Record"), lines)

    def _variant(self, cls: str, type: VariantType) -> list[str]:
        lines: list[str] = []
        names = class_names([label for label, _ in type.cases])
        for (_, payload), name in zip(type.cases, names, strict=True):
            inner = []
            path = f"{self._path(type)}.{name}"
            if payload is None:
                inner.append(f"def __new__(cls) -> {path}: ...")
            else:
                given = self.given(payload)
                inner += ["__match_args__ = ('value',)", f"def __new__(cls, value: {given}) -> {path}: ..."]
                inner.append("@property")
                inner.append(f"def value(self) -> {given}: ...")
            lines += _class_lines(name, self.names.of("Case"), inner)
        return _class_lines(cls, self.names.of("Variant"), lines)

    def _resource(self, place: _Place, name: str, cls: str) -> list[str]:
        lines = []
        for kind, member, extern in members_of(place.externs, name):
            if kind == "constructor":
                params = ", ".join([f"{attribute_name(label)}: {self.taken(param)}" for label, param in extern.params])
                first = _first("self", extern.params)
                lines.append(f"def __init__({first}{', ' if params else ''}{params}) -> None: ...")
                continue
            spelled = attribute_name(member)
            spelled = f"{spelled}_" if spelled in ("close", "is_closed") and not place.is_import else spelled
            if kind == "static":
                lines.append(f"@{self.names.of('staticmethod')}")
            lines.append(self.function(spelled, extern, is_method=kind == "method", from_host=place.is_import))
        if place.is_import:
            return _class_lines(cls, self.names.of("Protocol"), lines)
        return _class_lines(cls, self.names.of("Resource"), lines)

    def contents(self, place: _Place, *, functions: bool) -> list[str]:
        """What a place consists of: classes of types, and functions if they are wanted."""
        lines: list[str] = []
        spelled = _spelled(place.externs)
        for name, extern in place.externs.items():
            if isinstance(extern, TypeBound):
                lines += self.definition(place, name, extern.type)
            elif functions and isinstance(extern, FunctionType) and name in spelled:
                if place.cls:
                    lines.append(f"@{self.names.of('staticmethod')}")
                lines.append(self.function(spelled[name], extern))
        return lines

    def _interfaces(self) -> list[str]:
        """How exported interfaces are attributes."""
        spelled = _spelled(self.type.exports)
        places = [place for place in self.exports if place.key in spelled]
        return [f"{spelled[place.key]}: {self.names.of('type')}[{place.cls}]" for place in places]

    # Files

    def module(self) -> str:
        """The stub of the module that Python imports."""
        lines = [f"__wasm_instance__: {self.names.of('ComponentInstance')}"]
        for place in self.exports:
            contents = self.contents(place, functions=True)
            lines += ["", *(_class_lines(place.cls, "", contents) if place.cls else contents)]
        return self._file(f"Component {_plain(self.name)}.", [*lines, "", *self._interfaces()])

    def bindings(self) -> str:
        """The stub of the package that `wasmz bindgen` writes."""
        of = self.names.of
        lines: list[str] = []
        for place in (*self.imports, *self.others):
            contents = self.contents(place, functions=False)
            lines += ["", *(_class_lines(place.cls, "", contents) if place.cls else contents)]
        lines += ["", *self._imports()]
        world = []
        for place in self.exports:
            if place.key:
                lines += ["", *_class_lines(place.cls, "", self.contents(place, functions=True))]
            else:
                world = self.contents(place, functions=True)
        lines += ["", *_class_lines("Exports", "", [*world, *self._interfaces()]), ""]
        instance = ["exports: Exports  # type: ignore[assignment]", "def __enter__(self) -> Instance: ..."]
        lines += _class_lines("Instance", of("ComponentInstance"), instance)
        lines += ["", f"component: {of('Component')}", "", "def instantiate("]
        lines += ["    imports: Imports = ...,", "    *,", f"    store: {of('Store')} | None = None,"]
        lines += [f"    wasi: {of('WasiConfig')} | None = None,", ") -> Instance: ..."]
        return self._file(f"Bindings of component {_plain(self.name)}, made by wasmz {__version__}.", lines)

    def _imports(self) -> list[str]:
        """The protocols of what is imported, and the dictionary of them."""
        of = self.names.of
        lines: list[str] = []
        fields: list[str] = []
        for key, extern in self.type.imports.items():
            if isinstance(extern, FunctionType) and not key.startswith("["):
                params = ", ".join([self.given(param) for _, param in extern.params])
                result = extern.result
                if result is not None and result.kind == "result":
                    result = result.ok  # type: ignore[attr-defined]
                returned = "None" if result is None else self.taken(result)
                fields.append(f"{key!r}: {of('Callable')}[[{params}], {returned}],")
            elif isinstance(extern, InstanceType):
                place = next(place for place in self.imports if place.key == key)
                lines += ["", *self._protocol(place)]
                fields.append(f"{key!r}: {place.cls}Imports,")
            elif isinstance(extern, TypeBound) and isinstance(extern.type, ResourceName):
                fields.append(f"{key!r}: {of('type')}[{of('Any')}],")
        listed = [f"Imports = {of('TypedDict')}(", '    "Imports",', "    {", *[f"        {field}" for field in fields]]
        return [*lines, "", *listed, "    },", "    total=False,", ")"]

    def _protocol(self, place: _Place) -> list[str]:
        """What the host implements for an interface: an object with its functions, and classes for its resources."""
        lines = []
        for name, extern in place.externs.items():
            if isinstance(extern, FunctionType) and not name.startswith("["):
                text = self.function(attribute_name(name), extern, is_method=False, from_host=True)
                first = _first("self", extern.params)
                lines.append(text.replace("(", f"({first}, " if extern.params else f"({first}", 1))
            elif isinstance(extern, TypeBound) and isinstance(extern.type, ResourceName):
                if self._path(extern.type) == f"{place.cls}.{class_name(name)}":
                    of = self.names.of
                    lines += ["@property", f"def {class_name(name)}(self) -> {of('type')}[{of('Any')}]: ..."]
        return _class_lines(f"{place.cls}Imports", self.names.of("Protocol"), lines)

    def _file(self, doc: str, lines: list[str]) -> str:
        return "\n".join([f'"""{doc}"""', "", *self.names.imports(), "", *_spaced(lines)]) + "\n"


def _places(
    externs: Mapping[str, ExternType], classes: Mapping[str, str], suffix: str, *, is_import: bool
) -> list[_Place]:
    """The interfaces of one side, and the world itself, which comes last: it may use their types."""
    places = [
        _Place(key, classes[key] + suffix, extern.exports, is_import=is_import)
        for key, extern in externs.items()
        if isinstance(extern, InstanceType)
    ]
    return [*places, _Place("", suffix, externs, is_import=is_import)]


def _values_of(place: _Place) -> _Place:
    """The same place without the resource types, which each instance has of its own, and without functions."""
    values = {
        name: extern
        for name, extern in place.externs.items()
        if isinstance(extern, TypeBound) and not isinstance(extern.type, ResourceName)
    }
    return _Place(place.key, place.cls, values, is_import=place.is_import)


def _first(name: str, others: Iterable[tuple[str, Any]]) -> str:
    """The name of a first parameter that callers do not give; others may be called the same."""
    return f"{name}_" if any(attribute_name(label) == name for label, _ in others) else name


def _spelled(externs: Mapping[str, ExternType]) -> dict[str, str]:
    """The names in Python by those in WIT."""
    pairs = [(name, _has_class(extern)) for name, extern in externs.items()]
    return {name: spelled for spelled, name in spellings(pairs).items()}


def _has_class(extern: ExternType) -> bool:
    return isinstance(extern, TypeBound) and isinstance(extern.type, (ResourceName, *_NAMED))


def _class_lines(name: str, base: str, lines: list[str]) -> list[str]:
    """A class in lines."""
    head = f"class {name}({base}):" if base else f"class {name}:"
    return [head, *[f"    {line}" for line in lines]] if lines else [f"{head} ..."]


def _spaced(lines: Iterable[str]) -> list[str]:
    """The lines without empty ones after one another."""
    made: list[str] = []
    for line in lines:
        if line or (made and made[-1]):
            made.append(line)
    return made


def _all_names(type: ComponentType) -> set[str]:
    """All names that a stub may declare: types of these names are then named otherwise."""
    found: set[str] = set()
    for externs in (type.imports, type.exports):
        for key, extern in externs.items():
            found |= {
                attribute_name(interface_label(key)),
                class_name(interface_label(key)),
                class_name(whole_label(key)),
            }
            found |= {f"{class_name(interface_label(key))}{side}" for side in ("Imports", "Exports")}
            inner = extern.exports if isinstance(extern, InstanceType) else {key: extern}
            for name, item in inner.items():
                label = name.rpartition("]")[2].rpartition(".")[2]
                found |= {attribute_name(label), class_name(label)}
                if isinstance(item, TypeBound) and isinstance(item.type, (RecordType, VariantType)):
                    parts = item.type.fields if isinstance(item.type, RecordType) else item.type.cases
                    for part, _ in parts:
                        found |= {attribute_name(part), class_name(part)}
                if isinstance(item, FunctionType):
                    found |= {attribute_name(part) for part, _ in item.params}
    return found


def _plain(text: str) -> str:
    """Text that may be anything, without what could end a string."""
    return "".join(c if c.isprintable() and c not in '"\\' else "?" for c in text)
