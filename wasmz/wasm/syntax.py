"""A decoded module: the specification's abstract syntax (section 2.5), with function bodies left as byte ranges.

    (module (import "env" "f" (func (param i32))) (func (result i32) (i32.const 7)) (export "g" (func 1)))
    -> WasmModule(types=[DefinedType, DefinedType], imports=[Import("env", "f", "func", 0)], function_types=[0, 1],
                  exports=[Export("g", "func", 1)], bodies=[FunctionBody(start=50, code_start=51, end=54)], ...)

Index spaces (``function_types``, ``table_types``, ...) begin with imported items; ``tables`` and ``globals`` have only
the module's own.
"""

from __future__ import annotations

from wasmz.errors import InvalidWasm
from wasmz.types import FuncType, RefType
from wasmz.wasm.instructions import INSTRUCTIONS
from wasmz.wasm.proposals import SUPPORTED_PROPOSALS, Proposal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.runtime.image import ConstExpr, ExternKind, SegmentMode
    from wasmz.types import DefinedType, GlobalType, MemoryType, TableType, ValType

# A decoded instruction: (opcode, immediate, offset in the file).
DecodedInstruction = tuple[int, "Any", int]


class _Part:
    """The base class of a module's parts: each part is equal only to itself."""

    __slots__: tuple[str, ...] = ()

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"


class ConstantExpression(_Part):
    """The initial value of a global, a table or an item of a segment, or the offset of a segment (section 3.3.16).

    Attributes:
        instructions: as ``decode_body`` gives them, without the final ``end``.
        offset: where it begins in the file.
    """

    __slots__ = ("instructions", "offset")

    def __init__(self, instructions: list[DecodedInstruction], offset: int) -> None:
        self.instructions: list[DecodedInstruction] = instructions
        self.offset: int = offset

    @property
    def code(self) -> ConstExpr:
        """The form that the runtime evaluates: (mnemonic, immediate) pairs; the type of ``ref.null`` is dropped."""
        return tuple(
            (INSTRUCTIONS[opcode].name, None if isinstance(immediate, RefType) else immediate)
            for opcode, immediate, _ in self.instructions
        )


class Import(_Part):
    """An import. ``descriptor`` is a type index for functions and tags, and the type itself for the others."""

    __slots__ = ("descriptor", "kind", "module", "name", "offset")

    def __init__(
        self,
        module: str,
        name: str,
        kind: ExternKind,
        descriptor: int | TableType | MemoryType | GlobalType,
        offset: int,
    ) -> None:
        self.module: str = module
        self.name: str = name
        self.kind: ExternKind = kind
        self.descriptor: int | TableType | MemoryType | GlobalType = descriptor
        self.offset: int = offset


class Export(_Part):
    """An export; ``index`` is in the index space of ``kind``."""

    __slots__ = ("index", "kind", "name", "offset")

    def __init__(self, name: str, kind: ExternKind, index: int, offset: int) -> None:
        self.name: str = name
        self.kind: ExternKind = kind
        self.index: int = index
        self.offset: int = offset


class Table(_Part):
    """A table that the module defines. Without ``init`` its elements are null."""

    __slots__ = ("init", "offset", "type")

    def __init__(self, type: TableType, init: ConstantExpression | None, offset: int) -> None:
        self.type: TableType = type
        self.init: ConstantExpression | None = init
        self.offset: int = offset


class Global(_Part):
    """A global that the module defines."""

    __slots__ = ("init", "offset", "type")

    def __init__(self, type: GlobalType, init: ConstantExpression, offset: int) -> None:
        self.type: GlobalType = type
        self.init: ConstantExpression = init
        self.offset: int = offset


class ElementSegment(_Part):
    """References that fill a table. ``table`` and ``position`` apply if it is active."""

    __slots__ = ("items", "mode", "offset", "position", "table", "type")

    def __init__(
        self,
        mode: SegmentMode,
        type: RefType,
        items: list[ConstantExpression],
        offset: int,
        table: int = 0,
        position: ConstantExpression | None = None,
    ) -> None:
        self.mode: SegmentMode = mode
        self.type: RefType = type
        self.items: list[ConstantExpression] = items
        self.offset: int = offset
        self.table: int = table
        self.position: ConstantExpression | None = position


class DataSegment(_Part):
    """Bytes ``start`` to ``end`` of the file, for a memory. ``memory`` and ``position`` apply if it is active."""

    __slots__ = ("end", "memory", "mode", "offset", "position", "start")

    def __init__(
        self,
        mode: SegmentMode,
        start: int,
        end: int,
        offset: int,
        memory: int = 0,
        position: ConstantExpression | None = None,
    ) -> None:
        self.mode: SegmentMode = mode
        self.start: int = start
        self.end: int = end
        self.offset: int = offset
        self.memory: int = memory
        self.position: ConstantExpression | None = position


class FunctionBody(_Part):
    """The code of one function, as offsets in the file.

    Attributes:
        index: in the function index space.
        start: of the declarations of locals; the first line number of its code object.
        code_start: of the first instruction.
        end: after the final ``end``.
        locals: (count, type) pairs of the declared locals, without parameters.
    """

    __slots__ = ("code_start", "end", "index", "locals", "start")

    def __init__(self, index: int, start: int, code_start: int, end: int, locals: list[tuple[int, ValType]]) -> None:
        self.index: int = index
        self.start: int = start
        self.code_start: int = code_start
        self.end: int = end
        self.locals: list[tuple[int, ValType]] = locals


class CustomSection(_Part):
    """A custom section; ``start`` and ``end`` bound its content after the name."""

    __slots__ = ("end", "name", "start")

    def __init__(self, name: str, start: int, end: int) -> None:
        self.name: str = name
        self.start: int = start
        self.end: int = end


class Names(_Part):
    """The names in the name section (specification, appendix "Custom Sections").

    Attributes:
        module: the module's name.
        functions: by function index.
        locals: by function index, then by local index.
        types: by type index.
        fields: by type index, then by field index.
    """

    __slots__ = ("fields", "functions", "locals", "module", "types")

    def __init__(self) -> None:
        self.module: str | None = None
        self.functions: dict[int, str] = {}
        self.locals: dict[int, dict[int, str]] = {}
        self.types: dict[int, str] = {}
        self.fields: dict[int, dict[int, str]] = {}


class WasmModule(_Part):
    """A decoded module.

    Attributes:
        proposals: the proposals whose features were accepted when it was decoded.
        types: the type index space; recursion groups are canonical.
        function_types: type index of every function.
        tag_types: type index of every tag.
        type_offsets, function_offsets, memory_offsets, tag_offsets: where the module's own definitions begin.
        data_count: the content of the data count section; ``None`` without one.
        bodies: the bodies of the functions that the module defines.
        declared_functions: the functions that bodies may refer to by ``ref.func``; set by validation.
        code_start: where the code section's content begins, if there is one.
        exact_imports: imported functions that have exactly their type, not a subtype.
    """

    __slots__ = (
        "bodies",
        "code_start",
        "custom_sections",
        "data",
        "data_count",
        "declared_functions",
        "elements",
        "exact_imports",
        "exports",
        "function_offsets",
        "function_types",
        "global_types",
        "globals",
        "imported_function_count",
        "imports",
        "memory_offsets",
        "memory_types",
        "names",
        "proposals",
        "start",
        "start_offset",
        "table_types",
        "tables",
        "tag_offsets",
        "tag_types",
        "types",
    )

    def __init__(self, proposals: frozenset[Proposal] = SUPPORTED_PROPOSALS) -> None:
        self.proposals: frozenset[Proposal] = proposals
        self.types: list[DefinedType] = []
        self.imports: list[Import] = []
        self.function_types: list[int] = []
        self.table_types: list[TableType] = []
        self.memory_types: list[MemoryType] = []
        self.global_types: list[GlobalType] = []
        self.tag_types: list[int] = []
        self.tables: list[Table] = []
        self.globals: list[Global] = []
        self.exports: list[Export] = []
        self.start: int | None = None
        self.elements: list[ElementSegment] = []
        self.data: list[DataSegment] = []
        self.data_count: int | None = None
        self.bodies: list[FunctionBody] = []
        self.custom_sections: list[CustomSection] = []
        self.names: Names = Names()
        self.imported_function_count: int = 0
        self.function_offsets: list[int] = []
        self.memory_offsets: list[int] = []
        self.tag_offsets: list[int] = []
        self.start_offset: int | None = None
        self.declared_functions: frozenset[int] | None = None
        self.code_start: int = 0
        self.exact_imports: set[int] = set()

    def function_reference(self, index: int) -> RefType:
        """The type of ``ref.func``: exact if the function's own type is known."""
        exact = index >= self.imported_function_count or index in self.exact_imports
        return RefType(self.types[self.function_types[index]], nullable=False, exact=exact)

    @property
    def memories(self) -> list[MemoryType]:
        """The memories that the module itself defines."""
        return self.memory_types[len(self.memory_types) - len(self.memory_offsets) :]

    @property
    def tags(self) -> list[int]:
        """Type indices of the tags that the module itself defines."""
        return self.tag_types[len(self.tag_types) - len(self.tag_offsets) :]

    @property
    def boxed_globals(self) -> frozenset[int]:
        """Mutable globals that are imported or exported: their changes are visible outside, so they are in cells."""
        imported = len(self.global_types) - len(self.globals)
        exported = {export.index for export in self.exports if export.kind == "global"}
        return frozenset(
            index
            for index, type in enumerate(self.global_types)
            if type.mutable and (index < imported or index in exported)
        )

    @property
    def canonical_types(self) -> tuple[int, ...]:
        """For each type index, the lowest index of the same type."""
        lowest: dict[DefinedType, int] = {}
        return tuple([lowest.setdefault(type, index) for index, type in enumerate(self.types)])

    def function_type(self, index: int) -> FuncType:
        """The type of function ``index``; ``InvalidWasm`` if there is no such function, or it has another type."""
        if index >= len(self.function_types):
            raise InvalidWasm(f"unknown function {index}")
        return self.signature(self.function_types[index])

    def signature(self, type_index: int) -> FuncType:
        """Type ``type_index``, which must be a function type; ``InvalidWasm`` otherwise."""
        if type_index >= len(self.types):
            raise InvalidWasm(f"unknown type {type_index}")
        composite = self.types[type_index].composite
        if not isinstance(composite, FuncType):
            raise InvalidWasm(f"type mismatch: type {type_index} is not a function type")
        return composite

    def describe_function(self, index: int) -> str:
        """The name of function ``index`` in messages: its number, and its name in quotes if it has one."""
        name = self.names.functions.get(index)
        return str(index) if name is None else f'{index} "{name}"'
