"""What passes may know about the module around a function.

    context = context_of(module, data, build=compiler.build_index)
    context.memory_types[0].minimum          -> 17
    context.constant_globals[3]              -> ("i32.const", 1024)
    context.table_functions(0)               -> (None, 12, 14, 12)
    context.callee(12)                       -> its IR before any pass

Facts that depend on other functions' bodies are computed when a pass first asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Union

from wasmz.errors import WasmzError
from wasmz.ir.facts import NUMERIC_CONSTANTS
from wasmz.ir.nodes import Block, Function
from wasmz.startup.light import cached_property
from wasmz.types import MEMORY32_LIMIT_BYTES, DefinedType, FuncType, GlobalType, MemoryType, TableType
from wasmz.wasm.body import decode_body
from wasmz.wasm.instructions import BY_NAME
from wasmz.wasm.syntax import ConstantExpression, FunctionBody, WasmModule

_GLOBAL_SET = BY_NAME["global.set"].opcode
_TABLE_SET = BY_NAME["table.set"].opcode
_TABLE_WRITES = {
    BY_NAME[name].opcode: name for name in ("table.set", "table.init", "table.copy", "table.grow", "table.fill")
}

# A LEB128 number of up to 32 bits. Patterns match wherever an instruction could be, and perhaps elsewhere.
_INDEX = rb"(?=([\x80-\xff]{0,4}[\x00-\x7f]))"
_GLOBAL_WRITE = re.compile(re.escape(bytes([_GLOBAL_SET])) + _INDEX, re.DOTALL)

# Larger tables are not examined: their functions are called with computed indices.
_LARGEST_TABLE = 100_000

Build = Callable[[int], Function]


def _no_body(index: int) -> Function:
    raise KeyError(index)


@dataclass(frozen=True)
class Context:
    """Facts about a module, and options of the passes; an empty one serves functions without a module.

    Attributes:
        types: the type index space.
        function_types, type_indices: the type of each function, and its index in ``types``.
        memory_types, global_types, table_types: the type of each memory, global and table, imported ones first.
        imported_functions, imported_memories, imported_globals, imported_tables: how many are imported.
        exported_memories, exported_globals, exported_tables: which are exported.
        build: makes the IR of a function of the module, before passes.
        module, data: the module, and its bytes.
        verify: whether to verify the IR after each pass.
        disabled: names of passes to leave out.
        templates: functions prepared for inlining, by index (see `inline.py`).
        remarks: what passes report about loops: the function's index, the loop's offset, a line; ``None`` to drop it.
    """

    types: tuple[DefinedType, ...] = ()
    function_types: tuple[FuncType, ...] = ()
    type_indices: tuple[int, ...] = ()
    memory_types: tuple[MemoryType, ...] = ()
    global_types: tuple[GlobalType, ...] = ()
    table_types: tuple[TableType, ...] = ()
    imported_functions: int = 0
    imported_memories: int = 0
    imported_globals: int = 0
    imported_tables: int = 0
    exported_memories: frozenset[int] = frozenset()
    exported_globals: frozenset[int] = frozenset()
    exported_tables: frozenset[int] = frozenset()
    build: Build = _no_body
    module: Union[WasmModule, None] = field(default=None, repr=False)
    data: bytes = field(default=b"", repr=False)
    verify: bool = False
    disabled: frozenset[str] = frozenset()
    templates: dict[int, object] = field(default_factory=dict, repr=False, compare=False)
    remarks: Union[list[tuple[int, int, str]], None] = field(default=None, repr=False, compare=False)

    def remark(self, function: Function, header: Block, line: str) -> None:
        """Reports what was done with a loop, if reports are wanted."""
        if self.remarks is not None:
            body = header.body or [*header.params]
            offset = body[0].offset if body else header.terminator.offset
            self.remarks.append((function.index, offset, line))

    def function_type(self, type_index: int) -> FuncType:
        """The function type with an index of the type index space."""
        return self.types[type_index].composite  # type: ignore[return-value]

    @cached_property
    def bodies(self) -> dict[int, FunctionBody]:
        """The body of each function, by its index."""
        return {} if self.module is None else {body.index: body for body in self.module.bodies}

    @cached_property
    def boxed_globals(self) -> frozenset[int]:
        """Mutable globals that are visible outside: imported or exported ones."""
        return frozenset(
            index
            for index, type in enumerate(self.global_types)
            if type.mutable and (index < self.imported_globals or index in self.exported_globals)
        )

    @cached_property
    def written_globals(self) -> frozenset[int]:
        """The globals that may be written; all others keep their initial value."""
        return self._possibly_written | self.boxed_globals

    @cached_property
    def _possibly_written(self) -> frozenset[int]:
        found = set()
        for body in self.bodies.values():
            for match in _GLOBAL_WRITE.finditer(self.data, body.code_start, body.end):
                found.add(_read_index(match[1]))
        return frozenset(index for index in found if index < len(self.global_types))

    @cached_property
    def constant_globals(self) -> dict[int, tuple[str, Any]]:
        """The operation and immediate of each global that always has the same constant."""
        constants: dict[int, tuple[str, Any]] = {}
        if self.module is None:
            return constants
        for number, item in enumerate(self.module.globals):
            index = self.imported_globals + number
            code = item.init.code
            is_constant = not item.type.mutable or index not in self.written_globals
            if is_constant and len(code) == 1:
                op, imm = code[0]
                if op in NUMERIC_CONSTANTS:
                    constants[index] = (op, imm)
                elif op == "global.get" and imm in constants:
                    constants[index] = constants[imm]
        return constants

    @cached_property
    def written_tables(self) -> frozenset[int]:
        """The tables that code of this module or of others may change."""
        if not self.table_types:
            return frozenset()
        written = {*range(self.imported_tables), *self.exported_tables}
        last = bytes([min(len(self.table_types), 128) - 1])
        pattern = rb"%s[\x00-%s\x80-\xff]|\xfc[\x0c-\x11\x80-\xff]" % (re.escape(bytes([_TABLE_SET])), re.escape(last))
        possible = re.compile(pattern, re.DOTALL)
        for body in self.bodies.values():
            if len(written) == len(self.table_types):
                break
            if possible.search(self.data, body.code_start, body.end) is not None:
                written |= self._tables_written_by(body)
        return frozenset(written)

    def _tables_written_by(self, body: FunctionBody) -> set[int]:
        """The tables that instructions of a body write; all of them if it is not valid."""
        if self.module is None:
            return set()
        try:
            instructions = decode_body(self.data, body, self.module)
        except WasmzError:
            # The error is raised when the function itself is compiled.
            return set(range(len(self.table_types)))
        written = set()
        for opcode, imm, _ in instructions:
            name = _TABLE_WRITES.get(opcode)
            if name == "table.init":
                written.add(imm[1])
            elif name == "table.copy":
                written.add(imm[0])
            elif name is not None:
                written.add(imm)
        return written

    def table_functions(self, table: int) -> tuple[Union[int, None], ...] | None:
        """The indices of the functions in a table that never changes; ``None`` if its content is not known."""
        return self._table_functions.get(table) if table not in self.written_tables else None

    @cached_property
    def _table_functions(self) -> dict[int, tuple[Union[int, None], ...]]:
        module = self.module
        if module is None or any(
            segment.mode == "active" and segment.table < self.imported_tables for segment in module.elements
        ):
            # If a later segment traps, functions can still be called through the imported table.
            return {}
        known: dict[int, list[Union[int, None]]] = {
            self.imported_tables + number: [None] * table.type.minimum
            for number, table in enumerate(module.tables)
            if table.init is None and table.type.minimum <= _LARGEST_TABLE
        }
        for segment in module.elements:
            content = known.get(segment.table) if segment.mode == "active" else None
            if content is None:
                continue
            start = _constant(segment.position)
            items = [_function_reference(item) for item in segment.items]
            if start is None or start + len(items) > len(content) or any(item == -1 for item in items):
                del known[segment.table]
            else:
                content[start : start + len(items)] = [None if item is None else item for item in items]
        return {index: tuple(content) for index, content in known.items()}


def largest_size(type: MemoryType) -> int:
    """The largest size in bytes that optimised code assumes of a memory with 32-bit addresses."""
    if type.minimum * type.page_bytes > MEMORY32_LIMIT_BYTES:
        return 1 << 32
    if type.maximum is None:
        return MEMORY32_LIMIT_BYTES
    return min(type.maximum * type.page_bytes, MEMORY32_LIMIT_BYTES)


def context_of(
    module: WasmModule,
    data: bytes,
    build: Build,
    *,
    verify: bool = False,
    disabled: frozenset[str] = frozenset(),
) -> Context:
    """The context of a validated module's functions."""

    def exported(kind: str) -> frozenset[int]:
        return frozenset(item.index for item in module.exports if item.kind == kind)

    def imported(kind: str) -> int:
        return sum(item.kind == kind for item in module.imports)

    return Context(
        types=tuple(module.types),
        function_types=tuple(module.function_type(index) for index in range(len(module.function_types))),
        type_indices=tuple(module.function_types),
        memory_types=tuple(module.memory_types),
        global_types=tuple(module.global_types),
        table_types=tuple(module.table_types),
        imported_functions=module.imported_function_count,
        imported_memories=imported("memory"),
        imported_globals=imported("global"),
        imported_tables=imported("table"),
        exported_memories=exported("memory"),
        exported_globals=exported("global"),
        exported_tables=exported("table"),
        build=build,
        module=module,
        data=data,
        verify=verify,
        disabled=disabled,
    )


def _read_index(encoded: bytes) -> int:
    result = 0
    for position, byte in enumerate(encoded):
        result |= (byte & 0x7F) << 7 * position
    return result


def _constant(expression: ConstantExpression | None) -> int | None:
    code = () if expression is None else expression.code
    if len(code) == 1 and code[0][0] in ("i32.const", "i64.const"):
        return int(code[0][1])
    return None


def _function_reference(expression: ConstantExpression) -> int | None:
    """The index of the function that an element refers to; ``None`` for null, -1 if unknown."""
    code = expression.code
    if len(code) == 1:
        op, imm = code[0]
        if op == "ref.func":
            return int(imm)
        if op == "ref.null":
            return None
    return -1
