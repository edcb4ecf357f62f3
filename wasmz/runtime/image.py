"""A compiled module as plain data: the compiler produces it, the cache stores it, the runtime binds it.

A :class:`ModuleImage` has code objects in place of function bodies, and typed descriptions of everything else.
``image_writer.py`` converts it to values that ``marshal`` accepts; :func:`load_image` converts them back.
"""

from __future__ import annotations

import marshal

from wasmz.runtime.abi import FINGERPRINT
from wasmz.startup.concurrency import load
from wasmz.startup.records import Record
from wasmz.types import (
    ArrayType,
    DefinedType,
    ExternType,
    FieldType,
    FuncType,
    GlobalType,
    GroupReference,
    HeapType,
    ImportType,
    MemoryType,
    PackedType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
    define_group,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType
    from typing import Any, Literal

    ExternKind = Literal["func", "table", "memory", "global", "tag"]
    SegmentMode = Literal["active", "passive", "declarative"]
else:
    ExternKind = SegmentMode = str

# A constant expression: (mnemonic, immediate) pairs in order. Integers are unsigned, floats are bit patterns, that of
# `ref.null` is None.
ConstExpr = tuple[tuple[str, "Any"], ...]


# The default of dictionaries in images; like everything in an image, it never changes.
_NONE: dict[int, Any] = {}
_NO_ADAPTERS: dict[tuple[str, str, str, bool], bytes] = {}


class TableSpec(Record):
    """A table that the module defines; filled with ``init``, where ``None`` stands for null."""

    type: TableType
    init: ConstExpr | None


class GlobalSpec(Record):
    """A global that the module defines. ``boxed``: its value is in a cell, because others see it change."""

    type: GlobalType
    init: ConstExpr
    boxed: bool


class ExportSpec(Record):
    """An export: ``index`` is in the index space of ``kind``."""

    name: str
    kind: ExternKind
    index: int


class ElementSpec(Record):
    """An element segment; active ones have ``table`` and ``offset``."""

    mode: SegmentMode
    type: RefType
    items: tuple[ConstExpr, ...]
    table: int = 0
    offset: ConstExpr | None = None


# A data segment: mode, content, and, if it is active, memory and offset, usually a number. These are plain tuples
# because Go's programs have a hundred thousand of them, and an object each would add a microsecond to every start.
DataSpec = tuple[SegmentMode, bytes, int, "int | ConstExpr | None"]


def data_spec(mode: SegmentMode, content: bytes, memory: int = 0, offset: int | ConstExpr | None = None) -> DataSpec:
    """A data segment of an image."""
    return mode, content, memory, offset


class FunctionCode(Record):
    """The code of a function, or of a continuation (docs/abi.md).

    Attributes:
        code: the code that callers call; for a function with a tail form, the driver.
        tail_code: the tail form of a function that makes tail calls.
        entry_code: the entry form of an optimised exported function, if it has one.
        size: the number of values of its IR, from which tiers determine when it is hot; 0 if not needed.
        costs: for baseline code, about how many of these values run between two counts: by number of the loop, without
            inner loops; the last item is for the function outside of loops. Empty if unknown.
        is_deep: whether it can reach recursion, an indirect call or a host call: only then does the recursion limit
            need to be raised.
    """

    code: CodeType
    tail_code: CodeType | None = None
    entry_code: CodeType | None = None
    size: int = 0
    is_deep: bool = True
    costs: tuple[int, ...] = ()

    @property
    def parts(self) -> list[CodeType]:
        """The code objects that exist."""
        return [code for code in (self.code, self.tail_code, self.entry_code) if code is not None]

    def names(self) -> Iterator[str]:
        """The names that it needs in an instance's globals, with repetitions."""
        for code in self.parts:
            yield from code.co_names

    def with_depth(self, is_deep: bool) -> FunctionCode:
        """The same code with ``is_deep``, once that is known."""
        return FunctionCode(self.code, self.tail_code, self.entry_code, self.size, is_deep, self.costs)

    def freeze(self) -> bytes:
        """The code as bytes; equal code gives equal bytes."""
        load("wasmz.runtime.marshalling")
        from wasmz.runtime.marshalling import dump_settled

        return dump_settled((self.code, self.tail_code, self.entry_code, self.size, self.is_deep, self.costs))

    @staticmethod
    def thaw(frozen: bytes | memoryview, is_deep: bool | None = None) -> FunctionCode:
        """The inverse of :meth:`freeze`, for bytes with a verified checksum: ``marshal`` trusts its input.

        ``is_deep`` is given if it was not known yet when the code was frozen.
        """
        code, tail_code, entry_code, size, known, costs = marshal.loads(frozen)
        return FunctionCode(code, tail_code, entry_code, size, known if is_deep is None else is_deep, costs)


class ModuleImage(Record):
    """A compiled module. Index spaces begin with imports, as in the specification (section 2.5.1).

    Attributes:
        name: the module's name, from the name section.
        types: the type index space.
        imports: all imports in order.
        function_types: type index of every function, imported ones first.
        tables, memories, globals: those that the module defines.
        tags: type index of every tag, imported ones first.
        exports: in order.
        start: index of the start function.
        elements, data: the segments.
        functions: the code of the functions that the module defines; empty if a supply provides it.
        function_names: by function index, from the name section.
        body_offsets: byte offset of each defined function's body, ascending; equals ``co_firstlineno``.
        names: the names that the code objects need from the instance's globals, sorted.
        custom_sections: names and contents, in order.
        type_names: by type index, from the name section.
        field_names: by type index and field index, from the name section; equal types have theirs at the first one.
        is_metered: whether the code uses fuel.
        exact_imports: indices of imported functions that must have exactly their type, not a subtype.
        adapters: the marshalled code of adapters for imports and exports, by kind and signature, if it was made in
            advance (see ``adapter_templates.py``).
        code_start: byte offset of the code section's content, from which debugging information counts; 0 if there is
            none.
    """

    name: str | None
    types: tuple[DefinedType, ...]
    imports: tuple[ImportType, ...]
    function_types: tuple[int, ...]
    tables: tuple[TableSpec, ...] = ()
    memories: tuple[MemoryType, ...] = ()
    globals: tuple[GlobalSpec, ...] = ()
    tags: tuple[int, ...] = ()
    exports: tuple[ExportSpec, ...] = ()
    start: int | None = None
    elements: tuple[ElementSpec, ...] = ()
    data: tuple[DataSpec, ...] = ()
    functions: tuple[FunctionCode, ...] = ()
    function_names: dict[int, str] = _NONE
    body_offsets: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    custom_sections: tuple[tuple[str, bytes], ...] = ()
    type_names: dict[int, str] = _NONE
    field_names: dict[int, dict[int, str]] = _NONE
    is_metered: bool = False
    exact_imports: frozenset[int] = frozenset()
    adapters: dict[tuple[str, str, str, bool], bytes] = _NO_ADAPTERS
    code_start: int = 0

    @property
    def imported_function_count(self) -> int:
        """The number of imported functions, which is the index of the first one that the module defines."""
        return len(self.function_types) - len(self.body_offsets)

    def function_type(self, index: int) -> FuncType:
        """The type of function ``index``."""
        composite = self.types[self.function_types[index]].composite
        if not isinstance(composite, FuncType):
            raise TypeError(f"type of function {index} is {composite}")
        return composite

    def extern_type(self, kind: ExternKind, index: int) -> ExternType:
        """The type of the item with this index in the index space of ``kind``."""
        if kind == "func":
            return self.function_type(index)
        wanted = {"table": TableType, "memory": MemoryType, "global": GlobalType, "tag": TagType}[kind]
        imported = [item.type for item in self.imports if isinstance(item.type, wanted)]
        if index < len(imported):
            return imported[index]
        own = index - len(imported)
        if kind == "memory":
            return self.memories[own]
        if kind == "tag":
            return TagType(self.types[self.tags[index]].composite)  # type: ignore[arg-type]
        return self.tables[own].type if kind == "table" else self.globals[own].type


class FrozenCode(Record):
    """The code of all functions that a module defines, each frozen separately, so that it is read only when needed.

    Attributes:
        first: index of the first of these functions.
        ends: where the code of each ends, 8 bytes a function, little-endian.
        content: the code of all, one after the other, made by :meth:`FunctionCode.freeze`.
        deep: a byte for each function: whether it is deep, which was not known when it was frozen.
    """

    first: int
    ends: bytes
    content: bytes
    deep: bytes

    def __len__(self) -> int:
        return len(self.ends) // 8

    def has(self, index: int) -> bool:
        """Whether it has the code of function ``index``."""
        return 0 <= index - self.first < len(self)

    def is_deep(self, index: int) -> bool:
        """Whether function ``index`` is deep."""
        return bool(self.deep[index - self.first])

    def thaw(self, index: int) -> FunctionCode:
        """The code of function ``index``."""
        place = 8 * (index - self.first)
        start = int.from_bytes(self.ends[place - 8 : place], "little") if place else 0
        frozen = memoryview(self.content)[start : int.from_bytes(self.ends[place : place + 8], "little")]
        return FunctionCode.thaw(frozen, self.is_deep(index))


# Plain data; image_writer.py converts images to it

# The number changes whenever the form below does.
FORMAT = f"wasmz image 15 {FINGERPRINT}"


def find_dumped(constants: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """The dumped image and code among the constants of a code object, if they have this version's format."""
    for constant in constants:
        if isinstance(constant, tuple) and len(constant) == 2 and type(constant[0]) is tuple:
            if constant[0] and constant[0][0] == FORMAT:
                return constant
    return None


def load_image(dumped: tuple[Any, ...]) -> ModuleImage:
    """The inverse of ``image_writer.dump_image``. Types become the canonical ones of this process.

    Raises:
        ValueError: another version of wasmz made the values.
    """
    if not isinstance(dumped, tuple) or len(dumped) != 3 or dumped[0] != FORMAT:
        raise ValueError("the image was made by another version of wasmz")
    groups: list[tuple[DefinedType, ...]] = []
    for written in dumped[1]:
        groups.append(define_group([_load_sub_type(item, groups) for item in written]))
    parts: dict[str, Any] = dumped[2]
    loaded = {
        "types": tuple(groups[group][position] for group, position in parts["types"]),
        "imports": tuple(ImportType(module, name, _load_extern(t, groups)) for module, name, t in parts["imports"]),
        "tables": tuple(TableSpec(_load_extern(t, groups), _load_expression(i, groups)) for t, i in parts["tables"]),
        "memories": tuple(_load_extern(item, groups) for item in parts["memories"]),
        "globals": tuple(
            GlobalSpec(_load_extern(type, groups), _load_expression(init, groups) or (), boxed)
            for type, init, boxed in parts["globals"]
        ),
        "exports": tuple(ExportSpec(*item) for item in parts["exports"]),
        "elements": tuple(
            ElementSpec(
                mode,
                _load_value(type, groups),
                tuple(_load_expression(item, groups) or () for item in items),
                table,
                _load_expression(offset, groups),
            )
            for mode, type, items, table, offset in parts["elements"]
        ),
        "data": tuple(
            item if type(item[3]) is int else (*item[:3], _load_expression(item[3][0], groups))
            for item in parts["data"]
        ),
    }
    return ModuleImage(**{**parts, **loaded})


_Groups = list[tuple[DefinedType, ...]]


def _load_value(written: Any, groups: _Groups) -> Any:
    if isinstance(written, str):
        return PackedType(written) if written in ("i8", "i16") else getattr(ValType, written.upper())
    if written[0] == "rec":
        return GroupReference(*written[1:])
    heap = written[1]
    return RefType(HeapType(heap) if isinstance(heap, str) else groups[heap[0]][heap[1]], *written[2:])


def _load_composite(written: tuple[Any, ...], groups: _Groups) -> Any:
    if written[0] == "func":
        return FuncType([_load_value(t, groups) for t in written[1]], [_load_value(t, groups) for t in written[2]])
    if written[0] == "struct":
        return StructType(tuple(FieldType(_load_value(t, groups), mutable) for t, mutable in written[1]))
    return ArrayType(FieldType(_load_value(written[1], groups), written[2]))


def _load_sub_type(written: tuple[Any, ...], groups: _Groups) -> SubType:
    composite, supertypes, *rest = written
    loaded = tuple(GroupReference(item[1]) if item[0] == "rec" else groups[item[0]][item[1]] for item in supertypes)
    return SubType(_load_composite(composite, groups), loaded, *rest)


def _load_extern(written: tuple[Any, ...], groups: _Groups) -> Any:
    kind = written[0]
    if kind == "memory":
        _, minimum, maximum, shared, address, page_bytes = written
        return MemoryType(minimum, maximum, shared, _load_value(address, groups), page_bytes)
    if kind == "table":
        _, element, minimum, maximum, address = written
        return TableType(_load_value(element, groups), minimum, maximum, _load_value(address, groups))
    if kind == "global":
        return GlobalType(_load_value(written[1], groups), written[2])
    if kind == "tag":
        return TagType(_load_composite(written[1], groups))
    return _load_composite(written, groups)


def _load_expression(written: Any, groups: _Groups) -> ConstExpr | None:
    if written is None:
        return None
    if isinstance(written, int):
        return (("ref.func", written),)
    return tuple(
        (name, _load_value(item[1], groups) if isinstance(item, tuple) and item[0] == "type" else item)
        for name, item in written
    )
