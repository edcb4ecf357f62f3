"""A decoded module: the specification's abstract syntax (section 2.5), with function bodies left as byte ranges.

    (module (import "env" "f" (func (param i32))) (func (result i32) (i32.const 7)) (export "g" (func 1)))
    -> WasmModule(types=[DefinedType, DefinedType], imports=[Import("env", "f", "func", 0)], function_types=[0, 1],
                  exports=[Export("g", "func", 1)], bodies=[FunctionBody(start=50, code_start=51, end=54)], ...)

Index spaces (``function_types``, ``table_types``, ...) begin with imported items; ``tables`` and ``globals`` contain
only what the module itself defines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wasmz.errors import InvalidWasm
from wasmz.runtime.image import ConstExpr, ExternKind, SegmentMode
from wasmz.types import DefinedType, FuncType, GlobalType, MemoryType, RefType, TableType, ValType
from wasmz.wasm.instructions import INSTRUCTIONS
from wasmz.wasm.proposals import SUPPORTED_PROPOSALS, Proposal

# A decoded instruction: (opcode, immediate, offset in the file).
DecodedInstruction = tuple[int, Any, int]


@dataclass(slots=True, eq=False)
class ConstantExpression:
    """The initial value of a global, a table or an item of a segment, or the offset of a segment (section 3.3.16).

    Attributes:
        instructions: as ``decode_body`` gives them, without the final ``end``.
        offset: where it begins in the file.
    """

    instructions: list[DecodedInstruction]
    offset: int

    @property
    def code(self) -> ConstExpr:
        """The form that the runtime evaluates: (mnemonic, immediate) pairs; of ``ref.null`` the type is dropped."""
        return tuple(
            (INSTRUCTIONS[opcode].name, None if isinstance(immediate, RefType) else immediate)
            for opcode, immediate, _ in self.instructions
        )


@dataclass(slots=True, eq=False)
class Import:
    """An import. ``descriptor`` is a type index for functions and tags, and the type itself for the others."""

    module: str
    name: str
    kind: ExternKind
    descriptor: int | TableType | MemoryType | GlobalType
    offset: int


@dataclass(slots=True, eq=False)
class Export:
    """An export; ``index`` counts in the index space of ``kind``."""

    name: str
    kind: ExternKind
    index: int
    offset: int


@dataclass(slots=True, eq=False)
class Table:
    """A table that the module defines. Without ``init`` its elements are null."""

    type: TableType
    init: ConstantExpression | None
    offset: int


@dataclass(slots=True, eq=False)
class Global:
    """A global that the module defines."""

    type: GlobalType
    init: ConstantExpression
    offset: int


@dataclass(slots=True, eq=False)
class ElementSegment:
    """References that fill a table. ``table`` and ``position`` apply if it is active."""

    mode: SegmentMode
    type: RefType
    items: list[ConstantExpression]
    offset: int
    table: int = 0
    position: ConstantExpression | None = None


@dataclass(slots=True, eq=False)
class DataSegment:
    """Bytes ``start`` to ``end`` of the file, for a memory. ``memory`` and ``position`` apply if it is active."""

    mode: SegmentMode
    start: int
    end: int
    offset: int
    memory: int = 0
    position: ConstantExpression | None = None


@dataclass(slots=True, eq=False)
class FunctionBody:
    """The code of one function, as offsets in the file.

    Attributes:
        index: in the function index space.
        start: of the declarations of locals; a code object's first line number.
        code_start: of the first instruction.
        end: after the final ``end``.
        locals: (count, type) pairs of the declared locals; parameters are not among them.
    """

    index: int
    start: int
    code_start: int
    end: int
    locals: list[tuple[int, ValType]]


@dataclass(slots=True, eq=False)
class CustomSection:
    """A custom section; ``start`` and ``end`` bound its content after the name."""

    name: str
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Names:
    """What the name section says (specification, appendix "Custom Sections").

    Attributes:
        module: the module's name.
        functions: by function index.
        locals: by function index, then by local index.
        types: by type index.
        fields: by type index, then by field index.
    """

    module: str | None = None
    functions: dict[int, str] = field(default_factory=dict)
    locals: dict[int, dict[int, str]] = field(default_factory=dict)
    types: dict[int, str] = field(default_factory=dict)
    fields: dict[int, dict[int, str]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class WasmModule:
    """A decoded module.

    Attributes:
        proposals: those whose features were accepted when it was decoded.
        types: the type index space; recursive groups are canonical.
        function_types: type index of every function.
        tag_types: type index of every tag.
        type_offsets, function_offsets, memory_offsets, tag_offsets: where the module's own definitions begin.
        data_count: what the data count section says, ``None`` without one.
        bodies: of the functions that the module defines.
        declared_functions: those that bodies may refer to by ``ref.func``; set by validation.
        code_start: where the code section's content begins, if there is one.
        exact_imports: imported functions that are of exactly their type, not of a subtype.
    """

    proposals: frozenset[Proposal] = SUPPORTED_PROPOSALS
    types: list[DefinedType] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    function_types: list[int] = field(default_factory=list)
    table_types: list[TableType] = field(default_factory=list)
    memory_types: list[MemoryType] = field(default_factory=list)
    global_types: list[GlobalType] = field(default_factory=list)
    tag_types: list[int] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    globals: list[Global] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    start: int | None = None
    elements: list[ElementSegment] = field(default_factory=list)
    data: list[DataSegment] = field(default_factory=list)
    data_count: int | None = None
    bodies: list[FunctionBody] = field(default_factory=list)
    custom_sections: list[CustomSection] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    imported_function_count: int = 0
    function_offsets: list[int] = field(default_factory=list)
    memory_offsets: list[int] = field(default_factory=list)
    tag_offsets: list[int] = field(default_factory=list)
    start_offset: int | None = None
    declared_functions: frozenset[int] | None = None
    code_start: int = 0
    exact_imports: set[int] = field(default_factory=set)

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
        """Mutable globals that are imported or exported: others see their changes, so they live in a cell."""
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
        """How messages name function ``index``: its number, and its name in quotes if it has one."""
        name = self.names.functions.get(index)
        return str(index) if name is None else f'{index} "{name}"'
