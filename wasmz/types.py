"""The type system of WebAssembly 3.0 (specification, section 2.3 "Types").

Types are values: equal types are the *same object*, so they can be compared by identity everywhere.

    ValType.I32                                   a number type
    ValType.FUNCREF                               RefType(HeapType.FUNC, nullable=True)
    RefType(defined, nullable=False)              a reference to a type that a module defines
    FuncType((ValType.I32,), (ValType.I32,))      a function's parameters and results
    define_group([SubType(...), ...])             a recursion group -> its canonical DefinedTypes
"""

from __future__ import annotations

from wasmz.errors import bounded, expect, expect_integer, expect_iterable, shown
from wasmz.startup.concurrency import new_lock
from wasmz.startup.light import WeakValueDictionary
from wasmz.startup.records import Enumeration, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import ClassVar

PAGE_BYTES = 65_536

# The address space of 32-bit addresses, without its last page. Optimised code may assume that memories are no larger:
# then an address that was accessed can be increased by up to a page without wrapping. Such code has a name that says so
# (docs/abi.md, "The last page"), and the memory is kept from growing further.
MEMORY32_LIMIT_BYTES = 2**32 - PAGE_BYTES


class ValType:
    """The type of a value: a number, a vector or a reference (specification 2.3.1-2.3.5).

    Members are ``I32 I64 F32 F64 V128`` and, for references, ``FUNCREF EXTERNREF ANYREF EQREF I31REF STRUCTREF
    ARRAYREF EXNREF NULLREF NULLFUNCREF NULLEXTERNREF NULLEXNREF``; any other reference is a :class:`RefType`.
    """

    __slots__ = ("__weakref__", "_name")

    _name: str

    I32: ClassVar[ValType]
    I64: ClassVar[ValType]
    F32: ClassVar[ValType]
    F64: ClassVar[ValType]
    V128: ClassVar[ValType]
    FUNCREF: ClassVar[RefType]
    EXTERNREF: ClassVar[RefType]
    ANYREF: ClassVar[RefType]
    EQREF: ClassVar[RefType]
    I31REF: ClassVar[RefType]
    STRUCTREF: ClassVar[RefType]
    ARRAYREF: ClassVar[RefType]
    EXNREF: ClassVar[RefType]
    NULLREF: ClassVar[RefType]
    NULLFUNCREF: ClassVar[RefType]
    NULLEXTERNREF: ClassVar[RefType]
    NULLEXNREF: ClassVar[RefType]

    def __new__(cls, name: str) -> ValType:
        """The number or vector type with this name, such as ``"i32"``.

        Raises:
            TypeError, ValueError: there is no such type.
        """
        if not isinstance(name, str):
            raise TypeError(f"name must be a string, not {bounded(repr(name))}")
        found = _NUMBER_TYPES.get(name)
        if found is None:
            raise ValueError(f"name must be one of {', '.join(_NUMBER_TYPES)}, not {bounded(repr(name))}")
        return found

    @property
    def name(self) -> str:
        """The type in the text format."""
        return self._name

    @shown
    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[object, ...]:
        return (ValType, (self.name,))

    @property
    def is_reference(self) -> bool:
        """Whether values of this type are references."""
        return False


def internal_type(name: str) -> ValType:
    """A type of values that only the compiler uses; modules cannot name it."""
    made = object.__new__(ValType)
    made._name = name
    return made


_NUMBER_TYPES: dict[str, ValType] = {name: internal_type(name) for name in ("i32", "i64", "f32", "f64", "v128")}
for _name, _type in _NUMBER_TYPES.items():
    setattr(ValType, _name.upper(), _type)
del _name, _type


class HeapType(Enumeration):
    """The abstract heap types (specification 2.3.3)."""

    FUNC = "func"
    EXTERN = "extern"
    ANY = "any"
    EQ = "eq"
    I31 = "i31"
    STRUCT = "struct"
    ARRAY = "array"
    EXN = "exn"
    NONE = "none"
    NOFUNC = "nofunc"
    NOEXTERN = "noextern"
    NOEXN = "noexn"

    def __repr__(self) -> str:
        return self.value


class RefType(ValType):
    """A reference to values of a heap type: ``RefType(HeapType.FUNC, nullable=True)`` (specification 2.3.4).

    Attributes:
        heap_type: the type that it refers to: an abstract type, or one that a module defines.
        nullable: whether it may be null.
        exact: whether it refers only to values of this defined type, not of its subtypes (proposal "custom
            descriptors").
    """

    __slots__ = ("exact", "heap_type", "nullable")

    heap_type: HeapType | DefinedType
    nullable: bool
    exact: bool

    def __new__(cls, heap_type: HeapType | DefinedType, nullable: bool = True, exact: bool = False) -> RefType:
        """The reference type with these properties; there is one object for each.

        Raises:
            TypeError: ``heap_type`` is not a heap type.
        """
        # Defined types keep their reference types, so both can be garbage-collected together.
        if not isinstance(heap_type, (HeapType, DefinedType)):
            raise TypeError(f"heap_type must be a HeapType or a DefinedType, not {bounded(repr(heap_type))}")
        expect(nullable, int, "nullable", "a bool")
        expect(exact, int, "exact", "a bool")
        known = _ABSTRACT_REFS.setdefault(heap_type, {}) if isinstance(heap_type, HeapType) else heap_type.references
        key = bool(nullable) + 2 * exact
        found = known.get(key)
        if found is None:
            found = object.__new__(cls)
            found.heap_type = heap_type
            found.nullable = nullable
            found.exact = exact
            found = known.setdefault(key, found)
        return found

    def __init__(self, heap_type: HeapType | DefinedType, nullable: bool = True, exact: bool = False) -> None:
        # __new__ does everything; it may return a type made earlier.
        pass

    def __reduce__(self) -> tuple[object, ...]:
        return (RefType, (self.heap_type, self.nullable, self.exact))

    @property
    def name(self) -> str:
        """The type in the text format, but without the index of a defined type."""
        return _reference_name(self.heap_type, self.nullable, self.exact)

    @property
    def is_reference(self) -> bool:
        """Whether values of this type are references: always."""
        return True


class PackedType(Enumeration):
    """Storage types of fields that are narrower than all value types (specification 2.3.8)."""

    I8 = "i8"
    I16 = "i16"

    def __repr__(self) -> str:
        return self.value


class FieldType(Record):
    """The storage type and mutability of a struct's field or an array's items (specification 2.3.8).

    Attributes:
        storage: the type of what is stored, which may be packed.
        mutable: whether it can be set.
    """

    storage: ValType | PackedType
    mutable: bool = False

    def check(self) -> None:
        expect(self.storage, (ValType, PackedType, GroupReference), "storage", "a ValType or PackedType")
        expect(self.mutable, bool, "mutable", "a bool")


class FuncType(Record):
    """A function's parameters and results: ``FuncType([ValType.I32], [ValType.I64])`` (specification 2.3.7).

    Attributes:
        params: the types of its parameters.
        results: those of its results.
    """

    params: tuple[ValType, ...]
    results: tuple[ValType, ...]

    def __init__(self, params: Iterable[ValType] = (), results: Iterable[ValType] = ()) -> None:
        """Makes a type from any iterables of types.

        Raises:
            TypeError: the items are not types.
        """
        super().__init__(_types(params, "params"), _types(results, "results"))

    def __str__(self) -> str:
        def listed(types: tuple[ValType, ...]) -> str:
            return f"({', '.join(t.name for t in types)})"

        return f"{listed(self.params)} -> {listed(self.results)}"


class StructType(Record):
    """The type of a structure (specification 2.3.8).

    Attributes:
        fields: its fields, in order.
    """

    fields: tuple[FieldType, ...]

    def check(self) -> None:
        expect(self.fields, tuple, "fields", "a tuple of FieldType")
        for field in self.fields:
            expect(field, FieldType, "fields", "a tuple of FieldType")


class ArrayType(Record):
    """The type of an array (specification 2.3.8).

    Attributes:
        item: the type of its items.
    """

    item: FieldType

    def check(self) -> None:
        expect(self.item, FieldType, "item", "a FieldType")


CompositeType = FuncType | StructType | ArrayType


class GroupReference(Record):
    """Stands for a type of the same recursion group while the group is being made.

    Attributes:
        position: the position of the type in the group, from 0 on.
        nullable: if it stands for a ``RefType``, whether the reference may be null; ``None`` if it stands for a type.
        exact: likewise, whether the reference is exact.
    """

    position: int
    nullable: bool | None = None
    exact: bool = False

    def check(self) -> None:
        expect(self.position, int, "position", "an integer")
        expect(self.nullable, (bool, type(None)), "nullable", "a bool or None")
        expect(self.exact, bool, "exact", "a bool")


class SubType(Record):
    """A member of a recursion group as it is written (specification 2.3.9).

    In ``composite``, a :class:`GroupReference` stands for a ``RefType`` that refers to a member of the same group; in
    ``supertypes``, it stands for a ``DefinedType``.

    Attributes:
        composite: the function, structure or array type.
        supertypes: the declared supertype, if any.
        final: whether it may not be a supertype.
        descriptor, describes: positions in the group, or ``None`` (proposal "custom descriptors").
    """

    composite: CompositeType
    supertypes: tuple[DefinedType | GroupReference, ...] = ()
    final: bool = True
    descriptor: int | None = None
    describes: int | None = None

    def check(self) -> None:
        expect(self.composite, (FuncType, StructType, ArrayType), "composite", "a FuncType, StructType or ArrayType")
        expect(self.supertypes, tuple, "supertypes", "a tuple of types")
        for supertype in self.supertypes:
            expect(supertype, (DefinedType, GroupReference), "supertypes", "a tuple of DefinedType or GroupReference")
        expect(self.final, bool, "final", "a bool")
        expect(self.descriptor, (int, type(None)), "descriptor", "a position in the group")
        expect(self.describes, (int, type(None)), "describes", "a position in the group")


class DefinedType:
    """A type that modules define: a member of a canonical recursion group (specification 2.3.10).

    Equal definitions, in any modules, give the same object.

    Attributes:
        composite: the function, structure or array type, with all references resolved.
        supertype: the declared supertype, or ``None``.
        final: whether it may not be a supertype.
        depth: the number of supertypes above it.
        descriptor: the type of its structures' descriptors, or ``None``.
        describes: the type for whose structures its own structures are descriptors, or ``None``.
        group: its recursion group; ``group.members`` are the types in it, including this one.
        position: the position of the type in the group.
        references: for the runtime, the ``RefType`` objects that refer to it, by kind.
        runtime_class: the class of the Python objects that represent its references, once it is made (docs/gc.md).
    """

    __slots__ = (
        "__weakref__",
        "composite",
        "depth",
        "describes",
        "descriptor",
        "final",
        "group",
        "position",
        "references",
        "runtime_class",
        "supertype",
    )

    composite: CompositeType
    supertype: DefinedType | None
    final: bool
    depth: int
    descriptor: DefinedType | None
    describes: DefinedType | None
    group: TypeGroup
    position: int
    references: dict[int, RefType]
    runtime_class: type | None

    def __init__(self, group: TypeGroup, position: int) -> None:
        """For :func:`define_group` only, which makes whole groups."""
        if group.__class__ is not TypeGroup:
            raise TypeError(f"group must be a TypeGroup, not {bounded(repr(group))}: types are made by define_group")
        position = expect_integer(position, "position")
        self.runtime_class = None
        self.group = group
        self.position = position
        self.references = {}

    @shown
    def __repr__(self) -> str:
        return f"DefinedType({bounded(str(self.composite))})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_group_member, (self.group.definition, self.position))

    @property
    def heap_kind(self) -> HeapType:
        """The abstract heap type above the definition's supertypes: func, struct or array."""
        if isinstance(self.composite, FuncType):
            return HeapType.FUNC
        return HeapType.STRUCT if isinstance(self.composite, StructType) else HeapType.ARRAY


class TypeGroup:
    """A canonical recursion group. ``members`` are its types in order."""

    __slots__ = ("__weakref__", "definition", "members")

    def __init__(self, definition: tuple[SubType, ...]) -> None:
        self.definition: tuple[SubType, ...] = definition
        self.members: tuple[DefinedType, ...] = tuple(
            DefinedType(self, position) for position in range(len(definition))
        )


def define_group(definition: Sequence[SubType]) -> tuple[DefinedType, ...]:
    """The canonical types of a recursion group; the same objects for equal definitions (specification 2.3.10).

    Args:
        definition: the members of the group, as a module writes them.

    Raises:
        TypeError: an item is not a :class:`SubType`. IndexError: a position is not in the group.
    """
    if not hasattr(type(definition), "__iter__"):
        raise TypeError(f"definition must be a sequence of SubType, not {bounded(repr(definition))}")
    key = tuple(definition)
    for written in key:
        if written.__class__ is not SubType:
            raise TypeError(f"definition must be a sequence of SubType, not of {bounded(repr(written))}")
        for position in (written.descriptor, written.describes):
            if position is not None and not 0 <= position < len(key):
                raise IndexError(f"definition: there is no type {position} in a group of {len(key)}")
    with _groups_lock:
        group = _groups.get(key)
        if group is None:
            group = TypeGroup(key)
            for member, written in zip(group.members, key, strict=True):
                member.final = written.final
                supertypes = [_resolve_defined(group, supertype) for supertype in written.supertypes]
                member.supertype = supertypes[0] if supertypes else None
                member.depth = member.supertype.depth + 1 if member.supertype is not None else 0
                member.descriptor = None if written.descriptor is None else group.members[written.descriptor]
                member.describes = None if written.describes is None else group.members[written.describes]
                member.composite = _resolve_composite(group, written.composite)
            _groups[key] = group
    return group.members


def define_function_type(func_type: FuncType) -> DefinedType:
    """The canonical defined type of a function type that stands alone and is final, the usual case."""
    # With all fields: Record completes missing ones slowly.
    return define_group([SubType(func_type, (), True, None, None)])[0]


class MemoryType(Record):
    """The type of a memory (specification 2.3.12).

    Attributes:
        minimum: its initial size, in pages.
        maximum: its largest size, in pages; ``None`` for no limit.
        shared: whether threads share it (proposal "threads").
        address_type: ``ValType.I32`` or ``ValType.I64``.
        page_bytes: the bytes of a page: 65,536 or 1 (proposal "custom page sizes").
    """

    minimum: int
    maximum: int | None = None
    shared: bool = False
    address_type: ValType = ValType.I32
    page_bytes: int = PAGE_BYTES

    def check(self) -> None:
        _check_limits(self.minimum, self.maximum, self.address_type)
        expect(self.shared, bool, "shared", "a bool")
        if expect_integer(self.page_bytes, "page_bytes") < 1:
            raise ValueError(f"page_bytes must be positive, but is {self.page_bytes}")

    def __str__(self) -> str:
        limits = f"{self.minimum}" if self.maximum is None else f"{self.minimum}..{self.maximum}"
        extra = (" shared" if self.shared else "") + (" i64" if self.address_type is ValType.I64 else "")
        pages = "pages" if self.page_bytes == PAGE_BYTES else f"pages of {self.page_bytes} bytes"
        return f"memory {limits} {pages}{extra}"


class TableType(Record):
    """The type of a table (specification 2.3.13).

    Attributes:
        element: the type of its elements.
        minimum: its initial number of elements.
        maximum: its largest number of elements; ``None`` for no limit.
        address_type: the type of indices, ``ValType.I32`` or ``ValType.I64``.
    """

    element: RefType
    minimum: int
    maximum: int | None = None
    address_type: ValType = ValType.I32

    def check(self) -> None:
        expect(self.element, RefType, "element", "a RefType")
        _check_limits(self.minimum, self.maximum, self.address_type)

    def __str__(self) -> str:
        limits = f"{self.minimum}" if self.maximum is None else f"{self.minimum}..{self.maximum}"
        return f"table {limits} of {self.element}{' i64' if self.address_type is ValType.I64 else ''}"


class GlobalType(Record):
    """The type of a global variable (specification 2.3.11).

    Attributes:
        value_type: the type of its value.
        mutable: whether it can be set.
    """

    value_type: ValType
    mutable: bool = False

    def check(self) -> None:
        expect(self.value_type, ValType, "value_type", "a ValType")
        expect(self.mutable, bool, "mutable", "a bool")

    def __str__(self) -> str:
        return f"global {'mut ' if self.mutable else ''}{self.value_type}"


class TagType(Record):
    """The type of an exception tag (specification 2.3.14).

    Attributes:
        func_type: its parameters are the types of an exception's values; it has no results.
    """

    func_type: FuncType

    def check(self) -> None:
        expect(self.func_type, FuncType, "func_type", "a FuncType")

    def __str__(self) -> str:
        return f"tag {self.func_type}"


ExternType = FuncType | TableType | MemoryType | GlobalType | TagType


class ImportType(Record):
    """An import of a module: where it comes from, and its type (specification 2.5.11).

    Attributes:
        module_name: the module to import from.
        name: the name of the import in that module.
        type: the type of the function, table, memory, global or tag.
    """

    module_name: str
    name: str
    type: ExternType

    def check(self) -> None:
        expect(self.module_name, str, "module_name", "a string")
        expect(self.name, str, "name", "a string")
        expect(self.type, ExternType, "type", "the type of a function, table, memory, global or tag")

    @property
    def func_name(self) -> str:
        """The import's name: the same as ``name``."""
        return self.name


class ExportType(Record):
    """An export of a module (specification 2.5.10).

    Attributes:
        name: its name.
        type: the type of the function, table, memory, global or tag.
    """

    name: str
    type: ExternType

    def check(self) -> None:
        expect(self.name, str, "name", "a string")
        expect(self.type, ExternType, "type", "the type of a function, table, memory, global or tag")


def _types(types: Iterable[ValType], name: str) -> tuple[ValType, ...]:
    """Types of values as a tuple. ``TypeError`` for anything else in the argument ``name``."""
    made = types if types.__class__ is tuple else tuple(expect_iterable(types, name, "of ValType"))
    for item in made:
        if item.__class__ not in _VALUE_CLASSES:
            raise TypeError(f"{name} must be an iterable of ValType, but has {bounded(repr(item))}")
    return made


# Types of values, also while a group is being made.
_VALUE_CLASSES: frozenset[type] = frozenset({ValType, RefType, GroupReference})


def _check_limits(minimum: int, maximum: int | None, address_type: ValType) -> None:
    expect(minimum, int, "minimum", "an integer")
    expect(maximum, (int, type(None)), "maximum", "an integer or None")
    if address_type is not ValType.I32 and address_type is not ValType.I64:
        raise TypeError(f"address_type must be ValType.I32 or ValType.I64, not {bounded(repr(address_type))}")


def _reference_name(heap_type: HeapType | DefinedType, nullable: bool, exact: bool) -> str:
    if isinstance(heap_type, HeapType):
        if nullable:
            return _SHORT_NAMES.get(heap_type, heap_type.value + "ref")
        return f"(ref {heap_type.value})"
    # Does not show the definition itself, which may refer to itself.
    name = f"defined {heap_type.heap_kind.value}"
    return f"(ref {'null ' if nullable else ''}{f'(exact {name})' if exact else name})"


def _group_member(definition: tuple[SubType, ...], position: int) -> DefinedType:
    return define_group(definition)[position]


def _resolve_defined(group: TypeGroup, written: DefinedType | GroupReference) -> DefinedType:
    return group.members[written.position] if isinstance(written, GroupReference) else written


def _resolve_composite(group: TypeGroup, written: CompositeType) -> CompositeType:
    def value(value_type: object) -> ValType:
        if isinstance(value_type, GroupReference):
            return RefType(group.members[value_type.position], bool(value_type.nullable), value_type.exact)
        return value_type  # type: ignore[return-value]

    def resolved(field_type: FieldType) -> FieldType:
        return FieldType(value(field_type.storage), field_type.mutable)

    if isinstance(written, FuncType):
        if not any(isinstance(item, GroupReference) for item in written.params + written.results):
            return written
        return FuncType(map(value, written.params), map(value, written.results))
    if isinstance(written, StructType):
        return StructType(tuple(map(resolved, written.fields)))
    return ArrayType(resolved(written.item))


_SHORT_NAMES = {
    HeapType.NONE: "nullref",
    HeapType.NOFUNC: "nullfuncref",
    HeapType.NOEXTERN: "nullexternref",
    HeapType.NOEXN: "nullexnref",
}

_ABSTRACT_REFS: dict[HeapType, dict[int, RefType]] = {}
_groups: WeakValueDictionary[tuple[SubType, ...], TypeGroup] = WeakValueDictionary()
_groups_lock = new_lock()

for _heap_type in HeapType:
    _reference = RefType(_heap_type, nullable=True)
    setattr(ValType, _reference.name.upper(), _reference)
del _heap_type, _reference
